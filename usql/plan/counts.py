"""Groups of which only the numbers of rows are wanted, found by values rather than row by row.

What arrives: an aggregation without any aggregate but ``COUNT(*)``. What leaves: its groups as
``groups`` makes them, keys and ``n``; or ``None`` where values lead nowhere sooner than rows do.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from usql import resolved as r
from usql.layout import SESSION, VALUE
from usql.plan import sql
from usql.plan.codes import Codes
from usql.plan.conditions import condition, predicate
from usql.plan.plain import scan_rows
from usql.plan.rows import Rows, grouped, source_of, value_relation, value_rows
from usql.plan.sql import Node
from usql.plan.state import State
from usql.schema import PRIMARY


def plan_counts(state: State, query: r.AggregationQuery) -> exp.Query | None:
    """Return the groups of a query with their numbers of rows, where there is a short way."""
    scan = query.scan
    if scan.table == PRIMARY and not query.keys and scan.timeframe is None:
        return _sessions_with(state, scan.where)
    if len(query.keys) != 1:
        return None
    expr = query.keys[0].expr
    if scan.table == PRIMARY and source_of(expr) is not None:
        if (codes := Codes.of(state, expr)) is not None:
            return _by_code(state, scan, codes, expr)
        with_values = _by_value(state, scan, expr)
        return exp.Union(
            this=with_values, expression=_without_value(state, scan, expr), distinct=False
        )
    if not isinstance(expr, r.PropertyRef) or expr.field.table != scan.table:
        return None
    if not scan.is_whole:
        return None
    return _by_property(state, scan, expr)


def rows_without(state: State, scan: r.Scan, expr: r.Expr) -> Rows:
    """Return the rows that have no value of an expression with many."""
    rows = scan_rows(state, scan)
    if (count := rows.values_of(expr)) is not None:
        rows.restrict(sql.equal(count, sql.number(0)))
        return rows
    source = source_of(expr)
    assert source is not None
    found = value_rows(state, source)
    for key in rows.link(source.field.table):
        found.restrict(sql.equal(found.key(key), rows.key(key)))
    found.restrict(sql.not_null(found.value(expr)))
    rows.restrict(exp.Not(this=exp.Exists(this=found.select([sql.number(1)]))))
    return rows


# --- sessions that satisfy conditions on their many values ----------------------------------------


def _sessions_with(state: State, where: r.Condition | None) -> exp.Select | None:
    """Count the sessions of the values that satisfy a condition, without a look at any session."""
    items = where.items if isinstance(where, r.And) else (where,)
    leading = [item for item in items if _is_predicate_of_many(item)]
    if not leading or not all(_is_of_many(item) for item in items):
        return None
    first = leading[0]
    assert isinstance(first, r.Compare | r.OneOf | r.Between | r.Like)
    key = first.field.key if isinstance(first.field, r.PropertyRef) else None
    rows = Rows(state, PRIMARY, value_relation(state, first.field), of=key)
    rows.restrict(predicate(state, rows, first))
    for item in items:
        if item is not first and item is not None:
            rows.restrict(condition(state, rows, item))
    return rows.select([_sessions(rows)])


def _is_predicate_of_many(node: r.Condition | None) -> bool:
    return isinstance(node, r.Compare | r.OneOf | r.Between | r.Like) and node.field.many


def _is_of_many(node: r.Condition | None) -> bool:
    if isinstance(node, r.Not):
        return _is_of_many(node.operand)
    return _is_predicate_of_many(node) or (isinstance(node, r.IsNull) and node.field.many)


def _sessions(rows: Rows) -> Node:
    """Return the number of sessions among rows, as ``n``."""
    return _number(exp.Count(this=exp.Distinct(expressions=[rows.key(SESSION)])))


def _number(count: Node) -> Node:
    """Return a number of rows as ``n``, of the type of a difference: engines unite equal types."""
    return sql.named(exp.Cast(this=count, to=exp.DataType.build("bigint")), "n")


# --- sessions by value ----------------------------------------------------------------------------


def _by_value(state: State, scan: r.Scan, expr: r.Expr) -> exp.Select:
    """Return each value with the number of sessions that have it."""
    source = source_of(expr)
    assert source is not None
    found = value_rows(state, source)
    value = found.value(expr)
    found.restrict(sql.not_null(value.copy()))
    if not scan.is_whole:
        rows = scan_rows(state, scan)
        found.restrict(sql.among([found.key(SESSION)], rows.select([rows.key(SESSION)])))
    key = sql.named(grouped(expr, value), "k0")
    return found.select([key, _sessions(found)], group=sql.positions(1))


def _by_code(state: State, scan: r.Scan, codes: Codes, expr: r.Expr) -> exp.Query:
    """Return each value with the number of sessions that have it, and the rest."""
    whole = scan.is_whole
    among = None
    if not whole:
        rows = scan_rows(state, scan)
        among = rows.select([rows.key(SESSION)])
    counts = codes.count(among)
    if whole:
        rest = _rest(state, scan.table, _number_among(state, codes.having_any()))
    else:
        rest = _without_value(state, scan, expr)
    union = exp.Union(this=counts, expression=rest, distinct=False)
    return sql.with_(union, codes.parts)


def _without_value(state: State, scan: r.Scan, expr: r.Expr) -> exp.Select:
    """Return the group of the sessions without any value."""
    field = expr.field if isinstance(expr, r.FieldRef) else None
    told = field is not None and state.layout.total(field.table, field.name, "count")
    if told or not scan.is_whole:
        rows = rows_without(state, scan, expr)
        count = exp.Count(this=exp.Star())
        return rows.select([sql.named(sql.null(), "k0"), _number(count)], group=sql.positions(1))
    source = source_of(expr)
    assert source is not None
    found = value_rows(state, source)
    found.restrict(sql.not_null(found.value(expr)))
    if state.layout.columnar:
        return _rest(state, scan.table, found.select([_sessions(found)]))
    having = found.select([sql.named(found.key(SESSION), SESSION)], group=sql.positions(1))
    return _rest(state, scan.table, _number_among(state, having))


def _by_property(state: State, scan: r.Scan, expr: r.PropertyRef) -> exp.Query:
    """Return each value of a property with the number of rows that have it, and the rest."""

    def found(columns: Sequence[str]) -> exp.Select:
        rows = Rows(state, scan.table, state.layout.values(expr.field), of=expr.key)
        rows.restrict(sql.not_null(rows.key(VALUE)))
        if columns:
            return rows.select([sql.named(rows.key(name), name) for name in columns])
        key = sql.named(grouped(expr, rows.key(VALUE)), "k0")
        counted = [key, _number(exp.Count(this=exp.Star()))]
        return rows.select(counted, group=sql.positions(1))

    having = found(state.layout.keys(scan.table))
    rest = _rest(state, scan.table, _number_among(state, having))
    return exp.Union(this=found(()), expression=rest, distinct=False)


def _number_among(state: State, rows: exp.Select) -> exp.Select:
    count = sql.named(exp.Count(this=exp.Star()), "n")
    return sql.select([count], sql.derived(rows, state.fresh("s")))


def _rest(state: State, table: str, having: exp.Select) -> exp.Select:
    """Return the group of the rows of a table but some, unless it has none.

    Args:
        state: of the planning.
        table: whose rows they are.
        having: a query for the number ``n`` of those that are not in it.
    """
    every, rest = state.fresh("e"), state.fresh("n")
    count = sql.named(exp.Count(this=exp.Star()), "n")
    all_rows = sql.select([count], sql.relation(state.layout.base(table), every))
    if state.layout.columnar:
        all_alias, having_alias = state.fresh("s"), state.fresh("s")
        left = sql.sub(sql.column(all_alias, "n"), sql.column(having_alias, "n"))
        counted = sql.select(
            [_number(left)],
            sql.derived(all_rows, all_alias),
            joins=[sql.join(sql.derived(having, having_alias), None)],
        )
    else:
        # SQLite would merge the queries, and count anew for each use of the number
        left = sql.sub(exp.Subquery(this=all_rows), exp.Subquery(this=having))
        counted = exp.Select(expressions=[_number(left)]).limit(1, copy=False)
    return sql.select(
        [sql.named(sql.null(), "k0"), sql.named(sql.column(rest, "n"), "n")],
        sql.derived(counted, rest),
        where=exp.GT(this=sql.column(rest, "n"), expression=sql.number(0)),
    )
