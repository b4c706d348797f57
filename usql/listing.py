"""What there is to ask for, as results: the fields of the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from usql.result import Column, Result

if TYPE_CHECKING:
    from usql.schema import Table


def field_list(tables: tuple[Table, ...], *, with_table: bool) -> Result:
    """Return the fields that can be asked for, a row each.

    >>> from usql.schema import catalogue
    >>> field_list((catalogue().primary,), with_table=False).rows[2]
    ('bounce', 'boolean', '', '')
    """
    first = 0 if with_table else 1
    names = ("table", "field", "type", "unit", "values")[first:]
    rows: list[tuple[Any, ...]] = [
        (table.name, field.name, field.type_name, field.unit, ", ".join(field.values))[first:]
        for table in tables
        for field in table.queryable
    ]
    return Result(tuple(Column(name, "string") for name in names), rows)
