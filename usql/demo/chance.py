"""Chance: weighted choices, dice that give the same numbers everywhere, spreads, identifiers."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Weighted(Generic[T]):
    """A choice among items of unequal weight, with the running totals precomputed."""

    items: tuple[T, ...]
    totals: tuple[int, ...]

    @classmethod
    def of(cls, rows: Iterable[tuple[T, int]]) -> Weighted[T]:
        """Make a choice from pairs of an item and its weight."""
        pairs = tuple(rows)
        return cls(
            tuple(item for item, _ in pairs), tuple(accumulate(weight for _, weight in pairs))
        )

    def at(self, fraction: float) -> T:
        """Return the item at a fraction, 0 <= fraction < 1, of the total weight."""
        return self.items[bisect(self.totals, fraction * self.totals[-1])]


class Dice:
    """Chance, from `random.Random.random` alone."""

    __slots__ = ("random",)

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        """Return whether something of a probability happens."""
        return self.random() < probability

    def below(self, end: int) -> int:
        """Return a whole number from 0 up to, not including, the end."""
        return int(self.random() * end)

    def pick(self, choice: Weighted[T]) -> T:
        """Return an item by the weights of a choice."""
        return choice.at(self.random())

    def one_of(self, items: tuple[T, ...]) -> T:
        """Return an item of equally likely ones."""
        return items[int(self.random() * len(items))]

    def spread(self, factors: tuple[float, ...]) -> float:
        """Return a factor around 1, distributed as the quantiles given."""
        place = self.random() * (len(factors) - 1)
        index = int(place)
        low = factors[index]
        return low + (factors[index + 1] - low) * (place - index)


_NORMAL_QUANTILES = (
    0.0, 0.078, 0.157, 0.237, 0.319, 0.402, 0.489, 0.579, 0.674, 0.776, 0.887, 1.01, 1.15, 1.318,
    1.534, 1.863, 3.2,
)  # fmt: skip
"""The standard normal distribution from its median up, in steps of 1/32; the tail is cut at 3.2."""


def _log_normal(sigma: float) -> tuple[float, ...]:
    """Return quantiles of the log-normal distribution with median 1, lowest first."""
    upper = [_exp(sigma * quantile) for quantile in _NORMAL_QUANTILES]
    return tuple([1 / factor for factor in upper[:0:-1]] + upper)


def _exp(x: float) -> float:
    """Return nearly e**x, by multiplications alone: `math.exp` may differ by platform."""
    power = 1 + x / 4096
    for _ in range(12):
        power *= power
    return power


NARROW = _log_normal(0.25)
MEDIUM = _log_normal(0.6)
WIDE = _log_normal(0.9)


class Names:
    """Identifiers, unique within a data set: counters, scrambled one to one."""

    __slots__ = ("_clients", "_offset", "_people", "_sessions")

    def __init__(self, seed: int) -> None:
        self._offset = seed * 0xD1B54A32D192ED03
        self._people = self._clients = self._sessions = 0

    def person(self) -> int:
        """Return the number of a new person."""
        self._people += 1
        return self._people

    def client(self) -> str:
        """Return the identifier of a new browser profile or installed app."""
        self._clients += 1
        return f"{self._scramble(self._clients)}"

    def session(self) -> str:
        """Return the identifier of a new session."""
        self._sessions += 1
        return f"{self._scramble(self._sessions):016X}-0"

    def _scramble(self, number: int) -> int:
        return (number * 0x9E3779B97F4A7C15 + self._offset) % 2**64
