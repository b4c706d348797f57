"""``complete(text, cursor, knowledge)``: what may stand at the cursor, the best first.

The parser says which kinds of words may follow; names, types and the store say which of them mean
something there. What would need a look at the whole query, such as a key of ``GROUP BY``, is tried:
one of each type is put in and resolved.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from usql import ast
from usql.completion.knowledge import WAIT_S, Knowledge
from usql.completion.place import Place, place_of
from usql.completion.ranking import ranked
from usql.completion.suggestion import Suggestion, SuggestionKind
from usql.errors import Ended, UsqlError
from usql.formatter import field_text, name_text, string_text
from usql.functions import FUNCTIONS, Family, Function
from usql.parser import Piece, beginning, parse
from usql.resolve import resolve
from usql.schema import Field, Table
from usql.types import Kind

MOST = 200
"""Most suggestions for one place."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """A text that may be put at the cursor.

    Attributes:
        text: what is put there.
        kind, about, label: as in ``Suggestion``; the label is the text unless given.
        back: how far from the end of the text the cursor goes.
        alike: choices that are equal in this stand or fall together.
        probe: what is tried in place of the text, to see whether it can stand.
    """

    text: str
    kind: SuggestionKind
    about: str = ""
    label: str = ""
    back: int = 0
    alike: object = None
    probe: str = ""


def complete(
    text: str, cursor: int, knowledge: Knowledge, wait: float = WAIT_S
) -> tuple[Suggestion, ...]:
    """Return suggestions for a cursor in a text, the best first.

    Args:
        text: one or more queries, finished or not.
        cursor: where the cursor stands, in characters from the start.
        knowledge: catalogue and store.
        wait: for values that nobody has asked for before, in seconds.
    """
    place = place_of(text, cursor)
    if place is None:
        return ()
    choices = _Choices(place, knowledge, wait)
    found: dict[str, tuple[Suggestion, _Choice]] = {}
    for c in choices.all():
        cursor_then = place.start + len(c.text) - c.back
        label = c.label or c.text
        suggestion = Suggestion(place.start, place.end, c.text, cursor_then, label, c.kind, c.about)
        found.setdefault(c.text, (suggestion, c))
    fitting = ranked((s for s, _ in found.values()), place.typed)
    return tuple(s for s in fitting if choices.is_viable(found[s.text][1]))[:MOST]


def prepare(knowledge: Knowledge) -> None:
    """Do what the first suggestions would have to wait for, by making some of each sort.

    Args:
        knowledge: catalogue and store; it then knows the store's property keys.
    """
    for text in _USUAL:
        complete(text, len(text), knowledge)


_USUAL = (
    "SELECT ",
    "SELECT country, COUNT(*) FROM usersession WHERE ",
    "SELECT country, COUNT(*) FROM usersession GROUP BY ",
    "SELECT country, COUNT(*) FROM usersession GROUP BY country ORDER BY ",
)
"""Beginnings that use every pass, as far as suggestions do."""


# --- keywords ------------------------------------------------------------------------------------

_WORDS: dict[str, tuple[tuple[str, int, str], ...]] = {
    "SELECT": (("SELECT", 0, "what is asked for"),),
    "DISTINCT": (("DISTINCT", 0, "each value once"),),
    "FUNNEL": (("FUNNEL()", 1, "sessions that reach step after step"),),
    "JSON": (("JSON", 0, "whole rows"),),
    "FROM": (("FROM", 0, "the table"),),
    "WHERE": (("WHERE", 0, "which rows count"),),
    "GROUP": (("GROUP BY", 0, "one row for each value"),),
    "ORDER": (("ORDER BY", 0, "what rows are sorted by"),),
    "BY": (("BY", 0, ""),),
    "LIMIT": (("LIMIT", 0, "how many rows"),),
    "AS": (("AS", 0, "a name for the column"),),
    "ASC": (("ASC", 0, "smallest first"),),
    "DESC": (("DESC", 0, "largest first"),),
    "AND": (("AND", 0, "both"),),
    "OR": (("OR", 0, "either"),),
    "TRUE": (("true", 0, ""),),
    "FALSE": (("false", 0, ""),),
    "NULL": (("NULL", 0, "no value"),),
}
_TEXT_COMPARISONS = ("LIKE", "STARTSWITH")
_COMPARISON_ABOUT = {
    "=": "equal", "!=": "not equal", "<": "less than", ">": "greater than",
    "<=": "at most", ">=": "at least",
}  # fmt: skip
_COMPARISON_NAMES = frozenset({*_COMPARISON_ABOUT, "<>"})
_SECOND_ARGUMENTS = {
    ("PERCENTILE", 1): (("95", ""), ("50", "the median"), ("75", ""), ("90", ""), ("99", "")),
    ("APDEX", 1): (("3000", "satisfies up to, in ms"), ("1000", ""), ("500", "")),
    ("APDEX", 2): (("12000", "tolerated up to, in ms"), ("4000", ""), ("2000", "")),
    ("TOP", 1): (("5", ""), ("3", ""), ("10", ""), ("20", "")),
    ("DATETIME", 1): (
        ("'yyyy-MM-dd'", "2026-03-01"), ("'yyyy-MM-dd HH:mm'", "2026-03-01 14:05"),
        ("'yyyy-MM'", "2026-03"), ("'HH:mm'", "14:05"), ("'E'", "Sun"), ("'HH'", "14"),
    ),
    ("DATETIME", 2): (("'1h'", "full hours"), ("'1d'", "days"), ("'15m'", "quarters of an hour")),
    ("DURATION", 0): (("'1h'", "an hour"), ("'1d'", "a day"), ("'7d'", "a week"), ("'30m'", "")),
}  # fmt: skip
_SECOND = {"CONDITION": ", WHERE startTime IS NOT NULL", "PERCENTILE": ", 50", "APDEX": ", 1, 2"}
"""What these functions need behind their first argument."""
_ENDS_OPERAND = frozenset({"WORD", "DIGIT_WORD", "STRING", "BRACKETED", "NUMBER", ")", "VARIABLE"})
_LIMITS = ("10", "50", "100", "1000")
_OPERATORS = {
    "+": "plus", "-": "minus", "*": "times", "/": "divided by", "%": "remainder of a division",
}  # fmt: skip
_OPERATOR_NAMES = frozenset({*_OPERATORS, "MOD"})
_ALL = frozenset(Kind)
_OPERANDS = frozenset({Kind.LONG, Kind.DOUBLE, Kind.DATE})
_NUMBERS = {"1000": "ms of a second", "60000": "ms of a minute", "100": "a number"}
_DURATIONS = {"DURATION('1h')": "an hour", "DURATION('1d')": "a day", "DURATION('7d')": "a week"}
_DATE_AGGREGATES = ("MIN", "MAX", "AVG", "MEDIAN")
"""Aggregates of a date that are dates."""


class _Choices:
    """What may stand at one place."""

    def __init__(self, place: Place, knowledge: Knowledge, wait: float) -> None:
        self._place = place
        self._wait = wait
        self._knowledge = knowledge
        self._schema = knowledge.context.schema
        self._accepts = place.begun.accepts
        named = self._schema.find(place.table) if place.table else None
        self._from = named
        self._table = named or self._schema.primary
        self._tried: dict[object, bool] = {}

    def all(self) -> list[_Choice]:
        place = self._place
        if place.last == "FROM":
            return list(self._tables())
        if place.last == "AS":
            return list(self._aliases())
        if place.last == ".":
            return list(self._after_dot())
        if place.last == "SEGMENT":
            return list(self._segments())
        if place.last == "LIMIT":
            return [_Choice(n, "value", "rows") for n in _LIMITS]
        if len(place.pieces) > 1 and place.pieces[-2].name == "FILTER":
            return [_Choice(number, "value", "a number") for number in ("1", "10", "100")]
        operand = self._compared()
        if operand is not None:
            return list(self._values(*operand))
        second = self._argument()
        if second is not None:
            return second
        if place.quote:
            return []
        if place.in_condition and (self._moves_moment() or place.last == "VARIABLE"):
            return [*self._durations(), *self._keywords()]
        return [*self._names(), *self._keywords(), *self._operators()]

    # --- tables, segments and names

    def _segments(self) -> Iterator[_Choice]:
        for name in self._knowledge.segments():
            written = string_text(name) if '"' in name else f'"{name}"'
            yield _Choice(written, "value", "segment", name)

    def _tables(self) -> Iterator[_Choice]:
        about = {"usersession": "one row per session"}
        for table in self._schema.tables:
            text = about.get(table.name, f"one row per {table.name.removeprefix('user')}")
            yield _Choice(table.name, "table", text, alike=table.name)

    def _names(self) -> Iterator[_Choice]:
        if "WORD" not in self._accepts:
            return
        place = self._place
        if place.in_condition:
            yield from self._fields(properties=True)
            return
        name = place.in_function
        if name in ("IN", ""):
            if name == "" and not place.bracket:
                yield from self._items()
            return
        function = FUNCTIONS.get(name.casefold())
        if function is None or function.family is Family.RESERVED:
            return
        if name == "CONDITION":
            yield from self._functions({Family.AGGREGATE}, without="CONDITION")
        elif name == "KEYS":
            for field in self._keyed(self._table):
                yield self._field_choice(field, self._table, whole=True)
        else:
            yield from self._fields(properties=True, function=function)
            yield from self._inner_functions(function)
            if self._is_operand():
                yield from self._numbers()

    def _inner_functions(self, function: Function) -> Iterator[_Choice]:
        """Yield the functions whose value another one may take."""
        if self._is_operand() or (self._place.bracket and self._place.bracket.argument):
            families = {Family.DATE_PART}
        elif function.family in (Family.DATE_PART, Family.DATE_TEXT):
            yield from self._functions({Family.AGGREGATE}, only=_DATE_AGGREGATES)
            return
        else:
            families = {Family.DATE_PART, Family.DATE_TEXT, Family.KEYS}
        yield from self._functions(families, kinds=function.kinds)

    def _items(self) -> Iterator[_Choice]:
        """Yield what a column, a grouping key or an ordering may be."""
        place = self._place
        if self._is_operand():
            yield from self._fields(properties=True)
            yield from self._functions(set(Family) - {Family.RESERVED, Family.DATE_TEXT})
            yield from self._numbers()
            return
        if place.clause == "ORDER":
            yield from self._written(aggregates=True)
            yield from self._fields(properties=False)
            return
        if place.clause == "GROUP":
            keys = [text for text, is_key in self._select_items() if is_key]
            if len(keys) > 1 and place.last == "BY":
                yield _Choice(", ".join(keys), "alias", "all that is selected", alike="all keys")
            yield from self._written(aggregates=False)
            yield from self._fields(properties=True)
            yield from self._functions({Family.DATE_PART, Family.DATE_TEXT})
            return
        yield from self._fields(properties=True)
        if "STAR" in self._accepts or "*" in self._accepts:
            yield _Choice("*", "keyword", "all fields", alike="*")
        yield from self._functions(set(Family) - {Family.RESERVED})

    def _fields(self, *, properties: bool, function: Function | None = None) -> Iterator[_Choice]:
        first = self._table
        kinds = _OPERANDS if self._is_operand() else function.kinds if function else _ALL
        for table in self._schema.reachable(first):
            for field in table.queryable:
                if field.kind not in kinds:
                    continue
                if field.properties and not (properties and self._knowledge.keys(field)):
                    continue
                yield self._field_choice(field, table)

    def _keyed(self, first: Table) -> Iterator[Field]:
        for field in first.queryable:
            if field.properties:
                yield field

    def _field_choice(self, field: Field, table: Table, *, whole: bool = False) -> _Choice:
        bare = table is self._table
        name = field.name if bare else f"{table.name}.{field.name}"
        text = f"{name}." if field.properties and not whole else name
        # of which table it is matters while the query may still be FROM any of them
        owner = table is self._table if self._from else table.name
        alike = (owner, field.many, field.properties, self._sort(field.kind))
        return _Choice(text, "field", _about(field), name, 0, alike, self._probe(field, text))

    def _sort(self, kind: Kind) -> str:
        """Return what a field's kind matters for: only where something is worked out of it."""
        if not self._place.brackets and not self._is_operand():
            return ""
        return "date" if kind is Kind.DATE else "number" if kind in _OPERANDS else "other"

    def _probe(self, field: Field, text: str) -> str:
        """Return what is tried for a field that needs one of its keys, and "" for others."""
        return (
            text + field_text(["", *self._knowledge.keys(field)[:1]])[1:] if text[-1] == "." else ""
        )

    def _after_dot(self) -> Iterator[_Choice]:
        parts, field, table = self._chain(len(self._place.pieces) - 2)
        if not parts:
            return
        if field is not None:
            if field.properties and len(parts) == (1 if table is None else 2):
                for key in self._knowledge.keys(field):
                    text = field_text(["", key])[1:]
                    yield _Choice(text, "key", f"{field.kind.value} property", key,
                                  alike=field.kind)  # fmt: skip
            return
        if table is None or table not in self._schema.reachable(self._table):
            return
        for found in table.queryable:
            if self._fits(found) and (not found.properties or self._knowledge.keys(found)):
                text = f"{found.name}." if found.properties else found.name
                alike = (found.many, found.properties, self._sort(found.kind))
                probe = self._probe(found, text)
                yield _Choice(text, "field", _about(found), found.name, 0, alike, probe)

    def _fits(self, field: Field) -> bool:
        if self._is_operand():
            return field.kind in _OPERANDS
        function = FUNCTIONS.get(self._place.in_function.casefold())
        return function is None or field.kind in function.kinds

    def _chain(self, last: int) -> tuple[list[str], Field | None, Table | None]:
        """Return the names joined by dots that end at a piece, and what they mean."""
        pieces, parts = self._place.pieces, list[str]()
        if not 0 <= last < len(pieces):
            return parts, None, None
        parts.insert(0, pieces[last].value)
        while last >= 2 and pieces[last - 1].name == ".":
            last -= 2
            parts.insert(0, pieces[last].value)
        table = self._schema.find(parts[0])
        if table is None:
            return parts, self._bare(parts[0]), None
        return parts, table.find(parts[1]) if len(parts) > 1 else None, table

    def _bare(self, name: str) -> Field | None:
        own = self._table.find(name)
        if own is not None:
            return own
        others = (t.find(name) for t in self._schema.reachable(self._table)[1:])
        found = [field for field in others if field is not None]
        return found[0] if len(found) == 1 else None

    def _functions(
        self,
        families: set[Family],
        without: str = "",
        only: Collection[str] = (),
        kinds: Collection[Kind] = (),
    ) -> Iterator[_Choice]:
        for function in FUNCTIONS.values():
            name = function.name.upper()
            if function.family not in families or name == without:
                continue
            if (only and name not in only) or (kinds and function.result not in kinds):
                continue
            if name == "KEYS" and not any(self._keyed(self._table)):
                continue
            if name == "COUNT":
                yield _Choice("COUNT(*)", "function", "number of rows", alike="aggregate")
            alike = "aggregate" if function.family is Family.AGGREGATE else function.family
            yield _Choice(f"{name}()", "function", function.summary, name, back=1, alike=alike)

    def _select_items(self) -> list[tuple[str, bool]]:
        """Return the text or alias of each selected column, and whether it may be a key."""
        items, depth, part = list[tuple[str, bool]](), 0, list[Piece]()
        text = self._place.before
        for piece in self._place.pieces:
            if piece.name in ("SELECT", "DISTINCT"):
                continue
            if (piece.name == "," and depth == 0) or piece.name == "FROM":
                if part:
                    items.append(_item(part, text))
                part = []
                if piece.name == "FROM":
                    return items
                continue
            depth += (piece.name == "(") - (piece.name == ")")
            part.append(piece)
        return items

    def _aliases(self) -> Iterator[_Choice]:
        """Yield a name for the column before the cursor, made of its words."""
        words = list[str]()
        for piece in reversed(self._place.pieces[:-1]):
            if piece.name in ("SELECT", "DISTINCT") or (piece.name == "," and len(words) > 0):
                break
            if piece.name in ("WORD", "FUNCTION", "COUNT"):
                words.insert(0, piece.text if piece.name == "WORD" else piece.text.lower())
        name = "_".join(words[:3]) or "result"
        yield _Choice(name_text(name), "alias", "a name for the column")

    def _written(self, *, aggregates: bool) -> Iterator[_Choice]:
        for text, is_key in self._select_items():
            if text != "*" and (aggregates or is_key):
                yield _Choice(text, "alias", "a column of the query", alike=("column", text))

    # --- values

    def _compared(self) -> tuple[Field, str | None, str] | None:
        """Return the field that a value at the cursor is compared with, its key, and the sign."""
        pieces = self._place.pieces
        at, sign = len(pieces) - 1, self._place.last
        if not self._place.in_condition and self._place.in_function != "IN":
            return None
        bracket = self._place.bracket
        if bracket is not None and bracket.opener == "IN" and sign in ("(", ","):
            at, sign = bracket.at - 1, "IN"
        elif sign == "AND":  # BETWEEN low AND
            between = at - 2
            while between > 0 and pieces[between].name in (
                *"-+()", "NUMBER", "VARIABLE", "STRING", "DURATION",
            ):  # fmt: skip
                between -= 1
            if pieces[between].name != "BETWEEN":
                return None
            at, sign = between, "BETWEEN"
        known = _COMPARISON_NAMES | {"IN", "BETWEEN", "LIKE", "STARTSWITH", "IS"}
        negated = sign == "NOT"
        if negated and (at < 1 or pieces[at - 1].name != "IS"):
            return None
        if not negated and sign not in known:
            return None
        at -= 1
        while at > 0 and pieces[at].name in ("NOT", "IS"):
            at -= 1
        parts, field, table = self._chain(at)
        if field is None:
            return None
        depth = 1 if table is None else 2
        key = ".".join(parts[depth:]) or None
        return field, key, "IS" if negated else sign

    def _values(self, field: Field, key: str | None, sign: str) -> Iterator[_Choice]:
        if sign == "IS":
            yield _Choice("NULL", "keyword", "no value")
            if self._place.last == "IS":
                yield _Choice("NOT NULL", "keyword", "any value")
            return
        if field.kind is Kind.DATE and not self._place.quote:
            yield _Choice("$NOW", "variable", "the present")
            yield _Choice("$NOW - DURATION('1d')", "variable", "a day ago")
            yield _Choice("$TIME_FRAME_START", "variable", "where the timeframe begins")
            yield _Choice("$TIME_FRAME_END", "variable", "where the timeframe ends")
            return
        if field.kind is Kind.BOOLEAN:
            if not self._place.quote:
                yield _Choice("true", "value")
                yield _Choice("false", "value")
            return
        found = dict.fromkeys((*self._knowledge.values(field, key, self._wait), *field.values))
        for value in found:
            written = self._literal(value, field.kind)
            if written is not None:
                yield _Choice(written, "value", field.name, str(value))
        if not found:
            yield from self._placeholder(field)

    def _placeholder(self, field: Field) -> Iterator[_Choice]:
        """Yield something to type over, where no values are known."""
        if field.kind is Kind.IP:
            yield _Choice("'0.0.0.0'", "value", "an address", back=1)
        elif field.kind.is_text:
            if not self._place.quote:
                yield _Choice("''", "value", "a text", back=1)
        elif not self._place.quote:
            yield _Choice("0", "value", "a number")

    def _literal(self, value: Any, kind: Kind) -> str | None:
        """Return a value as it is written; ``None`` where it cannot be."""
        if kind.is_text:
            quote = self._place.quote if self._place.quote in ("'", '"') else "'"
            return quote + str(value).replace(quote, quote * 2) + quote
        if self._place.quote or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return repr(value)

    def _argument(self) -> list[_Choice] | None:
        """Return what an argument with a closed list of values may be; ``None`` if it has none."""
        bracket = self._place.bracket
        if bracket is None or bracket.condition or self._place.last not in ("(", ","):
            return None
        if bracket.opener == "CONDITION" and bracket.argument == 1:
            return [_Choice("WHERE", "keyword", "which rows count")]
        found = _SECOND_ARGUMENTS.get((bracket.opener, bracket.argument))
        if found is None:
            return None
        quote = self._place.quote
        if quote in ("'", '"') and quote:
            found = tuple((t.replace("'", quote), a) for t, a in found if t.startswith("'"))
        return [_Choice(text, "value", about) for text, about in found]

    # --- words of the grammar

    def _keywords(self) -> Iterator[_Choice]:
        place, accepts = self._place, self._accepts
        if _COMPARISON_ABOUT.keys() & accepts and place.in_condition:
            yield from self._comparisons()
            return
        if place.in_condition and place.last in ("WHERE", "AND", "OR", "(", "NOT", ","):
            if "NOT" in accepts:
                yield _Choice("NOT", "keyword", "turns a condition round")
            if "IN" in accepts and self._knowledge.segments():
                yield _Choice(
                    'IN SEGMENT ""', "keyword", "sessions of a segment", back=1, label="IN SEGMENT"
                )
            return
        if "SEGMENT" in accepts and place.last == "IN":
            yield _Choice('SEGMENT ""', "keyword", "sessions of a segment", "SEGMENT", back=1)
        if place.in_function == "COUNT" and place.last == "(":
            yield _Choice("*", "keyword", "rows")
            yield _Choice("DISTINCT", "keyword", "each value once")
            return
        if place.in_function == "CONDITION" and place.last == ")":
            yield _Choice(", WHERE", "keyword", "which rows count")
            return
        if place.in_function == "PERCENTILE" and "," in accepts and ")" in accepts:
            if place.bracket is not None and place.bracket.argument == 0:
                for number, about in _SECOND_ARGUMENTS["PERCENTILE", 1]:
                    yield _Choice(f", {number}", "value", about)
            return
        if place.in_function == "APDEX" and "," in accepts and ")" in accepts:
            rest = (", 3000, 12000", ", 12000")
            argument = 0 if place.bracket is None else place.bracket.argument
            if argument < len(rest):
                yield _Choice(rest[argument], "value", "satisfied, and tolerated, up to, in ms")
                return
        values_only = {"TRUE", "FALSE", "NULL"} if "STRING" in accepts else set()
        for word, spellings in _WORDS.items():
            if word not in accepts or word in values_only:
                continue
            if word == "FUNNEL" and self._from is not None and not self._from.primary:
                continue
            probe = self._grouped() if word == "GROUP" else ""
            for text, back, about in spellings:
                yield _Choice(text, "keyword", about, back=back, alike=text, probe=probe)
        if "FILTER" in accepts and self._after_aggregate():
            about = "keeps groups by this value"
            yield _Choice("FILTER", "keyword", about, alike="FILTER", probe="FILTER > 1")
        if place.last == "FILTER":
            for sign, about in _COMPARISON_ABOUT.items():
                yield _Choice(sign, "operator", about)

    def _grouped(self) -> str:
        """Return a ``GROUP BY`` that this query may well have."""
        keys = [text for text, is_key in self._select_items() if is_key]
        return f"GROUP BY {', '.join(keys) or 'startTime'}"

    # --- arithmetic

    def _is_operand(self) -> bool:
        """Whether the right side of an operation begins at the cursor."""
        pieces, at = self._place.pieces, len(self._place.pieces) - 1
        while at > 1 and pieces[at].name == ".":
            at -= 2
        return (
            at > 0 and pieces[at].name in _OPERATOR_NAMES and pieces[at - 1].name in _ENDS_OPERAND
        )

    def _operators(self) -> Iterator[_Choice]:
        """Yield what goes on with a number or a date as arithmetic, where that can be."""
        place = self._place
        if not self._accepts >= _OPERATORS.keys() or place.in_condition or place.last == "NULL":
            return
        if place.bracket is not None and (place.bracket.opener == "IN" or place.bracket.argument):
            return
        if len(place.pieces) > 2 and place.pieces[-3].name == "FILTER":
            return
        for sign, about in _OPERATORS.items():
            yield _Choice(sign, "operator", about, alike=sign, probe=f"{sign} 2")

    def _numbers(self) -> Iterator[_Choice]:
        for number, about in _NUMBERS.items():
            yield _Choice(number, "value", about, alike="number")

    def _moves_moment(self) -> bool:
        """Whether a moment is moved by what comes next, as in ``$NOW - DURATION('1d')``."""
        pieces = self._place.pieces
        return len(pieces) > 1 and self._place.last in "+-" and pieces[-2].name == "VARIABLE"

    def _durations(self) -> Iterator[_Choice]:
        sign = "" if self._moves_moment() else "- "
        for text, about in _DURATIONS.items():
            yield _Choice(sign + text, "operator", about + (" before" if sign else ""))

    def _after_aggregate(self) -> bool:
        """Whether the item before the cursor is nothing but an aggregate."""
        pieces, depth = self._place.pieces, 0
        if not pieces or pieces[-1].name != ")" or self._place.clause != "SELECT":
            return False
        for index in range(len(pieces) - 1, 0, -1):
            depth += (pieces[index].name == ")") - (pieces[index].name == "(")
            if depth == 0:
                function = FUNCTIONS.get(pieces[index - 1].text.casefold())
                begins = index > 1 and pieces[index - 2].name in ("SELECT", "DISTINCT", ",")
                return bool(begins and function and function.family is Family.AGGREGATE)
        return False

    def _comparisons(self) -> Iterator[_Choice]:
        parts, field, table = self._chain(len(self._place.pieces) - 1)
        if field is None or (field.properties and len(parts) == (1 if table is None else 2)):
            return
        ordered = field.kind is not Kind.BOOLEAN
        for sign, about in _COMPARISON_ABOUT.items():
            if ordered or sign in ("=", "!="):
                yield _Choice(sign, "operator", about)
        yield _Choice("IN ()", "operator", "one of several values", "IN", back=1)
        if field.kind.is_text:
            yield _Choice("LIKE", "operator", "a pattern with % and ?")
            yield _Choice("STARTSWITH", "operator", "begins with a text")
        yield _Choice("IS NULL", "operator", "no value")
        yield _Choice("IS NOT NULL", "operator", "any value")
        if ordered:
            yield _Choice("BETWEEN", "operator", "two values and what is between them")
        yield _Choice("NOT IN ()", "operator", "none of several values", "NOT IN", back=1)

    # --- trying

    def is_viable(self, choice: _Choice) -> bool:
        """Whether a whole query can be made of a choice; one of each sort is tried."""
        place = self._place
        if choice.alike is None or len(place.pieces) < 2 or self._closing is None:
            return True
        if place.in_condition and choice.kind != "field":
            return True
        # a field that is in the query already may stand where others of its sort may not
        sort = choice.text if self._is_named(choice) else choice.alike
        if sort not in self._tried:
            tried = self._place.before + (choice.probe or _filled(choice)) + self._closing
            table = self._from.name if self._from else None
            self._tried[sort] = self._knowledge.judged((tried, table), lambda: self._can_end(tried))
        return self._tried[sort]

    @cached_property
    def _closing(self) -> str | None:
        """What ends the condition and the brackets that are open; ``None`` where all may stand."""
        place = self._place
        if place.clause == "WHERE" or (place.in_condition and self._from):
            return None  # any field of the table
        closing = " IS NOT NULL" if place.in_condition else ""
        for bracket in reversed(place.brackets):
            if bracket.opener == "IN":
                return None
            rest = _SECOND.get(bracket.opener, "") if bracket.argument == 0 else ""
            closing += ")" if bracket.condition else f"{rest})"
        return closing

    def _is_named(self, choice: _Choice) -> bool:
        name = choice.text.rstrip(".")
        return name in self._named or name.rpartition(".")[2] in self._named

    @cached_property
    def _named(self) -> frozenset[str]:
        """The names in the query before the cursor, those joined by dots as a whole."""
        names, pieces = list[str](), self._place.pieces
        for before, piece in pairwise((None, *pieces)):
            if piece is None or piece.name not in ("WORD", ".", "STRING", "BRACKETED"):
                continue
            joined = piece.name == "." or (before is not None and before.name == ".")
            if joined and names:
                names[-1] += piece.text
            else:
                names.append(piece.text)
        return frozenset(names)

    def _can_end(self, text: str) -> bool:
        """Whether a text goes on to a query that can be resolved; if in doubt, it does."""
        whole, tables = text, [self._table]
        if all(piece.name != "FROM" for piece in self._place.pieces):
            whole = f"{text} FROM {self._table.name}"
            tables = [self._from] if self._from else list(self._schema.tables)
        try:
            query = parse(whole)
        except Ended:
            raise
        except UsqlError:
            begun = beginning(text)
            return begun is not None and not begun.accepts & {"FROM", "$END"}
        if len(tables) == 1:
            return self._resolves(query)
        return any(self._resolves(replace(query, table=ast.Name(t.name))) for t in tables)

    def _resolves(self, query: ast.Query) -> bool:
        context = replace(self._knowledge.context, explanations=[])
        try:
            resolve(query, context)
        except Ended:
            raise
        except UsqlError:
            return False
        return True


def _filled(choice: _Choice) -> str:
    """Return a choice with something between its brackets, so that it can be resolved."""
    if not choice.back:
        return choice.text
    name = choice.text.removesuffix("()").casefold()
    inner = {
        "percentile": "endTime, 50", "condition": "COUNT(*), WHERE startTime IS NOT NULL",
        "keys": "stringProperties", "funnel": "startTime IS NOT NULL", "sum": "duration",
    }.get(name, "startTime")  # fmt: skip
    return f"{name}({inner})"


def _item(part: Sequence[Piece], text: str) -> tuple[str, bool]:
    """Return what a selected column is called in other clauses, and whether it may be a key."""
    names = [piece.name for piece in part]
    aggregate = any(
        f is not None and f.family in (Family.AGGREGATE, Family.TOP)
        for f in (FUNCTIONS.get(p.text.casefold()) for p, after in pairwise(part)
                  if after.name == "(")
    )  # fmt: skip
    if "AS" in names:
        return name_text(part[-1].value), not aggregate
    if "FILTER" in names:
        part = part[: names.index("FILTER")]
    return text[part[0].start : part[-1].end], not aggregate and names != ["*"]


def _about(field: Field) -> str:
    """Return type, unit and closed values of a field."""
    unit = f" in {field.unit}" if field.unit else ""
    values = ": " + ", ".join(field.values[:4]) if field.values else ""
    more = ", …" if len(field.values) > 4 else ""
    status = f" ({field.status})" if field.status else ""
    return f"{field.type_name}{unit}{values}{more}{status}"
