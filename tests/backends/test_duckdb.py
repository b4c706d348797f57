"""DuckDB stores: what the random queries do not show."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import usql
from usql.demo import generate
from usql.errors import Cancelled, EngineError, StoreError, TimeLimitExceeded
from usql.store.duckdb_store import DuckdbLocation, open_reader

SLOW = (
    "SELECT COUNT(*) FROM usersession GROUP BY useraction.name, useraction.duration,"
    " useraction.startTime, useraction.visuallyCompleteTime, useraction.application"
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("duckdb") / "sessions.duckdb"
    with usql.connect(f"duckdb:{path}") as db:
        db.import_sessions(generate(300))
    return path


@pytest.fixture
def db(path: Path) -> Iterator[usql.Database]:
    with usql.connect(f"duckdb:{path}", create=False) as db:
        yield db


QUERIES = (
    "SELECT country, COUNT(*), AVG(duration) FROM usersession GROUP BY country",
    "SELECT useraction.name, stringProperties, JSON FROM usersession LIMIT 20",
    "SELECT name, PERCENTILE(duration, 95), TOP(application, 2) FROM useraction GROUP BY name",
    "SELECT * FROM usererror",
    "SELECT JSON FROM useraction LIMIT 7",
)


@pytest.mark.parametrize("query", QUERIES)
def test_the_same_rows_as_sqlite(db: usql.Database, query: str) -> None:
    with usql.connect() as sqlite:
        sqlite.import_sessions(generate(300))
        expected = sqlite.query(query).rows
    assert len(expected) > 1
    for row, other in zip(db.query(query).rows, expected, strict=True):
        assert [_rounded(value) for value in row] == [_rounded(value) for value in other]


def _rounded(value: object) -> object:
    """Sums of doubles may differ in their last digits, since their order does."""
    return float(f"{value:.9g}") if isinstance(value, float) else value


def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    sessions = list(generate(40))
    with usql.connect(f"duckdb:{tmp_path / 'twice.duckdb'}") as db:
        first = db.import_sessions(sessions)
        whole = db.query("SELECT JSON FROM usersession", default_limit=None).rows
        again = db.import_sessions(sessions)
        assert (first.sessions, first.replaced) == (40, 0)
        assert (again.sessions, again.replaced) == (0, 40)
        assert db.query("SELECT JSON FROM usersession", default_limit=None).rows == whole
        assert db.query("SELECT COUNT(*) FROM useraction").rows == [
            (sum(len(s.get("userActions", [])) for s in sessions),)
        ]


def test_a_replaced_session_leaves_nothing_behind(tmp_path: Path) -> None:
    session = {"userSessionId": "a", "startTime": 1_700_000_000_000}
    action = {"name": "old", "startTime": 1_700_000_000_000, "duration": 5}
    with usql.connect(f"duckdb:{tmp_path / 'replaced.duckdb'}") as db:
        db.import_sessions([{**session, "userActions": [action], "stringProperties": {"k": "v"}}])
        db.import_sessions([session])
        query = (
            "SELECT COUNT(*), COUNT(useraction.name), COUNT(stringProperties.k) FROM usersession"
        )
        assert db.query(query).rows == [(1, 0, 0)]


def test_a_new_session_beside_replaced_ones_has_a_number_of_its_own(tmp_path: Path) -> None:
    sessions = [
        {"userSessionId": name, "startTime": 1, "userActions": [{"name": name, "startTime": 1}]}
        for name in "abc"
    ]
    with usql.connect(f"duckdb:{tmp_path / 'numbers.duckdb'}") as db:
        db.import_sessions(sessions[:2])
        db.import_sessions(sessions)
        found = db.query("SELECT userSessionId, useraction.name FROM usersession").rows
        assert sorted(found) == [("a", ["a"]), ("b", ["b"]), ("c", ["c"])]


def test_a_strict_import_that_fails_writes_nothing(tmp_path: Path) -> None:
    with usql.connect(f"duckdb:{tmp_path / 'strict.duckdb'}") as db:
        good = {"userSessionId": "a", "startTime": 1_700_000_000_000}
        with pytest.raises(usql.UsqlError):
            db.import_sessions([good, {"userSessionId": "b"}])
        assert db.query("SELECT COUNT(*) FROM usersession").rows == [(0,)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (a INT)",
        "DELETE FROM usersession",
        "ATTACH '{folder}/other.duckdb'",
        "COPY usersession TO '{folder}/out.csv'",
        "SELECT * FROM read_csv('{folder}/in.csv')",
        "SET enable_external_access = true",
        "INSTALL httpfs",
    ],
)
def test_nothing_can_be_written_or_reached(path: Path, tmp_path: Path, statement: str) -> None:
    (tmp_path / "in.csv").write_text("a\n1\n")
    connection = open_reader(DuckdbLocation(path))
    with pytest.raises(duckdb.Error):
        connection.execute(statement.format(folder=tmp_path)).fetchall()
    connection.close()
    assert [p.name for p in tmp_path.iterdir()] == ["in.csv"]


def test_a_time_limit_ends_the_query(db: usql.Database) -> None:
    began = time.monotonic()
    with pytest.raises(TimeLimitExceeded):
        db.query(SLOW, timeout=0.05)
    assert time.monotonic() - began < 5, "the query was not ended"
    assert db.query("SELECT COUNT(*) FROM usersession").rows == [(300,)]


def test_an_interrupt_ends_the_query(db: usql.Database) -> None:
    threading.Timer(0.2, db.interrupt).start()
    with pytest.raises(Cancelled):
        db.query(SLOW)


def test_several_threads(db: usql.Database) -> None:
    found: list[list[tuple[object, ...]]] = []

    def ask() -> None:
        found.append(db.query("SELECT COUNT(*) FROM usersession WHERE bounce = false").rows)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(rows == found[0] for rows in found)


def test_it_explains_with_its_own_plan(db: usql.Database) -> None:
    explained = db.explain("SELECT COUNT(*) FROM usersession WHERE city LIKE 'L%'")
    assert "LIKE" in explained.sql
    assert any("usersession" in line for line in explained.engine_plan)


def test_places_that_are_no_stores(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello, " * 2000)
    duckdb.connect(str(tmp_path / "foreign")).close()
    for name, problem in [
        ("missing", "no store"),
        (".", "is a folder"),
        ("text", "not a usql store"),
        ("foreign", "not a usql store"),
    ]:
        with pytest.raises(StoreError, match=problem):
            usql.connect(f"duckdb:{tmp_path / name}", create=False)


def test_a_closed_database_says_so(path: Path) -> None:
    db = usql.connect(f"duckdb:{path}")
    db.close()
    with pytest.raises(EngineError, match="closed"):
        db.query("SELECT COUNT(*) FROM usersession")
