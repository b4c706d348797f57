"""The running of compiled queries: one backend per engine, connections, cancel, time limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from usql.compiled import Compiled
from usql.dialects import Dialect
from usql.layout import Layout
from usql.schema import Field
from usql.store.clickhouse_places import ClickhouseLocation
from usql.store.duckdb_store import DuckdbLocation, ParquetLocation
from usql.store.places import Place

if TYPE_CHECKING:
    from usql.backends.running import Stop
    from usql.store.export.snapshot import Snapshot


class Backend(Protocol):
    """Runs compiled queries on one store, and knows its facts; safe for several threads."""

    @property
    def dialect(self) -> Dialect:
        """What queries are compiled to."""

    def check(self) -> None:
        """Raise ``StoreError`` where there is no store to read."""

    def run(
        self, compiled: Compiled, timeout: float | None = None, stop: Stop | None = None
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a query, which may take so many seconds; ``stop`` ends it."""

    def plan(self, compiled: Compiled) -> list[str]:
        """Return the engine's own plan of a query, line by line."""

    def snapshot(self, selection: Compiled | None = None) -> AbstractContextManager[Snapshot]:
        """Open one state of the store to read whole sessions: those of a query, or all."""

    def interrupt(self) -> None:
        """End all queries that are running."""

    def close(self) -> None:
        """End all queries and let go of the store."""

    def writing(self) -> AbstractContextManager[None]:
        """Let somebody write for the length of a block, if need be by letting go of the store."""

    def session_numbers(self, connection: Any, selection: Compiled) -> Iterable[int]:
        """Return the numbers of a query's sessions, as a connection of the engine's sees them."""

    def property_keys(self, field: Field) -> Sequence[str]:
        """Return the keys that rows have in a properties field."""

    def segments(self) -> Sequence[tuple[str, str]]:
        """Return the names and texts of the named segments."""

    def session_range(self) -> tuple[int, int] | None:
        """Return the earliest start and the latest end of a session in ms; ``None`` if empty."""

    def start_range(self) -> tuple[int, int] | None:
        """Return the earliest and the latest start of a session in ms; ``None`` if empty."""


def backend_of(place: Place, layout: Layout) -> Backend:
    """Return the backend of a place's kind of store; nothing is opened yet."""
    if isinstance(place, DuckdbLocation | ParquetLocation):
        from usql.backends.duckdb import DuckdbBackend

        return DuckdbBackend(place, layout)
    if isinstance(place, ClickhouseLocation):
        from usql.backends.clickhouse import ClickhouseBackend

        return ClickhouseBackend(place, layout)
    from usql.backends.sqlite import SqliteBackend

    return SqliteBackend(place, layout)
