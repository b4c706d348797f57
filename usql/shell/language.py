"""What the shell asks about a text as it is typed: is it whole, where does the next one begin.

A text is *whole* if pressing Enter should run it: it is a query, or wrong in a way that more text
cannot mend. It goes on where its author is still in the middle.
"""

from __future__ import annotations

from functools import lru_cache

from usql.shell.commands.names import is_command

_LONGEST = 20_000
"""Longer texts are run as they are: parsing at each key would be felt."""


def is_whole(text: str) -> bool:
    r"""Whether Enter runs a text.

    An empty last line says "run it" of any text, so that nobody is caught.

    >>> is_whole("SELECT country FROM"), is_whole("SELECT country FROM usersession")
    (False, True)
    >>> is_whole(".tables"), is_whole("SELECT country FROM\n")
    (True, True)
    """
    if not text.strip() or is_command(text) or text.endswith("\n") or len(text) > _LONGEST:
        return True
    return not goes_on(text.rstrip())


@lru_cache(maxsize=4)
def goes_on(text: str) -> bool:
    """Whether a text is the beginning of a query that has to go on."""
    from usql.completion import Completeness, completeness

    return completeness(text) is Completeness.INCOMPLETE


def split(text: str) -> list[str]:
    r"""Return the statements of a text, without the semicolons between them.

    >>> split("SELECT 1; SELECT ';' -- x;\n; ")
    ['SELECT 1', "SELECT ';'"]
    """
    from usql.completion import statements

    return [statement.text for statement in statements(text)]
