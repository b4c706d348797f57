"""Folders of Parquet, queried in place: what is read, what is refused, what cannot be reached."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

pytest.importorskip("duckdb", reason="the engine duckdb is not installed")

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import usql
from usql import cli
from usql.demo import generate
from usql.errors import Cancelled, EngineError, ReadOnlyStore, StoreError, TimeLimitExceeded
from usql.layout import columnar_layout
from usql.store.duckdb_store import ParquetLocation
from usql.store.parquet_store import open_folder

SLOW = (
    "SELECT COUNT(*) FROM usersession GROUP BY useraction.name, useraction.duration,"
    " useraction.startTime, useraction.visuallyCompleteTime, useraction.application"
)
ODD: dict[str, Any] = {
    "userSessionId": "odd",
    "startTime": 1_700_000_000_000,
    "ip": "2001:DB8:0::1",
    "unknown": {"deep": [1, None]},
    "matchingConversionGoals": ["b", "a", "b"],
    "dateProperties": [{"key": "when", "value": -5}],
    "stringProperties": [{"key": "z", "value": "1"}, {"key": "a", "value": "it's"}],
    "userActions": [
        {"name": "later", "startTime": 9, "matchingConversionGoals": []},
        {"name": "first", "startTime": 1, "longProperties": [{"key": "n", "value": -(2**63)}]},
    ],
    "events": [],
}


def exported(sessions: Any, folder: Path) -> Path:
    with usql.connect() as db:
        db.import_sessions(sessions)
        db.export_files(folder, format="parquet")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported([*generate(300), ODD], tmp_path_factory.mktemp("it's a") / "folder")


@pytest.fixture
def db(folder: Path) -> Iterator[usql.Database]:
    with usql.connect(f"parquet:{folder}/") as db:
        yield db


def test_whole_sessions_come_back(db: usql.Database) -> None:
    with usql.connect() as sqlite:
        sqlite.import_sessions([*generate(300), ODD])
        expected = list(sqlite.export_sessions())
    assert list(db.export_sessions()) == expected
    found = db.query("SELECT JSON FROM usersession WHERE userSessionId = 'odd'").rows
    assert json.loads(found[0][0]) == expected[-1]


def test_values_of_each_kind(db: usql.Database) -> None:
    found = db.query(
        "SELECT startTime, ip, matchingConversionGoals, dateProperties.when, stringProperties.a,"
        " useraction.name, useraction.longProperties.n FROM usersession"
        " WHERE ip BETWEEN '2001:db8::' AND '2001:db8::ffff' AND stringProperties.a = \"it's\""
    )
    assert found.rows == [
        (
            1_700_000_000_000,
            "2001:db8::1",
            ["b", "a", "b"],
            -5,
            "it's",
            ["first", "later"],
            [-(2**63)],
        )
    ]


def test_what_is_there_is_told(db: usql.Database, folder: Path) -> None:
    info = db.info()
    assert info.sessions == 301
    assert info.bytes == sum(file.stat().st_size for file in folder.iterdir())
    assert ("usersession", "dateProperties", "when", 1) in [
        (p.table, p.field, p.key, p.count) for p in info.properties
    ]
    assert db.segments.list() == ()
    starts = [session["startTime"] for session in db.export_sessions()]
    assert db.session_range() is not None
    assert db.session_range()[0] == min(starts)  # type: ignore[index]


def test_it_is_copied_into_a_store(db: usql.Database, tmp_path: Path) -> None:
    assert db.copy_to(tmp_path / "copy.db").sessions == 301
    with usql.connect(tmp_path / "copy.db") as copy:
        assert list(copy.export_sessions()) == list(db.export_sessions())


WRITES: list[Callable[[usql.Database], Any]] = [
    lambda db: db.import_sessions([ODD]),
    lambda db: db.import_files([], dry_run=True),
    lambda db: db.import_events([]),
    lambda db: db.segments.add("vip", "Country: Spain"),
    lambda db: db.delete(user="anna"),
    lambda db: db.compact(),
]


@pytest.mark.parametrize("write", WRITES)
def test_nothing_can_be_written(write: Callable[[usql.Database], Any], folder: Path) -> None:
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with (
        usql.connect(f"parquet:{folder}") as db,
        pytest.raises(ReadOnlyStore, match="can only be read") as raised,
    ):
        write(db)
    assert "usql copy" in str(raised.value.hint)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_copy_into_a_folder_is_an_export(tmp_path: Path, folder: Path) -> None:
    with usql.connect() as db:
        for name in ("new", folder):
            with pytest.raises(ReadOnlyStore, match="not copied") as raised:
                db.copy_to(f"parquet:{tmp_path / name}", replace=True)
            assert "usql export" in str(raised.value.hint)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('{folder}/in.csv')",
        "SELECT * FROM '{folder}/in.csv'",
        "ATTACH '{folder}/other.duckdb'",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "SET enable_external_access = true",
        "SET allowed_paths = ['{folder}/in.csv']",
        "INSTALL httpfs",
    ],
)
def test_nothing_else_can_be_reached(folder: Path, tmp_path: Path, statement: str) -> None:
    (tmp_path / "in.csv").write_text("a\n1\n")
    connection = open_folder(ParquetLocation(folder), columnar_layout())
    with pytest.raises(duckdb.Error):
        connection.execute(statement.format(folder=tmp_path)).fetchall()
    connection.close()
    assert [p.name for p in tmp_path.iterdir()] == ["in.csv"]


def test_only_queries_run(db: usql.Database, folder: Path) -> None:
    """The files may be reached, so a statement could write to them: none but queries are run."""
    from usql.backends.duckdb import DuckdbBackend

    backend = db._backend
    assert isinstance(backend, DuckdbBackend)
    target = folder / "usererror.parquet"
    before = target.read_bytes()
    for statement in (
        f"COPY (SELECT 1) TO '{str(target).replace(chr(39), chr(39) * 2)}'",
        "DROP VIEW usererror",
    ):
        with backend._reader() as reader, pytest.raises(EngineError, match="not a query"):
            reader.fetch(statement, {})
    assert target.read_bytes() == before
    assert db.query("SELECT COUNT(*) FROM usererror").rows[0][0] > 0


def test_a_time_limit_and_an_interrupt_end_a_query(db: usql.Database) -> None:
    with pytest.raises(TimeLimitExceeded):
        db.query(SLOW, timeout=0.05)
    timer = threading.Timer(0.2, db.interrupt)
    timer.start()
    with pytest.raises(Cancelled):
        db.query(SLOW)
    timer.join()
    assert db.query("SELECT COUNT(*) FROM usersession").rows == [(301,)]


# Folders that are none of ours


def test_places_that_are_no_exports(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("hello")
    for name, problem in [
        ("missing", "no folder"),
        ("file", "is a file"),
        ("empty", "not an export in Parquet"),
    ]:
        for create in (True, False):
            with pytest.raises(StoreError, match=problem):
                usql.connect(f"parquet:{tmp_path / name}", create=create)
    with pytest.raises(StoreError, match="empty"):
        usql.connect("parquet:")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return exported([ODD], tmp_path / "small")


def opening_fails(folder: Path) -> str:
    with pytest.raises(StoreError) as raised:
        usql.connect(f"parquet:{folder}", create=False)
    return str(raised.value)


def test_a_missing_file(small: Path) -> None:
    (small / "userevent.parquet").unlink()
    assert "lacks userevent.parquet" in opening_fails(small)


def test_a_file_that_is_no_parquet(small: Path) -> None:
    (small / "userevent.parquet").write_text("hello " * 100)
    assert "userevent.parquet of" in opening_fails(small)
    assert "cannot be read" in opening_fails(small)


def test_columns_that_are_missing_or_of_another_type(small: Path) -> None:
    path = small / "usererror.parquet"
    table = pq.read_table(path)
    place = table.schema.get_field_index("name")
    pq.write_table(table.drop_columns(["name"]), path)
    assert "lacks columns that it should have: name (string)" in opening_fails(small)
    numbers = pa.array([1] * table.num_rows, pa.int64())
    pq.write_table(table.set_column(place, "name", numbers), path)
    assert "lacks columns that it should have: name (string)" in opening_fails(small)


def test_files_of_somebody_else(small: Path) -> None:
    for file in small.iterdir():
        pq.write_table(pa.table({"a": [1]}), file)
    said = opening_fails(small)
    assert "usersession.parquet of" in said
    assert "lacks columns of an export: _session (int64), " in said


def test_files_of_a_newer_version(small: Path) -> None:
    path = small / "useraction.parquet"
    table = pq.read_table(path)
    note = {**table.schema.metadata, b"usql": b'{"version": 99}'}
    pq.write_table(table.replace_schema_metadata(note), path)
    assert "useraction.parquet of" in opening_fails(small)
    assert "newer version" in opening_fails(small)


def test_a_name_that_is_a_pattern(tmp_path: Path) -> None:
    folder = exported([ODD], tmp_path / "a[b]*")
    assert "takes for a pattern" in opening_fails(folder)


def test_dates_that_the_engine_cannot_read_are_told(tmp_path: Path) -> None:
    far = {"userSessionId": "far", "startTime": 10**17}
    folder = exported([far], tmp_path / "far")
    with (
        usql.connect(f"parquet:{folder}") as db,
        pytest.raises(EngineError, match="dates beyond the year 294246"),
    ):
        db.query("SELECT startTime FROM usersession")


def test_a_folder_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    with usql.connect() as source:
        source.import_sessions([ODD])
        source.export_files(tmp_path / "live", format="parquet")
        with usql.connect(f"parquet:{tmp_path / 'live'}") as db:
            assert db.query("SELECT COUNT(*) FROM usersession").rows == [(1,)]
            source.import_sessions(generate(20))
            source.export_files(tmp_path / "live", format="parquet", overwrite=True)
            assert db.query("SELECT COUNT(*) FROM usersession").rows == [(21,)]


# On the command line


def test_the_commands(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(cli.main, list(arguments), prog_name="usql")

    store = f"parquet:{folder}/"
    counted = run("query", store, "SELECT COUNT(*) FROM usersession", "--format", "csv")
    assert counted.stdout.split() == ["count(*)", "301"]
    assert "301" in run("info", store).stdout
    assert run("export", store, "out.ndjson").exit_code == 0
    assert len(Path("out.ndjson").read_text().splitlines()) == 301
    done = run("import", store, "out.ndjson")
    assert done.exit_code == 3
    assert "can only be read" in done.stderr
    done = run("export", store, str(folder), "--force")
    assert "is the store itself" in done.stderr
