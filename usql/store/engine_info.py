"""What a store of another engine than SQLite holds; ``info`` tells of SQLite stores.

What arrives: the place of a store. What leaves: a ``StoreInfo``. These engines keep no indexes that
could be missing, and do not tell what a table takes; so there are no parts, and nothing is free.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, TypeAlias

from usql.errors import StoreError
from usql.layout import Layout
from usql.store.clickhouse_places import ChdbLocation, ServerLocation
from usql.store.duckdb_store import DuckdbLocation, ParquetLocation
from usql.store.info import Ask, StoreInfo, number, store_info

EnginePlace: TypeAlias = DuckdbLocation | ParquetLocation | ChdbLocation | ServerLocation
"""Where a store of another engine than SQLite is."""


def read_engine_info(place: EnginePlace, layout: Layout) -> StoreInfo:
    """Return what a store holds.

    Raises:
        StoreError: there is no store, or it cannot be read.
    """
    with opened(place, layout) as ask:
        return store_info(
            ask,
            layout,
            store=str(place),
            version=number(ask, "SELECT max(version) FROM usql_store"),
            bytes=_bytes(ask, place),
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


def _bytes(ask: Ask, place: EnginePlace) -> int:
    if isinstance(place, DuckdbLocation):
        return place.path.stat().st_size
    if isinstance(place, ParquetLocation):
        return sum(file.stat().st_size for file in place.path.rglob("*") if file.is_file())
    from usql.store.clickhouse_store import stored_bytes

    return stored_bytes(ask, place)
