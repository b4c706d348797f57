"""What the layout of a SQLite store is worth: the same questions on stores laid out otherwise.

    python -m benchmarks.layouts [--sessions 30000] [--runs 5]

The same demo data lie in three stores: as they do in every store; with each table in one piece, the
hot columns among the others; and in the usual pieces, but with no index beside the keys. The same
queries are planned for each and run by turns. Printed are medians in ms from text to rows, and how
long each import took and what it takes on the disk.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from usql.backends.sqlite import SqliteBackend
from usql.demo import write
from usql.engine import Database
from usql.layout import Layout, columnar_layout, default_layout
from usql.store.importer import import_files
from usql.store.sqlite_store import Location

QUESTIONS = {
    "average duration per name": "SELECT name, AVG(duration) FROM useraction GROUP BY name",
    "average of a hot column": "SELECT AVG(duration) FROM useraction WHERE type = 'Load'",
    "average of a cold column": "SELECT AVG(visuallyCompleteTime) FROM useraction",
    "sessions per country": "SELECT country, COUNT(*) FROM usersession GROUP BY country",
    "average duration per country, of actions": (
        "SELECT usersession.country, AVG(duration) FROM useraction GROUP BY usersession.country"
    ),
    "95th percentile per name": (
        "SELECT name, PERCENTILE(duration, 95) FROM useraction GROUP BY name"
    ),
    "a funnel of three steps": (
        "SELECT FUNNEL(useraction.name = 'Search for trips', useraction.name = 'Payment',"
        " useraction.name = 'Booking confirmed') FROM usersession"
    ),
    "Apdex categories per application": (
        "SELECT application, apdexCategory, COUNT(*) FROM useraction"
        " GROUP BY application, apdexCategory"
    ),
    "whole sessions, 50 of them": "SELECT JSON FROM usersession LIMIT 50",
}
_COVERING = "type = 'index' AND sql LIKE 'CREATE INDEX%'"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.layouts", description=__doc__)
    parser.add_argument("--sessions", type=int, default=30_000)
    parser.add_argument("--runs", type=int, default=5, help="of each question in each store")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "data.ndjson"
        write(data, options.sessions)
        stores = {
            "as it is": _store(folder / "usual.db", data, default_layout()),
            "in one piece": _store(folder / "wide.db", data, columnar_layout()),
            "without indexes": _store(folder / "bare.db", data, default_layout(), bare=True),
        }
        print(" " * 42 + "".join(f"{heading:>17}" for heading in stores))
        for question, text in QUESTIONS.items():
            times: dict[str, list[float]] = {heading: [] for heading in stores}
            for _ in range(options.runs + 1):
                for heading, db in stores.items():
                    began = time.perf_counter()
                    db.query(text, default_limit=None)
                    times[heading].append(1000 * (time.perf_counter() - began))
            medians = [statistics.median(taken[1:]) for taken in times.values()]
            print(f"{question:42}" + "".join(f"{ms:17.0f}" for ms in medians))


def _store(path: Path, data: Path, layout: Layout, *, bare: bool = False) -> Database:
    location = Location.of(path)
    seconds = import_files(location, [data], layout=layout).seconds
    if bare:
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute(f"SELECT name FROM sqlite_schema WHERE {_COVERING}")
            for (index,) in found.fetchall():
                connection.execute(f'DROP INDEX "{index}"')
            connection.execute("VACUUM")
            connection.execute("ANALYZE")
    print(f"{path.stem}: imported in {seconds:.1f} s, {path.stat().st_size / 1e6:.0f} MB")
    return Database(location, layout, SqliteBackend(location, layout))


if __name__ == "__main__":
    main()
