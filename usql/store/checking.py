"""Is a store sound? The file as its engine sees it, and what we promise of the rows in it.

What arrives: the place of a store. What leaves: a ``CheckReport`` with every problem found, all of
one state of the store. Nothing is changed. Stores of other engines than SQLite are the business of
``engine_checking``; what we promise, ``promises`` tells.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from usql.errors import StoreError
from usql.layout import SESSION, Layout
from usql.store import sqlite_schema
from usql.store.places import Place
from usql.store.promises import SQLITE, Spelling, promises
from usql.store.sqlite_schema import quoted
from usql.store.sqlite_store import Location, open_reader, store_errors

_FILE_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is broken.

    Attributes:
        place: the table or index, or ``file``.
        message: what is wrong with it.
        count: how many rows it is wrong with; 0 where it is not about rows.
        session: one of them, by its number in the store, or ``None``.
    """

    place: str
    message: str
    count: int = 0
    session: int | None = None


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found.

    Attributes:
        store: where it is.
        problems: what is broken; empty if all is well.
        postponed: names of indexes that an interrupted import has left to be made: no damage, but
            queries are slower without them.
        seconds: how long the check took.
    """

    store: str
    problems: tuple[Problem, ...]
    postponed: tuple[str, ...]
    seconds: float

    @property
    def sound(self) -> bool:
        """Whether nothing is broken."""
        return not self.problems


def check_store(place: Place, layout: Layout) -> CheckReport:
    """Look at every page and every row of a store.

    Raises:
        StoreError: there is no store, or one of another version.
    """
    if isinstance(place, Location):
        return _check_sqlite(place, layout)
    from usql.store.engine_checking import check_engine

    return check_engine(place, layout)


def _check_sqlite(location: Location, layout: Layout) -> CheckReport:
    began = time.monotonic()
    problems: list[Problem] = []
    postponed: list[str] = []
    try:
        with store_errors(location), closing(open_reader(location)) as connection:
            connection.execute("BEGIN")
            problems += _file_problems(connection)
            postponed = sqlite_schema.postponed_indexes(connection)
            missing = list(_schema_problems(connection, layout, set(postponed)))
            problems += missing
            if not missing:
                problems += _row_problems(connection, layout)
    except StoreError as error:
        if not isinstance(error.__cause__, sqlite3.DatabaseError) or isinstance(
            error.__cause__, sqlite3.OperationalError
        ):
            raise
        if getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_NOTADB:
            raise
        # Damage that keeps a query from ending; what was found until then is told, too.
        problems.append(Problem("file", str(error.__cause__)))
    return CheckReport(str(location), tuple(problems), tuple(postponed), time.monotonic() - began)


def _file_problems(connection: sqlite3.Connection) -> Iterator[Problem]:
    for (line,) in connection.execute(f"PRAGMA integrity_check({_FILE_PROBLEMS})"):
        if line != "ok":
            yield Problem("file", line)


def _schema_problems(
    connection: sqlite3.Connection, layout: Layout, postponed: set[str]
) -> Iterator[Problem]:
    """Yield tables, columns and indexes that are not there."""
    for relation in layout.relations:
        found = {
            row[1] for row in connection.execute(f"PRAGMA table_info({quoted(relation.name)})")
        }
        wanted = {*relation.keys, *(name for name, _ in relation.columns)}
        if not found:
            yield Problem(relation.name, "the table is missing")
        elif wanted - found:
            yield Problem(
                relation.name, f"columns are missing: {', '.join(sorted(wanted - found))}"
            )
    query = "SELECT name FROM sqlite_schema WHERE type = 'index'"
    made = {name for (name,) in connection.execute(query)}
    for index in sqlite_schema.indexes(layout):
        if index.name not in made | postponed:
            yield Problem(index.name, "the index is missing")


def _row_problems(connection: sqlite3.Connection, layout: Layout) -> Iterator[Problem]:
    return broken_promises(layout, SQLITE, lambda query: connection.execute(query).fetchall())


def broken_promises(
    layout: Layout, spelling: Spelling, ask: Callable[[str], Sequence[Sequence[Any]]]
) -> Iterator[Problem]:
    """Yield what rows break our promises.

    Args:
        layout: of the store.
        spelling: of the engine.
        ask: returns the rows of a query.
    """
    for promise in promises(layout, spelling):
        query = f'SELECT count(*), min("{SESSION}") FROM ({promise.rows}) AS broken'
        ((count, session),) = ask(query)
        if count:
            yield Problem(promise.place, promise.broken, int(count), session)
