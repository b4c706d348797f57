"""Queries that are long: read in time that grows as they do, within limits, or refused clearly."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import usql
from usql.errors import Cancelled, TimeLimitExceeded, TooLarge
from usql.limits import check, paced, within

TERMS = " OR ".join(f"country = 'x{n}'" for n in range(1500))
LONG = f"SELECT COUNT(*) FROM usersession WHERE {TERMS}"
WRONG_AT_ITS_END = f"{LONG} OR city == == 'x'"


class StopsLater:
    """Says that work shall end when it has been asked some times."""

    def __init__(self, times: int) -> None:
        self.times = times

    @property
    def stopped(self) -> bool:
        self.times -= 1
        return self.times < 0


def _late() -> Iterator[int]:
    time.sleep(0.002)
    yield 1


def uses(work: Any) -> int:
    """Return how often work asks whether it may go on."""
    stop = StopsLater(10**9)
    with within(None, stop):
        work()
    return 10**9 - stop.times


@pytest.mark.parametrize("name", ["parse", "format", "compile", "explain", "complete"])
def test_work_on_a_text_ends_wherever_it_is(name: str) -> None:
    with usql.connect() as db:
        work = {
            "parse": lambda: usql.parse(LONG),
            "format": lambda: usql.format(LONG),
            "compile": lambda: db.compile(LONG),
            "explain": lambda: db.explain(LONG),
            "complete": lambda: db.complete(LONG),
        }[name]
        asked = uses(work)
        assert asked > 20  # 6,000 tokens
        for times in (0, asked // 4, asked - 1):
            with pytest.raises(Cancelled), within(None, StopsLater(times)):
                work()
        work()


def test_a_segment_does_not_hide_that_the_time_is_up() -> None:
    segments = {"a": TERMS}
    query = "SELECT COUNT(*) FROM useraction WHERE IN SEGMENT 'a'"
    with usql.connect() as db:
        asked = uses(lambda: db.compile(query, segments=segments))
        for times in (asked // 4, asked - 1):
            with pytest.raises(Cancelled), within(None, StopsLater(times)):
                db.compile(query, segments=segments)


def test_the_time_limit_holds_before_a_text_is_read_to_its_end() -> None:
    with usql.connect() as db:
        with pytest.raises(TimeLimitExceeded, match=r"its limit of 0\.001 s"):
            db.query(WRONG_AT_ITS_END, timeout=0.001)
        with pytest.raises(usql.UsqlError, match="=="):
            db.query(WRONG_AT_ITS_END)


def test_limits_within_limits() -> None:
    with within(60) as outer, within(None) as inner:
        assert outer.left() is not None
        assert inner.left() is not None
        check()
    for outer_s, inner_s in ((0.001, 60), (60, 0.001)):
        with (
            pytest.raises(TimeLimitExceeded, match=r"limit of 0\.001 s"),
            within(outer_s),
            within(inner_s),
        ):
            list(paced(_late()))
    check()  # outside of all of them


def test_a_list_that_is_read_is_not_copied_for_each_item() -> None:
    """Else 1 MB of it takes minutes."""
    from usql.parser import _callbacks

    growing = [rule for rule in _callbacks() if _is_growing(rule)]
    assert growing
    for rule in growing:
        items: list[Any] = ["first"]
        parts: list[Any] = [([], 1, 2) for _ in rule.expansion]
        parts[0] = (items, 0, 1)
        made, _, _ = _callbacks()[rule](parts)
        assert made is items


def _is_growing(rule: Any) -> bool:
    return rule.expansion[0] == rule.origin and rule.origin.name.startswith("_")


def test_a_funnel_of_many_steps() -> None:
    with usql.connect() as db:
        names = [f"a{n}" for n in range(1000)]
        whole = {"userActions": [{"name": n, "startTime": 0} for n in names]}
        half = {"userActions": [{"name": n, "startTime": 0} for n in names[:500]]}
        db.import_sessions(
            {"userSessionId": f"{n}", "startTime": 0, **each}
            for n, each in enumerate([whole, whole, half, {}])
        )
        steps = ", ".join(f"useraction.name = '{name}'" for name in names)
        (row,) = db.query(f"SELECT FUNNEL({steps}) FROM usersession").rows
        assert row == (3,) * 500 + (2,) * 500


@pytest.mark.parametrize(
    "query",
    [
        "SELECT " + ", ".join(["CONDITION(COUNT(*), WHERE bounce = true)"] * 2500),
        "SELECT FUNNEL(" + ", ".join(["useraction.name = 'a'"] * 2500) + ")",
    ],
    ids=["columns", "steps"],
)
def test_more_columns_than_the_engine_has(query: str) -> None:
    with (
        usql.connect() as db,
        pytest.raises(TooLarge, match="too large for SQLite: too many columns"),
    ):
        db.query(f"{query} FROM usersession")


def test_more_sql_than_anybody_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("usql.dialects.MAX_NODES", 5000)
    with usql.connect() as db, pytest.raises(TooLarge, match="becomes too much SQL"):
        db.query(LONG)


def test_a_defect_of_depth_is_said_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    def deep(*_: Any) -> None:
        raise RecursionError

    monkeypatch.setattr("usql.engine.plan", deep)
    with usql.connect() as db, pytest.raises(TooLarge, match="too many parts within each other"):
        db.query("SELECT city FROM usersession")


@pytest.mark.parametrize("url", [":memory:", "duckdb:{}/store.duckdb"])
def test_the_sql_of_percentiles_grows_with_their_number_alone(url: str, tmp_path: Path) -> None:
    def length(count: int) -> int:
        asked = ", ".join(f"PERCENTILE(duration, {number / 10})" for number in range(count))
        return len(db.compile(f"SELECT {asked} FROM useraction").sql)

    with usql.connect(url.format(tmp_path)) as db:
        assert length(400) < 5 * length(100)
