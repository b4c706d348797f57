"""Imports that write nothing: what an import would do, counted.

What arrives: the place of a store, which there may not be yet. What leaves: a ``Writer`` that tells
new sessions from stored ones, and keeps nothing but the identities of those it was given: in a
nameless file of SQLite's, so that memory stays flat.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext

from usql.store.clickhouse_places import ClickhouseLocation
from usql.store.duckdb_store import ParquetLocation
from usql.store.places import Place
from usql.store.sessions import Identity, Session
from usql.store.sqlite_store import Location

Find = Callable[[Iterable[Identity]], Iterable[Identity]]
"""Returns those of some identities that are stored."""

_SEEN = (
    "CREATE TABLE seen (id TEXT, start INTEGER, tenant TEXT, part INTEGER,"
    " PRIMARY KEY (id, start, tenant, part)) WITHOUT ROWID"
)


@contextmanager
def rehearsing(place: Place) -> Iterator[Rehearsal]:
    """Open a store to find sessions in it for the length of a block; nothing is made or changed.

    Raises:
        StoreError: the place holds something that is no store.
    """
    with _finding(place) as find, closing(sqlite3.connect("", isolation_level=None)) as notes:
        notes.execute(_SEEN)
        yield Rehearsal(find, notes)


class Rehearsal:
    """Does as a writer does, but for the writing."""

    def __init__(self, find: Find, notes: sqlite3.Connection) -> None:
        self._find = find
        self._notes = notes

    def transaction(self) -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()

    def many(self) -> AbstractContextManager[None]:
        """Do nothing."""
        return nullcontext()

    def prepare_for_many(self) -> None:
        """Do nothing."""

    def write(self, sessions: Mapping[Identity, Session]) -> int:
        """Return how many sessions are stored already, or would be by now."""
        stored = set(self._find(sessions))
        self._notes.execute("BEGIN")
        for identity in sessions:
            noted = self._notes.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?)", identity)
            if noted.rowcount == 0:
                stored.add(identity)
        self._notes.execute("COMMIT")
        return len(stored)


@contextmanager
def _finding(place: Place) -> Iterator[Find]:
    if isinstance(place, ParquetLocation):
        raise place.refusal()
    if place.path is not None and not place.path.exists():
        yield lambda identities: ()
    elif isinstance(place, Location):
        from usql.store.sqlite_store import open_reader, store_errors
        from usql.store.sqlite_writer import find_sessions

        with store_errors(place), closing(open_reader(place)) as connection:
            yield lambda identities: find_sessions(connection, identities)
    elif isinstance(place, ClickhouseLocation):
        with _finding_in_clickhouse(place) as find:
            yield find
    else:
        from usql.store import duckdb_store
        from usql.store.duckdb_writer import find_sessions as find_in_duckdb

        opened = duckdb_store.open_reader(place)
        with duckdb_store.store_errors(place), closing(opened) as reader:
            yield lambda identities: find_in_duckdb(reader, identities)


@contextmanager
def _finding_in_clickhouse(place: ClickhouseLocation) -> Iterator[Find]:
    from usql.store.clickhouse_client import store_errors
    from usql.store.clickhouse_store import find_store
    from usql.store.clickhouse_writer import find_sessions

    client = find_store(place)
    if client is None:
        yield lambda identities: ()
        return
    with store_errors(place), closing(client):
        yield lambda identities: find_sessions(client, identities)
