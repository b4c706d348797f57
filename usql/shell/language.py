"""What the shell asks about a text as it is typed: is it whole, where does the next one begin.

A text is *whole* if pressing Enter should run it: it is a query, or wrong in a way that more text
cannot mend. It goes on where its author is still in the middle.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from usql.shell.commands.names import is_command

if TYPE_CHECKING:
    from usql.syntax_hints.situation import Token

_LONGEST = 20_000
"""Longer texts are run as they are: parsing at each key would be felt."""


def is_whole(text: str) -> bool:
    """Whether Enter runs a text.

    An empty last line says "run it" of any text, so that nobody is caught.

    >>> is_whole("SELECT country FROM"), is_whole("SELECT country FROM usersession")
    (False, True)
    >>> is_whole(".tables"), is_whole("SELECT country FROM\\n")
    (True, True)
    """
    if not text.strip() or is_command(text) or text.endswith("\n") or len(text) > _LONGEST:
        return True
    return not goes_on(text.rstrip())


@lru_cache(maxsize=4)
def goes_on(text: str) -> bool:
    """Whether a text is the beginning of a query that has to go on."""
    from usql.errors import BadSyntax
    from usql.parser import parse
    from usql.syntax_hints.situation import Kind

    found = tokens(text)
    if any(token.kind in (Kind.QUOTE, Kind.COMMENT) for token in found):
        return True
    if len(found) < 2 or found[-2].sign == ";":
        return False
    last = split(text)[-1]
    try:
        parse(last)
    except BadSyntax as error:
        return error.unfinished
    except Exception:  # whatever else is wrong, more text does not mend it
        return False
    return False


def tokens(text: str) -> tuple[Token, ...]:
    """Return the words and signs of a text; the last one stands for its end."""
    from usql.syntax_hints.situation import Situation

    return tuple(Situation.of(text, 0, ()).tokens)


def split(text: str) -> list[str]:
    """Return the statements of a text, without the semicolons between them.

    >>> split("SELECT 1; SELECT ';' -- x;\\n; ")
    ['SELECT 1', "SELECT ';' -- x;"]
    """
    parts, start = [], 0
    for token in tokens(text):
        if token.sign == ";":
            parts.append(text[start : token.start])
            start = token.end
    parts.append(text[start:])
    return [part.strip() for part in parts if len(tokens(part)) > 1]
