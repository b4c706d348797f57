"""How wide text is on a terminal, and text brought to a width.

Arrives: text without control characters (see ``escape``). Widths are terminal columns: two for
East Asian wide characters and emoji, none for combining marks. The tables that know this are
rich's, imported only for text that needs them.
"""

from __future__ import annotations

ELLIPSIS = "…"


def display_width(text: str) -> int:
    r"""Return how many columns a text takes.

    >>> display_width("Linz"), display_width("京都"), display_width("e\u0301")
    (4, 4, 1)
    """
    # Below U+0300, the first combining mark, all that is printable takes one column.
    if text.isascii() or max(text) < "\u0300":
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return a text of exactly a width, which is at least 1.

    A shorter text is filled with blanks, to its right or, if it is to stand ``right``, to its
    left. A longer one ends in ``…``.

    >>> fit("京都", 6) + "|", fit("12", 4, right=True), fit("Salzburg", 5), fit("東京都", 4)
    ('京都  |', '  12', 'Salz…', '東 …')
    """
    missing = width - display_width(text)
    if missing < 0:
        return _cut(text, width)
    return " " * missing + text if right else text + " " * missing


def _cut(text: str, width: int) -> str:
    if text.isascii():
        return text[: width - 1] + ELLIPSIS
    from rich.cells import set_cell_size

    # Half a wide character cannot be shown; a blank stands in its place.
    return set_cell_size(text, width - 1) + ELLIPSIS
