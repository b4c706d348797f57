"""How far a limit reaches: which rows come first is told by few columns, before the rest is read.

The order of rows ends with what identifies their sessions, which only the rows that come first have
to be read or joined for. So the first term of the order is looked at alone, where that pays: the
rows that are no worse by it than the last one within the limit are all that can come first.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from usql import resolved as r
from usql.plan import sql
from usql.plan.rows import Rows
from usql.plan.sql import Generic, Node
from usql.plan.state import State
from usql.schema import PRIMARY
from usql.types import Kind

_MOST = 10_000
"""Rows of a limit for which an engine of columns looks at the first term alone."""


@dataclass(frozen=True)
class Reach:
    """What is known of the rows that come first.

    Attributes:
        state: of the planning.
        first: the first term of the order.
        limit: of the query.
        known: whether it pays to look first how far the limit reaches.
        leads: whether the rows should lead an engine's loops; see ``Rows``.
    """

    state: State
    first: r.Order
    limit: int | None
    known: bool
    leads: bool

    @staticmethod
    def of(query: r.PlainQuery, state: State) -> Reach:
        """Look at a query."""
        first = query.order[0] if query.order else newest(state, query.scan.table)
        if state.layout.columnar:
            known = _pays_with_columns(query, first, state)
            return Reach(state, first, query.limit, known, leads=False)
        known = _pays_with_rows(query, state)
        in_order = not query.order or (_is_ranked(query, state) and query.scan.is_whole)
        return Reach(state, first, query.limit, known, leads=known or in_order)

    def restrict(self, rows: Rows, others: Rows) -> None:
        """Keep the rows that can come first, of which ``others`` are the same once more."""
        if self.state.layout.shares:
            self._join(rows, others)
        elif self.state.layout.columnar:
            rows.restrict(self._is_within(rows, others))
        else:
            rows.restrict(self._is_no_worse(rows, others))

    def _is_no_worse(self, rows: Rows, others: Rows) -> Node:
        """Return whether a row is no worse than the last one within the limit."""
        assert self.limit is not None
        last = self._values(others, limit=1)
        last.set("offset", exp.Offset(expression=sql.number(self.limit - 1)))
        alias = self.state.fresh("z")
        # an aggregate has a row even where there is none to see
        only = sql.select([exp.Max(this=sql.column(alias, "v"))], sql.derived(last, alias))
        kind = exp.LT if self.first.descending else exp.GT
        worse = kind(this=rows.value(self.first.expr), expression=exp.Subquery(this=only))
        # there is no last one where there are fewer rows, or where it has no value
        return exp.Not(this=exp.Coalesce(this=worse, expressions=[sql.false()]))

    def _is_within(self, rows: Rows, others: Rows) -> Node:
        """Return the same, as an engine takes it that looks for what blocks of rows can have."""
        # there is no last one where there are fewer rows, or where it has no value
        bound = others.select([self._last(others.value(self.first.expr))])
        kind = exp.GTE if self.first.descending else exp.LTE
        value = rows.value(self.first.expr)
        return sql.paren(
            exp.Or(
                this=kind(this=value, expression=exp.Subquery(this=bound)),
                expression=sql.is_null(exp.Subquery(this=bound.copy())),
            )
        )

    def _last(self, value: Node) -> Node:
        """Return the aggregate that is the last value within the limit."""

        def turned(number: Node) -> Node:
            if not self.first.descending:
                return number
            if self.first.expr.type.kind is Kind.DOUBLE:
                return exp.Neg(this=number)
            return sql.sub(sql.number(-1), number)  # which no whole number is too small for

        assert self.limit is not None
        return turned(sql.call(Generic.NTH_LEAST, turned(value), sql.number(self.limit)))

    def _join(self, rows: Rows, others: Rows) -> None:
        """Join the values within the limit: those who have one of them are no worse.

        Engines of columns join few values quickly, and skip what is out of their range.
        """
        first, distinct = self.state.fresh("z"), self.state.fresh("z")
        within = sql.derived(self._values(others, limit=self.limit), first)
        values = sql.select([sql.named(sql.column(first, "v"), "v")], within, distinct=True)
        same = sql.same(sql.column(distinct, "v"), rows.value(self.first.expr))
        rows.join(sql.join(sql.derived(values, distinct), same))

    def _values(self, others: Rows, limit: int | None) -> exp.Select:
        value = sql.named(others.value(self.first.expr), "v")
        ranked = exp.Ordered(this=sql.number(1), desc=self.first.descending, nulls_first=False)
        return others.select([value], order=[ranked], limit=limit)


def newest(state: State, table: str) -> r.Order:
    """Return the first term of the order that rows have by default."""
    start = state.layout.schema.table(table).find("startTime")
    assert start is not None
    return r.Order(r.FieldRef(start, many=False), descending=True)


def _pays_with_rows(query: r.PlainQuery, state: State) -> bool:
    if query.scan.table == PRIMARY or not (query.order and query.limit):
        return False
    # a field that an index has in order is followed no further than the limit anyway
    near = _is_near(query.order[0].expr, state, query.scan.table)
    return near and not _is_ranked(query, state)


def _pays_with_columns(query: r.PlainQuery, first: r.Order, state: State) -> bool:
    """Few values tell little apart, and conditions would be tried twice.

    Sessions have all of their order themselves; only DuckDB gains from a look at less of it.
    """
    if query.scan.table == PRIMARY and not state.layout.shares:
        return False
    if query.limit is None or not 0 < query.limit <= _MOST or not query.scan.is_whole:
        return False
    telling = first.expr.type.kind in (Kind.LONG, Kind.DOUBLE, Kind.DATE)
    return telling and _is_near(first.expr, state, query.scan.table)


def _is_ranked(query: r.PlainQuery, state: State) -> bool:
    expr = query.order[0].expr
    if not isinstance(expr, r.FieldRef) or expr.many or expr.field.table != query.scan.table:
        return False
    return state.layout.is_ranked(expr.field)


def _is_near(expr: r.Expr, state: State, table: str) -> bool:
    """Whether a value is read off the base relation of a table's own rows."""
    match expr:
        case r.FieldRef(field=field, many=False):
            return state.layout.place(field) == state.layout.base(table)
        case r.Arithmetic():
            return all(
                isinstance(side, r.Const) or _is_near(side, state, table)
                for side in (expr.left, expr.right)
            )
    return False
