"""Parquet files to objects; the only module of this package that needs pyarrow.

What arrives: a binary stream. What leaves: the names of the columns, and an object per row in the
types that JSON has; rows are read by batches of bounded length.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from usql.errors import BadData
from usql.extras import load

_BATCH = 4096


def parquet_objects(
    name: str, stream: io.BufferedReader
) -> tuple[tuple[str, ...], Iterator[dict[str, Any]]]:
    """Return the columns and the rows of a file; reading on may raise ``BadData``, too.

    Raises:
        BadData: it is not a Parquet file.
        MissingExtra: pyarrow is not installed.
    """
    pa, pq = load("pyarrow", "Parquet"), load("pyarrow.parquet", "Parquet")
    if not stream.seekable():
        raise BadData(f"{name}: Parquet is read from a file, not from a stream")
    try:
        file = pq.ParquetFile(stream)
    except (pa.ArrowException, OSError) as error:
        raise BadData(f"{name} is not a Parquet file that can be read: {error}") from None
    return tuple(file.schema_arrow.names), _objects(file, _without_ns(pa, file.schema_arrow), pa)


def _without_ns(pa: Any, schema: Any) -> Any:
    """Return a schema whose times are of µs, since Python's own have no ns."""
    fields = [
        field.with_type(pa.timestamp("us", field.type.tz))
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns"
        else field
        for field in schema
    ]
    return pa.schema(fields)


def _objects(file: Any, schema: Any, pa: Any) -> Iterator[dict[str, Any]]:
    try:
        for batch in file.iter_batches(batch_size=_BATCH):
            table = pa.Table.from_batches([batch]).cast(schema, safe=False)
            for document in table.to_pylist():
                yield _plain(document)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise BadData(f"cannot be read on: {error}") from None


def _plain(value: Any) -> Any:
    """Return a value in the types that JSON has."""
    match value:
        case dict():
            return {str(name): _plain(part) for name, part in value.items()}
        case list():
            return [_plain(part) for part in value]
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case bytes():
            return value.decode(errors="backslashreplace")
        case _:
            return value
