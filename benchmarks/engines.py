"""How long questions of each kind take on each engine, on the demo data.

``python -m benchmarks.engines --sessions 100000`` makes the data once in a folder that stays, then
asks each question several times, engine by engine in turn, and prints the median in ms, from text
to rows; ``--json FILE`` keeps the figures.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import usql
from benchmarks.questions import QUESTIONS, Question
from usql.demo import write

ENGINES = ("sqlite", "duckdb")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5, help="of each question on each engine")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "usql-engines"))
    parser.add_argument("--json", type=Path, help="where the figures go, as JSON")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    with ExitStack() as stack:
        stores = {
            engine: stack.enter_context(_store(options.folder, engine, options.sessions))
            for engine in options.engines
        }
        figures = [_figures(question, stores, options.runs) for question in QUESTIONS]
    _print(options.engines, figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _store(folder: Path, engine: str, sessions: int) -> usql.Database:
    path = folder / f"{sessions}.{engine}"
    url = str(path) if engine == "sqlite" else f"{engine}:{path}"
    made = path.exists()
    db = usql.connect(url)
    if not made:
        data = folder / f"{sessions}.ndjson.gz"
        if not data.exists():
            write(data, sessions)
        seconds = db.import_files([data]).seconds
        size = path.stat().st_size >> 20
        print(f"{engine}: {sessions:,} sessions imported in {seconds:.0f} s, {size} MiB")
    return db


def _figures(
    question: Question, stores: dict[str, usql.Database], runs: int
) -> dict[str, str | float]:
    times: dict[str, list[float]] = {engine: [] for engine in stores}
    for _ in range(runs + 1):
        for engine, db in stores.items():
            times[engine].append(_timed(db, question))
    medians = {engine: statistics.median(found[1:]) for engine, found in times.items()}
    return {"question": question.name, **medians}


def _timed(db: usql.Database, question: Question) -> float:
    began = time.perf_counter()
    db.query(question.text, timezone=question.zone)
    return (time.perf_counter() - began) * 1000


def _print(engines: Sequence[str], figures: list[dict[str, str | float]]) -> None:
    for row in _rows(engines, figures):
        print("".join(f"{cell:>10}" for cell in row[1:]), f"  {row[0]}")


def _rows(
    engines: Sequence[str], figures: list[dict[str, str | float]]
) -> Iterator[tuple[str, ...]]:
    yield "ms", *engines
    for found in figures:
        yield str(found["question"]), *(f"{found[e]:.1f}" for e in engines)
    for name, summary in (("median of all", statistics.median), ("most", max)):
        yield name, *(f"{summary([float(f[e]) for f in figures]):.1f}" for e in engines)


if __name__ == "__main__":
    main()
