"""How long analyses take, beside a count of all sessions on the same store.

    python -m benchmarks.analyses [STORE] [--sessions 100000] [--runs 3]

Without a STORE, demo data are made and imported first. Each analysis runs by turns with the count;
printed are medians in ms, how many counts that is, and the processor time of all threads, which
says more than the clock where others are at work.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import usql
from usql.demo import write
from usql.engine import Database

SEGMENT = usql.Segment.parse("Country: Austria")


def analyses(user: str, session: str) -> dict[str, Callable[[Database], object]]:
    """Return what is measured."""
    return {
        "a count of all sessions": lambda db: db.query("SELECT COUNT(*) FROM usersession"),
        "sessions, the newest": lambda db: db.sessions(),
        "sessions of a segment": lambda db: db.sessions(SEGMENT),
        "sessions, by errors": lambda db: db.sessions(order="totalErrorCount DESC"),
        "sessions, by device": lambda db: db.sessions(order="device DESC, isp"),
        "one session": lambda db: db.session(session),
        "one user": lambda db: db.user(user),
        "one user, extended": lambda db: db.user(user, extended=True),
        "Apdex by application": lambda db: db.apdex(),
        "findings of a segment": lambda db: db.findings(SEGMENT),
        "findings of all sessions": lambda db: db.findings(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("store", nargs="?")
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    if options.store is not None:
        with usql.connect(options.store, create=False) as db:
            measure(db, options.runs)
        return
    with TemporaryDirectory() as folder:
        export = Path(folder) / "export.ndjson"
        write(export, sessions=options.sessions)
        with usql.connect(str(Path(folder) / "sessions.db")) as db:
            db.import_files([export])
            measure(db, options.runs)


def measure(db: Database, runs: int) -> None:
    """Print how long each analysis takes."""
    frequent = "SELECT userId, COUNT(*) FROM usersession WHERE userId IS NOT NULL"
    user = db.query(f"{frequent} GROUP BY userId LIMIT 1").rows[0][0]
    session = db.sessions(order="userActionCount DESC", limit=1).sessions[0].user_session_id
    made = analyses(user, session)
    times: dict[str, list[float]] = {name: [] for name in made}
    busy: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(runs):
        for name, run in made.items():
            started, worked = time.perf_counter(), time.process_time()
            run(db)
            times[name].append(time.perf_counter() - started)
            busy[name].append(time.process_time() - worked)
    count = statistics.median(times["a count of all sessions"])
    for name, taken in times.items():
        median, processor = statistics.median(taken), statistics.median(busy[name])
        print(
            f"{name:<26} {median * 1000:>8.0f} ms {median / count:>8.1f}"
            f" {processor * 1000:>8.0f} ms"
        )


if __name__ == "__main__":
    main()
