"""Date literals, durations, and moves by the calendar.

Instants are whole milliseconds since 1970-01-01T00:00Z.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Literal

from usql.record import Record
from usql.zones import EPOCH, MAX_MS, MIN_MS, MS, Zone

Unit = Literal["s", "m", "h", "d", "w", "M", "q", "y"]

UNIT_MS: dict[str, int] = {
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 7 * 86_400_000,
}
"""Units of fixed length, in ms."""
UNIT_MONTHS: dict[str, int] = {"M": 1, "q": 3, "y": 12}
"""Units of the calendar, in months."""
UNIT_WORDS: dict[str, str] = {
    "second": "s",
    "sec": "s",
    "minute": "m",
    "min": "m",
    "hour": "h",
    "day": "d",
    "week": "w",
    "month": "M",
    "quarter": "q",
    "year": "y",
}

_ISO = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?"
    r"\s*(Z|[+-]\d{2}(?::?\d{2})?)",
    re.IGNORECASE,
)
_DATES = (
    re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"),
    re.compile(r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})"),
    re.compile(r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})"),
    re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})"),
)
_TIME = re.compile(r"[T ]\s*(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,9}))?)?)?")
_AMOUNT = re.compile(r"(\d+)\s*([A-Za-z]+)\s*")


class Span(Record):
    """A length of time: calendar months, then milliseconds."""

    months: int = 0
    ms: int = 0

    def __neg__(self) -> Span:
        return Span(-self.months, -self.ms)


def parse_date(text: str, zone: Zone) -> int:
    """Return the instant that a date literal means in a zone.

    Raises:
        ValueError: with a sentence for the author; not a date, or a date that does not exist.

    >>> parse_date("01.03.2024 1:30", Zone.of("UTC")) == parse_date("2024-03-01T01:30Z", Zone.of(0))
    True
    """
    text = text.strip()
    iso = _ISO.fullmatch(text)
    if iso is not None:
        year, month, day, hour, minute, second, fraction, offset = iso.groups()
        local = _local(year, month, day, hour, minute, second, fraction)
        return local - _offset_ms(offset)
    for pattern in _DATES:
        date = pattern.match(text)
        if date is not None:
            rest = text[date.end() :]
            time = _TIME.fullmatch(rest) if rest else None
            if rest and time is None:
                continue
            clock = time.groups() if time is not None else (None,) * 4
            return zone.to_instant(_local(date["y"], date["m"], date["d"], *clock))
    raise ValueError(
        f"'{text}' is not a date; write 2024-03-01, 2024-03-01 10:30, 2024-03-01T10:30:00+01:00, "
        "or milliseconds since 1970"
    )


def _local(
    year: str,
    month: str,
    day: str,
    hour: str | None,
    minute: str | None,
    second: str | None,
    fraction: str | None,
) -> int:
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            tzinfo=EPOCH.tzinfo,
        )  # fmt: skip
    except ValueError as error:
        shown = f"{year}-{month}-{day}" + (f" {hour}:{minute or '00'}" if hour else "")
        raise ValueError(f"{shown} does not exist: {error}") from None
    return (moment - EPOCH) // MS + int((fraction or "0").ljust(3, "0")[:3])


def _offset_ms(text: str) -> int:
    if text.upper() == "Z":
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return (-minutes if text[0] == "-" else minutes) * 60_000


def unit_of(text: str) -> str | None:
    """Return the unit that a letter or a word means; ``m`` is minutes, ``M`` months."""
    if text in UNIT_MS or text in UNIT_MONTHS:
        return text
    word = text.lower()
    return UNIT_WORDS.get(word) or UNIT_WORDS.get(word.removesuffix("s"))


def parse_duration(text: str) -> Span:
    """Return the length of time that a text such as ``90m``, ``1d12h`` or ``2 weeks`` means.

    Raises:
        ValueError: with a sentence for the author.

    >>> parse_duration("1h30m")
    Span(months=0, ms=5400000)
    """
    months = ms = position = 0
    stripped = text.strip()
    while position < len(stripped) or position == 0:
        match = _AMOUNT.match(stripped, position)
        unit = unit_of(match[2]) if match else None
        if match is None or unit is None or len(match[1]) > 12:
            raise ValueError(
                f"'{text}' is not a duration; write a number and a unit, such as 90m or 1d12h "
                "(units: y q M w d h m s)"
            )
        amount = int(match[1])
        months += amount * UNIT_MONTHS.get(unit, 0)
        ms += amount * UNIT_MS.get(unit, 0)
        position = match.end()
    return Span(months, ms)


def shift(instant: int, span: Span, zone: Zone) -> int:
    """Return an instant moved by a length of time: months by the calendar of the zone, then ms.

    A day that the month does not have becomes its last day.

    Raises:
        ValueError: the result has no date.
    """
    moved = instant
    if span.months:
        local = EPOCH + zone.to_local(instant) * MS
        index = local.year * 12 + local.month - 1 + span.months
        year, month = divmod(index, 12)
        if not 1 <= year <= 9999:
            raise ValueError("the date lies outside the years 1 to 9999")
        day = min(local.day, _days_in_month(year, month + 1))
        there = local.replace(year=year, month=month + 1, day=day)
        moved = zone.to_instant((there - EPOCH) // MS)
    moved += span.ms
    if not MIN_MS <= moved <= MAX_MS:
        raise ValueError("the date lies outside the years 1 to 9999")
    return moved


def round_down(instant: int, unit: str, zone: Zone) -> int:
    """Return the beginning of the unit of local time that an instant lies in."""
    local = EPOCH + zone.to_local(instant) * MS
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    match unit:
        case "s":
            start = local.replace(microsecond=0)
        case "m":
            start = local.replace(second=0, microsecond=0)
        case "h":
            start = local.replace(minute=0, second=0, microsecond=0)
        case "d":
            start = midnight
        case "w":
            start = midnight - timedelta(days=local.weekday())
        case "M":
            start = midnight.replace(day=1)
        case "q":
            start = midnight.replace(month=(local.month - 1) // 3 * 3 + 1, day=1)
        case _:
            start = midnight.replace(month=1, day=1)
    if unit in ("s", "m", "h"):  # within a repeated hour, stay in the same occurrence
        return instant - ((local - start) // MS)
    return zone.to_instant((start - EPOCH) // MS)


def _days_in_month(year: int, month: int) -> int:
    following = datetime(year + month // 12, month % 12 + 1, 1) if year < 9999 else None
    return (
        (following - timedelta(days=1)).day
        if following
        else 31
        if month in (1, 3, 5, 7, 8, 10, 12)
        else 30
    )
