"""Rows of one user's activity, in order of time, cut into sessions.

What arrives: rows of one stream, which is one user, one kind of application and, where there is
one, one session id. What leaves: lists of rows, each a session, with the reason that it ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

TIMEOUT = "TIMEOUT"
DURATION_LIMIT = "DURATION_LIMIT"
USER_ACTION_LIMIT = "USER_ACTION_LIMIT"

WEB = "WEB_APPLICATION"

_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Cutting:
    """When a session ends; ``None`` for never.

    Attributes:
        gap: time without activity after which it has ended, in ms.
        mobile_gap: the same for mobile and custom applications, in ms.
        max_duration: how long after its start another session begins, in ms.
        max_actions: how many actions it has at most.
    """

    gap: int | None = 30 * _MINUTE
    mobile_gap: int | None = 10 * _MINUTE
    max_duration: int | None = 6 * 60 * _MINUTE
    max_actions: int | None = 200

    def gap_of(self, application_type: str | None, *, identified: bool) -> int | None:
        """Return the gap that ends a session.

        Args:
            application_type: of the session; one of the web unless it says otherwise.
            identified: whether the log itself says by an id which rows belong together.
        """
        if identified:
            return None
        return self.gap if application_type in (None, WEB) else self.mobile_gap


class Timed(Protocol):
    """A row that takes some time."""

    @property
    def time(self) -> int:
        """When it begins, in ms."""

    @property
    def end(self) -> int:
        """When it ends, in ms; not before it begins."""


R = TypeVar("R", bound=Timed)


def cut(rows: Iterable[R], cutting: Cutting, gap: int | None) -> Iterator[tuple[list[R], str]]:
    """Yield sessions, and why each ended.

    Args:
        rows: of one stream, by time.
        cutting: the limits.
        gap: in ms, from the latest end so far to a start; ``None`` for no such limit.
    """
    session: list[R] = []
    latest = 0
    for row in rows:
        if session:
            reason = _end(session, row, latest, cutting, gap)
            if reason is not None:
                yield session, reason
                session = []
        latest = max(latest, row.end) if session else row.end
        session.append(row)
    if session:
        yield session, TIMEOUT


def _end(session: list[R], row: R, latest: int, cutting: Cutting, gap: int | None) -> str | None:
    """Return why a session ends before a row, or ``None`` if it goes on."""
    if gap is not None and row.time - latest >= gap:
        return TIMEOUT
    if cutting.max_duration is not None and row.time - session[0].time >= cutting.max_duration:
        return DURATION_LIMIT
    if cutting.max_actions is not None and len(session) >= cutting.max_actions:
        return USER_ACTION_LIMIT
    return None
