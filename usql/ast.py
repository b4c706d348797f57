"""What was written: the tree that ``parse`` yields. No behaviour, no knowledge of any table.

Spans say where a node was written; they take no part in equality, so that two texts that say the
same are equal.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal as Choice
from typing import TypeAlias

from usql.record import Record
from usql.source import NOWHERE, Span


class Node(Record):
    """Anything that was written at a place."""

    span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)


# --- names -------------------------------------------------------------------------------------


class Name(Node):
    """A table name or an alias, as written, without its quotes."""

    text: str


class Field(Node):
    """``[table.]name[.key]``: parts as written; a key only after a properties field."""

    parts: tuple[str, ...]


# --- expressions -------------------------------------------------------------------------------


class Number(Node):
    """A number literal; whole ones are ``int``."""

    value: int | float
    text: str
    """As written: for a string field the literal stands for it, and 1.10 is not 1.1 there."""


class String(Node):
    """A string literal without its quotes."""

    value: str


class Boolean(Node):
    """``TRUE`` or ``FALSE``."""

    value: bool


class Null(Node):
    """``NULL``."""


class Variable(Node):
    """``$NOW``, ``$TIME_FRAME_START`` or ``$TIME_FRAME_END``, in capitals."""

    name: str


class Parameter(Node):
    """``:name``, a value that comes with the query."""

    name: str


class Duration(Node):
    """``DURATION("90m")``; the text is read by ``resolve``."""

    text: String


Operator: TypeAlias = Choice["+", "-", "*", "/", "%"]


class Arithmetic(Node):
    """Two operands and an operator; ``MOD`` is ``%``."""

    operator: Operator
    left: Expr
    right: Expr


class Negative(Node):
    """``-`` before an expression that is not a number literal."""

    operand: Expr


class Call(Node):
    """A function and its arguments: every function but ``COUNT`` and ``CONDITION``."""

    name: str
    """In lower case."""
    arguments: tuple[Expr, ...]


class Count(Node):
    """``COUNT(*)`` where there is no field, ``COUNT([DISTINCT] field)`` where there is one."""

    field: Expr | None
    distinct: bool = False


class ConditionCall(Node):
    """``CONDITION(aggregate, WHERE condition)``."""

    aggregate: Expr
    condition: Condition


# --- conditions --------------------------------------------------------------------------------

Comparison: TypeAlias = Choice["=", "!=", "<", ">", "<=", ">="]


class And(Node):
    """All of two or more conditions."""

    items: tuple[Condition, ...]


class Or(Node):
    """Any of two or more conditions."""

    items: tuple[Condition, ...]


class Not(Node):
    """The negation of a condition."""

    operand: Condition


class Compare(Node):
    """``field cmp value``; ``IS`` is ``=``, ``IS NOT`` and ``<>`` are ``!=``."""

    field: Field
    operator: Comparison
    value: Expr


class In(Node):
    """``field [NOT] IN (value, …)``."""

    field: Field
    values: tuple[Expr, ...]
    negated: bool = False


class Between(Node):
    """``field [NOT] BETWEEN low AND high``."""

    field: Field
    low: Expr
    high: Expr
    negated: bool = False


class Like(Node):
    """``field [NOT] LIKE pattern``."""

    field: Field
    pattern: Expr
    negated: bool = False


class StartsWith(Node):
    """``field [NOT] STARTSWITH prefix``."""

    field: Field
    prefix: Expr
    negated: bool = False


class Matches(Node):
    """``field [NOT] MATCHES pattern``; reserved."""

    field: Field
    pattern: Expr
    negated: bool = False


class Scope(Node):
    """``ANY | ALL | NONE (table: condition)``; reserved."""

    quantifier: Choice["ANY", "ALL", "NONE"]
    table: Name
    condition: Condition


class ScopeCount(Node):
    """``COUNT(table: condition) cmp value``; reserved."""

    table: Name
    condition: Condition
    operator: Comparison
    value: Expr


class InSegment(Node):
    """``IN SEGMENT "name"``; a query about other rows than sessions means their session."""

    name: String


# --- the query ---------------------------------------------------------------------------------


class Filter(Node):
    """``FILTER cmp number`` behind an aggregate."""

    operator: Comparison
    value: Expr


class Column(Node):
    """An expression of the select list."""

    expression: Expr
    filters: tuple[Filter, ...] = ()
    alias: Name | None = None


class Star(Node):
    """``*`` or ``table.*``."""

    table: Name | None = None


class JsonColumn(Node):
    """``JSON``: the whole row as a column."""


class Ordering(Node):
    """One expression of ``ORDER BY``."""

    expression: Expr
    descending: bool = False


class Select(Node):
    """A query that is not a funnel."""

    columns: tuple[Item, ...]
    table: Name
    distinct: bool = False
    where: Condition | None = None
    group_by: tuple[Expr, ...] = ()
    order_by: tuple[Ordering, ...] = ()
    limit: Number | Parameter | None = None
    offset: Number | Parameter | None = None
    compare: Duration | None = None


class Step(Node):
    """One condition of a funnel."""

    condition: Condition
    alias: Name | None = None


class Ordered(Node):
    """``ORDERED [STRICT] [WITHIN duration] [BY field] [PER field]`` of a funnel; reserved."""

    strict: bool = False
    within: Duration | None = None
    by: Field | None = None
    per: Field | None = None


class Funnel(Node):
    """``SELECT FUNNEL(…) FROM table``."""

    steps: tuple[Step, ...]
    table: Name
    where: Condition | None = None
    ordered: Ordered | None = None
    compare: Duration | None = None


Expr: TypeAlias = (
    Field
    | Number
    | String
    | Boolean
    | Null
    | Variable
    | Parameter
    | Duration
    | Arithmetic
    | Negative
    | Call
    | Count
    | ConditionCall
)
Condition: TypeAlias = (
    And
    | Or
    | Not
    | Compare
    | In
    | Between
    | Like
    | StartsWith
    | Matches
    | Scope
    | ScopeCount
    | InSegment
)
Item: TypeAlias = Column | Star | JsonColumn
Query: TypeAlias = Select | Funnel
