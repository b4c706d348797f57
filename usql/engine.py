"""The library: connect, query, compile, explain, import. Composition of the passes only."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from usql import ast
from usql import resolved as r
from usql.analysis.methods import Analyses
from usql.backends import Backend, backend_of
from usql.compiled import Compiled
from usql.dialects import Dialect
from usql.errors import (
    SMALLER,
    BadParameter,
    ExportError,
    ReadOnlyStore,
    StoreError,
    TooLarge,
    UsqlError,
)
from usql.formatter import format_query
from usql.garbage import collected_later
from usql.layout import Layout
from usql.limits import within
from usql.parser import parse_source
from usql.plan import Output, Planned, plan
from usql.record import Record
from usql.resolve import Context, resolve
from usql.result import Column, Result
from usql.selection import errors_in_condition, selecting
from usql.source import Source
from usql.store.clickhouse_places import ChdbLocation
from usql.store.duckdb_store import ParquetLocation
from usql.store.places import Place, StoreWriter, keeping, layout_of, open_writer, place_of
from usql.store.sqlite_store import Location
from usql.timeframe import Moment, Timeframe, TimeframeLike, parse_timeframe, to_ms
from usql.zones import Zone

if TYPE_CHECKING:
    from usql.backends.running import Stop
    from usql.completion import Knowledge, Suggestion
    from usql.events.importing import EventProgress, EventSummary
    from usql.events.mapping import EventMapping
    from usql.events.reading import Reading
    from usql.explain import Explanation
    from usql.segments.known import KnownSegments
    from usql.segments.picking import ValueCount
    from usql.segments.segment import Segment
    from usql.segments.stored import StoredSegments
    from usql.store.checking import CheckReport
    from usql.store.copying import CopySummary
    from usql.store.export.auth import Auth
    from usql.store.export.files import Destination, ExportProgress, ExportSummary
    from usql.store.export.post import ContentType, Method, SendSummary
    from usql.store.importer import ImportSummary, Input, Progress
    from usql.store.info import StoreInfo
    from usql.store.removal import CompactSummary, DeleteSummary

DEFAULT_LIMIT = 50
"""Rows of a result where the query has no ``LIMIT``."""


def connect(url: str | os.PathLike[str] = ":memory:", *, create: bool = True) -> Database:
    """Open a store.

    Args:
        url: a path, ``sqlite:path``, ``duckdb:path``, ``parquet:folder/`` (to read only),
            ``chdb:folder/``, ``clickhouse://user:password@host:port/database``, or ``:memory:`` for
            a new store in memory.
        create: make a store where there is none; otherwise that is an error.

    Raises:
        StoreError: there is no store, or something that is none.

    >>> with connect() as db:
    ...     db.query("SELECT COUNT(*) FROM usersession").rows
    [(0,)]
    """
    place = place_of(url)
    layout = layout_of(place)
    with keeping(place):
        if create and (place.path is None or not place.path.exists()):
            with open_writer(place, layout):
                pass
        backend = backend_of(place, layout)
        backend.check()
    return Database(place, layout, backend)


def copy(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    replace: bool = False,
    into: bool = False,
    wait: float | None = None,
    progress: Callable[[ExportProgress], None] | None = None,
) -> CopySummary:
    """Copy a store into another, of whatever kind; ``Database.copy_to`` copies a choice.

    Args:
        source: name of the store, as for ``connect``.
        target: name of the other; it is made if there is none.
        replace: put the copy in the place of a store that has sessions.
        into: add the sessions to those of the target.
        wait: seconds to wait while another process writes to the target; 10 by default.
        progress: called now and then.

    Raises:
        StoreError: there is no such store, or the target cannot be written.

    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first, second = (os.path.join(folder, name) for name in ("first.db", "second.db"))
    ...     connect(first).close()
    ...     copy(first, second).sessions
    0
    """
    with connect(source, create=False) as db:
        return db.copy_to(target, replace=replace, into=into, wait=wait, progress=progress)


class _Settings(Record):
    """What comes with a query."""

    timeframe: Timeframe | None
    zone: Zone
    now: int


class _LazySegments:
    """Segments whose library is imported when a query names one."""

    def __init__(
        self,
        given: Mapping[str, Segment | str],
        stored: Callable[[], Iterable[tuple[str, str]]],
    ) -> None:
        self._given = given
        self._stored = stored

    def names(self) -> Sequence[str]:
        return self._known.names()

    def condition(self, name: str) -> ast.Condition | None:
        return self._known.condition(name)

    @cached_property
    def _known(self) -> KnownSegments:
        from usql.segments.known import KnownSegments

        return KnownSegments(self._given, self._stored)


class _Cut(Record):
    """After how many rows a result is cut, and what is said of it."""

    rows: int
    explanation: str


class _Limits(Record):
    """How many rows a result has; ``probe`` asks for one more, to know whether it is cut."""

    default: int | None
    most: int | None = None
    probe: bool = False

    def applied(self, resolved: r.Resolved) -> tuple[r.Query, _Cut | None]:
        """Return a query with its limit, and where to cut its rows."""
        query = resolved.query
        if not self.probe or isinstance(query, r.FunnelQuery):
            return query, None
        if resolved.default_limit:
            said = f"only the first {self.default} rows are shown; write LIMIT for more"
            limit = self.default
        elif self.most is not None and query.limit is not None and query.limit > self.most:
            said = f"only the first {self.most} rows are shown: LIMIT may not go beyond that here"
            limit = self.most
        else:
            return query, None
        if limit is None:
            return replace(query, limit=None), None
        return replace(query, limit=limit + 1), _Cut(limit, said)


class Database(Analyses):
    """An open store. May be used from several threads; close it, or use it in ``with``."""

    def __init__(self, place: Place, layout: Layout, backend: Backend) -> None:
        self._location = place
        self._layout = layout
        self._backend = backend
        self._knowledge: Knowledge | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<usql.Database {self._location}>"

    def close(self) -> None:
        """End what is running and close the store."""
        self._backend.close()

    def interrupt(self) -> None:
        """End the queries that are running in other threads; each raises ``Cancelled``."""
        self._backend.interrupt()

    # --- queries

    def query(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        *,
        segments: Mapping[str, Segment | str] | None = None,
        timeframe: TimeframeLike = None,
        timezone: str | int | None = None,
        now: Moment | None = None,
        timeout: float | None = None,
        default_limit: int | None = DEFAULT_LIMIT,
        max_limit: int | None = None,
        stop: Stop | None = None,
    ) -> Result:
        """Run a query.

        Args:
            text: the query.
            params: values of its ``:name`` parameters: ``None``, ``str``, ``int``, ``float``,
                ``bool``, aware ``datetime``, or a list of them for ``IN``.
            segments: what ``IN SEGMENT "name"`` may name, besides the segments of the store: each a
                ``Segment``, or a condition over ``usersession``, such as ``"country = 'Spain'"``.
            timeframe: an expression such as ``"last 7 days"``, or a pair of moments, each ms
                (UTC, since 1970) or an aware ``datetime``; ``None`` for all data. It selects
                sessions by their start, from the first moment to before the second.
            timezone: an IANA name, or an offset in minutes east of UTC; UTC by default.
            now: what ``$NOW`` and timeframes take for the present, in ms or as an aware
                ``datetime``; the clock's time by default.
            timeout: longest time the query may take, in seconds, from its text to its rows.
            default_limit: most rows of a query without ``LIMIT``; ``None`` for all.
            max_limit: most rows of a query with ``LIMIT``; ``None`` for as many as it asks for.
            stop: ends the query from another thread; it raises ``Cancelled`` then.

        Raises:
            UsqlError: the query is bad, took too long, or the store cannot be read.

        >>> with connect() as db:
        ...     db.query("SELECT COUNT(*) FROM useraction WHERE name = :n", {"n": "Login"}).rows
        [(0,)]
        """
        began = time.perf_counter()
        settings = _settings(timeframe, timezone, now)
        with within(timeout, stop) as limit, _source_of_errors(Source(text)) as source:
            limits = _Limits(default_limit, max_limit, probe=True)
            compiled, cut = self._compile(source, params, settings, limits, segments)
            rows = self._backend.run(compiled, limit.left(), stop)
        explanations = list(compiled.explanations)
        truncated = cut is not None and len(rows) > cut.rows
        if cut is not None and truncated:
            del rows[cut.rows :]
            explanations.append(cut.explanation)
        elapsed = (time.perf_counter() - began) * 1000
        return Result(
            compiled.columns,
            rows,
            explanations,
            compiled.sql,
            elapsed,
            compiled.keys,
            truncated,
            compiled.funnel,
        )

    def compile(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        *,
        segments: Mapping[str, Segment | str] | None = None,
        timeframe: TimeframeLike = None,
        timezone: str | int | None = None,
        now: Moment | None = None,
        default_limit: int | None = DEFAULT_LIMIT,
    ) -> Compiled:
        """Return the SQL of a query, its parameters and columns; nothing is run.

        Arguments and errors are those of ``query``.

        >>> with connect() as db:
        ...     db.compile("SELECT COUNT(*) AS n FROM usersession").columns
        (Column(name='n', type='long', unit=''),)
        """
        settings = _settings(timeframe, timezone, now)
        with _source_of_errors(Source(text)) as source:
            return self._compile(source, params, settings, _Limits(default_limit), segments)[0]

    def explain(
        self,
        text: str,
        params: Mapping[str, Any] | None = None,
        *,
        segments: Mapping[str, Segment | str] | None = None,
        timeframe: TimeframeLike = None,
        timezone: str | int | None = None,
        now: Moment | None = None,
        default_limit: int | None = DEFAULT_LIMIT,
    ) -> Explanation:
        """Return every station of the way of a query; ``str`` of it shows them.

        Arguments and errors are those of ``query``.

        >>> with connect() as db:
        ...     db.explain("select city from usersession").text
        'SELECT city FROM usersession'
        """
        from usql.explain import Explanation

        settings = _settings(timeframe, timezone, now)
        with _source_of_errors(Source(text)) as source:
            tree, resolved, planned, _ = self._plan(
                source, params, settings, _Limits(default_limit), segments
            )
            generic = planned.tree.sql(pretty=True)
            compiled = _compiled(planned, resolved, self._backend.dialect)
            return Explanation(
                format_query(tree),
                tree,
                resolved.query,
                generic,
                self._backend.dialect.render(planned, pretty=True),
                compiled.params,
                tuple(self._backend.plan(compiled)),
                compiled.explanations,
            )

    def complete(
        self, text: str, cursor: int | None = None, *, wait: float | None = None
    ) -> tuple[Suggestion, ...]:
        """Return what may stand at the cursor, the best first.

        A store's frequent values are looked up once; what takes longer than ``wait`` is there for
        the next call.

        Args:
            text: one or more queries, finished or not.
            cursor: where the cursor stands, in characters; the end of the text by default.
            wait: for frequent values, in seconds; 25 ms by default.

        Raises:
            StoreError: the store cannot be read.

        >>> with connect() as db:
        ...     [s.text for s in db.complete("SELECT country FROM usersession WH")]
        ['WHERE']
        """
        from usql.completion import complete

        waiting = {} if wait is None else {"wait": wait}
        at = len(text) if cursor is None else cursor
        return complete(text, at, self._knowing(), **waiting)

    def prepare_completion(self) -> None:
        """Do what the first suggestions would have to wait for; whoever types calls it beforehand.

        Modules are imported, the parser is made, and the store is asked for its property keys. It
        may be called in another thread than the one that completes.

        Raises:
            StoreError: the store cannot be read.

        >>> with connect() as db:
        ...     db.prepare_completion()
        """
        from usql.completion import prepare

        prepare(self._knowing())

    # --- data

    @property
    def segments(self) -> StoredSegments:
        """The named segments of the store, which queries may use: ``IN SEGMENT "name"``.

        >>> with connect() as db:
        ...     _ = db.segments.add("vip", "User tag: anna")
        ...     db.query("SELECT COUNT(*) FROM useraction WHERE IN SEGMENT 'vip'").rows
        [(0,)]
        """
        from usql.segments.stored import StoredSegments

        @contextmanager
        def writing() -> Iterator[StoreWriter]:
            with self._backend.writing(), open_writer(self._location, self._layout) as writer:
                yield writer

        def check(condition: str) -> None:
            self.compile(f"SELECT COUNT(*) FROM usersession WHERE {condition}")

        return StoredSegments(self._backend.segments, writing, check)

    def segment_values(
        self,
        segment: Segment | str,
        attribute: str,
        key: str = "",
        *,
        limit: int = 100,
        timeframe: TimeframeLike = None,
        timezone: str | int | None = None,
        now: Moment | None = None,
        timeout: float | None = None,
        stop: Stop | None = None,
    ) -> tuple[ValueCount, ...]:
        """Return the values of an attribute, each with the number of sessions that have it.

        Sessions are those that satisfy the filters of the segment's other attributes, so that a
        picker shows what else might be chosen; the most frequent value comes first.

        Args:
            segment: a segment, or its text.
            attribute: its label, alias or field, such as ``"Country"``.
            key: of a property.
            limit: most values.
            timeframe, timezone, now, timeout, stop: as in ``query``.

        Raises:
            UsqlError: there is no such attribute, or the store cannot be read.

        >>> with connect() as db:
        ...     _ = db.import_sessions([{"userSessionId": "a", "startTime": 1, "country": "Peru"}])
        ...     db.segment_values("Country: Spain", "Country")
        (ValueCount(value='Peru', sessions=1),)
        """
        from usql.segments.picking import Picking
        from usql.segments.segment import Segment

        chosen = Segment.parse(segment) if isinstance(segment, str) else segment
        picking = Picking.of(chosen, attribute, key, limit)
        settings: dict[str, Any] = {"timeframe": timeframe, "timezone": timezone, "now": now}
        found = self.query(picking.query, timeout=timeout, stop=stop, **settings)
        return picking.counts(found.rows)

    def session_range(self) -> tuple[int, int] | None:
        """Return the earliest start and the latest end of a session; ``None`` in an empty store.

        Both are ms (UTC, since 1970).

        >>> with connect() as db:
        ...     db.session_range()
        """
        return self._backend.session_range()

    def import_files(
        self,
        files: Iterable[Input] | Input,
        *,
        rejects: str | os.PathLike[str] | None = None,
        strict: bool = False,
        dry_run: bool = False,
        wait: float | None = None,
        progress: Callable[[Progress], None] | None = None,
        durable: bool = False,
    ) -> ImportSummary:
        """Import session exports; a session that is stored already is replaced.

        Args:
            files: paths, patterns, folders, ``-`` for standard input, or binary streams; NDJSON,
                plain, gzip or zstd (extra ``zstd``).
            rejects: file for lines that cannot be read; beside the store by default.
            strict: raise at the first bad line, and leave the store as it was.
            dry_run: tell what would be done; nothing is written but bad lines to ``rejects``,
                where given.
            wait: seconds to wait while another process writes to the store; 10 by default.
            progress: called now and then.
            durable: wait until what is written would survive a loss of power.

        Raises:
            BadData: a bad line, where ``strict``.
            StoreError: the store or the reject file cannot be written.
        """
        from usql.store.importer import import_files

        single = isinstance(files, str | os.PathLike) or hasattr(files, "read")
        with self._backend.writing():
            return import_files(
                self._location,
                [files] if single else files,  # type: ignore[arg-type,list-item]
                rejects=rejects,
                strict=strict,
                dry_run=dry_run,
                wait=wait,
                progress=progress,
                durable=durable,
            )

    def import_events(
        self,
        files: Iterable[Input] | Input,
        *,
        mapping: EventMapping | None = None,
        reading: Reading | None = None,
        rejects: str | os.PathLike[str] | None = None,
        strict: bool = False,
        dry_run: bool = False,
        wait: float | None = None,
        progress: Callable[[EventProgress], None] | None = None,
    ) -> EventSummary:
        """Import event logs: a row per view or click, of which sessions are made.

        A row that is stored already, from whichever file, is not stored again. Rows that come
        later join, merge or part the sessions that they belong to: the store is as if all rows had
        come at once. An import is written wholly or not at all.

        Args:
            files: paths, patterns, folders, ``-`` for standard input, or binary streams; CSV, TSV,
                JSON lines or Parquet, the first three plain, gzip or zstd.
            mapping: what the columns mean; what it does not say is recognised by their names.
            reading: how the files are to be read, where they do not look it.
            rejects: file for rows that are bad; beside the store by default, none in a dry run.
            strict: raise at the first bad row, and leave the store as it was.
            dry_run: tell what would be done, and write nothing.
            wait: seconds to wait while another process writes; 10 unless given.
            progress: called now and then.

        Raises:
            BadData: a file cannot be read, a column is missing; or, where ``strict``, a bad row.
            StoreError: the store or the reject file cannot be written.

        >>> from io import BytesIO
        >>> with connect() as db:
        ...     log = BytesIO(b"user_id,timestamp,event\\nann,2026-03-01T12:00:00Z,Login\\n")
        ...     summary = db.import_events(log)
        ...     db.query("SELECT userId, userActionCount FROM usersession").rows
        [('ann', 1)]
        """
        from usql.events.importing import import_events

        single = isinstance(files, str | os.PathLike) or hasattr(files, "read")
        with self._backend.writing():
            return import_events(
                self._location,
                [files] if single else files,  # type: ignore[arg-type,list-item]
                mapping,
                reading=reading,
                rejects=rejects,
                strict=strict,
                dry_run=dry_run,
                wait=wait,
                progress=progress,
            )

    def import_sessions(
        self, sessions: Iterable[Mapping[str, Any]], *, strict: bool = True
    ) -> ImportSummary:
        """Import sessions that are dictionaries in the export format.

        Raises:
            BadData: one is bad, where ``strict``.
        """
        from usql.store.importer import import_sessions

        with self._backend.writing():
            return import_sessions(self._location, sessions, strict=strict)

    def export_files(
        self,
        out: Destination,
        *,
        format: str | None = None,
        compression: str | None = None,
        overwrite: bool = False,
        progress: Callable[[ExportProgress], None] | None = None,
        where: str | None = None,
        params: Mapping[str, Any] | None = None,
        timeframe: TimeframeLike = None,
        timezone: str | int | None = None,
        now: Moment | None = None,
    ) -> ExportSummary:
        r"""Write sessions to a file of JSON lines, or to a folder of Parquet, a file per table.

        All that is written is of one state of the store. It appears when it is whole.

        Args:
            out: a path, or an open binary file for JSON lines.
            format: ``ndjson`` or ``parquet``; unless given, ``parquet`` for folders and names
                that end in ``/`` or ``.parquet``, ``ndjson`` otherwise.
            compression: of JSON lines: ``none``, ``gzip`` or ``zstd``; unless given, by the
                suffix ``.gz`` or ``.zst``.
            overwrite: whether a file, or a folder that is an earlier export, is replaced.
            progress: called now and then.
            where: a condition on ``usersession``, as behind ``WHERE`` in a query, that chooses
                sessions; all unless given.
            params, timeframe, timezone, now: as for ``query``.

        Raises:
            UsqlError: the condition is bad.
            ExportError: it cannot be written; what was there is there still.
            MissingExtra: Parquet or zstd needs a library that is not installed.
            StoreError: the store cannot be read.

        >>> import io
        >>> with connect() as db:
        ...     _ = db.import_sessions([{"userSessionId": "a", "startTime": 0}])
        ...     out = io.BytesIO()
        ...     db.export_files(out).sessions, out.getvalue()
        (1, b'{"startTime":0,"userSessionId":"a"}\n')
        """
        from usql.store.export import files, parquet
        from usql.store.export.output import same_file

        chosen = files.format_of(out, format)
        if isinstance(out, str | os.PathLike) and same_file(self._location.path, out):
            raise ExportError(f"{os.fspath(out)} is the store itself", hint="name another file")
        settings = _settings(timeframe, timezone, now)
        with self._backend.snapshot(self._selection(where, params, settings)) as snapshot:
            if chosen == "ndjson":
                return files.write_lines(
                    snapshot, out, compression=compression, overwrite=overwrite, report=progress
                )
            return parquet.write_folder(snapshot, out, overwrite=overwrite, report=progress)

    def export_sessions(
        self,
        *,
        where: str | None = None,
        params: Mapping[str, Any] | None = None,
        timeframe: TimeframeLike = None,
        timezone: str | int | None = None,
        now: Moment | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield sessions as dictionaries in the export format, in the order they were stored.

        All are of one state of the store, which is held until the iterator is exhausted or
        closed.

        Args:
            where: a condition on ``usersession`` that chooses sessions; all unless given.
            params: values of its parameters, as for ``query``.
            timeframe: sessions that start in it, as for ``query``.
            timezone: as for ``query``.
            now: as for ``query``.

        Raises:
            UsqlError: the condition is bad, or the store cannot be read.

        >>> with connect() as db:
        ...     _ = db.import_sessions([{"userSessionId": n, "startTime": 0} for n in "ab"])
        ...     list(db.export_sessions(where="userSessionId = 'b'"))
        [{'startTime': 0, 'userSessionId': 'b'}]
        """
        settings = _settings(timeframe, timezone, now)
        with self._backend.snapshot(self._selection(where, params, settings)) as snapshot:
            for _, document in snapshot.documents():
                yield document

    def export_url(
        self,
        url: str,
        *,
        auth: Auth | None = None,
        method: Method = "POST",
        content_type: ContentType = "application/x-ndjson",
        gzip: bool = False,
        bulk_headers: bool = False,
        index: str | None = None,
        timeout: float = 30.0,
        retries: int = 3,
        plain_http: bool = False,
        checkpoint: str | os.PathLike[str] | None = None,
        restart: bool = False,
        progress: Callable[[ExportProgress], None] | None = None,
        where: str | None = None,
        params: Mapping[str, Any] | None = None,
        timeframe: TimeframeLike = None,
        timezone: str | int | None = None,
        now: Moment | None = None,
    ) -> SendSummary:
        """Send sessions to another system: bulks of at most 1000 sessions or 896,000 bytes.

        A request that meets a 5xx, a 429, a time-out or a failing connection is sent again, after
        a while that grows. An export that was interrupted goes on where it stopped when it is run
        again: a checkpoint notes what the receiver has, and is removed at the end.

        Args:
            url: of the receiver; no user or password in it.
            auth: ``BasicAuth``, ``BearerAuth`` or ``OAuth2``.
            method: ``POST`` or ``PUT``.
            content_type: ``application/x-ndjson`` or ``application/json``; the bodies are JSON
                lines either way.
            gzip: pack the bodies.
            bulk_headers: put a line ``{"index": …}`` before each session, as Elasticsearch wants.
            index: named in that line.
            timeout: of one request, in seconds.
            retries: how often one request is sent again.
            plain_http: allow secrets over a connection that is not encrypted.
            checkpoint: the file that notes how far the export is; beside the store by default.
            restart: forget an earlier run.
            progress: called now and then.
            where: a condition on ``usersession`` that chooses sessions; all unless given.
            params, timeframe, timezone, now: as for ``query``. An export that goes on keeps the
                present it began with, unless ``now`` says otherwise.

        Raises:
            UsqlError: the condition is bad.
            ExportError: the receiver refuses a bulk, or does not take it after all retries; or
                the checkpoint is of another export.
            MissingExtra: urllib3 is not installed.
        """
        from usql.store.export.checkpoint import Checkpoint, Job, Reached
        from usql.store.export.post import Receiver, Run, send

        receiver = Receiver(
            url,
            auth,
            method,
            content_type,
            gzip,
            bulk_headers,
            index,
            timeout,
            retries,
            plain_http,
        ).checked()
        chooses = _choice(where, params, timeframe, timezone)
        store = self._location.path
        job = Job.of(str(store and store.absolute()), receiver.url, chooses)
        noted = None
        if checkpoint is not None:
            noted = Checkpoint(Path(checkpoint), job)
        elif store is not None:
            noted = Checkpoint.beside(store, job)
        if restart and noted is not None:
            noted.remove()
        reached = None if noted is None else noted.read()
        if now is None and reached is not None and reached.number:
            now = reached.now
        settings = _settings(timeframe, timezone, now)
        run = Run(noted, reached or Reached(0, 0, settings.now))
        with self._backend.snapshot(self._selection(where, params, settings)) as snapshot:
            return send(snapshot, receiver, run, report=progress)

    def copy_to(
        self,
        target: str | os.PathLike[str],
        *,
        replace: bool = False,
        into: bool = False,
        wait: float | None = None,
        progress: Callable[[ExportProgress], None] | None = None,
        where: str | None = None,
        params: Mapping[str, Any] | None = None,
        timeframe: TimeframeLike = None,
        timezone: str | int | None = None,
        now: Moment | None = None,
    ) -> CopySummary:
        """Copy sessions into another store, of whatever kind, without losing a field.

        All that is copied is of one state of the store. A new store, and one that replaces
        another, appears when it is whole; on a server, they arrive one batch after another.

        Args:
            target: name of the store, as for ``connect``; it is made if there is none.
            replace: put the copy in the place of a store that has sessions.
            into: add the sessions to those of the target; one of the same identity is replaced.
            wait: seconds to wait while another process writes to the target; 10 by default.
            progress: called now and then.
            where: a condition on ``usersession`` that chooses sessions; all unless given.
            params, timeframe, timezone, now: as for ``query``.

        Raises:
            UsqlError: the condition is bad.
            StoreError: the target has sessions already, and neither ``replace`` nor ``into`` is
                given; or a store cannot be read or written.

        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder, connect() as db:
        ...     _ = db.import_sessions([{"userSessionId": "a", "startTime": 0}])
        ...     db.copy_to(os.path.join(folder, "copy.db")).sessions
        1
        """
        from usql.store.copying import copy_sessions

        if replace and into:
            raise BadParameter("replace and into exclude each other")
        place = place_of(target)
        self._check_target(place)
        layout = layout_of(place)
        held = _held(place, layout)
        if held and not (replace or into):
            raise StoreError(
                f"{place} has sessions already",
                hint="replace it: --replace, replace=True; or add to it: --into, into=True",
            )
        settings = _settings(timeframe, timezone, now)
        with self._backend.snapshot(self._selection(where, params, settings)) as snapshot:
            return copy_sessions(
                snapshot,
                place,
                layout,
                whole=held is None or replace,
                event_rows=self._event_rows(),
                segments=self._backend.segments(),
                wait=wait,
                report=progress,
            )

    def _check_target(self, place: Place) -> None:
        from usql.store.export.output import same_file

        if isinstance(place, Location) and place.memory:
            raise StoreError("a copy in memory would be gone at once", hint="name a file")
        same = place == self._location
        if same or (place.path is not None and same_file(self._location.path, place.path)):
            raise StoreError(f"{place} is the store itself", hint="name another one")
        if isinstance(place, ParquetLocation):
            raise ReadOnlyStore(
                "sessions are not copied into a folder of Parquet",
                hint=f"export them to one: usql export STORE {place}/ --format parquet",
            )

    def _event_rows(self) -> int:
        """Return how many rows of event logs the store keeps."""
        if not isinstance(self._location, Location):
            return 0
        from contextlib import closing

        from usql.events import log
        from usql.store.sqlite_store import open_reader, store_errors

        with store_errors(self._location), closing(open_reader(self._location)) as connection:
            return log.count(connection) if log.exists(connection) else 0

    # --- upkeep

    def info(self) -> StoreInfo:
        """Return what the store holds; of SQLite stores, also what its parts take on the disk.

        Raises:
            StoreError: the store cannot be read.

        >>> with connect() as db:
        ...     _ = db.import_sessions([{"userSessionId": "a", "startTime": 0}])
        ...     db.info().sessions
        1
        """
        if not isinstance(self._location, Location):
            from usql.store.engine_info import read_engine_info

            return read_engine_info(self._location, self._layout)
        from usql.store.info import read_info

        return read_info(self._location, self._layout)

    def check(self) -> CheckReport:
        """Look at every page and every row of the store; return what is broken.

        Raises:
            StoreError: the store cannot be opened.

        >>> with connect() as db:
        ...     db.check().sound
        True
        """
        from usql.store.checking import check_store

        return check_store(self._location, self._layout)

    def compact(self) -> CompactSummary:
        """Write the store anew without the space it does not need, with all its indexes.

        For as long as that takes, the disk needs room for the store twice more. Queries on SQLite
        stores and on servers go on; others wait.

        Raises:
            ReadOnlyStore: it is a folder of Parquet.
            StoreError: the store cannot be written.

        >>> with connect() as db:
        ...     db.compact().indexes
        ()
        """
        from usql.store.removal import compact

        with self._backend.writing():
            return compact(self._location, self._layout)

    def delete(
        self,
        where: str | None = None,
        params: Mapping[str, Any] | None = None,
        *,
        user: str | None = None,
        before: Moment | str | None = None,
        timeframe: TimeframeLike = None,
        timezone: str | int | None = None,
        now: Moment | None = None,
        dry_run: bool = False,
    ) -> DeleteSummary:
        """Delete sessions with all that belongs to them, for good, and give the space back.

        What is named has to hold altogether, and something has to be named. No byte of what was
        deleted remains in the store; a server takes some minutes for that.

        Args:
            where: a condition on ``usersession``, as behind ``WHERE`` in a query.
            params: values of its parameters, as for ``query``.
            user: sessions with this ``userId`` or ``internalUserId``.
            before: sessions that start before this moment: ms (UTC, since 1970), an aware
                ``datetime``, or a date as text, such as ``"2026-03-01"``, in the time zone.
            timeframe: sessions that start in it, as for ``query``.
            timezone: as for ``query``.
            now: as for ``query``.
            dry_run: count what would be deleted, and delete nothing.

        Raises:
            UsqlError: the condition is bad, or there is none.
            ReadOnlyStore: it is a folder of Parquet.
            StoreError: the store cannot be written.

        >>> with connect() as db:
        ...     _ = db.import_sessions([{"userSessionId": n, "startTime": 0} for n in "ab"])
        ...     db.delete("userSessionId = 'b'").kept
        1
        """
        from usql.store.removal import delete

        settings = _settings(timeframe, timezone, now)
        selections = [
            selection
            for condition, values in _conditions(where, params, user, before)
            if (selection := self._selection(condition, values, settings)) is not None
        ]
        if not selections:
            raise BadParameter(
                "nothing says which sessions to delete",
                hint="give where, user, before or timeframe",
            )

        def choose(connection: Any) -> Iterable[int]:
            numbers = self._backend.session_numbers
            return set.intersection(*(set(numbers(connection, each)) for each in selections))

        if dry_run:
            return delete(self._location, self._layout, choose, dry_run=True)
        with self._backend.writing():
            return delete(self._location, self._layout, choose)

    # --- composition

    def _knowing(self) -> Knowledge:
        """Return what suggestions are made from, kept as long as the store is open."""
        from usql.completion import Knowledge

        if self._knowledge is not None:
            return self._knowledge

        settings = _settings(None, None, None)
        context = Context(
            schema=self._layout.schema, facts=self._backend, zone=settings.zone, now=settings.now
        )
        self._knowledge = Knowledge(
            context,
            lambda text: self.query(text, timeout=2).rows,
            self._version,
            lambda: _LazySegments({}, self._backend.segments),
        )
        return self._knowledge

    def _version(self) -> tuple[int, ...]:
        """Return what changes when somebody writes to the store."""
        path = self._location.path
        if path is None:
            return self._backend.start_range() or ()
        found = []
        for file in (path, path.with_name(f"{path.name}-wal")):
            try:
                status = file.stat()
            except OSError:
                continue
            found += [status.st_mtime_ns, status.st_size]
        return tuple(found)

    def _selection(
        self, where: str | None, params: Mapping[str, Any] | None, settings: _Settings
    ) -> Compiled | None:
        """Return a query for the sessions that are chosen, or ``None`` where that is all."""
        if where is None and settings.timeframe is None:
            return None
        source = selecting(where)
        with errors_in_condition(source, where):
            return self._compile(source, params, settings, _Limits(None))[0]

    def _compile(
        self,
        source: Source,
        params: Mapping[str, Any] | None,
        settings: _Settings,
        limits: _Limits,
        segments: Mapping[str, Segment | str] | None = None,
    ) -> tuple[Compiled, _Cut | None]:
        """Return a compiled query, and where to cut its rows."""
        with collected_later():
            _, resolved, planned, cut = self._plan(source, params, settings, limits, segments)
            return _compiled(planned, resolved, self._backend.dialect), cut

    def _plan(
        self,
        source: Source,
        params: Mapping[str, Any] | None,
        settings: _Settings,
        limits: _Limits,
        segments: Mapping[str, Segment | str] | None = None,
    ) -> tuple[ast.Query, r.Resolved, Planned, _Cut | None]:
        """Go from text to generic SQL."""
        parsed = parse_source(source)
        context = Context(
            schema=self._layout.schema,
            facts=self._backend,
            zone=settings.zone,
            now=settings.now,
            timeframe=settings.timeframe,
            parameters=_parameters(params),
            default_limit=limits.default,
            segments=_LazySegments(segments or {}, self._backend.segments),
            explanations=list(parsed.explanations),
        )
        resolved = resolve(parsed.query, context)
        query, cut = limits.applied(resolved)
        planned = plan(query, self._layout, self._backend.start_range())
        return parsed.query, resolved, planned, cut


def _held(place: Place, layout: Layout) -> bool | None:
    """Whether a place has sessions; ``None`` where there is no store yet.

    Raises:
        StoreError: it has something else.
    """
    path = place.path
    if path is not None and not path.exists():
        return None
    if isinstance(place, ChdbLocation) and place.path.is_dir() and not any(place.path.iterdir()):
        return None
    from usql.store.clickhouse_client import NoStoreError

    backend = backend_of(place, layout)
    try:
        backend.check()
        return backend.start_range() is not None
    except NoStoreError:
        return None
    finally:
        backend.close()


def _settings(
    timeframe: TimeframeLike, timezone: str | int | None, now: Moment | None
) -> _Settings:
    zone = Zone.of(timezone)
    moment = time.time_ns() // 1_000_000 if now is None else to_ms(now)
    return _Settings(parse_timeframe(timeframe, now=moment, zone=zone), zone, moment)


def _choice(
    where: str | None,
    params: Mapping[str, Any] | None,
    timeframe: TimeframeLike,
    timezone: str | int | None,
) -> str:
    """Return what chooses sessions as text, to tell whether another choice is the same."""
    if where is None and timeframe is None:
        return ""
    return repr((where, sorted((params or {}).items()), timeframe, timezone))


def _conditions(
    where: str | None,
    params: Mapping[str, Any] | None,
    user: str | None,
    before: Moment | str | None,
) -> Iterator[tuple[str | None, Mapping[str, Any] | None]]:
    """Yield the conditions that choose sessions, with their parameters; all have to hold."""
    yield where, params
    if user is not None:
        yield "userId = :user OR internalUserId = :user", {"user": user}
    if before is not None:
        yield "startTime < :before", {"before": before}


def _parameters(params: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        raise BadParameter(
            f"parameters come as a dictionary, not as {type(params).__name__}",
            hint="write query(text, {'name': value}) for :name",
        )
    return params


def _compiled(planned: Planned, resolved: r.Resolved, dialect: Dialect) -> Compiled:
    return Compiled(
        sql=dialect.render(planned),
        params=dialect.bound(planned.parameters),
        columns=tuple(_column(output) for output in planned.outputs),
        outputs=planned.outputs,
        identity=planned.identity,
        keys=planned.keys,
        explanations=resolved.explanations,
        funnel=isinstance(resolved.query, r.FunnelQuery),
    )


def _column(output: Output) -> Column:
    return Column(output.label, str(output.type), output.unit)


@contextmanager
def _source_of_errors(source: Source) -> Iterator[Source]:
    """Let every error know the text it is about."""
    try:
        yield source
    except RecursionError:
        raise TooLarge("the query has too many parts within each other", hint=SMALLER) from None
    except UsqlError as error:
        error.attach(source)
        raise
