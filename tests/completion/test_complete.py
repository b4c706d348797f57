"""Suggestions at a cursor, which the texts here mark with ``|``."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

import usql
from tests.completion.walk import walk
from usql.completion import Suggestion, complete_timeframe
from usql.demo import write
from usql.schema import Field, catalogue


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[usql.Database]:
    folder = tmp_path_factory.mktemp("complete")
    write(folder / "demo.ndjson", 60, 7)
    with usql.connect(folder / "demo.db") as opened:
        opened.import_files([folder / "demo.ndjson"])
        yield opened


def suggestions(db: usql.Database, marked: str) -> tuple[Suggestion, ...]:
    cursor = marked.index("|")
    text = marked.replace("|", "")
    return db.complete(text, cursor)


def with_values(db: usql.Database, marked: str) -> list[str]:
    """Return suggestions with values of the store, which a thread looks for: maybe not at once."""
    for _ in range(1000):
        found = suggestions(db, marked)
        if any(s.kind == "value" and s.label not in ("''", '""') for s in found):
            break
    return [s.text for s in found]


def texts(db: usql.Database, marked: str) -> list[str]:
    return [s.text for s in suggestions(db, marked)]


def applied(db: usql.Database, marked: str, label: str) -> str:
    """Return the text after a suggestion, with the cursor marked."""
    found = next(s for s in suggestions(db, marked) if s.label == label)
    text = found.apply(marked.replace("|", ""))
    return f"{text[: found.cursor]}|{text[found.cursor :]}"


def test_a_query_begins_with_select(db: usql.Database) -> None:
    assert texts(db, "|") == ["SELECT"]
    assert texts(db, "sel|") == ["SELECT"]


def test_the_table_may_stand_behind_the_cursor(db: usql.Database) -> None:
    found = texts(db, "SELECT | FROM useraction")
    assert "visuallyCompleteTime" in found
    assert "usersession.country" in found
    assert "country" not in found
    assert not any(text.startswith("usererror") for text in found)


def test_functions_take_what_they_can(db: usql.Database) -> None:
    numbers = texts(db, "SELECT SUM(|) FROM usersession")
    assert "duration" in numbers
    assert not {"city", "bounce", "startTime"} & set(numbers)
    dates = texts(db, "SELECT HOUR(|) FROM usersession")
    assert "startTime" in dates
    assert not {"city", "duration"} & set(dates)
    keys = texts(db, "SELECT KEYS(|) FROM usersession")
    assert "stringProperties" in keys
    assert all(name.endswith("Properties") for name in keys)


def test_a_function_comes_with_brackets_and_the_cursor_in_them(db: usql.Database) -> None:
    assert applied(db, "SELECT med| FROM usersession", "MEDIAN") == (
        "SELECT MEDIAN(|) FROM usersession"
    )


def test_a_word_in_the_middle_is_replaced_whole(db: usql.Database) -> None:
    assert applied(db, "SELECT cit|xx FROM usersession", "city") == "SELECT city| FROM usersession"


def test_after_a_dot(db: usql.Database) -> None:
    assert texts(db, "SELECT useraction.nam|")[0] == "name"
    assert texts(db, "SELECT usererror.| FROM useraction") == []
    assert '"loyalty level"' in texts(db, "SELECT stringProperties.| FROM usersession")


def test_frequent_values_in_the_quotes_that_are_typed(db: usql.Database) -> None:
    top = db.query("SELECT country, COUNT(*) FROM usersession GROUP BY country").rows[0][0]
    assert with_values(db, "SELECT city FROM usersession WHERE country = |")[0] == f"'{top}'"
    assert with_values(db, 'SELECT city FROM usersession WHERE country = "|')[0] == f'"{top}"'
    assert applied(db, f'SELECT city FROM usersession WHERE country IN ("{top[:2]}|")', top) == (
        f'SELECT city FROM usersession WHERE country IN ("{top}"|)'
    )


def test_closed_values(db: usql.Database) -> None:
    found = texts(db, "SELECT city FROM usersession WHERE connectionType = 'wi|'")
    assert found == ["'WIFI'"]
    assert texts(db, "SELECT city FROM usersession WHERE bounce = |") == ["true", "false"]


def test_comparisons_fit_the_field(db: usql.Database) -> None:
    assert "LIKE" in texts(db, "SELECT city FROM usersession WHERE city |")
    assert "LIKE" not in texts(db, "SELECT city FROM usersession WHERE duration |")
    assert "<" not in texts(db, "SELECT city FROM usersession WHERE bounce |")


def test_columns_after_group_by_and_order_by(db: usql.Database) -> None:
    select = "SELECT country AS land, city, COUNT(*) AS n FROM usersession"
    assert texts(db, f"{select} GROUP BY |")[0] == "land, city"
    assert texts(db, f"{select} GROUP BY land, city ORDER BY |")[:3] == ["land", "city", "n"]
    assert "n" not in texts(db, f"{select} GROUP BY |")


def test_what_is_not_supported_yet_is_not_suggested(db: usql.Database) -> None:
    assert not {"OFFSET", "COMPARE"} & set(texts(db, "SELECT city FROM usersession LIMIT 3 |"))


@pytest.mark.parametrize("marked", ["SELECT city -- |", "SELECT /* |", "nonsense here |"])
def test_where_nothing_can_be_said(db: usql.Database, marked: str) -> None:
    assert suggestions(db, marked) == ()


def test_only_the_statement_of_the_cursor_counts(db: usql.Database) -> None:
    assert applied(db, "SELECT x y z; SELECT city FROM usera|", "useraction") == (
        "SELECT x y z; SELECT city FROM useraction|"
    )


def test_new_keys_are_seen_after_an_import(db: usql.Database) -> None:
    with usql.connect() as fresh:
        text = "SELECT stringProperties."
        assert fresh.complete(text) == ()
        session = {
            "userSessionId": "A", "startTime": 1, "endTime": 2,
            "stringProperties": [{"key": "plan", "value": "gold"}],
        }  # fmt: skip
        fresh.import_sessions([session])
        assert [s.text for s in fresh.complete(text)] == ["plan"]


def test_timeframes() -> None:
    found = complete_timeframe("last", 4)
    assert found[0].text.startswith("last ")
    assert complete_timeframe("yesterday to n", 14)[0].apply("yesterday to n") == "yesterday to now"


def test_every_suggested_timeframe_can_be_read() -> None:
    with usql.connect() as empty:
        for found in complete_timeframe("", 0):
            query = "SELECT COUNT(*) FROM usersession"
            assert empty.query(query, timeframe=found.text).rows == [(0,)]


def test_suggestions_lead_to_queries(db: usql.Database) -> None:
    wrong = [
        (text, problem)
        for seed in range(120)
        for text, problem in walk(db, random.Random(seed))
        if problem
    ]
    assert wrong == []


def test_a_prepared_database_knows_its_property_keys(
    db: usql.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    with usql.connect(str(db._location), create=False) as opened:
        property_keys = opened._backend.property_keys

        def noted(field: Field) -> Collection[str]:
            asked.append(field.name)
            return property_keys(field)

        monkeypatch.setattr(opened._backend, "property_keys", noted)
        opened.prepare_completion()
        assert set(asked) == {f.name for t in catalogue().tables for f in t.fields if f.properties}


def test_apdex_with_its_thresholds(db: usql.Database) -> None:
    assert "APDEX" in [s.label for s in suggestions(db, "SELECT ap| FROM useraction")]
    fields = texts(db, "SELECT APDEX(| FROM useraction")
    assert "duration" in fields
    assert "apdexCategory" not in fields
    assert "3000" in texts(db, "SELECT APDEX(duration, |) FROM useraction")
    assert "12000" in texts(db, "SELECT APDEX(duration, 3000, |) FROM useraction")


def test_segments_of_the_store(tmp_path: Path) -> None:
    with usql.connect(tmp_path / "s.db") as store:
        store.import_sessions([{"userSessionId": "a", "startTime": 0}])
        query = "SELECT COUNT(*) FROM useraction WHERE "
        assert "IN SEGMENT" not in [s.label for s in suggestions(store, f"{query}|")]
        store.segments.add("vip", "User tag: ann")
        store.segments.add('the "others"', "not User tag: ann")
        assert applied(store, f"{query}|", "IN SEGMENT") == f'{query}IN SEGMENT "|"'
        assert applied(store, f"{query}NOT in se|", "SEGMENT") == f'{query}NOT in SEGMENT "|"'
        both = ["'the \"others\"'", '"vip"']
        assert texts(store, f"{query}IN SEGMENT |") == both
        assert texts(store, f'{query}IN SEGMENT "v|"') == ['"vip"']
        assert (
            applied(store, f'{query}IN SEGMENT "v|" AND', "vip") == f'{query}IN SEGMENT "vip"| AND'
        )
        store.segments.remove("vip")
        assert texts(store, "SELECT FUNNEL(IN SEGMENT |) FROM usersession") == both[:1]
        # what is behind a condition with a segment is suggested as ever
        found = texts(store, "SELECT country FROM usersession WHERE IN SEGMENT 'the \"others\"' |")
        assert {"AND", "GROUP BY", "LIMIT"} <= {*found}
        assert "country" in texts(
            store, "SELECT country FROM usersession WHERE IN SEGMENT 'the \"others\"' GROUP BY |"
        )
