"""How many sessions have which value of which attribute, counted for many attributes at once.

Attributes with few values are grouped together in one query and summed up here: each query of its
own would read all sessions again. Numbers are counted by ranges, an aggregate with a condition for
each, again many in one query.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from usql.analysis.apdex import Side
from usql.analysis.asking import select
from usql.errors import UnknownAttribute
from usql.record import Record
from usql.segments.catalogue import Attribute, AttributeKind, attribute, attributes, names
from usql.segments.conditions import attribute_text
from usql.segments.filters import Filter, Item, Presence, Range, Value

Scalar: TypeAlias = "str | int | float | bool | None"
Counts: TypeAlias = "Mapping[tuple[Scalar, Scalar], int]"
"""Sessions by value and time; the time is ``None`` where none was asked for."""

T = TypeVar("T")

_TOGETHER = 5
"""Attributes of one query: of more, there would be nearly as many groups as sessions."""
_CONDITIONS = 40
"""Aggregates with a condition of one query."""
_OF_ONE_PERSON = frozenset({"userId", "internalUserId", "ip"})
"""Fields whose values are rarely shared by sessions of several people."""
_ENDS: Mapping[str, tuple[int, ...]] = {
    "duration": (1_000, 10_000, 30_000, 60_000, 180_000, 300_000, 600_000, 1_800_000, 3_600_000),
    "screenWidth": (480, 768, 1024, 1440, 1920, 2560),
    "screenHeight": (480, 768, 900, 1080, 1440),
}
_ENDS_OF_COUNTS = (1, 2, 3, 5, 10, 20, 50)


class Measure(Record):
    """An attribute whose values are counted.

    Attributes:
        attribute: of the catalogue of segments.
        key: of a property; "" otherwise.
    """

    attribute: Attribute
    key: str = ""

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.attribute.label} {self.key}".rstrip()

    @property
    def field(self) -> str:
        """The field as the language writes it; "" if there is none."""
        return attribute_text(self.attribute, self.key) if self.attribute.field else ""

    @property
    def items(self) -> dict[Scalar, Item]:
        """What is counted one by one, by its name; nothing where values are grouped."""
        if self.attribute.cases:
            return {value: _named(self.attribute, value) for value, _ in self.attribute.cases}
        if self.attribute.many or not self.attribute.kind.has_ranges:
            return {}
        if self.attribute.kind in (AttributeKind.ADDRESS, AttributeKind.DATE):
            return {}
        ends = _ENDS.get(self.attribute.field, _ENDS_OF_COUNTS)
        whole = self.attribute.kind is AttributeKind.WHOLE
        ranges = [
            _range(low, high, whole) for low, high in zip((None, *ends), (*ends, None), strict=True)
        ]
        return {**{self._written(item): item for item in ranges}, None: Presence(False)}

    def filter(self, value: Scalar) -> Filter:
        """Return the filter of sessions that have a value."""
        item = self.items.get(value) or (Presence(False) if value is None else Value(value))
        return Filter(self.attribute, (item,), self.key)

    def _written(self, item: Item) -> str:
        return str(Filter(self.attribute, (item,), self.key)).partition(": ")[2]


def _range(low: int | None, high: int | None, whole: bool) -> Item:
    """Return what lies from one number up to another, without it."""
    if high is None or not whole:
        return Range(low, high, before_high=high is not None)
    return Value(low) if low == high - 1 else Range(low, high - 1)


def _named(attribute: Attribute, value: str) -> Value:
    return Value(value == "yes") if attribute.kind is AttributeKind.FLAG else Value(value)


def all_measures() -> Iterator[Measure]:
    """Yield what is looked at unless told: every attribute that needs no key and is no identity."""
    for each in attributes():
        if not each.keyed and each.field not in _OF_ONE_PERSON:
            yield Measure(each)


def measure(name: str) -> Measure:
    """Return the attribute of a name, with the key of a property behind it.

    Raises:
        UnknownAttribute: there is none of that name.

    >>> measure("String property plan").field, measure("stringProperties.plan").name
    ('stringProperties.plan', 'String property plan')
    """
    written = " ".join(name.split())
    for known, found in names().items():
        key = written[len(known) :].lstrip(" .").strip('"')
        if found.keyed and key and written[: len(known)].casefold() == known:
            return Measure(found, key)
    found = attribute(name)
    if found.keyed:
        raise UnknownAttribute(
            f"{found.label} needs a key", hint=f"name it, such as {found.label} plan"
        )
    return Measure(found)


def counted(side: Side, measures: Sequence[Measure], time: str) -> dict[Measure, Counts]:
    """Return how many sessions have which values, and when.

    Args:
        side: which sessions.
        measures: what of them.
        time: an expression that sessions are told apart by as well, or "".
    """
    found: dict[Measure, Counter[tuple[Scalar, Scalar]]] = {each: Counter() for each in measures}
    for each in _queries(measures):
        if isinstance(each, _Grouping):
            _count_groups(side, each, time, found)
        else:
            _count_items(side, each, time, found)
    return dict(found)


class _Grouping(Record):
    measures: tuple[Measure, ...]


class _Counting(Record):
    items: tuple[tuple[Measure, Scalar, str], ...]


def _queries(measures: Sequence[Measure]) -> Iterator[_Grouping | _Counting]:
    grouped = [each for each in measures if not each.items]
    single = [each for each in grouped if not each.attribute.many]
    for together in _batches(single, _TOGETHER):
        yield _Grouping(together)
    yield from (_Grouping((each,)) for each in grouped if each.attribute.many)
    items = [
        (each, value, each.filter(value).to_usql()) for each in measures for value in each.items
    ]
    yield from map(_Counting, _batches(items, _CONDITIONS))


def _batches(items: Sequence[T], size: int) -> Iterator[tuple[T, ...]]:
    for start in range(0, len(items), size):
        yield tuple(items[start : start + size])


def _count_groups(
    side: Side, asked: _Grouping, time: str, found: Mapping[Measure, Counter[tuple[Scalar, Scalar]]]
) -> None:
    fields = [each.field for each in asked.measures]
    title = "sessions by " + ", ".join(each.name for each in asked.measures)
    for *values, when, sessions in _rows(side, title, fields, ["COUNT(*)"], time):
        for each, value in zip(asked.measures, values, strict=True):
            found[each][value, when] += sessions


def _count_items(
    side: Side, asked: _Counting, time: str, found: Mapping[Measure, Counter[tuple[Scalar, Scalar]]]
) -> None:
    counts = [f"CONDITION(COUNT(*), WHERE {condition})" for _, _, condition in asked.items]
    title = "sessions by " + ", ".join(dict.fromkeys(each.name for each, _, _ in asked.items))
    for when, *numbers in _rows(side, title, [], counts, time):
        for (each, value, _), sessions in zip(asked.items, numbers, strict=True):
            if sessions:
                found[each][value, when] += sessions


def totals(side: Side, time: str) -> dict[Scalar, int]:
    """Return how many sessions there are, by time."""
    return dict(_rows(side, "how many there are", [], ["COUNT(*) AS sessions"], time))


def _rows(
    side: Side, title: str, fields: Sequence[str], counts: Iterable[str], time: str
) -> Iterator[tuple[Any, ...]]:
    """Yield rows of groups: the fields, the time, the counts."""
    keys = [*fields, *([time] if time else [])]
    query = select(
        "usersession", [*keys, *counts], where=side.choice.on(), group=dict.fromkeys(keys)
    )
    place = len(fields)
    for row in side.asker.ask(title, query).rows:
        yield row if time else (*row[:place], None, *row[place:])
