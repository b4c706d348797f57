"""Every case of `tests/cases` on the other engines: a query means the same on each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cases import answers
from cases.reader import Entry
from test_cases import CASES, DATA

import usql


@pytest.fixture(scope="module", params=["duckdb", "parquet", "chdb"])
def db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    engine = "duckdb" if request.param == "parquet" else request.param
    pytest.importorskip(engine, reason=f"the engine {engine} is not installed")
    place = tmp_path_factory.mktemp("engine") / "store"
    if request.param == "parquet":
        with usql.connect() as source:
            source.import_files([DATA])
            source.export_files(place, format="parquet")
    with usql.connect(f"{request.param}:{place}") as opened:
        if request.param != "parquet":
            opened.import_files([DATA])
        yield opened


@pytest.mark.parametrize("entry", CASES, ids=str)
def test_the_same_answer(entry: Entry, db: Any) -> None:
    assert answers.difference(answers.expected(entry), answers.given(entry, db)) is None
