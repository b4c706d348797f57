"""Sessions from one store into another, of whatever kinds.

What arrives: a snapshot of a store, and the place of another. What leaves: a store there that has
the same sessions, field by field, known or not. They go as lines of the export format, with flat
memory. A store that is made or replaced appears when it is whole; until then it is beside its place
under another name, and what was there is there still.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from usql.errors import StoreError
from usql.layout import Layout
from usql.store.clickhouse_places import ChdbLocation, ServerLocation
from usql.store.duckdb_store import DuckdbLocation
from usql.store.export.files import ExportProgress, Teller
from usql.store.export.output import replacing_folder
from usql.store.export.snapshot import Snapshot
from usql.store.importer import import_lines
from usql.store.ndjson import Line
from usql.store.places import Place, open_writer
from usql.store.rejects import rejects_path
from usql.store.sqlite_store import Location

_LOGS = ("-wal", "-shm", ".wal")


@dataclass(frozen=True, slots=True)
class CopySummary:
    """What a copy did.

    Attributes:
        sessions: copied.
        replaced: how many of them took the place of a session of the same identity.
        event_rows: rows of event logs that the source keeps, which are not copied: the sessions
            made of them are, but event logs that come later do not join them.
        seconds: how long it took.
    """

    sessions: int
    replaced: int
    event_rows: int
    seconds: float


def copy_sessions(
    snapshot: Snapshot,
    target: Place,
    layout: Layout,
    *,
    whole: bool,
    event_rows: int = 0,
    segments: Iterable[tuple[str, str]] = (),
    wait: float | None = None,
    report: Callable[[ExportProgress], None] | None = None,
) -> CopySummary:
    """Copy sessions.

    Args:
        snapshot: of the source.
        target: where they go.
        layout: of a new store there.
        whole: whether the target is made anew, in place of what is there; otherwise the sessions
            join those that are there, and replace those of the same identity.
        event_rows: see ``CopySummary``.
        segments: names and texts of named segments; those that are there under their names stay.
        wait: seconds to wait while another process writes to the target; 10 unless given.
        report: called now and then.

    Raises:
        StoreError: the target cannot be written.
    """
    told = Teller(snapshot.count(), report)
    told.tell()
    put_aside = rejects_path(target, None, dry_run=False)
    with _made_anew(target, layout, wait) if whole else _as_it_is(target) as place:
        summary = import_lines(
            place, "the store", _lines(snapshot, told), rejects=put_aside, wait=wait, layout=layout
        )
        if summary.rejected:
            where = f", see {summary.rejects_path}" if summary.rejects_path else ""
            raise StoreError(f"{summary.rejected:,} sessions could not be copied{where}")
        _add_segments(place, layout, list(segments), wait)
    told.tell()
    copied = summary.sessions + summary.replaced
    return CopySummary(copied, summary.replaced, event_rows, told.seconds)


def _add_segments(
    place: Place, layout: Layout, segments: list[tuple[str, str]], wait: float | None
) -> None:
    if not segments:
        return
    with open_writer(place, layout, patience=wait) as writer, writer.transaction():
        there = {name.casefold() for name, _ in writer.segments()}
        for name, text in segments:
            if name.casefold() not in there:
                writer.put_segment(name, text)


def _lines(snapshot: Snapshot, told: Teller) -> Iterator[Line]:
    for number, (_, text) in enumerate(snapshot.lines(), 1):
        yield Line(number, 0, text)
        told.add(1, len(text))


@contextmanager
def _as_it_is(place: Place) -> Iterator[Place]:
    yield place


@contextmanager
def _made_anew(place: Place, layout: Layout, wait: float | None) -> Iterator[Place]:
    """Yield a place for a new store, which takes the other's at the end of the block."""
    if isinstance(place, ServerLocation):
        _emptied(place, layout)
        yield place
    elif isinstance(place, ChdbLocation):
        if (place.path).exists():
            _let_go_of(place, layout, wait)
        with replacing_folder(place.path, overwrite=True, ours=lambda _: True) as folder:
            yield replace(place, path=folder)
    else:
        assert place.path is not None
        with _new_file(place, place.path.resolve(), layout, wait) as file:
            yield Location.of(file) if isinstance(place, Location) else DuckdbLocation(file)


@contextmanager
def _new_file(place: Place, path: Path, layout: Layout, wait: float | None) -> Iterator[Path]:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield temporary
        if path.exists():
            _let_go_of(place, layout, wait)
        try:
            os.replace(temporary, path)
        except OSError as error:
            raise StoreError(f"{place} cannot be replaced: {error.strerror}") from error
    finally:
        for name in ("", *_LOGS):
            with suppress(OSError):
                temporary.with_name(temporary.name + name).unlink()


def _let_go_of(place: Place, layout: Layout, wait: float | None) -> None:
    """Make sure that nobody else has a store that is to be replaced, and that its log is gone.

    A log left behind would be taken for the new store's.

    Raises:
        StoreError: another process has it open, or it is no store.
    """
    if isinstance(place, Location):
        from usql.store import sqlite_store

        opened = sqlite_store.open_writer(place, create=False, patience=wait)
        with sqlite_store.store_errors(place), closing(opened) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    elif isinstance(place, DuckdbLocation):
        from usql.store import duckdb_store

        duckdb_store.open_writer(place, layout, wait).close()
    else:
        from usql.store.clickhouse_store import open_store

        assert isinstance(place, ChdbLocation)
        open_store(place, layout, create=False, patience=wait).close()


def _emptied(place: ServerLocation, layout: Layout) -> None:
    """Take all sessions out of a server's store, which is made if there is none."""
    from usql.store.clickhouse_client import store_errors
    from usql.store.clickhouse_store import empty_statements, open_store

    with closing(open_store(place, layout, create=True)) as client, store_errors(place):
        for statement in empty_statements(place, layout):
            client.write(statement)
