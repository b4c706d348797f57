"""Sessions out of a SQLite store, and space back from it.

What arrives: the location of a store, and what chooses sessions of it. What leaves: a store without
them, in which no byte of theirs remains: pages are overwritten as they are freed, the file is
written anew without them, and its log is emptied. They go all together or, where something fails,
none of them.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing

from usql.layout import SESSION, Layout
from usql.schema import PRIMARY
from usql.store import sqlite_schema
from usql.store.removal import NOTHING_DELETED, Choose, CompactSummary, DeleteSummary
from usql.store.sqlite_schema import quoted
from usql.store.sqlite_store import (
    Location,
    analyze,
    make_indexes,
    open_reader,
    open_writer,
    store_errors,
    transaction,
)

_CHOSEN = "usql_chosen"


def delete(location: Location, layout: Layout, choose: Choose, *, dry_run: bool) -> DeleteSummary:
    """Delete sessions; see ``removal``."""
    began = time.monotonic()
    before = _size(location)
    opened = open_reader(location) if dry_run else open_writer(location, create=False)
    with store_errors(location), closing(opened) as connection:
        if dry_run:
            counts, kept = _count(connection, layout, choose)
            return DeleteSummary.of(counts, kept, 0, NOTHING_DELETED, began)
        # What was deleted must not be read off the file: freed space is filled with zeros.
        connection.execute("PRAGMA secure_delete = ON")
        with transaction(connection):
            counts, kept = _count(connection, layout, choose)
            if counts[PRIMARY]:
                _remove(connection, layout)
        connection.execute(f"DROP TABLE temp.{_CHOSEN}")
        erased = _rewrite(connection) if counts[PRIMARY] else True
    freed = before - _size(location) if counts[PRIMARY] else 0
    return DeleteSummary.of(counts, kept, freed, "" if erased else _held(location), began)


def _held(location: Location) -> str:
    return (
        "a query that is still running holds the earlier state: what was deleted stays in the log"
        f" beside the file until: usql compact {location}"
    )


def compact(location: Location) -> CompactSummary:
    """Make what indexes are missing, and write the file anew; see ``removal``.

    For the time that takes, the disk needs room for the store twice more.
    """
    began = time.monotonic()
    before = _size(location)
    with store_errors(location), closing(open_writer(location, create=False)) as connection:
        missing = sqlite_schema.postponed_indexes(connection)
        make_indexes(connection)
        connection.execute("VACUUM")
        analyze(connection)
        _empty_log(connection)
    return CompactSummary(before, _size(location), tuple(missing), time.monotonic() - began)


def _count(
    connection: sqlite3.Connection, layout: Layout, choose: Choose
) -> tuple[dict[str, int], int]:
    """Note which sessions are chosen; return how many rows of each table are theirs, and kept."""
    connection.execute(f"CREATE TABLE temp.{_CHOSEN} (number INTEGER PRIMARY KEY)")
    connection.executemany(
        f"INSERT INTO temp.{_CHOSEN} VALUES (?)", ((number,) for number in choose(connection))
    )
    counts = {
        table.name: connection.execute(
            f"SELECT count(*) FROM temp.{_CHOSEN} CROSS JOIN {quoted(layout.base(table.name))}"
            f' ON "{SESSION}" = number'
        ).fetchone()[0]
        for table in layout.schema.tables
    }
    (stored,) = connection.execute("SELECT count(*) FROM usersession").fetchone()
    return counts, stored - counts[PRIMARY]


def _remove(connection: sqlite3.Connection, layout: Layout) -> None:
    for relation in layout.relations:
        connection.execute(
            f'DELETE FROM {quoted(relation.name)} WHERE "{SESSION}" IN'
            f" (SELECT number FROM temp.{_CHOSEN})"
        )
    # A key may tell as much as a value.
    for table in layout.schema.tables:
        for field in table.collections:
            if field.properties:
                connection.execute(
                    'DELETE FROM usql_property WHERE "table" = ? AND field = ? AND NOT EXISTS'
                    f" (SELECT 1 FROM {quoted(layout.values(field))} v"
                    " WHERE v.key = usql_property.key)",
                    (table.name, field.name),
                )


def _rewrite(connection: sqlite3.Connection) -> bool:
    """Give freed space back; return whether the log is empty, too."""
    try:
        connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        # It needs room. What was deleted is gone, and its space will be used again.
        if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_FULL:
            raise
    analyze(connection)
    return _empty_log(connection)


def _empty_log(connection: sqlite3.Connection) -> bool:
    """Write the log back to the file, and cut it to nothing; readers may keep that from ending."""
    (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _size(location: Location) -> int:
    """Return the bytes of the file and its log."""
    if location.path is None:
        return 0
    names = (location.path, location.path.with_name(location.path.name + "-wal"))
    return sum(os.path.getsize(name) for name in names if name.exists())
