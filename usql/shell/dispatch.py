"""What was typed -> what is done: a command, or queries one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from usql.diagnostics import draw
from usql.errors import BadSyntax, Cancelled, UsqlError
from usql.shell.commands.names import known_as, said
from usql.shell.language import split
from usql.shell.results import show

if TYPE_CHECKING:
    from usql.shell.session import Session


def handle(session: Session, text: str) -> bool:
    """Do what a text says and show what comes of it; return whether it went well.

    Raises:
        Leave: the person wants to leave.
    """
    session.error = None
    try:
        handle_text(session, text)
    except UsqlError as error:
        session.failures += 1
        session.error = _without_frames(error)
        session.screen.error(draw(error, session.screen.width))
        return False
    except OSError as error:
        session.failures += 1
        where = f": {error.filename}" if error.filename else ""
        session.screen.error(f"{error.strerror or error}{where}")
        return False
    return True


def _without_frames(error: UsqlError) -> UsqlError:
    """Return an error that keeps nothing alive: its frames hold files, until it is forgotten."""
    error.__context__ = None
    return error.with_traceback(None)


def handle_text(session: Session, text: str) -> None:
    """Do what a text says: lines that are commands, and the queries between them.

    Raises:
        UsqlError: the first mistake; what follows it is not done.
        Leave: the person wants to leave.
    """
    from usql.shell.commands.registry import obey

    text = text.strip()
    several_lines = "\n" in text and text.startswith((".", "\\"))
    for part in _parts(text) if several_lines or said(text) is None else [text]:
        spoken = said(part)
        if spoken is not None:
            obey(session, spoken)
        else:
            for query in split(part):
                ask(session, query, session.settings.params)


def _parts(text: str) -> list[str]:
    """Return the lines that are commands, and the text between them.

    >>> _parts(".timer off\\nSELECT country\\nFROM usersession;\\n.chart")
    ['.timer off', 'SELECT country\\nFROM usersession;', '.chart']
    """
    parts: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith((".", "\\")) and not _within(parts[-1]):
            parts += [[line], []]
        else:
            parts[-1].append(line)
    return [joined for lines in parts if (joined := "\n".join(lines).strip())]


def _within(lines: list[str]) -> bool:
    """Whether a line after these would stand in the middle of a query."""
    from usql.shell.language import goes_on

    text = "\n".join(lines).strip()
    return bool(text) and goes_on(text)


def ask(session: Session, text: str, params: dict[str, Any]) -> None:
    """Run a query and show its result.

    Raises:
        UsqlError: it is bad, or was cancelled.
    """
    try:
        result = session.query(text, params=params)
    except Cancelled:
        raise
    except BadSyntax as error:
        _suggest_command(text, error)
        raise
    session.question, session.result, session.error = text, result, None
    show(session, result)


def _suggest_command(text: str, error: BadSyntax) -> None:
    """Point at the command where somebody has left out its point."""
    from usql.shell.commands.registry import BY_NAME

    words = text.split()
    name = known_as(words[0]) if words else ""
    if name == "show":
        error.hint = "SHOW TABLES and SHOW FIELDS FROM useraction do; .help lists the commands"
    elif name in BY_NAME:
        error.hint = f"did you mean {' '.join([f'.{name}', *words[1:]])}?"
