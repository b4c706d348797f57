"""Imports killed at random moments: is the store sound, and complete after a re-run?

    python -m tests.store.kill [--count 200] [--sessions 1000] [--seed 1]

Each round begins with a new store, or with one that has older versions of half of the sessions.
An import into it is killed one to three times, each time at a moment chosen evenly over the time
that a whole import takes, and the store is checked after each. Then the import is run once more,
and the store has to be sound, with all indexes, and export what a store exports that was never
disturbed. The exit code is 1 if anything is not as it should be. The children are forks, so that
the moments fall into the import, not into the start of Python.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from usql.demo import generate
from usql.errors import StoreError
from usql.layout import default_layout
from usql.store.checking import check_store
from usql.store.documents import documents
from usql.store.importer import import_files
from usql.store.sqlite_store import Location, open_reader

BATCH = 25
"""Sessions; small, so that the kills meet many transactions."""


def main() -> int:
    """Kill and check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        harness = _Harness(Path(folder), options.sessions, random.Random(options.seed))
        kills = partly = rounds = 0
        while kills < options.count:
            rounds += 1
            most = min(harness.dice.randint(1, 3), options.count - kills)
            done = harness.round(rounds, most)
            kills += len(done)
            partly += sum(0 < count < options.sessions for count in done)
    print(
        f"{kills} kills in {rounds} stores, {partly} of them with a part of the sessions stored:"
        f" {len(harness.problems)} problems"
    )
    for problem in harness.problems:
        print(problem)
    return 1 if harness.problems else 0


class _Harness:
    def __init__(self, folder: Path, sessions: int, dice: random.Random) -> None:
        self.dice = dice
        self.problems: list[str] = []
        self._folder = folder
        self._sessions = sessions
        self._source = folder / "all.ndjson"
        self._older = folder / "older.ndjson"
        encode = msgspec.json.encode
        given = list(generate(sessions))
        self._source.write_bytes(b"".join(encode(one) + b"\n" for one in given))
        older = [{**one, "userActions": [], "city": "before"} for one in given[::2]]
        self._older.write_bytes(b"".join(encode(one) + b"\n" for one in older))
        import_files(Location.of(":memory:"), [self._older])  # imports what children would
        whole = Location.of(folder / "whole.db")
        began = time.perf_counter()
        os.waitpid(_importing(whole, self._source), 0)
        self._seconds = time.perf_counter() - began
        self._wanted = _exported(whole)

    def round(self, number: int, kills: int) -> list[int]:
        """Kill imports into one store; return how many sessions it had after each."""
        store = Location.of(self._folder / f"{number}.db")
        if number % 2:
            import_files(store, [self._older])
        counts = []
        for _ in range(kills):
            child = _importing(store, self._source)
            time.sleep(self.dice.uniform(0, self._seconds))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            counts.append(self._check(store, number))
        _, status = os.waitpid(_importing(store, self._source), 0)
        if status:
            self.problems.append(f"store {number}: the re-run failed")
        self._check(store, number)
        if _exported(store) != self._wanted:
            self.problems.append(f"store {number}: not what was imported")
        if check_store(store, default_layout()).postponed:
            self.problems.append(f"store {number}: indexes are missing")
        for file in self._folder.glob(f"{number}.db*"):
            file.unlink()
        return counts

    def _check(self, store: Location, number: int) -> int:
        try:
            report = check_store(store, default_layout())
        except StoreError as error:
            if not str(error).startswith("no store"):  # killed before there was one
                self.problems.append(f"store {number}: {error}")
            return 0
        self.problems += [f"store {number}: {problem}" for problem in report.problems]
        with closing(open_reader(store)) as reader:
            (count,) = reader.execute(
                "SELECT count(*) FROM usersession WHERE city IS NOT 'before'"
            ).fetchone()
        if count % BATCH and count != self._sessions:
            self.problems.append(f"store {number}: half a batch, {count} sessions")
        return int(count)


def _importing(store: Location, source: Path) -> int:
    """Begin an import in a child; return its process id."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        import_files(store, [source], batch_sessions=BATCH)
        status = 0
    finally:
        os._exit(status)


def _exported(store: Location) -> dict[Any, Any]:
    with closing(open_reader(store)) as reader:
        numbers = [number for (number,) in reader.execute("SELECT _session FROM usersession")]
        found = documents(reader, default_layout(), numbers).values()
    exported = {(each["userSessionId"], each["startTime"]): each for each in found}
    if len(exported) != len(numbers):
        raise AssertionError("a session is there twice")
    return exported


if __name__ == "__main__":
    sys.exit(main())
