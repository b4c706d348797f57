"""Where the parser stopped, seen as a person sees it: words, signs, brackets and clauses.

The parser knows one offset and what could have stood there. People make their mistakes a word
earlier, or open a bracket that they forget to close; so the rules look at the tokens around the
offset and at the part of the query that it lies in.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property

from usql.limits import paced
from usql.source import Span


class Kind(Enum):
    """What a token looks like."""

    WORD = auto()
    ODD_WORD = auto()
    """Begins with a digit, such as ``5s``."""
    NUMBER = auto()
    STRING = auto()
    QUOTE = auto()
    """A quote that is never closed."""
    BRACKETED = auto()
    BACKTICKS = auto()
    COMMENT = auto()
    """The beginning of a comment that is never closed."""
    VARIABLE = auto()
    PARAMETER = auto()
    SIGN = auto()
    END = auto()


_TOKEN = re.compile(
    r"""
    (?P<BLANK>[\s\ufeff\u200b]+ | --[^\r\n]* | /\*(?:[^*]++|\*(?!/))*\*/)
  | (?P<STRING>'(?:[^']++|'')*' | "(?:[^"]++|"")*"
             | [‘’‚‛][^‘’‚‛']*[‘’‚‛'] | [“”„‟][^“”„‟"]*[“”„‟"])
  | (?P<QUOTE>['"‘’‚‛“”„‟])
  | (?P<BRACKETED>\[(?:[^\]]++|\]\])*\])
  | (?P<BACKTICKS>`[^`\r\n]*` | `)
  | (?P<COMMENT>/\*)
  | (?P<NUMBER>\d+(?:\.\d+)?(?:e[+-]?\d+)?(?!\w))
  | (?P<WORD>[^\W\d]\w*)
  | (?P<ODD_WORD>\d\w*)
  | (?P<VARIABLE>\$\w*)
  | (?P<PARAMETER>:\w+)
  | (?P<SIGN>[=<>!~]+ | && | \|\| | :: | // | .)
    """,
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or sign of the text, and where it stands."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The word in capitals; "" if this is no word."""
        return self.text.upper() if self.kind is Kind.WORD else ""

    @property
    def sign(self) -> str:
        """The sign; "" if this is none."""
        return self.text if self.kind is Kind.SIGN else ""

    @property
    def span(self) -> Span:
        """Where it stands; at least one character."""
        return Span(self.start, max(self.end, self.start + 1))

    @property
    def is_value(self) -> bool:
        """Whether it is a literal, a variable or a parameter."""
        return self.kind in _VALUES or self.word in ("TRUE", "FALSE", "NULL")

    @property
    def is_operator(self) -> bool:
        """Whether it stands between two operands of arithmetic."""
        return self.word == "MOD" or (self.sign != "" and self.sign in "+-*/%")

    @property
    def is_comparison(self) -> bool:
        """Whether it compares a field with a value."""
        return self.sign in ("=", "!=", "<>", "<", ">", "<=", ">=") or self.word in COMPARING_WORDS


_VALUES = (Kind.NUMBER, Kind.STRING, Kind.VARIABLE, Kind.PARAMETER)
COMPARING_WORDS = ("IS", "LIKE", "STARTSWITH", "IN", "BETWEEN", "MATCHES")
CLAUSES = ("FROM", "WHERE", "GROUP", "ORDER", "LIMIT")
"""The words that begin a part of the query after the select list, in their order."""
CONDITION_STARTS = ("WHERE", "AND", "OR", "NOT")
"""The words that a predicate may follow."""
TABLES = ("USERSESSION", "USERACTION", "USEREVENT", "USERERROR")


class Place(Enum):
    """A part of a query."""

    START = auto()
    SELECT = auto()
    FROM = auto()
    CONDITION = auto()
    GROUP = auto()
    ORDER = auto()
    LIMIT = auto()
    LIST = auto()
    """The values of ``IN (…)``."""
    ARGUMENTS = auto()
    """What stands between the brackets of a function."""


_PLACES = {
    "SELECT": Place.SELECT,
    "FROM": Place.FROM,
    "WHERE": Place.CONDITION,
    "GROUP": Place.GROUP,
    "ORDER": Place.ORDER,
    "LIMIT": Place.LIMIT,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """A bracket that is open, or the query as a whole.

    Attributes:
        opener: index of the bracket; -1 for the whole query.
        place: the part of the query that has been reached within.
        since: index of the token that began this part.
    """

    opener: int
    place: Place
    since: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found out: what is wrong, where, and what to write instead."""

    message: str
    span: Span
    hint: str | None = None


@dataclass(frozen=True)
class Situation:
    """A text, its tokens, and the one at which the parser stopped.

    Attributes:
        text: the whole text.
        tokens: all of it, an end mark last.
        at: index of the token at which the parser stopped.
        expected: names of the grammar's terminals that could have stood there.
    """

    text: str
    tokens: tuple[Token, ...]
    at: int
    expected: frozenset[str]

    @classmethod
    def of(cls, text: str, offset: int, expected: Collection[str]) -> Situation:
        """Return the situation at an offset, in characters."""
        tokens = tuple(_tokens(text, offset))
        at = next((i for i, t in enumerate(tokens) if t.end > offset), len(tokens) - 1)
        return cls(text, tokens, at, frozenset(expected))

    @property
    def found(self) -> Token:
        """The token at which the parser stopped."""
        return self.tokens[self.at]

    def before(self, distance: int = 1) -> Token:
        """Return a token before the one at which the parser stopped."""
        return self.token(self.at - distance)

    def after(self, distance: int = 1) -> Token:
        """Return a token after the one at which the parser stopped."""
        return self.token(self.at + distance)

    def token(self, index: int) -> Token:
        """Return a token by its index; an end mark where there is none."""
        if 0 <= index < len(self.tokens):
            return self.tokens[index]
        return Token(Kind.END, "", 0, 0)

    def words(self, first: int, last: int) -> str:
        """Return what was written from one token to another, short enough for a hint."""
        last = min(last, len(self.tokens) - 2)
        written = " ".join(self.text[self.token(first).start : self.token(last).end].split())
        return written if len(written) <= 60 else f"{written[:59]}…"

    def span(self, first: int, last: int) -> Span:
        """Return the span from one token to another."""
        return Span(self.token(first).start, max(self.token(last).end, self.token(first).start + 1))

    @cached_property
    def frames(self) -> tuple[Frame, ...]:
        """The open brackets before the parser's stop, outermost first."""
        frames = [Frame(-1, Place.START, -1)]
        for index in range(self.at):
            token = self.tokens[index]
            if token.sign == "(":
                frames.append(Frame(index, self._place_within(index, frames[-1].place), index))
            elif token.sign == ")" and len(frames) > 1:
                frames.pop()
            elif token.word in _PLACES and not self._is_name(index):
                frames[-1] = Frame(frames[-1].opener, _PLACES[token.word], index)
        return tuple(frames)

    @property
    def frame(self) -> Frame:
        """The innermost open bracket."""
        return self.frames[-1]

    @property
    def in_condition(self) -> bool:
        """Whether a condition was being read."""
        return self.frame.place is Place.CONDITION

    @property
    def function(self) -> int:
        """Index of the name of the function whose arguments were being read, or -1."""
        opener = self.frame.opener
        return opener - 1 if opener > 0 and self.tokens[opener - 1].word else -1

    def closing(self, opener: int) -> int:
        """Return the index of the bracket that closes another one; the last token's if none."""
        depth = 0
        for index in range(opener, len(self.tokens)):
            depth += {"(": 1, ")": -1}.get(self.tokens[index].sign, 0)
            if depth == 0:
                return index
        return len(self.tokens) - 2

    def item_start(self, end: int = -1) -> int:
        """Return the index at which the expression or predicate before a token begins.

        Args:
            end: index of the token; that at which the parser stopped if negative.
        """
        index = (end if end >= 0 else self.at) - 1
        low = self.frame.since if self.frame.since <= index else 0
        depth = 0
        while index > low:
            token = self.tokens[index]
            depth += {")": 1, "(": -1}.get(token.sign, 0)
            ends = token.sign == "," or token.word in _BEFORE_ITEM
            if depth <= 0 and ends and not self._is_name(index):
                return index + 1
            index -= 1
        return index + 1

    def is_call(self, opener: int) -> bool:
        """Whether a bracket belongs to a function or to ``IN``."""
        word = self.token(opener - 1).word
        return word == "IN" or self._place_within(opener, Place.START) is not Place.START

    def is_field(self, first: int, last: int) -> bool:
        """Whether the tokens are one field: words joined by points."""
        tokens = self.tokens[first : last + 1]
        return bool(tokens) and all(
            (t.sign == ".") if i % 2 else (t.kind in _KEY if i else bool(t.word))
            for i, t in enumerate(tokens)
        )

    def _is_name(self, index: int) -> bool:
        """Whether a word stands where only a name can."""
        previous = self.token(index - 1)
        return previous.sign == "." or previous.word == "AS"

    def _place_within(self, opener: int, outside: Place) -> Place:
        word = self.token(opener - 1).word
        if word == "FUNNEL":
            return Place.CONDITION
        if word == "IN":
            return Place.LIST
        joins = word in (*CONDITION_STARTS, "SELECT", "DISTINCT", "BY", *COMPARING_WORDS)
        return Place.ARGUMENTS if word and not joins else outside


_BEFORE_ITEM = (*CONDITION_STARTS, "SELECT", "DISTINCT", "BY")
_KEY = (Kind.WORD, Kind.ODD_WORD, Kind.NUMBER, Kind.STRING, Kind.BRACKETED)


_LOOK_AHEAD = 5_000
"""No rule has to see more of the text, in characters, behind the place where the parser stopped."""


def tokens_of(text: str) -> tuple[Token, ...]:
    """Return the words and signs of any text; the last one stands for its end."""
    return tuple(_tokens(text, len(text)))


def _tokens(text: str, offset: int) -> list[Token]:
    found = []
    for match in paced(_TOKEN.finditer(text)):
        if match.start() > offset + _LOOK_AHEAD:
            break
        if match.lastgroup is not None and match.lastgroup != "BLANK":
            found.append(Token(Kind[match.lastgroup], match.group(), match.start(), match.end()))
    end = found[-1].end if found else 0
    return [*found, Token(Kind.END, "", end, end)]
