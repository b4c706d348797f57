"""Findings: how the values of attributes spread over sessions, and which set some apart."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from usql import ast
from usql.analysis.apdex import Side, in_order, sides
from usql.analysis.asking import Asker, Choice, Options, Where, chosen, select
from usql.analysis.counting import Counts, Measure, Scalar, Tally, all_measures, measure, tally
from usql.analysis.dimensions import DIMENSIONS, Dimension, dimension, nearest
from usql.analysis.report import COUNT, FLAG, SHARE, TEXT, Report, table
from usql.analysis.significance import corrected, effect, two_shares
from usql.errors import UnknownName
from usql.record import Record
from usql.segments.catalogue import AttributeKind
from usql.timeframe import TimeframeLike

if TYPE_CHECKING:
    from usql.engine import Database
    from usql.result import Result

LEVEL = 0.05
"""A difference is significant if its corrected p-value is not above this."""
LEAST = 5
"""Values that fewer sessions of both sides together have are not compared: nothing would follow."""


class ValueShare(Record):
    """How many sessions have one value of an attribute.

    Attributes:
        value: as stored; a range of numbers as text; ``None``: the sessions that have none.
        sessions: how many have it.
        share: of all sessions that are looked at, from 0 to 1.
        condition: on ``usersession``, of these sessions.
        over: how many have it at each of ``Findings.times``.
    """

    value: Scalar
    sessions: int
    share: float
    condition: str
    over: tuple[int, ...] = ()


class Spread(Record):
    """How the values of an attribute spread over sessions.

    A session may have several values of an attribute such as the names of user actions; shares
    then add up to more than 1.

    Attributes:
        attribute: what it is called.
        category: the group it is listed in.
        values: the most frequent first; ranges of numbers in their order.
        distinct: how many values there are, those that are not listed included.
    """

    attribute: str
    category: str
    values: tuple[ValueShare, ...]
    distinct: int


class Difference(Record):
    """A value that is more frequent, or less, in the sessions than in those they are compared with.

    Attributes:
        attribute: what it is called.
        value: as in ``ValueShare``.
        sessions: how many have it.
        share: of the sessions, from 0 to 1.
        sessions_against: how many of the others have it.
        share_against: of the others.
        lift: ``share`` divided by ``share_against``; ``None`` if none of the others has it.
        effect: how large the difference of the shares is (Cohen's h), with its sign.
        p: how likely a difference so large is by chance, in this comparison alone.
        p_corrected: the same, corrected for all comparisons that were made.
        test: ``z`` (two proportions) or ``fisher`` (exact, where few are expected).
        significant: whether ``p_corrected`` is at most 0.05.
        condition: on ``usersession``, of the sessions that have the value.
    """

    attribute: str
    value: Scalar
    sessions: int
    share: float
    sessions_against: int
    share_against: float
    lift: float | None
    effect: float
    p: float
    p_corrected: float
    test: str
    significant: bool
    condition: str


class Findings(Report):
    """What there is to see in some sessions.

    Attributes:
        sessions: how many there are.
        sessions_against: how many they are compared with; ``None`` if with none.
        differences: significant ones first, the largest effect first; then by ``p_corrected``.
        spreads: one per attribute that has a value, in the order of the catalogue.
        times: what ``over`` of the values is of, in order.
    """

    sessions: int
    sessions_against: int | None
    differences: tuple[Difference, ...]
    spreads: tuple[Spread, ...]
    times: tuple[Scalar, ...] = ()

    def tables(self) -> dict[str, Result]:
        """Return the tables ``differences`` (if compared), ``spread`` and ``over`` (of times)."""
        values = [(spread, value) for spread in self.spreads for value in spread.values]
        made = {}
        if self.sessions_against is not None:
            made["differences"] = table(self.differences, _DIFFERENCE)
        made["spread"] = table(values, _SPREAD)
        if self.times:
            cells = [
                (spread, value, when, sessions)
                for spread, value in values
                for when, sessions in zip(self.times, value.over, strict=True)
            ]
            made["over"] = table(cells, _OVER)
        return made


def _text(value: Scalar) -> str | None:
    """Return a value as text, since a column has values of many kinds."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


_DIFFERENCE: list[Any] = [
    ("attribute", TEXT, "attribute"),
    ("value", TEXT, lambda each: _text(each.value)),
    ("sessions", COUNT, "sessions"),
    ("share", SHARE, "share"),
    ("sessionsAgainst", COUNT, "sessions_against"),
    ("shareAgainst", SHARE, "share_against"),
    ("lift", SHARE, "lift"),
    ("pCorrected", SHARE, "p_corrected"),
    ("significant", FLAG, "significant"),
    ("condition", TEXT, "condition"),
]
_SPREAD: list[Any] = [
    ("attribute", TEXT, lambda each: each[0].attribute),
    ("value", TEXT, lambda each: _text(each[1].value)),
    ("sessions", COUNT, lambda each: each[1].sessions),
    ("share", SHARE, lambda each: each[1].share),
]
_OVER: list[Any] = [
    *_SPREAD[:2],
    ("time", TEXT, lambda each: _text(each[2])),
    ("sessions", COUNT, lambda each: each[3]),
]


def find(
    db: Database,
    where: Where,
    against: Where,
    against_timeframe: TimeframeLike,
    attributes: Sequence[str] | None,
    over: str | None,
    values: int,
    limit: int | None,
    options: Options,
) -> Findings:
    """Return what there is to see in sessions."""
    asker = Asker(db, options)
    here, there = sides(asker, where, against, against_timeframe)
    measures, notes = _measures(attributes, here, there)
    time = None if over is None else _time(over)
    found, other = _both(here, there, measures, time.of_sessions if time else "")
    if there is not None and there.asker.timeframe == here.asker.timeframe:
        notes += _overlap(here, there)
    times = _times(found, time)
    differences, left_out = _differences(found, other, limit) if other else ((), ())
    return Findings(
        found.sessions,
        other.sessions if other else None,
        differences,
        tuple(_spreads(found, values, times)),
        times,
        questions=asker.questions,
        notes=(*notes, *left_out),
    )


def _measures(
    names: Sequence[str] | None, here: Side, there: Side | None
) -> tuple[list[Measure], tuple[str, ...]]:
    """Return the attributes to look at, and what is to be said of them.

    Those that choose the sessions are left out, unless they are named: it is known beforehand that
    they differ.
    """
    if names is not None:
        return list(dict.fromkeys(map(measure, names))), ()
    named = {
        name
        for side in (here, there)
        if side is not None and side.choice.condition is not None
        for name in _fields(side.choice.condition)
    }
    kept: list[Measure] = []
    gone: list[Measure] = []
    for each in all_measures():
        (gone if _reads(each) & named else kept).append(each)
    if not gone:
        return kept, ()
    return kept, (
        f"left out, since the sessions are chosen by it: {', '.join(m.name for m in gone)}",
    )


def _reads(each: Measure) -> frozenset[str]:
    if not each.attribute.cases:
        return frozenset({each.field.casefold()})
    conditions = (chosen(condition).condition for _, condition in each.attribute.cases)
    return frozenset(name for c in conditions if c is not None for name in _fields(c))


def _fields(node: object) -> Iterator[str]:
    """Yield the names of all fields of a condition, seen from ``usersession``."""
    match node:
        case ast.Field(parts=parts):
            yield ".".join(parts).casefold().removeprefix("usersession.")
        case tuple():
            for item in node:
                yield from _fields(item)
        case Record():
            for part in dataclasses.fields(node):
                yield from _fields(getattr(node, part.name))


def _time(name: str) -> Dimension:
    found = dimension(name)
    if not found.timed:
        timed = [each.name for each in DIMENSIONS.values() if each.timed]
        raise UnknownName(
            f"'{name}' is no time",
            hint=f"there are {', '.join(timed)}" if name.strip() else nearest(name),
        )
    return found


def _both(
    here: Side, there: Side | None, measures: Sequence[Measure], time: str
) -> tuple[Tally, Tally | None]:
    """Return what is counted of both sides; the other is all other sessions, unless it is given."""
    if there is not None:
        return tally(here, measures, time)[0], tally(there, measures, time)[0]
    if here.choice.condition is None:
        return tally(here, measures, time)[0], None
    every, found = tally(Side(here.asker, Choice()), measures, time, within=here.choice)
    return found, every.without(found)


def _overlap(here: Side, there: Side) -> tuple[str, ...]:
    both = (*here.choice.on(), *there.choice.on())
    query = select("usersession", ["COUNT(*) AS sessions"], where=both)
    number = here.asker.ask("how many are on both sides", query).rows[0][0]
    if not number:
        return ()
    return (f"{number:,} sessions are on both sides; the tests take the sides as independent",)


def _times(found: Tally, time: Dimension | None) -> tuple[Scalar, ...]:
    if time is None:
        return ()
    return tuple(row.key[0] for row in in_order([_Key((t,)) for t in found.totals], [time]))


class _Key(Record):
    key: tuple[Scalar, ...]


def _summed(counts: Counts) -> Counter[Scalar]:
    made: Counter[Scalar] = Counter()
    for (value, _), sessions in counts.items():
        made[value] += sessions
    return made


def _spreads(found: Tally, most: int, times: Sequence[Scalar]) -> Iterator[Spread]:
    for each, counts in found.values.items():
        summed = _summed(counts)
        distinct = len(summed) - (None in summed)
        if not distinct:
            continue
        listed = [
            ValueShare(
                value,
                summed[value],
                summed[value] / found.sessions,
                each.filter(value).to_usql(),
                tuple(counts.get((value, when), 0) for when in times),
            )
            for value in _ordered(each, summed)[:most]
        ]
        yield Spread(each.name, each.attribute.category, tuple(listed), distinct)


def _ordered(each: Measure, summed: Counter[Scalar]) -> list[Scalar]:
    if each.items and not each.attribute.cases:
        return [value for value in each.items if value in summed]
    return sorted(summed, key=lambda value: (-summed[value], value is None, str(value)))


def _differences(
    found: Tally, other: Tally, limit: int | None
) -> tuple[tuple[Difference, ...], tuple[str, ...]]:
    if not (found.sessions and other.sessions):
        return (), ("one of the sides has no sessions: there is nothing to compare",)
    compared = list(_compared(found, other))
    test = cache(lambda i, o: two_shares(i, found.sessions, o, other.sessions))  # many are alike
    tests = [test(inside, outside) for _, _, inside, outside in compared]
    corrections = corrected([p for p, _ in tests])
    effects = [
        effect(inside / found.sessions, outside / other.sessions)
        for _, _, inside, outside in compared
    ]
    ranked = sorted(
        range(len(compared)), key=lambda place: _rank(corrections[place], effects[place])
    )
    listed = tuple(
        _difference(
            *compared[place],
            found.sessions,
            other.sessions,
            *tests[place],
            corrections[place],
            effects[place],
        )
        for place in ranked[:limit]
    )
    if len(listed) == len(ranked):
        return listed, ()
    return listed, (f"{len(listed):,} of {len(ranked):,} comparisons are listed",)


def _compared(found: Tally, other: Tally) -> Iterator[tuple[Measure, Scalar, int, int]]:
    """Yield all values that are compared, and how many have them.

    What every session has, on both sides, is not compared; nor the half of a question with two
    answers that says the same as the other half.
    """
    whole = found.sessions + other.sessions
    for each, counts in found.values.items():
        inside, outside = _summed(counts), _summed(other.values[each])
        enough = [
            value
            for value in _ordered(each, inside + outside)
            if LEAST <= inside[value] + outside[value] < whole
        ]
        if each.attribute.kind is AttributeKind.FLAG and None not in inside + outside:
            enough = [value for value in enough if value in (True, "yes")]
        yield from ((each, value, inside[value], outside[value]) for value in enough)


def _difference(
    each: Measure,
    value: Scalar,
    inside: int,
    outside: int,
    of_inside: int,
    of_outside: int,
    p: float,
    test: str,
    p_corrected: float,
    size: float,
) -> Difference:
    share, against = inside / of_inside, outside / of_outside
    return Difference(
        each.name,
        value,
        inside,
        share,
        outside,
        against,
        share / against if against else None,
        size,
        p,
        p_corrected,
        test,
        p_corrected <= LEVEL,
        each.filter(value).to_usql(),
    )


def _rank(p_corrected: float, size: float) -> tuple[Any, ...]:
    """Of two that are alike, the one that is more frequent in the sessions comes first."""
    order = (round(-abs(size), 9), size < 0)
    return (False, order) if p_corrected <= LEVEL else (True, p_corrected, order)
