"""ClickHouse, in process, against the referee: queries as SQLite and DuckDB have."""

from __future__ import annotations

import pytest

from .compare import QUERIES_PER_DATA_SET, run

pytest.importorskip("chdb", reason="the engine chdb is not installed")

COUNT = 500
PART = QUERIES_PER_DATA_SET // 2
SEED = 20_240_331
SESSIONS = 40


@pytest.mark.parametrize(
    "first", range(0, COUNT, PART), ids=lambda first: f"seed{SEED}-from{first}"
)
def test_chdb_agrees_with_the_referee(first: int) -> None:
    count = min(PART, COUNT - first)
    found = [f for f in run(SEED, first, count, SESSIONS, "chdb") if f is not None]
    assert not found, "\n".join(map(str, found))
