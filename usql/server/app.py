"""The application: routes, and errors as answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from usql.engine import Database
from usql.errors import UsqlError
from usql.server import analyses, ingest, original, own, segments
from usql.server.access import Access
from usql.server.gate import CLIENT_CLOSED, Gate
from usql.server.metrics import Metrics
from usql.server.options import Options
from usql.server.problems import Problem, problem_of
from usql.server.running import ClientGone, Runner
from usql.server.state import State
from usql.server.tokens import TokenFile

_TABLE = "/api/v1/userSessionQueryLanguage/table"
_TREE = "/api/v1/userSessionQueryLanguage/tree"
_LOOK_UPS = ("/api/v1/tokens/lookup", "/api/v2/apiTokens/lookup")
_ENVIRONMENT = "/e/{environment}"
"""Clients of shared installations put the name of their environment first."""

_Endpoint = Callable[[Request], Awaitable[Response]]


def make_app(db: Database, store: Path, options: Options) -> tuple[ASGIApp, State]:
    """Return the application that serves a store, and its state.

    Args:
        db: the store, which stays the caller's to close.
        store: its file; tokens and rejected lines are beside it.
        options: limits.

    Raises:
        StoreError: the file with the senders' secret cannot be read.
    """
    metrics = Metrics()
    access = Access(TokenFile.beside(store), options.ingest_secret)
    state = State(db, store, options, access, metrics, Runner(options, metrics))
    app = Starlette(
        routes=_routes(),
        lifespan=_lifespan(state),
        exception_handlers={
            Problem: _on_problem,
            UsqlError: _on_usql_error,
            HTTPException: _on_http_exception,
            ClientGone: _on_client_gone,
            Exception: _on_defect,
        },
    )
    app.state.usql = state
    return Gate(app, state), state


def _routes() -> list[Route]:
    get, post, send = ["GET"], ["POST"], ["POST", "PUT"]
    routes = []
    for prefix in ("", _ENVIRONMENT):
        routes += [
            Route(prefix + _TABLE, original.table, methods=get),
            Route(prefix + _TREE, original.tree, methods=get),
            *(Route(prefix + path, original.look_up, methods=post) for path in _LOOK_UPS),
        ]
    return [
        *routes,
        Route("/ingest", ingest.ingest, methods=send),
        Route("/_bulk", ingest.bulk, methods=send),
        Route("/api/query", own.query, methods=post),
        Route("/api/complete", own.complete, methods=post),
        Route("/api/explain", own.explain, methods=post),
        Route("/api/format", own.format_query, methods=post),
        *_segments(),
        *_analyses(),
        Route("/api/schema", own.schema, methods=get),
        Route("/api/health", own.health, methods=get),
        Route("/api/metrics", own.metrics, methods=get),
        Route("/metrics", own.metrics, methods=get),
        Route("/openapi.json", own.openapi, methods=get),
    ]


def _segments() -> list[Route]:
    return [
        _by_method(
            "/api/segments",
            "segments",
            GET=segments.list_segments,
            POST=segments.add_segment,
        ),
        _by_method(
            "/api/segments/{name:path}",
            "segment",
            GET=segments.show_segment,
            PUT=segments.put_segment,
            PATCH=segments.rename_segment,
            DELETE=segments.remove_segment,
        ),
        Route("/api/attributes", segments.list_attributes, methods=["GET"]),
        Route("/api/attributes/values", segments.values, methods=["POST"]),
    ]


def _analyses() -> list[Route]:
    post = ["POST"]
    return [
        Route("/api/sessions", analyses.sessions, methods=post),
        _by_method(
            "/api/session/{id:path}", "session", GET=analyses.show_session, POST=analyses.session
        ),
        Route("/api/findings", analyses.findings, methods=post),
        Route("/api/user", analyses.user, methods=post),
        Route("/api/apdex", analyses.apdex, methods=post),
        Route("/api/scores", analyses.scores, methods=post),
    ]


def _by_method(path: str, name: str, **endpoints: _Endpoint) -> Route:
    """Return one route with an endpoint for each method, so that ``Allow`` names them all.

    Args:
        path: of the route.
        name: that the figures have it under.
        **endpoints: by method.
    """

    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await endpoints[method](request)

    endpoint.__name__ = name
    return Route(path, endpoint, methods=list(endpoints))


def _lifespan(state: State) -> Callable[[Any], Any]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        state.db.interrupt()
        state.runner.close()

    return lifespan


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _on_usql_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, UsqlError)
    return problem_of(error, bad_query=400).response()


async def _on_client_gone(request: Request, error: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED)  # for the log; nobody reads it


async def _on_defect(request: Request, error: Exception) -> Response:
    message = f"a defect of usql; its log has it as {request.scope['usql.id']}"
    return Problem(500, message).response()


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = {404: "there is nothing at this path", 405: "not by this method"}
    text = message.get(error.status_code, str(error.detail))
    return Problem(error.status_code, text, error.headers).response()
