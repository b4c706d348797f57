"""The query with everything settled: names, levels, types, grouping keys, order.

What ``resolve`` yields and ``plan`` reads. There are no names here, only references to catalogue
fields; constants are of their field's type, dates are ms, addresses are in their sortable form.
Logic has two values: a predicate on a null is false.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from usql.dateformat import DateFormat
from usql.record import Record
from usql.schema import Field
from usql.timeframe import Timeframe
from usql.types import JSON, STRING, Kind, Type
from usql.zones import Zone

Constant: TypeAlias = "int | float | bool | str | None"

# --- values of a row -----------------------------------------------------------------------------


class Const(Record):
    """A constant."""

    value: Constant
    type: Type


class FieldRef(Record):
    """A field that holds plain values or a list, seen from a row of the ``FROM`` table.

    Attributes:
        field: of the catalogue.
        many: whether a row may have several values, since the field is a list, or belongs to a
            secondary table and the row is a session.
    """

    field: Field
    many: bool

    @property
    def type(self) -> Type:
        """The type of its value or values."""
        return Type(self.field.kind, self.many)


class PropertyRef(Record):
    """The property of one key.

    Attributes:
        field: the properties field it belongs to.
        key: exactly as stored.
        many: whether a row may have several values.
    """

    field: Field
    key: str
    many: bool

    @property
    def type(self) -> Type:
        """The type of its value or values."""
        return Type(self.field.kind, self.many)


class KeysRef(Record):
    """The keys of a properties field; always many values."""

    field: Field
    many: bool = True

    @property
    def type(self) -> Type:
        """A list of strings."""
        return STRING.list_of


class PropertiesRef(Record):
    """All properties of a row; a list of them where ``many``. Only a plain column."""

    field: Field
    many: bool

    @property
    def type(self) -> Type:
        """Properties."""
        return Type(Kind.PROPERTIES, self.many)


class RowDocument(Record):
    """The whole row in the export format. Only a plain column."""

    @property
    def type(self) -> Type:
        """JSON."""
        return JSON


Operator: TypeAlias = Literal["+", "-", "*", "/", "%"]


class Arithmetic(Record):
    """An operation on numbers; at most one operand has many values.

    ``type`` is LONG where the result is rounded to a whole number, half away from zero.
    """

    operator: Operator
    left: Expr
    right: Expr
    type: Type


DatePartName: TypeAlias = Literal["year", "month", "day", "hour", "minute"]


class DatePart(Record):
    """A number read off a date in local time."""

    part: DatePartName
    operand: Expr

    @property
    def type(self) -> Type:
        """A whole number, or a list of them."""
        return Type(Kind.LONG, self.operand.type.many)


class DateText(Record):
    """A date rounded down and formatted in local time."""

    format: DateFormat
    operand: Expr

    @property
    def type(self) -> Type:
        """A string, or a list of them."""
        return Type(Kind.STRING, self.operand.type.many)


class ApdexWeight(Record):
    """What an action counts in the Apdex: 1, a half, or 0; null where it is not known.

    Attributes:
        operand: the category as stored, or a number that is compared with the limits.
        limits: up to where a number satisfies, and up to where it is tolerated; ``None`` for
            categories.
    """

    operand: Expr
    limits: tuple[int | float, int | float] | None

    @property
    def type(self) -> Type:
        """A number, or a list of them."""
        return Type(Kind.DOUBLE, self.operand.type.many)


# --- values of a group ---------------------------------------------------------------------------

AggregateName: TypeAlias = Literal["count", "min", "max", "avg", "sum", "percentile"]


class Aggregate(Record):
    """An aggregate over the rows of a group, or over those that satisfy a condition.

    Attributes:
        function: ``MEDIAN`` is the 50th percentile.
        operand: ``None`` for ``COUNT(*)``. ``COUNT`` counts the rows that have a value, or the
            distinct values; the others go over all values of all rows.
        percentile: 0 to 100, for ``percentile`` alone.
    """

    function: AggregateName
    operand: Expr | None
    type: Type
    distinct: bool = False
    percentile: float | None = None
    condition: Condition | None = None


class KeyRef(Record):
    """The value of a grouping key, by its index."""

    index: int
    type: Type


class TopList(Record):
    """The most frequent values in a group, most frequent first; ties go to the smaller value."""

    operand: Expr
    count: int

    @property
    def type(self) -> Type:
        """A list."""
        return self.operand.type.list_of


class ValueList(Record):
    """The sorted distinct values in a group."""

    operand: Expr

    @property
    def type(self) -> Type:
        """A list."""
        return self.operand.type.list_of


Source: TypeAlias = FieldRef | PropertyRef | KeysRef
"""What can have many values by itself."""
Expr: TypeAlias = (
    Const
    | FieldRef
    | PropertyRef
    | KeysRef
    | PropertiesRef
    | RowDocument
    | Arithmetic
    | DatePart
    | DateText
    | ApdexWeight
    | Aggregate
    | KeyRef
    | TopList
    | ValueList
)

# --- conditions ----------------------------------------------------------------------------------


class And(Record):
    """All of them."""

    items: tuple[Condition, ...]


class Or(Record):
    """Any of them."""

    items: tuple[Condition, ...]


class Not(Record):
    """The opposite; of a predicate on many values: no value satisfies it."""

    operand: Condition


class Compare(Record):
    """At least one value compares so with a constant."""

    field: Source
    operator: Literal["=", "<", ">", "<=", ">="]
    value: Constant


class OneOf(Record):
    """At least one value is among the constants."""

    field: Source
    values: tuple[Constant, ...]


class Between(Record):
    """At least one value lies between two constants, both ends included."""

    field: Source
    low: Constant
    high: Constant


class Wildcard(Record):
    """``*``: any run of characters; ``?``: exactly one."""

    sign: Literal["*", "?"]


class Like(Record):
    """At least one value matches a pattern whole: texts and wildcards, in order."""

    field: Source
    pattern: tuple[str | Wildcard, ...]


class IsNull(Record):
    """There is no value."""

    field: Source


class OfSession(Record):
    """The session of the row, which is not a session itself, satisfies a condition on sessions."""

    condition: Condition


Condition: TypeAlias = And | Or | Not | Compare | OneOf | Between | Like | IsNull | OfSession

# --- queries -------------------------------------------------------------------------------------


class Item(Record):
    """A column of the result.

    Attributes:
        label: what it is called.
        expr: its value.
        filters: comparisons that its value has to satisfy; a null satisfies none.
    """

    label: str
    expr: Expr
    filters: tuple[Filter, ...] = ()


class Filter(Record):
    """A comparison with a number."""

    operator: Literal["=", "!=", "<", ">", "<=", ">="]
    value: int | float


class Order(Record):
    """One expression that results are ordered by, nulls last.

    In an aggregation a value of a row that is no key orders by its smallest value in the group, or
    by its largest where ``descending``; many values of a plain row likewise.
    """

    expr: Expr
    descending: bool


class Scan(Record):
    """The rows a query is about.

    Attributes:
        table: the ``FROM`` table.
        where: or ``None``.
        timeframe: start times of the sessions, or ``None`` for all.
        zone: of date functions.
    """

    table: str
    where: Condition | None
    timeframe: Timeframe | None
    zone: Zone

    @property
    def is_whole(self) -> bool:
        """Whether it has all rows of the table."""
        return self.where is None and self.timeframe is None


class PlainQuery(Record):
    """A result row per row."""

    scan: Scan
    items: tuple[Item, ...]
    order: tuple[Order, ...]
    limit: int | None


class Key(Record):
    """A grouping key.

    Attributes:
        expr: a value of a row; with many values the row counts once in each one's group.
        top: keep only so many values, the most frequent ones, within each group of the keys before.
        ascending: default order by value; otherwise by falling number of rows.
    """

    expr: Expr
    top: int | None
    ascending: bool


class AggregationQuery(Record):
    """A result row per group, or one in all where there are no keys."""

    scan: Scan
    keys: tuple[Key, ...]
    items: tuple[Item, ...]
    order: tuple[Order, ...]
    limit: int | None


class FunnelQuery(Record):
    """One row: how many rows satisfy the first, the first two, … conditions."""

    scan: Scan
    steps: tuple[tuple[str, Condition], ...]


Query: TypeAlias = PlainQuery | AggregationQuery | FunnelQuery


class Resolved(Record):
    """A settled query and what had to be assumed.

    Attributes:
        query: settled.
        explanations: sentences for the author.
        default_limit: whether ``limit`` was not asked for, so that a cut must be explained.
    """

    query: Query
    explanations: tuple[str, ...]
    default_limit: bool = False
