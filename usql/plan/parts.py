"""Aggregates put together of parts: numbers of numbers, sums of sums, the smallest of the smallest.

What arrives: an aggregate over the rows of a group. What leaves: what each of the group's parts has
to tell, and how the parts' answers become the group's; or ``None`` where parts do not tell enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlglot import exp

from usql import resolved as r
from usql.plan import sql
from usql.plan.rows import source_of
from usql.plan.sql import Generic, Node
from usql.record import Record
from usql.types import Kind


class Part(Record):
    """An aggregate over a part of a group.

    Attributes:
        function: ``total`` is a sum of doubles, ``sum`` one of whole numbers.
        operand: its values; ``None`` for the rows.
        condition: of the rows that count.
    """

    function: Literal["count", "min", "max", "sum", "total"]
    operand: r.Expr | None
    condition: r.Condition | None

    def over(self, value: Node | None) -> Node:
        """Return it over values of which those of rows that do not count are NULL."""
        if value is None:
            return exp.Count(this=exp.Star())
        match self.function:
            case "count":
                return exp.Count(this=value)
            case "total":
                return total_of_doubles(value)
        return _together(self.function, value)


def parts_of(expr: r.Aggregate) -> tuple[Part, ...] | None:
    """Return the parts of an aggregate that ``together`` asks for."""
    operand = expr.operand
    if expr.distinct or (operand is not None and source_of(operand) is not None):
        return None
    match expr.function:
        case "count":
            return (Part("count", operand, expr.condition),)
        case "min" | "max":
            return (Part(expr.function, operand, expr.condition),)
        case "sum":
            whole = expr.type.kind is Kind.LONG
            return (Part("sum" if whole else "total", operand, expr.condition),)
        case "avg" if expr.type.kind is Kind.DOUBLE:
            return tuple(Part(name, operand, expr.condition) for name in ("total", "count"))
    return None


def together(expr: r.Aggregate, parts: Sequence[Node]) -> Node:
    """Return an aggregate, put together of columns that have the parts of ``parts_of``."""
    if expr.function == "avg":
        return sql.call(Generic.FLOAT_DIV, *(exp.Sum(this=part) for part in parts))
    asked = parts_of(expr)
    assert asked is not None
    return _together(asked[0].function, parts[0])


def total_of_doubles(value: Node) -> Node:
    """Return a sum that no whole numbers are too large for."""
    return exp.Sum(this=exp.Cast(this=value, to=exp.DataType.build("double")))


def number(count: Node) -> Node:
    """Return the sum of numbers of rows, of their own type."""
    return exp.Cast(this=exp.Sum(this=count), to=exp.DataType.build("bigint"))


def _together(function: str, value: Node) -> Node:
    match function:
        case "count":
            return number(value)
        case "min":
            return exp.Min(this=value)
        case "max":
            return exp.Max(this=value)
        case "sum":
            return sql.call(Generic.SUM, value)
    return exp.Sum(this=value)
