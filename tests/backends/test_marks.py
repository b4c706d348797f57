"""Funnels whose conditions on actions DuckDB judges in one pass, counted by hand beside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import usql

SESSIONS: dict[str, tuple[bool, list[tuple[str | None, int | None]]]] = {
    "none": (False, []),
    "nameless": (False, [(None, 5)]),
    "a": (False, [("a", None)]),
    "ab": (True, [("a", 1), ("b", 20)]),
    "abc": (False, [("b", 1), ("c", 2), ("a", 30)]),
    "aac": (False, [("a", 1), ("a", 40), ("c", None)]),
    "bc": (True, [("b", 7), ("c", 7)]),
}
"""By id: whether it bounced, and its actions' names and durations."""


def session(name: str) -> dict[str, Any]:
    bounce, actions = SESSIONS[name]
    given = [
        {key: value for key, value in (("name", n), ("duration", d)) if value is not None}
        for n, d in actions
    ]
    return {"userSessionId": name, "startTime": 0, "bounce": bounce, "userActions": given}


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[usql.Database]:
    path: Path = tmp_path_factory.mktemp("marks") / "store.duckdb"
    with usql.connect(f"duckdb:{path}") as db:
        db.import_sessions([session(name) for name in SESSIONS])
        yield db


A, B, C = (f"useraction.name = '{name}'" for name in "abc")


def grouped(db: usql.Database, text: str) -> bool:
    return "BOOL_OR" in db.compile(text).sql


@pytest.mark.parametrize(
    ("steps", "counts"),
    [
        ((A, B, C), (4, 2, 1)),
        # no value satisfies a negation, also where there is no value
        ((A, "NOT useraction.name = 'b'", C), (4, 2, 1)),
        ((A, "useraction.name != 'b'"), (4, 2)),
        ((A, f"{B} OR {C}", "bounce = false"), (4, 3, 2)),
        ((f"{A} AND bounce = false", f"NOT ({B} OR {C})"), (3, 1)),
        # each condition on its own: the values need not be of the same action
        ((f"{A} AND useraction.duration >= 20", "useraction.duration BETWEEN 30 AND 40"), (3, 2)),
        ((A, "useraction.duration IS NULL"), (4, 1)),
        ((A, "useraction.duration IS NOT NULL", "useraction.name LIKE '*c'"), (4, 3, 2)),
        ((A, "useraction.name IN ('b', 'c')", f"NOT {C}"), (4, 3, 1)),
        ((B, B, A), (3, 3, 2)),
    ],
    ids=str,
)
def test_marks(db: usql.Database, steps: tuple[str, ...], counts: tuple[int, ...]) -> None:
    text = f"SELECT FUNNEL({', '.join(steps)}) FROM usersession"
    assert grouped(db, text)
    assert db.query(text).rows == [counts]


def test_conditions_of_the_scan_have_marks_too(db: usql.Database) -> None:
    text = f"SELECT FUNNEL(bounce = false, {A}, NOT {B}) FROM usersession WHERE {C}"
    assert grouped(db, text)
    assert db.query(text).rows == [(2, 2, 1)]


@pytest.mark.parametrize(
    ("steps", "counts"),
    [
        # sessions without any of the values count
        ((f"NOT {A}", B, C), (3, 1, 1)),
        (("useraction.duration IS NULL", A), (2, 1)),
        (("bounce = false", A, B), (5, 3, 1)),
        ((f"{A} OR bounce = true", B, C), (5, 3, 2)),
        # one condition alone, or one on each table
        ((A, "bounce = false"), (4, 3)),
        ((A, "usererror.name = 'x'"), (4, 0)),
    ],
    ids=str,
)
def test_other_funnels(db: usql.Database, steps: tuple[str, ...], counts: tuple[int, ...]) -> None:
    text = f"SELECT FUNNEL({', '.join(steps)}) FROM usersession"
    assert not grouped(db, text)
    assert db.query(text).rows == [counts]
