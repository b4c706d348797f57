"""Results as text: ``render(result, format, width=…, color=…) -> Iterator[str]``.

What arrives: a ``Result`` and the name of a format. What leaves: its text in chunks that joined
are the whole, each line with its line end; formats that need no look ahead yield row by row. The
text depends on nothing but the arguments: no terminal, locale or clock is looked at here (that is
``terminal``'s part, for the command line).

Two kinds of format, with two promises:

- *for people* (``table``, ``vertical``, ``markdown``, ``chart``): every value takes one line and
  cannot move the cursor or change colours; null is ``null``, lists are ``[a, b]``, properties
  ``{key: value}``, doubles have at most ten significant digits (but all digits before the point).
- *for programs* (``csv``, ``tsv``, ``json``, ``ndjson``): nothing is cut, rounded or replaced;
  doubles have the shortest form that reads back as the same number.

A whole double keeps its point in all of them (``3.0``), so that it is told from an integer.
Dates are numbers of ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO

from usql.record import Record

if TYPE_CHECKING:
    from usql.result import Result


class Style(Record):
    """How text for people is laid out.

    Attributes:
        width: the columns of the terminal, or ``None`` where there is none and nothing is cut.
        color: whether ANSI colours may be used.
    """

    width: int | None = None
    color: bool = False


Renderer = Callable[["Result", Style], Iterator[str]]


class Format(Record):
    """A format: its name, what it is good for, and the module that has ``render_<name>``."""

    name: str
    about: str
    module: str

    @property
    def renderer(self) -> Renderer:
        """The function that does the work, imported when it is asked for."""
        found: Renderer = getattr(import_module(self.module), f"render_{self.name}")
        return found


FORMATS = {
    entry.name: entry
    for entry in (
        Format("table", "aligned columns, cut to the terminal", "usql.render.table"),
        Format("vertical", "one line per value, nothing cut", "usql.render.table"),
        Format(
            "csv", "comma-separated values (RFC 4180, lines end in LF)", "usql.render.delimited"
        ),
        Format("tsv", "tab-separated values, \\t \\n \\r \\\\ escaped", "usql.render.delimited"),
        Format("json", "one array of objects", "usql.render.objects"),
        Format("ndjson", "one object per line", "usql.render.objects"),
        Format("markdown", "a table for documents and tickets", "usql.render.markup"),
        Format("chart", "a drawing, as the shape of the result suggests", "usql.render.chart"),
    )
}
"""All formats by name, the default first."""

BINARY_FORMATS = {"parquet": "usql.arrow", "arrow": "usql.arrow"}
"""Formats that are bytes, and the modules that have ``write_<name>``."""


def write_binary(result: Result, format: str, file: BinaryIO) -> None:
    """Write a result to a file that was opened for bytes.

    Args:
        result: what to write.
        format: a name in ``BINARY_FORMATS``.
        file: where to; it may be a pipe.

    Raises:
        MissingExtra: the format needs a library that is not installed.
    """
    getattr(import_module(BINARY_FORMATS[format]), f"write_{format}")(result, file)


def render(
    result: Result, format: str, *, width: int | None = None, color: bool = False
) -> Iterator[str]:
    r"""Return the text of a result, in chunks.

    Args:
        result: what to show.
        format: a name in ``FORMATS``.
        width: columns of the terminal; ``None`` if there is none, then nothing is cut.
        color: whether to use ANSI colours (in ``table``, ``vertical`` and ``chart``).

    Raises:
        ValueError: if there is no such format.

    >>> from usql.result import Column, Result
    >>> answer = Result((Column("city", "string"), Column("count(*)", "long")), [("Linz", 12)])
    >>> print("".join(render(answer, "table")), end="")
    city │ count(*)
    ─────┼─────────
    Linz │       12
    >>> list(render(answer, "csv"))
    ['city,count(*)\n', 'Linz,12\n']
    """
    if format not in FORMATS:
        raise ValueError(f"there is no format {format!r}; there are {', '.join(FORMATS)}")
    return FORMATS[format].renderer(result, Style(width, color))
