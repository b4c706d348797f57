"""Waiting for a query: a spinner with the time, and an end as soon as somebody wants it.

The query works in a thread; the caller's thread, which Ctrl-C reaches, waits. What is interrupted
may be at a point where an interrupt has no effect, before its first statement, say; so it is
interrupted again and again, and left behind if it does not end in time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from usql.errors import Cancelled

_T = TypeVar("_T")

_FIRST_SPIN_S = 0.4
"""Most queries are quicker, and a spinner that flashes is a nuisance."""
_SPIN_S = 0.1
_PATIENCE_S = 0.15
_AGAIN_S = 0.01


class Spinner(Protocol):
    """Shows that something goes on."""

    def turn(self, seconds: float) -> None:
        """Show it, with the time it has taken so far."""

    def stop(self) -> None:
        """Leave the line as if nothing had been there."""


def wait_for(work: Callable[[], _T], interrupt: Callable[[], None], spinner: Spinner) -> _T:
    """Return what work in another thread gives.

    Raises:
        Cancelled: it was ended by Ctrl-C.
        BaseException: what the work raises.
    """
    results: list[_T] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def target() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    began = time.monotonic()
    threading.Thread(target=target, name="usql-shell-query", daemon=True).start()
    try:
        wait = _FIRST_SPIN_S
        while not done.wait(wait):
            spinner.turn(time.monotonic() - began)
            wait = _SPIN_S
    except KeyboardInterrupt:
        _end(done, interrupt)
        raise Cancelled("the query was cancelled") from None
    finally:
        spinner.stop()
    if errors:
        raise errors[0]
    return results[0]


def _end(done: threading.Event, interrupt: Callable[[], None]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not done.is_set() and time.monotonic() < deadline:
        interrupt()
        done.wait(_AGAIN_S)
