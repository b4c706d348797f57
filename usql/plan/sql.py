"""Short constructors for sqlglot nodes, in the generic SQL that every dialect starts from.

Functions whose spelling or meaning differs between engines are ``USQL_…`` calls (see ``Generic``);
a dialect replaces them. Nodes are never shared between two places of a tree: sqlglot's nodes know
their parent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import TypeVar

from sqlglot import exp

Node = exp.Expr
_Query = TypeVar("_Query", bound=exp.Query)


class Generic(Enum):
    """Functions of generic SQL; each dialect spells every one, if not said otherwise."""

    PERCENTILE = "USQL_PERCENTILE"
    """(value, n, p0, …): aggregate; the n-th of the percentiles p0, … that are wanted of the same
    values, for engines that find them together; 0 <= p <= 100, linear between the nearest ranks;
    NULL over nothing."""
    FIELD_PERCENTILE = "USQL_FIELD_PERCENTILE"
    """The same of a field that has whole numbers; spelled as PERCENTILE unless a dialect knows
    better."""
    TIE = "USQL_TIE"
    """(value): the value, by which rows are ordered that are equal in what comes before it."""
    GROUPED = "USQL_GROUPED"
    """(double): the value as it is grouped by, which knows one zero where doubles have two."""
    ANY = "USQL_ANY"
    """(condition): aggregate; whether it holds of any row; never NULL where there are rows."""
    NTH_LEAST = "USQL_NTH_LEAST"
    """(value, n): aggregate; the n-th of the values, from the least; NULL where there are fewer.
    For engines that find few of many sooner than they have them in order."""
    LIST = "USQL_LIST"
    """(order, …, value): aggregate; all rows as a list of such rows, in any order."""
    LIST_TEXT = "USQL_EXACT"
    """(double): the same number as a text that keeps every bit."""
    OFFSET = "USQL_OFFSET"
    """(instant, zone): local time minus UTC at an instant, both in ms; the zone is a parameter, a
    ``Zone``."""
    MATCHES = "USQL_MATCHES"
    """(text, pattern): case-sensitive; the pattern is a parameter, a ``Pattern``."""
    CONTAINS = "USQL_CONTAINS"
    """(text, part): case-sensitive; MATCHES with any run of characters before and behind."""
    INT_DIV = "USQL_INT_DIV"
    """(a, b): whole quotient of two numbers that are not negative, b > 0."""
    ROUND_DIV = "USQL_ROUND_DIV"
    """(a, b): quotient of whole numbers, rounded half away from zero; NULL where b is 0."""
    ROUND = "USQL_ROUND"
    """(double): nearest whole number, half away from zero."""
    FLOAT_DIV = "USQL_FLOAT_DIV"
    """(a, b): quotient as a double; NULL where b is 0."""
    INT_MOD = "USQL_INT_MOD"
    """(a, b): remainder of whole numbers with the sign of a; NULL where b is 0."""
    FLOAT_MOD = "USQL_FLOAT_MOD"
    """(a, b): remainder with the sign of a; NULL where b is 0."""
    ADD = "USQL_ADD"
    """(a, b): sum of whole numbers; so SUB and MUL. What is beyond 64 bits is an error, at the
    latest where it would be part of a result; it never becomes another whole number."""
    SUB = "USQL_SUB"
    MUL = "USQL_MUL"
    SUM = "USQL_SUM"
    """(value): aggregate; sum of whole numbers, as for ADD; NULL over nothing."""
    AVG = "USQL_AVG"
    """(value): aggregate; average of whole numbers, whatever their sum; NULL over nothing."""
    YEAR = "USQL_YEAR"
    """(days since 1970-01-01): year; so MONTH (1 to 12) and DAY (of the month)."""
    YEAR_MONTH = "USQL_YEAR_MONTH"
    """(days): year * 100 + month; so MONTH_DAY, month * 100 + day."""
    MONTH_DAY = "USQL_MONTH_DAY"
    MONTH = "USQL_MONTH"
    DAY = "USQL_DAY"
    MONTH_START = "USQL_MONTH_START"
    """(days): days of the first day of the month; so QUARTER_START and YEAR_START."""
    QUARTER_START = "USQL_QUARTER_START"
    YEAR_START = "USQL_YEAR_START"


def call(function: Generic, *arguments: Node) -> Node:
    """Return a call of a generic function."""
    return exp.Anonymous(this=function.value, expressions=list(arguments))


def identifier(name: str) -> exp.Identifier:
    """Return a quoted name."""
    return exp.Identifier(this=name, quoted=True)


def column(alias: str, name: str) -> Node:
    """Return a column of an alias."""
    return exp.Column(this=identifier(name), table=identifier(alias))


def number(value: int) -> Node:
    """Return a whole number that the planner chose (users' values are parameters)."""
    literal = exp.Literal(this=str(abs(value)), is_string=False)
    return exp.Neg(this=literal) if value < 0 else literal


def null() -> Node:
    """Return NULL."""
    return exp.Null()


def true() -> Node:
    """Return a condition that always holds."""
    return exp.EQ(this=number(1), expression=number(1))


def false() -> Node:
    """Return a condition that never holds."""
    return exp.EQ(this=number(1), expression=number(0))


def paren(node: Node) -> Node:
    """Return a node in brackets."""
    return exp.Paren(this=node)


def add(left: Node, right: Node) -> Node:
    """Return a bracketed sum."""
    return paren(exp.Add(this=left, expression=right))


def sub(left: Node, right: Node) -> Node:
    """Return a bracketed difference."""
    return paren(exp.Sub(this=left, expression=right))


def mul(left: Node, right: Node) -> Node:
    """Return a bracketed product."""
    return paren(exp.Mul(this=left, expression=right))


def equal(left: Node, right: Node) -> Node:
    """Return an equality; NULL where either side is."""
    return exp.EQ(this=left, expression=right)


def same(left: Node, right: Node) -> Node:
    """Return an equality in which NULL equals NULL."""
    return exp.NullSafeEQ(this=left, expression=right)


def is_null(node: Node) -> Node:
    """Return whether a value is NULL."""
    return exp.Is(this=node, expression=null())


def nullable(node: Node) -> Node:
    """Return a value as one of a type that has NULL, which an aggregate of no rows comes to."""
    return when(true(), node)


def not_null(node: Node) -> Node:
    """Return whether a value is not NULL."""
    return exp.Not(this=is_null(node))


def when(condition: Node, value: Node, otherwise: Node | None = None) -> Node:
    """Return ``CASE WHEN condition THEN value [ELSE otherwise] END``."""
    return exp.Case(ifs=[exp.If(this=condition, true=value)], default=otherwise)


def case(branches: Sequence[tuple[Node, Node]], otherwise: Node) -> Node:
    """Return a ``CASE`` of several conditions."""
    return exp.Case(ifs=[exp.If(this=c, true=v) for c, v in branches], default=otherwise)


def packed(values: Sequence[Node], doubles: Sequence[bool]) -> Node:
    """Return several values as one, for what can yield only one.

    Args:
        values: numbers.
        doubles: which of them are doubles, of which no bit is lost.
    """
    if len(values) == 1:
        return values[0]
    parts = [
        when(not_null(value), call(Generic.LIST_TEXT, value.copy())) if double else value
        for value, double in zip(values, doubles, strict=True)
    ]
    return exp.Anonymous(this="JSON_ARRAY", expressions=parts)


def unpacked(value: Node, doubles: Sequence[bool]) -> list[Node]:
    """Return the values of ``packed``."""
    if len(doubles) == 1:
        return [value]
    found = []
    for index, double in enumerate(doubles):
        path = exp.Literal(this=f"$[{index}]", is_string=True)
        part: Node = exp.Anonymous(this="JSON_EXTRACT", expressions=[value.copy(), path])
        found.append(exp.Cast(this=part, to=exp.DataType.build("double")) if double else part)
    return found


def conjunction(conditions: Iterable[Node]) -> Node | None:
    """Return all conditions joined by ``AND``, or ``None`` where there are none."""
    return _balanced(exp.And, list(conditions))


def disjunction(conditions: Iterable[Node]) -> Node | None:
    """Return the conditions joined by ``OR`` in brackets, or ``None`` where there are none."""
    items = list(conditions)
    joined = _balanced(exp.Or, items)
    return paren(joined) if joined is not None and len(items) > 1 else joined


_FLAT = 8
"""So many terms stay on one level; more make a balanced tree.

SQLite gives up at 1,000 levels, and a chain without brackets is as deep as it is long.
"""


def _balanced(kind: type[exp.And] | type[exp.Or], items: list[Node]) -> Node | None:
    if not items:
        return None
    if len(items) <= _FLAT:
        joined = items[0]
        for item in items[1:]:
            joined = kind(this=joined, expression=item)
        return joined
    size = (len(items) + _FLAT - 1) // _FLAT
    parts = [_balanced(kind, items[i : i + size]) for i in range(0, len(items), size)]
    return _balanced(kind, [paren(part) for part in parts if part is not None])


def ordered(node: Node, *, descending: bool = False, required: bool = False) -> exp.Ordered:
    """Return an ordering with NULL last; ``required`` says that there is no NULL."""
    if required:  # what the engine does by itself can be read from an index
        return exp.Ordered(this=node, desc=descending, nulls_first=not descending)
    return exp.Ordered(this=node, desc=descending, nulls_first=False)


def order_by(terms: Sequence[Node]) -> exp.Order:
    """Return an ``ORDER BY``."""
    return exp.Order(expressions=list(terms))


def window(function: Node, partition: Sequence[Node], order: Sequence[Node] = ()) -> Node:
    """Return a window function."""
    return exp.Window(
        this=function,
        partition_by=list(partition),
        order=order_by(order) if order else None,
        over="OVER",
    )


def named(node: Node, name: str) -> Node:
    """Return a column of a select list."""
    return exp.Alias(this=node, alias=identifier(name))


def relation(name: str, alias: str) -> exp.Table:
    """Return a table or a common table expression under an alias."""
    return exp.Table(this=identifier(name), alias=exp.TableAlias(this=identifier(alias)))


def derived(query: exp.Query, alias: str) -> exp.Subquery:
    """Return a query as a relation."""
    return exp.Subquery(this=query, alias=exp.TableAlias(this=identifier(alias)))


def join(source: Node, on: Node | None, *, left: bool = False) -> exp.Join:
    """Return a join; without a condition every row meets every row."""
    if on is None:
        return exp.Join(this=source, kind="CROSS")
    return exp.Join(this=source, side="LEFT" if left else None, on=on)


def select(
    columns: Sequence[Node],
    source: Node,
    *,
    joins: Sequence[exp.Join] = (),
    where: Node | None = None,
    group: Sequence[Node] = (),
    order: Sequence[Node] = (),
    limit: int | None = None,
    distinct: bool = False,
) -> exp.Select:
    """Return a query."""
    query = exp.Select(expressions=list(columns))
    query.set("from_", exp.From(this=source))
    if distinct:
        query.set("distinct", exp.Distinct())
    if joins:
        query.set("joins", list(joins))
    if where is not None:
        query.set("where", exp.Where(this=where))
    if group:
        query.set("group", exp.Group(expressions=list(group)))
    if order:
        query.set("order", order_by(order))
    if limit is not None:
        query.set("limit", exp.Limit(expression=number(limit)))
    return query


def positions(count: int) -> list[Node]:
    """Return the first columns of a select list, by position, for ``GROUP BY``."""
    return [number(i + 1) for i in range(count)]


def among(keys: Sequence[Node], query: exp.Select) -> Node:
    """Return whether a row's keys are among those of a query."""
    this = keys[0] if len(keys) == 1 else exp.Tuple(expressions=list(keys))
    return exp.In(this=this, query=exp.Subquery(this=query))


def with_(
    query: _Query,
    parts: Sequence[tuple[str, exp.Query]],
    *,
    materialized: bool | None = None,
    recursive: bool = False,
) -> _Query:
    """Return a query with common table expressions before it.

    Args:
        query: that reads them.
        parts: their names and queries.
        materialized: whether an engine has to make them first; ``None`` leaves it the choice.
        recursive: whether one of them reads itself.
    """
    if parts:
        tables = [
            exp.CTE(
                this=part,
                alias=exp.TableAlias(this=identifier(name)),
                materialized=materialized,
            )
            for name, part in parts
        ]
        query.set("with_", exp.With(expressions=tables, recursive=recursive))
    return query
