"""How long work may take, and who may end it: asked from within, wherever work may be long.

An engine ends a query that runs; what happens before, from text to SQL, looks here every so often.
The limit belongs to the thread that works, so that no pass has to hand it on.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

from usql.errors import Cancelled, TimeLimitExceeded

_T = TypeVar("_T")
_PACE = 256


class Stopping(Protocol):
    """What another thread ends work by.

    Attributes:
        stopped: whether it shall end.
    """

    stopped: bool


class Limit:
    """The limit of some work.

    Args:
        seconds: that it may take from now; ``None`` for as long as it takes.
        stop: ends it from another thread.
        around: the limit of work that this is a part of.
    """

    def __init__(self, seconds: float | None, stop: Stopping | None, around: Limit | None) -> None:
        self._seconds = seconds
        self._stop = stop
        self._around = around
        self._until = None if seconds is None else time.monotonic() + seconds

    def left(self) -> float | None:
        """Return how many seconds are left, at least a moment; ``None`` for any number."""
        own = None if self._until is None else max(0.001, self._until - time.monotonic())
        outer = self._around.left() if self._around is not None else None
        return min((each for each in (own, outer) if each is not None), default=None)

    def check(self) -> None:
        """Go on if work may.

        Raises:
            Cancelled: it was stopped.
            TimeLimitExceeded: its time is up.
        """
        if self._stop is not None and self._stop.stopped:
            raise Cancelled("the query was cancelled")
        if self.over:
            raise self.exceeded()
        if self._around is not None:
            self._around.check()

    @property
    def over(self) -> bool:
        """Whether the time of this very limit is up."""
        return self._until is not None and time.monotonic() >= self._until

    def exceeded(self) -> TimeLimitExceeded:
        """Return what to raise when the time is up."""
        seconds = self._seconds or 0.0
        shown = round(seconds, 1 if seconds >= 1 else 3)
        return TimeLimitExceeded(f"the query ran longer than its limit of {shown:g} s")


_current: ContextVar[Limit | None] = ContextVar("usql_limit", default=None)


@contextmanager
def within(seconds: float | None, stop: Stopping | None = None) -> Iterator[Limit]:
    """Limit what is done in a block, besides the limits that hold already.

    Args:
        seconds: that it may take; ``None`` for no limit.
        stop: ends it from another thread.

    Raises:
        TimeLimitExceeded: it took longer; raised by ``check``, or by an engine that was told what
            is ``left``.
        Cancelled: ``stop`` was used.

    >>> with within(60):
    ...     check()
    """
    limit = Limit(seconds, stop, _current.get())
    token = _current.set(limit)
    try:
        yield limit
    except TimeLimitExceeded:
        if limit.over:  # an engine only knows what was left of it
            raise limit.exceeded() from None
        raise
    finally:
        _current.reset(token)


def check() -> None:
    """Go on if the work of this thread may.

    Raises:
        Cancelled: it was stopped.
        TimeLimitExceeded: its time is up.
    """
    limit = _current.get()
    if limit is not None:
        limit.check()


def paced(items: Iterable[_T]) -> Iterator[_T]:
    """Yield what is to be worked on, and ask now and then whether work may go on.

    Raises:
        Cancelled: it was stopped.
        TimeLimitExceeded: its time is up.

    >>> sum(paced(range(1000)))
    499500
    """
    for number, item in enumerate(items):
        if number % _PACE == 0:
            check()
        yield item
