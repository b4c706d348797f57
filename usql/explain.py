"""Every station of the way of a query, printable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

from usql import ast
from usql import resolved as r
from usql.plan import Bound
from usql.schema import Field
from usql.types import Type
from usql.zones import Zone


@dataclass(frozen=True, slots=True)
class Explanation:
    """The stations of a query, from its text to the plan of the engine.

    Attributes:
        text: the query in canonical form.
        tree: what was written.
        resolved: what it means.
        generic_sql: the plan in generic SQL.
        sql: in the engine's dialect.
        params: values of its placeholders.
        engine_plan: how the engine goes about it, a line per step.
        notes: what was assumed.

    ``str(explanation)`` shows all of them.
    """

    text: str
    tree: ast.Query
    resolved: r.Query
    generic_sql: str
    sql: str
    params: dict[str, Bound]
    engine_plan: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return "\n\n".join(f"{title}\n{_indent(body)}" for title, body in self._stations() if body)

    def _stations(self) -> Iterator[tuple[str, str]]:
        yield "1 Query", self.text
        yield "2 Syntax tree", outline(self.tree)
        yield "3 Resolved", outline(self.resolved)
        yield "  Assumed", "\n".join(self.notes)
        yield "4 Generic SQL", self.generic_sql
        yield "5 SQL", self.sql
        yield "  Parameters", "\n".join(f":{k} = {_shown(v)}" for k, v in self.params.items())
        yield "6 Plan of the engine", "\n".join(self.engine_plan)


def outline(node: Any) -> str:
    """Return a tree of dataclasses as indented text, without what is empty."""
    return "\n".join(_lines(node))


def _shown(value: Bound) -> str:
    """Return a parameter's value; of a long list only how long it is."""
    if isinstance(value, tuple):
        return f"a list of {len(value)} entries"
    return repr(value)


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.split("\n"))


def _lines(node: Any) -> Iterator[str]:
    if _is_simple(node):
        yield _simple(node)
        return
    head, rest = _head(node)
    yield head
    for name, value in rest:
        yield from _member(name, value)


def _head(node: Any) -> tuple[str, list[tuple[str, Any]]]:
    """Return the line of a node with its simple members, and the members that are trees."""
    simple, trees = [], []
    for field in fields(node):
        if field.name == "span":
            continue
        value = getattr(node, field.name)
        if _is_empty(value):
            continue
        if _is_simple(value):
            simple.append(f"{field.name}={_simple(value)}")
        else:
            trees.append((field.name, value))
    name = type(node).__name__
    return f"{name} {' '.join(simple)}".rstrip(), trees


def _member(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, tuple):
        yield f"  {name}:"
        for item in value:
            if isinstance(item, tuple):
                label, condition = item
                yield f"    {_simple(label)}:"
                yield from (f"      {line}" for line in _lines(condition))
            else:
                yield from (f"    {line}" for line in _lines(item))
        return
    first, *rest = _lines(value)
    yield f"  {name}: {first}"
    yield from (f"  {line}" for line in rest)


def _is_empty(value: Any) -> bool:
    return value is None or value is False or value == ()


def _is_simple(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(_is_simple(item) for item in value)
    return not is_dataclass(value) or isinstance(value, Field | Type)


def _simple(value: Any) -> str:
    match value:
        case Field():
            return f"{value.table}.{value.name}"
        case Zone():
            return value.name
        case Enum():
            return str(value.value)
        case Type():
            return str(value)
        case tuple():
            return "(" + ", ".join(_simple(item) for item in value) + ")"
    return repr(value)
