"""``ast`` -> canonical text, for the formatter and for labels.

``parse(format(query)) == query`` for every tree that ``parse`` can yield.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import singledispatchmethod

from usql import ast
from usql.parser import parse

WIDTH = 88
"""A query that fits in so many characters stays on one line."""

_BARE = re.compile(r"[^\W\d]\w*")
_BARE_KEY = re.compile(r"\w+")
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "%": 2}


def format(text: str) -> str:
    """Return a query in canonical form.

    Raises:
        UsqlError: it cannot be parsed.

    >>> format("select city from usersession where bounce is true")
    'SELECT city FROM usersession WHERE bounce = true'
    """
    return format_query(parse(text))


def format_query(query: ast.Query) -> str:
    """Return the canonical text of a query.

    >>> format_query(parse("select city,count(*) from usersession group by city"))
    'SELECT city, COUNT(*) FROM usersession GROUP BY city'
    """
    clauses = list(_clauses(query))
    line = " ".join(clauses)
    return line if len(line) <= WIDTH and "\n" not in line else "\n".join(clauses)


def condition_text(condition: ast.Condition) -> str:
    """Return the canonical text of a condition.

    >>> query = parse("SELECT city FROM usersession WHERE bounce is true")
    >>> condition_text(query.where)
    'bounce = true'
    """
    return _Writer(lambda field: field_text(field.parts), functions=_capitals).write(condition)


def label(expression: ast.Expr | ast.Condition, spell: Callable[[ast.Field], str]) -> str:
    """Return the label of a column that has no alias: functions in lower case.

    Args:
        expression: what stands in the select list, or a funnel's step.
        spell: gives a field's canonical spelling.
    """
    return _Writer(spell, functions=str.lower).write(expression)


def field_text(parts: Iterable[str]) -> str:
    """Return a field's text; parts that are no plain words are quoted."""
    first, *rest = parts
    return ".".join([first, *(p if _BARE_KEY.fullmatch(p) else _quoted(p, '"') for p in rest)])


def name_text(name: str) -> str:
    """Return an alias as it may stand after ``AS``."""
    return name if _BARE.fullmatch(name) and name.isascii() else _quoted(name, '"')


def string_text(text: str) -> str:
    """Return a text as a literal.

    >>> print(string_text("it's"))
    'it''s'
    """
    return _quoted(text, "'")


def _capitals(name: str) -> str:
    """Return a function's name in capitals; in letters such as ſ these would be other letters."""
    return name.upper() if name.isascii() else name


def _quoted(text: str, quote: str) -> str:
    return quote + text.replace(quote, quote * 2) + quote


def _clauses(query: ast.Query) -> Iterable[str]:
    writer = _Writer(lambda field: field_text(field.parts), functions=_capitals)
    if isinstance(query, ast.Funnel):
        steps = ", ".join(writer.write(s.condition) + _alias(s.alias) for s in query.steps)
        yield f"SELECT FUNNEL({steps}){_ordered(query.ordered, writer)}"
    else:
        items = ", ".join(_item(item, writer) for item in query.columns)
        yield f"SELECT {'DISTINCT ' if query.distinct else ''}{items}"
    yield f"FROM {query.table.text}"
    if query.where is not None:
        yield f"WHERE {writer.write(query.where)}"
    if isinstance(query, ast.Select):
        yield from _select_clauses(query, writer)
    if query.compare is not None:
        yield f"COMPARE {writer.write(query.compare)}"


def _select_clauses(query: ast.Select, writer: _Writer) -> Iterable[str]:
    if query.group_by:
        yield "GROUP BY " + ", ".join(writer.write(e) for e in query.group_by)
    if query.order_by:
        yield "ORDER BY " + ", ".join(
            writer.write(o.expression) + (" DESC" if o.descending else "") for o in query.order_by
        )
    if query.limit is not None:
        yield f"LIMIT {writer.write(query.limit)}"
    if query.offset is not None:
        yield f"OFFSET {writer.write(query.offset)}"


def _item(item: ast.Item, writer: _Writer) -> str:
    match item:
        case ast.Star(table=None):
            return "*"
        case ast.Star(table=ast.Name(text=text)):
            return f"{text}.*"
        case ast.JsonColumn():
            return "JSON"
        case ast.Column():
            filters = "".join(f" FILTER {f.operator} {writer.write(f.value)}" for f in item.filters)
            return writer.write(item.expression) + filters + _alias(item.alias)
    raise AssertionError(item)


def _alias(alias: ast.Name | None) -> str:
    return "" if alias is None else f" AS {name_text(alias.text)}"


def _ordered(ordered: ast.Ordered | None, writer: _Writer) -> str:
    if ordered is None:
        return ""
    text = " ORDERED" + (" STRICT" if ordered.strict else "")
    for word, node in (("WITHIN", ordered.within), ("BY", ordered.by), ("PER", ordered.per)):
        if node is not None:
            text += f" {word} {writer.write(node)}"
    return text


class _Writer:
    """Expressions and conditions as text, with as few brackets as their meaning needs."""

    def __init__(self, spell: Callable[[ast.Field], str], functions: Callable[[str], str]) -> None:
        self._spell = spell
        self._function = functions

    @singledispatchmethod
    def write(self, node: ast.Node) -> str:
        raise AssertionError(f"no text for {type(node).__name__}")

    @write.register
    def _(self, node: ast.Field) -> str:
        return self._spell(node)

    @write.register
    def _(self, node: ast.Number) -> str:
        return node.text

    @write.register
    def _(self, node: ast.String) -> str:
        return string_text(node.value)

    @write.register
    def _(self, node: ast.Boolean) -> str:
        return "true" if node.value else "false"

    @write.register
    def _(self, node: ast.Null) -> str:
        return "NULL"

    @write.register
    def _(self, node: ast.Variable) -> str:
        return node.name

    @write.register
    def _(self, node: ast.Parameter) -> str:
        return f":{node.name}"

    @write.register
    def _(self, node: ast.Duration) -> str:
        return f"DURATION({self.write(node.text)})"

    @write.register
    def _(self, node: ast.Arithmetic) -> str:
        left, right = self.write(node.left), self.write(node.right)
        level = _PRECEDENCE[node.operator]
        if isinstance(node.left, ast.Arithmetic) and _PRECEDENCE[node.left.operator] < level:
            left = f"({left})"
        if isinstance(node.right, ast.Arithmetic) and _PRECEDENCE[node.right.operator] <= level:
            right = f"({right})"
        return f"{left} {node.operator} {right}"

    @write.register
    def _(self, node: ast.Negative) -> str:
        text = self.write(node.operand)
        wrap = isinstance(node.operand, ast.Arithmetic | ast.Negative)
        return f"-({text})" if wrap else f"-{text}"

    @write.register
    def _(self, node: ast.Call) -> str:
        return f"{self._function(node.name)}({', '.join(map(self.write, node.arguments))})"

    @write.register
    def _(self, node: ast.Count) -> str:
        if node.field is None:
            return f"{self._function('count')}(*)"
        distinct = self._function("distinct") + " " if node.distinct else ""
        return f"{self._function('count')}({distinct}{self.write(node.field)})"

    @write.register
    def _(self, node: ast.ConditionCall) -> str:
        inner, condition = self.write(node.aggregate), self.write(node.condition)
        return f"{self._function('condition')}({inner}, WHERE {condition})"

    # conditions

    @write.register
    def _(self, node: ast.And) -> str:
        return " AND ".join(
            f"({self.write(i)})" if isinstance(i, ast.Or) else self.write(i) for i in node.items
        )

    @write.register
    def _(self, node: ast.Or) -> str:
        return " OR ".join(self.write(item) for item in node.items)

    @write.register
    def _(self, node: ast.Not) -> str:
        text = self.write(node.operand)
        return f"NOT ({text})" if isinstance(node.operand, ast.And | ast.Or) else f"NOT {text}"

    @write.register
    def _(self, node: ast.Compare) -> str:
        if isinstance(node.value, ast.Null) and node.operator in ("=", "!="):
            return f"{self.write(node.field)} IS {'NOT ' if node.operator == '!=' else ''}NULL"
        return f"{self.write(node.field)} {node.operator} {self.write(node.value)}"

    @write.register
    def _(self, node: ast.In) -> str:
        return self._predicate(node, "IN", f"({', '.join(map(self.write, node.values))})")

    @write.register
    def _(self, node: ast.Between) -> str:
        bounds = f"{self.write(node.low)} AND {self.write(node.high)}"
        return self._predicate(node, "BETWEEN", bounds)

    @write.register
    def _(self, node: ast.Like) -> str:
        return self._predicate(node, "LIKE", self.write(node.pattern))

    @write.register
    def _(self, node: ast.StartsWith) -> str:
        return self._predicate(node, "STARTSWITH", self.write(node.prefix))

    @write.register
    def _(self, node: ast.Matches) -> str:
        return self._predicate(node, "MATCHES", self.write(node.pattern))

    def _predicate(
        self,
        node: ast.In | ast.Between | ast.Like | ast.StartsWith | ast.Matches,
        word: str,
        value: str,
    ) -> str:
        return f"{self.write(node.field)} {'NOT ' if node.negated else ''}{word} {value}"

    @write.register
    def _(self, node: ast.Scope) -> str:
        return f"{node.quantifier}({node.table.text}: {self.write(node.condition)})"

    @write.register
    def _(self, node: ast.ScopeCount) -> str:
        inner = f"COUNT({node.table.text}: {self.write(node.condition)})"
        return f"{inner} {node.operator} {self.write(node.value)}"

    @write.register
    def _(self, node: ast.InSegment) -> str:
        return f"IN SEGMENT {self.write(node.name)}"
