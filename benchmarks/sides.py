"""The two sides of the benchmarks on each engine: our store with our SQL, and the expert's.

Both run in the same way, over a connection that can only read, in a thread of its own, so that what
differs is the layout and the SQL.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import duckdb

import usql
from benchmarks import experts
from benchmarks.experts import Expert, Row
from benchmarks.experts import clickhouse as clickhouse_expert
from benchmarks.experts import duckdb as duckdb_expert
from benchmarks.experts import sqlite as sqlite_expert
from benchmarks.questions import Question
from usql.backends import backend_of
from usql.backends.running import in_thread
from usql.backends.sqlite import add_functions
from usql.layout import columnar_layout, default_layout
from usql.store.chdb_client import ChdbClient
from usql.store.clickhouse_places import ChdbLocation
from usql.store.places import layout_of, place_of
from usql.store.sqlite_store import tune_reader

Ask = Callable[[], list[Row]]


class Side(Protocol):
    """Answers questions, ours or the expert's."""

    def ready(self, question: Question) -> Ask | None:
        """Return what runs a question; whatever is to be done before that has been done.

        ``None`` where there is nothing that answers it.
        """

    def forget(self) -> None:
        """Have the engine forget what it found in earlier runs of the same question."""


class Engine(NamedTuple):
    """An engine under test.

    Attributes:
        name: also the suffix of its files.
        url: of a store at a path.
        ours: opens our store.
        expert: opens the expert's.
        lay_out: makes the expert's store of ours.
        multiply: makes a store of so many copies of another's sessions, where it can.
        merges: whether a store is compacted after the import, as the expert's is; a server merges
            its parts by itself, a folder only while somebody has it open.
    """

    name: str
    url: Callable[[Path], str]
    ours: Callable[[Path], AbstractContextManager[Side]]
    expert: Callable[[Path], AbstractContextManager[Side]]
    lay_out: Callable[[Path, Path], None]
    multiply: Callable[[Path, Path, int], None] | None = None
    merges: bool = False


class _Ours:
    """Our SQL on our store."""

    def __init__(self, url: str) -> None:
        self._database = usql.connect(url, create=False)
        place = place_of(url)
        self._backend = backend_of(place, layout_of(place))

    def ready(self, question: Question) -> Ask:
        compiled = self._database.compile(question.text, timezone=question.zone)
        return lambda: self._backend.run(compiled)

    def forget(self) -> None:
        """Do nothing: SQLite and DuckDB keep pages, not what was found in them."""

    def close(self) -> None:
        self._backend.close()
        self._database.close()


class _OursInClickhouse(_Ours):
    """The same, where the engine remembers which blocks had what a condition asked for."""

    def __init__(self, path: Path) -> None:
        super().__init__(_chdb_url(path))
        self._client = ChdbClient(ChdbLocation(path))

    def forget(self) -> None:
        self._client.write(_FORGET)

    def close(self) -> None:
        self._client.close()
        super().close()


_FORGET = "SYSTEM DROP QUERY CONDITION CACHE"


class _Reader:
    """A connection of the expert, as queries that run in a thread want it."""

    def __init__(self, connection: Any, queries: Mapping[str, Expert]) -> None:
        self.connection = connection
        self.cancelled = False
        self._queries = queries

    def interrupt(self) -> None:
        self.connection.interrupt()

    def forget(self) -> None:
        """Do nothing, as ours."""

    def ready(self, question: Question) -> Ask:
        expert = self._queries[question.name]
        return lambda: in_thread(lambda: self._rows(expert), self, timeout=None)

    def _rows(self, expert: Expert) -> list[Row]:
        # as ours, which lends a cursor to each query
        with closing(self.connection.cursor()) as cursor:
            return expert.finish(cursor.execute(expert.sql).fetchall())


def _ours(url: Callable[[Path], str]) -> Callable[[Path], AbstractContextManager[Side]]:
    return lambda path: closing(_Ours(url(path)))


@contextmanager
def _sqlite_expert(path: Path) -> Iterator[Side]:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    opened = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    with closing(opened) as connection:
        tune_reader(connection)
        add_functions(connection)
        yield _Reader(connection, sqlite_expert.experts(default_layout()))


def _sqlite_layout(store: Path, expert: Path) -> None:
    with closing(sqlite3.connect(expert, isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("ATTACH ? AS ours", (str(store),))
        connection.executescript(sqlite_expert.layout(default_layout()))


def _duckdb_url(path: Path) -> str:
    return f"duckdb:{path}"


@contextmanager
def _duckdb_expert(path: Path) -> Iterator[Side]:
    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        yield _Reader(connection, duckdb_expert.experts(columnar_layout()))


def _duckdb_layout(store: Path, expert: Path) -> None:
    with closing(duckdb.connect(str(expert))) as connection:
        connection.execute(f"ATTACH '{store}' AS ours (READ_ONLY)")
        for statement in duckdb_expert.layout(columnar_layout()):
            connection.execute(statement)


def _duckdb_copies(store: Path, copies: Path, count: int) -> None:
    with closing(duckdb.connect(str(copies))) as connection:
        connection.execute(f"ATTACH '{store}' AS ours (READ_ONLY)")
        for statement in duckdb_expert.copies(columnar_layout(), count):
            connection.execute(statement)


def _chdb_url(path: Path) -> str:
    return f"chdb:{path}"


class _ChdbReader:
    """The engine with the expert's tables, asked over the same client as ours is."""

    def __init__(self, client: ChdbClient) -> None:
        self.cancelled = False
        self._client = client
        self._queries = clickhouse_expert.experts(columnar_layout())

    def interrupt(self) -> None:
        """Nobody interrupts a benchmark."""

    def forget(self) -> None:
        self._client.write(_FORGET)

    def ready(self, question: Question) -> Ask | None:
        expert = self._queries.get(question.name)
        if expert is None:
            return None
        return lambda: in_thread(lambda: self._rows(expert), self, timeout=None)

    def _rows(self, expert: Expert) -> list[Row]:
        return expert.finish([tuple(row) for row in self._client.read(expert.sql)])


def _chdb_ours(path: Path) -> AbstractContextManager[Side]:
    return closing(_OursInClickhouse(path))


@contextmanager
def _chdb_expert(path: Path) -> Iterator[Side]:
    with closing(ChdbClient(ChdbLocation(path))) as client:
        yield _ChdbReader(client)


def _chdb_layout(store: Path, expert: Path) -> None:
    shutil.copytree(store, expert, symlinks=True)
    with closing(ChdbClient(ChdbLocation(expert))) as client:
        for statement in clickhouse_expert.layout(columnar_layout(), ChdbLocation.database):
            client.write(statement)


ENGINES: Mapping[str, Engine] = {
    engine.name: engine
    for engine in (
        Engine("sqlite", str, _ours(str), _sqlite_expert, _sqlite_layout),
        Engine(
            "duckdb",
            _duckdb_url,
            _ours(_duckdb_url),
            _duckdb_expert,
            _duckdb_layout,
            _duckdb_copies,
        ),
        Engine("chdb", _chdb_url, _chdb_ours, _chdb_expert, _chdb_layout, merges=True),
    )
}

__all__ = ["ENGINES", "Ask", "Engine", "Row", "Side", "experts"]
