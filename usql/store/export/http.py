"""Requests that are sent again when it may help, and end in time.

What arrives: a URL, a body, headers. What leaves: the receiver's answer; or an ``ExportError``
once it is clear that there will be none. Sent again, after a while that grows, is what met a 5xx,
a 429, a connection that failed or was cut, or no answer in time; ``Retry-After`` is respected.

urllib3 does the talking: it is small, well kept, needs nothing else, keeps connections open and
notices those that were closed meanwhile. Its time-out is one per read, so that a server which
sends a byte now and then would hold it for ever: a timer cuts such a connection.
"""

from __future__ import annotations

import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

import usql
from usql.errors import ExportError
from usql.extras import load

RETRIES = 3
TIMEOUT_S = 30.0
LONGEST_WAIT_S = 600.0
"""A receiver that asks for a longer wait is not waited for."""

_FIRST_WAIT_S = 1.0
_ERROR_NUMBER = re.compile(r"^\[Errno -?\d+\] ")
_MOST_ANSWER = 1024 * 1024
_sleep = time.sleep
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered.

    Attributes:
        status: of HTTP.
        body: its first MB.
        retry_after: seconds that it asks to be left alone, or ``None``.
        location: where it sends one to, or ``None``.
    """

    status: int
    body: bytes
    retry_after: float | None = None
    location: str | None = None


class _FailedError(Exception):
    """There was no answer; the message says why."""


def checked_url(url: str, *, secret: bool, plain: bool) -> str:
    """Return a URL that requests can be sent to.

    Args:
        url: as given.
        secret: whether requests to it hold a secret.
        plain: whether that is allowed over a connection that is not encrypted.

    Raises:
        ExportError: it is no such URL.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = SplitResult("", "", "", "", ""), None
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
        raise ExportError(f"{url!r} is no URL of a receiver", hint="write it as https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ExportError(
            "a URL may not hold a user or a password, which others could see",
            hint="use --auth basic, with the password in a variable or a file",
        )
    if secret and not plain and parts.scheme == "http" and host not in _LOOPBACK:
        raise ExportError(
            f"the secret would travel to {host} for anybody to read",
            hint="use https, or allow it with --plain-http (plain_http=True)",
        )
    return urlunsplit(parts._replace(fragment=""))


def shown(url: str) -> str:
    """Return a URL for messages, without the query, which may hold a secret.

    >>> shown("https://example.org/ingest?key=abc")
    'https://example.org/ingest'
    """
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))


class Sender:
    """Sends requests, each with its retries; to be closed in the end.

    Attributes:
        retries: requests that were sent again so far.
    """

    def __init__(
        self,
        *,
        timeout: float = TIMEOUT_S,
        retries: int = RETRIES,
    ) -> None:
        """Prepare to send.

        Args:
            timeout: of one request, from the first byte to the last, in seconds.
            retries: how often one request may be sent again.

        Raises:
            MissingExtra: urllib3 is not installed.
        """
        self._urllib3 = load("urllib3", "sending to a URL")
        self._timeout = timeout
        self._allowed = retries
        self._pools: dict[str, Any] = {}
        self._connections: set[Any] = set()
        self.retries = 0

    def __enter__(self) -> Sender:
        return self

    def __exit__(self, *_: object) -> None:
        for manager in self._pools.values():
            manager.clear()

    def send(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Send a request, again if need be, and return what was answered in the end.

        An answer that sending again cannot better is returned as it is, whatever its status.

        Raises:
            ExportError: there is no answer, or none but "later", to all that was sent.
        """
        for attempt in range(self._allowed + 1):
            if attempt:
                self.retries += 1
            answer = None
            try:
                answer = self._once(method, url, body, headers)
                if not _passing(answer):
                    return answer
                problem = f"answered {answer.status}"
            except _FailedError as failed:
                problem = str(failed)
            if attempt < self._allowed:
                _sleep(_wait(attempt, answer, url))
        tries = "once" if not self._allowed else f"{self._allowed + 1} times"
        raise ExportError(f"{shown(url)} {problem}, tried {tries}")

    def _once(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        urllib3 = self._urllib3
        try:
            with self._deadline() as late:
                try:
                    answer = self._manager(url).urlopen(
                        method,
                        url,
                        body=body,
                        headers={"User-Agent": f"usql/{usql.__version__}", **headers},
                        timeout=urllib3.Timeout(total=self._timeout),
                        retries=False,
                        redirect=False,
                        preload_content=False,
                    )
                    found = self._read(answer)
                except (urllib3.exceptions.HTTPError, OSError):
                    if late.is_set():
                        raise _FailedError(self._too_late()) from None
                    raise
            if late.is_set():  # an answer that was cut within its headers passes for a whole one
                raise _FailedError(self._too_late())
            return found
        except urllib3.exceptions.NewConnectionError as error:
            raise _FailedError(f"cannot be reached: {_reason(error)}") from error
        except urllib3.exceptions.TimeoutError as error:
            raise _FailedError(self._too_late()) from error
        except urllib3.exceptions.SSLError as error:
            raise ExportError(f"{shown(url)} cannot be trusted: {_reason(error)}") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _FailedError(f"cut the connection: {_reason(error)}") from error

    def _read(self, answer: Any) -> Answer:
        try:
            body = answer.read(_MOST_ANSWER, decode_content=True)
            if answer.read(1):
                answer.close()  # there is more to come than anybody wants to know
            after = self._urllib3.Retry().get_retry_after(answer) if _later(answer) else None
        except self._urllib3.exceptions.InvalidHeader:
            after = None
        finally:
            answer.release_conn()
        return Answer(answer.status, body, after, answer.headers.get("Location"))

    def _too_late(self) -> str:
        return f"gave no answer within {self._timeout:g} s"

    def _manager(self, url: str) -> Any:
        """Return what keeps connections to a URL, by way of a proxy if the system has one."""
        parts = urlsplit(url)
        direct = parts.hostname in _LOOPBACK or proxy_bypass(parts.netloc)
        proxy = None if direct else getproxies().get(parts.scheme)
        key = f"{parts.scheme} {proxy}"
        if key not in self._pools:
            manager = (
                self._urllib3.PoolManager() if proxy is None else self._urllib3.ProxyManager(proxy)
            )
            manager.pool_classes_by_scheme = {
                scheme: _watched(pool, self._connections)
                for scheme, pool in manager.pool_classes_by_scheme.items()
            }
            self._pools[key] = manager
        return self._pools[key]

    @contextmanager
    def _deadline(self) -> Iterator[threading.Event]:
        """Cut all connections of a block that lasts too long; the event says so."""
        late = threading.Event()

        def cut() -> None:
            late.set()
            for connection in list(self._connections):
                sock = getattr(connection, "sock", None)
                if sock is not None:
                    _shut_down(sock)

        timer = threading.Timer(self._timeout, cut)
        timer.daemon = True
        timer.start()
        try:
            yield late
        finally:
            timer.cancel()
            timer.join()


def _watched(pool: Any, connections: set[Any]) -> Any:
    """Return a class of pools whose connections are known while they are open."""

    class Connection(pool.ConnectionCls):  # type: ignore[misc]
        def connect(self) -> None:
            connections.add(self)
            super().connect()

        def close(self) -> None:
            super().close()
            connections.discard(self)

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})


def _shut_down(sock: Any) -> None:
    # Not by the method of an encrypted socket, which would wait for the other side.
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except (OSError, TypeError):
        return


def _passing(answer: Answer) -> bool:
    """Whether an answer is one that may be another the next time."""
    return answer.status == 429 or answer.status >= 500


def _later(answer: Any) -> bool:
    return answer.status in (429, 503) or "Retry-After" in answer.headers


def _wait(attempt: int, answer: Answer | None, url: str) -> float:
    """Return for how many seconds to wait before the next attempt."""
    # A little of chance, so that many who failed at once do not come back at once.
    wait: float = _FIRST_WAIT_S * 2**attempt * random.uniform(0.75, 1.25)
    asked = answer.retry_after if answer is not None else None
    if asked is not None and asked > LONGEST_WAIT_S:
        raise ExportError(
            f"{shown(url)} asks to be left alone for {asked:,.0f} s", hint="try again later"
        )
    return max(wait, asked or 0.0)


def _reason(error: BaseException) -> str:
    """Return what lies at the bottom of an error, in a line."""
    below = error.args[-1] if error.args and isinstance(error.args[-1], Exception) else None
    if below is not None:
        return _reason(below)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    text = str(error).rpartition(": ")[2] or type(error).__name__
    return _ERROR_NUMBER.sub("", text)[:200].lower()
