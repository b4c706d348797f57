"""Files as they come, plain or packed with gzip or zstd, and what they unpack to.

What arrives: a binary stream of anybody's making. What leaves: a stream of its content, told by its
first bytes; no archive that unpacks beyond reason is unpacked.
"""

from __future__ import annotations

import gzip
import io
import os
import zlib
from typing import Any, BinaryIO

from usql.extras import load

MAX_RATIO = 200
"""How many bytes one byte of an archive may unpack to, beyond ``RATIO_GRACE``."""
RATIO_GRACE = 4 * 1024 * 1024

UNREADABLE = (OSError, EOFError, zlib.error)
"""What reading a packed stream may raise; ``failure`` says what it means."""

_PIECE = 1024 * 1024
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_WINDOW = 64 * 1024 * 1024
"""Bytes of the past that an archive may refer to, all of them in memory."""
_ZSTD_PIECE = 1024
"""Bytes unpacked at a time: three of them may become 128 KiB, and all of that is in memory."""


class Counted(io.RawIOBase):
    """A stream that belongs to somebody else, and how many bytes were read from it.

    Attributes:
        count: of the bytes.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        """Return whether it can be read."""
        return True

    def seekable(self) -> bool:
        """Return whether one can go to a place in it."""
        return bool(self._stream.seekable())

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        return int(self._stream.seek(offset, whence))

    def tell(self) -> int:
        """Return the place."""
        return int(self._stream.tell())

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer; return how many bytes went into it."""
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


class Packed(io.BufferedReader):
    """A file as it is, before it is unpacked.

    Whoever opened the stream closes it: let go of it with ``detach``.
    """

    def __init__(self, stream: BinaryIO | Counted) -> None:
        self._counted = stream if isinstance(stream, Counted) else Counted(stream)
        super().__init__(self._counted, _PIECE)

    @property
    def start(self) -> bytes:
        """Its first four bytes, which stay to be read."""
        return self.peek(4)[:4]

    def unpacked(self) -> io.BufferedReader:
        """Return its content; of a plain file, itself.

        Raises:
            MissingExtra: it is a zstd archive, and the extra for those is not installed.
        """
        archive: Any
        if self.start.startswith(_GZIP):
            archive = gzip.GzipFile(fileobj=self, mode="rb")
        elif self.start.startswith(_ZSTD):
            archive = io.BufferedReader(_Zstd(self, load("zstandard", "zstd compression")))
        else:
            return self
        return io.BufferedReader(_Bounded(archive, self._counted), _PIECE)


def failure(error: Exception) -> str:
    """Return why a stream could not be read to its end, for people."""
    if isinstance(error, _BombError):
        return f"the archive unpacks to over {MAX_RATIO} times its size; the rest is left out"
    if isinstance(error, EOFError):
        return "the archive is cut off"
    if isinstance(error, zlib.error | gzip.BadGzipFile | _DamagedError):
        return f"the archive is damaged: {error}"
    return f"cannot be read: {getattr(error, 'strerror', None) or error}"


class _BombError(OSError):
    """An archive that unpacks beyond reason."""


class _DamagedError(OSError):
    """An archive that cannot be unpacked."""


class _Bounded(io.RawIOBase):
    """What an archive unpacks to, unless that is beyond reason."""

    def __init__(self, archive: Any, packed: Counted) -> None:
        self._archive = archive
        self._packed = packed
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._count > RATIO_GRACE and self._count > MAX_RATIO * self._packed.count:
            raise _BombError
        # Not more than comes at once: an error behind it would take it along.
        data = self._archive.read1(len(buffer))
        size = len(data)
        buffer[:size] = data
        self._count += size
        return size


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
