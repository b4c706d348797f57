"""Values of many-valued expressions gathered per row: lists, sums, extremes, distinct values.

Each helper returns a query that has the key columns a row is linked by, so that it can be joined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from usql import resolved as r
from usql.plan import sql
from usql.plan.rows import Rows, grouped, source_of, value_order, value_rows
from usql.plan.sql import Generic, Node
from usql.plan.state import State
from usql.types import Kind


def linked_values(
    state: State, rows: Rows, expr: r.Expr, *, distinct: bool, nulls: bool = False
) -> tuple[exp.Select, tuple[str, ...]]:
    """Return the values of an expression beside the keys of the row they are of.

    Nulls are left out unless ``nulls`` says that they may stay.

    Returns:
        A query with the link's key columns and a column ``v``, and the names of the former.
    """
    source = source_of(expr)
    assert source is not None
    keys = rows.link(source.field.table)
    found = value_rows(state, source)
    value = found.value(expr)
    if not nulls:
        found.restrict(sql.not_null(value.copy()))
    if distinct:
        value = grouped(expr, value)
    columns = [sql.named(found.key(k), k) for k in keys]
    return found.select([*columns, sql.named(value, "v")], distinct=distinct), keys


def aggregate(kind: type[exp.AggFunc]) -> Callable[[Node], Node]:
    """Return what makes an aggregate of a value."""
    return lambda value: kind(this=value)


def aggregated_values(
    state: State,
    rows: Rows,
    expr: r.Expr,
    aggregates: Sequence[tuple[str, Callable[[Node], Node]]],
    *,
    nulls: bool = False,
) -> tuple[exp.Select, tuple[str, ...]]:
    """Return aggregates of an expression's values per row, by name; for ``nulls`` see above."""
    values, keys = linked_values(state, rows, expr, distinct=False, nulls=nulls)
    alias = state.fresh("d")
    columns = [sql.named(sql.column(alias, k), k) for k in keys]
    columns += [sql.named(made(sql.column(alias, "v")), name) for name, made in aggregates]
    query = sql.select(columns, sql.derived(values, alias), group=sql.positions(len(keys)))
    return query, keys


def exact(expr: r.Expr, node: Node) -> Node:
    """Return a value as it may stand in a list without losing digits."""
    return sql.call(Generic.LIST_TEXT, node) if expr.type.kind is Kind.DOUBLE else node


def value_list(rows: Rows, source: r.Source, expr: r.Expr, state: State) -> Node:
    """Return the aggregate that lists an expression's values over value rows, nulls left out."""
    order = [rows.key(k) for k in value_order(state, source)]
    value = rows.value(expr)
    entries = sql.call(Generic.LIST, *order, exact(expr, value))
    return exp.Filter(this=entries, expression=exp.Where(this=sql.not_null(rows.value(expr))))
