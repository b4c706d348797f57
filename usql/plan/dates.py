"""Local time, its parts, and codes of formatted dates, in whole-number arithmetic.

Whole-number division and remainder differ between engines below zero, so everything is moved above
zero first: year 1 is about -6.2e13 ms. Each part is made so that it looks at the local time once,
since that is a ``CASE`` of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from sqlglot import exp

from usql import resolved as r
from usql.dateformat import MONTH_LETTERS, WEEKDAY_LETTERS, DateFormat, Interval, Part
from usql.plan import sql
from usql.plan.sql import Generic, Node
from usql.plan.state import State
from usql.zones import DAY_MS

_ABOVE_ZERO = 10**14
MARGIN = 2 * DAY_MS
"""Sessions last hours; dates so far around their starts are looked up the quick way too."""
_MOST_OFFSETS = 64
"""Beyond so many changes of the clock, in some thirty years, a ``CASE`` is no longer quick."""
_LONGEST_RANGE = 60 * 366 * DAY_MS
"""A longer range has too many changes anyway, and finding them takes time."""
_CHAIN = 4
"""So many offsets stand in one ``CASE``; more make a tree of them."""


def local_time(state: State, instant: Callable[[], Node]) -> Node:
    """Return local time in ms.

    Over the range of the sessions the offset is a ``CASE`` of the zone's few clock changes there;
    the engine looks it up for dates outside, which properties and arithmetic can make.

    Args:
        state: zone and range of the sessions.
        instant: makes the instant's node, anew at each call.
    """
    low, high = state.starts[0] - MARGIN, state.starts[1] + MARGIN
    if state.zone.fixed:
        offset = state.zone.offset_at(low)
        return sql.add(instant(), sql.number(offset)) if offset else instant()

    def looked_up() -> Node:
        return sql.call(Generic.OFFSET, instant(), state.parameter(state.zone))

    offsets = state.zone.transitions(low, high) if high - low < _LONGEST_RANGE else []
    if not 0 < len(offsets) <= _MOST_OFFSETS:
        return sql.add(instant(), looked_up())
    within = exp.Between(this=instant(), low=sql.number(low), high=sql.number(high))
    return sql.add(instant(), sql.when(within, _offset(offsets, instant), looked_up()))


def _offset(offsets: list[tuple[int, int]], instant: Callable[[], Node]) -> Node:
    if len(offsets) <= _CHAIN:
        branches = [
            (_before(instant(), following[0]), sql.number(offset))
            for (_, offset), following in pairwise(offsets)
        ]
        last = sql.number(offsets[-1][1])
        return sql.case(branches, last) if branches else last
    middle = len(offsets) // 2
    return sql.when(
        _before(instant(), offsets[middle][0]),
        _offset(offsets[:middle], instant),
        _offset(offsets[middle:], instant),
    )


def _before(instant: Node, moment: int) -> Node:
    return exp.LT(this=instant, expression=sql.number(moment))


def date_part(part: r.DatePartName, local: Node) -> Node:
    """Return a number read off a local time."""
    match part:
        case "year":
            return sql.call(Generic.YEAR, _days(local))
        case "month":
            return sql.call(Generic.MONTH, _days(local))
        case "day":
            return sql.call(Generic.DAY, _days(local))
        case "hour":
            return sql.call(Generic.INT_DIV, modulo(local, DAY_MS), sql.number(3_600_000))
        case "minute":
            return sql.call(Generic.INT_DIV, modulo(local, 3_600_000), sql.number(60_000))


def constancy(expr: r.DatePart | r.DateText) -> int:
    """Return a length in ms: what is read off a date changes at multiples of it in local time."""
    if isinstance(expr, r.DatePart):
        return {"hour": 3_600_000, "minute": 60_000}.get(expr.part, DAY_MS)
    interval, parts = expr.format.interval, expr.format.parts
    if interval is not None and _matters(interval, parts):
        return interval.ms or DAY_MS
    return min((part.ms or DAY_MS for part in parts), default=DAY_MS)


def date_code(form: DateFormat, local: Node) -> Node:
    """Return the code of a formatted date (see ``usql.dateformat``)."""
    if form.interval is not None and _matters(form.interval, form.parts):
        local = _rounded(form.interval, local)
    code: Node | None = None
    parts = form.parts
    while parts:
        length, radix, value = _run(parts, local)
        code = value if code is None else sql.add(sql.mul(code, sql.number(radix)), value)
        parts = parts[length:]
        if parts:
            local = local.copy()
    # where nothing is shown there is one code for all, but null stays null
    return sql.mul(local, sql.number(0)) if code is None else code


_CLOCK = (Part.HOUR, Part.MINUTE, Part.SECOND)


def _run(parts: tuple[Part, ...], local: Node) -> tuple[int, int, Node]:
    """Return how many of the first parts one division gives, their joint radix, and their code."""
    first = parts[0]
    rest = (
        _CLOCK
        if first in (Part.DATE, Part.WEEKDAY)
        else _CLOCK[_CLOCK.index(first) + 1 :]
        if (first in _CLOCK)
        else ()
    )
    length = 1
    radix = first.radix
    for part, expected in zip(parts[1:], rest, strict=False):
        if part is not expected:
            break
        length += 1
        radix *= part.radix
    finest = parts[length - 1].ms
    if first is Part.DATE:
        return length, radix, _floor_div(local, finest)
    if length == 1:
        return length, radix, _PARTS[first](local)
    if first is Part.WEEKDAY:  # 1970-01-01 was a Thursday
        local = sql.add(local, sql.number(3 * DAY_MS))
    cycle = radix * finest
    return length, radix, sql.call(Generic.INT_DIV, modulo(local, cycle), sql.number(finest))


def _matters(interval: Interval, parts: tuple[Part, ...]) -> bool:
    """Whether rounding changes anything that is shown."""
    finest = min((part.ms for part in parts if part.ms), default=0)
    if interval.ms:
        whole_unit = interval.ms in (1_000, 60_000, 3_600_000, DAY_MS)
        return not (whole_unit and (finest == 0 or finest >= interval.ms))
    if interval.months == 1:
        return finest != 0
    if interval.months == 12:
        return bool(set(parts) - {Part.YEAR, Part.YEAR_OF_CENTURY})
    return True


def _rounded(interval: Interval, local: Node) -> Node:
    if interval.ms:
        return sql.mul(_floor_div(local, interval.ms), sql.number(interval.ms))
    days = _days(local)
    if interval.weeks:  # 1970-01-01 was a Thursday
        weeks = _floor_div(sql.add(days, sql.number(3)), 7)
        return sql.mul(sql.sub(sql.mul(weeks, sql.number(7)), sql.number(3)), sql.number(DAY_MS))
    start = {1: Generic.MONTH_START, 3: Generic.QUARTER_START, 12: Generic.YEAR_START}
    return sql.mul(sql.call(start[interval.months], days), sql.number(DAY_MS))


def _floor_div(value: Node, divisor: int) -> Node:
    """Return the quotient rounded down, also below zero."""
    shift = -(-_ABOVE_ZERO // divisor)
    above = sql.add(value, sql.number(shift * divisor))
    return sql.sub(sql.call(Generic.INT_DIV, above, sql.number(divisor)), sql.number(shift))


def modulo(value: Node, divisor: int) -> Node:
    """Return the remainder that is never negative."""
    shift = -(-_ABOVE_ZERO // divisor) * divisor
    return sql.call(Generic.INT_MOD, sql.add(value, sql.number(shift)), sql.number(divisor))


def _days(local: Node) -> Node:
    return _floor_div(local, DAY_MS)


def _weekday(local: Node, shift: int) -> Node:
    return modulo(sql.add(_days(local), sql.number(shift)), 7)


def _hour(local: Node) -> Node:
    return date_part("hour", local)


def _half_day_hour(local: Node) -> Node:
    return sql.add(modulo(sql.add(_hour(local), sql.number(11)), 12), sql.number(1))


def _letter(value: Node, letters: dict[int, int]) -> Node:
    """Map values to the first one with the same initial."""
    branches = [
        (sql.equal(value.copy(), sql.number(v)), sql.number(first))
        for v, first in letters.items()
        if v != first
    ]
    return sql.case(branches, value)


_PARTS: dict[Part, Callable[[Node], Node]] = {
    Part.DATE: _days,
    Part.YEAR_MONTH: lambda local: sql.call(Generic.YEAR_MONTH, _days(local)),
    Part.MONTH_DAY: lambda local: sql.call(Generic.MONTH_DAY, _days(local)),
    Part.YEAR: lambda local: date_part("year", local),
    Part.YEAR_OF_CENTURY: lambda local: modulo(date_part("year", local), 100),
    Part.MONTH: lambda local: date_part("month", local),
    Part.MONTH_LETTER: lambda local: _letter(date_part("month", local), MONTH_LETTERS),
    Part.DAY: lambda local: date_part("day", local),
    Part.WEEKDAY: lambda local: _weekday(local, 3),
    Part.WEEKDAY_LETTER: lambda local: _letter(_weekday(local, 3), WEEKDAY_LETTERS),
    Part.WEEKDAY_NUMBER: lambda local: sql.add(_weekday(local, 4), sql.number(1)),
    Part.HOUR: _hour,
    Part.HOUR_OF_HALF_DAY: _half_day_hour,
    Part.MINUTE: lambda local: date_part("minute", local),
    Part.SECOND: lambda local: sql.call(Generic.INT_DIV, modulo(local, 60_000), sql.number(1_000)),
}
