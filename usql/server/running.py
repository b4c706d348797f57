"""Queries in threads: so many at a time, so many waiting, each ended when its client goes away.

What writes does so in a thread, too, one after another, and to its end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from starlette.requests import Request

from usql.backends.running import Stop
from usql.errors import TimeLimitExceeded, UsqlError
from usql.limits import within
from usql.server.metrics import Metrics
from usql.server.options import Options
from usql.server.problems import Problem

_T = TypeVar("_T")

_PATIENCE_S = 20.0
"""Senders of sessions give up after 30 s; better to tell them before."""

Work = Callable[[Stop, float], _T]
"""What runs in a thread: it is handed what ends it, and the seconds that it may take."""


class ClientGone(Exception):
    """Nobody is left to answer."""


class Runner:
    """Runs the work of requests in threads of its own."""

    def __init__(self, options: Options, metrics: Metrics) -> None:
        self._options = options
        self._metrics = metrics
        self._threads = ThreadPoolExecutor(options.max_running, "usql-request")
        self._turn = asyncio.Semaphore(options.max_running)
        self._waiting = 0

    async def run(self, request: Request, work: Work[_T]) -> _T:
        """Return what ``work`` returns; its client going away ends it.

        Raises:
            Problem: 429, there are too many already.
            TimeLimitExceeded: it took too long, its wait included.
            ClientGone: the client went away.
        """
        if self._turn.locked() and self._waiting >= self._options.max_waiting:
            raise Problem(429, "too many queries at once; try again soon", {"Retry-After": "1"})
        stop = Stop()
        task = asyncio.ensure_future(self._in_turn(work, stop))
        gone = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            self._metrics.cancelled.inc()
            raise ClientGone
        finally:
            gone.cancel()
            if not task.done():
                stop.stop()
                task.cancel()
                with suppress(asyncio.CancelledError, UsqlError):
                    await task

    async def _in_turn(self, work: Work[_T], stop: Stop) -> _T:
        until = time.monotonic() + self._options.query_seconds
        self._waiting += 1
        self._metrics.waiting.inc()
        try:
            async with asyncio.timeout(self._options.query_seconds):
                await self._turn.acquire()
        except TimeoutError:
            limit = self._options.query_seconds
            raise TimeLimitExceeded(f"the query waited longer than {limit:g} s") from None
        finally:
            self._waiting -= 1
            self._metrics.waiting.dec()
        self._metrics.running.inc()
        loop = asyncio.get_running_loop()
        left = max(0.001, until - time.monotonic())
        thread = loop.run_in_executor(self._threads, _limited, work, stop, left)
        thread.add_done_callback(self._finished)
        # The thread goes on until it notices the stop; its turn ends only then.
        return await asyncio.shield(thread)

    def _finished(self, thread: asyncio.Future[_T]) -> None:
        self._turn.release()
        self._metrics.running.dec()
        if not thread.cancelled():
            thread.exception()  # has been seen

    def close(self) -> None:
        """Wait for what runs."""
        self._threads.shutdown(cancel_futures=True)


def _limited(work: Work[_T], stop: Stop, seconds: float) -> _T:
    """Return what work returns, its reading of texts within the limit, too."""
    with within(seconds, stop):
        return work(stop, seconds)


async def write(lock: asyncio.Lock, work: Callable[[], _T]) -> _T:
    """Return what ``work`` returns, which writes to the store while nobody else does.

    A client that goes away does not end it: it would only have to be done again.

    Raises:
        Problem: 503, others write for too long.
    """
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await lock.acquire()
    except TimeoutError:
        raise Problem(503, "others are writing; send it again", {"Retry-After": "2"}) from None
    writing = asyncio.ensure_future(asyncio.to_thread(work))
    writing.add_done_callback(lambda _: lock.release())
    return await asyncio.shield(writing)


async def _gone(request: Request) -> None:
    """Return when the client has gone away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
