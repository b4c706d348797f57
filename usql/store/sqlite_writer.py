"""Batches of checked sessions into a SQLite store.

What arrives: sessions by identity, within a write transaction. What leaves: their rows, a stored
session of the same identity replaced whole under its old number, and the property keys that the
store knows of widened to include theirs.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager

from usql.layout import SESSION, Layout
from usql.store.sessions import Identity, Rows, Session
from usql.store.shapes import Target
from usql.store.sqlite_schema import IDENTITY, postpone_indexes, quoted
from usql.store.sqlite_store import (
    Location,
    analyze,
    indexes_at_the_end,
    open_writer,
    segments,
    store_errors,
    transaction,
)

_FIND = f'SELECT "{SESSION}" FROM usersession WHERE ' + " AND ".join(f"{t} = ?" for t in IDENTITY)
_LAST = f'SELECT ifnull(max("{SESSION}"), 0) FROM usersession'
_IS_EMPTY = "SELECT NOT EXISTS (SELECT 1 FROM usersession)"
_SEGMENTS = (
    "CREATE TABLE IF NOT EXISTS usql_segment"
    " (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID"
)
_REMEMBER_KEY = "INSERT OR IGNORE INTO usql_property VALUES (?, ?, ?)"


@contextmanager
def sqlite_writer(
    location: Location, layout: Layout, patience: float | None = None, *, durable: bool = False
) -> Iterator[SessionWriter]:
    """Open a store to write for the length of a block; ``patience`` is in seconds."""
    opened = open_writer(location, layout=layout, patience=patience)
    with store_errors(location), closing(opened) as connection:
        if durable:
            connection.execute("PRAGMA synchronous = FULL")
        yield SessionWriter(connection, layout)


class SessionWriter:
    """Writes sessions through one connection, whose transactions are the caller's."""

    def __init__(self, connection: sqlite3.Connection, layout: Layout) -> None:
        self._connection = connection
        self._insertions: dict[Target, str] = {}
        self._deletions = [_deletion(relation.name) for relation in layout.relations]
        self._properties = {
            layout.values(field): (table.name, field.name)
            for table in layout.schema.tables
            for field in table.collections
            if field.properties
        }

    def transaction(self) -> AbstractContextManager[None]:
        """Write all of a block or, where it raises, nothing of it."""
        return transaction(self._connection)

    @contextmanager
    def many(self) -> Iterator[None]:
        """Make the indexes that a block puts off, and let SQLite look at them."""
        with indexes_at_the_end(self._connection):
            yield
        analyze(self._connection)

    def prepare_for_many(self) -> None:
        """Put the indexes off, if nothing is stored yet."""
        (is_empty,) = self._connection.execute(_IS_EMPTY).fetchone()
        if is_empty:
            postpone_indexes(self._connection)

    def write(self, sessions: Mapping[Identity, Session]) -> int:
        """Write sessions; return how many of them were in the store already."""
        known = find_sessions(self._connection, sessions)
        # Before the old rows go: their numbers are given again to the same sessions.
        (last,) = self._connection.execute(_LAST).fetchone()
        self._forget(known.values())
        rows: Rows = defaultdict(list)
        for identity, session in sessions.items():
            number = known.get(identity)
            if number is None:
                number = last = last + 1
            session.emit(number, rows)
        for target, values in rows.items():
            self._connection.executemany(self._insertion(target), values)
        self._remember_keys(rows)
        return len(known)

    def delete(self, numbers: Iterable[int]) -> None:
        """Delete sessions, within a transaction.

        Args:
            numbers: their ``_session``.
        """
        self._forget(numbers)

    def segments(self) -> list[tuple[str, str]]:
        """Return the names and texts of the named segments."""
        return segments(self._connection)

    def put_segment(self, name: str, text: str) -> None:
        """Keep a segment, within a transaction; there is none of that name."""
        self._connection.execute(_SEGMENTS)
        self._connection.execute("INSERT INTO usql_segment VALUES (?, ?)", (name, text))

    def drop_segment(self, name: str) -> None:
        """Forget a segment, within a transaction."""
        self._connection.execute("DELETE FROM usql_segment WHERE name = ?", (name,))

    def _forget(self, numbers: Iterable[int]) -> None:
        keys = [(number,) for number in numbers]
        if keys:
            for deletion in self._deletions:
                self._connection.executemany(deletion, keys)

    def _remember_keys(self, rows: Rows) -> None:
        for target, values in rows.items():
            if target.relation in self._properties:
                names = self._properties[target.relation]
                keys = {row[-2] for row in values}
                self._connection.executemany(_REMEMBER_KEY, [(*names, key) for key in keys])

    def _insertion(self, target: Target) -> str:
        if target not in self._insertions:
            names = ", ".join(map(quoted, target.columns))
            marks = ", ".join("?" * len(target.columns))
            sql = f"INSERT INTO {quoted(target.relation)} ({names}) VALUES ({marks})"
            self._insertions[target] = sql
        return self._insertions[target]


def find_sessions(
    connection: sqlite3.Connection, identities: Iterable[Identity]
) -> dict[Identity, int]:
    """Return the numbers of those sessions that are stored."""
    found = {}
    for identity in identities:
        row = connection.execute(_FIND, identity).fetchone()
        if row is not None:
            found[identity] = row[0]
    return found


def _deletion(relation: str) -> str:
    return f'DELETE FROM {quoted(relation)} WHERE "{SESSION}" = ?'
