"""Stores copied from engine to engine: no field is lost, and nothing is overwritten unasked."""

from __future__ import annotations

import csv
import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import usql
from usql.demo import generate
from usql.errors import BadParameter, StoreError
from usql.store.places import layout_of, place_of

DATA = Path(__file__).parents[1] / "data"
START = 1_700_000_000_000


_ONE = {
    "string": "a text",
    "enum": "AN_ENUM",
    "long": 2**53 + 1,
    "double": 0.1,
    "boolean": False,
    "date": START + 7,
    "ip": "10.1.2.3",
}


def row_of_every_field(table: str) -> dict[str, Any]:
    """A row with a value, or two, in each field that the catalogue has."""
    row: dict[str, Any] = {}
    with (Path(usql.__file__).parent / "fields.csv").open(encoding="utf-8", newline="") as lines:
        for field in csv.DictReader(lines):
            name, kind = field["field"], field["type"]
            if field["table"] != table or kind == "nested":
                continue
            one = _ONE[kind.removeprefix("properties<").removesuffix(">").removesuffix("[]")]
            if kind.startswith("properties"):
                row[name] = [{"key": "first", "value": one}, {"key": "second", "value": one}]
            else:
                row[name] = [one, "other"] if kind.endswith("[]") else one
    return row


def full_session() -> dict[str, Any]:
    """A session with every field of every table, and one in each that no table has."""
    session = row_of_every_field("usersession")
    session["unknown"] = [{"a": 1}]
    for table, nested in (
        ("useraction", "userActions"),
        ("userevent", "events"),
        ("usererror", "errors"),
    ):
        row = row_of_every_field(table)
        session[nested] = [{**row, "startTime": START + n, "unknown": n} for n in (2, 1)]
    return session


def odd_sessions() -> Iterator[dict[str, Any]]:
    """Sessions with what columns do not say, and values at the edges of their types."""
    rng = random.Random(3)
    yield {
        "userSessionId": 17,
        "startTime": "2023-11-14T22:13:20Z",
        "ip": "2001:DB8:0::1",
        "duration": 5.0,
        "unknown": {"deep": [{"er": [1, 2.5, None, "ä\u2028\\\t"]}], "": 0},
        "stringProperties": [
            {"key": "z", "value": "1"},
            {"key": "a", "value": ""},
            {"key": "z", "value": "twice", "more": True},
        ],
        "userActions": [
            {
                "name": "late",
                "startTime": START + 9,
                "notKnown": 1e300,
                "matchingConversionGoals": [],
            },
            {
                "name": None,
                "startTime": START + 1,
                "longProperties": {"n": -(2**63), "m": 2**63 - 1},
            },
            {"name": "no start"},
            {},
        ],
        "events": [],
        "errors": [{"name": "\x00'\"\n\U0001f600", "startTime": 0}],
        "matchingConversionGoals": ["b", "a", "b", ""],
    }
    for number in range(40):
        yield {
            "userSessionId": f"doubles{number}",
            "startTime": START + number,
            "tenantId": "t" * (number % 3),
            "partNumber": number,
            "doubleProperties": [
                {
                    "key": "d",
                    "value": rng.choice([1, -1]) * rng.random() * 10 ** rng.randint(-300, 300),
                },
                {"key": "tiny", "value": 5e-324},
                {"key": "whole", "value": 3.0},
            ],
            "dateProperties": [{"key": "when", "value": -(2**63)}],
        }
    yield {"userSessionId": "early", "startTime": -5}
    yield {"userSessionId": "late", "startTime": 10**17, "endTime": None}


def documents(url: str | Path) -> dict[tuple[Any, ...], str]:
    """Return the sessions of a store by identity, as text: 1, 1.0 and true are not the same."""
    with usql.connect(url, create=False) as db:
        found = list(db.export_sessions())
    keyed = {
        (s["userSessionId"], s["startTime"], s.get("tenantId"), s.get("partNumber")): s
        for s in found
    }
    assert len(keyed) == len(found)
    return {key: json.dumps(session, sort_keys=True) for key, session in keyed.items()}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("copy") / "first.db"
    files = [DATA / f"{name}.ndjson" for name in ("small", "sessions-older", "sessions-newer")]
    with usql.connect(path) as db:
        db.import_files(files)
        db.import_sessions([*odd_sessions(), full_session()])
        db.import_sessions(generate(30))
    return path


def test_sqlite_to_duckdb_to_chdb_to_sqlite(source: Path, tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    pytest.importorskip("chdb")
    places = [f"duckdb:{tmp_path / 'second'}", f"chdb:{tmp_path / 'third'}", tmp_path / "fourth.db"]
    expected = documents(source)
    assert len(expected) > 80
    before: str | Path = source
    for place in places:
        summary = usql.copy(before, place)
        assert (summary.sessions, summary.replaced) == (len(expected), 0)
        assert documents(place) == expected
        before = place
    assert remains(tmp_path) == ["fourth.db", "second", "third"]
    full = full_session()
    key = tuple(full[name] for name in ("userSessionId", "startTime", "tenantId", "partNumber"))
    assert json.loads(documents(places[-1])[key]) == full
    with usql.connect(source) as first, usql.connect(places[-1]) as last:
        for query in (
            "SELECT * FROM usersession ORDER BY startTime, userSessionId LIMIT 5000",
            "SELECT * FROM useraction ORDER BY usersession.userSessionId LIMIT 5000",
            "SELECT country, COUNT(*), SUM(duration) FROM usersession GROUP BY country LIMIT 99",
        ):
            assert sorted(map(repr, first.query(query).rows)) == sorted(
                map(repr, last.query(query).rows)
            )


@pytest.fixture(params=["sqlite", "duckdb", "chdb"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store with one session that the source does not have."""
    if request.param != "sqlite":
        pytest.importorskip(request.param)
    url = f"{request.param}:{tmp_path / 'target'}"
    with usql.connect(url) as db:
        db.import_sessions([{"userSessionId": "own", "startTime": START}])
    return url


OTHERS = [{"userSessionId": n, "startTime": START, "city": "Linz"} for n in ("own", "b")]


def remains(folder: Path) -> list[str]:
    """Return what is in a folder, but for the logs of a SQLite store that was just read."""
    names = (path.name for path in folder.iterdir())
    return sorted(name for name in names if not name.endswith(("-wal", "-shm")))


def copied(target: str, **options: Any) -> Any:
    with usql.connect() as db:
        db.import_sessions([*OTHERS, {"userSessionId": "c", "startTime": START}])
        return db.copy_to(target, where="city = 'Linz'", **options)


def cities(url: str) -> list[tuple[Any, ...]]:
    with usql.connect(url, create=False) as db:
        query = "SELECT userSessionId, city FROM usersession ORDER BY userSessionId"
        return list(db.query(query).rows)


def test_a_store_with_sessions_is_left_alone(target: str) -> None:
    with pytest.raises(StoreError, match="has sessions already") as error:
        copied(target)
    assert "--into" in str(error.value.hint)
    assert cities(target) == [("own", None)]


def test_into_adds_and_replaces_by_identity(target: str) -> None:
    with usql.connect(target) as db:
        db.import_sessions([{"userSessionId": "a", "startTime": START}])
    summary = copied(target, into=True)
    assert (summary.sessions, summary.replaced) == (2, 1)
    assert cities(target) == [("a", None), ("b", "Linz"), ("own", "Linz")]


def test_replace_leaves_nothing_of_what_was_there(target: str, tmp_path: Path) -> None:
    with usql.connect(target) as db:
        db.import_sessions([{"userSessionId": "a", "startTime": START}])
    summary = copied(target, replace=True)
    assert (summary.sessions, summary.replaced) == (2, 0)
    assert cities(target) == [("b", "Linz"), ("own", "Linz")]
    assert remains(tmp_path) == ["target"]


def test_what_fails_leaves_all_as_it_was(target: str, tmp_path: Path) -> None:
    def stop(progress: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copied(target, replace=True, progress=stop)
    assert cities(target) == [("own", None)]
    assert remains(tmp_path) == ["target"]


def test_an_empty_store_is_filled(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'empty.db'}"
    usql.connect(url).close()
    assert copied(url).sessions == 2
    assert len(cities(url)) == 2


def test_a_copy_needs_another_place(source: Path, tmp_path: Path) -> None:
    for target, problem in [
        (source, "the store itself"),
        (":memory:", "gone at once"),
        (tmp_path / "no" / "copy.db", "does not exist"),
    ]:
        with pytest.raises(StoreError, match=problem):
            usql.copy(source, target)
    with pytest.raises(StoreError, match="no store"):
        usql.copy(tmp_path / "missing.db", tmp_path / "copy.db")
    with pytest.raises(BadParameter):
        usql.copy(source, tmp_path / "copy.db", replace=True, into=True)
    (tmp_path / "text").write_text("hello " * 1000)
    with pytest.raises(StoreError, match="not a usql store"):
        usql.copy(source, tmp_path / "text", replace=True)
    assert (tmp_path / "text").read_text().startswith("hello")


def test_a_store_that_somebody_has_open_is_not_replaced(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path / 'busy.db'}"
    with usql.connect(url) as db:
        db.import_sessions([{"userSessionId": "own", "startTime": START}])
    reader = sqlite3.connect(tmp_path / "busy.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM usersession").fetchall()
    with pytest.raises(StoreError, match="locked"):
        copied(url, replace=True, wait=0)
    reader.close()
    assert cities(url) == [("own", None)]


def test_rows_of_event_logs_are_told_of(tmp_path: Path) -> None:
    log = BytesIO(b"user_id,timestamp,event\nann,2026-03-01T12:00:00Z,Login\n")
    with usql.connect() as db:
        db.import_events(log)
        summary = db.copy_to(tmp_path / "copy.db")
    assert (summary.sessions, summary.event_rows) == (1, 1)


def test_progress_ends_at_all(source: Path, tmp_path: Path) -> None:
    told: list[Any] = []
    summary = usql.copy(source, tmp_path / "copy.db", progress=told.append)
    assert (told[0].sessions, told[-1].sessions) == (0, summary.sessions)
    assert {progress.total for progress in told} == {summary.sessions}


def test_on_the_command_line(source: Path, tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "usql", "copy", str(source), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "TZ": "UTC"}
        )

    done = run("copy.db", "--where", "userSessionId = :id", "--param", 'id="early"')
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 session to copy.db in ")
    again = run("copy.db")
    assert again.returncode == 3
    assert "copy.db has sessions already" in again.stderr
    assert run("copy.db", "--into", "--replace").returncode == 2
    assert run("copy.db", "--replace").returncode == 0
    assert documents(tmp_path / "copy.db") == documents(source)


def test_a_server_is_emptied_by_statements_for_the_whole_cluster() -> None:
    from usql.store.clickhouse_store import empty_statements

    one, many = (place_of(f"clickhouse://h/shop{o}") for o in ("", "?cluster=main"))
    assert next(empty_statements(one, layout_of(one))) == 'TRUNCATE TABLE "usersession"'  # type: ignore[arg-type]
    assert (
        next(empty_statements(many, layout_of(many)))  # type: ignore[arg-type]
        == 'TRUNCATE TABLE "usersession_local" ON CLUSTER "main"'
    )


def test_segments_come_along_and_replace_none(target: str, tmp_path: Path) -> None:
    with usql.connect(tmp_path / "segments.db") as db:
        db.import_sessions([{"userSessionId": "a", "startTime": 1}])
        db.segments.add("vip", "Country: Spain")
        db.segments.add("new", "New user: yes")
        db.copy_to(target, into=True)
    with usql.connect(target) as copy:
        assert [each.name for each in copy.segments.list()] == ["new", "vip"]
        copy.segments.add("vip", "Country: Peru", replace=True)
    with usql.connect(tmp_path / "segments.db") as db:
        db.copy_to(target, into=True)
    with usql.connect(target) as copy:
        assert str(copy.segments.get("vip")) == "Country: Peru"
