"""Filters of one attribute: what is asked for, as values of Python.

A filter is true of a session that has one of what is asked for; negated, of every other session.
Durations are whole milliseconds, dates are texts as in queries or ms since 1970 (UTC), addresses
are texts.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from usql.record import Record
from usql.segments.catalogue import Attribute

Scalar: TypeAlias = "str | int | float"


class Value(Record):
    """One value, whole; of an address also a network such as ``10.0.0.0/8``."""

    value: str | int | float | bool


class Pattern(Record):
    """A text in which each ``*`` stands for any run of characters."""

    text: str


class Range(Record):
    """What lies between two ends, of which one may be missing.

    Attributes:
        low, high: the ends, or ``None``.
        after_low, before_high: whether the end itself is left out.
    """

    low: Scalar | None = None
    high: Scalar | None = None
    after_low: bool = False
    before_high: bool = False


class Presence(Record):
    """Any value at all, or none."""

    present: bool


Item: TypeAlias = Value | Pattern | Range | Presence


class Filter(Record):
    """What is asked of one attribute.

    Attributes:
        attribute: of the catalogue.
        items: alternatives; one or more.
        key: of a property, exactly as stored; "" otherwise.
        negated: whether sessions that have one of the items are left out, rather than kept.
    """

    attribute: Attribute
    items: tuple[Item, ...]
    key: str = ""
    negated: bool = False

    def __str__(self) -> str:
        from usql.segments.writing import filter_text

        return filter_text(self)

    def to_usql(self) -> str:
        """Return the filter as a condition over ``usersession``.

        >>> from usql.segments import where
        >>> where("Country", "Austria", None).to_usql()
        "(country = 'Austria' OR country IS NULL)"
        """
        from usql.segments.conditions import filter_condition

        return filter_condition(self)


def where(
    attribute: str | Attribute,
    *items: Item | str | float | datetime | None,
    key: str = "",
    negated: bool = False,
) -> Filter:
    """Return a filter of values of Python.

    Args:
        attribute: or its label, alias or field.
        items: texts, numbers (durations in ms), ``True`` or ``False``, aware ``datetime``, ``None``
            for sessions without a value, or ``Range``, ``Pattern`` and ``Presence``.
        key: of a property.
        negated: leave out the sessions that have one of them.

    Raises:
        UnknownAttribute: there is no such attribute.
        BadSegment: a value is none of the attribute, or there is none at all.

    >>> str(where("Duration", Range(low=60_000)))
    'Duration: >= 60s'
    """
    from usql.segments.catalogue import attribute as find
    from usql.segments.checking import checked_filter

    found = find(attribute) if isinstance(attribute, str) else attribute
    return checked_filter(found, items, key, negated)
