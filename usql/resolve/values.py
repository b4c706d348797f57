"""What stands on the right of a comparison -> a constant of the field's type."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from usql import ast
from usql import resolved as r
from usql.addresses import encode
from usql.dates import Span, parse_date, parse_duration, shift
from usql.errors import BadParameter, BadValue, NotYetSupported, UnknownName, WrongType
from usql.resolve.context import Context
from usql.resolve.names import nearest
from usql.schema import Field
from usql.timeframe import to_ms
from usql.types import Kind

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment in ms, from a variable or a parameter."""

    ms: int


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number and how it was written."""

    value: int | float
    text: str


Raw: TypeAlias = "Numeral | str | bool | Instant | Span | None"
"""A constant before its field's type is known; ``None`` is NULL."""

_VARIABLES = ("$NOW", "$TIME_FRAME_START", "$TIME_FRAME_END")


def numeral(value: int | float) -> Numeral:
    """Return a number that was computed, kept within 64 bits where it is whole."""
    if isinstance(value, int) and not INT_MIN <= value <= INT_MAX:
        value = _to_float(value)
    return Numeral(value, repr(value))


def raw_value(node: ast.Expr, context: Context) -> Raw:
    """Evaluate what is written as a value: literals, variables, parameters, and their arithmetic.

    Raises:
        NotYetSupported: a field stands there.
        WrongType: something else that is no value.
    """
    match node:
        case ast.Number():
            return Numeral(numeral(node.value).value, node.text)
        case ast.String() | ast.Boolean():
            return node.value
        case ast.Null():
            return None
        case ast.Variable():
            return Instant(_variable(node, context))
        case ast.Duration():
            return duration(node)
        case ast.Parameter():
            return _scalar_parameter(node, context)
        case ast.Negative():
            return _compute("-", Numeral(0, "0"), raw_value(node.operand, context), node, context)
        case ast.Arithmetic():
            left, right = raw_value(node.left, context), raw_value(node.right, context)
            return _compute(node.operator, left, right, node, context)
        case ast.Field():
            raise NotYetSupported(
                "a field is compared with a value; comparing two fields is not yet supported",
                node.span,
                hint=f"if {'.'.join(node.parts)} is a text, put it between quotes",
            )
        case _:
            raise WrongType(
                "the right side of a comparison is a value, not a function", node.span,
                hint="for conditions on aggregates write FILTER behind the aggregate",
            )  # fmt: skip


def duration(node: ast.Duration) -> Span:
    """Return the length of time of ``DURATION("…")``."""
    try:
        return parse_duration(node.text.value)
    except ValueError as error:
        raise BadValue(str(error), node.text.span) from None


def constants(nodes: tuple[ast.Expr, ...], field: Field, context: Context) -> list[r.Constant]:
    """Return the constants of an ``IN`` list; a parameter that is a list stands for its values."""
    return [convert(raw, field, node, context) for node in nodes for raw in _spread(node, context)]


def constant(node: ast.Expr, field: Field, context: Context) -> r.Constant:
    """Return the constant that a field is compared with; ``None`` for NULL."""
    return convert(raw_value(node, context), field, node, context)


def convert(raw: Raw, field: Field, node: ast.Expr, context: Context) -> r.Constant:
    """Return a value as the field's kind has it.

    Raises:
        WrongType, BadValue: it is none of that kind.
    """
    if raw is None:
        return None
    match field.kind:
        case Kind.STRING | Kind.ENUM:
            return _as_text(raw, field, node, context)
        case Kind.LONG | Kind.DOUBLE:
            return _as_number(raw, field, node)
        case Kind.BOOLEAN:
            return _as_boolean(raw, field, node)
        case Kind.DATE:
            return _as_date(raw, field, node, context)
        case Kind.IP:
            return _as_address(raw, field, node)
    raise AssertionError(field.kind)


def text_value(node: ast.Expr, context: Context, what: str) -> str:
    """Return a text, for a pattern or a prefix."""
    raw = raw_value(node, context)
    if isinstance(raw, Numeral):
        return raw.text
    if not isinstance(raw, str):
        raise WrongType(f"{what} is a text", node.span, hint="put it between quotes")
    return raw


def whole_number(node: ast.Expr, context: Context, what: str, least: int) -> int:
    """Return a whole number not below ``least``."""
    raw = raw_value(node, context)
    value = raw.value if isinstance(raw, Numeral) else None
    if not isinstance(value, int) or value < least:
        raise BadValue(f"{what} is a whole number from {least}", node.span)
    return value


def number_value(node: ast.Expr, context: Context, what: str) -> int | float:
    """Return a number."""
    raw = raw_value(node, context)
    if not isinstance(raw, Numeral):
        raise WrongType(f"{what} is a number", node.span)
    return raw.value


def calculate(operator: str, left: int | float, right: int | float) -> int | float | None:
    """Return the result between literals: exact for whole numbers; ``None`` for division by 0."""
    try:
        match operator:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
        if right == 0:
            return None
        whole = isinstance(left, int) and isinstance(right, int)
        if operator == "/":
            return left // right if whole and left % right == 0 else left / right
        # the sign of the dividend, unlike Python's own
        return int(math.copysign(abs(left) % abs(right), left)) if whole else math.fmod(left, right)
    except OverflowError:
        return None


# --- helpers -------------------------------------------------------------------------------------


def _to_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _variable(node: ast.Variable, context: Context) -> int:
    match node.name:
        case "$NOW":
            return context.now
        case "$TIME_FRAME_START":
            return context.session_span()[0]
        case "$TIME_FRAME_END":
            return context.session_span()[1]
    hint = nearest(node.name, _VARIABLES) or f"there are {', '.join(_VARIABLES)}"
    raise UnknownName(f"there is no variable {node.name}", node.span, hint=hint)


def _parameter(node: ast.Parameter, context: Context) -> Any:
    if node.name not in context.parameters:
        known = nearest(node.name, context.parameters)
        raise BadParameter(
            f"the parameter :{node.name} has no value",
            node.span,
            hint=known or f"give one: query(text, {{'{node.name}': …}}) or --param {node.name}=…",
        )
    return context.parameters[node.name]


def _scalar_parameter(node: ast.Parameter, context: Context) -> Raw:
    value = _parameter(node, context)
    if isinstance(value, list | tuple | set | frozenset):
        raise BadParameter(
            f"the parameter :{node.name} is a list", node.span,
            hint=f"lists go with IN: field IN (:{node.name})",
        )  # fmt: skip
    return _from_python(value, node)


def _from_python(value: Any, node: ast.Parameter) -> Raw:
    match value:
        case None | bool():
            return value
        case str():
            return value
        case int():
            return numeral(value)
        case float() if math.isfinite(value):
            return Numeral(value, repr(value))
        case datetime():
            return Instant(to_ms(value))
    raise BadParameter(
        f"the parameter :{node.name} cannot be {value!r}",
        node.span,
        hint="a parameter is None, a str, int, float, bool, aware datetime, or a list of them",
    )


def _spread(node: ast.Expr, context: Context) -> Iterator[Raw]:
    value = _parameter(node, context) if isinstance(node, ast.Parameter) else None
    if isinstance(node, ast.Parameter) and isinstance(value, list | tuple | set | frozenset):
        ordered = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        yield from (_from_python(item, node) for item in ordered)
    else:
        yield raw_value(node, context)


def _compute(operator: str, left: Raw, right: Raw, node: ast.Expr, context: Context) -> Raw:
    match left, right:
        case (None, _) | (_, None):
            return None
        case Numeral(value=a), Numeral(value=b):
            result = calculate(operator, a, b)
            return None if result is None else numeral(result)
        case Instant(), Span() if operator in "+-":
            return _shifted(left, right if operator == "+" else -right, node, context)
        case Span(), Instant() if operator == "+":
            return _shifted(right, left, node, context)
        case Instant(ms=a), Instant(ms=b) if operator == "-":
            return numeral(a - b)
        case Instant(ms=a), Numeral(value=b) if operator in "+-":
            return Instant(round(a + b if operator == "+" else a - b))
        case Numeral(value=a), Instant(ms=b) if operator == "+":
            return Instant(round(a + b))
    raise WrongType(f"'{operator}' cannot stand between these values", node.span)


def _shifted(instant: Instant, span: Span, node: ast.Expr, context: Context) -> Instant:
    try:
        return Instant(shift(instant.ms, span, context.zone))
    except (ValueError, OverflowError) as error:
        raise BadValue(str(error), node.span) from None


def _as_text(raw: Raw, field: Field, node: ast.Expr, context: Context) -> str:
    match raw:
        case Numeral():
            return raw.text
        case str():
            if field.values and raw not in field.values:
                hint = nearest(raw, field.values)
                context.explain(
                    f"'{raw}' is not among the known values of {field.name}"
                    + (f"; {hint}" if hint else "")
                )
            return raw
    shown = "'true'" if raw is True else "'false'" if raw is False else "a text"
    raise WrongType(f"{field.name} is a {field.kind.value}", node.span, hint=f"write {shown}")


def _as_number(raw: Raw, field: Field, node: ast.Expr) -> int | float:
    match raw:
        case Numeral():
            return raw.value
        case Span(months=0):
            return raw.ms
        case str():
            value = _number_in(raw)
            if value is not None:
                return value
    raise WrongType(
        f"{field.name} is a number", node.span, hint=f"write a number, such as {field.name} = 5"
    )


def _number_in(text: str) -> int | float | None:
    try:
        return numeral(int(text)).value
    except ValueError:
        pass
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _as_boolean(raw: Raw, field: Field, node: ast.Expr) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.casefold() in ("true", "false"):
        return raw.casefold() == "true"
    raise WrongType(f"{field.name} is true or false", node.span, hint=f"write {field.name} = true")


def _as_date(raw: Raw, field: Field, node: ast.Expr, context: Context) -> int | float:
    match raw:
        case Instant():
            return raw.ms
        case Numeral():
            return raw.value
        case str():
            if raw.strip().lstrip("-").isdecimal():
                return numeral(int(raw)).value
            try:
                return parse_date(raw, context.zone)
            except ValueError as error:
                raise BadValue(str(error), node.span) from None
    raise WrongType(f"{field.name} is a date", node.span, hint="write it as '2024-03-01'")


def _as_address(raw: Raw, field: Field, node: ast.Expr) -> str:
    if isinstance(raw, str):
        try:
            return encode(raw)
        except ValueError:
            raise BadValue(
                f"'{raw}' is not an IP address", node.span,
                hint="for part of an address use STARTSWITH or LIKE",
            ) from None  # fmt: skip
    raise WrongType(f"{field.name} is an IP address", node.span, hint="write it as a text")
