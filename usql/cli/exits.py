"""How a command ends: its exit code, and what is said of an error. One place for every way out."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import click

from usql.cli import output
from usql.render import terminal

if TYPE_CHECKING:
    from usql.errors import UsqlError

DONE = 0
BAD_QUERY = 1
"""The query was bad, or some of the data."""
WRONG_USAGE = 2
NO_STORE = 3
TIME_LIMIT = 4
CANCELLED = 130
"""128 and the number of SIGINT, as shells have it."""

_COLLECT_EVERY = 100_000
"""Objects between garbage collections: at the default the imports alone set off a hundred."""


def guarded(run: Callable[[], Any]) -> int:
    """Run a command; return its exit code and report what went wrong."""
    gc.set_threshold(_COLLECT_EVERY)
    for stream in (sys.stdout, sys.stderr):
        terminal.prepare(stream)
    try:
        code = run()
        output.write([])
    except (click.Abort, KeyboardInterrupt):
        _finish_output()
        output.error("cancelled")
        return CANCELLED
    except (BrokenPipeError, SystemExit):  # click turns the first into the second
        _finish_output()
        return DONE
    except Exception as error:
        _finish_output()
        return _failed(error)
    return code if isinstance(code, int) else DONE


def leave(code: int) -> NoReturn:
    """End the process.

    The interpreter would look for garbage in all that was imported and made, though the process
    gives everything back at once: 30 ms, of which nobody has anything.
    """
    gc.freeze()
    sys.exit(code)


def _failed(error: Exception) -> int:
    from usql.errors import UsqlError

    if os.environ.get("USQL_DEBUG"):
        raise error
    match error:
        case UsqlError():
            output.error(output.drawn(error))
            return exit_code(error)
        case click.ClickException():
            return _misused(error)
        case OSError():
            where = f": {error.filename}" if error.filename else ""
            output.error(f"{error.strerror or error}{where}")
            return BAD_QUERY
        case _:
            what = f"{type(error).__name__}: {error}"
            output.error(f"a defect of usql, please report it ({what})")
            return BAD_QUERY


def exit_code(error: UsqlError) -> int:
    """Return the exit code that an error of the library means."""
    from usql.errors import Cancelled, StoreError, TimeLimitExceeded

    match error:
        case StoreError():
            return NO_STORE
        case TimeLimitExceeded():
            return TIME_LIMIT
        case Cancelled():
            return CANCELLED
        case _:
            return BAD_QUERY


def _misused(error: click.ClickException) -> int:
    output.error(error.format_message())
    if isinstance(error, click.UsageError) and error.ctx is not None:
        output.complain(error.ctx.get_usage())
        output.complain(f"Try '{error.ctx.command_path} --help'.")
    return error.exit_code


def _finish_output() -> None:
    """Write what is buffered; if nobody takes it, drop it lest the interpreter complains later."""
    try:
        output.write([])
    except OSError:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
