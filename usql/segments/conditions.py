"""Filters -> conditions of the language, over ``usersession``.

A range over many values becomes one predicate, since two predicates may be satisfied by two
different values. A date that is a day means the whole day, in the time zone of the query.
"""

from __future__ import annotations

import math
import re
from typing import cast

from usql.dates import parse_date
from usql.formatter import field_text, string_text
from usql.segments.catalogue import Attribute, AttributeKind
from usql.segments.filters import Filter, Item, Pattern, Presence, Range, Scalar, Value
from usql.segments.values import DAY_MS, UTC, address, is_day, is_network
from usql.zones import EPOCH, MAX_MS, MS

EVERY_SESSION = "userSessionId IS NOT NULL"
"""A condition that every session satisfies."""


def segment_condition(filters: tuple[Filter, ...]) -> str:
    """Return the condition of sessions that satisfy all filters."""
    return " AND ".join(filter_condition(each) for each in filters) or EVERY_SESSION


def filter_condition(wanted: Filter) -> str:
    """Return the condition of a filter, in brackets where it is several."""
    if wanted.attribute.cases:
        terms = _cases(wanted)
    else:
        plain = [i for i in wanted.items if _is_plain(wanted.attribute, i)]
        others = [i for i in wanted.items if i not in plain]
        if not others:
            return _membership(wanted, cast("list[Value]", plain), wanted.negated)
        terms = [_membership(wanted, cast("list[Value]", plain), False)] if plain else []
        terms += [_item(wanted, item) for item in others]
    joined = " OR ".join(terms)
    if len(terms) > 1:
        return f"NOT ({joined})" if wanted.negated else f"({joined})"
    if wanted.negated:
        return f"NOT ({joined})" if " AND " in joined else f"NOT {joined}"
    return joined


def attribute_text(attribute: Attribute, key: str = "") -> str:
    """Return the field of an attribute as the language writes it.

    >>> from usql.segments import attribute
    >>> attribute_text(attribute("String property"), "cart size")
    'stringProperties."cart size"'
    """
    return field_text([*attribute.field.split("."), *([key] if attribute.keyed else [])])


def _cases(wanted: Filter) -> list[str]:
    conditions = dict(wanted.attribute.cases)
    named = {True: "yes", False: "no"}
    values = [cast(Value, item).value for item in wanted.items]
    return [conditions[named[v] if isinstance(v, bool) else cast(str, v)] for v in values]


def _is_plain(attribute: Attribute, item: Item) -> bool:
    """Whether an item is compared for equality as it stands."""
    if not isinstance(item, Value):
        return False
    if attribute.kind is AttributeKind.DATE:
        return not is_day(item.value)
    if attribute.kind is AttributeKind.ADDRESS:
        return _is_address(cast(str, item.value))
    return True


def _is_address(text: str) -> bool:
    try:
        return bool(address(text))
    except ValueError:
        return False


def _membership(wanted: Filter, items: list[Value], negated: bool) -> str:
    field = attribute_text(wanted.attribute, wanted.key)
    values = [_literal(item.value) for item in items]
    if len(values) == 1:
        return f"{field} {'!=' if negated else '='} {values[0]}"
    return f"{field} {'NOT ' if negated else ''}IN ({', '.join(values)})"


def _item(wanted: Filter, item: Item) -> str:
    field = attribute_text(wanted.attribute, wanted.key)
    match item:
        case Presence(present=present):
            return f"{field} IS {'NOT ' if present else ''}NULL"
        case Pattern(text=text):
            return f"{field} LIKE {string_text('*'.join(map(_unlike, text.split('*'))))}"
        case Range():
            return _range(field, wanted.attribute, item)
        case Value(value=value) if wanted.attribute.kind is AttributeKind.DATE:
            return _range(field, wanted.attribute, Range(value, value))
        case Value(value=value):
            return _network(field, cast(str, value))


def _network(field: str, text: str) -> str:
    if not is_network(text):  # one that was masked by its exporter
        return f"{field} LIKE {string_text(_unlike(text))}"
    from ipaddress import ip_network

    found = ip_network(text)
    return f"{field} BETWEEN '{found[0]}' AND '{found[-1]}'"


def _unlike(text: str) -> str:
    """Return a text so that ``LIKE`` takes it as it is."""
    return "".join(f"\\{c}" if c in "\\%*?" else c for c in text)


def _range(field: str, attribute: Attribute, item: Range) -> str:
    if attribute.kind is AttributeKind.DATE:
        item = _moments(item)
    low, high = item.low, item.high
    if low is not None and high is not None:
        if not (item.after_low or item.before_high):
            return f"{field} BETWEEN {_literal(low)} AND {_literal(high)}"
        if attribute.many:
            first = _beside(attribute, low, 1) if item.after_low else low
            last = _beside(attribute, high, -1) if item.before_high else high
            return f"{field} BETWEEN {_literal(first)} AND {_literal(last)}"
    ends = []
    if low is not None:
        ends.append(f"{field} {'>' if item.after_low else '>='} {_literal(low)}")
    if high is not None:
        ends.append(f"{field} {'<' if item.before_high else '<='} {_literal(high)}")
    return " AND ".join(ends)


def _moments(item: Range) -> Range:
    """Return a range of dates in which days are moments: the midnights around them."""
    low, high = item.low, item.high
    after_low, before_high = item.after_low, item.before_high
    if low is not None and is_day(low) and after_low:
        low, after_low = _following(cast(str, low)), False
    if high is not None and is_day(high) and not before_high:
        high, before_high = _following(cast(str, high)), True
    return Range(low, high, after_low, before_high)


def _following(day: str) -> str:
    """Return the day after a day; behind the last one that there is, its last moment."""
    moment = parse_date(day, UTC) + DAY_MS
    return _shown(min(moment, MAX_MS))[: 10 if moment <= MAX_MS else None]


def _beside(attribute: Attribute, value: Scalar, step: int) -> Scalar:
    """Return the next value that there can be, up or down."""
    if isinstance(value, str):
        moment = parse_date(value, UTC) + step
        return moment if _OFFSET.search(value) else _shown(moment)
    if attribute.kind is AttributeKind.DECIMAL:
        return math.nextafter(value, math.copysign(math.inf, step))
    return value + step


_OFFSET = re.compile(r"[T ].*(?:Z|[+-][0-9:]+)$", re.IGNORECASE)
"""What ends a date that says its own zone."""


def _shown(moment: int) -> str:
    return (EPOCH + moment * MS).replace(tzinfo=None).isoformat(timespec="milliseconds")


def _literal(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return string_text(value) if isinstance(value, str) else repr(value)
