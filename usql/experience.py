"""Apdex and the user experience score: pure functions over counts, thresholds as data.

What arrives: how many actions of each category, errors, rage clicks and crashes there were. What
leaves: a figure, a rating or a category. Nothing here knows of stores or queries.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SATISFIED = "SATISFIED"
TOLERATING = "TOLERATING"
TOLERATED = "TOLERATED"
FRUSTRATED = "FRUSTRATED"
UNKNOWN = "UNKNOWN"
UNDEFINED = "UNDEFINED"

RATINGS = (
    (0.94, "excellent"),
    (0.85, "good"),
    (0.7, "fair"),
    (0.5, "poor"),
    (0.0, "unacceptable"),
)
"""From which Apdex on, highest first, and what to call it."""


@dataclass(frozen=True, slots=True)
class ApdexLimits:
    """Which durations satisfy; an action with an error always frustrates.

    Attributes:
        satisfied: longest duration that satisfies, in ms.
        tolerated: longest duration that is tolerated, in ms.
    """

    satisfied: int = 3_000
    tolerated: int = 12_000

    def category(self, duration: int | None, *, failed: bool = False) -> str:
        """Return the category of an action.

        Args:
            duration: in ms, or ``None`` if it is not known.
            failed: whether it had an error.

        >>> ApdexLimits().category(3_001)
        'TOLERATING'
        """
        if failed:
            return FRUSTRATED
        if duration is None:
            return UNKNOWN
        if duration <= self.satisfied:
            return SATISFIED
        return TOLERATING if duration <= self.tolerated else FRUSTRATED


@dataclass(frozen=True, slots=True)
class ApdexCounts:
    """How many actions there are of each category that counts; unknown ones do not."""

    satisfied: int = 0
    tolerating: int = 0
    frustrated: int = 0

    @classmethod
    def of(cls, categories: Iterable[str | None]) -> ApdexCounts:
        """Return the counts of values of ``apdexCategory``.

        >>> ApdexCounts.of(["SATISFIED", "UNKNOWN", None, "FRUSTRATED"])
        ApdexCounts(satisfied=1, tolerating=0, frustrated=1)
        """
        found = list(categories)
        return cls(found.count(SATISFIED), found.count(TOLERATING), found.count(FRUSTRATED))

    @property
    def total(self) -> int:
        """How many actions count."""
        return self.satisfied + self.tolerating + self.frustrated

    @property
    def apdex(self) -> float | None:
        """The Apdex, from 0 to 1, or ``None`` of no actions.

        >>> ApdexCounts(satisfied=1, tolerating=1).apdex
        0.75
        """
        return (self.satisfied + self.tolerating / 2) / self.total if self.total else None


def rating(apdex: float) -> str:
    """Return what an Apdex is called.

    >>> [rating(value) for value in (0.94, 0.93, 0.5, 0.1)]
    ['excellent', 'good', 'poor', 'unacceptable']
    """
    return next((name for least, name in RATINGS if apdex >= least), RATINGS[-1][1])


@dataclass(frozen=True, slots=True)
class ExperienceRules:
    """What counts how much in the user experience score.

    Attributes:
        action: weight of an action, on the side of its category.
        error: weight of an error, which frustrates.
        rage: weight of a rage click or tap, which frustrates.
        crash: weight of a crash, which frustrates.
        frustrated: the share of frustrated weight above which a session is frustrated.
        satisfied: the least share of satisfied weight of a satisfied session.
    """

    action: float = 3
    error: float = 1
    rage: float = 2
    crash: float = 5_000
    frustrated: float = 0.3
    satisfied: float = 0.5


def experience_score(
    actions: ApdexCounts,
    *,
    errors: int = 0,
    rages: int = 0,
    crashes: int = 0,
    rules: ExperienceRules | None = None,
) -> str:
    """Return the user experience score of a session.

    Args:
        actions: of the session.
        errors: how many it had, without crashes.
        rages: how many rage clicks and rage taps.
        crashes: how many.
        rules: weights and thresholds; the usual ones unless given.

    Returns:
        ``FRUSTRATED``, ``SATISFIED``, ``TOLERATED``, or ``UNDEFINED`` where nothing counts.

    >>> experience_score(ApdexCounts(satisfied=2))
    'SATISFIED'
    >>> experience_score(ApdexCounts(satisfied=2), errors=1)
    'TOLERATED'
    """
    rules = rules or ExperienceRules()
    frustrated = (
        actions.frustrated * rules.action
        + errors * rules.error
        + rages * rules.rage
        + crashes * rules.crash
    )
    satisfied = actions.satisfied * rules.action
    total = satisfied + actions.tolerating * rules.action + frustrated
    if not (actions.total or errors or rages or crashes) or total <= 0:
        return UNDEFINED
    if frustrated > rules.frustrated * total:
        return FRUSTRATED
    spotless = not (actions.frustrated or errors or rages or crashes)
    return SATISFIED if spotless and satisfied >= rules.satisfied * total else TOLERATED
