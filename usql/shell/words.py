"""A text in coloured pieces: ``pieces(text) -> [(style, piece)]``, joined the text again.

Words that no query can have where they stand are *bad*: neither a keyword, a function, a table, a
field, nor a name that the text itself gives. The word being typed is not, while it may become one.
"""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from usql.shell.commands.names import MARKS, known_as, said
from usql.shell.language import tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usql.syntax_hints.situation import Token

Pieces = list[tuple[str, str]]
BAD, COMMAND, COMMENT = "class:usql.bad", "class:usql.command", "class:usql.comment"
FIELD, FUNCTION, KEYWORD = "class:usql.field", "class:usql.function", "class:usql.keyword"
NUMBER, PLAIN, STRING, VARIABLE = (
    "class:usql.number",
    "",
    "class:usql.string",
    "class:usql.variable",
)
_LONGEST = 100_000

KEYWORDS = frozenset(
    {"AND", "AS", "ASC", "BETWEEN", "BY", "CONDITION", "DESC", "DISTINCT", "DURATION", "FALSE"}
    | {"FILTER", "FROM", "FUNNEL", "GROUP", "IN", "IS", "JSON", "LIKE", "LIMIT", "MOD", "NOT"}
    | {"NULL", "OR", "ORDER", "SELECT", "STARTSWITH", "TRUE", "WHERE"}
)


@lru_cache(maxsize=8)
def pieces(text: str) -> Pieces:
    """Return the text in pieces with their styles.

    >>> [(style.removeprefix("class:usql."), piece) for style, piece in pieces("SELECT citty coun")]
    [('keyword', 'SELECT'), ('', ' '), ('bad', 'citty'), ('', ' '), ('', 'coun')]
    """
    if len(text) > _LONGEST:
        return [(PLAIN, text)]
    if text.lstrip()[:1] in MARKS and text.strip():
        return _command(text)
    found = tokens(text)
    given = _given(found)
    result, end = Pieces(), 0
    for number, token in enumerate(found[:-1]):
        _blank(result, text[end : token.start])
        result.append((_style(found, number, given, len(text)), token.text))
        end = token.end
    _blank(result, text[end:])
    return result


def _blank(result: Pieces, between: str) -> None:
    if between:
        result.append((COMMENT if between.strip() else PLAIN, between))


def _command(text: str) -> Pieces:
    from usql.shell.commands.registry import BY_NAME

    mark = text[: len(text) - len(text.lstrip()) + 1]
    word, blank, rest = text[len(mark) :].partition(" ")
    name = known_as(word.strip().rstrip(";"))
    begun = not blank and any(known.startswith(name) for known in BY_NAME)
    return [(COMMAND if begun or name in BY_NAME else BAD, mark + word), (PLAIN, blank + rest)]


def _style(found: Sequence[Token], number: int, given: frozenset[str], end: int) -> str:
    from usql.syntax_hints.situation import Kind

    token = found[number]
    match token.kind:
        case Kind.WORD:
            return _word_style(found, number, given, end)
        case Kind.NUMBER:
            return NUMBER
        case Kind.STRING:
            return STRING
        case Kind.QUOTE:
            return STRING
        case Kind.VARIABLE | Kind.PARAMETER:
            return VARIABLE
        case Kind.ODD_WORD | Kind.BACKTICKS:
            return BAD
        case Kind.COMMENT:
            return COMMENT
        case Kind.SIGN if token.text in ("&&", "||", "~", "{", "}", "^", "#", "@", "!"):
            return BAD
        case _:
            return PLAIN


def _word_style(found: Sequence[Token], number: int, given: frozenset[str], end: int) -> str:
    token, before = found[number], found[number - 1] if number else None
    lower = token.text.lower()
    if before is not None and before.sign == ".":
        return FIELD if _is_known_part(found, number, end) else BAD
    if found[number + 1].sign == "(" and lower in _functions():
        return FUNCTION
    if token.word in KEYWORDS:
        return KEYWORD
    if lower in given or lower in _names():
        return FIELD
    typing = token.end == end and any(known.startswith(lower) for known in _known())
    after_as = before is not None and before.word == "AS"
    if typing or after_as or lower in _functions():
        return PLAIN
    return PLAIN if said(token.text) is not None else BAD


def _is_known_part(found: Sequence[Token], number: int, end: int) -> bool:
    """Whether a name after a point is a field of the table before it, or a property's key."""
    from usql.schema import catalogue

    owner = found[number - 2].text if number > 1 else ""
    table = catalogue().find(owner)
    if table is None:
        return True  # the key of a property may be any word
    word = found[number].text.lower()
    if table.find(word) is not None:
        return True
    return found[number].end == end and any(f.name.lower().startswith(word) for f in table.fields)


def _given(found: Sequence[Token]) -> frozenset[str]:
    """Return the names that a text gives to columns."""
    return frozenset(after.text.lower() for before, after in pairwise(found) if before.word == "AS")


@cache
def _functions() -> frozenset[str]:
    from usql.functions import FUNCTIONS

    return frozenset({*FUNCTIONS, "funnel", "duration", "condition"})


@cache
def _names() -> frozenset[str]:
    """Return the tables and fields, in lower case."""
    from usql.schema import catalogue

    tables = catalogue().tables
    return frozenset(
        {table.name.lower() for table in tables}
        | {field.name.lower() for table in tables for field in table.fields}
    )


@cache
def _known() -> frozenset[str]:
    return _names() | _functions() | {word.lower() for word in KEYWORDS}
