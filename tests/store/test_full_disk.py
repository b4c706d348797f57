"""Imports into a file that may not grow any further: a real process, a real limit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import usql

_LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from usql.cli import main
main(["import", *sys.argv[2:]])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of processes")
def test_a_file_that_cannot_grow_is_an_error_and_what_came_before_is_kept(tmp_path: Path) -> None:
    source, store = tmp_path / "source.ndjson", tmp_path / "store.db"
    sessions = [
        {"userSessionId": f"s{n}", "startTime": n, "city": f"{n:01000}"} for n in range(10_000)
    ]
    source.write_text("".join(json.dumps(session) + "\n" for session in sessions))
    command = [sys.executable, "-c", _LIMITED, "8000000", str(store), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith(f"error: {store} cannot ")
    assert "Traceback" not in done.stderr
    with usql.connect(store, create=False) as db:
        assert db.check().problems == ()
        kept = db.query("SELECT COUNT(*) FROM usersession").rows[0][0]
        assert 0 < kept < 10_000
        assert kept % 1000 == 0
        db.import_files(source)
        assert db.check().problems == ()
        assert db.query("SELECT COUNT(*) FROM usersession").rows == [(10_000,)]
