"""Whether two shares differ by more than chance: the tests, and what many of them ask for.

- Two-proportion z test with the pooled share, two-sided: NIST/SEMATECH e-Handbook of Statistical
  Methods, section 7.3.3.
- Fisher's exact test, two-sided (all tables with the same margins that are no likelier): R. A.
  Fisher, *Statistical Methods for Research Workers*, 1934. It takes the place of the z test where
  an expected count is below 5, the rule of W. G. Cochran, *Biometrics* 10 (1954), 417-451.
- Correction for many comparisons: Y. Benjamini and Y. Hochberg, *Journal of the Royal Statistical
  Society* B 57 (1995), 289-300. It bounds the share of chance findings among those that are told.
- Size of a difference: h of J. Cohen, *Statistical Power Analysis for the Behavioral Sciences*,
  2nd edition, 1988, chapter 6; 0.2 is small, 0.5 medium, 0.8 large.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

LEAST_EXPECTED = 5
"""Where a count below this is expected, the exact test is used."""
_ALIKE = 1e-7
"""Tables whose probabilities differ by less, relatively, are equally likely: sums are rounded."""


def two_shares(inside: int, of_inside: int, outside: int, of_outside: int) -> tuple[float, str]:
    """Return the p-value of two shares being the same, and the test: ``z`` or ``fisher``.

    Args:
        inside: how many of the first group have something.
        of_inside: how large the first group is, at least 1.
        outside: how many of the second group have it.
        of_outside: how large the second group is, at least 1.

    >>> two_shares(45, 100, 30, 100)[1], two_shares(3, 4, 1, 4)[1]
    ('z', 'fisher')
    >>> round(two_shares(3, 4, 1, 4)[0], 4)
    0.4857
    """
    have, whole = inside + outside, of_inside + of_outside
    smallest = min(of_inside, of_outside) * min(have, whole - have) / whole
    if smallest < LEAST_EXPECTED:
        return _fisher(inside, of_inside, outside, of_outside), "fisher"
    return _z_test(inside, of_inside, outside, of_outside), "z"


def _z_test(inside: int, of_inside: int, outside: int, of_outside: int) -> float:
    pooled = (inside + outside) / (of_inside + of_outside)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / of_inside + 1 / of_outside))
    z = (inside / of_inside - outside / of_outside) / spread
    return math.erfc(abs(z) / math.sqrt(2))


def _fisher(inside: int, of_inside: int, outside: int, of_outside: int) -> float:
    have = inside + outside
    whole = of_inside + of_outside
    all_ways = _log_ways(whole, have)

    def chance(count: int) -> float:
        ways = _log_ways(of_inside, count) + _log_ways(of_outside, have - count)
        return math.exp(ways - all_ways)

    limit = chance(inside) * (1 + _ALIKE)
    possible = range(max(0, have - of_outside), min(of_inside, have) + 1)
    return min(1.0, math.fsum(p for p in map(chance, possible) if p <= limit))


def _log_ways(of: int, count: int) -> float:
    """Return the logarithm of in how many ways some can be chosen."""
    return math.lgamma(of + 1) - math.lgamma(count + 1) - math.lgamma(of - count + 1)


def corrected(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for there being many, in the same order.

    Those of at most 0.05 are findings of which at most 5 in 100 are expected to be chance.

    >>> [round(p, 3) for p in corrected([0.01, 0.04, 0.03, 0.5])]
    [0.04, 0.053, 0.053, 0.5]
    """
    many = len(p_values)
    least = 1.0
    made = [1.0] * many
    falling = sorted(range(many), key=lambda place: p_values[place], reverse=True)
    for rank, place in zip(range(many, 0, -1), falling, strict=True):
        least = min(least, p_values[place] * many / rank)
        made[place] = least
    return made


def effect(share: float, other: float) -> float:
    """Return how large a difference of shares is: Cohen's h, positive where the first is larger.

    >>> round(effect(0.5, 0.25), 3)
    0.524
    """
    return 2 * math.asin(math.sqrt(share)) - 2 * math.asin(math.sqrt(other))
