"""Rules about the select list and about what stands between brackets."""

from __future__ import annotations

from usql.syntax_hints.habits import AGGREGATES, DATE_FUNCTIONS
from usql.syntax_hints.situation import CLAUSES, Finding, Kind, Place, Situation

_BRACKET_HINT = {
    "COUNT": "write COUNT(*), or COUNT and a field",
    "CONDITION": "write CONDITION(COUNT(*), WHERE bounce = true)",
}


def top_rows(s: Situation) -> Finding | None:
    """Find ``SELECT TOP 5 …``."""
    top = next((i for i in (s.at, s.at - 1) if s.token(i).word == "TOP"), 0)
    if not top or s.token(top + 1).kind is not Kind.NUMBER:
        return None
    named = s.token(top + 2).word
    field = s.token(top + 2).text if named and named not in CLAUSES else "city"
    number = s.token(top + 1).text
    return Finding(
        "TOP ranks the values of a field",
        s.span(top, top + 1),
        f"for the first rows write LIMIT {number} at the end; for the most frequent values"
        f" TOP({field}, {number})",
    )


def count(s: Situation) -> Finding | None:
    """Find what ``COUNT`` does not take."""
    if s.before().word == "COUNT" and s.found.word == "DISTINCT":
        field = s.after(2 if s.after().sign == "(" else 1).text or "userId"
        return Finding(
            "DISTINCT stands within the brackets of COUNT",
            s.found.span,
            f"write COUNT(DISTINCT {field})",
        )
    if s.token(s.function).word != "COUNT" or s.frame.place is not Place.ARGUMENTS:
        return None
    if s.found.text == "," and s.after().word == "WHERE":
        return _conditional(s, "COUNT", s.at - 1, s.at + 1)
    if s.found.text == ",":
        last = s.closing(s.frame.opener) - 1
        inner = s.text[s.token(s.frame.opener).end : s.token(last).end]
        more = [part.strip() for part in inner.split(",") if part.strip()]
        hint = f"count each on its own: {', '.join(f'COUNT({name})' for name in more[:3])}"
        return Finding(
            "COUNT takes one field", s.found.span, hint if len(more) > 1 else "leave it out"
        )
    if s.found.text == "*" and s.before().word == "DISTINCT":
        return Finding(
            "DISTINCT needs a field", s.found.span, "write COUNT(*) or COUNT(DISTINCT userId)"
        )
    return None


def arguments(s: Situation) -> Finding | None:
    """Find a ``*``, a ``DISTINCT``, or nothing between the brackets of a function."""
    if s.frame.place is not Place.ARGUMENTS or s.function < 0:
        return None
    name = s.token(s.function).word
    if s.found.text == ")" and s.before().sign == "(":
        return Finding(
            f"{name} needs an argument", s.span(s.function, s.at), _BRACKET_HINT.get(name)
        )
    if s.found.text == "*" and s.before().sign == "(":
        return Finding(f"{name} needs a field", s.found.span, "rows are counted by COUNT(*)")
    if s.before().word == "DISTINCT" and s.found.text == ")":
        return Finding("DISTINCT needs a field", s.before().span, f"write {name}(DISTINCT userId)")
    if s.before().word == "DISTINCT" and s.before(2).sign == "(":
        return Finding(
            f"{name} takes no DISTINCT", s.before().span, f"write {name}({s.found.text}), or "
            f"COUNT(DISTINCT {s.found.text})",
        )  # fmt: skip
    if name in ("CAST", "TRY_CAST", "CONVERT") and s.found.word == "AS":
        operand = s.words(s.frame.opener + 1, s.at - 1)
        return Finding(f"there is no {name}", s.token(s.function).span, f"write {operand}")
    return None


def condition_function(s: Situation) -> Finding | None:
    """Find a ``CONDITION`` that lacks one of its parts."""
    if s.token(s.function).word != "CONDITION":
        return _where_within(s)
    opener = s.frame.opener
    if s.before().word == "WHERE" and s.before(2).sign == "(":
        condition = s.words(s.at - 1, s.closing(opener) - 1)
        return Finding(
            "CONDITION needs an aggregate first",
            s.before().span,
            f"write CONDITION(COUNT(*), {condition})",
        )
    if s.found.text == ")" and "COMMA" in s.expected:
        aggregate = s.words(opener + 1, s.at - 1)
        return Finding(
            "CONDITION needs a condition too",
            s.found.span,
            f"write CONDITION({aggregate}, WHERE bounce = true)",
        )
    if s.expected == {"_WHERE"} and s.before().text == ",":
        aggregate = s.words(opener + 1, s.at - 2)
        condition = s.words(s.at, s.closing(opener) - 1)
        return Finding(
            "WHERE is missing before the condition",
            s.found.span,
            f"write CONDITION({aggregate}, WHERE {condition})",
        )
    if "COMMA" in s.expected and s.found.word == "WHERE":
        aggregate = s.words(opener + 1, s.at - 1)
        return Finding(
            "a comma is missing before WHERE",
            s.found.span,
            f"write CONDITION({aggregate}, {s.words(s.at, s.closing(opener) - 1)})",
        )
    return None


def _where_within(s: Situation) -> Finding | None:
    """Find ``COUNT(* WHERE …)``: a condition within an aggregate."""
    name = s.token(s.function).word
    if s.found.word != "WHERE" or name not in AGGREGATES or s.frame.place is not Place.ARGUMENTS:
        return None
    last = s.at - 2 if s.before().text == "," else s.at - 1
    return _conditional(s, name, last, s.at)


def _conditional(s: Situation, name: str, last: int, where: int) -> Finding:
    aggregate = f"{name}({s.words(s.frame.opener + 1, last)})"
    condition = s.words(where, s.closing(s.frame.opener) - 1)
    return Finding(
        f"{name} takes no condition",
        s.token(where).span,
        f"write CONDITION({aggregate}, {condition})",
    )


def filter_part(s: Situation) -> Finding | None:
    """Find a ``FILTER`` without a comparison, or after ``AS``."""
    if s.before().word == "FILTER" and s.frame.place is Place.SELECT:
        first = s.item_start()
        aggregate = s.words(first, s.at - 2) or "COUNT(*)"
        if s.found.sign == "(" and s.after().word == "WHERE":
            condition = s.words(s.at + 1, s.closing(s.at) - 1)
            return Finding(
                "FILTER compares the value of an aggregate with a number",
                s.found.span,
                f"write CONDITION({aggregate}, {condition})",
            )
        if s.found.word == "BETWEEN":
            low, high = s.after().text, s.after(3).text
            hint = f"write {aggregate} FILTER >= {low} FILTER <= {high}"
            return Finding("there is no FILTER BETWEEN", s.found.span, hint)
        number = s.found.text if s.found.kind is Kind.NUMBER else "5"
        return Finding("a comparison is missing after FILTER", s.found.span,
                       f"write {aggregate} FILTER > {number}")  # fmt: skip
    outside = s.frame.place not in (Place.SELECT, Place.ARGUMENTS, Place.START)
    if s.found.word == "FILTER" and outside and s.frame.opener < 0:
        return Finding(
            "FILTER stands after an aggregate of the select list",
            s.found.span,
            f"write COUNT(*) {s.words(s.at, s.at + 2)} there",
        )
    if s.found.word == "FILTER" and s.before(2).word == "AS":
        first = s.item_start()
        comparison = s.words(s.at, s.at + 2)
        return Finding(
            "FILTER stands before AS",
            s.found.span,
            f"write {s.words(first, s.at - 3)} {comparison} AS {s.before().text}",
        )
    return None


def after_star(s: Situation) -> Finding | None:
    """Find ``SELECT * city``, and an alias of a ``*`` or of ``JSON``."""
    star = s.before()
    if s.found.word == "AS" and "_AS" not in s.expected and s.frame.place is Place.SELECT:
        shown = star.text.upper()
        return Finding(f"{shown} takes no alias", s.found.span, "leave AS and the alias out")
    if s.frame.place is not Place.SELECT or star.sign != "*" or "COMMA" not in s.expected:
        return None
    if not s.found.word or s.found.word in CLAUSES or "_FROM" not in s.expected:
        return None
    hint = f"write *, {s.found.text}"
    return Finding(f"a comma is missing before {s.found.text}", s.found.span, hint)


def between_columns(s: Situation) -> Finding | None:
    """Find two columns without a comma, or an alias without ``AS``."""
    if "_AS" not in s.expected or s.frame.place is not Place.SELECT or s.frame.opener >= 0:
        return None
    if not (s.found.word or s.found.kind in (Kind.STRING, Kind.BRACKETED)):
        return None
    first, found = s.item_start(), s.found
    if first >= s.at:
        return None
    column = s.words(first, s.at - 1)
    if s.before().word in (*AGGREGATES, *DATE_FUNCTIONS, "KEYS") and found.word:
        call = f"{s.before().text}({s.words(s.at, _field_end(s))})"
        return Finding(
            f"the argument of {s.before().word} stands in brackets", found.span, f"write {call}"
        )
    alias = f"{column} AS {found.text}"
    if found.kind is not Kind.WORD:
        return Finding("AS is missing before the alias", found.span, f"write {alias}")
    return Finding(
        f"AS or a comma is missing before {found.text}",
        found.span,
        f"write {alias} for an alias, or {column}, {found.text} for two columns",
    )


def behind_alias(s: Situation) -> Finding | None:
    """Find an alias that is no word, or has several."""
    if s.before().word == "AS" and s.frame.place in (Place.SELECT, Place.CONDITION):
        if s.found.kind in (Kind.NUMBER, Kind.ODD_WORD, Kind.VARIABLE, Kind.PARAMETER):
            return Finding(
                "an alias is a word or a text in quotes", s.found.span, f'write AS "{s.found.text}"'
            )
        return None
    if s.before(2).word == "AS" and s.found.word and s.found.word not in CLAUSES:
        return _long_alias(s)
    if s.before(2).word == "AS" and s.found.sign in ("-", ".", "/", "%"):
        both = f'"{s.before().text}{s.found.text}{s.after().text}"'
        return Finding(
            "an alias with signs in it stands in quotes", s.found.span, f"write AS {both}"
        )
    return None


def _long_alias(s: Situation) -> Finding:
    if s.frame.opener >= 0 or s.before().kind is not Kind.WORD:
        hint = f"write {s.before().text}, {s.found.text}"
        return Finding(f"a comma is missing before {s.found.text}", s.found.span, hint)
    last = s.at
    while s.token(last + 1).word and s.token(last + 1).word not in CLAUSES:
        last += 1
    hint = f'write AS "{s.words(s.at - 1, last)}"'
    return Finding("an alias of several words stands in quotes", s.span(s.at - 1, last), hint)


def _field_end(s: Situation) -> int:
    last = s.at
    while s.token(last + 1).text == ".":
        last += 2
    return last


def comparison_in_select(s: Situation) -> Finding | None:
    """Find a condition in the select list."""
    if s.frame.place is not Place.SELECT or s.frame.opener >= 0:
        return None
    first = s.item_start()
    if s.before().word == "NOT" and s.before(2).word in ("SELECT", "DISTINCT"):
        return Finding(
            "a condition cannot stand in the select list", s.before().span, "put it after WHERE"
        )
    joined = s.found.is_comparison or s.found.word in ("AND", "OR", "NOT")
    if not joined or first >= s.at:
        return None
    last = s.closing(s.at + 1) if s.after().sign == "(" else s.at + 1
    left, right = s.words(first, s.at - 1), s.words(s.at, last)
    aggregate = s.token(first).word in AGGREGATES and s.found.sign
    hint = f"write {left} FILTER {right}" if aggregate else f"write WHERE {left} {right}"
    return Finding("a condition cannot stand in the select list", s.found.span, hint)


def commas(s: Situation) -> Finding | None:
    """Find a comma too many, or one that is missing."""
    before, found = s.before(), s.found
    if found.text == "," and before.text == ",":
        return Finding("two commas follow each other", found.span, "leave one out")
    if found.text == "," and (before.word in ("SELECT", "DISTINCT", "BY") or before.text == "("):
        return Finding(f"there is a comma too many after {before.text}", found.span, "leave it out")
    if found.text == ")" and before.text == ",":
        return Finding("there is a comma too many before )", before.span, "leave it out")
    listed = s.frame.place in (Place.LIST, Place.ARGUMENTS, Place.GROUP, Place.ORDER)
    if listed and "COMMA" in s.expected and _begins_operand(s) and not before.is_operator:
        return Finding(
            f"a comma is missing before {s.words(s.at, s.at)}",
            found.span,
            f"write {s.words(s.item_start(), s.at - 1)}, {s.words(s.at, s.at)}",
        )
    return None


def _begins_operand(s: Situation) -> bool:
    return s.found.is_value or bool(s.found.word and s.found.word not in (*CLAUSES, "AS"))


def brackets(s: Situation) -> Finding | None:
    """Find a bracket that is never closed, or one that closes nothing."""
    found = s.found
    if found.text == ")" and len(s.frames) == 1:
        return _extra_bracket(s)
    if found.text == "(" and s.frame.place is Place.GROUP:
        return None
    if len(s.frames) == 1 or not _is_over(s):
        return None
    opener = s.frame.opener
    shown = s.words(opener - 1 if s.is_call(opener) else opener, s.at - 1)
    return Finding("this bracket is never closed", s.token(opener).span, f"write {shown})")


def _is_over(s: Situation) -> bool:
    """Whether the query goes on as if no bracket were open."""
    if "RPAR" not in s.expected or s.before().sign == "(":
        return False
    if s.frame.place is Place.LIST and s.found.word in ("AND", "OR"):
        return True
    return (
        s.found.kind is Kind.END
        or s.found.word in (*CLAUSES, "AS", "FILTER")
        or s.found.text == ";"
    )


def _extra_bracket(s: Situation) -> Finding:
    if s.before().text == "*" and s.before(2).word:
        return Finding(
            f"the bracket after {s.before(2).text} is missing",
            s.before().span,
            f"write {s.before(2).text}(*)",
        )
    for index in range(s.at - 1, 0, -1):
        if s.token(index).word in AGGREGATES and s.token(index + 1).sign != "(":
            name, inner = s.token(index), s.words(index + 1, s.at - 1)
            return Finding(
                f"the bracket after {name.text} is missing",
                s.token(index + 1).span,
                f"write {name.text}({inner})",
            )
        if s.token(index).text == "," or s.token(index).word in CLAUSES:
            break
    return Finding("there is no open bracket that this ) could close", s.found.span, "leave it out")
