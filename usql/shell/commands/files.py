"""Commands that read or write files."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from usql.errors import BadData, Cancelled, UsqlError, WrongStructure
from usql.render.amounts import counted
from usql.shell.session import Leave
from usql.shell.waiting import Steps, wait_for_steps

if TYPE_CHECKING:
    from usql.shell.session import Session
    from usql.store.export.files import ExportProgress, ExportSummary
    from usql.store.importer import ImportSummary, Progress

_T = TypeVar("_T")

_DEEPEST = 8
_LARGEST = 8_000_000


class FileTrouble(UsqlError):
    """A file cannot be read or written."""

    code = "file"


def output(session: Session, argument: str) -> None:
    """Send results to a file, or to the screen again."""
    if argument:
        if argument.lower() in ("off", "screen", "stdout"):
            session.close()
        else:
            _open_output(session, path_of(argument))
    target = session.output.name if session.output is not None else "the screen"
    session.screen.note(f"output: {target}")


def _open_output(session: Session, path: Path) -> None:
    if path.exists() and Path(session.store).exists() and path.samefile(session.store):
        raise FileTrouble(f"{path} is the store itself", hint="name another file")
    try:
        opened = path.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise FileTrouble(f"{path} cannot be written: {error.strerror}") from None
    session.close()
    session.output = opened


def read(session: Session, argument: str) -> None:
    """Run what stands in a file, and stop at the first mistake."""
    from usql.shell.dispatch import handle_text

    if not argument:
        raise WrongStructure("which file?", hint="write .read FILE")
    if session.depth >= _DEEPEST:
        raise WrongStructure("files that read one another without end")
    path = path_of(argument)
    try:
        with path.open("rb") as opened:
            text = opened.read(_LARGEST).decode("utf-8-sig")
    except OSError as error:
        raise FileTrouble(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise FileTrouble(f"{path} is not UTF-8 text (byte {error.start + 1})") from None
    session.depth += 1
    try:
        handle_text(session, text)
    finally:
        session.depth -= 1


def import_data(session: Session, argument: str) -> None:
    """Import exports, with the number of sessions as it goes."""
    files = words(argument)
    if not files:
        raise WrongStructure("which files?", hint="write .import export.ndjson.gz")
    paths = [str(Path(file).expanduser()) for file in files]
    missing = [p for p in paths if not Path(p).exists() and not set("*?[") & set(p)]
    if missing:
        raise FileTrouble(f"there is no file {missing[0]}")
    steps = Steps("the import")

    def work() -> ImportSummary:
        return session.db.import_files(paths, progress=lambda done: steps.step(_so_far(done)))

    summary = _tell(session, work, steps)
    session.screen.say(
        f"{counted(summary.sessions, 'session')} new, {summary.replaced:,} replaced,"
        f" in {summary.seconds:.1f} s"
    )
    session.count_sessions()
    if summary.rejected:
        where = f", see {summary.rejects_path}" if summary.rejects_path else ""
        raise BadData(f"{counted(summary.rejected, 'line')} rejected{where}")


def export_data(session: Session, argument: str) -> None:
    """Write the sessions of the timeframe to a file of JSON lines, or a folder of Parquet."""
    out, _, condition = argument.partition(" where ")
    if not out.strip():
        raise WrongStructure("where to?", hint="write .export sessions.ndjson.gz")
    path = path_of(out)
    settings = session.settings
    steps = Steps("the export")

    def work() -> ExportSummary:
        return session.db.export_files(
            path,
            progress=lambda done: steps.step(_so_far(done)),
            where=condition or None,
            params=settings.params,
            timeframe=settings.timeframe,
            timezone=settings.timezone,
            now=settings.now,
        )

    summary = _tell(session, work, steps)
    session.screen.say(
        f"{counted(summary.sessions, 'session')} to {path} in {summary.seconds:.1f} s"
    )


def _so_far(done: Progress | ExportProgress) -> str:
    return counted(done.sessions, "session")


def _tell(session: Session, work: Callable[[], _T], steps: Steps) -> _T:
    """Do work on files and show how far it is; Ctrl-C ends it, and once more leaves the shell."""
    try:
        return wait_for_steps(work, steps, session.db.interrupt, session.screen.spinner)
    except Cancelled:
        raise Cancelled(f"{steps.what} was ended") from None
    except KeyboardInterrupt:
        raise Leave from None


def words(text: str) -> list[str]:
    """Return the words of arguments; those with blanks stand in quotes.

    >>> words("a.ndjson 'my export.gz'")
    ['a.ndjson', 'my export.gz']
    """
    try:
        return shlex.split(text)
    except ValueError:
        raise WrongStructure("a quote is never closed") from None


def path_of(argument: str) -> Path:
    """Return the path that the whole argument names."""
    named = words(argument)
    if len(named) != 1:
        raise WrongStructure("one file is wanted", hint="write a name with blanks in quotes")
    return Path(named[0]).expanduser()
