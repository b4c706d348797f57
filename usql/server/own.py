"""Our own interface, under ``/api/``: for the console and new applications."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

import usql
from usql.backends.running import Stop
from usql.engine import DEFAULT_LIMIT, Database
from usql.errors import UsqlError
from usql.render import render, write_binary
from usql.result import Result
from usql.schema import catalogue
from usql.server.bodies import read_object
from usql.server.metrics import CONTENT_TYPE
from usql.server.openapi import document
from usql.server.problems import Problem, json_response, problem_of
from usql.server.state import State

FORMATS = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.file",
}
"""Formats of results, and their media types."""
MOST_ROWS = 1_000_000

_T = TypeVar("_T")


class Asked(msgspec.Struct, forbid_unknown_fields=True, rename={"time_zone": "timeZone"}):
    """The body of a request about a query.

    Attributes:
        query: its text.
        params: values of its ``:name`` parameters.
        timeframe: an expression, or two moments in ms; all data unless given.
        time_zone: a name, or minutes east of UTC.
        format: one of ``FORMATS``.
        limit: most rows of a query without ``LIMIT``.
    """

    query: str
    params: dict[str, Any] = {}
    timeframe: str | tuple[int, int] | None = None
    time_zone: str | int | None = None
    format: str = "json"
    limit: int = DEFAULT_LIMIT

    def settings(self) -> dict[str, Any]:
        """Return the arguments of the library's functions."""
        return {
            "params": self.params,
            "timeframe": self.timeframe,
            "timezone": self.time_zone,
            "default_limit": self.limit,
        }


class CompleteAsked(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request for suggestions.

    Attributes:
        text: one or more queries, finished or not.
        cursor: where it stands in the text, in characters; its end unless given.
    """

    text: str
    cursor: int | None = None


class FormatAsked(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request to format a query."""

    query: str


async def query(request: Request) -> Response:
    """Answer ``/api/query``."""
    state, asked = await _asked(request)

    def work(stop: Stop, seconds: float) -> Response:
        result = state.db.query(
            asked.query, timeout=seconds, stop=stop, max_limit=MOST_ROWS, **asked.settings()
        )
        return _written(result, asked.format)

    return await _run(state, request, work)


async def complete(request: Request) -> Response:
    """Answer ``/api/complete``."""
    state: State = request.app.state.usql
    state.access.require(request, "query")
    asked = _converted(await _object(state, request), CompleteAsked)
    cursor = len(asked.text) if asked.cursor is None else asked.cursor
    if not 0 <= cursor <= len(asked.text):
        raise Problem(400, "the cursor should be within the text")

    def work(stop: Stop, seconds: float) -> Response:
        found = [asdict(suggestion) for suggestion in state.db.complete(asked.text, cursor)]
        return json_response({"suggestions": found})

    return await _run(state, request, work)


async def explain(request: Request) -> Response:
    """Answer ``/api/explain``."""
    state, asked = await _asked(request)
    return await _run(state, request, lambda stop, seconds: _explained(state.db, asked))


async def format_query(request: Request) -> Response:
    """Answer ``/api/format``."""
    state: State = request.app.state.usql
    state.access.require(request, "query")
    asked = _converted(await _object(state, request), FormatAsked)
    work: Callable[[Stop, float], Response] = lambda stop, seconds: json_response(  # noqa: E731
        {"query": usql.format(asked.query)}
    )
    return await _run(state, request, work)


async def schema(request: Request) -> Response:
    """Answer ``/api/schema``."""
    state: State = request.app.state.usql
    state.access.require(request, "query")
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
    state: State = request.app.state.usql
    state.access.require(request, "query")
    return Response(state.metrics.text(), headers={"Content-Type": CONTENT_TYPE})


async def openapi(request: Request) -> Response:
    """Answer ``/openapi.json``."""
    return json_response(document())


def _explained(db: Database, asked: Asked) -> Response:
    explained = db.explain(asked.query, **asked.settings())
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


def _written(result: Result, format: str) -> Response:
    if format == "json":
        return json_response(
            {
                "columns": [
                    {"name": column.name, "type": column.type, "unit": column.unit}
                    for column in result.columns
                ],
                "rows": result.rows,
                "explanations": result.explanations,
                "truncated": result.truncated,
                "elapsed": round(result.elapsed, 3),
            }
        )
    headers = {"X-Usql-Truncated": "true"} if result.truncated else {}
    if format == "arrow":
        file = io.BytesIO()
        write_binary(result, "arrow", file)
        return Response(file.getvalue(), headers=headers, media_type=FORMATS[format])
    text = "".join(render(result, format))
    return Response(text, headers={**headers, "Content-Type": FORMATS[format]})


async def _asked(request: Request) -> tuple[State, Asked]:
    state: State = request.app.state.usql
    state.access.require(request, "query")
    asked = _converted(await _object(state, request), Asked)
    if asked.format not in FORMATS:
        raise Problem(400, f"there is no format {asked.format!r}; there are {', '.join(FORMATS)}")
    if not 1 <= asked.limit <= MOST_ROWS:
        raise Problem(400, f"limit should be from 1 to {MOST_ROWS:,}")
    return state, asked


async def _object(state: State, request: Request) -> dict[str, Any]:
    options = state.options
    return await read_object(request, options.max_query_bytes, options.body_seconds)


def _converted(value: dict[str, Any], kind: type[_T]) -> _T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise Problem(400, f"the body is not as it should be: {error}") from None


async def _run(state: State, request: Request, work: Callable[[Stop, float], Response]) -> Response:
    try:
        return await state.runner.run(request, work)
    except UsqlError as error:
        raise problem_of(error, bad_query=400, details=True) from error
