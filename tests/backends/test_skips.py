"""Groups that SQLite finds from value to value in an index, counted in Python beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

import usql

COUNTRIES = ("Austria", "", None, "Zypern", "austria", "Österreich")
CITIES = ("Wien", None, "", "Graz")
DURATIONS = (None, 0, 2**53 + 1, 7)


def row(number: int, values: dict[str, Any]) -> dict[str, Any]:
    """Return a session whose only action is of its city, and as long as is said."""
    given = {name: value for name, value in values.items() if value is not None}
    action = {"name": given.get("city"), "duration": given.pop("duration", None)}
    actions = [{name: value for name, value in action.items() if value is not None}]
    return {"userSessionId": f"s{number}", "startTime": number, "userActions": actions} | given


def sessions(cities: int) -> Iterator[dict[str, Any]]:
    """Yield sessions of each country and city, one more of each than of the one before."""
    numbers = count()
    for place, (country, city) in enumerate((a, b) for a in COUNTRIES for b in CITIES):
        for n in range(place + 1):
            duration = DURATIONS[(place + n) % 4] if place else None
            values = {"country": country, "city": city, "duration": duration}
            yield row(next(numbers), values)
    for city in range(cities):
        for _ in range(2):
            yield row(next(numbers), {"country": "Utopia", "city": f"c{city}", "duration": 1})


# a store that has few values, and one that has so many that rows are grouped one by one
STORES = [list(sessions(0)), list(sessions(1_000))]


@pytest.fixture(scope="module", params=STORES, ids=["few", "many"])
def rows(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    assert isinstance(request.param, list)
    return request.param


@pytest.fixture(scope="module")
def db(rows: list[dict[str, Any]]) -> Iterator[usql.Database]:
    with usql.connect() as db:
        db.import_sessions(rows)
        yield db


@pytest.mark.parametrize(
    "keys", [("country",), ("city",), ("country", "city"), ("city", "country")], ids=", ".join
)
def test_numbers_of_rows(
    db: usql.Database, rows: list[dict[str, Any]], keys: tuple[str, ...]
) -> None:
    names = ", ".join(keys)
    text = f"SELECT {names}, COUNT(*) FROM usersession GROUP BY {names} LIMIT 5000"
    assert "LIMIT 1001" in db.compile(text).sql
    found = {found[:-1]: found[-1] for found in db.query(text).rows}
    assert found == Counter(tuple(row.get(key) for key in keys) for row in rows)


def test_aggregates_of_what_the_index_has(db: usql.Database, rows: list[dict[str, Any]]) -> None:
    text = (
        "SELECT name, COUNT(*), COUNT(duration), SUM(duration), AVG(duration), MIN(duration),"
        " MAX(duration) FROM useraction GROUP BY name LIMIT 5000"
    )
    assert "LIMIT 1001" in db.compile(text).sql
    found = {city: values for city, *values in db.query(text).rows}
    for city in {row.get("city") for row in rows}:
        among = [row["userActions"][0].get("duration") for row in rows if row.get("city") == city]
        durations = [duration for duration in among if duration is not None]
        assert durations
        average = pytest.approx(sum(durations) / len(durations), rel=1e-12)
        assert found[city] == [
            *(len(among), len(durations), sum(durations), average),
            *(min(durations), max(durations)),
        ]


def test_a_group_without_values_has_no_average() -> None:
    text = "SELECT name, COUNT(*), AVG(duration), SUM(duration) FROM useraction GROUP BY name"
    with usql.connect() as db:
        db.import_sessions([row(1, {"city": "a"}), row(2, {"city": "b", "duration": 0})])
        assert db.query(text).rows == [("a", 1, None, None), ("b", 1, 0.0, 0)]
        assert type(db.query(text).rows[1][2]) is float


def test_an_empty_store_has_no_groups() -> None:
    with usql.connect() as db:
        assert db.query("SELECT country, COUNT(*) FROM usersession GROUP BY country").rows == []


@pytest.mark.parametrize(
    "text",
    [
        # no index has both
        "SELECT city, MAX(endTime) FROM usersession GROUP BY city",
        "SELECT country, browserFamily, COUNT(*) FROM usersession GROUP BY country, browserFamily",
        # users are not few
        "SELECT userId, COUNT(*) FROM usersession GROUP BY userId",
        "SELECT city, COUNT(DISTINCT duration) FROM usersession GROUP BY city",
        "SELECT city, MEDIAN(duration) FROM usersession GROUP BY city",
        "SELECT city, CONDITION(COUNT(*), WHERE duration > 1) FROM usersession GROUP BY city",
        "SELECT city, COUNT(*) FROM usersession WHERE duration > 1 GROUP BY city",
    ],
)
def test_other_groups_are_made_row_by_row(db: usql.Database, text: str) -> None:
    assert "LIMIT 1001" not in db.compile(text).sql
    db.query(text)
