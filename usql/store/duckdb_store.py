"""DuckDB files as stores: their tables, opening them to write or to read, and what they know.

What arrives: the path of a file. What leaves: connections to a store of the current version; what
else the place holds is refused with a ``StoreError``. DuckDB lets one process write a file, or
several read it; so a connection is kept no longer than it is needed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usql.errors import ReadOnlyStore, StoreError
from usql.layout import KEY, Layout, Relation
from usql.store.sqlite_schema import quoted
from usql.types import Kind

if TYPE_CHECKING:
    import duckdb

VERSION = 1
"""Of the tables this package makes."""

PATIENCE = 10.0
"""Seconds to wait for another process that has the file open."""
_AGAIN = 0.05

_TYPES = {
    Kind.LONG: "BIGINT",
    Kind.DATE: "BIGINT",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DOUBLE: "DOUBLE",
}
_WRITING = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
CONFINED = {**_WRITING, "python_enable_replacements": "false"}
"""A query can reach nothing of the process."""
_READING = {**CONFINED, "enable_external_access": "false", "lock_configuration": "true"}
"""A query can reach nothing but the store, and cannot change that."""


@dataclass(frozen=True)
class DuckdbLocation:
    """Where a DuckDB store is.

    Attributes:
        path: of the file.
    """

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class ParquetLocation:
    """Where a folder of Parquet is, which DuckDB reads in place.

    Attributes:
        path: of the folder.
    """

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def refusal(self) -> StoreError:
        """Return what to raise where somebody wants to write to it."""
        if not self.path.exists():
            return StoreError(
                f"no folder at {self}",
                hint="write one with: usql export STORE FOLDER/ --format parquet",
            )
        return ReadOnlyStore(
            f"{self} is a folder of Parquet, which can only be read",
            hint=f"copy it into a store first: usql copy parquet:{self} sessions.db",
        )


def library() -> Any:
    """Return the module ``duckdb``.

    Raises:
        StoreError: it is not installed.
    """
    try:
        import duckdb
        import pyarrow  # noqa: F401  # rows are handed over as its tables
    except ImportError:
        raise StoreError(
            "DuckDB stores need an engine that is not installed",
            hint='python -m pip install "usql-engine[duckdb]"',
        ) from None
    return duckdb


def open_writer(
    location: DuckdbLocation, layout: Layout, patience: float | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a store to write; it is made if there is none.

    Args:
        location: of the store.
        layout: of a new store.
        patience: seconds to wait for others to let go of it; 10 unless given.

    Raises:
        StoreError: the place holds something else, or another process has it open.
    """
    if location.path.is_dir():
        raise StoreError(f"{location} is a folder, not a store")
    if not location.path.absolute().parent.is_dir():
        raise StoreError(
            f"the folder {location.path.parent} does not exist", hint="make the folder first"
        )
    new = not location.path.exists()
    connection = _connect(location, read_only=False, config=_WRITING, patience=patience)
    with closed_on_error(connection), store_errors(location):
        if new or not _tables(connection):
            _create(connection, layout)
        _check_version(connection, location)
    return connection


def open_reader(location: DuckdbLocation) -> duckdb.DuckDBPyConnection:
    """Open a store to read; nothing but the store can be reached over the connection.

    Raises:
        StoreError: there is no store, or another process is writing to it.
    """
    if location.path.is_dir():
        raise StoreError(f"{location} is a folder, not a store")
    if not location.path.exists():
        raise StoreError(
            f"no store at {location}", hint="make one with: usql import duckdb:FILE EXPORT"
        )
    connection = _connect(location, read_only=True, config=_READING)
    with closed_on_error(connection), store_errors(location):
        _check_version(connection, location)
    return connection


def property_keys(connection: duckdb.DuckDBPyConnection, table: str, field: str) -> list[str]:
    """Return the keys, sorted, that a properties field ever had in the store."""
    found = connection.execute(
        'SELECT "key" FROM usql_property WHERE "table" = ? AND field = ? ORDER BY "key"',
        [table, field],
    )
    return [key for (key,) in found.fetchall()]


def segments(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Return the names and texts of the named segments; their table is made with the first."""
    if "usql_segment" not in _tables(connection):
        return []
    return connection.execute("SELECT name, text FROM usql_segment ORDER BY name").fetchall()


def start_range(connection: duckdb.DuckDBPyConnection) -> tuple[int, int] | None:
    """Return the earliest and the latest ``startTime`` of sessions, in ms; ``None`` if empty."""
    return _range(connection, 'min("startTime"), max("startTime")')


def session_range(connection: duckdb.DuckDBPyConnection) -> tuple[int, int] | None:
    """Return the earliest ``startTime`` and the latest ``endTime`` of sessions, in ms."""
    return _range(connection, 'min("startTime"), coalesce(max("endTime"), max("startTime"))')


def _range(connection: duckdb.DuckDBPyConnection, columns: str) -> tuple[int, int] | None:
    ((first, last),) = connection.execute(f"SELECT {columns} FROM usersession").fetchall()
    return None if first is None else (first, last)


@contextmanager
def store_errors(location: DuckdbLocation | ParquetLocation) -> Iterator[None]:
    """Say DuckDB's errors about files within a block as ``StoreError``, for people."""
    import duckdb

    try:
        yield
    except duckdb.IOException as error:
        raise StoreError(f"{location} cannot be read or written: {_first_line(error)}") from error
    except (duckdb.FatalException, duckdb.SerializationException) as error:
        raise _damaged(location) from error
    except duckdb.Error as error:
        if not str(error).startswith("Corrupt database"):  # it has no class of its own
            raise
        raise _damaged(location) from error


def _damaged(location: DuckdbLocation | ParquetLocation) -> StoreError:
    return StoreError(f"{location} is damaged", hint="restore a copy, or import into a new store")


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]


def _connect(
    location: DuckdbLocation,
    *,
    read_only: bool,
    config: Mapping[str, str],
    patience: float | None = None,
) -> duckdb.DuckDBPyConnection:
    """Open a file, waiting a while for others to let go of it."""
    duckdb = library()
    until = time.monotonic() + (PATIENCE if patience is None else patience)
    while True:
        try:
            connection: Any = duckdb.connect(
                str(location.path), read_only=read_only, config=dict(config)
            )
        except (duckdb.IOException, duckdb.ConnectionException) as error:
            text = str(error)
            busy = "lock" in text.lower() or "different configuration" in text
            if not busy:
                raise StoreError(f"{location} is not a usql store, nor any DuckDB file") from error
            if time.monotonic() > until:
                raise StoreError(
                    f"{location} is in use by another process", hint="try again later"
                ) from error
            time.sleep(_AGAIN)
        except duckdb.Error as error:
            raise _damaged(location) from error
        else:
            return connection  # type: ignore[no-any-return]


@contextmanager
def closed_on_error(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Close a connection whose opening fails."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _tables(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {
        name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    }


def _check_version(connection: duckdb.DuckDBPyConnection, location: DuckdbLocation) -> None:
    if "usql_store" not in _tables(connection):
        raise StoreError(f"{location} is a DuckDB file, but not a usql store")
    ((version,),) = connection.execute("SELECT version FROM usql_store").fetchall()
    if version > VERSION:
        raise StoreError(
            f"{location} was made by a newer version of usql", hint="update usql-engine"
        )


def _create(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    connection.execute("BEGIN")
    for relation in layout.relations:
        connection.execute(_table_sql(relation))
    connection.execute('CREATE TABLE usql_property ("table" VARCHAR, field VARCHAR, "key" VARCHAR)')
    connection.execute("CREATE TABLE usql_store (version INTEGER)")
    connection.execute("INSERT INTO usql_store VALUES (?)", [VERSION])
    connection.execute("COMMIT")


def _table_sql(relation: Relation) -> str:
    """Return the statement that makes a relation; it has no index, which scans do without."""
    # numbers of half the length: joins and distinct counts by session take two thirds of the time
    columns = [(name, "VARCHAR" if name == KEY else "INTEGER") for name in relation.keys]
    columns += [(name, _TYPES.get(kind, "VARCHAR")) for name, kind in relation.columns]
    listed = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns)
    return f"CREATE TABLE {quoted(relation.name)} ({listed})"
