"""How long a small file takes to be added to a large store.

    python -m benchmarks.import_small [--stored 200000] [--added 1000]

The store is filled first, with sessions of four actions each; that takes a while and is not
measured. Printed is the time that the import of the small file takes, best and worst of five.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from usql.demo import generate
from usql.store.importer import import_files, import_sessions
from usql.store.sqlite_store import Location

_RUNS = 5
_BASE = 2000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", type=int, default=200_000)
    parser.add_argument("--added", type=int, default=1000)
    options = parser.parse_args()
    base = list(generate(_BASE))
    with TemporaryDirectory() as folder:
        store = Location.of(Path(folder) / "store.db")
        first = import_sessions(store, _sessions(base, 0, options.stored, 4))
        print(f"{first.sessions:,} sessions stored in {first.seconds:.0f} s")
        times = []
        for run in range(_RUNS):
            source = Path(folder) / f"{run}.ndjson"
            start = options.stored + run * options.added
            with source.open("wb") as file:
                for session in _sessions(base, start, options.added, None):
                    file.write(msgspec.json.encode(session) + b"\n")
            times.append(import_files(store, [source]).seconds)
            size = source.stat().st_size
    print(f"{options.added:,} more, {size / 1e6:.1f} MB: {min(times):.2f} to {max(times):.2f} s")


def _sessions(
    base: list[dict[str, Any]], start: int, count: int, actions: int | None
) -> Iterator[dict[str, Any]]:
    """Yield demo sessions under new ids, with at most so many actions."""
    for number in range(start, start + count):
        session = base[number % len(base)]
        kept = session.get("userActions", [])[:actions]
        yield {**session, "userSessionId": f"n{number}", "userActions": kept}


if __name__ == "__main__":
    main()
