"""Names -> references to the catalogue; how a name is spelled in labels."""

from __future__ import annotations

from collections.abc import Iterable

from usql import ast
from usql import resolved as r
from usql.errors import (
    AmbiguousField,
    NotQueryable,
    UnknownField,
    UnknownTable,
    UnreachableTable,
    WrongType,
)
from usql.formatter import field_text
from usql.limits import check
from usql.resolve.context import Context, Scope
from usql.schema import Field, Schema, Table
from usql.source import Span


def find_table(name: ast.Name, schema: Schema) -> Table:
    """Return the table of a name, or raise ``UnknownTable``."""
    table = schema.find(name.text)
    if table is None:
        names = [t.name for t in schema.tables]
        hint = nearest(name.text, names) or f"the tables are {', '.join(names)}"
        raise UnknownTable(f"there is no table {_shown(name.text)}", name.span, hint=hint)
    return table


def check_reachable(table: Table, scope: Scope, span: Span) -> None:
    """Raise ``UnreachableTable`` where a secondary table is named from another one."""
    if table not in scope.context.schema.reachable(scope.table):
        raise UnreachableTable(
            f"{table.name} cannot be reached from {scope.table.name}",
            span,
            hint=f"write FROM {scope.context.schema.primary.name}, which reaches every table",
        )


def resolve_field(node: ast.Field, scope: Scope) -> r.Source:
    """Return what a field means; a properties field has to come with a key."""
    reference = resolve_any_field(node, scope)
    if isinstance(reference, r.PropertiesRef):
        keys = scope.context.facts.property_keys(reference.field)
        example = field_text([*node.parts, keys[0] if keys else "key"])
        raise WrongType(
            f"{reference.field.name} holds properties; here one of them is needed",
            node.span,
            hint=f"name its key, such as {example}",
        )
    return reference


def resolve_any_field(node: ast.Field, scope: Scope) -> r.Source | r.PropertiesRef:
    """Return what a field means; a properties field without a key means all of its properties."""
    check()
    field, key = _locate(node, scope)
    if not field.queryable:
        raise NotQueryable(f"{field.name} cannot be queried", node.span, hint=field.instead)
    many = field.many or (scope.table.primary and field.table != scope.table.name)
    if not field.properties:
        if key:
            raise UnknownField(
                f"{field.name} has no keys; only …Properties fields have", node.span,
                hint=f"write {field_text([field.name])}",
            )  # fmt: skip
        return r.FieldRef(field, many)
    if not key:
        return r.PropertiesRef(field, many)
    return r.PropertyRef(field, _stored_key(field, ".".join(key), scope.context), many)


def spelling(node: ast.Field, scope: Scope) -> str:
    """Return a field's canonical text: as the catalogue spells it, with the prefix as written."""
    schema = scope.context.schema
    table = schema.find(node.parts[0]) if len(node.parts) > 1 else None
    field, key = _locate(node, scope)
    prefix = [table.name] if table is not None else []
    return field_text([*prefix, field.name, *key])


def nearest(word: str, names: Iterable[str]) -> str | None:
    """Return a question that names the nearest of some names, or ``None``."""
    from difflib import get_close_matches  # for bad queries only

    by_fold = {name.casefold(): name for name in names}
    close = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return f"did you mean {by_fold[close[0]]}?" if close else None


def _locate(node: ast.Field, scope: Scope) -> tuple[Field, tuple[str, ...]]:
    first, *rest = node.parts
    table = scope.context.schema.find(first)
    if table is None:
        return _bare(node, scope), tuple(rest)
    if not rest:
        raise UnknownField(
            f"{table.name} is a table", node.span, hint=f"name a field of it, or {table.name}.*"
        )
    check_reachable(table, scope, node.span)
    field = table.find(rest[0])
    if field is None:
        raise UnknownField(
            f"{table.name} has no field {_shown(rest[0])}",
            _span_of_part(node, 1),
            hint=_hint(rest[0], table) or f"its fields are listed by: usql fields {table.name}",
        )
    return field, tuple(rest[1:])


def _span_of_part(node: ast.Field, index: int) -> Span:
    """Return where a part of ``table.field`` stands, if it was written without any quotes."""
    if sum(map(len, node.parts)) + len(node.parts) - 1 != node.span.end - node.span.start:
        return node.span
    start = node.span.start + sum(len(part) + 1 for part in node.parts[:index])
    return Span(start, start + len(node.parts[index]))


def _hint(name: str, table: Table) -> str | None:
    """Return what may have been meant by a name that a table has no field for."""
    from usql.syntax_hints.habits import NAMES

    return NAMES.get(name.upper()) or nearest(name, (f.name for f in table.queryable))


def _shown(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:59]}…"


def _nearest_elsewhere(name: str, tables: Iterable[Table]) -> str | None:
    """Return the nearest field of other tables, with its table."""
    fields = {f.name: f for table in tables for f in table.queryable}
    question = nearest(name, fields)
    if question is None:
        return None
    field = fields[question.removeprefix("did you mean ").removesuffix("?")]
    return f"did you mean {field.table}.{field.name}?"


def _bare(node: ast.Field, scope: Scope) -> Field:
    """Return the field of a bare name: of the ``FROM`` table, or of the one other that has it."""
    name = node.parts[0]
    own = scope.table.find(name)
    if own is not None:
        return own
    others = scope.context.schema.reachable(scope.table)[1:]
    found = [f for f in (t.find(name) for t in others) if f is not None and f.queryable]
    if len(found) == 1:
        field = found[0]
        scope.context.explain(f"{name} was read as {field.table}.{field.name}")
        return field
    if found:
        choices = [f"{f.table}.{f.name}" for f in found]
        raise AmbiguousField(
            f"{scope.table.name} has no field {name}, but several other tables have",
            node.span,
            hint="write " + " or ".join([", ".join(choices[:-1]), choices[-1]]),
        )
    raise _unknown(node, scope)


def _unknown(node: ast.Field, scope: Scope) -> UnknownField:
    name = node.parts[0]
    schema = scope.context.schema
    if len(node.parts) > 1:
        table = nearest(name, (t.name for t in schema.tables))
        if table is not None:
            span = _span_of_part(node, 0)
            return UnknownField(f"there is no table or field {name}", span, hint=table)
    reachable = schema.reachable(scope.table)
    hint = _hint(name, scope.table) or _nearest_elsewhere(name, reachable[1:])
    elsewhere = [t.name for t in schema.tables if t not in reachable and t.find(name)]
    if elsewhere:
        hint = f"{elsewhere[0]} has it: write FROM {elsewhere[0]}, or FROM {schema.primary.name}"
    hint = hint or f"its fields are listed by: usql fields {scope.table.name}"
    return UnknownField(f"{scope.table.name} has no field {_shown(name)}", node.span, hint=hint)


def _stored_key(field: Field, key: str, context: Context) -> str:
    """Return a property key as it is stored: matched exactly, else without regard to case."""
    keys = context.facts.property_keys(field)
    if key in keys:
        return key
    alike = sorted(k for k in keys if k.casefold() == key.casefold())
    if alike:
        return alike[0]
    where = f"{field.table}.{field.name}"
    question = nearest(key, keys)
    context.explain(f"no row has the key {key} in {where}" + (f"; {question}" if question else ""))
    return key
