from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import usql
from tests.server.servers import Server, serving
from tests.server.sessions import DAY, SESSIONS, action, session


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a store with the few sessions."""
    return make_store(tmp_path / "sessions.db")


def make_store(path: Path) -> Path:
    with usql.connect(path) as db:
        db.import_sessions(SESSIONS)
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Run a server, without tokens, that the tests of a module share and do not change."""
    store = make_store(tmp_path_factory.mktemp("server") / "sessions.db")
    with serving(store) as running:
        yield running


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store on which pairs of actions and events take long."""
    path = tmp_path_factory.mktemp("busy") / "busy.db"
    with usql.connect(path) as db:
        db.import_sessions(
            session(
                n,
                userActions=[action(f"a{n}-{k}", DAY, 1) for k in range(1500)],
                events=[{"name": f"e{n}-{k}", "startTime": DAY} for k in range(1500)],
            )
            for n in range(4)
        )
    return path
