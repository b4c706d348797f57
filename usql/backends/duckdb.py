"""Queries with DuckDB, over connections that can only read a store and reach nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from usql.backends.decode import OVERFLOW
from usql.backends.reading import read_numbers, read_rows
from usql.backends.running import Stop, check, in_thread
from usql.compiled import Compiled
from usql.dialects.duckdb import DUCKDB
from usql.errors import EngineError, StoreError, UsqlError
from usql.layout import Layout
from usql.schema import Field
from usql.store.duckdb_store import (
    PATIENCE,
    DuckdbLocation,
    ParquetLocation,
    library,
    open_reader,
    property_keys,
    segments,
    session_range,
    start_range,
    store_errors,
)

if TYPE_CHECKING:
    import duckdb

    from usql.store.export.snapshot import Snapshot

_T = TypeVar("_T")

_FAR_DATE = "Could not convert Timestamp(MS)"
"""DuckDB counts microseconds; files of Parquet have ms."""


class DuckdbBackend:
    """Runs compiled queries on one file or folder; may be used from several threads.

    Attributes:
        dialect: what queries are compiled to.
    """

    dialect = DUCKDB

    def __init__(self, location: DuckdbLocation | ParquetLocation, layout: Layout) -> None:
        self._location = location
        self._layout = layout
        self._lock = threading.Condition()
        self._root: duckdb.DuckDBPyConnection | None = None
        self._busy: set[_Reader] = set()
        self._closed = False
        self._writing = False

    def check(self) -> None:
        """Raise ``StoreError`` where there is no store to read."""
        with self._reader():
            pass

    def run(
        self, compiled: Compiled, timeout: float | None = None, stop: Stop | None = None
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Args:
            compiled: for DuckDB.
            timeout: in seconds, or ``None`` for no limit.
            stop: ends it from elsewhere.

        Raises:
            TimeLimitExceeded: it took longer; it has ended by now.
            Cancelled: ``interrupt`` was called.
            EngineError: DuckDB refused it.
        """
        with self._reader() as reader, _engine_errors(self._location):
            return in_thread(
                lambda: read_rows(reader, self._layout, compiled), reader, timeout, stop
            )

    def plan(self, compiled: Compiled) -> list[str]:
        """Return DuckDB's own plan of a query, line by line."""
        with self._reader() as reader, _engine_errors(self._location):
            rows = reader.fetch(f"EXPLAIN {compiled.sql}", compiled.params)
        return [line for row in rows for line in str(row[-1]).splitlines()]

    @contextmanager
    def snapshot(self, selection: Compiled | None = None) -> Iterator[Snapshot]:
        """Open one state of the store, to read whole sessions of it within a block.

        Nobody can write while the file is open to read, which it is throughout.

        Args:
            selection: a query whose rows are the sessions wanted; ``None`` for all.

        Raises:
            Cancelled: ``interrupt`` was called.
            StoreError: the store cannot be read.
        """
        from usql.store.export.snapshot import Snapshot

        with self._reader() as reader:
            chosen = None if selection is None else self._numbers(reader, selection)
            reader.at_rest = True
            yield Snapshot(reader, self._layout, chosen, partial(self._reading, reader))

    def session_numbers(
        self, connection: duckdb.DuckDBPyConnection, selection: Compiled
    ) -> Iterable[int]:
        """Return the numbers of a query's sessions, as a connection sees them."""
        with _engine_errors(self._location):
            return read_numbers(_Reader(connection), selection)

    def interrupt(self) -> None:
        """End all queries that are running."""
        with self._lock:
            for reader in self._busy:
                reader.cancel()

    def close(self) -> None:
        """End all queries and close the file."""
        self.interrupt()
        with self._lock:
            self._closed = True
            # Whoever holds a snapshot may never come back to it, as this thread itself.
            self._lock.wait_for(lambda: all(reader.at_rest for reader in self._busy))
            for reader in self._busy:
                reader.connection.close()
            self._release()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Let go of the file for the length of a block, once what is running has ended.

        DuckDB opens a file to write only where the process has it open in no other way.

        Raises:
            StoreError: it is a folder of Parquet, or somebody reads for very long.
        """
        if isinstance(self._location, ParquetLocation):
            raise self._location.refusal()
        with self._lock:
            self._lock.wait_for(lambda: not self._writing)
            self._writing = True
            idle = self._lock.wait_for(lambda: not self._busy, timeout=PATIENCE)
            if not idle:
                self._writing = False
                self._lock.notify_all()
                raise StoreError(
                    f"{self._location} is being read, as by an export that has not ended",
                    hint="try again when it has",
                )
            self._release()
        try:
            yield
        finally:
            with self._lock:
                self._writing = False
                self._lock.notify_all()

    # facts, for resolving and planning

    def property_keys(self, field: Field) -> Sequence[str]:
        """Return the keys that rows have in a properties field."""
        return self._read(lambda c: property_keys(c, field.table, field.name))

    def segments(self) -> Sequence[tuple[str, str]]:
        """Return the names and texts of the named segments."""
        return self._read(segments)

    def session_range(self) -> tuple[int, int] | None:
        """Return the earliest start and the latest end of a session in ms; ``None`` if empty."""
        return self._read(session_range)

    def start_range(self) -> tuple[int, int] | None:
        """Return the earliest and the latest start of a session in ms; ``None`` if empty."""
        return self._read(start_range)

    # helpers

    def _read(self, reading: Callable[[duckdb.DuckDBPyConnection], _T]) -> _T:
        with self._reader() as reader, _engine_errors(self._location):
            return reading(reader.connection)

    def _numbers(self, reader: _Reader, selection: Compiled) -> Sequence[int]:
        """Return the numbers of the sessions that a query yields, sorted."""
        with _engine_errors(self._location):
            return in_thread(lambda: read_numbers(reader, selection), reader, timeout=None)

    @contextmanager
    def _reader(self) -> Iterator[_Reader]:
        """Lend a cursor to one thread."""
        with self._lock:
            self._lock.wait_for(lambda: not self._writing)
            if self._closed:
                raise EngineError("the database is closed")
            if self._root is None:
                self._root = self._opened()
            reader = _Reader(self._root.cursor())
            self._busy.add(reader)
        try:
            yield reader
        finally:
            reader.connection.close()
            with self._lock:
                self._busy.discard(reader)
                self._lock.notify_all()

    @contextmanager
    def _reading(self, reader: _Reader) -> Iterator[None]:
        """Say errors of reading for people, and end what was cancelled."""
        with self._lock:
            check(reader)
            reader.at_rest = False
        try:
            with _engine_errors(self._location):
                yield
        except UsqlError:
            check(reader)
            raise
        finally:
            with self._lock:
                reader.at_rest = True
                self._lock.notify_all()

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if isinstance(self._location, DuckdbLocation):
            return open_reader(self._location)
        from usql.store.parquet_store import open_folder

        return open_folder(self._location, self._layout)

    def _release(self) -> None:
        if self._root is not None:
            self._root.close()
            self._root = None


class _Reader:
    """A cursor that can only read.

    Attributes:
        connection: the cursor itself.
        cancelled: whether somebody wanted what it does to end.
        at_rest: whether it is lent out, but runs nothing until its holder comes back.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.cancelled = False
        self.at_rest = False

    def fetch(self, sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return self._run(sql, params)

    def execute(self, sql: str, params: Sequence[Any], /) -> list[tuple[Any, ...]]:
        """Return all rows of a query of ``documents``."""
        from usql.store.documents import LEADING

        sql = sql.replace(LEADING, "JOIN")
        return self._run(sql, list(params))

    def cancel(self) -> None:
        """Stop what is running, for good."""
        self.cancelled = True
        self.interrupt()

    def interrupt(self) -> None:
        """End the statement that is running now."""
        self.connection.interrupt()

    def _run(self, sql: str, params: list[Any] | dict[str, Any]) -> list[tuple[Any, ...]]:
        """Run a query; what is none is refused, as it might write to the files it may read."""
        duckdb = library()
        (statement,) = self.connection.extract_statements(sql)
        if statement.type not in (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN):
            raise EngineError("the statement is not a query")
        return self.connection.execute(statement, params).fetchall()


@contextmanager
def _engine_errors(location: DuckdbLocation | ParquetLocation) -> Iterator[None]:
    """Turn DuckDB's errors into ours."""
    duckdb = library()
    try:
        with store_errors(location):
            yield
    except duckdb.OutOfRangeException as error:
        raise EngineError(OVERFLOW) from error
    except duckdb.Error as error:
        message = str(error).split("\n", 1)[0]
        if _FAR_DATE in message:
            raise EngineError(
                f"{location} has dates beyond the year 294246, which DuckDB does not read there",
                hint="export the store that it comes from as JSON lines, and import those",
            ) from error
        raise EngineError(f"DuckDB could not run the query: {message}") from error
