"""The way back: from rows of a store to sessions in the export format.

What arrives: a connection that may only read, and the keys of rows. What leaves: for each key an
object of the export format, in the catalogue's field order and newer names, equal to what was
imported but for nulls, older names, and properties that were given as an object. What ``_extra``
means is told in ``sessions``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from usql.layout import ARRIVAL, EXTRA, IP_TEXT, KEY, ORDINAL, POSITION, SESSION, VALUE, Layout
from usql.schema import NESTED, Field, Table
from usql.store.sqlite_schema import quoted
from usql.types import Kind

Document = dict[str, Any]
Key = tuple[int, ...]
"""``_session``, and of a secondary row ``_position`` too."""

LEADING = "CROSS JOIN"
"""Keeps SQLite to an order of joins: it would rather scan the relation. Others just ``JOIN``."""

# Two parameters to a secondary row stay under the 999 that any SQLite accepts.
_CHUNK = 400

_TYPES: dict[Kind, type] = {Kind.BOOLEAN: bool, Kind.DOUBLE: float}
"""What engines may give as whole numbers: SQLite truths, ClickHouse doubles without fractions."""

_T = TypeVar("_T")


class Reading(Protocol):
    """A connection that may only read."""

    def execute(self, sql: str, parameters: Sequence[Any], /) -> Iterable[Any]:
        """Return the rows of a query."""


def is_member(connection: Reading) -> bool:
    """Whether an engine looks rows up quickly only where their keys stand behind ``IN``.

    Others are given a table of keys to join with, which they go through in its order.
    """
    return getattr(connection, "looks_up_members", False)


class _Wanted(NamedTuple):
    """Which rows are wanted: keys, as a table to join with or behind ``IN``, and their values."""

    keys: str
    columns: str
    parameters: Sequence[int]

    @classmethod
    def rows(cls, columns: Sequence[str], keys: Sequence[Key]) -> _Wanted:
        names = ", ".join(map(quoted, columns))
        marks = f"({', '.join('?' * len(columns))})"
        listed = ", ".join([marks] * len(keys))
        return cls(listed, names, list(chain.from_iterable(keys)))

    def select(
        self, connection: Reading, columns: Sequence[str], relation: str, more: str = ""
    ) -> str:
        """Return a query for columns of the wanted rows of a relation, joined with more."""
        if is_member(connection):
            return (
                f"SELECT {', '.join(columns)} FROM {quoted(relation)}{more}"
                f" WHERE ({self.columns}) IN ({self.keys})"
            )
        return (
            f"WITH wanted({self.columns}) AS (VALUES {self.keys}) SELECT {', '.join(columns)}"
            f" FROM wanted {LEADING} {quoted(relation)} USING ({self.columns}){more}"
        )


def documents(connection: Reading, layout: Layout, keys: Sequence[int]) -> dict[int, Document]:
    """Return whole sessions, by number, in the order asked for.

    Args:
        connection: to a store; it needs to be allowed no more than to read.
        layout: of the store.
        keys: the sessions' ``_session``; what is not in the store is left out.
    """
    readers = {table.name: _TableReader(layout, table) for table in layout.schema.tables}
    found: dict[int, Document] = {}
    for chunk in _chunks(keys):
        wanted = _Wanted.rows((SESSION,), [(key,) for key in chunk])
        nested = {
            name: _by_session(readers[table].read(connection, wanted))
            for table, name in NESTED.items()
        }
        sessions = readers[layout.schema.primary.name].read(connection, wanted, nested)
        found.update((key[0], document) for key, _, document in sessions)
    return {key: found[key] for key in keys if key in found}


def row_documents(
    connection: Reading, layout: Layout, table: str, keys: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], Document]:
    """Return single rows of a secondary table, by ``_session`` and ``_position``.

    Args:
        connection: to a store; it needs to be allowed no more than to read.
        layout: of the store.
        table: the secondary table.
        keys: of the rows; what is not in the store is left out.
    """
    reader = _TableReader(layout, layout.schema.table(table))
    found: dict[Key, Document] = {}
    for chunk in _chunks(keys):
        wanted = _Wanted.rows((SESSION, POSITION), chunk)
        found.update((key, document) for key, _, document in reader.read(connection, wanted))
    return {key: found[key] for key in keys if key in found}


_Lists = Mapping[str, Mapping[Key, list[Any]]]
"""For the name of a list, the list that each row has; a row without values is not there."""


class _TableReader:
    """Reads rows of one table as objects of the export format."""

    def __init__(self, layout: Layout, table: Table) -> None:
        self._order = tuple(field.name for field in table.fields)
        self._scalars = tuple(field.name for field in table.scalars)
        self._typed = tuple((f.name, _TYPES[f.kind]) for f in table.scalars if f.kind in _TYPES)
        self._lists = table.collections
        self._values_of = {f.name: layout.values(f) for f in table.collections}
        self._properties = frozenset(f.name for f in table.collections if f.properties)
        self._keys = layout.keys(table.name)
        self._base, detail = layout.base(table.name), layout.detail(table.name)
        keys = ", ".join(map(quoted, self._keys))
        self._join = "" if detail == self._base else f" {LEADING} {quoted(detail)} USING ({keys})"
        fields = (IP_TEXT if field.kind is Kind.IP else field.name for field in table.scalars)
        arrival = "NULL" if table.primary else quoted(ARRIVAL)
        self._columns = (*map(quoted, self._keys), arrival, *map(quoted, (EXTRA, *fields)))

    def read(
        self, connection: Reading, wanted: _Wanted, nested: _Lists | None = None
    ) -> Iterator[tuple[Key, int | None, Document]]:
        """Yield the key, the index on arrival where it is not the rank, and the object of each row.

        Args:
            connection: to the store.
            wanted: which rows.
            nested: lists of rows within these rows, to go into the objects.
        """
        lists: dict[str, Mapping[Key, list[Any]]] = {
            field.name: self._values(connection, field, wanted) for field in self._lists
        }
        lists.update(nested or {})
        depth = len(self._keys)
        query = wanted.select(connection, self._columns, self._base, self._join)
        for row in connection.execute(query, wanted.parameters):
            key = row[:depth]
            arrival, extra, *values = row[depth:]
            yield key, arrival, self._document(key, values, extra, lists)

    def _values(self, connection: Reading, field: Field, wanted: _Wanted) -> dict[Key, list[Any]]:
        """Return the values of a list, or the properties, of each row that has some."""
        columns = [*self._keys, KEY if field.properties else ORDINAL]
        relation = self._values_of[field.name]
        query = wanted.select(connection, [*map(quoted, (*columns, VALUE))], relation)
        double = field.kind is Kind.DOUBLE
        order = f" ORDER BY {', '.join(map(quoted, columns))}"
        found: dict[Key, list[Any]] = {}
        for *key, name, value in connection.execute(query + order, wanted.parameters):
            if double:
                value = float(value)
            entry = {"key": name, "value": value} if field.properties else value
            found.setdefault(tuple(key), []).append(entry)
        return found

    def _document(
        self, key: Key, values: Iterable[Any], extra_text: str | None, lists: _Lists
    ) -> Document:
        members = {n: v for n, v in zip(self._scalars, values, strict=True) if v is not None}
        for name, type_ in self._typed:
            if name in members:
                members[name] = type_(members[name])
        for name, found in lists.items():
            if key in found:
                members[name] = found[key]
            elif extra_text is None:
                members[name] = []
        if extra_text is not None:
            self._correct(members, msgspec.json.decode(extra_text))
        ordered = {name: members[name] for name in self._order if name in members}
        return ordered | members

    def _correct(self, members: Document, extra: Document) -> None:
        """Put what ``_extra`` says in the place of what the columns say."""
        for name, value in extra.items():
            if value is None:
                members.pop(name, None)
            elif name in self._properties and value and type(value[0]) is str:
                by_key = {entry["key"]: entry for entry in members[name]}
                members[name] = [by_key[key] for key in value]
            else:
                members[name] = value


def _by_session(
    rows: Iterable[tuple[Key, int | None, Document]],
) -> dict[Key, list[Document]]:
    """Return rows as a list per session, in the order in which they arrived."""
    ranked: dict[Key, list[tuple[int, Document]]] = {}
    for (session, position), arrival, document in rows:
        index = position if arrival is None else arrival
        ranked.setdefault((session,), []).append((index, document))
    return {
        key: [document for _, document in sorted(pairs, key=lambda pair: pair[0])]
        for key, pairs in ranked.items()
    }


def _chunks(items: Iterable[_T]) -> Iterator[list[_T]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk
