"""Folders of Parquet as stores that can only be read: DuckDB's views over the files, in place.

What arrives: the path of a folder that an export wrote. What leaves: a connection on which the
relations of the layout are views over its files, and which reaches no other file. A folder that
lacks a file, or a file that lacks a column, is refused with a ``StoreError``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from usql.errors import StoreError
from usql.layout import ARRIVAL, EXTRA, IP_TEXT, KEY, ORDINAL, VALUE, Layout
from usql.schema import Field, Table
from usql.store.duckdb_store import CONFINED, ParquetLocation, closed_on_error, library
from usql.store.export.parquet import METADATA, SORTED_IP, SUFFIX, VERSION
from usql.store.sqlite_schema import quoted
from usql.types import Kind

if TYPE_CHECKING:
    import duckdb

_MAKE = "write one with: usql export STORE FOLDER/ --format parquet"
_TYPES = {
    Kind.LONG: "BIGINT",
    Kind.DOUBLE: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "TIMESTAMP WITH TIME ZONE",
}
_PATTERN_SIGNS = frozenset("*?[")


def open_folder(location: ParquetLocation, layout: Layout) -> duckdb.DuckDBPyConnection:
    """Open a folder to read; nothing but its files can be reached over the connection.

    Args:
        location: of the folder.
        layout: whose relations there shall be.

    Raises:
        StoreError: there is no folder, or not one that an export wrote.
    """
    files = _files(location, layout)
    connection = _connected()
    with closed_on_error(connection):
        allowed = ", ".join(_text(str(path)) for path in files.values())
        connection.execute(f"SET allowed_paths = [{allowed}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        for table in layout.schema.tables:
            _check(connection, location, layout, table, files[table.name])
            for view in _views(layout, table, f"read_parquet({_text(str(files[table.name]))})"):
                connection.execute(view)
        connection.execute(f"CREATE VIEW usql_property AS {_property_keys(layout, files)}")
        connection.execute(f"CREATE VIEW usql_store AS SELECT {VERSION} AS version")
    return connection


def _connected() -> duckdb.DuckDBPyConnection:
    connection: duckdb.DuckDBPyConnection = library().connect(":memory:", config=dict(CONFINED))
    return connection


def _files(location: ParquetLocation, layout: Layout) -> dict[str, Path]:
    """Return the file of each table.

    Raises:
        StoreError: one is missing.
    """
    path = location.path
    if not path.exists():
        raise StoreError(f"no folder at {location}", hint=_MAKE)
    if not path.is_dir():
        raise StoreError(f"{location} is a file, not a folder", hint="write parquet:FOLDER/")
    files = {table.name: (path / (table.name + SUFFIX)) for table in layout.schema.tables}
    missing = [file.name for file in files.values() if not file.is_file()]
    if len(missing) == len(files):
        raise StoreError(f"{location} is a folder, but not an export in Parquet", hint=_MAKE)
    if missing:
        raise StoreError(f"{location} lacks {', '.join(missing)}", hint="export it once more")
    if _PATTERN_SIGNS & set(str(path)):
        raise StoreError(
            f"{location} has a sign in its name that DuckDB takes for a pattern",
            hint="rename the folder: its path may have no *, ? and [",
        )
    return {name: file.absolute() for name, file in files.items()}


def _check(
    connection: duckdb.DuckDBPyConnection,
    location: ParquetLocation,
    layout: Layout,
    table: Table,
    file: Path,
) -> None:
    """Make sure that a file is of this version and has the columns it should have.

    Raises:
        StoreError: it has not.
    """
    import duckdb

    place = f"{file.name} of {location}"
    try:
        found = connection.execute(
            f"SELECT key, value FROM parquet_kv_metadata({_text(str(file))})"
        ).fetchall()
        described = connection.execute(
            f"DESCRIBE SELECT * FROM read_parquet({_text(str(file))})"
        ).fetchall()
    except duckdb.Error as error:
        raise StoreError(
            f"{place} cannot be read: {str(error).splitlines()[0]}", hint="export it once more"
        ) from error
    if (version := _version(dict(found).get(METADATA))) > VERSION:
        raise StoreError(f"{place} was made by a newer version of usql", hint="update usql-engine")
    types = {str(name): str(type_) for name, type_, *_ in described}
    wrong = [
        f"{name} ({_WORDS.get(type_, type_)})"
        for name, type_ in _columns(layout, table)
        if types.get(name) != type_
    ]
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        what = "columns that it should have" if version else "columns of an export"
        raise StoreError(f"{place} lacks {what}: {', '.join(wrong[:_SHOWN])}{more}", hint=_MAKE)


_SHOWN = 3
_WORDS = {"BIGINT": "int64", "DOUBLE": "double", "BOOLEAN": "bool", "VARCHAR": "string"}


def _version(note: bytes | None) -> int:
    """Return the version that a file's metadata tell; 0 where they do not."""
    with suppress(ValueError, KeyError, TypeError):
        return int(json.loads(note or b"{}")["version"])
    return 0


def _columns(layout: Layout, table: Table) -> Iterator[tuple[str, str]]:
    """Yield the columns of a table's file that are read, with DuckDB's types."""
    for name in layout.keys(table.name):
        yield name, "BIGINT"
    for field in (*table.scalars, *table.collections):
        yield field.name, _type(field)
    yield (SORTED_IP, "VARCHAR") if table.primary else (ARRIVAL, "BIGINT")
    yield EXTRA, "VARCHAR"


def _type(field: Field) -> str:
    one = _TYPES.get(field.kind, "VARCHAR")
    if field.properties:
        return f"MAP(VARCHAR, {one})"
    return f"{one}[]" if field.many else one


def _views(layout: Layout, table: Table, file: str) -> Iterator[str]:
    """Yield what makes the relations of a table out of its file."""
    keys = [quoted(name) for name in layout.keys(table.name)]
    columns = [*keys, *(_scalar(field) for field in table.scalars)]
    if not table.primary:
        columns.append(quoted(ARRIVAL))
    columns.append(quoted(EXTRA))
    yield _view(layout.base(table.name), columns, file)
    for field in table.collections:
        yield _view(layout.values(field), [*keys, *_entries(field)], file)


def _view(name: str, columns: list[str], file: str) -> str:
    return f"CREATE VIEW {quoted(name)} AS SELECT {', '.join(columns)} FROM {file}"


def _scalar(field: Field) -> str:
    name = quoted(field.name)
    if field.kind is Kind.DATE:
        return f"epoch_ms({name}) AS {name}"
    if field.kind is Kind.IP:
        return f"{quoted(SORTED_IP)} AS {name}, {name} AS {quoted(IP_TEXT)}"
    return name


def _entries(field: Field) -> tuple[str, str]:
    """Return the last key and the value of each entry of a list, or of properties."""
    name = quoted(field.name)
    values = f"unnest(map_values({name}))" if field.properties else f"unnest({name})"
    if field.kind is Kind.DATE:
        values = f"epoch_ms({values})"
    if field.properties:
        return f"unnest(map_keys({name})) AS {quoted(KEY)}", f"{values} AS {quoted(VALUE)}"
    return f"unnest(range(len({name}))) AS {quoted(ORDINAL)}", f"{values} AS {quoted(VALUE)}"


def _property_keys(layout: Layout, files: dict[str, Path]) -> str:
    """Return a query for table, field and key of all properties."""
    return " UNION ALL ".join(
        f'SELECT DISTINCT {_text(table.name)} AS "table", {_text(field.name)} AS field,'
        f' unnest(map_keys({quoted(field.name)})) AS "key"'
        f" FROM read_parquet({_text(str(files[table.name]))})"
        for table in layout.schema.tables
        for field in table.collections
        if field.properties
    )


def _text(value: str) -> str:
    """Return a text as it stands in SQL."""
    return "'" + value.replace("'", "''") + "'"
