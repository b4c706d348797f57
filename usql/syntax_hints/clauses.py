"""Rules about the parts of a query: its beginning, their order, the table, foreign words."""

from __future__ import annotations

import re
from difflib import get_close_matches

from usql.syntax_hints.habits import CLAUSE_HINTS, CLAUSE_WORDS, STATEMENTS
from usql.syntax_hints.situation import (
    CLAUSES,
    TABLES,
    Finding,
    Kind,
    Place,
    Situation,
    Token,
)

_ORDER = "the order is SELECT, FROM, WHERE, GROUP BY, ORDER BY, LIMIT"
_FULL = {"GROUP": "GROUP BY", "ORDER": "ORDER BY"}


def beginning(s: Situation) -> Finding | None:
    """Find a text that does not begin as a query does."""
    first = s.token(0)
    if s.at > 0 and first.word == "SELECT":
        return None
    if s.at > 0:
        return None
    if first.word in STATEMENTS:
        return Finding(f"there is no {first.word} statement", first.span, STATEMENTS[first.word])
    if first.word and get_close_matches(first.word, ["SELECT"], cutoff=0.6):
        return Finding(_not(first), first.span, "did you mean SELECT?")
    if first.word in CLAUSES:
        return Finding(
            f"a query begins with SELECT, not with {_FULL.get(first.word, first.word)}",
            first.span,
            f"write SELECT * {s.words(0, len(s.tokens))}" if first.word == "FROM" else _ORDER,
        )
    return Finding(
        "a query begins with SELECT", first.span, "such as SELECT country FROM usersession"
    )


def _not(token: Token) -> str:
    return f"there is no keyword {token.text}"


def subquery(s: Situation) -> Finding | None:
    """Find a ``SELECT`` that is not the first word."""
    after_bracket = s.found.sign == "(" and s.after().word == "SELECT"
    for index in (s.at, s.at - 1, *([s.at + 1] if after_bracket else [])):
        token = s.token(index)
        if token.word == "SELECT" and index > 0 and s.token(index - 1).text != ";":
            return Finding("there are no subqueries", token.span, _instead_of_subquery(s, index))
    return None


def _instead_of_subquery(s: Situation, index: int) -> str:
    if s.token(index - 1).sign != "(":
        return "run one query after the other"
    word = s.token(index - 2).word
    return _INSTEAD_OF_SUBQUERY.get(word, "run the inner query on its own")


_INSTEAD_OF_SUBQUERY = {
    "IN": "list the values in the brackets, or pass them as a parameter: IN (:values)",
    "EXISTS": "a condition on a field of the other table is enough: useraction.name = 'Login'",
    "FROM": "name a table after FROM; conditions go into WHERE",
}
"""By the word before the bracket."""


def foreign_clause(s: Situation) -> Finding | None:
    """Find a part of a query that only other languages have."""
    word = s.found.word
    if word == "HAVING" and s.at > 0:
        return Finding("there is no HAVING", s.found.span, _filter_hint(s))
    if word in CLAUSE_WORDS and s.frame.place is not Place.START and not _aliased(s):
        hint = CLAUSE_HINTS.get(word) or _join_hint(s)
        return Finding(CLAUSE_WORDS[word], s.found.span, hint)
    if s.before().word == "CASE" and word == "WHEN":
        return Finding("there is no CASE", s.before().span, _case_hint(s))
    return None


def _aliased(s: Situation) -> bool:
    """Whether the word is probably meant as an alias: ``SELECT COUNT(*) minus FROM``."""
    return s.frame.place is Place.SELECT and s.found.word in ("ON", "MINUS", "LEFT", "RIGHT")


def _filter_hint(s: Situation) -> str:
    condition = re.compile(r"\s*(\w+\s*\([^()]*\))\s*([=<>!]+)\s*(\d[\d.]*)").match(
        s.text, s.found.end
    )
    alias = next((i for i in range(s.at) if _is_alias(s, i, s.after().text)), 0)
    if alias:
        aggregate = s.words(s.item_start(alias - 1), alias - 2)
        return f"write FILTER before AS: {aggregate} FILTER {s.words(s.at + 2, s.at + 3)}"
    if condition is None:
        return "write FILTER after the aggregate: COUNT(*) FILTER > 5"
    aggregate, sign, number = condition.groups()
    return (
        f"write FILTER after the aggregate in the select list: {aggregate} FILTER {sign} {number}"
    )


def _is_alias(s: Situation, index: int, name: str) -> bool:
    named = s.token(index).text.casefold() == name.casefold()
    return named and s.token(index - 1).word == "AS"


def _join_hint(s: Situation) -> str:
    join = re.compile(r"\bjoin\s+(\w+)", re.IGNORECASE).search(s.text, s.found.start)
    table = join[1] if join else "useraction"
    return f"name fields of the other table directly, such as {table}.name"


def _case_hint(s: Situation) -> str:
    until = next((i for i in range(s.at, len(s.tokens)) if s.tokens[i].word == "THEN"), 0)
    condition = s.words(s.at + 1, until - 1) if until > s.at + 1 else "bounce = true"
    return f"count the rows with CONDITION(COUNT(*), WHERE {condition})"


def second_table(s: Situation) -> Finding | None:
    """Find anything but a table after ``FROM``."""
    if s.frame.place is not Place.FROM:
        return None
    if s.before().word == "FROM":
        return _no_table(s)
    if s.before(2).word != "FROM":
        return None
    table, found = s.before().text, s.found
    if found.text == ",":
        other = s.after().text if s.after().word else "useraction"
        return Finding(
            "one table stands after FROM",
            found.span,
            f"fields of {other} are named directly, such as {other}.startTime",
        )
    if found.text == ".":
        name = s.after().text if s.after().word in TABLES else table
        return Finding("only a table stands after FROM", found.span, f"write FROM {name}")
    if found.word == "AS" or (found.word and s.after().word in (*CLAUSES, "") and not _close(s)):
        return Finding(
            "a table takes no alias",
            found.span,
            f"leave it out; fields are named directly, or as {table}.field",
        )
    return None


def _no_table(s: Situation) -> Finding | None:
    if s.found.kind is Kind.STRING and s.found.text[1:-1].isalnum():
        name = s.found.text[1:-1]
        return Finding("table names stand without quotes", s.found.span, f"write FROM {name}")
    if s.found.kind is Kind.END:
        return Finding(
            "the query ends where the table should stand",
            s.found.span,
            "the tables are usersession, useraction, userevent, usererror",
        )
    return None


def _close(s: Situation) -> bool:
    return bool(get_close_matches(s.found.word, [*CLAUSES, "ORDERBY", "GROUPBY"], cutoff=0.6))


def direction(s: Situation) -> Finding | None:
    """Find ``ASC`` or ``DESC`` before the field, or both."""
    if s.frame.place is not Place.ORDER or s.before().word not in ("ASC", "DESC"):
        return None
    if s.before(2).word == "BY" or s.before(2).text == ",":
        if s.found.word:
            hint = f"write {s.found.text} {s.before().text}"
            return Finding(f"{s.before().text} stands after the field", s.before().span, hint)
    elif s.found.word in ("ASC", "DESC"):
        return Finding("a field has one direction", s.found.span, "leave one of them out")
    return None


def listed_in_brackets(s: Situation) -> Finding | None:
    """Find ``GROUP BY (city, country)``."""
    opener = s.frame.opener
    before = s.token(opener - 1)
    if s.found.text != "," or opener < 1 or before.word not in ("BY", "SELECT", "DISTINCT"):
        return None
    inner = s.words(opener + 1, s.closing(opener) - 1)
    start = s.words(opener - 2, opener - 1) if before.word == "BY" else before.text
    hint = f"write {start} {inner}"
    return Finding("a list of fields stands without brackets", s.token(opener).span, hint)


def without_by(s: Situation) -> Finding | None:
    """Find ``GROUP`` or ``ORDER`` without ``BY``, and the two in one word."""
    if "_BY" in s.expected and s.before().word in ("GROUP", "ORDER"):
        return Finding(
            f"BY is missing after {s.before().text}",
            s.found.span,
            f"write {_FULL[s.before().word]}",
        )
    glued = {"GROUPBY": "GROUP BY", "ORDERBY": "ORDER BY"}.get(s.found.word)
    if glued:
        return Finding(_not(s.found), s.found.span, f"write {glued}")
    return None


def wrong_order(s: Situation) -> Finding | None:
    """Find parts of a query that stand in another order, or twice."""
    word = s.found.word
    if word not in CLAUSES or len(s.frames) > 1 or s.at < 2:
        return None
    shown = _FULL.get(word, word)
    seen = [t.word for t in s.tokens[1 : s.at] if t.word in CLAUSES]
    if word in seen:
        hint = "join the conditions with AND" if word == "WHERE" else "leave one of them out"
        return Finding(f"there is a second {shown}", s.found.span, hint)
    if "FROM" not in seen and word != "FROM":
        elsewhere = any(t.word == "FROM" for t in s.tokens[s.at :])
        hint = _ORDER if elsewhere else f"write FROM and a table before {shown}"
        return Finding(f"FROM is missing before {shown}", s.found.span, hint)
    later = [c for c in seen if CLAUSES.index(c) > CLAUSES.index(word)]
    if later:
        before = _FULL.get(later[0], later[0])
        return Finding(f"{shown} stands before {before}, not after it", s.found.span, _ORDER)
    return None


def funnel(s: Situation) -> Finding | None:
    """Find what cannot stand with or within a ``FUNNEL``."""
    if s.token(1).word == "FUNNEL" and s.token(2).sign == "(":
        return _with_funnel(s) or _within_funnel(s)
    if s.before().word == "FUNNEL" and s.before(2).word == "SELECT":
        return Finding(
            "the steps of a FUNNEL stand in brackets",
            s.found.span,
            "write FUNNEL(bounce = false AS started, …)",
        )
    name = s.token(s.function)
    if s.function > 0 and name.word == "FUNNEL":
        return Finding(
            "a FUNNEL stands alone, right after SELECT",
            name.span,
            "write SELECT FUNNEL(…) FROM and leave out the rest",
        )
    return None


def _with_funnel(s: Situation) -> Finding | None:
    if len(s.frames) > 1:
        return None
    if s.found.word in ("GROUP", "ORDER", "LIMIT"):
        return Finding(
            f"a FUNNEL takes no {_FULL.get(s.found.word, s.found.word)}",
            s.found.span,
            "it gives one row with a column per step; leave it out",
        )
    if s.found.text == "," and s.before().sign == ")":
        return Finding(
            "a FUNNEL stands alone", s.found.span, "other columns go into a query of their own"
        )
    if s.found.word in ("FILTER", "AS") and s.before().sign == ")":
        hint = "the steps have the aliases" if s.found.word == "AS" else "leave it out"
        return Finding(f"a FUNNEL takes no {s.found.word}", s.found.span, hint)
    return None


def _within_funnel(s: Situation) -> Finding | None:
    if len(s.frames) != 2:
        return None
    if s.found.text == ")" and s.before().text == "(":
        return Finding(
            "a FUNNEL needs at least one step",
            s.found.span,
            "write FUNNEL(bounce = false AS started, …)",
        )
    if s.before().word == "WHERE" and s.before(2).text == "(":
        return Finding("a step of a FUNNEL has no WHERE", s.before().span, "leave WHERE out")
    if s.found.text == "*" or s.before().word == "JSON":
        token = s.found if s.found.text == "*" else s.before()
        return Finding(
            "a step of a FUNNEL is a condition", token.span, "such as useraction.name = 'Login'"
        )
    return None


def limit(s: Situation) -> Finding | None:
    """Find a ``LIMIT`` with anything but one number."""
    if s.frame.place is not Place.LIMIT or s.frame.opener >= 0:
        return None
    since = s.frame.since
    if s.found.text == "," and s.after().kind is Kind.NUMBER:
        return Finding(
            "LIMIT takes one number",
            s.found.span,
            f"write LIMIT {s.after().text}; rows cannot be skipped",
        )
    if s.at == since + 1:
        what = "is missing" if s.found.kind is Kind.END else f"is needed, not {s.found.text}"
        hint = "write LIMIT and a number, or leave it out for the first 50 rows"
        return Finding(f"after LIMIT a number {what}", s.found.span, hint)
    if s.at == since + 2 and s.found.word not in CLAUSES:
        return Finding(f"LIMIT {s.before().text} is the end", s.found.span, "leave the rest out")
    return None


def missing_from(s: Situation) -> Finding | None:
    """Find a query that ends before ``FROM``, or leaves the word out."""
    if s.found.word in TABLES and "_FROM" in s.expected and s.after().text != ".":
        hint = f"write FROM {s.found.text}"
        return Finding(f"FROM is missing before {s.found.text}", s.found.span, hint)
    names = [t.word for t in s.tokens]
    if s.found.kind is not Kind.END or s.frame != s.frames[0] or "FROM" in names:
        return None
    if s.frame.place is Place.SELECT and s.at > 1 and "_FROM" in s.expected:
        return Finding(
            "FROM is missing",
            s.found.span,
            f"write {s.words(0, s.at - 1)} FROM and a table, such as usersession",
        )
    if s.at == 1:
        return Finding(
            "the query ends after SELECT",
            s.found.span,
            "name columns and a table: SELECT country FROM usersession",
        )
    return None


_SWALLOWED = (*CLAUSES, "AND", "OR", "NOT", "BY", "AS")


def missing_piece(s: Situation) -> Finding | None:
    """Find a keyword that was read as a name, since the name before it is missing."""
    for index in (s.at, s.at - 1):
        word, before = s.token(index), s.token(index - 1)
        ends = (
            word.word in _SWALLOWED
            or (index == s.at and word.kind is Kind.END)
            or (index == s.at and word.sign in (")", ";"))
        )
        if ends:
            finding = _missing(s, index, before)
            if finding is not None:
                return finding
    return None


def _missing(s: Situation, index: int, before: Token) -> Finding | None:
    token = s.token(index)
    then = "the end" if token.kind is Kind.END else _FULL.get(token.word, token.text)
    if before.text == "," and token.word not in ("BY", "AS"):
        return Finding(f"there is a comma too many before {then}", before.span, "leave it out")
    if before.word in ("SELECT", "DISTINCT") and token.word == "FROM":
        return Finding(
            f"there is no column between {before.word} and FROM",
            token.span,
            "name columns, or write * for all of them",
        )
    if before.word == "AS" and (token.word in CLAUSES or token.kind is Kind.END or token.sign):
        return _missing_alias(s, index, token)
    if before.word == "BY":
        return Finding(f"nothing stands after {s.words(index - 2, index - 1)}", token.span,
                       "name a field or an alias")  # fmt: skip
    if before.text == "." and token.word in CLAUSES:
        return Finding("a name is missing after the point", before.span, "leave the point out")
    star = before.sign == "*" and s.token(index - 2).text.upper() in _BEFORE_STAR
    if before.is_operator and not star:
        hint = "write a field or a value after it, or leave it out"
        return Finding(f"nothing stands after {before.text}", before.span, hint)
    return None


_BEFORE_STAR = ("SELECT", "DISTINCT", "COUNT", ",", ".", "(")
"""What stands before a ``*`` that is no operator."""


def _missing_alias(s: Situation, index: int, token: Token) -> Finding:
    first = s.item_start(index - 1)
    if first >= index - 1:
        return Finding("nothing stands before AS", s.token(index - 1).span, "write a field there")
    return Finding(
        "a name is missing after AS",
        token.span,
        f"write {s.words(first, index - 2)} AS name, or leave AS out",
    )


def misspelt(s: Situation) -> Finding | None:
    """Find a keyword with a typing error: where the parser stopped, or a word before."""
    found = s.found
    words = _keywords(s)
    if found.word and found.word not in words:
        close = [_LONG[found.word]] if _LONG.get(found.word) in words else []
        close = close or get_close_matches(found.word, words, n=1, cutoff=0.6)
        ends = s.after().kind is Kind.END and close not in ([], ["ASC"], ["DESC"])
        if close and s.after().word != close[0] and not ends:
            return Finding(_not(found), found.span, f"did you mean {close[0]}?")
    first = s.before()
    if s.before(2).word == "SELECT" and found.kind in (Kind.WORD, Kind.SIGN):
        if get_close_matches(first.word, ["DISTINCT"], cutoff=0.7):
            return Finding(_not(first), first.span, "did you mean DISTINCT?")
        if first.word in ("ALL", "UNIQUE"):
            return _all_rows(first)
    return None


_LONG = {"DESCENDING": "DESC", "ASCENDING": "ASC"}


def _all_rows(word: Token) -> Finding:
    hint = "every row comes out anyway; leave it out"
    return Finding(f"there is no SELECT {word.word}", word.span,
                   hint if word.word == "ALL" else "write SELECT DISTINCT")  # fmt: skip


_KEYWORDS = {
    "_FROM": "FROM", "_WHERE": "WHERE", "_GROUP": "GROUP BY", "_ORDER": "ORDER BY", "_BY": "BY",
    "_LIMIT": "LIMIT", "_AS": "AS", "_AND": "AND", "_OR": "OR", "_IN": "IN", "IS": "IS",
    "NOT": "NOT", "_LIKE": "LIKE", "_BETWEEN": "BETWEEN", "_STARTSWITH": "STARTSWITH",
    "_FILTER": "FILTER", "ASC": "ASC", "DESC": "DESC", "DISTINCT": "DISTINCT", "MOD": "MOD",
}  # fmt: skip


def _keywords(s: Situation) -> list[str]:
    """The keywords that could have stood there, ``GROUP BY`` by its first word."""
    words = {_KEYWORDS[t] for t in s.expected if t in _KEYWORDS}
    return sorted(w.removesuffix(" BY") if w != "BY" else w for w in words)
