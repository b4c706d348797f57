"""DuckDB's spellings; nothing has to be registered for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from usql import resolved as r
from usql.dialects import WHOLE, Dialect
from usql.plan.sql import Generic, Node
from usql.zones import CYCLE_MS, CYCLE_START, MAX_MS, MIN_MS, Zone

_ESCAPE = "!"
"""Stands before what would be a wildcard of ``LIKE``."""


def _call(name: str, *arguments: Node) -> Node:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _number(text: str) -> Node:
    return exp.Literal(this=text, is_string=False)


def _text(value: str) -> Node:
    return exp.Literal(this=value, is_string=True)


def _cast(node: Node, kind: Any) -> Node:
    return exp.Cast(this=node, to=exp.DataType(this=kind))


def _whole(node: Node) -> Node:
    return _cast(node, exp.DataType.Type.BIGINT)


def _real(node: Node) -> Node:
    return _cast(node, exp.DataType.Type.DOUBLE)


def _not_zero(node: Node) -> Node:
    """DuckDB refuses to divide by zero; by NULL it gives NULL."""
    return exp.Nullif(this=node, expression=_number("0"))


def _percentile(value: Node, n: Node, *ps: Node) -> Node:
    """Ask for all as a list, which DuckDB makes once for all calls that are alike.

    It interpolates between whole numbers as between doubles, and sorts them sooner.
    """
    parts = [exp.Div(this=_real(p), expression=_number("100"), typed=True) for p in ps]
    if len(parts) == 1:
        return _call("QUANTILE_CONT", value, parts[0])
    found = _call("QUANTILE_CONT", value, exp.Array(expressions=parts))
    return _call("LIST_EXTRACT", found, _number(str(int(n.name) + 1)))


def _float_div(left: Node, right: Node) -> Node:
    return exp.Paren(this=exp.Div(this=_real(left), expression=_not_zero(right), typed=True))


def _float_mod(left: Node, right: Node) -> Node:
    """``%``, since ``FMOD`` takes the sign of the divisor."""
    return exp.Paren(this=exp.Mod(this=_real(left), expression=_real(_not_zero(right))))


def _rounded(node: Node) -> Node:
    return _whole(_call("ROUND", node))


def _matches(text: Node, pattern: Node) -> Node:
    like = exp.Like(this=text, expression=pattern)
    return exp.Escape(this=like, expression=_text(_ESCAPE))


def like(pattern: Sequence[str | r.Wildcard]) -> str:
    """Return a pattern as ``LIKE … ESCAPE '!'`` takes it.

    >>> like(("50% off!", r.Wildcard("*")))
    '50!% off!!%'
    """
    signs = {"*": "%", "?": "_"}
    return "".join(signs[p.sign] if isinstance(p, r.Wildcard) else _literal(p) for p in pattern)


def _literal(text: str) -> str:
    return "".join(f"{_ESCAPE}{c}" if c in ("%", "_", _ESCAPE) else c for c in text)


def _zone(zone: Zone) -> tuple[tuple[int, ...], ...]:
    """Return a zone's table as two lists: instants, and the offsets from each on."""
    return tuple(zip(*zone.table(), strict=True))


def _offset(instant: Node, zone: Node) -> Node:
    """Look up an instant in a zone's table, of which later dates repeat the end.

    A function of Python's would stand in the way of what DuckDB makes of the expression around it.
    """
    within = _call("LEAST", _call("GREATEST", instant, _number(str(MIN_MS))), _number(str(MAX_MS)))
    beyond = exp.Sub(this=within.copy(), expression=_number(str(CYCLE_START)))
    cycles = exp.IntDiv(
        this=_call("GREATEST", beyond, _number("0")), expression=_number(str(CYCLE_MS))
    )
    moved = exp.Mul(this=exp.Paren(this=cycles), expression=_number(str(CYCLE_MS)))
    found = exp.Sub(this=within, expression=moved)
    starts, offsets = (_call("LIST_EXTRACT", zone.copy(), _number(part)) for part in "12")
    start = exp.to_identifier("start")
    past = exp.Lambda(
        this=exp.LTE(this=exp.Column(this=start), expression=found), expressions=[start.copy()]
    )
    return _call("LIST_EXTRACT", offsets, _call("LEN", _call("LIST_FILTER", starts, past)))


def _date(days: Node) -> Node:
    """Return the date that so many days after 1970-01-01 are."""
    whole = _cast(days, exp.DataType.Type.INT)
    return exp.Paren(this=exp.Add(this=_epoch(), expression=whole))


def _epoch() -> Node:
    return _cast(_text("1970-01-01"), exp.DataType.Type.DATE)


def _read(part: str) -> Callable[[Node], Node]:
    return lambda days: _call(part, _date(days))


def _start(unit: str) -> Callable[[Node], Node]:
    """Return what makes the first day of a unit of the calendar, in days, of a day."""

    def spelled(days: Node) -> Node:
        first = _cast(_call("DATE_TRUNC", _text(unit), _date(days)), exp.DataType.Type.DATE)
        return exp.Paren(this=exp.Sub(this=first, expression=_epoch()))

    return spelled


def _two(high: str, low: str) -> Callable[[Node], Node]:
    """Return what reads two parts of a date as one number, ``high * 100 + low``."""

    def spelled(days: Node) -> Node:
        hundreds = exp.Mul(this=_call(high, _date(days.copy())), expression=_number("100"))
        return exp.Paren(this=exp.Add(this=hundreds, expression=_call(low, _date(days))))

    return spelled


DUCKDB = Dialect(
    name="DuckDB",
    sqlglot="duckdb",
    pattern=like,
    zone=_zone,
    spellings={
        Generic.PERCENTILE: _percentile,
        Generic.ANY: lambda node: exp.Coalesce(
            this=exp.LogicalOr(this=node), expressions=[exp.false()]
        ),
        Generic.GROUPED: lambda value: value,
        Generic.LIST: lambda *entries: _call("LIST", _call("ROW", *entries)),
        Generic.LIST_TEXT: lambda value: value,
        Generic.OFFSET: _offset,
        Generic.MATCHES: _matches,
        Generic.CONTAINS: lambda text, part: _call("CONTAINS", text, part),
        Generic.TIE: lambda value: value,
        Generic.INT_DIV: lambda a, b: exp.Paren(this=exp.IntDiv(this=a, expression=b)),
        Generic.ROUND_DIV: lambda a, b: _rounded(_float_div(a, b)),
        Generic.ROUND: _rounded,
        Generic.FLOAT_DIV: _float_div,
        Generic.INT_MOD: lambda a, b: exp.Paren(this=exp.Mod(this=a, expression=_not_zero(b))),
        Generic.FLOAT_MOD: _float_mod,
        **WHOLE,
        Generic.YEAR: _read("YEAR"),
        Generic.YEAR_MONTH: _two("YEAR", "MONTH"),
        Generic.MONTH_DAY: _two("MONTH", "DAY"),
        Generic.MONTH: _read("MONTH"),
        Generic.DAY: _read("DAY"),
        Generic.MONTH_START: _start("month"),
        Generic.QUARTER_START: _start("quarter"),
        Generic.YEAR_START: _start("year"),
    },
)
