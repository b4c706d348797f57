"""Where the cursor stands: the text before the word being typed, the word, the clause, the bracket.

What arrives: a text and a cursor. What leaves: a ``Place``, or ``None`` where nothing can be said:
within a comment, or behind a text that no query begins with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from usql.parser import Beginning, Piece, beginning
from usql.syntax_hints.situation import Kind, Token, tokens_of

_TYPED = re.compile(r"[$:]?\w*\Z")
_REST = re.compile(r"\w*")
_QUOTES = {"'": "'", '"': '"', "‘": "’", "’": "’", "“": "”", "”": "”"}


@dataclass(frozen=True, slots=True)
class Bracket:
    """A bracket that is open.

    Attributes:
        opener: the word before it in capitals, or "".
        at: index of the bracket among the pieces.
        argument: number of commas within, so far.
        condition: whether a condition is being written in it.
    """

    opener: str
    at: int
    argument: int = 0
    condition: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """The cursor and what stands before it.

    Attributes:
        before: the text before the word being typed.
        typed: the beginning of that word, without its quote.
        quote: the quote that it stands in, or "".
        start, end: what a suggestion replaces, in characters of the whole text.
        begun: how the parser reads ``before``.
        clause: the last word that began a clause, such as ``SELECT`` or ``GROUP``; "" at the start.
        brackets: the open ones, the innermost last.
        table: the name after ``FROM``, before or behind the cursor; ``None`` if there is none.
    """

    before: str
    typed: str
    quote: str
    start: int
    end: int
    begun: Beginning
    clause: str
    brackets: tuple[Bracket, ...]
    table: str | None

    @property
    def pieces(self) -> Sequence[Piece]:
        """The tokens before the word being typed."""
        return self.begun.pieces

    @property
    def last(self) -> str:
        """Kind of the last token before the word being typed; "" if there is none."""
        return self.pieces[-1].name if self.pieces else ""

    @property
    def bracket(self) -> Bracket | None:
        """The innermost open bracket."""
        return self.brackets[-1] if self.brackets else None

    @property
    def in_condition(self) -> bool:
        """Whether a condition is being written."""
        bracket = self.bracket
        return bracket.condition if bracket else self.clause == "WHERE"

    @property
    def in_function(self) -> str:
        """The function whose argument is being written, in capitals; "" if it is none."""
        bracket = self.bracket
        return bracket.opener if bracket and not bracket.condition else ""


def place_of(text: str, cursor: int) -> Place | None:
    """Return the place of a cursor, counted in characters."""
    cursor = max(0, min(cursor, len(text)))
    first = _statement_start(text, cursor)
    head = text[first:cursor]
    raw = tokens_of(head)
    opened = next((t for t in raw if t.kind is Kind.QUOTE), None)
    if opened is None and _in_comment(head, raw):
        return None
    quote = ""
    if opened is not None:
        start, quote = opened.start, opened.text
        typed = head[start + 1 :]
        closing = re.match(rf"\w*{re.escape(_QUOTES.get(quote, quote))}", text[cursor:])
        end = cursor + (closing.end() if closing else 0)
    else:
        match = _TYPED.search(head)
        assert match is not None
        start, typed = match.start(), match.group()
        rest = _REST.match(text, cursor)
        end = rest.end() if rest and typed else cursor
    before = head[:start]
    begun = beginning(before)
    if begun is None:
        return None
    clause, brackets = _brackets(begun.pieces)
    table = _table(begun.pieces, text[end:])
    return Place(before, typed, quote, first + start, end, begun, clause, brackets, table)


def _in_comment(head: str, raw: Sequence[Token]) -> bool:
    if any(token.kind is Kind.COMMENT for token in raw):
        return True
    return "--" in re.split(r"[\r\n]", head[raw[-1].end :])[-1]


def _statement_start(text: str, cursor: int) -> int:
    """Return where the statement of the cursor begins."""
    ends = [t.end for t in tokens_of(text[:cursor]) if t.sign == ";"]
    return ends[-1] if ends else 0


_CLAUSES = frozenset({"SELECT", "FROM", "WHERE", "GROUP", "ORDER", "LIMIT"})


def _brackets(pieces: Sequence[Piece]) -> tuple[str, tuple[Bracket, ...]]:
    clause, stack = "", list[Bracket]()
    for index, piece in enumerate(pieces):
        if piece.name == "(":
            stack.append(_opened(pieces, index, stack, clause))
        elif piece.name == ")" and stack:
            stack.pop()
        elif piece.name == "," and stack:
            last = stack[-1]
            stack[-1] = Bracket(last.opener, last.at, last.argument + 1, last.condition)
        elif piece.name == "WHERE" and stack:
            last = stack[-1]
            stack[-1] = Bracket(last.opener, last.at, last.argument, condition=True)
        elif piece.name in _CLAUSES and not stack:
            clause = piece.name
    return clause, tuple(stack)


def _opened(pieces: Sequence[Piece], at: int, stack: list[Bracket], clause: str) -> Bracket:
    before = pieces[at - 1] if at else None
    if before is not None and before.name in ("FUNCTION", "COUNT", "CONDITION", "DURATION"):
        return Bracket(before.text.upper(), at)
    if before is not None and before.name in ("FUNNEL", "IN"):
        return Bracket(before.name, at, condition=before.name == "FUNNEL")
    inner = stack[-1].condition if stack else clause == "WHERE"
    opens_condition = before is not None and before.name in ("WHERE", "AND", "OR", "NOT", "(", ",")
    return Bracket("", at, condition=inner and opens_condition)


def _table(pieces: Sequence[Piece], rest: str) -> str | None:
    for index, piece in enumerate(pieces):
        if piece.name == "FROM":
            return pieces[index + 1].text if index + 1 < len(pieces) else None
    ahead = tokens_of(rest)
    for token, after in pairwise(ahead):
        if token.sign == ";" or token.word == "SELECT":
            return None
        if token.word == "FROM":
            return after.text if after.kind is Kind.WORD else None
    return None
