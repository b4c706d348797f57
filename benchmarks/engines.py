"""How long questions of each kind take on each engine, beside the best SQL by hand.

``python -m benchmarks.engines`` makes demo data of 1,000,000 actions once, in a folder that stays,
a store of each engine and beside it the store that somebody who knows the engine would lay out
(``benchmarks.experts``). It asks each question several times, quick ones more often, by turns of
both, which have forgotten what they found before, checks that the rows are the same, and prints the
medians in ms with the ratio of ours to the expert's.
``--copies 10`` takes DuckDB to 10,000,000 actions: sessions are copied within the engine, each copy
with numbers, identities, users and times of its own. ``--json FILE`` keeps the figures.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import usql
from benchmarks.questions import QUESTIONS, Question
from benchmarks.sides import ENGINES, Engine, Row, Side
from usql.demo import write

Figure = dict[str, Any]

_LEAST_MS = 500
"""So long a question is asked in all, since single runs of a few ms wander by a third."""


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    parser.add_argument("--sessions", type=int, default=120_000)
    parser.add_argument("--copies", type=int, default=1, help="of the sessions (DuckDB alone)")
    parser.add_argument("--runs", type=int, default=7, help="of each question, at least, by turns")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--only", nargs="+", default=[], help="parts of names of questions")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir(), "usql-engines"))
    parser.add_argument("--json", type=Path, help="where the figures go, as JSON")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    found: dict[str, list[Figure]] = {}
    for name in options.engines:
        engine = ENGINES[name]
        if options.copies > 1 and engine.multiply is None:
            print(f"{name}: left out, since it cannot copy sessions")
            continue
        with _sides(engine, options) as (ours, expert):
            asked = [q for q in QUESTIONS if all(part in q.name for part in options.only)]
            found[name] = [_figure(q, ours, expert, options.runs) for q in asked]
        _print(name, found[name])
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


# --- data ----------------------------------------------------------------------------------------


@contextmanager
def _sides(engine: Engine, options: argparse.Namespace) -> Iterator[tuple[Side, Side]]:
    """Open our store and the expert's, made if they are not there."""
    folder, sessions = options.folder, options.sessions
    one = folder / f"{sessions}.{engine.name}"
    if not one.exists():
        _import(engine, one, folder / f"{sessions}.ndjson.gz", sessions)
    path = one
    if options.copies > 1:
        path = folder / f"{sessions}x{options.copies}.{engine.name}"
        assert engine.multiply is not None
        _made(path, f"{options.copies} copies", lambda at: engine.multiply(one, at, options.copies))
    hand = path.with_name(f"{path.name}.expert")
    _made(hand, "expert's layout", lambda at: engine.lay_out(path, at))
    with ExitStack() as stack:
        yield stack.enter_context(engine.ours(path)), stack.enter_context(engine.expert(hand))


def _import(engine: Engine, path: Path, data: Path, sessions: int) -> None:
    if not data.exists():
        write(data, sessions)
    with usql.connect(engine.url(path)) as db:
        seconds = db.import_files([data]).seconds
        if engine.merges:
            db.compact()
    print(f"{path.name}: {sessions:,} sessions in {seconds:.0f} s, {_size(path) >> 20} MiB")


def _made(path: Path, what: str, make: Callable[[Path], None]) -> None:
    if path.exists():
        return
    began = time.monotonic()
    unfinished = path.with_name(f"{path.name}.part")
    if unfinished.is_dir():
        shutil.rmtree(unfinished)
    unfinished.unlink(missing_ok=True)
    make(unfinished)
    unfinished.rename(path)
    seconds = time.monotonic() - began
    print(f"{path.name}: {what} in {seconds:.0f} s, {_size(path) >> 20} MiB")


def _size(path: Path) -> int:
    """Return the bytes of a file, or of all files of a folder."""
    return sum(file.stat().st_size for file in (path, *path.rglob("*")) if file.is_file())


# --- measuring -----------------------------------------------------------------------------------


def _figure(question: Question, ours: Side, expert: Side, runs: int) -> Figure:
    """Return the medians of one question, after a first turn that checks and is not counted.

    Without an expert's answer there is no ``expert`` and no ``ratio``.
    """
    ready = [(ask, side) for side in (ours, expert) if (ask := side.ready(question)) is not None]
    asked = [ask for ask, _ in ready]
    first = [ask() for ask in asked]
    if len(first) == 2 and not _same(*first):
        raise SystemExit(f"{question.name}: {_difference(*first)}")
    times: list[list[float]] = [[] for _ in asked]
    for _ in range(max(runs, round(_LEAST_MS / _timed(asked[0])))):
        for found, (ask, side) in zip(times, ready, strict=True):
            side.forget()
            found.append(_timed(ask))
    compile_times = [_timed(lambda: ours.ready(question)) for _ in range(runs)]
    figure: Figure = {
        "question": question.name,
        "compile": statistics.median(compile_times),
        "run": statistics.median(times[0]),
    }
    if len(times) == 2:
        figure["expert"] = statistics.median(times[1])
        figure["ratio"] = statistics.median(a / b for a, b in zip(*times, strict=True))
    return figure


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _same(left: Sequence[Row], right: Sequence[Row]) -> bool:
    return len(left) == len(right) and all(map(_equal, left, right))


def _difference(left: Sequence[Row], right: Sequence[Row]) -> str:
    for number, (a, b) in enumerate(zip(left, right, strict=False)):
        if not _equal(a, b):
            return f"row {number} differs\n{a}\n{b}"
    return f"{len(left)} rows of ours, {len(right)} of the expert"


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(_equal, left, right))
    if isinstance(left, float) and isinstance(right, int | float):
        return math.isclose(left, right, rel_tol=1e-9)
    if isinstance(left, str) and left.startswith("{"):
        return bool(json.loads(left) == json.loads(right))
    return bool(left == right)


# --- what is told --------------------------------------------------------------------------------


def _print(engine: str, figures: Sequence[Figure]) -> None:
    columns = {"compile": ".1f", "run": ".1f", "expert": ".1f", "ratio": ".2f"}
    print("".join(f"{cell:>10}" for cell in columns), f"  {engine}, ms")
    for found in figures:
        cells = [format(found[c], form) if c in found else "-" for c, form in columns.items()]
        print("".join(f"{cell:>10}" for cell in cells), f"  {found['question']}")
    for name, summary in (("median", statistics.median), ("most", max)):
        cells = [
            format(summary([f[c] for f in figures if c in f]), form) for c, form in columns.items()
        ]
        print("".join(f"{cell:>10}" for cell in cells), f"  {name} of all")
    mean = statistics.geometric_mean([f["ratio"] for f in figures if "ratio" in f])
    print(f"{mean:40.2f}   geometric mean of the ratios", flush=True)


if __name__ == "__main__":
    main()
