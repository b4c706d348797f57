"""What we promise of the rows in a store, each promise a query for the rows that break it.

What arrives: a layout, and how an engine spells what these queries need. What leaves: promises:
those of ``layout`` and of ``sessions``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from usql.layout import ARRIVAL, EXTRA, IP_TEXT, ORDINAL, POSITION, SESSION, Layout
from usql.schema import Table
from usql.store.sqlite_schema import quoted
from usql.types import Kind

_LATEST = f"CAST({2**63 - 1} AS BIGINT)"


@dataclass(frozen=True, slots=True)
class Spelling:
    """What engines spell differently.

    Attributes:
        no_object: whether a text, put at ``{}``, is no JSON object.
        exists: whether the engine looks up rows of equal key quickest with ``EXISTS``.
    """

    no_object: str
    exists: bool


SQLITE = Spelling("CASE WHEN json_valid({0}) THEN json_type({0}) != 'object' ELSE 1 END", True)
DUCKDB = Spelling("CASE WHEN json_valid({0}) THEN json_type({0}) != 'OBJECT' ELSE TRUE END", True)
CLICKHOUSE = Spelling("(NOT isValidJSON({0}) OR JSONType({0}) != 'Object')", False)


@dataclass(frozen=True, slots=True)
class Promise:
    """Something that holds for all rows.

    Attributes:
        place: the table it is about.
        broken: what is said where it does not hold.
        rows: SQL that yields the numbers of the sessions for which it does not.
    """

    place: str
    broken: str
    rows: str


def promises(layout: Layout, spelling: Spelling) -> Iterator[Promise]:
    """Yield all that holds for the rows of a store."""
    session = layout.base(layout.schema.primary.name)
    if layout.columnar:
        yield from _promises_of_identity(session)
    yield Promise(
        session,
        "sessions without userSessionId or startTime",
        f'SELECT "{SESSION}" FROM {session} WHERE "userSessionId" IS NULL OR "startTime" IS NULL',
    )
    for table in layout.schema.tables:
        yield from _promises_of_parts(layout, spelling, table)
        yield from _promises_of_values(layout, spelling, table)
        if table.primary:
            detail = layout.detail(table.name)
            yield Promise(
                detail,
                "addresses without their text, or the other way round",
                f'SELECT "{SESSION}" FROM {quoted(detail)}'
                f' WHERE ("ip" IS NULL) != ("{IP_TEXT}" IS NULL)',
            )
        else:
            yield _owned(spelling, layout.base(table.name), session, (SESSION,), "sessions")
            yield from _promises_of_order(layout, table)
            yield from _promises_of_totals(layout, table)


def _promises_of_identity(session: str) -> Iterator[Promise]:
    """What engines without keys do not see to themselves."""
    identity = (
        '"userSessionId", "startTime", coalesce("tenantId", \'\'), coalesce("partNumber", -1)'
    )
    for broken, key in (
        ("numbers that several sessions have", quoted(SESSION)),
        ("sessions that are there more than once", identity),
    ):
        yield Promise(
            session,
            broken,
            f'SELECT min("{SESSION}") AS "{SESSION}" FROM {session} GROUP BY {key}'
            " HAVING count(*) > 1",
        )


def _promises_of_parts(layout: Layout, spelling: Spelling, table: Table) -> Iterator[Promise]:
    """What holds for the base and the detail of rows."""
    base, detail, keys = layout.base(table.name), layout.detail(table.name), layout.keys(table.name)
    if base != detail:
        yield _owned(spelling, base, detail, keys, "details")
        yield _owned(spelling, detail, base, keys, "rows they belong to")
    yield Promise(
        detail,
        f"{EXTRA} that is no JSON object",
        f'SELECT "{SESSION}" FROM {quoted(detail)} WHERE "{EXTRA}" IS NOT NULL'
        f" AND {spelling.no_object.format(quoted(EXTRA))}",
    )
    if layout.columnar:  # whose columns have types
        return
    for relation in dict.fromkeys((base, detail)):
        names = [f.name for f in table.scalars if f.kind is Kind.BOOLEAN]
        names = [name for name in names if layout.place(table.find(name)) == relation]  # type: ignore[arg-type]
        if names:
            wrong = " OR ".join(f"{quoted(name)} NOT IN (0, 1)" for name in names)
            yield Promise(
                relation,
                "booleans that are neither 0 nor 1",
                f'SELECT "{SESSION}" FROM {quoted(relation)} WHERE {wrong}',
            )


def _promises_of_values(layout: Layout, spelling: Spelling, table: Table) -> Iterator[Promise]:
    """What holds for lists and properties."""
    base, keys = layout.base(table.name), layout.keys(table.name)
    for field in table.collections:
        relation = layout.values(field)
        yield _owned(spelling, relation, base, keys, "rows they belong to")
        if field.properties:
            yield Promise(
                relation,
                "keys that the store does not know of",
                f'SELECT "{SESSION}" FROM {quoted(relation)} WHERE key NOT IN (SELECT key FROM'
                f" usql_property WHERE \"table\" = '{table.name}' AND field = '{field.name}')",
            )
        else:
            yield _gapless(relation, keys, ORDINAL)


def _promises_of_order(layout: Layout, table: Table) -> Iterator[Promise]:
    """What holds for the rank of secondary rows: by start, then arrival, without gaps."""
    base, detail = layout.base(table.name), layout.detail(table.name)
    yield _gapless(base, (SESSION,), POSITION)
    both = quoted(base)
    if base != detail:
        both += f' JOIN {quoted(detail)} USING ("{SESSION}", "{POSITION}")'
    started = f'ifnull("startTime", {_LATEST})'
    arrived = f'ifnull("{ARRIVAL}", "{POSITION}")'
    window = f'OVER (PARTITION BY "{SESSION}" ORDER BY "{POSITION}")'
    yield Promise(
        base,
        "rows that are not in the order of their start",
        f'SELECT "{SESSION}" FROM (SELECT "{SESSION}", "{POSITION}", {started} AS s,'
        f" {arrived} AS a, lag({started}) {window} AS s_before,"
        f" lag({arrived}) {window} AS a_before FROM {both})"
        f' WHERE "{POSITION}" > 0 AND (s_before > s OR (s_before = s AND a_before > a))',
    )


def _promises_of_totals(layout: Layout, table: Table) -> Iterator[Promise]:
    """What holds for what sessions tell of their rows: exact sums, rounded once."""
    totals = [total for total in layout.totals if total.table == table.name]
    if not totals:
        return
    made = {"count": "count({})", "total": "toFloat64(sum(CAST({} AS Nullable(Int128))))"}
    columns = ", ".join(
        f"{made[total.function].format(quoted(total.field) if total.field else '*')}"
        f" AS {quoted(total.column)}"
        for total in totals
    )
    found = f'SELECT "{SESSION}", {columns} FROM {quoted(layout.base(table.name))} GROUP BY 1'
    wrong = " OR ".join(
        f"s.{name} != coalesce(r.{name}, 0)" for name in (quoted(total.column) for total in totals)
    )
    session = layout.base(layout.schema.primary.name)
    yield Promise(
        session,
        f"sessions that tell something else of their rows in {table.name}",
        f'SELECT s."{SESSION}" AS "{SESSION}" FROM {session} s'
        f' LEFT JOIN ({found}) r ON r."{SESSION}" = s."{SESSION}" WHERE {wrong}',
    )


def _owned(
    spelling: Spelling, relation: str, owner: str, keys: tuple[str, ...], owners: str
) -> Promise:
    """Return the promise that each row of a relation has one of equal key in another."""
    listed = ", ".join(map(quoted, keys))
    missing = f"({listed}) NOT IN (SELECT {listed} FROM {quoted(owner)})"
    if spelling.exists:
        same = " AND ".join(f"o.{quoted(key)} = r.{quoted(key)}" for key in keys)
        missing = f"NOT EXISTS (SELECT 1 FROM {quoted(owner)} o WHERE {same})"
    return Promise(
        relation,
        f"rows without the {owners} in {owner}",
        f'SELECT r."{SESSION}" AS "{SESSION}" FROM {quoted(relation)} r WHERE {missing}',
    )


def _gapless(relation: str, keys: tuple[str, ...], rank: str) -> Promise:
    """Return the promise that a rank goes 0, 1, 2, … within equal keys."""
    group = ", ".join(map(quoted, keys))
    return Promise(
        relation,
        f"{rank} with gaps",
        f'SELECT "{SESSION}" FROM {quoted(relation)} GROUP BY {group}'
        f' HAVING min("{rank}") != 0 OR max("{rank}") != count(*) - 1',
    )
