"""Conditions of a row.

Logic has two values in the language and three in SQL. Without negation that makes no difference
under ``WHERE``, since NULL counts as false and neither AND nor OR turns it into true; so only what
is negated is made two-valued first.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from usql import resolved as r
from usql.layout import SESSION
from usql.plan import sql
from usql.plan.rows import Rows, value_rows
from usql.plan.sql import Generic, Node
from usql.plan.state import Pattern, State
from usql.schema import PRIMARY, Field

_COMPARISONS: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    ">": exp.GT,
    "<=": exp.LTE,
    ">=": exp.GTE,
}


def comparison(operator: str, left: Node, right: Node) -> Node:
    """Return a comparison of two nodes."""
    return _COMPARISONS[operator](this=left, expression=right)


def condition(state: State, rows: Rows, node: r.Condition) -> Node:
    """Return a condition of a row; NULL where it does not hold for want of a value."""
    match node:
        case r.And(items=items):
            joined = sql.conjunction(_bracketed(state, rows, item) for item in items)
            assert joined is not None
            return joined
        case r.Or(items=items):
            joined = sql.disjunction(condition(state, rows, item) for item in items)
            assert joined is not None
            return joined
        case r.Not(operand=operand):
            return negation(state, rows, operand)
        case r.IsNull(field=field):
            if field.many:
                return exp.Not(this=_is_there(state, rows, node, field))
            return sql.is_null(rows.value(field))
        case r.OfSession(condition=inner):
            sessions = Rows(state, PRIMARY)
            sessions.restrict(condition(state, sessions, inner))
            return sql.among([rows.key(SESSION)], sessions.select([sessions.key(SESSION)]))
    if node.field.many:
        mark = rows.mark(node)
        if mark is not None:
            return mark
        return _some(state, rows, node.field, lambda found: predicate(state, found, node))
    return predicate(state, rows, node)


def conditional(
    state: State, rows: Rows, node: r.Condition | None, value: Node | None
) -> Node | None:
    """Return a value, or what counts for a row, where a condition holds, else NULL."""
    if node is None:
        return value
    held = condition(state, rows, node)
    return sql.when(held, value if value is not None else sql.number(1))


def negation(state: State, rows: Rows, node: r.Condition) -> Node:
    """Return the opposite of a condition: true wherever the condition is not."""
    match node:
        case r.Not(operand=r.Not(operand=inner)):
            return negation(state, rows, inner)
        case r.Not(operand=inner):
            return condition(state, rows, inner)
        case r.IsNull(field=field) if not field.many:
            return sql.not_null(rows.value(field))
        case r.IsNull(field=field):
            return _is_there(state, rows, node, field)
        case r.Compare(field=field, operator="=", value=value) if not field.many:
            left, right = rows.value(field), state.parameter(value)
            return exp.NullSafeNEQ(this=left, expression=right)
    inner_node = condition(state, rows, node)
    if isinstance(node, r.OfSession) or (not isinstance(node, r.And | r.Or) and node.field.many):
        return exp.Not(this=inner_node)  # membership among keys is never NULL
    return exp.Not(this=exp.Coalesce(this=inner_node, expressions=[sql.false()]))


def _bracketed(state: State, rows: Rows, node: r.Condition) -> Node:
    made = condition(state, rows, node)
    return sql.paren(made) if isinstance(made, exp.Or) else made


def _some(state: State, rows: Rows, source: r.Source, satisfied: Callable[[Rows], Node]) -> Node:
    """Return whether at least one value satisfies a predicate: a semi-join over the values."""
    keys = rows.link(source.field.table)
    found = value_rows(state, source)
    found.restrict(satisfied(found))
    return sql.among([rows.key(k) for k in keys], found.select([found.key(k) for k in keys]))


def _is_there(state: State, rows: Rows, node: r.IsNull, source: r.Source) -> Node:
    """Return whether there is a value of many."""
    mark = rows.mark(node)
    if mark is None and (count := rows.values_of(source)) is not None:
        return exp.GT(this=count, expression=sql.number(0))
    return mark or _some(state, rows, source, lambda found: _present(found, source))


def _present(rows: Rows, source: r.Source) -> Node:
    return sql.not_null(rows.value(source))


def predicate(state: State, rows: Rows, node: r.Compare | r.OneOf | r.Between | r.Like) -> Node:
    """Return whether the value that rows have of a field satisfies a predicate."""
    match node:
        case r.Compare():
            return comparison(node.operator, rows.value(node.field), state.parameter(node.value))
        case r.OneOf(values=()):
            return sql.false()
        case r.OneOf():
            return exp.In(
                this=rows.value(node.field), expressions=[state.parameter(v) for v in node.values]
            )
        case r.Between():
            low, high = state.parameter(node.low), state.parameter(node.high)
            return exp.Between(this=rows.value(node.field), low=low, high=high)
        case r.Like(pattern=(r.Wildcard(sign="*"),)):
            return sql.not_null(rows.text(node.field))
        case r.Like(field=r.FieldRef(field=field)) if state.layout.is_repeated(field):
            return exp.In(
                this=rows.value(node.field), query=exp.Subquery(this=_matching(state, node, field))
            )
        case r.Like():
            return _matches(state, node, rows.text(node.field))


def _matches(state: State, node: r.Like, text: Node) -> Node:
    match node.pattern:
        case (r.Wildcard(sign="*"), str() as part, r.Wildcard(sign="*")):
            return sql.call(Generic.CONTAINS, text, state.parameter(part))
    return sql.call(Generic.MATCHES, text, state.parameter(Pattern(node.pattern)))


def _matching(state: State, node: r.Like, field: Field) -> exp.Select:
    """Return which of the values that a repeated text has in the store match a pattern."""
    alias, every = state.fresh("d"), state.fresh("d")
    relation = state.layout.place(field)
    distinct = sql.select(
        [sql.named(sql.column(every, field.name), "v")],
        sql.relation(relation, every),
        distinct=True,
        limit=-1,  # no limit, but the pattern stays out: SQLite goes from value to value only bare
    )
    where = _matches(state, node, sql.column(alias, "v"))
    return sql.select([sql.column(alias, "v")], sql.derived(distinct, alias), where=where)
