"""Text and places in it.

What arrives: the text of a query, as the user wrote it. What leaves: a ``Source`` that translates
offsets into lines and columns, and ``Span``, the half-open range of offsets a thing was written at.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import NamedTuple

from usql.record import Record


class Span(NamedTuple):
    """A half-open range of character offsets in a source text."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """Return the span from the start of this one to the end of ``other``."""
        return Span(self.start, other.end)


NOWHERE = Span(0, 0)
"""The span of a thing that nobody wrote, such as a default."""


class Position(NamedTuple):
    """A place for people: line and column, both counted from 1."""

    line: int
    column: int


class Source(Record):
    r"""The text of a query.

    >>> Source("SELECT city\nFRM usersession").position(12)
    Position(line=2, column=1)
    """

    text: str

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        for offset, character in enumerate(self.text):
            if character == "\n" or (
                character == "\r" and self.text[offset + 1 : offset + 2] != "\n"
            ):
                starts.append(offset + 1)
        return starts

    def position(self, offset: int) -> Position:
        """Return line and column of a character offset (the end of the text is a place too)."""
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """Return the text of a line (counted from 1) without its line end."""
        starts = self._line_starts
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def slice(self, span: Span) -> str:
        """Return what was written in a span."""
        return self.text[span.start : span.end]
