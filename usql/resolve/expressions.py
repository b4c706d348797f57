"""Expressions over a row: fields, arithmetic, date functions; their types and how many values.

What leaves has no aggregate in it, and at most one operand of any operation has many values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from usql import ast
from usql import resolved as r
from usql.dateformat import DEFAULT_FORMAT, DateFormat
from usql.errors import (
    BadValue,
    NotYetSupported,
    UnknownField,
    UnknownName,
    WrongStructure,
    WrongType,
)
from usql.formatter import field_text
from usql.functions import FUNCTIONS, Family, Function
from usql.resolve.context import Context, Scope
from usql.resolve.names import nearest, resolve_any_field, resolve_field
from usql.resolve.values import Instant, Numeral, calculate, numeral, raw_value, text_value
from usql.source import Span
from usql.types import BOOLEAN, DATE, DOUBLE, LONG, NULL, STRING, Kind, Type

_NUMERIC = (Kind.LONG, Kind.DOUBLE, Kind.DATE, Kind.NULL)


def resolve_row_expression(node: ast.Expr, scope: Scope) -> r.Expr:
    """Return what an expression is worth for one row.

    Raises:
        WrongStructure: an aggregate stands in it.
    """
    match node:
        case ast.Field():
            return resolve_field(node, scope)
        case ast.Arithmetic():
            left = resolve_row_expression(node.left, scope)
            right = _right_operand(node, scope)
            return arithmetic(node.operator, left, right, node)
        case ast.Negative():
            operand = resolve_row_expression(node.operand, scope)
            return arithmetic("-", r.Const(0, LONG), operand, node)
        case ast.Count() | ast.ConditionCall():
            raise _misplaced(node)
        case ast.Call():
            return _call(node, scope)
        case _:
            return constant_expression(node, scope.context)


def constant_expression(node: ast.Expr, context: Context) -> r.Const:
    """Return the constant that a literal, a variable or a parameter is."""
    match raw_value(node, context):
        case Numeral(value=value):
            return _number(value)
        case bool(value):
            return r.Const(value, BOOLEAN)
        case str(text):
            return r.Const(text, STRING)
        case Instant(ms=ms):
            return r.Const(ms, DATE)
        case None:
            return r.Const(None, NULL)
        case span:
            if span.months:
                raise WrongType("a duration of months has no fixed length", node.span)
            return r.Const(span.ms, LONG)


def arithmetic(operator: ast.Operator, left: r.Expr, right: r.Expr, node: ast.Expr) -> r.Expr:
    """Return an operation, with the type section 12 of the language gives it."""
    for operand in (left, right):
        if operand.type.kind not in _NUMERIC:
            raise WrongType(
                f"{operator} works on numbers and dates, not on {_a(operand.type.one)}",
                _operand_span(operand, left, node),
                hint="numbers are long and double fields; usql fields lists them",
            )
    if left.type.many and right.type.many:
        raise WrongType(
            f"both sides of {operator} have many values each", node.span,
            hint="query FROM the table whose rows have one value of each",
        )  # fmt: skip
    if isinstance(left, r.Const) and isinstance(right, r.Const):
        return _folded(operator, left, right)
    kind = _result_kind(operator, left.type.kind, right.type.kind)
    if operator == "/" and _is_exact(left) and _is_exact(right):
        kind = Kind.DOUBLE
    return r.Arithmetic(operator, left, right, Type(kind, left.type.many or right.type.many))


def function_of(node: ast.Call) -> Function:
    """Return the signature of a call, its number of arguments checked."""
    function = FUNCTIONS.get(node.name)
    if function is None:
        raise _unknown_function(node)
    if function.family is Family.RESERVED:
        raise NotYetSupported(
            f"{node.name.upper()} is not yet supported", node.span, hint="leave it out"
        )
    if not function.least <= len(node.arguments) <= function.most:
        raise WrongType(_arity_message(function, len(node.arguments)), node.span,
                        hint=f"write {_usage(function, node)}")  # fmt: skip
    return function


def check_operand(function: Function, operand: r.Expr, span: Span) -> None:
    """Raise ``WrongType`` where a function cannot work on such values."""
    if operand.type.kind in function.kinds:
        return
    name = f"{operand.field.name}, " if isinstance(operand, r.FieldRef) else ""
    allowed = sorted(kind.value for kind in function.kinds)
    listed = " and ".join(filter(None, [", ".join(allowed[:-1]), allowed[-1]]))
    raise WrongType(
        f"{function.name.upper()} does not work on {name}{_a(operand.type.one)}",
        span,
        hint=f"it works on {listed} fields",
    )


def date_function(node: ast.Call, operand: r.Expr, context: Context) -> r.Expr:
    """Return ``YEAR(operand)`` … or ``DATETIME(operand, format, interval)``."""
    function = function_of(node)
    check_operand(function, operand, node.arguments[0].span)
    if function.family is Family.DATE_PART:
        return r.DatePart(cast(r.DatePartName, function.name), operand)
    return r.DateText(_date_format(node, context), operand)


def is_aggregate(node: ast.Expr) -> bool:
    """Whether a node itself is an aggregate."""
    if isinstance(node, ast.Count | ast.ConditionCall):
        return True
    return isinstance(node, ast.Call) and _family(node) is Family.AGGREGATE


def has_aggregate(node: ast.Expr) -> bool:
    """Whether an aggregate stands anywhere in an expression."""
    return is_aggregate(node) or any(has_aggregate(child) for child in operands(node))


def has_top(node: ast.Expr) -> bool:
    """Whether a ``TOP`` stands anywhere in an expression."""
    return is_top(node) or any(has_top(child) for child in operands(node))


def is_top(node: ast.Expr) -> bool:
    """Whether a node itself is a ``TOP``."""
    return isinstance(node, ast.Call) and _family(node) is Family.TOP


def is_date_function(node: ast.Expr) -> bool:
    """Whether a node is ``YEAR`` … ``MINUTE`` or ``DATETIME``."""
    return isinstance(node, ast.Call) and _family(node) in (Family.DATE_PART, Family.DATE_TEXT)


def operands(node: ast.Expr) -> Iterator[ast.Expr]:
    """Yield the expressions an expression is made of."""
    match node:
        case ast.Arithmetic():
            yield from (node.left, node.right)
        case ast.Negative():
            yield node.operand
        case ast.Call():
            yield from node.arguments


# --- helpers -------------------------------------------------------------------------------------


def _unknown_function(node: ast.Call) -> UnknownName:
    """Return the error that says what to write instead, also to those who know other languages."""
    from usql.syntax_hints.habits import FUNCTIONS as FOREIGN

    name = node.name.upper()
    first = node.arguments[0] if node.arguments else None
    argument = field_text(first.parts) if isinstance(first, ast.Field) else "field"
    percentile = re.fullmatch(r"P(?:ERCENTILE)?_?(\d{1,2})", name)
    if percentile is not None:
        hint: str | None = f"write PERCENTILE({argument}, {percentile[1]})"
    elif name in FOREIGN:
        hint = FOREIGN[name].replace("{}", argument)
    else:
        hint = nearest(node.name, (n.upper() for n in FUNCTIONS))
    span = Span(node.span.start, node.span.start + len(node.name))
    return UnknownName(f"there is no function {name}", span, hint=hint or _KNOWN_FUNCTIONS)


_KNOWN_FUNCTIONS = (
    "there are MIN, MAX, AVG, SUM, MEDIAN, PERCENTILE, COUNT, APDEX, TOP, CONDITION, KEYS, "
    "DATETIME, YEAR, MONTH, DAY, HOUR and MINUTE"
)


def _usage(function: Function, node: ast.Call) -> str:
    """Return how a function is written, with the field that was named."""
    first = node.arguments[0] if node.arguments else None
    named = field_text(first.parts) if isinstance(first, ast.Field) else "field"
    return function.usage.replace("field", named)


def _arity_message(function: Function, given: int) -> str:
    least, most = function.least, function.most
    takes = f"{least}" if least == most else f"{least} to {most}"
    noun = "argument" if most == 1 else "arguments"
    are = "is" if given == 1 else "are"
    return f"{function.name.upper()} takes {takes} {noun}; {given or 'none'} {are} given"


def _a(type_: Type) -> str:
    return f"{'an' if str(type_)[0] in 'aeiou' else 'a'} {type_}"


def _right_operand(node: ast.Arithmetic, scope: Scope) -> r.Expr:
    """Return the second operand; if there is none, perhaps a key with a dash was meant."""
    try:
        return resolve_row_expression(node.right, scope)
    except UnknownField as error:
        match node.left, node.right:
            case ast.Field(parts=(*path, key)), ast.Field(parts=(rest,)) if (
                len(path) > 0
                and path[-1].casefold().endswith("properties")
                and node.right.span.start == node.left.span.end + 1
            ):
                error.hint = f"write {field_text([*path, f'{key}{node.operator}{rest}'])}"
        raise


def _operand_span(operand: r.Expr, left: r.Expr, node: ast.Expr) -> Span:
    match node:
        case ast.Arithmetic():
            return node.left.span if operand is left else node.right.span
        case ast.Negative():
            return node.operand.span
    return node.span


def _family(node: ast.Call) -> Family | None:
    function = FUNCTIONS.get(node.name)
    return function.family if function else None


def _number(value: int | float | None) -> r.Const:
    if value is None:
        return r.Const(None, NULL)
    return r.Const(value, LONG if isinstance(value, int) else DOUBLE)


def _folded(operator: str, left: r.Const, right: r.Const) -> r.Const:
    if left.value is None or right.value is None:
        return r.Const(None, NULL)
    assert isinstance(left.value, int | float)
    assert isinstance(right.value, int | float)
    result = calculate(operator, left.value, right.value)
    if result is None:
        return r.Const(None, NULL)
    kind = _result_kind(operator, left.type.kind, right.type.kind)
    if kind is Kind.DATE:
        return r.Const(round(result), DATE)
    return _number(numeral(result).value)


def _is_exact(expr: r.Expr) -> bool:
    """Whether an expression has neither a field nor a date part, which make division round.

    The share of rows that bounced, an aggregate over another one, is no whole number.
    """
    match expr:
        case r.Const() | r.Aggregate():
            return True
        case r.Arithmetic():
            return _is_exact(expr.left) and _is_exact(expr.right)
    return False


def _result_kind(operator: str, left: Kind, right: Kind) -> Kind:
    dates = (left is Kind.DATE) + (right is Kind.DATE)
    if dates == 1 and (operator == "+" or (operator == "-" and left is Kind.DATE)):
        return Kind.DATE
    return Kind.DOUBLE if Kind.DOUBLE in (left, right) else Kind.LONG


def _call(node: ast.Call, scope: Scope) -> r.Expr:
    function = function_of(node)
    match function.family:
        case Family.KEYS:
            return _keys(node, scope)
        case Family.DATE_PART | Family.DATE_TEXT:
            operand = resolve_row_expression(node.arguments[0], scope)
            return date_function(node, operand, scope.context)
    raise _misplaced(node)


def _keys(node: ast.Call, scope: Scope) -> r.KeysRef:
    argument = node.arguments[0]
    reference = resolve_any_field(argument, scope) if isinstance(argument, ast.Field) else None
    if not isinstance(reference, r.PropertiesRef):
        raise WrongType(
            "KEYS takes a …Properties field, without a key",
            argument.span,
            hint="write KEYS(stringProperties)",
        )
    return r.KeysRef(reference.field)


def _misplaced(node: ast.Expr) -> WrongStructure:
    name = node.name.upper() if isinstance(node, ast.Call) else "an aggregate"
    return WrongStructure(
        f"{name} cannot stand within this", node.span, hint="name a field of a row here"
    )


_LETTERS = {
    "S": "fractions of a second are not shown; leave them out",
    "T": "text stands between single quotes; within a text they are doubled: ''T''",
    "a": "hours from 0 to 23 are HH",
    "w": "for weeks round down: DATETIME(startTime, 'yyyy-MM-dd', 'week')",
}
"""Letters of other date formats -> what to write."""


def _letter_hint(pattern: str, problem: str) -> str | None:
    if "%" in pattern:
        return "write it as yyyy-MM-dd HH:mm:ss"
    if not problem.startswith("'"):
        return None
    meant = pattern.translate(str.maketrans("DYknL", "dyHmM"))
    try:
        DateFormat.of(meant)
    except ValueError:
        return _LETTERS.get(problem[1:2])
    return f"write '{meant}'"


def _date_format(node: ast.Call, context: Context) -> DateFormat:
    texts = [
        text_value(argument, context, what)
        for argument, what in zip(
            node.arguments[1:], ("the format of DATETIME", "the interval of DATETIME"), strict=False
        )
    ]
    pattern, interval = [*texts, DEFAULT_FORMAT][0], texts[1] if len(texts) > 1 else None
    try:
        DateFormat.of(pattern)
    except ValueError as error:
        hint = _letter_hint(pattern, str(error))
        raise BadValue(str(error), node.arguments[1].span, hint=hint) from None
    try:
        return DateFormat.of(pattern, interval)
    except ValueError as error:
        raise BadValue(str(error), node.arguments[2].span) from None
