"""What the command line has to know about the streams it writes to.

A pipe or a file gets UTF-8 with LF whatever the locale, so that the same query writes the same
bytes everywhere (``PYTHONIOENCODING`` still rules). A terminal keeps its encoding; what that
cannot show, the lines of tables among it, is replaced, never an error.
"""

from __future__ import annotations

import codecs
import os
from typing import TextIO

_REPLACEMENT = "usql-replace"
_ASCII = {"│": "|", "─": "-", "┼": "+", "…": "~", "’": "'", "“": '"', "”": '"', "–": "-", "→": "->"}
_BLOCKS = dict.fromkeys("█▌▋▊▉", "#") | dict.fromkeys("▏▎▍", "") | {"▒": "%", "░": ".", "▖": ","}
_SUBSTITUTES = _ASCII | _BLOCKS | {"┤": "|", "└": "+"}


def prepare(stream: TextIO | None) -> None:
    """Make a stream take any text."""
    reconfigure = getattr(stream, "reconfigure", None)
    if stream is None or reconfigure is None:
        return
    codecs.register_error(_REPLACEMENT, _replace)
    if stream.isatty() or os.environ.get("PYTHONIOENCODING"):
        reconfigure(errors=_REPLACEMENT)
    else:
        reconfigure(encoding="utf-8", errors=_REPLACEMENT, newline="\n")


def terminal_width(stream: TextIO | None) -> int | None:
    """Return the columns of a terminal, or ``None`` if the stream is none."""
    if stream is None or not stream.isatty():
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80


def wants_color(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal that shows colours and the user has not asked for none."""
    if stream is None or not stream.isatty():
        return False
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _replace(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    unwritable = error.object[error.start : error.end]
    return "".join(map(_substitute, unwritable)), error.end


def _substitute(character: str) -> str:
    found = _SUBSTITUTES.get(character)
    if found is not None:
        return found
    if "\u2800" <= character <= "\u28ff":  # the dots of lines
        return " " if character == "\u2800" else "*"
    return _escape(character)


def _escape(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode("ascii")
