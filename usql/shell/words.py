"""A text in coloured pieces: ``pieces(text) -> [(style, piece)]``, joined the text again.

The classes of words are the language's own (``usql.completion.tokens``); commands of the shell are
coloured here.
"""

from __future__ import annotations

from functools import lru_cache

from usql.shell.commands.names import MARKS, known_as, said

Pieces = list[tuple[str, str]]
_STYLE = "class:usql."
_LONGEST = 100_000


@lru_cache(maxsize=8)
def pieces(text: str) -> Pieces:
    """Return the text in pieces with their styles.

    >>> [(style.removeprefix("class:usql."), piece) for style, piece in pieces("SELECT citty coun")]
    [('keyword', 'SELECT'), ('', ' '), ('bad', 'citty'), ('', ' '), ('name', 'coun')]
    """
    if len(text) > _LONGEST or not text.strip():
        return [("", text)]
    if text.lstrip()[0] in MARKS:
        return _command(text)
    if said(text) is not None:
        return [(_STYLE + "command", text)]
    return _query(text)


def _query(text: str) -> Pieces:
    from usql.completion import tokens

    result, end = Pieces(), 0
    for token in tokens(text):
        if token.start > end:
            result.append(("", text[end : token.start]))
        result.append((_STYLE + token.kind, token.text))
        end = token.end
    rest = text[end:]
    if rest:
        result.append((_STYLE + "comment" if rest.strip() else "", rest))
    return result


def _command(text: str) -> Pieces:
    from usql.shell.commands.registry import BY_NAME

    mark = text[: len(text) - len(text.lstrip()) + 1]
    word, blank, rest = text[len(mark) :].partition(" ")
    name = known_as(word.strip().rstrip(";"))
    begun = not blank and any(known.startswith(name) for known in BY_NAME)
    style = "command" if begun or name in BY_NAME else "bad"
    return [(_STYLE + style, mark + word), ("", blank + rest)]
