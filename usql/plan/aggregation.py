"""Aggregations: a result row per group.

The groups are made first (see ``groups``), as ``g``: keys ``k0 …``, the number of rows ``n``,
aggregates ``a0 …``. What that pass over the rows cannot give is a *piece*, a grouping of its own
joined to ``g`` by the keys: aggregates of many values, lists, and numbers of rows that later
many-valued keys would multiply. Windows over the groups then count the rows of each
level of keys, for ``TOP`` and for the default order.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from usql import resolved as r
from usql.plan import sql
from usql.plan.conditions import comparison, conditional
from usql.plan.derived import exact, linked_values
from usql.plan.folding import folded
from usql.plan.groups import apply, join_key, plan_groups
from usql.plan.plain import output, scan_rows
from usql.plan.rows import Rows, arithmetic, date_value, grouped, source_of
from usql.plan.sql import Generic, Node
from usql.plan.state import Planned, State

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
        self._columns: list[r.Aggregate] = []
        self._aggregates: dict[r.Aggregate, Node] = {}
        self._pieces: list[tuple[str, exp.Select, int]] = []
        self._gathered: dict[tuple[r.Expr, bool], tuple[str, list[r.Aggregate]]] = {}
        self._lists: dict[r.TopList | r.ValueList, str] = {}

    def plan(self) -> Planned:
        query = self._query
        items = [self._value(item.expr) for item in query.items]
        order = [self._order_term(term) for term in query.order]
        order += [term for i, key in enumerate(query.keys) for term in self._default(i, key)]
        columns = [sql.named(node, f"c{i}") for i, node in enumerate(items)]
        where = [*self._filters(), *self._cuts()]
        for (operand, distinct), (name, aggregates) in self._gathered.items():
            piece = self._gathered_query(operand, distinct, aggregates)
            self._pieces.append((name, piece, len(query.keys)))
        parts, source = self._relations()
        tree = sql.select(
            columns,
            sql.relation(source, _RANKS),
            joins=[self._piece_join(*piece) for piece in self._pieces],
            where=sql.conjunction(where),
            order=order,
            limit=self._limit(),
        )
        alone = len(parts) == 1 and not self._pieces
        tree = (folded(tree, parts[0][1]) if alone else None) or sql.with_(tree, parts)
        outputs = tuple(output(item.label, item.expr, query.keys) for item in query.items)
        keys = tuple(i for i, item in enumerate(query.items) if isinstance(item.expr, r.KeyRef))
        return Planned(tree, self._state.parameters, outputs, keys=keys)

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
        if expr.operand is None and expr.condition is None:
            return sql.column(_RANKS, "n")
        if expr.operand is not None and self._is_apart(expr.operand, expr):
            return self._piece_aggregate(expr, expr.operand)
        self._columns.append(expr)
        return sql.column(_RANKS, f"a{len(self._columns) - 1}")

    def _is_apart(self, operand: r.Expr, expr: r.Aggregate) -> bool:
        """Whether an aggregate goes over values that are joined to the rows in a pass of their own.

        Values of a single many-valued operand, joined to their rows and grouped at once, are less
        work than values gathered per row first; unless a key multiplies the rows as well. A
        property that few rows have is found by its key sooner than it is looked for in all rows.
        """
        if source_of(operand) is not None:
            keyed = any(source_of(key.expr) is not None for key in self._query.keys)
            # COUNT is of the rows that have a value, not of the values
            simple = not keyed and expr.function != "count" and self._state.layout.rowwise
            return expr.distinct or expr.function == "percentile" or simple
        return isinstance(operand, r.PropertyRef) and self._query.scan.is_whole

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

    def _piece_rows(self, levels: int, rows: Rows | None = None) -> tuple[Rows, list[Node]]:
        """Return the rows anew, with the first keys."""
        rows = rows or scan_rows(self._state, self._query.scan)
        keys = [join_key(self._state, rows, k.expr) for k in self._query.keys[:levels]]
        return rows, [sql.named(node, f"k{i}") for i, node in enumerate(keys)]

    def _piece_aggregate(self, expr: r.Aggregate, operand: r.Expr) -> Node:
        """Return an aggregate of the piece that has all of the same values."""
        # a value that a row has twice counts once anyway
        values = (operand, expr.distinct)
        if values not in self._gathered:
            self._gathered[values] = (self._state.fresh("x"), [])
        name, aggregates = self._gathered[values]
        column = sql.column(name, f"v{len(aggregates)}")
        aggregates.append(expr)
        if expr.function == "count":
            return exp.Coalesce(this=column, expressions=[sql.number(0)])
        return column

    def _gathered_query(
        self, operand: r.Expr, distinct: bool, aggregates: Sequence[r.Aggregate]
    ) -> exp.Select:
        """Return aggregates over the values of an operand, of the rows that have any."""
        levels = len(self._query.keys)
        if source_of(operand) is None:
            rows, columns = self._piece_rows(levels, self._having(operand))
            value = rows.value(operand)
            rows.restrict(sql.not_null(value.copy()))
        else:
            rows, columns = self._piece_rows(levels)
            values, link = linked_values(self._state, rows, operand, distinct=distinct)
            value = sql.column(rows.join_derived(values, link, left=False, prefix="y"), "v")
        if not levels and self._state.layout.columnar:
            value = sql.nullable(value)
        for index, expr in enumerate(aggregates):
            node = conditional(self._state, rows, expr.condition, value.copy())
            columns.append(sql.named(apply(self._state, expr, node, aggregates), f"v{index}"))
        return rows.select(columns, group=sql.positions(levels))

    def _having(self, operand: r.Expr) -> Rows | None:
        """Return the rows that have a property of their own, found by its key; see _is_apart."""
        table = self._query.scan.table
        if not isinstance(operand, r.PropertyRef) or operand.field.table != table:
            return None
        relation = self._state.layout.values(operand.field)
        return Rows(self._state, table, relation, of=operand.key)

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
            value = grouped(expr.operand, rows.value(expr.operand))
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

    def _is_first_by_order(self) -> bool:
        """Whether a ``TOP`` is just the first groups of the result, which a limit cuts off.

        A single key's groups are ranked as they are ordered by default; filters come after ranks.
        """
        keys = self._query.keys
        filtered = any(item.filters for item in self._query.items)
        return len(keys) == 1 and not (keys[0].ascending or self._query.order or filtered)

    def _limit(self) -> int | None:
        limits = [self._query.limit]
        if self._is_first_by_order():
            limits += [key.top for key in self._query.keys]
        return min((limit for limit in limits if limit is not None), default=None)

    def _ranked_keys(self) -> list[int]:
        """Return the keys whose values are ranked, for their ``TOP``."""
        if self._is_first_by_order():
            return []
        return [i for i, key in enumerate(self._query.keys) if key.top is not None]

    def _level_count(self, index: int) -> Node:
        """Return the column that has the number of rows of the first ``index + 1`` keys."""
        if index == len(self._query.keys) - 1:
            return sql.column(_RANKS, "n")
        return sql.column(_RANKS, f"n{index}")

    def _needed_levels(self) -> list[int]:
        """Return the keys but the last whose numbers of rows an order or a ``TOP`` needs."""
        keys = self._query.keys[:-1]
        return [i for i, key in enumerate(keys) if key.top is not None or not key.ascending]

    def _relations(self) -> tuple[list[tuple[str, exp.Query]], str]:
        """Return the common table expressions, and the name of the last one."""
        parts: list[tuple[str, exp.Query]] = [
            (_GROUPS, plan_groups(self._state, self._query, self._columns))
        ]
        levels = self._needed_levels()
        if levels:
            parts.append((_LEVELS, self._counted_levels(levels, parts[-1][0])))
        if tops := self._ranked_keys():
            parts.append((_RANKS, self._ranked_levels(tops, parts[-1][0])))
        return parts, parts[-1][0]

    def _counted_levels(self, levels: list[int], source: str) -> exp.Select:
        joins: list[exp.Join] = []
        columns = self._group_columns(source)
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

    def _group_columns(self, source: str) -> list[Node]:
        """Return all columns of the groups, named: joins would make a star's ambiguous."""
        names = [f"k{i}" for i in range(len(self._query.keys))]
        names += ["n", *(f"a{i}" for i in range(len(self._columns)))]
        return [sql.named(sql.column(source, name), name) for name in names]

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
            last = index == len(self._query.keys) - 1
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
            comparison("<=", sql.column(_RANKS, f"rank{i}"), sql.number(top))
            for i in self._ranked_keys()
            if (top := self._query.keys[i].top) is not None
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
