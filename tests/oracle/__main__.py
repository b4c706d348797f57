"""`python -m tests.oracle --count 100000 --seed 1`: the long run of random queries."""

from __future__ import annotations

import argparse
import sys
import time

from .compare import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many queries")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first query")
    parser.add_argument("--sessions", type=int, default=60, help="sessions in a data set")
    engines = ["sqlite", "duckdb", "parquet", "chdb"]
    parser.add_argument("--engine", choices=engines, default="sqlite")
    parser.add_argument(
        "--stop-after", type=int, default=20, help="stop after this many differences"
    )
    options = parser.parse_args()

    began, done, differences = time.monotonic(), 0, 0
    asked = (options.seed, options.first, options.count, options.sessions)
    for found in run(*asked, options.engine):
        done += 1
        if found is not None:
            differences += 1
            print(
                f"{options.engine}, seed {options.seed}, sessions {options.sessions}: {found}",
                flush=True,
            )
            if differences >= options.stop_after:
                break
    seconds = time.monotonic() - began
    print(f"{done} queries, {differences} differences, {seconds:.0f} s, seed {options.seed}")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
