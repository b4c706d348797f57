"""Single values: addresses, the texts of DATETIME, arithmetic, LIKE."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, TypeAlias


class InvalidQueryError(Exception):
    """The language forbids this query."""


@dataclass(frozen=True, order=True)
class Ip:
    """An address, ordered numerically, IPv4 first; written as it was loaded."""

    version: int
    number: int
    text: str = field(compare=False)


@dataclass(frozen=True, order=True)
class Shown:
    """A DATETIME text, ordered by what its format shows."""

    order: tuple[int, ...]
    text: str


# A cell is None, bool, int, float, str, Ip, Shown, a dict of properties, or a list of those.
Cell: TypeAlias = Any


def address(text: str) -> Ip:
    try:
        parsed = ip_address(text)
    except ValueError as error:
        raise InvalidQueryError(str(error)) from error
    return Ip(parsed.version, int(parsed), text)


def nulls_last(value: Cell) -> tuple[bool, Cell]:
    return (value is None, 0 if value is None else value)


def round_half_away(number: Fraction) -> int:
    return math.floor(abs(number) + Fraction(1, 2)) * (1 if number >= 0 else -1)


# --- time (section 11) --------------------------------------------------------------------------

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_RUN = re.compile(
    r"(?P<text>'(?:[^']|'')*')|(?P<run>(?P<letter>[A-Za-z])(?P=letter)*)|(?P<mark>.)", re.S
)
_WIDEST = {"M": 5, "E": 5, "e": 5, "c": 5, "d": 2, "H": 2, "h": 2, "m": 2, "s": 2}
_STEPS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000}
# The order of the components, from year to second.
_SLOTS = ("year", "month", "day", "weekday", "hour24", "hour12", "minute", "second")


def show(local: datetime, pattern: str) -> Shown:
    """A wall-clock time in a format, with what the text is ordered by."""
    text = ""
    slots: dict[str, int] = {}
    for run in _RUN.finditer(pattern):
        if run["text"]:
            text += run["text"][1:-1].replace("''", "'") or "'"
        elif run["run"]:
            shown, slot, order = _component(local, run["letter"], len(run["run"]))
            text += shown
            # Of two ways to show the same component the one that tells more (a whole year, a
            # weekday's name) decides.
            if slot not in slots or len(run["run"]) > 2:
                slots[slot] = order
        else:
            text += run["mark"]
    return Shown(tuple(slots.get(slot, 0) for slot in _SLOTS), text)


def _component(local: datetime, letter: str, width: int) -> tuple[str, str, int]:
    """The text of one run of letters, the component it shows, and that component's order."""
    if width > _WIDEST.get(letter, width):
        raise InvalidQueryError(f"{letter * width} in a format")
    if letter in "yu":
        year = local.year % 100 if width == 2 else local.year
        return str(year).zfill(width), "year", year
    if letter == "M":
        text = str(local.month).zfill(width) if width < 3 else _MONTHS[local.month - 1]
        return _abbreviated(text, width), "month", local.month
    if letter == "E" or (letter in "ec" and width > 2):
        return _abbreviated(_DAYS[local.weekday()], max(width, 3)), "weekday", local.isoweekday()
    if letter in "ec":
        number = local.isoweekday() % 7 + 1
        return str(number).zfill(width), "weekday", number
    numbers = {
        "d": ("day", local.day),
        "H": ("hour24", local.hour),
        "h": ("hour12", (local.hour - 1) % 12 + 1),
        "m": ("minute", local.minute),
        "s": ("second", local.second),
    }
    if letter not in numbers:
        raise InvalidQueryError(f"{letter} in a format")
    slot, number = numbers[letter]
    return str(number).zfill(width), slot, number


def _abbreviated(name: str, width: int) -> str:
    return {3: name[:3], 5: name[:1]}.get(width, name)


def floor_local(local: datetime, interval: str) -> datetime:
    """A wall-clock time rounded down to an interval."""
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    match interval:
        case "year":
            return midnight.replace(month=1, day=1)
        case "quarter":
            return midnight.replace(month=(local.month - 1) // 3 * 3 + 1, day=1)
        case "month":
            return midnight.replace(day=1)
        case "week":
            return midnight - timedelta(days=local.weekday())
        case "day" | "hour" | "minute" | "second":
            interval = f"1{interval[0]}"
    step = timedelta(milliseconds=int(interval[:-1]) * _STEPS[interval[-1]])
    origin = datetime(1970, 1, 1)
    return origin + (local - origin) // step * step


# --- arithmetic (section 12) --------------------------------------------------------------------


def calculate(op: str, a: Cell, b: Cell, constant: bool, exact: bool) -> Cell:
    """One operation; `constant`: between literals alone, `exact`: of literals and aggregates."""
    if a is None or b is None:
        return None
    if op == "+":
        return a + b
    if op == "-":
        return a - b
    if op == "*":
        return a * b
    if b == 0:
        return None
    if isinstance(a, float) or isinstance(b, float):
        return a / b if op == "/" else math.fmod(a, b)
    if op == "%":
        return abs(a) % abs(b) * (1 if a >= 0 else -1)
    quotient = Fraction(a, b)
    if exact and (quotient.denominator != 1 or not constant):
        return float(quotient)
    return round_half_away(quotient)


# --- aggregates (section 7) ---------------------------------------------------------------------


def mean(values: list[Cell]) -> Fraction:
    return sum((Fraction(value) for value in values), Fraction(0)) / len(values)


def percentile(values: list[Cell], p: str) -> Fraction:
    """Linear interpolation between the two nearest ranks."""
    share = Fraction(p) / 100
    if not 0 <= share <= 1:
        raise InvalidQueryError(f"percentile {p}")
    ordered = sorted(Fraction(value) for value in values)
    rank = share * (len(ordered) - 1)
    low, high = ordered[math.floor(rank)], ordered[math.ceil(rank)]
    return low + (high - low) * (rank - math.floor(rank))


# --- LIKE (section 13) --------------------------------------------------------------------------


@lru_cache(maxsize=10_000)
def like(pattern: str) -> re.Pattern[str]:
    """The regular expression that a whole value must match."""
    parts = re.findall(r"\\[%*?\\]|.", pattern, re.S)
    wild = {"%": ".*", "*": ".*", "?": "."}
    return re.compile("".join(wild.get(part) or re.escape(part[-1]) for part in parts), re.S)
