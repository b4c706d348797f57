"""Named segments, kept in stores of each kind, and used by queries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import usql
from usql import Segment
from usql.errors import BadSegment, UnknownAttribute, UnknownSegment

SESSIONS = [
    {
        "userSessionId": name,
        "startTime": start,
        "country": country,
        "userActions": [{"name": "Login", "startTime": start, "duration": 10}] * actions,
    }
    for name, start, country, actions in (
        ("a", 1, "Austria", 1),
        ("b", 2, "Spain", 2),
        ("c", 3, None, 4),
    )
]


@pytest.fixture(params=["memory", "sqlite", "duckdb", "chdb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "memory":
        return ":memory:"
    if request.param == "sqlite":
        return str(tmp_path / "store.db")
    pytest.importorskip(request.param)
    return f"{request.param}:{tmp_path / 'store'}"


@pytest.fixture
def db(url: str) -> Iterator[usql.Database]:
    with usql.connect(url) as opened:
        opened.import_sessions(SESSIONS)
        yield opened


def names(db: usql.Database) -> list[str]:
    return [each.name for each in db.segments.list()]


def count(db: usql.Database, condition: str, table: str = "usersession") -> int:
    found: int = db.query(f"SELECT COUNT(*) FROM {table} WHERE {condition}").rows[0][0]
    return found


def test_from_added_to_removed(db: usql.Database) -> None:
    assert db.segments.list() == ()
    with pytest.raises(UnknownSegment, match="there is no segment 'it's'"):
        db.query("""SELECT COUNT(*) FROM usersession WHERE IN SEGMENT "it's" """)
    db.segments.add("it's", "Country: Spain")
    db.segments.add("all", Segment())
    assert names(db) == ["all", "it's"]
    assert str(db.segments.get("IT'S")) == "Country: Spain"
    assert db.segments.get("all") == Segment()
    assert count(db, "IN SEGMENT 'it''s'") == 1
    assert count(db, "NOT IN SEGMENT 'it''s'") == 2
    assert count(db, "IN SEGMENT 'it''s'", "useraction") == 2
    assert count(db, "IN SEGMENT 'all'", "useraction") == 7
    db.segments.add("IT'S", "Country: none", replace=True)
    assert names(db) == ["IT'S", "all"]
    assert count(db, "IN SEGMENT 'it''s'", "useraction") == 4
    db.segments.rename("it's", "nowhere")
    assert names(db) == ["all", "nowhere"]
    assert count(db, "IN SEGMENT 'nowhere'") == 1
    db.segments.rename("nowhere", "Nowhere")
    db.segments.remove("NOWHERE")
    assert names(db) == ["all"]
    db.import_sessions(SESSIONS[:1])
    assert names(db) == ["all"]


def test_what_comes_with_a_query_hides_what_is_stored(db: usql.Database) -> None:
    db.segments.add("vip", "Country: Spain")
    text = "SELECT userSessionId FROM usersession WHERE IN SEGMENT 'vip'"
    assert db.query(text).rows == [("b",)]
    assert db.query(text, segments={"VIP": "country = 'Austria'"}).rows == [("a",)]
    assert db.query(text, segments={"vip": Segment.parse("Country: none")}).rows == [("c",)]
    assert db.query(text, segments={"other": "country = 'Austria'"}).rows == [("b",)]


def test_segments_outlive_the_connection(url: str) -> None:
    if url == ":memory:":
        pytest.skip("a store in memory does not")
    with usql.connect(url) as first:
        first.segments.add("vip", "Country: Spain")
    with usql.connect(url) as again:
        assert names(again) == ["vip"]


def test_what_is_bad_is_not_kept() -> None:
    with usql.connect() as db:
        db.segments.add("vip", "Country: Spain")
        for name in ("", "  ", " a", "a\nb", "x" * 201):
            with pytest.raises(BadSegment, match="a segment's name"):
                db.segments.add(name, "Country: Spain")
            with pytest.raises(BadSegment, match="a segment's name"):
                db.segments.rename("vip", name)
        with pytest.raises(BadSegment, match="there is a segment 'vip' already"):
            db.segments.add("Vip", "Country: Austria")
        with pytest.raises(UnknownAttribute):
            db.segments.add("new", "Contry: Austria")
        db.segments.add("other", "Country: Austria")
        with pytest.raises(BadSegment, match="there is a segment 'vip' already"):
            db.segments.rename("other", "VIP")
        for change in (db.segments.remove, db.segments.get):
            with pytest.raises(UnknownSegment) as raised:
                change("vipp")
            assert raised.value.hint == "did you mean vip?"
        assert names(db) == ["other", "vip"]
        assert str(db.segments.get("vip")) == "Country: Spain"


def test_a_store_with_segments_is_sound(tmp_path: Path) -> None:
    with usql.connect(tmp_path / "store.db") as db:
        db.segments.add("vip", "Country: Spain")
        assert db.check().sound
        db.compact()
        assert names(db) == ["vip"]
    with sqlite3.connect(tmp_path / "store.db") as plain:
        assert plain.execute("SELECT * FROM usql_segment").fetchall() == [("vip", "Country: Spain")]
    plain.close()
