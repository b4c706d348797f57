"""Queries on a ClickHouse store, in process or on a server, that can do nothing but read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from usql.backends.decode import OVERFLOW
from usql.backends.reading import read_numbers, read_rows
from usql.backends.running import Stop, check, in_thread
from usql.compiled import Compiled
from usql.dialects.clickhouse import CLICKHOUSE
from usql.errors import EngineError, UsqlError
from usql.layout import Layout
from usql.schema import Field
from usql.store.clickhouse_client import (
    CANNOT_CONVERT,
    MEMORY_LIMIT,
    ClickhouseError,
    Client,
    GoneError,
    Query,
    Rows,
    rows_of,
    store_errors,
)
from usql.store.clickhouse_places import ClickhouseLocation
from usql.store.clickhouse_store import (
    open_store,
    property_keys,
    segments,
    session_range,
    start_range,
)

if TYPE_CHECKING:
    from usql.store.export.snapshot import Snapshot

_T = TypeVar("_T")


class ClickhouseBackend:
    """Runs compiled queries on one store; may be used from several threads.

    Attributes:
        dialect: what queries are compiled to.
    """

    dialect = CLICKHOUSE

    def __init__(self, location: ClickhouseLocation, layout: Layout) -> None:
        self._location = location
        self._layout = layout
        self._lock = threading.Condition()
        self._client: Client | None = None
        self._busy: set[_Reader] = set()
        self._closed = False
        self._facts: dict[Any, tuple[int, Any]] = {}

    def check(self) -> None:
        """Raise ``StoreError`` where there is no store to read."""
        self._opened()

    def run(
        self, compiled: Compiled, timeout: float | None = None, stop: Stop | None = None
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a query.

        Args:
            compiled: for ClickHouse.
            timeout: in seconds, or ``None`` for no limit.
            stop: ends it from elsewhere.

        Raises:
            TimeLimitExceeded: it took longer; it has ended by now.
            Cancelled: ``interrupt`` was called.
            EngineError: ClickHouse refused it.
        """
        with self._reader() as reader, _engine_errors(self._location), reader.client.reading():
            return in_thread(
                lambda: read_rows(reader, self._layout, compiled), reader, timeout, stop
            )

    def plan(self, compiled: Compiled) -> list[str]:
        """Return ClickHouse's own plan of a query, line by line."""
        with self._reader() as reader, _engine_errors(self._location):
            rows = reader.fetch(f"EXPLAIN indexes = 1 {compiled.sql}", compiled.params)
        return [str(line) for (line,) in rows]

    @contextmanager
    def snapshot(self, selection: Compiled | None = None) -> Iterator[Snapshot]:
        """Open a store, to read whole sessions of it within a block.

        While a folder is read, nobody writes to it. A server has no state to hold on to: sessions
        that are replaced meanwhile may be read as they were, as they are, or not.

        Args:
            selection: a query whose rows are the sessions wanted; ``None`` for all.

        Raises:
            Cancelled: ``interrupt`` was called.
            StoreError: the store cannot be read.
        """
        from usql.store.export.snapshot import Snapshot

        with self._reader() as reader, reader.client.reading():
            chosen = None if selection is None else self._numbers(reader, selection)
            reader.at_rest = True
            yield Snapshot(reader, self._layout, chosen, partial(self._reading, reader))

    def session_numbers(self, connection: Client, selection: Compiled) -> Iterable[int]:
        """Return the numbers of a query's sessions, as they are now."""
        with _engine_errors(self._location):
            return read_numbers(_Reader(connection), selection)

    def interrupt(self) -> None:
        """End all queries that are running."""
        with self._lock:
            for reader in self._busy:
                reader.cancel()

    def close(self) -> None:
        """End all queries and let go of the engine."""
        self.interrupt()
        with self._lock:
            self._closed = True
            # Whoever holds a snapshot may never come back to it, as this thread itself.
            self._lock.wait_for(lambda: all(reader.at_rest for reader in self._busy))
            if self._client is not None:
                self._client.close()
                self._client = None

    def writing(self) -> nullcontext[None]:
        """Do nothing: whoever writes shares the engine, and waits for readers where need be."""
        return nullcontext()

    # facts, for resolving and planning

    def property_keys(self, field: Field) -> Sequence[str]:
        """Return the keys that rows have in a properties field."""
        key = (field.table, field.name)
        return self._fact(key, lambda client: property_keys(client, *key))

    def segments(self) -> Sequence[tuple[str, str]]:
        """Return the names and texts of the named segments."""
        return self._fact("segments", segments)

    def session_range(self) -> tuple[int, int] | None:
        """Return the earliest start and the latest end of a session in ms; ``None`` if empty."""
        return self._fact("session_range", session_range)

    def start_range(self) -> tuple[int, int] | None:
        """Return the earliest and the latest start of a session in ms; ``None`` if empty."""
        return self._fact("start_range", start_range)

    # helpers

    def _opened(self) -> Client:
        with self._lock:
            if self._closed:
                raise EngineError("the database is closed")
            if self._client is None:
                self._client = open_store(self._location, self._layout, create=False)
            return self._client

    def _fact(self, key: Any, reading: Callable[[Client], _T]) -> _T:
        """Return what is known, or read anew where the store may have changed since."""
        client = self._opened()
        with _engine_errors(self._location), client.reading():
            changes = client.changes()
            known = self._facts.get(key)
            if known is not None and known[0] == changes:
                fact: _T = known[1]
                return fact
            found = reading(client)
            if changes is not None:
                self._facts[key] = (changes, found)
            return found

    def _numbers(self, reader: _Reader, selection: Compiled) -> Sequence[int]:
        """Return the numbers of the sessions that a query yields, sorted."""
        with _engine_errors(self._location):
            return in_thread(lambda: read_numbers(reader, selection), reader, timeout=None)

    @contextmanager
    def _reader(self) -> Iterator[_Reader]:
        """Lend the client to one thread."""
        reader = _Reader(self._opened())
        with self._lock:
            self._busy.add(reader)
        try:
            yield reader
        finally:
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


class _Reader:
    """What one thread asks of the engine.

    Attributes:
        client: the way to the engine.
        cancelled: whether somebody wanted what it does to end.
        at_rest: whether it is lent out, but runs nothing until its holder comes back.
    """

    looks_up_members = True
    """See ``documents``."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.cancelled = False
        self.at_rest = False
        self._ended = False
        self._pending: Query | None = None

    def fetch(self, sql: str, params: Mapping[str, Any]) -> Rows:
        """Return all rows."""
        if self._ended:
            raise GoneError("it was ended")
        self._pending = pending = self.client.start(sql, params)
        return rows_of(pending.data())

    def execute(self, sql: str, params: Sequence[Any], /) -> list[tuple[Any, ...]]:
        """Return all rows of a query of ``documents`` or ``snapshot``."""
        return [tuple(row) for row in self.fetch(*_named(sql, params))]

    def cancel(self) -> None:
        """Stop what is running, for good."""
        self.cancelled = True
        self.interrupt()

    def interrupt(self) -> None:
        """End the statement that is running now; where that fails, at the next call."""
        self._ended = True
        if self._pending is not None:
            self._pending.cancel()


def _named(sql: str, params: Sequence[Any]) -> tuple[str, dict[str, Any]]:
    """Return a query whose places are numbered, all of whole numbers, and their values."""
    pieces = sql.split("?")
    names = [f"p{index}" for index in range(len(params))]
    places = [f"{{{name}:Int64}}" for name in names]
    text = "".join(piece + place for piece, place in zip(pieces, [*places, ""], strict=True))
    return text, dict(zip(names, params, strict=True))


@contextmanager
def _engine_errors(location: ClickhouseLocation) -> Iterator[None]:
    """Turn ClickHouse's errors into ours."""
    try:
        with store_errors(location):
            yield
    except UsqlError as error:
        cause = error.__cause__
        if not isinstance(cause, ClickhouseError) or not cause.code:
            raise
        if cause.code == CANNOT_CONVERT:
            raise EngineError(OVERFLOW) from cause
        if cause.code == MEMORY_LIMIT:
            raise EngineError(
                "the query needs more memory than it may take",
                hint="ask for less, or raise memory= in the name of the store",
            ) from cause
        raise EngineError(f"ClickHouse could not run the query: {cause}") from cause
