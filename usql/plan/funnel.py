"""Funnels: step k counts the rows that satisfy the first k conditions.

The first condition, which all steps share, cuts the rows; the others are judged once per row.
"""

from __future__ import annotations

from sqlglot import exp

from usql import resolved as r
from usql.plan import sql
from usql.plan.conditions import condition
from usql.plan.plain import scan_rows
from usql.plan.sql import Node
from usql.plan.state import Output, Planned, State
from usql.types import LONG


def plan_funnel(query: r.FunnelQuery, state: State) -> Planned:
    """Return a funnel in generic SQL: one row, a column per step."""
    rows = scan_rows(state, query.scan)
    first, *others = (step for _, step in query.steps)
    rows.restrict(_bracketed(condition(state, rows, first)))
    judged = [
        sql.named(sql.when(condition(state, rows, step), sql.number(1), sql.number(0)), f"s{index}")
        for index, step in enumerate(others, start=1)
    ]
    inner = rows.select([sql.named(sql.number(1), "s0"), *judged])
    alias = state.fresh("f")
    columns = [sql.named(_count(alias, index), f"c{index}") for index in range(len(query.steps))]
    tree = sql.select(columns, sql.derived(inner, alias))
    outputs = tuple(Output(label, LONG) for label, _ in query.steps)
    return Planned(tree, state.parameters, outputs)


def _count(alias: str, index: int) -> Node:
    if index == 0:
        return exp.Count(this=exp.Star())
    passed = sql.conjunction(
        sql.equal(sql.column(alias, f"s{i}"), sql.number(1)) for i in range(1, index + 1)
    )
    assert passed is not None
    return exp.Count(this=sql.when(passed, sql.number(1)))


def _bracketed(node: Node) -> Node:
    return sql.paren(node) if isinstance(node, exp.Or) else node
