"""The SQLite store's tables, indexes and versions, as data, and the making of them.

What arrives: a connection to an empty database, or to a store of an older version, inside a write
transaction. What leaves: a store of the current version. Opening and refusing of files is
``sqlite_store``'s business.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

from usql.layout import INDEXES, KEY, VALUE, Layout, Relation
from usql.record import Record
from usql.types import Kind

APPLICATION_ID = int.from_bytes(b"usql")
"""Marks a SQLite file as a store of ours (``PRAGMA application_id``)."""

MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = ()
"""``MIGRATIONS[n - 1]`` takes a store from version n to version n + 1, within a transaction."""

IDENTITY = (
    '"userSessionId"',
    '"startTime"',
    "ifnull(\"tenantId\", '')",
    'ifnull("partNumber", -1)',
)
"""What tells sessions apart, as SQL over ``usersession``; an absent part counts as one value."""

_COLUMN_TYPES = {Kind.LONG: int, Kind.DATE: int, Kind.BOOLEAN: int, Kind.DOUBLE: float}

_BOOKKEEPING = (
    'CREATE TABLE usql_property ("table" TEXT, field TEXT, key TEXT,'
    ' PRIMARY KEY ("table", field, key)) STRICT, WITHOUT ROWID',
    "CREATE TABLE usql_postponed (name TEXT PRIMARY KEY, sql TEXT NOT NULL) STRICT, WITHOUT ROWID",
)


class Index(Record):
    """An index of the store.

    Attributes:
        relation: the table it is on.
        name: its own name, unique in the store.
        terms: the columns or expressions it sorts by, as SQL.
        unique: whether it forbids a second row of equal terms.
    """

    relation: str
    name: str
    terms: tuple[str, ...]
    unique: bool = False

    @property
    def sql(self) -> str:
        """The statement that makes it."""
        kind = "UNIQUE INDEX" if self.unique else "INDEX"
        return (
            f"CREATE {kind} IF NOT EXISTS {quoted(self.name)}"
            f" ON {quoted(self.relation)} ({', '.join(self.terms)})"
        )


def _on(relation: str, *columns: str) -> Index:
    return Index(relation, "_".join((relation, "by", *columns)), tuple(map(quoted, columns)))


def quoted(name: str) -> str:
    """Return a name as an SQL identifier.

    >>> print(quoted('a"b'))
    "a""b"
    """
    return '"' + name.replace('"', '""') + '"'


_IDENTITY_INDEX = Index("usersession", "usersession_identity", IDENTITY, unique=True)


def indexes(layout: Layout) -> Iterator[Index]:
    """Yield all indexes of a store: those of the tables, then those of the value relations."""
    yield _IDENTITY_INDEX
    for relation, lists in INDEXES.items():
        yield from (_on(relation, *columns) for columns in lists)
    for table in layout.schema.tables:
        for field in table.collections:
            columns = (KEY, VALUE) if field.properties else (VALUE,)
            yield _on(layout.values(field), *columns)


def current_version() -> int:
    """Return the version of stores that this package makes."""
    return 1 + len(MIGRATIONS)


def create(connection: sqlite3.Connection, layout: Layout) -> None:
    """Make all tables and indexes, and mark the database as a store of the current version."""
    # Late: it takes longer to import than opening a store that exists takes.
    from sqlite_utils import Database

    database = Database(connection, recursive_triggers=False)
    for relation in layout.relations:
        connection.execute(_table_sql(database.create_table_sql, relation))
    for statement in _BOOKKEEPING:
        connection.execute(statement)
    for index in indexes(layout):
        connection.execute(index.sql)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    _mark_current(connection)


def postpone_indexes(connection: sqlite3.Connection) -> None:
    """Drop all indexes but those that forbid something, and note them to be made later.

    To sort rows once is less work than to keep them sorted while many come in.
    """
    connection.execute(
        "INSERT INTO usql_postponed SELECT name, sql FROM sqlite_schema"
        " WHERE type = 'index' AND sql LIKE 'CREATE INDEX%'"
    )
    for name in postponed_indexes(connection):
        connection.execute(f"DROP INDEX {quoted(name)}")


def postponed_indexes(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the indexes that were postponed and are not made yet."""
    return [name for (name,) in connection.execute("SELECT name FROM usql_postponed")]


def make_index(connection: sqlite3.Connection, name: str) -> None:
    """Make an index that was postponed, unless that is done by now."""
    found = connection.execute("SELECT sql FROM usql_postponed WHERE name = ?", (name,)).fetchone()
    if found is not None:
        connection.execute(found[0])
        connection.execute("DELETE FROM usql_postponed WHERE name = ?", (name,))


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a store of an older version forward, one version at a time."""
    for step in MIGRATIONS[version - 1 :]:
        step(connection)
    _mark_current(connection)


def _mark_current(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA user_version = {current_version()}")


def _table_sql(create_table_sql: Callable[..., str], relation: Relation) -> str:
    """Return the statement that makes a relation, a clustered one where it has a compound key."""
    columns = {name: _column_type(name) for name in relation.keys}
    columns |= {name: _COLUMN_TYPES.get(kind, str) for name, kind in relation.columns}
    one_key = len(relation.keys) == 1
    key = relation.keys[0] if one_key else relation.keys
    sql = create_table_sql(relation.name, columns, pk=key, strict=True).rstrip("; \n")
    return sql if one_key else f"{sql}, WITHOUT ROWID"


def _column_type(key: str) -> type:
    return str if key == KEY else int
