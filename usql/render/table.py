"""The formats for terminals: ``table`` and, for rows too wide for it, ``vertical``.

Guarantees: each value stands on one line and is safe to show; columns line up on a terminal; with
a width no line of a table is longer than it, and what was left out shows as ``…``. Numbers and
dates are never cut: a cut number reads as another number. A table that cannot be narrowed so far
turns vertical; vertical cuts nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from usql.record import Record
from usql.render import Style
from usql.render.escape import visible
from usql.render.values import shown
from usql.render.width import display_width, fit

if TYPE_CHECKING:
    from usql.result import Column, Result, Value

_BETWEEN = " │ "
_NARROWEST = 8
"""A column is not cut below this; less tells nothing."""
_RULE = 24
_BOLD, _DIM, _RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_NO_ROWS = "(no rows)"


class _Track(Record):
    """Where one column of the table stands."""

    label: str
    width: int
    right: bool

    def place(self, text: str) -> str:
        return fit(text, self.width, right=self.right)


def render_table(result: Result, style: Style) -> Iterator[str]:
    """Yield a header, a rule and a line per row; or ``vertical`` if that does not fit."""
    cells = [tuple(map(shown, row)) for row in result.rows]
    tracks = _tracks(result.columns, cells, style.width)
    if tracks is None:
        yield from render_vertical(result, style)
        return
    labels = (_paint(track.place(track.label), _BOLD, style) for track in tracks)
    yield _line(_BETWEEN.join(labels))
    yield _line("─┼─".join("─" * track.width for track in tracks))
    for row, texts in zip(result.rows, cells, strict=True):
        yield _line(_BETWEEN.join(_cells(tracks, row, texts, style)))
    if not cells:
        yield _line(_NO_ROWS)


def render_vertical(result: Result, style: Style) -> Iterator[str]:
    """Yield a block per row with a line per value: label, then the whole value."""
    labels = [visible(column.name) for column in result.columns]
    width = max(map(display_width, labels), default=0)
    heads = [_paint(fit(label, width), _BOLD, style) + _BETWEEN for label in labels]
    for number, row in enumerate(result.rows, start=1):
        yield _line(f"─ row {number} ".ljust(_RULE, "─"))
        for head, value in zip(heads, row, strict=True):
            yield _line(head + _value(value, shown(value), style))
    if not result.rows:
        yield _line(_NO_ROWS)


def _tracks(
    columns: tuple[Column, ...], cells: list[tuple[str, ...]], limit: int | None
) -> list[_Track] | None:
    """Settle the widths of the columns; ``None`` if they do not fit into the limit."""
    labels = [visible(column.name) for column in columns]
    right = [column.numeric or column.type == "date" for column in columns]
    values = [0] * len(columns)
    if cells:
        values = [max(map(display_width, texts)) for texts in zip(*cells, strict=True)]
    widths = [
        max(1, display_width(label), value) for label, value in zip(labels, values, strict=True)
    ]
    if limit is not None:
        least = [
            max(value if uncut else 1, min(width, _NARROWEST))
            for value, width, uncut in zip(values, widths, right, strict=True)
        ]
        narrowed = _narrow(widths, least, limit - len(_BETWEEN) * (len(columns) - 1))
        if narrowed is None:
            return None
        widths = narrowed
    return [_Track(*track) for track in zip(labels, widths, right, strict=True)]


def _narrow(widths: list[int], least: list[int], room: int) -> list[int] | None:
    """Cut the widest columns first, to one common width, until all fill the room."""
    if sum(widths) <= room:
        return widths
    for widest in range(room, 0, -1):
        narrowed = [max(low, min(width, widest)) for low, width in zip(least, widths, strict=True)]
        left = room - sum(narrowed)
        if left >= 0:
            return [*_widened(narrowed, widths, left)]
    return None


def _widened(narrowed: list[int], widths: list[int], left: int) -> Iterator[int]:
    """Give the columns that are cut one column each of what is left, the first ones first."""
    for narrow, width in zip(narrowed, widths, strict=True):
        more = int(narrow < width and left > 0)
        left -= more
        yield narrow + more


def _cells(
    tracks: list[_Track], row: tuple[Value, ...], texts: tuple[str, ...], style: Style
) -> Iterator[str]:
    for track, value, text in zip(tracks, row, texts, strict=True):
        yield _value(value, track.place(text), style)


def _value(value: Value, text: str, style: Style) -> str:
    return _paint(text, _DIM, style) if value is None else text


def _paint(text: str, code: str, style: Style) -> str:
    return f"{code}{text}{_RESET}" if style.color else text


def _line(text: str) -> str:
    # Blanks at line ends would be lost in documents and tests; here they mean nothing.
    return text.rstrip(" ") + "\n"
