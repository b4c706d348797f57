"""Running a query in a thread of its own, so that it can be ended at any moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from usql.errors import Cancelled, TimeLimitExceeded

_T = TypeVar("_T")

_INTERRUPT_AGAIN_S = 0.01
_WAIT_STEP_S = 60.0
"""Waiting without any limit could not be interrupted on every platform."""


class Stoppable(Protocol):
    """A connection whose statement another thread can end.

    Attributes:
        cancelled: whether somebody wanted the query to end.
    """

    cancelled: bool

    def interrupt(self) -> None:
        """End the statement that is running now, if there is one."""


class Stop:
    """Ends queries from another thread, before they run or while they do.

    >>> from usql import connect
    >>> stop = Stop()
    >>> stop.stop()
    >>> with connect() as db:
    ...     db.query("SELECT COUNT(*) FROM usersession", stop=stop)
    Traceback (most recent call last):
        ...
    usql.errors.Cancelled: the query was cancelled
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._then: list[Callable[[], object]] = []
        self.stopped = False

    def stop(self) -> None:
        """End the queries; each raises ``Cancelled``."""
        with self._lock:
            self.stopped = True
            then, self._then = self._then, []
        for do in then:
            do()

    def then(self, do: Callable[[], object]) -> None:
        """Let something be done as well when the queries shall end; at once, if they already do."""
        with self._lock:
            if not self.stopped:
                self._then.append(do)
                return
        do()


def check(reader: Stoppable) -> None:
    """Raise ``Cancelled`` if somebody wanted what a connection does to end."""
    if reader.cancelled:
        raise Cancelled("it was cancelled")


def in_thread(
    work: Callable[[], _T], reader: Stoppable, timeout: float | None, stop: Stop | None = None
) -> _T:
    """Run in a thread; end it when the time is up, at ``stop``, or on an interrupt."""
    results: list[_T] = []
    errors: list[BaseException] = []
    done = threading.Event()
    waking = threading.Event() if stop else done
    if stop:
        stop.then(waking.set)

    def target() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()
            waking.set()

    reader.cancelled = False
    thread = threading.Thread(target=target, name="usql-query", daemon=True)
    thread.start()
    in_time = False
    try:
        in_time = _wait(waking, timeout)
    finally:
        # an interrupt before the statement begins has no effect, hence the loop
        while not done.wait(_INTERRUPT_AGAIN_S):
            reader.interrupt()
        thread.join()
    if stop and stop.stopped:
        raise Cancelled("the query was cancelled")
    if not in_time:
        raise TimeLimitExceeded(f"the query ran longer than its limit of {timeout:g} s")
    if reader.cancelled:
        raise Cancelled("the query was cancelled")
    if errors:
        raise errors[0]
    return results[0]


def _wait(done: threading.Event, timeout: float | None) -> bool:
    if timeout is None:
        while not done.wait(_WAIT_STEP_S):
            pass
        return True
    deadline = time.monotonic() + timeout
    while (left := deadline - time.monotonic()) > 0:
        if done.wait(min(left, _WAIT_STEP_S)):
            return True
    return done.is_set()
