"""User experience scores by any dimension, as stored or by rules, alone or compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from usql.analysis.apdex import Key, Side, cut, in_order, key_column, place, sides
from usql.analysis.asking import Asker, Options, Where, select
from usql.analysis.dimensions import Dimension
from usql.analysis.report import COUNT, SHARE, Report, table
from usql.analysis.rules import Rules
from usql.experience import (
    FRUSTRATED,
    SATISFIED,
    TOLERATED,
    ApdexCounts,
    ExperienceRules,
    experience_score,
)
from usql.record import Record
from usql.timeframe import TimeframeLike

if TYPE_CHECKING:
    from usql.engine import Database
    from usql.result import Result


class Scores(Record):
    """How many sessions have which user experience score.

    Attributes:
        sessions: how many there are.
        satisfied: how many are ``SATISFIED``.
        tolerated: how many are ``TOLERATED``.
        frustrated: how many are ``FRUSTRATED``.
        undefined: how many are ``UNDEFINED``, or have none.
        frustrated_share: the share of frustrated sessions among those that have a score, from 0
            to 1; ``None`` where there are none.
    """

    sessions: int
    satisfied: int
    tolerated: int
    frustrated: int
    undefined: int
    frustrated_share: float | None

    @classmethod
    def of(cls, counts: Mapping[str | None, int]) -> Scores:
        """Return what follows from numbers of sessions by score.

        >>> Scores.of({"SATISFIED": 3, "FRUSTRATED": 1, None: 4}).frustrated_share
        0.25
        """
        sessions = sum(counts.values())
        known = [counts.get(score, 0) for score in (SATISFIED, TOLERATED, FRUSTRATED)]
        share = known[2] / sum(known) if sum(known) else None
        return cls(sessions, known[0], known[1], known[2], sessions - sum(known), share)


class ScoreRow(Record):
    """The scores of one group of sessions.

    Attributes:
        key: the value of each dimension.
        scores: of the group.
        against: of the same group on the other side of a comparison, where there is one.
        change: how much larger the share of frustrated sessions is than there.
    """

    key: Key
    scores: Scores
    against: Scores | None = None
    change: float | None = None

    @classmethod
    def of(cls, key: Key, here: Scores, there: Scores | None) -> ScoreRow:
        """Return a row with what follows from its two sides."""
        if there is None or here.frustrated_share is None or there.frustrated_share is None:
            return cls(key, here, there)
        return cls(key, here, there, here.frustrated_share - there.frustrated_share)


class ScoreReport(Report):
    """User experience scores by dimensions.

    Attributes:
        by: the names of the dimensions.
        rows: a row per group: those of times in their order, others by falling number of sessions.
        total: of all sessions, each counted once.
    """

    by: tuple[str, ...]
    rows: tuple[ScoreRow, ...]
    total: ScoreRow

    def tables(self) -> dict[str, Result]:
        """Return the tables ``scores`` and ``total``."""
        keys = [key_column(name, place, self.rows) for place, name in enumerate(self.by)]
        figures = self._figures()
        return {
            "scores": table(self.rows, [*keys, *figures]),
            "total": table([self.total], figures),
        }

    def _figures(self) -> list[Any]:
        columns: list[Any] = [
            *(
                (name, COUNT, f"scores.{name}")
                for name in ("sessions", "satisfied", "tolerated", "frustrated", "undefined")
            ),
            ("frustratedShare", SHARE, "scores.frustrated_share"),
        ]
        if self.total.against is not None:
            columns += [
                ("change", SHARE, "change"),
                ("frustratedShareAgainst", SHARE, lambda r: r.against.frustrated_share),
                ("sessionsAgainst", COUNT, lambda row: row.against.sessions),
            ]
        return columns


def score_report(
    db: Database,
    by: Sequence[str],
    where: Where,
    rules: Rules | None,
    against: Where,
    against_timeframe: TimeframeLike,
    limit: int | None,
    options: Options,
) -> ScoreReport:
    """Return user experience scores by dimensions."""
    asker = Asker(db, options)
    dimensions = asker.checked_dimensions(by, "usersession")
    here, there = sides(asker, where, against, against_timeframe)
    found, all_here = _scored(here, dimensions, rules)
    other, all_there = ({}, None) if there is None else _scored(there, dimensions, rules)
    none = Scores.of({})
    rows = [
        ScoreRow.of(key, found.get(key, none), other.get(key, none) if there else None)
        for key in dict.fromkeys((*found, *other))
    ]
    notes: tuple[str, ...] = ()
    if any(dimension.timed for dimension in dimensions):
        rows = in_order(rows, dimensions)
    else:
        rows.sort(key=lambda row: (-row.scores.sessions, place(row)))
        rows, notes = cut(rows, limit)
    total = ScoreRow.of((), all_here, all_there)
    names = tuple(dimension.name for dimension in dimensions)
    return ScoreReport(names, tuple(rows), total, questions=asker.questions, notes=notes)


_Counted = tuple[Mapping[Key, Scores], Scores]


def _scored(side: Side, dimensions: Sequence[Dimension], rules: Rules | None) -> _Counted:
    return _stored(side, dimensions) if rules is None else _recomputed(side, dimensions, rules)


def _stored(side: Side, dimensions: Sequence[Dimension]) -> _Counted:
    keys = [dimension.of_sessions for dimension in dimensions]
    groups: dict[Key, Counter[str | None]] = {}
    for *key, score, sessions in _grouped(side, keys):
        groups.setdefault(tuple(key), Counter())[score] += sessions
    found = {key: Scores.of(counts) for key, counts in groups.items()}
    if not dimensions:
        return {}, found.get((), Scores.of({}))
    return found, Scores.of({score: sessions for score, sessions in _grouped(side, [])})  # noqa: C416


def _grouped(side: Side, keys: Sequence[str]) -> list[tuple[Any, ...]]:
    query = select(
        "usersession",
        [*keys, "userExperienceScore", "COUNT(*) AS sessions"],
        where=side.choice.on(),
        group=[*keys, "userExperienceScore"],
    )
    return side.asker.ask("sessions by score", query).rows


# --- by rules ------------------------------------------------------------------------------------

_IDENTITY = ("userSessionId", "startTime", "partNumber")


def _recomputed(side: Side, dimensions: Sequence[Dimension], rules: Rules) -> _Counted:
    actions = _actions(side, rules)
    keys = [dimension.of_sessions for dimension in dimensions]
    query = select(
        "usersession",
        [*_IDENTITY, *_TROUBLES, *keys],
        where=side.choice.on(),
    )
    groups: dict[Key, Counter[str | None]] = {}
    total: Counter[str | None] = Counter()
    for row in side.asker.ask("what else counts in a score", query):
        identity, troubles, values = row[:3], row[3:7], row[7:]
        score = _score(actions.get(identity, ApdexCounts()), troubles, rules.experience)
        total[score] += 1
        for key in _keys(values):
            groups.setdefault(key, Counter())[score] += 1
    found = {key: Scores.of(counts) for key, counts in groups.items()} if dimensions else {}
    return found, Scores.of(total)


_TROUBLES = ("totalErrorCount", "hasCrash", "numberOfRageClicks", "numberOfRageTaps")


def _actions(side: Side, rules: Rules) -> Mapping[Key, ApdexCounts]:
    keys = [f"usersession.{name}" for name in _IDENTITY]
    query = select(
        "useraction",
        [*keys, *rules.counts[1:]],
        where=side.choice.on("useraction"),
        group=keys,
    )
    rows = side.asker.ask(
        "actions of each session, by how satisfying they were",
        query,
        segments=side.choice.segments("useraction"),
    )
    return {row[:3]: ApdexCounts(*row[3:]) for row in rows}


def _score(actions: ApdexCounts, troubles: Sequence[Any], rules: ExperienceRules) -> str:
    return score_of(
        actions,
        errors=troubles[0],
        crashed=troubles[1],
        rages=(troubles[2] or 0) + (troubles[3] or 0),
        rules=rules,
    )


def score_of(
    actions: ApdexCounts,
    *,
    errors: int | None,
    crashed: bool | None,
    rages: int,
    rules: ExperienceRules,
) -> str:
    """Return the user experience score of a session by its own fields.

    Args:
        actions: how satisfying they were.
        errors: ``totalErrorCount``, in which a crash is counted.
        crashed: ``hasCrash``; more than one crash counts as one.
        rages: rage clicks and taps.
        rules: weights and thresholds.
    """
    crashes = int(bool(crashed))
    return experience_score(
        actions,
        errors=max(0, (errors or 0) - crashes),
        rages=rages,
        crashes=crashes,
        rules=rules,
    )


def _keys(values: Sequence[Any]) -> Iterator[Key]:
    """Yield the groups of a session: one for each combination of distinct values."""
    from itertools import product

    return product(*(_distinct(value) for value in values))


def _distinct(value: Any) -> list[Any]:
    if isinstance(value, list):
        return list(dict.fromkeys(value)) or [None]
    return [value]
