"""Named segments over HTTP, the attributes of sessions, and values to choose from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

import usql
from tests.server.conftest import make_store
from tests.server.servers import Server, serving, token
from usql.segments import attributes
from usql.server.openapi import document

IN_SPAIN = {"name": "spain", "segment": "country: Spain"}


@pytest.fixture
def writable(store: Path) -> Iterator[Server]:
    with serving(store) as running:
        yield running


def change(server: Server, method: str, target: str, body: Any = None, **headers: str) -> Any:
    sent = {"Content-Type": "application/json", **headers} if body is not None else headers
    return server.send(target, method, sent, json.dumps(body).encode() if body is not None else b"")


def count(server: Server, name: str) -> int:
    body = {"query": f'SELECT COUNT(*) FROM usersession WHERE IN SEGMENT "{name}"'}
    return server.post("/api/query", body).json["rows"][0][0]


def conforms(value: Any, schema: str) -> None:
    root = {"$ref": f"#/components/schemas/{schema}", "components": document()["components"]}
    jsonschema_rs.validate(root, value)


def test_the_life_of_a_segment(writable: Server, store: Path) -> None:
    assert writable.send("/api/segments").json == {"segments": []}
    added = writable.post("/api/segments", IN_SPAIN)
    made = {"name": "spain", "segment": "Country: Spain", "condition": "country = 'Spain'"}
    assert (added.status, added.json) == (201, made)
    assert added.headers["location"] == "/api/segments/spain"
    conforms(made, "NamedSegment")
    assert count(writable, "spain") == 1

    assert writable.send("/api/segments/spain").json == made
    assert writable.send("/api/segments/SPAIN").json == made
    put = change(writable, "PUT", "/api/segments/spain", {"segment": "Country: Austria"})
    assert (put.status, put.json["condition"]) == (200, "country = 'Austria'")
    assert count(writable, "spain") == 2

    renamed = change(writable, "PATCH", "/api/segments/spain", {"name": "a/b ä?"})
    assert (renamed.status, renamed.json["name"]) == (200, "a/b ä?")
    assert writable.send("/api/segments/spain").status == 404
    assert writable.send("/api/segments/a%2Fb%20%C3%A4%3F").json["segment"] == "Country: Austria"
    listed = writable.send("/api/segments").json
    assert [each["name"] for each in listed["segments"]] == ["a/b ä?"]
    conforms(listed, "NamedSegments")
    with usql.connect(store) as db:
        assert [each.name for each in db.segments] == ["a/b ä?"]

    removed = change(writable, "DELETE", "/api/segments/a%2Fb%20%C3%A4%3F")
    assert (removed.status, removed.body) == (204, b"")
    assert writable.send("/api/segments").json == {"segments": []}


def test_a_name_with_other_signs_has_its_place_in_location(writable: Server) -> None:
    added = writable.post("/api/segments", {"name": "a/b ä?", "segment": "Bounced: yes"})
    assert writable.send(added.headers["location"].replace("%c3%a4", "%C3%A4")).status == 200


def test_bad_segments(writable: Server) -> None:
    assert writable.post("/api/segments", IN_SPAIN).status == 201
    taken = writable.post("/api/segments", {"name": "Spain", "segment": "City: Linz"})
    assert taken.status == 409
    assert taken.json["error"]["details"]["code"] == "segment-exists"
    assert "there is a segment 'spain' already" in taken.json["error"]["message"]
    assert count(writable, "spain") == 1
    for body, said in [
        ({"name": "x", "segment": "Contry: Spain"}, "Contry"),
        ({"name": "x", "segment": "Duration: soon"}, "soon"),
        ({"name": " ", "segment": "Country: Spain"}, "name"),
        ({"name": "x\n", "segment": "Country: Spain"}, "name"),
        ({"name": "x" * 201, "segment": "Country: Spain"}, "200"),
        ({"name": "x"}, "segment"),
        ({"name": 1, "segment": "Country: Spain"}, "$.name"),
        ({**IN_SPAIN, "replace": True}, "replace"),
    ]:
        refused = writable.post("/api/segments", body)
        assert refused.status == 400
        assert said in refused.json["error"]["message"]
    for method in ("GET", "DELETE"):
        assert change(writable, method, "/api/segments/nobody").status == 404
    assert change(writable, "PATCH", "/api/segments/nobody", {"name": "x"}).status == 404
    assert change(writable, "PUT", "/api/segments/x", {"segment": "Contry: Spain"}).status == 400
    assert change(writable, "POST", "/api/segments/x", {"segment": "City: Linz"}).status == 405
    assert len(writable.send("/api/segments").json["segments"]) == 1


def test_only_administrators_change_segments(store: Path) -> None:
    query, admin = token(store, "query"), token(store, "admin")
    with serving(store) as server:
        assert server.send("/api/segments").status == 401
        assert server.send("/api/attributes").status == 401
        may_query = {"Authorization": f"Bearer {query}"}
        for method, target, body in [
            ("POST", "/api/segments", IN_SPAIN),
            ("PUT", "/api/segments/spain", {"segment": "Country: Spain"}),
            ("PATCH", "/api/segments/spain", {"name": "x"}),
            ("DELETE", "/api/segments/spain", None),
        ]:
            assert change(server, method, target, body, **may_query).status == 403
        added = server.post("/api/segments", IN_SPAIN, {"Authorization": f"Bearer {admin}"})
        assert added.status == 201
        assert server.send("/api/segments/spain", headers=may_query).status == 200
        assert server.send("/api/attributes", headers=may_query).status == 200


def test_web_pages_cannot_change_segments(writable: Server) -> None:
    sent = {"Content-Type": "text/plain"}
    body = json.dumps(IN_SPAIN).encode()
    assert writable.send("/api/segments", "POST", sent, body).status == 415
    foreign = {"Origin": "https://evil.example"}
    assert writable.send("/api/segments/spain", "DELETE", foreign).status == 403


def test_a_locked_store(writable: Server, store: Path) -> None:
    with sqlite3.connect(store, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = writable.post("/api/segments", IN_SPAIN)
        assert refused.status == 503
        assert "retry-after" in refused.headers
        other.execute("ROLLBACK")
    assert writable.post("/api/segments", IN_SPAIN).status == 201


def test_attributes(server: Server) -> None:
    found = server.send("/api/attributes").json
    conforms(found, "Attributes")
    assert [each["label"] for each in found["attributes"]] == [a.label for a in attributes()]
    duration = next(each for each in found["attributes"] if each["label"] == "Duration")
    assert duration == {
        "category": "Session",
        "label": "Duration",
        "field": "duration",
        "kind": "duration",
        "keyed": False,
        "many": False,
        "ranges": True,
        "choices": [],
        "aliases": ["Session duration"],
        "condition": "duration BETWEEN … AND …",
    }


def test_values(server: Server) -> None:
    def values(**body: Any) -> list[tuple[Any, int]]:
        answer = server.post("/api/attributes/values", body)
        assert answer.status == 200, answer.body
        conforms(answer.json, "Values")
        return [(each["value"], each["sessions"]) for each in answer.json["values"]]

    assert values(attribute="country") == [("Austria", 2), ("Spain", 1), (None, 1)]
    assert values(attribute="Country", limit=1) == [("Austria", 2)]
    narrowed = values(attribute="Country", segment="City: Linz, Vigo; Country: Spain")
    assert sorted(narrowed) == [("Austria", 1), ("Spain", 1)]
    assert values(attribute="String property", key="plan", segment="City: Linz") == [("pro", 1)]
    assert values(attribute="City", timeframe=[0, 1]) == []


def test_values_that_cannot_be_counted(server: Server) -> None:
    for body, said in [
        ({}, "attribute"),
        ({"attribute": "Colour"}, "Colour"),
        ({"attribute": "String property"}, "key"),
        ({"attribute": "Country", "key": "x"}, "key"),
        ({"attribute": "Country", "segment": "x"}, "x"),
        ({"attribute": "Country", "limit": 0}, "$.limit"),
        ({"attribute": "Country", "timeframe": "soon"}, "timeframe"),
    ]:
        answer = server.post("/api/attributes/values", body)
        assert answer.status == 400, body
        assert said in answer.json["error"]["message"]


def test_the_query_behind_values(server: Server) -> None:
    body = {"attribute": "Country", "segment": "Bounced: no", "showQuery": True}
    query = server.post("/api/attributes/values", body).json["query"]
    assert query == (
        "SELECT country, COUNT(*) FROM usersession WHERE bounce = false GROUP BY country LIMIT 100"
    )


def test_what_comes_with_a_query_hides_the_store(tmp_path: Path) -> None:
    store = make_store(tmp_path / "sessions.db")
    with usql.connect(store) as db:
        db.segments.add("here", "Country: Spain")
    query = 'SELECT COUNT(*) AS n FROM usersession WHERE IN SEGMENT "here"'
    with serving(store) as server:
        assert server.post("/api/query", {"query": query}).json["rows"] == [[1]]
        given = {"query": query, "segments": {"here": "country = 'Austria'"}}
        assert server.post("/api/query", given).json["rows"] == [[2]]
        explained = server.post("/api/explain", given)
        assert explained.status == 200
        assert "Austria" in explained.json["params"].values()
