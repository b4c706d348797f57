"""What a store holds; and what the parts of a SQLite store take on the disk.

What arrives: the location of a store. What leaves: a ``StoreInfo``, all of one state of the store.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from usql.layout import SESSION, Layout
from usql.store import sqlite_schema
from usql.store.sqlite_schema import quoted
from usql.store.sqlite_store import Location, open_reader, store_errors

Ask = Callable[[str], Sequence[Sequence[Any]]]
"""Returns the rows of a query."""


@dataclass(frozen=True, slots=True)
class Application:
    """An application that actions were recorded in.

    Attributes:
        name: of the application.
        sessions: that have an action in it.
        actions: in it.
    """

    name: str
    sessions: int
    actions: int


@dataclass(frozen=True, slots=True)
class PropertyKey:
    """A key of the properties of sessions or of actions.

    Attributes:
        table: ``usersession`` or ``useraction``.
        field: such as ``stringProperties``.
        key: as the data have it.
        type: of its values: ``string``, ``long``, ``double`` or ``date``.
        count: of the rows that have it.
    """

    table: str
    field: str
    key: str
    type: str
    count: int


@dataclass(frozen=True, slots=True)
class Part:
    """A table or an index of the file.

    Attributes:
        name: of it.
        kind: ``table`` or ``index``.
        table: the table that an index is on; of a table, its own name.
        bytes: that its pages take.
    """

    name: str
    kind: str
    table: str
    bytes: int


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a store holds.

    Attributes:
        store: where it is.
        version: of its tables.
        sessions, actions, events, errors: how many rows there are.
        first: the earliest start of a session, in ms, UTC; ``None`` in an empty store.
        last: the latest end of a session, in ms, UTC; ``None`` in an empty store.
        applications: by name.
        properties: keys by table, field and key.
        parts: tables and indexes, the largest first; empty where SQLite was built without
            ``dbstat``.
        bytes: of the file, without its log.
        free: bytes of the file that nothing uses, which compacting gives back.
        postponed: names of indexes that are still to be made; queries are right without them.
    """

    store: str
    version: int
    sessions: int
    actions: int
    events: int
    errors: int
    first: int | None
    last: int | None
    applications: tuple[Application, ...]
    properties: tuple[PropertyKey, ...]
    parts: tuple[Part, ...]
    bytes: int
    free: int
    postponed: tuple[str, ...]


def read_info(location: Location, layout: Layout) -> StoreInfo:
    """Return what a store holds; it takes a look at every page of the file.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    with store_errors(location), closing(open_reader(location)) as connection:

        def ask(query: str) -> Sequence[Sequence[Any]]:
            return connection.execute(query).fetchall()

        connection.execute("BEGIN")  # all that follows is of one state
        page = number(ask, "PRAGMA page_size")
        return store_info(
            ask,
            layout,
            store=str(location),
            version=number(ask, "PRAGMA user_version"),
            parts=tuple(_parts(connection)),
            bytes=page * number(ask, "PRAGMA page_count"),
            free=page * number(ask, "PRAGMA freelist_count"),
            postponed=tuple(sqlite_schema.postponed_indexes(connection)),
        )


def store_info(
    ask: Ask,
    layout: Layout,
    *,
    store: str,
    version: int,
    bytes: int,
    parts: tuple[Part, ...] = (),
    free: int = 0,
    postponed: tuple[str, ...] = (),
) -> StoreInfo:
    """Return what a store holds, counted in SQL that every engine takes.

    Args:
        ask: asks the store.
        layout: of the store.
        store, version, bytes, parts, free, postponed: what each engine tells in its own way; see
            ``StoreInfo``.
    """
    counts = {
        table.name: number(ask, f"SELECT count(*) FROM {quoted(layout.base(table.name))}")
        for table in layout.schema.tables
    }
    times = 'min("startTime"), coalesce(max("endTime"), max("startTime"))'
    ((first, last),) = ask(f"SELECT {times} FROM usersession")
    return StoreInfo(
        store=store,
        version=version,
        sessions=counts["usersession"],
        actions=counts["useraction"],
        events=counts["userevent"],
        errors=counts["usererror"],
        first=first,
        last=last,
        applications=tuple(_applications(ask)),
        properties=tuple(_properties(ask, layout)),
        parts=parts,
        bytes=bytes,
        free=free,
        postponed=postponed,
    )


def number(ask: Ask, query: str) -> int:
    """Return the one number that a query gives; 0 for none."""
    return int(ask(query)[0][0] or 0)


def _applications(ask: Ask) -> Iterator[Application]:
    query = (
        f"SELECT application, count(DISTINCT {quoted(SESSION)}), count(*) FROM useraction"
        " WHERE application IS NOT NULL GROUP BY application ORDER BY application"
    )
    for row in ask(query):
        yield Application(*row)


def _properties(ask: Ask, layout: Layout) -> Iterator[PropertyKey]:
    for table in layout.schema.tables:
        for field in table.collections:
            if field.properties:
                relation = quoted(layout.values(field))
                query = f"SELECT key, count(*) FROM {relation} GROUP BY key ORDER BY key"
                for key, count in ask(query):
                    yield PropertyKey(table.name, field.name, key, field.kind.value, count)


def _parts(connection: sqlite3.Connection) -> Iterator[Part]:
    query = (
        "SELECT s.name, s.type, s.tbl_name, d.pgsize"
        " FROM dbstat d JOIN sqlite_schema s ON s.name = d.name"
        " WHERE d.aggregate = TRUE ORDER BY d.pgsize DESC, s.name"
    )
    try:
        rows = connection.execute(query).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):
            return
        raise
    for row in rows:
        yield Part(*row)
