"""Import: files of sessions into a store, in batches, with the bad lines put aside.

What arrives: files, patterns, folders, streams or dictionaries of anybody's making. What leaves: a
store that has every good session once, a file of rejected lines with the reasons, and a summary.
A batch is written wholly or not at all, and a session that is stored already is replaced, so an
import that was interrupted can simply be run again. Memory stays flat however long the files are.
A store that is empty gets its indexes at the end, unless one batch is all there is; until then, as
after an import that was killed, queries are right but may be slow.
"""

from __future__ import annotations

import gc
import glob
import io
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from usql.errors import BadData
from usql.layout import Layout
from usql.store import ndjson
from usql.store.packing import Counted
from usql.store.places import Place, Writer, layout_of, open_writer
from usql.store.rejects import REJECTS_SUFFIX, Rejects, rejects_path
from usql.store.sessions import Assembler, Identity, Session

BATCH_SESSIONS = 1000
BATCH_BYTES = 8 * 1024 * 1024
"""A batch ends at so many bytes of text too, since memory must not depend on their size."""
STANDARD_INPUT = "-"

_IN_FOLDERS = (".ndjson", ".jsonl", ".json", ".gz", ".zst")
_COLLECTED_EVERY = 1_000_000

Input = str | os.PathLike[str] | BinaryIO
"""A path, a pattern, a folder, ``-`` for standard input, or an open binary file."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import has come.

    Attributes:
        file: the name of the file being read.
        files_done: files read to their end, of ``files``.
        bytes_read: of the text, unpacked.
        sessions: read so far, whether new or not.
        rejected: lines put aside so far.
        packed_read: bytes read of the files as they are, packed or not.
        packed_total: bytes of all files, or ``None`` where that is not known.
        seconds: since the import began.
    """

    file: str
    files_done: int
    files: int
    bytes_read: int
    sessions: int
    rejected: int
    packed_read: int
    packed_total: int | None
    seconds: float


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did; of a dry run, what it would have done.

    Attributes:
        files: how many were read.
        sessions: how many are new in the store.
        replaced: how many took the place of a session of the same identity.
        rejected: how many lines were put aside.
        seconds: how long it took.
        rejects_path: the file that has the rejected lines, or ``None`` if there is none.
    """

    files: int
    sessions: int
    replaced: int
    rejected: int
    seconds: float
    rejects_path: Path | None


def import_files(
    location: Place,
    files: Iterable[Input],
    *,
    rejects: str | os.PathLike[str] | None = None,
    strict: bool = False,
    dry_run: bool = False,
    wait: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    batch_sessions: int = BATCH_SESSIONS,
    layout: Layout | None = None,
    durable: bool = False,
) -> ImportSummary:
    """Import session exports into a store, which is made if there is none.

    Args:
        location: of the store.
        files: what to read; within folders, ``*.ndjson``, ``*.jsonl``, ``*.json``, ``*.gz`` and
            ``*.zst``.
        rejects: where bad lines go; beside the store unless given.
        strict: stop at the first bad line, and leave the store as it was.
        dry_run: read all, count, and write nothing but bad lines to ``rejects``, where given.
        wait: seconds to wait while another process writes; 10 unless given.
        progress: called after each batch.
        batch_sessions: how many sessions are written at a time, at most.
        layout: of the store; the usual one of its kind unless given.
        durable: wait until what is written would survive a loss of power.

    Raises:
        BadData: there is no such file; or, if strict, a line cannot be imported.
        StoreError: the store cannot be opened or written.
    """
    put_aside = rejects_path(location, rejects, dry_run=dry_run)
    sources = _sources(files, put_aside)
    layout = layout or layout_of(location)
    options = _Options(put_aside, strict, dry_run, wait, progress, batch_sessions, layout, durable)
    return _run(location, sources, options)


def import_sessions(
    location: Place,
    sessions: Iterable[Mapping[str, Any]],
    *,
    rejects: str | os.PathLike[str] | None = None,
    strict: bool = False,
    dry_run: bool = False,
    wait: float | None = None,
    progress: Callable[[Progress], None] | None = None,
    batch_sessions: int = BATCH_SESSIONS,
    layout: Layout | None = None,
) -> ImportSummary:
    """Import sessions of the export format given as dictionaries.

    They are held to what JSON can say: NaN counts as missing, a ``datetime`` as its ISO text.
    Arguments and errors are those of ``import_files``.
    """
    put_aside = rejects_path(location, rejects, dry_run=dry_run)
    layout = layout or layout_of(location)
    options = _Options(put_aside, strict, dry_run, wait, progress, batch_sessions, layout)
    return _run(location, [_Source("<sessions>", _encoded_lines(sessions))], options)


def import_lines(
    location: Place,
    name: str,
    lines: Iterable[ndjson.Line],
    *,
    rejects: Path | None,
    wait: float | None = None,
    layout: Layout | None = None,
) -> ImportSummary:
    """Import sessions that are lines already, which are called by a name where one is bad.

    Arguments and errors are those of ``import_files``.
    """
    layout = layout or layout_of(location)
    options = _Options(rejects, False, False, wait, None, BATCH_SESSIONS, layout)
    return _run(location, [_Source(name, lines)], options)


@dataclass(frozen=True, slots=True)
class _Options:
    rejects_path: Path | None
    strict: bool
    dry_run: bool
    wait: float | None
    progress: Callable[[Progress], None] | None
    batch_sessions: int
    layout: Layout
    durable: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    """Lines, and where they come from.

    Attributes:
        name: of the file.
        lines: of it.
        size: bytes of the file as it is, or ``None`` where that is not known.
        meter: knows how many of them were read; filled in when reading begins.
    """

    name: str
    lines: Iterable[ndjson.Line]
    size: int | None = None
    meter: list[Counted] = field(default_factory=list)


def _run(location: Place, sources: Sequence[_Source], options: _Options) -> ImportSummary:
    with _opened(location, options) as store:
        whole = store.transaction() if options.strict else nullcontext()
        run = _Import(store, sources, options)
        with _rare_collections(), store.many(), whole, closing(run):
            run.all()
    return run.summary()


def _opened(location: Place, options: _Options) -> AbstractContextManager[Writer]:
    if not options.dry_run:
        return open_writer(location, options.layout, patience=options.wait, durable=options.durable)
    from usql.store.rehearsal import rehearsing

    return rehearsing(location)


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Let Python look for reference cycles less often for the length of a block.

    A batch is a great many objects and no cycle; looking through them takes a tenth of the time.
    """
    thresholds = gc.get_threshold()
    # Zero means that somebody has turned it off.
    gc.set_threshold(thresholds[0] and _COLLECTED_EVERY, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


_kept: list[tuple[Layout, Assembler]] = []
"""The last assembler: receivers import one small bulk after another, in which shapes come again."""


def _assembler_of(layout: Layout) -> Assembler:
    for known, assembler in _kept:
        if known is layout:
            return assembler
    made = Assembler(layout)
    _kept[:] = [(layout, made)]
    return made


class _Import:
    """One import on its way: the batch being gathered, and what was counted so far."""

    def __init__(self, store: Writer, sources: Sequence[_Source], options: _Options) -> None:
        self._store = store
        self._sources = sources
        self._options = options
        self._assembler = _assembler_of(options.layout)
        self._rejects = Rejects(options.rejects_path, strict=options.strict)
        self._batch: dict[Identity, Session] = {}
        self._batch_bytes = 0
        self._added = self._replaced = self._files_done = self._bytes_read = 0
        self._started = time.monotonic()
        sizes = [source.size for source in sources]
        self._size = None if None in sizes else sum(size for size in sizes if size is not None)

    def close(self) -> None:
        """Let go of the file of rejected lines."""
        self._rejects.close()

    def all(self) -> None:
        """Read all sources, and write all sessions."""
        for source in self._sources:
            for line in source.lines:
                self._take(source.name, line)
            self._files_done += 1
        if self._batch:
            self._write(self._sources[-1].name, more=False)

    def summary(self) -> ImportSummary:
        """Return what was done."""
        return ImportSummary(
            files=self._files_done,
            sessions=self._added,
            replaced=self._replaced,
            rejected=self._rejects.count,
            seconds=time.monotonic() - self._started,
            rejects_path=self._rejects.written_to,
        )

    def _take(self, name: str, line: ndjson.Line) -> None:
        """Add the session of a line to the batch, or the line to the rejects."""
        size = len(line.data)
        if self._is_full(size):
            self._write(name, more=True)
        self._bytes_read += size
        problem = line.problem
        if problem is None:
            try:
                self._add(self._assembler.assemble(ndjson.decode(line.data)), size)
            except BadData as error:
                problem = error.message
        if problem is not None:
            self._rejects.add(name, line.number, problem, line.data, byte=line.byte)

    def _is_full(self, coming: int) -> bool:
        if not self._batch:
            return False
        return (
            len(self._batch) >= self._options.batch_sessions
            or self._batch_bytes + coming > BATCH_BYTES
        )

    def _add(self, session: Session, size: int) -> None:
        # The last of two counts, and takes the later place, as if each had been a batch.
        if self._batch.pop(session.identity, None) is not None:
            self._replaced += 1
        self._batch[session.identity] = session
        self._batch_bytes += size

    def _write(self, name: str, *, more: bool) -> None:
        """Write the batch, and begin a new one; ``more`` is whether there is more to come."""
        with nullcontext() if self._options.strict else self._store.transaction():
            if more:
                self._store.prepare_for_many()
            known = self._store.write(self._batch)
        self._replaced += known
        self._added += len(self._batch) - known
        self._batch, self._batch_bytes = {}, 0
        if self._options.progress is not None:
            self._options.progress(self._progress(name))

    def _progress(self, name: str) -> Progress:
        return Progress(
            file=name,
            files_done=self._files_done,
            files=len(self._sources),
            bytes_read=self._bytes_read,
            sessions=self._added + self._replaced,
            rejected=self._rejects.count,
            packed_read=sum(meter.count for source in self._sources for meter in source.meter),
            packed_total=self._size,
            seconds=time.monotonic() - self._started,
        )


def _sources(files: Iterable[Input], put_aside: Path | None) -> list[_Source]:
    """Return what is to be read, in order; a path that is not there is an error beforehand."""
    if isinstance(files, (str, os.PathLike)):
        files = [files]
    sources = []
    for file in files:
        if file == STANDARD_INPUT:
            sources.append(_Source("<stdin>", ndjson.lines(sys.stdin.buffer)))
        elif isinstance(file, (str, os.PathLike)):
            paths = _expanded(file, put_aside)
            sources.extend(map(_file, paths))
        else:
            sources.append(_Source(str(getattr(file, "name", "<stream>")), _stream_lines(file)))
    return sources


def _expanded(file: str | os.PathLike[str], put_aside: Path | None) -> list[Path]:
    """Return the files that a path, a pattern or a folder stands for."""
    path = Path(file)
    if path.is_dir():
        found = [p for p in path.rglob("*") if p.name.lower().endswith(_IN_FOLDERS)]
        wanted = ", ".join(f"*{suffix}" for suffix in _IN_FOLDERS)
        problem = f"there are no files to import ({wanted}) in the folder {path}"
    elif path.exists():
        return [path]
    else:
        found = [Path(name) for name in glob.glob(str(path), recursive=True)]
        problem = f"no such file: {path}"
    # Else an import into a store within the folder would read its own rejects.
    files = [p for p in found if p.is_file() and not _is_rejects(p, put_aside)]
    if not files:
        raise BadData(problem)
    return sorted(files)


def _is_rejects(path: Path, put_aside: Path | None) -> bool:
    if path.name.endswith(REJECTS_SUFFIX):
        return True
    return put_aside is not None and path.absolute() == put_aside.absolute()


def _file(path: Path) -> _Source:
    meter: list[Counted] = []
    size = path.stat().st_size if path.is_file() else None
    return _Source(str(path), _lines_of(path, meter), size, meter)


def _lines_of(path: Path, meter: list[Counted]) -> Iterator[ndjson.Line]:
    try:
        with path.open("rb", buffering=0) as stream:
            counted = Counted(stream)
            meter.append(counted)
            yield from ndjson.lines(counted)
    except OSError as error:
        yield ndjson.Line(1, 0, b"", f"cannot be read: {error.strerror}")


def _stream_lines(stream: BinaryIO) -> Iterator[ndjson.Line]:
    if isinstance(stream, io.TextIOBase):
        raise BadData("the file is open as text", hint='open it with mode "rb"')
    return ndjson.lines(stream)


def _encoded_lines(sessions: Iterable[Mapping[str, Any]]) -> Iterator[ndjson.Line]:
    for number, session in enumerate(sessions, 1):
        try:
            yield ndjson.Line(number, 0, msgspec.json.encode(session))
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            yield ndjson.Line(number, 0, b"", f"cannot be said in JSON: {error}")
