"""Filters -> the text of a segment; ``reading`` takes it back."""

from __future__ import annotations

from collections.abc import Iterable

from usql.segments.catalogue import AttributeKind
from usql.segments.checking import choice
from usql.segments.filters import Filter, Item, Pattern, Presence, Range, Value
from usql.segments.values import address, is_network, write_scalar

ANY, NONE, NOT, LIKE, AND = "any", "none", "not", "like", "and"
OPERATORS = "<>=≤≥"
QUOTES = "'\"‘’‚‛“”„‟"
_ENDS = ",;\n\r"


def segment_text(filters: Iterable[Filter]) -> str:
    """Return the text of filters that all have to hold."""
    return "; ".join(map(filter_text, filters))


def filter_text(wanted: Filter) -> str:
    """Return the text of one filter."""
    attribute = wanted.attribute
    name = f"{attribute.label} {_key(wanted.key)}" if attribute.keyed else attribute.label
    items = ", ".join(_item(wanted, item) for item in wanted.items)
    return f"{'not ' if wanted.negated else ''}{name}: {items}"


def quoted(text: str) -> str:
    """Return a text between quotes; a quote within is doubled."""
    return '"' + text.replace('"', '""') + '"'


def _key(key: str) -> str:
    plain = key.isprintable() and key.split() == [key] and key[0] not in QUOTES
    return quoted(key) if not plain or any(c in key for c in ":;,.") else key


def _item(wanted: Filter, item: Item) -> str:
    kind = wanted.attribute.kind
    match item:
        case Presence(present=present):
            return "any" if present else "none"
        case Pattern(text=text):
            plain = "*" in text and not _has_meaning(text.replace("*", "x"))
            return text if plain else f"{LIKE} {quoted(text)}"
        case Range():
            return _range(kind, item)
        case Value(value=bool(value)):
            return "yes" if value else "no"
        case Value(value=str(value)) if not kind.has_ranges:
            listed = kind is AttributeKind.CHOICE and choice(wanted.attribute, value) != value
            return quoted(value) if listed or _has_meaning(value) else value
        case Value(value=str(value)) if kind is AttributeKind.ADDRESS:
            return value if is_network(value) or _is_address(value) else quoted(value)
        case Value(value=value):
            return write_scalar(kind, value)


def _is_address(text: str) -> bool:
    try:
        return bool(address(text))
    except ValueError:
        return False


def _has_meaning(text: str) -> bool:
    """Whether a value would be read as something else if it stood without quotes."""
    return (
        text != text.strip()
        or not text
        or not text.isprintable()
        or text[0] in OPERATORS + QUOTES
        or any(c in text for c in _ENDS + "*")
        or text.casefold() in (ANY, NONE)
        or text.split()[0].casefold() in (NOT, LIKE)
    )


def _range(kind: AttributeKind, item: Range) -> str:
    if item.low is not None and item.high is not None:
        low, high = write_scalar(kind, item.low), write_scalar(kind, item.high)
        if not (item.after_low or item.before_high):
            return f"{low} to {high}"
    ends = []
    if item.low is not None:
        ends.append(f"{'>' if item.after_low else '>='} {write_scalar(kind, item.low)}")
    if item.high is not None:
        ends.append(f"{'<' if item.before_high else '<='} {write_scalar(kind, item.high)}")
    return f" {AND} ".join(ends)
