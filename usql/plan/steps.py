"""Aggregations in two steps: fine groups at first, then those put together to the groups wanted;
or in one, where sessions tell what their rows come to.

Some engines group by a number sooner than they do anything else for each row, and what remains to
be done is done for few:

* rows of a secondary table that are grouped by fields of their sessions are counted per session
  first; what each session comes to is joined to it, in place of its rows;
* where sessions tell themselves what their rows come to, no row is looked at at all;
* dates in local time are counted per step first, throughout which local time shows the same; the
  clock is read once per step, in place of once per row.

What arrives: an aggregation, and those of its aggregates that go over its rows. What leaves: its
groups as ``groups`` makes them; or ``None`` where one step does as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from usql import resolved as r
from usql.layout import SESSION
from usql.plan import sql
from usql.plan.conditions import conditional
from usql.plan.parts import Part, number, parts_of, together
from usql.plan.plain import scan_rows
from usql.plan.ranges import Steps, steps_of
from usql.plan.rows import Rows, date_value, grouped
from usql.plan.sql import Node
from usql.plan.state import State
from usql.schema import PRIMARY

_MOST_STEPS = 100_000


def plan_steps(
    state: State, query: r.AggregationQuery, aggregates: Sequence[r.Aggregate]
) -> exp.Query | None:
    """Return the groups of a query with some of its aggregates, where these steps lead to them."""
    if state.layout.rowwise or not query.keys:
        return None
    asked: list[tuple[r.Aggregate, tuple[Part, ...]]] = []
    for expr in aggregates:
        if (parts := parts_of(expr)) is None:
            return None
        asked.append((expr, parts))
    made = _Parts(state, asked)
    if (totals := _by_totals(state, query, made)) is not None:
        return totals
    in_time = query.scan.timeframe is None or state.layout.dated
    if in_time and _is_of_sessions(query, aggregates):
        return _by_session(state, query, made)
    key = query.keys[0].expr
    if len(query.keys) > 1 or not isinstance(key, r.DatePart | r.DateText) or state.zone.fixed:
        return None
    if not isinstance(key.operand, r.FieldRef) or key.operand.many:
        return None
    steps = steps_of(state, key, None, _MOST_STEPS)
    return None if steps is None else _by_time(state, query, key, steps, made)


class _Parts:
    """The parts that fine groups have, and the aggregates made of them."""

    def __init__(self, state: State, asked: Sequence[tuple[r.Aggregate, tuple[Part, ...]]]) -> None:
        self._state = state
        self._asked = asked
        self._parts = list(dict.fromkeys(part for _, parts in asked for part in parts))

    @property
    def conditions(self) -> list[r.Condition | None]:
        """Of the rows that count."""
        return [part.condition for part in self._parts]

    def over(self, rows: Rows) -> list[Node]:
        """Return the columns of fine groups: the number of rows, then the parts."""
        nodes = [exp.Count(this=exp.Star()), *(self._over(part, rows) for part in self._parts)]
        return [sql.named(node, name) for node, name in zip(nodes, self._names(), strict=True)]

    def _over(self, part: Part, rows: Rows) -> Node:
        value = None if part.operand is None else rows.value(part.operand)
        return part.over(conditional(self._state, rows, part.condition, value))

    def of_totals(self, sessions: Rows, table: str, count: Node) -> list[Node] | None:
        """Return the columns of the groups wanted, made of what sessions tell of their rows."""
        nodes: dict[Part, Node] = {}
        for part in self._parts:
            if (told := _told(sessions, table, part)) is None:
                return None
            node = conditional(self._state, sessions, part.condition, told)
            assert node is not None
            if part.function == "count" and part.condition is not None:
                node = exp.Coalesce(this=node, expressions=[sql.number(0)])
            nodes[part] = node
        return self._together(count, nodes)

    def of_groups(self, alias: str) -> list[Node]:
        """Return the columns of the groups wanted, made of an alias's fine groups."""
        count, *names = (sql.column(alias, name) for name in self._names())
        return self._together(count, dict(zip(self._parts, names, strict=True)))

    def _together(self, count: Node, nodes: Mapping[Part, Node]) -> list[Node]:
        columns = [sql.named(number(count), "n")]
        for index, (expr, parts) in enumerate(self._asked):
            node = together(expr, [nodes[part].copy() for part in parts])
            columns.append(sql.named(node, f"a{index}"))
        return columns

    def _names(self) -> list[str]:
        return ["n", *(f"p{index}" for index in range(len(self._parts)))]


# --- by what sessions tell ------------------------------------------------------------------------


def _by_totals(state: State, query: r.AggregationQuery, parts: _Parts) -> exp.Select | None:
    """Return groups of sessions, where all that is asked of their rows the sessions' own tell."""
    table, where = query.scan.table, query.scan.where
    if not _is_of_keys(query):
        return None
    if not all(_is_condition_of(c, PRIMARY) for c in (where, *parts.conditions) if c is not None):
        return None
    sessions = scan_rows(state, replace(query.scan, table=PRIMARY))
    if (count := sessions.total(table, None, "count")) is None:
        return None
    if (columns := parts.of_totals(sessions, table, count)) is None:
        return None
    sessions.restrict(exp.GT(this=count.copy(), expression=sql.number(0)))
    keys = _keys(sessions, query)
    return sessions.select([*keys, *columns], group=sql.positions(len(keys)))


def _told(sessions: Rows, table: str, part: Part) -> Node | None:
    """Return what a part of the rows of a session comes to, where the session's own row tells."""
    if part.function not in ("count", "total"):
        return None
    if part.operand is None:
        return sessions.total(table, None, "count")
    if not isinstance(part.operand, r.FieldRef) or part.operand.field.table != table:
        return None
    return sessions.total(table, part.operand.field.name, part.function)


# --- by session ----------------------------------------------------------------------------------


def _is_of_sessions(query: r.AggregationQuery, aggregates: Iterable[r.Aggregate]) -> bool:
    """Whether groups are of sessions, while all else is of the rows of a secondary table.

    Conditions on sessions may leave few of them, whose rows are found sooner by a join.
    """
    scan = query.scan
    if scan.table == PRIMARY:
        return False
    if not _is_of_keys(query):
        return False
    conditions = [scan.where, *(expr.condition for expr in aggregates)]
    operands = [expr.operand for expr in aggregates if expr.operand is not None]
    return all(_is_of(expr, scan.table) for expr in operands) and all(
        _is_condition_of(node, scan.table) for node in conditions if node is not None
    )


def _is_of_keys(query: r.AggregationQuery) -> bool:
    return all(_is_of(key.expr, PRIMARY) for key in query.keys)


def _is_of(expr: r.Expr, table: str) -> bool:
    """Whether a value is made of fields of a table alone, of which a row has one value each."""
    match expr:
        case r.Const():
            return True
        case r.FieldRef() | r.PropertyRef():
            return expr.field.table == table and not expr.many
        case r.Arithmetic():
            return _is_of(expr.left, table) and _is_of(expr.right, table)
        case r.DatePart() | r.DateText() | r.ApdexWeight():
            return _is_of(expr.operand, table)
    return False


def _is_condition_of(node: r.Condition, table: str) -> bool:
    match node:
        case r.And() | r.Or():
            return all(_is_condition_of(item, table) for item in node.items)
        case r.Not():
            return _is_condition_of(node.operand, table)
        case r.OfSession():
            return False
    return node.field.field.table == table


def _by_session(state: State, query: r.AggregationQuery, parts: _Parts) -> exp.Select:
    found = scan_rows(state, replace(query.scan, timeframe=None))
    columns = [sql.named(found.key(SESSION), SESSION), *parts.over(found)]
    fine = found.select(columns, group=sql.positions(1))
    sessions = scan_rows(state, replace(query.scan, table=PRIMARY, where=None))
    alias = sessions.join_derived(fine, (SESSION,), left=False, prefix="m")
    keys = _keys(sessions, query)
    return sessions.select([*keys, *parts.of_groups(alias)], group=sql.positions(len(keys)))


def _keys(sessions: Rows, query: r.AggregationQuery) -> list[Node]:
    return [
        sql.named(grouped(key.expr, sessions.value(key.expr)), f"k{index}")
        for index, key in enumerate(query.keys)
    ]


# --- by time -------------------------------------------------------------------------------------


def _by_time(
    state: State,
    query: r.AggregationQuery,
    key: r.DatePart | r.DateText,
    steps: Steps,
    parts: _Parts,
) -> exp.Select:
    rows = scan_rows(state, query.scan)
    start = sql.named(_start(steps, lambda: rows.value(key.operand)), "h")
    columns = parts.over(rows)
    fine = rows.select([start, *columns], group=sql.positions(1))
    alias, shown_alias = state.fresh("m"), state.fresh("m")
    # named here, since an engine goes through the whole of a key wherever it stands
    shown = date_value(state, key, lambda: sql.column(alias, "h"))
    kept = [sql.named(sql.column(alias, c.alias), c.alias) for c in columns]
    steps_shown = sql.select([sql.named(shown, "k"), *kept], sql.derived(fine, alias))
    return sql.select(
        [sql.named(sql.column(shown_alias, "k"), "k0"), *parts.of_groups(shown_alias)],
        sql.derived(steps_shown, shown_alias),
        group=sql.positions(1),
    )


def _start(steps: Steps, instant: Callable[[], Node]) -> Node:
    """Return the start of an instant's step; an instant that no step has stands for itself."""
    has_step = exp.And(
        this=exp.GTE(this=instant(), expression=sql.number(steps.low)),
        expression=exp.LT(this=instant(), expression=sql.number(steps.high)),
    )
    return sql.when(has_step, steps.start(instant), instant())
