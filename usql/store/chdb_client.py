"""The way to a folder that ClickHouse keeps in process: a process of its own, shared by all users.

See ``chdb_worker`` for what runs there and how it is spoken to.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from usql.errors import StoreError
from usql.store.chdb_worker import BUSY, LOCK, read_frame, write_frame
from usql.store.clickhouse_client import (
    ClickhouseError,
    Client,
    GoneError,
    Pending,
    Query,
    Rows,
    limit_settings,
    parameter,
    rows_of,
)
from usql.store.clickhouse_places import ChdbLocation, Limits
from usql.store.sqlite_schema import quoted

PATIENCE = 10.0
"""Seconds to wait for another process that has the folder."""
_ROOM_FOR_REST = 2
"""A query may take one of so many parts of the machine's memory unless the URL says otherwise."""


class ChdbClient(Client):
    """A share of a folder's engine."""

    def __init__(
        self, location: ChdbLocation, *, create: bool = False, patience: float | None = None
    ) -> None:
        self._engine = _taken(location, create, patience)
        self._closed = False

    def start(self, sql: str, params: Mapping[str, Any]) -> Query:
        """Begin a query, over a connection that can only read."""
        return _Read(self._engine, sql, {name: parameter(v) for name, v in params.items()})

    def write(self, sql: str) -> Rows:
        """Run a statement that may change the store, and return its rows."""
        return rows_of(self._engine.ask("write", sql, {}).data())

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[bytes]) -> None:
        """Add rows, given as pieces of JSON lines, to a table."""
        names = ", ".join(map(quoted, columns))
        for piece in rows:
            text = piece.decode()
            self.write(f"INSERT INTO {quoted(table)} ({names}) FORMAT JSONCompactEachRow {text}")

    def changing(self) -> AbstractContextManager[None]:
        """Return a block in which nobody reads; it waits for those who do."""
        return self._engine.gate.alone()

    def reading(self) -> AbstractContextManager[None]:
        """Return a block in which nothing changes."""
        return self._engine.gate.shared()

    def close(self) -> None:
        """Let go of the engine, which ends when nobody uses it."""
        if not self._closed:
            self._closed = True
            _let_go(self._engine)


@contextmanager
def kept(location: ChdbLocation) -> Iterator[None]:
    """Keep an engine that is started within a block until its end."""
    key = os.path.realpath(location.path)
    with _LOCK:
        _KEPT[key] = _KEPT.get(key, 0) + 1
    try:
        yield
    finally:
        with _LOCK:
            _KEPT[key] -= 1
            engine = _ENGINES.get(key)
            if not _KEPT[key]:
                del _KEPT[key]
                if engine is not None and not engine.users:
                    del _ENGINES[key]
                    engine.end()


class Gate:
    """Lets many read, or one change."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers = 0
        self._alone = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Read within a block."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._readers += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Change something within a block.

        Raises:
            StoreError: somebody reads for very long.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._alone = True
            if not self._changed.wait_for(lambda: not self._readers, timeout=PATIENCE):
                self._alone = False
                self._changed.notify_all()
                raise StoreError(
                    "the store is being read, as by an export that has not ended",
                    hint="try again when it has",
                )
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()


class _Engine:
    """A folder's process, started again where it ended.

    Attributes:
        key: the folder's real path.
        users: how many clients share it.
        gate: between those who read and who changes.
    """

    def __init__(self, location: ChdbLocation, key: str, patience: float) -> None:
        self.key = key
        self.users = 0
        self.gate = Gate()
        self._location = location
        self._patience = patience
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._process: _Process | None = _Process(location, key, patience)

    def ask(self, kind: str, *arguments: Any) -> _Pending:
        """Send a request; a process that ended is started again."""
        with self._lock:
            if self._process is None:
                raise GoneError("it was closed")
            if self._process.gone:
                self._process.close()
                self._process = _Process(self._location, self.key, self._patience)
            return self._process.ask(next(self._numbers), kind, *arguments)

    def end(self) -> None:
        """End the process."""
        with self._lock:
            if self._process is not None:
                self._process.close()
                self._process = None


class _Process:
    """A process and the requests it has.

    Attributes:
        gone: whether it ended.
    """

    def __init__(self, location: ChdbLocation, key: str, patience: float) -> None:
        settings = limit_settings(_with_default(location.limits))
        command = [sys.executable, "-m", "usql.store.chdb_worker", key, str(patience)]
        self._process = subprocess.Popen(
            [*command, *(f"{name}={value}" for name, value in settings.items())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self._writing = threading.Lock()
        self._pending: dict[int, _Pending] = {}
        self._pending_lock = threading.Lock()
        self.gone = False
        self._check(location)
        threading.Thread(target=self._listen, name="usql-chdb", daemon=True).start()

    def _check(self, location: ChdbLocation) -> None:
        try:
            first = read_frame(self._out)
        except BaseException:
            self.kill()
            raise
        if first is not None and first[1] is None:
            return
        self.kill()
        self.close()
        if first is not None and first[1] == BUSY:
            raise StoreError(f"{location} is in use by another process", hint="try again later")
        problem = "it ended at once" if first is None else ClickhouseError(first[1])
        raise StoreError(f"the engine could not open {location}: {problem}")

    def ask(self, number: int, kind: str, *arguments: Any) -> _Pending:
        """Send a request."""
        pending = _Pending(self, number)
        with self._pending_lock:
            self._pending[number] = pending
        self._send(number, kind, *arguments)
        if self.gone:  # it may have ended before it was noted
            self._fail_all()
        return pending

    def tell(self, number: int, other: int) -> None:
        """Ask for a request to be ended."""
        self._send(-number, "kill", other)

    def kill(self) -> None:
        """End the process now; whatever it was asked fails."""
        self._process.kill()

    def close(self) -> None:
        """Let the process end, and wait for that."""
        with suppress(OSError):
            self._in.close()
        self._process.wait()
        self._out.close()

    def _send(self, *request: Any) -> None:
        with self._writing, suppress(OSError, ValueError):  # that it is gone, the listener sees
            write_frame(self._in, request)

    def _listen(self) -> None:
        with suppress(OSError, ValueError):
            while (reply := read_frame(self._out)) is not None:
                with self._pending_lock:
                    pending = self._pending.pop(reply[0], None)
                if pending is not None:
                    error = ClickhouseError(reply[2]) if len(reply) > 2 else None
                    pending.settle(reply[1] or b"", error)
        self.gone = True
        self._fail_all()

    def _fail_all(self) -> None:
        with self._pending_lock:
            pending, self._pending = list(self._pending.values()), {}
        for each in pending:
            each.settle(b"", GoneError("it ended without an answer"))


class _Pending(Pending):
    """A request that a process has."""

    def __init__(self, process: _Process, number: int) -> None:
        super().__init__()
        self._process = process
        self._number = number

    def _tell(self) -> None:
        self._process.tell(self._number, self._number)

    def _force(self) -> None:
        self._process.kill()
        # it may take the system a while to take back a great deal of memory
        self.settle(b"", GoneError("it was killed"))


class _Read:
    """A query; where another's end took the process along, it is asked once more."""

    def __init__(self, engine: _Engine, sql: str, params: Mapping[str, str]) -> None:
        self._engine, self._sql, self._params = engine, sql, params
        self._request = self._asked()

    def data(self) -> bytes:
        """Wait for the rows, as JSON lines."""
        try:
            return self._request.data()
        except GoneError:
            if self._request.told:
                raise
        self._request = self._asked()
        return self._request.data()

    def cancel(self) -> None:
        """End it."""
        self._request.cancel()

    def _asked(self) -> _Pending:
        return self._engine.ask("read", self._sql, self._params)


_ENGINES: dict[str, _Engine] = {}
_KEPT: dict[str, int] = {}
_LOCK = threading.RLock()


def _taken(location: ChdbLocation, create: bool, patience: float | None) -> _Engine:
    """Return a folder's engine, of this process's making or another client's."""
    if find_spec("chdb") is None:
        raise StoreError(
            "chDB stores need an engine that is not installed",
            hint='python -m pip install "usql-engine[chdb]"',
        )
    _check_folder(location, create)
    key = os.path.realpath(location.path)
    with _LOCK:
        if key not in _ENGINES:
            _ENGINES[key] = _Engine(location, key, PATIENCE if patience is None else patience)
        _ENGINES[key].users += 1
        return _ENGINES[key]


def _let_go(engine: _Engine) -> None:
    with _LOCK:
        engine.users -= 1
        if engine.users or engine.key in _KEPT:
            return
        del _ENGINES[engine.key]
        engine.end()


def _check_folder(location: ChdbLocation, create: bool) -> None:
    """Refuse what is no folder of ours; make one where there is none."""
    path = location.path
    if path.is_dir():
        if not (path / LOCK).exists() and (not create or any(path.iterdir())):
            raise StoreError(f"{path} is a folder, but not a usql store")
        return
    if path.exists():
        raise StoreError(f"{path} is a file, not a folder", hint="write chdb:FOLDER")
    if not create:
        raise StoreError(
            f"no store at {path}", hint="make one with: usql import chdb:FOLDER EXPORT"
        )
    if not path.absolute().parent.is_dir():
        raise StoreError(f"the folder {path.parent} does not exist", hint="make the folder first")
    try:
        Path(path).mkdir()
    except OSError as error:
        raise StoreError(f"{path} cannot be made: {error.strerror}") from error


def _with_default(limits: Limits) -> Limits:
    if limits.memory is not None:
        return limits
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _ROOM_FOR_REST
    except (ValueError, OSError):
        return limits
    return Limits(memory, limits.threads)
