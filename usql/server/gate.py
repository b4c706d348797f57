"""What every request passes: its id, where it is addressed to and comes from, the log, the figures.

What arrives: requests of anybody's making. What leaves: one answer each, of our own making also
where an error was not foreseen, with ``X-Request-ID``; and one log line each.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usql.server.logs import LOGGER, event
from usql.server.options import LOOPBACK_NAMES, Options
from usql.server.problems import Problem
from usql.server.state import State

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^:\[\]/@\s]+)(?::\d{1,5})?")
_ALLOWED_HEADERS = "authorization, content-type, x-request-id"
CLIENT_CLOSED = 499
"""As proxies log it: nobody was left to be answered."""


@dataclass
class _Exchange:
    """One request and its answer, as they are logged."""

    id: str
    began: float = field(default_factory=time.perf_counter)
    status: int = CLIENT_CLOSED
    size: int = 0


class Gate:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state
        self._hosts = allowed_hosts(state.options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        exchange = _Exchange(_id(headers))
        scope["usql.id"] = exchange.id
        origin = headers.get("origin")
        listed = origin is not None and origin in self._state.options.origins

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                _add_headers(MutableHeaders(scope=message), exchange.id, origin if listed else None)
            else:
                exchange.size += len(message.get("body", b""))
            await send(message)

        try:
            await self._pass(scope, receive, answer, headers, listed)
        except Exception:  # it has been answered
            LOGGER.exception("a defect of usql", extra={"fields": {"id": exchange.id}})
        finally:
            self._note(scope, exchange)

    async def _pass(
        self, scope: Scope, receive: Receive, send: Send, headers: Headers, listed: bool
    ) -> None:
        try:
            self._check(scope, headers, listed)
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        if listed and scope["method"] == "OPTIONS":
            await _preflight()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope, headers: Headers, listed: bool) -> None:
        """Refuse requests to names that are not ours, and those of foreign web pages.

        Raises:
            Problem: why.
        """
        if self._state.stopping:
            raise Problem(503, "the server is stopping", {"Retry-After": "5"})
        host = headers.get("host", "")
        match = _HOST.fullmatch(host)
        if match is None:
            raise Problem(400, "the header Host is missing or makes no sense")
        if not self._known(match["name"].strip("[]").lower()):
            raise Problem(421, f"this server is not {match['name']}; its operator may allow a host")
        if listed:
            return
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"{scope['scheme']}://{host.lower()}":
            raise Problem(403, "web pages of that origin may not call this server")
        cross = headers.get("sec-fetch-site") == "cross-site"
        if cross and headers.get("sec-fetch-mode") != "navigate":
            raise Problem(403, "web pages of other sites may not call this server")

    def _known(self, name: str) -> bool:
        return self._hosts is None or name in self._hosts or _is_own_address(name, self._state)

    def _note(self, scope: Scope, exchange: _Exchange) -> None:
        seconds = time.perf_counter() - exchange.began
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        metrics = self._state.metrics
        metrics.requests.labels(route, method, str(exchange.status)).inc()
        metrics.seconds.labels(route).observe(seconds)
        client = scope.get("client")
        particulars: dict[str, Any] = {
            "id": exchange.id,
            "method": method,
            "path": scope["path"][:200],
            "status": exchange.status,
            "ms": round(seconds * 1000, 1),
            "bytes": exchange.size,
            "client": client[0] if client else "",
            "token": scope.get("usql.token", ""),
        }
        level = logging.ERROR if exchange.status >= 500 else logging.INFO
        event("request", level, **particulars)


def allowed_hosts(options: Options) -> frozenset[str] | None:
    """Return the names that requests may be addressed to; ``None`` for any."""
    if "*" in options.hosts:
        return None
    names = {*LOOPBACK_NAMES, options.host.lower(), *(host.lower() for host in options.hosts)}
    if not options.loopback:
        names.add(socket.gethostname().lower())
    return frozenset(names)


def _is_own_address(name: str, state: State) -> bool:
    """Whether a host is an address; no web page can make a name of its own point to one."""
    if state.options.loopback:
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _ID.fullmatch(given) else uuid4().hex


def _add_headers(headers: MutableHeaders, id: str, origin: str | None) -> None:
    headers["X-Request-ID"] = id
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Cache-Control", "no-store")
    if origin is not None:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = "X-Request-ID, X-Usql-Truncated, Retry-After"
        headers.add_vary_header("Origin")


def _preflight() -> Response:
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
            "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
            "Access-Control-Max-Age": "600",
        },
    )


def _route(scope: Scope) -> str:
    """Return the path of the route, of which there are few."""
    endpoint = scope.get("endpoint")
    return str(getattr(endpoint, "__name__", "none"))
