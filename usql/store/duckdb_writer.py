"""Batches of checked sessions into a DuckDB store.

What arrives: sessions by identity, within a transaction. What leaves: their rows, a stored session
of the same identity replaced whole under its old number. Rows are handed over as Arrow tables,
which DuckDB reads in place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from usql.layout import KEY, SESSION, Layout
from usql.store.duckdb_store import DuckdbLocation, open_writer, segments, store_errors
from usql.store.sessions import Identity, Rows, Session
from usql.store.shapes import Target
from usql.store.sqlite_schema import quoted
from usql.types import Kind

if TYPE_CHECKING:
    import duckdb

_IDENTITY = ("userSessionId", "startTime", "tenantId", "partNumber")
_BATCH = "usql_batch"


@contextmanager
def duckdb_writer(
    location: DuckdbLocation, layout: Layout, patience: float | None = None
) -> Iterator[DuckdbSessionWriter]:
    """Open a store to write for the length of a block; ``patience`` is in seconds."""
    with store_errors(location), closing(open_writer(location, layout, patience)) as connection:
        yield DuckdbSessionWriter(connection, layout)


class DuckdbSessionWriter:
    """Writes sessions through one connection, whose transactions are the caller's."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, layout: Layout) -> None:
        self._connection = connection
        self._relations = [relation.name for relation in layout.relations]
        self._keys = {relation.name: relation.keys for relation in layout.relations}
        self._kinds = {
            (relation.name, name): kind
            for relation in layout.relations
            for name, kind in relation.columns
        }
        self._properties = {
            layout.values(field): (table.name, field.name)
            for table in layout.schema.tables
            for field in table.collections
            if field.properties
        }
        self._known_keys: set[tuple[str, str, str]] = set()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all of a block or, where it raises, nothing of it."""
        self._connection.execute("BEGIN")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._known_keys.clear()
            with suppress(Exception):  # an error may have ended the transaction already
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def many(self) -> Iterator[None]:
        """Merge the log into the file at the end."""
        yield
        self._connection.execute("CHECKPOINT")

    def prepare_for_many(self) -> None:
        """Do nothing: there are no indexes to put off."""

    def write(self, sessions: Mapping[Identity, Session]) -> int:
        """Write sessions; return how many of them were in the store already."""
        known = find_sessions(self._connection, sessions)
        # before any are forgotten, whose numbers are taken again
        (last,) = self._one(f'SELECT coalesce(max("{SESSION}"), 0) FROM usersession')
        self._forget(known.values())
        rows: Rows = defaultdict(list)
        for identity, session in sessions.items():
            number = known.get(identity)
            if number is None:
                number = last = last + 1
            session.emit(number, rows)
        for name in self._relations:
            parts = {t: values for t, values in rows.items() if t.relation == name and values}
            if parts:
                self._insert(name, parts)
        self._remember_keys(rows)
        return len(known)

    def segments(self) -> list[tuple[str, str]]:
        """Return the names and texts of the named segments."""
        return segments(self._connection)

    def put_segment(self, name: str, text: str) -> None:
        """Keep a segment, within a transaction; there is none of that name."""
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS usql_segment (name VARCHAR, text VARCHAR)"
        )
        self._connection.execute("INSERT INTO usql_segment VALUES (?, ?)", [name, text])

    def drop_segment(self, name: str) -> None:
        """Forget a segment, within a transaction."""
        self._connection.execute("DELETE FROM usql_segment WHERE name = ?", [name])

    def _one(self, query: str) -> tuple[Any, ...]:
        # all rows are fetched: with one left, DuckDB refuses the next statement
        return self._connection.execute(query).fetchall()[0]

    def _forget(self, numbers: Iterable[int]) -> None:
        keys = [(number,) for number in numbers]
        if not keys:
            return
        table = _table((SESSION,), keys, [Kind.LONG])
        for name in self._relations:
            self._with(
                table,
                f'DELETE FROM {quoted(name)} WHERE "{SESSION}" IN'
                f' (SELECT "{SESSION}" FROM {_BATCH})',
            )

    def _insert(self, relation: str, parts: Mapping[Target, Sequence[tuple[Any, ...]]]) -> None:
        """Write rows in the order of their keys.

        They come shape by shape; in a row's place it finds its neighbours, which are read with it.
        """
        import pyarrow as pa

        tables = [_table(t.columns, rows, self._kinds_of(t)) for t, rows in parts.items()]
        table = pa.concat_tables(tables, promote_options="default")
        table = table.sort_by([(key, "ascending") for key in self._keys[relation]])
        names = ", ".join(map(quoted, table.column_names))
        query = f"INSERT INTO {quoted(relation)} ({names}) SELECT {names} FROM {_BATCH}"
        self._with(table, query)

    def _kinds_of(self, target: Target) -> list[Kind]:
        return [
            Kind.STRING if name == KEY else self._kinds.get((target.relation, name), Kind.LONG)
            for name in target.columns
        ]

    def _remember_keys(self, rows: Rows) -> None:
        found = {
            (*self._properties[target.relation], row[-2])
            for target, values in rows.items()
            if target.relation in self._properties
            for row in values
        }
        if new := found - self._known_keys:
            names = ("table", "field", "key")
            table = _table(names, sorted(new), [Kind.STRING] * 3)
            self._with(
                table,
                f"INSERT INTO usql_property SELECT * FROM {_BATCH}"
                " EXCEPT SELECT * FROM usql_property",
            )
            self._known_keys |= new

    def _with(self, table: Any, query: str) -> list[tuple[Any, ...]]:
        return _with(self._connection, table, query)


def find_sessions(
    connection: duckdb.DuckDBPyConnection, identities: Iterable[Identity]
) -> dict[Identity, int]:
    """Return the numbers of those sessions that are stored."""
    table = _table(_IDENTITY, list(identities), [Kind.STRING, Kind.LONG, Kind.STRING, Kind.LONG])
    query = (
        f'SELECT b."userSessionId", b."startTime", b."tenantId", b."partNumber", s."{SESSION}"'
        f" FROM {_BATCH} b JOIN usersession s"
        ' ON s."userSessionId" = b."userSessionId" AND s."startTime" = b."startTime"'
        ' AND coalesce(s."tenantId", \'\') = b."tenantId"'
        ' AND coalesce(s."partNumber", -1) = b."partNumber"'
    )
    return {tuple(row[:4]): row[4] for row in _with(connection, table, query)}


def _with(connection: duckdb.DuckDBPyConnection, table: Any, query: str) -> list[tuple[Any, ...]]:
    """Run a statement that reads an Arrow table under the name of the batch."""
    connection.register(_BATCH, table)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.unregister(_BATCH)


def _table(names: Sequence[str], rows: Sequence[tuple[Any, ...]], kinds: Sequence[Kind]) -> Any:
    """Return rows as an Arrow table."""
    import pyarrow as pa

    types = {Kind.LONG: pa.int64(), Kind.DATE: pa.int64(), Kind.DOUBLE: pa.float64()}
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    arrays = [
        # booleans come as 0 and 1, which DuckDB casts
        pa.array(values, pa.int8() if kind is Kind.BOOLEAN else types.get(kind, pa.string()))
        for values, kind in zip(columns, kinds, strict=True)
    ]
    return pa.table(arrays, names=list(names))
