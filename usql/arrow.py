"""Results as Arrow tables: typed columns for data frames, Parquet and Arrow files.

What arrives: a ``Result``. What leaves: a ``pyarrow.Table`` with a column per column of the
result, no name twice. Its types are those of the language: dates are timestamps in ms (UTC), lists
are lists, properties are maps. Where a column holds what its type cannot (a sum beyond 64 bits),
it is a column of doubles; properties of several types are maps to JSON texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from usql.extras import load

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow as pa

    from usql.result import Result

_TEXTS = frozenset({"string", "enum", "ip", "json"})
_LONGS = range(-(2**63), 2**63)


def table_of(result: Result) -> pa.Table:
    """Return a result as an Arrow table.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    arrow = load("pyarrow", "Arrow")
    width = len(result.columns)
    values: Sequence[Sequence[Any]] = list(zip(*result.rows, strict=True)) or [()] * width
    arrays = [
        _array(arrow, column.type, cells)
        for column, cells in zip(result.columns, values, strict=True)
    ]
    return arrow.Table.from_arrays(arrays, names=list(result.distinct_names()))


def frame_of(result: Result) -> pandas.DataFrame:
    """Return a result as a pandas data frame.

    Raises:
        MissingExtra: pandas or pyarrow is not installed.
    """
    library = load("pandas", "a pandas data frame")
    arrow = load("pyarrow", "a pandas data frame")
    # Without these types, a null would turn whole numbers into doubles and booleans into objects.
    nullable = {arrow.int64(): library.Int64Dtype(), arrow.bool_(): library.BooleanDtype()}
    frame: pandas.DataFrame = table_of(result).to_pandas(types_mapper=nullable.get)
    return frame


def polars_frame_of(result: Result) -> polars.DataFrame:
    """Return a result as a polars data frame.

    Raises:
        MissingExtra: polars or pyarrow is not installed.
    """
    library = load("polars", "a polars data frame")
    frame: polars.DataFrame = library.from_arrow(table_of(result))
    return frame


def write_arrow(result: Result, file: BinaryIO) -> None:
    """Write a result as an Arrow IPC file, also known as Feather.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    arrow = load("pyarrow", "Arrow")
    table = table_of(result)
    # By way of a buffer: the library would close the file, which is the caller's.
    buffer = arrow.BufferOutputStream()
    with arrow.ipc.new_file(buffer, table.schema) as writer:
        writer.write_table(table)
    file.write(buffer.getvalue())


def write_parquet(result: Result, file: BinaryIO) -> None:
    """Write a result as a Parquet file.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    parquet = load("pyarrow.parquet", "Parquet")
    arrow = load("pyarrow", "Parquet")
    buffer = arrow.BufferOutputStream()
    parquet.write_table(table_of(result), buffer, compression="zstd")
    file.write(buffer.getvalue())


def _array(arrow: Any, type_name: str, cells: Sequence[Any]) -> Any:
    """Return the column of values of a type of the language."""
    name = type_name.removesuffix("[]")
    many = name != type_name
    single: Iterable[Any] = chain.from_iterable(filter(None, cells)) if many else cells
    if name == "properties":
        one, cells = _maps(arrow, cells, many)
    else:
        one = _type(arrow, name, single)
        if one == arrow.float64():
            cells = _as_floats(cells, many)
    return arrow.array(cells, arrow.list_(one) if many else one)


def _type(arrow: Any, name: str, values: Iterable[Any]) -> Any:
    if name in _TEXTS:
        return arrow.string()
    if name == "boolean":
        return arrow.bool_()
    if name == "double" or not all(v is None or _is_long(v) for v in values):
        return arrow.float64()
    return arrow.timestamp("ms", "UTC") if name == "date" else arrow.int64()


def _is_long(value: Any) -> bool:
    return type(value) is int and value in _LONGS


def _as_floats(cells: Sequence[Any], many: bool) -> list[Any]:
    if many:
        return [None if c is None else [None if v is None else float(v) for v in c] for c in cells]
    return [None if v is None else float(v) for v in cells]


def _maps(arrow: Any, cells: Sequence[Any], many: bool) -> tuple[Any, Sequence[Any]]:
    """Return the type of maps that holds all properties of a column, and its cells as pairs."""
    values = list(_property_values(cells, many))
    change: Callable[[Any], Any]
    if all(type(v) is str for v in values):
        one, change = arrow.string(), _same
    elif all(_is_long(v) for v in values):
        one, change = arrow.int64(), _same
    elif all(type(v) in (int, float) for v in values):
        one, change = arrow.float64(), float
    else:
        from usql.render.values import as_json

        one, change = arrow.string(), as_json

    def pairs(properties: dict[str, Any] | None) -> list[tuple[str, Any]] | None:
        return None if properties is None else [(k, change(v)) for k, v in properties.items()]

    if many:
        cells = [None if c is None else [pairs(p) for p in c] for c in cells]
    else:
        cells = [pairs(c) for c in cells]
    return arrow.map_(arrow.string(), one), cells


def _property_values(cells: Sequence[Any], many: bool) -> Iterator[Any]:
    for properties in chain.from_iterable(filter(None, cells)) if many else cells:
        yield from (properties or {}).values()


def _same(value: Any) -> Any:
    return value
