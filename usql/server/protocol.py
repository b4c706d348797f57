"""Connections that may not dawdle: uvicorn's own, with deadlines and a highest number.

uvicorn waits for half a head or half a body as long as a client likes. Here each phase of a
connection has a deadline that starts with the phase, so that a byte now and then does not move it.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from usql.server.options import Options


def _answer(status: str, message: str, headers: str = "") -> bytes:
    """Return an answer to what never reached the application."""
    body = f'{{"error": {{"code": {status[:3]}, "message": "{message}"}}}}\n'
    kind = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
    return f"HTTP/1.1 {status}\r\nconnection: close\r\n{headers}{kind}\r\n{body}".encode()


_LATE = _answer("408 Request Timeout", "the request was not sent in due time")
_CROWDED = _answer(
    "503 Service Unavailable", "too many open connections", headers="retry-after: 1\r\n"
)
_NO_HTTP = _answer("400 Bad Request", "this is no HTTP request, or its head is too long")
_GRACE_S = 1.0
"""The application answers a late body first, since only it knows whether an answer has begun."""


def protocol_of(options: Options) -> type[H11Protocol]:
    """Return the protocol with the limits of some options."""

    class Limited(_LimitedProtocol):
        limits = options

    return Limited


class _LimitedProtocol(H11Protocol):
    limits: Options

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._phase = ""
        self._deadline: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        if len(self.connections) > self.limits.max_connections:
            self.transport.write(_CROWDED)
            self.transport.close()
            return
        self._enter("head")

    def connection_lost(self, exc: Exception | None) -> None:
        self._enter("")
        self._written()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be read, as all errors are answered."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.write(_NO_HTTP)
        self.transport.close()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._written()
        self._writing = self.loop.call_later(self.limits.body_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._written()

    def _written(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def _look(self) -> None:
        """Find out which phase the connection is in."""
        state = self.conn.their_state
        if self.transport.is_closing():
            self._enter("")
        elif state is h11.IDLE:
            # Without a byte of a further request, the limit of idle connections holds.
            self._enter("head" if self.conn.trailing_data[0] else "")
        elif state is h11.SEND_BODY:
            self._enter("body")
        else:
            self._enter("")

    def _enter(self, phase: str) -> None:
        if phase == self._phase:
            return
        self._phase = phase
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if phase == "head":
            self._deadline = self.loop.call_later(self.limits.header_seconds, self._too_late)
        elif phase == "body":
            seconds = self.limits.body_seconds + _GRACE_S
            self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _too_late(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_LATE)
            self.transport.close()
