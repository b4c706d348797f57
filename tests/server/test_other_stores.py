"""Stores of other engines behind the server: asked, written to and guarded like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import usql
from tests.server.servers import Server, lines, serving, token
from tests.server.sessions import DAY, SESSIONS, session

TABLE = "/api/v1/userSessionQueryLanguage/table?startTimestamp=1&query="
COUNT = f"{TABLE}SELECT+COUNT(*)+FROM+usersession"
SPAIN = {"name": "spain", "segment": "Country: Spain"}


@pytest.fixture(params=["duckdb", "chdb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    pytest.importorskip(request.param)
    made = f"{request.param}:{tmp_path / 'store'}"
    with usql.connect(made) as db:
        db.import_sessions(SESSIONS)
    return made


def count(server: Server) -> int:
    return server.send(COUNT).json["values"][0][0]


def send(server: Server, sessions: list[dict[str, Any]]) -> Any:
    return server.send("/ingest", "POST", {"Content-Type": "application/x-ndjson"}, lines(sessions))


def test_questions_and_sessions(url: str) -> None:
    with serving(url) as server:
        assert count(server) == 4
        grouped = "SELECT+country,COUNT(*)+FROM+usersession+GROUP+BY+country+ORDER+BY+country"
        assert server.send(TABLE + grouped).json["values"] == [
            ["Austria", 2],
            ["Spain", 1],
            ["null", 1],
        ]
        more = [session(n, DAY + n, country="Chad") for n in range(10, 30)]
        for new, replaced in ((20, 0), (0, 20)):
            answer = send(server, more)
            assert answer.status == 200, answer.body
            assert (answer.json["new"], answer.json["replaced"]) == (new, replaced)
            assert count(server) == 24
        assert server.post("/api/segments", SPAIN).status == 201
        chosen = server.post("/api/sessions", {"segment": "spain"}).json
        assert [each["userSessionId"] for each in chosen["sessions"]] == ["S3"]
        assert server.post("/api/apdex", {}).status == 200
        assert server.send("/api/health").status == 200
        assert server.stop() == 0
    with usql.connect(url, create=False) as db:
        assert db.query("SELECT COUNT(*) FROM usersession").rows == [(24,)]


def test_tokens_are_beside_it(url: str) -> None:
    secret = token(url, "query")
    path = Path(url.partition(":")[2])
    assert path.with_name("store.tokens.json").exists()
    with serving(url) as server:
        assert server.send(COUNT).status == 401
        assert server.send(f"{COUNT}&Api-Token={secret}").status == 200


def test_a_folder_of_parquet_is_only_read(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    folder = tmp_path / "exported"
    with usql.connect() as db:
        db.import_sessions(SESSIONS)
        db.export_files(folder, format="parquet")
    with serving(f"parquet:{folder}") as server:
        assert count(server) == 4
        refused = send(server, [session(9)])
        assert refused.status == 403
        assert "read" in refused.json["error"]["message"]
        assert server.post("/api/segments", SPAIN).status == 403
        assert count(server) == 4
