"""Our own interface, under ``/api/``: queries, for the console and new applications."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

import usql
from usql.backends.running import Stop
from usql.engine import Database
from usql.errors import UsqlError
from usql.schema import catalogue
from usql.server.answering import allowed, as_object, asked, run, written
from usql.server.asked import MOST_ROWS, Asked, CompleteAsked, FormatAsked
from usql.server.metrics import CONTENT_TYPE
from usql.server.openapi import document
from usql.server.problems import Problem, json_response
from usql.server.state import State


async def query(request: Request) -> Response:
    """Answer ``/api/query``."""
    state, body = await asked(request, Asked)

    def work(stop: Stop, seconds: float) -> Response:
        result = state.db.query(
            body.query, timeout=seconds, stop=stop, max_limit=MOST_ROWS, **body.settings()
        )
        return as_object(result) if body.format == "json" else written(result, body.format)

    return await run(state, request, work)


async def complete(request: Request) -> Response:
    """Answer ``/api/complete``."""
    state, body = await asked(request, CompleteAsked)
    cursor = len(body.text) if body.cursor is None else body.cursor
    if cursor > len(body.text):
        raise Problem(400, "the cursor should be within the text")

    def work(stop: Stop, seconds: float) -> Response:
        found = [asdict(suggestion) for suggestion in state.db.complete(body.text, cursor)]
        return json_response({"suggestions": found})

    return await run(state, request, work)


async def explain(request: Request) -> Response:
    """Answer ``/api/explain``."""
    state, body = await asked(request, Asked)
    return await run(state, request, lambda stop, seconds: _explained(state.db, body))


async def format_query(request: Request) -> Response:
    """Answer ``/api/format``."""
    state, body = await asked(request, FormatAsked)

    def work(stop: Stop, seconds: float) -> Response:
        return json_response({"query": usql.format(body.query)})

    return await run(state, request, work)


async def schema(request: Request) -> Response:
    """Answer ``/api/schema``."""
    allowed(request)
    tables = [
        {
            "name": table.name,
            "fields": [
                {
                    "name": field.name,
                    "type": field.type_name,
                    "unit": field.unit,
                    "values": list(field.values),
                    "status": field.status,
                }
                for field in table.queryable
            ],
        }
        for table in catalogue().tables
    ]
    return json_response({"tables": tables})


async def health(request: Request) -> Response:
    """Answer ``/api/health``: whether the store can be read; for anybody."""
    state: State = request.app.state.usql
    if state.stopping:
        raise Problem(503, "the server is stopping", {"Retry-After": "5"})
    try:
        await asyncio.wait_for(asyncio.to_thread(state.db.compile, _PROBE), timeout=5)
    except (UsqlError, TimeoutError) as error:
        raise Problem(503, "the store cannot be read", {"Retry-After": "5"}) from error
    return json_response({"status": "ok", "version": usql.__version__})


_PROBE = "SELECT COUNT(*) FROM usersession"


async def metrics(request: Request) -> Response:
    """Answer ``/api/metrics`` and ``/metrics``."""
    state = allowed(request)
    return Response(state.metrics.text(), headers={"Content-Type": CONTENT_TYPE})


async def openapi(request: Request) -> Response:
    """Answer ``/openapi.json``."""
    return json_response(document())


def _explained(db: Database, body: Asked) -> Response:
    explained = db.explain(body.query, **body.settings())
    return json_response(
        {
            "query": explained.text,
            "sql": explained.sql,
            "params": {name: _plain(value) for name, value in explained.params.items()},
            "enginePlan": list(explained.engine_plan),
            "explanations": list(explained.notes),
            "text": str(explained),
        }
    )


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
