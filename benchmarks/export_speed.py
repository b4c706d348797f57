"""How fast sessions are exported, and how much memory that takes.

    python -m benchmarks.export_speed [--sessions 7200] [--runs 3]

Demo data go into a SQLite store, and from there, in turn, to JSON lines, plain and gzip, and to
Parquet, each in a process of its own. Printed are the best run of each: sessions per second, MB of
plain JSON per second, and the most memory that the process ever had (Linux only).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import usql
from usql.demo import write

KINDS = ("export.ndjson", "export.ndjson.gz", "export.parquet")

_CHILD = """
import json, sys, usql
with usql.connect(sys.argv[1]) as db:
    summary = db.export_files(sys.argv[2], overwrite=True)
status = open("/proc/self/status").read()  # getrusage would count what the parent had, too
peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
print(json.dumps([summary.seconds, peak, summary.size]))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=7200)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        source, store = folder / "demo.ndjson", folder / "store.db"
        write(source, options.sessions)
        megabytes = source.stat().st_size / 1e6
        with usql.connect(store) as db:
            db.import_files([source])
        print(f"{options.sessions:,} sessions, {megabytes:.0f} MB of JSON, best of {options.runs}")
        print(f"{'':18} {'sessions/s':>12} {'MB/s':>8} {'peak MB':>8} {'written MB':>11}")
        for kind in KINDS:
            runs = [_run(store, folder / kind) for _ in range(options.runs)]
            seconds, peak, size = min(runs)
            rate = f"{options.sessions / seconds:12,.0f} {megabytes / seconds:8.1f}"
            print(f"{kind:18} {rate} {peak:8.0f} {size / 1e6:11.1f}")


def _run(store: Path, out: Path) -> list[Any]:
    command = [sys.executable, "-c", _CHILD, str(store), str(out)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: list[Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
