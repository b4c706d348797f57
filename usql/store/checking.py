"""Is a SQLite store sound? The file as SQLite sees it, and what we promise of the rows in it.

What arrives: the location of a store. What leaves: a ``CheckReport`` with every problem found, all
of one state of the store. Nothing is changed. The promises are those of ``layout`` and of
``sessions``; each is one query that yields the rows which break it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from usql.errors import StoreError
from usql.layout import ARRIVAL, EXTRA, IP_TEXT, ORDINAL, POSITION, SESSION, Layout
from usql.schema import Table
from usql.store import sqlite_schema
from usql.store.sqlite_schema import quoted
from usql.store.sqlite_store import Location, open_reader, store_errors
from usql.types import Kind

_FILE_PROBLEMS = 100
_LATEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is broken.

    Attributes:
        place: the table or index, or ``file``.
        message: what is wrong with it.
        count: how many rows it is wrong with; 0 where it is not about rows.
        session: one of them, by its number in the store, or ``None``.
    """

    place: str
    message: str
    count: int = 0
    session: int | None = None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found.

    Attributes:
        store: where it is.
        problems: what is broken; empty if all is well.
        postponed: names of indexes that an interrupted import has left to be made: no damage, but
            queries are slower without them.
        seconds: how long the check took.
    """

    store: str
    problems: tuple[Problem, ...]
    postponed: tuple[str, ...]
    seconds: float

    @property
    def sound(self) -> bool:
        """Whether nothing is broken."""
        return not self.problems


def check_store(location: Location, layout: Layout) -> CheckReport:
    """Look at every page and every row of a store.

    Raises:
        StoreError: there is no store, or one of another version.
    """
    began = time.monotonic()
    problems: list[Problem] = []
    postponed: list[str] = []
    try:
        with store_errors(location), closing(open_reader(location)) as connection:
            connection.execute("BEGIN")
            problems += _file_problems(connection)
            postponed = sqlite_schema.postponed_indexes(connection)
            missing = list(_schema_problems(connection, layout, set(postponed)))
            problems += missing
            if not missing:
                problems += _row_problems(connection, layout)
    except StoreError as error:
        if not isinstance(error.__cause__, sqlite3.DatabaseError) or isinstance(
            error.__cause__, sqlite3.OperationalError
        ):
            raise
        if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_NOTADB:
            raise
        # Damage that keeps a query from ending; what was found until then is told, too.
        problems.append(Problem("file", str(error.__cause__)))
    return CheckReport(str(location), tuple(problems), tuple(postponed), time.monotonic() - began)


def _file_problems(connection: sqlite3.Connection) -> Iterator[Problem]:
    for (line,) in connection.execute(f"PRAGMA integrity_check({_FILE_PROBLEMS})"):
        if line != "ok":
            yield Problem("file", line)


def _schema_problems(
    connection: sqlite3.Connection, layout: Layout, postponed: set[str]
) -> Iterator[Problem]:
    """Yield tables, columns and indexes that are not there."""
    for relation in layout.relations:
        found = {
            row[1] for row in connection.execute(f"PRAGMA table_info({quoted(relation.name)})")
        }
        wanted = {*relation.keys, *(name for name, _ in relation.columns)}
        if not found:
            yield Problem(relation.name, "the table is missing")
        elif wanted - found:
            yield Problem(
                relation.name, f"columns are missing: {', '.join(sorted(wanted - found))}"
            )
    query = "SELECT name FROM sqlite_schema WHERE type = 'index'"
    made = {name for (name,) in connection.execute(query)}
    for index in sqlite_schema.indexes(layout):
        if index.name not in made | postponed:
            yield Problem(index.name, "the index is missing")


@dataclass(frozen=True, slots=True)
class _Promise:
    """Something that holds for all rows.

    Attributes:
        place: the table it is about.
        broken: what is said where it does not hold.
        rows: SQL that yields the numbers of the sessions for which it does not.
    """

    place: str
    broken: str
    rows: str


def _row_problems(connection: sqlite3.Connection, layout: Layout) -> Iterator[Problem]:
    for promise in _promises(layout):
        query = f'SELECT count(*), min("{SESSION}") FROM ({promise.rows})'
        count, session = connection.execute(query).fetchone()
        if count:
            yield Problem(promise.place, promise.broken, count, session)


def _promises(layout: Layout) -> Iterator[_Promise]:
    session = layout.base(layout.schema.primary.name)
    yield _Promise(
        session,
        "sessions without userSessionId or startTime",
        f'SELECT "{SESSION}" FROM {session} WHERE "userSessionId" IS NULL OR "startTime" IS NULL',
    )
    for table in layout.schema.tables:
        yield from _promises_of_parts(layout, table)
        yield from _promises_of_values(layout, table)
        if table.primary:
            detail = layout.detail(table.name)
            yield _Promise(
                detail,
                "addresses without their text, or the other way round",
                f'SELECT "{SESSION}" FROM {quoted(detail)}'
                f' WHERE ("ip" IS NULL) != ("{IP_TEXT}" IS NULL)',
            )
        else:
            yield _owned(layout.base(table.name), session, (SESSION,), "sessions")
            yield from _promises_of_order(layout, table)


def _promises_of_parts(layout: Layout, table: Table) -> Iterator[_Promise]:
    """What holds for the base and the detail of rows."""
    base, detail, keys = layout.base(table.name), layout.detail(table.name), layout.keys(table.name)
    if base != detail:
        yield _owned(base, detail, keys, "details")
        yield _owned(detail, base, keys, "rows they belong to")
    yield _Promise(
        detail,
        f"{EXTRA} that is no JSON object",
        f'SELECT "{SESSION}" FROM {quoted(detail)} WHERE "{EXTRA}" IS NOT NULL'
        f' AND CASE WHEN json_valid("{EXTRA}") THEN json_type("{EXTRA}") != \'object\' ELSE 1 END',
    )
    for relation in dict.fromkeys((base, detail)):
        names = [f.name for f in table.scalars if f.kind is Kind.BOOLEAN]
        names = [name for name in names if layout.place(table.find(name)) == relation]  # type: ignore[arg-type]
        if names:
            wrong = " OR ".join(f"{quoted(name)} NOT IN (0, 1)" for name in names)
            yield _Promise(
                relation,
                "booleans that are neither 0 nor 1",
                f'SELECT "{SESSION}" FROM {quoted(relation)} WHERE {wrong}',
            )


def _promises_of_values(layout: Layout, table: Table) -> Iterator[_Promise]:
    """What holds for lists and properties."""
    base, keys = layout.base(table.name), layout.keys(table.name)
    for field in table.collections:
        relation = layout.values(field)
        yield _owned(relation, base, keys, "rows they belong to")
        if field.properties:
            yield _Promise(
                relation,
                "keys that the store does not know of",
                f'SELECT "{SESSION}" FROM {quoted(relation)} WHERE key NOT IN (SELECT key FROM'
                f" usql_property WHERE \"table\" = '{table.name}' AND field = '{field.name}')",
            )
        else:
            yield _gapless(relation, keys, ORDINAL)


def _promises_of_order(layout: Layout, table: Table) -> Iterator[_Promise]:
    """What holds for the rank of secondary rows: by start, then arrival, without gaps."""
    base, detail = layout.base(table.name), layout.detail(table.name)
    yield _gapless(base, (SESSION,), POSITION)
    both = quoted(base)
    if base != detail:
        both += f' JOIN {quoted(detail)} USING ("{SESSION}", "{POSITION}")'
    started = f'ifnull("startTime", {_LATEST})'
    arrived = f'ifnull("{ARRIVAL}", "{POSITION}")'
    window = f'OVER (PARTITION BY "{SESSION}" ORDER BY "{POSITION}")'
    yield _Promise(
        base,
        "rows that are not in the order of their start",
        f'SELECT "{SESSION}" FROM (SELECT "{SESSION}", {started} AS s, {arrived} AS a,'
        f" lag({started}) {window} AS s_before, lag({arrived}) {window} AS a_before FROM {both})"
        " WHERE (s_before, a_before) > (s, a)",
    )


def _owned(relation: str, owner: str, keys: tuple[str, ...], owners: str) -> _Promise:
    """Return the promise that each row of a relation has one of equal key in another."""
    same = " AND ".join(f"o.{quoted(key)} = r.{quoted(key)}" for key in keys)
    return _Promise(
        relation,
        f"rows without the {owners} in {owner}",
        f'SELECT r."{SESSION}" FROM {quoted(relation)} r'
        f" WHERE NOT EXISTS (SELECT 1 FROM {quoted(owner)} o WHERE {same})",
    )


def _gapless(relation: str, keys: tuple[str, ...], rank: str) -> _Promise:
    """Return the promise that a rank goes 0, 1, 2, … within equal keys."""
    group = ", ".join(map(quoted, keys))
    return _Promise(
        relation,
        f"{rank} with gaps",
        f'SELECT "{SESSION}" FROM {quoted(relation)} GROUP BY {group}'
        f' HAVING min("{rank}") != 0 OR max("{rank}") != count(*) - 1',
    )
