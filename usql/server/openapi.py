"""The description of both interfaces for programs, as OpenAPI 3.1."""

from __future__ import annotations

from functools import cache
from typing import Any

import usql
from usql.server.asked import FORMATS, QUERY_EXAMPLE
from usql.server.schemas import reference, schemas

_ERRORS = {
    400: "A parameter or the body is wrong.",
    401: "A token is needed, or the token is not valid.",
    403: "The token lacks the scope.",
    404: "There is no such thing; or, in the original's interface, the query is not valid.",
    409: "The name of the segment is taken.",
    413: "The body is too large.",
    415: "The body is of a kind that is not understood.",
    429: "Too much at once; try again after the seconds in Retry-After.",
    503: "The server is stopping, or the store is locked.",
    504: "The query passed its time limit.",
    507: "The disk is full.",
}


@cache
def document() -> dict[str, Any]:
    """Return the document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "USQL",
            "version": usql.__version__,
            "description": "Queries on user sessions, and a receiver of session exports.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{}, {"apiToken": []}, {"bearer": []}, {"basic": []}],
        "paths": {
            **_original(),
            **_receivers(),
            **_queries(),
            **_segments(),
            **_analyses(),
            "/api/health": {"get": _got("Whether the store can be read.", "health")},
            "/api/metrics": {"get": _got("Figures for Prometheus.", "metrics", media="text/plain")},
        },
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "apiToken": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`Api-Token TOKEN`",
                },
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _original() -> dict[str, Any]:
    path = "/api/v1/userSessionQueryLanguage"
    return {
        f"{path}/table": {"get": _query("table", "The result as rows.", "Table")},
        f"{path}/tree": {"get": _query("tree", "The result as nested objects.", "Tree")},
        "/api/v1/tokens/lookup": {"post": _posted("What a token may do.", "lookUpV1", "LookUp")},
        "/api/v2/apiTokens/lookup": {"post": _posted("What a token may do.", "lookUpV2", "LookUp")},
    }


def _query(name: str, summary: str, schema: str) -> dict[str, Any]:
    moment = {"type": "integer", "format": "int64"}
    parameters = [
        _parameter("query", {"type": "string"}, "The query.", required=True)
        | {"example": QUERY_EXAMPLE},
        _parameter("startTimestamp", moment, "ms, UTC; two hours ago if 0 or absent."),
        _parameter("endTimestamp", moment, "ms, UTC; now if 0 or absent."),
        _parameter("offsetUTC", {"type": "integer"}, "The time zone, in minutes east of UTC."),
        _parameter("pageSize", {"type": "integer", "minimum": 1}, "Most rows."),
        _parameter("pageOffset", {"type": "integer", "minimum": 0}, "Rows to pass over."),
        _parameter("addDeepLinkFields", {"type": "boolean"}, "Add the identity of plain rows."),
        _parameter("explain", {"type": "boolean"}, "Add what was assumed or cut."),
    ]
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": _answer("The result.", {"application/json": reference(schema)}),
            **_bad(),
        },
    }


def _receivers() -> dict[str, Any]:
    body = {
        "required": True,
        "description": "Sessions as JSON lines, plain or gzip, with or without bulk headers.",
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    }

    def receiver(name: str, method: str, summary: str) -> dict[str, Any]:
        ok = {"200": _answer("Stored.", {"application/json": {"type": "object"}})}
        return {
            "operationId": f"{name}{method.capitalize()}",
            "summary": summary,
            "requestBody": body,
            "responses": {**ok, **_bad()},
        }

    return {
        "/ingest": {m: receiver("ingest", m, "Store sessions.") for m in ("post", "put")},
        "/_bulk": {
            m: receiver("bulk", m, "Store sessions; answered as Elasticsearch does.")
            for m in ("post", "put")
        },
    }


def _queries() -> dict[str, Any]:
    def of(summary: str, name: str, body: str) -> dict[str, Any]:
        return {"post": _posted(summary, name, body)}

    run = _posted("Run a query.", "query", "Asked", "Result", formats=True)
    return {
        "/api/query": {"post": run},
        "/api/explain": of("Show how a query becomes SQL.", "explain", "Asked"),
        "/api/complete": of("What may stand at a cursor.", "complete", "CompleteAsked"),
        "/api/format": of("Write a query in canonical form.", "format", "FormatAsked"),
        "/api/schema": {"get": _got("Tables and fields.", "schema")},
    }


def _segments() -> dict[str, Any]:
    one = "NamedSegment"
    added = _posted("Keep a segment.", "addSegment", "SegmentAdded", one, status=201)
    put = _posted("Keep a segment under this name.", "putSegment", "SegmentPut", one)
    renamed = _posted("Give a segment another name.", "renameSegment", "SegmentRenamed", one)
    removed = {
        "operationId": "removeSegment",
        "summary": "Forget a segment.",
        "responses": {"204": {"description": "Done."}, **_bad()},
    }
    values = _posted("Count the values of an attribute.", "values", "ValuesAsked", "Values")
    return {
        "/api/segments": {
            "get": _got("List the named segments.", "listSegments", "NamedSegments"),
            "post": added,
        },
        "/api/segments/{name}": {
            "parameters": [_in_path("name", "Of the segment.")],
            "get": _got("Show a segment.", "showSegment", one),
            "put": put,
            "patch": renamed,
            "delete": removed,
        },
        "/api/attributes": {
            "get": _got("What sessions can be filtered by.", "attributes", "Attributes")
        },
        "/api/attributes/values": {"post": values},
    }


def _analyses() -> dict[str, Any]:
    def report(summary: str, name: str, body: str, answer: str) -> dict[str, Any]:
        return _posted(summary, name, body, answer, formats=True)

    shown = _got("Show a session.", "showSession", "SessionDetails")
    shown["parameters"] = [
        _parameter("showQuery", {"type": "boolean"}, "Whether to add the queries behind it.")
    ]
    judged = report("Show a session, by rules.", "session", "SessionAsked", "SessionDetails")
    return {
        "/api/sessions": {
            "post": report("List sessions.", "sessions", "SessionsAsked", "SessionList")
        },
        "/api/session/{id}": {
            "parameters": [_in_path("id", "Of the session.")],
            "get": shown,
            "post": judged,
        },
        "/api/findings": {
            "post": report("What sets sessions apart.", "findings", "FindingsAsked", "Findings")
        },
        "/api/user": {"post": report("Show a user.", "user", "UserAsked", "UserDetails")},
        "/api/apdex": {
            "post": report("The Apdex of user actions.", "apdex", "ApdexAsked", "ApdexReport")
        },
        "/api/scores": {
            "post": report("The scores of sessions.", "scores", "ScoresAsked", "ScoreReport")
        },
    }


def _posted(
    summary: str,
    name: str,
    body: str,
    answer: str | None = None,
    *,
    status: int = 200,
    formats: bool = False,
) -> dict[str, Any]:
    """Return an operation with a JSON body.

    Args:
        summary: what it does.
        name: its id.
        body: the schema of the body.
        answer: the schema of the answer; any object unless given.
        status: of the answer.
        formats: whether there are other formats than JSON.
    """
    content = {"application/json": reference(answer) if answer else {"type": "object"}}
    if formats:
        others = [media for name, media in FORMATS.items() if name != "json"]
        content |= {media.partition(";")[0]: {"type": "string"} for media in others}
    return {
        "operationId": name,
        "summary": summary,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": reference(body)}},
        },
        "responses": {str(status): _answer("Done.", content), **_bad()},
    }


def _got(
    summary: str, name: str, answer: str | None = None, *, media: str = "application/json"
) -> dict[str, Any]:
    kind = "object" if media == "application/json" else "string"
    schema = reference(answer) if answer else {"type": kind}
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": _answer("Done.", {media: schema}), **_bad()},
    }


def _answer(description: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "content": {media: {"schema": schema} for media, schema in content.items()},
    }


def _bad() -> dict[str, Any]:
    return {
        str(status): _answer(text, {"application/json": reference("Error")})
        for status, text in _ERRORS.items()
    }


def _parameter(
    name: str, schema: dict[str, Any], description: str, *, required: bool = False
) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "schema": schema,
        "description": description,
    }


def _in_path(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": {"type": "string"},
        "description": description,
    }
