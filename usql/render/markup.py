"""The formats of documents: ``markdown``, and HTML for notebooks.

Guarantees: what a reader of the finished document sees are the values as they are; nothing in a
value is taken for markup. Lines within a value stay lines (``<br>``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from usql.render import Style
from usql.render.escape import visible
from usql.render.values import shown

if TYPE_CHECKING:
    from usql.result import Column, Result, Value

SHOWN_ROWS = 100
"""Most rows in a notebook; more make it slow, and ``to_csv()`` and the like have them all."""

# An underscore within a word is no markup in GitHub's Markdown, and names are full of them.
_MARKUP = re.compile(r"[\\|`*<&~]|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[])")
_LINE_END = re.compile(r"\r\n|\r|\n")


def render_markdown(result: Result, style: Style) -> Iterator[str]:
    """Yield the lines of a table in GitHub's Markdown."""
    yield _markdown_row(_markdown(column.name) for column in result.columns)
    yield _markdown_row("---:" if _right(column) else "---" for column in result.columns)
    for row in result.rows:
        yield _markdown_row(map(_markdown, row))


def notebook_html(result: Result) -> str:
    """Return a table of the first ``SHOWN_ROWS`` rows, with the explanations below it."""
    head = "".join(f"<th>{escape(column.name)}</th>" for column in result.columns)
    body = "".join(_html_row(result.columns, row) for row in result.rows[:SHOWN_ROWS])
    notes = list(result.explanations)
    if len(result.rows) > SHOWN_ROWS:
        notes.insert(0, f"{len(result.rows) - SHOWN_ROWS} more rows are not shown.")
    foot = "".join(f"<p><small>{escape(note)}</small></p>" for note in notes)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{foot}"


def _markdown_row(cells: Iterator[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _markdown(value: Value) -> str:
    lines = _LINE_END.split(value) if isinstance(value, str) else [shown(value)]
    return "<br>".join(_MARKUP.sub(r"\\\g<0>", visible(line)) for line in lines)


def _html_row(columns: tuple[Column, ...], row: tuple[Value, ...]) -> str:
    cells = (_html_cell(column, value) for column, value in zip(columns, row, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _html_cell(column: Column, value: Value) -> str:
    style = ' style="text-align: right"' if _right(column) else ""
    lines = _LINE_END.split(value) if isinstance(value, str) else [shown(value)]
    text = "<br>".join(escape(visible(line)) for line in lines)
    return f"<td{style}>{f'<i>{text}</i>' if value is None else text}</td>"


def _right(column: Column) -> bool:
    return column.numeric or column.type == "date"
