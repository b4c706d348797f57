"""The groups of an aggregation: keys ``k0 …``, the number of rows ``n``, aggregates ``a0 …``.

Usually they are one pass over the rows. A many-valued key joins the distinct values of each row, so
that the row counts once in each one's group. Where just one key has many values, an engine of rows
does better to begin with the values, which an index has in order, and to look up their rows; the
rows without a value, which are the null group, are added then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from sqlglot import exp

from usql import resolved as r
from usql.plan import sql
from usql.plan.conditions import conditional
from usql.plan.counts import plan_counts, rows_without
from usql.plan.derived import aggregate, aggregated_values, linked_values
from usql.plan.parts import total_of_doubles
from usql.plan.plain import scan_rows
from usql.plan.ranges import plan_ranges
from usql.plan.rows import Rows, grouped, source_of
from usql.plan.skips import plan_skips
from usql.plan.sql import Generic, Node
from usql.plan.state import State
from usql.plan.steps import plan_steps
from usql.types import Kind


def plan_groups(
    state: State, query: r.AggregationQuery, aggregates: Sequence[r.Aggregate]
) -> exp.Query:
    """Return the groups of a query with some of its aggregates, in the order given."""
    if not aggregates and (counts := plan_counts(state, query)) is not None:
        return counts
    if (ranges := plan_ranges(state, query, aggregates)) is not None:
        return ranges

    def over(rows: Rows) -> _Pass:
        keys = [join_key(state, rows, key.expr) for key in query.keys]
        return _Pass(state, rows, keys, aggregates)

    if (skips := plan_skips(state, query, aggregates, over)) is not None:
        return skips
    if (steps := plan_steps(state, query, aggregates)) is not None:
        return steps
    many = [i for i, key in enumerate(query.keys) if source_of(key.expr) is not None]
    if len(many) != 1:
        return over(scan_rows(state, query.scan)).select()
    with_values = _with_values(state, query, aggregates, many[0])
    without = _without_values(state, query, aggregates, many[0])
    return exp.Union(this=with_values, expression=without, distinct=False)


def join_key(state: State, rows: Rows, expr: r.Expr, *, left: bool = True) -> Node:
    """Return the value of a key; of many values, each distinct one, in a row of its own.

    A row without a value stays, with NULL, where ``left``.
    """
    if source_of(expr) is None:
        return grouped(expr, rows.value(expr))
    values, link = linked_values(state, rows, expr, distinct=True)
    return sql.column(rows.join_derived(values, link, left=left, prefix="q"), "v")


def _with_values(
    state: State, query: r.AggregationQuery, aggregates: Sequence[r.Aggregate], many: int
) -> exp.Select:
    """Return the groups of the rows that have values of the only key with many."""
    rows = scan_rows(state, query.scan)
    # the first join, which leads an engine's loops
    value = join_key(state, rows, query.keys[many].expr, left=False)
    keys = [
        value if i == many else join_key(state, rows, key.expr) for i, key in enumerate(query.keys)
    ]
    return _Pass(state, rows, keys, aggregates).select()


def _without_values(
    state: State, query: r.AggregationQuery, aggregates: Sequence[r.Aggregate], many: int
) -> exp.Select:
    """Return the groups of the rows that have no value of the only key with many."""
    rows = rows_without(state, query.scan, query.keys[many].expr)
    keys = [
        sql.null() if i == many else join_key(state, rows, key.expr)
        for i, key in enumerate(query.keys)
    ]
    return _Pass(state, rows, keys, aggregates).select()


class _Pass:
    """One pass over rows that groups them."""

    def __init__(
        self, state: State, rows: Rows, keys: Sequence[Node], aggregates: Sequence[r.Aggregate]
    ) -> None:
        self._state = state
        self._rows = rows
        self._keys = keys
        self._aggregates = aggregates
        self._per_row: dict[r.Expr, str] = {}

    def select(self) -> exp.Select:
        """Return the groups."""
        keys = [sql.named(node, f"k{i}") for i, node in enumerate(self._keys)]
        count = sql.named(exp.Count(this=exp.Star()), "n")
        columns = [sql.named(node, f"a{i}") for i, node in enumerate(self.aggregates())]
        return self._rows.select([*keys, count, *columns], group=sql.positions(len(keys)))

    def aggregates(self) -> list[Node]:
        """Return the aggregates over the rows."""
        return [self._aggregate(expr) for expr in self._aggregates]

    def _aggregate(self, expr: r.Aggregate) -> Node:
        if expr.operand is not None and source_of(expr.operand) is not None:
            return self._many_aggregate(expr)
        value = self._rows.value(expr.operand) if expr.operand is not None else None
        value = conditional(self._state, self._rows, expr.condition, value)
        return apply(self._state, expr, value, self._aggregates)

    def _many_aggregate(self, expr: r.Aggregate) -> Node:
        """Combine aggregates that were made per row: sums of sums, smallest of smallest."""
        assert expr.operand is not None
        operand = expr.operand

        def part(name: str) -> Node:
            value = self._of_row(operand, name)
            node = conditional(self._state, self._rows, expr.condition, value)
            assert node is not None
            return node

        match expr.function:
            case "count":
                return exp.Count(this=part("n"))
            case "min" | "max":
                return _AGGREGATES[expr.function](this=part(expr.function))
            case "sum":
                return _total(operand, part("sum"))
        values = exp.Sum(this=part("n"))
        total: Node
        if expr.type.kind is Kind.DATE:
            earliest = sql.mul(self._of_row(operand, "n"), sql.number(self._state.starts[0]))
            distance = sql.sub(self._of_row(operand, "sum"), earliest)
            total = exp.Sum(this=conditional(self._state, self._rows, expr.condition, distance))
        else:
            total = exp.Sum(this=part("total"))
        average = sql.call(Generic.FLOAT_DIV, total, values)
        return _shifted_back(self._state, expr, average)

    def _of_row(self, operand: r.Expr, name: str) -> Node:
        """Return what the values of a row come to; NULL, or for ``total`` 0, where it has none."""
        if name == "n" and (count := self._rows.values_of(operand)) is not None:
            return exp.Nullif(this=count, expression=sql.number(0))
        if name == "total" and isinstance(operand, r.FieldRef):
            total = self._rows.total(operand.field.table, operand.field.name, "total")
            if total is not None:
                return total
        return sql.column(self._row_aggregates(operand), name)

    def _row_aggregates(self, operand: r.Expr) -> str:
        """Join what the values of each row come to, once per operand; all NULL where no value."""
        if operand not in self._per_row:
            wanted: list[tuple[str, Callable[[Node], Node]]] = [("n", _number_of)]
            uses = {
                "total" if e.function == "avg" and e.type.kind is not Kind.DATE else e.function
                for e in self._aggregates
                if e.operand == operand
            }
            wanted += [(f, aggregate(_AGGREGATES[f])) for f in ("min", "max") if f in uses]
            if uses & {"sum", "avg"}:
                wanted.append(("sum", partial(_total, operand)))
            if "total" in uses:
                wanted.append(("total", total_of_doubles))
            # most rows have values: to leave out those that have none takes longer
            query, keys = aggregated_values(self._state, self._rows, operand, wanted, nulls=True)
            self._per_row[operand] = self._rows.join_derived(query, keys, left=True, prefix="m")
        return self._per_row[operand]


def _number_of(values: Node) -> Node:
    return exp.Nullif(this=exp.Count(this=values), expression=sql.number(0))


_MOST_TOGETHER = 16
"""Aggregates of a pass among which percentiles of the same values are looked for."""

_AGGREGATES: dict[str, type[exp.AggFunc]] = {
    "count": exp.Count,
    "min": exp.Min,
    "max": exp.Max,
    "sum": exp.Sum,
    "avg": exp.Avg,
}


def apply(
    state: State, expr: r.Aggregate, value: Node | None, beside: Sequence[r.Aggregate] = ()
) -> Node:
    """Return an aggregate over a value of each row, where others may be found ``beside`` it."""
    if value is None:
        return exp.Count(this=exp.Star())
    if expr.distinct:
        assert expr.operand is not None
        return exp.Count(this=exp.Distinct(expressions=[grouped(expr.operand, value)]))
    if _is_constant(expr.operand):
        value = sql.nullable(value)
    if expr.function == "percentile":
        assert expr.percentile is not None
        wanted = _together(state, expr, beside)
        place = sql.number(wanted.index(expr.percentile))
        plain = isinstance(expr.operand, r.FieldRef) and expr.operand.type.kind is not Kind.DOUBLE
        function = Generic.FIELD_PERCENTILE if plain else Generic.PERCENTILE
        node = sql.call(function, value, place, *map(state.shared, wanted))
        return sql.call(Generic.ROUND, node) if expr.type.kind is Kind.DATE else node
    if expr.function == "avg" and expr.type.kind is Kind.DATE:
        shifted = sql.sub(value, sql.number(state.starts[0]))
        return _shifted_back(state, expr, exp.Avg(this=shifted))
    if expr.function == "sum":
        return _total(expr.operand, value)
    if expr.function == "avg" and _is_whole(expr.operand):
        return sql.call(Generic.AVG, value)
    return _AGGREGATES[expr.function](this=value)


def _together(state: State, expr: r.Aggregate, beside: Sequence[r.Aggregate]) -> list[float]:
    """Return the percentiles to ask for at once: one, and those that differ in nothing else.

    Each of them names all, so of many each is asked for alone; so it is where an engine gathers
    the values once anyway.
    """
    assert expr.percentile is not None
    if not state.layout.columnar or len(beside) > _MOST_TOGETHER:
        return [expr.percentile]
    alike = [a for a in beside if replace(a, percentile=expr.percentile) == expr]
    return [a.percentile for a in alike if a.percentile is not None] or [expr.percentile]


def _is_constant(operand: r.Expr | None) -> bool:
    match operand:
        case r.Arithmetic():
            return _is_constant(operand.left) and _is_constant(operand.right)
    return isinstance(operand, r.Const)


def _is_whole(operand: r.Expr | None) -> bool:
    return operand is not None and operand.type.kind is Kind.LONG


def _total(operand: r.Expr | None, value: Node) -> Node:
    return sql.call(Generic.SUM, value) if _is_whole(operand) else exp.Sum(this=value)


def _shifted_back(state: State, expr: r.Aggregate, average: Node) -> Node:
    """Make an average of dates a date.

    Dates are averaged as distances from the earliest start: their plain sum would leave the range
    in which doubles hold every whole number. Halves are rounded away from 1970, so the date has to
    be whole again before.
    """
    if expr.type.kind is not Kind.DATE:
        return average
    return sql.call(Generic.ROUND, sql.add(average, sql.number(state.starts[0])))
