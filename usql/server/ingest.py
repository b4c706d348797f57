"""The receiver of session exports: bulks of sessions over HTTP, durable before they are confirmed.

One request writes at a time; others wait for it. A session that is sent again replaces itself, so
a sender that heard no answer may send the same bulk as often as it likes.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from usql.errors import StoreError
from usql.server.bodies import check_packed, read_body
from usql.server.logs import event
from usql.server.problems import Problem, json_response
from usql.server.running import write
from usql.server.state import State
from usql.store import ndjson
from usql.store.rejects import REJECTS_SUFFIX

_RETRY = {"Retry-After": "2"}
_MAX_SENDING = 16
_MAX_REJECTS_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Received:
    """What became of a bulk.

    Attributes:
        sessions: how many are new.
        replaced: how many were there already.
        reasons: why lines were put aside, by their numbers.
    """

    sessions: int
    replaced: int
    reasons: dict[int, str]


async def ingest(request: Request) -> Response:
    """Answer ``/ingest``."""
    _, received = await _receive(request)
    good = received.sessions + received.replaced
    answer: dict[str, Any] = {
        "sessions": good,
        "new": received.sessions,
        "replaced": received.replaced,
        "rejected": len(received.reasons),
    }
    if received.reasons:
        line, reason = next(iter(received.reasons.items()))
        answer["firstRejected"] = {"line": line, "reason": reason}
    if not good:
        first = f": line {line}: {reason}" if received.reasons else ""
        raise Problem(400, f"there is no session in the body that can be stored{first}")
    return json_response(answer)


async def bulk(request: Request) -> Response:
    """Answer ``/_bulk`` as Elasticsearch does: an item for each line."""
    began = time.monotonic()
    body, received = await _receive(request)
    items = [_item(line, received.reasons.get(line.number)) for line in _documents(body)]
    if not received.sessions + received.replaced:
        raise Problem(400, "there is no session in the body that can be stored")
    took = round((time.monotonic() - began) * 1000)
    return json_response({"took": took, "errors": bool(received.reasons), "items": items})


def _documents(body: bytes) -> list[ndjson.Line]:
    return list(ndjson.lines(io.BytesIO(body)))


def _item(line: ndjson.Line, reason: str | None) -> dict[str, Any]:
    if reason is not None:
        error = {"type": "mapper_parsing_exception", "reason": f"line {line.number}: {reason}"}
        return {"index": {"status": 400, "error": error}}
    return {"index": {"status": 201, "result": "created"}}


async def _receive(request: Request) -> tuple[bytes, Received]:
    state: State = request.app.state.usql
    state.access.require(request, "ingest")
    if state.sending >= _MAX_SENDING:
        raise Problem(429, "too many senders at once", {**_RETRY, "Connection": "close"})
    state.sending += 1
    try:
        body = await read_body(request, state.options.max_ingest_bytes, state.options.body_seconds)
        if not body:
            raise Problem(400, "the body is empty")
        encoding = request.headers.get("content-encoding", "").strip().lower()
        limit = state.options.max_unpacked_bytes
        await asyncio.to_thread(check_packed, body, encoding, limit)
        name = request.scope["usql.id"]
        received = await write(state.writing, lambda: store(state, body, name))
    finally:
        state.sending -= 1
    state.metrics.ingested.inc(received.sessions + received.replaced)
    state.metrics.rejected.inc(len(received.reasons))
    return body, received


def store(state: State, body: bytes, name: str) -> Received:
    """Write the sessions of a body into a store, and the lines that are none beside it.

    Lines of a body that is sent again are there already.

    Raises:
        StoreError: the store is locked by somebody else, or the disk is full.
    """
    stream = io.BytesIO(body)
    stream.name = f"request {name}"
    try:
        with tempfile.TemporaryDirectory(prefix="usql-ingest-") as folder:
            rejects = Path(folder) / "rejects.ndjson"
            summary = state.db.import_files(stream, rejects=rejects, durable=True)
            lines = rejects.read_bytes() if summary.rejected else b""
        digest = hashlib.sha256(body).digest()
        if lines and digest not in state.put_aside:
            _put_aside(lines, state.path)
            state.put_aside.append(digest)
    except OSError as error:
        raise StoreError(f"the sessions cannot be stored: {error.strerror}") from error
    entries = [msgspec.json.decode(line) for line in lines.splitlines()]
    reasons = {entry["line"]: entry["reason"] for entry in entries}
    return Received(summary.sessions, summary.replaced, reasons)


def _put_aside(lines: bytes, store: Path) -> None:
    """Add rejected lines to those of the store."""
    target = store.with_name(store.name + REJECTS_SUFFIX)
    kept = target.stat().st_size if target.exists() else 0
    if kept + len(lines) <= _MAX_REJECTS_BYTES:
        with target.open("ab") as file:
            file.write(lines)
    else:
        event("rejected lines are not kept any more: the file is full", file=str(target))
