"""How long results take to be written: ``python -m benchmarks.render_speed``.

A result of ten columns, texts and doubles by turns, in each format: the best of some runs, in ms,
and as a multiple of the quickest format. A table is the slowest, since each text is measured.
"""

from __future__ import annotations

import argparse
import time

from usql.render import FORMATS, render
from usql.result import Column, Result

_COLUMNS = 10
_WIDTH = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    result = _result(options.rows)
    taken = {
        format: min(_written(result, format) for _ in range(options.runs)) for format in FORMATS
    }
    least = min(taken.values())
    for format, seconds in taken.items():
        print(f"{format:<10}{1000 * seconds:8.1f} ms {seconds / least:6.1f}")


def _result(rows: int) -> Result:
    columns = tuple(Column(f"column {n}", "double" if n % 2 else "string") for n in range(_COLUMNS))
    values = [
        tuple(i * 1.1 if n % 2 else f"Wien–Straße {i % 700}" for n in range(_COLUMNS))
        for i in range(rows)
    ]
    return Result(columns, values)


def _written(result: Result, format: str) -> float:
    began = time.perf_counter()
    for _ in render(result, format, width=_WIDTH):
        pass
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
