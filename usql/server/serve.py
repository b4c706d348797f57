"""Listening: a socket, TLS, signals, and a start and a stop that lose nothing."""

from __future__ import annotations

import asyncio.constants
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from usql.engine import Database
from usql.errors import UsqlError
from usql.server.app import make_app
from usql.server.logs import configure, event
from usql.server.options import Options
from usql.server.protocol import protocol_of
from usql.server.state import State
from usql.server.tokens import TokenFile

_BACKLOG = 1024
_IDLE_S = 30
_MAX_HEAD = 64 * 1024
"""A query of 20 kB, each sign of it escaped, and what else stands in a head."""


class CannotServe(UsqlError):
    """A server that cannot start."""

    code = "cannot-serve"


def serve(
    db: Database,
    store: Path,
    options: Options,
    *,
    on_start: Callable[[str], None] | None = None,
) -> None:
    """Serve a store until SIGINT or SIGTERM.

    Requests that are running then may go on for ``options.stop_seconds``; queries that are not
    done by that time are ended.

    Args:
        db: the store; the caller closes it.
        store: its file.
        options: address and limits.
        on_start: called with the URL once the server listens.

    Raises:
        CannotServe: the address cannot be listened on, the certificate cannot be used, or a token
            is needed and there is none.
    """
    _check_tokens(store, options)
    db.query("SELECT COUNT(*) FROM usersession")  # loads what the first client would wait for
    app, state = make_app(db, store, options)
    config = _config(app, options)
    # A handshake comes before the head, and uvicorn says nothing of how long it may take.
    asyncio.constants.SSL_HANDSHAKE_TIMEOUT = options.header_seconds
    listening = _listen(options)
    configure(as_json=options.json_logs)
    url = _url(listening, options)
    try:
        server = _Server(config, state)
        event("listening", url=url, store=str(store))
        if on_start is not None:
            on_start(url)
        with _own_signals():
            server.run(sockets=[listening])
    finally:
        listening.close()
    event("stopped")


def _check_tokens(store: Path, options: Options) -> None:
    if not options.loopback and not TokenFile.beside(store).all():
        raise CannotServe(
            f"anybody could connect to {options.host}, and there is no token",
            hint="make one: usql token add STORE --scope query",
        )


def _config(app: Any, options: Options) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=protocol_of(options),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=round(options.stop_seconds),
        backlog=_BACKLOG,
        h11_max_incomplete_event_size=_MAX_HEAD,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise CannotServe(f"the certificate cannot be used: {error}") from error
    return config


def _listen(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        listening = socket.create_server(
            (options.host, options.port), family=family, backlog=_BACKLOG
        )
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise CannotServe(f"cannot listen on {options.host}:{options.port}: {why}") from error
    # Connections inherit it. Else the end of an answer waits 40 ms for the client's acknowledgement
    # of its head; asyncio sees to that only for sockets that it made itself.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _url(listening: socket.socket, options: Options) -> str:
    host, port = listening.getsockname()[:2]
    scheme = "https" if options.certificate else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self._state = state
        state.metrics.connections.set_function(lambda: len(self.server_state.connections))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Refuse new requests from now on."""
        self._state.stopping = True
        super().handle_exit(sig, frame)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Let the process end in its usual way after the signal that stops the server.

    uvicorn raises the signal once more when it has stopped, for whoever handled it before.
    """

    def ignore(number: int, frame: FrameType | None) -> None:
        pass

    before = {number: signal.signal(number, ignore) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
