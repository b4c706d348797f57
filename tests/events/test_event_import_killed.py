"""An import of events that is killed leaves the store as it was, and can be run again."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import usql

KILLS = 8


def sessions(store: Path) -> list[Any]:
    with usql.connect(store) as db:
        assert db.check().sound
        return sorted(map(repr, db.export_sessions()))


def importing(store: Path, log: Path) -> int:
    """Begin an import in a fork; return its process id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        with usql.connect(store) as db:
            db.import_events(log)
        status = 0
    finally:
        os._exit(status)


def write(path: Path, rows: int, dice: random.Random) -> None:
    """Write a log of thirty users over ten days."""
    lines = ["user,time,name\n"]
    for _ in range(rows):
        moment = 1_772_323_200_000 + dice.randrange(10 * 86_400_000)
        lines.append(f"u{dice.randrange(30)},{moment},{dice.choice('abc')}\n")
    path.write_text("".join(lines), encoding="utf-8")


def test_killed_at_random_moments(tmp_path: Path) -> None:
    dice = random.Random(1)
    before, log = tmp_path / "before.csv", tmp_path / "log.csv"
    write(before, 300, dice)
    write(log, 900, dice)
    store, whole = tmp_path / "store.db", tmp_path / "whole.db"
    for path in (store, whole):
        with usql.connect(path) as db:
            db.import_events(before)
    earlier = sessions(store)
    began = time.perf_counter()
    assert os.waitpid(importing(whole, log), 0)[1] == 0
    seconds = time.perf_counter() - began
    complete = sessions(whole)
    assert len(complete) > len(earlier)
    for _ in range(KILLS):
        child = importing(store, log)
        time.sleep(dice.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        # One transaction: all of it, or nothing.
        assert sessions(store) in (earlier, complete)
    assert os.waitpid(importing(store, log), 0)[1] == 0
    assert sessions(store) == complete
