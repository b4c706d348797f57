"""What goes wrong, as an answer: a status, and ``{"error": {"code": …, "message": …}}``."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from usql.diagnostics import as_data
from usql.errors import (
    BadData,
    BadParameter,
    BadTimeframe,
    Cancelled,
    EngineError,
    MissingExtra,
    ReadOnlyStore,
    SegmentExists,
    StoreError,
    TimeLimitExceeded,
    UnknownSession,
    UnknownUser,
    UsqlError,
)
from usql.render.values import as_json

_RETRY = {"Retry-After": "1"}


class Problem(Exception):
    """A request that gets no other answer than why."""

    def __init__(
        self,
        status: int,
        message: str,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
        self.details = details

    def response(self) -> Response:
        """Return the answer."""
        error: dict[str, Any] = {"code": self.status, "message": self.message}
        if self.details:
            error["details"] = self.details
        return json_response({"error": error}, self.status, self.headers)


def json_response(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a value as JSON, doubles that JSON cannot say as ``null``."""
    return Response(as_json(value), status, headers, media_type="application/json")


def bad_query_status(error: UsqlError, bad_query: int) -> int:
    """Return the status of an error; ``bad_query`` is that of a query that is wrong."""
    match error:
        case TimeLimitExceeded():
            return 504
        case Cancelled():
            return 503
        case ReadOnlyStore():
            return 403
        case StoreError():
            return 507 if _is_full(error) else 503
        case EngineError():
            return 500
        case MissingExtra():
            return 501
        case UnknownSession() | UnknownUser():
            return 404
        case SegmentExists():
            return 409
        case BadParameter() | BadTimeframe() | BadData():
            return 400
        case _:
            return bad_query


def problem_of(error: UsqlError, *, bad_query: int, details: bool = False) -> Problem:
    """Return an error of the library as an answer.

    Args:
        error: what was raised.
        bad_query: the status of a query that is wrong: 404 in the original's interface.
        details: whether to add the error as data.
    """
    status = bad_query_status(error, bad_query)
    headers = _RETRY if status == 503 else {}
    return Problem(status, said(error), headers, as_data(error) if details else None)


def said(error: UsqlError) -> str:
    """Return an error as one line: place, message, hint."""
    place = f"line {error.line}, column {error.column}: " if error.line is not None else ""
    hint = f" (hint: {error.hint})" if error.hint else ""
    return f"{place}{error.message}{hint}"


def _is_full(error: StoreError) -> bool:
    cause = error.__cause__
    if isinstance(cause, OSError):
        return cause.errno in (errno.ENOSPC, errno.EDQUOT)
    code = getattr(cause, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_FULL
