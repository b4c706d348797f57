"""The analyses, under ``/api/``: those of the library, with the same arguments and answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from usql.analysis.report import Report
from usql.backends.running import Stop
from usql.engine import Database
from usql.server.answering import allowed, asked, run, written
from usql.server.asked import (
    ApdexAsked,
    FindingsAsked,
    ReportAsked,
    ScoresAsked,
    SessionAsked,
    SessionsAsked,
    UserAsked,
    rules_of,
)
from usql.server.problems import Problem, json_response
from usql.server.state import State

Made = Callable[[Database, dict[str, Any]], Report]
"""Makes a report with the settings of a request."""


async def sessions(request: Request) -> Response:
    """Answer ``/api/sessions``."""
    state, body = await asked(request, SessionsAsked)
    return await _told(
        state,
        request,
        body,
        lambda db, rest: db.sessions(body.chosen(db), order=body.order, limit=body.limit, **rest),
    )


async def show_session(request: Request) -> Response:
    """Answer ``GET /api/session/{id}``: as it comes, with all that is known."""
    state = allowed(request)
    show_query = request.query_params.get("showQuery", "").lower() in ("true", "1")
    return await _session(state, request, SessionAsked(show_query=show_query))


async def session(request: Request) -> Response:
    """Answer ``POST /api/session/{id}``: by rules, or as a table."""
    state, body = await asked(request, SessionAsked)
    return await _session(state, request, body)


async def _session(state: State, request: Request, body: SessionAsked) -> Response:
    id = request.path_params["id"]
    return await _told(
        state,
        request,
        body,
        lambda db, rest: db.session(id, rules=rules_of(body.rules), **rest),
    )


async def findings(request: Request) -> Response:
    """Answer ``/api/findings``."""
    state, body = await asked(request, FindingsAsked)

    def make(db: Database, rest: dict[str, Any]) -> Report:
        return db.findings(
            body.chosen(db),
            attributes=body.attributes,
            over=body.over,
            values=body.values,
            limit=body.limit,
            **body.other(db),
            **rest,
        )

    return await _told(state, request, body, make)


async def user(request: Request) -> Response:
    """Answer ``/api/user``."""
    state, body = await asked(request, UserAsked)
    return await _told(
        state,
        request,
        body,
        lambda db, rest: db.user(body.user, extended=body.extended, recent=body.recent, **rest),
    )


async def apdex(request: Request) -> Response:
    """Answer ``/api/apdex``."""
    state, body = await asked(request, ApdexAsked)

    def make(db: Database, rest: dict[str, Any]) -> Report:
        return db.apdex(
            body.by,
            body.chosen(db),
            actions=body.actions,
            rules=rules_of(body.rules),
            limit=body.limit,
            **body.other(db),
            **rest,
        )

    return await _told(state, request, body, make)


async def scores(request: Request) -> Response:
    """Answer ``/api/scores``."""
    state, body = await asked(request, ScoresAsked)

    def make(db: Database, rest: dict[str, Any]) -> Report:
        return db.scores(
            body.by,
            body.chosen(db),
            rules=rules_of(body.rules),
            limit=body.limit,
            **body.other(db),
            **rest,
        )

    return await _told(state, request, body, make)


async def _told(state: State, request: Request, body: ReportAsked, make: Made) -> Response:
    """Make a report in its turn, and answer with it in the format that is wanted."""
    if body.table is not None and body.format == "json":
        raise Problem(400, "table is for formats other than json, which has all tables")

    def work(stop: Stop, seconds: float) -> Response:
        report = make(state.db, body.settings() | {"timeout": seconds, "stop": stop})
        if body.format == "json":
            return json_response(report.to_dict(queries=body.show_query))
        tables = report.tables()
        name = next(iter(tables)) if body.table is None else body.table
        if name not in tables:
            raise Problem(400, f"there is no table {name!r}; there are {', '.join(tables)}")
        return written(tables[name], body.format)

    return await run(state, request, work)
