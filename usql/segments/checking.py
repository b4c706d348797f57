"""Values of Python -> items of a filter, each one that its attribute can have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from usql.errors import BadSegment
from usql.segments.catalogue import Attribute, AttributeKind, fold
from usql.segments.filters import Filter, Item, Pattern, Presence, Range, Scalar, Value
from usql.segments.mistakes import no_value, unlisted
from usql.segments.values import (
    DAY_MS,
    address,
    is_day,
    is_network,
    network,
    order_key,
    read_scalar,
)
from usql.source import Span

_YES_AND_NO = {"yes": True, "true": True, "no": False, "false": False}


def checked_filter(
    attribute: Attribute,
    items: Iterable[Any],
    key: str = "",
    negated: bool = False,
    span: Span | None = None,
) -> Filter:
    """Return a filter with each item once.

    Raises:
        BadSegment: an item is none of the attribute; there is none; a key is missing or too many.
    """
    label = attribute.label
    if attribute.keyed and not key:
        raise BadSegment(f"{label} needs a key", span, hint=f"write {label} KEY: …")
    if key and not attribute.keyed:
        raise BadSegment(f"{label} has no keys", span, hint=f"write {label}: …")
    _check_characters(key, span)
    found = tuple(dict.fromkeys(checked_item(attribute, item, span) for item in items))
    if not found:
        raise no_value(attribute, span)
    return Filter(attribute, found, key, negated)


def checked_item(attribute: Attribute, item: Any, span: Span | None = None) -> Item:
    """Return an item in its canonical form."""
    try:
        match item:
            case None:
                item = Presence(False)
            case Value():
                item = item.value
        match item:
            case Presence():
                return _presence(attribute, item)
            case Range():
                return _range(attribute, item)
            case Pattern():
                return _pattern(attribute, item)
        return Value(_value(attribute, item, span))
    except ValueError as error:
        raise BadSegment(str(error), span) from None


def choice(attribute: Attribute, text: str) -> str | None:
    """Return the known value that a text means, in any letter case and with blanks for ``_``."""
    wanted = fold(text.replace("_", " "))
    return next((c for c in attribute.choices if fold(c.replace("_", " ")) == wanted), None)


def yes_or_no(text: str) -> bool | None:
    """Return what a word means where there is only yes and no."""
    return _YES_AND_NO.get(text.casefold())


def _presence(attribute: Attribute, item: Presence) -> Presence:
    if attribute.cases:
        raise ValueError(f"{attribute.label} is always known; name one of its values")
    return item


def _pattern(attribute: Attribute, item: Pattern) -> Pattern:
    if attribute.kind not in (AttributeKind.TEXT, AttributeKind.ADDRESS):
        raise ValueError(f"{attribute.label} is no text, so * has no meaning")
    _check_characters(item.text, None)
    return item


def _range(attribute: Attribute, item: Range) -> Range:
    kind = attribute.kind
    if not kind.has_ranges:
        raise ValueError(f"{attribute.label} is a {kind.value}, which has no ranges")
    if item.low is None and item.high is None:
        raise ValueError("a range has one end or two")
    low = None if item.low is None else _scalar(attribute, item.low)
    high = None if item.high is None else _scalar(attribute, item.high)
    if low is not None and high is not None:
        _check_ends(attribute, low, high, item.after_low or item.before_high)
    return Range(low, high, low is not None and item.after_low,
                 high is not None and item.before_high)  # fmt: skip


def _check_ends(attribute: Attribute, low: Scalar, high: Scalar, strict: bool) -> None:
    kind = attribute.kind
    first, last = order_key(kind, low), order_key(kind, high)
    if kind is AttributeKind.ADDRESS and first[0] != last[0]:
        raise ValueError("the ends of a range are of two versions of IP")
    if kind is AttributeKind.DATE and not (is_day(low) and is_day(high)):
        # a query's time zone, not known here, may bring them into the other order
        empty = first[0] > last[0] + 2 * DAY_MS
    else:
        empty = first > last or (first == last and strict)
    if empty:
        raise ValueError("nothing lies in this range: it begins after its end")


def _value(attribute: Attribute, item: Any, span: Span | None) -> str | int | float | bool:
    match attribute.kind:
        case AttributeKind.FLAG:
            return _flag(attribute, item)
        case AttributeKind.TEXT:
            return _text(attribute, item)
        case AttributeKind.CHOICE:
            return _choice(attribute, _text(attribute, item), span)
        case AttributeKind.ADDRESS:
            return _address(_text(attribute, item))
    return _scalar(attribute, item)


def _flag(attribute: Attribute, item: Any) -> bool:
    found = yes_or_no(item) if isinstance(item, str) else item
    if not isinstance(found, bool):
        raise ValueError(f"{attribute.label} is yes or no, not '{item}'")
    return found


def _text(attribute: Attribute, item: Any) -> str:
    if isinstance(item, bool) or not isinstance(item, str | int):
        raise ValueError(f"{attribute.label} is a {attribute.kind.value}, not {item!r}")
    _check_characters(str(item), None)
    return str(item)


def _choice(attribute: Attribute, text: str, span: Span | None) -> str:
    if attribute.cases:
        known = choice(attribute, text)
        if known is None:
            raise unlisted(attribute, text, span)
        return known
    return text


def _address(text: str) -> str:
    """Return an address or a network; what is neither, such as one that was masked, as it is."""
    if is_network(text):
        return network(text)
    try:
        return address(text)
    except ValueError:
        return text


def _scalar(attribute: Attribute, item: Any) -> Scalar:
    kind = attribute.kind
    if isinstance(item, datetime):
        from usql.timeframe import to_ms

        item = to_ms(item)
    if isinstance(item, str):
        return read_scalar(kind, item.strip())
    ordered: dict[AttributeKind, Callable[[Any], bool]] = {
        AttributeKind.DECIMAL: lambda value: isinstance(value, int | float),
        AttributeKind.WHOLE: lambda value: isinstance(value, int),
        AttributeKind.DATE: lambda value: isinstance(value, int) and abs(value) < 10**16,
        AttributeKind.DURATION: lambda value: isinstance(value, int) and value >= 0,
    }
    if isinstance(item, bool) or kind not in ordered or not ordered[kind](item):
        raise ValueError(f"{attribute.label} is a {kind.value}, not {item!r}")
    if kind is AttributeKind.DECIMAL:
        return read_scalar(kind, repr(float(item)))
    if kind is AttributeKind.WHOLE:
        return read_scalar(kind, str(item))
    return int(item)


def _check_characters(text: str, span: Span | None) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadSegment(
            f"U+{ord(text[error.start]):04X} is half of a character", span, hint="leave it out"
        ) from None
