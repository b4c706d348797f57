"""Queries on a SQLite store, over connections that cannot write.

A connection is opened read-only, and an authorizer lets it do nothing but read: read-only mode
alone would still allow ``ATTACH`` and ``VACUUM INTO`` to make files. A query runs in a thread of
its own, so that the caller can wait for it with a limit, or be interrupted, and stop it at once.
"""

from __future__ import annotations

import json
import math
import sqlite3
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from usql.backends.decode import OVERFLOW, decode_rows
from usql.backends.running import Stop, check, in_thread
from usql.compiled import Compiled
from usql.dialects.sqlite import FLOAT_MOD, OFFSET, PERCENTILE, SORTED, SQLITE
from usql.errors import SMALLER, EngineError, TooLarge, UsqlError
from usql.layout import SESSION, Layout
from usql.schema import Field
from usql.store.sqlite_store import (
    Location,
    open_reader,
    property_keys,
    segments,
    session_range,
    start_range,
    store_errors,
)
from usql.zones import Zone

if TYPE_CHECKING:
    from usql.store.export.snapshot import Snapshot

_T = TypeVar("_T")

_READING = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
)
_MAX_VALUE_BYTES = 256 * 1024 * 1024
"""No single value grows beyond this: work on one value cannot be interrupted."""


class SqliteBackend:
    """Runs compiled queries on one store; may be used from several threads.

    Attributes:
        dialect: what queries are compiled to.
    """

    dialect = SQLITE

    def __init__(self, location: Location, layout: Layout) -> None:
        self._location = location
        self._layout = layout
        self._lock = threading.Lock()
        self._idle: list[_Reader] = []
        self._busy: set[_Reader] = set()
        self._closed = False

    def check(self) -> None:
        """Raise ``StoreError`` where there is no store to read."""
        open_reader(self._location).close()

    def session_numbers(self, connection: sqlite3.Connection, selection: Compiled) -> Iterable[int]:
        """Return the numbers of a query's sessions, as a connection sees them."""
        return session_numbers(connection, selection, self._location)

    def writing(self) -> AbstractContextManager[None]:
        """Do nothing: readers and a writer do not stand in each other's way."""
        return nullcontext()

    def run(
        self, compiled: Compiled, timeout: float | None = None, stop: Stop | None = None
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Args:
            compiled: for SQLite.
            timeout: in seconds, or ``None`` for no limit.
            stop: ends it from elsewhere.

        Raises:
            TimeLimitExceeded: it took longer; it has ended by now.
            Cancelled: ``interrupt`` was called.
            EngineError: SQLite refused it.
        """
        reader = self._lent()
        try:
            return in_thread(lambda: self._rows(reader, compiled), reader, timeout, stop)
        except (sqlite3.Error, OverflowError):
            with _engine_errors(self._location):
                raise
        finally:
            self._returned(reader)

    def plan(self, compiled: Compiled) -> list[str]:
        """Return SQLite's own plan of a query, a line per step, indented."""
        with self._reader() as reader, _engine_errors(self._location):
            return reader.query_plan(compiled.sql, compiled.params)

    @contextmanager
    def snapshot(self, selection: Compiled | None = None) -> Iterator[Snapshot]:
        """Open one state of the store, to read whole sessions of it within a block.

        Args:
            selection: a query whose rows are the sessions wanted; ``None`` for all.

        Raises:
            Cancelled: ``interrupt`` was called.
            StoreError: the store cannot be read.
        """
        from usql.store.export.snapshot import Snapshot

        with self._reader() as reader:
            reader.cancelled = False
            with reader.snapshot():
                chosen = None if selection is None else self._numbers(reader, selection)
                reading = partial(_reading, reader, self._location)
                yield Snapshot(reader.connection, self._layout, chosen, reading)

    def interrupt(self) -> None:
        """End all queries that are running."""
        with self._lock:
            for reader in self._busy:
                reader.cancel()

    def close(self) -> None:
        """End all queries and close all connections."""
        self.interrupt()
        with self._lock:
            self._closed = True
            for reader in self._idle:
                reader.close()
            self._idle.clear()

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

    def _read(self, reading: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._reader() as reader, _engine_errors(self._location):
            return reading(reader.connection)

    def _rows(self, reader: _Reader, compiled: Compiled) -> list[tuple[Any, ...]]:
        if compiled.identity is None:
            rows = reader.fetch(compiled.sql, compiled.params)
            return decode_rows(rows, compiled.outputs, None)
        from usql.backends.reading import read_documents

        with reader.snapshot():  # whole rows are read one by one, of the same state of the store
            rows = reader.fetch(compiled.sql, compiled.params)
            keys = [tuple(row[len(compiled.outputs) :]) for row in rows]
            found = read_documents(reader.connection, self._layout, compiled.identity, keys)
        return decode_rows(rows, compiled.outputs, found)

    def _numbers(self, reader: _Reader, selection: Compiled) -> Sequence[int]:
        """Return the numbers of the sessions that a query yields, sorted."""
        sql = f"SELECT {SESSION} FROM ({selection.sql}) ORDER BY 1"

        def read() -> Sequence[int]:
            return array("q", (n for (n,) in reader.connection.execute(sql, selection.params)))

        with _engine_errors(self._location):
            return in_thread(read, reader, timeout=None)

    @contextmanager
    def _reader(self) -> Iterator[_Reader]:
        """Lend a connection for the length of a block."""
        reader = self._lent()
        try:
            yield reader
        finally:
            self._returned(reader)

    def _lent(self) -> _Reader:
        """Lend a connection to one thread; they are kept, since opening one costs 1 ms."""
        with self._lock:
            if self._closed:
                raise EngineError("the database is closed")
            if self._idle:
                reader = self._idle.pop()
                self._busy.add(reader)
                return reader
        reader = _Reader(open_reader(self._location))
        with self._lock:
            self._busy.add(reader)
        return reader

    def _returned(self, reader: _Reader) -> None:
        """Take a connection back."""
        with self._lock:
            self._busy.discard(reader)
            keep = not self._closed
            if keep:
                self._idle.append(reader)
        if not keep:
            reader.close()


class _Reader:
    """A connection that can only read."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.cancelled = False
        self._allowed = _READING
        add_functions(connection)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE_BYTES)
        connection.set_authorizer(self._authorize)

    def fetch(self, sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return self.connection.execute(sql, params).fetchall()

    def query_plan(self, sql: str, params: Mapping[str, Any]) -> list[str]:
        """Return the steps of ``EXPLAIN QUERY PLAN``, indented by their depth."""
        depth = {0: 0}
        steps = []
        for number, parent, _, text in self.fetch(f"EXPLAIN QUERY PLAN {sql}", params):
            depth[number] = depth.get(parent, 0) + 1
            steps.append("  " * (depth[number] - 1) + text)
        return steps

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See one state of the store throughout."""
        self._transaction("BEGIN")
        try:
            yield
        finally:
            self._transaction("ROLLBACK")

    def cancel(self) -> None:
        """Stop what is running, for good."""
        self.cancelled = True
        self.interrupt()

    def interrupt(self) -> None:
        """End the statement that is running now."""
        self.connection.interrupt()

    def close(self) -> None:
        """Close the connection."""
        with suppress(sqlite3.Error):
            self.connection.close()

    def _transaction(self, statement: str) -> None:
        self._allowed = _READING | {sqlite3.SQLITE_TRANSACTION}
        try:
            self.connection.execute(statement)
        finally:
            self._allowed = _READING

    def _authorize(self, action: int, *_: str | None) -> int:
        return sqlite3.SQLITE_OK if action in self._allowed else sqlite3.SQLITE_DENY


def session_numbers(
    connection: sqlite3.Connection, selection: Compiled, location: Location
) -> Iterator[int]:
    """Yield the numbers of the sessions that a query chooses, over a connection of any kind.

    Args:
        connection: to the store; within a transaction that writes, what it yields stays true.
        selection: a query on ``usersession`` whose rows are the sessions wanted.
        location: of the store.

    Raises:
        EngineError: SQLite refused the query.
    """
    add_functions(connection)
    with _engine_errors(location):
        query = f'SELECT "{SESSION}" FROM ({selection.sql})'
        for (number,) in connection.execute(query, selection.params):
            yield number


def add_functions(connection: sqlite3.Connection) -> None:
    """Let a connection know what the SQL of queries calls."""
    connection.create_aggregate(SORTED, 1, _Sorted)  # type: ignore[arg-type]
    connection.create_function(PERCENTILE, 2, _Percentile(), deterministic=True)
    connection.create_function(FLOAT_MOD, 2, _float_mod, deterministic=True)
    connection.create_function(OFFSET, 2, _offset, deterministic=True)


@contextmanager
def _reading(reader: _Reader, location: Location) -> Iterator[None]:
    """Say errors of reading for people, and end what was cancelled."""
    check(reader)
    try:
        with _engine_errors(location):
            yield
    except UsqlError:
        check(reader)
        raise


_TOO_LARGE = (
    "too many columns",
    "too many terms",
    "too many SQL variables",
    "too many arguments",
    "parser stack overflow",
    "Expression tree is too large",
    "query string is too large",
    "at most 64 tables in a join",
)
"""What SQLite says of a query that is sound but too large."""


@contextmanager
def _engine_errors(location: Location) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        with store_errors(location):
            yield
    except UsqlError as error:
        said = str(error.__cause__)
        if said == "integer overflow":
            raise EngineError(OVERFLOW) from error.__cause__
        if any(text in said for text in _TOO_LARGE):
            raise TooLarge(f"the query is too large for SQLite: {said}", hint=SMALLER) from None
        raise
    except (sqlite3.Error, OverflowError) as error:
        raise EngineError(f"SQLite could not run the query: {error}") from error


class _Sorted:
    """The values of a group in order, as an array of 64-bit numbers and, last, its type code.

    ``step`` is the list's own ``append``: a method in Python would take three times as long.
    """

    def __init__(self) -> None:
        self._values: list[Any] = []
        self.step = self._values.append

    def finalize(self) -> bytes | None:
        try:
            return _packed(self._values)
        except TypeError:  # there are nulls among them
            return _packed([value for value in self._values if value is not None])


def _packed(values: list[Any]) -> bytes | None:
    if not values:
        return None
    values.sort()
    try:
        return array("q", values).tobytes() + b"q"
    except TypeError:
        return array("d", values).tobytes() + b"d"


class _Percentile:
    """The p-th percentile of values that were gathered, in order or as a JSON array.

    Several are mostly asked of the same values in turn, so the last array's are kept.
    """

    def __init__(self) -> None:
        self._last: tuple[str, Sequence[float]] = ("[]", ())

    def __call__(self, gathered: bytes | str | None, p: float) -> float | None:
        """Return it, with linear interpolation between the nearest ranks.

        numpy's default and SQL's ``PERCENTILE_CONT``: with n sorted values it lies at rank
        (n - 1) * p / 100, counted from 0.
        """
        if gathered is None:
            return None
        values = self._read(gathered) if isinstance(gathered, str) else _unpacked(gathered)
        if not values:
            return None
        rank = (len(values) - 1) * p / 100
        low = math.floor(rank)
        part = rank - low
        if part == 0:
            return float(values[low])
        return float(values[low] + (values[low + 1] - values[low]) * part)

    def _read(self, array: str) -> Sequence[float]:
        text, values = self._last
        if text != array:
            values = json.loads(array)
            if "null" in array:
                values = [value for value in values if value is not None]
            values.sort()
            self._last = (array, values) if len(array) <= _MOST_KEPT else ("[]", ())
        return values


_MOST_KEPT = 4 * 1024 * 1024
"""Characters of a JSON array that is kept beyond its use."""


def _unpacked(packed: bytes) -> Sequence[float]:
    return memoryview(packed)[:-1].cast("q" if packed.endswith(b"q") else "d")


def _offset(instant: int | None, zone: str) -> int | None:
    return None if instant is None else Zone.of(zone).offset_at(instant)


def _float_mod(dividend: float | None, divisor: float | None) -> float | None:
    if dividend is None or divisor is None or divisor == 0 or math.isinf(dividend):
        return None
    return math.fmod(dividend, divisor)
