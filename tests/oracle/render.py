"""From structures to USQL text.

Without a random generator the text is the canonical one that labels are made of; with one, the
spelling varies in every way that must not change the meaning.
"""

from __future__ import annotations

import re
from random import Random

from .model import (
    Agg,
    AliasRef,
    And,
    Arith,
    Between,
    Boolean,
    Column,
    Compare,
    Cond,
    Condition,
    DatePart,
    DateText,
    Expr,
    Field,
    Filter,
    Funnel,
    In,
    InSegment,
    Instant,
    Item,
    Json,
    Keys,
    Like,
    LocalTime,
    Neg,
    Not,
    Null,
    Number,
    Or,
    Ordering,
    Param,
    Query,
    Scalar,
    Select,
    Star,
    StartsWith,
    Step,
    Text,
    Top,
    Value,
    Variable,
)
from .times import from_ms

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)

# Words that could be taken for the next clause where an alias or a key stands bare.
_CLAUSES = frozenset(
    (
        *("select", "distinct", "funnel", "from", "where", "group", "by", "order", "asc", "desc"),
        *("limit", "as", "and", "or", "not", "in", "is", "between", "like", "startswith", "null"),
        *("true", "false", "filter", "json", "mod"),
    )
)

_SPACES = ("  ", "\n", "\t", "\r\n", " /* any ' \" */ ", " -- it's\n", "\u00a0")

_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2}
_UNARY = 3

ParamValue = str | int | float | bool


class Renderer:
    """Renders one query; `params` collects what its parameters are bound to."""

    def __init__(self, rng: Random | None = None) -> None:
        self._rng = rng
        self.params: dict[str, ParamValue] = {}

    # --- spelling ---

    def _chance(self, probability: float) -> bool:
        return self._rng is not None and self._rng.random() < probability

    def _case(self, word: str, canonical: str | None = None) -> str:
        """Keywords and names are written in any letter case; labels have them in one."""
        if self._rng is None:
            return word.lower() if canonical is None else canonical
        roll = self._rng.random()
        if roll < 0.6:
            return word
        if roll < 0.8:
            return word.lower()
        if roll < 0.95:
            return word.upper()
        return "".join(self._rng.choice((c.lower(), c.upper())) for c in word)

    def _name(self, word: str) -> str:
        return self._case(word, word) if self._chance(0.15) else word

    def _words(self, words: str) -> str:
        return self._space().join(self._case(word) for word in words.split())

    def _space(self) -> str:
        if self._rng is None or self._rng.random() < 0.97:
            return " "
        return self._rng.choice(_SPACES)

    def _gap(self) -> str:
        """White space where none is needed."""
        return self._space() if self._chance(0.05) else ""

    def _comma(self) -> str:
        return "," + ("" if self._chance(0.1) else self._space())

    def quoted(self, text: str) -> str:
        quote = '"' if self._chance(0.4) else "'"
        return quote + text.replace(quote, quote * 2) + quote

    def _call(self, name: str, *args: str) -> str:
        """A function call."""
        inner = self._comma().join(args)
        return f"{self._case(name)}{self._gap()}({self._gap()}{inner}{self._gap()})"

    # --- values ---

    def scalar(self, value: Scalar) -> str:
        match value:
            case Text(text):
                return self.quoted(text)
            case Number(text):
                return text
            case Boolean(truth, as_text):
                word = "true" if truth else "false"
                return self.quoted(word) if as_text else self._case(word)

    def value(self, value: Value) -> str:
        match value:
            case Null():
                return self._case("NULL")
            case LocalTime():
                return self.quoted(_local_time(value))
            case Instant():
                return self.quoted(_instant(value))
            case Variable():
                return self._variable(value)
            case Param(name, bound):
                self.params[name] = bound.value
                return f":{name}"
            case _:
                return self.scalar(value)

    def _variable(self, variable: Variable) -> str:
        if variable.amount is None:
            return variable.name
        sign = "-" if variable.amount < 0 else "+"
        duration = self._call("DURATION", self.quoted(f"{abs(variable.amount)}{variable.unit}"))
        return f"{variable.name} {sign} {duration}"

    # --- expressions ---

    def field(self, field: Field) -> str:
        text = self._name(field.name)
        if field.table is not None:
            text = f"{self._name(field.table)}.{text}"
        return text if field.key is None else f"{text}.{self._key(field.key)}"

    def _key(self, key: str) -> str:
        if _WORD.fullmatch(key) and key.lower() not in _CLAUSES and not self._chance(0.2):
            return key
        if "]" not in key and self._chance(0.3):
            return f"[{key}]"
        return '"' + key.replace('"', '""') + '"' if not self._chance(0.3) else self.quoted(key)

    def expr(self, expr: Expr, outer: int = 0) -> str:
        """`outer` is the binding strength of what stands around."""
        text, strength = self._bare(expr)
        if strength < outer or (strength < _UNARY + 1 and self._chance(0.1)):
            return f"({text})"
        return text

    def _bare(self, expr: Expr) -> tuple[str, int]:
        match expr:
            case Arith(op, left, right):
                own = _PRECEDENCE[op]
                sign = self._case("MOD", "%") if op == "%" and self._chance(0.4) else op
                # Subtraction and division group to the left, so the right side binds tighter.
                return f"{self.expr(left, own)} {sign} {self.expr(right, own + 1)}", own
            case Neg(arg):
                inner = self.expr(arg, _UNARY + 1)
                # Two minus signs in a row would open a comment.
                return (f"-({inner})" if inner.startswith("-") else f"-{inner}"), _UNARY
            case _:
                return self._atom(expr), _UNARY + 1

    def _atom(self, expr: Expr) -> str:
        match expr:
            case Text() | Number() | Boolean():
                return self.scalar(expr)
            case Field():
                return self.field(expr)
            case Keys(field):
                return self._call("KEYS", self.field(field))
            case Agg():
                return self._agg(expr)
            case Condition(agg, where):
                test = f"{self._case('WHERE')} {self.cond(where)}"
                return self._call("CONDITION", self._agg(agg), test)
            case Top(arg, n):
                return self._call("TOP", self._atom(arg), *([] if n is None else [str(n)]))
            case DatePart(func, arg):
                return self._call(func, self._atom(arg))
            case DateText(arg, pattern, interval):
                extra = [self.quoted(text) for text in (pattern, interval) if text is not None]
                return self._call("DATETIME", self._atom(arg), *extra)
            case _:
                raise TypeError(expr)

    def _agg(self, agg: Agg) -> str:
        if agg.field is None:
            return self._call(agg.func, *([] if agg.func == "APDEX" else ["*"]))
        field = self.field(agg.field)
        if agg.distinct:
            field = f"{self._case('DISTINCT')} {field}"
        numbers = agg.limits or (() if agg.p is None else (agg.p,))
        return self._call(agg.func, field, *(number.text for number in numbers))

    # --- conditions ---

    def cond(self, cond: Cond, outer: int = 0) -> str:
        text, strength = self._bare_cond(cond)
        if strength < outer or self._chance(0.08):
            return f"({text})"
        return text

    def _bare_cond(self, cond: Cond) -> tuple[str, int]:
        match cond:
            case Or(parts):
                return f" {self._words('OR')} ".join(self.cond(part, 1) for part in parts), 0
            case And(parts):
                glue = self._space() + self._case("AND") + self._space()
                return glue.join(self.cond(part, 2) for part in parts), 1
            case Not(part):
                return f"{self._case('NOT')} {self.cond(part, 2)}", 2
            case InSegment(name):
                return f"{self._words('IN SEGMENT')} {self.quoted(name)}", 3
            case _:
                return self._predicate(cond), 3

    def _predicate(self, cond: Compare | In | Between | Like | StartsWith) -> str:
        left = self.field(cond.field)
        if isinstance(cond, Compare):
            return self._compare(left, cond)
        negation = self._words("NOT") + " " if cond.negated else ""
        match cond:
            case In(_, values):
                listed = self._comma().join(self.value(value) for value in values)
                return f"{left} {negation}{self._case('IN')}{self._space()}({listed})"
            case Between(_, low, high):
                ends = f"{self.value(low)} {self._case('AND')} {self.value(high)}"
                return f"{left} {negation}{self._case('BETWEEN')} {ends}"
            case Like(_, pattern):
                return f"{left} {negation}{self._case('LIKE')} {self.quoted(pattern)}"
            case StartsWith(_, prefix):
                return f"{left} {negation}{self._case('STARTSWITH')} {self.quoted(prefix)}"

    def _compare(self, left: str, cond: Compare) -> str:
        value = self.value(cond.value)
        if cond.op == "=":
            null = isinstance(cond.value, Null)
            spelled_out = null and self._rng is None
            likely = 0.8 if null else 0.15
            op = self._words("IS") if spelled_out or self._chance(likely) else "="
        elif cond.op == "!=":
            op = self._not_equal(isinstance(cond.value, Null))
        else:
            op = cond.op
        tight = op not in ("=", "!=", "<>", "<", "<=", ">", ">=") or not self._chance(0.1)
        return f"{left} {op} {value}" if tight else f"{left}{op}{value}"

    def _not_equal(self, null: bool) -> str:
        if self._rng is None:
            return self._words("IS NOT") if null else "!="
        spellings = ("!=", "<>", "IS NOT", "NOT IS", "NOT")
        weights = (2, 1, 12, 2, 0) if null else (12, 4, 2, 1, 1)
        spelling = self._rng.choices(spellings, weights)[0]
        return self._words(spelling) if spelling[0].isalpha() else spelling

    # --- queries ---

    def query(self, query: Query) -> str:
        text = self._select(query) if isinstance(query, Select) else self._funnel(query)
        if self._chance(0.03):
            text = "\ufeff" + text
        return text + (";" if self._chance(0.05) else "")

    def _select(self, query: Select) -> str:
        parts = [self._case("SELECT")]
        if query.distinct:
            parts.append(self._case("DISTINCT"))
        parts.append(self._comma().join(self.item(item) for item in query.items))
        parts += self._source(query)
        if query.group_by:
            keys = self._comma().join(self._reference(key) for key in query.group_by)
            parts += [self._words("GROUP BY"), keys]
        if query.order_by:
            orderings = self._comma().join(self._ordering(entry) for entry in query.order_by)
            parts += [self._words("ORDER BY"), orderings]
        if query.limit is not None:
            parts += [self._case("LIMIT"), str(query.limit)]
        return self._space().join(parts)

    def _source(self, query: Query) -> list[str]:
        parts = [self._case("FROM"), self._name(query.table)]
        if query.where is not None:
            parts += [self._case("WHERE"), self.cond(query.where)]
        return parts

    def item(self, item: Item) -> str:
        match item:
            case Star(table):
                return "*" if table is None else f"{self._name(table)}.*"
            case Json():
                return self._case("JSON")
            case Column(expr, alias, filters):
                parts = [self._selected(expr), *(self._filter(entry) for entry in filters)]
                if alias is not None:
                    parts += [self._case("AS"), self._alias(alias)]
                return self._space().join(parts)

    def _selected(self, expr: Expr) -> str:
        """Only as a whole column is `count *` told apart from a multiplication."""
        if expr == Agg("COUNT") and self._chance(0.1):
            return f"{self._case('COUNT')} *"
        return self.expr(expr)

    def _filter(self, entry: Filter) -> str:
        return f"{self._case('FILTER')} {entry.op} {entry.number.text}"

    def _alias(self, alias: str) -> str:
        bare = _WORD.fullmatch(alias) and alias.lower() not in _CLAUSES
        if bare and not self._chance(0.3):
            return alias
        if "]" not in alias and alias.strip() and self._chance(0.3):
            return f"[{alias}]"
        return self.quoted(alias)

    def _reference(self, expr: Expr | AliasRef) -> str:
        return self._alias(expr.name) if isinstance(expr, AliasRef) else self.expr(expr)

    def _ordering(self, entry: Ordering) -> str:
        text = self._reference(entry.expr)
        if entry.descending:
            return f"{text} {self._case('DESC')}"
        return f"{text} {self._case('ASC')}" if self._chance(0.3) else text

    def _funnel(self, query: Funnel) -> str:
        steps = self._comma().join(self._step(step) for step in query.steps)
        opening = f"{self._case('FUNNEL')}{' ' if self._chance(0.3) else ''}({steps})"
        return self._space().join([self._case("SELECT"), opening, *self._source(query)])

    def _step(self, step: Step) -> str:
        text = self.cond(step.cond)
        if step.alias is None:
            return text
        return f"{text} {self._case('AS')} {self._alias(step.alias)}"


def _local_time(value: LocalTime) -> str:
    width = 2 if value.padded else 1
    year, month, day = str(value.year), f"{value.month:0{width}}", f"{value.day:0{width}}"
    date = {
        "yyyy-MM-dd": f"{year}-{month}-{day}",
        "yyyy/MM/dd": f"{year}/{month}/{day}",
        "MM/dd/yyyy": f"{month}/{day}/{year}",
        "dd.MM.yyyy": f"{day}.{month}.{year}",
    }[value.style]
    if not value.time:
        return date
    hour, rest = value.time[0], value.time[1:]
    return f"{date} {hour:0{width}}" + "".join(f":{part:02}" for part in rest)


def _instant(value: Instant) -> str:
    text = from_ms(value.ms, value.offset_minutes).isoformat(
        timespec="milliseconds" if value.ms % 1000 else "seconds"
    )
    if value.style == "Z":
        return text + "Z"
    sign = "-" if value.offset_minutes < 0 else "+"
    hours, minutes = divmod(abs(value.offset_minutes), 60)
    colon = ":" if value.style == "+hh:mm" else ""
    return f"{text}{sign}{hours:02}{colon}{minutes:02}"


def label(expr: Expr) -> str:
    """The canonical text of an expression: its label where it has no alias."""
    return Renderer().expr(expr)
