"""How long the shell takes to its first prompt, in a pseudo-terminal.

    python -m benchmarks.shell_start

Wall time from the start of the process to the prompt, as the median and the least of all runs, in
ms, beside that of an empty Python and of a query on the command line. The target is 500 ms on a
quiet machine. Bytecode is kept, as it is where usql is installed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.shell.terminal import Terminal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--sessions", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        store = str(Path(folder, "demo.db"))
        made = [sys.executable, "-m", "usql", "demo", store, "--sessions", str(options.sessions)]
        subprocess.run(made, check=True, capture_output=True)
        count = [sys.executable, "-m", "usql", "query", store, "SELECT COUNT(*) FROM usersession"]
        empty: list[float] = []
        query: list[float] = []
        shell: list[float] = []
        for _ in range(options.runs + 1):
            empty.append(_timed(lambda: subprocess.run([sys.executable, "-c", ""], check=True)))
            query.append(_timed(lambda: subprocess.run(count, check=True, capture_output=True)))
            shell.append(_prompt(store, Path(folder)))
    for name, times in (("python -c ''", empty), ("usql query", query), ("usql STORE", shell)):
        found = [1000 * seconds for seconds in times[1:]]  # the first fills caches
        print(f"{name:<14}{statistics.median(found):6.0f}{min(found):6.0f}   ms, median and least")


def _timed(work) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _prompt(store: str, home: Path) -> float:
    """Return the seconds from the start of the shell to its prompt."""
    began = time.perf_counter()
    with Terminal(store, home=home) as terminal:
        terminal.wait(lambda t: t.line == "usql>")
        taken = time.perf_counter() - began
        terminal.type("\x04")
    return taken


if __name__ == "__main__":
    main()
