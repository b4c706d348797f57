"""The command ``usql import``: what it shows while it runs, and tells at the end."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

import usql
from usql.cli import events, exits, options
from usql.cli.output import error, note, say
from usql.render.amounts import counted, size

if TYPE_CHECKING:
    from usql.store.importer import ImportSummary, Progress

_LINE_EVERY_S = 30.0
"""Seconds between lines where there is no terminal to draw a bar on."""

Report = Callable[["Progress"], None]


def _inputs(ctx: click.Context, param: click.Parameter, files: tuple[str, ...]) -> list[str]:
    """Return names of files, folders and patterns; one that stands for nothing is refused."""
    from glob import iglob

    for file in files:
        if file != "-" and not os.path.exists(file) and not any(iglob(file, recursive=True)):
            raise click.BadParameter(f"{file!r} does not exist.")
    return list(files)


@click.command("import")
@options.store_argument
@click.argument("files", nargs=-1, required=True, callback=_inputs, metavar="FILE...")
@click.option("--rejects", metavar="FILE", help="Where bad lines go, with the reason of each.")
@click.option(
    "--strict", is_flag=True, help="Stop at the first bad line, the store left as it was."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long to wait while another process writes. [default: 10]",
)
@events.event_options
def import_files(
    store: str,
    files: list[str],
    rejects: str | None,
    strict: bool,
    dry_run: bool,
    wait: float | None,
    events_given: bool,
    **event_options: Any,
) -> int:
    """Import session exports, or event logs, into a store.

    A FILE is NDJSON, plain, gzip or zstd; a folder or a pattern of such; or '-' for standard
    input. A session that is there already is replaced, so importing a file twice changes nothing.

    \b
    usql import shop.db export-*.ndjson.gz
    usql import shop.db folder/ --rejects bad.ndjson

    With --events, a FILE is an event log, and sessions are made of its rows. Columns with common
    names are recognised; --dry-run shows what they are taken for.

    \b
    usql import shop.db clicks.csv --events --dry-run
    usql import shop.db clicks.csv --events --user uid --time ts --name page --gap 20m
    """
    # A dry run makes no store.
    place = ":memory:" if dry_run and not os.path.exists(store.removeprefix("sqlite:")) else store
    if events_given:
        lines, problem = events.import_events(
            place, files, event_options, rejects=rejects, strict=strict, dry_run=dry_run, wait=wait
        )
        for line in lines:
            say(line)
        if problem is not None:
            error(problem)
        return exits.DONE if problem is None else exits.BAD_QUERY
    events.refuse_options(event_options)
    with usql.connect(place) as db, _progress() as report:
        summary = db.import_files(
            files, rejects=rejects, strict=strict, dry_run=dry_run, wait=wait, progress=report
        )
    say(_told(summary, dry_run=dry_run))
    if not summary.rejected:
        return exits.DONE
    where = f", see {summary.rejects_path}" if summary.rejects_path else ""
    error(f"{counted(summary.rejected, 'line')} rejected{where}")
    return exits.BAD_QUERY


def _told(summary: ImportSummary, *, dry_run: bool) -> str:
    """Return in a line what an import did, or would do."""
    new = f"{summary.sessions:,} new session{'' if summary.sessions == 1 else 's'}"
    would = ", nothing written" if dry_run else ""
    return (
        f"{new}, {summary.replaced:,} replaced, {summary.rejected:,} rejected,"
        f" from {counted(summary.files, 'file')} in {summary.seconds:.1f} s{would}"
    )


@contextmanager
def _progress() -> Iterator[Report]:
    """Yield what shows progress: a bar on a terminal, else a line now and then."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield _Lines()
    else:
        with _bar() as report:
            yield report


class _Lines:
    """Writes lines, the first after a while."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _LINE_EVERY_S

    def __call__(self, progress: Progress) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _LINE_EVERY_S
            note(_line(progress))


def _line(progress: Progress) -> str:
    """Return in a line how far an import has come."""
    seconds = max(progress.seconds, 0.001)
    parts = [size(progress.packed_read)]
    if progress.packed_total is not None:
        parts[0] += f" of {size(progress.packed_total)}"
    parts.append(f"{progress.sessions:,} sessions, {progress.sessions / seconds:,.0f} a second")
    if progress.packed_total is not None and progress.packed_read:
        left = seconds * (progress.packed_total / progress.packed_read - 1)
        parts.append(f"{max(left, 0):,.0f} s left")
    return ", ".join(parts)


@contextmanager
def _bar() -> Iterator[Report]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading …", total=None)

        def report(progress: Any) -> None:
            done = progress.packed_total is not None and (
                progress.packed_read >= progress.packed_total
            )
            bar.update(
                task,
                total=progress.packed_total,
                completed=progress.packed_read,
                description="finishing: indexes …" if done else _line(progress),
            )

        yield report
