"""Rules about conditions: a field, one comparison, a value, and AND or OR between them."""

from __future__ import annotations

from collections.abc import Iterator

from usql.syntax_hints.habits import (
    AGGREGATES,
    CASE_FUNCTIONS,
    DATE_FUNCTIONS,
    MOMENTS,
    TEXT_WORDS,
)
from usql.syntax_hints.situation import (
    CLAUSES,
    COMPARING_WORDS,
    CONDITION_STARTS,
    Finding,
    Kind,
    Place,
    Situation,
    Token,
)

_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "!=": "!=", "<>": "!="}
_INVERSE = {"/": "*", "*": "/", "+": "-", "-": "+"}


def function_on_left(s: Situation) -> Finding | None:
    """Find a function where a condition needs a field."""
    index = _function_on_left(s)
    if index < 0:
        return None
    name = s.token(index).word
    last = s.closing(index + 1)
    span, call = s.span(index, last), s.words(index, last)
    argument = s.words(index + 2, last - 1) or "field"
    comparison, value = s.token(last + 1), s.token(last + 2)
    compared = f"{comparison.text} {value.text}" if comparison.is_comparison else "> 5"
    field = argument.split(",")[0]
    if name in AGGREGATES and s.token(1).word == "FUNNEL":
        hint = "a step compares a field with a value, such as useraction.name = 'Login'"
        return Finding(f"{name} cannot stand in a step of a FUNNEL", span, hint)
    if name in AGGREGATES:
        return Finding(
            f"{name} cannot stand in a condition on rows",
            span,
            f"put FILTER after the aggregate in the select list: {call} FILTER {compared}"
            if name != "TOP"
            else "compare the field with a value",
        )
    if name in DATE_FUNCTIONS:
        return Finding(
            f"{name} cannot stand in a condition",
            span,
            f"compare the date itself: {field} >= '2024-03-01'; or write GROUP BY {call}",
        )
    if name in CASE_FUNCTIONS and value.kind is Kind.STRING:
        return Finding(
            f"there is no function {name}",
            span,
            f"texts compare letter by letter; list the spellings: {argument} IN "
            f"({_spellings(value.text)})",
        )
    return Finding(_on_left_message(name), span, _on_left_hint(name, argument))


def _function_on_left(s: Situation) -> int:
    """Return the index of the function's name, or -1."""
    if s.found.sign == "(" and s.in_condition and s.before().word and _starts(s, s.at - 1):
        return s.at - 1
    name = s.function
    inner = s.frame.place is Place.ARGUMENTS and len(s.frames) > 1
    if inner and name > 0 and s.frames[-2].place is Place.CONDITION and _starts(s, name):
        return name if s.token(name).word == "COUNT" else -1
    return -1


def _on_left_message(name: str) -> str:
    if name == "KEYS":
        return "a function cannot stand left of a comparison"
    return f"there is no {'function ' if name != 'EXISTS' else ''}{name}"


def _on_left_hint(name: str, argument: str) -> str:
    if name == "EXISTS":
        return "a condition on a field of the other table is enough: useraction.name = 'Login'"
    if name in ("ISNULL", "ISNOTNULL", "IS_NULL", "EMPTY", "ISEMPTY"):
        return f"write {argument} IS {'NOT ' if 'NOT' in name else ''}NULL"
    if name in TEXT_WORDS and "," in argument:
        field, _, text = argument.partition(",")
        return (
            f"write {field.strip()} {TEXT_WORDS[name].format(text.strip(chr(39) + chr(34) + ' '))}"
        )
    return f"a condition compares a field itself with a value: {argument.split(',')[0]} = …"


def _spellings(text: str) -> str:
    mark, inner = text[0], text[1:-1]
    forms = dict.fromkeys((inner.lower(), inner.capitalize(), inner.upper()))
    return ", ".join(f"{mark}{form}{mark}" for form in forms)


def _starts(s: Situation, index: int) -> bool:
    """Whether a predicate may begin at a token."""
    before = s.token(index - 1)
    return before.word in CONDITION_STARTS or before.sign == "(" or before.sign == ","


def value_on_left(s: Situation) -> Finding | None:
    """Find a value where a condition needs a field."""
    for index in (s.at, s.at - 1):
        value = s.token(index)
        begins = s.in_condition and _starts(s, index)
        if begins and value.is_value and s.token(index - 1).sign != ",":
            return _value_first(s, index)
    return None


def _value_first(s: Situation, index: int) -> Finding | None:
    value, comparison, field = (s.token(index + i) for i in range(3))
    last = _field_end(s, index + 2)
    if comparison.sign not in _FLIPPED:
        if value.word in ("TRUE", "FALSE"):
            return _constant(s, index)
        earlier, sign = _earlier_comparison(s, index)
        if earlier and s.token(index - 1).word in ("AND", "OR"):
            hint = f"write {earlier} {sign} {value.text}"
            return Finding(f"a field is missing before {value.text}", value.span, hint)
        hint = "a condition compares a field with a value: bounce = true"
        return Finding(f"{value.text} is not a condition", value.span, hint)
    if field.is_value:
        hint = "a condition compares a field with a value; leave this one out"
        return Finding("both sides of the comparison are values", s.span(index, index + 2), hint)
    if value.kind is Kind.STRING and s.token(last + 1).kind is Kind.END and not field.word:
        return None
    name, flipped = s.words(index + 2, last), _FLIPPED[comparison.sign]
    second = s.token(last + 1)
    if second.sign in _FLIPPED:
        hint = f"write {name} {flipped} {value.text} AND {s.words(index + 2, last + 2)}"
        return Finding("a condition has one comparison", second.span, hint)
    return Finding(
        "the field stands left of the comparison, the value right of it",
        value.span,
        f"write {name or 'the field'} {flipped} {value.text}",
    )


def _earlier_comparison(s: Situation, end: int) -> tuple[str, str]:
    """Return field and sign of the comparison before a token; empty if there is none."""
    signs = [i for i in range(s.frame.since, end - 1) if s.token(i).sign in _FLIPPED]
    if not signs:
        return "", ""
    field = s.words(_back_over_field(s, signs[-1] - 1), signs[-1] - 1)
    return field, s.token(signs[-1]).text


def _constant(s: Situation, index: int) -> Finding:
    alone = s.token(index - 1).word == "WHERE" and s.token(index + 1).kind is Kind.END
    hint = (
        "leave WHERE out"
        if alone
        else "compare a field with a value: bounce = true; or leave it out"
    )
    return Finding(f"{s.token(index).text} alone is not a condition", s.token(index).span, hint)


def _field_end(s: Situation, first: int) -> int:
    last = first
    while s.token(last + 1).text == "." and s.token(last + 2).kind is not Kind.END:
        last += 2
    return last


def quoted_field(s: Situation) -> Finding | None:
    """Find ``"city" = 'Linz'``."""
    if s.found.kind is not Kind.STRING or not s.in_condition or not _starts(s, s.at):
        return None
    comparison, value = s.after(), s.after(2)
    name = s.found.text[1:-1]
    if comparison.is_comparison and not value.word and name.replace("_", "a").isalnum():
        rest = s.words(s.at + 1, s.at + 2)
        return Finding("field names stand without quotes", s.found.span, f"write {name} {rest}")
    return None


def arithmetic_on_left(s: Situation) -> Finding | None:
    """Find ``duration / 1000 > 10``."""
    first = s.item_start()
    at_operator = s.found.is_operator and s.in_condition and s.is_field(first, s.at - 1)
    if not at_operator or not _starts(s, first):
        return None
    field, operator = s.words(first, s.at - 1), s.found.text
    number, comparison, value = (s.after(i) for i in (1, 2, 3))
    simple = number.kind is value.kind is Kind.NUMBER and comparison.sign in _FLIPPED
    hint = (
        f"write {field} {comparison.text} {value.text} {_INVERSE[operator]} {number.text}"
        if simple and operator in _INVERSE
        else "compare the field itself with a value; the value may be computed"
    )
    return Finding("only a field stands left of a comparison", s.found.span, hint)


def lonely_field(s: Situation) -> Finding | None:
    """Find a field that is not compared with anything."""
    ends = (
        s.found.kind is Kind.END
        or s.found.sign in (")", ",", ";")
        or s.found.word in (*CLAUSES, "AND", "OR", "AS")
    )
    first = s.item_start()
    if not (ends and s.in_condition and s.is_field(first, s.at - 1) and _starts(s, first)):
        return None
    field = s.words(first, s.at - 1)
    if s.token(first).word in (*CLAUSES, "AND", "OR", "NOT", "JSON"):
        return None
    negated = s.token(first - 1).word == "NOT"
    likely = field[:3].lower() in ("is", "has") or field.rpartition(".")[2].lower() in _BOOLEANS
    if likely:
        hint = f"write {field} = {'false' if negated else 'true'}"
    else:
        hint = f"write {field} IS {'NULL' if negated else 'NOT NULL'}, or compare it with a value"
    return Finding(f"{field} is not compared with a value", s.span(first, s.at - 1), hint)


_BOOLEANS = (
    "bounce", "newuser", "hascrash", "haserror", "hassessionreplay", "rootedorjailbroken",
    "keyuseraction",
)  # fmt: skip


def foreign_comparison(s: Situation) -> Finding | None:
    """Find a word that compares in other languages: ``CONTAINS``, ``ILIKE``, ``EXISTS``."""
    if not s.in_condition:
        return None
    if s.before().word == "EXISTS" and s.found.word:
        negated = s.before(2).word == "NOT"
        field = s.words(s.at, _field_end(s, s.at))
        hint = f"write {field} IS {'NULL' if negated else 'NOT NULL'}"
        return Finding("there is no EXISTS", s.before().span, hint)
    for index in (s.at, s.at - 1):  # after NOT the word is read as a value
        negated = s.token(index - 1).word == "NOT"
        meant = s.token(index).word in TEXT_WORDS and (index == s.at or negated)
        if meant and not s.token(index - 1).is_comparison:
            return _text_comparison(s, index, negated)
    return None


def _text_comparison(s: Situation, index: int, negated: bool) -> Finding:
    word = s.token(index).word
    last = index + 1 if s.token(index + 1).word in ("WITH", "TO") else index
    value = s.token(last + 1)
    text = value.text[1:-1] if value.kind is Kind.STRING else "…"
    if word in ("ILIKE", "REGEXP", "RLIKE", "SIMILAR"):
        text = text.replace(".*", "%").replace("^", "").replace("$", "")
    end = index - (2 if negated else 1)
    written = f"{s.words(_back_over_field(s, end), end)} {'NOT ' if negated else ''}"
    written += TEXT_WORDS[word].format(text).replace("%…%", f"%{text.strip('%')}%")
    return Finding(f"there is no {s.words(index, last)}", s.span(index, last), f"write {written}")


def in_list(s: Situation) -> Finding | None:
    """Find an ``IN`` whose values do not stand in brackets, or that has none."""
    if s.before().word == "IN" and s.expected == {"LPAR"}:
        inner = s.found.text.strip("[]{}")
        last = s.at
        while s.token(last + 1).text == "," and s.token(last + 2).is_value:
            last += 2
        if last > s.at:
            inner = s.words(s.at, last)
        if s.found.text == "{":
            inner = s.words(s.at + 1, _until(s, "}") - 1)
        return Finding("IN takes its values in round brackets", s.found.span, f"write IN ({inner})")
    if s.frame.place is Place.LIST and s.found.text == ")" and s.before().sign == "(":
        return Finding(
            "IN needs at least one value", s.found.span, "write a value, or IS NULL instead of IN"
        )
    return None


def _until(s: Situation, sign: str) -> int:
    return next((i for i in range(s.at, len(s.tokens)) if s.tokens[i].text == sign), s.at + 2)


def several_values(s: Situation) -> Finding | None:
    """Find ``country = ('Spain', 'Austria')``."""
    opener = s.frame.opener
    comparison = s.token(opener - 1)
    if s.found.text != "," or opener < 2 or not comparison.is_comparison:
        return None
    if comparison.word in ("BETWEEN", "IN"):
        return None
    first = opener - 1
    while first > 0 and not _starts(s, first):
        first -= 1
    negated = "NOT " if comparison.sign in ("!=", "<>") else ""
    field, values = s.words(first, opener - 2), s.words(opener, s.closing(opener))
    return Finding(
        f"{comparison.text} takes one value", s.found.span, f"write {field} {negated}IN {values}"
    )


def between(s: Situation) -> Finding | None:
    """Find a ``BETWEEN`` whose values are not joined by ``AND``."""
    index = next((i for i in range(s.at - 1, 0, -1) if s.token(i).word == "BETWEEN"), 0)
    if index and s.token(index + 1).word == "AND" and s.at == index + 2:
        hint = f"write BETWEEN … AND {s.found.text}"
        return Finding("the first value of BETWEEN is missing", s.token(index + 1).span, hint)
    if not s.in_condition or not index or any(s.token(i).word == "AND" for i in range(index, s.at)):
        return None
    if s.found.word == "AND" or s.at == index + 1 or s.at - index > 5:
        return None
    values = [t for t in s.tokens[index + 1 : index + 7] if t.is_value][:2]
    if len(values) == 2 and values[1].start >= s.found.start:
        hint = f"write BETWEEN {values[0].text} AND {values[1].text}"
    else:
        hint = f"write BETWEEN {s.words(index + 1, s.at - 1).strip('(')} AND …"
    return Finding("BETWEEN needs two values with AND between them", s.found.span, hint)


def not_before_sign(s: Situation) -> Finding | None:
    """Find ``country NOT = 'Spain'``."""
    opposite = {"=": "!=", "<": ">=", ">": "<=", "<=": ">", ">=": "<", "!=": "=", "<>": "="}
    if s.before().word != "NOT" or s.found.sign not in opposite or not s.in_condition:
        return None
    field = s.words(_back_over_field(s, s.at - 2), s.at - 2)
    return Finding(
        f"NOT cannot stand before {s.found.text}",
        s.span(s.at - 1, s.at),
        f"write {field} {opposite[s.found.sign]} {s.after().text}",
    )


def _back_over_field(s: Situation, last: int) -> int:
    first = last
    while s.token(first - 1).text == ".":
        first -= 2
    return first


def comma_in_condition(s: Situation) -> Finding | None:
    """Find conditions joined by a comma."""
    if s.found.text != "," or not s.in_condition or _in_funnel(s):
        return None
    if s.token(s.function).word == "CONDITION":
        hint = "write AND or OR between conditions, or leave it out"
        return Finding("CONDITION takes an aggregate and one condition", s.found.span, hint)
    hint = "write AND, or OR" if s.after().kind is not Kind.END else "leave it out"
    return Finding("conditions are joined by AND or OR, not by a comma", s.found.span, hint)


def _in_funnel(s: Situation) -> bool:
    return s.token(s.function).word == "FUNNEL"


def second_comparison(s: Situation) -> Finding | None:
    """Find ``duration > 5 < 10``, and a comparison after a comparison."""
    if not s.found.is_comparison or not s.in_condition:
        return None
    if s.before().is_comparison:
        return Finding(
            f"{s.found.text} cannot follow {s.before().text}",
            s.found.span,
            "leave one of them out" if s.before().word != "IS" else f"write {s.found.text} alone",
        )
    if s.before().word in CONDITION_STARTS:
        field, _ = _earlier_comparison(s, s.at)
        hint = f"write {field or 'the field'} {s.words(s.at, s.at + 1)}"
        return Finding(f"a field is missing before {s.found.text}", s.found.span, hint)
    first = s.item_start()
    signs = [i for i in range(first, s.at) if s.token(i).is_comparison]
    if not signs or s.found.word:
        return None
    field, rest = s.words(first, signs[0] - 1), s.words(s.at, s.at + 1)
    hint = f"write {s.words(first, s.at - 1)} AND {field} {rest}" if field else "leave it out"
    return Finding("a condition has one comparison", s.found.span, hint)


def word_after_is(s: Situation) -> Finding | None:
    """Find ``IS LIKE 'a%'``: the second word was read as a value."""
    if not s.in_condition or s.before().word not in COMPARING_WORDS:
        return None
    negated = s.before(2).word == "NOT"
    if (s.before(3) if negated else s.before(2)).word != "IS":
        return None
    shown = f"{'NOT ' if negated else ''}{s.before().text}"
    return Finding(f"{s.before().text} cannot follow IS", s.before().span, f"write {shown} alone")


def unquoted_text(s: Situation) -> Finding | None:
    """Find ``city = New York`` and ``startTime > DATE '2024-03-01'``."""
    word, comparison = s.before(), s.before(2)
    if not s.in_condition or word.kind is not Kind.WORD:
        return None
    if word.word in MOMENTS and (comparison.is_comparison or comparison.is_operator):
        return _foreign_moment(s, word)
    if not comparison.is_comparison or word.is_value or s.found.kind is not Kind.WORD:
        return None
    last = s.at
    while s.token(last + 1).kind is Kind.WORD and s.token(last + 1).word not in _GOES_ON:
        last += 1
    following = s.token(last + 1)
    if s.found.word in _GOES_ON or not (following.kind is Kind.END or following.word in _GOES_ON):
        return None
    hint = f"write '{s.words(s.at - 1, last)}'"
    return Finding("a text stands in quotes", s.span(s.at - 1, last), hint)


_GOES_ON = (*CLAUSES, "AND", "OR")


def _foreign_moment(s: Situation, word: Token) -> Finding | None:
    if s.found.kind is Kind.STRING:
        return Finding(f"there is no {word.text}", word.span, f"write {s.found.text}")
    if s.found.kind is Kind.NUMBER:
        unit = s.after().text[:1].lower() if s.after().kind is Kind.WORD else "d"
        hint = f"write $NOW - DURATION('{s.found.text}{unit}')"
        return Finding(f"there is no {word.text}", word.span, hint)
    return None


def several_texts(s: Situation) -> Finding | None:
    """Find ``city = 'Linz' 'Graz'``."""
    equal = s.before(2).sign == "="
    if not (s.in_condition and equal and s.found.is_value and s.before().is_value):
        return None
    field = s.words(_back_over_field(s, s.at - 3), s.at - 3)
    hint = f"write {field} IN ({s.before().text}, {s.found.text})"
    return Finding("= takes one value", s.found.span, hint)


def missing_value(s: Situation) -> Finding | None:
    """Find a comparison without its right side, and a condition without its left one."""
    for index in (s.at, s.at - 1):
        token, before = s.token(index), s.token(index - 1)
        if not _ends_condition(token, index == s.at):
            continue
        if before.is_comparison or (before.word == "NOT" and s.token(index - 2).word == "IS"):
            written = s.words(index - 2, index - 1) if before.word == "NOT" else before.text
            hint = _value_hint(before) if s.in_condition else "write a number"
            return Finding(f"a value is missing after {written}", before.span, hint)
        if before.word == "AND" and s.token(index - 3).word == "BETWEEN":
            hint = f"write BETWEEN {s.token(index - 2).text} AND …"
            return Finding("the second value of BETWEEN is missing", before.span, hint)
        if before.word == "NOT" and s.token(index - 2).word not in (*CONDITION_STARTS, ""):
            field = s.words(_back_over_field(s, index - 2), index - 2)
            return Finding(
                "a comparison is missing after NOT", before.span, f"write {field} IS NOT NULL"
            )
        if before.word in CONDITION_STARTS:
            return _missing_condition(token, before)
        if before.sign == "(" and s.in_condition and token.word in ("AND", "OR"):
            return Finding(
                f"a condition is missing before {token.text}", token.span, "leave it out"
            )
    return None


def _ends_condition(token: Token, stopped: bool) -> bool:
    if token.word in (*CLAUSES, "AND", "OR"):
        return True
    return stopped and (token.kind is Kind.END or token.sign in (")", ";"))


def _value_hint(before: Token) -> str:
    if before.word in ("IS", "NOT"):
        return "write a value, or NULL"
    if before.word == "IN":
        return "write values in brackets: IN ('a', 'b')"
    return "write a value; a text stands in quotes"


def _missing_condition(token: Token, before: Token) -> Finding:
    if token.word in ("AND", "OR") and before.word != "WHERE":
        return Finding(f"{token.text} follows {before.text}", token.span, "leave one of them out")
    where = "after" if token.kind is Kind.END or token.word not in ("AND", "OR") else "between"
    message = f"a condition is missing {where} {before.text}"
    if where == "between":
        message += f" and {token.text}"
    return Finding(message, before.span if where == "after" else token.span,
                   "such as bounce = true; or leave it out")  # fmt: skip


def missing_connection(s: Situation) -> Finding | None:
    """Find two conditions without ``AND`` or ``OR`` between them."""
    begins = s.found.word or s.found.sign == "(" or s.found.kind is Kind.STRING
    if not (begins and s.in_condition and "_AND" in s.expected):
        return None
    if s.found.word in (*CLAUSES, "AS") or not _continues(s):
        return None
    shown = s.words(s.at, _field_end(s, s.at)) if s.found.word else s.found.text
    joint = "a comma, AND or OR" if _in_funnel(s) else "AND or OR"
    return Finding(
        f"{joint} is missing before {shown}",
        s.found.span,
        f"write AND {shown} or OR {shown}" if s.found.sign != "(" else "write AND ( or OR (",
    )


def _continues(s: Situation) -> bool:
    """Whether what follows looks like a condition rather than like a misspelt word."""
    following = list(_rest(s))
    return bool(following) and (
        s.found.sign == "(" or following[0].is_comparison or following[0].text == "."
        or s.found.word == "NOT"
    )  # fmt: skip


def _rest(s: Situation) -> Iterator[Token]:
    yield from (t for t in s.tokens[s.at + 1 :] if t.kind is not Kind.END)
