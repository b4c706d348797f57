"""ClickHouse's spellings, under the settings that the store's client asks for.

Those make joins and aggregates yield NULL as other engines do, and let a cast keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot import exp

from usql import resolved as r
from usql.dialects import Dialect
from usql.plan.sql import Generic, Node
from usql.zones import CYCLE_MS, CYCLE_START, MAX_MS, Zone

_CYCLE_DAYS = 146_097
_CYCLE_YEARS = 400
_FIRST_DAY = -25_567
"""1900-01-01, from which a type of dates covers just one cycle of the calendar, 400 years."""

_TYPES: dict[type, str] = {
    bool: "Bool",
    int: "Int64",
    float: "Float64",
    str: "String",
}


def _call(name: str, *arguments: Node) -> Node:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _number(value: int) -> Node:
    literal = exp.Literal(this=str(abs(value)), is_string=False)
    return exp.Neg(this=literal) if value < 0 else literal


def _text(value: str) -> Node:
    return exp.Literal(this=value, is_string=True)


def _add(left: Node, right: Node) -> Node:
    return exp.Paren(this=exp.Add(this=left, expression=right))


def _sub(left: Node, right: Node) -> Node:
    return exp.Paren(this=exp.Sub(this=left, expression=right))


def _mul(left: Node, right: Node) -> Node:
    return exp.Paren(this=exp.Mul(this=left, expression=right))


def _real(node: Node) -> Node:
    return _call("toFloat64", node)


def _not_zero(node: Node) -> Node:
    if isinstance(node, exp.Literal) and node.name != "0":
        return node
    return _call("nullIf", node, _number(0))


def _divided(left: Node, right: Node) -> Node:
    return _call("divide", _real(left), _not_zero(right))


def _rounded(node: Node) -> Node:
    """Round half away from zero: ``round`` does so for whole numbers, but not for doubles.

    A double's halves, without what is behind the point, times 5 end with 5 where it had a half.
    What stands behind a NULL is converted too, and may be infinite.
    """
    whole = _call("trunc", _mul(node, _number(2)))
    halves = _call("accurateCastOrNull", whole, _text("Int128"))
    tenths = _call("round", _mul(halves, _number(5)), _number(-1))
    return _exact(_call("intDiv", tenths, _number(10)))


def _exact(node: Node) -> Node:
    """Refuse what is beyond 64 bits, where ClickHouse would go on with the lowest 64."""
    return _call("accurateCast", node, _text("Nullable(Int64)"))


def _wide(name: str) -> Callable[[Node, Node], Node]:
    return lambda a, b: _exact(_call(name, _call("toInt128", a), _call("toInt128", b)))


def _sum(value: Node) -> Node:
    return _exact(exp.Sum(this=_call("toInt128", value)))


_BITS = 54
"""More than the 53 of a double, since a logarithm may be off by one."""
_LEAST_EXPONENT = -900


def _float_mod(a: Node, b: Node) -> Node:
    """Return the exact remainder, which ClickHouse's own, ``a - trunc(a / b) * b``, is not.

    A double is a whole number times a power of two; the remainder is worked out in whole numbers.
    Where the quotient is beyond 2 ** 190, there is none.
    """

    def cast(value: Node, kind: str) -> Node:
        # no error where a branch is worked out that is not taken
        return _call("accurateCastOrNull", value, _text(kind))

    def scale(x: Node) -> Node:
        return _call("exp2", _sub(_number(_BITS), exponent(x)))

    def exponent(x: Node) -> Node:
        size = _call("floor", _call("log2", _call("abs", x.copy())))
        return _call("greatest", size, _number(_LEAST_EXPONENT))

    def whole(x: Node) -> Node:
        return _call("toInt256", cast(_mul(x.copy(), scale(x)), "Int64"))

    x, y = exp.to_identifier("x"), exp.to_identifier("y")
    apart = cast(_call("greatest", _sub(exponent(x), exponent(y)), _number(0)), "UInt8")
    dividend = _mul(whole(x), _call("bitShiftLeft", _call("toInt256", _number(1)), apart))
    rest = _call("toInt64", _call("modulo", dividend, _not_zero(whole(y))))
    exact = _call("divide", _real(rest), scale(y))
    small = exp.LT(this=_call("abs", x.copy()), expression=_call("abs", y.copy()))
    value = _call("multiIf", _call("isInfinite", x.copy()), exp.Null(), small, x.copy(), exact)
    # a function of a list of one gives names to what stands in many places
    mapped = _call(
        "arrayMap",
        exp.Lambda(this=value, expressions=[x.copy(), y.copy()]),
        _call("array", _call("toNullable", _real(a))),
        _call("array", _not_zero(_real(b))),
    )
    return _call("arrayElement", mapped, _number(1))


def _percentile(value: Node, n: Node, *ps: Node) -> Node:
    return _percentile_of(_real(value), n, ps)


def _percentile_of(value: Node, n: Node, ps: Sequence[Node]) -> Node:
    """Ask for all as a list, which ClickHouse makes once for all calls that are alike."""
    parts = [exp.Div(this=p, expression=_number(100)) for p in ps]
    several = len(parts) > 1
    name = "quantilesExactInclusive" if several else "quantileExactInclusive"
    found = exp.ParameterizedAgg(this=name, expressions=parts, params=[value])
    if not several:
        return found
    # of no values there is a list of what is not a number
    one = _call("arrayElement", found, _number(int(n.name) + 1))
    return _call("if", _call("isNaN", one), exp.Null(), one.copy())


def _field_percentile(value: Node, n: Node, *ps: Node) -> Node:
    """Take whole numbers as they are: they are gathered and sorted sooner than doubles."""
    return _percentile_of(value, n, ps)


def _nth_least(value: Node, n: Node) -> Node:
    least = exp.ParameterizedAgg(this="groupArraySorted", expressions=[n], params=[value])
    enough = exp.GTE(this=exp.Count(this=value.copy()), expression=n.copy())
    return _call("if", enough, _call("arrayElement", least, n.copy()), exp.Null())


def _contains(text: Node, part: Node) -> Node:
    """Return a pattern of the part alone, which the engine finds sooner than a position."""
    literal = _call("replaceRegexpAll", part, _text(r"([%_\\])"), _text(r"\\\1"))
    pattern = _call("concat", _text("%"), literal, _text("%"))
    return exp.Like(this=text, expression=pattern)


def like(pattern: Sequence[str | r.Wildcard]) -> str:
    r"""Return a pattern as ``LIKE`` takes it.

    >>> like(("50% off\\", r.Wildcard("*")))
    '50\\% off\\\\%'
    """
    signs = {"*": "%", "?": "_"}
    return "".join(signs[p.sign] if isinstance(p, r.Wildcard) else _literal(p) for p in pattern)


def _literal(text: str) -> str:
    return "".join(f"\\{c}" if c in "%_\\" else c for c in text)


def placeholder(name: str, value: Any) -> Node:
    """Return a placeholder with the type of its value."""
    return exp.Placeholder(this=name, kind=_TYPES[type(value)])


# --- local time


_EARLIEST_MS = -(10**13)
"""Zones had no offset but their first until then, in 1653."""
_OFFSET_BITS = 18
"""Of an offset in seconds, moved above zero; a date within a cycle leaves so many of 64."""
_ABOVE_ZERO_S = 100_000


def offset_codes(zone: Zone) -> str:
    """Return all changes of a zone's offset as a list of numbers: the instant, then the offset.

    One text is read sooner than a thousand pairs.
    """
    codes = (
        (max(instant, _EARLIEST_MS) << _OFFSET_BITS) + offset // 1000 + _ABOVE_ZERO_S
        for instant, offset in zone.table()
    )
    return f"[{','.join(map(str, codes))}]"


def _offset(instant: Node, zone: Node) -> Node:
    """Look up an instant in a zone's table, of which later dates repeat the end.

    Nothing has to be found for a NULL, to which it is added; ClickHouse looks for it, row by row,
    where it does not know that.
    """
    known = _call("assumeNotNull", instant)
    within = _call("least", _call("greatest", known, _number(_EARLIEST_MS)), _number(MAX_MS))
    beyond = _call("greatest", _sub(within.copy(), _number(CYCLE_START)), _number(0))
    cycles = _mul(_call("intDiv", beyond, _number(CYCLE_MS)), _number(CYCLE_MS))
    last = _number((1 << _OFFSET_BITS) - 1)
    code = _add(_mul(_sub(within, cycles), _number(1 << _OFFSET_BITS)), last)
    change = _call("roundDown", code, _call("CAST", zone, _text("Array(Int64)")))
    seconds = _sub(_call("bitAnd", change, last.copy()), _number(_ABOVE_ZERO_S))
    return _mul(seconds, _number(1000))


# --- calendar


def _date(days: Node) -> Node:
    """Return the date of a day, moved by whole cycles of the calendar into what dates cover."""
    into = _call("positiveModulo", _sub(days, _number(_FIRST_DAY)), _number(_CYCLE_DAYS))
    return _add(_call("toDate32", _text("1900-01-01")), _call("toInt32", into))


def _cycle_years(days: Node) -> Node:
    """Return by how many years a date was moved."""
    from_first = _real(_sub(days, _number(_FIRST_DAY)))
    cycles = _call("floor", exp.Div(this=from_first, expression=_number(_CYCLE_DAYS)))
    return _mul(_call("toInt64", cycles), _number(_CYCLE_YEARS))


def _read(part: str) -> Callable[[Node], Node]:
    return lambda days: _call("toInt64", _call(part, _date(days)))


def _year(days: Node) -> Node:
    return _add(_read("toYear")(days.copy()), _cycle_years(days))


def _year_month(days: Node) -> Node:
    hundreds = _mul(_cycle_years(days.copy()), _number(100))
    return _add(_read("toYYYYMM")(days), hundreds)


def _month_day(days: Node) -> Node:
    return exp.Paren(this=exp.Mod(this=_read("toYYYYMMDD")(days), expression=_number(10_000)))


def _start(day_within: Callable[[Node], Node]) -> Callable[[Node], Node]:
    """Return what makes the first day of a unit, in days, of a day."""
    return lambda days: _sub(days.copy(), _sub(day_within(days), _number(1)))


def _day_of_quarter(days: Node) -> Node:
    date = _date(days)
    first = _call("toStartOfQuarter", date.copy())
    return _add(_sub(_call("toInt64", date), _call("toInt64", first)), _number(1))


CLICKHOUSE = Dialect(
    name="ClickHouse",
    sqlglot="clickhouse",
    pattern=like,
    zone=offset_codes,
    placeholder=placeholder,
    spellings={
        Generic.PERCENTILE: _percentile,
        Generic.FIELD_PERCENTILE: _field_percentile,
        Generic.NTH_LEAST: _nth_least,
        Generic.ANY: lambda node: exp.Max(this=_call("ifNull", node, _number(0))),
        Generic.GROUPED: lambda value: _add(value, _number(0)),
        Generic.LIST: lambda *entries: _call("groupArray", _call("tuple", *entries)),
        Generic.LIST_TEXT: lambda value: value,
        Generic.OFFSET: _offset,
        Generic.MATCHES: lambda text, pattern: exp.Like(this=text, expression=pattern),
        Generic.CONTAINS: _contains,
        Generic.TIE: lambda value: value,
        Generic.INT_DIV: lambda a, b: _call("intDiv", a, b),
        Generic.ROUND_DIV: lambda a, b: _rounded(_divided(a, b)),
        Generic.ROUND: _rounded,
        Generic.FLOAT_DIV: _divided,
        Generic.INT_MOD: lambda a, b: _call("modulo", a, _not_zero(b)),
        Generic.FLOAT_MOD: _float_mod,
        Generic.ADD: _wide("plus"),
        Generic.SUB: _wide("minus"),
        Generic.MUL: _wide("multiply"),
        Generic.SUM: _sum,
        # as a double, since a sum of 64 bits may overflow
        Generic.AVG: lambda value: exp.Avg(this=_real(value)),
        Generic.YEAR: _year,
        Generic.YEAR_MONTH: _year_month,
        Generic.MONTH_DAY: _month_day,
        Generic.MONTH: _read("toMonth"),
        Generic.DAY: _read("toDayOfMonth"),
        Generic.MONTH_START: _start(_read("toDayOfMonth")),
        Generic.QUARTER_START: _start(_day_of_quarter),
        Generic.YEAR_START: _start(_read("toDayOfYear")),
    },
)
