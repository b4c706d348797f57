"""Files of sessions: JSON lines, plain, gzip or zstd, and folders of Parquet.

What arrives: a snapshot of a store and where it should go. What leaves: the file or folder, whole,
and a summary; or an ``ExportError``, and nothing. Each is written under a temporary name beside its
own and renamed when it is complete, so that nobody ever finds half an export.
"""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from usql.errors import ExportError
from usql.extras import load
from usql.store.export.output import replacing
from usql.store.export.snapshot import Snapshot

Format = Literal["ndjson", "parquet"]
Compression = Literal["none", "gzip", "zstd"]
Destination = str | os.PathLike[str] | BinaryIO
"""A path, or an open binary file that JSON lines are written to."""

FORMATS: tuple[Format, ...] = ("ndjson", "parquet")
COMPRESSIONS: tuple[Compression, ...] = ("none", "gzip", "zstd")
_SUFFIXES: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd"}
_GZIP_LEVEL = 6
_ZSTD_LEVEL = 3
_TOLD_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How far an export has come.

    Attributes:
        sessions: written or sent so far.
        total: of all that are chosen.
        size: bytes of JSON, or of Parquet, so far, before compression.
        seconds: since it began.
    """

    sessions: int
    total: int
    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What an export wrote.

    Attributes:
        files: their paths; empty for an open file.
        sessions: how many.
        size: bytes of the files.
        seconds: how long it took.
    """

    files: tuple[Path, ...]
    sessions: int
    size: int
    seconds: float


Report = Callable[[ExportProgress], None]


class Teller:
    """Tells how far an export has come, not too often."""

    def __init__(self, total: int, report: Report | None) -> None:
        self._total = total
        self._report = report
        self._began = time.monotonic()
        self._next = 0.0
        self.sessions = 0
        self.size = 0

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def add(self, sessions: int, size: int) -> None:
        """Count what is done; tell if it is time to."""
        self.sessions += sessions
        self.size += size
        if self._report is not None and self.seconds >= self._next:
            self._next = self.seconds + _TOLD_EVERY_S
            self.tell()

    def tell(self) -> None:
        """Tell now."""
        if self._report is not None:
            self._report(ExportProgress(self.sessions, self._total, self.size, self.seconds))


def format_of(out: Destination, format: str | None = None) -> Format:
    """Return the format that a place asks for: Parquet for folders, JSON lines otherwise.

    Args:
        out: the place.
        format: what was said of it, or ``None``.

    Raises:
        ExportError: there is no such format, or it cannot go there.

    >>> format_of("sessions.ndjson.gz"), format_of("sessions.parquet"), format_of("folder/")
    ('ndjson', 'parquet', 'parquet')
    """
    if format is not None and format not in FORMATS:
        raise ExportError(f"there is no export format {format}", hint="ndjson or parquet")
    if not isinstance(out, str | os.PathLike):
        return "parquet" if format == "parquet" else "ndjson"
    if format is not None:
        return format
    text = os.fspath(out)
    folder = text.endswith(("/", os.sep)) or os.path.isdir(text)
    return "parquet" if folder or text.lower().endswith(".parquet") else "ndjson"


def compression_of(out: Destination, compression: str | None = None) -> Compression:
    """Return how a file is to be packed: as its name says, unless it is said otherwise.

    Raises:
        ExportError: there is no such compression.

    >>> compression_of("a.ndjson.gz"), compression_of("a.ndjson"), compression_of("a", "zstd")
    ('gzip', 'none', 'zstd')
    """
    if compression is not None:
        if compression not in COMPRESSIONS:
            names = ", ".join(COMPRESSIONS)
            raise ExportError(f"there is no compression {compression}", hint=f"one of {names}")
        return compression
    name = os.fspath(out).lower() if isinstance(out, str | os.PathLike) else ""
    return _SUFFIXES.get(Path(name).suffix, "none")


def write_lines(
    snapshot: Snapshot,
    out: Destination,
    *,
    compression: str | None = None,
    overwrite: bool = False,
    report: Report | None = None,
) -> ExportSummary:
    """Write sessions as JSON lines.

    Args:
        snapshot: the sessions.
        out: the file.
        compression: of the file; by its suffix unless given.
        overwrite: whether a file that exists is replaced.
        report: called now and then.

    Raises:
        ExportError: it cannot be written; what was there is there still.
    """
    pack = _PACKERS[compression_of(out, compression)]
    teller = Teller(snapshot.count(), report)
    with _opened(out, overwrite) as (file, path):
        counted = _Counted(file)
        with pack(counted) as packed:
            for line in snapshot.lines():
                packed.write(line.text)
                packed.write(b"\n")
                teller.add(1, len(line.text) + 1)
    teller.tell()
    files = () if path is None else (path,)
    return ExportSummary(files, teller.sessions, counted.size, teller.seconds)


@contextmanager
def _opened(out: Destination, overwrite: bool) -> Iterator[tuple[BinaryIO, Path | None]]:
    """Open where lines go; give the path, too, where there is one."""
    if not isinstance(out, str | os.PathLike):
        yield out, None
        return
    with replacing(Path(out), overwrite) as file:
        yield file, Path(out)


class _Counted:
    """Counts the bytes that go to a file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0

    def write(self, data: Any) -> int:
        self.size += len(data)
        self._file.write(data)
        return len(data)

    def flush(self) -> None:
        self._file.flush()


@contextmanager
def _plain(file: _Counted) -> Iterator[Any]:
    yield file
    file.flush()


@contextmanager
def _gzip(file: _Counted) -> Iterator[Any]:
    # Neither name nor time, so that the same sessions give the same bytes.
    packed = gzip.GzipFile("", "wb", _GZIP_LEVEL, cast(BinaryIO, file), mtime=0)
    with packed:
        yield packed
    file.flush()


@contextmanager
def _zstd(file: _Counted) -> Iterator[Any]:
    compressor = load("zstandard", "zstd").ZstdCompressor(level=_ZSTD_LEVEL)
    with compressor.stream_writer(file, closefd=False) as packed:
        yield packed
    file.flush()


_PACKERS: dict[Compression, Callable[[_Counted], Any]] = {
    "none": _plain,
    "gzip": _gzip,
    "zstd": _zstd,
}
