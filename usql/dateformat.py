"""``DATETIME(date, format, interval)``: which parts of a local time a format shows, and their text.

A formatted date travels through SQL as one whole number, its *code*: the shown parts, coarse to
fine, in a mixed radix. Two dates with the same text have the same code, codes sort the way the
specification sorts texts (by what they show, from year to second), and no engine has to format
anything. ``DateFormat.text`` turns a code into its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from enum import Enum
from functools import cached_property
from math import prod

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

    # that of Enum is made in Python, and texts of dates look parts up many times
    __hash__ = object.__hash__

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
        return self._written(self._values(code), self._writers)

    def texts(self, codes: Iterable[int]) -> list[str]:
        """Return the texts of codes; what a day has in common is written once.

        >>> format = DateFormat.of("d.M. H'h'")
        >>> format.texts([format.code({Part.MONTH_DAY: 309, Part.HOUR: hour}) for hour in (7, 8)])
        ['9.3. 7h', '9.3. 8h']
        """
        if self._halves is None:
            return [self.text(code) for code in codes]
        below, coarse_writers, fine_writers, coarse_first = self._halves
        coarse_texts: dict[int, str] = {}
        fine_texts: dict[int, str] = {}
        found = []
        for code in codes:
            coarse, fine = divmod(code, below)
            if coarse not in coarse_texts:
                coarse_texts[coarse] = self._written(self._values(code), coarse_writers)
            if fine not in fine_texts:
                fine_texts[fine] = self._written(self._values(code), fine_writers)
            found.append((coarse_texts[coarse], fine_texts[fine]))
        return [a + b if coarse_first else b + a for a, b in found]

    def _values(self, code: int) -> _Values:
        """Return the values of all parts that are shown."""
        values: _Values = {}
        for part, radix in self._radixes:
            if radix:
                code, values[part] = divmod(code, radix)
            else:
                values[part] = code
        for complete in self._completions:
            complete(values)
        return values

    @staticmethod
    def _written(values: _Values, writers: _Writers) -> str:
        return "".join([p if isinstance(p, str) else p(values) for p in writers])

    @cached_property
    def _halves(self) -> _Halves | None:
        """How texts fall into what the coarsest part tells and the rest; ``None`` if they do not.

        That is what the rest of the code is below, the writers of either half, and whether the
        coarser one comes first.
        """
        coarsest, *finer = self.parts or (Part.DATE,)
        own = {coarsest}
        for part, _, made in _COMPLETIONS:
            if part in own:
                own |= made
        sides = [_part(p) in own for p in self.pieces if isinstance(p, Letters)]
        first = sides[0] if sides else True
        if sides != sorted(sides, reverse=first):
            return None
        at = len(self.pieces)
        for index, piece in enumerate(self.pieces):
            if isinstance(piece, Letters) and (_part(piece) in own) is not first:
                at = index
                break
        halves = self._writers[:at], self._writers[at:]
        below = prod(part.radix for part in finer)
        return below, *(halves if first else reversed(halves)), first

    @cached_property
    def _radixes(self) -> tuple[tuple[Part, int], ...]:
        """The parts, fine to coarse, with what the code is divided by to get each; 0 at last."""
        coarsest = self.parts[:1]
        return tuple((p, 0 if p in coarsest else p.radix) for p in reversed(self.parts))

    @cached_property
    def _completions(self) -> tuple[Callable[[_Values], None], ...]:
        """What adds the parts that follow from those the code has, in order."""
        known = set(self.parts)
        possible = []
        for part, complete, made in _COMPLETIONS:
            if part in known:
                possible.append((part, complete, made))
                known |= made
        wanted = {_part(p) for p in self.pieces if isinstance(p, Letters)}
        found = []
        for part, complete, made in reversed(possible):
            if made & wanted:
                found.append(complete)
                wanted.add(part)
        return tuple(reversed(found))

    @cached_property
    def _writers(self) -> _Writers:
        """What makes each piece of the text of a date's parts."""
        return tuple(p if isinstance(p, str) else _writer(p) for p in self.pieces)


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


_Values = dict[Part, int]
_Writers = tuple[str | Callable[[_Values], str], ...]
_Halves = tuple[int, _Writers, _Writers, bool]

# each is looked up so often that the way through the class would be half of the time
_YEAR, _MONTH, _DAY, _WEEKDAY = Part.YEAR, Part.MONTH, Part.DAY, Part.WEEKDAY
_DATE, _HOUR, _WEEKDAY_NUMBER = Part.DATE, Part.HOUR, Part.WEEKDAY_NUMBER


def _split_year_month(values: _Values) -> None:
    values[_YEAR], values[_MONTH] = divmod(values[Part.YEAR_MONTH], 100)


def _split_month_day(values: _Values) -> None:
    values[_MONTH], values[_DAY] = divmod(values[Part.MONTH_DAY], 100)


def _split_date(values: _Values) -> None:
    day = _EPOCH_DAY + timedelta(days=values[_DATE])
    values[_YEAR], values[_MONTH], values[_DAY] = day.year, day.month, day.day
    values[_WEEKDAY] = day.weekday()


def _year_of_century(values: _Values) -> None:
    values[Part.YEAR_OF_CENTURY] = values[_YEAR] % 100


def _month_letter(values: _Values) -> None:
    values[Part.MONTH_LETTER] = values[_MONTH]


def _weekday(values: _Values) -> None:
    values[_WEEKDAY] = (values[_WEEKDAY_NUMBER] + 5) % 7


def _weekday_forms(values: _Values) -> None:
    values[_WEEKDAY_NUMBER] = (values[_WEEKDAY] + 1) % 7 + 1
    values[Part.WEEKDAY_LETTER] = values[_WEEKDAY]


def _half_day_hour(values: _Values) -> None:
    values[Part.HOUR_OF_HALF_DAY] = (values[_HOUR] + 11) % 12 + 1


_COMPLETIONS: tuple[tuple[Part, Callable[[_Values], None], set[Part]], ...] = (
    (Part.YEAR_MONTH, _split_year_month, {_YEAR, _MONTH}),
    (Part.MONTH_DAY, _split_month_day, {_MONTH, _DAY}),
    (_DATE, _split_date, {_YEAR, _MONTH, _DAY, _WEEKDAY}),
    (_YEAR, _year_of_century, {Part.YEAR_OF_CENTURY}),
    (_MONTH, _month_letter, {Part.MONTH_LETTER}),
    (_WEEKDAY_NUMBER, _weekday, {_WEEKDAY}),
    (_WEEKDAY, _weekday_forms, {_WEEKDAY_NUMBER, Part.WEEKDAY_LETTER}),
    (_HOUR, _half_day_hour, {Part.HOUR_OF_HALF_DAY}),
)
"""A part, what adds others that follow from it, and those."""


def _writer(run: Letters) -> Callable[[_Values], str]:
    """Return what makes the text of a run of letters."""
    part, form = _part(run), f"0{run.width}d"
    names: Sequence[str] | None = None
    match part:
        case Part.MONTH if run.width >= 3:
            names = ["", *(name if run.width == 4 else name[:3] for name in _MONTHS)]
        case Part.MONTH_LETTER:
            names = ["", *(name[0] for name in _MONTHS)]
        case Part.WEEKDAY:
            names = [name if run.width == 4 else name[:3] for name in _DAYS]
        case Part.WEEKDAY_LETTER:
            names = [name[0] for name in _DAYS]
    if names is None:
        return lambda values: format(values[part], form)
    known = names
    return lambda values: known[values[part]]
