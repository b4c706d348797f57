"""The remainder of doubles is exact on every engine, as C's ``fmod`` gives it."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

import usql


def _pairs() -> list[tuple[float, float]]:
    rng = random.Random(11)
    known = [(5.3, 0.1), (0.3, 0.1), (-7.5, 2.0), (7.5, -2.0), (1.0, 3.0), (1e22, 7.0), (0.0, 0.1)]
    for _ in range(300):
        dividend = rng.choice([rng.random() * 10.0 ** rng.randint(-20, 20), rng.random() * 1e12])
        divisor = rng.choice([rng.random() * 10.0 ** rng.randint(-15, 15), 0.1, 3.0])
        known.append((rng.choice([1, -1]) * dividend, rng.choice([1, -1]) * divisor))
    return known


@pytest.mark.parametrize("engine", ["sqlite", "duckdb", "chdb"])
def test_remainders_of_doubles(engine: str, tmp_path: Path) -> None:
    if engine != "sqlite":
        pytest.importorskip(engine)
    pairs = [*_pairs(), (1.5, 0.0)]
    with usql.connect(f"{engine}:{tmp_path / 'store'}") as db:
        db.import_sessions(
            {
                "userSessionId": f"{number:04}",
                "startTime": 1_700_000_000_000,
                "doubleProperties": {"a": a, "b": b},
            }
            for number, (a, b) in enumerate(pairs)
        )
        query = (
            "SELECT doubleProperties.a MOD doubleProperties.b,"
            " (doubleProperties.a MOD doubleProperties.b) MOD 0.3"
            " FROM usersession ORDER BY userSessionId"
        )
        rows = db.query(query, default_limit=None).rows
    expected = [math.fmod(a, b) for a, b in pairs[:-1]]
    assert rows == [*((m, math.fmod(m, 0.3)) for m in expected), (None, None)]
