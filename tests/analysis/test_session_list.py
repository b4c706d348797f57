"""Lists of sessions, against the same worked out in plain Python."""

from __future__ import annotations

from typing import Any

import pytest

import usql
from tests.analysis.plain import random_store, value
from usql.analysis.report import camel_case
from usql.analysis.sessions import FIELDS
from usql.errors import UnknownField, UsqlError, WrongStructure


@pytest.mark.parametrize("seed", range(4))
def test_all_that_is_told_of_sessions(seed: int) -> None:
    made, found = random_store(seed)
    with usql.connect() as db:
        db.import_sessions(made)
        listed = db.sessions("bounce = true OR userActionCount > 3")
    chosen = [
        s for s in found if value(s, "bounce") is True or (value(s, "userActionCount") or 0) > 3
    ]
    assert listed.total == len(listed.sessions) == len(chosen)
    told = [tuple(getattr(row, name) for name in FIELDS) for row in listed.sessions]
    expected = [tuple(value(s, camel_case(name)) for name in FIELDS) for s in chosen]
    assert sorted(told, key=repr) == sorted(expected, key=repr)
    starts = [row.start_time for row in listed.sessions]
    assert starts == sorted(starts, reverse=True)


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_the_number_of_all(seed: int) -> None:
    made, found = random_store(seed)
    with usql.connect() as db:
        db.import_sessions(made)
        listed = db.sessions(order="duration desc, userSessionId", limit=7)
        by_errors = db.sessions(order="totalErrorCount", limit=7)
    ordered = sorted(found, key=lambda s: (-value(s, "duration"), value(s, "userSessionId")))
    assert [row.duration for row in listed.sessions] == [value(s, "duration") for s in ordered[:7]]
    errors = sorted((value(s, "totalErrorCount") for s in found), key=lambda n: (n is None, n or 0))
    assert [row.total_error_count for row in by_errors.sessions] == errors[:7]
    assert listed.total == len(found)
    assert listed.notes == (f"7 of {len(found)} sessions are listed",)


def two(db: usql.Database) -> None:
    db.import_sessions(
        [
            {"userSessionId": "a", "startTime": 1000, "userId": "it's", "duration": 5},
            {"userSessionId": "b", "startTime": 2000, "userId": "bob"},
        ]
    )


def test_timeframe_and_parameters() -> None:
    with usql.connect() as db:
        two(db)
        assert [s.user_session_id for s in db.sessions().sessions] == ["b", "a"]
        first = db.sessions("userId = :u", params={"u": "it's"}, timeframe=(0, 2000))
        assert [s.user_session_id for s in first.sessions] == ["a"]
        assert db.sessions("userId = :u", params={"u": "it's"}, timeframe=(1001, 9000)).total == 0
        assert db.sessions(limit=0).total == 2


def test_the_queries_behind_it_give_the_same() -> None:
    with usql.connect() as db:
        two(db)
        listed = db.sessions("duration > 3 or userId='bob' -- people", limit=1)
        (first, second) = listed.questions
        assert db.query(first.query).rows == [
            tuple(getattr(row, name) for name in FIELDS) for row in listed.sessions
        ]
        assert db.query(second.query).rows == [(listed.total,)] == [(2,)]
        assert "WHERE (duration > 3 OR userId = 'bob')" in first.query


@pytest.mark.parametrize("seed", range(3))
def test_the_first_by_any_order_are_those_of_the_query_itself(seed: int) -> None:
    made, _ = random_store(seed)
    order = "totalErrorCount DESC, duration, userSessionId"
    columns = ", ".join(map(camel_case, FIELDS))
    with usql.connect() as db:
        db.import_sessions(made)
        for limit in (0, 1, 9, 1000):
            listed = db.sessions("userActionCount >= :n", order=order, limit=limit, params={"n": 2})
            plain = db.query(
                f"SELECT {columns} FROM usersession WHERE userActionCount >= 2"
                f" ORDER BY {order} LIMIT {limit}"
            )
            told = [tuple(getattr(row, name) for name in FIELDS) for row in listed.sessions]
            assert told == plain.rows


def test_as_data() -> None:
    with usql.connect() as db:
        two(db)
        listed = db.sessions("userSessionId = 'a'")
    made: dict[str, Any] = listed.to_dict(queries=True)
    assert made["total"] == 1
    assert made["notes"] == []
    assert made["sessions"][0]["userId"] == "it's"
    assert made["sessions"][0]["totalErrorCount"] is None
    assert [query["title"] for query in made["queries"]] == ["the sessions"]
    assert "queries" not in listed.to_dict()
    columns = listed.tables()["sessions"].columns
    assert (columns[1].name, columns[1].type) == ("startTime", "date")
    assert (columns[3].name, columns[3].type, columns[3].unit) == ("duration", "long", "ms")


class InChad:
    def to_usql(self) -> str:
        return "country = 'Chad' OR country = 'Mali'"


def test_what_has_a_condition_is_one() -> None:
    with usql.connect() as db:
        db.import_sessions(
            [{"userSessionId": c, "startTime": 0, "country": c} for c in ("Chad", "Mali", "Peru")]
        )
        assert db.sessions(InChad()).total == 2


@pytest.mark.parametrize(
    ("where", "line", "column"),
    [("contry = 'x'", 1, 1), ("bounce = true\nAND contry = 'x'", 2, 5), ("bounce = ", 1, 8)],
)
def test_an_error_is_shown_in_the_condition(where: str, line: int, column: int) -> None:
    with usql.connect() as db, pytest.raises(UsqlError) as caught:
        db.sessions(where)
    source, span = caught.value.source, caught.value.span
    assert source is not None
    assert span is not None
    assert source.text == where
    assert source.position(span.start) == (line, column)


def test_mistakes() -> None:
    with usql.connect() as db:
        for where in ("bounce = true LIMIT 3", "bounce = true) OR (bounce = false", "a = 1; b"):
            with pytest.raises(UsqlError):
                db.sessions(where)
        with pytest.raises(UnknownField) as caught:
            db.sessions(order="duratin desc")
        assert caught.value.source is not None
        assert caught.value.source.text == "duratin desc"
        with pytest.raises(WrongStructure, match="more than was asked for"):
            db.sessions(order="duration LIMIT 3")
