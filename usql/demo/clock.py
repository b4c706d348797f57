"""The period of the demo data, and its rhythms: when visitors come, and servers are busy."""

from __future__ import annotations

from usql.demo.chance import Weighted

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

WEEKS = 8
PERIOD_START = 1_767_571_200_000
"""2026-01-05T00:00:00Z, a Monday, in ms since the epoch."""
PERIOD_END = PERIOD_START + WEEKS * WEEK
"""2026-03-02T00:00:00Z: every session has ended by then."""

WEEK_WEIGHTS = (118, 113, 106, 112, 116, 104, 97, 95)
"""The January rush, and a sale in the fourth and fifth week."""

LEISURE_HOURS = (
    12, 7, 4, 3, 3, 5, 12, 22, 30, 36, 40, 43, 46, 44, 41, 42, 46, 54, 66, 82, 92, 84, 56, 28,
)  # fmt: skip
LEISURE_DAYS = (100, 95, 93, 90, 82, 108, 146)
OFFICE_HOURS = (0, 0, 0, 0, 0, 0, 1, 6, 34, 58, 62, 56, 30, 36, 55, 56, 50, 38, 12, 3, 1, 0, 0, 0)
OFFICE_DAYS = (112, 100, 98, 98, 92, 28, 0)
EVEN_HOURS = (1,) * 24
EVEN_DAYS = (1,) * 7

SERVER_LOAD = (
    0.86, 0.84, 0.82, 0.82, 0.82, 0.84, 0.88, 0.93, 0.98, 1.0, 1.0, 1.0,
    1.02, 1.0, 1.0, 1.0, 1.02, 1.05, 1.12, 1.2, 1.24, 1.18, 1.05, 0.92,
)  # fmt: skip
"""The load of the servers, by the hour in Vienna, where they stand."""

SERVER_OFFSET = HOUR
EVENING = range(18, 22)
"""The hours in Vienna in which payment is slow."""


def _week_rhythm(hours: tuple[int, ...], days: tuple[int, ...]) -> Weighted[int]:
    """Return a choice among all hours of the period, as ms of local time from its start."""
    return Weighted.of(
        (week * WEEK + day * DAY + hour * HOUR, per_week * per_day * per_hour)
        for week, per_week in enumerate(WEEK_WEIGHTS)
        for day, per_day in enumerate(days)
        for hour, per_hour in enumerate(hours)
    )


LEISURE = _week_rhythm(LEISURE_HOURS, LEISURE_DAYS)
OFFICE = _week_rhythm(OFFICE_HOURS, OFFICE_DAYS)
EVEN = _week_rhythm(EVEN_HOURS, EVEN_DAYS)


def server_hour(time: int) -> int:
    """Return the hour on the clocks of the servers."""
    return (time + SERVER_OFFSET) // HOUR % 24
