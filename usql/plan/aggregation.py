"""Aggregations: a result row per group.

The groups are made in one pass, ``g``: keys ``k0 …``, the number of rows ``n``, aggregates
``a0 …``. A many-valued key joins the distinct values of each row, so that the row counts once in
each one's group. What one pass over the rows cannot give is a *piece*, a grouping of its own joined
to ``g`` by the keys: percentiles and distinct counts of many values, lists, and numbers of rows
that later many-valued keys would multiply. Windows over the groups then count the rows of each
level of keys, for ``TOP`` and for the default order.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from usql import resolved as r
from usql.plan import sql
from usql.plan.conditions import comparison, condition
from usql.plan.derived import aggregated_values, exact, linked_values
from usql.plan.plain import output, scan_rows
from usql.plan.rows import Rows, arithmetic, date_value, source_of
from usql.plan.sql import Generic, Node
from usql.plan.state import Planned, State
from usql.types import Kind

_GROUPS = "g"
_LEVELS = "w"
_RANKS = "t"


def plan_aggregation(query: r.AggregationQuery, state: State) -> Planned:
    """Return an aggregation in generic SQL."""
    return _Aggregation(query, state).plan()


class _Aggregation:
    """One aggregation on its way: the columns of ``g`` and the pieces beside it."""

    def __init__(self, query: r.AggregationQuery, state: State) -> None:
        self._query = query
        self._state = state
        self._rows = scan_rows(state, query.scan)
        self._keys = [_join_key(state, self._rows, key.expr) for key in query.keys]
        self._columns: list[Node] = []
        self._aggregates: dict[r.Aggregate, Node] = {}
        self._per_row: dict[r.Expr, str] = {}
        self._pieces: list[tuple[str, exp.Select, int]] = []
        self._lists: dict[r.TopList | r.ValueList, str] = {}

    def plan(self) -> Planned:
        query = self._query
        items = [self._value(item.expr) for item in query.items]
        order = [self._order_term(term) for term in query.order]
        order += [term for i, key in enumerate(query.keys) for term in self._default(i, key)]
        columns = [sql.named(node, f"c{i}") for i, node in enumerate(items)]
        where = [*self._filters(), *self._cuts()]
        parts, source = self._relations()
        tree = sql.select(
            columns,
            sql.relation(source, _RANKS),
            joins=[self._piece_join(*piece) for piece in self._pieces],
            where=sql.conjunction(where),
            order=order if query.keys else (),
            limit=query.limit,
        )
        outputs = tuple(output(item.label, item.expr, query.keys) for item in query.items)
        keys = tuple(i for i, item in enumerate(query.items) if isinstance(item.expr, r.KeyRef))
        return Planned(sql.with_(tree, parts), self._state.parameters, outputs, keys=keys)

    # --- values of a group, as columns of the last relation

    def _value(self, expr: r.Expr) -> Node:
        match expr:
            case r.Const(value=None):
                return sql.null()
            case r.Const():
                return self._state.parameter(expr.value)
            case r.KeyRef():
                return sql.column(_RANKS, f"k{expr.index}")
            case r.Aggregate():
                return self._aggregate(expr)
            case r.TopList() | r.ValueList():
                return sql.column(self._list(expr), "v")
            case r.Arithmetic():
                return arithmetic(expr, self._value(expr.left), self._value(expr.right))
            case r.DatePart() | r.DateText():
                return date_value(self._state, expr, lambda: self._value(expr.operand))
        raise AssertionError(expr)

    def _aggregate(self, expr: r.Aggregate) -> Node:
        if expr not in self._aggregates:
            self._aggregates[expr] = self._make_aggregate(expr)
        return self._aggregates[expr].copy()

    def _make_aggregate(self, expr: r.Aggregate) -> Node:
        many = expr.operand is not None and source_of(expr.operand) is not None
        if many and (expr.distinct or expr.function == "percentile"):
            return self._piece_aggregate(expr)
        node = self._many_aggregate(expr) if many else self._plain_aggregate(expr, self._rows)
        name = f"a{len(self._columns)}"
        self._columns.append(sql.named(node, name))
        return sql.column(_RANKS, name)

    def _plain_aggregate(self, expr: r.Aggregate, rows: Rows) -> Node:
        value = rows.value(expr.operand) if expr.operand is not None else None
        return _apply(self._state, expr, self._where(expr, rows, value))

    def _where(self, expr: r.Aggregate, rows: Rows, value: Node | None) -> Node | None:
        if expr.condition is None:
            return value
        held = condition(self._state, rows, expr.condition)
        return sql.when(held, value if value is not None else sql.number(1))

    def _many_aggregate(self, expr: r.Aggregate) -> Node:
        """Combine aggregates that were made per row: sums of sums, smallest of smallest."""
        assert expr.operand is not None
        alias = self._row_aggregates(expr.operand)

        def part(name: str) -> Node:
            node = self._where(expr, self._rows, sql.column(alias, name))
            assert node is not None
            return node

        match expr.function:
            case "count":
                return exp.Count(this=part("n"))
            case "min" | "max":
                return _AGGREGATES[expr.function](this=part(expr.function))
            case "sum":
                return exp.Sum(this=part("sum"))
        values = exp.Sum(this=part("n"))
        if expr.type.kind is Kind.DATE:
            earliest = sql.mul(sql.column(alias, "n"), sql.number(self._state.starts[0]))
            distance = sql.sub(sql.column(alias, "sum"), earliest)
            total = exp.Sum(this=self._where(expr, self._rows, distance))
        else:
            total = exp.Sum(this=part("sum"))
        average = sql.call(Generic.FLOAT_DIV, total, values)
        return _shifted_back(self._state, expr, average)

    def _row_aggregates(self, operand: r.Expr) -> str:
        """Join what the values of each row come to, once per operand; no row where no value."""
        if operand not in self._per_row:
            wanted: list[tuple[str, type[exp.AggFunc]]] = [("n", exp.Count)]
            uses = {e.function for e in self._all_aggregates() if e.operand == operand}
            wanted += [(f, _AGGREGATES[f]) for f in ("min", "max") if f in uses]
            if uses & {"sum", "avg"}:
                wanted.append(("sum", exp.Sum))
            query, keys = aggregated_values(self._state, self._rows, operand, wanted)
            self._per_row[operand] = self._rows.join_derived(query, keys, left=True, prefix="m")
        return self._per_row[operand]

    def _all_aggregates(self) -> list[r.Aggregate]:
        expressions = [item.expr for item in self._query.items]
        expressions += [term.expr for term in self._query.order]
        return [a for e in expressions for a in _aggregates_in(e)]

    # --- pieces

    def _add_piece(self, query: exp.Select, levels: int) -> str:
        name = self._state.fresh("x")
        self._pieces.append((name, query, levels))
        return name

    def _piece_join(self, name: str, query: exp.Select, levels: int) -> exp.Join:
        on = sql.conjunction(
            sql.same(sql.column(name, f"k{i}"), sql.column(_RANKS, f"k{i}")) for i in range(levels)
        )
        return sql.join(sql.derived(query, name), on, left=True)

    def _piece_rows(self, levels: int) -> tuple[Rows, list[Node]]:
        """Return the rows anew, with the first keys."""
        rows = scan_rows(self._state, self._query.scan)
        keys = [_join_key(self._state, rows, k.expr) for k in self._query.keys[:levels]]
        return rows, [sql.named(node, f"k{i}") for i, node in enumerate(keys)]

    def _piece_aggregate(self, expr: r.Aggregate) -> Node:
        assert expr.operand is not None
        levels = len(self._query.keys)
        rows, keys = self._piece_rows(levels)
        distinct = expr.distinct  # a value that a row has twice counts once anyway
        values, link = linked_values(self._state, rows, expr.operand, distinct=distinct)
        alias = rows.join_derived(values, link, left=False, prefix="y")
        node = self._where(expr, rows, sql.column(alias, "v"))
        query = rows.select(
            [*keys, sql.named(_apply(self._state, expr, node), "v")], group=sql.positions(levels)
        )
        column = sql.column(self._add_piece(query, levels), "v")
        if expr.function == "count":
            return exp.Coalesce(this=column, expressions=[sql.number(0)])
        return column

    def _list(self, expr: r.TopList | r.ValueList) -> str:
        if expr not in self._lists:
            levels = len(self._query.keys)
            self._lists[expr] = self._add_piece(self._list_query(expr), levels)
        return self._lists[expr]

    def _list_query(self, expr: r.TopList | r.ValueList) -> exp.Select:
        """List the distinct values of each group; of a ``TOP`` the most frequent ones."""
        levels = len(self._query.keys)
        rows, keys = self._piece_rows(levels)
        if source_of(expr.operand) is not None:
            values, link = linked_values(self._state, rows, expr.operand, distinct=True)
            value = sql.column(rows.join_derived(values, link, left=False, prefix="y"), "v")
        else:
            value = rows.value(expr.operand)
            rows.restrict(sql.not_null(value.copy()))
        counted = rows.select(
            [*keys, sql.named(value, "v"), sql.named(exp.Count(this=exp.Star()), "n")],
            group=sql.positions(levels + 1),
        )
        source, rank = self._ranked(expr, counted)
        names = [sql.named(sql.column(source.alias, f"k{i}"), f"k{i}") for i in range(levels)]
        value = sql.column(source.alias, "v")
        entries = sql.call(
            Generic.LIST,
            rank if rank is not None else value.copy(),
            exact(expr.operand, value.copy()),
        )
        where = (
            comparison("<=", sql.column(source.alias, "rank"), sql.number(expr.count))
            if isinstance(expr, r.TopList)
            else None
        )
        columns = [
            *names,
            sql.named(entries, "v"),
            sql.named(exp.Min(this=value.copy()), "smallest"),
            sql.named(exp.Max(this=value.copy()), "largest"),
        ]
        return sql.select(columns, source, where=where, group=sql.positions(levels))

    def _ranked(
        self, expr: r.TopList | r.ValueList, counted: exp.Select
    ) -> tuple[exp.Subquery, Node | None]:
        """Add the rank of each value in its group, where frequency matters."""
        inner, outer = self._state.fresh("z"), self._state.fresh("z")
        if isinstance(expr, r.ValueList):
            return sql.derived(counted, outer), None
        levels = [f"k{i}" for i in range(len(self._query.keys))]
        rank = sql.window(
            exp.RowNumber(),
            [sql.column(inner, k) for k in levels],
            [
                sql.ordered(sql.column(inner, "n"), descending=True, required=True),
                sql.ordered(sql.column(inner, "v"), required=True),
            ],
        )
        columns = [sql.named(sql.column(inner, k), k) for k in (*levels, "v")]
        query = sql.select([*columns, sql.named(rank, "rank")], sql.derived(counted, inner))
        return sql.derived(query, outer), sql.column(outer, "rank")

    # --- levels of keys

    def _level_count(self, index: int) -> Node:
        """Return the column that has the number of rows of the first ``index + 1`` keys."""
        if index == len(self._keys) - 1:
            return sql.column(_RANKS, "n")
        return sql.column(_RANKS, f"n{index}")

    def _needed_levels(self) -> list[int]:
        """Return the keys but the last whose numbers of rows an order or a ``TOP`` needs."""
        keys = self._query.keys[:-1]
        return [i for i, key in enumerate(keys) if key.top is not None or not key.ascending]

    def _relations(self) -> tuple[list[tuple[str, exp.Select]], str]:
        """Return the common table expressions, and the name of the last one."""
        keys = [sql.named(node, f"k{i}") for i, node in enumerate(self._keys)]
        count = sql.named(exp.Count(this=exp.Star()), "n")
        groups = self._rows.select([*keys, count, *self._columns], group=sql.positions(len(keys)))
        parts = [(_GROUPS, groups)]
        levels = self._needed_levels()
        if levels:
            parts.append((_LEVELS, self._counted_levels(levels, parts[-1][0])))
        tops = [i for i, key in enumerate(self._query.keys) if key.top is not None]
        if tops:
            parts.append((_RANKS, self._ranked_levels(tops, parts[-1][0])))
        return parts, parts[-1][0]

    def _counted_levels(self, levels: list[int], source: str) -> exp.Select:
        joins: list[exp.Join] = []
        columns: list[Node] = [exp.Column(this=exp.Star(), table=sql.identifier(source))]
        for index in levels:
            later = self._query.keys[index + 1 :]
            if any(source_of(key.expr) is not None for key in later):
                alias = self._state.fresh("l")
                joins.append(self._level_join(alias, index, source))
                count = sql.column(alias, "n")
            else:
                partition = [sql.column(source, f"k{i}") for i in range(index + 1)]
                count = sql.window(exp.Sum(this=sql.column(source, "n")), partition)
            columns.append(sql.named(count, f"n{index}"))
        return sql.select(columns, sql.relation(source, source), joins=joins)

    def _level_join(self, alias: str, index: int, source: str) -> exp.Join:
        """Join numbers of rows that the later keys, of many values each, do not multiply."""
        rows, keys = self._piece_rows(index + 1)
        query = rows.select(
            [*keys, sql.named(exp.Count(this=exp.Star()), "n")], group=sql.positions(index + 1)
        )
        on = sql.conjunction(
            sql.same(sql.column(alias, f"k{i}"), sql.column(source, f"k{i}"))
            for i in range(index + 1)
        )
        return sql.join(sql.derived(query, alias), on, left=True)

    def _ranked_levels(self, tops: list[int], source: str) -> exp.Select:
        columns: list[Node] = [exp.Column(this=exp.Star(), table=sql.identifier(source))]
        for index in tops:
            last = index == len(self._keys) - 1
            rank = sql.window(
                exp.RowNumber() if last else exp.Anonymous(this="DENSE_RANK"),
                [sql.column(source, f"k{i}") for i in range(index)],
                [
                    sql.ordered(
                        sql.column(source, "n" if last else f"n{index}"),
                        descending=True,
                        required=True,
                    ),
                    sql.ordered(sql.column(source, f"k{index}")),
                ],
            )
            columns.append(sql.named(rank, f"rank{index}"))
        return sql.select(columns, sql.relation(source, source))

    def _cuts(self) -> list[Node]:
        return [
            comparison("<=", sql.column(_RANKS, f"rank{i}"), sql.number(key.top))
            for i, key in enumerate(self._query.keys)
            if key.top is not None
        ]

    # --- filters and order

    def _filters(self) -> list[Node]:
        return [
            comparison(f.operator, self._value(item.expr), self._state.parameter(f.value))
            for item in self._query.items
            for f in item.filters
        ]

    def _order_term(self, term: r.Order) -> Node:
        if isinstance(term.expr, r.TopList | r.ValueList):
            extreme = "largest" if term.descending else "smallest"
            node = sql.column(self._list(term.expr), extreme)
        else:
            node = self._value(term.expr)
        return sql.ordered(node, descending=term.descending)

    def _default(self, index: int, key: r.Key) -> list[Node]:
        by_value = sql.ordered(sql.column(_RANKS, f"k{index}"))
        if key.ascending:
            return [by_value]
        return [sql.ordered(self._level_count(index), descending=True, required=True), by_value]


_AGGREGATES: dict[str, type[exp.AggFunc]] = {
    "count": exp.Count,
    "min": exp.Min,
    "max": exp.Max,
    "sum": exp.Sum,
    "avg": exp.Avg,
}


def _join_key(state: State, rows: Rows, expr: r.Expr) -> Node:
    """Return the value of a key; of many values, each distinct one, in a row of its own."""
    if source_of(expr) is None:
        return rows.value(expr)
    values, link = linked_values(state, rows, expr, distinct=True)
    return sql.column(rows.join_derived(values, link, left=True, prefix="q"), "v")


def _apply(state: State, expr: r.Aggregate, value: Node | None) -> Node:
    """Return an aggregate over a value of each row."""
    if value is None:
        return exp.Count(this=exp.Star())
    if expr.distinct:
        return exp.Count(this=exp.Distinct(expressions=[value]))
    if expr.function == "percentile":
        assert expr.percentile is not None
        node = sql.call(Generic.PERCENTILE, value, state.parameter(expr.percentile))
        return sql.call(Generic.ROUND, node) if expr.type.kind is Kind.DATE else node
    if expr.function == "avg" and expr.type.kind is Kind.DATE:
        shifted = sql.sub(value, sql.number(state.starts[0]))
        return _shifted_back(state, expr, exp.Avg(this=shifted))
    return _AGGREGATES[expr.function](this=value)


def _shifted_back(state: State, expr: r.Aggregate, average: Node) -> Node:
    """Make an average of dates a date.

    Dates are averaged as distances from the earliest start: their plain sum would leave the range
    in which doubles hold every whole number. Halves are rounded away from 1970, so the date has to
    be whole again before.
    """
    if expr.type.kind is not Kind.DATE:
        return average
    return sql.call(Generic.ROUND, sql.add(average, sql.number(state.starts[0])))


def _aggregates_in(expr: r.Expr) -> Sequence[r.Aggregate]:
    match expr:
        case r.Aggregate():
            return [expr]
        case r.Arithmetic():
            return [*_aggregates_in(expr.left), *_aggregates_in(expr.right)]
        case r.DatePart() | r.DateText():
            return _aggregates_in(expr.operand)
    return []
