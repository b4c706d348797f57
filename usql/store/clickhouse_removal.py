"""Sessions out of a ClickHouse store, and space back from it.

What arrives: the place of a store, and what chooses sessions of it. What leaves: a store without
them. The journal notes them first, so that whoever opens the store next to write finishes what was
interrupted.

The engine marks deleted rows, takes them out when it writes a part anew, and keeps the earlier part
for some minutes. In a folder, which nobody else uses meanwhile, we do not wait for that: each table
is exchanged for one that has its current parts alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from usql.layout import SESSION, Layout
from usql.schema import PRIMARY
from usql.store.clickhouse_client import Client, literal, store_errors
from usql.store.clickhouse_places import ClickhouseLocation
from usql.store.clickhouse_store import JOURNAL, PROPERTY, local_name, open_store, stored_bytes
from usql.store.clickhouse_writer import clickhouse_writer
from usql.store.removal import NOTHING_DELETED, Choose, CompactSummary, DeleteSummary
from usql.store.sqlite_schema import quoted

_COUNTED = 100_000
"""Numbers that stand in one query."""
_ON_A_SERVER = "the server takes what was deleted off its disks within some ten minutes"
_OLD = "usql_old"
"""A table whose parts are about to go."""


def delete(
    location: ClickhouseLocation, layout: Layout, choose: Choose, *, dry_run: bool
) -> DeleteSummary:
    """Delete sessions; see ``removal``."""
    began = time.monotonic()
    if dry_run:
        client = open_store(location, layout, create=False)
        try:
            with store_errors(location), client.reading():
                counts, kept = _count(client, layout, list(choose(client)))
        finally:
            client.close()
        return DeleteSummary.of(counts, kept, 0, NOTHING_DELETED, began)
    with clickhouse_writer(location, layout) as writer, writer.client.changing():
        client = writer.client
        before = stored_bytes(client.read, location)
        numbers = list(choose(client))
        counts, kept = _count(client, layout, numbers)
        if not numbers:
            return DeleteSummary.of(counts, kept, 0, "", began)
        writer.remove(numbers)
        _forget_keys(client, layout)
        _erase(client, location, layout)
        freed = before - stored_bytes(client.read, location)
        remains = "" if location.path else _ON_A_SERVER
    return DeleteSummary.of(counts, kept, freed, remains, began)


def compact(location: ClickhouseLocation, layout: Layout) -> CompactSummary:
    """Merge the parts of each table into one per year; see ``removal``."""
    began = time.monotonic()
    with clickhouse_writer(location, layout) as writer, writer.client.changing():
        client = writer.client
        before = stored_bytes(client.read, location)
        for table in _tables(location, layout):
            client.write(f"OPTIMIZE TABLE {quoted(table)}{_everywhere(location)} FINAL")
        _erase(client, location, layout)
        after = stored_bytes(client.read, location)
    return CompactSummary(before, after, (), time.monotonic() - began)


def _count(client: Client, layout: Layout, numbers: Sequence[int]) -> tuple[dict[str, int], int]:
    """Return how many rows of each table are of the sessions, and how many sessions are not."""
    counts = dict.fromkeys((table.name for table in layout.schema.tables), 0)
    for begin in range(0, len(numbers), _COUNTED):
        listed = ", ".join(map(str, numbers[begin : begin + _COUNTED]))
        for name in counts:
            ((found,),) = client.read(
                f"SELECT count(*) FROM {quoted(layout.base(name))}"
                f" WHERE {quoted(SESSION)} IN ({listed})"
            )
            counts[name] += int(found)
    ((stored,),) = client.read(f"SELECT count(*) FROM {PRIMARY}")
    return counts, int(stored) - counts[PRIMARY]


def _forget_keys(client: Client, layout: Layout) -> None:
    """Forget the keys of properties that no session has any more: a key may tell a great deal."""
    for table in layout.schema.tables:
        for field in table.collections:
            if not field.properties:
                continue
            chosen = f'"table" = {literal(table.name)} AND "field" = {literal(field.name)}'
            found = client.read(
                f'SELECT DISTINCT "key" FROM {PROPERTY} WHERE {chosen}'
                f' AND "key" NOT IN (SELECT "key" FROM {quoted(layout.values(field))})'
            )
            if found:
                listed = ", ".join(literal(key) for (key,) in found)
                client.write(f'DELETE FROM {PROPERTY} WHERE {chosen} AND "key" IN ({listed})')


def _erase(client: Client, location: ClickhouseLocation, layout: Layout) -> None:
    """Take marked rows out of all parts and, in a folder, remove the earlier parts."""
    for table in _tables(location, layout):
        client.write(f"ALTER TABLE {quoted(table)}{_everywhere(location)} APPLY DELETED MASK")
        if location.path is not None:
            _drop_earlier_parts(client, table)


def _drop_earlier_parts(client: Client, table: str) -> None:
    """Exchange a table for one that shares its current parts, and drop the other with all parts."""
    client.write(f"DROP TABLE IF EXISTS {_OLD} SYNC")
    client.write(f"CREATE TABLE {_OLD} AS {quoted(table)}")
    parts = client.read(
        "SELECT DISTINCT partition_id FROM system.parts WHERE active"
        f" AND database = currentDatabase() AND table = {literal(table)}"
    )
    for (part,) in parts:
        client.write(f"ALTER TABLE {_OLD} ATTACH PARTITION ID {literal(part)} FROM {quoted(table)}")
    client.write(f"EXCHANGE TABLES {_OLD} AND {quoted(table)}")
    client.write(f"DROP TABLE {_OLD} SYNC")


def _tables(location: ClickhouseLocation, layout: Layout) -> Iterator[str]:
    """Yield the tables that have the data."""
    for relation in layout.relations:
        yield local_name(relation.name) if location.cluster else relation.name
    yield PROPERTY
    yield JOURNAL


def _everywhere(location: ClickhouseLocation) -> str:
    return f" ON CLUSTER {quoted(location.cluster)}" if location.cluster else ""
