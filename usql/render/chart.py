"""The format ``chart``: a result drawn with characters, on any width, with colours or without.

``chart_kind`` says which drawing the shape of a result suggests:

- *funnel*: the steps of ``FUNNEL``, each with its share of the step before and of the first;
- *value*: one row of numbers without a key, large;
- *line*: a key that is a time; *bar*: any other key; *pie* only where it is asked for.

The keys of the rows are joined to one label; each column of numbers makes a drawing of its own.
Rows without a number have no bar, and are left out of lines and pies.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from usql.errors import WrongStructure
from usql.record import Record
from usql.render.digits import large
from usql.render.escape import visible
from usql.render.values import rounded, shown
from usql.render.width import display_width, fit

if TYPE_CHECKING:
    from usql.render import Style
    from usql.result import Result

KINDS = ("bar", "line", "pie", "funnel", "value")
DEFAULT_WIDTH = 80
_LINE_HEIGHT = 10
_MOST_BARS = 200
_SLICES = "█▒#░+:ox"
"""What fills the slices of a pie; they are told apart without colours."""
_COLORS = (34, 32, 33, 35, 36, 31, 94, 92)
_EIGHTHS = " ▏▎▍▌▋▊▉"
_TIME = re.compile(
    r"\d{4}(-\d\d(-\d\d)?)?([T ]\d\d(:\d\d){0,2}(\.\d+)?(Z|[+-]\d\d:?\d\d)?)?|\d\d:\d\d(:\d\d)?"
)
_Number = int | float


class Series(Record):
    """One drawing: its title, and a number or nothing for each label."""

    title: str
    labels: tuple[str, ...]
    values: tuple[_Number | None, ...]

    @property
    def points(self) -> list[tuple[str, _Number]]:
        """The labels that have a number."""
        pairs = zip(self.labels, self.values, strict=True)
        return [(label, value) for label, value in pairs if value is not None]


def chart_kind(result: Result) -> str:
    """Return the kind of drawing that a result suggests.

    Raises:
        WrongStructure: it has nothing that can be drawn.

    >>> from usql.result import Column, Result
    >>> month, count = Column("month", "string"), Column("count(*)", "long")
    >>> chart_kind(Result((month, count), [("2026-01", 4), ("2026-02", 5)], keys=(0,)))
    'line'
    >>> chart_kind(Result((count,), [(4,)]))
    'value'
    """
    if result.funnel:
        return "funnel"
    labels, _ = _parts(result)
    if len(result.rows) == 1 and not labels:
        return "value"
    first = [row[labels[0]] for row in result.rows] if labels else []
    dated = len(labels) == 1 and (
        result.columns[labels[0]].type == "date" or _are_times([v for v in first if v is not None])
    )
    return "line" if len(first) > 1 and dated else "bar"


def render_chart(result: Result, style: Style) -> Iterator[str]:
    """Yield the drawing that the shape of the result suggests."""
    yield from draw(result, chart_kind(result), style)


def draw(result: Result, kind: str, style: Style) -> Iterator[str]:
    """Yield the lines of a drawing of a kind.

    Args:
        result: what to draw.
        kind: one of ``KINDS``.
        style: the width and whether there are colours.

    Raises:
        WrongStructure: the result has nothing that this kind can draw.
    """
    width = max(style.width or DEFAULT_WIDTH, 10)
    if not result.rows:
        yield "(no rows)\n"
        return
    for number, series in enumerate(_series(result, kind)):
        if number:
            yield "\n"
        for line in _DRAWINGS[kind](series, width, style.color):
            yield line.rstrip(" ") + "\n"


# --- what is drawn ------------------------------------------------------------------------------


def _parts(result: Result) -> tuple[list[int], list[int]]:
    """Return the positions of the columns that are labels, and of those that are drawn."""
    columns = range(len(result.columns))
    drawn = [i for i in columns if result.columns[i].numeric and i not in result.keys]
    if not drawn:
        raise WrongStructure(
            "there is nothing to draw: no column has numbers", hint="select COUNT(*), for one"
        )
    return [i for i in columns if i not in drawn], drawn


def _series(result: Result, kind: str) -> list[Series]:
    """Return what to draw: a series per column; the row itself where columns are the labels."""
    labels, drawn = _parts(result)
    if kind in ("funnel", "value") or (not labels and len(result.rows) == 1):
        if kind == "value" and labels:
            drawn = drawn[:1]
        elif len(result.rows) > 1:
            return _columns(result, labels, drawn)
        names = tuple(visible(result.columns[i].name) for i in drawn)
        return [Series("", names, tuple(_number(result.rows[0][i]) for i in drawn))]
    return _columns(result, labels, drawn)


def _columns(result: Result, labels: list[int], drawn: list[int]) -> list[Series]:
    names = tuple(
        ", ".join(shown(row[i]) for i in labels) if labels else str(number)
        for number, row in enumerate(result.rows, start=1)
    )
    return [
        Series(
            visible(result.columns[i].name), names, tuple(_number(row[i]) for row in result.rows)
        )
        for i in drawn
    ]


def _number(value: object) -> _Number | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if math.isfinite(value) else None


def _are_times(values: Sequence[object]) -> bool:
    return bool(values) and all(isinstance(v, str) and _TIME.fullmatch(v) for v in values)


def _written(value: _Number | None) -> str:
    if value is None:
        return "null"
    return f"{value:,}" if isinstance(value, int) else rounded(value)


def _label_width(labels: Sequence[str], width: int) -> int:
    widest = max(map(display_width, labels), default=1)
    return max(1, min(widest, max(4, width * 2 // 5)))


# --- bars ---------------------------------------------------------------------------------------


def _bars(series: Series, width: int, color: bool) -> Iterator[str]:
    """Yield a bar per label, from zero to its value; negative ones go to the left of zero."""
    if series.title:
        yield _cut(series.title, width)
    if (more := len(series.values) - _MOST_BARS) > 0:
        first = Series("", series.labels[:_MOST_BARS], series.values[:_MOST_BARS])
        yield from _bars(first, width, color)
        yield _cut(f"… {more:,} more", width)
        return
    numbers = [value or 0 for value in series.values]
    texts = [_written(value) for value in series.values]
    label_width = _label_width(series.labels, width)
    room = width - label_width - max(map(len, texts)) - 4
    low, high = min(0, *numbers), max(0, *numbers)
    scale = 0.0 if high == low or room < 1 else room / (float(high) - float(low))
    zero = round(-float(low) * scale)
    for label, number, text in zip(series.labels, numbers, texts, strict=True):
        bar = _bar(float(number) * scale, zero)
        drawn = _painted(bar, _COLORS[0], color)
        yield f"{fit(label, label_width)} │{drawn} {text}"


def _bar(length: float, zero: int) -> str:
    """Return a bar of a length in columns, an eighth exact; left of the column zero if negative.

    >>> _bar(2.5, 0), _bar(-2, 3), _bar(0.01, 0)
    ('██▌', ' ██', '▏')
    """
    if length < 0:
        cells = max(1, round(-length))
        return " " * max(0, zero - cells) + "█" * min(cells, max(zero, 1))
    eighths = max(round(length * 8), 1 if length > 0 else 0)
    tail = _EIGHTHS[eighths % 8].strip()
    return " " * zero + "█" * (eighths // 8) + tail


# --- lines --------------------------------------------------------------------------------------


def _line(series: Series, width: int, color: bool) -> Iterator[str]:
    """Yield a line through the points, in the order of the rows, over a scale from zero."""
    if series.title:
        yield _cut(series.title, width)
    points = series.points
    if not points:
        yield "(no numbers)"
        return
    values = [float(value) for _, value in points]
    low, high = min(0.0, *values), max(0.0, *values)
    top, bottom = _written(_whole(high)), _written(_whole(low))
    axis = min(max(len(top), len(bottom)), max(1, width // 3))
    room = max(1, width - axis - 2)
    rows = _dots(values, low, high, room)
    for number, row in enumerate(rows):
        mark = top if number == 0 else bottom if number == len(rows) - 1 else ""
        yield f"{fit(mark, axis, right=True)} ┤{_painted(row, _COLORS[0], color)}"
    yield f"{' ' * axis} └{'─' * room}"
    yield " " * (axis + 2) + _ends(points[0][0], points[-1][0], room)


def _whole(value: float) -> _Number:
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _ends(first: str, last: str, room: int) -> str:
    """Return the first and the last label at the ends of an axis, as far as there is room."""
    blank = room - display_width(first) - display_width(last)
    if blank >= 1:
        return first + " " * blank + last
    return _cut(f"{first} … {last}", room)


def _dots(values: list[float], low: float, high: float, room: int) -> list[str]:
    """Return rows of braille dots, two by four to a character, that join the values."""
    columns, lines = room * 2, _LINE_HEIGHT * 4
    grid = [[0] * room for _ in range(_LINE_HEIGHT)]
    spread = (high - low) or 1.0
    before: int | None = None
    for x in range(columns):
        place = x * (len(values) - 1) / max(1, columns - 1)
        left = min(int(place), len(values) - 1)
        right = min(left + 1, len(values) - 1)
        value = values[left] + (values[right] - values[left]) * (place - left)
        y = round((high - value) / spread * (lines - 1))
        start = y if before is None else before
        for dot in range(min(y, start), max(y, start) + 1):
            grid[dot // 4][x // 2] |= _DOT[x % 2][dot % 4]
        before = y
    return ["".join(chr(0x2800 + cell) if cell else " " for cell in row) for row in grid]


_DOT = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bits of braille characters: columns, then rows."""


# --- pies ---------------------------------------------------------------------------------------


def _pie(series: Series, width: int, color: bool) -> Iterator[str]:
    """Yield a disc in slices, and beside or below it what they are."""
    if series.title:
        yield _cut(series.title, width)
    slices = _slices(series)
    total = sum(float(value) for _, value in slices)
    if total <= 0 or any(value < 0 for _, value in slices):
        raise WrongStructure(
            "a pie shows parts of a whole: numbers of 0 or more", hint="draw bars: .chart bar"
        )
    shares = [float(value) / total for _, value in slices]
    legend = list(_legend(slices, shares, width, color))
    radius = min(6, (width - 2) // 4)
    disc = list(_disc(shares, radius, color)) if radius >= 3 else []
    beside = width >= 64
    if not beside:
        yield from disc
        yield from legend
        return
    blank = " " * (radius * 4 + 2)
    for number in range(max(len(disc), len(legend))):
        drawn = disc[number] if number < len(disc) else blank
        yield f"{drawn}  {legend[number] if number < len(legend) else ''}"


def _slices(series: Series) -> list[tuple[str, _Number]]:
    """Return the largest points, the rest as one."""
    points = sorted(series.points, key=lambda point: -point[1])
    most = len(_SLICES)
    if len(points) <= most:
        return points
    rest = points[most - 1 :]
    return [*points[: most - 1], (f"{len(rest)} others", sum(value for _, value in rest))]


def _legend(
    slices: list[tuple[str, _Number]], shares: list[float], width: int, color: bool
) -> Iterator[str]:
    room = width if width < 64 else width - 30
    label_width = _label_width([label for label, _ in slices], room)
    texts = [_written(value) for _, value in slices]
    wide = max(map(len, texts))
    for number, ((label, _), share, text) in enumerate(zip(slices, shares, texts, strict=True)):
        mark = _painted(_SLICES[number] * 2, _COLORS[number], color)
        yield f"{mark} {fit(label, label_width)} {share:7.1%} {text.rjust(wide)}"


def _disc(shares: list[float], radius: int, color: bool) -> Iterator[str]:
    """Yield the lines of a disc; a character is twice as high as wide."""
    bounds = [sum(shares[: n + 1]) for n in range(len(shares))]
    for y in range(-radius, radius + 1):
        line = []
        for x in range(-2 * radius, 2 * radius + 2):
            dx, dy = (x - 0.5) / 2, float(y)
            if dx * dx + dy * dy > (radius + 0.25) ** 2:
                line.append(" ")
                continue
            turn = (math.atan2(dx, -dy) / (2 * math.pi)) % 1.0
            number = next((n for n, bound in enumerate(bounds) if turn < bound), len(bounds) - 1)
            line.append(_painted(_SLICES[number], _COLORS[number], color))
        yield "".join(line)


# --- funnels and values -------------------------------------------------------------------------


def _funnel(series: Series, width: int, color: bool) -> Iterator[str]:
    """Yield a bar per step, with its share of the step before and of the first step."""
    if series.title:
        yield _cut(series.title, width)
    texts = [_written(value) for value in series.values]
    label_width = _label_width(series.labels, width)
    wide = max(map(len, texts))
    numbers = [float(value or 0) for value in series.values]
    room = width - label_width - wide - 2 - len(" │") - len("  100.0%  100.0%")
    head = f"{' ' * (label_width + wide + 3)}{' ' * max(0, room)}    step   total"
    if room < 8:  # the shares matter more than the bars
        room = 0
        head = f"{' ' * (label_width + wide + 1)}    step   total"
    yield head
    before = first = numbers[0]
    highest = max(numbers)
    for label, number, text in zip(series.labels, numbers, texts, strict=True):
        bar = ""
        if room:
            length = _bar(room * max(number, 0.0) / highest if highest > 0 else 0.0, 0)
            bar = " │" + _painted(length, _COLORS[0], color) + " " * (room - len(length))
        step, total = _share(number, before), _share(number, first)
        yield f"{fit(label, label_width)} {text.rjust(wide)}{bar}{step:>8}{total:>8}"
        before = number


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _value(series: Series, width: int, color: bool) -> Iterator[str]:
    """Yield each number in large figures, or as it is where they have no room."""
    for label, value in zip(series.labels, series.values, strict=True):
        text = _written(value)
        lines = large(text)
        if lines is None or display_width(lines[0]) > width:
            lines = (text,)
        yield _cut(label, width)
        for line in lines:
            yield _painted(line, 1, color)


_DRAWINGS: dict[str, Callable[[Series, int, bool], Iterator[str]]] = {
    "bar": _bars,
    "line": _line,
    "pie": _pie,
    "funnel": _funnel,
    "value": _value,
}


def _cut(text: str, width: int) -> str:
    return text if display_width(text) <= width else fit(text, width)


def _painted(text: str, code: int, color: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if color and text.strip() else text
