"""An Apdex with all that belongs to it: its rating and how many actions it is of."""

from __future__ import annotations

from usql.analysis.report import COUNT, SHARE, TEXT
from usql.experience import ApdexCounts, rating
from usql.record import Record

SMALL = 100
"""An Apdex of fewer actions is of a small group, as the Apdex specification (1.1) calls it."""


class Satisfaction(Record):
    """How satisfied people were with some actions.

    Attributes:
        apdex: from 0 to 1; ``None`` where nothing counts.
        rating: ``excellent``, ``good``, ``fair``, ``poor`` or ``unacceptable``.
        samples: how many actions count.
        satisfied: how many of them satisfied.
        tolerating: how many were tolerated.
        frustrated: how many frustrated.
        unknown: how many more there are, of which nothing is known.
    """

    apdex: float | None
    rating: str | None
    samples: int
    satisfied: int
    tolerating: int
    frustrated: int
    unknown: int

    @classmethod
    def of(
        cls, satisfied: int = 0, tolerating: int = 0, frustrated: int = 0, unknown: int = 0
    ) -> Satisfaction:
        """Return the figures that follow from four numbers of actions.

        >>> found = Satisfaction.of(satisfied=8, tolerating=2)
        >>> found.apdex, found.rating, found.samples, found.small
        (0.9, 'good', 10, True)
        """
        counts = ApdexCounts(satisfied, tolerating, frustrated)
        apdex = counts.apdex
        return cls(
            apdex,
            None if apdex is None else rating(apdex),
            counts.total,
            satisfied,
            tolerating,
            frustrated,
            unknown,
        )

    @classmethod
    def counted(
        cls, actions: int, satisfied: int, tolerating: int, frustrated: int
    ) -> Satisfaction:
        """Return the figures that follow from numbers of all actions, and of each category.

        They are what the columns ``Rules.counts`` of a query count.
        """
        unknown = actions - satisfied - tolerating - frustrated
        return cls.of(satisfied, tolerating, frustrated, unknown)

    @property
    def small(self) -> bool:
        """Whether it is of so few actions that it says little."""
        return self.samples < SMALL

    def __add__(self, other: Satisfaction) -> Satisfaction:
        return Satisfaction.of(
            self.satisfied + other.satisfied,
            self.tolerating + other.tolerating,
            self.frustrated + other.frustrated,
            self.unknown + other.unknown,
        )


FIGURES = (
    ("apdex", SHARE),
    ("rating", TEXT),
    ("samples", COUNT),
    ("satisfied", COUNT),
    ("tolerating", COUNT),
    ("frustrated", COUNT),
    ("unknown", COUNT),
)
"""The columns of tables, which are named as the attributes."""
