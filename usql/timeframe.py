"""Timeframe expressions: ``last 6 weeks``, ``-1d/d+9h to -1d/d+17h``, ``2024-03-01 to now``.

What arrives: an expression, or a pair of instants, with the zone and the moment it is read at. What
leaves: a ``Timeframe``, half-open, in milliseconds since 1970-01-01T00:00Z.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TypeAlias

from usql.dates import UNIT_MONTHS, Span, parse_date, parse_duration, round_down, shift, unit_of
from usql.errors import BadTimeframe
from usql.record import Record
from usql.zones import EPOCH, MS, Zone

Moment: TypeAlias = int | datetime
"""An instant: ms since 1970-01-01T00:00Z, or an aware ``datetime``."""
TimeframeLike: TypeAlias = "str | tuple[Moment | str, Moment | str] | Timeframe | None"

_EXAMPLES = "write 'last 7 days', 'yesterday', '-2h', '2024-03-01 to 2024-03-08', or two ms numbers"
_INTERVAL = re.compile(r"(this|previous)\s+([a-z]+)", re.IGNORECASE)
_LAST = re.compile(r"last\s+(?:(\d+)\s*)?([a-z]+)", re.IGNORECASE)
_BASE = re.compile(
    r"now|today|yesterday|\d{5,}(?!\d)(?![-/.:])|[-\d/.]{8,10}(?:[T ]\s*\d{1,2}(?::\d{1,2}){0,2}"
    r"(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?|\d{1,2}:\d{2}(?::\d{2})?",
    re.IGNORECASE,
)
_STEP = re.compile(r"\s*(?:([+-])\s*((?:\d+\s*[A-Za-z]+\s*)+)|/\s*([A-Za-z]+))\s*")


class Timeframe(Record):
    """The instants from ``start`` to before ``end``, in ms."""

    start: int
    end: int


def parse_timeframe(value: TimeframeLike, *, now: int, zone: Zone) -> Timeframe | None:
    """Return the interval that an expression or a pair of moments means.

    Args:
        value: an expression; a pair of moments, each ms, an aware ``datetime`` or an expression;
            or ``None`` for all data.
        now: the moment of the query, in ms.
        zone: governs dates, ``today`` and rounding.

    Raises:
        BadTimeframe: the value cannot be read, or ends before it starts.

    >>> parse_timeframe("last 2 days", now=259_200_000, zone=Zone.of("UTC"))
    Timeframe(start=86400000, end=259200000)
    """
    if value is None or isinstance(value, Timeframe):
        return value
    try:
        if isinstance(value, str):
            start, end = _expression(value.strip(), now, zone)
        else:
            start, end = (_moment(part, now, zone) for part in value)
    except (ValueError, OverflowError, TypeError) as error:
        raise BadTimeframe(f"{value!r} is not a timeframe: {error}", hint=_EXAMPLES) from None
    if end < start:
        raise BadTimeframe(f"the timeframe {value!r} ends before it starts")
    return Timeframe(start, end)


_BITS = 63
"""Of a whole number of 64 bits without its sign: no engine compares with more."""


def to_ms(moment: Moment) -> int:
    """Return an instant as ms.

    Raises:
        BadTimeframe: it is a ``datetime`` without a zone, beyond 64 bits, or no instant at all.
    """
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise BadTimeframe(
                f"the datetime {moment} has no time zone",
                hint="give it one: datetime(2024, 3, 1, tzinfo=timezone.utc)",
            )
        return (moment - EPOCH) // MS
    if isinstance(moment, bool) or not isinstance(moment, int):
        raise BadTimeframe(f"a moment is ms since 1970 or an aware datetime, not {moment!r}")
    if moment.bit_length() > _BITS:
        raise BadTimeframe("a moment in ms is a whole number of 64 bits")
    return moment


def _moment(value: Moment | str, now: int, zone: Zone) -> int:
    return _instant(value.strip(), now, zone) if isinstance(value, str) else to_ms(value)


def _expression(text: str, now: int, zone: Zone) -> tuple[int, int]:
    parts = re.split(r"\s+to\s+", text, flags=re.IGNORECASE)
    if len(parts) == 2:
        return _instant(parts[0], now, zone), _instant(parts[1], now, zone)
    if len(parts) > 2:
        raise ValueError("there is more than one 'to'")
    return _whole(text.casefold(), now, zone) or (_instant(text, now, zone), now)


def _whole(text: str, now: int, zone: Zone) -> tuple[int, int] | None:
    """Return the interval of an expression that stands for one by itself."""
    if text in ("today", "yesterday"):
        text = {"today": "this day", "yesterday": "previous day"}[text]
    match = _INTERVAL.fullmatch(text)
    if match is None:
        return None
    unit = _unit(match[2])
    start = round_down(now, unit, zone)
    if match[1] == "this":
        return start, _next(start, unit, zone)
    if unit == "w":  # seven whole days before today, unlike the calendar units
        today = round_down(now, "d", zone)
        return _days_back(today, 7, zone), today
    return round_down(start - 1, unit, zone), start


def _next(start: int, unit: str, zone: Zone) -> int:
    if unit in UNIT_MONTHS:
        return shift(start, Span(months=UNIT_MONTHS[unit]), zone)
    if unit in ("d", "w"):
        return _days_back(start, -7 if unit == "w" else -1, zone)
    return shift(start, parse_duration(f"1{unit}"), zone)


def _days_back(midnight: int, days: int, zone: Zone) -> int:
    """Return the midnight so many days before another one: days may have 23 or 25 hours."""
    return zone.to_instant(zone.to_local(midnight) - days * 86_400_000)


def _instant(text: str, now: int, zone: Zone) -> int:
    last = _LAST.fullmatch(text)
    if last is not None:
        return shift(now, -parse_duration(f"{last[1] or 1}{_unit(last[2])}"), zone)
    whole = _whole(text.casefold(), now, zone)
    if whole is not None:
        return whole[0]
    match = _BASE.match(text) if text[:1] not in "+-/" else None
    instant = _base(match.group(), now, zone) if match else now
    position = match.end() if match else 0
    if not text or (match is None and text[:1] not in "+-/"):
        raise ValueError(f"'{text}' is not understood")
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None:
            raise ValueError(f"'{text[position:]}' is not understood")
        instant = _apply(instant, step, zone)
        position = step.end()
    return instant


def _apply(instant: int, step: re.Match[str], zone: Zone) -> int:
    sign, amount, unit = step.groups()
    if unit is not None:
        return round_down(instant, _unit(unit), zone)
    span = parse_duration(amount)
    return shift(instant, -span if sign == "-" else span, zone)


def _base(text: str, now: int, zone: Zone) -> int:
    word = text.casefold()
    if word == "now":
        return now
    if word in ("today", "yesterday"):
        today = round_down(now, "d", zone)
        return today if word == "today" else _days_back(today, 1, zone)
    if word.isdecimal():
        return int(word)
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text):
        day = EPOCH + zone.to_local(now) * MS
        return parse_date(f"{day:%Y-%m-%d} {text}", zone)
    return parse_date(text, zone)


def _unit(text: str) -> str:
    unit = unit_of(text)
    if unit is None:
        raise ValueError(f"'{text}' is not a unit (s m h d w M q y, or words)")
    return unit
