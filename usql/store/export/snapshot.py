"""One state of a store, read session by session with flat memory.

What arrives: a connection inside a read transaction, and the numbers of the sessions wanted. What
leaves: those sessions, in the order of their numbers, in chunks of a bounded size: as objects of
the export format, or as rows of the store's relations. The transaction is the caller's; while it
lasts, nothing that is imported meanwhile is seen.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import Any, NamedTuple

import msgspec

from usql.layout import EXTRA, KEY, ORDINAL, SESSION, VALUE, Layout
from usql.schema import Field, Table
from usql.store.documents import LEADING, Reading, documents, is_member
from usql.store.sqlite_schema import IDENTITY, quoted
from usql.types import Kind

_FEWEST, _MOST = 8, 400
"""Sessions in one chunk; it starts small, since nothing is known of their size yet."""
_CHUNK_BYTES = 4 * 1024 * 1024

SessionIdentity = tuple[str, int, str, int]
"""``userSessionId``, ``startTime``, ``tenantId`` ("" if absent), ``partNumber`` (-1 if absent)."""


class Line(NamedTuple):
    """A session as a line of an export.

    Attributes:
        number: of the session in the store.
        text: its JSON, without a line end.
    """

    number: int
    text: bytes


class TableRows(NamedTuple):
    """Rows of one table, column by column.

    Attributes:
        columns: the values of each column, by name, all of one length.
        size: bytes of text in them, roughly.
    """

    columns: dict[str, Sequence[Any]]
    size: int


class Snapshot:
    """A state of a store and a choice of its sessions.

    Attributes:
        layout: of the store.
    """

    def __init__(
        self,
        connection: Reading,
        layout: Layout,
        chosen: Sequence[int] | None,
        reading: Callable[[], AbstractContextManager[None]],
    ) -> None:
        """Take over a connection inside a transaction.

        Args:
            connection: to the store.
            layout: of the store.
            chosen: sorted numbers of the sessions wanted; ``None`` for all.
            reading: a block that reads, in which the engine's errors become our own.
        """
        self.layout = layout
        self._connection = connection
        self._chosen = chosen
        self._reading = reading

    def count(self, after: int = 0) -> int:
        """Return how many sessions there are beyond a number."""
        if self._chosen is not None:
            return len(self._chosen) - bisect_right(self._chosen, after)
        with self._reading():
            sql = f"SELECT count(*) FROM usersession WHERE {SESSION} > ?"
            ((count,),) = self._connection.execute(sql, (after,))
        return int(count)

    def identity(self, number: int) -> SessionIdentity | None:
        """Return the identity of a session, or ``None`` if there is no such session."""
        sql = f"SELECT {', '.join(IDENTITY)} FROM usersession WHERE {SESSION} = ?"
        with self._reading():
            for found in self._connection.execute(sql, (number,)):
                return tuple(found)
        return None

    def documents(self, after: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield number and object of each session beyond a number."""
        for number, document, _ in self._encoded(after):
            yield number, document

    def lines(self, after: int = 0) -> Iterator[Line]:
        """Yield each session beyond a number as a line of JSON."""
        for number, _, text in self._encoded(after):
            yield Line(number, text)

    def tables(self) -> Iterator[dict[str, TableRows]]:
        """Yield the rows of a chunk of sessions after another, by table."""
        readers = [_Reader(self.layout, table) for table in self.layout.schema.tables]
        chunk = _ChunkSize()
        after = 0
        while numbers := self._next(after, chunk.sessions):
            with self._reading():
                rows = {r.table: r.read(self._connection, numbers) for r in readers}
            chunk.learn(len(numbers), sum(table.size for table in rows.values()))
            yield rows
            after = numbers[-1]

    def _encoded(self, after: int) -> Iterator[tuple[int, dict[str, Any], bytes]]:
        chunk = _ChunkSize()
        encode = msgspec.json.Encoder().encode
        while numbers := self._next(after, chunk.sessions):
            with self._reading():
                found = documents(self._connection, self.layout, numbers)
            size = 0
            for number in numbers:
                # Let go of each before the next: a session can be many MB.
                document = found.pop(number)
                text = encode(document)
                size += len(text)
                yield number, document, text
            chunk.learn(len(numbers), size)
            after = numbers[-1]

    def _next(self, after: int, most: int) -> Sequence[int]:
        """Return the next numbers, in order; none at the end."""
        if self._chosen is not None:
            start = bisect_right(self._chosen, after)
            return self._chosen[start : start + most]
        sql = f"SELECT {SESSION} FROM usersession WHERE {SESSION} > ? ORDER BY {SESSION} LIMIT ?"
        with self._reading():
            return [number for (number,) in self._connection.execute(sql, (after, most))]


class _ChunkSize:
    """How many sessions to read at once, by what those before them took."""

    def __init__(self) -> None:
        self.sessions = _FEWEST

    def learn(self, sessions: int, size: int) -> None:
        fitting = _CHUNK_BYTES * sessions // max(size, 1)
        # Growing step by step: the next sessions may be larger than the last.
        self.sessions = max(1, min(fitting, 2 * self.sessions, _MOST))


class _Reader:
    """Reads the rows of one table of many sessions, as columns."""

    def __init__(self, layout: Layout, table: Table) -> None:
        self.table = table.name
        self._keys = layout.keys(table.name)
        self._collections = tuple((field, layout.values(field)) for field in table.collections)
        base, detail = layout.base(table.name), layout.detail(table.name)
        names = dict.fromkeys(self._keys)
        for relation in layout.relations:
            if relation.name in (base, detail):
                names.update((name, None) for name, _ in relation.columns)
        self._names = tuple(names)
        more = f" {LEADING} {quoted(detail)} USING ({_list(self._keys)})"
        self._parts = (self._names, base, "" if base == detail else more, self._keys)
        self._booleans = tuple(f.name for f in table.scalars if f.kind is Kind.BOOLEAN)

    def read(self, connection: Reading, numbers: Iterable[int]) -> TableRows:
        """Return the rows of sessions, in the order of their keys.

        Args:
            connection: to the store.
            numbers: of the sessions.
        """
        rows = list(connection.execute(_select(connection, numbers, *self._parts), ()))
        values: Iterable[Sequence[Any]] = (
            zip(*rows, strict=True) if rows else [()] * len(self._names)
        )
        columns: dict[str, Sequence[Any]] = dict(zip(self._names, values, strict=True))
        for name in self._booleans:
            columns[name] = [None if v is None else bool(v) for v in columns[name]]
        keys = list(zip(*(columns[name] for name in self._keys), strict=True))
        size = sum(len(v) for v in chain.from_iterable(rows) if type(v) is str)
        given = [_Given(text) for text in columns[EXTRA]]
        for field, relation in self._collections:
            values, more = self._values(connection, field, relation, numbers)
            size += more
            columns[field.name] = [
                values.get(key, [] if has.list(field.name) else None)
                for key, has in zip(keys, given, strict=True)
            ]
        return TableRows(columns, size)

    def _values(
        self, connection: Reading, field: Field, relation: str, numbers: Iterable[int]
    ) -> tuple[dict[tuple[int, ...], list[Any]], int]:
        """Return the values of each row that has some, and the bytes of text in them."""
        last = KEY if field.properties else ORDINAL
        keys = (*self._keys, last)
        found: dict[tuple[int, ...], list[Any]] = {}
        size = 0
        sql = _select(connection, numbers, (*keys, VALUE), relation, "", keys)
        for *key, name, value in connection.execute(sql, ()):
            entry = (name, value) if field.properties else value
            found.setdefault(tuple(key), []).append(entry)
            size += 16 + (len(value) if type(value) is str else 8)
        return found, size


class _Given:
    """Which lists of a row were given, if only empty; see ``sessions`` on what ``_extra`` says."""

    __slots__ = ("_extra",)

    def __init__(self, text: str | None) -> None:
        self._extra = None if text is None else msgspec.json.decode(text)

    def list(self, name: str) -> bool:
        return self._extra is None or self._extra.get(name) is not None


def _select(
    connection: Reading,
    numbers: Iterable[int],
    names: Sequence[str],
    relation: str,
    more: str,
    order: Sequence[str],
) -> str:
    """Return a query for columns of the rows of sessions."""
    ordered = f" ORDER BY {_list(order)}"
    if is_member(connection):
        listed = ", ".join(f"{n:d}" for n in numbers)
        return (
            f"SELECT {_list(names)} FROM {quoted(relation)}{more}"
            f" WHERE {quoted(SESSION)} IN ({listed}){ordered}"
        )
    wanted = ", ".join(f"({n:d})" for n in numbers)
    return (
        f"WITH wanted({SESSION}) AS (VALUES {wanted}) SELECT {_list(names)}"
        f" FROM wanted {LEADING} {quoted(relation)} USING ({SESSION}){more}{ordered}"
    )


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))
