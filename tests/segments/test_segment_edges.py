"""Segments at their edges, on sessions made for them; answers by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import usql
from usql.segments import Segment

MIDNIGHT = 1_711_839_600_000
"""2024-03-31 00:00 in Vienna, a day of 23 hours."""
LAST = MIDNIGHT + 23 * 3_600_000 - 1


def session(
    name: str, actions: list[dict[str, Any]] | None = None, **fields: Any
) -> dict[str, Any]:
    made = [{"startTime": 0, "duration": 1, **action} for action in actions or []]
    return {"userSessionId": name, "startTime": 0, "userActions": made, **fields}


def on(moment: int) -> dict[str, Any]:
    return {"dateProperties": {"d": moment}}


SESSIONS = [
    session("before", [on(MIDNIGHT - 1)], **on(MIDNIGHT - 1)),
    session("first", [on(MIDNIGHT)], **on(MIDNIGHT)),
    session("last", [on(LAST)], **on(LAST)),
    session("after", [on(LAST + 1)], **on(LAST + 1)),
    session("around", [on(MIDNIGHT - 1), on(LAST + 1)]),
    session("zero", [{"requestErrorCount": 0, "customErrorCount": 0, "javascriptErrorCount": 0}]),
    session("errors", [{"requestErrorCount": 1}, {"customErrorCount": 0}],
            errors=[{"type": "Crash", "startTime": 0}]),
    session("reported", errors=[{"type": "Error", "startTime": 0}]),
    session("goals", matchingConversionGoals=["buy"]),
    session("counted", matchingConversionGoalsCount=1),
    session("none", matchingConversionGoals=[], matchingConversionGoalsCount=0),
    session("odd", city="50% off*", country="a\\b"),
    session("odder", city="50x off*", country="axb"),
    session("ten", ip="10.0.0.255"),
    session("eleven", ip="10.0.1.0"),
    session("six", ip="2001:db8::ffff"),
    session("masked", ip="10.0.0.x"),
    session("pairs", [{"longProperties": {"n": 1}}, {"longProperties": {"n": 9}},
                      {"doubleProperties": {"x": 1.0}}, {"doubleProperties": {"x": 9.0}}]),
    session("five", [{"longProperties": {"n": 5}}, {"doubleProperties": {"x": 1.5}}]),
]  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "duckdb"])
def db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    path = tmp_path_factory.mktemp("edges") / "store"
    with usql.connect(f"{request.param}:{path}") as made:
        made.import_sessions(SESSIONS)
        yield made


CASES = [
    ("Date property d: 2024-03-31", "first last"),
    ("Date property d: < 2024-03-31", "before"),
    ("Date property d: <= 2024-03-31", "before first last"),
    ("Date property d: > 2024-03-31", "after"),
    ("Date property d: >= 2024-03-31", "first last after"),
    ("Date property d: 2024-03-30 to 2024-03-31", "before first last"),
    ("Date property d: > 2024-03-30 and < 2024-04-01", "first last"),
    ("User action date property d: 2024-03-31", "first last"),
    ("User action date property d: > 2024-03-30 and < 2024-04-01", "first last"),
    (f"User action date property d: > {MIDNIGHT} and < {LAST + 1}", "last"),
    (
        "User action date property d: > 2024-03-31 00:00 and <= 2024-04-01 00:00",
        "last after around",
    ),
    ("Error type: request", "errors"),
    ("Error type: custom", ""),
    ("Error type: JavaScript", ""),
    ("Error type: reported, request", "errors reported"),
    ("Converted: yes", "goals counted"),
    ("City: 50% off*", "odd"),
    ('City: "50% off*"', "odd"),
    ("City: *x off*", "odder"),
    ("Country: a\\b", "odd"),
    ("Country: a\\*", "odd"),
    ("IP: 10.0.0.0/24", "ten"),
    ("IP: 10.0.0.7/23", "ten eleven"),
    ("IP: 2001:db8::/112", "six"),
    ("IP: 10.0.0.255 to 10.0.1.0", "ten eleven"),
    ("IP: > 10.0.0.255", "eleven six masked"),
    ('IP: "10.0.0.x"', "masked"),
    ("IP: 10.0.0.*", "ten masked"),
    ("User action long property n: > 1 and < 9", "five"),
    ("User action long property n: 1 to 9", "pairs five"),
    ("User action double property x: > 1 and < 9", "five"),
    ("User action double property x: >= 1 and < 1.5", "pairs"),
]


@pytest.mark.parametrize(("text", "names"), CASES, ids=[text for text, _ in CASES])
def test_a_segment_has_these_sessions(db: usql.Database, text: str, names: str) -> None:
    condition = Segment.parse(text).to_usql()
    result = db.query(
        f"SELECT userSessionId FROM usersession WHERE {condition}", timezone="Europe/Vienna"
    )
    assert sorted(row[0] for row in result.rows) == sorted(names.split())
    negation = Segment.parse(f"not {text}").to_usql()
    rest = db.query(f"SELECT COUNT(*) FROM usersession WHERE {negation}", timezone="Europe/Vienna")
    assert rest.rows == [(len(SESSIONS) - len(names.split()),)]
