"""The command ``usql export``: sessions out of a store, into files or to another system."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

import usql
from usql import cli

if TYPE_CHECKING:
    from usql.store.export.files import ExportProgress, ExportSummary

_STANDARD_OUTPUT = "-"


@click.command()
@cli.store_argument
@click.argument("out", required=False, type=click.Path(allow_dash=True))
@click.option(
    "--format",
    type=click.Choice(["ndjson", "parquet"]),
    help="JSON lines, or a folder of Parquet. [default: by the name of OUT]",
)
@click.option(
    "--compression",
    type=click.Choice(["none", "gzip", "zstd"]),
    help="Of JSON lines. [default: by the suffix of OUT]",
)
@click.option("--force", is_flag=True, help="Replace OUT if it exists.")
def export(
    store: str, out: str | None, format: str | None, compression: str | None, force: bool
) -> None:
    """Write sessions to a file or a folder.

    OUT is a file of JSON lines in the format that 'import' reads, with the suffix .gz or .zst
    packed; or, if its name ends in '/' or '.parquet', a folder of Parquet, one file per table; '-'
    is standard output. It appears when it is whole.
    """
    if out is None:
        raise click.UsageError("Say where to: a file, a folder, or '-' for standard output.")
    with usql.connect(store, create=False) as db:
        if out == _STANDARD_OUTPUT:
            _to_standard_output(db, format, compression)
            return
        with _progress() as progress:
            summary = db.export_files(
                out, format=format, compression=compression, overwrite=force, progress=progress
            )
    cli.say(_told(summary, out))


def _to_standard_output(db: Any, format: str | None, compression: str | None) -> None:
    if format == "parquet":
        raise click.UsageError("A folder of Parquet cannot go to standard output; name a folder.")
    if sys.stdout is None:
        return
    if compression not in (None, "none") and sys.stdout.isatty():
        raise click.UsageError(f"{compression} is not for a terminal; name a file.")
    db.export_files(sys.stdout.buffer, format=format, compression=compression)


def _told(summary: ExportSummary, out: str) -> str:
    return f"{cli.count(summary.sessions, 'session')} to {out} in {summary.seconds:.1f} s"


@contextmanager
def _progress() -> Iterator[Callable[[ExportProgress], None] | None]:
    """Show a bar on a terminal; elsewhere, nothing."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} sessions"),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=0, rate=0.0)

        def show(progress: ExportProgress) -> None:
            rate = progress.sessions / max(progress.seconds, 0.001)
            bar.update(task, total=progress.total, completed=progress.sessions, rate=rate)

        yield show
