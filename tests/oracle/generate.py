"""Random queries over all of the language; most are valid and return something.

Values are mostly drawn from the data. What the language leaves open is not generated, nor are
integers beyond 2^53.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from random import Random
from typing import Any, Literal, get_args

from . import model as m
from .data import ZONES
from .schema import FIELDS, SECONDARY, SESSION, TABLES, TEXT_TYPES, reachable
from .store import Store
from .times import from_ms
from .values import Ip

Op = Literal["=", "!=", "<", "<=", ">", ">="]
OPS: tuple[Op, ...] = get_args(Op)

# Fields that are picked more often, so that they meet in one query.
_FAVOURITES = frozenset(
    (
        *("country", "city", "userId", "userType", "bounce", "ip", "duration", "startTime"),
        *("name", "type", "endTime", "apdexCategory", "matchingConversionGoals", "osFamily"),
        *("userActionCount", "cumulativeLayoutShift", "browserFamily"),
    )
)
_ALIASES = (
    *("total", "n", "count", "Avg. time", "größe", "a b", " ", "name", "duration", "Sum", "d"),
    *("x1", "day", "it's", 'say "x"', "日本", "a]b", "Country"),
)
_FORMATS = (
    *("yyyy-MM-dd", "yyyy-MM-dd HH:mm", "HH:mm", "MMM d, yyyy", "E", "EEEE", "e", "dd.MM.yy"),
    *("yyyy-MM", "h", "hh:mm", "d/M", "EEE HH", "'week of' yyyy-MM-dd", "yyyy''MM", "uuuuu"),
    *("HH:mm:ss", "MMMM yyyy", "ee c", "cccc d", "s", "m", "y", "'o''clock' H", "eee e", "yyyy yy"),
    *("d MMM", "hh HH", "'only text'", "MM/dd/yyyy HH'h'"),
)
# A single letter stands for several months or days, so these are never grouped or ordered by.
_NARROW_FORMATS = ("MMMMM", "EEEEE d", "ccccc")
_INTERVALS = (
    *("year", "quarter", "month", "week", "day", "hour", "minute", "second"),
    *("5m", "7d", "6h", "1d", "90m", "30s", "3h", "2d", "45m", "1m", "11d", "1000s", "23h", "7m"),
)
# The largest magnitude, in bits, that integers may reach.
_MOST_BITS = 52
_LIKE_SPECIAL = re.compile(r"[%*?\\]")


@dataclass(frozen=True)
class Entry:
    """A field or property with some of the values that the data hold."""

    table: str
    name: str
    key: str | None
    type: str
    values: tuple[Any, ...]

    def many(self, from_table: str) -> bool:
        return self.type == "string[]" or (from_table == SESSION and self.table != SESSION)


class Catalogue:
    """What there is to ask of a data set."""

    def __init__(self, store: Store) -> None:
        self.starts = sorted(session.cells["startTime"] for session in store.sessions)
        self.entries: dict[str, list[Entry]] = {}
        self.weights: dict[str, list[float]] = {}
        for table in TABLES:
            entries = [
                e for info in FIELDS[table].values() for e in _entries(store, table, info.name)
            ]
            self.entries[table] = entries
            self.weights[table] = [_weight(entry) for entry in entries]


def _entries(store: Store, table: str, name: str) -> list[Entry]:
    info = FIELDS[table][name]
    cells = [row.record.cells[name] for row in store.rows(table)]
    if not info.is_properties:
        flat = [v for c in cells for v in (c if isinstance(c, list) else [c]) if v is not None]
        return [Entry(table, name, None, info.type, tuple(dict.fromkeys(flat)))]
    return [
        Entry(
            table,
            name,
            key,
            info.property_type,
            tuple({c[key]: 0 for c in cells if c and key in c}),
        )
        for key in sorted(store.property_keys(table, name))
    ]


def _weight(entry: Entry) -> float:
    if not entry.values:
        return 0.1
    return 6.0 if entry.name in _FAVOURITES else 1.0


@dataclass(frozen=True)
class Operand:
    """An arithmetic expression with what decides how it may be combined."""

    expr: m.Expr
    bits: int
    many: bool = False
    double: bool = False
    date: bool = False
    # A remainder turns the last bits of an average or a percentile into its first ones.
    rounded: bool = False


class QueryGenerator:
    """Makes one query and its context."""

    def __init__(self, rng: Random, catalogue: Catalogue) -> None:
        self.rng = rng
        self.catalogue = catalogue
        self.table = rng.choices(TABLES, (5, 3, 1, 1))[0]
        self.context = self._context()
        self._params = 0
        if self._chance(0.12):
            self.context = replace(self.context, segments=self._segments())

    def _chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def _context(self) -> m.Context:
        starts, rng = self.catalogue.starts, self.rng
        timeframe = None
        if self._chance(0.3):
            first, last = sorted(rng.choice(starts) + rng.choice((0, 0, 1, -1)) for _ in range(2))
            timeframe = (first, max(last, first + 1))
        now = rng.choice(starts) + rng.choice((0, 1, 3_600_000, 86_400_000))
        return m.Context(now, rng.choice(ZONES), timeframe)

    def _segments(self) -> tuple[tuple[str, m.Cond], ...]:
        table, self.table = self.table, SESSION
        found = tuple((name, self.cond()) for name in ("vip", "it's"))
        self.table = table
        return found

    def query(self) -> m.Query:
        shapes: dict[Callable[[], m.Query], int] = {
            self._plain: 30,
            self._grouped: 32,
            self._implicit: 12,
            self._distinct: 12,
            self._totals: 8,
            self._funnel: 6,
        }
        query = self.rng.choices(list(shapes), list(shapes.values()))[0]()
        if isinstance(query, m.Select) and self._chance(0.03):
            return self._spoiled(query)
        return query

    # --- fields ---

    def entry(self, types: frozenset[str] | None = None, own: float = 0.6) -> Entry:
        tables = list(reachable(self.table))
        table = self.table if self._chance(own) else self.rng.choice(tables)
        for candidate in (table, SESSION, self.table, *tables):
            entries = self.catalogue.entries[candidate]
            weights = [
                weight if types is None or entry.type in types else 0
                for entry, weight in zip(entries, self.catalogue.weights[candidate], strict=True)
            ]
            reached = candidate in (self.table, *tables)
            if reached and any(weights):
                return self.rng.choices(entries, weights)[0]
        raise LookupError(types)

    def spelled(self, entry: Entry) -> m.Field:
        """An entry as a field, with or without its prefix, its key in some letter case."""
        table: str | None = entry.table
        if entry.table == self.table:
            table = entry.table if self._chance(0.25) else None
        elif self._resolves_bare(entry) and self._chance(0.15):
            table = None
        key = entry.key
        if key is not None and self._chance(0.1) and key.swapcase().casefold() == key.casefold():
            key = key.swapcase()
        return m.Field(entry.name, table, key)

    def _resolves_bare(self, entry: Entry) -> bool:
        having = [table for table in reachable(self.table) if entry.name in FIELDS[table]]
        return entry.name not in FIELDS[self.table] and having == [entry.table]

    def field(self, *types: str, own: float = 0.6) -> m.Field:
        return self.spelled(self.entry(frozenset(types) if types else None, own))

    def _type(self, name: m.Field) -> str:
        """The type of a field that was spelled here."""
        near = (name.table,) if name.table is not None else (self.table, *reachable(self.table))
        info = next(FIELDS[table][name.name] for table in near if name.name in FIELDS[table])
        return info.type if name.key is None else info.property_type

    def properties(self) -> m.Field:
        """A whole properties field; events and errors have none of their own."""
        tables = [
            t for t in (self.table, *reachable(self.table)) if "stringProperties" in FIELDS[t]
        ]
        name = self.rng.choice(("string", "long", "double", "date")) + "Properties"
        return self.spelled(Entry(self.rng.choice(tables), name, None, "", ()))

    # --- values and conditions ---

    def value(self, entry: Entry) -> m.Value:
        if entry.values and self._chance(0.9):
            made = self._literal(entry, self.rng.choice(entry.values))
        else:
            made = self._literal(entry, self._stranger(entry.type))
        return self._bound(made, entry.type) if self._chance(0.08) else made

    def _bound(self, value: m.Value, type_: str) -> m.Value:
        fits = isinstance(value, m.Text) or (
            isinstance(value, m.Number) and type_ not in TEXT_TYPES
        )
        if not fits and not isinstance(value, m.Boolean):
            return value
        assert isinstance(value, m.Text | m.Number | m.Boolean)
        self._params += 1
        return m.Param(f"p{self._params}", value)

    def _stranger(self, type_: str) -> Any:
        """A value that the data may well not hold."""
        match type_:
            case "boolean":
                return self._chance(0.5)
            case "long":
                return self.rng.randint(-10, 5000)
            case "double":
                return self.rng.randint(-100, 5000) / 8
            case "ip":
                return Ip(4, 0, "10.0.0.2")
            case "date":
                return self.rng.choice(self.catalogue.starts) + self.rng.randint(-(10**8), 10**8)
        return self.rng.choice(("", "x", "Austria", "LOAD", "a%", "'"))

    def _literal(self, entry: Entry, value: Any) -> m.Value:
        match entry.type:
            case "boolean":
                return m.Boolean(value, self._chance(0.1))
            case "long" | "double":
                return self._number(value)
            case "ip":
                return m.Text(self._address(value.text))
            case "date":
                return self._date(value)
        if re.fullmatch(r"-?[1-9]\d*(\.\d+)?", value) and self._chance(0.6):
            return m.Number(value)
        return m.Text(value)

    def _number(self, value: int | float) -> m.Value:
        moved = value + self.rng.choice((0, 0, 0, 1, -1, 0.5))
        text = repr(moved)
        return m.Text(text) if self._chance(0.08) else m.Number(text)

    def _address(self, text: str) -> str:
        """The same address, perhaps spelled otherwise."""
        if ":" not in text:
            return text
        return self.rng.choice((text, text.upper(), ip_address(text).exploded))

    def _date(self, ms: int) -> m.Value:
        rng = self.rng
        match rng.choices(("ms", "local", "instant", "variable"), (3, 4, 2, 2))[0]:
            case "ms":
                return m.Number(str(ms + rng.choice((0, 0, 1, -1))))
            case "local":
                local = from_ms(ms, self.context.zone)
                time = (local.hour, local.minute, local.second)[: rng.randint(0, 3)]
                styles = ("yyyy-MM-dd", "yyyy/MM/dd", "MM/dd/yyyy", "dd.MM.yyyy")
                style: Any = rng.choice(styles)
                return m.LocalTime(
                    local.year, local.month, local.day, time, style, self._chance(0.8)
                )
            case "instant":
                offset = rng.choice((0, 60, -210, 345))
                form: Any = rng.choice(("+hh:mm", "+hhmm") if offset else ("Z", "+hh:mm"))
                return m.Instant(ms, offset, form)
        name: Any = rng.choice(("$NOW", "$NOW", "$TIME_FRAME_START", "$TIME_FRAME_END"))
        if self._chance(0.3):
            return m.Variable(name)
        amounts = {"y": 2, "q": 5, "M": 14, "w": 8, "d": 60, "h": 40, "m": 300, "s": 9999}
        unit = rng.choice(list(amounts))
        return m.Variable(name, rng.choice((1, -1)) * rng.randint(1, amounts[unit]), unit)

    def cond(self, depth: int = 2) -> m.Cond:
        shape = self.rng.choices(("predicate", "and", "or", "not"), (12, 3, 3, 2))[0]
        if depth == 0 or shape == "predicate":
            if self.context.segments and self._chance(0.4):
                return m.InSegment(self.rng.choice(self.context.segments)[0])
            return self.predicate()
        if shape == "not":
            return m.Not(self.cond(depth - 1))
        parts = tuple(self.cond(depth - 1) for _ in range(self.rng.randint(2, 3)))
        return m.And(parts) if shape == "and" else m.Or(parts)

    def predicate(self) -> m.Cond:
        entry = self.entry()
        name, negated = self.spelled(entry), self._chance(0.25)
        text = entry.type in TEXT_TYPES or entry.type == "ip"
        kinds = {"compare": 10, "null": 2, "in": 3}
        if entry.type != "boolean":
            kinds["between"] = 3
        if text:
            kinds |= {"like": 4, "startswith": 3}
        match self.rng.choices(list(kinds), list(kinds.values()))[0]:
            case "null":
                return m.Compare(name, "!=" if negated else "=", m.Null())
            case "in":
                listed = [self.value(entry) for _ in range(self.rng.randint(1, 4))]
                if self._chance(0.08):
                    listed.append(m.Null())
                return m.In(name, tuple(listed), negated)
            case "between":
                return self._between(entry, name, negated)
            case "like":
                return m.Like(name, self._pattern(self._text_of(entry)), negated)
            case "startswith":
                whole = self._text_of(entry)
                return m.StartsWith(name, whole[: self.rng.randint(0, len(whole))], negated)
        ops: tuple[Op, ...] = ("=", "!=") if entry.type == "boolean" else ("=", "=", *OPS)
        return m.Compare(name, self.rng.choice(ops), self.value(entry))

    def _between(self, entry: Entry, name: m.Field, negated: bool) -> m.Cond:
        if not entry.values:
            return m.Between(name, self.value(entry), self.value(entry), negated)
        ends = [self.rng.choice(entry.values) for _ in range(2)]
        low, high = sorted(ends) if self._chance(0.9) else ends
        return m.Between(name, self._literal(entry, low), self._literal(entry, high), negated)

    def _text_of(self, entry: Entry) -> str:
        value = self.rng.choice(entry.values) if entry.values else "abc"
        return value.text if isinstance(value, Ip) else str(value)

    def _pattern(self, text: str) -> str:
        """A pattern that matches the text, or nearly does."""
        text = text[:40]
        if self._chance(0.8):
            text = _LIKE_SPECIAL.sub(lambda found: "\\" + found[0], text)
        for _ in range(self.rng.randint(0, 3)):
            start = self.rng.randint(0, len(text))
            end = min(len(text), start + self.rng.choice((0, 1, 1, 3, 40)))
            text = text[:start] + self.rng.choice("%%*?") + text[end:]
        return text + ("%" if self._chance(0.3) else "")

    # --- expressions over rows ---

    def date_function(self, arg: m.Field | m.Agg | m.Condition, narrow: bool = False) -> m.Expr:
        rng = self.rng
        if self._chance(0.45):
            func: Any = rng.choice(("YEAR", "MONTH", "DAY", "HOUR", "MINUTE"))
            return m.DatePart(func, arg)
        if self._chance(0.15):
            return m.DateText(arg)
        pattern = rng.choice(_FORMATS if not narrow else _FORMATS + _NARROW_FORMATS)
        return m.DateText(arg, pattern, rng.choice(_INTERVALS) if self._chance(0.5) else None)

    def row_operand(self, many: bool) -> Operand:
        """A leaf of arithmetic over rows; `many`: may be many-valued."""
        kind = self.rng.choices(("field", "date", "part", "literal"), (6, 2, 2, 3))[0]
        if kind == "literal":
            return self.literal_operand()
        types = frozenset({"long", "double"} if kind == "field" else {"date"})
        entry = self.entry(types)
        if entry.many(self.table) and not many:
            return self.literal_operand()
        name, is_many = self.spelled(entry), entry.many(self.table)
        if kind == "part":
            func: Any = self.rng.choice(("YEAR", "MONTH", "DAY", "HOUR", "MINUTE"))
            return Operand(m.DatePart(func, name), 12, is_many)
        bits = 42 if kind == "date" else 32
        return Operand(name, bits, is_many, entry.type == "double", kind == "date")

    def literal_operand(self) -> Operand:
        if self._chance(0.05):
            return Operand(m.Arith("/", m.Number("7"), m.Number("2")), 10, double=True)
        if self._chance(0.25):
            return Operand(
                m.Number(self.rng.choice(("2.5", "0.5", "1000.0", "-1.25"))), 10, double=True
            )
        text = self.rng.choice(("1", "2", "3", "7", "10", "60", "100", "1000", "-3", "0"))
        return Operand(m.Number(text), 10)

    def arithmetic(self, leaf: Callable[[bool], Operand], depth: int = 2) -> Operand:
        left = leaf(True) if depth < 2 or self._chance(0.5) else self.arithmetic(leaf, depth - 1)
        right = (
            self.arithmetic(leaf, 1) if depth == 2 and self._chance(0.2) else leaf(not left.many)
        )
        if left.many and right.many:
            right = self.literal_operand()
        if m.is_constant(left.expr) and m.is_constant(right.expr):
            left, right = Operand(m.Number("7"), 10), Operand(m.Number("3"), 10)
        made = self._combined(left, right)
        if self._chance(0.07):
            made = replace(made, expr=m.Neg(made.expr), date=False)
        return made

    def _combined(self, left: Operand, right: Operand) -> Operand:
        # Whether 7/2*2 is whole is left open, so literals are only divided by themselves.
        constant = m.is_constant(left.expr) and m.is_constant(right.expr)
        op: Any = self.rng.choice("+-*" if constant else "+-*/%")
        # A date moved by a fraction of a ms is left open.
        if (left.date or right.date) and (left.double or right.double):
            op = self.rng.choice("*/%")
        if op == "%" and (left.rounded or right.rounded):
            op = "/"
        bits = {"*": left.bits + right.bits, "/": left.bits, "%": left.bits}
        reached = bits.get(op, max(left.bits, right.bits) + 1)
        if reached > _MOST_BITS:
            op, reached = "/", left.bits
        exact = op == "/" and m.is_exact(left.expr) and m.is_exact(right.expr)
        moved = left.date != right.date and op in "+-" and not (op == "-" and right.date)
        return Operand(
            m.Arith(op, left.expr, right.expr),
            reached,
            left.many or right.many,
            left.double or right.double or exact,
            moved,
            left.rounded or right.rounded,
        )

    def constant(self) -> m.Expr:
        shape = self.rng.randrange(5)
        if shape == 0:
            return m.Text(self.rng.choice(("x", "it's", "", "ü")))
        if shape == 1:
            return m.Boolean(self._chance(0.5))
        if shape == 2:
            return m.Arith("+", m.Number("7"), m.Arith("*", m.Number("80"), m.Number("100")))
        if shape == 3:
            op: Any = self.rng.choice("+-*/%")
            left, right = (self.rng.choice(("7", "4", "2", "-7", "2.5")) for _ in range(2))
            return m.Arith(op, m.Number(left), m.Number(right))
        return m.Number(self.rng.choice(("5", "-3", "2.5")))

    def row_key(self) -> m.Expr:
        """What may be a grouping key without being a TOP."""
        kind = self.rng.choices(("field", "date", "arith", "keys"), (10, 4, 1, 1))[0]
        if kind == "date":
            return self.date_function(self.field("date"))
        if kind == "arith":
            return self._row_arithmetic()
        if kind == "keys":
            return m.Keys(self.properties())
        return self.field()

    def _row_arithmetic(self) -> m.Expr:
        made = self.arithmetic(self.row_operand)
        while m.is_constant(made.expr):
            made = self.arithmetic(self.row_operand)
        return made.expr

    def top(self) -> m.Top:
        n = None if self._chance(0.2) else self.rng.choice((1, 2, 3, 3, 5, 20))
        if self._chance(0.08):
            return m.Top(m.Keys(self.properties()), n)
        return m.Top(self.field(), n)

    # --- aggregates ---

    def aggregate(self, *types: str) -> tuple[m.Agg | m.Condition, str]:
        """An aggregate, sometimes under a CONDITION, and the type of its result."""
        agg, type_ = self._agg(types)
        if self._chance(0.2):
            return m.Condition(agg, self.cond(1)), type_
        return agg, type_

    def _agg(self, types: tuple[str, ...]) -> tuple[m.Agg, str]:
        if not types and self._chance(0.25):
            return m.Agg("COUNT"), "long"
        if (not types or "double" in types) and self._chance(0.12):
            return self._apdex(), "double"
        if not types and self._chance(0.3):
            return m.Agg("COUNT", self.field(), self._chance(0.5)), "long"
        entry = self.entry(frozenset(types or ("long", "long", "double", "date", "string", "enum")))
        name = self.spelled(entry)
        if entry.type in TEXT_TYPES:
            return m.Agg(self.rng.choice(("MIN", "MAX")), name), entry.type
        funcs = ["MIN", "MAX", "AVG", "MEDIAN", "PERCENTILE"]
        if entry.type != "date":
            funcs += ["SUM", "SUM"]
        func: Any = self.rng.choice(funcs)
        exact = func in ("MIN", "MAX", "SUM") or entry.type == "date"
        type_ = entry.type if exact else "double"
        return m.Agg(func, name, p=self._percent(entry) if func == "PERCENTILE" else None), type_

    def _apdex(self) -> m.Agg:
        if self.table in (SESSION, "useraction") and self._chance(0.6):
            return m.Agg("APDEX")
        low = self.rng.choice((0, 1, 100, 500, 1000, 3000))
        high = low * self.rng.choice((1, 2, 4))
        field = self.spelled(self.entry(frozenset({"long", "double"})))
        return m.Agg("APDEX", field, limits=(m.Number(str(low)), m.Number(str(high))))

    def _percent(self, entry: Entry) -> m.Number:
        # Quarters are exact in every arithmetic, so that whole ms are rounded alike.
        exact = ("0", "25", "50", "75", "100")
        return m.Number(
            self.rng.choice(exact if entry.type == "date" else (*exact, "90", "95", "33.3"))
        )

    def group_operand(self, keys: list[m.Expr]) -> Callable[[bool], Operand]:
        parts = [key for key in keys if isinstance(key, m.DatePart)]
        numbers = [key for key in keys if isinstance(key, m.Field) and self._type(key) == "long"]

        def leaf(_: bool) -> Operand:
            roll = self.rng.random()
            if roll < 0.2:
                return self.literal_operand()
            if parts and roll < 0.4:
                return Operand(self.rng.choice(parts), 12)
            if numbers and roll < 0.5:
                return Operand(self.rng.choice(numbers), 32)
            agg, type_ = self.aggregate("long", "double", "date") if roll < 0.7 else self._count()
            double = type_ == "double"
            return Operand(agg, 42, double=double, date=type_ == "date", rounded=double)

        return leaf

    def _count(self) -> tuple[m.Agg, str]:
        return m.Agg("COUNT") if self._chance(0.5) else m.Agg("COUNT", self.field()), "long"

    def _filters(self, type_: str) -> tuple[m.Filter, ...]:
        if type_ in TEXT_TYPES or not self._chance(0.2):
            return ()
        return tuple(self._filter(type_) for _ in range(self.rng.choice((1, 1, 2))))

    def _filter(self, type_: str) -> m.Filter:
        rng = self.rng
        if type_ == "date":
            return m.Filter(rng.choice(OPS), m.Number(str(rng.choice(self.catalogue.starts))))
        if type_ == "double":
            # Never on the border, which a last bit may cross.
            number = m.Number(f"{rng.choice((0, 1, 100, 1000))}.37")
            return m.Filter(rng.choice(("<", ">", "<=", ">=", "!=")), number)
        return m.Filter(
            rng.choice(OPS), m.Number(str(rng.choice((0, 1, 1, 2, 3, 5, 100, -1, 1000))))
        )

    def measure(self, keys: list[m.Expr]) -> m.Column:
        """A column of an aggregation that is no key."""
        roll = self.rng.random()
        if roll < 0.68:
            agg, type_ = self.aggregate()
            return m.Column(agg, filters=self._filters(type_))
        if roll < 0.80:
            return m.Column(self.arithmetic(self.group_operand(keys)).expr)
        if roll < 0.88:
            agg, _ = self.aggregate("date")
            return m.Column(self.date_function(agg))
        if roll < 0.96:
            return m.Column(self.top())
        return m.Column(self.constant())

    # --- queries ---

    def _where(self) -> m.Cond | None:
        return self.cond() if self._chance(0.5) else None

    def _limit(self) -> int | None:
        return (
            None if self._chance(0.4) else self.rng.choice((0, 1, 2, 3, 5, 10, 20, 100, 1000, 5000))
        )

    def _aliased(self, columns: list[m.Column]) -> list[m.Column]:
        names = self.rng.sample(_ALIASES, len(columns))
        odd = (m.Arith, m.Neg, m.Condition, m.Text, m.Number, m.Boolean)
        return [
            replace(column, alias=name)
            if self._chance(0.7 if isinstance(column.expr, odd) else 0.3)
            else column
            for column, name in zip(columns, names, strict=True)
        ]

    def _alias_ref(self, alias: str) -> m.AliasRef:
        return m.AliasRef(alias.swapcase() if alias.isascii() and self._chance(0.1) else alias)

    def _plain(self) -> m.Select:
        makers: dict[Callable[[], m.Item], int] = {
            lambda: m.Column(self.field()): 60,
            lambda: m.Column(self.date_function(self.field("date"), narrow=True)): 14,
            lambda: m.Column(self.arithmetic(self.row_operand).expr): 12,
            lambda: m.Column(m.Keys(self.properties())): 5,
            lambda: m.Column(self.properties()): 4,
            lambda: m.Column(self.constant()): 4,
            lambda: m.Star(): 3,
            lambda: m.Star(self.rng.choice((self.table, *reachable(self.table)))): 3,
            lambda: m.Json(): 4,
        }
        picked = self.rng.choices(list(makers), list(makers.values()), k=self.rng.randint(1, 5))
        items = [maker() for maker in picked]
        columns = iter(self._aliased([item for item in items if isinstance(item, m.Column)]))
        items = [next(columns) if isinstance(item, m.Column) else item for item in items]
        made = [self._plain_ordering(items) for _ in range(self._how_many_orderings())]
        order_by = tuple(entry for entry in made if entry is not None)
        return m.Select(
            tuple(items), self.table, where=self._where(), order_by=order_by, limit=self._limit()
        )

    def _how_many_orderings(self) -> int:
        return self.rng.choice((0, 0, 1, 1, 2))

    def _plain_ordering(self, items: list[m.Item]) -> m.Ordering | None:
        columns = [item for item in items if isinstance(item, m.Column)]
        orderable = [column for column in columns if _can_order(column.expr)]
        descending = self._chance(0.5)
        if orderable and self._chance(0.6):
            named = self._reference(self.rng.choice(orderable))
            if isinstance(named, m.AliasRef) or _can_order_by(named, columns):
                return m.Ordering(named, descending)
        roll = self.rng.random()
        expr: m.Expr = self.field()
        if roll < 0.15:
            expr = self.date_function(self.field("date"))
        elif roll < 0.25:
            expr = self._row_arithmetic()
        return m.Ordering(expr, descending) if _can_order_by(expr, columns) else None

    def _reference(self, column: m.Column) -> m.Expr | m.AliasRef:
        if column.alias is not None and self._chance(0.7):
            return self._alias_ref(column.alias)
        return column.expr

    def _grouped(self) -> m.Select:
        keys = [
            self.top() if self._chance(0.2) else self.row_key() for _ in range(self._how_many())
        ]
        selected = [key for key in keys if self._chance(0.8)]
        if self._chance(0.08):
            return self._by_the_field_under(keys)
        columns = [m.Column(key) for key in selected]
        measures = [self.measure(keys) for _ in range(self.rng.choice((0, 1, 1, 2, 3)))]
        if self._chance(0.08):
            measures.append(m.Column(self.date_function(self.field("date"))))
        columns += measures
        if not columns:
            columns = [m.Column(m.Agg("COUNT"))]
        self.rng.shuffle(columns)
        columns = self._aliased(columns)
        group_by = tuple(self._group_by(key, columns) for key in keys)
        return self._aggregation(columns, keys, group_by=group_by)

    def _by_the_field_under(self, keys: list[m.Expr]) -> m.Select:
        """Several functions over one field, and `GROUP BY` that field, which means all of them."""
        name = self.field("date")
        over = [self.date_function(name) for _ in range(self.rng.randint(1, 2))]
        if self._chance(0.3):
            over.append(m.Top(name, self.rng.randint(1, 4)))
        self.rng.shuffle(over)
        columns = [m.Column(expr) for expr in dict.fromkeys([*over, *keys[:1]])]
        columns += [self.measure(over) for _ in range(self.rng.randint(0, 2))]
        columns = self._aliased(columns)
        group_by = [self._beside_aliases(name, columns)]
        group_by += [self._group_by(key, columns) for key in keys[:1]]
        self.rng.shuffle(group_by)
        return self._aggregation(columns, [*over, *keys[:1]], group_by=tuple(group_by))

    def _how_many(self) -> int:
        return self.rng.choice((1, 1, 1, 2, 2, 3))

    def _group_by(self, key: m.Expr, columns: list[m.Column]) -> m.Expr | m.AliasRef:
        """A key as it is written in GROUP BY: as it is, by its alias, or by the field under it."""
        column = next((column for column in columns if column.expr == key), None)
        if column is not None and column.alias is not None and self._chance(0.5):
            return m.AliasRef(column.alias)
        arg = key.arg if isinstance(key, m.Top | m.DatePart | m.DateText) else None
        if column is not None and isinstance(arg, m.Field) and self._chance(0.5):
            return self._beside_aliases(arg, columns)
        return self._beside_aliases(key, columns)

    def _beside_aliases(self, expr: m.Expr, columns: list[m.Column]) -> m.Expr:
        """A bare name that an alias would catch gets its prefix."""
        if not isinstance(expr, m.Field) or expr.table is not None:
            return expr
        caught = {c.alias.casefold() for c in columns if c.alias is not None}
        if expr.name.casefold() not in caught:
            return expr
        near = (self.table, *reachable(self.table))
        return replace(expr, table=next(table for table in near if expr.name in FIELDS[table]))

    def _implicit(self) -> m.Select:
        keys = [self.row_key() for _ in range(self.rng.choice((1, 1, 2)))]
        columns = [m.Column(key) for key in keys]
        if self._chance(0.1):  # an aggregate to order by groups, too
            order = m.Ordering(self.aggregate()[0], self._chance(0.5))
            made = self._aggregation(self._aliased(columns), keys)
            return replace(made, order_by=(order, *made.order_by))
        columns += [m.Column(self.aggregate()[0])]
        columns += [self.measure(keys) for _ in range(self.rng.choice((0, 0, 1)))]
        self.rng.shuffle(columns)
        return self._aggregation(self._aliased(columns), keys)

    def _distinct(self) -> m.Select:
        keys = [
            self.top() if self._chance(0.2) else self.row_key() for _ in range(self._how_many())
        ]
        columns = [m.Column(key) for key in keys]
        columns += [
            m.Column(agg, filters=self._filters(type_))
            for agg, type_ in (self.aggregate() for _ in range(self.rng.choice((0, 0, 1, 2))))
        ]
        if self._chance(0.1):
            columns += [self.measure(keys)]
        self.rng.shuffle(columns)
        return self._aggregation(self._aliased(columns), keys, distinct=True)

    def _totals(self) -> m.Select:
        columns = [m.Column(self.top() if self._chance(0.2) else self.aggregate()[0])]
        columns += [self.measure([]) for _ in range(self.rng.randint(0, 3))]
        self.rng.shuffle(columns)
        return self._aggregation(self._aliased(columns), [])

    def _aggregation(
        self,
        columns: list[m.Column],
        keys: list[m.Expr],
        group_by: tuple[m.Expr | m.AliasRef, ...] = (),
        distinct: bool = False,
    ) -> m.Select:
        count = self._how_many_orderings() if keys or self._chance(0.2) else 0
        orderings = [self._group_ordering(columns, keys) for _ in range(count)]
        return m.Select(
            tuple(columns),
            self.table,
            distinct or (bool(group_by) and self._chance(0.05)),
            self._where(),
            group_by,
            tuple(entry for entry in orderings if entry is not None),
            self._limit(),
        )

    def _group_ordering(self, columns: list[m.Column], keys: list[m.Expr]) -> m.Ordering | None:
        descending = self._chance(0.5)
        orderable = [column for column in columns if _can_order(column.expr)]
        roll = self.rng.random()
        if orderable and roll < 0.6:
            named = self._reference(self.rng.choice(orderable))
            if isinstance(named, m.AliasRef) or _can_order_by(named, columns):
                return m.Ordering(named, descending)
        expr: m.Expr
        if roll < 0.7 and keys:
            expr = self.rng.choice(keys)
        elif roll < 0.77:
            expr = self.aggregate()[0]
        elif roll < 0.80:
            expr = self.arithmetic(self.group_operand(keys)).expr
        elif roll < 0.82:
            expr = self.date_function(self.aggregate("date")[0])
        elif roll < 0.85:
            expr = self.date_function(self.field("date"))
        else:
            entry = self.entry()
            # Whether a name under a TOP key means the key or all its values is left open.
            topped = [
                k.arg.name for k in keys if isinstance(k, m.Top) and isinstance(k.arg, m.Field)
            ]
            if entry.name in topped:
                return None
            expr = self.spelled(entry)
        return m.Ordering(expr, descending) if _can_order_by(expr, columns) else None

    def _funnel(self) -> m.Funnel:
        count = self.rng.randint(1, 4)
        aliases = self.rng.sample(_ALIASES, count)
        steps = tuple(
            m.Step(self.cond(1), alias if self._chance(0.7) else None) for alias in aliases
        )
        return m.Funnel(steps, self.table, self._where())

    # --- queries that are forbidden ---

    def _spoiled(self, query: m.Select) -> m.Select:
        spoils: list[Callable[[], m.Select]] = [
            lambda: replace(query, limit=-1),
            lambda: self._with(query, m.Column(m.Agg("SUM", m.Field("startTime")))),
            lambda: self._with(query, m.Column(m.Agg("AVG", self.field("boolean", "ip", own=0)))),
            lambda: replace(query, where=m.Compare(self.field("long"), "=", m.Text("ten"))),
            lambda: replace(query, where=m.Compare(self.field("boolean"), "<", m.Null())),
            lambda: replace(query, where=m.Compare(m.Field("ip", SESSION), "=", m.Text("10.0.0"))),
            lambda: replace(query, where=m.Like(self.field("long"), "1%")),
            lambda: replace(query, where=m.Compare(m.Field("nosuchfield"), "=", m.Text("x"))),
            lambda: replace(query, where=m.Compare(m.Field("startTime"), "<", _NO_DATE)),
            lambda: m.Select((m.Star(), m.Column(m.Agg("COUNT"))), self.table),
            lambda: m.Select((m.Star(),), self.table, distinct=True),
            lambda: m.Select((m.Column(m.Agg("COUNT")), m.Json()), self.table),
            lambda: self._with(query, m.Column(m.DatePart("YEAR", m.Field("duration", SESSION)))),
            lambda: self._with(query, m.Column(m.Arith("+", m.Field("name"), m.Number("1")))),
            lambda: self._unreachable(query),
        ]
        return self.rng.choice(spoils)()

    def _with(self, query: m.Select, column: m.Column) -> m.Select:
        return replace(query, items=(*query.items, column))

    def _unreachable(self, query: m.Select) -> m.Select:
        others = [table for table in SECONDARY if table != query.table]
        field = m.Field("name", self.rng.choice(others))
        if query.table == SESSION:
            # Reachable from here, so two of them in one operation spoil it instead.
            action = m.Field("duration", "useraction")
            return m.Select((m.Column(m.Arith("-", action, action)),), SESSION)
        return replace(query, where=m.Compare(field, "=", m.Text("x")))


_NO_DATE = m.LocalTime(2023, 2, 29)


def _can_order(expr: m.Expr) -> bool:
    """Whole property objects and constants are not ordered by, nor are narrow date texts."""
    if m.is_constant(expr):
        return False
    if isinstance(expr, m.Field):
        return expr.key is not None or not expr.name.endswith("Properties")
    return not (isinstance(expr, m.DateText) and expr.format in _NARROW_FORMATS)


def _can_order_by(expr: m.Expr, columns: list[m.Column]) -> bool:
    """A bare name may be a column's alias, and then that column has to be fit for it."""
    name = expr.name.casefold() if isinstance(expr, m.Field) and expr.table is None else None
    caught = [c for c in columns if c.alias is not None and c.alias.casefold() == name]
    return all(_can_order(column.expr) for column in caught)
