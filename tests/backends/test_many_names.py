"""Sessions counted by names, of which a store has more than a number has bits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import usql

_NAMES = [f"name {number}" for number in range(150)]
_QUERY = "SELECT useraction.name, COUNT(*) FROM usersession {} GROUP BY useraction.name LIMIT 1000"


def _session(number: int) -> dict[str, Any]:
    """Make session n with the names 0, n, 2n, … 6n, some of them twice; none where 5 divides n."""
    names: list[str | None] = [_NAMES[number * k % 150] for k in range(number % 5 and 7)]
    names += names[:2]
    if number % 3 == 0:
        names.append(None)
    start = 1_760_000_000_000 + number * 60_000
    actions = [{"name": name, "startTime": start + i} for i, name in enumerate(names)]
    return {
        "userSessionId": f"s{number}",
        "startTime": start,
        "country": "Austria" if number % 2 else "Italy",
        "userActions": actions,
    }


_SESSIONS = [_session(number) for number in range(300)]


@pytest.fixture(scope="module", params=["memory", "duckdb"])
def db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("names")
    url = ":memory:" if request.param == "memory" else f"duckdb:{folder / 'names.duckdb'}"
    with usql.connect(url) as db:
        db.import_sessions(_SESSIONS)
        yield db


def _counts(sessions: list[dict[str, Any]]) -> Mapping[str | None, int]:
    found: Counter[str | None] = Counter()
    for session in sessions:
        names = {action["name"] for action in session["userActions"]} - {None}
        found.update(names or {None})
    return found


def test_all_sessions(db: usql.Database) -> None:
    expected = _counts(_SESSIONS)
    assert len(expected) > 120
    assert expected[None] == 60
    assert dict(db.query(_QUERY.format("")).rows) == expected


def test_some_sessions(db: usql.Database) -> None:
    chosen = [s for s in _SESSIONS if s["country"] == "Austria"]
    found = db.query(_QUERY.format("WHERE country = 'Austria'")).rows
    assert dict(found) == _counts(chosen)


def test_no_session_without_a_name(db: usql.Database) -> None:
    where = "WHERE useraction.name IS NOT NULL"
    expected = {name: n for name, n in _counts(_SESSIONS).items() if name is not None}
    assert dict(db.query(_QUERY.format(where)).rows) == expected
