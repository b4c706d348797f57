"""Groups that engines of columns make in two steps, counted in Python beside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import usql

VIENNA = ZoneInfo("Europe/Vienna")
SPRING = 1_711_846_800_000
"""2024-03-31 01:00 UTC, when clocks in Vienna go from 02:00 to 03:00."""
DURATIONS = (None, 0, 7, 12_345, 7)


def actions(number: int) -> list[dict[str, Any]]:
    """Return up to four actions, every twenty minutes around the change of the clocks."""
    found = []
    for rank in range(number % 5):
        start = SPRING + (number * 3 + rank - 60) * 1_200_000
        action = {
            "name": f"n{rank % 2}",
            "startTime": start,
            "duration": DURATIONS[(number + rank) % 5],
            "doubleProperties": [{"key": "price", "value": rank + 0.5}] if rank else [],
        }
        found.append({name: value for name, value in action.items() if value is not None})
    if number == 3:
        found.append({"name": "n1"})  # it has no time of its own
        found.append({"name": "n1", "startTime": -62_000_000_000_000, "duration": 1})  # nor this
    return found


SESSIONS = [
    {
        "userSessionId": f"s{number}",
        "startTime": SPRING + (number - 20) * 3_600_000,
        "userActions": actions(number),
        **({"country": f"c{number % 3}"} if number % 4 else {}),
    }
    for number in range(40)
]
ROWS = [(session, action) for session in SESSIONS for action in session["userActions"]]


@pytest.fixture(scope="module", params=["sqlite", "duckdb", "chdb"])
def db(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[usql.Database]:
    if request.param != "sqlite":
        pytest.importorskip(request.param)
    path: Path = tmp_path_factory.mktemp("steps") / "store"
    url = str(path) if request.param == "sqlite" else f"{request.param}:{path}"
    with usql.connect(url) as db:
        db.import_sessions(SESSIONS)
        yield db


def summary(values: list[Any]) -> tuple[Any, ...]:
    """Return number, sum, average, least and greatest of the values that there are."""
    known = [value for value in values if value is not None]
    if not known:
        return 0, None, None, None, None
    return len(known), sum(known), sum(known) / len(known), min(known), max(known)


def grouped(keys: list[Any], values: list[Any]) -> dict[Any, tuple[Any, ...]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for key, value in zip(keys, values, strict=True):
        found[key].append(value)
    return {key: (len(listed), *summary(listed)) for key, listed in found.items()}


ALL = "COUNT(*), COUNT(duration), SUM(duration), AVG(duration), MIN(duration), MAX(duration)"


def answered(db: usql.Database, query: str) -> dict[Any, tuple[Any, ...]]:
    return {row[0]: tuple(row[1:]) for row in db.query(query, timezone="Europe/Vienna").rows}


def test_actions_by_a_field_of_their_sessions(db: usql.Database) -> None:
    query = f"SELECT usersession.country, {ALL} FROM useraction GROUP BY usersession.country"
    expected = grouped([s.get("country") for s, _ in ROWS], [a.get("duration") for _, a in ROWS])
    assert answered(db, query) == expected


def test_only_some_of_the_actions(db: usql.Database) -> None:
    query = (
        f"SELECT usersession.country, {ALL} FROM useraction WHERE name = 'n1' OR duration = 0"
        " GROUP BY usersession.country"
    )
    rows = [(s, a) for s, a in ROWS if a["name"] == "n1" or a.get("duration") == 0]
    expected = grouped([s.get("country") for s, _ in rows], [a.get("duration") for _, a in rows])
    assert answered(db, query) == expected


def test_a_condition_of_one_aggregate(db: usql.Database) -> None:
    query = (
        "SELECT usersession.country, CONDITION(COUNT(*), WHERE name = 'n1'),"
        " CONDITION(AVG(duration), WHERE duration > 0), SUM(duration + 1) FROM useraction"
        " GROUP BY usersession.country"
    )
    for country, (named, average, total) in answered(db, query).items():
        of_country = [a for s, a in ROWS if s.get("country") == country]
        known = [a["duration"] for a in of_country if "duration" in a]
        positive = [duration for duration in known if duration > 0]
        assert named == sum(a["name"] == "n1" for a in of_country)
        assert average == pytest.approx(sum(positive) / len(positive))
        assert total == sum(known) + len(known)


def test_doubles_of_properties(db: usql.Database) -> None:
    query = (
        "SELECT usersession.country, AVG(doubleProperties.price), COUNT(*),"
        " SUM(doubleProperties.price) FROM useraction WHERE duration >= 0"
        " GROUP BY usersession.country"
    )
    rows = [(s, a) for s, a in ROWS if "duration" in a]
    prices = [next((p["value"] for p in a.get("doubleProperties", [])), None) for _, a in rows]
    expected = grouped([s.get("country") for s, _ in rows], prices)
    for country, (average, number, total) in answered(db, query).items():
        count, _, expected_total, expected_average, _, _ = expected.pop(country)
        assert (number, total, average) == (count, expected_total, expected_average)
    assert not expected


@pytest.mark.parametrize("form", ["HH", "dd HH", "yyyy-MM-dd"])
def test_local_time_around_a_change_of_the_clocks(db: usql.Database, form: str) -> None:
    query = (
        f"SELECT DATETIME(startTime, '{form}') AS time, {ALL} FROM useraction GROUP BY time"
        " LIMIT 1000"
    )
    python = form.replace("yyyy", "%Y").replace("MM", "%m").replace("dd", "%d").replace("HH", "%H")

    def shown(start: int | None) -> str | None:
        if start is None:
            return None
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=start)
        # %Y leaves out zeros
        return moment.astimezone(VIENNA).strftime(python.replace("%Y", f"{moment.year:04}"))

    keys = [shown(a.get("startTime")) for _, a in ROWS]
    expected = grouped(keys, [a.get("duration") for _, a in ROWS])
    assert answered(db, query) == expected


# what sessions tell of their rows


def means(rows: list[tuple[Any, ...]]) -> dict[Any, tuple[Any, ...]]:
    return {row[0]: tuple(row[1:]) for row in rows}


def test_sessions_tell_what_their_rows_come_to(db: usql.Database) -> None:
    query = "SELECT country, COUNT(*), COUNT(name), COUNT(duration), AVG(duration) FROM useraction"
    found = db.query(f"{query} GROUP BY country").rows
    values = grouped([s.get("country") for s, _ in ROWS], [a.get("duration") for _, a in ROWS])
    wanted = {key: (n, n, known, average) for key, (n, known, _, average, *_) in values.items()}
    assert means(found) == wanted


def test_sessions_tell_it_under_conditions_on_them(db: usql.Database) -> None:
    query = (
        "SELECT country, COUNT(*), CONDITION(COUNT(*), WHERE usersession.userSessionId = 's7'),"
        " CONDITION(COUNT(duration), WHERE usersession.userSessionId = 's7') FROM useraction"
        " WHERE usersession.userSessionId BETWEEN 's5' AND 's8' GROUP BY country"
    )
    wanted: dict[Any, tuple[int, ...]] = {}
    for session, action in ROWS:
        if "s5" <= session["userSessionId"] <= "s8":
            at = session["userSessionId"] == "s7"
            more = (1, int(at), int(at and "duration" in action))
            key = session.get("country")
            wanted[key] = tuple(map(sum, zip(wanted.get(key, (0, 0, 0)), more, strict=True)))
    assert {
        key: tuple(v or 0 for v in row) for key, row in means(db.query(query).rows).items()
    } == (wanted)


def test_sessions_tell_the_average_over_all_their_rows(db: usql.Database) -> None:
    query = (
        "SELECT country, AVG(useraction.duration), COUNT(useraction.duration), COUNT(*)"
        " FROM usersession GROUP BY country"
    )
    wanted: dict[Any, tuple[Any, ...]] = {}
    for country in {session.get("country") for session in SESSIONS}:
        there = [session for session in SESSIONS if session.get("country") == country]
        lists = [[a["duration"] for a in s["userActions"] if "duration" in a] for s in there]
        known = [value for values in lists for value in values]
        number = sum(1 for values in lists if values)
        wanted[country] = (sum(known) / len(known), number, len(there))
    assert means(db.query(query).rows) == wanted


def test_sessions_tell_whether_rows_have_a_value(db: usql.Database) -> None:
    without = [s["userSessionId"] for s in SESSIONS if not s["userActions"]]
    query = "SELECT userSessionId FROM usersession WHERE useraction.name IS NULL LIMIT 100"
    assert sorted(row[0] for row in db.query(query).rows) == sorted(without)
    names = "SELECT useraction.name, COUNT(*) FROM usersession GROUP BY useraction.name"
    assert means(db.query(names).rows)[None] == (len(without),)
