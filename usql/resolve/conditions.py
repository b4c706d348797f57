"""Conditions: fields found, values made constants of the field's type, negations pulled out."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from typing import Literal, cast

from usql import ast
from usql import resolved as r
from usql.errors import (
    BadValue,
    Ended,
    NotYetSupported,
    UnknownSegment,
    UsqlError,
    WrongStructure,
    WrongType,
)
from usql.resolve.context import Context, Scope
from usql.resolve.names import nearest, resolve_field
from usql.resolve.patterns import parse_pattern
from usql.resolve.values import constant, constants, text_value
from usql.source import Span
from usql.types import Kind


def resolve_condition(node: ast.Condition, scope: Scope) -> r.Condition:
    """Return a condition with everything settled."""
    return _resolve(node, scope)


@singledispatch
def _resolve(node: ast.Node, scope: Scope) -> r.Condition:
    raise AssertionError(f"no rule for {type(node).__name__}")


@_resolve.register
def _(node: ast.And, scope: Scope) -> r.Condition:
    return r.And(tuple(_resolve(item, scope) for item in node.items))


@_resolve.register
def _(node: ast.Or, scope: Scope) -> r.Condition:
    return r.Or(tuple(_resolve(item, scope) for item in node.items))


@_resolve.register
def _(node: ast.Not, scope: Scope) -> r.Condition:
    return r.Not(_resolve(node.operand, scope))


@_resolve.register
def _(node: ast.Compare, scope: Scope) -> r.Condition:
    source = resolve_field(node.field, scope)
    value = constant(node.value, source.field, scope.context)
    if node.operator in ("=", "!="):
        equal: r.Condition = r.IsNull(source) if value is None else r.Compare(source, "=", value)
        return _negated(equal, node.operator == "!=")
    _check_ordered(source, value, node.value.span)
    return r.Compare(source, cast(Literal["<", ">", "<=", ">="], node.operator), value)


@_resolve.register
def _(node: ast.In, scope: Scope) -> r.Condition:
    source = resolve_field(node.field, scope)
    values = constants(node.values, source.field, scope.context)
    present = tuple(dict.fromkeys(v for v in values if v is not None))
    found: r.Condition = r.OneOf(source, present)
    if None in values:
        found = r.Or((found, r.IsNull(source))) if present else r.IsNull(source)
    return _negated(found, node.negated)


@_resolve.register
def _(node: ast.Between, scope: Scope) -> r.Condition:
    source = resolve_field(node.field, scope)
    low, high = (constant(n, source.field, scope.context) for n in (node.low, node.high))
    _check_ordered(source, low, node.low.span)
    _check_ordered(source, high, node.high.span)
    return _negated(r.Between(source, low, high), node.negated)


@_resolve.register
def _(node: ast.Like, scope: Scope) -> r.Condition:
    source = _text_field(node.field, scope, "LIKE")
    pattern = text_value(node.pattern, scope.context, "the pattern of LIKE")
    return _negated(r.Like(source, parse_pattern(pattern)), node.negated)


@_resolve.register
def _(node: ast.StartsWith, scope: Scope) -> r.Condition:
    source = _text_field(node.field, scope, "STARTSWITH")
    prefix = text_value(node.prefix, scope.context, "what STARTSWITH looks for")
    pattern = (prefix, r.Wildcard("*")) if prefix else (r.Wildcard("*"),)
    return _negated(r.Like(source, pattern), node.negated)


@_resolve.register
def _(node: ast.Matches, scope: Scope) -> r.Condition:
    raise NotYetSupported("MATCHES is not yet supported", node.span, hint="use LIKE with % and ?")


@_resolve.register(ast.Scope)
@_resolve.register(ast.ScopeCount)
def _(node: ast.Scope | ast.ScopeCount, scope: Scope) -> r.Condition:
    word = node.quantifier if isinstance(node, ast.Scope) else "COUNT"
    raise NotYetSupported(
        f"{word}({node.table.text}: …) is not yet supported",
        node.span,
        hint=f"write FROM {node.table.text} for conditions on one row, or name its fields directly",
    )


@_resolve.register
def _(node: ast.InSegment, scope: Scope) -> r.Condition:
    """A segment speaks of sessions: from other tables, of the session of the row."""
    context, name = scope.context, node.name.value
    condition = _segment(node, context)
    inner = replace(context, within=(*context.within, name.casefold()))
    try:
        held = _resolve(condition, Scope(inner, context.schema.primary))
    except Ended:
        raise
    except UsqlError as error:  # its place is in the segment's text, not in the query's
        message = f"segment '{name}': {error.message}"
        raise type(error)(message, node.span, hint=error.hint) from error
    return held if scope.table.primary else r.OfSession(held)


def _segment(node: ast.InSegment, context: Context) -> ast.Condition:
    name, span = node.name.value, node.name.span
    if name.casefold() in context.within:
        raise WrongStructure(f"segment '{name}' is made of itself", span)
    condition = context.segments.condition(name)
    if condition is None:
        names = context.segments.names()
        listed = f"there are {', '.join(names[:8])}{' …' * (len(names) > 8)}" if names else None
        hint = nearest(name, names) or listed or "no segments are stored here"
        raise UnknownSegment(f"there is no segment '{name}'", span, hint=hint)
    return condition


def _negated(condition: r.Condition, negated: bool) -> r.Condition:
    return r.Not(condition) if negated else condition


def _text_field(node: ast.Field, scope: Scope, word: str) -> r.Source:
    source = resolve_field(node, scope)
    if not source.type.kind.is_text:
        raise WrongType(
            f"{word} needs a text, and {source.field.name} is a {source.field.kind.value}",
            node.span,
            hint="compare with =, <, > or BETWEEN",
        )
    return source


def _check_ordered(source: r.Source, value: r.Constant, span: Span) -> None:
    if value is None:
        raise BadValue(
            "NULL is neither smaller nor larger", span, hint="write IS NULL, or IS NOT NULL"
        )
    if source.type.kind is Kind.BOOLEAN:
        raise WrongType(
            f"{source.field.name} is true or false, which have no order",
            span,
            hint="compare with = or !=",
        )
