"""Groups by time, made of ranges of an index: no row is sorted or looked at for its group.

What arrives: an aggregation by something that is read off a date which an index has in order, such
as its hour in local time. All of that is the same throughout a *step*, a range of time of which the
earliest row is found in the index, and from it the next step that has a row. The rows of a step are
aggregated there, and steps of the same key are put together. What leaves: the groups as ``groups``
makes them; or ``None`` where the index has too little, or there would be too many steps.

Steps are certain only around the starts of the sessions, where the zone's clock changes are known;
rows beyond, which there hardly are, are grouped one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import gcd

from sqlglot import exp

from usql import resolved as r
from usql.plan import sql
from usql.plan.dates import MARGIN, constancy, modulo
from usql.plan.parts import Part, number, parts_of, together
from usql.plan.rows import Rows, date_value
from usql.plan.sql import Node
from usql.plan.state import State
from usql.record import Record
from usql.schema import PRIMARY
from usql.timeframe import Timeframe
from usql.types import Kind
from usql.zones import DAY_MS

_MOST_STEPS = 10_000
_SHORTEST_MS = 60_000
_FURTHEST_MS = 2**50
"""Dates beyond are no dates, and adding to them leaves the whole numbers."""


def plan_ranges(
    state: State, query: r.AggregationQuery, aggregates: Sequence[r.Aggregate]
) -> exp.Query | None:
    """Return the groups of a query with some of its aggregates, where steps lead to them."""
    if len(query.keys) != 1 or query.scan.where is not None:
        return None
    key = query.keys[0].expr
    if not isinstance(key, r.DatePart | r.DateText):
        return None
    field = key.operand
    if not isinstance(field, r.FieldRef) or field.many or field.field.table != query.scan.table:
        return None
    if query.scan.timeframe is not None and query.scan.table != PRIMARY:
        return None
    if not all(_is_of_parts(expr, query.scan.table) for expr in aggregates):
        return None
    values = [
        expr.operand.field.name for expr in aggregates if isinstance(expr.operand, r.FieldRef)
    ]
    if state.layout.index(query.scan.table, [field.field.name], values) is None:
        return None
    steps = steps_of(state, key, query.scan.timeframe, _MOST_STEPS)
    if steps is None:
        return None
    parts = list(dict.fromkeys(part for expr in aggregates for part in _parts(expr)))
    return _Ranges(state, query.scan, key, field, steps, parts).select(aggregates)


class Steps(Record):
    """Steps of time, of equal length.

    Attributes:
        low: start of the first, in ms.
        high: end of the last.
        length: of each, in ms.
        offset: in ms; its difference from the start of each is a multiple of the length.
        cut: whether low and high may lie within a step.
    """

    low: int
    high: int
    length: int
    offset: int
    cut: bool

    def start(self, instant: Callable[[], Node]) -> Node:
        """Return the start of an instant's step; ``instant`` makes its node, anew at each call."""
        local = sql.add(instant(), sql.number(self.offset)) if self.offset else instant()
        return sql.sub(instant(), modulo(local, self.length))


def steps_of(
    state: State, key: r.DatePart | r.DateText, frame: Timeframe | None, most: int
) -> Steps | None:
    """Return the steps throughout each of which a key is the same.

    Args:
        state: of the planning.
        key: read off dates around the starts of the sessions.
        frame: of the dates, where they have one.
        most: steps; ``None`` comes back where there are more.
    """
    low, high = state.starts[0] - MARGIN, state.starts[1] + MARGIN
    length = gcd(constancy(key), DAY_MS)
    if -low > _FURTHEST_MS or high > _FURTHEST_MS or (high - low) // length > most:
        return None
    (_, offset), *changes = state.zone.transitions(low - DAY_MS, high + DAY_MS)
    for instant, other in changes:
        length = gcd(length, other - offset, instant + offset)
    low -= (low + offset) % length
    high += -(high + offset) % length
    if frame is not None:
        low, high = max(low, frame.start), min(high, frame.end)
    if length < _SHORTEST_MS or not 0 < high - low <= length * most:
        return None
    return Steps(low, high, length, offset, frame is not None)


def _is_of_parts(expr: r.Aggregate, table: str) -> bool:
    """Whether an aggregate of a field of the table can be put together of parts."""
    operand = expr.operand
    if expr.condition is not None or expr.distinct or not isinstance(operand, r.FieldRef):
        return False
    if operand.many or operand.field.table != table:
        return False
    return expr.function in ("count", "min", "max") or (
        expr.function in ("sum", "avg") and operand.type.kind is Kind.LONG
    )


def _parts(expr: r.Aggregate) -> tuple[Part, ...]:
    parts = parts_of(expr)
    assert parts is not None  # see _is_of_parts
    return parts


def _field(part: Part) -> r.FieldRef:
    assert isinstance(part.operand, r.FieldRef)
    return part.operand


class _Ranges:
    """One grouping by steps."""

    def __init__(
        self,
        state: State,
        scan: r.Scan,
        key: r.DatePart | r.DateText,
        field: r.FieldRef,
        steps: Steps,
        parts: Sequence[Part],
    ) -> None:
        self._state = state
        self._scan = scan
        self._key = key
        self._field = field
        self._steps = steps
        self._parts = parts
        self._name = state.fresh("s")

    def select(self, aggregates: Sequence[r.Aggregate]) -> exp.Query:
        """Return the groups: parts of the same key together."""
        alias = self._state.fresh("u")
        united = self._united()
        count, *parts = sql.unpacked(sql.column(alias, "p"), self._doubles)
        columns = [
            sql.named(sql.column(alias, "k0"), "k0"),
            sql.named(number(count), "n"),
        ]
        columns += [
            sql.named(self._together(expr, parts), f"a{index}")
            for index, expr in enumerate(aggregates)
        ]
        tree = sql.select(columns, sql.derived(united, alias), group=sql.positions(1))
        return sql.with_(tree, [(self._name, self._found())], recursive=True)

    def _together(self, expr: r.Aggregate, parts: Sequence[Node]) -> Node:
        """Return an aggregate, put together of its parts."""
        return together(expr, [parts[self._parts.index(part)].copy() for part in _parts(expr)])

    @property
    def _doubles(self) -> list[bool]:
        return [False, *(part.function == "total" for part in self._parts)]

    def _packed(self, value: Callable[[r.FieldRef], Node]) -> Node:
        """Return the number of rows, and the parts of the aggregates over the values of fields."""
        parts = [part.over(value(_field(part))) for part in self._parts]
        return sql.packed([exp.Count(this=exp.Star()), *parts], self._doubles)

    # --- steps

    def _found(self) -> exp.Union:
        """Return the instant ``h`` of the earliest row of each step that has one; NULL at last."""
        low, high = self._bound(self._steps.low), self._bound(self._steps.high)
        first = self._earliest(low, high.copy())
        later = self._earliest(self._end(), high)
        following = sql.select(
            [exp.Subquery(this=later)],
            sql.relation(self._name, self._name),
            where=sql.not_null(self._instant()),
        )
        return exp.Union(this=first, expression=following, distinct=False)

    def _earliest(self, low: Node, high: Node) -> exp.Select:
        rows, date = self._rows()
        self._restrict(rows, low, high)
        return rows.select([sql.named(exp.Min(this=date), "h")])

    def _instant(self) -> Node:
        return sql.column(self._name, "h")

    def _end(self) -> Node:
        """Return where the step of an instant ends."""
        return sql.add(self._steps.start(self._instant), sql.number(self._steps.length))

    def _end_within(self) -> Node:
        if not self._steps.cut:
            return self._end()
        high = self._bound(self._steps.high)
        before = exp.LT(this=self._end(), expression=high)
        return sql.when(before, self._end(), high.copy())

    def _bound(self, instant: int) -> Node:
        return self._state.shared(instant)

    # --- rows

    def _rows(self) -> tuple[Rows, Node]:
        rows = Rows(self._state, self._scan.table)
        return rows, rows.value(self._field)

    def _restrict(self, rows: Rows, low: Node | None, high: Node | None) -> None:
        date = rows.value(self._field)
        if low is not None:
            rows.restrict(exp.GTE(this=date.copy(), expression=low))
        if high is not None:
            rows.restrict(exp.LT(this=date, expression=high))

    def _united(self) -> exp.Query:
        key = sql.named(date_value(self._state, self._key, self._instant), "k0")
        rows, _ = self._rows()
        self._restrict(rows, self._instant(), self._end_within())
        packed = sql.named(exp.Subquery(this=rows.select([self._packed(rows.value)])), "p")
        present = sql.not_null(self._instant())
        source = sql.relation(self._name, self._name)
        tree: exp.Query = sql.select([key, packed], source, where=present)
        if beyond := self._beyond():
            tree = exp.Union(this=tree, expression=self._one_by_one(beyond), distinct=False)
        # no limit, but SQLite would put the query for the parts in the place of each of them
        tree.set("limit", exp.Limit(expression=sql.number(-1)))
        return tree

    def _beyond(self) -> list[Rows]:
        """Return the rows that no step has, as there may be."""
        low, high = self._bound(self._steps.low), self._bound(self._steps.high)
        frame = self._scan.timeframe
        found = []
        if frame is None or frame.start < self._steps.low:
            rows, _ = self._rows()
            self._restrict(rows, None if frame is None else self._bound(frame.start), low)
            found.append(rows)
        if frame is None or frame.end > self._steps.high:
            rows, _ = self._rows()
            self._restrict(rows, high, None if frame is None else self._bound(frame.end))
            found.append(rows)
        if frame is None:
            rows, date = self._rows()
            rows.restrict(sql.is_null(date))
            found.append(rows)
        return found

    def _one_by_one(self, beyond: Sequence[Rows]) -> exp.Select:
        """Return the groups of some rows, by their keys."""
        alias = self._state.fresh("b")
        fields = dict.fromkeys((self._field, *map(_field, self._parts)))
        found: list[exp.Query] = [
            rows.select([sql.named(rows.value(f), f.field.name) for f in fields]) for rows in beyond
        ]
        united = reduce(lambda one, two: exp.Union(this=one, expression=two, distinct=False), found)

        def value(field: r.FieldRef) -> Node:
            return sql.column(alias, field.field.name)

        key = date_value(self._state, self._key, lambda: value(self._field))
        columns = [sql.named(key, "k0"), sql.named(self._packed(value), "p")]
        return sql.select(columns, sql.derived(united, alias), group=sql.positions(1))
