"""From the first line to the last: ``run(store, given) -> exit code``.

On a terminal the editor asks; otherwise lines are read as they come, so that a script or a test
can use the same shell. Either way a mistake is shown, and the next line is read.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from usql.errors import UsqlError
from usql.shell.commands.names import said
from usql.shell.config import Config, config_file, load
from usql.shell.dispatch import handle
from usql.shell.language import goes_on
from usql.shell.opening import Opening
from usql.shell.plain import PlainEditor, is_dumb
from usql.shell.screen import Screen, standard_screen
from usql.shell.session import Leave, Session, settings_of

if TYPE_CHECKING:
    from usql.shell.editor import Editor

DONE, FAILED = 0, 1
_BEGINS = re.compile(r"select\b", re.IGNORECASE)
_WELCOME = (
    "Type a query and press Enter; Tab completes, Ctrl-D leaves. Try:",
    "  SELECT country, COUNT(*) FROM usersession GROUP BY country",
    "  .chart    draws the answer        .help    lists the commands",
)
_EMPTY = (
    "This store is empty. To fill it:",
    "  .import export.ndjson.gz    brings your own sessions",
    "  .quit, then usql demo       makes demo data to try things on",
)


def run(store: str, given: Mapping[str, Any], file: Path | None = None) -> int:
    """Open a store, and the shell on it.

    Args:
        store: a path or URL.
        given: values of options that come before the file's, and ``params`` and ``now``.
        file: of options, instead of the usual one.

    Returns:
        0, or 1 if lines that were read from a pipe or a file went wrong.

    Raises:
        UsqlError: the store cannot be opened, or a setting cannot be understood.
    """
    extra = {name: given[name] for name in ("params", "now") if name in given}
    options = {name: value for name, value in given.items() if name not in extra}
    config = load(file or config_file()).over(options)
    screen = standard_screen(config["color"] != "never", config["pager"])
    opening = Opening(store)
    with closing(opening):
        has_sessions = opening.has_sessions()
        session = _session(opening, store, config, screen, extra)
        try:
            return _converse(session, has_sessions)
        except Leave:
            return FAILED if session.failures and not sys.stdin.isatty() else DONE
        finally:
            session.close()


def _session(
    opening: Opening, store: str, config: Config, screen: Screen, extra: Mapping[str, Any]
) -> Session:
    from usql.timeframe import parse_timeframe
    from usql.zones import Zone

    settings = settings_of(config)
    zone = Zone.of(settings.timezone)
    parse_timeframe(settings.timeframe, now=0, zone=zone)
    session = Session(opening, store, config, screen, settings)
    session.change(**{name: value for name, value in extra.items() if value is not None})
    for problem in config.problems:
        screen.note(f"note: {problem}")
    return session


def _converse(session: Session, has_sessions: bool) -> int:
    if sys.stdin.isatty() and session.screen.interactive:
        from usql.shell.history import history_file

        _greet(session, has_sessions, first=not history_file().exists())
        _talk(session, _editor(session))
        return DONE
    for text in _texts(sys.stdin):
        session.typed.append(text)
        handle(session, text)
    return FAILED if session.failures else DONE


def _editor(session: Session) -> Editor | PlainEditor:
    """Return what asks, and let it prepare what the first keys would wait for."""
    if is_dumb():
        return PlainEditor(session)
    from usql.shell.editor import Editor

    editor = Editor(session)
    editor.once_drawn(lambda: _prepare(session, editor))
    return editor


def _greet(session: Session, has_sessions: bool, *, first: bool) -> None:
    if not session.config["hints"]:
        return
    if not has_sessions:
        session.screen.say("\n".join(_EMPTY))
    elif first:
        session.screen.say("\n".join(_WELCOME))


def _talk(session: Session, editor: Editor | PlainEditor) -> None:
    """Ask until somebody wants to leave: with Ctrl-D, or with Ctrl-C twice."""
    interrupted = False
    while True:
        try:
            text = editor.ask()
        except EOFError:
            return
        except KeyboardInterrupt:
            if interrupted and not editor.text:
                return
            interrupted = not editor.text
            if interrupted:
                session.screen.note("Ctrl-C again, or Ctrl-D, leaves")
            continue
        if not text.strip():
            continue
        session.typed.append(text.strip())
        interrupted = not _handled(session, text)


def _handled(session: Session, text: str) -> bool:
    """Do what a text says; return whether nobody wanted to end it."""
    from usql.errors import Cancelled

    try:
        handle(session, text)
    except KeyboardInterrupt:
        session.screen.note("cancelled")
        return False
    return not isinstance(session.error, Cancelled)


def _prepare(session: Session, editor: Editor) -> None:
    """Do what the first keys would wait for, and count the sessions for the line at the bottom.

    What the first query needs is loaded by that, too.
    """
    session.typed[:0] = editor.earlier()
    with suppress(UsqlError):
        session.db.prepare_completion()
        session.count_sessions()
        editor.redraw()


def _texts(lines: TextIO) -> Iterator[str]:
    r"""Yield what belongs together of lines that are read one by one.

    A query ends with ``;``, an empty line, or where a command or another query begins.

    >>> from io import StringIO
    >>> list(_texts(StringIO(".timer off\nSELECT city\nFROM usersession;\nexit")))
    ['.timer off', 'SELECT city\nFROM usersession;', 'exit']
    """
    text = ""
    for line in lines:
        begins = said(line) is not None or _BEGINS.match(line)
        if text and (not line.strip() or (begins and not goes_on(text))):
            yield text
            text = ""
        text = f"{text}\n{line.rstrip()}" if text else line.rstrip()
        if said(text) is not None or (text.endswith(";") and not goes_on(text)):
            yield text
            text = ""
    if text:
        yield text
