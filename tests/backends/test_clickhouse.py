"""ClickHouse stores, in process: what the random queries do not show; tables of a cluster."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlglot import exp

import usql
from usql.demo import generate
from usql.dialects.clickhouse import CLICKHOUSE, offset_codes
from usql.errors import Cancelled, EngineError, StoreError, TimeLimitExceeded
from usql.plan.sql import Generic
from usql.store.chdb_client import ChdbClient
from usql.store.clickhouse_client import ClickhouseError, open_client
from usql.store.clickhouse_places import ChdbLocation, ServerLocation
from usql.store.clickhouse_store import delete_statement, statements
from usql.store.places import layout_of
from usql.zones import Zone

pytest.importorskip("chdb", reason="the engine chdb is not installed")

COUNT = "SELECT COUNT(*) FROM usersession"
START = 1_700_000_000_000
SLOW = (
    "SELECT COUNT(*) FROM usersession GROUP BY useraction.name, useraction.duration,"
    " useraction.startTime, useraction.visuallyCompleteTime, useraction.application"
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chdb") / "sessions"
    with usql.connect(f"chdb:{path}") as db:
        db.import_sessions(generate(300))
    return path


@pytest.fixture
def db(path: Path) -> Iterator[usql.Database]:
    with usql.connect(f"chdb:{path}", create=False) as db:
        yield db


def worker_of(folder: Path) -> int:
    """Return the process that keeps a folder for this one."""
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                command = (process / "cmdline").read_bytes().split(b"\0")
                parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if os.fsencode(folder.resolve()) in command and int(parent) == os.getpid():
                return int(process.name)
    raise AssertionError("no process has the folder")


def test_importing_again_replaces(tmp_path: Path) -> None:
    sessions = list(generate(20))
    with usql.connect(f"chdb:{tmp_path / 'twice'}") as db:
        first = db.import_sessions(sessions)
        again = db.import_sessions(sessions)
        assert (first.sessions, first.replaced) == (20, 0)
        assert (again.sessions, again.replaced) == (0, 20)
        actions = sum(len(s.get("userActions", [])) for s in sessions)
        assert db.query("SELECT COUNT(*) FROM useraction").rows == [(actions,)]
        assert len(list(db.export_sessions())) == 20


def test_a_replaced_session_leaves_nothing_behind(tmp_path: Path) -> None:
    session = {"userSessionId": "a", "startTime": START}
    action = {"name": "old", "startTime": START, "duration": 5}
    with usql.connect(f"chdb:{tmp_path / 'replaced'}") as db:
        db.import_sessions([{**session, "userActions": [action], "stringProperties": {"k": "v"}}])
        db.import_sessions([session])
        counts = "SELECT COUNT(*), COUNT(useraction.name), COUNT(stringProperties.k)"
        assert db.query(f"{counts} FROM usersession").rows == [(1, 0, 0)]


def test_a_strict_import_that_fails_writes_nothing(tmp_path: Path) -> None:
    with usql.connect(f"chdb:{tmp_path / 'strict'}") as db:
        with pytest.raises(usql.UsqlError):
            db.import_sessions([{"userSessionId": "a", "startTime": START}, {"startTime": 1}])
        assert db.query(COUNT).rows == [(0,)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (a Int64) ENGINE = Memory",
        "DELETE FROM usersession WHERE 1",
        "TRUNCATE TABLE usersession",
        "INSERT INTO usql_store VALUES (9)",
        "SET readonly = 0",
        "SELECT * FROM usersession INTO OUTFILE '{folder}/out.csv'",
    ],
)
def test_reading_can_do_nothing_else(path: Path, tmp_path: Path, statement: str) -> None:
    client = open_client(ChdbLocation(path))
    try:
        with pytest.raises(ClickhouseError):
            client.read(statement.format(folder=tmp_path))
        assert client.read("SELECT count() FROM usersession") == [[300]]
    finally:
        client.close()
    assert list(tmp_path.iterdir()) == []


def test_a_time_limit_ends_the_query(db: usql.Database) -> None:
    began = time.monotonic()
    with pytest.raises(TimeLimitExceeded):
        db.query(SLOW, timeout=0.05)
    assert time.monotonic() - began < 5, "the query was not ended"
    assert db.query(COUNT).rows == [(300,)]


def test_an_interrupt_ends_the_query(db: usql.Database) -> None:
    threading.Timer(0.2, db.interrupt).start()
    with pytest.raises(Cancelled):
        db.query(SLOW)
    assert db.query(COUNT).rows == [(300,)]


def test_a_cap_on_memory(path: Path) -> None:
    with usql.connect(f"chdb:{path}?memory=1m", create=False) as db:
        with pytest.raises(EngineError, match="memory") as error:
            db.query(SLOW)
        assert "memory=" in str(error.value.hint)


def test_a_killed_process_is_started_again(path: Path, db: usql.Database) -> None:
    assert db.query(COUNT).rows == [(300,)]
    os.kill(worker_of(path), signal.SIGKILL)
    assert db.query(COUNT).rows == [(300,)]


def test_a_query_is_ended_while_the_engine_starts(
    path: Path, db: usql.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed engine held up would else outlast its time limit."""
    from usql.store import chdb_client

    start, may_start = chdb_client._Process._start, threading.Event()

    def slowly(process: Any) -> Any:
        may_start.wait()
        return start(process)

    assert db.query(COUNT).rows == [(300,)]
    monkeypatch.setattr(chdb_client._Process, "_start", slowly)
    os.kill(worker_of(path), signal.SIGKILL)
    with pytest.raises(TimeLimitExceeded):
        db.query(COUNT, timeout=0.05)
    timer = threading.Timer(0.1, db.interrupt)
    timer.start()
    with pytest.raises(Cancelled):
        db.query(COUNT)
    timer.join()
    may_start.set()
    assert db.query(COUNT).rows == [(300,)]


def test_what_is_known_of_a_store_is_read_anew_after_a_change(tmp_path: Path) -> None:
    session = {"userSessionId": "a", "startTime": START}
    query = "SELECT stringProperties.k FROM usersession ORDER BY startTime"
    with (
        usql.connect(f"chdb:{tmp_path / 'changes'}") as db,
        usql.connect(f"chdb:{tmp_path / 'changes'}") as other,
    ):
        assert db.session_range() is None
        other.import_sessions([{**session, "stringProperties": {"k": "v"}}])
        assert db.session_range() == (START, START)
        assert db.query(query).rows == [("v",)]
        other.segments.add("vip", "Country: Spain")
        assert [each.name for each in db.segments.list()] == ["vip"]
        other.segments.remove("vip")
        assert db.segments.list() == ()
        other.delete("userSessionId = 'a'")
        assert db.session_range() is None


def test_another_process_is_told_that_the_folder_is_in_use(path: Path, db: usql.Database) -> None:
    db.query(COUNT)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from usql.store.clickhouse_client import open_client\n"
        "from usql.store.clickhouse_places import ChdbLocation\n"
        "open_client(ChdbLocation(Path(sys.argv[1])), patience=0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True
    )
    assert "in use by another process" in done.stderr
    assert db.query(COUNT).rows == [(300,)]


def test_places_that_are_no_stores(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("mine")
    for name, problem in [("missing", "no store"), ("text", "a file"), ("full", "not a usql")]:
        with pytest.raises(StoreError, match=problem):
            usql.connect(f"chdb:{tmp_path / name}", create=False)
    with pytest.raises(StoreError, match="not a usql"):
        usql.connect(f"chdb:{tmp_path / 'full'}")


@pytest.mark.parametrize("engine", ["duckdb", "chdb"])
def test_info_tells_what_it_tells_of_sqlite(engine: str, tmp_path: Path) -> None:
    sessions = list(generate(30))

    def told(url: str) -> Any:
        with usql.connect(url) as db:
            db.import_sessions(sessions)
            return db.info()

    info, other = told(f"{engine}:{tmp_path / 'store'}"), told(":memory:")
    for name in ("sessions", "actions", "events", "errors", "first", "last", "applications"):
        assert getattr(info, name) == getattr(other, name), name
    assert info.properties == other.properties
    assert info.bytes > 1000


def test_tables_of_a_cluster() -> None:
    place = ServerLocation.of("clickhouse://h/shop?cluster=main")
    made = list(statements(place, layout_of(place)))
    assert all(' ON CLUSTER "main"' in each for each in made[:-1])
    (local,) = [s for s in made if '"shop"."useraction_local"' in s and s.startswith("CREATE")]
    assert (
        "ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/shop/useraction_local'" in local
    )
    assert 'ORDER BY ("_session", "_position")' in local
    # every relation is sharded by the session, so that all rows of one are on one shard
    spread = [s for s in made if "ENGINE = Distributed(" in s]
    assert len(spread) == len(layout_of(place).relations)
    assert all(s.endswith(', cityHash64("_session"))') for s in spread)
    assert delete_statement(place, "useraction", "7") == (
        'DELETE FROM "useraction_local" ON CLUSTER "main" WHERE "_session" IN (7)'
    )


def test_tables_of_one_server_are_plain() -> None:
    place = ServerLocation.of("clickhouse://h/shop")
    text = "\n".join(statements(place, layout_of(place)))
    assert not any(word in text for word in ("Replicated", "Distributed", "ON CLUSTER", "_local"))


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Vienna",
        "America/New_York",
        "Africa/Monrovia",  # seconds, until 1972
        "Asia/Kathmandu",
        "Australia/Lord_Howe",  # half an hour of summer time
        "Africa/Casablanca",
        "Antarctica/Troll",
    ],
)
def test_offsets_of_zones_at_any_time(path: Path, name: str) -> None:
    zone, random = ZoneInfo(name), Random(7)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    low, high = -62_100_000_000_000, 253_400_000_000_000  # years 2 and 9999
    instants = [random.randrange(low, high) for _ in range(300)]
    instants += [random.randrange(-5_000_000_000_000, 5_000_000_000_000) for _ in range(300)]
    listed = ", ".join(f"toInt64({instant})" for instant in instants)
    zone_node = exp.Literal.string(offset_codes(Zone(name, zone)))
    offset = CLICKHOUSE.spellings[Generic.OFFSET](exp.column("x"), zone_node).sql("clickhouse")
    with closing(ChdbClient(ChdbLocation(path))) as client:
        rows = client.read(f"SELECT x, {offset} FROM (SELECT arrayJoin([{listed}, NULL]) AS x)")
    found = {instant: offset for instant, offset in rows if instant is not None}
    for instant in instants:
        moment = (epoch + timedelta(milliseconds=instant)).astimezone(zone)
        expected = moment.utcoffset()
        assert expected is not None
        assert found[instant] == expected // timedelta(milliseconds=1), instant


EDGE = 1_704_067_200_000
"""2024-01-01 00:00 UTC."""
# around a second's edges, and in years that share a number
STARTS = [EDGE + by for by in (-1001, -1000, -1, 0, 1, 999, 1000, 1001)]
STARTS += [-5_000, -4_000, 4_294_967_295_000, 4_400_000_000_000, 4_400_000_000_001]


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[usql.Database]:
    rows = [
        {
            "userSessionId": f"s{start}",
            "startTime": start,
            "userActions": [{"name": "Load", "startTime": start}] * 2,
            "stringProperties": [{"key": "plan", "value": "gold"}],
        }
        for start in STARTS
    ]
    with usql.connect(f"chdb:{tmp_path_factory.mktemp('edges') / 'store'}") as db:
        db.import_sessions(rows[::2] + rows[1::2])
        yield db


@pytest.mark.parametrize(
    ("first", "last"),
    [(0, 1), (-1, 0), (-1000, 1000), (-1001, 1002), (0, 10**13), (-(2 * 10**12), 1), (1, 999)],
)
def test_a_timeframe_is_a_range_of_numbers(edges: usql.Database, first: int, last: int) -> None:
    frame = (EDGE + first, EDGE + last)
    expected = [start for start in STARTS if frame[0] <= start < frame[1]]
    query = "SELECT userSessionId, stringProperties.plan FROM usersession"
    found = edges.query(query, timeframe=frame).rows
    assert found == [(f"s{start}", "gold") for start in sorted(expected, reverse=True)]
    query = "SELECT COUNT(*) FROM useraction WHERE usersession.stringProperties.plan = 'gold'"
    assert edges.query(query, timeframe=frame).rows == [(2 * len(expected),)]


def test_every_relation_is_read_within_the_timeframe(edges: usql.Database) -> None:
    query = (
        "SELECT usersession.stringProperties.plan, name, SUM(usersession.duration) FROM useraction"
        " WHERE usersession.matchingConversionGoals = 'x' GROUP BY name,"
        " usersession.stringProperties.plan"
    )
    text = edges.compile(query, timeframe=(EDGE, EDGE + 1)).sql
    relations = re.findall(r'(?:FROM|JOIN) "user\w+" AS ("\w+")', text)
    assert len(relations) > 2
    for alias in relations:
        assert f'{alias}."_session" BETWEEN' in text


@pytest.mark.parametrize("order", ["", " ORDER BY startTime", " ORDER BY startTime DESC"])
def test_sessions_in_the_order_of_their_starts(edges: usql.Database, order: str) -> None:
    rows = edges.query(f"SELECT userSessionId FROM usersession{order} LIMIT 12").rows
    ascending = order == " ORDER BY startTime"
    assert rows == [(f"s{start}",) for start in sorted(STARTS, reverse=not ascending)[:12]]
