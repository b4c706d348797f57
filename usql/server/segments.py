"""Segments, under ``/api/``: the named ones of the store, the attributes, and their values.

Whoever may query may read all of that; to add, rename or remove segments takes an administrator,
since everybody's queries may use them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from usql.backends.running import Stop
from usql.errors import UnknownSegment, UsqlError
from usql.segments import Attribute, Segment, attributes
from usql.segments.known import match_name
from usql.segments.picking import Picking
from usql.server.answering import allowed, asked, run
from usql.server.asked import SegmentAdded, SegmentPut, SegmentRenamed, ValuesAsked
from usql.server.problems import json_response, problem_of
from usql.server.running import write
from usql.server.state import State

_T = TypeVar("_T")


async def list_segments(request: Request) -> Response:
    """Answer ``GET /api/segments``."""
    state = allowed(request)

    def work(stop: Stop, seconds: float) -> Response:
        found = [_described(each.name, each.segment) for each in state.db.segments.list()]
        return json_response({"segments": found})

    return await run(state, request, work)


async def show_segment(request: Request) -> Response:
    """Answer ``GET /api/segments/{name}``."""
    state, name = allowed(request), request.path_params["name"]

    def work(stop: Stop, seconds: float) -> Response:
        stored = state.db.segments
        found = stored.get(name)
        known = match_name(name, (each.name for each in stored))
        return json_response(_described(known or name, found))

    return await run(state, request, work, bad_query=404)


async def add_segment(request: Request) -> Response:
    """Answer ``POST /api/segments``."""
    state, body = await asked(request, SegmentAdded, "admin")
    made = await _write(state, lambda: state.db.segments.add(body.name, body.segment))
    place = {"Location": f"/api/segments/{quote(made.name, safe='')}"}
    return json_response(_described(made.name, made.segment), 201, place)


async def put_segment(request: Request) -> Response:
    """Answer ``PUT /api/segments/{name}``."""
    state, body = await asked(request, SegmentPut, "admin")
    name = request.path_params["name"]
    made = await _write(state, lambda: state.db.segments.add(name, body.segment, replace=True))
    return json_response(_described(made.name, made.segment))


async def rename_segment(request: Request) -> Response:
    """Answer ``PATCH /api/segments/{name}``."""
    state, body = await asked(request, SegmentRenamed, "admin")
    name = request.path_params["name"]

    def rename() -> Segment:
        state.db.segments.rename(name, body.name)
        return state.db.segments.get(body.name)

    return json_response(_described(body.name, await _write(state, rename)))


async def remove_segment(request: Request) -> Response:
    """Answer ``DELETE /api/segments/{name}``."""
    state = allowed(request, "admin")
    name = request.path_params["name"]
    await _write(state, lambda: state.db.segments.remove(name))
    return Response(status_code=204)


async def list_attributes(request: Request) -> Response:
    """Answer ``/api/attributes``."""
    allowed(request)
    return json_response({"attributes": [_catalogued(each) for each in attributes()]})


async def values(request: Request) -> Response:
    """Answer ``/api/attributes/values``."""
    state, body = await asked(request, ValuesAsked)

    def work(stop: Stop, seconds: float) -> Response:
        chosen = body.chosen(state.db)
        picking = Picking.of(chosen, body.attribute, body.key, body.limit)
        found = state.db.segment_values(
            chosen,
            body.attribute,
            body.key,
            limit=body.limit,
            timeframe=body.timeframe,
            timezone=body.time_zone,
            timeout=seconds,
            stop=stop,
        )
        answer: dict[str, Any] = {
            "attribute": picking.attribute.label,
            "values": [{"value": each.value, "sessions": each.sessions} for each in found],
        }
        return json_response(answer | ({"query": picking.query} if body.show_query else {}))

    return await run(state, request, work)


async def _write(state: State, work: Callable[[], _T]) -> _T:
    """Return what work returns that writes to the store.

    Raises:
        Problem: 404, there is no such segment; 409, there is one already.
    """
    try:
        return await write(state.writing, work)
    except UnknownSegment as error:
        raise problem_of(error, bad_query=404, details=True) from error
    except UsqlError as error:
        raise problem_of(error, bad_query=400, details=True) from error


def _described(name: str, segment: Segment) -> dict[str, str]:
    return {"name": name, "segment": str(segment), "condition": segment.to_usql()}


def _catalogued(each: Attribute) -> dict[str, Any]:
    return {
        "category": each.category,
        "label": each.label,
        "field": each.field,
        "kind": each.kind.value,
        "keyed": each.keyed,
        "many": each.many,
        "ranges": each.kind.has_ranges,
        "choices": list(each.choices),
        "aliases": list(each.aliases),
        "condition": each.condition,
    }
