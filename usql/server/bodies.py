"""Bodies of requests: read whole, within a size and a time; unpacked within a size."""

from __future__ import annotations

import asyncio
import io
import zlib
from contextlib import suppress
from typing import Any

import msgspec
from starlette.requests import Request

from usql.server.problems import Problem
from usql.server.running import ClientGone

_GZIP = b"\x1f\x8b"
_PIECE = 256 * 1024
_GZIP_WINDOW = 31
_DRAIN_BYTES = 64 * 1024 * 1024
_DRAIN_SECONDS = 5.0
_CLOSE = {"Connection": "close"}
"""What is left of a body that is not read must not pass for the next request."""


async def read_body(request: Request, limit: int, seconds: float) -> bytes:
    """Return the body of a request.

    Args:
        request: whose body nobody has read.
        limit: most bytes.
        seconds: longest time the client may take.

    Raises:
        Problem: 413, it is larger; 408, it did not come in time.
        ClientGone: it was cut off.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and len(announced) < 20 and int(announced) > limit:
        if "expect" not in request.headers:
            await _drain(request)
        raise _too_large(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                body += message.get("body", b"")
                if len(body) > limit:
                    body.clear()
                    await _drain(request)
                    raise _too_large(limit)
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        raise Problem(408, "the body was not sent in due time", _CLOSE) from None


async def read_object(request: Request, limit: int, seconds: float) -> dict[str, Any]:
    """Return the JSON object that is the body of a request.

    Raises:
        Problem: 400, it is none; 415, it is said to be something else.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        # Else any web page could send it without being asked for its origin.
        raise Problem(415, "the body should be application/json", _CLOSE)
    body = await read_body(request, limit, seconds)
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Problem(400, f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Problem(400, "the body should be a JSON object")
    return value


def check_packed(body: bytes, encoding: str, limit: int) -> None:
    """Read through a packed body, keeping nothing of it.

    A body that was cut off or damaged is found before a line of it is stored, so that its sender
    learns of it and sends it again.

    Raises:
        Problem: 400, it is damaged; 413, it unpacks to more than ``limit`` bytes; 415, it is
            packed in a way that is not understood.
    """
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise Problem(415, f"the content encoding {encoding} is not understood; use gzip")
    if not body.startswith(_GZIP):
        if encoding in ("gzip", "x-gzip"):
            raise Problem(400, "the body is said to be gzip, but is not")
        return
    unpacked = 0
    stream = io.BytesIO(body)
    unpacker = zlib.decompressobj(wbits=_GZIP_WINDOW)
    try:
        while data := unpacker.unconsumed_tail or stream.read(_PIECE):
            unpacked += len(unpacker.decompress(data, _PIECE))
            if unpacked > limit:
                raise Problem(413, f"the body unpacks to more than {limit:,} bytes")
            if unpacker.eof:
                rest = unpacker.unused_data + stream.read()
                if not rest.strip(b"\0"):
                    return
                stream, unpacker = io.BytesIO(rest), zlib.decompressobj(wbits=_GZIP_WINDOW)
    except zlib.error as error:
        raise Problem(400, f"the body is damaged: {error}; send it again") from None
    raise Problem(400, "the body is cut off; send it again")


async def _drain(request: Request) -> None:
    """Let a client send a good part of what is too much, since most listen only when they have.

    A connection that is closed before would be reset, and the answer lost.
    """
    drained = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while drained < _DRAIN_BYTES:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                drained += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return


def _too_large(limit: int) -> Problem:
    return Problem(413, f"the body is larger than {limit:,} bytes", _CLOSE)
