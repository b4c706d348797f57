"""How fast sessions are imported, beside a loader written by hand for the same tables.

    python -m benchmarks.import_speed [--sessions 7200] [--runs 5] [--profile]

The loader decodes each line and puts what it finds into the columns, batch by batch: no value is
checked, none converted, nothing kept that has no column, no session replaced. What the import does
beyond that is its price; what it spares the store is its gain. Both fill an empty store with demo
data, in turn, in one process; printed are the best run of each, and the import's speed as a ratio
to the loader's, by the clock and by the processor's time.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from usql.demo import write
from usql.layout import Layout, Relation, default_layout
from usql.schema import NESTED, Table
from usql.store.importer import BATCH_SESSIONS, import_files
from usql.store.sqlite_store import Location, open_writer, transaction

Times = tuple[float, float]
"""Seconds by the clock, and of the processor."""
Rows = dict[str, list[tuple[Any, ...]]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=7200)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        source = Path(folder) / "demo.ndjson"
        write(source, options.sessions)
        if options.profile:
            _profile(source, Path(folder) / "store.db")
            return
        megabytes = source.stat().st_size / 1e6
        best = _best(source, Path(folder), options.runs)
    print(f"{options.sessions:,} sessions, {megabytes:.0f} MB; best of {options.runs} runs")
    print(f"{'':8} {'clock':>14} {'processor':>14}")
    for name, times in best.items():
        shown = " ".join(f"{megabytes / seconds:9.1f} MB/s" for seconds in times)
        print(f"{name:8} {shown}")
    ratios = [hand / ours for hand, ours in zip(best["by hand"], best["import"], strict=True)]
    print(f"{'ratio':8} " + " ".join(f"{ratio:14.2f}" for ratio in ratios))


def _best(source: Path, folder: Path, runs: int) -> dict[str, Times]:
    loaders: dict[str, Callable[[Location, Path], object]] = {
        "by hand": _load_by_hand,
        "import": lambda location, path: import_files(location, [path]),
    }
    times: dict[str, list[Times]] = defaultdict(list)
    for run in range(runs):
        for name, load in loaders.items():
            path = folder / f"{name}-{run}.db"
            times[name].append(_timed(load, Location.of(path), source))
            for file in folder.glob(f"{path.name}*"):
                file.unlink()
    return {name: tuple(map(min, zip(*pairs, strict=True))) for name, pairs in times.items()}


def _timed(load: Callable[[Location, Path], object], location: Location, source: Path) -> Times:
    clock, processor = time.perf_counter(), time.process_time()
    load(location, source)
    return time.perf_counter() - clock, time.process_time() - processor


def _profile(source: Path, path: Path) -> None:
    profile = cProfile.Profile()
    profile.runcall(import_files, Location.of(path), [source])
    pstats.Stats(profile).sort_stats("tottime").print_stats(30)


# --- The loader by hand


def _load_by_hand(location: Location, source: Path) -> None:
    layout = default_layout()
    inserts = {relation.name: _insert(relation) for relation in layout.relations}
    readers = {table.name: _reader(layout, table) for table in layout.schema.tables}
    with closing(open_writer(location)) as store, source.open("rb") as lines:
        numbered = enumerate(map(msgspec.json.decode, lines), 1)
        while batch := list(islice(numbered, BATCH_SESSIONS)):
            with transaction(store):
                _write(store, inserts, _rows(batch, readers, layout.schema.primary.name))


def _write(store: sqlite3.Connection, inserts: dict[str, str], rows: Rows) -> None:
    for relation, values in rows.items():
        store.executemany(inserts[relation], values)


def _rows(
    batch: Iterable[tuple[int, dict[str, Any]]], readers: dict[str, _Reader], primary: str
) -> Rows:
    rows: Rows = defaultdict(list)
    for number, document in batch:
        readers[primary](document, (number,), rows)
        for table, name in NESTED.items():
            for position, nested in enumerate(document.get(name, ())):
                readers[table](nested, (number, position), rows)
    return rows


_Reader = Callable[[dict[str, Any], tuple[int, ...], Rows], None]


def _reader(layout: Layout, table: Table) -> _Reader:
    """Return what adds an object's rows to those of each relation."""
    places = (layout.base(table.name), layout.detail(table.name))
    relations = [
        (relation.name, [name for name, _ in relation.columns])
        for relation in layout.relations
        if relation.name in places
    ]
    lists = [(f.name, layout.values(f), f.properties) for f in table.collections]

    def read(document: dict[str, Any], key: tuple[int, ...], rows: Rows) -> None:
        for relation, columns in relations:
            rows[relation].append((*key, *map(document.get, columns)))
        for name, relation, properties in lists:
            given = document.get(name, ())
            rows[relation].extend((*key, *pair) for pair in _pairs(given, properties))

    return read


def _pairs(given: Sequence[Any], properties: bool) -> Iterator[tuple[Any, Any]]:
    if properties:
        return ((entry["key"], entry["value"]) for entry in given)
    return iter(enumerate(given))


def _insert(relation: Relation) -> str:
    columns = (*relation.keys, *(name for name, _ in relation.columns))
    names = ", ".join(f'"{name}"' for name in columns)
    return f'INSERT INTO "{relation.name}" ({names}) VALUES ({", ".join("?" * len(columns))})'


if __name__ == "__main__":
    main()
