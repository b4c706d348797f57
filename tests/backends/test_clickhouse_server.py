"""ClickHouse stores on a server, through the client library; a stand-in is the server."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

pytest.importorskip("chdb", reason="the engine chdb is not installed")
pytest.importorskip("clickhouse_connect", reason="clickhouse-connect is not installed")

import usql
from usql.demo import generate
from usql.errors import Cancelled, EngineError, StoreError, TimeLimitExceeded
from usql.store.clickhouse_client import ClickhouseError, open_client
from usql.store.clickhouse_places import PASSWORD, ServerLocation

START = 1_700_000_000_000
COUNT = "SELECT COUNT(*) FROM usersession"
SLOW = (
    "SELECT COUNT(*) FROM usersession GROUP BY useraction.name, useraction.duration,"
    " useraction.startTime, useraction.visuallyCompleteTime, useraction.application"
)
ODD: dict[str, Any] = {
    "userSessionId": "it's \\ \t\n\0 ä\u2028",
    "startTime": START,
    "ip": "2001:DB8:0::1",
    "unknown": {"deep": [1, 2.5, None]},
    "matchingConversionGoals": ["b", "a", "b", ""],
    "doubleProperties": [{"key": "tiny", "value": 5e-324}, {"key": "whole", "value": 3.0}],
    "dateProperties": [{"key": "when", "value": -(2**63)}],
    "userActions": [
        {"name": "later", "startTime": 9, "longProperties": [{"key": "n", "value": 2**63 - 1}]},
        {"name": None, "startTime": 1},
    ],
    "events": [],
}


class Server:
    """A server in a process of its own."""

    def __init__(self, folder: Path) -> None:
        program = Path(__file__).with_name("standin.py")
        self._process = subprocess.Popen(
            [sys.executable, str(program), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def url(self, database: str, user: str = "") -> str:
        return f"clickhouse://{user}{'@' if user else ''}localhost:{self.port}/{database}"

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def shop(server: Server) -> str:
    """A database with sessions."""
    with usql.connect(server.url("shop")) as db:
        db.import_sessions([*generate(200), ODD])
    return server.url("shop")


@pytest.fixture
def db(shop: str) -> Iterator[usql.Database]:
    with usql.connect(shop, create=False) as db:
        yield db


@pytest.fixture(scope="module")
def sqlite() -> Iterator[usql.Database]:
    with usql.connect() as db:
        db.import_sessions([*generate(200), ODD])
        yield db


def sessions(db: usql.Database) -> dict[str, str]:
    return {s["userSessionId"]: json.dumps(s, sort_keys=True) for s in db.export_sessions()}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT country, COUNT(*), AVG(duration) FROM usersession GROUP BY country",
        "SELECT useraction.name, COUNT(*) FROM usersession WHERE city != 'x''y' AND"
        " useraction.name LIKE '%a%' GROUP BY useraction.name"
        " ORDER BY COUNT(*) DESC, useraction.name LIMIT 7",
        "SELECT name, PERCENTILE(duration, 95) FROM useraction WHERE duration > :least"
        " GROUP BY name ORDER BY name",
        "SELECT userSessionId, ip, matchingConversionGoals, doubleProperties.tiny FROM usersession"
        " ORDER BY startTime, userSessionId LIMIT 300",
        "SELECT JSON FROM usersession WHERE ip BETWEEN '2001:db8::' AND '2001:db8::ffff'",
        "SELECT FUNNEL(useraction.name = 'Search for trips' AS a, hasError = true AS b)"
        " FROM usersession",
    ],
)
def test_the_same_rows_as_sqlite(query: str, db: usql.Database, sqlite: usql.Database) -> None:
    params = {"least": 100} if ":least" in query else None
    found, expected = (each.query(query, params).rows for each in (db, sqlite))
    assert expected
    assert [list(map(_rounded, row)) for row in found] == [
        list(map(_rounded, row)) for row in expected
    ]


def _rounded(value: object) -> object:
    return float(f"{value:.9g}") if isinstance(value, float) else value


def test_whole_sessions_come_back(db: usql.Database, sqlite: usql.Database) -> None:
    assert sessions(db) == sessions(sqlite)


def test_what_is_there_is_told_and_sound(db: usql.Database) -> None:
    info = db.info()
    assert (info.sessions, info.version) == (201, 2)
    assert info.bytes > 10_000
    assert db.check().problems == ()
    plan = db.explain("SELECT COUNT(*) FROM usersession WHERE city LIKE 'L%'").engine_plan
    assert any("usersession" in line for line in plan)


def test_a_store_is_kept_like_any_other(server: Server, tmp_path: Path) -> None:
    url = server.url("kept")
    with usql.connect() as source, usql.connect(url) as db:
        source.import_sessions([ODD, {"userSessionId": "b", "startTime": START, "city": "Linz"}])
        source.segments.add("vip", "Country: Spain")
        assert source.copy_to(url).sessions == 2
        again = db.import_sessions([{"userSessionId": "b", "startTime": START, "city": "Graz"}])
        assert (again.sessions, again.replaced) == (0, 1)
        assert db.query("SELECT city FROM usersession WHERE city IS NOT NULL").rows == [("Graz",)]
        assert [each.name for each in db.segments.list()] == ["vip"]
        assert db.copy_to(tmp_path / "back.db").sessions == 2
        with usql.connect(tmp_path / "back.db") as back:
            assert sessions(back)[ODD["userSessionId"]] == sessions(source)[ODD["userSessionId"]]
        done = db.delete("city = 'Graz'")
        assert (done.sessions, done.kept, done.erased) == (1, 1, False)
        assert "within some ten minutes" in done.remains
        assert db.compact().indexes == ()
        assert db.query("SELECT COUNT(*), COUNT(useraction.name) FROM usersession").rows == [(1, 1)]
        assert source.copy_to(url, replace=True).sessions == 2
        assert db.query(COUNT).rows == [(2,)]


# What is ended


def running(server: Server) -> list[str]:
    client = open_client(ServerLocation.of(server.url("shop")))
    try:
        return [
            text
            for (text,) in client.read("SELECT query FROM system.processes")
            if "GROUP BY" in text and "processes" not in text
        ]
    finally:
        client.close()


def wait_until_nothing_runs(server: Server) -> None:
    until = time.monotonic() + 60
    while running(server):
        assert time.monotonic() < until, "the server goes on with a query that was ended"
        time.sleep(0.1)


def test_a_time_limit_ends_the_query_on_the_server(db: usql.Database, server: Server) -> None:
    with pytest.raises(TimeLimitExceeded):
        db.query(SLOW, timeout=0.02)
    wait_until_nothing_runs(server)
    assert db.query(COUNT).rows == [(201,)]


def test_an_interrupt_ends_the_query_on_the_server(db: usql.Database, server: Server) -> None:
    ended = threading.Event()

    def interrupt() -> None:
        while not ended.wait(0.1):  # the first may come before the query has begun
            db.interrupt()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(Cancelled):
        db.query(SLOW)
    ended.set()
    thread.join()
    wait_until_nothing_runs(server)
    assert db.query(COUNT).rows == [(201,)]


def test_a_cap_on_memory(shop: str) -> None:
    with (
        usql.connect(f"{shop}?memory=1m", create=False) as db,
        pytest.raises(EngineError, match="memory"),
    ):
        db.query(SLOW)


# What is refused


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (a Int64) ENGINE = Memory",
        "TRUNCATE TABLE usersession",
        "INSERT INTO usql_store SELECT 9",
    ],
)
def test_reading_can_do_nothing_else(shop: str, statement: str) -> None:
    client = open_client(ServerLocation.of(shop))
    try:
        with pytest.raises(ClickhouseError):
            client.read(statement)
        assert client.read("SELECT count() FROM usersession") == [[201]]
    finally:
        client.close()


def refusal(url: str, create: bool = False) -> str:
    with pytest.raises(StoreError) as raised:
        usql.connect(url, create=create)
    return str(raised.value)


def test_users_and_passwords(server: Server, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = refusal(server.url("shop", "ann:wrong"))
    assert "does not let ann in" in said
    assert PASSWORD in said
    assert "does not let nobody in" in refusal(server.url("shop", "nobody"))
    with usql.connect(server.url("shop", f"ann:{quote('se:cret/@', safe='')}")) as db:
        assert db.query(COUNT).rows == [(201,)]
        assert "se:cret" not in repr(db)
    monkeypatch.setenv(PASSWORD, "se:cret/@")
    with usql.connect(server.url("shop", "ann")) as db:
        assert db.query(COUNT).rows == [(201,)]


def test_a_user_who_may_only_read(server: Server, shop: str) -> None:
    with usql.connect(server.url("shop", "reader:r"), create=False) as db:
        assert db.query(COUNT).rows == [(201,)]
        with pytest.raises(StoreError, match="may only read"):
            db.import_sessions([{"userSessionId": "a", "startTime": START}])
        with pytest.raises(StoreError, match="may only read"):
            db.delete("bounce = true")
        assert db.query(COUNT).rows == [(201,)]


def test_a_user_who_may_not_even_set_anything(server: Server, shop: str) -> None:
    said = refusal(server.url("shop", "strict:s"))
    assert "readonly" in said


def test_a_database_that_is_not_there(server: Server) -> None:
    said = refusal(server.url("nowhere"))
    assert f"no store at clickhouse://localhost:{server.port}/nowhere" in said
    assert "usql import" in said
    assert "no store at" in refusal(server.url("default"))


def test_a_host_that_does_not_answer() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "cannot be reached" in refusal(f"clickhouse://localhost:{port}/shop", create=True)


def test_a_server_that_goes_away(tmp_path: Path) -> None:
    server = Server(tmp_path)
    try:
        with usql.connect(server.url("shop")) as db:
            db.import_sessions([ODD])
            server.stop()
            with pytest.raises(usql.UsqlError, match=r"cannot be read|could not run"):
                db.query(COUNT)
            with pytest.raises(StoreError):
                db.import_sessions([ODD])
    finally:
        server.stop()
