"""What ``usql import`` shows while it runs, and tells at the end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from usql import cli
from usql.cli_upkeep import size

if TYPE_CHECKING:
    from usql.store.importer import ImportSummary, Progress

_LINE_EVERY_S = 30.0
"""Seconds between lines where there is no terminal to draw a bar on."""

Report = Callable[["Progress"], None]


def told(summary: ImportSummary, *, dry_run: bool) -> str:
    """Return in a line what an import did, or would do."""
    new = f"{summary.sessions:,} new session{'' if summary.sessions == 1 else 's'}"
    would = ", nothing written" if dry_run else ""
    return (
        f"{new}, {summary.replaced:,} replaced, {summary.rejected:,} rejected,"
        f" from {cli.count(summary.files, 'file')} in {summary.seconds:.1f} s{would}"
    )


@contextmanager
def progress() -> Iterator[Report]:
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
            cli.note(line(progress))


def line(progress: Progress) -> str:
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
                description="finishing: indexes …" if done else line(progress),
            )

        yield report
