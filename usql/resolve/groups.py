"""Expressions over a group: keys, aggregates, lists, and arithmetic over them."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from usql import ast
from usql import resolved as r
from usql.errors import WrongStructure, WrongType
from usql.formatter import field_text
from usql.functions import FUNCTIONS, Family
from usql.record import Record
from usql.resolve.conditions import resolve_condition
from usql.resolve.context import Scope
from usql.resolve.expressions import (
    arithmetic,
    check_operand,
    constant_expression,
    date_function,
    function_of,
    has_aggregate,
    is_aggregate,
    is_date_function,
    is_top,
    resolve_row_expression,
)
from usql.resolve.names import resolve_field
from usql.resolve.values import number_value, whole_number
from usql.schema import PRIMARY
from usql.types import DOUBLE, LONG, Kind, Type


class Groups(Record):
    """The keys of an aggregation, for the expressions that stand over them."""

    scope: Scope
    keys: tuple[r.Key, ...]

    def key_of(self, expr: r.Expr, top: int | None = None) -> r.KeyRef | None:
        """Return the key that has this value; ``top`` is that of a ``TOP``.

        A plain value is the plain key, if there is one, rather than one that keeps its ``TOP``.
        """
        alike = [(i, key.top) for i, key in enumerate(self.keys) if key.expr == expr]
        exact = [i for i, kept in alike if kept == top]
        found = exact or ([i for i, _ in alike] if top is None else [])
        return r.KeyRef(found[0], expr.type.one) if found else None


def resolve_top(node: ast.Call, scope: Scope) -> tuple[r.Expr, int]:
    """Return what ``TOP(field, n)`` ranks, and how many it keeps."""
    function = function_of(node)
    first, last = node.arguments[0], node.arguments[-1]
    if isinstance(first, ast.Number):
        field = field_text(last.parts) if isinstance(last, ast.Field) else "city"
        raise WrongType("TOP takes a field first, then a number", first.span,
                        hint=f"write TOP({field}, {first.text})")  # fmt: skip
    operand = resolve_row_expression(first, scope)
    check_operand(function, operand, first.span)
    count = 1
    if len(node.arguments) > 1:
        count = whole_number(node.arguments[1], scope.context, "the number of TOP", 1)
    return operand, count


def resolve_group_expression(node: ast.Expr, groups: Groups) -> r.Expr:
    """Return what an expression is worth for a group.

    Raises:
        WrongStructure: a field stands in it that is neither a key nor within an aggregate.
    """
    if is_aggregate(node):
        return resolve_aggregate(node, groups.scope)
    if is_top(node):
        operand, count = resolve_top(cast(ast.Call, node), groups.scope)
        return groups.key_of(operand, count) or r.TopList(operand, count)
    if not has_aggregate(node):
        whole = _whole_key(node, groups)
        if whole is not None:
            return whole
    match node:
        case ast.Arithmetic():
            return _arithmetic(node, groups)
        case ast.Negative():
            operand = _single(resolve_group_expression(node.operand, groups), node.operand)
            return arithmetic("-", r.Const(0, LONG), operand, node)
        case ast.Field():
            raise ungrouped(node)
        case ast.Call() if is_date_function(node) and has_aggregate(node.arguments[0]):
            operand = resolve_group_expression(node.arguments[0], groups)
            return date_function(node, operand, groups.scope.context)
        case ast.Call():
            return r.ValueList(resolve_row_expression(node, groups.scope))
        case _:
            return constant_expression(node, groups.scope.context)


def resolve_aggregate(node: ast.Expr, scope: Scope) -> r.Aggregate:
    """Return an aggregate; ``CONDITION`` adds its condition to the aggregate within."""
    match node:
        case ast.ConditionCall():
            return _conditional(node, scope)
        case ast.Count(field=None):
            return r.Aggregate("count", None, LONG)
        case ast.Count(field=ast.Number() as number):
            raise WrongType("COUNT takes a field or *", number.span, hint="write COUNT(*)")
        case ast.Count(field=field) if field is not None:
            operand = _operand(field, scope)
            check_operand(FUNCTIONS["count"], operand, field.span)
            return r.Aggregate("count", operand, LONG, distinct=node.distinct)
        case ast.Call():
            return _function(node, scope)
    raise AssertionError(node)


def ungrouped(node: ast.Field) -> WrongStructure:
    """Return the error for a field that has no single value in a group."""
    name = ".".join(node.parts)
    return WrongStructure(
        f"{name} is neither grouped nor aggregated",
        node.span,
        hint=f"add {name} to GROUP BY, or write TOP({name}, 3) or MAX({name})",
    )


# --- helpers -------------------------------------------------------------------------------------


def _whole_key(node: ast.Expr, groups: Groups) -> r.Expr | None:
    """Return the key or the constant that an expression without aggregates is as a whole."""
    if isinstance(node, ast.Arithmetic | ast.Negative) and not _is_row_expression(node):
        return None
    try:
        value = resolve_row_expression(node, groups.scope)
    except WrongType:
        if isinstance(node, ast.Arithmetic | ast.Negative):
            return None  # what is wrong for a row may be right for keys, which have one value each
        raise
    return value if isinstance(value, r.Const) else groups.key_of(value)


def _is_row_expression(node: ast.Expr) -> bool:
    match node:
        case ast.Arithmetic():
            return _is_row_expression(node.left) and _is_row_expression(node.right)
        case ast.Negative():
            return _is_row_expression(node.operand)
    return not (is_aggregate(node) or is_top(node))


def _arithmetic(node: ast.Arithmetic, groups: Groups) -> r.Expr:
    left = _single(resolve_group_expression(node.left, groups), node.left)
    right = _single(resolve_group_expression(node.right, groups), node.right)
    return arithmetic(node.operator, left, right, node)


def _single(operand: r.Expr, node: ast.Expr) -> r.Expr:
    if isinstance(operand, r.TopList | r.ValueList):
        raise WrongStructure(
            "this is a list of values in each group", node.span, hint="put it into GROUP BY"
        )
    return operand


def _operand(node: ast.Expr, scope: Scope) -> r.Expr:
    if has_aggregate(node) or is_top(node):
        raise WrongStructure(
            "an aggregate cannot stand within another one", node.span,
            hint="name a field of a row here",
        )  # fmt: skip
    return resolve_row_expression(node, scope)


def _function(node: ast.Call, scope: Scope) -> r.Aggregate:
    function = function_of(node)
    if function.name == "apdex":
        return _apdex(node, scope)
    operand = _operand(node.arguments[0], scope)
    check_operand(function, operand, node.arguments[0].span)
    percentile = _percentile(node, scope)
    name = "percentile" if function.name == "median" else function.name
    kind = operand.type.kind if function.keeps else function.result
    if operand.type.kind is Kind.DATE:
        kind = Kind.DATE
    return r.Aggregate(cast(r.AggregateName, name), operand, Type(kind), percentile=percentile)


def _apdex(node: ast.Call, scope: Scope) -> r.Aggregate:
    """Return an Apdex: the average of what actions count, since unknown ones do not."""
    if not node.arguments:
        return r.Aggregate("avg", r.ApdexWeight(_apdex_category(node, scope), None), DOUBLE)
    if len(node.arguments) < 3:
        raise WrongType(
            f"APDEX takes no arguments or three; {len(node.arguments)} given", node.span,
            hint="write APDEX(), or APDEX(duration, 3000, 12000) with thresholds in ms",
        )  # fmt: skip
    first, satisfied, tolerated = node.arguments
    operand = _operand(first, scope)
    check_operand(FUNCTIONS["apdex"], operand, first.span)
    low = number_value(satisfied, scope.context, "the first threshold of APDEX")
    high = number_value(tolerated, scope.context, "the second threshold of APDEX")
    if high < low:
        raise WrongType(
            f"what is tolerated ends at {high}, before what satisfies, at {low}", tolerated.span,
            hint="write the smaller threshold first",
        )  # fmt: skip
    return r.Aggregate("avg", r.ApdexWeight(operand, (low, high)), DOUBLE)


def _apdex_category(node: ast.Call, scope: Scope) -> r.Source:
    """Return the stored category of the actions that a row is, has or lies beside."""
    if scope.table.name not in (_ACTIONS, PRIMARY):
        raise WrongStructure(
            f"APDEX() is about user actions, and {scope.table.name} has none", node.span,
            hint=f"query FROM {_ACTIONS} or FROM {PRIMARY}",
        )  # fmt: skip
    return resolve_field(ast.Field((_ACTIONS, "apdexCategory"), span=node.span), scope)


_ACTIONS = "useraction"


def _percentile(node: ast.Call, scope: Scope) -> float | None:
    if node.name == "median":
        return 50.0
    if node.name != "percentile":
        return None
    argument = node.arguments[1]
    value = number_value(argument, scope.context, "the second argument of PERCENTILE")
    if not 0 <= value <= 100:
        raise WrongType(
            f"there is no percentile {value}", argument.span, hint="write a number from 0 to 100"
        )
    return float(value)


def _conditional(node: ast.ConditionCall, scope: Scope) -> r.Aggregate:
    inner = node.aggregate
    plain = isinstance(inner, ast.Count) or (
        isinstance(inner, ast.Call)
        and inner.name in FUNCTIONS
        and FUNCTIONS[inner.name].family is Family.AGGREGATE
    )
    if not plain:
        raise WrongStructure(
            "CONDITION takes an aggregate first",
            inner.span,
            hint="write CONDITION(COUNT(*), WHERE bounce = true)",
        )
    condition = resolve_condition(node.condition, scope)
    return replace(resolve_aggregate(inner, scope), condition=condition)
