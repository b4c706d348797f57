"""`python -m tests.cases --update`: rewrite what follows from the code in the case files.

In `tests/cases` these are the stations (`tree`, `resolved`, `sql`), in `tests/errors` the errors.
Rows are never touched. Look at what changed before you keep it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .answers import stations
from .mistakes import raised
from .reader import Entry, Section, read_folder, update

TESTS = Path(__file__).parent.parent
DATA = TESTS / "data" / "small.ndjson"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cases", description=__doc__)
    parser.add_argument("--update", action="store_true", help="rewrite stations and errors")
    options = parser.parse_args()

    import usql

    with usql.connect(":memory:") as db:
        db.import_files([DATA])
        renewals: dict[Path, Callable[[Entry], Iterable[Section]]] = {
            TESTS / "cases": lambda entry: stations(entry, db),
            TESTS / "errors": lambda entry: [raised(entry, db)],
        }
        for folder, renew in renewals.items():
            _report(folder, renew, options.update)
    return 0


def _report(folder: Path, renew: Callable[[Entry], Iterable[Section]], write: bool) -> None:
    entries: list[Any] = read_folder(folder)
    print(f"{folder.name}: {len(entries)} cases")
    for path in sorted(folder.glob("*.usql")) if write else []:
        if update(path, renew):
            print(f"  rewritten: {path.name}")


if __name__ == "__main__":
    sys.exit(main())
