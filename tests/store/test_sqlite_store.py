"""Stores are made, opened, told from other files, and brought up to date."""

import gc
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from usql.errors import StoreError
from usql.layout import RANKED, REPEATED, default_layout
from usql.store import sqlite_schema, sqlite_store
from usql.store.sqlite_store import (
    Location,
    open_reader,
    open_writer,
    property_keys,
    session_range,
    start_range,
    store_errors,
    transaction,
)

ADD = 'INSERT INTO usersession ("userSessionId", "startTime") VALUES (?, ?)'
COUNT = "SELECT count(*) FROM usersession"


@pytest.fixture
def location(tmp_path: Path) -> Location:
    return Location.of(tmp_path / "sessions.db")


@pytest.fixture
def store(location: Location) -> Iterator[sqlite3.Connection]:
    with closing(open_writer(location)) as connection:
        yield connection


@pytest.mark.parametrize("url", ["a b/50%?x#.db", "sqlite:a b/50%?x#.db", Path("a b/50%?x#.db")])
def test_a_location_is_a_path_however_odd(
    url: str | Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a b").mkdir()
    location = Location.of(url)
    open_writer(location).close()
    assert os.listdir("a b") == ["50%?x#.db"]
    assert (location.path, location.memory) == (Path("a b/50%?x#.db"), False)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("duckdb:x.duckdb", "duckdb stores are not supported yet"),
        ("parquet:folder", "parquet stores are not supported yet"),
        ("clickhouse://host/db", "clickhouse stores are not supported yet"),
        ("chdb:x", "chdb stores are not supported yet"),
        ("postgres://host/db", "unknown kind of store: postgres"),
        ("", "the name of the store is empty"),
        ("sqlite:", "the name of the store is empty"),
    ],
)
def test_other_kinds_of_stores_are_refused(url: str, message: str) -> None:
    with pytest.raises(StoreError) as raised:
        Location.of(url)
    assert raised.value.message == message
    assert "SQLite" in (raised.value.hint or "")


def test_a_new_store_has_the_layouts_tables(store: sqlite3.Connection) -> None:
    for relation in default_layout().relations:
        columns = store.execute(f"PRAGMA table_info({relation.name})").fetchall()
        names = (*relation.keys, *(name for name, _ in relation.columns))
        assert tuple(column[1] for column in columns) == names
    flags = {
        name: (bool(without_rowid), bool(strict))
        for _, name, kind, _, without_rowid, strict in store.execute("PRAGMA table_list")
        if kind == "table" and not name.startswith("sqlite_")
    }
    assert flags.pop("usersession") == flags.pop("usersession_detail") == (False, True)
    assert set(flags.values()) == {(True, True)}


def test_a_new_store_keeps_a_log_and_has_all_indexes(store: sqlite3.Connection) -> None:
    assert store.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    made = {n for (n,) in store.execute("SELECT name FROM sqlite_schema WHERE type = 'index'")}
    wanted = {index.name for index in sqlite_schema.indexes(default_layout())}
    assert wanted
    assert wanted <= made


def test_values_of_the_wrong_type_cannot_be_stored(store: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT"):
        store.execute(ADD, ("s", "yesterday"))


def test_an_identity_is_stored_once_even_where_parts_are_absent(store: sqlite3.Connection) -> None:
    store.execute(ADD, ("s", 1))
    store.execute(ADD, ("s", 2))
    with pytest.raises(sqlite3.IntegrityError, match="usersession_identity"):
        store.execute(ADD, ("s", 1))


def test_the_average_per_name_is_read_from_an_index_alone(store: sqlite3.Connection) -> None:
    plan = store.execute(
        "EXPLAIN QUERY PLAN SELECT name, avg(duration) FROM useraction GROUP BY name"
    ).fetchall()
    assert [step for *_, step in plan] == [
        "SCAN useraction USING COVERING INDEX useraction_by_name_duration"
    ]


@pytest.mark.parametrize("known", [RANKED, REPEATED])
def test_an_index_begins_with_each_field_that_plans_take_for_sorted(
    known: Mapping[str, frozenset[str]],
) -> None:
    first = {(index.relation, index.terms[0]) for index in sqlite_schema.indexes(default_layout())}
    assert {(table, f'"{name}"') for table, names in known.items() for name in names} <= first


def test_a_reader_cannot_write(location: Location, store: sqlite3.Connection) -> None:
    with closing(open_reader(location)) as reader:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute(ADD, ("s", 1))
        assert reader.execute(COUNT).fetchone() == (0,)


def test_a_reader_serves_other_threads(location: Location, store: sqlite3.Connection) -> None:
    with closing(open_reader(location)) as reader, ThreadPoolExecutor(1) as pool:
        assert pool.submit(reader.execute, COUNT).result().fetchone() == (0,)


def test_a_reader_of_a_file_sees_past_a_writer_at_once(
    location: Location, store: sqlite3.Connection
) -> None:
    with closing(open_reader(location)) as reader, transaction(store):
        reader.execute("PRAGMA busy_timeout = 0")
        store.execute(ADD, ("s", 1))
        assert reader.execute(COUNT).fetchone() == (0,)


def test_a_reader_of_memory_waits_for_a_writer() -> None:
    location = Location.of(":memory:")
    with closing(open_writer(location)) as store, closing(open_reader(location)) as reader:
        store.execute("BEGIN IMMEDIATE")
        store.execute(ADD, ("s", 1))
        commit = threading.Timer(0.2, store.execute, ["COMMIT"])
        commit.start()
        assert reader.execute(COUNT).fetchone() == (1,)
        commit.join()


def test_stores_in_memory_are_apart_and_end_with_their_location() -> None:
    first, second = Location.of(":memory:"), Location.of("sqlite::memory:")
    assert first.memory
    assert first.path is None
    with closing(open_writer(first)) as store:
        store.execute(ADD, ("s", 1))
    open_writer(second).close()
    for location, count in ((first, 1), (second, 0)):
        with closing(open_reader(location)) as reader:
            assert reader.execute(COUNT).fetchone() == (count,)
    uri = first.uri
    del first, location
    gc.collect()
    with pytest.raises(StoreError, match="no store"):
        open_reader(Location(uri))


def refused(location: Location, *, message: str, create: bool = True) -> None:
    """Check that neither a writer nor a reader opens it, for the same reason."""
    for opened in (lambda: open_writer(location, create), lambda: open_reader(location)):
        with pytest.raises(StoreError) as raised:
            opened()
        assert raised.value.message == message.format(location)


def test_where_there_is_no_store_none_is_found(location: Location) -> None:
    refused(location, create=False, message="no store at {}")
    with pytest.raises(StoreError) as raised:
        open_reader(location)
    assert "usql import" in (raised.value.hint or "")
    assert location.path is not None
    assert not location.path.exists()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    refused(Location.of(tmp_path), message="{} is a folder, not a store")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"the folder .*nowhere does not exist"):
        open_writer(Location.of(tmp_path / "nowhere" / "s.db"))


def test_what_is_not_sqlite_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(b"user,time\n" * 500)
    refused(Location.of(file), message="{} is not a usql store, nor any SQLite file")
    assert file.read_bytes() == b"user,time\n" * 500


def test_a_foreign_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "foreign.db"
    with closing(sqlite3.connect(file)) as foreign:
        foreign.execute("CREATE TABLE notes (text)")
    before = file.read_bytes()
    refused(Location.of(file), message="{} is a SQLite file, but not a usql store")
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == ["foreign.db"]


def test_an_empty_file_becomes_a_store_but_is_none(location: Location) -> None:
    assert location.path is not None
    location.path.touch()
    refused(location, create=False, message="no store at {}")
    open_writer(location).close()
    open_reader(location).close()


def test_a_newer_store_is_refused(location: Location, store: sqlite3.Connection) -> None:
    store.execute("PRAGMA user_version = 99")
    refused(location, message="{} was made by a newer version of usql")


def test_an_older_store_is_brought_forward(
    location: Location, store: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.execute(ADD, ("s", 1))

    def add_note(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE usersession ADD COLUMN note TEXT")

    def fill_note(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE usersession SET note = 'hello'")

    monkeypatch.setattr(sqlite_schema, "MIGRATIONS", (add_note, fill_note))
    with pytest.raises(StoreError, match="older version"):
        open_reader(location)
    open_writer(location).close()
    with closing(open_reader(location)) as reader:
        assert reader.execute("SELECT note FROM usersession").fetchone() == ("hello",)
    open_writer(location).close()


def test_a_migration_that_fails_changes_nothing(
    location: Location, store: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE usererror")
        connection.execute("nonsense")

    monkeypatch.setattr(sqlite_schema, "MIGRATIONS", (fail,))
    with pytest.raises(StoreError):
        open_writer(location)
    assert store.execute("SELECT count(*) FROM usererror").fetchone() == (0,)
    assert store.execute("PRAGMA user_version").fetchone() == (1,)


def test_opening_a_store_imports_nothing_heavy(
    location: Location, store: sqlite3.Connection
) -> None:
    script = (
        "import sys; from usql.store.sqlite_store import *;"
        "l = Location.of(sys.argv[1]); open_writer(l).close(); open_reader(l).close();"
        "print('sqlite_utils' in sys.modules)"
    )
    run = [sys.executable, "-c", script, str(location)]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "False\n"


def test_many_may_make_the_same_store_at_once(location: Location) -> None:
    script = (
        "import sys; from usql.store.sqlite_store import *; "
        "open_writer(Location.of(sys.argv[1])).close()"
    )
    run = [sys.executable, "-c", script, str(location)]
    makers = [subprocess.Popen(run) for _ in range(6)]
    assert [maker.wait() for maker in makers] == [0] * 6
    open_reader(location).close()


def test_a_writer_gives_up_on_another_with_a_clear_error(
    location: Location, store: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "WRITER_PATIENCE", 0.05)
    with closing(open_writer(location)) as other, transaction(store):
        with pytest.raises(StoreError) as raised, store_errors(location), transaction(other):
            pass
        assert raised.value.message == f"{location} is locked: another process is writing to it"


@pytest.mark.parametrize(
    ("writable", "log", "mode"),
    [(True, False, "mode=ro"), (False, True, "mode=ro"), (False, False, "mode=ro&immutable=1")],
)
def test_a_store_in_a_folder_that_cannot_be_written_is_read_as_it_stands(
    writable: bool, log: bool, mode: str, location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_writer(location).close()
    if log:
        Path(f"{location}-wal").touch()
    permissions = os.access
    monkeypatch.setattr(
        os, "access", lambda path, kind: permissions(path, kind) and (kind != os.W_OK or writable)
    )
    uris: list[str] = []
    connect = sqlite_store._connect
    monkeypatch.setattr(
        sqlite_store, "_connect", lambda uri, patience: uris.append(uri) or connect(uri, patience)
    )
    open_reader(location).close()
    assert uris == [f"{location.uri}?{mode}"]


def test_an_empty_store_knows_of_no_times_and_keys(store: sqlite3.Connection) -> None:
    assert start_range(store) is None
    assert session_range(store) is None
    assert property_keys(store, "usersession", "stringProperties") == []


def test_a_damaged_store_is_said_to_be_damaged(location: Location) -> None:
    open_writer(location).close()
    assert location.path is not None
    content = location.path.read_bytes()
    location.path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    with pytest.raises(StoreError, match="is damaged"):
        open_reader(location)


def test_what_a_killed_process_left_half_done_is_taken_back(
    location: Location, store: sqlite3.Connection, tmp_path: Path
) -> None:
    path = location.path
    assert path is not None
    store.execute("PRAGMA journal_mode = DELETE")  # as it is while a new store is being made
    store.execute("PRAGMA cache_size = 1")
    store.execute("BEGIN IMMEDIATE")
    store.execute("CREATE TABLE half (a)")
    store.executemany("INSERT INTO half VALUES (?)", [("x" * 1000,)] * 2000)
    left = tmp_path / "left.db"
    for suffix in ("", "-journal"):  # as the process would leave them
        left.with_name(left.name + suffix).write_bytes(
            path.with_name(path.name + suffix).read_bytes()
        )
    store.execute("ROLLBACK")
    with closing(open_reader(Location.of(left))) as reader:
        tables = {name for (name,) in reader.execute("SELECT name FROM sqlite_schema")}
    assert "usersession" in tables
    assert "half" not in tables
