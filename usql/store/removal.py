"""Sessions out of a store for good, and space back from it, whatever its engine.

What arrives: the place of a store, and what chooses sessions of it. What leaves: a store without
them, and what was done. How each engine does it, ``sqlite_removal`` and its like tell.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from usql.layout import Layout
from usql.store.clickhouse_places import ClickhouseLocation
from usql.store.duckdb_store import DuckdbLocation, ParquetLocation
from usql.store.places import Place

Choose: TypeAlias = Callable[[Any], Iterable[int]]
"""Returns the numbers of sessions, of the state that a connection of the engine's sees."""

NOTHING_DELETED = "nothing was deleted"


@dataclass(frozen=True, slots=True)
class DeleteSummary:
    """What was deleted, or would be.

    Attributes:
        sessions, actions, events, errors: how many rows.
        kept: sessions that are left.
        bytes_freed: by how much the store is smaller.
        remains: where bytes of what was deleted are still, and until when; empty if nowhere.
        seconds: how long it took.
    """

    sessions: int
    actions: int
    events: int
    errors: int
    kept: int
    bytes_freed: int
    remains: str
    seconds: float

    @property
    def erased(self) -> bool:
        """Whether no byte of what was deleted remains in the store."""
        return not self.remains

    @classmethod
    def of(
        cls, counts: Mapping[str, int], kept: int, freed: int, remains: str, began: float
    ) -> DeleteSummary:
        """Return the summary of rows by table, of work that began at a monotonic time."""
        return cls(
            sessions=counts["usersession"],
            actions=counts["useraction"],
            events=counts["userevent"],
            errors=counts["usererror"],
            kept=kept,
            bytes_freed=max(freed, 0),
            remains=remains,
            seconds=time.monotonic() - began,
        )


@dataclass(frozen=True, slots=True)
class CompactSummary:
    """What compacting did.

    Attributes:
        bytes_before, bytes_after: of the store with its log.
        indexes: names of the indexes that were still to be made.
        seconds: how long it took.
    """

    bytes_before: int
    bytes_after: int
    indexes: tuple[str, ...]
    seconds: float


def delete(place: Place, layout: Layout, choose: Choose, *, dry_run: bool = False) -> DeleteSummary:
    """Delete sessions with all that belongs to them, and give the space back.

    Args:
        place: of the store.
        layout: of the store.
        choose: says which; while it does and until they are gone, nobody else writes, but to a
            server.
        dry_run: count only.

    Raises:
        ReadOnlyStore: stores of the place's kind can only be read.
        StoreError: there is no store, or it cannot be written.
    """
    if isinstance(place, ParquetLocation):
        raise place.refusal()
    if isinstance(place, DuckdbLocation):
        from usql.store import duckdb_removal

        return duckdb_removal.delete(place, layout, choose, dry_run=dry_run)
    if isinstance(place, ClickhouseLocation):
        from usql.store import clickhouse_removal

        return clickhouse_removal.delete(place, layout, choose, dry_run=dry_run)
    from usql.store import sqlite_removal

    return sqlite_removal.delete(place, layout, choose, dry_run=dry_run)


def compact(place: Place, layout: Layout) -> CompactSummary:
    """Write a store anew without what it does not need.

    Raises:
        ReadOnlyStore: stores of the place's kind can only be read.
        StoreError: there is no store, it cannot be written, or the disk is full.
    """
    if isinstance(place, ParquetLocation):
        raise place.refusal()
    if isinstance(place, DuckdbLocation):
        from usql.store import duckdb_removal

        return duckdb_removal.compact(place, layout)
    if isinstance(place, ClickhouseLocation):
        from usql.store import clickhouse_removal

        return clickhouse_removal.compact(place, layout)
    from usql.store import sqlite_removal

    return sqlite_removal.compact(place)
