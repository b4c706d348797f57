"""How many sessions have which value of which attribute, counted for many attributes at once.

Attributes with few values are grouped together in one query and summed up here: each query of its
own would read all sessions again. Whole numbers are grouped as well, and put into ranges here;
lengths of time, of which there are nearly as many as sessions, are counted by ranges, an aggregate
with a condition for each. Some of the sessions are counted in the same query as all of them,
wherever that is quicker than to ask twice. All queries run at the same time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from usql.analysis.apdex import Side
from usql.analysis.asking import Choice, select
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
        whole = self.attribute.kind is AttributeKind.WHOLE
        ends = self._ends
        ranges = [
            _range(low, high, whole) for low, high in zip((None, *ends), (*ends, None), strict=True)
        ]
        return {**{self._written(item): item for item in ranges}, None: Presence(False)}

    @property
    def in_ranges(self) -> bool:
        """Whether it is counted by a condition for each range."""
        return self.attribute.kind is not AttributeKind.WHOLE and bool(
            self.items and not self.attribute.cases
        )

    def listed(self, value: Scalar) -> Scalar:
        """Return what a value is counted as: itself, or the name of its range.

        >>> measure("User action count").listed(7)
        '5 to 9'
        """
        if value is None or not self._ranges:
            return value
        return self._ranges[bisect_right(self._ends, value)]

    @cached_property
    def _ranges(self) -> tuple[Scalar, ...]:
        """The names of the ranges of whole numbers, in their order."""
        if self.attribute.kind is not AttributeKind.WHOLE:
            return ()
        return tuple(name for name in self.items if name is not None)

    @property
    def _ends(self) -> tuple[int, ...]:
        return _ENDS.get(self.attribute.field, _ENDS_OF_COUNTS)

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


class Tally(Record):
    """What was counted of some sessions.

    Attributes:
        totals: how many there are, by time.
        values: how many have which value, and when, of each attribute.
    """

    totals: Mapping[Scalar, int]
    values: Mapping[Measure, Counts]

    @property
    def sessions(self) -> int:
        """How many there are."""
        return sum(self.totals.values())

    def without(self, other: Tally) -> Tally:
        """Return what is left when the sessions of another are taken away."""
        return Tally(
            Counter(self.totals) - Counter(other.totals),
            {
                each: Counter(counts) - Counter(other.values[each])
                for each, counts in self.values.items()
            },
        )


def tally(
    side: Side, measures: Sequence[Measure], time: str, within: Choice | None = None
) -> tuple[Tally, Tally]:
    """Return how many sessions have which values, and when.

    Args:
        side: which sessions.
        measures: what of them.
        time: an expression that sessions are told apart by as well, or "".
        within: which of the sessions the second tally is of; all unless given.
    """
    asked = list(_queries(side, measures, time, within))
    results = side.asker.ask_all([(each.title, each.text) for each in asked])
    whole, part = _Sums(measures), _Sums(measures)
    for each, result in zip(asked, results, strict=True):
        each.add(result.rows, whole, part)
    return whole.tally(), part.tally()


class _Sums:
    """What has been counted so far."""

    def __init__(self, measures: Iterable[Measure]) -> None:
        self.totals: Counter[Scalar] = Counter()
        self.values = {each: Counter[tuple[Scalar, Scalar]]() for each in measures}

    def tally(self) -> Tally:
        for each, counts in self.values.items():
            if _says_no(each):
                for when, sessions in self.totals.items():
                    if left := sessions - counts["yes", when]:
                        counts["no", when] = left
        return Tally(dict(self.totals), dict(self.values))


def _says_no(each: Measure) -> bool:
    """Whether sessions that are not counted as one value have the other."""
    return bool(each.attribute.cases) and each.attribute.kind is AttributeKind.FLAG


class _Query(Record):
    """A query, and what its columns count.

    Attributes:
        title: what it is for.
        fields: what sessions are grouped by.
        counts: of each count the attribute and its value, or ``None``: all sessions of a group.
        text: the query.
        timed: whether the time comes behind the fields.
        of: whose sessions each row has in its last columns: all, some, or first all and then some.
    """

    title: str
    fields: tuple[Measure, ...]
    counts: tuple[tuple[Measure, Scalar] | None, ...]
    text: str
    timed: bool
    of: str

    def add(self, rows: Iterable[tuple[Any, ...]], whole: _Sums, part: _Sums) -> None:
        """Add what was counted."""
        sides = {_ALL: (whole,), _SOME: (part,), _BOTH: (whole, part)}[self.of]
        width = len(self.fields)
        for row in rows:
            when = row[width] if self.timed else None
            numbers = row[width + self.timed :]
            for place, sums in enumerate(sides):
                own = numbers[place * len(self.counts) : (place + 1) * len(self.counts)]
                self._add(row[:width], when, own, sums)

    def _add(
        self, values: Sequence[Scalar], when: Scalar, numbers: Sequence[int], sums: _Sums
    ) -> None:
        for counted, sessions in zip(self.counts, numbers, strict=True):
            if not sessions:
                continue
            if counted is not None:
                sums.values[counted[0]][counted[1], when] += sessions
            elif not self.fields:
                sums.totals[when] += sessions
            for each, value in zip(self.fields, values, strict=True):
                sums.values[each][each.listed(value), when] += sessions


_ALL, _SOME, _BOTH = "all", "some", "both"


def _queries(
    side: Side, measures: Sequence[Measure], time: str, within: Choice | None
) -> Iterator[_Query]:
    """Yield the queries; those that take long come early, since all run at the same time."""

    def query(
        title: str,
        fields: Sequence[Measure] = (),
        items: Sequence[tuple[Measure, Scalar, str]] = (),
        where: Sequence[str] = (),
        of: str = _ALL,
    ) -> _Query:
        some = within.on() if within is not None else ()
        keys = dict.fromkeys([*(each.field for each in fields), *([time] if time else [])])
        counts = [f"CONDITION(COUNT(*), WHERE {text})" for _, _, text in items] or ["COUNT(*)"]
        if of == _BOTH and some:
            counts.append(f"CONDITION(COUNT(*), WHERE {some[0]})")
        text = select(
            "usersession",
            [*keys, *counts],
            where=[*side.choice.on(), *(some if of == _SOME else ()), *where],
            group=keys,
        )
        counted = tuple((each, value) for each, value, _ in items) or (None,)
        return _Query(title, tuple(fields), counted, text, bool(time), of)

    apart = [_ALL] if within is None else [_ALL, _SOME]
    both = _ALL if within is None else _BOTH
    yield query("how many there are", of=both)
    for each in measures:
        if each.attribute.many:
            yield from (query(f"sessions by {each.name}", [each], of=of) for of in apart)
    for together in _groups(measures):
        yield query(f"sessions by {_names(together)}", together, of=both)
    ranges = [
        (each, value, each.filter(value).to_usql())
        for each in measures
        if each.in_ranges
        for value in each.items
    ]
    for some in _batches(ranges, _CONDITIONS):
        title = f"sessions by {_names(dict.fromkeys(each for each, _, _ in some))}"
        yield from (query(title, items=some, of=of) for of in apart)
    for each in measures:
        for value, condition in each.attribute.cases[: 1 if _says_no(each) else None]:
            found = query(f"sessions with {each.name}: {value}", where=[condition], of=both)
            yield replace(found, counts=((each, value),))


def _groups(measures: Sequence[Measure]) -> Iterator[tuple[Measure, ...]]:
    """Yield attributes that are grouped by together."""
    single = [
        each
        for each in measures
        if not (each.attribute.many or each.attribute.cases or each.in_ranges)
    ]
    for numbers in (False, True):
        yield from _batches([each for each in single if bool(each.items) is numbers], _TOGETHER)


def _names(measures: Iterable[Measure]) -> str:
    return ", ".join(each.name for each in measures)


def _batches(items: Sequence[T], size: int) -> Iterator[tuple[T, ...]]:
    for start in range(0, len(items), size):
        yield tuple(items[start : start + size])
