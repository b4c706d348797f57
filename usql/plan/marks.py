"""Conditions on the many values of sessions, judged in one pass: a mark per session and condition.

What arrives: conditions of which several are about the values that sessions have in one table. Each
would be a semi-join of its own, and look at the whole table; instead the table's rows that satisfy
any of them are grouped by session once. What leaves: rows that begin with the sessions of that
grouping, which know the marks; or ``None`` where there is one such condition at most, or where
sessions without a mark could count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeGuard

from sqlglot import exp

from usql import resolved as r
from usql.layout import SESSION
from usql.plan import sql
from usql.plan.conditions import predicate
from usql.plan.rows import Rows
from usql.plan.sql import Generic, Node
from usql.plan.state import State
from usql.schema import PRIMARY

_MOST = 64
"""Marks of one grouping."""


def marked_rows(
    state: State, required: Sequence[r.Condition], others: Sequence[r.Condition]
) -> tuple[Rows, tuple[str, exp.Select]] | None:
    """Return rows that know marks, and what they begin with: a name, and the query of that name.

    Args:
        state: of the planning.
        required: conditions without which no session counts.
        others: conditions that sessions are judged by as well.
    """
    leading = next((leaf for node in required for leaf in _needed(node)), None)
    if leading is None or not _pays(state, (*required, *others)):
        return None
    leaves = [leaf for node in (*required, *others) for leaf in _leaves(node)]
    alike = dict.fromkeys(leaf for leaf in leaves if leaf.field.field.table == _table(leading))
    if not 1 < len(alike) <= _MOST:
        return None
    marks: dict[r.Condition, str] = {leaf: f"m{index}" for index, leaf in enumerate(alike)}
    name = state.fresh("m")
    return Rows(state, PRIMARY, name, marks=marks), (name, _grouping(state, alike))


def _pays(state: State, conditions: Sequence[r.Condition]) -> bool:
    """Whether a look at all marks is sooner than one per condition.

    Where the sessions have to be joined after all, it depends on how dear joins are.
    """
    if not state.layout.marks or state.layout.rowwise:
        return state.layout.marks
    return all(map(_is_of_marks, conditions)) and state.numbers is None


_Leaf = r.Compare | r.OneOf | r.Between | r.Like | r.IsNull


def _is_markable(node: r.Condition) -> TypeGuard[_Leaf]:
    """Whether a condition is about a field that rows of another table have one value of."""
    if not isinstance(node, _Leaf):
        return False
    field = node.field
    return isinstance(field, r.FieldRef) and field.many and not field.field.many


def _is_of_marks(node: r.Condition) -> bool:
    """Whether marks are all that a condition asks of a session."""
    match node:
        case r.And(items=items) | r.Or(items=items):
            return all(map(_is_of_marks, items))
        case r.Not(operand=operand):
            return _is_of_marks(operand)
    return _is_markable(node)


def _leaves(node: r.Condition) -> Iterator[_Leaf]:
    """Yield the conditions on values that a condition is made of."""
    match node:
        case r.And(items=items) | r.Or(items=items):
            for item in items:
                yield from _leaves(item)
        case r.Not(operand=operand):
            yield from _leaves(operand)
        case r.OfSession():
            pass
        case _:
            if _is_markable(node):
                yield node


def _needed(node: r.Condition) -> Iterator[_Leaf]:
    """Yield the conditions on values of which a session has to satisfy each."""
    match node:
        case r.And(items=items):
            for item in items:
                yield from _needed(item)
        case r.IsNull() | r.OfSession():
            pass
        case _:
            if _is_markable(node):
                yield node


def _table(leaf: _Leaf) -> str:
    return leaf.field.field.table


def _grouping(state: State, leaves: Collection[_Leaf]) -> exp.Select:
    """Return the sessions of the rows that satisfy any condition, with a mark for each."""
    first, *_ = leaves
    rows = Rows(state, _table(first))
    columns = [sql.named(rows.key(SESSION), SESSION)]
    for index, leaf in enumerate(leaves):
        some = sql.call(Generic.ANY, _satisfied(state, rows, leaf))
        columns.append(sql.named(some, f"m{index}"))
    rows.restrict(sql.disjunction(_satisfied(state, rows, leaf) for leaf in leaves))
    return rows.select(columns, group=sql.positions(1))


def _satisfied(state: State, rows: Rows, leaf: _Leaf) -> Node:
    """Return whether a row's value satisfies a condition; that it is there, of ``IS NULL``."""
    assert isinstance(leaf.field, r.FieldRef)
    if isinstance(leaf, r.IsNull):
        return sql.not_null(rows.field(leaf.field.field.name, rows.table))
    return predicate(state, rows, leaf)
