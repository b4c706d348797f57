"""The process that keeps a folder of ClickHouse tables for another process.

``python -m usql.store.chdb_worker FOLDER [SETTING …]`` reads requests from standard input and
writes replies to standard output. The engine can be in a process only once, takes long to be told
to stop, and takes the process with it where it fails; here it can be ended at any moment.

What arrives and leaves are frames: four bytes of length, then ``[number, …]`` in MessagePack.

* ``[n, "read" | "write", sql, values]`` → ``[n, rows as JSON lines]`` or ``[n, null, problem]``,
* ``[n, "kill", m]`` ends request ``m``.

Frame 0 says that the folder is open, or what the problem is. Reads go over connections that can do
nothing else. Whoever starts it has locked the folder, and hands the lock down.
"""

from __future__ import annotations

import os
import queue
import signal
import struct
import sys
import threading
from collections.abc import Mapping
from importlib import import_module
from typing import IO, Any

import msgspec

LOCK = "usql.lock"
"""File of a folder that the process which serves it has locked, and keeps locked for the other."""
_LENGTH = struct.Struct("<I")

ALWAYS = {
    "join_use_nulls": "1",
    "cast_keep_nullable": "1",
    "enable_extended_results_for_datetime_functions": "1",
    "prefer_column_name_to_alias": "1",
    "output_format_json_quote_64bit_integers": "0",
    "output_format_json_named_tuples_as_objects": "0",
    "output_format_json_escape_forward_slashes": "0",
    "max_query_size": "67108864",
    "max_ast_elements": "10000000",
    "max_expanded_ast_elements": "10000000",
    "max_ast_depth": "10000",
    "max_parser_depth": "10000",
    "max_parser_backtracks": "10000000",
}
"""Settings under which SQL means what the dialect takes for granted."""
QUICKER = {
    # all rows have sessions, so a join has nothing to filter before it
    "enable_join_runtime_filters": "0",
    # those on extremes of partitions, which no query asks for; to look for them takes 1 ms
    "optimize_use_implicit_projections": "0",
    # the sessions of a condition, where they are many, are no range of the key to speak of
    "use_index_for_in_with_subqueries_max_values": "10000",
}
"""Settings of speed alone."""
WRITING = {
    "max_query_size": "67108864",
    "precise_float_parsing": "1",
    "max_partitions_per_insert_block": "0",
    "input_format_parallel_parsing": "0",
    "lightweight_deletes_sync": "2",
    "mutations_sync": "2",
}
"""Settings of statements that change the store."""


def write_frame(stream: IO[bytes], message: Any) -> None:
    """Write a message and its length."""
    data = msgspec.msgpack.encode(message)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Any:
    """Return the next message, or ``None`` at the end."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = stream.read(length)
    return msgspec.msgpack.decode(data) if len(data) == length else None


def marked(number: int, sql: str) -> str:
    """Return SQL with a mark by which it can be found among what is running."""
    return f"{_mark(number)} {sql}"


def _mark(number: int) -> str:
    return f"/* usql {number} */"


def _refuse_files(sql: str) -> None:
    """Refuse the one clause by which a reading connection of an engine in process writes.

    What users write never becomes SQL text, so the word stands in no query of ours.
    """
    if "outfile" in sql.casefold():
        raise PermissionError("Code: 164. a query cannot write files")


class _Worker:
    """Runs requests in threads, each with a connection of its own for as long as it lasts."""

    def __init__(self, folder: str, limits: Mapping[str, str], out: IO[bytes]) -> None:
        self._engine: Any = import_module("chdb")
        self._folder = folder
        self._limits = limits
        self._out = out
        self._replying = threading.Lock()
        self._readers: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._writer, self._one_writes = self._connection(WRITING), threading.Lock()
        self._killer, self._one_kills = self._connection({}), threading.Lock()

    def reply(self, *message: Any) -> None:
        """Send a reply."""
        with self._replying:
            write_frame(self._out, message)

    def take(self, request: list[Any]) -> None:
        """Begin to run a request."""
        threading.Thread(target=self._run, args=request, daemon=True).start()

    def _run(self, number: int, kind: str, *arguments: Any) -> None:
        try:
            if kind == "kill":
                self._kill(*arguments)
            elif kind == "write":
                with self._one_writes:
                    self.reply(number, self._ask(self._writer, number, *arguments))
            else:
                _refuse_files(arguments[0])
                reader = self._reader()
                try:
                    self.reply(number, self._ask(reader, number, *arguments))
                finally:
                    self._readers.put(reader)
        except Exception as error:
            self.reply(number, None, str(error))

    def _ask(self, connection: Any, number: int, sql: str, params: dict[str, str]) -> bytes:
        result = connection.query(marked(number, sql), "JSONCompactEachRow", params=params or None)
        data: bytes = result.bytes()
        return data

    def _kill(self, number: int) -> None:
        with self._one_kills:
            self._killer.query(
                f"KILL QUERY WHERE startsWith(query, '{_mark(number)}') ASYNC", "TabSeparated"
            )

    def _reader(self) -> Any:
        try:
            return self._readers.get_nowait()
        except queue.Empty:
            return self._connection({**ALWAYS, **QUICKER, **self._limits, "readonly": "1"})

    def _connection(self, settings: Mapping[str, str]) -> Any:
        connection = self._engine.connect(self._folder)
        if settings:
            assignments = ", ".join(f"{name} = {value}" for name, value in settings.items())
            connection.query(f"SET {assignments}")
        return connection


def main(folder: str, *settings: str) -> None:
    """Serve one process until its end of the pipe is closed.

    Args:
        folder: that has the tables.
        settings: further settings of reading, as ``name=value``.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the other process, which tells us
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the engine says there would be taken for a reply
    try:
        limits = {name: value for name, _, value in (s.partition("=") for s in settings)}
        worker = _Worker(folder, limits, out)
    except BaseException as error:
        write_frame(out, [0, str(error) or type(error).__name__])
        return
    worker.reply(0, None)
    while (request := read_frame(sys.stdin.buffer)) is not None:
        worker.take(request)
    os._exit(0)  # threads may be within the engine still


if __name__ == "__main__":
    main(*sys.argv[1:])
