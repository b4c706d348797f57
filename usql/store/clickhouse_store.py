"""ClickHouse databases as stores: their tables, opening them, and what they know.

What arrives: a place. What leaves: a client to a store of the current version; what else the place
holds is refused with a ``StoreError``.

Every relation is a ``ReplacingMergeTree`` in the order of its key, parted by year. ``_session``
begins with the second in which the session began, so that rows lie in the order of time, those of
a session are neighbours, and a range of time is a range of the key. What most questions about
actions read of them is there a second time, in the order of names, as a projection. On a cluster
each table is one of a shard's, replicated, with a ``Distributed`` table before it; the shard is
chosen by ``_session``, so all rows of a session are on one.

The engine knows no transactions. The journal says which sessions are on their way in and which are
on their way out; who opens the store to write after an import was killed finishes or undoes that.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from usql.errors import StoreError
from usql.layout import HOT, KEY, SECOND, SESSION, VALUE, Layout, Relation
from usql.schema import PRIMARY
from usql.store.clickhouse_client import (
    MAKE_ONE,
    UNKNOWN_DATABASE,
    UNKNOWN_TABLE,
    ClickhouseError,
    Client,
    NoStoreError,
    literal,
    open_client,
    store_errors,
)
from usql.store.clickhouse_places import ClickhouseLocation
from usql.store.sqlite_schema import quoted
from usql.types import Kind

VERSION = 2
"""Of the tables this package makes: sessions tell totals of their rows since 2."""

STORE, PROPERTY, JOURNAL = "usql_store", "usql_property", "usql_journal"
SEGMENT = "usql_segment"

_SMALL = "CODEC(T64, LZ4)"
"""Whole numbers that lie close to their neighbours: half the bytes, read in half the time."""

_TYPES = {
    Kind.LONG: f"Nullable(Int64) {_SMALL}",
    Kind.DATE: f"Nullable(Int64) {_SMALL}",
    Kind.BOOLEAN: "Nullable(Bool)",
    Kind.DOUBLE: "Nullable(Float64)",
    Kind.ENUM: "LowCardinality(Nullable(String))",
}
_NULLABLE = re.compile(r"Nullable\((\w+)\)")
_KEY_TYPES = {SESSION: "Int64", KEY: "LowCardinality(String)"}

_TOTAL_TYPES = {"count": f"Int64 {_SMALL}", "total": "Float64"}

_FEW_VALUES = frozenset(
    [
        "application",
        "apdexCategory",
        "appVersion",
        "browserFamily",
        "browserMajorVersion",
        "browserType",
        "carrier",
        "city",
        "connectionType",
        "continent",
        "country",
        "device",
        "isp",
        "manufacturer",
        "name",
        "networkTechnology",
        "osFamily",
        "osVersion",
        "region",
        "targetUrl",
        "tenantId",
        "type",
    ]
)
"""Texts that a store repeats often enough for a dictionary, besides all enums."""

_INDEXES: Mapping[str, Mapping[str, str]] = {
    "usersession": {
        "startTime": "minmax GRANULARITY 1",
        # an entry for four blocks, since to look at many of them takes as long as to read one
        "userId": "bloom_filter GRANULARITY 4",
        "internalUserId": "bloom_filter GRANULARITY 4",
    },
    "useraction": {
        "startTime": "minmax GRANULARITY 1",
        "duration": "minmax GRANULARITY 1",
    },
}
"""Further indexes: which blocks can have a value at all."""
_BY_NAME = {"useraction": HOT["useraction"]}
"""Columns that a table has a second time, in the order of names."""
_SETTINGS = {
    "useraction": "deduplicate_merge_projection_mode = 'rebuild',"
    " lightweight_mutation_projection_mode = 'rebuild'",
    # a page of sessions is few rows of many columns
    PRIMARY: "index_granularity = 2048",
}
"""Settings of tables: projections stay true, blocks are of so many rows."""


def open_store(
    location: ClickhouseLocation,
    layout: Layout,
    *,
    create: bool,
    patience: float | None = None,
) -> Client:
    """Return a way to a store; close it in the end.

    Args:
        location: of the store.
        layout: of a new store.
        create: make the store if there is none.
        patience: seconds to wait for another process that has the folder; 10 unless given.

    Raises:
        StoreError: there is no store, or something that is none.
    """
    client = open_client(location, create=create, patience=patience)
    try:
        with store_errors(location):
            if not _is_store(client, location):
                if not create:
                    raise NoStoreError(f"no store at {location}", hint=MAKE_ONE)
                for statement in statements(location, layout):
                    client.write(statement)
    except BaseException:
        client.close()
        raise
    return client


def find_store(location: ClickhouseLocation) -> Client | None:
    """Return a way to a store, or ``None`` where there is none.

    Raises:
        StoreError: the place holds something else.
    """
    try:
        client = open_client(location)
    except NoStoreError:
        return None
    try:
        with store_errors(location):
            if _is_store(client, location):
                return client
    except BaseException:
        client.close()
        raise
    client.close()
    return None


def statements(location: ClickhouseLocation, layout: Layout) -> Iterator[str]:
    """Yield the statements that make the tables of a store, its version last.

    On a cluster they need the macros ``{shard}`` and ``{replica}`` on each server.

    >>> from usql.layout import clickhouse_layout
    >>> from usql.store.clickhouse_places import ServerLocation
    >>> one = ServerLocation.of("clickhouse://localhost/shop?cluster=main")
    >>> next(statements(one, clickhouse_layout()))
    'CREATE DATABASE IF NOT EXISTS "shop" ON CLUSTER "main"'
    """
    tables = _Tables(location)
    if location.path is None:
        yield f"CREATE DATABASE IF NOT EXISTS {quoted(location.database)}{tables.everywhere}"
    for relation in layout.relations:
        yield from tables.sharded(relation)
    yield from tables.shared(
        PROPERTY,
        '"table" LowCardinality(String), "field" LowCardinality(String), "key" String',
        'ORDER BY ("table", "field", "key")',
    )
    yield from tables.shared(
        JOURNAL,
        '"batch" String, "began" DateTime DEFAULT now(), "step" LowCardinality(String),'
        ' "session" Int64',
        'PARTITION BY "batch" ORDER BY ("step", "session")',
    )
    yield from tables.shared(STORE, '"version" UInt32', 'ORDER BY "version"')
    yield f"INSERT INTO {tables.named(STORE)} VALUES ({VERSION})"


class _Tables:
    """How the tables of a place are made.

    Attributes:
        everywhere: what makes a statement run on every server.
    """

    def __init__(self, location: ClickhouseLocation) -> None:
        self._database = location.database
        self._cluster = location.cluster
        self.everywhere = f" ON CLUSTER {quoted(self._cluster)}" if self._cluster else ""

    def named(self, table: str) -> str:
        """Return a table with its database."""
        return f"{quoted(self._database)}.{quoted(table)}"

    def sharded(self, relation: Relation) -> Iterator[str]:
        """Yield what makes a relation."""
        columns = ", ".join(
            chain(
                _key_columns(relation),
                _value_columns(relation),
                _total_columns(relation),
                _further(relation),
            )
        )
        year = f"toYear(toDateTime(intDiv({quoted(SESSION)}, {SECOND}), 'UTC'))"
        # a property is looked for by its key, whatever the session
        key_first = sorted(relation.keys, key=lambda name: name != KEY)
        order = f"PARTITION BY {year} ORDER BY ({', '.join(map(quoted, key_first))})"
        if settings := _SETTINGS.get(relation.name):
            order += f" SETTINGS {settings}"
        if self._cluster is None:
            yield self._table(relation.name, columns, "ReplacingMergeTree", order)
            return
        local = local_name(relation.name)
        path = f"'/clickhouse/tables/{{shard}}/{self._database}/{local}', '{{replica}}'"
        yield self._table(local, columns, f"ReplicatedReplacingMergeTree({path})", order)
        yield self._table(
            relation.name,
            columns,
            f"Distributed('{self._cluster}', '{self._database}', '{local}',"
            f" cityHash64({quoted(SESSION)}))",
            "",
        )

    def shared(self, name: str, columns: str, order: str) -> Iterator[str]:
        """Yield what makes a table of which every server has all rows."""
        engine = "ReplacingMergeTree"
        if self._cluster is not None:
            path = f"'/clickhouse/tables/all/{self._database}/{name}', '{{shard}}-{{replica}}'"
            engine = f"ReplicatedReplacingMergeTree({path})"
        yield self._table(name, columns, engine, order)

    def _table(self, name: str, columns: str, engine: str, order: str) -> str:
        return (
            f"CREATE TABLE IF NOT EXISTS {self.named(name)}{self.everywhere} ({columns})"
            f" ENGINE = {engine} {order}"
        ).rstrip()


def local_name(relation: str) -> str:
    """Return what the table of one shard is called."""
    return f"{relation}_local"


def delete_statement(location: ClickhouseLocation, relation: str, chosen: str) -> str:
    """Return the statement that deletes the rows of some sessions.

    Args:
        location: of the store.
        relation: its name.
        chosen: numbers of the sessions, or a query for them, as SQL.
    """
    cluster = location.cluster
    name = local_name(relation) if cluster else relation
    everywhere = f" ON CLUSTER {quoted(cluster)}" if cluster else ""
    return f"DELETE FROM {quoted(name)}{everywhere} WHERE {quoted(SESSION)} IN ({chosen})"


def empty_statements(location: ClickhouseLocation, layout: Layout) -> Iterator[str]:
    """Yield the statements that take all sessions out of a store, the sessions' own rows first."""
    everywhere = f" ON CLUSTER {quoted(location.cluster)}" if location.cluster else ""
    relations = sorted((r.name for r in layout.relations), key=lambda name: name != PRIMARY)
    for name in relations:
        table = local_name(name) if location.cluster else name
        yield f"TRUNCATE TABLE {quoted(table)}{everywhere}"
    yield f"TRUNCATE TABLE {PROPERTY}{everywhere}"


def property_keys(client: Client, table: str, field: str) -> list[str]:
    """Return the keys, sorted, that a properties field ever had in the store."""
    found = client.read(
        f'SELECT DISTINCT "key" FROM {PROPERTY}'
        ' WHERE "table" = {t:String} AND "field" = {f:String} ORDER BY "key"',
        {"t": table, "f": field},
    )
    return [key for (key,) in found]


def segments(client: Client) -> list[tuple[str, str]]:
    """Return the names and texts of the named segments; their table is made with the first.

    A change is a row more: of each name the newest one counts, which without a text is its end.
    """
    try:
        found = client.read(
            f'SELECT "name", argMax("text", "changed") AS "found" FROM {SEGMENT}'
            ' GROUP BY "name" HAVING "found" != \'\' ORDER BY "name"'
        )
    except ClickhouseError as error:
        if error.code == UNKNOWN_TABLE:
            return []
        raise
    return [(name, text[1:]) for name, text in found]


def segment_statements(location: ClickhouseLocation, name: str, text: str | None) -> Iterator[str]:
    """Yield the statements that keep a segment or, without a text, forget it."""
    tables = _Tables(location)
    columns = '"name" String, "text" String, "changed" UInt64'
    yield from tables.shared(SEGMENT, columns, 'ORDER BY ("name", "changed")')
    # a text has a sign before it, since that of all sessions is empty
    kept = literal("" if text is None else f"={text}")
    yield f"INSERT INTO {tables.named(SEGMENT)} VALUES ({literal(name)}, {kept}, {time.time_ns()})"


def stored_bytes(
    ask: Callable[[str], Sequence[Sequence[Any]]], location: ClickhouseLocation
) -> int:
    """Return the bytes that a store takes: of a folder's files, or of a server's current parts."""
    if location.path is not None:
        return sum(file.stat().st_size for file in location.path.rglob("*") if file.is_file())
    ((found,),) = ask(
        "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()"
    )
    return int(found or 0)


def start_range(client: Client) -> tuple[int, int] | None:
    """Return the earliest and the latest ``startTime`` of sessions, in ms; ``None`` if empty."""
    return _range(client, 'min("startTime"), max("startTime")')


def session_range(client: Client) -> tuple[int, int] | None:
    """Return the earliest ``startTime`` and the latest ``endTime`` of sessions, in ms."""
    return _range(client, 'min("startTime"), coalesce(max("endTime"), max("startTime"))')


def _range(client: Client, columns: str) -> tuple[int, int] | None:
    ((first, last),) = client.read(f"SELECT {columns} FROM {PRIMARY}")
    return None if first is None else (first, last)


def _is_store(client: Client, location: ClickhouseLocation) -> bool:
    """Whether there is a store.

    Raises:
        StoreError: there is one of another version.
    """
    try:
        ((version,),) = client.read(f'SELECT max("version") FROM {STORE}')
    except ClickhouseError as error:
        if error.code in (UNKNOWN_TABLE, UNKNOWN_DATABASE):
            return False
        raise
    if version and version > VERSION:
        raise StoreError(
            f"{location} was made by a newer version of usql", hint="update usql-engine"
        )
    if version and version < VERSION:
        raise StoreError(
            f"{location} was made by an earlier version of usql, which reads it still",
            hint="export its sessions with that version, and import them into a new store",
        )
    return bool(version)


def _further(relation: Relation) -> Iterator[str]:
    """Yield what a table has besides its columns: indexes, and rows in another order."""
    for name, kind in _INDEXES.get(relation.name, {}).items():
        yield f"INDEX {quoted(f'by_{name}')} {quoted(name)} TYPE {kind}"
    if columns := _BY_NAME.get(relation.name):
        first = ", ".join(map(quoted, ("name", *relation.keys)))
        others = ", ".join(quoted(name) for name, _ in relation.columns if name in columns)
        keys = ", ".join(map(quoted, relation.keys))
        yield f'PROJECTION "by_name" (SELECT {keys}, {others} ORDER BY {first})'


def _key_columns(relation: Relation) -> Iterator[str]:
    for name in relation.keys:
        yield f"{quoted(name)} {_KEY_TYPES.get(name, f'Int64 {_SMALL}')}"


def _value_columns(relation: Relation) -> Iterator[str]:
    for name, kind in relation.columns:
        type_ = _TYPES.get(kind, "Nullable(String)")
        if kind is Kind.STRING and name in _FEW_VALUES:
            type_ = _TYPES[Kind.ENUM]
        if name == VALUE:  # a list or properties have no nulls, which are looked at one by one
            type_ = _NULLABLE.sub(r"\1", type_)
        yield f"{quoted(name)} {type_}"


def _total_columns(relation: Relation) -> Iterator[str]:
    for total in relation.totals:
        yield f"{quoted(total.column)} {_TOTAL_TYPES[total.function]}"
