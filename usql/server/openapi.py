"""The description of both interfaces for programs, as OpenAPI 3.1."""

from __future__ import annotations

from functools import cache
from typing import Any

import usql

_QUERY_EXAMPLE = "SELECT country, COUNT(*) FROM usersession GROUP BY country"
_ERRORS = {
    400: "A parameter or the body is wrong.",
    401: "A token is needed, or the token is not valid.",
    403: "The token lacks the scope.",
    404: "The query is not valid; the message has the place and a hint.",
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
            "/api/query": _posted("Run a query.", "query", "Asked", _results()),
            "/api/explain": _posted("Show how a query becomes SQL.", "explain", "Asked"),
            "/api/complete": _posted("What may stand at a cursor.", "complete", "CompleteAsked"),
            "/api/format": _posted("Write a query in canonical form.", "format", "FormatAsked"),
            "/api/schema": _got("Tables and fields.", "schema"),
            "/api/health": _got("Whether the store can be read.", "health"),
            "/api/metrics": _got("Figures for Prometheus.", "metrics", "text/plain"),
        },
        "components": {
            "schemas": _schemas(),
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
        "/api/v1/tokens/lookup": _posted("What a token may do.", "lookUpV1", "LookUp"),
        "/api/v2/apiTokens/lookup": _posted("What a token may do.", "lookUpV2", "LookUp"),
    }


def _query(name: str, summary: str, schema: str) -> dict[str, Any]:
    moment = {"type": "integer", "format": "int64"}
    parameters = [
        _parameter("query", {"type": "string"}, "The query.", required=True)
        | {"example": _QUERY_EXAMPLE},
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
        "responses": {"200": _answer("The result.", {"application/json": _ref(schema)}), **_bad()},
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


def _posted(
    summary: str, name: str, schema: str, content: dict[str, Any] | None = None
) -> dict[str, Any]:
    ok = _answer("Done.", content or {"application/json": {"type": "object"}})
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _ref(schema)}},
            },
            "responses": {"200": ok, **_bad()},
        }
    }


def _got(summary: str, name: str, media: str = "application/json") -> dict[str, Any]:
    schema = {"type": "object" if media == "application/json" else "string"}
    return {
        "get": {
            "operationId": name,
            "summary": summary,
            "responses": {"200": _answer("Done.", {media: schema}), **_bad()},
        }
    }


def _results() -> dict[str, Any]:
    return {
        "application/json": _ref("Result"),
        "application/x-ndjson": {"type": "string"},
        "text/csv": {"type": "string"},
        "application/vnd.apache.arrow.file": {"type": "string"},
    }


def _answer(description: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "content": {media: {"schema": schema} for media, schema in content.items()},
    }


def _bad() -> dict[str, Any]:
    return {
        str(status): _answer(text, {"application/json": _ref("Error")})
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


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> dict[str, Any]:
    names = {"type": "array", "items": {"type": "string"}}
    rows = {"type": "array", "items": {"type": "array"}}
    level = {"type": "integer", "const": 1}
    asked = {
        "query": {"type": "string", "examples": [_QUERY_EXAMPLE]},
        "params": {"type": "object", "description": "Values of `:name` parameters."},
        "timeframe": {
            "description": "`last 7 days`, or two moments in ms; all data unless given.",
            "oneOf": [
                {"type": "string"},
                {
                    "type": "array",
                    "prefixItems": [{"type": "integer"}, {"type": "integer"}],
                    "minItems": 2,
                    "maxItems": 2,
                },
                {"type": "null"},
            ],
        },
        "timeZone": {
            "description": "`Europe/Vienna`, or minutes east of UTC.",
            "type": ["string", "integer", "null"],
        },
        "format": {"enum": ["json", "ndjson", "csv", "arrow"], "default": "json"},
        "limit": {"type": "integer", "minimum": 1, "maximum": 1_000_000, "default": 50},
    }
    return {
        "Table": _object(
            {"extrapolationLevel": level, "columnNames": names, "values": rows},
            ["extrapolationLevel", "columnNames", "values"],
        ),
        "Tree": _object(
            {"extrapolationLevel": level, "branchNames": names, "leafNames": names, "values": {}},
            ["extrapolationLevel", "branchNames", "leafNames", "values"],
        ),
        "LookUp": _object({"token": {"type": "string"}}, ["token"]),
        "Asked": _object(asked, ["query"], closed=True),
        "CompleteAsked": _object(
            {"text": {"type": "string"}, "cursor": {"type": ["integer", "null"], "minimum": 0}},
            ["text"],
            closed=True,
        ),
        "FormatAsked": _object({"query": {"type": "string"}}, ["query"], closed=True),
        "Result": _object(
            {
                "columns": {"type": "array", "items": {"type": "object"}},
                "rows": rows,
                "explanations": names,
                "truncated": {"type": "boolean"},
                "elapsed": {"type": "number", "description": "In ms."},
            },
            ["columns", "rows", "explanations", "truncated", "elapsed"],
        ),
        "Error": _object(
            {
                "error": _object(
                    {"code": {"type": "integer"}, "message": {"type": "string"}},
                    ["code", "message"],
                )
            },
            ["error"],
        ),
    }


def _object(
    properties: dict[str, Any], required: list[str], *, closed: bool = False
) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": required}
    return {**schema, "additionalProperties": False} if closed else schema
