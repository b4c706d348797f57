"""Streams of JSON lines: from a file to its lines, and from a line to its object.

What arrives: a binary stream of anybody's making, plain, gzip or zstd. What leaves: ``Line`` by
``Line``, without blank ones and without the header lines of an Elasticsearch bulk request; a line
that cannot be read carries its problem instead. Memory stays bounded whatever the stream holds: no
line over ``MAX_LINE`` is ever whole in memory, and no archive that unpacks beyond reason is
unpacked.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import msgspec

from usql.errors import BadData, MissingExtra
from usql.extras import load

MAX_LINE = 8 * 1024 * 1024
"""Bytes of the longest line that is read."""
MAX_VALUES = 1_000_000
"""Values in the largest line: decoded, a value of two bytes takes up to seventy."""
MAX_DEPTH = 64
"""How deep objects and lists may be nested."""
MAX_RATIO = 200
"""How many bytes one byte of an archive may unpack to, beyond ``RATIO_GRACE``."""
RATIO_GRACE = 4 * 1024 * 1024

_PIECE = 1024 * 1024
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_WINDOW = 64 * 1024 * 1024
"""Bytes of the past that an archive may refer to, all of them in memory."""
_ZSTD_PIECE = 1024
"""Bytes unpacked at a time: three of them may become 128 KiB, and all of that is in memory."""
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
    packed = stream if isinstance(stream, Counted) else Counted(stream)
    source = io.BufferedReader(packed, _PIECE)
    try:
        start = source.peek(4)[:4]
        problem = next((why for magic, why in _FOREIGN.items() if start.startswith(magic)), None)
        if problem is not None:
            yield Line(1, 0, b"", problem)
        elif start.startswith(_GZIP):
            with gzip.GzipFile(fileobj=source, mode="rb") as unpacked:
                yield from _lines(unpacked, packed)
        elif start.startswith(_ZSTD):
            yield from _zstd_lines(source, packed)
        else:
            yield from _lines(source, None)
    finally:
        # The stream belongs to the caller, and closing the buffer would close it.
        source.detach()


def _zstd_lines(source: Any, packed: Counted) -> Iterator[Line]:
    try:
        zstandard = load("zstandard", "zstd compression")
    except MissingExtra as missing:
        yield Line(1, 0, b"", f"{missing.message}: {missing.hint}")
        return
    with io.BufferedReader(_Zstd(source, zstandard), _PIECE) as unpacked:
        yield from _lines(unpacked, packed)


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


def _lines(stream: BinaryIO | gzip.GzipFile, packed: Counted | None) -> Iterator[Line]:
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
                length += _pass_over(stream, byte + length, packed)
                data, problem = data[:_PIECE], f"longer than {MAX_LINE:,} bytes"
            if packed is not None:
                packed.check(byte + length)
        except (OSError, EOFError, zlib.error) as error:
            yield Line(number, byte + len(data), data[:_PIECE], _failure(error))
            return
        if number == 1 and data.startswith(_BOM):
            data = data[len(_BOM) :]
        if problem is not None or not (data.isspace() or not data or _is_header(data)):
            yield Line(number, byte, data, problem)
        byte += length


def _pass_over(stream: BinaryIO | gzip.GzipFile, byte: int, packed: Counted | None) -> int:
    """Read to the end of a line, piece by piece; return how many bytes that took."""
    passed = 0
    while piece := stream.readline(_PIECE):
        passed += len(piece)
        if packed is not None:
            packed.check(byte + passed)
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


def _failure(error: Exception) -> str:
    if isinstance(error, _BombError):
        return f"the archive unpacks to over {MAX_RATIO} times its size; the rest is left out"
    if isinstance(error, EOFError):
        return "the archive is cut off"
    if isinstance(error, (zlib.error, gzip.BadGzipFile, _DamagedError)):
        return f"the archive is damaged: {error}"
    return f"cannot be read: {error}"


class _BombError(OSError):
    """An archive that unpacks beyond reason."""


class _DamagedError(OSError):
    """An archive that cannot be unpacked."""


class _Zstd(io.RawIOBase):
    """What a zstd archive of one frame or several unpacks to.

    The library's own streams take an archive that is cut off for one that has ended.
    """

    def __init__(self, source: Any, zstandard: Any) -> None:
        self._source = source
        self._error: type[Exception] = zstandard.ZstdError
        self._context = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._frame: Any = None
        self._failure: _DamagedError | None = None
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            if self._failure is not None:  # told when all before it was delivered
                raise self._failure
            packed = self._source.read(_ZSTD_PIECE)
            if not packed:
                if self._frame is not None:
                    raise EOFError
                return 0
            self._left = memoryview(self._unpack(packed))
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size

    def _unpack(self, packed: bytes) -> bytes:
        pieces = []
        try:
            while packed:
                if self._frame is None:
                    self._frame = self._context.decompressobj()
                pieces.append(self._frame.decompress(packed))
                packed = b""
                if self._frame.eof:
                    packed, self._frame = self._frame.unused_data, None
        except self._error as error:
            self._failure = _DamagedError(str(error))
        return b"".join(pieces)


class Counted(io.RawIOBase):
    """A stream that knows how many bytes were read from it.

    Attributes:
        count: of the bytes.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        """Return whether it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; return how many bytes went into it."""
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)

    def check(self, unpacked: int) -> None:
        """Raise an error if so many bytes cannot come of those that were read."""
        if unpacked > RATIO_GRACE and unpacked > MAX_RATIO * self.count:
            raise _BombError
