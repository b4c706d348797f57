"""The sessions of a choice and a timeframe, as a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from usql.analysis.asking import Asker, Options, Where, select
from usql.analysis.report import COUNT, FLAG, LENGTH, TEXT, TIME, Report, camel_case, table
from usql.record import Record

if TYPE_CHECKING:
    from usql.engine import Database
    from usql.result import Result

MOST = 500
"""Sessions of a list, unless another number is asked for."""
NEWEST_FIRST = "startTime DESC"


class SessionRow(Record):
    """A session of a list; what is not known is ``None``.

    Attributes:
        user_session_id: of the session.
        start_time: in ms, UTC.
        end_time: in ms, UTC.
        duration: in ms.
        user_id: the user tag.
        internal_user_id: of the browser or the installed app.
        user_type: ``REAL_USER``, ``ROBOT`` or ``SYNTHETIC``.
        application_type: such as ``WEB_APPLICATION``.
        user_action_count: how many actions it has.
        total_error_count: how many errors.
        user_experience_score: such as ``SATISFIED``.
        has_crash: whether the application crashed.
        bounce: whether it has one action or none.
        matching_conversion_goals_count: how many goals it reached.
        country: where it was.
        city: where it was.
        device: that was used.
        os_family: its operating system.
        browser_family: the browser, on the web.
    """

    user_session_id: str
    start_time: int
    end_time: int | None
    duration: int | None
    user_id: str | None
    internal_user_id: str | None
    user_type: str | None
    application_type: str | None
    user_action_count: int | None
    total_error_count: int | None
    user_experience_score: str | None
    has_crash: bool | None
    bounce: bool | None
    matching_conversion_goals_count: int | None
    country: str | None
    city: str | None
    device: str | None
    os_family: str | None
    browser_family: str | None


_KINDS = {"int": COUNT, "str": TEXT, "bool": FLAG}
_OTHERS = {"start_time": TIME, "end_time": TIME, "duration": LENGTH}
FIELDS = tuple(SessionRow.__annotations__)
"""The names of what is known of a session of a list."""
COLUMNS = tuple(
    (
        camel_case(name),
        _OTHERS.get(name) or _KINDS[SessionRow.__annotations__[name].split(" ")[0]],
        name,
    )
    for name in FIELDS
)


class SessionList(Report):
    """Sessions, in the order that was asked for.

    Attributes:
        sessions: at most as many as were asked for.
        total: how many there are in all.
    """

    sessions: tuple[SessionRow, ...]
    total: int

    def tables(self) -> dict[str, Result]:
        """Return the table ``sessions``."""
        return {"sessions": table(self.sessions, COLUMNS)}


def list_sessions(
    db: Database, where: Where, order: str, limit: int, options: Options
) -> SessionList:
    """Return the sessions of a choice."""
    asker = Asker(db, options)
    conditions = asker.checked(where).on()
    rows = _rows(asker, conditions, asker.checked_order(order), limit)
    sessions = tuple(SessionRow(*row) for row in rows)
    total = len(sessions)
    if total == limit:
        counted = asker.ask(
            "how many there are", select("usersession", ["COUNT(*) AS sessions"], where=conditions)
        )
        total = counted.rows[0][0]
    notes = () if total <= limit else (f"{limit:,} of {total:,} sessions are listed",)
    return SessionList(sessions, total, questions=asker.questions, notes=notes)


def _rows(asker: Asker, conditions: tuple[str, ...], order: str, limit: int) -> list[Any]:
    """Return the rows of a list.

    To order sessions by a column all of them are looked at. With the columns of the list on their
    backs that takes twenty times as long as with their ids alone, so these are found first. The
    parts of one session share its id: hence the same order, and limit, in both queries.
    """
    if not limit or order.startswith("startTime"):
        return asker.ask("the sessions", listing(conditions, order, limit)).rows
    first = select("usersession", ["userSessionId"], where=conditions, order=order, limit=limit)
    ids = [id for (id,) in asker.ask("which sessions come first", first).rows]
    if not ids or None in ids:
        return asker.ask("the sessions", listing(conditions, order, limit)).rows
    known = (*conditions, "userSessionId IN (:listed)")
    return asker.ask("the sessions", listing(known, order, limit), {"listed": ids}).rows


def listing(conditions: tuple[str, ...], order: str, limit: int) -> str:
    """Return the query for a list of sessions."""
    columns = map(camel_case, FIELDS)
    return select("usersession", columns, where=conditions, order=order, limit=limit)
