"""`python -m tests.attack --count 1000000 --seed 1`: the long run of random texts."""

from __future__ import annotations

import argparse
import sys
import time

from .check import attack, engine


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="how many texts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first text")
    parser.add_argument("--stop-after", type=int, default=20, help="stop after so many findings")
    options = parser.parse_args()

    began, done, findings = time.monotonic(), 0, 0
    with engine() as db:
        for found in attack(db, options.seed, options.first, options.count):
            done += 1
            if found is not None:
                findings += 1
                print(f"seed {options.seed}, {found}", flush=True)
                if findings >= options.stop_after:
                    break
    seconds = time.monotonic() - began
    print(f"{done} texts, {findings} findings, {seconds:.0f} s, seed {options.seed}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
