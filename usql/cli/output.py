"""What a command writes: results to standard output, notes and errors to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

import click

from usql.render import BINARY_FORMATS, render, terminal, write_binary
from usql.render.escape import visible_lines

if TYPE_CHECKING:
    from usql.errors import UsqlError
    from usql.result import Result

_BOLD, _RED, _DIM = "\x1b[1m", "\x1b[1;31m", "\x1b[2m"

APART = ("table", "vertical", "markdown")
"""The formats for people: an empty line stands between several results."""


def write(chunks: Iterable[str]) -> None:
    """Write to standard output, and flush it."""
    out: TextIO | None = sys.stdout
    if out is None:  # closed by the caller, who wants no results
        return
    for chunk in chunks:
        out.write(chunk)
    out.flush()


def check_output(store: str, format: str, output: str | None) -> None:
    """Refuse what could only end badly, before a query has taken its time."""
    if output is None:
        if format in BINARY_FORMATS and sys.stdout is not None and sys.stdout.isatty():
            raise click.UsageError(
                f"{format} is not for a terminal; write it to a file with -o FILE, or into a pipe."
            )
    elif os.path.exists(output) and os.path.exists(store) and os.path.samefile(output, store):
        raise click.UsageError(f"{output} is the store itself; name another file.")


def show(result: Result, format: str) -> None:
    """Write a result to standard output, then what the engine had to say to standard error."""
    if format in BINARY_FORMATS:
        if sys.stdout is not None:
            write_binary(result, format, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    else:
        width, color = terminal.terminal_width(sys.stdout), terminal.wants_color(sys.stdout)
        write(render(result, format, width=width, color=color))
    _note(result)


def save(results: list[Result], format: str, output: str) -> None:
    """Write results to a file, which appears when it is whole."""
    from io import TextIOWrapper
    from pathlib import Path

    from usql.store.export.output import replacing

    with replacing(Path(output), overwrite=True) as file:
        if format in BINARY_FORMATS:
            write_binary(results[0], format, file)
        else:
            text = TextIOWrapper(file)
            terminal.prepare(text)  # the same bytes as through a pipe
            for number, result in enumerate(results):
                text.write("\n" if number and format in APART else "")
                text.writelines(render(result, format))
            text.detach()
    for result in results:
        _note(result)


def _note(result: Result) -> None:
    for explanation in result.explanations:
        note(explanation)


def note(text: str) -> None:
    """Write a note to standard error."""
    _report("note", text)


def error(text: str) -> None:
    """Write what went wrong to standard error; the exit code is the caller's."""
    _report("error", text)


def drawn(error: UsqlError) -> str:
    """Return an error as text that fits the terminal, if it goes to one."""
    from usql.diagnostics import draw

    return draw(error, terminal.terminal_width(sys.stderr))


def say(text: str = "") -> None:
    """Write a line to standard output."""
    write([visible_lines(text) + "\n"])


def _report(kind: str, text: str) -> None:
    """Write an error or a note to standard error, its prefix coloured on a terminal."""
    prefix = f"{kind}:"
    if terminal.wants_color(sys.stderr):
        prefix = f"{_RED if kind == 'error' else _DIM}{prefix}\x1b[0m"
    complain(f"{prefix} {visible_lines(text)}")


def complain(text: str) -> None:
    """Write a line to standard error, if somebody reads it."""
    # Nobody is left to be told that standard error is gone.
    with suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()
