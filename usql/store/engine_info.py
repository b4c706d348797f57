"""What a store of another engine than SQLite holds; ``info`` tells of SQLite stores.

What arrives: the place of a store. What leaves: a ``StoreInfo``. These engines keep no indexes that
could be missing, and do not tell what a table takes; so there are no parts, and nothing is free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from usql.errors import StoreError
from usql.layout import SESSION, Layout
from usql.store.clickhouse_places import ChdbLocation, ServerLocation
from usql.store.duckdb_store import DuckdbLocation, ParquetLocation
from usql.store.info import Application, PropertyKey, StoreInfo
from usql.store.sqlite_schema import quoted

EnginePlace: TypeAlias = DuckdbLocation | ParquetLocation | ChdbLocation | ServerLocation
"""Where a store of another engine than SQLite is."""

Ask = Callable[[str], Sequence[Sequence[Any]]]
"""Returns the rows of a query."""

_BYTES = "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()"


def read_engine_info(place: EnginePlace, layout: Layout) -> StoreInfo:
    """Return what a store holds.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    with opened(place, layout) as ask:
        counts = {
            table.name: _number(ask, f"SELECT count(*) FROM {quoted(layout.base(table.name))}")
            for table in layout.schema.tables
        }
        times = 'min("startTime"), coalesce(max("endTime"), max("startTime"))'
        ((first, last),) = ask(f"SELECT {times} FROM usersession")
        return StoreInfo(
            store=str(place),
            version=_number(ask, "SELECT max(version) FROM usql_store"),
            sessions=counts["usersession"],
            actions=counts["useraction"],
            events=counts["userevent"],
            errors=counts["usererror"],
            first=first,
            last=last,
            applications=tuple(_applications(ask)),
            properties=tuple(_properties(ask, layout)),
            parts=(),
            bytes=_number(ask, _BYTES) if place.path is None else _size(place.path),
            free=0,
            postponed=(),
        )


def opened(place: EnginePlace, layout: Layout) -> AbstractContextManager[Ask]:
    """Return a block in which a store can be asked in its engine's SQL.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    if isinstance(place, DuckdbLocation | ParquetLocation):
        return _duckdb(place, layout)
    return _clickhouse(place, layout)


@contextmanager
def _duckdb(place: DuckdbLocation | ParquetLocation, layout: Layout) -> Iterator[Ask]:
    from usql.store.duckdb_store import library, open_reader, store_errors

    if isinstance(place, DuckdbLocation):
        opened = open_reader(place)
    else:
        from usql.store.parquet_store import open_folder

        opened = open_folder(place, layout)
    with closing(opened) as connection:

        def ask(query: str) -> Sequence[Sequence[Any]]:
            try:
                with store_errors(place):
                    return connection.execute(query).fetchall()
            except library().Error as error:
                problem = str(error).splitlines()[0]
                raise StoreError(f"{place} cannot be read: {problem}") from error

        yield ask


@contextmanager
def _clickhouse(place: ChdbLocation | ServerLocation, layout: Layout) -> Iterator[Ask]:
    from usql.store.clickhouse_client import store_errors
    from usql.store.clickhouse_store import open_store

    opened = open_store(place, layout, create=False)
    with closing(opened) as client, store_errors(place), client.reading():
        yield client.read


def _number(ask: Ask, query: str) -> int:
    return int(ask(query)[0][0] or 0)


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _applications(ask: Ask) -> Iterator[Application]:
    query = (
        f"SELECT application, count(DISTINCT {quoted(SESSION)}), count(*) FROM useraction"
        " WHERE application IS NOT NULL GROUP BY application ORDER BY application"
    )
    for row in ask(query):
        yield Application(*row)


def _properties(ask: Ask, layout: Layout) -> Iterator[PropertyKey]:
    for table in layout.schema.tables:
        for field in table.collections:
            if field.properties:
                relation = quoted(layout.values(field))
                query = f"SELECT key, count(*) FROM {relation} GROUP BY key ORDER BY key"
                for key, count in ask(query):
                    yield PropertyKey(table.name, field.name, key, field.kind.value, count)
