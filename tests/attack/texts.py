"""Random texts: sentences of the grammar, the oracle's queries, and both of them damaged.

A sentence is grown from the rules of ``usql.lark`` themselves, so a construct that is added there
is attacked without more ado. Each terminal has samples here, harmless ones and odd ones; a terminal
without samples is an error, so that none is forgotten.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from random import Random
from typing import Any

from tests.oracle.data import sessions
from tests.oracle.generate import Catalogue, QueryGenerator
from tests.oracle.render import Renderer
from tests.oracle.store import Store
from usql import parser

_SOFT_DEPTH = 12
"""From here on a rule takes the way that ends soonest."""

SAMPLES: dict[str, tuple[str, ...]] = {
    "WORD": (
        *("city", "country", "duration", "startTime", "bounce", "ip", "name", "type", "count"),
        *("useraction", "usersession", "userevent", "usererror", "stringProperties", "tags"),
        *("top", "desc", "mod", "größe", "x1", "_", "nosuchfield", "DATETIME", "null", "ﬀ"),
    ),
    "DIGIT_WORD": ("1st", "2", "3_a"),
    "FUNCTION": (
        *("MIN", "max", "AVG", "SUM", "MEDIAN", "PERCENTILE", "TOP", "YEAR", "MONTH", "DAY"),
        *("HOUR", "MINUTE", "DATETIME", "KEYS", "FIRST", "apdex", "ünknown"),
    ),
    "NUMBER": ("0", "1", "5", "-3", "2.5", "1e6", "1e999", "9" * 25, "0.1e-5", "00", "1" * 400),
    "STRING": (
        *("'x'", '"y"', "''", '""', "'it''s'", '"say ""hi"""', "'2024-03-01'", "'2024-02-30'"),
        *(
            "'1d'",
            "'yyyy-MM-dd'",
            "'week'",
            "'%a?b*\\'",
            "’curly’",
            "“curly”",
            "'\x00'",
            "'\ud800'",
        ),
        *("'10.0.0.1'", "'::1'", "'true'", "'5'", "'\u202e'", "'😀'", "'\n'", "'90m'", "'--'"),
    ),
    "BRACKETED": ("[x]", "[]", "[a]]b]", "[Avg. time]", "[\n]"),
    "VARIABLE": ("$NOW", "$now", "$TIME_FRAME_START", "$TIME_FRAME_END", "$", "$X"),
    "PARAMETER": (":p", ":missing", ":1"),
    "QUANTIFIER": ("ANY", "all", "None"),
    "_FUNNEL": ("FUNNEL", "funnel "),
    "COUNT_STAR": ("count *", "COUNT*"),
}
"""Texts of the terminals that are no fixed word or sign."""

_NOISE = (
    *(
        "'",
        '"',
        "(",
        ")",
        "[",
        "]",
        ",",
        ";",
        ".",
        "*",
        "--",
        "/*",
        "*/",
        "\\",
        "`",
        "!",
        "==",
        "==",
    ),
    *(
        "\x00",
        "\ufeff",
        "\u200b",
        "\u00a0",
        "\u202e",
        "\ud800",
        "😀",
        "’",
        "“",
        "\r",
        "\n",
        "\t",
        "$",
    ),
    *(
        ":",
        "%",
        "?",
        "<",
        ">",
        "=",
        "+",
        "-",
        "/",
        "0",
        "9",
        "e",
        "_",
        "é",
        "E\u0301",
        "ｓelect",
        "ſ",
    ),
    *("K", "İ", "１", "²", "SELECT", "FROM", "WHERE", "GROUP BY", "HAVING", "JOIN", "NOT", "AND"),
)
_TOKEN = re.compile(r"\w+|\s+|'(?:[^']|'')*'|.", re.S)


class Sentences:
    """Grows sentences of the grammar."""

    def __init__(self) -> None:
        lark = parser._parser()
        self._rules: dict[str, list[list[Any]]] = defaultdict(list)
        for rule in lark.rules:
            self._rules[rule.origin.name].append(list(rule.expansion))
        self._terminals = {t.name: _samples(t) for t in lark.terminals if t.name not in _IGNORED}
        self._height = self._heights()

    def sentence(self, rng: Random) -> str:
        """A random sentence; long or deep ones are rare."""
        words: list[str] = []
        self._grow("start", rng, words, 0)
        return (" " if rng.random() < 0.9 else rng.choice(("\n", "\t", "/**/"))).join(words)

    def _grow(self, name: str, rng: Random, words: list[str], depth: int) -> None:
        ways = self._rules[name]
        if depth > _SOFT_DEPTH:
            least = min(self._height_of(way) for way in ways)
            ways = [way for way in ways if self._height_of(way) == least]
        for symbol in rng.choice(ways):
            if symbol.is_term:
                words.append(rng.choice(self._terminals[symbol.name]))
            else:
                self._grow(symbol.name, rng, words, depth + 1)

    def _height_of(self, way: list[Any]) -> float:
        return max((0 if s.is_term else self._height[s.name] for s in way), default=0)

    def _heights(self) -> dict[str, float]:
        """How deep a rule has to go at least."""
        self._height = dict.fromkeys(self._rules, float("inf"))
        while True:
            found = {
                name: min(self._height_of(way) + 1 for way in ways)
                for name, ways in self._rules.items()
            }
            if found == self._height:
                return found
            self._height = found


_IGNORED = frozenset(("_SPACE", "_LINE_COMMENT", "_COMMENT"))


def _samples(terminal: Any) -> tuple[str, ...]:
    if terminal.name in SAMPLES:
        return SAMPLES[terminal.name]
    pattern = terminal.pattern.value
    word = re.match(r"[A-Za-z]+", pattern)
    if terminal.pattern.type == "str":
        return (pattern,)
    if word is None:
        raise LookupError(f"no samples for the terminal {terminal.name}")
    return word[0].upper(), word[0].lower()


@cache
def _sentences() -> Sentences:
    return Sentences()


@cache
def _catalogue() -> Catalogue:
    return Catalogue(Store(sessions(Random("attack"), 30)))


def query_text(rng: Random) -> str:
    """A query of the oracle, of which most are valid."""
    generator = QueryGenerator(rng, _catalogue())
    return Renderer(rng).query(generator.query())


def text(rng: Random) -> str:
    """A random text: a query or a sentence, whole or damaged."""
    made = query_text(rng) if rng.random() < 0.3 else _sentences().sentence(rng)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 5))):
        made = damaged(made, rng)
    return made


def damaged(whole: str, rng: Random) -> str:
    """A text with one thing left out, doubled, exchanged, put in, cut off or spelled otherwise."""
    tokens = _TOKEN.findall(whole) or [""]
    at, other = rng.randrange(len(tokens)), rng.randrange(len(tokens))
    match rng.randrange(9):
        case 0:
            del tokens[at]
        case 1:
            tokens.insert(other, tokens[at])
        case 2:
            tokens[at], tokens[other] = tokens[other], tokens[at]
        case 3:
            tokens.insert(at, rng.choice(_NOISE))
        case 4:
            tokens[at] = rng.choice(_NOISE)
        case 5:
            return whole[: rng.randint(0, len(whole))]
        case 6:
            tokens[at] = _misspelt(tokens[at], rng)
        case 7:
            tokens[at:other] = tokens[at:other] * rng.choice((2, 3, 70))
        case 8:
            tokens[at] = rng.choice((str.swapcase, str.upper, str.lower))(tokens[at])
    return "".join(tokens)[:20_000]


def _misspelt(word: str, rng: Random) -> str:
    letters = list(word)
    at = rng.randrange(len(letters) + 1)
    letters[at : at + rng.choice((0, 1))] = rng.choice(("", "x", "e", "'", "1"))
    return "".join(letters)
