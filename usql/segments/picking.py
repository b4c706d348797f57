"""Values of an attribute with the number of sessions that have each, for pickers.

What arrives: a segment and an attribute. What leaves: the query that counts its values among the
sessions that satisfy the filters of the *other* attributes, and its rows as records.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from usql.errors import BadSegment
from usql.formatter import name_text
from usql.record import Record
from usql.segments.catalogue import Attribute, attribute
from usql.segments.conditions import attribute_text
from usql.segments.segment import Segment


class ValueCount(Record):
    """A value and how many sessions have it; of several values a session counts for each.

    Attributes:
        value: as queries give it; ``None`` for sessions that have none.
        sessions: their number.
    """

    value: Any
    sessions: int


class Picking(Record):
    """How the values of an attribute are counted.

    >>> picking = Picking.of(Segment.parse("Country: Spain; Bounced: no"), "Country")
    >>> print(picking.query)
    SELECT country, COUNT(*) FROM usersession WHERE bounce = false GROUP BY country LIMIT 100
    """

    attribute: Attribute
    query: str

    @classmethod
    def of(cls, segment: Segment, name: str, key: str = "", limit: int = 100) -> Picking:
        """Return how to count the values of an attribute under the other filters of a segment.

        Raises:
            UnknownAttribute: there is no such attribute.
            BadSegment: a key is missing, or there is one too many.
        """
        found = attribute(name)
        if found.keyed != bool(key):
            hint = "name it" if found.keyed else "leave it out"
            raise BadSegment(f"{found.label} has {'a' if found.keyed else 'no'} key", hint=hint)
        others = segment.without(found, key)
        where = f" WHERE {others.to_usql()}" if others.filters else ""
        if found.cases:
            columns = ", ".join(
                f"CONDITION(COUNT(*), WHERE {condition}) AS {name_text(value)}"
                for value, condition in found.cases
            )
            return cls(found, f"SELECT {columns} FROM usersession{where}")
        field = attribute_text(found, key)
        return cls(
            found,
            f"SELECT {field}, COUNT(*) FROM usersession{where} GROUP BY {field} LIMIT {limit}",
        )

    def counts(self, rows: Sequence[tuple[Any, ...]]) -> tuple[ValueCount, ...]:
        """Return the counts in the rows of the query, the most frequent value first."""
        if not self.attribute.cases:
            return tuple(ValueCount(value, count) for value, count in rows)
        names = [value for value, _ in self.attribute.cases]
        found = [ValueCount(n, count) for n, count in zip(names, rows[0], strict=True) if count]
        return tuple(sorted(found, key=lambda each: -each.sessions))
