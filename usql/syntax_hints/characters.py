"""Rules about quotes, comments, numbers and signs: what goes wrong below the level of words."""

from __future__ import annotations

import re

from usql.source import Span
from usql.syntax_hints.habits import SIGNS, TEXT_SIGNS, UNIT_MS
from usql.syntax_hints.situation import (
    CLAUSES,
    COMPARING_WORDS,
    Finding,
    Kind,
    Place,
    Situation,
    Token,
)


def unclosed(s: Situation) -> Finding | None:
    """Find a quote or a comment that is never closed."""
    if s.found.kind is Kind.COMMENT:
        return Finding("this comment is never closed", s.found.span, "add */ where it ends")
    if s.found.kind is not Kind.QUOTE:
        return None
    earlier = s.before()
    if earlier.kind is Kind.WORD and earlier.end == s.found.start and s.before(2).kind is _TEXT:
        return _early_end(s, s.before(2))
    if earlier.kind is _TEXT and earlier.end == s.found.start:
        return _early_end(s, earlier)
    return Finding("this quote is never closed", s.found.span, _closing_hint(s))


_TEXT = Kind.STRING
_CLOSING = {"‘": "’", "“": "”", "‚": "‘", "„": "“"}


def _closing_hint(s: Situation) -> str:
    mark, word = s.found.text, s.before()
    rest = s.text[s.found.end :].strip().rstrip(";'\"’”")
    if word.kind is Kind.WORD and word.end == s.found.start and mark in ("'", "’"):
        return f"a text stands in quotes, and a quote within it is doubled: '{word.text}''{rest}'"
    closing = _CLOSING.get(mark, mark)
    if rest and len(rest) <= 40 and " " not in rest:
        return f"write {mark}{rest}{closing}"
    return f"add {closing} where the text ends; a {closing} within it is doubled"


def early_end(s: Situation) -> Finding | None:
    """Find a text that ends too early, as ``'O'Hara'`` does."""
    text = s.before()
    touching = text.kind is _TEXT and text.end == s.found.start and s.found.kind is not Kind.END
    return _early_end(s, text) if touching and s.found.sign not in (")", ",", ";") else None


def _early_end(s: Situation, text: Token) -> Finding:
    rest = re.compile(r"\w*").match(s.text, text.end)
    tail = rest.group() if rest else ""
    mark = text.text[-1]
    whole = f"{text.text[:-1]}{mark * 2}{tail}{mark}"
    short = len(whole) <= 40 and "=" not in whole
    return Finding(
        "the text ends at this quote",
        Span(text.end - 1, text.end),
        f"a quote within a text is doubled: {whole}"
        if short
        else f"is a {mark} missing before it? Within a text it is doubled",
    )


def backticks(s: Situation) -> Finding | None:
    """Find names in backticks or in square brackets."""
    token = s.found
    if token.kind is Kind.BACKTICKS:
        name = token.text.strip("` ")
        return Finding("names stand without quotes", token.span, f"write {name}" if name else None)
    begins = s.before().word == "SELECT" or s.before().sign in ("(", ",")
    if token.kind is Kind.BRACKETED and begins and not s.in_condition:
        name = token.text.strip("[]")
        return Finding("names stand without brackets", token.span, f"write {name}")
    return None


def foreign_path(s: Situation) -> Finding | None:
    """Find a field whose parts are not joined by a point."""
    left, found = s.before(), s.found
    if found.kind is Kind.PARAMETER and left.kind is Kind.WORD and left.end == found.start:
        return _path(s, s.at - 1, s.at, found.text[1:])
    arrow = found.text == ">" and left.text == "-" and left.end == found.start
    if arrow and s.before(2).kind is Kind.WORD and s.after().kind is Kind.WORD:
        return _path(s, s.at - 2, s.at + 1, s.after().text)
    if found.kind is Kind.BRACKETED and left.word.endswith("PROPERTIES"):
        return _path(s, s.at - 1, s.at, found.text[1:-1].strip("'\""))
    if found.text == "." and s.after().kind is Kind.WORD and left.kind is not Kind.WORD:
        return Finding("nothing stands before the point", found.span, f"write {s.after().text}")
    return None


def _path(s: Situation, first: int, last: int, name: str) -> Finding:
    hint = f"write {s.token(first).text}.{name}"
    return Finding("the parts of a field are joined by a point", s.span(first, last), hint)


def spaced_key(s: Situation) -> Finding | None:
    """Find a property key of several words without quotes."""
    path = s.before(3).word.endswith("PROPERTIES") and s.before(2).text == "."
    if not (path and s.found.word and s.before().word) or s.found.word in (*CLAUSES, "AS", "AND"):
        return None
    if s.found.word in (*COMPARING_WORDS, "OR", "NOT", "FILTER", "ASC", "DESC", "MOD"):
        return None
    return Finding(
        "a property key of several words stands in quotes",
        s.span(s.at - 1, s.at),
        f'write {s.before(3).text}."{s.before().text} {s.found.text}"',
    )


def foreign_comment(s: Situation) -> Finding | None:
    """Find a comment of another language."""
    if s.found.text in ("//", "#"):
        return Finding("comments begin with --", s.found.span, "write -- or /* … */")
    return None


def foreign_sign(s: Situation) -> Finding | None:
    """Find a comparison or a connection spelled as in another language."""
    for token in (s.found, s.before()):
        sign = token.text if token.kind is Kind.SIGN else ""
        if sign == "||" and s.frame.place in (Place.SELECT, Place.ARGUMENTS):
            return Finding(
                "texts cannot be joined", token.span, "select them as columns of their own"
            )
        if sign in SIGNS:
            return Finding(f"there is no {sign}", token.span, f"write {SIGNS[sign]}")
        if sign in TEXT_SIGNS:
            return Finding(f"there is no {sign}", token.span, _like(s, s.after(), sign))
    if s.found.text == "!":
        return _exclamation(s)
    if s.found.text == "^":
        return Finding("there is no ^", s.found.span, "there are + - * / and %")
    if s.found.text == "::":
        return Finding("there are no casts", s.found.span, "leave it out")
    return None


def _exclamation(s: Situation) -> Finding:
    if s.before().word in ("WHERE", "AND", "OR", "NOT") or s.before().sign == "(":
        return Finding("there is no ! before a condition", s.found.span, "write NOT")
    return Finding("there is no !", s.found.span, "write != for not equal")


def _like(s: Situation, pattern: Token, sign: str) -> str:
    negation = "NOT " if sign.startswith("!") else ""
    text = pattern.text[1:-1] if pattern.kind is Kind.STRING else "…"
    return f"write {negation}LIKE '%{text}%'"


def placeholder(s: Situation) -> Finding | None:
    """Find a parameter spelled as in another language."""
    name = s.after().text if s.after().kind is Kind.WORD else "name"
    if s.found.text == "?" and s.before().is_comparison:
        return Finding("parameters have names", s.found.span, "write :name")
    if s.found.text == "@":
        span = s.span(s.at, s.at + 1) if s.after().kind is Kind.WORD else s.found.span
        return Finding("parameters begin with a colon", span, f"write :{name}")
    if s.found.text == "{" and s.before().text in ("$", "{"):
        span = Span(s.before().start, s.found.end)
        return Finding("parameters begin with a colon", span, f"write :{name}")
    return None


def odd_number(s: Situation) -> Finding | None:
    """Find a number with a unit, with thousands separators, or without its first digit."""
    for rule in (_with_unit, _with_separators, _without_zero):
        finding = rule(s)
        if finding is not None:
            return finding
    return None


def _with_unit(s: Situation) -> Finding | None:
    if s.found.kind is not Kind.ODD_WORD:
        return None
    text = s.found.text
    match = re.fullmatch(r"(\d+)([a-z]+)", text, re.IGNORECASE)
    unit = UNIT_MS.get(match[2].lower()) if match else None
    if match and s.token(s.function).word == "DURATION":
        return Finding("a duration stands in quotes", s.found.span, f"write DURATION('{text}')")
    if match and s.before().is_operator:
        return Finding(
            f"{text} is not a number",
            s.found.span,
            f"for a length of time write DURATION('{text}')",
        )
    if match and unit and s.before().is_comparison:
        return Finding(
            f"{text} is not a number",
            s.found.span,
            f"times are in milliseconds: write {int(match[1]) * unit}",
        )
    if re.fullmatch(r"0x[0-9a-f]{1,12}", text, re.IGNORECASE):
        return Finding(f"{text} is not a number", s.found.span, f"write {int(text, 16)}")
    hint = f'put a name that begins with a digit into quotes: "{text}"'
    return Finding(f"{text} is neither a name nor a number", s.found.span, hint)


def _with_separators(s: Situation) -> Finding | None:
    number = s.before()
    parts = re.compile(r"\d{1,3}(?:([.,_'])\d{3})(?:\1\d{3})*(?!\w)").match(s.text, number.start)
    separated = number.kind is Kind.NUMBER and s.found.text in (".", ",") and parts is not None
    in_list = s.frame.place in (Place.SELECT, Place.LIST, Place.ARGUMENTS, Place.GROUP)
    if not separated or parts is None or in_list:
        return None
    return Finding(
        "numbers are written without separators",
        Span(*parts.span()),
        f"write {re.sub(r'[^0-9]', '', parts.group())}",
    )


def _without_zero(s: Situation) -> Finding | None:
    if s.found.text != "." or s.after().kind is not Kind.NUMBER or s.before().kind is Kind.WORD:
        return None
    if s.after().start != s.found.end or s.before().end == s.found.start:
        return None
    return Finding(
        "a number begins with a digit", s.span(s.at, s.at + 1), f"write 0.{s.after().text}"
    )


def semicolon(s: Situation) -> Finding | None:
    """Find a ``;`` that is not the end."""
    if s.before().text == ";" and s.found.kind is not Kind.END:
        if s.found.text == ";":
            return Finding("there is one ; too many", s.found.span, "leave it out")
        if s.found.word == "SELECT":
            return Finding("a second query begins here", s.found.span, "send one query at a time")
        return Finding("the ; ends the query here", s.before().span, "leave it out")
    if s.found.text == ";":
        return Finding("the ; ends the query too early", s.found.span, "leave it out")
    return None
