"""Segments: sets of attribute filters that choose sessions, as text and as USQL.

    from usql.segments import Segment

    Segment.parse("Country: Austria, Spain; User action name: Login").to_usql()

``catalogue`` lists the attributes, ``filters`` is what is asked of one, ``reading`` and ``writing``
go between text and filters, ``conditions`` makes conditions of the language.
"""

from __future__ import annotations

from usql.segments.catalogue import Attribute, AttributeKind, attribute, attributes
from usql.segments.filters import Filter, Item, Pattern, Presence, Range, Value, where
from usql.segments.segment import Segment

__all__ = [
    "Attribute",
    "AttributeKind",
    "Filter",
    "Item",
    "Pattern",
    "Presence",
    "Range",
    "Segment",
    "Value",
    "attribute",
    "attributes",
    "where",
]
