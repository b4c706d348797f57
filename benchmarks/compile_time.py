"""How long it takes from text to SQL, over the oracle's random queries.

    python -m benchmarks.compile_time [--queries 2000] [--seed 1] [--profile]

Prints the median, the 90th and the 99th percentile and the maximum in ms of processor time, for
each pass, for all of them together, and for thought: parsing, resolving and planning, without the
rendering of SQL text. The quickest of three runs of each query counts. A query that is refused does
not count. The first query pays for loading the grammar and is left out. The aims for thought are a
median of 2 ms and a 99th percentile of 10 ms.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import usql
from tests.oracle.compare import DataSet
from usql.dialects.sqlite import SQLITE
from usql.engine import _parameters, _settings
from usql.garbage import collected_later
from usql.layout import default_layout
from usql.parser import parse_source
from usql.plan import plan
from usql.resolve import Context, resolve
from usql.source import Source

T = TypeVar("T")
_PASSES = ("parse", "resolve", "plan", "render", "together", "thought")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    profile = cProfile.Profile() if options.profile else None
    times = _measure(options.seed, options.queries, profile)
    print(f"{len(times)} queries, times in ms")
    print(f"{'':8} {'median':>8} {'p90':>8} {'p99':>8} {'max':>8}")
    for index, name in enumerate(_PASSES):
        values = sorted(row[index] for row in times)
        shown = " ".join(f"{_percentile(values, p):8.2f}" for p in (50, 90, 99, 100))
        print(f"{name:8} {shown}")
    if profile is not None:
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)


def _measure(seed: int, count: int, profile: cProfile.Profile | None) -> list[Sequence[float]]:
    times: list[Sequence[float]] = []
    with DataSet(seed, 0, 60) as data:
        data.db.compile("SELECT COUNT(*) FROM usersession")
        for number in range(count):
            case = data.case(seed, number)
            context = case.context
            try:
                if profile is not None:
                    profile.enable()
                times.append(
                    min(
                        (
                            _passes(
                                data.db, case.text, case.params, context.timeframe, context.zone
                            )
                            for _ in range(_RUNS)
                        ),
                        key=sum,
                    )
                )
            except usql.UsqlError:
                continue
            finally:
                if profile is not None:
                    profile.disable()
    return times


_RUNS = 3
"""Of each query; the quickest counts, since other work on the machine only ever adds to it."""


@collected_later()  # as the engine does
def _passes(
    db: usql.Database, text: str, params: object, timeframe: object, zone: object
) -> list[float]:
    facts, layout = db._backend, default_layout()
    settings = _settings(timeframe, zone, 1_700_000_000_000)  # type: ignore[arg-type]
    context = Context(
        layout.schema,
        facts,
        settings.zone,
        settings.now,
        settings.timeframe,
        _parameters(params),  # type: ignore[arg-type]
    )
    times: list[float] = []

    def timed(work: Callable[[], T]) -> T:
        began = time.process_time()
        result = work()
        times.append((time.process_time() - began) * 1000)
        return result

    parsed = timed(lambda: parse_source(Source(text)))
    resolved = timed(lambda: resolve(parsed.query, context))
    planned = timed(lambda: plan(resolved.query, layout, facts.start_range()))
    timed(lambda: SQLITE.render(planned))
    return [*times, sum(times), sum(times[:3])]


def _percentile(values: list[float], p: float) -> float:
    return values[min(len(values) - 1, int(len(values) * p / 100))]


if __name__ == "__main__":
    main()
