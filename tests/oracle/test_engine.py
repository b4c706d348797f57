"""The engine against the referee, on 2,000 queries of a fixed seed.

`python -m tests.oracle` runs as many as one likes; a number shown here can be run alone with its
`--seed`, `--first` and `--count 1`.
"""

from __future__ import annotations

import pytest

from .compare import run

SEED = 20_240_331
CHUNK = 100
SESSIONS = 40


@pytest.mark.parametrize(
    "first", range(0, 2_000, CHUNK), ids=lambda first: f"seed{SEED}-from{first}"
)
def test_engine_agrees_with_the_referee(first: int) -> None:
    differences = [found for found in run(SEED, first, CHUNK, SESSIONS) if found is not None]
    assert not differences, "\n".join(map(str, differences))
