"""Local time, its parts, and codes of formatted dates, in whole-number arithmetic.

Whole-number division and remainder differ between engines below zero, so everything is moved above
zero first: year 1 is about -6.2e13 ms.
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
from usql.zones import DAY_MS, EPOCH, MS

_ABOVE_ZERO = 10**14
FULL_RANGE = tuple((EPOCH.replace(year=year) - EPOCH) // MS for year in (1900, 2200))
"""Where clock changes are looked for in dates that arithmetic made, in ms."""

_CHAIN = 4
"""So many offsets stand in one ``CASE``; more make a tree of them."""


def local_time(state: State, instant: Callable[[], Node], *, computed: bool) -> Node:
    """Return local time in ms.

    Args:
        state: zone and range of dates.
        instant: makes the instant's node, anew at each call.
        computed: whether arithmetic made the instant, so that it may lie outside the stored range.
    """
    low, high = FULL_RANGE if computed else state.dates
    offsets = state.zone.transitions(low, high)
    if len(offsets) == 1:
        offset = offsets[0][1]
        return sql.add(instant(), sql.number(offset)) if offset else instant()
    return sql.add(instant(), _offset(offsets, instant))


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
            return sql.call(Generic.INT_DIV, _modulo(local, DAY_MS), sql.number(3_600_000))
        case "minute":
            return sql.call(Generic.INT_DIV, _modulo(local, 3_600_000), sql.number(60_000))


def date_code(form: DateFormat, local: Node) -> Node:
    """Return the code of a formatted date (see ``usql.dateformat``)."""
    if form.interval is not None and _matters(form.interval, form.parts):
        local = _rounded(form.interval, local)
    parts = form.parts
    if not parts:
        # nothing shown: one code for all, but null stays null
        return sql.mul(local, sql.number(0))
    code, rest = _leading(parts, local)
    for part in rest:
        code = sql.add(sql.mul(code, sql.number(part.radix)), _PARTS[part](local.copy()))
    return code


def _leading(parts: tuple[Part, ...], local: Node) -> tuple[Node, tuple[Part, ...]]:
    """Return the code of the longest run of parts that one division gives, and the other parts."""
    run = (Part.DATE, Part.HOUR, Part.MINUTE, Part.SECOND)
    length = 0
    while length < min(len(parts), len(run)) and parts[length] is run[length]:
        length += 1
    if length == 0:
        return _PARTS[parts[0]](local.copy()), parts[1:]
    return _floor_div(local.copy(), run[length - 1].ms), parts[length:]


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
        weekday = _modulo(sql.add(days.copy(), sql.number(3)), 7)
        return sql.mul(sql.sub(days, weekday), sql.number(DAY_MS))
    start = {1: Generic.MONTH_START, 3: Generic.QUARTER_START, 12: Generic.YEAR_START}
    return sql.mul(sql.call(start[interval.months], days), sql.number(DAY_MS))


def _floor_div(value: Node, divisor: int) -> Node:
    """Return the quotient rounded down, also below zero."""
    shift = -(-_ABOVE_ZERO // divisor)
    above = sql.add(value, sql.number(shift * divisor))
    return sql.sub(sql.call(Generic.INT_DIV, above, sql.number(divisor)), sql.number(shift))


def _modulo(value: Node, divisor: int) -> Node:
    """Return the remainder that is never negative."""
    shift = -(-_ABOVE_ZERO // divisor) * divisor
    return sql.call(Generic.INT_MOD, sql.add(value, sql.number(shift)), sql.number(divisor))


def _days(local: Node) -> Node:
    return _floor_div(local, DAY_MS)


def _weekday(local: Node, shift: int) -> Node:
    return _modulo(sql.add(_days(local), sql.number(shift)), 7)


def _hour(local: Node) -> Node:
    return date_part("hour", local)


def _half_day_hour(local: Node) -> Node:
    return sql.add(_modulo(sql.add(_hour(local), sql.number(11)), 12), sql.number(1))


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
    Part.YEAR: lambda local: date_part("year", local),
    Part.YEAR_OF_CENTURY: lambda local: _modulo(date_part("year", local), 100),
    Part.MONTH: lambda local: date_part("month", local),
    Part.MONTH_LETTER: lambda local: _letter(date_part("month", local), MONTH_LETTERS),
    Part.DAY: lambda local: date_part("day", local),
    Part.WEEKDAY: lambda local: _weekday(local, 3),
    Part.WEEKDAY_LETTER: lambda local: _letter(_weekday(local, 3), WEEKDAY_LETTERS),
    Part.WEEKDAY_NUMBER: lambda local: sql.add(_weekday(local, 4), sql.number(1)),
    Part.HOUR: _hour,
    Part.HOUR_OF_HALF_DAY: _half_day_hour,
    Part.MINUTE: lambda local: date_part("minute", local),
    Part.SECOND: lambda local: sql.call(Generic.INT_DIV, _modulo(local, 60_000), sql.number(1_000)),
}
