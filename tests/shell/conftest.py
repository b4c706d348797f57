from __future__ import annotations

from pathlib import Path

import pytest

import usql
from usql.demo import write


@pytest.fixture(scope="session")
def shell_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small store of demo data, which tests only read."""
    folder = tmp_path_factory.mktemp("shell")
    write(folder / "demo.ndjson", 60)
    with usql.connect(folder / "demo.db") as db:
        db.import_files(folder / "demo.ndjson")
    return folder / "demo.db"
