"""Percentiles that SQLite gathers in several ways, with values worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import usql

DURATIONS: dict[str, list[int | None]] = {
    "one": [7],
    "none": [None, None],
    "some": [40, None, 10, 20, None, 30],
    "same": [40, 10, 20, 30],
    "large": [2**53 + 2, 2**53 + 4, -(2**62)],
}
EXPECTED: dict[str, tuple[float | None, float | None]] = {
    # ranks (n - 1) * p / 100: of four values 1.5 for the median, 2.7 for the 90th
    "one": (7.0, 7.0),
    "none": (None, None),
    "some": (25.0, 37.0),
    "same": (25.0, 37.0),
    # of three 1.0 and 1.8
    "large": (float(2**53 + 2), float(2**53 + 2) + 1.6),
}


@pytest.fixture(scope="module")
def db() -> Iterator[usql.Database]:
    actions: list[dict[str, Any]] = [
        {"name": name} | ({} if duration is None else {"duration": duration})
        for name, durations in DURATIONS.items()
        for duration in durations
    ]
    properties = [{"key": "weight", "value": 0.1}]
    actions.append({"name": "property", "doubleProperties": properties})
    with usql.connect() as db:
        db.import_sessions([{"userSessionId": "s", "startTime": 10**12, "userActions": actions}])
        yield db


def test_of_a_field_by_group(db: usql.Database) -> None:
    text = "SELECT name, MEDIAN(duration), PERCENTILE(duration, 90) FROM useraction GROUP BY name"
    found = {name: tuple(values) for name, *values in db.query(text).rows}
    assert found.pop("property") == (None, None)
    assert found == EXPECTED


def test_of_a_field_in_all(db: usql.Database) -> None:
    text = (
        "SELECT PERCENTILE(duration, 0), PERCENTILE(duration, 100), MEDIAN(startTime),"
        " MEDIAN(usersession.startTime) FROM useraction"
    )
    assert db.query(text).rows == [(-float(2**62), float(2**53 + 4), None, 10**12)]
    nothing = "SELECT MEDIAN(duration) FROM useraction WHERE name = 'x'"
    assert db.query(nothing).rows == [(None,)]


def test_under_a_condition(db: usql.Database) -> None:
    text = "SELECT CONDITION(MEDIAN(duration), WHERE name = 'some' OR name = 'one') FROM useraction"
    assert db.query(text).rows == [(20.0,)]


def test_of_calculated_values_and_properties(db: usql.Database) -> None:
    text = (
        "SELECT MEDIAN(duration * 2), MEDIAN(doubleProperties.weight) FROM useraction"
        " WHERE name IN ('same', 'property')"
    )
    assert db.query(text).rows == [(50.0, 0.1)]
