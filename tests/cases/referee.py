"""Asks the referee (`tests/oracle`) about a case.

The referee evaluates structures, not text. So the text is parsed by the engine, and its syntax tree
turned into the referee's structures; everything after the parser is judged independently. What the
structures cannot say (arithmetic within an aggregate, for one) is left to the hand.
"""

from __future__ import annotations

import json
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

from oracle import model as m
from oracle.evaluate import evaluate
from oracle.schema import FIELDS, TABLES
from oracle.store import Store

from usql import ast
from usql.dates import parse_date
from usql.parser import parse
from usql.zones import Zone

from .reader import Entry

_NOW = 1_712_000_000_000


class NotModelled(Exception):
    """The referee has no structure for this."""


class Referee:
    """The data, as the referee sees it."""

    def __init__(self, data: Path) -> None:
        lines = data.read_text(encoding="utf-8").splitlines()
        self._store = Store(json.loads(line) for line in lines)

    def rows(self, entry: Entry) -> list[tuple[Any, ...]]:
        """Return the rows of the one right answer.

        Raises:
            NotModelled: the query says something that the referee has no structure for.
        """
        settings = entry.settings()
        timeframe = settings.get("timeframe")
        if isinstance(timeframe, str):
            raise NotModelled("a timeframe expression")
        zone = settings.get("timezone", "UTC")
        params = settings.get("params", {})
        segments = []
        for name, condition in settings.get("segments", {}).items():
            chosen = parse(f"SELECT * FROM usersession WHERE {condition}")
            assert chosen.where is not None
            segments.append((name, _Translator(chosen, params, zone).cond(chosen.where)))
        context = m.Context(settings.get("now", _NOW), zone, timeframe, tuple(segments))
        tree = parse(entry.query)
        query = _Translator(tree, params, zone).query(tree)
        return evaluate(self._store, query, context).rows


class _Translator:
    def __init__(self, tree: ast.Query, params: dict[str, Any], zone: str | int) -> None:
        self.table = _table(tree.table.text)
        self.params = params
        self.zone = Zone.of(zone)
        self.aliases = {
            column.alias.text.casefold()
            for column in (tree.columns if isinstance(tree, ast.Select) else ())
            if isinstance(column, ast.Column) and column.alias is not None
        }

    # --- queries

    def query(self, tree: ast.Query) -> m.Query:
        where = self.cond(tree.where) if tree.where is not None else None
        if isinstance(tree, ast.Funnel):
            steps = (m.Step(self.cond(s.condition), _alias(s.alias)) for s in tree.steps)
            return m.Funnel(tuple(steps), self.table, where)
        return m.Select(
            tuple(self.item(item) for item in tree.columns),
            self.table,
            tree.distinct,
            where,
            tuple(self.named(expr) for expr in tree.group_by),
            tuple(m.Ordering(self.named(o.expression), o.descending) for o in tree.order_by),
            None if tree.limit is None else self.limit(tree.limit),
        )

    def limit(self, node: ast.Number | ast.Parameter) -> int:
        return int(self.params[node.name] if isinstance(node, ast.Parameter) else node.value)

    def item(self, node: ast.Item) -> m.Item:
        match node:
            case ast.Star(table=None):
                return m.Star()
            case ast.Star(table=ast.Name(text=name)):
                return m.Star(_table(name))
            case ast.JsonColumn():
                return m.Json()
            case ast.Column():
                filters = tuple(m.Filter(f.operator, self.number(f.value)) for f in node.filters)
                return m.Column(self.expr(node.expression), _alias(node.alias), filters)
        raise AssertionError(node)

    def number(self, node: ast.Expr) -> m.Number:
        match node:
            case ast.Number():
                return m.Number(node.text)
            case ast.Parameter():
                return m.Number(repr(self.params[node.name]))
        raise NotModelled(f"{type(node).__name__} where a number stands")

    def named(self, node: ast.Expr) -> m.Expr | m.AliasRef:
        """What stands in GROUP BY and ORDER BY: there a name may be an alias."""
        if isinstance(node, ast.String):
            return m.AliasRef(node.value)
        bare = node.parts[0] if isinstance(node, ast.Field) and len(node.parts) == 1 else ""
        return m.AliasRef(bare) if bare.casefold() in self.aliases else self.expr(node)

    # --- expressions

    @singledispatchmethod
    def expr(self, node: ast.Expr) -> m.Expr:
        raise NotModelled(f"{type(node).__name__} as an expression")

    @expr.register
    def _(self, node: ast.Number) -> m.Expr:
        return m.Number(node.text)

    @expr.register
    def _(self, node: ast.String) -> m.Expr:
        return m.Text(node.value)

    @expr.register
    def _(self, node: ast.Boolean) -> m.Expr:
        return m.Boolean(node.value)

    @expr.register
    def _(self, node: ast.Field) -> m.Expr:
        return self.field(node)

    @expr.register
    def _(self, node: ast.Negative) -> m.Expr:
        return m.Neg(self.expr(node.operand))

    @expr.register
    def _(self, node: ast.Arithmetic) -> m.Expr:
        return m.Arith(node.operator, self.expr(node.left), self.expr(node.right))

    @expr.register
    def _(self, node: ast.Count) -> m.Expr:
        if node.field is None:
            return m.Agg("COUNT")
        return m.Agg("COUNT", self.field(node.field), node.distinct)

    @expr.register
    def _(self, node: ast.ConditionCall) -> m.Expr:
        aggregate = self.expr(node.aggregate)
        assert isinstance(aggregate, m.Agg)
        return m.Condition(aggregate, self.cond(node.condition))

    @expr.register
    def _(self, node: ast.Call) -> m.Expr:
        name = node.name.upper()
        if name == "APDEX" and not node.arguments:
            return m.Agg("APDEX")
        first, *rest = node.arguments
        match name:
            case "APDEX":
                limits = self.number(rest[0]), self.number(rest[1])
                return m.Agg("APDEX", self.field(first), limits=limits)
            case "MIN" | "MAX" | "AVG" | "SUM" | "MEDIAN":
                return m.Agg(name, self.field(first))
            case "PERCENTILE":
                return m.Agg("PERCENTILE", self.field(first), p=self.number(rest[0]))
            case "TOP":
                inner = self.expr(first)
                if not isinstance(inner, m.Field | m.Keys):
                    raise NotModelled("TOP of an expression")
                return m.Top(inner, int(self.number(rest[0]).value) if rest else None)
            case "KEYS":
                return m.Keys(self.field(first))
        return self.date_function(name, self.expr(first), [_text(a) for a in rest])

    def date_function(self, name: str, operand: m.Expr, texts: list[str]) -> m.Expr:
        if not isinstance(operand, m.Field | m.Agg | m.Condition):
            raise NotModelled("a date function of an expression")
        if name == "DATETIME":
            return m.DateText(operand, *texts)
        assert name in ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE")
        return m.DatePart(name, operand)

    def field(self, node: ast.Expr) -> m.Field:
        if not isinstance(node, ast.Field):
            raise NotModelled(f"{type(node).__name__} within a function")
        first, *rest = node.parts
        table = _table(first) if first.casefold() in TABLES and rest else None
        name, *key = rest if table else node.parts
        return m.Field(self.spelled(name, table), table, ".".join(key) or None)

    def spelled(self, name: str, table: str | None) -> str:
        tables = [table] if table else [self.table, *TABLES]
        for each in tables:
            for known in FIELDS[each]:
                if known.casefold() == name.casefold():
                    return known
        raise NotModelled(f"the field {name}")

    # --- conditions

    @singledispatchmethod
    def cond(self, node: ast.Condition) -> m.Cond:
        raise NotModelled(f"{type(node).__name__} as a condition")

    @cond.register
    def _(self, node: ast.And) -> m.Cond:
        return m.And(tuple(self.cond(item) for item in node.items))

    @cond.register
    def _(self, node: ast.Or) -> m.Cond:
        return m.Or(tuple(self.cond(item) for item in node.items))

    @cond.register
    def _(self, node: ast.Not) -> m.Cond:
        return m.Not(self.cond(node.operand))

    @cond.register
    def _(self, node: ast.Compare) -> m.Cond:
        field = self.field(node.field)
        return m.Compare(field, node.operator, self.value(node.value, field))

    @cond.register
    def _(self, node: ast.In) -> m.Cond:
        field = self.field(node.field)
        values = [v for item in node.values for v in self.values(item, field)]
        return m.In(field, tuple(values), node.negated)

    @cond.register
    def _(self, node: ast.Between) -> m.Cond:
        field = self.field(node.field)
        low, high = self.value(node.low, field), self.value(node.high, field)
        return m.Between(field, low, high, node.negated)

    @cond.register
    def _(self, node: ast.Like) -> m.Cond:
        return m.Like(self.field(node.field), self.text(node.pattern), node.negated)

    @cond.register
    def _(self, node: ast.StartsWith) -> m.Cond:
        return m.StartsWith(self.field(node.field), self.text(node.prefix), node.negated)

    @cond.register
    def _(self, node: ast.InSegment) -> m.Cond:
        return m.InSegment(node.name.value)

    def text(self, node: ast.Expr) -> str:
        return str(self.params[node.name]) if isinstance(node, ast.Parameter) else _text(node)

    def values(self, node: ast.Expr, field: m.Field) -> list[m.Value]:
        if isinstance(node, ast.Parameter) and isinstance(self.params[node.name], list):
            return [self.python(item, field) for item in self.params[node.name]]
        return [self.value(node, field)]

    def value(self, node: ast.Expr, field: m.Field) -> m.Value:
        match node:
            case ast.Number():
                return m.Number(node.text)
            case ast.Boolean():
                return m.Boolean(node.value)
            case ast.Null():
                return m.Null()
            case ast.Variable():
                return m.Variable(node.name)
            case ast.String():
                return self.literal(node.value, field)
            case ast.Parameter():
                return self.python(self.params[node.name], field)
            case ast.Arithmetic("+" | "-" as sign, ast.Variable(name), ast.Duration(text)):
                amount = int(text.value[:-1])
                return m.Variable(name, amount if sign == "+" else -amount, text.value[-1])
        raise NotModelled(f"{type(node).__name__} as a value")

    def python(self, value: Any, field: m.Field) -> m.Value:
        match value:
            case None:
                return m.Null()
            case bool():
                return m.Boolean(value)
            case str():
                return self.literal(value, field)
        return m.Number(repr(value))

    def literal(self, text: str, field: m.Field) -> m.Value:
        kind = self.kind(field)
        if kind == "date":
            return m.Number(text if text.isdecimal() else str(parse_date(text, self.zone)))
        return m.Boolean(text.casefold() == "true", True) if kind == "boolean" else m.Text(text)

    def kind(self, field: m.Field) -> str:
        tables = [field.table] if field.table else [self.table, *TABLES]
        info = next(FIELDS[t][field.name] for t in tables if field.name in FIELDS[t])
        return info.property_type if info.is_properties else info.type


def _table(name: str) -> str:
    return next(table for table in TABLES if table == name.casefold())


def _alias(name: ast.Name | None) -> str | None:
    return None if name is None else name.text


def _text(node: ast.Expr) -> str:
    match node:
        case ast.String():
            return node.value
        case ast.Number():
            return node.text
    raise NotModelled(f"{type(node).__name__} where a text stands")
