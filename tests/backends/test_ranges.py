"""Groups by time that SQLite makes of ranges of an index, against ``zoneinfo`` row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import mean
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import usql

HOUR, DAY = 3_600_000, 86_400_000
FIRST = int(datetime(2024, 3, 1, tzinfo=UTC).timestamp()) * 1000
FAR = int(datetime(1890, 6, 15, 12, 34, 56, tzinfo=UTC).timestamp()) * 1000
"""Long before Vienna had hours that begin with those of UTC."""
LATER = int(datetime(2051, 7, 1, 0, 30, tzinfo=UTC).timestamp()) * 1000

Row = tuple[int | None, int | None]
"""Start and duration of an action."""


def actions() -> list[Row]:
    random = Random(4711)
    # around the clock changes of spring, and on the borders of hours and days
    rows: list[Row] = [
        (FIRST + random.randrange(85 * DAY), random.randrange(9_000)) for _ in "a" * 600
    ]
    rows += [(FIRST + random.randrange(85 * 24) * HOUR, None) for _ in range(60)]
    rows += [(FIRST + random.randrange(85) * DAY - 1, 2**52 + 1) for _ in range(20)]
    return [*rows, (FAR, 5), (LATER, 7), (None, 11), (None, None)]


ROWS = actions()
STARTS = (FIRST, FIRST + 40 * DAY, FIRST + 85 * DAY)


@pytest.fixture(scope="module")
def db() -> Iterator[usql.Database]:
    sessions = [
        {
            "userSessionId": f"s{n}",
            "startTime": start,
            "endTime": start + n,
            "userActions": [
                {"name": "a"}
                | {k: v for k, v in (("startTime", at), ("duration", d)) if v is not None}
                for at, d in ROWS[n::3]
            ],
        }
        for n, start in enumerate(STARTS)
    ]
    with usql.connect() as db:
        db.import_sessions(sessions)
        yield db


def grouped(rows: list[Row], key: Callable[[datetime], Any], zone: str) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        at = row[0]
        local = None if at is None else datetime.fromtimestamp(at // 1000, ZoneInfo(zone))
        found[None if local is None else key(local)].append(row)
    return found


def text_of(form: str) -> Callable[[datetime], str]:
    return lambda local: local.strftime(form)


def half_hours(local: datetime) -> str:
    return (local - timedelta(minutes=local.minute % 30)).strftime("%m-%d %H:%M")


def monday(local: datetime) -> str:
    return (local - timedelta(days=local.weekday())).strftime("%Y-%m-%d")


KEYS = [
    ("DATETIME(startTime, 'yyyy-MM-dd HH', 'hour')", text_of("%Y-%m-%d %H")),
    ("DATETIME(startTime, 'yyyy-MM-dd')", text_of("%Y-%m-%d")),
    ("DATETIME(startTime, 'MM-dd HH:mm', '30m')", half_hours),
    ("DATETIME(startTime, 'yyyy-MM-dd', 'week')", monday),
    ("DATETIME(startTime, 'yyyy')", text_of("%Y")),
    ("HOUR(startTime)", lambda local: local.hour),
    ("MONTH(startTime)", lambda local: local.month),
]
ZONES = (
    *("UTC", "Europe/Vienna", "America/St_Johns", "Asia/Kathmandu"),
    *("Australia/Lord_Howe", "Antarctica/Troll", "Pacific/Chatham"),
)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("key", "expected"), KEYS, ids=[key for key, _ in KEYS])
def test_groups_by_local_time(
    db: usql.Database, key: str, expected: Callable[[datetime], Any], zone: str
) -> None:
    text = (
        f"SELECT {key} AS k, COUNT(*), COUNT(duration), AVG(duration), SUM(duration),"
        f" MIN(duration), MAX(duration) FROM useraction GROUP BY k LIMIT 5000"
    )
    assert "RECURSIVE" in db.compile(text, timezone=zone).sql
    found = {row[0]: row[1:] for row in db.query(text, timezone=zone).rows}
    groups = grouped(ROWS, expected, zone)
    assert found.keys() == groups.keys()
    for name, rows in groups.items():
        values = [d for _, d in rows if d is not None]
        average = pytest.approx(mean(values), rel=1e-12) if values else None
        extremes = (min(values), max(values)) if values else (None, None)
        total = sum(values) if values else None
        assert found[name] == (len(rows), len(values), average, total, *extremes)


def test_sessions_of_a_timeframe_begin_and_end_within_steps(db: usql.Database) -> None:
    day = "DATETIME(startTime, 'yyyy-MM-dd')"
    text = f"SELECT {day}, COUNT(*), MAX(endTime) FROM usersession GROUP BY {day}"
    frame = (FIRST + 1, STARTS[2] + 1)
    assert "RECURSIVE" in db.compile(text, timeframe=frame).sql
    assert db.query(text, timeframe=frame).rows == [
        ("2024-04-10", 1, STARTS[1] + 1),
        ("2024-05-25", 1, STARTS[2] + 2),
    ]
    beyond = (STARTS[2], STARTS[2] + 900 * DAY)
    assert db.query(text, timeframe=beyond).rows == [("2024-05-25", 1, STARTS[2] + 2)]
    assert db.query(text, timeframe=(STARTS[2] + 90 * DAY, STARTS[2] + 99 * DAY)).rows == []


@pytest.mark.parametrize(
    "text",
    [
        # too many steps
        "SELECT DATETIME(startTime, 'yyyy-MM-dd HH:mm') AS m, COUNT(*) FROM useraction GROUP BY m",
        # not beside the date in the index
        "SELECT DATETIME(startTime, 'yyyy-MM-dd') AS d, MAX(endTime) FROM useraction GROUP BY d",
        "SELECT DATETIME(endTime, 'yyyy-MM-dd') AS d, COUNT(*) FROM useraction GROUP BY d",
        # not put together of parts
        "SELECT HOUR(startTime) AS h, COUNT(DISTINCT duration) FROM useraction GROUP BY h",
        "SELECT HOUR(startTime) AS h, MEDIAN(duration) FROM useraction GROUP BY h",
        "SELECT HOUR(startTime) AS h, CONDITION(COUNT(*), WHERE duration > 1) FROM useraction"
        " GROUP BY h",
        "SELECT HOUR(startTime) AS h, COUNT(*) FROM useraction WHERE duration > 1 GROUP BY h",
    ],
)
def test_other_groups_are_made_row_by_row(db: usql.Database, text: str) -> None:
    assert "RECURSIVE" not in db.compile(text, timezone="Europe/Vienna").sql
    db.query(text)


def test_a_store_that_grew_since_has_all_its_rows_counted() -> None:
    text = "SELECT DATETIME(startTime, 'yyyy-MM-dd HH') AS h, COUNT(*) FROM usersession GROUP BY h"
    with usql.connect() as db:
        assert db.query(text).rows == []
        db.import_sessions([{"userSessionId": "a", "startTime": FIRST}])
        assert db.query(text).rows == [("2024-03-01 00", 1)]
