"""Commands about the last question and its answer, and the wish to leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usql.errors import WrongStructure
from usql.shell.commands.settings import one_of
from usql.shell.results import readable
from usql.shell.session import Leave

if TYPE_CHECKING:
    from usql.shell.session import Session

_DEFAULT_HISTORY = 20


def chart(session: Session, argument: str) -> None:
    """Draw the last result."""
    from usql.render import Style
    from usql.render.chart import KINDS, chart_kind, draw

    if session.result is None:
        raise WrongStructure(
            "there is no result to draw yet",
            hint="try SELECT country, COUNT(*) FROM usersession GROUP BY country, then .chart",
        )
    kind = one_of(argument.rstrip("; "), KINDS, "chart") if argument else chart_kind(session.result)
    screen = session.screen
    shown = readable(session.result, session.settings)
    screen.page(draw(shown, kind, Style(screen.width, screen.color)))


def explain(session: Session, argument: str) -> None:
    """Show every station of a query."""
    text = _question(session, argument)
    settings = session.settings
    explained = session.db.explain(
        text,
        settings.params,
        timeframe=settings.timeframe,
        timezone=settings.timezone,
        now=settings.now,
        default_limit=settings.limit,
    )
    from usql.render.escape import visible_lines

    session.screen.page([visible_lines(str(explained)).rstrip("\n") + "\n"])


def sql(session: Session, argument: str) -> None:
    """Show the SQL of a query and its parameters."""
    text = _question(session, argument)
    settings = session.settings
    compiled = session.db.compile(
        text,
        settings.params,
        timeframe=settings.timeframe,
        timezone=settings.timezone,
        now=settings.now,
        default_limit=settings.limit,
    )
    session.screen.say(compiled.sql)
    for name, value in compiled.params.items():
        session.screen.note(f":{name} = {value!r}")


def _question(session: Session, argument: str) -> str:
    text = argument.strip().rstrip(";") or session.question
    if not text:
        raise WrongStructure("there is no query yet", hint="write one behind the command")
    return text


def history(session: Session, argument: str) -> None:
    """List what was typed, in earlier sessions and in this one."""
    number = int(argument) if argument.isdecimal() else _DEFAULT_HISTORY
    entries = session.typed[-number:] if number else []
    for text in entries:
        session.screen.say(text)


def leave(session: Session, argument: str) -> None:
    """Leave the shell."""
    raise Leave
