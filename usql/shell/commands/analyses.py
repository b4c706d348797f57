"""Commands that analyse sessions: lists, one session, findings, one user, Apdex."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from usql.errors import WrongStructure
from usql.shell.results import show
from usql.zones import Zone

if TYPE_CHECKING:
    from usql.analysis.report import Report
    from usql.engine import Database
    from usql.shell.session import Session

_MOST_SESSIONS = 50
_MOST_DIFFERENCES = 20


def sessions(session: Session, argument: str) -> None:
    """List the newest sessions of a segment, or for which a condition is true."""
    chosen = _chosen(argument)
    _tell(session, lambda db, rest: db.sessions(chosen, limit=_MOST_SESSIONS, **rest))


def one_session(session: Session, argument: str) -> None:
    """Show one session, whenever it was."""
    name = _needed(argument, "which session?", "write .session and an id that .sessions shows")
    _tell(session, lambda db, rest: db.session(name, **{**rest, "timeframe": None}))


def findings(session: Session, argument: str) -> None:
    """Show what sets sessions apart, or how values spread over all of them."""
    chosen = _chosen(argument)
    _tell(session, lambda db, rest: db.findings(chosen, limit=_MOST_DIFFERENCES, **rest))


def user(session: Session, argument: str) -> None:
    """Show one user, or all that share sessions with them."""
    said = _needed(argument, "which user?", "write .user and a user tag or an internal id")
    name, _, extended = said.rpartition(" ")
    if name and extended.casefold() == "extended":
        _tell(session, lambda db, rest: db.user(name.strip(), extended=True, **rest))
    else:
        _tell(session, lambda db, rest: db.user(said, **rest))


def apdex(session: Session, argument: str) -> None:
    """Show Apdex by a dimension."""
    by, _, condition = f" {_said(argument)}".partition(" where ")
    dimension = by.strip() or "application"
    _tell(session, lambda db, rest: db.apdex(dimension, condition.strip() or None, **rest))


def _said(argument: str) -> str:
    return argument.strip().rstrip(";").rstrip()


def _needed(argument: str, question: str, hint: str) -> str:
    said = _said(argument)
    if not said:
        raise WrongStructure(question, hint=hint)
    return said


def _chosen(argument: str) -> Any:
    """Return which sessions are meant: a segment, or behind ``where`` a condition."""
    said = _said(argument)
    first, _, condition = said.partition(" ")
    if first.casefold() == "where":
        return condition
    if not said:
        return None
    from usql.segments import Segment

    return Segment.parse(said)


def _tell(session: Session, run: Callable[[Database, dict[str, Any]], Report]) -> None:
    """Make a report with the settings of the session, and show it."""
    from usql.shell.waiting import wait_for

    now, screen = session.settings, session.screen
    settings = {
        "params": now.params,
        "timeframe": now.timeframe,
        "timezone": now.timezone,
        "now": now.now,
        "timeout": now.timeout,
    }
    report = wait_for(lambda: run(session.db, settings), session.db.interrupt, screen.spinner)
    if now.mode == "table" and session.output is None:
        from usql.analysis.drawing import draw

        zone = Zone.of(now.timezone)
        screen.page(draw(report, width=screen.width, color=screen.color, zone=zone))
    else:
        show(session, next(iter(report.tables().values())))
    for text in report.notes:
        screen.note(f"note: {text}")
