"""An error and its source drawn for people, or as plain data for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from usql.errors import UsqlError

_WIDTH = 100
"""Longest piece of a source line that is shown; longer lines are cut around the caret."""
_LEAST = 20
"""Shortest piece, however narrow the terminal is."""

_BLANKS = "\N{ZERO WIDTH NO-BREAK SPACE}\N{ZERO WIDTH SPACE}"
"""What the language reads as white space, though Python does not."""


def draw(error: UsqlError, width: int | None = None) -> str:
    """Return the error as text: message, source line with a caret, hint.

    Args:
        error: what went wrong.
        width: the columns that the line with the caret has to fit, or ``None`` where there are
            as many as it takes.
    """
    parts = [error.message]
    if error.source is not None and error.span is not None:
        parts.append(_excerpt(error, width))
    if error.hint:
        parts.append(f"hint: {error.hint}")
    return "\n".join(parts)


def as_data(error: UsqlError) -> dict[str, Any]:
    """Return the error as a dictionary that can be written as JSON."""
    return {
        "code": error.code,
        "message": error.message,
        "line": error.line,
        "column": error.column,
        "hint": error.hint,
    }


def _excerpt(error: UsqlError, width: int | None) -> str:
    assert error.source is not None
    assert error.span is not None
    line, column = error.source.position(error.span.start)
    text = error.source.line(line)
    length = max(
        1, min(error.span.end, error.span.start + len(text) - column + 1) - error.span.start
    )
    label = f"line {line}, column {column}: "
    room = _WIDTH if width is None else max(_LEAST, min(_WIDTH, width - len(label)))
    shown, at = _window(_printable(text), column - 1, room)
    marks = "^" * max(1, _width(shown[at : at + length]))
    gutter = " " * len(label)
    return f"{label}{shown}\n{gutter}{' ' * _width(shown[:at])}{marks}"


def _window(text: str, at: int, room: int) -> tuple[str, int]:
    """Return the piece of a text around a place, and the place in it."""
    if len(text) <= room:
        return text, at
    start = max(0, min(at - room // 2, len(text) - room))
    cut = text[start : start + room]
    if start > 0:
        cut = "…" + cut[1:]
    if start + room < len(text):
        cut = cut[:-1] + "…"
    return cut, at - start


def _printable(text: str) -> str:
    """Replace what would move the cursor, so that the caret stands where it should."""
    return "".join(
        c
        if c.isprintable()
        else " "
        if c.isspace() or c in _BLANKS
        else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )


def _width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
