"""SQLite's spellings. ``usql_…`` functions are registered by the backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from usql import resolved as r
from usql.dialects import WHOLE, Dialect
from usql.plan.sql import Generic, Node

SORTED = "usql_sorted"
PERCENTILE = "usql_percentile"
FLOAT_MOD = "usql_fmod"
OFFSET = "usql_offset"


def _call(name: str, *arguments: Node) -> Node:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _text(value: str) -> Node:
    return exp.Literal(this=value, is_string=True)


def _cast(node: Node, kind: Any) -> Node:
    return exp.Cast(this=node, to=exp.DataType(this=kind))


def _unindexed(node: Node) -> Node:
    """Return a value as an expression, lest SQLite takes the rows in the order of its index.

    It would look up each row by itself, and have to sort them all the same.
    """
    return exp.Coalesce(this=node, expressions=[exp.Null()])


def _whole(node: Node) -> Node:
    return _cast(node, exp.DataType.Type.BIGINT)


def _real(node: Node) -> Node:
    return _cast(node, exp.DataType.Type.DOUBLE)


def _divide(left: Node, right: Node) -> Node:
    """``left / right`` as it stands: whole between whole numbers, NULL where right is 0."""
    return exp.Paren(this=exp.Div(this=left, expression=right, typed=True, safe=True))


def _rounded(node: Node) -> Node:
    return _whole(_call("ROUND", node))


def _list(*entries: Node) -> Node:
    return _call("JSON_GROUP_ARRAY", _call("JSON_ARRAY", *entries))


def _civil(days: Node, form: str, *modifiers: Node) -> Node:
    """Return what ``strftime`` says of a day, as a number; days count from 1970-01-01."""
    seconds = exp.Paren(this=exp.Mul(this=days, expression=exp.Literal.number(86_400)))
    return _whole(_call("STRFTIME", _text(form), seconds, _text("unixepoch"), *modifiers))


def _start(days: Node, *modifiers: Node) -> Node:
    return _divide(_civil(days, "%s", *modifiers), exp.Literal.number(86_400))


def _quarter_start(days: Node) -> Node:
    month = _civil(days.copy(), "%m")
    into = exp.Paren(this=exp.Sub(this=month, expression=exp.Literal.number(1)))
    months = exp.Paren(this=exp.Mod(this=into, expression=exp.Literal.number(3)))
    back = exp.DPipe(
        this=exp.DPipe(this=_text("-"), expression=months), expression=_text(" months")
    )
    return _start(days, _text("start of month"), back)


def glob(pattern: Sequence[str | r.Wildcard]) -> str:
    """Return a pattern as ``GLOB`` takes it.

    >>> glob(("50% [a]", r.Wildcard("*")))
    '50% [[]a]*'
    """
    return "".join(p.sign if isinstance(p, r.Wildcard) else _literal(p) for p in pattern)


def _literal(text: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)


def _contains(text: Node, part: Node) -> Node:
    return exp.GT(
        this=_call("INSTR", text, part), expression=exp.Literal(this="0", is_string=False)
    )


SQLITE = Dialect(
    name="SQLite",
    sqlglot="sqlite",
    pattern=glob,
    spellings={
        # SQLite gathers the values once for all percentiles of the same values
        Generic.PERCENTILE: lambda value, n, *ps: _call(
            PERCENTILE, _call(SORTED, value), ps[int(n.name)]
        ),
        # gathered by SQLite itself, which takes half as long as calling Python with each value
        Generic.FIELD_PERCENTILE: lambda value, n, *ps: _call(
            PERCENTILE, _call("JSON_GROUP_ARRAY", value), ps[int(n.name)]
        ),
        Generic.ANY: lambda node: exp.Max(this=_call("IFNULL", node, exp.Literal.number(0))),
        Generic.GROUPED: lambda value: value,
        Generic.LIST: _list,
        Generic.LIST_TEXT: lambda value: _call("PRINTF", _text("%!.17g"), value),
        Generic.OFFSET: lambda instant, zone: _call(OFFSET, instant, zone),
        Generic.MATCHES: lambda text, pattern: exp.Glob(this=text, expression=pattern),
        Generic.CONTAINS: _contains,
        Generic.TIE: _unindexed,
        Generic.INT_DIV: _divide,
        Generic.ROUND_DIV: lambda a, b: _rounded(_divide(_real(a), b)),
        Generic.ROUND: _rounded,
        Generic.FLOAT_DIV: lambda a, b: _divide(_real(a), b),
        Generic.INT_MOD: lambda a, b: exp.Paren(this=exp.Mod(this=a, expression=b)),
        Generic.FLOAT_MOD: lambda a, b: _call(FLOAT_MOD, a, b),
        **WHOLE,
        Generic.YEAR: lambda days: _civil(days, "%Y"),
        Generic.YEAR_MONTH: lambda days: _civil(days, "%Y%m"),
        Generic.MONTH_DAY: lambda days: _civil(days, "%m%d"),
        Generic.MONTH: lambda days: _civil(days, "%m"),
        Generic.DAY: lambda days: _civil(days, "%d"),
        Generic.MONTH_START: lambda days: _start(days, _text("start of month")),
        Generic.QUARTER_START: _quarter_start,
        Generic.YEAR_START: lambda days: _start(days, _text("start of year")),
    },
)
