"""What is said where no rule knows better: what stands there, and what could."""

from __future__ import annotations

from usql.syntax_hints.situation import Finding, Kind, Situation

_COMPARATORS = {"EQUAL", "__ANON_0", "__ANON_1", "__ANON_2", "__ANON_3", "LESSTHAN", "MORETHAN"}
_COMPARATORS |= {"IS", "_IN", "_LIKE", "_BETWEEN", "_STARTSWITH"}
_OPERANDS = {"FUNCTION", "COUNT", "WORD"}
_VALUES = {"NUMBER", "PARAMETER", "STRING"}
_WORDS = {
    "_SELECT": "SELECT",
    "_FROM": "FROM",
    "_AS": "AS",
    "_BY": "BY",
    "_WHERE": "WHERE",
    "_GROUP": "GROUP BY",
    "_ORDER": "ORDER BY",
    "_LIMIT": "LIMIT",
    "_AND": "AND",
    "_OR": "OR",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": "a comma",
    "COLON": ":",
}
"""What is worth naming, in the order in which it is named."""


def unexpected(s: Situation) -> Finding:
    """Return what can be said of any situation."""
    wanted = _wanted(s.expected)
    hint = f"here could stand {wanted}" if wanted else None
    if s.found.kind is Kind.END:
        last = s.before().text
        return Finding(f"the query ends after {_shown(last)}", s.found.span, hint)
    return Finding(f"{_shown(s.found.text)} cannot stand here", s.found.span, hint)


def _shown(text: str) -> str:
    cut = text if len(text) <= 40 else f"{text[:39]}…"
    return cut if cut.isprintable() else f"the character U+{ord(cut[0]):04X}"


def _wanted(expected: frozenset[str]) -> str:
    parts = [word for terminal, word in _WORDS.items() if terminal in expected]
    if expected >= _OPERANDS:
        parts = ["a field, a function or a value"]
    elif "WORD" in expected:
        parts = ["a name"]
    elif _VALUES & expected and "NUMBER" in expected:
        parts = ["a number"]
    elif expected >= _COMPARATORS:
        parts = ["a comparison such as = or LIKE"]
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} or {parts[-1]}"
