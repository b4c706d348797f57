"""``DATETIME(date, format, interval)``: which parts of a local time a format shows, and their text.

A formatted date travels through SQL as one whole number, its *code*: the shown parts, coarse to
fine, in a mixed radix. Two dates with the same text have the same code, codes sort the way the
specification sorts texts (by what they show, from year to second), and no engine has to format
anything. ``DateFormat.text`` turns a code into its text.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import Enum
from functools import cached_property

from usql.record import Record

DEFAULT_FORMAT = "yyyy-MM-dd HH:mm"

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_EPOCH_DAY = date(1970, 1, 1)


class Part(Enum):
    """A part of a local time, coarse to fine: (rank, how many values it can have, ms it lasts)."""

    DATE = (0, 0, 86_400_000)
    """Days since 1970-01-01: year, month and day together."""
    YEAR_MONTH = (0.5, 0, 0)
    """Year and month together: year * 100 + month."""
    YEAR = (1, 0, 0)
    YEAR_OF_CENTURY = (2, 100, 0)
    MONTH = (3, 13, 0)
    """1 to 12."""
    MONTH_LETTER = (4, 13, 0)
    """The first month that has the same initial."""
    MONTH_DAY = (4.5, 1300, 86_400_000)
    """Month and day of the month together: month * 100 + day."""
    DAY = (5, 32, 86_400_000)
    WEEKDAY = (6, 7, 86_400_000)
    """0 is Monday."""
    WEEKDAY_LETTER = (7, 7, 86_400_000)
    """The first weekday, from Monday, that has the same initial."""
    WEEKDAY_NUMBER = (8, 8, 86_400_000)
    """1 is Sunday."""
    HOUR = (9, 24, 3_600_000)
    HOUR_OF_HALF_DAY = (10, 13, 3_600_000)
    """1 to 12."""
    MINUTE = (11, 60, 60_000)
    SECOND = (12, 60, 1_000)

    @property
    def rank(self) -> float:
        """Where it stands among the parts, coarse to fine."""
        return float(self.value[0])

    @property
    def radix(self) -> int:
        """How many values it can have; 0 if there is no bound."""
        return int(self.value[1])

    @property
    def ms(self) -> int:
        """How long it lasts; 0 where that differs."""
        return int(self.value[2])


MONTH_LETTERS: dict[int, int] = {
    m: next(n for n in range(1, 13) if _MONTHS[n - 1][0] == _MONTHS[m - 1][0]) for m in range(1, 13)
}
"""Month -> first month with the same initial."""
WEEKDAY_LETTERS: dict[int, int] = {
    d: next(n for n in range(7) if _DAYS[n][0] == _DAYS[d][0]) for d in range(7)
}
"""Weekday (0 is Monday) -> first weekday with the same initial."""

_FINER: dict[Part, tuple[Part, ...]] = {
    Part.YEAR: (Part.YEAR_OF_CENTURY,),
    Part.MONTH: (Part.MONTH_LETTER,),
    Part.WEEKDAY: (Part.WEEKDAY_LETTER, Part.WEEKDAY_NUMBER),
    Part.WEEKDAY_NUMBER: (Part.WEEKDAY_LETTER,),
    Part.HOUR: (Part.HOUR_OF_HALF_DAY,),
    Part.DATE: (Part.WEEKDAY, Part.WEEKDAY_NUMBER, Part.WEEKDAY_LETTER),
}
"""Parts that follow from another one that is shown too."""
_TOGETHER: dict[Part, set[Part]] = {
    Part.DATE: {Part.YEAR, Part.MONTH, Part.DAY},
    Part.YEAR_MONTH: {Part.YEAR, Part.MONTH},
    Part.MONTH_DAY: {Part.MONTH, Part.DAY},
}
"""Parts that are one where all of them are shown: a date is looked at once then."""


class Interval(Record):
    """What a date is rounded down to: so many months, whole weeks from Monday, or so many ms.

    Milliseconds count from local midnight of 1970-01-01.
    """

    months: int = 0
    weeks: int = 0
    ms: int = 0


_NAMED = {
    "year": Interval(months=12),
    "quarter": Interval(months=3),
    "month": Interval(months=1),
    "week": Interval(weeks=1),
    "day": Interval(ms=86_400_000),
    "hour": Interval(ms=3_600_000),
    "minute": Interval(ms=60_000),
    "second": Interval(ms=1_000),
}
_LETTER_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000}
MAX_INTERVAL_MS = 100 * 366 * 86_400_000


def parse_interval(text: str) -> Interval:
    """Return the interval that a text such as ``week`` or ``5m`` means.

    Raises:
        ValueError: with a sentence for the author.
    """
    named = _NAMED.get(text.strip().casefold())
    if named is not None:
        return named
    match = re.fullmatch(r"\s*(\d{1,12})\s*([dhms])\s*", text)
    ms = int(match[1]) * _LETTER_MS[match[2]] if match else 0
    if not 0 < ms <= MAX_INTERVAL_MS:
        raise ValueError(
            f"'{text}' is not an interval; write year, quarter, month, week, day, hour, minute, "
            "second, or a number from 1 and d, h, m or s, such as 5m"
        )
    return Interval(ms=ms)


class Letters(Record):
    """A run of one format letter."""

    letter: str
    width: int


_WIDTHS = {"y": 9, "u": 9, "M": 5, "d": 2, "H": 2, "h": 2, "m": 2, "s": 2, "E": 5, "e": 5, "c": 5}
"""How often a letter may be repeated."""


class DateFormat(Record):
    """A format and the interval that dates are rounded down to before.

    Attributes:
        pieces: literal texts and runs of letters, in order.
        interval: or ``None`` where nothing is rounded.
    """

    pieces: tuple[str | Letters, ...]
    interval: Interval | None = None

    @classmethod
    def of(cls, text: str, interval: str | None = None) -> DateFormat:
        """Read a format in the letters of Java's ``DateTimeFormatter``.

        Raises:
            ValueError: with a sentence for the author.

        >>> format = DateFormat.of("MMM d")
        >>> format.text(format.code({Part.MONTH_DAY: 309}))
        'Mar 9'
        """
        return cls(tuple(_pieces(text)), parse_interval(interval) if interval else None)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts that make up the code, coarse to fine."""
        shown = {_part(p) for p in self.pieces if isinstance(p, Letters)}
        for part, implied in _FINER.items():
            if part in shown:
                shown -= set(implied)
        for together, parts in _TOGETHER.items():
            if parts <= shown:
                shown = shown - parts - set(_FINER.get(together, ())) | {together}
        return tuple(sorted(shown, key=lambda part: part.rank))

    def code(self, values: dict[Part, int]) -> int:
        """Return the code of the parts' values."""
        code = 0
        for part in self.parts:
            code = code * part.radix + values[part]
        return code

    def text(self, code: int) -> str:
        """Return the text that a code stands for."""
        values: dict[Part, int] = {}
        for part in reversed(self.parts):
            if part.radix and part is not self.parts[0]:
                code, values[part] = divmod(code, part.radix)
            else:
                values[part] = code
        return "".join(
            p if isinstance(p, str) else _text(p, _complete(values)) for p in self.pieces
        )


def _pieces(text: str) -> list[str | Letters]:
    pieces: list[str | Letters] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == "'":
            literal, position = _literal(text, position)
            pieces.append(literal)
        elif character.isascii() and character.isalpha():
            run = re.compile(f"{character}+").match(text, position)
            assert run is not None
            pieces.append(_letters(character, len(run.group())))
            position = run.end()
        else:
            pieces.append(character)
            position += 1
    return pieces


def _literal(text: str, start: int) -> tuple[str, int]:
    """Read a quoted text; two quotes stand for one, inside as well as outside."""
    match = re.compile(r"'((?:[^']|'')*)'").match(text, start)
    if match is None:
        raise ValueError(f'the format "{text}" has a single quote that is never closed')
    inner = match[1]
    return ("'" if inner == "" else inner.replace("''", "'")), match.end()


def _letters(letter: str, width: int) -> Letters:
    most = _WIDTHS.get(letter)
    if most is None:
        raise ValueError(
            f"'{letter}' is not a format letter; use y M d H h m s E e c, "
            "and put text between single quotes"
        )
    if width > most:
        raise ValueError(f"the format letter '{letter}' may stand at most {most} times in a row")
    return Letters(letter, width)


def _part(run: Letters) -> Part:
    match run.letter:
        case "y" | "u":
            return Part.YEAR_OF_CENTURY if run.width == 2 else Part.YEAR
        case "M":
            return Part.MONTH_LETTER if run.width == 5 else Part.MONTH
        case "d":
            return Part.DAY
        case "H":
            return Part.HOUR
        case "h":
            return Part.HOUR_OF_HALF_DAY
        case "m":
            return Part.MINUTE
        case "s":
            return Part.SECOND
    if run.width == 5:
        return Part.WEEKDAY_LETTER
    return Part.WEEKDAY if run.letter == "E" or run.width > 2 else Part.WEEKDAY_NUMBER


def _complete(values: dict[Part, int]) -> dict[Part, int]:
    """Add the parts that follow from those the code holds."""
    full = dict(values)
    if Part.YEAR_MONTH in full:
        full[Part.YEAR], full[Part.MONTH] = divmod(full[Part.YEAR_MONTH], 100)
    if Part.MONTH_DAY in full:
        full[Part.MONTH], full[Part.DAY] = divmod(full[Part.MONTH_DAY], 100)
    if Part.DATE in full:
        day = _EPOCH_DAY + timedelta(days=full[Part.DATE])
        full |= {Part.YEAR: day.year, Part.MONTH: day.month, Part.DAY: day.day}
        full[Part.WEEKDAY] = day.weekday()
    if Part.YEAR in full:
        full[Part.YEAR_OF_CENTURY] = full[Part.YEAR] % 100
    if Part.MONTH in full:
        full[Part.MONTH_LETTER] = full[Part.MONTH]
    if Part.WEEKDAY_NUMBER in full:
        full[Part.WEEKDAY] = (full[Part.WEEKDAY_NUMBER] + 5) % 7
    if Part.WEEKDAY in full:
        full[Part.WEEKDAY_NUMBER] = (full[Part.WEEKDAY] + 1) % 7 + 1
        full[Part.WEEKDAY_LETTER] = full[Part.WEEKDAY]
    if Part.HOUR in full:
        full[Part.HOUR_OF_HALF_DAY] = (full[Part.HOUR] + 11) % 12 + 1
    return full


def _text(run: Letters, values: dict[Part, int]) -> str:
    part = _part(run)
    value = values[part]
    match part:
        case Part.MONTH if run.width >= 3:
            return _MONTHS[value - 1] if run.width == 4 else _MONTHS[value - 1][:3]
        case Part.MONTH_LETTER:
            return _MONTHS[value - 1][0]
        case Part.WEEKDAY:
            return _DAYS[value] if run.width == 4 else _DAYS[value][:3]
        case Part.WEEKDAY_LETTER:
            return _DAYS[value][0]
    return str(value).zfill(run.width)
