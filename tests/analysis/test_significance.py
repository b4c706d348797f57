"""Tests of significance, against exact fractions and published figures."""

from __future__ import annotations

import math
from fractions import Fraction
from random import Random

import pytest

from usql.analysis.significance import corrected, effect, two_shares


def exact(a: int, m: int, b: int, n: int) -> float:
    """Fisher's exact test, with whole numbers."""
    ways = {
        k: math.comb(m, k) * math.comb(n, a + b - k)
        for k in range(a + b + 1)
        if k <= m and a + b - k <= n
    }
    likely = sum(w for w in ways.values() if w <= ways[a])
    return float(Fraction(likely, sum(ways.values())))


@pytest.mark.parametrize("seed", range(5))
def test_few_are_tested_exactly(seed: int) -> None:
    random = Random(seed)
    tried = 0
    while tried < 60:
        m, n = random.randint(1, 60), random.choice([7, 40, 3000])
        a, b = random.randint(0, m), random.randint(0, min(n, 40))
        have, rest = a + b, m + n - a - b
        few = any(Fraction(group * part, m + n) < 5 for group in (m, n) for part in (have, rest))
        p, test = two_shares(a, m, b, n) if have and rest else (0.0, "")
        if not test:
            continue
        assert test == ("fisher" if few else "z")
        if few:
            tried += 1
            assert p == pytest.approx(exact(a, m, b, n), rel=1e-8)


def test_the_lady_who_tasted_tea() -> None:
    # Fisher, The Design of Experiments: 3 of 4 cups told right; both tails together.
    assert two_shares(3, 4, 1, 4) == (pytest.approx(34 / 70), "fisher")
    assert two_shares(4, 4, 0, 4) == (pytest.approx(2 / 70), "fisher")


def test_many_are_tested_by_z() -> None:
    # NIST/SEMATECH e-Handbook, 7.3.3: 38 of 200 against 57 of 200 is z = 2.35 (rounded there).
    p, test = two_shares(38, 200, 57, 200)
    pooled = 95 / 400
    z = (57 / 200 - 38 / 200) / math.sqrt(pooled * (1 - pooled) * 2 / 200)
    assert test == "z"
    assert z == pytest.approx(2.232, abs=0.001)
    assert p == pytest.approx(0.0256, abs=0.0001)  # of a table of the normal distribution
    assert two_shares(38, 200, 38, 200) == (1.0, "z")


def test_corrected_as_benjamini_and_hochberg_do() -> None:
    # The fifteen p-values of their paper, section 4.1: at 0.05 four of them are significant.
    published = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
    published += [0.4262, 0.5719, 0.6528, 0.7590, 1.000]
    shuffled = Random(1).sample(published, len(published))
    made = dict(zip(shuffled, corrected(shuffled), strict=True))
    assert [p for p in published if made[p] <= 0.05] == published[:4]
    assert made[0.0095] == pytest.approx(0.0095 * 15 / 4)
    assert made[0.0201] == pytest.approx(min(0.0201 * 15 / 5, 0.0344 * 15 / 8))
    assert corrected([]) == []


def test_effect() -> None:
    assert effect(0.3, 0.3) == 0
    assert effect(1, 0) == pytest.approx(math.pi)
    assert effect(0.25, 0.5) == pytest.approx(-math.pi / 6)
