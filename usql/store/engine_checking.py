"""Is a store of DuckDB or ClickHouse, or a folder of Parquet, sound? See ``checking``.

What arrives: the place of a store. What leaves: a ``CheckReport``. DuckDB tells of damage where it
reads, so all columns are read; ClickHouse keeps sums of its parts.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from usql.errors import StoreError
from usql.layout import Layout
from usql.store.checking import CheckReport, Problem, broken_promises
from usql.store.clickhouse_places import ClickhouseLocation
from usql.store.clickhouse_store import JOURNAL, local_name
from usql.store.engine_info import EnginePlace, opened
from usql.store.info import Ask
from usql.store.promises import CLICKHOUSE, DUCKDB
from usql.store.sqlite_schema import quoted

_TWICE = "sessions that are there more than once"


def check_engine(place: EnginePlace, layout: Layout) -> CheckReport:
    """Look at every column and every row of a store.

    Raises:
        StoreError: there is no store, or one of another version.
    """
    began = time.monotonic()
    problems: list[Problem] = []
    with opened(place, layout) as ask:
        in_clickhouse = isinstance(place, ClickhouseLocation)
        problems += _missing_columns(ask, layout)
        if not problems:
            damaged = _damaged_parts(ask, place, layout) if in_clickhouse else _damage(ask, layout)
            problems += damaged
        if not problems:
            problems += broken_promises(layout, CLICKHOUSE if in_clickhouse else DUCKDB, ask)
        if in_clickhouse and any(p.message == _TWICE for p in problems) and _is_written(ask):
            # one comes in before the other goes out
            problems = [p for p in problems if p.message != _TWICE]
    return CheckReport(str(place), tuple(problems), (), time.monotonic() - began)


def _damage(ask: Ask, layout: Layout) -> Iterator[Problem]:
    """Yield tables of which not all can be read."""
    for relation in layout.relations:
        name = quoted(relation.name)
        try:
            ask(f"SELECT bit_xor(hash({name})) FROM {name}")
        except StoreError as error:
            yield Problem(relation.name, str(error.__cause__ or error).splitlines()[0])


def _damaged_parts(ask: Ask, place: EnginePlace, layout: Layout) -> Iterator[Problem]:
    """Yield parts whose sums are wrong; of a cluster, those of the server that is asked."""
    for relation in layout.relations:
        in_cluster = isinstance(place, ClickhouseLocation) and place.cluster
        name = local_name(relation.name) if in_cluster else relation.name
        for part, sound, message in ask(
            f"CHECK TABLE {quoted(name)} SETTINGS check_query_single_value_result = 0"
        ):
            if not sound:
                yield Problem(relation.name, f"part {part}: {message}")


def _missing_columns(ask: Ask, layout: Layout) -> Iterator[Problem]:
    """Yield tables and columns that are not there."""
    found: dict[str, set[str]] = {}
    for table, column in ask(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_name IN ("
        + ", ".join(f"'{relation.name}'" for relation in layout.relations)
        + ")"
    ):
        found.setdefault(table, set()).add(column)
    for relation in layout.relations:
        wanted = set(relation.names)
        there = found.get(relation.name)
        if there is None:
            yield Problem(relation.name, "the table is missing")
        elif lacking := wanted - there:
            yield Problem(relation.name, f"columns are missing: {', '.join(sorted(lacking))}")


def _is_written(ask: Ask) -> bool:
    """Whether an import is under way, or was interrupted: the next one ends it."""
    return bool(ask(f"SELECT 1 FROM {JOURNAL} LIMIT 1"))
