"""Segments, their attributes and the values of these, as tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from usql.result import Column, Result
from usql.segments.catalogue import attributes

if TYPE_CHECKING:
    from usql.segments.picking import Picking, ValueCount
    from usql.segments.stored import NamedSegment


def attribute_table(category: str = "") -> Result:
    """Return the catalogue of attributes, or those whose category or name has a text in it.

    >>> print(attribute_table("location"))
    category │ attribute │ field     │ kind │ condition
    ─────────┼───────────┼───────────┼──────┼─────────────────
    Location │ Continent │ continent │ text │ continent IN (…)
    Location │ Country   │ country   │ text │ country IN (…)
    Location │ Region    │ region    │ text │ region IN (…)
    Location │ City      │ city      │ text │ city IN (…)
    """
    wanted = category.strip().casefold()
    names = ("category", "attribute", "field", "kind", "condition")
    rows = [
        (each.category, each.label, each.field or None, each.kind.value, each.condition)
        for each in attributes()
        if any(wanted in name.casefold() for name in (each.category, *each.names))
    ]
    return Result(tuple(Column(name, "string") for name in names), list(rows))


def segment_table(segments: Iterable[NamedSegment]) -> Result:
    """Return named segments: their names and texts."""
    rows = [(each.name, str(each.segment)) for each in segments]
    return Result((Column("name", "string"), Column("segment", "string")), list(rows))


def value_table(picking: Picking, counts: Iterable[ValueCount], kind: str, key: str = "") -> Result:
    """Return the values of an attribute with their numbers of sessions.

    Args:
        picking: how they were counted.
        counts: of sessions.
        kind: the type of the values in queries.
        key: of a property.
    """
    type_ = "string" if picking.attribute.cases else kind
    name = f"{picking.attribute.label} {key}".rstrip()
    columns = (Column(name, type_), Column("sessions", "long"))
    return Result(columns, [(each.value, each.sessions) for each in counts])
