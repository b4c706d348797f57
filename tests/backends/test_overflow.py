"""Whole numbers beyond 64 bits: the same on every engine, and never another whole number."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import usql
from usql.errors import EngineError

MOST = 2**63 - 1
SESSION = {
    "startTime": 1_700_000_000_000,
    "longProperties": [{"key": "most", "value": MOST}, {"key": "least", "value": -MOST - 1}],
    "userActions": [{"longProperties": [{"key": "most", "value": MOST}]}] * 2,
}


@pytest.fixture(scope="module", params=["sqlite", "duckdb", "chdb"])
def db(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[usql.Database]:
    if request.param != "sqlite":
        pytest.importorskip(request.param)
    with usql.connect(f"{request.param}:{tmp_path_factory.mktemp('whole') / 'store'}") as db:
        db.import_sessions([{**SESSION, "userSessionId": name} for name in "ab"])
        yield db


@pytest.mark.parametrize(
    "asked",
    [
        "SUM(longProperties.most)",
        "SUM(longProperties.least)",
        "SUM(longProperties.most) + 1",
        "SUM(useraction.longProperties.most)",
        "MAX(longProperties.most) * 2",
        "MAX(longProperties.most) + 1",
        "MIN(longProperties.least) - 1",
        "longProperties.most + 1",
        "longProperties.most * 4",
        "longProperties.least - 1",
        "0 - longProperties.least",
    ],
)
def test_what_is_beyond_is_an_error(db: usql.Database, asked: str) -> None:
    with pytest.raises(EngineError, match="beyond 64 bits"):
        db.query(f"SELECT {asked} FROM usersession")


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        ("MAX(longProperties.most)", MOST),
        ("MIN(longProperties.least)", -MOST - 1),
        ("MAX(longProperties.most) - 1", MOST - 1),
        ("MIN(longProperties.least) + 1", -MOST),
        ("MAX(longProperties.most) + MIN(longProperties.least)", -1),
    ],
)
def test_what_just_fits_is_exact(db: usql.Database, asked: str, value: int) -> None:
    assert db.query(f"SELECT {asked} FROM usersession").rows == [(value,)]


def test_an_average_needs_no_sum_that_fits(db: usql.Database) -> None:
    ((average,),) = db.query("SELECT AVG(longProperties.most) FROM usersession").rows
    assert average == pytest.approx(2.0**63)
