"""What was imported comes back as it was, field for field."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usql.layout import default_layout
from usql.schema import NESTED, PRIMARY, Field, catalogue
from usql.store.documents import documents, row_documents
from usql.store.importer import import_files, import_sessions
from usql.store.shapes import OLDER_NAMES
from usql.store.sqlite_store import Location, open_reader
from usql.types import Kind

LAYOUT = default_layout()
SAMPLES = sorted((Path(__file__).parent.parent / "data").glob("sessions-*.ndjson"))
UGLY = [
    "",
    "\x00",
    "a\x00b",
    "‮abc‏",
    "😀é",
    "'; DROP TABLE usersession; --",
    '"',
    "\\",
    "%_*?",
    "\n\r\t",
]


def in_newer_form(value: Any) -> Any:
    """Older names in their newer form, properties as lists, nulls left out."""
    if isinstance(value, list):
        return [in_newer_form(member) for member in value]
    if not isinstance(value, dict):
        return value
    members = {}
    for older, member in value.items():
        name = OLDER_NAMES.get(older, older)
        if member is None:
            continue
        if name.endswith("Properties") and isinstance(member, dict):
            member = [{"key": k, "value": v} for k, v in member.items() if v is not None]
        known = name in NESTED.values()
        members[name] = in_newer_form(member) if known or name.endswith("Properties") else member
    return members


def store_of(sessions: list[dict[str, Any]]) -> Location:
    location = Location.of(":memory:")
    summary = import_sessions(location, sessions, strict=True)
    assert summary.sessions == len(sessions)
    return location


def all_documents(location: Location) -> list[dict[str, Any]]:
    reader = open_reader(location)
    try:
        numbers = [n for (n,) in reader.execute("SELECT _session FROM usersession ORDER BY 1")]
        return list(documents(reader, LAYOUT, numbers).values())
    finally:
        reader.close()


def objects(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        if "index" not in document:
            yield document


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_file_comes_back_field_for_field(path: Path) -> None:
    location = Location.of(":memory:")
    import_files(location, [path], strict=True)
    expected = [in_newer_form(document) for document in objects(path)]
    assert all_documents(location) == expected
    assert [json.dumps(d) for d in all_documents(location)] == [
        json.dumps({name: d[name] for name in in_catalogue_order(d)})
        for d in expected_nested(expected)
    ]


def in_catalogue_order(document: dict[str, Any], table: str = PRIMARY) -> list[str]:
    order = [field.name for field in catalogue().table(table).fields]
    known = [name for name in order if name in document]
    return known + [name for name in document if name not in order]


def expected_nested(sessions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for session in sessions:
        for table, name in NESTED.items():
            if name in session:
                session[name] = [
                    {field: row[field] for field in in_catalogue_order(row, table)}
                    for row in session[name]
                ]
    return sessions


def test_what_was_exported_and_imported_again_is_the_same() -> None:
    once, twice = Location.of(":memory:"), Location.of(":memory:")
    import_files(once, SAMPLES)
    import_sessions(twice, all_documents(once), strict=True)
    assert all_documents(twice) == all_documents(once)


texts = st.text(max_size=12) | st.sampled_from(UGLY)
longs = st.integers(-(2**63), 2**63 - 1)
times = st.integers(0, 2**42)
doubles = st.floats(allow_nan=False, allow_infinity=False)
VALUES = {
    Kind.STRING: texts,
    Kind.ENUM: texts,
    Kind.IP: st.ip_addresses().map(str) | texts,
    Kind.LONG: longs | st.integers(-(2**52), 2**52).map(float),
    Kind.DOUBLE: doubles | st.integers(-(2**80), 2**80),
    Kind.BOOLEAN: st.booleans(),
    Kind.DATE: longs | st.datetimes().map(lambda moment: moment.isoformat()),
}
anything = st.recursive(
    st.none() | st.booleans() | longs | doubles | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
KNOWN = {field.name for table in catalogue().tables for field in table.fields} | set(OLDER_NAMES)


def values_of(field: Field) -> st.SearchStrategy[Any]:
    if field.properties:
        entries = st.fixed_dictionaries({"key": texts, "value": VALUES[field.kind]})
        odd = st.fixed_dictionaries({"key": texts, "value": VALUES[field.kind], "unit": texts})
        return st.lists(entries | odd, max_size=3)
    if field.many:
        return st.lists(texts, max_size=3)
    return anything if field.nested else VALUES[field.kind]


@st.composite
def rows(draw: st.DrawFn, table: str) -> dict[str, Any]:
    fields = [f for f in catalogue().table(table).fields if f.name not in NESTED.values()]
    chosen = draw(st.lists(st.sampled_from(fields), max_size=8, unique_by=lambda f: f.name))
    row = {field.name: draw(values_of(field) | st.none()) for field in chosen}
    unknown = st.dictionaries(texts.filter(lambda name: name not in KNOWN), anything, max_size=2)
    return row | draw(unknown)


@st.composite
def sessions(draw: st.DrawFn) -> dict[str, Any]:
    session = draw(rows(PRIMARY))
    session["userSessionId"] = draw(texts | longs)
    session["startTime"] = draw(VALUES[Kind.DATE])
    for table, name in NESTED.items():
        if draw(st.booleans()):
            session[name] = draw(st.lists(rows(table), max_size=4))
    return session


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(sessions())
def test_any_session_comes_back_field_for_field(session: dict[str, Any]) -> None:
    assert all_documents(store_of([json.loads(json.dumps(session))])) == [in_newer_form(session)]


@pytest.mark.parametrize("text", [*UGLY, "x" * 100_000])
def test_ugly_texts_come_back_from_every_place(text: str) -> None:
    properties = [{"key": text, "value": text}]
    session = {
        "userSessionId": text,
        "startTime": 1,
        "city": text,
        "ip": text,
        "matchingConversionGoals": [text],
        "stringProperties": properties,
        "userActions": [{"name": text, "targetUrl": text, "stringProperties": properties}],
        "an unknown field " + text: text,
    }
    assert all_documents(store_of([session])) == [session]


@pytest.mark.parametrize(
    ("given_extra", "kept"),
    [
        ({"geolocationCityName": "Linz"}, {"city": "Linz"}),
        ({"city": "A", "geolocationCityName": "B"}, {"city": "A", "geolocationCityName": "B"}),
        ({"city": None, "geolocationCityName": "Linz"}, {"city": "Linz"}),
        ({"city": "Linz", "geolocationCityName": "Linz"}, {"city": "Linz"}),
        ({"stringTags": {"b": "1", "a": None}}, {"stringProperties": [{"key": "b", "value": "1"}]}),
        ({"matchingConversionGoals": ["a", None, "b"]}, {"matchingConversionGoals": ["a", "b"]}),
        ({"ip": " 10.0.0.1"}, {"ip": " 10.0.0.1"}),
        ({"numTags": {"x": 2**53 + 1}}, {"doubleProperties": [{"key": "x", "value": 2**53 + 1}]}),
    ],
)  # fmt: skip
def test_what_becomes_of_older_names_and_spellings(
    given_extra: dict[str, Any], kept: dict[str, Any]
) -> None:
    identity = {"userSessionId": "s", "startTime": 1}
    assert all_documents(store_of([identity | given_extra])) == [identity | kept]


def test_secondary_rows_come_back_in_the_order_they_arrived() -> None:
    actions = [{"name": "b", "startTime": 9}, {"name": "none"}, {"name": "a", "startTime": 3}]
    location = store_of([{"userSessionId": "s", "startTime": 1, "userActions": actions}])
    assert all_documents(location)[0]["userActions"] == actions


def test_row_documents_are_found_by_position() -> None:
    actions = [{"name": "b", "startTime": 9}, {"name": "a", "startTime": 3, "newField": 1}]
    location = store_of([{"userSessionId": "s", "startTime": 1, "userActions": actions}])
    reader = open_reader(location)
    found = row_documents(reader, LAYOUT, "useraction", [(1, 1), (1, 0), (1, 7), (2, 0)])
    reader.close()
    assert list(found.items()) == [((1, 1), actions[0]), ((1, 0), actions[1])]


def test_many_keys_in_the_order_asked_for_without_those_that_are_not_there() -> None:
    location = store_of([{"userSessionId": str(n), "startTime": n} for n in range(1, 1001)])
    reader = open_reader(location)
    asked = list(range(1005, 0, -1))
    found = documents(reader, LAYOUT, asked)
    reader.close()
    assert list(found) == asked[5:]
    assert found[700] == {"userSessionId": "700", "startTime": 700}


def test_reading_needs_no_more_than_permission_to_read() -> None:
    location = Location.of(":memory:")
    import_files(location, SAMPLES)
    allowed = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION}
    reader = open_reader(location)
    reader.set_authorizer(
        lambda action, *_: sqlite3.SQLITE_OK if action in allowed else sqlite3.SQLITE_DENY
    )
    assert len(documents(reader, LAYOUT, [1, 2, 3])) == 3
    assert row_documents(reader, LAYOUT, "usererror", [(1, 0)])
    reader.close()


def test_rows_are_found_by_key_and_not_by_scanning() -> None:
    session = {"startTime": 1, "userActions": [{}], "stringProperties": {"a": "b"}}
    location = store_of([session | {"userSessionId": str(number)} for number in range(500)])
    reader = open_reader(location)
    queries: list[str] = []
    reader.set_trace_callback(queries.append)
    documents(reader, LAYOUT, [1])
    row_documents(reader, LAYOUT, "useraction", [(1, 0)])
    reader.set_trace_callback(None)
    plans = [reader.execute(f"EXPLAIN QUERY PLAN {query}").fetchall() for query in queries]
    reader.close()
    scans = [step for plan in plans for *_, step in plan if step.startswith("SCAN")]
    assert len(plans) == 20
    assert {step for step in scans if "wanted" not in step and "CONSTANT" not in step} == set()
