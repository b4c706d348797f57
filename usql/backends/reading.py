"""What is read alike on every engine: rows of a query, whole sessions and rows, sessions chosen."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from usql.backends.decode import decode_rows
from usql.compiled import Compiled
from usql.layout import SESSION, Layout
from usql.schema import PRIMARY

if TYPE_CHECKING:
    from usql.store.documents import Reading


class Reader(Protocol):
    """A connection that may only read, in the SQL of its engine."""

    def execute(self, sql: str, parameters: Sequence[Any], /) -> Iterable[Any]:
        """Return the rows of a query of ``documents``."""

    def fetch(self, sql: str, params: Any) -> Sequence[Sequence[Any]]:
        """Return all rows of a query with named parameters."""


def read_rows(reader: Reader, layout: Layout, compiled: Compiled) -> list[tuple[Any, ...]]:
    """Return the rows of a query, in the language's values."""
    rows = reader.fetch(compiled.sql, compiled.params)
    if compiled.identity is None:
        return decode_rows(rows, compiled.outputs, None)
    keys = [tuple(row[len(compiled.outputs) :]) for row in rows]
    found = read_documents(reader, layout, compiled.identity, keys)
    return decode_rows(rows, compiled.outputs, found)


def read_documents(
    connection: Reading, layout: Layout, table: str, keys: Sequence[tuple[Any, ...]]
) -> list[Any]:
    """Return the object of each row of a table, in the order of the keys; ``None`` if it is gone.

    Args:
        connection: to the store.
        layout: of the store.
        table: of the rows.
        keys: of the rows.
    """
    from usql.store.documents import documents, row_documents

    if table == PRIMARY:
        sessions = documents(connection, layout, [key[0] for key in keys])
        return [sessions.get(key[0]) for key in keys]
    pairs = [(key[0], key[1]) for key in keys]
    rows = row_documents(connection, layout, table, pairs)
    return [rows.get(pair) for pair in pairs]


def read_numbers(reader: Reader, selection: Compiled) -> array[int]:
    """Return the numbers of the sessions that a query yields, sorted."""
    sql = f"SELECT {SESSION} FROM ({selection.sql}) ORDER BY 1"
    return array("q", (number for (number,) in reader.fetch(sql, selection.params)))
