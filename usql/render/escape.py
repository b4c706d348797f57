r"""Text from data made safe to show: ``visible(text) -> str``.

What leaves holds no character that moves the cursor, starts an escape sequence, turns the
direction of writing or is invisible; such characters stand as ``\n``, ``\x1b``, ``\u202e``. All
other text, also the joiners inside emoji and combining marks, is left as it is.
"""

from __future__ import annotations

import re

_UNSAFE = (
    r"\x00-\x1f\x7f-\x9f"  # control characters, C1 among them: terminals obey U+009B like ESC [
    r"\xad\u200b\u2060-\u2064\ufeff"  # invisible, yet some terminals give them a column
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction marks, overrides and isolates
    r"\u2028\u2029"  # line ends
    r"\ufff9-\ufffb\U000e0000-\U000e007f"  # annotations and tags: text that hides in text
    r"\ud800-\udfff"  # lone surrogates, which no encoding can write
)
_IN_LINE = re.compile(f"[{_UNSAFE}]")
_IN_LINES = re.compile(f"(?!\n)[{_UNSAFE}]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    r"""Return the text on one line, with unsafe characters escaped.

    >>> visible("two\nlines"), visible("\x1b[2J"), visible("Zoë 👋")
    ('two\\nlines', '\\x1b[2J', 'Zoë 👋')
    """
    # Most text is printable in Python's sense, which is narrower than ours and fast to ask.
    return text if text.isprintable() else _IN_LINE.sub(_escaped, text)


def visible_lines(text: str) -> str:
    r"""Return the text with its lines kept and all other unsafe characters escaped.

    >>> print(visible_lines("error near \x07\n  ^"))
    error near \x07
      ^
    """
    return text if text.isprintable() else _IN_LINES.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
