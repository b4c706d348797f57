"""Time zones: the offset of local time from UTC, as a function of the instant.

Instants and local times are whole milliseconds since 1970-01-01T00:00, the former in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import timezone as fixed_zone
from functools import cache
from zoneinfo import ZoneInfo

from usql.errors import BadTimeframe

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)
DAY_MS = 86_400_000

MIN_MS = (datetime(1, 1, 3, tzinfo=UTC) - EPOCH) // MS
"""Earliest instant that has a date in every zone."""
MAX_MS = (datetime(9999, 12, 29, tzinfo=UTC) - EPOCH) // MS
"""Latest instant that has a date in every zone."""
CYCLE_MS = 146_097 * DAY_MS
"""400 years, after which the calendar repeats itself, weekdays included."""
CYCLE_START = (datetime(2100, 1, 1, tzinfo=UTC) - EPOCH) // MS
"""From here on zones go by rules alone."""
CYCLE_END = CYCLE_START + CYCLE_MS


class Zone:
    """A time zone, by IANA name or as a fixed offset.

    >>> Zone.of("Europe/Vienna").offset_at(0) // 3_600_000
    1
    """

    def __init__(self, name: str, info: tzinfo) -> None:
        self.name = name
        self._info = info

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"

    @classmethod
    def of(cls, zone: str | int | Zone | None) -> Zone:
        """Return the zone of an IANA name, or of an offset in minutes east of UTC.

        Args:
            zone: ``"Europe/Vienna"``, ``60``, ``"+01:00"``, or ``None`` for UTC.

        Raises:
            BadTimeframe: there is no such zone.
        """
        if isinstance(zone, Zone):
            return zone
        if zone is None:
            return _utc()
        if isinstance(zone, bool) or not isinstance(zone, int | str):
            raise BadTimeframe(f"a time zone is a name or a number of minutes, not {zone!r}")
        return _fixed(zone) if isinstance(zone, int) else _named(zone.strip())

    @property
    def fixed(self) -> bool:
        """Whether the offset never changes."""
        return isinstance(self._info, fixed_zone)

    def offset_at(self, instant: int) -> int:
        """Return local time minus UTC at an instant, in ms."""
        clamped = min(max(instant, MIN_MS), MAX_MS)
        offset = self._info.utcoffset((EPOCH + clamped * MS).astimezone(self._info))
        return offset // MS if offset is not None else 0

    def to_local(self, instant: int) -> int:
        """Return the local time at an instant."""
        return instant + self.offset_at(instant)

    def to_instant(self, local: int) -> int:
        """Return the instant of a local time.

        A local time that occurs twice means its first occurrence; one that a clock change skips is
        read with the offset before the change, so it lies as much after the change.
        """
        clamped = min(max(local, MIN_MS), MAX_MS)
        moment = (EPOCH + clamped * MS).replace(tzinfo=self._info)
        offset = self._info.utcoffset(moment)
        return local - (offset // MS if offset is not None else 0)

    def table(self) -> tuple[tuple[int, int], ...]:
        """Return all changes of the offset, as ``transitions`` does, up to ``CYCLE_END``.

        Dates beyond repeat those that are whole ``CYCLE_MS`` earlier, since rules and weekdays do.
        """
        return _table(self.name, self._info)

    def transitions(self, low: int, high: int) -> list[tuple[int, int]]:
        """Return where the offset changes within [low, high].

        Returns:
            Pairs of an instant and the offset from it on, in ms; the first pair's instant is
            ``low`` (and its offset that at ``low``).
        """
        low, high = max(low, MIN_MS), min(max(high, low), MAX_MS)
        first = (low, self.offset_at(low))
        years = range((EPOCH + low * MS).year, (EPOCH + high * MS).year + 1)
        changes = [c for year in years for c in _changes(self.name, self._info, year)]
        return [first, *(c for c in changes if low < c[0] <= high)]


@cache
def _utc() -> Zone:
    return Zone("UTC", UTC)


@cache
def _fixed(minutes: int) -> Zone:
    if abs(minutes) >= 24 * 60:
        raise BadTimeframe(f"an offset of {minutes} minutes is more than a day")
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return Zone(f"{sign}{hours:02}:{rest:02}", fixed_zone(timedelta(minutes=minutes)))


@cache
def _named(name: str) -> Zone:
    if name.upper() in ("UTC", "Z", "GMT"):
        return _utc()
    if name[:1] in ("+", "-"):
        return _fixed(_minutes(name))
    try:
        return Zone(name, ZoneInfo(name))
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        pass
    except KeyError:
        pass
    raise BadTimeframe(f"there is no time zone {name!r}", hint=_nearest(name))


def _minutes(text: str) -> int:
    digits = text[1:].replace(":", "")
    if not digits.isdecimal() or len(digits) not in (1, 2, 4):
        raise BadTimeframe(
            f"{text!r} is not an offset", hint="write +01:00, or a number of minutes east of UTC"
        )
    hours, rest = (int(digits[:2]), int(digits[2:])) if len(digits) == 4 else (int(digits), 0)
    return (hours * 60 + rest) * (-1 if text[0] == "-" else 1)


def _nearest(name: str) -> str:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    zones = available_timezones()
    same = [z for z in zones if z.casefold() == name.casefold()]
    city = [z for z in zones if z.rpartition("/")[2].casefold() == name.casefold()]
    close = same or sorted(city) or get_close_matches(name, sorted(zones), n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else "use an IANA name such as Europe/Vienna"


@cache
def _changes(name: str, info: tzinfo, year: int) -> tuple[tuple[int, int], ...]:
    """Return the offset changes of a year: days are compared, then the instant is bisected."""
    del name  # part of the cache's key only
    start = (datetime(year, 1, 1, tzinfo=UTC) - EPOCH) // MS
    end = (datetime(year + 1, 1, 1, tzinfo=UTC) - EPOCH) // MS if year < 9999 else MAX_MS
    return _changes_between(Zone("", info), start, end, DAY_MS)


@cache
def _table(name: str, info: tzinfo) -> tuple[tuple[int, int], ...]:
    zone = Zone(name, info)
    changes = [(MIN_MS, zone.offset_at(MIN_MS))]
    start = MIN_MS + 1
    for year, days in _STEPS:
        end = (datetime(year, 1, 1, tzinfo=UTC) - EPOCH) // MS
        changes += _changes_between(zone, start, end, days * DAY_MS)
        start = end
    return (*changes, *_changes_by_rules(zone, start))


_STEPS = ((1840, 36_500), (1900, 30), (2040, 4), (2100, 21))
"""Until which year changes of the clock lie further apart than so many days, in all zones."""


def _changes_by_rules(zone: Zone, start: int) -> Iterator[tuple[int, int]]:
    """Yield the changes within a cycle: years that begin with the same weekday have the same."""
    known: dict[tuple[int, int], list[tuple[int, int]]] = {}
    while start < CYCLE_END:
        year = EPOCH + start * MS
        end = (year.replace(year=year.year + 1) - EPOCH) // MS
        kind = (year.weekday(), end - start)
        if kind not in known:
            found = _changes_between(zone, start, end, 21 * DAY_MS)
            known[kind] = [(instant - start, offset) for instant, offset in found]
        for since, offset in known[kind]:
            yield start + since, offset
        start = end


def _changes_between(zone: Zone, start: int, end: int, step: int) -> tuple[tuple[int, int], ...]:
    """Return the offset changes within [start, end), none of which are nearer than a step."""
    changes: list[tuple[int, int]] = []
    before = zone.offset_at(start - 1)
    low = start - 1
    while low < end - 1:
        high = min(low + step, end - 1)
        after = zone.offset_at(high)
        if after != before:
            changes.append((_bisect(zone, low, high, before), after))
        before, low = after, high
    return tuple(changes)


def _bisect(zone: Zone, low: int, high: int, before: int) -> int:
    """Return the first instant after ``low`` whose offset is no longer ``before``.

    Clocks change at whole seconds.
    """
    low, high = low // 1000, -(-high // 1000)
    while high - low > 1:
        middle = (low + high) // 2
        if zone.offset_at(middle * 1000) == before:
            low = middle
        else:
            high = middle
    return high * 1000
