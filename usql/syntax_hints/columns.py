"""Rules about the select list and about what stands between brackets."""

from __future__ import annotations

from usql.syntax_hints.habits import AGGREGATES
from usql.syntax_hints.situation import CLAUSES, Finding, Kind, Place, Situation

_BRACKET_HINT = {
    "COUNT": "write COUNT(*), or COUNT and a field",
    "CONDITION": "write CONDITION(COUNT(*), WHERE bounce = true)",
}


def top_rows(s: Situation) -> Finding | None:
    """Find ``SELECT TOP 5 …``."""
    if s.before().word != "TOP" or s.found.kind is not Kind.NUMBER:
        return None
    field = s.after().text if s.after().word else "city"
    number = s.found.text
    return Finding(
        "TOP ranks the values of a field",
        s.span(s.at - 1, s.at),
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
    if s.found.text == ",":
        last = s.closing(s.frame.opener) - 1
        more = [s.words(i, i) for i in range(s.frame.opener + 1, last + 1) if s.token(i).word]
        hint = f"count each on its own: {', '.join(f'COUNT({name})' for name in more[:3])}"
        return Finding("COUNT takes one field", s.found.span, hint if len(more) > 1 else "leave it out")
    if s.found.text == "*" and s.before().word == "DISTINCT":
        return Finding("DISTINCT needs a field", s.found.span, "write COUNT(*) or COUNT(DISTINCT userId)")
    return None


def arguments(s: Situation) -> Finding | None:
    """Find a ``*``, a ``DISTINCT``, or nothing between the brackets of a function."""
    if s.frame.place is not Place.ARGUMENTS or s.function < 0:
        return None
    name = s.token(s.function).word
    if s.found.text == ")" and s.before().sign == "(":
        return Finding(f"{name} needs an argument", s.span(s.function, s.at), _BRACKET_HINT.get(name))
    if s.found.text == "*" and s.before().sign == "(":
        return Finding(f"{name} needs a field", s.found.span, "rows are counted by COUNT(*)")
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
    if s.expected == {"COMMA"} and s.found.word == "WHERE":
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
    aggregate = f"{name}({s.words(s.frame.opener + 1, last)})"
    condition = s.words(s.at, s.closing(s.frame.opener) - 1)
    return Finding(
        f"{name} takes no condition", s.found.span, f"write CONDITION({aggregate}, {condition})"
    )


def filter_part(s: Situation) -> Finding | None:
    """Find a ``FILTER`` without a comparison, or behind ``AS``."""
    if s.before().word == "FILTER" and s.frame.place is Place.SELECT:
        first = s.item_start()
        aggregate = s.words(first, s.at - 2)
        if s.found.sign == "(" and s.after().word == "WHERE":
            condition = s.words(s.at + 1, s.closing(s.at) - 1)
            return Finding(
                "FILTER compares the value of an aggregate with a number",
                s.found.span,
                f"write CONDITION({aggregate}, {condition})",
            )
        number = s.found.text if s.found.kind is Kind.NUMBER else "5"
        return Finding("a comparison is missing behind FILTER", s.found.span,
                       f"write {aggregate} FILTER > {number}")  # fmt: skip
    if s.found.word == "FILTER" and s.before(2).word == "AS":
        first = s.item_start()
        comparison = s.words(s.at, s.at + 2)
        return Finding(
            "FILTER stands before AS",
            s.found.span,
            f"write {s.words(first, s.at - 3)} {comparison} AS {s.before().text}",
        )
    return None


def between_columns(s: Situation) -> Finding | None:
    """Find two columns without a comma, or an alias without ``AS``."""
    if "_AS" not in s.expected or s.frame.place is not Place.SELECT or s.frame.opener >= 0:
        return None
    if not (s.found.word or s.found.kind in (Kind.STRING, Kind.BRACKETED)):
        return None
    first, found = s.item_start(), s.found
    column = s.words(first, s.at - 1)
    if "Properties" in s.text[s.token(first).start : s.before().start] and s.before(2).sign == ".":
        path = s.words(first, s.at - 3)
        return Finding(
            "a property key of several words stands in quotes",
            s.span(s.at - 1, s.at),
            f'write {path}."{s.before().text} {found.text}"',
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
        both = f'"{s.before().text} {s.found.text}"'
        return Finding(
            "an alias of several words stands in quotes",
            s.span(s.at - 1, s.at),
            f"write AS {both}",
        )
    if s.before(2).word == "AS" and s.found.sign in ("-", ".", "/", "%"):
        both = f'"{s.before().text}{s.found.text}{s.after().text}"'
        return Finding(
            "an alias with signs in it stands in quotes", s.found.span, f"write AS {both}"
        )
    return None


def commas(s: Situation) -> Finding | None:
    """Find a comma too many, or one that is missing."""
    before, found = s.before(), s.found
    if found.text == "," and before.text == ",":
        return Finding("two commas follow each other", found.span, "leave one out")
    if found.text == "," and (before.word in ("SELECT", "DISTINCT", "BY") or before.text == "("):
        return Finding(f"there is a comma too many behind {before.text}", found.span, "leave it out")
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
    name = s.token(opener - 1)
    called = bool(name.word) and s.frame.place in (Place.ARGUMENTS, Place.LIST)
    inner = s.words(opener + 1, s.at - 1)
    shown = f"{name.text}({inner})" if called else f"({inner})"
    return Finding("this bracket is never closed", s.token(opener).span, f"write {shown}")


def _is_over(s: Situation) -> bool:
    """Whether the query goes on as if no bracket were open."""
    if "RPAR" not in s.expected or s.before().sign == "(":
        return False
    return s.found.kind is Kind.END or s.found.word in (*CLAUSES, "AS", "FILTER") or s.found.text == ";"


def _extra_bracket(s: Situation) -> Finding:
    if s.before().text == "*" and s.before(2).word:
        return Finding(
            f"the bracket behind {s.before(2).text} is missing",
            s.before().span,
            f"write {s.before(2).text}(*)",
        )
    for index in range(s.at - 1, 0, -1):
        if s.token(index).word in AGGREGATES and s.token(index + 1).sign != "(":
            name, inner = s.token(index), s.words(index + 1, s.at - 1)
            return Finding(
                f"the bracket behind {name.text} is missing",
                s.token(index + 1).span,
                f"write {name.text}({inner})",
            )
        if s.token(index).text == "," or s.token(index).word in CLAUSES:
            break
    return Finding("there is no open bracket that this ) could close", s.found.span, "leave it out")
