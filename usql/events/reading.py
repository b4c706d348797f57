"""Event logs as they come: CSV, TSV, JSON lines and Parquet, from bytes to rows of texts.

What arrives: paths, patterns, folders or streams. What leaves: ``Row`` by ``Row``, its values by
column, all texts, missing ones left out; a row that cannot be read carries its problem instead.
Memory stays bounded: no line over ``MAX_LINE`` characters is ever whole in memory.
"""

from __future__ import annotations

import csv
import glob
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO

import msgspec

from usql.errors import BadData
from usql.events.values import MISSING
from usql.store import ndjson
from usql.store.packing import UNREADABLE, Packed, failure
from usql.store.rejects import REJECTS_SUFFIX

FORMATS = ("csv", "tsv", "jsonl", "parquet")
MAX_LINE = 1024 * 1024
"""Characters of the longest line of a CSV file that is read."""
STANDARD_INPUT = "-"

Input = str | os.PathLike[str] | BinaryIO
"""A path, a pattern, a folder, ``-`` for standard input, or an open binary file."""

_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}
_DELIMITERS = ",;\t|"
_SAMPLE = 1000
_SHOWN = 10_000
_PARQUET = b"PAR1"
_FOREIGN = {
    b"PK\x03\x04": "this is a zip archive: unpack it first",
}
_MOST_COLUMNS = 5_000


class Row(NamedTuple):
    """A row of a file, or why it could not be read.

    Attributes:
        line: of the file, from 1, that it begins at; of a Parquet file, the number of the row.
        values: by column; missing ones are left out.
        problem: what is wrong with it, or ``None``.
        text: of a row that is wrong, what it says, as far as it is known.
    """

    line: int
    values: dict[str, str]
    problem: str | None = None
    text: str = ""


@dataclass(frozen=True)
class Log:
    """One file of rows.

    Attributes:
        name: of the file.
        format: one of ``FORMATS``.
        columns: their names, in order; of JSON lines, those of the first rows.
        complete: whether no row has another column.
        decimal_comma: whether numbers are written with one.
        rows: to be read once.
    """

    name: str
    format: str
    columns: tuple[str, ...]
    complete: bool
    decimal_comma: bool
    rows: Iterator[Row]


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are to be read; ``None`` for as they look.

    Attributes:
        format: one of ``FORMATS``.
        delimiter: of CSV files, one character.
        decimal: the decimal sign, ``.`` or ``,``; by default a comma where ``;`` delimits.
        encoding: of CSV files; UTF-8 unless a byte order mark says otherwise.
    """

    format: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in FORMATS:
            raise BadData(f"there is no format {self.format!r}", hint=f"write {', '.join(FORMATS)}")
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise BadData(f"{self.delimiter!r} is not a delimiter", hint="write one character")
        if self.decimal not in (None, ".", ","):
            raise BadData(f"{self.decimal!r} is not a decimal sign", hint='write "." or ","')
        with suppress(LookupError):
            if self.encoding is None or "".encode(self.encoding) is not None:
                return
        raise BadData(f"there is no encoding {self.encoding!r}", hint="write utf-8, or latin-1")


def expanded(files: Iterable[Input]) -> list[Input]:
    """Return single files for patterns and folders, in order.

    Raises:
        BadData: there is no such file.
    """
    found: list[Input] = []
    for file in files:
        if isinstance(file, str | os.PathLike) and file != STANDARD_INPUT:
            found.extend(_expanded(Path(file)))
        else:
            found.append(file)
    return found


def _expanded(path: Path) -> list[Path]:
    if path.is_dir():
        inside = [p for p in path.rglob("*") if _format_of_name(p.name) and p.is_file()]
        problem = f"there are no event logs ({', '.join(_SUFFIXES)}) in the folder {path}"
    elif path.exists():
        return [path]
    else:
        inside = [p for p in map(Path, glob.glob(str(path), recursive=True)) if p.is_file()]
        problem = f"no such file: {path}"
    # Else an import into a store within the folder would read its own rejects.
    files = sorted(p for p in inside if not p.name.endswith(REJECTS_SUFFIX))
    if not files:
        raise BadData(problem)
    return files


@contextmanager
def opened(file: Input, reading: Reading) -> Iterator[Log]:
    """Open a file for the length of a block.

    Raises:
        BadData: it cannot be read at all, or has no columns.
    """
    name = name_of(file)
    try:
        with _binary(file) as stream:
            yield _log(name, stream, reading)
    except UNREADABLE as error:
        raise BadData(f"{name}: {failure(error)}") from None


def name_of(file: Input) -> str:
    """Return what to call a file."""
    if isinstance(file, str | os.PathLike):
        return "<stdin>" if file == STANDARD_INPUT else str(file)
    return str(getattr(file, "name", "<stream>"))


@contextmanager
def _binary(file: Input) -> Iterator[Packed]:
    """Open a stream that can be peeked at; one that came open is left open."""
    if isinstance(file, str | os.PathLike) and file != STANDARD_INPUT:
        with open(file, "rb", buffering=0) as stream:
            yield Packed(stream)
        return
    given: Any = sys.stdin.buffer if file == STANDARD_INPUT else file
    if isinstance(given, io.TextIOBase):
        raise BadData("the file is open as text", hint='open it with mode "rb"')
    buffer = Packed(given)
    try:
        yield buffer
    finally:
        buffer.detach()


def _log(name: str, stream: Packed, reading: Reading) -> Log:
    start = stream.start
    form = reading.format or ("parquet" if start == _PARQUET else _format_of_name(name)) or "csv"
    for magic, problem in _FOREIGN.items():
        if start.startswith(magic):
            raise BadData(f"{name}: {problem}")
    if form == "parquet":
        from usql.events.parquet import parquet_objects

        columns, objects = parquet_objects(name, stream)
        return Log(name, form, columns, True, False, _object_rows(objects))
    if form == "jsonl":
        return _json_log(name, stream)
    return _csv_log(name, stream.unpacked(), form, reading)


def _format_of_name(name: str) -> str | None:
    return _SUFFIXES.get(Path(name.lower().removesuffix(".gz").removesuffix(".zst")).suffix)


# --- CSV and TSV --------------------------------------------------------------------------------


def _csv_log(name: str, stream: io.BufferedReader, form: str, reading: Reading) -> Log:
    encoding = reading.encoding or _encoding(stream.peek(4)[:4])
    # Bad bytes become lone surrogates, which no good text has, and are found row by row.
    text = io.TextIOWrapper(stream, encoding=encoding, errors="surrogateescape", newline="")
    lines = _Lines(text)
    first = next(lines, None)
    while first is not None and not first.strip():
        first = next(lines, None)
    if first is None:
        text.detach()
        raise BadData(f"{name} is empty: not even a line with the names of columns")
    delimiter = reading.delimiter or ("\t" if form == "tsv" else _delimiter(first))
    reader = csv.reader(chain([first], lines), delimiter=delimiter)
    header = _header(name, next(reader))
    comma = reading.decimal == "," or (reading.decimal is None and delimiter == ";")
    before = lines.number - reader.line_num
    return Log(name, form, header, True, comma, _csv_rows(header, reader, lines, before, text))


class _Lines:
    """The lines of a text, none longer than can be held; goes on behind one that is.

    Attributes:
        number: of the line that was read last, from 1.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        self.number += 1
        line = self._text.readline(MAX_LINE + 1)
        if not line:
            raise StopIteration
        if len(line) > MAX_LINE:
            while line and not line.endswith(("\n", "\r")):
                line = self._text.readline(MAX_LINE)
            raise _TooLongError
        return line


class _TooLongError(Exception):
    """A line that is too long to be read."""


def _csv_rows(
    header: tuple[str, ...],
    reader: Any,
    lines: _Lines,
    before: int,
    text: io.TextIOWrapper,
) -> Iterator[Row]:
    width = len(header)
    try:
        while True:
            line = lines.number + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield Row(line, {}, f"not CSV: {error}")
                continue
            except _TooLongError:
                yield Row(line, {}, f"longer than {MAX_LINE:,} characters")
                continue
            except UNREADABLE as error:
                yield Row(line, {}, failure(error))
                return
            if cells is None:
                return
            if not cells:
                continue
            problem = _cells_problem(cells, width)
            if problem is not None:
                yield Row(line, {}, problem, _joined(cells))
                continue
            pairs = zip(header, cells, strict=False)
            yield Row(line, {n: cell for n, cell in pairs if cell not in MISSING})
    finally:
        # The stream belongs to the caller, and the wrapper would close it.
        with suppress(ValueError, OSError):
            text.detach()


def _cells_problem(cells: list[str], width: int) -> str | None:
    """Return what is wrong with the cells of a row; empty ones too many at its end are not."""
    if len(cells) < width or any(cells[width:]):
        return f"expected {width} columns, got {len(cells)}"
    if any(not cell.isascii() and _has_surrogates(cell) for cell in cells):
        return "not of the encoding of the file: bytes that are no text"
    return None


def _has_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _joined(cells: list[str]) -> str:
    text = ",".join(cells)[:_SHOWN]
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _header(name: str, cells: list[str]) -> tuple[str, ...]:
    names = [cell.strip().lstrip("\ufeff") for cell in cells]
    while names and not names[-1]:
        names.pop()
    if len(names) > _MOST_COLUMNS:
        raise BadData(f"{name} has more than {_MOST_COLUMNS:,} columns")
    if any(_has_surrogates(column) for column in names):
        raise BadData(
            f"{name}: the names of the columns are not UTF-8", hint="write --encoding latin-1"
        )
    # Such a column has no name, but its values are not lost.
    names = [column or f"column{index}" for index, column in enumerate(names, 1)]
    doubled = next((column for column in names if names.count(column) > 1), None)
    if doubled is not None:
        raise BadData(f"{name} has two columns {doubled!r}", hint="rename one of them")
    return tuple(names)


def _encoding(start: bytes) -> str:
    return "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"


def _delimiter(header: str) -> str:
    """Return the sign that parts the names of columns: the most frequent out of quotes."""
    outside = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


# --- JSON lines ---------------------------------------------------------------------------------


def _json_log(name: str, stream: BinaryIO) -> Log:
    rows = map(_json_row, ndjson.lines(stream))
    sample = list(islice(rows, _SAMPLE))
    columns = tuple(dict.fromkeys(chain.from_iterable(row.values for row in sample)))
    if not columns:
        problem = next((row.problem for row in sample if row.problem), "it is empty")
        raise BadData(f"{name} has no rows: {problem}")
    return Log(name, "jsonl", columns, False, False, chain(sample, rows))


def _json_row(line: ndjson.Line) -> Row:
    problem = line.problem
    if problem is None:
        try:
            return Row(line.number, texts(ndjson.decode(line.data)))
        except BadData as error:
            problem = error.message
    shown = line.data[:_SHOWN].decode(errors="backslashreplace").rstrip("\r\n")
    return Row(line.number, {}, problem, shown)


def _object_rows(objects: Iterator[dict[str, Any]]) -> Iterator[Row]:
    """Yield the rows of objects; a number stands for the line of one."""
    for number in count(1):
        try:
            document = next(objects, None)
            if document is None:
                return
            yield Row(number, texts(document))
        except BadData as error:
            yield Row(number, {}, error.message)


# --- Values -------------------------------------------------------------------------------------


def texts(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the values of an object as texts; those of an object within get names with points.

    Raises:
        BadData: it is nested too deep, or has too many values.

    >>> texts({"a": 1, "b": {"c": True, "d": None}, "e": [1, 2]})
    {'a': '1', 'b.c': 'true', 'e': '[1,2]'}
    """
    found: dict[str, str] = {}
    _flatten(document, "", found, ndjson.MAX_DEPTH)
    if len(found) > _MOST_COLUMNS:
        raise BadData(f"more than {_MOST_COLUMNS:,} columns in one row")
    return found


def _flatten(document: Mapping[str, Any], prefix: str, found: dict[str, str], depth: int) -> None:
    if depth == 0:
        raise BadData(f"nested deeper than {ndjson.MAX_DEPTH} levels")
    for name, value in document.items():
        if type(value) is list:
            value = _parameters(value)
        if value == []:
            continue
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{name}.", found, depth - 1)
        else:
            text = _text(value)
            if text not in MISSING:
                found[prefix + name] = text


def _parameters(items: list[Any]) -> Any:
    """Return a list of keys and values, as Google Analytics exports parameters, as an object."""
    if not items or not all(type(i) is dict and i.keys() == {"key", "value"} for i in items):
        return items
    return {str(item["key"]): _parameter(item["value"]) for item in items}


def _parameter(value: Any) -> Any:
    if isinstance(value, dict) and value and all(str(n).endswith("_value") for n in value):
        return next((v for v in value.values() if v is not None), None)
    return value


def _text(value: Any) -> str:
    write = _WRITERS.get(type(value))
    return write(value) if write is not None else msgspec.json.encode(value).decode()


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: str,
    int: str,
    bool: lambda value: "true" if value else "false",
    float: repr,
    type(None): lambda value: "",
}
