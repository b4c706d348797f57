"""Funnels: step k counts the rows that satisfy the first k conditions.

The first condition, which all steps share, cuts the rows; then each row is judged once, as far as
it comes, and the rows are counted by how far they came.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from usql import resolved as r
from usql.plan import sql
from usql.plan.conditions import condition, negation
from usql.plan.marks import marked_rows
from usql.plan.plain import scan_rows
from usql.plan.rows import Rows
from usql.plan.sql import Node
from usql.plan.state import Output, Planned, State
from usql.schema import PRIMARY
from usql.types import LONG

_JUDGED = "f"


def plan_funnel(query: r.FunnelQuery, state: State) -> Planned:
    """Return a funnel in generic SQL: one row, a column per step."""
    first, *others = (step for _, step in query.steps)
    marked = _marked(state, query.scan, first, others)
    rows = scan_rows(state, query.scan, among=marked[0] if marked else None)
    rows.restrict(_bracketed(condition(state, rows, first)))
    # side by side, not one in the other, since engines take only so much of that
    failed = [
        (negation(state, rows, step), sql.number(index)) for index, step in enumerate(others, 1)
    ]
    end = sql.number(len(query.steps))
    reached = sql.case(failed, end) if failed else end
    judged = rows.select([sql.named(reached, "reached")])
    if marked:
        sql.with_(judged, [marked[1]])
    columns = [sql.named(_count(index), f"c{index}") for index in range(len(query.steps))]
    outputs = tuple(Output(label, LONG) for label, _ in query.steps)
    return Planned(_counted(state, columns, judged), state.parameters, outputs)


def _marked(
    state: State, scan: r.Scan, first: r.Condition, others: Sequence[r.Condition]
) -> tuple[Rows, tuple[str, exp.Select]] | None:
    """Return sessions with marks for the conditions on their many values, where that pays."""
    if scan.table != PRIMARY:
        return None
    where = () if scan.where is None else (scan.where,)
    return marked_rows(state, (first, *where), others)


def _counted(state: State, columns: list[Node], judged: exp.Select) -> exp.Select:
    """Return columns over the judged rows.

    These are kept apart: an engine would put the judgement in the place of each mention of it.
    SQLite counts them as they come from a query with a limit, which is none, but stores them where
    a table expression is to be made first.
    """
    if not state.layout.columnar:
        return sql.select(columns, sql.derived(judged.limit(-1, copy=False), _JUDGED))
    tree = sql.select(columns, sql.relation(_JUDGED, _JUDGED))
    return sql.with_(tree, [(_JUDGED, judged)], materialized=True)


def _count(index: int) -> Node:
    if index == 0:
        return exp.Count(this=exp.Star())
    passed = exp.GT(this=sql.column(_JUDGED, "reached"), expression=sql.number(index))
    return exp.Count(this=sql.when(passed, sql.number(1)))


def _bracketed(node: Node) -> Node:
    return sql.paren(node) if isinstance(node, exp.Or) else node
