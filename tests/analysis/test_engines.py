"""Every analysis gives the same on each engine; on SQLite it is checked against plain Python."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import usql
from tests.analysis.plain import random_store
from usql.analysis.report import Report
from usql.analysis.rules import Rules

RULES = Rules.of({"apdex": {"satisfied": 400, "tolerated": 1200}, "experience": {"rage": 5}})
BY_ACTIONS = "useraction.name IS NOT NULL AND NOT usererror.type = 'Crash'"
ANALYSES: dict[str, Callable[[usql.Database], Report]] = {
    "sessions": lambda db: db.sessions("bounce = false", order="userSessionId", limit=1000),
    "by a column": lambda db: db.sessions(order="userActionCount DESC, userSessionId", limit=7),
    "findings": lambda db: db.findings(values=1000),
    "over time": lambda db: db.findings(over="weekday", values=1000, timezone="Asia/Tokyo"),
    "differences": lambda db: db.findings("bounce = true", limit=None, values=1000),
    "sides": lambda db: db.findings(BY_ACTIONS, against="bounce = true", limit=None, values=1000),
    "apdex": lambda db: db.apdex(limit=None),
    "recomputed": lambda db: db.apdex(["action", "country"], BY_ACTIONS, rules=RULES, limit=None),
    "compared": lambda db: db.apdex("weekday", against='IN SEGMENT "bounced"'),
    "scores": lambda db: db.scores("application", rules=RULES, limit=None),
    "stored scores": lambda db: db.scores("country", BY_ACTIONS, limit=None),
}
ENGINES = {"duckdb": "duckdb:{}.duckdb", "chdb": "chdb:{}/"}


def filled(url: str, made: list[dict[str, Any]]) -> usql.Database:
    db = usql.connect(url)
    db.import_sessions(made)
    db.segments.add("bounced", "Bounced: yes")
    return db


def orderly(made: Any) -> Any:
    """Data without what nothing is said of: the order of values that are equally frequent."""
    if isinstance(made, dict):
        return {name: orderly(value) for name, value in made.items()}
    if isinstance(made, list | tuple):
        return sorted(map(orderly, made), key=repr)
    return made


@pytest.mark.parametrize(("engine", "seed"), [("duckdb", 0), ("duckdb", 1), ("chdb", 2)])
def test_the_same_on_each_engine(engine: str, seed: int, tmp_path: Path) -> None:
    if find_spec(engine) is None:
        pytest.skip(f"the engine {engine} is not installed")
    made, found = random_store(seed)
    url = ENGINES[engine].format(tmp_path / "store")
    with filled(":memory:", made) as here, filled(url, made) as there:
        for name, run in ANALYSES.items():
            assert orderly(run(there).to_dict()) == orderly(run(here).to_dict()), name
        for session in found[:5]:
            id_ = session.raw["userSessionId"]
            assert there.session(id_, rules=RULES).to_dict() == (
                here.session(id_, rules=RULES).to_dict()
            )
        names = {n for s in found for n in (s.cells["userId"], s.cells["internalUserId"]) if n}
        for name in sorted(names)[:4]:
            for extended in (False, True):
                one, two = (
                    orderly(db.user(name, extended=extended, timezone="Asia/Kolkata").to_dict())
                    for db in (there, here)
                )
                assert one == two, name
