"""The way to a folder that ClickHouse keeps in process: a process of its own, shared by all users.

See ``chdb_worker`` for what runs there and how it is spoken to.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import IO, Any

from usql.errors import StoreError
from usql.store.chdb_worker import LOCK, read_frame, write_frame
from usql.store.clickhouse_client import (
    ClickhouseError,
    Client,
    GoneError,
    Pending,
    Query,
    limit_settings,
    parameter,
)
from usql.store.clickhouse_places import ChdbLocation, Limits
from usql.store.sqlite_schema import quoted

PATIENCE = 10.0
"""Seconds to wait for another process that has the folder."""
_AGAIN_S = 0.05
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

    def write(self, sql: str) -> None:
        """Run a statement that may change the store."""
        try:
            self._engine.ask("write", sql, {}).data()
        finally:
            self._engine.gate.changes += 1

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

    def changes(self) -> int:
        """Return how many changes there were; nobody but this process can make any."""
        return self._engine.gate.changes

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
    """Lets many read, or one change.

    Attributes:
        changes: how many changes there were; what was read since the last is true still.
    """

    def __init__(self) -> None:
        self.changes = 0
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
                self.changes += 1
                self._alone = False
                self._changed.notify_all()


class _Engine:
    """A folder and the process that has it open, started again where it ended.

    The folder is locked by this process, so that nobody else gets in between two processes of ours.

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
        self._lock = threading.Lock()
        self._numbers = count(1)
        self._folder_lock = _locked(location, key, patience)
        self._process: _Process | None = None
        try:
            self._process = _Process(location, key, self._folder_lock)
            self._process.wait()
        except BaseException:
            self.end()
            raise

    def ask(self, kind: str, *arguments: Any) -> _Pending:
        """Send a request; a process that ended is started again."""
        with self._lock:
            process = self._current()
            return _Pending(self, process, next(self._numbers), kind, *arguments)

    def renew(self) -> None:
        """Start a process for those to come, in the place of one that was killed."""

        def start() -> None:
            with self._lock, suppress(GoneError):
                self._current()

        threading.Thread(target=start, name="usql-chdb-renew", daemon=True).start()

    def end(self) -> None:
        """End the process."""
        with self._lock:
            if self._process is not None:
                self._process.close()
                self._process = None
            if self._folder_lock >= 0:
                os.close(self._folder_lock)
                self._folder_lock = -1

    def _current(self) -> _Process:
        if self._process is None:
            raise GoneError("it was closed")
        if self._process.gone:
            self._process = _Process(self._location, self.key, self._folder_lock, self._process)
        return self._process


class _Process:
    """A process and the requests it has.

    Attributes:
        gone: whether it ended, or was killed.
    """

    def __init__(
        self,
        location: ChdbLocation,
        key: str,
        lock: int,
        before: _Process | None = None,
    ) -> None:
        """Begin to start a process.

        Args:
            location: of the folder.
            key: the folder's real path.
            lock: the folder's, which the process keeps as long as it lives.
            before: a process that had the folder, and whose end has to come first.
        """
        self.gone = False
        self._location, self._key, self._lock = location, key, lock
        self._process: subprocess.Popen[bytes] | None = None
        self._problem: StoreError | None = None
        self._writing = threading.Lock()
        self._state = threading.Lock()
        self._ready = self._closing = False
        self._started = threading.Event()
        self._pending: dict[int, _Pending] = {}
        self._thread = threading.Thread(
            target=self._serve, args=[before], name="usql-chdb", daemon=True
        )
        self._thread.start()

    def wait(self) -> None:
        """Wait until it serves.

        Raises:
            StoreError: it does not.
        """
        self._started.wait()
        if self._problem is not None:
            raise self._problem

    def add(self, number: int, pending: _Pending) -> None:
        """Have a request told when it can be sent, or that it never will."""
        with self._state:
            if not self.gone:
                self._pending[number] = pending
                if self._ready:
                    pending.go.set()
                return
        pending.settle(b"", self._problem or GoneError("it ended without an answer"))

    def send(self, *request: Any) -> None:
        """Send a request; that it is gone, the listener sees."""
        process = self._process
        with self._writing, suppress(OSError, ValueError):
            assert process is not None
            assert process.stdin is not None
            write_frame(process.stdin, request)

    def tell(self, number: int, other: int) -> None:
        """Ask for a request to be ended, unless that would have to wait."""
        if self._process is None or not self._writing.acquire(blocking=False):
            return
        try:
            with suppress(OSError, ValueError):
                assert self._process.stdin is not None
                write_frame(self._process.stdin, [-number, "kill", other])
        finally:
            self._writing.release()

    def kill(self) -> None:
        """End the process now; whatever it was asked fails."""
        if self._process is not None:
            self._process.kill()
        # it may take the system a while to take back a great deal of memory
        self._fail_all()

    def close(self) -> None:
        """Let the process end, and wait for that."""
        self._closing = True
        if not self._ready and self._process is not None:
            self._process.kill()
        self._started.wait()
        if self._process is not None:
            with self._writing, suppress(OSError):
                assert self._process.stdin is not None
                self._process.stdin.close()
        self._thread.join()

    def _serve(self, before: _Process | None) -> None:
        """Start the process, and settle requests as its replies come."""
        try:
            if before is not None:
                before.close()
            replies = self._start()
            first = read_frame(replies)
            if first is None or first[1] is not None:
                problem = "it ended at once" if first is None else ClickhouseError(first[1])
                self._problem = StoreError(f"the engine could not open {self._location}: {problem}")
                return
            with self._state:
                self._ready = True
                for pending in self._pending.values():
                    pending.go.set()
            self._started.set()
            self._listen(replies)
        except Exception as error:
            self._problem = StoreError(f"the engine could not be started: {error}")
        finally:
            self._fail_all()
            self._started.set()
            if self._process is not None:
                self._process.kill()
                self._process.wait()
                with self._writing:
                    for stream in (self._process.stdin, self._process.stdout):
                        with suppress(OSError):
                            assert stream is not None
                            stream.close()

    def _start(self) -> IO[bytes]:
        settings = limit_settings(_with_default(self._location.limits))
        command = [sys.executable, "-m", "usql.store.chdb_worker", self._key]
        self._process = subprocess.Popen(
            [*command, *(f"{name}={value}" for name, value in settings.items())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[self._lock],
        )
        if self._closing:
            self._process.kill()
        assert self._process.stdout is not None
        return self._process.stdout

    def _listen(self, replies: IO[bytes]) -> None:
        with suppress(OSError, ValueError):
            while (reply := read_frame(replies)) is not None:
                with self._state:
                    pending = self._pending.pop(reply[0], None)
                if pending is not None:
                    error = ClickhouseError(reply[2]) if len(reply) > 2 else None
                    pending.settle(reply[1] or b"", error)

    def _fail_all(self) -> None:
        with self._state:
            self.gone = True
            pending, self._pending = list(self._pending.values()), {}
        for each in pending:
            each.settle(b"", self._problem or GoneError("it ended without an answer"))


class _Pending(Pending):
    """A request that a process has, or will have when it serves.

    Attributes:
        go: set when it can be sent, or need not be any more.
    """

    def __init__(
        self, engine: _Engine, process: _Process, number: int, kind: str, *arguments: Any
    ) -> None:
        super().__init__()
        self.go = threading.Event()
        self._engine, self._process = engine, process
        self._number, self._request = number, (kind, *arguments)
        self._sent = False
        process.add(number, self)

    def data(self) -> bytes:
        """Wait for the rows; see ``Query``."""
        self.go.wait()
        if not self._sent and not self._done.is_set():
            self._sent = True
            self._process.send(self._number, *self._request)
        return super().data()

    def settle(self, data: bytes, error: Exception | None = None) -> None:
        """Say what came of it."""
        super().settle(data, error)
        self.go.set()

    def _tell(self) -> None:
        if self._sent:
            self._process.tell(self._number, self._number)
        else:
            self.settle(b"", GoneError("it was ended before it began"))

    def _force(self) -> None:
        self._process.kill()
        self._engine.renew()


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


def _locked(location: ChdbLocation, folder: str, patience: float) -> int:
    """Take a folder for this process, and return the lock, an open file.

    The engine does not see to it that only one process has the folder.

    Raises:
        StoreError: another process has it.
    """
    import fcntl

    try:
        lock = os.open(os.path.join(folder, LOCK), os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise StoreError(f"{location} cannot be opened: {error.strerror}") from error
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(lock)
                raise StoreError(
                    f"{location} is in use by another process", hint="try again later"
                ) from None
            time.sleep(_AGAIN_S)
        else:
            return lock


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
