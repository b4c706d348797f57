"""Folders of Parquet, queried in place, against the referee: queries as SQLite and DuckDB have."""

from __future__ import annotations

import pytest

from .compare import run

pytest.importorskip("duckdb", reason="the engine duckdb is not installed")

COUNT = 200
SEED = 20_240_331
SESSIONS = 40


def test_parquet_agrees_with_the_referee() -> None:
    found = [f for f in run(SEED, 0, COUNT, SESSIONS, "parquet") if f is not None]
    assert not found, "\n".join(map(str, found))
