"""The analyses over HTTP: what the library answers, as described, within the same limits."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema_rs
import pyarrow.ipc
import pytest

import usql
from tests.server.servers import Server, serving, token
from tests.server.test_limits import figure, wait_for
from usql.analysis.report import Report
from usql.analysis.rules import Rules
from usql.demo import generate
from usql.render.values import as_json
from usql.segments import Segment
from usql.server.openapi import document

SESSIONS = list(generate(300, 11))
RULES = {"apdex": {"satisfied": "1s", "tolerated": "2s"}, "experience": {"rage": 4}}
FIRST = SESSIONS[0]["userSessionId"]
USER = next(s["userId"] for s in SESSIONS if s.get("userId"))
PAIRS = {"by": ["useraction.name", "userevent.name"]}
"""Of each action with each event of its session: slow in the store ``busy``."""
EARLY = (min(s["startTime"] for s in SESSIONS), sorted(s["startTime"] for s in SESSIONS)[150])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("analyses") / "demo.db"
    with usql.connect(path) as db:
        db.import_sessions(SESSIONS)
        db.segments.add("webbers", "Application type: WEB_APPLICATION")
    return path


@pytest.fixture(scope="module")
def served(demo: Path) -> Iterator[Server]:
    with serving(demo) as running:
        yield running


@pytest.fixture(scope="module")
def db(demo: Path) -> Iterator[usql.Database]:
    with usql.connect(demo) as opened:
        yield opened


def _conforms(value: Any, schema: str) -> None:
    """Check an answer by what the OpenAPI document says of it."""
    described = document()
    root = {"$ref": f"#/components/schemas/{schema}", "components": described["components"]}
    jsonschema_rs.validate(root, value)


def _as_sent(report: Report, *, queries: bool = False) -> Any:
    return json.loads(as_json(report.to_dict(queries=queries)))


CASES: list[tuple[str, dict[str, Any], str, Any]] = [
    ("sessions", {}, "SessionList", lambda db: db.sessions()),
    (
        "sessions",
        {"segment": "Country: Austria, Germany", "order": "duration DESC", "limit": 7},
        "SessionList",
        lambda db: db.sessions(
            Segment.parse("Country: Austria, Germany"), order="duration DESC", limit=7
        ),
    ),
    (
        "sessions",
        {"where": "IN SEGMENT 'webbers' AND country = :c", "params": {"c": "Austria"}},
        "SessionList",
        lambda db: db.sessions(
            "applicationType = 'WEB_APPLICATION' AND country = :c", params={"c": "Austria"}
        ),
    ),
    (
        "sessions",
        {"segment": "Webbers"},
        "SessionList",
        lambda db: db.sessions("applicationType = 'WEB_APPLICATION'"),
    ),
    (f"session/{FIRST}", {}, "SessionDetails", lambda db: db.session(FIRST)),
    (
        f"session/{FIRST}",
        {"rules": RULES},
        "SessionDetails",
        lambda db: db.session(FIRST, rules=Rules.of(RULES)),
    ),
    ("findings", {}, "Findings", lambda db: db.findings()),
    (
        "findings",
        {
            "segment": "Bounced: yes",
            "attributes": ["Country", "OS family"],
            "over": "weekday",
            "values": 3,
            "limit": 5,
            "timeZone": "Europe/Vienna",
        },
        "Findings",
        lambda db: db.findings(
            "bounce = true",
            attributes=["Country", "OS family"],
            over="weekday",
            values=3,
            limit=5,
            timezone="Europe/Vienna",
        ),
    ),
    (
        "findings",
        {"where": "bounce = true", "againstSegment": "Bounced: no", "timeframe": list(EARLY)},
        "Findings",
        lambda db: db.findings("bounce = true", against="bounce = false", timeframe=EARLY),
    ),
    ("user", {"user": USER}, "UserDetails", lambda db: db.user(USER)),
    (
        "user",
        {"user": USER, "extended": True, "recent": 2, "timeZone": 120},
        "UserDetails",
        lambda db: db.user(USER, extended=True, recent=2, timezone=120),
    ),
    ("apdex", {}, "ApdexReport", lambda db: db.apdex()),
    (
        "apdex",
        {
            "by": ["country", "day"],
            "actions": "duration > 500",
            "rules": RULES,
            "limit": None,
            "againstTimeframe": list(EARLY),
        },
        "ApdexReport",
        lambda db: db.apdex(
            ["country", "day"],
            actions="duration > 500",
            rules=Rules.of(RULES),
            limit=None,
            against_timeframe=EARLY,
        ),
    ),
    (
        "apdex",
        {"by": [], "where": "bounce = true"},
        "ApdexReport",
        lambda db: db.apdex([], "bounce = true"),
    ),
    ("scores", {"by": "country"}, "ScoreReport", lambda db: db.scores("country")),
    (
        "scores",
        {"by": "country", "rules": RULES, "against": "bounce = true", "limit": 3},
        "ScoreReport",
        lambda db: db.scores("country", rules=Rules.of(RULES), against="bounce = true", limit=3),
    ),
]


@pytest.mark.parametrize(("path", "body", "schema", "library"), CASES)
def test_answers_are_those_of_the_library(
    served: Server, db: usql.Database, path: str, body: Any, schema: str, library: Any
) -> None:
    answer = served.post(f"/api/{path}", body)
    assert answer.status == 200, answer.body
    found = answer.json
    assert found == _as_sent(library(db))
    _conforms(found, schema)


def test_there_is_something_in_them(served: Server) -> None:
    """Else answers that are empty on both sides would be equal."""
    assert served.post("/api/sessions", {"limit": 7}).json["total"] == 300
    assert len(served.post("/api/findings", {"where": "bounce = true"}).json["differences"]) > 5
    assert served.post("/api/user", {"user": USER}).json["sessions"] >= 1
    assert served.post("/api/apdex", {}).json["total"]["satisfaction"]["samples"] > 300


def test_a_session_needs_no_body(served: Server, db: usql.Database) -> None:
    shown = served.send(f"/api/session/{FIRST}").json
    assert shown == _as_sent(db.session(FIRST))
    assert "queries" not in shown
    queries = served.send(f"/api/session/{FIRST}?showQuery=true").json["queries"]
    assert queries == _as_sent(db.session(FIRST), queries=True)["queries"]


@pytest.mark.parametrize(
    ("path", "body"),
    [("sessions", {}), ("findings", {}), ("user", {"user": USER}), ("apdex", {}), ("scores", {})],
)
def test_the_queries_behind_it_run(
    served: Server, db: usql.Database, path: str, body: dict[str, Any]
) -> None:
    found = served.post(f"/api/{path}", {**body, "showQuery": True, "timeframe": list(EARLY)}).json
    assert found["queries"]
    for each in found["queries"]:
        assert each["timeframe"] in (list(EARLY), None)  # a user's names are those of all time
        asked = served.post(
            "/api/query", {name: each.get(name, {}) for name in ("query", "params", "segments")}
        )
        assert asked.status == 200, asked.body


def test_tables(served: Server, db: usql.Database) -> None:
    def send(**body: Any) -> bytes:
        return served.post("/api/apdex", {"by": "country", "limit": 2, **body}).body

    tables = db.apdex("country", limit=2).tables()
    assert send(format="csv").decode() == tables["apdex"].to_csv()
    assert send(format="csv", table="total").decode() == tables["total"].to_csv()
    first = json.loads(send(format="ndjson").splitlines()[0])
    assert first["country"] == tables["apdex"].rows[0][0]
    with pyarrow.ipc.open_file(BytesIO(send(format="arrow"))) as file:
        assert file.read_all().num_rows == 2


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("sessions", {"where": "contry = 'x'"}, 400, "did you mean country?"),
        ("sessions", {"segment": "Contry: x"}, 400, "Contry"),
        ("sessions", {"segment": "nobody"}, 400, "nobody"),
        ("sessions", {"where": "bounce = true", "segment": "Bounced: yes"}, 400, "exclude"),
        ("sessions", {"order": "nothing"}, 400, "nothing"),
        ("sessions", {"limit": -1}, 400, "$.limit"),
        ("sessions", {"limit": 10**9}, 400, "$.limit"),
        ("sessions", {"wehre": "bounce = true"}, 400, "unknown field `wehre`"),
        ("sessions", {"timeframe": "soon"}, 400, "timeframe"),
        ("sessions", {"timeZone": "Mars"}, 400, "Mars"),
        ("sessions", {"where": "city = :c"}, 400, ":c"),
        ("sessions", {"where": "IN SEGMENT 'nobody'"}, 400, "nobody"),
        ("sessions", {"format": "xml"}, 400, "there is no format 'xml'"),
        ("sessions", {"table": "sessions"}, 400, "table is for formats other than json"),
        ("apdex", {"table": "spoons", "format": "csv"}, 400, "there are apdex, total"),
        ("apdex", {"by": "colour"}, 400, "colour"),
        ("apdex", {"rules": {"apdex": {"satisfied": "blue"}}}, 400, "blue"),
        ("apdex", {"actions": "usersession.nothing = 1"}, 400, "nothing"),
        ("scores", {"rules": {"tea": 1}}, 400, "tea"),
        ("findings", {"attributes": ["Colour"]}, 400, "Colour"),
        ("findings", {"over": "fortnight"}, 400, "fortnight"),
        ("findings", {"against": "bounce =", "where": "bounce = true"}, 400, "line 1"),
        ("user", {}, 400, "missing required field `user`"),
        ("user", {"user": "nobody at all"}, 404, "nobody at all"),
        ("session/nothing", {}, 404, "nothing"),
        ("session/a%2Fb", {}, 404, "a/b"),
        ("session/", {}, 404, ""),
    ],
)
def test_errors(served: Server, path: str, body: Any, status: int, said: str) -> None:
    answer = served.post(f"/api/{path}", body)
    assert answer.status == status
    error = answer.json["error"]
    assert error["code"] == status
    assert said in error["message"]
    _conforms(answer.json, "Error")


def test_an_error_has_its_place(served: Server) -> None:
    details = served.post("/api/sessions", {"where": "bounce = true AND\ncontry = 'x'"}).json
    assert details["error"]["details"]["code"] == "unknown-field"
    assert (details["error"]["details"]["line"], details["error"]["details"]["column"]) == (2, 1)


def test_scopes(tmp_path: Path) -> None:
    path = tmp_path / "guarded.db"
    usql.connect(path).close()
    query, ingest = token(path, "query"), token(path, "ingest")
    with serving(path) as server:
        for target in ("sessions", "findings", "user", "apdex", "scores", "session/x"):
            assert server.post(f"/api/{target}", {}).status == 401
            sent = {"Authorization": f"Bearer {ingest}"}
            assert server.post(f"/api/{target}", {}, sent).status == 403
        assert server.send("/api/session/x").status == 401
        sent = {"Authorization": f"Api-Token {query}"}
        assert server.post("/api/sessions", {}, sent).json["total"] == 0


def test_methods(served: Server) -> None:
    answer = served.send("/api/session/x", "DELETE")
    assert answer.status == 405
    assert set(answer.headers["allow"].upper().split(", ")) == {"GET", "HEAD", "POST"}
    assert served.send("/api/sessions").status == 405
    assert served.send(f"/api/session/{FIRST}", "HEAD").status == 200


def test_an_analysis_passes_its_time_limit(busy: Path) -> None:
    with serving(busy, "--query-timeout", "0.3") as server:
        answer = server.post("/api/scores", PAIRS)
        assert answer.status == 504
        assert server.post("/api/sessions", {"limit": 1}).status == 200


def test_an_analysis_ends_when_its_client_goes_away(busy: Path) -> None:
    body = json.dumps(PAIRS).encode()
    with serving(busy, "--max-queries", "1", "--max-waiting", "0") as server:
        connection = server.connect()
        connection.sendall(
            b"POST /api/scores HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        wait_for(server, "usql_queries_running", 1)
        refused = server.post("/api/user", {"user": "x"})
        assert refused.status == 429
        assert refused.headers["retry-after"] == "1"
        connection.close()
        wait_for(server, "usql_queries_running", 0)
        assert figure(server, "usql_queries_cancelled_total") == 1


def test_several_at_once(served: Server) -> None:
    found: list[int] = []

    def ask() -> None:
        answer = served.post("/api/apdex", {"by": "country"})
        found.append(answer.json["total"]["satisfaction"]["samples"])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
