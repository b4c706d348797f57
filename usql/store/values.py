"""Values as exports write them, brought to values as a store keeps them.

What arrives: what a JSON decoder made of one field. What leaves: a value of the field's kind, or
the values of a list, with the spelling where that differs; or ``WrongValueError``.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import lt
from typing import Any

import msgspec

from usql.types import Kind

STORED: Mapping[Kind, type] = {
    Kind.STRING: str,
    Kind.ENUM: str,
    Kind.IP: str,
    Kind.LONG: int,
    Kind.DATE: int,
    Kind.BOOLEAN: bool,
    Kind.DOUBLE: float,
}
"""The type of a kind's values."""

_NOUNS = {
    Kind.STRING: "text",
    Kind.ENUM: "text",
    Kind.IP: "text",
    Kind.LONG: "a whole number",
    Kind.DATE: "a number of ms or an ISO time",
    Kind.BOOLEAN: "true or false",
    Kind.DOUBLE: "a number",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SHOWN_AT_MOST = 40


class WrongValueError(Exception):
    """A value that cannot be imported; the path to it grows on the way out."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem


ReadList = Callable[[Any], tuple[list[tuple[Any, Any]], Any]]
"""What reads a list that is not empty.

Returns pairs of last key and value, and what the list is spelled as where they don't say it.
"""


def read_texts(given: Any) -> tuple[list[tuple[Any, Any]], Any]:
    """Read a ``string[]``; its nulls are left out."""
    if type(given) is not list:
        raise WrongValueError("", expected("a list", given))
    for index, text in enumerate(given):
        if text is not None and type(text) is not str:
            raise WrongValueError(f"[{index}]", expected("text", text))
    return list(enumerate(text for text in given if text is not None)), None


@dataclass(frozen=True, slots=True)
class PropertyReader:
    """Reads properties of one kind, written as a list of keys and values or as an object."""

    kind: Kind

    def __call__(self, given: Any) -> tuple[list[tuple[Any, Any]], Any]:
        """Return the pairs of key and value, and what the list is spelled as."""
        if type(given) is dict:
            given = [{"key": key, "value": value} for key, value in given.items()]
        pairs = self._plain_pairs(given)
        if pairs is not None:
            return pairs, None
        entries = _entries(given)
        stored = {entry["key"]: self._value(entry) for entry in entries if "value" in entry}
        return list(stored.items()), _spelling(entries, stored)

    def _plain_pairs(self, given: Any) -> list[tuple[Any, Any]] | None:
        """Return the pairs of a list that says nothing else, in their order, as most lists do."""
        try:
            pairs = [(entry["key"], entry["value"]) for entry in given if len(entry) == 2]
        except (KeyError, TypeError):
            return None
        keys = [key for key, _ in pairs]
        values = [value for _, value in pairs]
        stored = STORED[self.kind]
        if (
            len(pairs) < len(given)
            or set(map(type, keys)) != {str}
            or set(map(type, values)) != {stored}
            or not all(map(lt, keys, keys[1:]))
            or (stored is int and not fits(values))
        ):
            return None
        return pairs

    def _value(self, entry: dict[str, Any]) -> Any:
        try:
            value = converted(self.kind, entry["value"])
        except WrongValueError as wrong:
            raise WrongValueError("." + entry["key"], wrong.problem) from None
        if STORED[self.kind] is int and not fits((value,)):
            raise WrongValueError("." + entry["key"], expected(_NOUNS[self.kind], value))
        return value


def _entries(given: Any) -> list[dict[str, Any]]:
    """Return the entries of a list of properties, without nulls and what is only a key."""
    if type(given) is not list:
        raise WrongValueError("", expected("a list or an object", given))
    entries = []
    for index, entry in enumerate(given):
        if type(entry) is not dict:
            raise WrongValueError(f"[{index}]", expected("an object with key and value", entry))
        if type(entry.get("key")) is not str:
            raise WrongValueError(f"[{index}].key", expected("text", entry.get("key")))
        if None in entry.values():
            entry = {name: value for name, value in entry.items() if value is not None}
        if len(entry) > 1:
            entries.append(entry)
    return entries


def _spelling(entries: list[dict[str, Any]], stored: Mapping[str, Any]) -> list[Any] | None:
    """Return what entries are spelled as: themselves, their keys, or nothing that differs."""
    if len(stored) < len(entries) or any(
        len(entry) > 2 or entry["value"] != stored[entry["key"]] for entry in entries
    ):
        return entries
    keys = list(stored)
    return None if keys == sorted(keys) else keys


def converted(kind: Kind, value: Any) -> Any:
    """Return a value as a field of a kind stores it."""
    if type(value) is STORED[kind]:
        return value
    convert = _CONVERSIONS.get((kind, type(value)))
    try:
        if convert is not None:
            return convert(value)
    except (ValueError, OverflowError):
        pass
    raise WrongValueError("", expected(_NOUNS[kind], value))


def _whole(number: float) -> int:
    if not number.is_integer():
        raise ValueError
    return int(number)


def _milliseconds(text: str) -> int:
    """Return the ms of an ISO time, rounded down; UTC unless it says otherwise.

    >>> _milliseconds("1970-01-01T01:00:01.5+01:00")
    1500
    """
    if _ISO_DATE.match(text) is None:
        raise ValueError
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MILLISECOND


_CONVERSIONS: Mapping[tuple[Kind, type], Callable[[Any], Any]] = {
    (Kind.LONG, float): _whole,
    (Kind.DATE, float): _whole,
    (Kind.DATE, str): _milliseconds,
    (Kind.DOUBLE, int): float,
}


def fits(numbers: Iterable[int | None]) -> bool:
    """Whether whole numbers are of 64 bits, as the store's are."""
    try:
        array("q", filter(None, numbers))
    except OverflowError:
        return False
    return True


def deeper_than(levels: int, value: Any) -> bool:
    """Whether lists and objects are nested deeper than so many levels."""
    layer = [value]
    for _ in range(levels):
        layer = [
            member
            for outer in layer
            if type(outer) in (dict, list)
            for member in (outer.values() if type(outer) is dict else outer)
        ]
        if not layer:
            return False
    return any(type(member) in (dict, list) for member in layer)


def expected(noun: str, value: Any) -> str:
    """Return what to say of a value that is none of what was expected."""
    return f"expected {noun}, got {_shown(value)}"


def _shown(value: Any) -> str:
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case int() if not fits((value,)):
            return "a number of more than 64 bits"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN_AT_MOST else text[:_SHOWN_AT_MOST] + "…"
