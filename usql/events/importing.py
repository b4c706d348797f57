"""Event logs into a store: read, put aside, merged with what came before, cut, derived, written.

What arrives: files, a mapping, and the place of a store. What leaves: a store with the sessions of
all events that were ever imported into it, as if they had all come at once, and a summary. An
import is one transaction: all of it is there, or nothing. Memory stays flat: rows are sorted by
SQLite, and sessions are cut one after the other.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import msgspec

from usql.errors import BadData, StoreError
from usql.events import log as event_log
from usql.events.cutting import Cutting, cut
from usql.events.deriving import Happening, Stream, happening, session_of
from usql.events.log import Limits, Log, StoredEvent
from usql.events.mapping import EventMapping
from usql.events.reading import Input, Reading, Row, expanded, opened
from usql.events.recognise import Columns, Target
from usql.events.rows import EventReader
from usql.events.values import ColumnType, widest
from usql.experience import ExperienceRules
from usql.layout import default_layout
from usql.store.places import Place
from usql.store.rejects import Rejects, rejects_path
from usql.store.sessions import Assembler, Identity, Session
from usql.store.sqlite_store import Location, open_writer, store_errors
from usql.store.sqlite_writer import SessionWriter

_BATCH_SESSIONS = 1000
_TELL_EVERY = 20_000


@dataclass(frozen=True, slots=True)
class EventProgress:
    """How far an import has come.

    Attributes:
        doing: ``reading``, ``sorting`` or ``writing``.
        file: the name of the file being read, or "".
        rows: read so far.
        sessions: written so far.
    """

    doing: str
    file: str
    rows: int
    sessions: int


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """What a column was taken for.

    Attributes:
        name: of the column.
        meaning: what it goes to, for people: ``user``, ``usersession.country``, ….
        type: of its values: ``string``, ``long``, ``double`` or ``date``; "" if it has none.
        examples: a few of its values.
    """

    name: str
    meaning: str
    type: str
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventSummary:
    """What an import of events did, or, of a dry run, would do.

    Attributes:
        files: how many were read.
        rows: good rows in them.
        new_rows: how many of these were not in the store, or meant something else there.
        rejected: rows put aside.
        users: whose sessions were cut.
        sessions: that are new in the store.
        replaced: sessions that were there and were made again.
        removed: sessions that are no more: they were joined with others, or cut elsewhere.
        columns: what each was taken for.
        times: what the times were taken for.
        first, last: when the earliest and the latest row begin, in ms, or ``None``.
        cutting: by which limits sessions were cut.
        seconds: how long it took.
        rejects_path: the file that has the rows put aside, or ``None`` if there is none.
        problems: what is wrong with the first of them.
        dry_run: whether nothing was written.
    """

    files: int
    rows: int
    new_rows: int
    rejected: int
    users: int
    sessions: int
    replaced: int
    removed: int
    columns: tuple[ColumnReport, ...]
    times: str
    first: int | None
    last: int | None
    cutting: Cutting
    seconds: float
    rejects_path: Path | None
    problems: tuple[str, ...]
    dry_run: bool


def import_events(
    place: Place,
    files: Iterable[Input],
    mapping: EventMapping | None = None,
    *,
    reading: Reading | None = None,
    rejects: str | os.PathLike[str] | None = None,
    strict: bool = False,
    dry_run: bool = False,
    wait: float | None = None,
    progress: Callable[[EventProgress], None] | None = None,
) -> EventSummary:
    """Import event logs into a store, which is made if there is none.

    Args:
        place: of the store.
        files: what to read: CSV, TSV, JSON lines or Parquet; the first three plain, gzip or zstd.
        mapping: what the columns mean; what it does not say is recognised by their names.
        reading: how the files are to be read, where they do not look it.
        rejects: where bad rows go; beside the store unless given, nowhere in a dry run.
        strict: stop at the first bad row, and leave the store as it was.
        dry_run: say what would be done, and write nothing else.
        wait: seconds to wait while another process writes; 10 unless given.
        progress: called now and then.

    Raises:
        BadData: a file cannot be read, or a column is missing; or, if strict, a row is bad.
        StoreError: the store cannot be opened or written.
    """
    if not isinstance(place, Location):
        raise StoreError(
            "event logs go into SQLite stores only",
            hint="import them into a SQLite store, export that, and import the export",
        )
    sources = expanded(files)
    path = rejects_path(place, rejects, dry_run=dry_run)
    with (
        store_errors(place),
        closing(open_writer(place, layout=default_layout(), patience=wait)) as connection,
        closing(Rejects(path, strict=strict)) as put_aside,
    ):
        run = _Import(connection, mapping or EventMapping(), put_aside, progress)
        writer = run.writer
        with writer.many(), suppress(_DryRun), writer.transaction():
            run.all(sources, reading or Reading())
            if dry_run:
                raise _DryRun
    return run.summary(len(sources), dry_run=dry_run)


class _DryRun(Exception):
    """Rolls back what was only tried."""


@dataclass
class _Seen:
    """What was seen of the files so far."""

    columns: dict[str, str] = field(default_factory=dict)
    types: dict[str, ColumnType] = field(default_factory=dict)
    examples: dict[str, dict[str, None]] = field(default_factory=dict)
    times: dict[str, None] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None

    def add(self, names: Iterable[str], columns: Columns, reader: EventReader) -> None:
        """Add what a file has taught."""
        for name in dict.fromkeys((*names, *reader.types)):
            self.columns.setdefault(name, _meaning(name, columns, reader.types.get(name)))
        for name, kind in reader.types.items():
            self.types[name] = widest(self.types.get(name), kind)
        for name, examples in reader.examples.items():
            self.examples.setdefault(name, examples)
        if reader.times.seen:
            self.times.setdefault(reader.times.describe())

    def note(self, moment: int) -> None:
        """Take a time into account."""
        self.first = moment if self.first is None or moment < self.first else self.first
        self.last = moment if self.last is None or moment > self.last else self.last

    def report(self) -> tuple[ColumnReport, ...]:
        """Return what each column was taken for."""
        return tuple(
            ColumnReport(
                name,
                meaning or f"useraction.{self.types.get(name, 'string')}Properties",
                self.types.get(name, ""),
                tuple(self.examples.get(name, ())),
            )
            for name, meaning in self.columns.items()
        )


def _meaning(name: str, columns: Columns, kind: ColumnType | None) -> str:
    """Return what a column goes to, or "" for a property, whose type may yet widen."""
    if columns.is_skipped(name):
        return "left out"
    meanings = [_said(target, columns) for target in columns.targets(name)]
    if name in columns.stand_ins:
        meanings.append("user where there is no other")
    if not meanings and kind is None:
        return "no values"
    return ", ".join(meanings)


def _said(target: Target, columns: Columns) -> str:
    if target == "duration":
        return f"duration ({columns.duration_unit})"
    return str(target)


class _Import:
    """One import on its way.

    Attributes:
        writer: of the store.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        mapping: EventMapping,
        rejects: Rejects,
        progress: Callable[[EventProgress], None] | None,
    ) -> None:
        layout = default_layout()
        self.writer = SessionWriter(connection, layout)
        self._connection = connection
        self._mapping = mapping
        self._rejects = rejects
        self._progress = progress
        self._assembler = Assembler(layout)
        self._properties = {
            field.name: layout.values(field)
            for field in layout.schema.table("useraction").collections
            if field.properties
        }
        self._seen = _Seen()
        self._limits = Limits(Cutting(), ExperienceRules())
        self._merged = event_log.Merged(0, 0)
        self._rows = self._users = self._sessions = self._replaced = self._removed = 0
        self._started = time.monotonic()

    def all(self, sources: Sequence[Input], reading: Reading) -> None:
        """Read all files, and make all sessions of them."""
        self.writer.prepare_for_many()
        log = Log(self._connection)
        for number, source in enumerate(sources):
            self._read(number, source, reading, log)
        self._tell("sorting", "")
        self._merged = log.merge()
        changed = self._settle(log)
        if changed:
            log.touch_all()
        self._cut(log)
        if changed:
            log.prune(self._properties)

    def summary(self, files: int, *, dry_run: bool) -> EventSummary:
        """Return what was done."""
        return EventSummary(
            files=files,
            rows=self._merged.rows,
            new_rows=self._merged.fresh,
            rejected=self._rejects.count,
            users=self._users,
            sessions=self._sessions - self._replaced,
            replaced=self._replaced,
            removed=self._removed,
            columns=self._seen.report(),
            times=", ".join(self._seen.times) or "no times",
            first=self._seen.first,
            last=self._seen.last,
            cutting=self._limits.cutting,
            seconds=time.monotonic() - self._started,
            rejects_path=self._rejects.written_to,
            problems=tuple(self._rejects.first),
            dry_run=dry_run,
        )

    # --- reading

    def _read(self, number: int, source: Input, reading: Reading, log: Log) -> None:
        with opened(source, reading) as file:
            columns = Columns(file.columns, self._mapping, file.name, complete=file.complete)
            reader = EventReader(columns, self._mapping, decimal_comma=file.decimal_comma)
            for row in file.rows:
                self._rows += 1
                if self._rows % _TELL_EVERY == 0:
                    self._tell("reading", file.name)
                if row.problem is not None:
                    self._put_aside(file.name, row, row.problem)
                    continue
                try:
                    event = reader.read(row.values)
                except BadData as error:
                    self._put_aside(file.name, row, error.message)
                    continue
                log.stage(number, event)
                self._seen.note(event.time)
            self._seen.add(file.columns, columns, reader)

    def _put_aside(self, name: str, row: Row, reason: str) -> None:
        text = row.text or msgspec.json.encode(row.values).decode(errors="replace")
        self._rejects.add(name, row.line, reason, text)

    def _settle(self, log: Log) -> bool:
        """Settle limits and types of columns; return whether what is stored is cut by others."""
        known = log.limits()
        usual = known or Limits(Cutting(), ExperienceRules())
        self._limits = Limits(
            self._mapping.cutting or usual.cutting, self._mapping.experience or usual.experience
        )
        changed = log.learn(self._seen.types)
        if self._limits != known:
            log.set_limits(self._limits)
            changed = changed or known is not None
        return changed

    # --- writing

    def _cut(self, log: Log) -> None:
        """Make the sessions of all users who have new events."""
        foreign = log.has_foreign()
        types = log.types()
        batch = _Batch(self.writer, log)
        for user in log.touched():
            self._users += 1
            old = log.sessions_of(user)
            before = log.earliest_foreign(user) if foreign and user else None
            log.unmark(user)
            made: set[Identity] = set()
            for identity, session, mark in self._sessions_of(user, log, types, before):
                made.add(identity)
                batch.add(identity, session, mark)
                if batch.is_full:
                    self._write(batch)
            self._replaced += len(made & old.keys())
            gone = [number for identity, number in old.items() if identity not in made]
            self._removed += len(gone)
            self.writer.delete(gone)
        self._write(batch)

    def _write(self, batch: _Batch) -> None:
        self._sessions += batch.write()
        self._tell("writing", "")

    def _sessions_of(
        self, user: str, log: Log, types: dict[str, ColumnType], before: int | None
    ) -> Iterator[tuple[Identity, Session, _Mark]]:
        """Yield the sessions of a user, stream by stream.

        ``before`` is when the first began that is not made of events.
        """
        earliest = log.earliest(user)
        for part, events in groupby(log.events_of(user), key=attrgetter("part")):
            stream = Stream(user, part)
            cutting = self._limits.cutting
            gap = cutting.gap_of(stream.application_type, identified=bool(stream.session_id))
            last_start, rank = None, 0
            for happenings, reason in cut(_happenings(events), cutting, gap):
                start = happenings[0].time
                rank = rank + 1 if start == last_start else 0
                last_start = start
                is_first = start == earliest and not rank
                document = session_of(
                    stream,
                    happenings,
                    rank=rank,
                    reason=reason,
                    new_user=(is_first and (before is None or before >= start)) if user else None,
                    types=types,
                    rules=self._limits.experience,
                )
                session = self._assembler.assemble(document)
                yield session.identity, session, (stream, happenings[0], happenings[-1])

    def _tell(self, doing: str, file: str) -> None:
        if self._progress is not None:
            self._progress(EventProgress(doing, file, self._rows, self._sessions))


_Mark = tuple[Stream, Happening, Happening]


class _Batch:
    """Sessions to be written together."""

    def __init__(self, writer: SessionWriter, log: Log) -> None:
        self._writer = writer
        self._log = log
        self._sessions: dict[Identity, Session] = {}
        self._marks: list[tuple[Identity, Stream, Happening, Happening]] = []

    @property
    def is_full(self) -> bool:
        """Whether it should be written before more comes."""
        return len(self._sessions) >= _BATCH_SESSIONS

    def add(self, identity: Identity, session: Session, mark: _Mark) -> None:
        """Add a session."""
        self._sessions[identity] = session
        self._marks.append((identity, *mark))

    def write(self) -> int:
        """Write all; return how many there were."""
        written = len(self._sessions)
        self._writer.write(self._sessions)
        self._log.mark(self._marks)
        self._sessions, self._marks = {}, []
        return written


def _happenings(events: Iterable[StoredEvent]) -> Iterator[Happening]:
    for event in events:
        one = happening(event.time, event.digest, event.payload)
        for _ in range(event.times):
            yield one
