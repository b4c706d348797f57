"""Streams of JSON lines: from a file to its lines, and from a line to its object.

What arrives: a binary stream of anybody's making, plain, gzip or zstd. What leaves: ``Line`` by
``Line``, without blank ones and without the header lines of an Elasticsearch bulk request; a line
that cannot be read carries its problem instead. Memory stays bounded whatever the stream holds: no
line over ``MAX_LINE`` is ever whole in memory, and no archive that unpacks beyond reason is
unpacked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import msgspec

from usql.errors import BadData, MissingExtra
from usql.store.packing import UNREADABLE, Counted, Packed, failure

MAX_LINE = 8 * 1024 * 1024
"""Bytes of the longest line that is read."""
MAX_VALUES = 1_000_000
"""Values in the largest line: decoded, a value of two bytes takes up to seventy."""
MAX_DEPTH = 64
"""How deep objects and lists may be nested."""
_PIECE = 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_FOREIGN = {
    b"PK\x03\x04": "this is a zip archive: unpack it first",
    b"\xff\xfe": "this is UTF-16 text: convert it to UTF-8 first",
    b"\xfe\xff": "this is UTF-16 text: convert it to UTF-8 first",
}
_HEADER = re.compile(rb'\s*\{\s*"(?:index|create|update|delete)"\s*:\s*\{')


class Line(NamedTuple):
    """A line of a stream, or why it could not be read.

    Attributes:
        number: of the line, from 1.
        byte: offset of its first byte, or of where reading failed, in the unpacked stream.
        data: its bytes; of a line that is too long, the first few.
        problem: what is wrong with it, or ``None``.
    """

    number: int
    byte: int
    data: bytes
    problem: str | None = None


def lines(stream: BinaryIO | Counted) -> Iterator[Line]:
    """Yield the lines of a stream, plain, gzip or zstd by its first bytes, that should be objects.

    A stream that breaks off or turns out to be a bomb ends with a line that says so.
    """
    packed = Packed(stream)
    try:
        problem = next(
            (why for magic, why in _FOREIGN.items() if packed.start.startswith(magic)), None
        )
        if problem is not None:
            yield Line(1, 0, b"", problem)
        else:
            yield from _lines(packed.unpacked())
    except MissingExtra as missing:
        yield Line(1, 0, b"", f"{missing.message}: {missing.hint}")
    finally:
        # The stream belongs to the caller, and closing the buffer would close it.
        packed.detach()


def decode(data: bytes) -> dict[str, Any]:
    """Return the object that a line holds.

    Raises:
        BadData: it is not JSON, not UTF-8, not an object, or larger than can be held.
    """
    if len(data) > _PIECE and _value_bound(data) > MAX_VALUES:
        raise BadData(f"more than {MAX_VALUES:,} values in one line")
    try:
        document = msgspec.json.decode(data)
    except RecursionError:
        raise BadData(f"nested deeper than {MAX_DEPTH} levels") from None
    except UnicodeDecodeError as error:
        raise BadData(f"not UTF-8: {error.reason}") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise BadData(f"not JSON: {error}") from None
    if type(document) is not dict:
        raise BadData("not an object")
    return document


def _lines(stream: BinaryIO) -> Iterator[Line]:
    number = byte = 0
    while True:
        number += 1
        data = b""
        try:
            data = stream.readline(MAX_LINE + 1)
            if not data:
                return
            length, problem = len(data), None
            if length > MAX_LINE:
                length += _pass_over(stream)
                data, problem = data[:_PIECE], f"longer than {MAX_LINE:,} bytes"
        except UNREADABLE as error:
            yield Line(number, byte + len(data), data[:_PIECE], failure(error))
            return
        if number == 1 and data.startswith(_BOM):
            data = data[len(_BOM) :]
        if problem is not None or not (data.isspace() or not data or _is_header(data)):
            yield Line(number, byte, data, problem)
        byte += length


def _pass_over(stream: BinaryIO) -> int:
    """Read to the end of a line, piece by piece; return how many bytes that took."""
    passed = 0
    while piece := stream.readline(_PIECE):
        passed += len(piece)
        if piece.endswith(b"\n"):
            break
    return passed


def _is_header(data: bytes) -> bool:
    """Whether a line is an action of a bulk request, such as ``{"index": {…}}``."""
    if _HEADER.match(data) is None:
        return False
    try:
        return len(decode(data)) == 1
    except BadData:
        return False


def _value_bound(data: bytes) -> int:
    return sum(map(data.count, (b",", b":", b"[", b"{")))
