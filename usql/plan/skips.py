"""Groups by values of which few differ: from one value to the next in an index.

What arrives: an aggregation of all rows by fields that an index begins with. Their values are found
in it without a look at the rows between them; the rows of each are a range of the index, which is
counted and summed up sooner than rows that are compared with the ones before. What leaves: the
groups as ``groups`` makes them; or ``None`` where no index has all that is asked.

How many values a store has is not known beforehand. Where there are many, which the query itself
finds out, its rows are grouped one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sqlglot import exp

from usql import resolved as r
from usql.plan import sql
from usql.plan.rows import Rows
from usql.plan.sql import Node
from usql.plan.state import State
from usql.schema import Field
from usql.types import Kind

_FEW = 1_000
"""Finding a value takes as long as passing some dozens of rows."""


class Pass(Protocol):
    """Aggregates over rows, as ``groups`` makes them."""

    def aggregates(self) -> list[Node]:
        """Return the aggregates."""

    def select(self) -> exp.Select:
        """Return the rows' groups."""


def plan_skips(
    state: State,
    query: r.AggregationQuery,
    aggregates: Sequence[r.Aggregate],
    over: Callable[[Rows], Pass],
) -> exp.Query | None:
    """Return the groups of a query, where an index leads from one to the next.

    Args:
        state: of the planning.
        query: whose groups they are.
        aggregates: that are wanted beside the numbers of rows.
        over: makes the same over some of the rows.
    """
    if not query.keys or not query.scan.is_whole:
        return None
    table = query.scan.table
    operands = [expr.operand for expr in aggregates if _is_summary(expr)]
    fields = [_own(expr, table) for expr in (*(key.expr for key in query.keys), *operands)]
    if None in fields or len(operands) < len(aggregates):
        return None
    names = [field.name for field in fields if field is not None]
    keys, values = names[: len(query.keys)], names[len(query.keys) :]
    index = state.layout.index(table, keys, values)
    if index is None:
        return None
    first = query.keys[keys.index(index[0])].expr
    if not isinstance(first, r.FieldRef) or not state.layout.is_repeated(first.field):
        return None
    return _Skips(state, query, first, over).select(aggregates)


def _is_summary(expr: r.Aggregate) -> bool:
    if expr.operand is None or expr.condition is not None or expr.distinct:
        return False
    if expr.operand.type.kind is not Kind.LONG:
        return False
    return expr.function in ("count", "sum", "avg", "min", "max")


def _own(expr: r.Expr | None, table: str) -> Field | None:
    if not isinstance(expr, r.FieldRef) or expr.many or expr.field.table != table:
        return None
    return expr.field


class _Skips:
    """One grouping from value to value."""

    def __init__(
        self,
        state: State,
        query: r.AggregationQuery,
        first: r.FieldRef,
        over: Callable[[Rows], Pass],
    ) -> None:
        self._state = state
        self._table = query.scan.table
        self._keys = [key.expr for key in query.keys]
        self._first = first
        self._over = over
        self._name = state.fresh("d")

    def select(self, aggregates: Sequence[r.Aggregate]) -> exp.Query:
        """Return the groups."""
        many = exp.Union(
            this=self._one_by_one(), expression=self._one_by_one(nulls=True), distinct=False
        )
        tree = exp.Union(this=self._few(aggregates), expression=many, distinct=False)
        return sql.with_(tree, [(self._name, self._values())], materialized=True)

    def _values(self) -> exp.Select:
        """Return the values that differ, but not many more than few."""
        rows = Rows(self._state, self._table)
        columns = [sql.named(rows.value(key), f"k{i}") for i, key in enumerate(self._keys)]
        return rows.select(columns, distinct=True, limit=_FEW + 1)

    def _are_few(self) -> Node:
        count = sql.select([exp.Count(this=exp.Star())], sql.relation(self._name, self._name))
        return exp.LTE(this=exp.Subquery(this=count), expression=sql.number(_FEW))

    def _few(self, aggregates: Sequence[r.Aggregate]) -> exp.Select:
        """Return the groups, each of a range of the index."""
        alias = self._state.fresh("d")
        keys = [sql.column(self._name, f"k{i}") for i in range(len(self._keys))]
        rows = Rows(self._state, self._table)
        for key, expr in zip(keys, self._keys, strict=True):
            rows.restrict(sql.same(rows.value(expr), key.copy()))
        values: list[Node] = [exp.Count(this=exp.Star()), *self._over(rows).aggregates()]
        doubles = [False, *(expr.type.kind is Kind.DOUBLE for expr in aggregates)]
        range_ = exp.Subquery(this=rows.select([sql.packed(values, doubles)]))
        found = sql.select(
            [*(sql.named(key, key.name) for key in keys), sql.named(range_, "p")],
            sql.relation(self._name, self._name),
            where=self._are_few(),
            limit=-1,  # no limit, but SQLite would put the query for a range wherever it is read
        )
        parts = sql.unpacked(sql.column(alias, "p"), doubles)
        names = ["n", *(f"a{i}" for i in range(len(aggregates)))]
        return sql.select(
            [
                *(sql.named(sql.column(alias, key.name), key.name) for key in keys),
                *(sql.named(part, name) for part, name in zip(parts, names, strict=True)),
            ],
            sql.derived(found, alias),
        )

    def _one_by_one(self, *, nulls: bool = False) -> exp.Select:
        """Return the groups where there are many of them, else nothing.

        Where their first value is a text, they are behind a text which is not there then.
        """
        rows = Rows(self._state, self._table)
        first = rows.value(self._first)
        many = exp.Not(this=sql.paren(self._are_few()))
        if nulls:
            rows.restrict(exp.And(this=sql.is_null(first), expression=many))
        else:
            least = sql.when(many, exp.Literal(this="", is_string=True))
            rows.restrict(exp.GTE(this=first, expression=least))
        return self._over(rows).select()
