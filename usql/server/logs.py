"""Log lines, for people or as JSON; never with a query string, a header or a body.

Tokens travel in those three, so none of them is ever handed to a logger.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

from usql.render.escape import visible

LOGGER = logging.getLogger("usql.server")


def configure(*, as_json: bool) -> None:
    """Send the log lines of the server to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if as_json else _Lines())
    for name in ("usql.server", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
    LOGGER.setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def event(message: str, level: int = logging.INFO, **fields: Any) -> None:
    """Write a line: what happened, and its particulars."""
    LOGGER.log(level, message, extra={"fields": fields})


class _Lines(logging.Formatter):
    """``2026-03-01T12:00:00.000Z INFO request status=200 …``."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {})
        parts = [_moment(record), record.levelname, visible(record.getMessage())]
        parts += [f"{name}={visible(str(value))}" for name, value in fields.items()]
        line = " ".join(parts)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _JsonLines(logging.Formatter):
    """An object per line."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": _moment(record),
            "level": record.levelname,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
