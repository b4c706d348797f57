"""What stands on the right of a comparison -> a constant of the field's type."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeAlias

from usql import ast
from usql import resolved as r
from usql.addresses import encode
from usql.dates import Span, parse_date, parse_duration, shift
from usql.errors import (
    BadParameter,
    BadValue,
    NotYetSupported,
    UnknownName,
    UsqlError,
    WrongType,
)
from usql.formatter import field_text
from usql.limits import check
from usql.record import Record
from usql.resolve.context import Context
from usql.resolve.names import nearest
from usql.schema import Field
from usql.timeframe import to_ms
from usql.types import Kind

INT_MIN, INT_MAX = -(2**63), 2**63 - 1


class Instant(Record):
    """A moment in ms, from a variable or a parameter."""

    ms: int


class Numeral(Record):
    """A number and how it was written."""

    value: int | float
    text: str


Raw: TypeAlias = "Numeral | str | bool | Instant | Span | None"
"""A constant before its field's type is known; ``None`` is NULL."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]+)?([eE][+-]?[0-9]+)?")
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
    check()
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
            raise _name_for_value(node, context)
        case _:
            raise _function_for_value(node)


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
    if field.kind is Kind.DATE:
        _reject_subtracted_date(node)
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
    if isinstance(node, ast.Field):
        written = field_text(node.parts)
        raise WrongType(f"{what} is a text", node.span, hint=f"put it between quotes: '{written}'")
    raw = raw_value(node, context)
    if isinstance(raw, Numeral):
        return raw.text
    if not isinstance(raw, str):
        raise WrongType(f"{what} is a text", node.span, hint="put it between quotes")
    return raw


def whole_number(node: ast.Expr, context: Context, what: str, least: int) -> int:
    """Return a whole number not below ``least``."""
    raw = None if isinstance(node, ast.Field) else raw_value(node, context)
    value = raw.value if isinstance(raw, Numeral) else None
    if not isinstance(value, int) or value < least:
        raise BadValue(f"{what} is a whole number, {least} or more", node.span,
                       hint=_whole_number_hint(raw, least))  # fmt: skip
    return value


def number_value(node: ast.Expr, context: Context, what: str) -> int | float:
    """Return a number."""
    raw = None if isinstance(node, ast.Field) else raw_value(node, context)
    if not isinstance(raw, Numeral):
        number = _number_in(raw) if isinstance(raw, str) else None
        hint = f"write {raw} without quotes" if number is not None else "write a number, such as 5"
        raise WrongType(f"{what} is a number", node.span, hint=hint)
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


def _reject_subtracted_date(node: ast.Expr) -> None:
    """Raise for ``startTime > 2024-03-01``, which would be the number 2020."""
    match node:
        case ast.Arithmetic(
            "-" | "/" as sign,
            ast.Arithmetic("-" | "/", ast.Number() as first, ast.Number() as second),
            ast.Number() as third,
        ) if 1000 <= max(first.value, third.value) <= 9999:
            date = sign.join((first.text, second.text, third.text))
            raise BadValue(
                "a date without quotes is a calculation", node.span, hint=f"write '{date}'"
            )


def _name_for_value(node: ast.Field, context: Context) -> UsqlError:
    """Return the error for a name where a value belongs: a field, or a text without quotes."""
    from usql.syntax_hints.habits import MOMENTS, NO_WORDS

    written, word = field_text(node.parts), node.parts[-1].upper()
    table = context.schema.find(node.parts[0]) if len(node.parts) > 1 else None
    tables = context.schema.tables if table is None else (table,)
    if any(t.find(node.parts[0 if table is None else 1]) for t in tables):
        return NotYetSupported(
            "a field is compared with a value; comparing two fields is not yet supported",
            node.span,
            hint=f"if {written} is a text, write '{written}'",
        )
    if word in NO_WORDS:
        hint = f"for no value write {NO_WORDS[word]}; for the text, '{written}'"
    elif word in MOMENTS:
        hint = f"write {MOMENTS[word]}"
    else:
        hint = f"a text stands in quotes: '{written}'"
    return UnknownName(f"{written} is not a value", node.span, hint=hint)


def _function_for_value(node: ast.Expr) -> WrongType:
    """Return the error for a function where a value belongs."""
    from usql.syntax_hints.habits import CASE_FUNCTIONS, MOMENTS

    name = node.name.upper() if isinstance(node, ast.Call) else ""
    first = node.arguments[0] if isinstance(node, ast.Call) and node.arguments else None
    text = first.value if isinstance(first, ast.String) else None
    if name == "IN":
        return WrongType("IN cannot follow IS", node.span, hint="leave IS out")
    if name in CASE_FUNCTIONS and text is not None:
        hint = f"write '{text.lower() if 'L' in name[:3] else text.upper()}'"
    elif name in MOMENTS:
        hint = f"write '{text}'" if text is not None else f"write {MOMENTS[name]}"
    else:
        hint = "run a query for the value first, and compare with its result"
    return WrongType("the right side of a comparison is a value, not a function", node.span,
                     hint=hint)  # fmt: skip


def _whole_number_hint(raw: Raw, least: int) -> str:
    value = raw.value if isinstance(raw, Numeral) else None
    if isinstance(value, float) and value >= least:
        return f"write {int(value)}"
    if isinstance(value, int) and -value >= least:
        return f"write {-value}"
    return f"write a number, such as {max(least, 5)}"


def _computation_hint(operator: str, left: Raw, right: Raw) -> str:
    if isinstance(left, Instant) and isinstance(right, str):
        return f"write DURATION('{right}')"
    if isinstance(left, str) and isinstance(right, Span):
        return "only $NOW and its like move by a duration; write the date that is meant"
    return f"{operator} works on numbers, and on $NOW and a DURATION"


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
    hint = nearest(node.name, _VARIABLES) or (
        f"there are {', '.join(_VARIABLES)}; a parameter is written :{node.name[1:].lower()}"
    )
    raise UnknownName(f"there is no variable {node.name}", node.span, hint=hint)


def _parameter(node: ast.Parameter, context: Context) -> Any:
    if node.name not in context.parameters:
        known = nearest(f":{node.name}", (f":{name}" for name in context.parameters))
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


_HALF = re.compile("[\ud800-\udfff]")
"""Half of a character, which no store can hold."""


def _from_python(value: Any, node: ast.Parameter) -> Raw:
    match value:
        case None | bool():
            return value
        case str() if not _HALF.search(value):
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
    raise WrongType(f"{operator} cannot stand between these values", node.span,
                    hint=_computation_hint(operator, left, right))  # fmt: skip


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
    raise WrongType(
        f"{field.name} is a {field.kind.value}, and this is none", node.span, hint=f"write {shown}"
    )


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
    raise WrongType(f"{field.name} is a number", node.span, hint="write a number, such as 5")


def _number_in(text: str) -> int | float | None:
    """Return the number that a text is; Python alone would also take ``1_000`` and ``inf``."""
    stripped = text.strip()  # of more blanks than int and float know
    match = _NUMBER.fullmatch(stripped)
    if match is None:
        return None
    if match[1] is None and match[2] is None:
        return numeral(int(stripped)).value
    value = float(stripped)
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
            if (number := _number_in(raw)) is not None:
                return number
            try:
                return parse_date(raw, context.zone)
            except ValueError as error:
                hint = "between slashes the month comes first" if "/" in raw else None
                raise BadValue(str(error), node.span, hint=hint) from None
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
    raise WrongType(
        f"{field.name} is an IP address", node.span, hint=f"write {field.name} = '10.0.0.1'"
    )
