"""Waiting for work: a spinner with the time, and an end as soon as somebody wants it.

The work is done in a thread; the caller's thread, which Ctrl-C reaches, only waits. An interrupt
thus never breaks into the work itself, where it could be lost (Python drops what is raised while a
generator is being closed) or leave something half done.

What is ended may be at a point where that has no effect, before its first statement, say; so it is
ended again and again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from usql.errors import Cancelled

_T = TypeVar("_T")

_FIRST_SPIN_S = 0.4
"""Most queries are quicker, and a spinner that flashes is a nuisance."""
_SPIN_S = 0.1
_PATIENCE_S = 0.15
_AGAIN_S = 0.01


class Spinner(Protocol):
    """Shows that something goes on."""

    def turn(self, seconds: float, about: str = "", keys: str = "Ctrl-C ends it") -> None:
        """Show it, with the time it has taken so far, what is done, and what can be done."""

    def stop(self) -> None:
        """Leave the line as if nothing had been there."""


def wait_for(work: Callable[[], _T], interrupt: Callable[[], None], spinner: Spinner) -> _T:
    """Return what work gives that changes nothing; it is left behind if it does not end in time.

    Raises:
        Cancelled: it was ended by Ctrl-C.
        BaseException: what the work raises.
    """
    working = _Working(work)
    try:
        working.wait(spinner)
    except KeyboardInterrupt:
        working.end(interrupt, _PATIENCE_S)
        raise Cancelled("the query was cancelled") from None
    finally:
        spinner.stop()
    return working.result()


class Steps:
    """How far work has come that goes in steps, and where it learns that it shall end.

    Attributes:
        what: the work, as it is named.
        about: what is done so far, for people.
    """

    def __init__(self, what: str) -> None:
        """Name the work."""
        self.what = what
        self.about = ""
        self._ending = False

    def step(self, about: str) -> None:
        """Tell what is done; the work calls this between its steps.

        Raises:
            Cancelled: it shall end here.
        """
        self.about = about
        if self._ending:
            raise Cancelled(f"{self.what} was ended")

    def end(self) -> None:
        """Let the next step be the last."""
        self._ending = True


def wait_for_steps(
    work: Callable[[], _T], steps: Steps, interrupt: Callable[[], None], spinner: Spinner
) -> _T:
    """Return what work gives that goes in steps, and is never left between two of them.

    The first Ctrl-C lets it end after its step, and waits for that.

    Raises:
        Cancelled: it was ended by Ctrl-C.
        KeyboardInterrupt: a second Ctrl-C did not want to wait; the work goes on.
        BaseException: what the work raises.
    """

    def end() -> None:
        steps.end()
        interrupt()

    working = _Working(work)
    try:
        try:
            working.wait(spinner, lambda: steps.about)
        except KeyboardInterrupt:
            if not working.end(end, _PATIENCE_S):
                working.wait(spinner, lambda: "ending", "Ctrl-C leaves the shell", end)
    finally:
        spinner.stop()
    return working.result()


class _Working(Generic[_T]):
    """Work in a thread of its own."""

    def __init__(self, work: Callable[[], _T]) -> None:
        self._results: list[_T] = []
        self._errors: list[BaseException] = []
        self._done = threading.Event()
        self._began = time.monotonic()

        def target() -> None:
            try:
                self._results.append(work())
            except BaseException as error:
                self._errors.append(error)
            finally:
                self._done.set()

        threading.Thread(target=target, name="usql-shell-work", daemon=True).start()

    def wait(
        self,
        spinner: Spinner,
        about: Callable[[], str] = lambda: "",
        keys: str = "Ctrl-C ends it",
        again: Callable[[], None] = lambda: None,
    ) -> None:
        """Wait for the end, and show that it is waited for."""
        while not self._done.wait(max(_SPIN_S, self._began + _FIRST_SPIN_S - time.monotonic())):
            again()
            spinner.turn(time.monotonic() - self._began, about(), keys)

    def end(self, interrupt: Callable[[], None], patience: float) -> bool:
        """Interrupt the work again and again; return whether it has ended in so many seconds."""
        deadline = time.monotonic() + patience
        while not self._done.is_set() and time.monotonic() < deadline:
            interrupt()
            self._done.wait(_AGAIN_S)
        return self._done.is_set()

    def result(self) -> _T:
        """Return what the work gave; raise what it raised."""
        if self._errors:
            raise self._errors[0]
        return self._results[0]
