"""Sessions out of a DuckDB store, and space back from it.

What arrives: the location of a store, and what chooses sessions of it. What leaves: a store without
them. DuckDB leaves what is deleted in the file, so the file is written anew, and takes the other's
place while nobody else can open it. They go all together or, where something fails, none of them.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterable
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING

from usql.errors import StoreError
from usql.layout import SESSION, Layout
from usql.schema import PRIMARY
from usql.store.duckdb_store import DuckdbLocation, open_reader, open_writer, store_errors
from usql.store.removal import NOTHING_DELETED, Choose, CompactSummary, DeleteSummary
from usql.store.sqlite_schema import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

_CHOSEN = "usql_chosen"
_FRESH = "usql_fresh"


def delete(
    location: DuckdbLocation, layout: Layout, choose: Choose, *, dry_run: bool
) -> DeleteSummary:
    """Delete sessions; see ``removal``."""
    began = time.monotonic()
    before = _size(location)
    opened = open_reader(location) if dry_run else _writer(location, layout)
    with store_errors(location), closing(opened) as connection:
        if dry_run:
            with _chosen(connection, choose(connection)):
                counts, kept = _count(connection, layout)
            return DeleteSummary.of(counts, kept, 0, NOTHING_DELETED, began)
        with _transaction(connection), _chosen(connection, choose(connection)):
            counts, kept = _count(connection, layout)
            if counts[PRIMARY]:
                _remove(connection, layout)
        remains = _rewritten_if_there_is_room(location, connection) if counts[PRIMARY] else ""
    return DeleteSummary.of(counts, kept, before - _size(location), remains, began)


def compact(location: DuckdbLocation, layout: Layout) -> CompactSummary:
    """Write the file anew; see ``removal``."""
    began = time.monotonic()
    before = _size(location)
    with store_errors(location), closing(_writer(location, layout)) as connection:
        _rewrite(location, connection)
    return CompactSummary(before, _size(location), (), time.monotonic() - began)


def _writer(location: DuckdbLocation, layout: Layout) -> duckdb.DuckDBPyConnection:
    if not location.path.exists():
        raise StoreError(f"no store at {location}")
    return open_writer(location, layout)


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(Exception):  # an error may have ended the transaction already
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _chosen(connection: duckdb.DuckDBPyConnection, numbers: Iterable[int]) -> Iterator[None]:
    """Let the numbers of sessions be a table within a block."""
    import pyarrow as pa

    connection.register(_CHOSEN, pa.table({"number": pa.array(sorted(numbers), pa.int64())}))
    try:
        yield
    finally:
        connection.unregister(_CHOSEN)


def _count(connection: duckdb.DuckDBPyConnection, layout: Layout) -> tuple[dict[str, int], int]:
    """Return how many rows of each table are of chosen sessions, and how many sessions are not."""

    def number(query: str) -> int:
        return int(connection.execute(query).fetchall()[0][0])

    counts = {
        table.name: number(
            f"SELECT count(*) FROM {quoted(layout.base(table.name))} WHERE {_IS_CHOSEN}"
        )
        for table in layout.schema.tables
    }
    return counts, number(f"SELECT count(*) FROM {PRIMARY}") - counts[PRIMARY]


_IS_CHOSEN = f"{quoted(SESSION)} IN (SELECT number FROM {_CHOSEN})"


def _remove(connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
    for relation in layout.relations:
        connection.execute(f"DELETE FROM {quoted(relation.name)} WHERE {_IS_CHOSEN}")
    # A key may tell as much as a value.
    for table in layout.schema.tables:
        for field in table.collections:
            if field.properties:
                connection.execute(
                    'DELETE FROM usql_property WHERE "table" = ? AND field = ?'
                    f' AND "key" NOT IN (SELECT "key" FROM {quoted(layout.values(field))})',
                    [table.name, field.name],
                )


def _rewritten_if_there_is_room(
    location: DuckdbLocation, connection: duckdb.DuckDBPyConnection
) -> str:
    """Write the file anew; return what remains of the earlier state where that fails."""
    import duckdb

    try:
        _rewrite(location, connection)
    except (duckdb.IOException, duckdb.OutOfMemoryException, OSError):
        return (
            "the file could not be written anew for want of room: what was deleted stays in it"
            f" until: usql compact duckdb:{location}"
        )
    return ""


def _rewrite(location: DuckdbLocation, connection: duckdb.DuckDBPyConnection) -> None:
    """Put a copy without gaps in the place of the file that a connection has open."""
    connection.execute("CHECKPOINT")
    path = location.path.resolve()
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    ((name,),) = connection.execute("SELECT current_database()").fetchall()
    try:
        text = "'" + str(temporary).replace("'", "''") + "'"
        connection.execute(f"ATTACH {text} AS {_FRESH}")
        try:
            connection.execute(f"COPY FROM DATABASE {quoted(name)} TO {_FRESH}")
        finally:
            connection.execute(f"DETACH {_FRESH}")
        # The lock on the earlier file is held until the connection is closed.
        os.replace(temporary, path)
    finally:
        for left in (temporary, temporary.with_name(f"{temporary.name}.wal")):
            left.unlink(missing_ok=True)


def _size(location: DuckdbLocation) -> int:
    """Return the bytes of the file and its log."""
    names = (location.path, location.path.with_name(f"{location.path.name}.wal"))
    return sum(os.path.getsize(name) for name in names if name.exists())
