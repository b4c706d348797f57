"""Why a text is not a query, said so that its author can mend it.

What arrives: the text, the offset at which the parser stopped, and the names of the grammar's
terminals that could have stood there. What leaves: a ``BadSyntax`` with message, span and hint.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import get_close_matches

from usql.errors import BadSyntax
from usql.source import Span

_SIGNS = {
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "DOT": ".",
    "COLON": ":",
    "SEMICOLON": ";",
    "EQUAL": "=",
    "__ANON_0": "!=",
    "__ANON_1": "<>",
    "__ANON_2": "<=",
    "__ANON_3": ">=",
    "LESSTHAN": "<",
    "MORETHAN": ">",
    "STAR": "*",
    "PLUS": "+",
    "MINUS": "-",
    "SLASH": "/",
    "PERCENT": "%",
}
_OPERATORS = {"PLUS", "MINUS", "STAR", "SLASH", "PERCENT", "MOD"}
_COMPARATORS = {"EQUAL", "__ANON_0", "__ANON_1", "__ANON_2", "__ANON_3", "LESSTHAN", "MORETHAN"}
_COMPARATORS |= {"IS", "_IN", "_LIKE", "_BETWEEN", "_STARTSWITH", "_MATCHES"}
_VALUES = {"NUMBER", "STRING", "TRUE", "FALSE", "NULL", "VARIABLE", "PARAMETER", "DURATION"}
_FUNCTIONS = {"FUNCTION", "COUNT", "COUNT_STAR", "CONDITION"}
_RESERVED = {"_OFFSET", "_COMPARE", "_ORDERED", "_MATCHES", "_SEGMENT", "QUANTIFIER", "STRICT"}
_RESERVED |= {"_WITHIN", "_PER"}
_HIDDEN = _RESERVED | {
    "$END",
    "SEMICOLON",
    "COUNT_STAR",
    "BRACKETED",
    "DIGIT_WORD",
    "_SPACE",
    "_COMMENT",
}
_HIDDEN |= {"_LINE_COMMENT"}

_HABITS = {
    "join": "there are no joins: name fields of other tables directly, such as useraction.name",
    "inner": "there are no joins: name fields of other tables directly, such as useraction.name",
    "left": "there are no joins: name fields of other tables directly, such as useraction.name",
    "having": "write FILTER behind the aggregate: SELECT country, COUNT(*) FILTER > 100 …",
    "union": "there is no UNION; join conditions with OR, or run two queries",
    "ilike": "use LIKE; it compares letters exactly",
    "regexp": "use LIKE with % and ?",
    "rlike": "use LIKE with % and ?",
    "exists": "a condition on a field of another table is enough: useraction.name = 'Login'",
    "over": "there are no window functions; TOP(field, n) ranks values",
    "case": "there is no CASE; use CONDITION(aggregate, WHERE condition)",
    "with": "there are no common table expressions",
    "insert": "the language only reads; bring data with: usql import",
    "update": "the language only reads; bring data with: usql import",
    "delete": "the language only reads",
    "drop": "the language only reads",
    "create": "the language only reads",
}
_SIGN_HABITS = {
    "==": "write = for equal",
    "!": "write NOT before a condition, or != between field and value",
    "&&": "write AND",
    "||": "write OR",
    "`": 'names need no quotes; quote aliases with " or [ ]',
    "[": "brackets stand around an alias after AS, or a property key",
}


def describe(text: str, offset: int, expected: Collection[str]) -> BadSyntax:
    """Return the error for a text that stops being a query at an offset.

    Args:
        text: the whole text.
        offset: where it stops, in characters; the length of the text if it ends too early.
        expected: names of terminals that could have stood there.
    """
    found = _found(text, offset)
    span = Span(offset, offset + max(1, len(found)))
    hint = _hint(text, offset, found, expected)
    if not text.strip():
        return BadSyntax("the query is empty", Span(0, 1), hint="start with SELECT")
    if found in ("'", '"') or (found and found in "‘’‚‛“”„‟"):
        return BadSyntax("this quote is never closed", Span(offset, offset + 1), hint=hint)
    if text.startswith("/*", offset):
        return BadSyntax("this comment is never closed", Span(offset, offset + 2), hint="add */")
    what = f"unexpected {_quoted(found)}" if found else "the query ends too early"
    wanted = _wanted(expected)
    return BadSyntax(what + (f"; expected {wanted}" if wanted else ""), span, hint=hint)


def _found(text: str, offset: int) -> str:
    match = re.compile(r"\w+|==|&&|\|\||\S").match(text, offset)
    return match.group() if match else ""


def _quoted(found: str) -> str:
    shown = found if len(found) <= 40 else found[:39] + "…"
    return f"'{shown}'" if shown.isprintable() else f"character U+{ord(found[0]):04X}"


def _hint(text: str, offset: int, found: str, expected: Collection[str]) -> str | None:
    before = text[:offset].casefold().split()
    word = found.casefold()
    if found in ("'", '"'):
        return f"add {found} at the end of the text; inside, double it"
    if found in _SIGN_HABITS:
        return _SIGN_HABITS[found]
    if word in _HABITS:
        return _HABITS[word]
    if before[:1] and before[0] in ("insert", "update", "delete", "drop", "create", "with"):
        return _HABITS[before[0]]
    return (
        _structure_hint(before, word, found, expected)
        or _close_keyword(found, expected)
        or _neighbour_hint(text, offset, found, expected)
    )


def _structure_hint(
    before: list[str], word: str, found: str, expected: Collection[str]
) -> str | None:
    last = before[-1] if before else ""
    funnel = "_ORDERED" not in expected and len(before) > 1 and before[1].startswith("funnel")
    if funnel and word in ("group", "order", "limit"):
        return f"a FUNNEL takes no {found.upper()}; it gives one row with a column per step"
    if last == "top" and found.isdigit():
        return f"for the first rows write LIMIT {found} at the end; TOP(field, n) ranks values"
    if word == "select" and before:
        return "there are no subqueries"
    if last == "from" and len(before) > 1 and before[-2].endswith(","):
        return "there is a comma too many before FROM"
    if last in ("group", "order") and "_BY" in expected:
        return f"write {last.upper()} BY"
    if last in ("where", "and", "or", "not") and word in ("true", "false"):
        return "a condition compares a field with a value: bounce = true"
    if last in ("true", "false") and expected_comparison(expected):
        return "a condition compares a field with a value: bounce = true"
    if last in ("where", "and", "or") and re.match(r"[\d'\"]", found):
        return "the field stands left of the comparison, the value right of it"
    return None


def _close_keyword(found: str, expected: Collection[str]) -> str | None:
    words = {t.lstrip("_") for t in expected if t.lstrip("_").isalpha() and t not in _SIGNS}
    words -= {"WORD", "NUMBER", "STRING", "BRACKETED", "VARIABLE", "PARAMETER", "FUNCTION"}
    words -= {t.lstrip("_") for t in _RESERVED}
    close = get_close_matches(found.upper(), sorted(words), n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close and close[0] != found.upper() else None


def _neighbour_hint(text: str, offset: int, found: str, expected: Collection[str]) -> str | None:
    open_brackets = text[:offset].count("(") - text[:offset].count(")")
    if found == ")" and open_brackets <= 0:
        return "there is no open bracket that it could close"
    if "COMMA" in expected and "_AS" in expected and re.match(r"\w|[\"'\[]", found or " "):
        return "write a comma between columns, or AS before an alias"
    if "COMMA" in expected and re.match(r"\w", found or " ") and not expected_comparison(expected):
        return "write a comma between the two"
    if not found and open_brackets > 0 and "RPAR" in expected:
        return "close the bracket with )"
    if not found and set(expected) & _COMPARATORS:
        return "a condition compares a field with a value: bounce = true"
    return None


def expected_comparison(expected: Collection[str]) -> bool:
    """Whether a comparison could have stood there."""
    return bool(set(expected) & _COMPARATORS)


def _wanted(expected: Collection[str]) -> str:
    rest = set(expected) - _HIDDEN
    parts: list[str] = []
    for group, words in (
        (_COMPARATORS | {"NOT"}, "a comparison"),
        (_FUNCTIONS | {"WORD"} | _VALUES, "a field, function or value"),
        (_OPERATORS, "an operator"),
    ):
        if len(rest & group) >= 3 or (group is _OPERATORS and rest & group == _OPERATORS):
            parts.append(words)
            rest -= group
    if "WORD" in rest:
        parts.append("a name")
        rest -= {"WORD", "STRING", "BRACKETED"}
    if rest & _FUNCTIONS:
        parts.append("a function")
        rest -= _FUNCTIONS
    parts = sorted(_readable(t) for t in rest) + parts
    if len(parts) > 6:
        parts = [*parts[:6], "…"]
    return " or ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def _readable(terminal: str) -> str:
    return _SIGNS.get(terminal, terminal.lstrip("_"))
