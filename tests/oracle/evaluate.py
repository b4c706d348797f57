"""The referee: evaluates a query naively over Python objects.

`evaluate` gives labels and rows with Python's own values: dates are ms, a properties field is a
dict, the `json` column is the dict that was loaded, lists are lists. Every row is looked at for
every group; nothing is clever, so that each function can be read beside its section of the
language. A query that the language forbids raises `InvalidQueryError`.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from . import model as m
from .render import label
from .schema import FIELDS, NUMBER_TYPES, SESSION, TEXT_TYPES, reachable
from .store import Record, Row, Store
from .times import from_ms, shift, to_ms
from .values import (
    Cell,
    InvalidQueryError,
    Ip,
    Shown,
    address,
    calculate,
    floor_local,
    like,
    mean,
    nulls_last,
    percentile,
    round_half_away,
    show,
)

DEFAULT_LIMIT = 50
DEFAULT_FORMAT = "yyyy-MM-dd HH:mm"

Test: TypeAlias = Callable[[Row], bool]

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Ref:
    """A field with its table settled. `many`: it holds many values in a row of the FROM table."""

    table: str
    name: str
    key: str | None
    type: str
    many: bool


@dataclass(frozen=True)
class Answer:
    """Labels (None: any text will do) and rows."""

    labels: list[str | None]
    rows: list[tuple[Cell, ...]]


@dataclass(frozen=True, eq=False)
class Group:
    """A group's keys with their values, and its rows, each once."""

    keys: dict[m.Expr, Cell]
    rows: list[Row]


def evaluate(store: Store, query: m.Query, context: m.Context) -> Answer:
    """The one right answer to a query."""
    evaluator = _Evaluator(store, query, context)
    return evaluator.funnel(query) if isinstance(query, m.Funnel) else evaluator.select(query)


class _Evaluator:
    def __init__(self, store: Store, query: m.Query, context: m.Context) -> None:
        self.store = store
        self.table = query.table
        self.context = context
        self._tests: dict[m.Cond, Test] = {}
        self._refs: dict[m.Field, Ref] = {}
        where = (lambda row: True) if query.where is None else self.test(query.where)
        rows = [row for row in store.rows(self.table) if self._in_timeframe(row) and where(row)]
        self.rows = sorted(rows, key=_plain_order)

    def _in_timeframe(self, row: Row) -> bool:
        if self.context.timeframe is None:
            return True
        start, end = self.context.timeframe
        return bool(start <= row.session.cells["startTime"] < end)

    # --- names (sections 3, 14) ---

    def ref(self, name: m.Field) -> Ref:
        if name not in self._refs:
            self._refs[name] = self._resolve(name)
        return self._refs[name]

    def _resolve(self, name: m.Field) -> Ref:
        near = (self.table, *reachable(self.table))
        if name.table is not None:
            tables = [t for t in near if t == name.table and name.name in FIELDS[t]]
        elif name.name in FIELDS[self.table]:
            tables = [self.table]
        else:
            tables = [t for t in near if name.name in FIELDS[t]]
        if len(tables) != 1:
            raise InvalidQueryError(f"{name} is in {tables or 'no table'}")
        info = FIELDS[tables[0]][name.name]
        many = info.type == "string[]" or (self.table == SESSION and info.table != SESSION)
        if name.key is None:
            return Ref(info.table, info.name, None, info.type, many)
        if not info.is_properties:
            raise InvalidQueryError(f"{name} has no keys")
        key = self._stored_key(info.table, info.name, name.key)
        return Ref(info.table, info.name, key, info.property_type, many)

    def _stored_key(self, table: str, name: str, key: str) -> str:
        """Exact, else without regard to case, of several variants the smallest."""
        stored = self.store.property_keys(table, name)
        if key in stored:
            return key
        return min((k for k in stored if k.casefold() == key.casefold()), default=key)

    def records(self, row: Row, table: str) -> list[Record]:
        if table == self.table:
            return [row.record]
        return [row.session] if table == SESSION else row.session.items[table]

    def field_values(self, row: Row, name: m.Field) -> list[Cell]:
        """All values of a field in a row, nulls left out."""
        ref = self.ref(name)
        values: list[Cell] = []
        for record in self.records(row, ref.table):
            cell = record.cells[ref.name]
            if ref.key is not None:
                cell = (cell or {}).get(ref.key)
            if isinstance(cell, list):
                values += [value for value in cell if value is not None]
            elif cell is not None:
                values.append(cell)
        return values

    def normal(self, expr: m.Expr) -> m.Expr:
        """The same expression with names settled and defaults filled in, so that equal is equal."""
        match expr:
            case m.Field():
                ref = self.ref(expr)
                return m.Field(ref.name, ref.table, ref.key)
            case m.Keys(properties):
                if not self.ref(properties).type.startswith("properties<"):
                    raise InvalidQueryError(f"KEYS of {properties}")
                return m.Keys(self._normal_field(properties))
            case m.Agg():
                return self._normal_agg(expr)
            case m.Condition(agg, where):
                self.test(where)
                return m.Condition(self._normal_agg(agg), where)
            case m.Top(arg, n):
                inner = self.normal(arg)
                assert isinstance(inner, m.Field | m.Keys)
                return m.Top(inner, 1 if n is None else n)
            case m.DatePart(_, arg) | m.DateText(arg):
                inner = self.normal(arg)
                assert isinstance(inner, m.Field | m.Agg | m.Condition)
                if self.type_of(inner) != "date":
                    raise InvalidQueryError(f"date function over {arg}")
                if isinstance(expr, m.DateText):
                    return m.DateText(inner, expr.format or DEFAULT_FORMAT, expr.interval)
                return replace(expr, arg=inner)
            case m.Arith(op, left, right):
                return m.Arith(op, self._operand(left), self._operand(right))
            case m.Neg(arg):
                return m.Neg(self._operand(arg))
        return expr

    def _normal_field(self, name: m.Field) -> m.Field:
        ref = self.ref(name)
        return m.Field(ref.name, ref.table, ref.key)

    def _operand(self, expr: m.Expr) -> m.Expr:
        inner = self.normal(expr)
        if self.type_of(inner) not in NUMBER_TYPES | {"date"}:
            raise InvalidQueryError(f"arithmetic over {expr}")
        return inner

    def _normal_agg(self, agg: m.Agg) -> m.Agg:
        if agg.func == "APDEX" and agg.field is None:
            if self.table not in (SESSION, "useraction"):
                raise InvalidQueryError(f"APDEX() from {self.table}")
            return agg
        if agg.field is None:
            return agg
        type_ = self.ref(agg.field).type
        allowed = agg.func == "COUNT" or (
            type_ in NUMBER_TYPES
            or (type_ == "date" and agg.func != "SUM")
            or (type_ in TEXT_TYPES and agg.func in ("MIN", "MAX"))
        )
        if not allowed:
            raise InvalidQueryError(f"{agg.func} of a {type_}")
        return replace(agg, field=self._normal_field(agg.field))

    def type_of(self, expr: m.Expr) -> str:
        match expr:
            case m.Field():
                return self.ref(expr).type
            case m.Condition(agg, _):
                return self.type_of(agg)
            case m.Agg("APDEX"):
                return "double"
            case m.Agg(func, name):
                if func == "COUNT" or name is None:
                    return "long"
                type_ = self.ref(name).type
                exact = func in ("MIN", "MAX", "SUM") or type_ == "date"
                return type_ if exact else "double"
            case m.DatePart() | m.Number() | m.Arith() | m.Neg():
                return "long"
            case m.Boolean():
                return "boolean"
        return "string"

    # --- conditions (section 5) ---

    def test(self, cond: m.Cond) -> Test:
        if cond not in self._tests:
            self._tests[cond] = self._build_test(cond)
        return self._tests[cond]

    def _build_test(self, cond: m.Cond) -> Test:
        match cond:
            case m.And(parts):
                tests = [self.test(part) for part in parts]
                return lambda row: all(test(row) for test in tests)
            case m.Or(parts):
                tests = [self.test(part) for part in parts]
                return lambda row: any(test(row) for test in tests)
            case m.Not(part):
                return self._negated(part)
            case m.Compare(name, "!=", value):
                return self._negated(m.Compare(name, "=", value))
            case m.Compare(name, op, value):
                return self._compare(name, op, value)
            case m.InSegment(name):
                return self._in_segment(name)
        if cond.negated:
            return self._negated(replace(cond, negated=False))
        match cond:
            case m.In(name, values):
                return self.test(m.Or(tuple(m.Compare(name, "=", value) for value in values)))
            case m.Between(name, low, high):
                ends = self.constant(low, name), self.constant(high, name)
                return self._some(name, lambda value: bool(ends[0] <= value <= ends[1]))
            case m.Like(name, pattern):
                whole = like(pattern)
                return self._some_text(name, lambda text: whole.fullmatch(text) is not None)
            case m.StartsWith(name, prefix):
                return self._some_text(name, lambda text: text.startswith(prefix))

    def _in_segment(self, name: str) -> Test:
        """The session of the row is one for which the segment's condition holds."""
        segments = dict(self.context.segments)
        if name not in segments:
            raise InvalidQueryError(f"no segment {name}")
        query = m.Select((), SESSION, where=segments[name])
        sessions = _Evaluator(self.store, query, self.context)
        chosen = {id(row.session) for row in sessions.rows}
        return lambda row: id(row.session) in chosen

    def _negated(self, cond: m.Cond) -> Test:
        test = self.test(cond)
        return lambda row: not test(row)

    def _compare(self, name: m.Field, op: str, value: m.Value) -> Test:
        if isinstance(value, m.Null):
            if op != "=":
                raise InvalidQueryError(f"{op} NULL")
            return lambda row: not self.field_values(row, name)
        wanted = self.constant(value, name)
        return self._some(name, lambda value: _OPERATORS[op](value, wanted))

    def _some(self, name: m.Field, satisfied: Callable[[Cell], bool]) -> Test:
        """At least one value satisfies; a null is no value."""
        self.ref(name)
        return lambda row: any(satisfied(value) for value in self.field_values(row, name))

    def _some_text(self, name: m.Field, satisfied: Callable[[str], bool]) -> Test:
        if self.ref(name).type not in TEXT_TYPES | {"ip"}:
            raise InvalidQueryError(f"a text condition on {name}")
        return self._some(name, lambda v: satisfied(v.text if isinstance(v, Ip) else v))

    def constant(self, value: m.Value, name: m.Field) -> Cell:
        """The right side of a condition, as the field's type."""
        if isinstance(value, m.Param):
            value = value.value
        match self.ref(name).type, value:
            case (("string" | "enum" | "string[]"), (m.Text(text) | m.Number(text))):
                return text
            case (("long" | "double" | "date"), m.Number()):
                return value.value
            case (("long" | "double"), m.Text(text)):
                try:
                    return m.Number(text).value
                except ValueError as error:
                    raise InvalidQueryError(f"{text} is no number") from error
            case "boolean", m.Boolean(truth):
                return truth
            case "ip", m.Text(text):
                return address(text)
            case "date", m.Instant(ms):
                return ms
            case "date", m.LocalTime():
                return self._local_time(value)
            case "date", m.Variable():
                return self._variable(value)
        raise InvalidQueryError(f"{value} for {name}")

    def _local_time(self, value: m.LocalTime) -> int:
        try:
            hour, minute, second = (*value.time, 0, 0, 0)[:3]
            local = datetime(value.year, value.month, value.day, hour, minute, second)
        except ValueError as error:
            raise InvalidQueryError(f"{value} does not exist") from error
        return to_ms(local, self.context.zone)

    def _variable(self, variable: m.Variable) -> int:
        cells = [session.cells for session in self.store.sessions]
        if variable.name == "$NOW":
            ms = self.context.now
        elif self.context.timeframe is not None:
            ms = self.context.timeframe[0 if variable.name == "$TIME_FRAME_START" else 1]
        elif variable.name == "$TIME_FRAME_START":
            ms = min(c["startTime"] for c in cells)
        else:
            ms = max(c["endTime"] for c in cells if c["endTime"] is not None) + 1
        if variable.amount is None:
            return ms
        return shift(ms, variable.amount, variable.unit, self.context.zone)

    # --- expressions of one row (sections 4, 6, 11, 12) ---

    def at_row(self, expr: m.Expr, row: Row) -> Cell:
        """A value, or a list of values where the expression is many-valued."""
        match expr:
            case m.Text() | m.Number() | m.Boolean():
                return expr.value
            case m.Field():
                ref, values = self.ref(expr), self.field_values(row, expr)
                # A properties field without entries is an object all the same.
                nothing: Cell = {} if ref.type.startswith("properties<") else None
                return values if ref.many else (values[0] if values else nothing)
            case m.Keys(properties):
                ref = self.ref(properties)
                cells = [record.cells[ref.name] or {} for record in self.records(row, ref.table)]
                return sorted({key for cell in cells for key in cell})
            case m.DatePart() | m.DateText():
                return _each(self.at_row(expr.arg, row), lambda ms: self._date(expr, ms))
            case m.Neg(arg):
                return _each(self.at_row(arg, row), operator.neg)
            case m.Arith(_, left, right):
                return self._arithmetic(expr, self.at_row(left, row), self.at_row(right, row))
        raise InvalidQueryError(f"{expr} of a row")

    def _date(self, expr: m.DatePart | m.DateText, ms: int) -> Cell:
        local = from_ms(ms, self.context.zone)
        if isinstance(expr, m.DatePart):
            return getattr(local, expr.func.lower())
        if expr.interval is not None:
            local = floor_local(local, expr.interval)
        return show(local, expr.format or DEFAULT_FORMAT)

    def _arithmetic(self, expr: m.Arith, a: Cell, b: Cell) -> Cell:
        constant, exact = m.is_constant(expr), m.is_exact(expr)
        if isinstance(a, list):
            return _each(a, lambda value: calculate(expr.op, value, b, constant, exact))
        return _each(b, lambda value: calculate(expr.op, a, value, constant, exact))

    def values(self, expr: m.Expr, row: Row) -> list[Cell]:
        """All values of an expression in a row, nulls left out."""
        cell = self.at_row(expr, row)
        if isinstance(cell, list):
            return cell
        return [] if cell is None else [cell]

    def _check_many(self, expr: m.Expr, keys: Sequence[m.Expr] = ()) -> bool:
        """Whether an expression is many-valued; two such operands are an error.

        A key has one value in each group.
        """
        if expr in keys:
            return False
        if isinstance(expr, m.Field):
            return self.ref(expr).many
        many = [self._check_many(child, keys) for child in m.children(expr)]
        if many.count(True) > 1:
            raise InvalidQueryError("two many-valued operands")
        return any(many)

    # --- expressions of a group (sections 7, 9) ---

    def in_group(self, expr: m.Expr, group: Group) -> Cell:
        """A key's value, an aggregate, arithmetic over them; of anything else the list."""
        if expr in group.keys:
            return group.keys[expr]
        match expr:
            case m.Text() | m.Number() | m.Boolean():
                return expr.value
            case m.Agg():
                return self.aggregate(expr, group.rows)
            case m.Condition(agg, where):
                return self.aggregate(agg, [row for row in group.rows if self.test(where)(row)])
            case m.Top(arg, n):
                return self._top(arg, n, group.rows)
            case m.DatePart(_, arg) | m.DateText(arg) if m.has_aggregate(arg):
                return _each(self.in_group(arg, group), lambda ms: self._date(expr, ms))
            case m.Neg(arg):
                return _each(self.in_group(arg, group), operator.neg)
            case m.Arith(_, left, right):
                a, b = self.in_group(left, group), self.in_group(right, group)
                return self._arithmetic(expr, a, b)
        return sorted({value for row in group.rows for value in self.values(expr, row)})

    def aggregate(self, agg: m.Agg, rows: list[Row]) -> Cell:
        if agg.func == "APDEX":
            return self._apdex(agg, rows)
        if agg.field is None:
            return len(rows)
        per_row = [self.field_values(row, agg.field) for row in rows]
        values = [value for row_values in per_row for value in row_values]
        if agg.func == "COUNT":
            return len(set(values)) if agg.distinct else sum(1 for found in per_row if found)
        if not values:
            return None
        if agg.func == "MIN":
            return min(values)
        if agg.func == "MAX":
            return max(values)
        if agg.func == "SUM":
            return sum(values) if isinstance(values[0], int) else math.fsum(values)
        exact = (
            mean(values)
            if agg.func == "AVG"
            else percentile(values, "50" if agg.p is None else agg.p.text)
        )
        date = self.ref(agg.field).type == "date"
        return round_half_away(exact) if date else float(exact)

    def _apdex(self, agg: m.Agg, rows: list[Row]) -> Cell:
        """(satisfied + tolerating / 2) / (satisfied + tolerating + frustrated), of all actions."""
        name = agg.field or m.Field("apdexCategory", "useraction")
        found = [value for row in rows for value in self.field_values(row, name)]
        if agg.limits is None:
            kinds = Counter(found)
        else:
            low, high = (limit.value for limit in agg.limits)
            kinds = Counter(
                "SATISFIED" if v <= low else "TOLERATING" if v <= high else "FRUSTRATED"
                for v in found
            )
        satisfied, tolerating = kinds["SATISFIED"], kinds["TOLERATING"]
        total = satisfied + tolerating + kinds["FRUSTRATED"]
        return (satisfied + tolerating / 2) / total if total else None

    def _top(self, arg: m.Expr, n: int | None, rows: list[Row]) -> list[Cell]:
        counts = Counter(value for row in rows for value in set(self.values(arg, row)))
        ranked = sorted(counts, key=lambda value: (-counts[value], value))
        return ranked[: 1 if n is None else n]

    # --- grouping (sections 7, 8, 16) ---

    def split(
        self, rows: list[Row], keys: Sequence[m.Expr], chosen: dict[m.Expr, Cell]
    ) -> list[Group]:
        """The groups in their default order; the first key parts the rows, the rest each part."""
        if not keys:
            return [Group(chosen, rows)]
        key, rest = keys[0], keys[1:]
        source = key.arg if isinstance(key, m.Top) else key
        parts: dict[Cell, list[Row]] = {}
        for row in rows:
            for value in set(self.values(source, row)) or {None}:
                parts.setdefault(value, []).append(row)
        ranked = sorted(parts, key=lambda value: (-len(parts[value]), nulls_last(value)))
        if isinstance(key, m.Top):
            ranked = ranked[: key.n]
        if isinstance(key, m.DatePart | m.DateText):
            ranked.sort(key=nulls_last)
        return [g for v in ranked for g in self.split(parts[v], rest, chosen | {key: v})]

    def keys(self, query: m.Select, columns: list[m.Column]) -> list[m.Expr]:
        if query.group_by:
            named = [key for entry in query.group_by for key in self._group_by(entry, columns)]
            return list(dict.fromkeys(named))
        candidates = [self.normal(column.expr) for column in columns]
        return list(
            dict.fromkeys(
                expr
                for expr in candidates
                if not m.has_aggregate(expr)
                and not m.is_constant(expr)
                and (query.distinct or not isinstance(expr, m.Top))
            )
        )

    def _group_by(self, entry: m.Expr | m.AliasRef, columns: list[m.Column]) -> list[m.Expr]:
        aliased = _by_alias(entry, columns)
        if aliased is not None:
            return [self.normal(aliased)]
        assert not isinstance(entry, m.AliasRef)
        key = self.normal(entry)
        if not isinstance(key, m.Field):
            return [key]
        selected = [self.normal(column.expr) for column in columns]
        over = [expr for expr in selected if expr == key or _is_function_over(expr, key)]
        return over or [key]

    def _check_grouped(self, expr: m.Expr, keys: list[m.Expr]) -> None:
        if expr in keys:
            return
        if isinstance(expr, m.Field | m.Keys):
            raise InvalidQueryError(f"{expr} is neither a key nor in an aggregate")
        if isinstance(expr, m.Arith | m.Neg):
            for child in m.children(expr):
                self._check_grouped(child, keys)

    # --- queries (sections 6, 7, 10, 16) ---

    def funnel(self, query: m.Funnel) -> Answer:
        rows = self.rows
        counts = []
        for step in query.steps:
            rows = [row for row in rows if self.test(step.cond)(row)]
            counts.append(len(rows))
        return Answer([step.alias for step in query.steps], [tuple(counts)])

    def select(self, query: m.Select) -> Answer:
        if query.limit is not None and query.limit < 0:
            raise InvalidQueryError("a negative limit")
        columns = [item for item in query.items if isinstance(item, m.Column)]
        answer = self.groups if _is_aggregation(query, columns) else self.plain
        labels, rows = answer(query, columns)
        limit = DEFAULT_LIMIT if query.limit is None else query.limit
        return Answer(labels, [tuple(_finished(cell) for cell in row) for row in rows[:limit]])

    def plain(
        self, query: m.Select, columns: list[m.Column]
    ) -> tuple[list[str | None], list[list[Cell]]]:
        if any(column.filters for column in columns):
            raise InvalidQueryError("FILTER without an aggregate")
        for column in columns:
            self._check_many(self.normal(column.expr))
        rows = list(self.rows)
        for entry in reversed(query.order_by):
            expr = self._ordering(entry, columns)
            _order(rows, [self.at_row(expr, row) for row in rows], entry.descending)
        items = [part for item in query.items for part in self._expanded(item)]
        cells = [
            [row.record.raw if expr is None else self.at_row(expr, row) for _, expr in items]
            for row in rows
        ]
        return [text for text, _ in items], cells

    def _expanded(self, item: m.Item) -> list[tuple[str, m.Expr | None]]:
        """Labels and expressions of a select item; no expression stands for the JSON column."""
        match item:
            case m.Json():
                return [("json", None)]
            case m.Star(table):
                if table is not None and table not in (self.table, *reachable(self.table)):
                    raise InvalidQueryError(f"{table}.*")
                fields = [m.Field(name, table) for name in FIELDS[table or self.table]]
                return [(label(name), name) for name in fields]
            case m.Column(expr, alias):
                return [(label(expr) if alias is None else alias, self.normal(expr))]

    def groups(
        self, query: m.Select, columns: list[m.Column]
    ) -> tuple[list[str | None], list[list[Cell]]]:
        if len(columns) < len(query.items):
            raise InvalidQueryError("* or JSON in an aggregation")
        exprs = [self.normal(column.expr) for column in columns]
        keys = self.keys(query, columns)
        for key in keys:
            self._check_many(key)
        for expr in exprs:
            self._check_grouped(expr, keys)
            self._check_many(expr, keys)
        groups = [
            group
            for group in self.split(self.rows, keys, {})
            if all(
                self._passes(self.in_group(expr, group), column.filters)
                for expr, column in zip(exprs, columns, strict=True)
                if column.filters
            )
        ]
        for entry in reversed(query.order_by):
            expr = self._ordering(entry, columns)
            _order(groups, [self.in_group(expr, group) for group in groups], entry.descending)
        labels = [label(c.expr) if c.alias is None else c.alias for c in columns]
        return list(labels), [[self.in_group(expr, g) for expr in exprs] for g in groups]

    def _passes(self, value: Cell, filters: tuple[m.Filter, ...]) -> bool:
        return value is not None and all(_OPERATORS[f.op](value, f.number.value) for f in filters)

    def _ordering(self, entry: m.Ordering, columns: list[m.Column]) -> m.Expr:
        aliased = _by_alias(entry.expr, columns)
        if aliased is not None:
            return self.normal(aliased)
        assert not isinstance(entry.expr, m.AliasRef)
        return self.normal(entry.expr)


def _plain_order(row: Row) -> tuple[Any, ...]:
    """Newest first (null last), then by identity, then by position."""
    start = row.record.cells["startTime"]
    raw = row.session.raw
    return (
        nulls_last(None if start is None else -start),
        raw["userSessionId"],
        nulls_last(raw.get("tenantId")),
        raw["startTime"],
        nulls_last(raw.get("partNumber")),
        row.position,
    )


def _order(things: list[Any], cells: list[Cell], descending: bool) -> None:
    """Sorts in place, stably, nulls last; a list counts as its smallest or largest value."""
    pick = max if descending else min
    keys = [pick(cell, default=None) if isinstance(cell, list) else cell for cell in cells]
    pairs: list[tuple[Any, Any]] = list(zip(keys, things, strict=True))
    known = [pair for pair in pairs if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=descending)
    things[:] = [thing for _, thing in known] + [thing for key, thing in pairs if key is None]


def _each(cell: Cell, function: Callable[[Any], Cell]) -> Cell:
    """A function of each value; null of null."""
    if isinstance(cell, list):
        results = [function(value) for value in cell]
        return [result for result in results if result is not None]
    return None if cell is None else function(cell)


def _by_alias(entry: m.Expr | m.AliasRef, columns: list[m.Column]) -> m.Expr | None:
    """The column whose alias a bare name is: exactly, else without regard to case."""
    bare = isinstance(entry, m.Field) and entry.table is None and entry.key is None
    if not (bare or isinstance(entry, m.AliasRef)):
        return None
    assert isinstance(entry, m.Field | m.AliasRef)
    aliases = [(c.alias, c.expr) for c in columns if c.alias is not None]
    exact = [expr for alias, expr in aliases if alias == entry.name]
    folded = [expr for alias, expr in aliases if alias.casefold() == entry.name.casefold()]
    if isinstance(entry, m.AliasRef) and not folded:
        raise InvalidQueryError(f"no alias {entry.name}")
    return next(iter(exact + folded), None)


def _is_function_over(expr: m.Expr, key: m.Field) -> bool:
    return isinstance(expr, m.Top | m.DatePart | m.DateText) and expr.arg == key


def _is_aggregation(query: m.Select, columns: list[m.Column]) -> bool:
    orderings = [o.expr for o in query.order_by if not isinstance(o.expr, m.AliasRef)]
    return (
        query.distinct
        or bool(query.group_by)
        or any(
            m.has_aggregate(expr) or isinstance(expr, m.Top)
            for expr in [*(column.expr for column in columns), *orderings]
        )
    )


def _finished(cell: Cell) -> Cell:
    """A cell as the caller sees it."""
    if isinstance(cell, list):
        return [_finished(value) for value in cell]
    return cell.text if isinstance(cell, Ip | Shown) else cell
