"""``LIKE`` patterns -> texts and wildcards."""

from __future__ import annotations

from usql.resolved import Wildcard

_RUN = Wildcard("*")
_ONE = Wildcard("?")
_SIGNS = {"%": _RUN, "*": _RUN, "?": _ONE}
_ESCAPABLE = set("%*?\\")


def parse_pattern(text: str) -> tuple[str | Wildcard, ...]:
    r"""Return the pieces of a pattern; neighbouring runs are one.

    ``%`` and ``*`` match any run of characters, ``?`` exactly one. A backslash before ``%``, ``*``,
    ``?`` or a backslash takes their meaning away; before anything else it stands for itself.

    >>> parse_pattern(r"100\% *")
    ('100% ', Wildcard(sign='*'))
    """
    pieces: list[str | Wildcard] = []
    literal: list[str] = []

    def flush() -> None:
        if literal:
            pieces.append("".join(literal))
            literal.clear()

    characters = iter(enumerate(text))
    for index, character in characters:
        following = text[index + 1 : index + 2]
        if character == "\\" and following in _ESCAPABLE and following:
            literal.append(following)
            next(characters)
        elif character in _SIGNS:
            flush()
            if not (pieces and pieces[-1] == _RUN and _SIGNS[character] == _RUN):
                pieces.append(_SIGNS[character])
        else:
            literal.append(character)
    flush()
    return tuple(pieces)
