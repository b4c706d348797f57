"""Apdex by any dimension, as stored or by rules, alone or next to other sessions or times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from usql.analysis.asking import Asker, Choice, Options, Where, select
from usql.analysis.dimensions import Dimension
from usql.analysis.report import SHARE, TEXT, Report, table
from usql.analysis.rules import Rules
from usql.analysis.satisfaction import FIGURES, Satisfaction
from usql.record import Record
from usql.timeframe import TimeframeLike

if TYPE_CHECKING:
    from usql.engine import Database
    from usql.result import Result

MOST = 50
"""Groups that are told of, unless another number is asked for."""
Key = tuple[Any, ...]


class ApdexRow(Record):
    """How satisfied people were in one group of actions.

    Attributes:
        key: the value of each dimension.
        satisfaction: the Apdex of the group.
        against: of the same group on the other side of a comparison, where there is one.
        change: how much higher the Apdex is than there; ``None`` where one of them is unknown.
    """

    key: Key
    satisfaction: Satisfaction
    against: Satisfaction | None = None
    change: float | None = None

    @classmethod
    def of(cls, key: Key, here: Satisfaction, there: Satisfaction | None) -> ApdexRow:
        """Return a row with what follows from its two sides."""
        if there is None or here.apdex is None or there.apdex is None:
            return cls(key, here, there)
        return cls(key, here, there, here.apdex - there.apdex)


class ApdexReport(Report):
    """Apdex by dimensions.

    Attributes:
        by: the names of the dimensions.
        rows: a row per group: those of times in their order, others by falling number of actions.
        total: of all actions, those of groups that are not told of included.
    """

    by: tuple[str, ...]
    rows: tuple[ApdexRow, ...]
    total: ApdexRow

    def tables(self) -> dict[str, Result]:
        """Return the tables ``apdex`` and ``total``."""
        keys = [key_column(name, place, self.rows) for place, name in enumerate(self.by)]
        figures = self._figures()
        return {
            "apdex": table(self.rows, [*keys, *figures]),
            "total": table([self.total], figures),
        }

    def _figures(self) -> list[Any]:
        here = [(name, kind, f"satisfaction.{name}") for name, kind in FIGURES]
        if self.total.against is None:
            return here
        there: list[Any] = [
            ("change", SHARE, "change"),
            ("apdexAgainst", SHARE, lambda row: row.against.apdex),
            ("samplesAgainst", ("long", ""), lambda row: row.against.samples),
        ]
        return [*here, *there]


def key_column(name: str, place: int, rows: Iterable[Any]) -> Any:
    """Return the column of a dimension, whose type is that of its values."""
    values = [row.key[place] for row in rows if row.key[place] is not None]
    kind = TEXT
    if values and all(type(value) is int for value in values):
        kind = ("long", "")
    elif values and all(type(value) is bool for value in values):
        kind = ("boolean", "")
    return name, kind, lambda row: row.key[place]


class Side(Record):
    """One side of a comparison: some sessions, and when.

    Attributes:
        asker: asks about the timeframe.
        choice: which sessions.
    """

    asker: Asker
    choice: Choice


def sides(
    asker: Asker, where: Where, against: Where, against_timeframe: TimeframeLike
) -> tuple[Side, Side | None]:
    """Return what is asked about, and what it is compared with, if anything is.

    The other side has the same timeframe unless another is given, and the same condition likewise.
    """
    here = Side(asker, asker.checked(where))
    if against is None and against_timeframe is None:
        return here, None
    there = asker if against_timeframe is None else asker.during(against_timeframe)
    return here, Side(there, here.choice if against is None else asker.checked(against))


def apdex_report(
    db: Database,
    by: Sequence[str],
    where: Where,
    actions: str | None,
    rules: Rules | None,
    against: Where,
    against_timeframe: TimeframeLike,
    limit: int | None,
    options: Options,
) -> ApdexReport:
    """Return Apdex by dimensions."""
    asker = Asker(db, options)
    dimensions = asker.checked_dimensions(by, "useraction")
    only = asker.checked_actions(actions)
    counts = (rules or Rules()).counts
    here, there = sides(asker, where, against, against_timeframe)
    found = _found(here, dimensions, only, counts)
    other = {} if there is None else _found(there, dimensions, only, counts)
    rows = [
        ApdexRow.of(key, found.get(key, _NONE), other.get(key, _NONE) if there else None)
        for key in dict.fromkeys((*found, *other))
    ]
    total = ApdexRow.of((), _sum(found), _sum(other) if there else None)
    if not any(dimension.timed for dimension in dimensions):
        rows.sort(key=lambda r: (-r.satisfaction.samples - r.satisfaction.unknown, place(r)))
        rows, notes = cut(rows, limit)
    else:
        rows, notes = in_order(rows, dimensions), ()
    names = tuple(dimension.name for dimension in dimensions)
    return ApdexReport(names, tuple(rows), total, questions=asker.questions, notes=notes)


_NONE = Satisfaction.of()


def cut(rows: list[Any], limit: int | None) -> tuple[list[Any], tuple[str, ...]]:
    """Return the first rows, and what is to be said of it."""
    if limit is None or len(rows) <= limit:
        return rows, ()
    return rows[:limit], (f"the {limit:,} largest of {len(rows):,} groups are listed",)


def in_order(rows: list[Any], dimensions: Sequence[Dimension]) -> list[Any]:
    """Return rows of two sides in the order of their times.

    Each side comes in order; a row that the first side lacks is put where its text belongs, or its
    number. Weekdays have an order of their own.
    """

    return sorted(rows, key=place)


def place(row: Any) -> list[tuple[Any, ...]]:
    """Return what rows are ordered by, so that they come in the order of their keys."""
    return [_place(value) for value in row.key]


_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _place(value: Any) -> tuple[Any, ...]:
    if value is None:
        return (2,)
    if isinstance(value, str):
        return (1, _WEEKDAYS.index(value), "") if value in _WEEKDAYS else (1, 7, value)
    return (0, value)


def _found(
    side: Side, dimensions: Sequence[Dimension], only: tuple[str, ...], counts: tuple[str, ...]
) -> Mapping[Key, Satisfaction]:
    keys = [dimension.of_actions for dimension in dimensions]
    own = [dimension.only for dimension in dimensions if dimension.only]
    query = select(
        "useraction",
        [*keys, *counts],
        where=[*side.choice.on("useraction"), *own, *only],
        group=keys,
    )
    segments = side.choice.segments("useraction")
    rows = side.asker.ask("actions by how satisfying they were", query, segments=segments)
    width = len(keys)
    return {row[:width]: Satisfaction.counted(*row[width:]) for row in rows}


def _sum(found: Mapping[Key, Satisfaction]) -> Satisfaction:
    return sum(found.values(), Satisfaction.of())
