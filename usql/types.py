"""The types values can have, and which of them can do what.

A ``Type`` is a kind and whether there may be many values (a list). Times are whole milliseconds
since 1970-01-01T00:00Z.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum

from usql.record import Record


class Kind(Enum):
    """What one value is."""

    STRING = "string"
    ENUM = "enum"
    LONG = "long"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    DATE = "date"
    IP = "ip"
    NULL = "null"
    """The literal ``NULL``, of no kind of its own."""
    PROPERTIES = "properties"
    """All properties of one type of a row, a mapping of keys to values."""
    JSON = "json"
    """A whole row in the export format."""

    @property
    def is_number(self) -> bool:
        """Whether arithmetic and averages make sense without conversion."""
        return self in (Kind.LONG, Kind.DOUBLE)

    @property
    def is_text(self) -> bool:
        """Whether values are written as strings."""
        return self in (Kind.STRING, Kind.ENUM, Kind.IP)


class Type(Record):
    """The type of an expression or a result column.

    >>> str(Type(Kind.LONG, many=True))
    'long[]'
    """

    kind: Kind
    many: bool = False

    def __str__(self) -> str:
        return self.kind.value + ("[]" if self.many else "")

    @property
    def one(self) -> Type:
        """The type of a single value of this type."""
        return replace(self, many=False)

    @property
    def list_of(self) -> Type:
        """The type of a list of such values."""
        return replace(self, many=True)


STRING = Type(Kind.STRING)
LONG = Type(Kind.LONG)
DOUBLE = Type(Kind.DOUBLE)
BOOLEAN = Type(Kind.BOOLEAN)
DATE = Type(Kind.DATE)
JSON = Type(Kind.JSON)
NULL = Type(Kind.NULL)
