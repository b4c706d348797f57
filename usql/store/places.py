"""Kinds of stores: which one a URL names, and the writer of each.

What arrives: a path or URL that a person wrote. What leaves: a place, the layout of the store
there, and a ``Writer``, through which imports write to any kind.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from usql.errors import StoreError
from usql.layout import Layout, clickhouse_layout, default_layout, duckdb_layout
from usql.store.clickhouse_places import (
    CHDB,
    CLICKHOUSE,
    ChdbLocation,
    ClickhouseLocation,
    ServerLocation,
)
from usql.store.duckdb_store import DuckdbLocation, ParquetLocation
from usql.store.sqlite_store import Location

if TYPE_CHECKING:
    from usql.store.sessions import Identity, Session

Place: TypeAlias = Location | DuckdbLocation | ParquetLocation | ChdbLocation | ServerLocation
"""Where a store is."""

_DUCKDB, _PARQUET = "duckdb:", "parquet:"


class Writer(Protocol):
    """The one writer of a store."""

    def transaction(self) -> AbstractContextManager[None]:
        """Write all of a block or, where it raises, nothing of it."""

    def many(self) -> AbstractContextManager[None]:
        """Leave a store that queries find quick, whatever was put off within a block."""

    def prepare_for_many(self) -> None:
        """Learn, within a transaction, that a great deal is to come."""

    def write(self, sessions: Mapping[Identity, Session]) -> int:
        """Write sessions within a transaction; return how many of them were stored already."""


class StoreWriter(Writer, Protocol):
    """A writer of what a store keeps beside its sessions, too."""

    def segments(self) -> list[tuple[str, str]]:
        """Return the names and texts of the named segments."""

    def put_segment(self, name: str, text: str) -> None:
        """Keep a segment, within a transaction; there is none of that name."""

    def drop_segment(self, name: str) -> None:
        """Forget a segment, within a transaction."""


def place_of(url: str | os.PathLike[str]) -> Place:
    """Return the place that a person named.

    Args:
        url: a path, ``sqlite:path``, ``duckdb:path``, ``parquet:folder/``, ``chdb:folder/``,
            ``clickhouse://user:password@host:port/database``, or ``:memory:`` for a new store in
            memory.

    Raises:
        StoreError: it names a kind of store that is not supported, or nothing.

    >>> place_of("duckdb:sessions.duckdb").path.name
    'sessions.duckdb'
    """
    if not isinstance(url, str):
        return Location.of(url)
    if url.startswith(CHDB):
        return ChdbLocation.of(url)
    if url.startswith(CLICKHOUSE):
        return ServerLocation.of(url)
    if url.startswith(_DUCKDB):
        return DuckdbLocation(_path(url, _DUCKDB, "write duckdb:sessions.duckdb"))
    if url.startswith(_PARQUET):
        return ParquetLocation(_path(url, _PARQUET, "write parquet:FOLDER/"))
    return Location.of(url)


def _path(url: str, kind: str, hint: str) -> Path:
    path = url.removeprefix(kind).removeprefix("//")
    if not path:
        raise StoreError("the name of the store is empty", hint=hint)
    return Path(path).expanduser()


def layout_of(place: Place) -> Layout:
    """Return the layout of the stores of a place's kind."""
    if isinstance(place, Location):
        return default_layout()
    duckdb = isinstance(place, DuckdbLocation | ParquetLocation)
    return duckdb_layout() if duckdb else clickhouse_layout()


def keeping(place: Place) -> AbstractContextManager[None]:
    """Return a block in which an engine that takes long to start is started only once."""
    if not isinstance(place, ChdbLocation):
        return nullcontext()
    from usql.store.chdb_client import kept

    return kept(place)


def open_writer(
    place: Place, layout: Layout, *, patience: float | None = None, durable: bool = False
) -> AbstractContextManager[StoreWriter]:
    """Open a store to write; it is made if there is none.

    Args:
        place: of the store.
        layout: of a new store.
        patience: seconds to wait while another process writes; 10 unless given.
        durable: wait at the end of each transaction until it would survive a loss of power, which
            DuckDB does anyway, and ClickHouse leaves to the system.

    Raises:
        ReadOnlyStore: stores of the place's kind can only be read.
        StoreError: the place holds something else, or cannot be written.
    """
    if isinstance(place, ParquetLocation):
        raise place.refusal()
    if isinstance(place, DuckdbLocation):
        from usql.store.duckdb_writer import duckdb_writer

        return duckdb_writer(place, layout, patience)
    if isinstance(place, ClickhouseLocation):
        from usql.store.clickhouse_writer import clickhouse_writer

        return clickhouse_writer(place, layout, patience)
    from usql.store.sqlite_writer import sqlite_writer

    return sqlite_writer(place, layout, patience, durable=durable)
