"""Queries that are not funnels: which are aggregations, their keys, items, order and limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

from usql import ast
from usql import resolved as r
from usql.errors import NotYetSupported, UnknownName, WrongStructure, WrongType
from usql.formatter import label
from usql.resolve.conditions import resolve_condition
from usql.resolve.context import Scope
from usql.resolve.expressions import (
    has_aggregate,
    has_top,
    is_date_function,
    is_top,
    resolve_row_expression,
)
from usql.resolve.groups import Groups, resolve_group_expression, resolve_top
from usql.resolve.names import (
    check_reachable,
    find_table,
    nearest,
    resolve_any_field,
    spelling,
)
from usql.resolve.values import number_value, whole_number
from usql.schema import Field, Table
from usql.types import Kind


def resolve_select(node: ast.Select, scope: Scope) -> r.PlainQuery | r.AggregationQuery:
    """Return a settled query that is not a funnel."""
    _reject_reserved(node)
    where = resolve_condition(node.where, scope) if node.where is not None else None
    scan = r.Scan(scope.table.name, where, scope.context.timeframe, scope.context.zone)
    if _is_aggregation(node):
        return _aggregation(node, scan, scope)
    return _plain(node, scan, scope)


def _reject_reserved(node: ast.Select) -> None:
    if node.offset is not None:
        raise NotYetSupported(
            "OFFSET is not yet supported",
            node.offset.span,
            hint="rows cannot be skipped; leave it out",
        )
    if node.compare is not None:
        raise NotYetSupported(
            "COMPARE is not yet supported",
            node.compare.span,
            hint="run the query twice, with two timeframes",
        )


def _is_aggregation(node: ast.Select) -> bool:
    expressions = [c.expression for c in node.columns if isinstance(c, ast.Column)]
    expressions += [o.expression for o in node.order_by]
    return (
        node.distinct
        or bool(node.group_by)
        or any(has_aggregate(e) or has_top(e) for e in expressions)
    )


def _limit(node: ast.Select, scope: Scope) -> int | None:
    if node.limit is None:
        return scope.context.default_limit
    return whole_number(node.limit, scope.context, "LIMIT", 0)


def _label(column: ast.Column, scope: Scope) -> str:
    if column.alias is not None:
        return column.alias.text
    return label(column.expression, lambda field: spelling(field, scope))


# --- plain ---------------------------------------------------------------------------------------


def _plain(node: ast.Select, scan: r.Scan, scope: Scope) -> r.PlainQuery:
    items = tuple(item for column in node.columns for item in _plain_items(column, scope))
    order = tuple(_plain_order(o, node, items, scope) for o in node.order_by)
    return r.PlainQuery(scan, items, order, _limit(node, scope))


def _plain_items(column: ast.Item, scope: Scope) -> Iterator[r.Item]:
    match column:
        case ast.Star():
            yield from _star(column, scope)
        case ast.JsonColumn():
            yield r.Item("json", r.RowDocument())
        case ast.Column():
            if column.filters:
                raise WrongStructure(
                    "FILTER stands after an aggregate", column.filters[0].span,
                    hint="for conditions on rows use WHERE",
                )  # fmt: skip
            expr = _plain_expression(column.expression, scope)
            yield r.Item(_label(column, scope), expr)


def _plain_expression(node: ast.Expr, scope: Scope) -> r.Expr:
    """Return a value of a row; here, unlike elsewhere, a whole properties field may stand."""
    if isinstance(node, ast.Field):
        return resolve_any_field(node, scope)
    return resolve_row_expression(node, scope)


def _star(star: ast.Star, scope: Scope) -> Iterator[r.Item]:
    table, prefix = scope.table, ""
    if star.table is not None:
        table = find_table(star.table, scope.context.schema)
        check_reachable(table, scope, star.span)
        prefix = f"{table.name}."
    for field in table.queryable:
        yield r.Item(prefix + field.name, _field_item(field, table, scope))


def _field_item(field: Field, table: Table, scope: Scope) -> r.Expr:
    many = field.many or (scope.table.primary and not table.primary)
    return r.PropertiesRef(field, many) if field.properties else r.FieldRef(field, many)


def _plain_order(
    ordering: ast.Ordering, node: ast.Select, items: tuple[r.Item, ...], scope: Scope
) -> r.Order:
    _reject_position(ordering.expression, "ORDER BY", node, scope)
    aliased = _aliased(ordering.expression, node)
    if aliased is not None:
        expr = _plain_expression(aliased.expression, scope)
    else:
        expr = resolve_row_expression(ordering.expression, scope)
    if expr.type.kind in (Kind.PROPERTIES, Kind.JSON):
        raise WrongType("this has no order", ordering.span, hint="order by one property")
    return r.Order(expr, ordering.descending)


def _aliased(node: ast.Expr, query: ast.Select) -> ast.Column | None:
    """Return the column whose alias a name is: exactly, else without regard to case."""
    if isinstance(node, ast.String):
        name = node.value
    elif isinstance(node, ast.Field) and len(node.parts) == 1:
        name = node.parts[0]
    else:
        return None
    columns = [c for c in query.columns if isinstance(c, ast.Column) and c.alias is not None]
    matches: tuple[Callable[[str], bool], ...] = (
        lambda alias: alias == name,
        lambda alias: alias.casefold() == name.casefold(),
    )
    for matches_name in matches:
        for column in columns:
            if matches_name(cast(ast.Name, column.alias).text):
                return column
    if isinstance(node, ast.String):
        aliases = [cast(ast.Name, c.alias).text for c in columns]
        raise UnknownName(
            f"no column has the alias '{name}'",
            node.span,
            hint=nearest(name, aliases) or f"for the field write {name}, without quotes",
        )
    return None


def _reject_position(node: ast.Expr, clause: str, query: ast.Select, scope: Scope) -> None:
    """A number would be a constant, which nobody means: in SQL it is a column's position."""
    if isinstance(node, ast.Number):
        named = query.columns[int(node.value) - 1] if node.value in _positions(query) else None
        what = _label(named, scope) if isinstance(named, ast.Column) else "and a column"
        raise WrongStructure(
            f"{clause} takes no positions", node.span, hint=f"write {clause} {what}"
        )


def _positions(query: ast.Select) -> range:
    return range(1, len(query.columns) + 1)


# --- aggregation ---------------------------------------------------------------------------------


def _aggregation(node: ast.Select, scan: r.Scan, scope: Scope) -> r.AggregationQuery:
    columns = tuple(_checked_columns(node))
    keys = _keys(node, columns, scope)
    groups = Groups(scope, keys)
    items = tuple(_group_item(column, groups) for column in columns)
    order = tuple(_group_order(o, node, groups) for o in node.order_by)
    _explain_session_level(keys, items, scope)
    return r.AggregationQuery(scan, keys, items, order, _limit(node, scope))


def _checked_columns(node: ast.Select) -> Iterator[ast.Column]:
    word = "with DISTINCT" if node.distinct else "in an aggregation"
    for column in node.columns:
        if isinstance(column, ast.Star):
            raise WrongStructure(
                f"* cannot stand {word}", column.span, hint="name the fields, such as country, city"
            )
        if isinstance(column, ast.JsonColumn):
            raise WrongStructure(
                f"JSON is one whole row and cannot stand {word}", column.span,
                hint="leave JSON out and name the fields",
            )  # fmt: skip
        yield column


def _keys(node: ast.Select, columns: tuple[ast.Column, ...], scope: Scope) -> tuple[r.Key, ...]:
    if node.group_by:
        found = [key for e in node.group_by for key in _explicit_keys(e, node, columns, scope)]
    else:
        found = list(_implicit_keys(node, columns, scope))
    return tuple(dict.fromkeys(found))


def _implicit_keys(
    node: ast.Select, columns: tuple[ast.Column, ...], scope: Scope
) -> Iterator[r.Key]:
    """Without ``GROUP BY``, what is of one row becomes a key; ``TOP`` only under ``DISTINCT``."""
    named = []
    for column in columns:
        expression = column.expression
        if is_top(expression):
            if node.distinct:
                yield _key(expression, scope)
        elif not has_aggregate(expression) and not has_top(expression):
            key = _key(expression, scope)
            if not isinstance(key.expr, r.Const):
                named.append(_label(column, scope))
                yield key
    if named and not node.distinct:
        scope.context.explain(f"grouped by {', '.join(named)}, since GROUP BY is missing")


def _explicit_keys(
    node: ast.Expr, query: ast.Select, columns: tuple[ast.Column, ...], scope: Scope
) -> Iterator[r.Key]:
    _reject_position(node, "GROUP BY", query, scope)
    aliased = _aliased(node, query)
    if aliased is not None:
        if has_aggregate(aliased.expression):
            raise WrongStructure(
                f"{_label(aliased, scope)} is an aggregate; groups cannot be made of it", node.span,
                hint=_AGGREGATE_KEY,
            )  # fmt: skip
        yield _key(aliased.expression, scope)
    elif isinstance(node, ast.Field):
        yield from _field_keys(node, columns, scope)
    elif has_aggregate(node):
        raise WrongStructure(
            "an aggregate cannot stand in GROUP BY", node.span, hint=_AGGREGATE_KEY
        )
    else:
        yield _key(node, scope)


_AGGREGATE_KEY = "group by a field; to sort by the aggregate write ORDER BY, to keep some FILTER"


def _field_keys(node: ast.Field, columns: tuple[ast.Column, ...], scope: Scope) -> Iterator[r.Key]:
    """Yield the items that are this field, or ``TOP`` or a date function over it, else it."""
    field = resolve_any_field(node, scope)
    items = [c.expression for c in columns if _base(c.expression, scope) == field]
    if items:
        yield from (_key(item, scope) for item in items)
    else:
        yield _key(node, scope)


def _base(node: ast.Expr, scope: Scope) -> r.Expr | None:
    """Return the field that an item is, or that a ``TOP`` or a date function stands over."""
    while isinstance(node, ast.Call) and (is_top(node) or is_date_function(node)):
        if not node.arguments:
            return None
        node = node.arguments[0]
    return resolve_any_field(node, scope) if isinstance(node, ast.Field) else None


def _key(node: ast.Expr, scope: Scope) -> r.Key:
    if is_top(node):
        expr, count = resolve_top(cast(ast.Call, node), scope)
        return r.Key(expr, count, False)
    if has_top(node):
        raise WrongStructure(
            "TOP cannot stand within an expression that groups", node.span,
            hint="let TOP stand alone: GROUP BY TOP(city, 5)",
        )  # fmt: skip
    expr = resolve_row_expression(node, scope)
    return r.Key(expr, None, isinstance(expr, r.DatePart | r.DateText))


def _group_item(column: ast.Column, groups: Groups) -> r.Item:
    expr = resolve_group_expression(column.expression, groups)
    filters = tuple(_filter(f, column, expr, groups.scope) for f in column.filters)
    return r.Item(_label(column, groups.scope), expr, filters)


def _filter(node: ast.Filter, column: ast.Column, expr: r.Expr, scope: Scope) -> r.Filter:
    if not has_aggregate(column.expression):
        raise WrongStructure(
            "FILTER stands after an aggregate", node.span, hint="for conditions on rows use WHERE"
        )
    if expr.type.kind not in (Kind.LONG, Kind.DOUBLE, Kind.DATE):
        raise WrongType(
            f"FILTER compares numbers, and this is a {expr.type}", node.span,
            hint="for conditions on rows use WHERE",
        )  # fmt: skip
    value = number_value(node.value, scope.context, "what FILTER compares with")
    return r.Filter(node.operator, value)


def _group_order(ordering: ast.Ordering, node: ast.Select, groups: Groups) -> r.Order:
    _reject_position(ordering.expression, "ORDER BY", node, groups.scope)
    aliased = _aliased(ordering.expression, node)
    expression = aliased.expression if aliased is not None else ordering.expression
    expr = _ordering_value(expression, ordering.descending, groups)
    return r.Order(expr, ordering.descending)


def _ordering_value(node: ast.Expr, descending: bool, groups: Groups) -> r.Expr:
    """Return what orders groups; of a value that differs within a group, its extreme."""
    if not has_aggregate(node) and not has_top(node):
        if _keys_only(node, groups):  # a key has one value in each group, whatever it has in a row
            return resolve_group_expression(node, groups)
        value = resolve_row_expression(node, groups.scope)
        if isinstance(value, r.Const):
            return value
        if (key := groups.key_of(value)) is not None:
            return key
        return r.Aggregate("max" if descending else "min", value, value.type.one)
    return resolve_group_expression(node, groups)


def _keys_only(node: ast.Expr, groups: Groups) -> bool:
    """Whether an arithmetic expression is made of keys and constants alone."""
    if not isinstance(node, ast.Arithmetic | ast.Negative):
        return False
    try:
        return not isinstance(resolve_group_expression(node, groups), r.ValueList)
    except WrongStructure:
        return False


def _explain_session_level(
    keys: tuple[r.Key, ...], items: tuple[r.Item, ...], scope: Scope
) -> None:
    if not scope.table.primary or not any(_secondary(key.expr) for key in keys):
        return
    for item in items:
        expr = item.expr
        if isinstance(expr, r.Aggregate) and expr.operand is not None and expr.function != "count":
            table = _secondary(expr.operand)
            if table is not None:
                scope.context.explain(
                    f"{item.label} goes over all {table} rows of the sessions in each group; "
                    f"for the rows of the group alone write FROM {table}"
                )
                return


def _secondary(expr: r.Expr) -> str | None:
    """Return the secondary table whose many values an expression of a session has."""
    match expr:
        case r.FieldRef() | r.PropertyRef() | r.KeysRef():
            return expr.field.table if expr.field.table != "usersession" else None
        case r.Arithmetic():
            return _secondary(expr.left) or _secondary(expr.right)
        case r.DatePart() | r.DateText() | r.ApdexWeight():
            return _secondary(expr.operand)
    return None
