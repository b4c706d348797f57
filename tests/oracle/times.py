"""Instants, zones and the calendar."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

# The units of a duration that have a fixed length, in ms.
FIXED_UNITS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000}
_MONTHS_OF = {"M": 1, "q": 3, "y": 12}


def zone_of(zone: str | int) -> tzinfo:
    """An IANA name, or an offset in minutes."""
    return timezone(timedelta(minutes=zone)) if isinstance(zone, int) else ZoneInfo(zone)


def from_ms(ms: int, zone: str | int) -> datetime:
    """The wall clock (without a zone) at an instant."""
    return (_EPOCH + ms * _MS).astimezone(zone_of(zone)).replace(tzinfo=None)


def to_ms(local: datetime, zone: str | int) -> int:
    """The instant of a wall-clock time: of two the earlier one; in a gap, moved on by the gap."""
    return (local.replace(tzinfo=zone_of(zone), fold=0) - _EPOCH) // _MS


def shift(ms: int, amount: int, unit: str, zone: str | int) -> int:
    """An instant moved by a duration; months and longer move by the calendar of the zone."""
    if unit in FIXED_UNITS:
        return ms + amount * FIXED_UNITS[unit]
    local = from_ms(ms, zone)
    years, month = divmod(local.year * 12 + local.month - 1 + amount * _MONTHS_OF[unit], 12)
    day = min(local.day, calendar.monthrange(years, month + 1)[1])
    return to_ms(local.replace(year=years, month=month + 1, day=day), zone)
