"""A folder of Parquet, one file per table, written in chunks with flat memory.

What arrives: a snapshot of a store. What leaves: ``usersession.parquet``, ``useraction.parquet``,
``userevent.parquet`` and ``usererror.parquet`` in a folder that appears when it is whole. They hold
all that the store holds:

* ``_session``, and in a secondary table ``_position``: what joins and orders rows; rows are sorted
  by them. A secondary row has its session's identity besides, as ``usersession_…``.
* A column per field, typed: dates are timestamps in ms (UTC), lists are lists, properties are maps.
  A list or map that was given empty is empty, one that was not given is null.
* ``_ip``: the address in a form that sorts; ``ip`` is the text.
* ``_arrival``, ``_extra``: as in the store (see ``sessions``): the index in the export's array
  where it is not the position, and what the columns cannot say, as JSON.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from usql.errors import ExportError
from usql.extras import load
from usql.layout import ARRIVAL, EXTRA, IP_TEXT, SESSION, Layout
from usql.schema import Field, Table
from usql.store.export.files import Destination, ExportSummary, Report, Teller
from usql.store.export.output import replacing_folder
from usql.store.export.snapshot import Snapshot, TableRows
from usql.types import Kind

SUFFIX = ".parquet"
VERSION = 1
"""Of this arrangement of columns; it is in each file's metadata."""
METADATA = b"usql"
"""Key of a file's metadata: a JSON object with ``version`` and ``table``."""
SORTED_IP = "_ip"
IDENTITY = ("tenantId", "userSessionId", "startTime", "partNumber")
"""The fields that tell sessions apart."""

_GROUP_ROWS = 122_880
_GROUP_BYTES = 32 * 1024 * 1024
_COMPRESSION = "zstd"


def identity_column(name: str) -> str:
    """Return what a secondary table calls a field of its session's identity.

    >>> identity_column("startTime")
    'usersession_startTime'
    """
    return f"usersession_{name}"


def write_folder(
    snapshot: Snapshot, out: Destination, *, overwrite: bool = False, report: Report | None = None
) -> ExportSummary:
    """Write sessions as a folder of Parquet.

    Args:
        snapshot: the sessions.
        out: the folder; it must not exist, be empty, or be an earlier export.
        overwrite: whether an earlier export is replaced.
        report: called now and then.

    Raises:
        ExportError: it cannot be written; what was there is there still.
        MissingExtra: pyarrow is not installed.
    """
    load("pyarrow.parquet", "Parquet")
    if not isinstance(out, str | os.PathLike):
        raise ExportError("an export in Parquet is a folder, not one stream of bytes")
    path = Path(out)
    names = [table.name + SUFFIX for table in snapshot.layout.schema.tables]
    teller = Teller(snapshot.count(), report)
    with replacing_folder(path, overwrite, lambda found: _is_export(found, names)) as folder:
        _write(snapshot, folder, teller)
        size = sum((folder / name).stat().st_size for name in names)
    teller.tell()
    files = tuple(path / name for name in names)
    return ExportSummary(files, teller.sessions, size, teller.seconds)


def schema(layout: Layout, table: Table) -> Any:
    """Return the Arrow schema of a table's file."""
    pa = load("pyarrow", "Parquet")
    columns: list[tuple[str, Any, Field | None]]
    columns = [(name, pa.int64(), None) for name in layout.keys(table.name)]
    if not table.primary:
        primary = layout.schema.primary
        for name in IDENTITY:
            field = primary.find(name)
            assert field is not None
            columns.append((identity_column(name), _arrow_type(field), field))
    for field in table.fields:
        if not field.nested:
            columns.append((field.name, _arrow_type(field), field))
    if table.primary:
        columns.append((SORTED_IP, pa.string(), None))
    else:
        columns.append((ARRIVAL, pa.int64(), None))
    columns.append((EXTRA, pa.string(), None))
    note = json.dumps({"version": VERSION, "table": table.name})
    return pa.schema(
        [pa.field(name, type, metadata=_note(field)) for name, type, field in columns],
        metadata={METADATA: note.encode()},
    )


def _note(field: Field | None) -> dict[str, str] | None:
    if field is None:
        return None
    return {"usql.type": field.type_name} | ({"usql.unit": field.unit} if field.unit else {})


def _arrow_type(field: Field) -> Any:
    pa = load("pyarrow", "Parquet")
    match field.kind:
        case Kind.LONG:
            one = pa.int64()
        case Kind.DOUBLE:
            one = pa.float64()
        case Kind.BOOLEAN:
            one = pa.bool_()
        case Kind.DATE:
            one = pa.timestamp("ms", "UTC")
        case _:
            one = pa.string()
    if field.properties:
        return pa.map_(pa.string(), one)
    return pa.list_(one) if field.many else one


def _is_export(folder: Path, names: Sequence[str]) -> bool:
    return {entry.name for entry in folder.iterdir()} <= set(names)


def _write(snapshot: Snapshot, folder: Path, teller: Teller) -> None:
    layout = snapshot.layout
    primary = layout.schema.primary.name
    with ExitStack() as stack:
        files = {
            table.name: stack.enter_context(_TableFile(folder, schema(layout, table), table.name))
            for table in layout.schema.tables
        }
        for tables in snapshot.tables():
            sessions = tables[primary].columns
            identities = _identities(sessions)
            for name, rows in tables.items():
                more = {} if name == primary else _owners(rows, identities)
                files[name].add(rows, more)
            teller.add(len(sessions[SESSION]), sum(rows.size for rows in tables.values()))


def _identities(sessions: Mapping[str, Sequence[Any]]) -> dict[int, tuple[Any, ...]]:
    values = zip(*(sessions[name] for name in IDENTITY), strict=True)
    return dict(zip(sessions[SESSION], values, strict=True))


def _owners(rows: TableRows, identities: Mapping[int, tuple[Any, ...]]) -> dict[str, Sequence[Any]]:
    """Return the columns that say which session each row is of."""
    owners = [identities[number] for number in rows.columns[SESSION]]
    columns = zip(*owners, strict=True) if owners else [()] * len(IDENTITY)
    return {identity_column(n): c for n, c in zip(IDENTITY, columns, strict=True)}


class _TableFile:
    """A Parquet file that grows by row groups of a bounded size."""

    def __init__(self, folder: Path, schema: Any, table: str) -> None:
        self._pa = load("pyarrow", "Parquet")
        self._schema = schema
        writer = load("pyarrow.parquet", "Parquet").ParquetWriter
        self._writer = writer(folder / (table + SUFFIX), schema, compression=_COMPRESSION)
        self._waiting: list[Any] = []
        self._rows = self._size = 0

    def __enter__(self) -> _TableFile:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._flush()
        self._writer.close()

    def add(self, rows: TableRows, more: Mapping[str, Sequence[Any]]) -> None:
        """Add rows, and columns that are not in them."""
        columns = {**rows.columns, **more}
        if IP_TEXT in columns:
            columns[SORTED_IP], columns["ip"] = columns["ip"], columns[IP_TEXT]
        count = len(columns[SESSION])
        if not count:
            return
        arrays = [self._pa.array(columns[field.name], field.type) for field in self._schema]
        batch = self._pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        self._waiting.append(batch)
        self._rows += count
        self._size += batch.nbytes
        if self._rows >= _GROUP_ROWS or self._size >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            table = self._pa.Table.from_batches(self._waiting, self._schema)
            self._writer.write_table(table, row_group_size=self._rows)
        self._waiting = []
        self._rows = self._size = 0
