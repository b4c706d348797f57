"""Statements to a ClickHouse engine, in process or on a server, and their rows.

What arrives: SQL of the engine, with values for typed placeholders. What leaves: rows as lists of
JSON's values, or ``ClickhouseError``. A ``Client`` serves several threads; reading goes over
connections that can do nothing else, and can be ended from another thread.
"""

from __future__ import annotations

import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import msgspec

from usql.errors import StoreError
from usql.store.clickhouse_places import ChdbLocation, ClickhouseLocation, Limits

GRACE_S = 0.08
"""An engine that was told to end a query gets so much time before it is left alone, or killed."""

Rows = list[list[Any]]
_decode = msgspec.json.Decoder().decode_lines
_CODE = re.compile(r"Code: (\d+)\.")
_VERSION_TAIL = re.compile(r"\s*\(version [^)]*\)")

MAKE_ONE = "make one with: usql import STORE EXPORT"
UNKNOWN_DATABASE, UNKNOWN_TABLE = 81, 60
CANNOT_CONVERT = 70
MEMORY_LIMIT = 241
READONLY = 164


class ClickhouseError(Exception):
    """What an engine says to a statement.

    Attributes:
        code: ClickHouse's number of the error; 0 if there is none.
    """

    def __init__(self, message: str) -> None:
        found = _CODE.search(message)
        self.code = int(found[1]) if found else 0
        super().__init__(_VERSION_TAIL.sub("", message).strip())


class NoStoreError(StoreError):
    """There is no store, but nothing else either."""


class GoneError(ClickhouseError):
    """The engine ended while it was asked."""


class Query(Protocol):
    """A query on its way."""

    def data(self) -> bytes:
        """Wait for the rows, as JSON lines.

        Raises:
            ClickhouseError: the engine refused it, was told to end it, or is gone.
        """

    def cancel(self) -> None:
        """End it: kindly at first; where that does not help, at a later call."""


class Pending(ABC):
    """A request that an engine has, whose answer another thread brings.

    Attributes:
        told: whether somebody wanted it to end.
    """

    def __init__(self) -> None:
        self._done = threading.Event()
        self._data = b""
        self._error: Exception | None = None
        self._told_at = 0.0
        self.told = False

    def settle(self, data: bytes, error: Exception | None = None) -> None:
        """Say what came of it."""
        self._data, self._error = data, error
        self._done.set()

    def data(self) -> bytes:
        """Wait for the rows; see ``Query``."""
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._data

    def cancel(self) -> None:
        """End it; see ``Query``."""
        if self._done.is_set():
            return
        if not self.told:
            self.told, self._told_at = True, time.monotonic()
            self._tell()
        elif time.monotonic() - self._told_at > GRACE_S:
            self._force()

    @abstractmethod
    def _tell(self) -> None:
        """Tell the engine to end it."""

    @abstractmethod
    def _force(self) -> None:
        """End it whatever the engine does."""


class Client(ABC):
    """A way to an engine; closed when it is no longer needed."""

    @abstractmethod
    def start(self, sql: str, params: Mapping[str, Any]) -> Query:
        """Begin a query, over a connection that can only read."""

    @abstractmethod
    def write(self, sql: str) -> None:
        """Run a statement that may change the store.

        Raises:
            ClickhouseError: the engine refused it.
        """

    @abstractmethod
    def insert(self, table: str, columns: Sequence[str], rows: Iterable[bytes]) -> None:
        """Add rows, given as pieces of JSON lines, to a table.

        Raises:
            ClickhouseError: the engine refused them.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the engine."""

    def changes(self) -> int | None:
        """Return what is another number after each change, or ``None`` where nobody can know."""
        return None

    @abstractmethod
    def changing(self) -> AbstractContextManager[None]:
        """Return a block in which nobody reads, where that can be had."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[None]:
        """Return a block in which nothing changes, where that can be had."""

    def read(self, sql: str, params: Mapping[str, Any] | None = None) -> Rows:
        """Return the rows of a query.

        Raises:
            ClickhouseError: the engine refused it.
        """
        return rows_of(self.start(sql, params or {}).data())


def rows_of(data: bytes) -> Rows:
    """Return rows of JSON lines."""
    rows: Rows = _decode(data)
    return rows


def open_client(
    location: ClickhouseLocation, *, create: bool = False, patience: float | None = None
) -> Client:
    """Return a way to the engine of a place; close it in the end.

    Args:
        location: of the store, which need not be there.
        create: make the folder, or the database, if there is none.
        patience: seconds to wait for another process that has the folder; 10 unless given.

    Raises:
        StoreError: the engine is not installed or cannot be reached, the folder is in use.
    """
    if isinstance(location, ChdbLocation):
        from usql.store.chdb_client import ChdbClient

        return ChdbClient(location, create=create, patience=patience)
    from usql.store.clickhouse_server import ServerClient

    return ServerClient(location, create=create)


@contextmanager
def store_errors(location: ClickhouseLocation) -> Iterator[None]:
    """Say the engine's errors within a block as ``StoreError``, for people."""
    try:
        yield
    except GoneError as error:
        raise StoreError(f"the engine of {location} ended: {error}") from error
    except ClickhouseError as error:
        raise StoreError(f"{location} cannot be read or written: {error}") from error


def limit_settings(limits: Limits) -> dict[str, str]:
    """Return the engine's settings for what one query may take."""
    settings = {}
    if limits.memory is not None:
        settings["max_memory_usage"] = str(limits.memory)
        # what is larger goes to the disk
        settings["max_bytes_before_external_group_by"] = str(limits.memory // 2)
        settings["max_bytes_before_external_sort"] = str(limits.memory // 2)
    if limits.threads is not None:
        settings["max_threads"] = str(limits.threads)
    return settings


_ESCAPES = str.maketrans(
    {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0", "\b": "\\b", "\f": "\\f"}
)


def parameter(value: Any) -> str:
    r"""Return a placeholder's value as the engine reads it.

    >>> parameter("a\tb"), parameter(True), parameter(((1, -2), (3, 4)))
    ('a\\tb', 'true', '[(1, -2),(3, 4)]')
    """
    match value:
        case str():
            return value.translate(_ESCAPES)
        case bool():
            return "true" if value else "false"
        case tuple():
            return f"[{','.join(str(entry) for entry in value)}]"
    return repr(value)


def literal(text: str) -> str:
    r"""Return a text as it stands in SQL.

    >>> literal("it's\\")
    "'it\\'s\\\\'"
    """
    return "'" + text.translate(_ESCAPES).replace("'", "\\'") + "'"
