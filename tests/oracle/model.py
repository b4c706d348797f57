"""Queries as plain structures.

A query is never text here: the generator builds these objects, the evaluator walks them, and
`render` spells them. Names are kept as the catalogue spells them; a `table` of `None` means that
the field is written without a prefix. The structures say nothing about validity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

# --- literals and other values ------------------------------------------------------------------


@dataclass(frozen=True)
class Text:
    """A string literal."""

    value: str


@dataclass(frozen=True)
class Number:
    """A number literal, kept as written because a string field is compared with that text."""

    text: str

    @property
    def value(self) -> int | float:
        try:
            return int(self.text)
        except ValueError:
            return float(self.text)


@dataclass(frozen=True)
class Boolean:
    """`true` or `false`; `as_text` writes it as a string, which a boolean field accepts."""

    value: bool
    as_text: bool = False


@dataclass(frozen=True)
class Null:
    """`NULL` where a value is expected."""


@dataclass(frozen=True)
class LocalTime:
    """A date literal in the query's time zone; `time` holds none, hour, minute, second."""

    year: int
    month: int
    day: int
    time: tuple[int, ...] = ()
    style: Literal["yyyy-MM-dd", "yyyy/MM/dd", "MM/dd/yyyy", "dd.MM.yyyy"] = "yyyy-MM-dd"
    padded: bool = True


@dataclass(frozen=True)
class Instant:
    """An ISO date literal with an offset, such as `2024-03-01T10:00:00+01:00`."""

    ms: int
    offset_minutes: int = 0
    style: Literal["Z", "+hh:mm", "+hhmm"] = "Z"


@dataclass(frozen=True)
class Variable:
    """`$NOW` and its kin, optionally moved by a duration of `amount` `unit`s (signed)."""

    name: Literal["$NOW", "$TIME_FRAME_START", "$TIME_FRAME_END"]
    amount: int | None = None
    unit: str = "s"


@dataclass(frozen=True)
class Param:
    """A bound parameter and what is bound to it."""

    name: str
    value: Text | Number | Boolean


Scalar: TypeAlias = Text | Number | Boolean
Value: TypeAlias = Text | Number | Boolean | Null | LocalTime | Instant | Variable | Param

# --- expressions --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Field:
    """A field, or one property of a properties field."""

    name: str
    table: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Keys:
    """`KEYS(stringProperties)`."""

    field: Field


@dataclass(frozen=True)
class Agg:
    """An aggregate; a `field` of `None` is `COUNT(*)` or `APDEX()`; `p` belongs to `PERCENTILE`.

    `limits` belong to `APDEX` of a field: up to where values satisfy, and are tolerated.
    """

    func: Literal["MIN", "MAX", "AVG", "SUM", "MEDIAN", "PERCENTILE", "COUNT", "APDEX"]
    field: Field | None = None
    distinct: bool = False
    p: Number | None = None
    limits: tuple[Number, Number] | None = None


@dataclass(frozen=True)
class Condition:
    """`CONDITION(aggregate, WHERE cond)`."""

    agg: Agg
    where: Cond


@dataclass(frozen=True)
class Top:
    """`TOP(f, n)`; without `n` the language means 1."""

    arg: Field | Keys
    n: int | None = None


@dataclass(frozen=True)
class DatePart:
    """`YEAR(d)` and its kin."""

    func: Literal["YEAR", "MONTH", "DAY", "HOUR", "MINUTE"]
    arg: Field | Agg | Condition


@dataclass(frozen=True)
class DateText:
    """`DATETIME(d, format, interval)`."""

    arg: Field | Agg | Condition
    format: str | None = None
    interval: str | None = None


@dataclass(frozen=True)
class Arith:
    """Two operands and an operator; `%` also stands for `MOD`."""

    op: Literal["+", "-", "*", "/", "%"]
    left: Expr
    right: Expr


@dataclass(frozen=True)
class Neg:
    """Unary minus."""

    arg: Expr


Expr: TypeAlias = (
    Text
    | Number
    | Boolean
    | Field
    | Keys
    | Agg
    | Condition
    | Top
    | DatePart
    | DateText
    | Arith
    | Neg
)

# --- conditions ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compare:
    """`field op value`; `=` and `!=` also stand for `IS`, `IS NOT` and the old spellings."""

    field: Field
    op: Literal["=", "!=", "<", "<=", ">", ">="]
    value: Value


@dataclass(frozen=True)
class In:
    """`field [NOT] IN (…)`."""

    field: Field
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True)
class Between:
    """`field [NOT] BETWEEN low AND high`."""

    field: Field
    low: Value
    high: Value
    negated: bool = False


@dataclass(frozen=True)
class Like:
    """`field [NOT] LIKE pattern`."""

    field: Field
    pattern: str
    negated: bool = False


@dataclass(frozen=True)
class StartsWith:
    """`field [NOT] STARTSWITH prefix`."""

    field: Field
    prefix: str
    negated: bool = False


@dataclass(frozen=True)
class And:
    """All of the parts."""

    parts: tuple[Cond, ...]


@dataclass(frozen=True)
class Or:
    """At least one of the parts."""

    parts: tuple[Cond, ...]


@dataclass(frozen=True)
class Not:
    """The negation of a condition."""

    part: Cond


@dataclass(frozen=True)
class InSegment:
    """`IN SEGMENT "name"`: the row's session satisfies the segment's condition."""

    name: str


Predicate: TypeAlias = Compare | In | Between | Like | StartsWith
Cond: TypeAlias = Predicate | And | Or | Not | InSegment

# --- queries ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filter:
    """`FILTER op number`."""

    op: Literal["=", "!=", "<", "<=", ">", ">="]
    number: Number


@dataclass(frozen=True)
class Column:
    """A selected expression with its filters and alias."""

    expr: Expr
    alias: str | None = None
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class Star:
    """`*`, or `table.*`."""

    table: str | None = None


@dataclass(frozen=True)
class Json:
    """The `JSON` column."""


Item: TypeAlias = Column | Star | Json


@dataclass(frozen=True)
class AliasRef:
    """An alias named in `GROUP BY` or `ORDER BY`, in any letter case."""

    name: str


@dataclass(frozen=True)
class Ordering:
    """One entry of `ORDER BY`."""

    expr: Expr | AliasRef
    descending: bool = False


@dataclass(frozen=True)
class Select:
    """Every query but a funnel."""

    items: tuple[Item, ...]
    table: str
    distinct: bool = False
    where: Cond | None = None
    group_by: tuple[Expr | AliasRef, ...] = ()
    order_by: tuple[Ordering, ...] = ()
    limit: int | None = None


@dataclass(frozen=True)
class Step:
    """One step of a funnel."""

    cond: Cond
    alias: str | None = None


@dataclass(frozen=True)
class Funnel:
    """`SELECT FUNNEL(…)`."""

    steps: tuple[Step, ...]
    table: str
    where: Cond | None = None


Query: TypeAlias = Select | Funnel


@dataclass(frozen=True)
class Context:
    """What comes with a query from outside its text."""

    now: int
    zone: str | int = "UTC"
    timeframe: tuple[int, int] | None = None
    segments: tuple[tuple[str, Cond], ...] = ()


def children(expr: Expr) -> tuple[Expr, ...]:
    """The operands below an expression that are evaluated at the same level as itself."""
    match expr:
        case Arith(_, left, right):
            return (left, right)
        case Neg(arg) | DatePart(_, arg) | DateText(arg):
            return (arg,)
        case _:
            return ()


def has_aggregate(expr: Expr) -> bool:
    """Whether an aggregate or a `CONDITION` stands in the expression."""
    return isinstance(expr, Agg | Condition) or any(has_aggregate(e) for e in children(expr))


def is_exact(expr: Expr) -> bool:
    """Whether division does not round: made of literals and aggregates alone."""
    match expr:
        case Arith() | Neg():
            return all(is_exact(e) for e in children(expr))
        case _:
            return is_constant(expr) or isinstance(expr, Agg | Condition)


def is_constant(expr: Expr) -> bool:
    """Whether the expression is made of literals alone."""
    match expr:
        case Text() | Number() | Boolean():
            return True
        case Arith() | Neg():
            return all(is_constant(e) for e in children(expr))
        case _:
            return False
