"""Commands that analyse sessions: lists, one session, findings, one user, Apdex, scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from usql.errors import WrongStructure
from usql.shell.commands.arguments import Arguments, parted
from usql.shell.results import show, write_out
from usql.zones import Zone

if TYPE_CHECKING:
    from usql.analysis.report import Report
    from usql.analysis.rules import Rules
    from usql.engine import Database
    from usql.shell.session import Session

_ALWAYS = ("table", "show-query")
_COMPARING = ("against", "against-timeframe")
SESSIONS = ("order", "limit", *_ALWAYS)
SESSION = ("rules", *_ALWAYS)
FINDINGS = (*_COMPARING, "attribute", "over", "values", "limit", *_ALWAYS)
USER = ("extended", "recent", *_ALWAYS)
SCORES = ("segment", *_COMPARING, "rules", "limit", *_ALWAYS)
APDEX = ("actions", *SCORES)
"""The options of each command."""
USAGE = {
    "actions": "CONDITION",
    "against": "SEGMENT|where CONDITION",
    "against-timeframe": "EXPR",
    "attribute": "NAME, …",
    "extended": "",
    "limit": "N|none",
    "order": "COLUMNS",
    "over": "TIME",
    "recent": "N",
    "rules": "FILE",
    "segment": "SEGMENT",
    "show-query": "",
    "table": "NAME",
    "values": "N",
}
"""What stands behind each option."""


def sessions(session: Session, argument: str) -> None:
    """List the newest sessions of a segment, or for which a condition is true."""
    said = Arguments(argument, SESSIONS)
    given = _given(order=said.text("order"), limit=said.number("limit"))
    _tell(session, said, lambda db, rest: db.sessions(_chosen(db, said.first), **given, **rest))


def one_session(session: Session, argument: str) -> None:
    """Show one session, whenever it was."""
    said = Arguments(argument, SESSION)
    name = _needed(said.first, "which session?", "write .session and an id that .sessions shows")
    rules = _rules(said)
    _tell(
        session,
        said,
        lambda db, rest: db.session(name, rules=rules, **{**rest, "timeframe": None}),
    )


def findings(session: Session, argument: str) -> None:
    """Show what sets sessions apart, or how values spread over all of them."""
    said = Arguments(argument, FINDINGS)
    given = _given(
        against_timeframe=said.text("against-timeframe"),
        attributes=[part for text in said.all("attribute") for part in parted(text)] or None,
        over=said.text("over"),
        values=said.number("values"),
        **_limit(said),
    )
    _tell(
        session,
        said,
        lambda db, rest: db.findings(
            _chosen(db, said.first), against=_chosen(db, said.text("against")), **given, **rest
        ),
    )


def user(session: Session, argument: str) -> None:
    """Show one user, or all that share sessions with them."""
    said = Arguments(argument, USER)
    name = _needed(said.first, "which user?", "write .user and a user tag or an internal id")
    before, _, last = name.rpartition(" ")
    extended = bool(before) and last.casefold() == "extended"
    name = before.strip() if extended else name
    given = _given(recent=said.number("recent"), extended=extended or said.has("extended"))
    _tell(session, said, lambda db, rest: db.user(name, **given, **rest))


def apdex(session: Session, argument: str) -> None:
    """Show Apdex by dimensions."""
    said = Arguments(argument, APDEX)
    given = _given(actions=said.text("actions"))
    _by_dimensions(session, said, lambda db, by, rest: db.apdex(by, **given, **rest))


def scores(session: Session, argument: str) -> None:
    """Show user experience scores by dimensions."""
    said = Arguments(argument, SCORES)
    _by_dimensions(session, said, lambda db, by, rest: db.scores(by, **rest))


def _by_dimensions(
    session: Session,
    said: Arguments,
    run: Callable[[Database, list[str], dict[str, Any]], Report],
) -> None:
    by, where, condition = f" {said.first}".partition(" where ")
    segment = said.text("segment")
    if where and segment is not None:
        raise WrongStructure("sessions are chosen twice", hint="leave out where, or --segment")
    given = _given(
        rules=_rules(said), against_timeframe=said.text("against-timeframe"), **_limit(said)
    )

    def asked(db: Database, rest: dict[str, Any]) -> Report:
        chosen = condition.strip() or _chosen(db, segment)
        other = _chosen(db, said.text("against"))
        settings = {"where": chosen, "against": other, **given, **rest}
        return run(db, parted(by) or ["application"], settings)

    _tell(session, said, asked)


# --- arguments -----------------------------------------------------------------------------------


def _given(**values: Any) -> dict[str, Any]:
    """Return what was said; the library knows what goes without saying."""
    return {name: value for name, value in values.items() if value is not None}


def _limit(said: Arguments) -> dict[str, int | None]:
    text = said.text("limit")
    if text is not None and text.casefold() == "none":
        return {"limit": None}
    number = said.number("limit")
    return {} if number is None else {"limit": number}


def _rules(said: Arguments) -> Rules | None:
    named = said.text("rules")
    if named is None:
        return None
    from usql.analysis.rules import Rules
    from usql.shell.commands.files import path_of

    return Rules.read(path_of(named))


def _needed(said: str, question: str, hint: str) -> str:
    if not said:
        raise WrongStructure(question, hint=hint)
    return said


def _chosen(db: Database, said: str | None) -> Any:
    """Return which sessions are meant: a segment, its name, or behind ``where`` a condition."""
    first, _, condition = (said or "").partition(" ")
    if first.casefold() == "where":
        return condition
    return db.segments.find(said) if said else None


# --- showing -------------------------------------------------------------------------------------


def _tell(
    session: Session, said: Arguments, run: Callable[[Database, dict[str, Any]], Report]
) -> None:
    """Make a report with the settings of the session, and show it."""
    from usql.shell.waiting import wait_for

    now, screen, wanted = session.settings, session.screen, said.text("table")
    settings = {
        "params": now.params,
        "timeframe": now.timeframe,
        "timezone": now.timezone,
        "now": now.now,
        "timeout": now.timeout,
    }
    report = wait_for(lambda: run(session.db, settings), session.db.interrupt, screen.spinner)
    tables = report.tables()
    if wanted is not None and wanted not in tables:
        raise WrongStructure(f"there is no table {wanted}", hint=f"there are {', '.join(tables)}")
    if said.has("show-query"):
        screen.note("\n\n".join(map(str, report.questions)) + "\n")
    if wanted is None and now.mode == "json":
        write_out(session, _json(report))
    elif wanted is None and now.mode == "table":
        from usql.analysis.drawing import draw

        drawn = session.output is None
        width, color = (screen.width, screen.color) if drawn else (None, False)
        write_out(session, draw(report, width=width, color=color, zone=Zone.of(now.timezone)))
    else:
        show(session, tables[wanted] if wanted else next(iter(tables.values())))
    for text in report.notes:
        screen.note(f"note: {text}")


def _json(report: Report) -> list[str]:
    import json

    return [json.dumps(report.to_dict(), ensure_ascii=False, indent=2) + "\n"]
