"""DuckDB against the referee: the same random queries as SQLite has."""

from __future__ import annotations

import pytest

from .compare import QUERIES_PER_DATA_SET, run

SEED = 20_240_331
SESSIONS = 40


@pytest.mark.parametrize(
    "first",
    range(0, 2000, QUERIES_PER_DATA_SET // 2),
    ids=lambda first: f"seed{SEED}-from{first}",
)
def test_duckdb_agrees_with_the_referee(first: int) -> None:
    count = min(QUERIES_PER_DATA_SET // 2, 2000 - first)
    found = [f for f in run(SEED, first, count, SESSIONS, "duckdb") if f is not None]
    assert not found, "\n".join(map(str, found))
