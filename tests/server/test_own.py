"""Our own interface: queries in all formats, explanations, the catalogue, and its description."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pyarrow.ipc
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings

import usql
from tests.server.servers import Server
from tests.server.sessions import DAY
from usql.server.openapi import document

NAMES = "SELECT userSessionId AS id, duration FROM usersession ORDER BY startTime"


def ask(server: Server, **body: Any) -> Any:
    answer = server.post("/api/query", body)
    assert answer.status == 200, answer.body
    return answer.json


def test_query(server: Server) -> None:
    found = ask(server, query=NAMES, limit=2)
    assert found["columns"] == [
        {"name": "id", "type": "string", "unit": ""},
        {"name": "duration", "type": "long", "unit": "ms"},
    ]
    assert found["rows"] == [["S1", 1000], ["S2", 2000]]
    assert found["truncated"] is True
    assert found["explanations"] == ["only the first 2 rows are shown; write LIMIT for more"]


def test_parameters_timeframe_and_zone(server: Server) -> None:
    query = "SELECT DATETIME(startTime, 'HH') AS hour FROM usersession WHERE city = :city"
    found = ask(
        server,
        query=query,
        params={"city": "Graz"},
        timeframe=[DAY, DAY + 1001],
        timeZone="Europe/Vienna",
    )
    assert found["rows"] == [["23"]]
    assert ask(server, query=query, params={"city": "Vigo"}, timeframe=[DAY, DAY])["rows"] == []
    assert ask(server, query="SELECT city FROM usersession", timeframe="last 2 hours")["rows"] == []


def test_segments_that_come_along(server: Server) -> None:
    found = ask(
        server,
        query="SELECT userSessionId FROM usersession WHERE IN SEGMENT 'a' OR IN SEGMENT 'b'"
        " ORDER BY startTime",
        segments={"a": "country = 'Spain'", "b": {"segment": "Country: none"}},
    )
    assert found["rows"] == [["S3"], ["S4"]]


def test_formats(server: Server) -> None:
    def body(format: str) -> bytes:
        return server.post("/api/query", {"query": f"{NAMES} LIMIT 2", "format": format}).body

    assert body("csv") == b"id,duration\nS1,1000\nS2,2000\n"
    assert body("ndjson") == b'{"id":"S1","duration":1000}\n{"id":"S2","duration":2000}\n'
    with pyarrow.ipc.open_file(BytesIO(body("arrow"))) as file:
        assert file.read_all().to_pydict() == {"id": ["S1", "S2"], "duration": [1000, 2000]}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "missing required field"),
        ({"query": 1}, "Expected `str`"),
        ({"query": NAMES, "format": "xml"}, "there is no format 'xml'"),
        ({"query": NAMES, "limit": 0}, "$.limit"),
        ({"query": NAMES, "segments": {"a": 1}}, "$.segments"),
        ({"query": NAMES, "segments": {"a": {"segment": "Contry: x"}}}, "Contry"),
        ({"query": NAMES, "extra": 1}, "unknown field"),
        ({"query": NAMES, "timeframe": "soon"}, "timeframe"),
        ({"query": NAMES, "timeframe": [0, 2**63]}, "64 bits"),
        ({"query": NAMES, "timeframe": [0, 2**64]}, "64 bits"),
        ({"query": NAMES, "timeframe": [-(2**63), 0]}, "64 bits"),
        ({"query": NAMES, "timeframe": [2, 1]}, "ends before it starts"),
        ({"query": NAMES, "timeZone": "Mars"}, "Mars"),
        ({"query": "SELECT city FROM usersession WHERE city = :c"}, ":c"),
        ([], "should be a JSON object"),
    ],
)
def test_bad_bodies(server: Server, body: Any, said: str) -> None:
    answer = server.post("/api/query", body)
    assert answer.status == 400
    assert said in answer.json["error"]["message"]


def test_a_bad_query_has_its_place(server: Server) -> None:
    for path in ("/api/query", "/api/explain"):
        answer = server.post(path, {"query": "SELECT contry\nFROM usersession"})
        assert answer.status == 400
        details = answer.json["error"]["details"]
        assert (details["line"], details["column"]) == (1, 8)
        assert details["hint"] == "did you mean country?"
    answer = server.post("/api/format", {"query": "SELECT FROM"})
    assert answer.status == 400
    assert answer.json["error"]["details"]["line"] == 1


def test_not_json(server: Server) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b"", b"{", b'"\xff"', b"[" * 100_000, b'{"query": "\\ud800"}'):
        assert server.send("/api/query", "POST", headers, body).status == 400
    assert server.send("/api/query").status == 405


def test_explain(server: Server) -> None:
    answer = server.post("/api/explain", {"query": "select city from usersession"}).json
    assert answer["query"] == "SELECT city FROM usersession"
    assert answer["sql"].startswith("SELECT")
    assert answer["enginePlan"]


def test_complete(server: Server) -> None:
    text = "SELECT country FROM usersession WH"
    found = server.post("/api/complete", {"text": text}).json["suggestions"]
    first = found[0]
    assert text[: first["start"]] + first["text"].strip() == "SELECT country FROM usersession WHERE"
    assert first["end"] == len(text)
    assert first["cursor"] <= len(text) + len("ERE ")
    assert server.post("/api/complete", {"text": text, "cursor": 99}).status == 400
    assert server.post("/api/complete", {"text": text, "cursor": -1}).status == 400


def test_format(server: Server) -> None:
    answer = server.post("/api/format", {"query": "select city from usersession"})
    assert answer.json == {"query": "SELECT city FROM usersession"}


def test_schema(server: Server) -> None:
    tables = server.send("/api/schema").json["tables"]
    assert [t["name"] for t in tables] == ["usersession", "useraction", "userevent", "usererror"]
    duration = next(f for f in tables[0]["fields"] if f["name"] == "duration")
    assert (duration["type"], duration["unit"]) == ("long", "ms")


def test_description(server: Server) -> None:
    described = server.send("/openapi.json").json
    assert described == json.loads(json.dumps(document()))
    assert described["info"]["version"] == usql.__version__


@schemathesis.serializer("application/x-ndjson")
def _lines(context: Any, value: Any) -> bytes:
    return str(value).encode("utf-8", "replace")


schema = schemathesis.openapi.from_dict(document())


@schema.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_nothing_described_breaks_it(case: Any, server: Server) -> None:
    with requests.Session() as session:
        answer = case.call(base_url=server.url, session=session, timeout=20)
    assert answer.status_code < 500, (case, answer.text)
