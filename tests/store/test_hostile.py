"""A sample of what ``tests.store.hostile`` and ``tests.store.kill`` do at length."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.hostile import INPUTS, ROOT, taken

LIMIT = 256_000_000
"""Bytes of memory that an import may take, whatever comes in."""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no peak of memory is told")
@pytest.mark.parametrize(
    ("name", "sessions", "rejected"),
    [
        ("line of 100 MB", 2, 1),
        ("gzip bomb", 1, 1),
        ("zstd bomb", 1, 1),
        ("100,000 brackets", 2, 1),
        ("a million values", 2, 1),
    ],
)
def test_memory_stays_flat_and_good_lines_are_kept(
    name: str, sessions: int, rejected: int, tmp_path: Path
) -> None:
    peak, *counts = taken(INPUTS[name](), tmp_path)
    assert counts == [sessions, rejected]
    assert peak < LIMIT


def test_imports_that_are_killed_leave_a_sound_store_and_can_be_run_again() -> None:
    run = [sys.executable, "-m", "tests.store.kill", "--count", "8", "--sessions", "150"]
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("8 kills in ")
