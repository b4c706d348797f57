"""A text in coloured tokens, in statements, and whether it is whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import pairwise
from typing import Literal, TypeAlias

from usql.functions import FUNCTIONS
from usql.parser import beginning
from usql.schema import catalogue
from usql.source import Source
from usql.syntax_hints.situation import Kind, tokens_of
from usql.syntax_hints.situation import Token as Raw

TokenClass: TypeAlias = Literal[
    "keyword", "function", "table", "field", "name", "number", "string", "variable",
    "parameter", "operator", "bracket", "punctuation", "comment", "bad",
]  # fmt: skip

KEYWORDS = frozenset(
    {"AND", "AS", "ASC", "BETWEEN", "BY", "COMPARE", "DESC", "DISTINCT", "FALSE", "FILTER"}
    | {"FROM", "GROUP", "IN", "IS", "JSON", "LIKE", "LIMIT", "MATCHES", "MOD", "NOT", "NULL"}
    | {"OFFSET", "OR", "ORDER", "ORDERED", "PER", "SEGMENT", "SELECT", "STARTSWITH", "STRICT"}
    | {"TRUE", "WHERE", "WITHIN"}
)
"""The words with a place of their own in the grammar."""
CALLS = frozenset({*FUNCTIONS, "funnel", "duration", "any", "all", "none"})
"""What may stand before an opening bracket, in lower case."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text.

    Attributes:
        kind: its class, for colours; ``bad`` if it can have no place in a query.
        text: what stands there.
        start, end: its place, in characters.
    """

    kind: TokenClass
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One of several queries that are separated by ``;``.

    Attributes:
        text: the query, without blanks around it and without the ``;``.
        start, end: its place in the whole text, in characters.
        line, column: where it begins, counted from 1.
    """

    text: str
    start: int
    end: int
    line: int
    column: int


class Completeness(Enum):
    """What pressing Enter should make of a text."""

    EMPTY = "empty"
    """Nothing but blanks and comments."""
    COMPLETE = "complete"
    """One or more queries; the last may go without ``;``."""
    INCOMPLETE = "incomplete"
    """A query may begin so."""
    WRONG = "wrong"
    """No more text makes a query of it."""


def tokens(text: str) -> tuple[Token, ...]:
    """Return the words, signs and comments of a text, which may be unfinished or wrong.

    The word at the very end counts as a name while it may still become something known.

    >>> [(t.kind, t.text) for t in tokens("SELECT citty, MAX(duration")]  # doctest: +ELLIPSIS
    [('keyword', 'SELECT'), ('bad', 'citty'), ('punctuation', ','), ('function', 'MAX'), ...]
    """
    raw = tokens_of(text)
    given = {b.text.casefold() for a, b in pairwise(raw) if a.word == "AS"}
    found: list[Token] = []
    end = 0
    for index, token in enumerate(raw):
        found += _comments(text, end, token.start)
        if token.kind in (Kind.QUOTE, Kind.COMMENT):  # never closed: all the rest belongs to it
            found.append(Token(_PLAIN[token.kind], text[token.start :], token.start, len(text)))
            break
        if token.kind is not Kind.END:
            kind = _class(raw, index, given, len(text))
            found.append(Token(kind, token.text, token.start, token.end))
        end = token.end
    return tuple(found)


def statements(text: str) -> tuple[Statement, ...]:
    """Return the queries of a text that are separated by ``;``.

    Semicolons within texts, ``[names]`` and comments separate nothing; what is empty is left out.

    >>> [(s.text, s.line) for s in statements("SELECT 1;\\nSELECT ';' -- a; b")]
    [('SELECT 1', 1), ("SELECT ';'", 2)]
    """
    source, found, part = Source(text), list[Statement](), list[Raw]()
    for token in tokens_of(text):
        if token.sign != ";" and token.kind is not Kind.END:
            part.append(token)
        elif part:
            start, end = part[0].start, part[-1].end
            place = source.position(start)
            found.append(Statement(text[start:end], start, end, place.line, place.column))
            part = []
    return tuple(found)


def completeness(text: str) -> Completeness:
    """Return whether a text is one or more whole queries.

    >>> completeness("SELECT city FROM").value, completeness("SELECT city FROM usersession").value
    ('incomplete', 'complete')
    >>> completeness("SELECT FROM usersession").value
    'wrong'
    """
    raw = tokens_of(text)
    if any(token.kind in (Kind.QUOTE, Kind.COMMENT) for token in raw):
        return Completeness.INCOMPLETE
    parts = statements(text)
    if not parts:
        return Completeness.WRONG if len(raw) > 1 else Completeness.EMPTY
    ended = len(raw) > 1 and raw[-2].sign == ";"
    states = [_state(part.text) for part in parts]
    closed = states if ended else states[:-1]
    if Completeness.WRONG in states or Completeness.INCOMPLETE in closed:
        return Completeness.WRONG
    return states[-1]


def _state(text: str) -> Completeness:
    begun = beginning(text)
    if begun is None:
        return Completeness.WRONG
    return Completeness.COMPLETE if "$END" in begun.accepts else Completeness.INCOMPLETE


def _comments(text: str, start: int, end: int) -> Iterator[Token]:
    """Yield the comments between two tokens."""
    while start < end:
        line, block = text.find("--", start, end), text.find("/*", start, end)
        opening = min((place for place in (line, block) if place >= 0), default=end)
        if opening == end:
            return
        if opening == line:
            stop = min((p for p in (text.find(c, opening, end) for c in "\r\n") if p >= 0),
                       default=end)  # fmt: skip
        else:
            stop = text.index("*/", opening + 2) + 2
        yield Token("comment", text[opening:stop], opening, stop)
        start = stop


_PLAIN: dict[Kind, TokenClass] = {
    Kind.NUMBER: "number",
    Kind.STRING: "string",
    Kind.QUOTE: "string",
    Kind.BRACKETED: "name",
    Kind.COMMENT: "comment",
    Kind.VARIABLE: "variable",
    Kind.PARAMETER: "parameter",
    Kind.ODD_WORD: "bad",
    Kind.BACKTICKS: "bad",
}
_OPERATORS = frozenset(["=", "!=", "<>", "<", ">", "<=", ">=", "+", "-", "*", "/", "%"])


def _class(raw: Sequence[Raw], index: int, given: set[str], end: int) -> TokenClass:
    token = raw[index]
    if token.kind is Kind.WORD:
        return _word_class(raw, index, given, end)
    if token.kind is not Kind.SIGN:
        after_dot = index > 0 and raw[index - 1].sign == "."
        return "field" if after_dot and token.kind is Kind.ODD_WORD else _PLAIN[token.kind]
    if token.text in _OPERATORS:
        return "operator"
    if token.text in "()":
        return "bracket"
    return "punctuation" if token.text in (",", ".", ";", ":") else "bad"


def _word_class(raw: Sequence[Raw], index: int, given: set[str], end: int) -> TokenClass:
    token, name = raw[index], raw[index].text.casefold()
    before = raw[index - 1] if index else None
    if before is not None and before.sign == ".":
        return "field" if _is_part(raw, index, end) else "bad"
    if before is not None and before.word == "AS":
        return "name"
    if token.word in KEYWORDS:
        return "keyword"
    if raw[index + 1].sign == "(":
        return "function" if name in CALLS else "bad"
    if name in given:
        return "name"
    if name in _tables():
        return "table"
    if name in _fields():
        return "field"
    return "name" if token.end == end and _may_become(name) else "bad"


def _is_part(raw: Sequence[Raw], index: int, end: int) -> bool:
    """Whether a word after a dot is a field of the table before it, or a property's key."""
    owner = catalogue().find(raw[index - 2].text) if index > 1 else None
    word = raw[index]
    if owner is None or owner.find(word.text) is not None:
        return True
    folded = word.text.casefold()
    return word.end == end and any(f.name.casefold().startswith(folded) for f in owner.fields)


def _may_become(word: str) -> bool:
    known = (_tables(), _fields(), CALLS, {k.casefold() for k in KEYWORDS})
    return any(name.startswith(word) for names in known for name in names)


@cache
def _tables() -> frozenset[str]:
    return frozenset(table.name.casefold() for table in catalogue().tables)


@cache
def _fields() -> frozenset[str]:
    return frozenset(f.name.casefold() for table in catalogue().tables for f in table.fields)
