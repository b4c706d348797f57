"""What our own routes share: who may ask, a body as a record, work in its turn, formats."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from usql.backends.running import Stop
from usql.errors import UsqlError
from usql.render import render, write_binary
from usql.result import Result
from usql.server.asked import FORMATS, converted
from usql.server.bodies import read_object
from usql.server.problems import Problem, json_response, problem_of
from usql.server.state import State

_T = TypeVar("_T")


async def asked(request: Request, kind: type[_T], scope: str = "query") -> tuple[State, _T]:
    """Return the state of the server, and the body of a request.

    Args:
        request: whose body nobody has read.
        kind: what the body should be: a class of ``asked``.
        scope: what the request needs a token for.

    Raises:
        Problem: there is no such token, or the body is something else.
    """
    state = allowed(request, scope)
    options = state.options
    body = await read_object(request, options.max_query_bytes, options.body_seconds)
    made = converted(body, kind)
    format = getattr(made, "format", "json")
    if format not in FORMATS:
        raise Problem(400, f"there is no format {format!r}; there are {', '.join(FORMATS)}")
    return state, made


def allowed(request: Request, scope: str = "query") -> State:
    """Return the state of the server, if a request may do what needs a scope.

    Raises:
        Problem: it may not.
    """
    state: State = request.app.state.usql
    state.access.require(request, scope)
    return state


async def run(
    state: State,
    request: Request,
    work: Callable[[Stop, float], Response],
    *,
    bad_query: int = 400,
) -> Response:
    """Return the answer that work makes in its turn.

    Args:
        state: of the server.
        request: that is answered.
        work: makes the answer.
        bad_query: the status of what is not understood.

    Raises:
        Problem: with the place and a hint as data.
    """
    try:
        return await state.runner.run(request, work)
    except UsqlError as error:
        raise problem_of(error, bad_query=bad_query, details=True) from error


def written(result: Result, format: str) -> Response:
    """Return a result in one of the formats that are no JSON."""
    headers = {"X-Usql-Truncated": "true"} if result.truncated else {}
    if format == "arrow":
        file = io.BytesIO()
        write_binary(result, "arrow", file)
        return Response(file.getvalue(), headers=headers, media_type=FORMATS[format])
    text = "".join(render(result, format))
    return Response(text, headers={**headers, "Content-Type": FORMATS[format]})


def as_object(result: Result) -> Response:
    """Return a result as a JSON object."""
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
