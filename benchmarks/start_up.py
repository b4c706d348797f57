"""Start-up: how long a trivial query takes from the command line, all told.

    python benchmarks/start_up.py

Each command runs in a process of its own, the commands by turns, so that other work on the machine
falls on all of them alike. Wall time is what a user waits; CPU time (user and system, of the
process alone) is what stays comparable on a busy machine. Both are given as the median and the
least of all runs, in ms. The target is 300 ms of wall time for the query on a quiet machine.

Python keeps the bytecode of modules, unless ``PYTHONDONTWRITEBYTECODE`` forbids it; then each run
compiles them all anew, and 0.1 s longer. Here it is kept, as it is where usql is installed.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

QUERY = "SELECT COUNT(*) FROM usersession"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--sessions", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder, "bytecode"))
        store = str(Path(folder, "demo.db"))
        usql = [sys.executable, "-m", "usql"]
        size = ["--sessions", str(options.sessions)]
        subprocess.run([*usql, "demo", store, *size], check=True, capture_output=True)
        compare(
            {
                "python -c pass": [sys.executable, "-c", "pass"],
                "usql --version": [*usql, "--version"],
                "usql format": [*usql, "format", QUERY],
                "import sqlglot": [sys.executable, "-c", "import sqlglot"],
                "usql query": [*usql, "query", store, QUERY],
            },
            options.runs,
        )


def compare(commands: dict[str, list[str]], runs: int) -> None:
    """Run the commands by turns and print what each took."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(runs + 1):
        for name, command in commands.items():
            times[name].append(measure(command))
    print(f"{'':<18}{'wall':>8}{'least':>8}{'CPU':>8}{'least':>8}   ms, {runs} runs")
    for name, found in times.items():
        wall, cpu = zip(*found[1:], strict=True)  # the first fills caches
        figures = statistics.median(wall), min(wall), statistics.median(cpu), min(cpu)
        print(f"{name:<18}" + "".join(f"{1000 * figure:8.0f}" for figure in figures))


def measure(command: list[str]) -> tuple[float, float]:
    """Run a command; return its wall and CPU time in seconds."""
    before, began = _cpu(), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began, _cpu() - before


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
