"""Servers in processes of their own, and clients that send exactly what they are told to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30
_LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A running ``usql serve``."""

    process: subprocess.Popen[str]
    url: str
    lines: list[str] = field(default_factory=list)
    reading: threading.Thread | None = None

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)

    def send(
        self,
        target: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Answer:
        """Send a request as it stands, and return the answer."""
        sent = {"Host": f"127.0.0.1:{self.port}", "Connection": "close", **(headers or {})}
        if body or method in ("POST", "PUT"):
            sent.setdefault("Content-Length", str(len(body)))
        head = [f"{method} {target} HTTP/1.1", *(f"{k}: {v}" for k, v in sent.items() if v)]
        with self.connect() as connection:
            connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
            return read_answer(connection)

    def post(self, target: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """Send JSON."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        return self.send(target, "POST", sent, json.dumps(body).encode())

    def stop(self) -> int:
        """Stop it in its usual way; return its exit code once its log has been read whole."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE_S)
        if self.reading is not None:
            self.reading.join(PATIENCE_S)
        return code


def read_answer(connection: socket.socket) -> Answer:
    """Read an answer to the end of the connection."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    if headers.get("transfer-encoding") == "chunked":
        body = b"".join(_chunks(body))
    return Answer(int(first.split()[1]), headers, body)


def _chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, body = body.partition(b"\r\n")
        yield body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "usql", *map(str, arguments)]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def token(store: Path, *scopes: str, label: str = "") -> str:
    """Make a token by the command line."""
    options = [part for scope in scopes for part in ("--scope", scope)]
    done = subprocess.run(
        command("token", "add", store, *options, "--label", label),
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    return done.stdout.strip()


@contextmanager
def serving(store: Path, *options: str | Path, largest_file: int | None = None) -> Iterator[Server]:
    """Run a server on a free port for the length of a block.

    ``largest_file`` is how many bytes a file may have that it writes, as on a disk that is full.
    """
    arguments = command("serve", store, "--port", "0", *options)
    if largest_file is not None:
        arguments = [sys.executable, "-c", _LIMITED, str(largest_file), *arguments]
    process = subprocess.Popen(
        arguments,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    server = Server(process, "")
    listening = threading.Event()
    reading = threading.Thread(target=_read_log, args=(server, listening), daemon=True)
    server.reading = reading
    reading.start()
    try:
        assert listening.wait(PATIENCE_S), server.log
        assert server.url, server.log
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE_S)
        reading.join(PATIENCE_S)
        assert process.stderr is not None
        process.stderr.close()


def _read_log(server: Server, listening: threading.Event) -> None:
    assert server.process.stderr is not None
    for line in server.process.stderr:
        server.lines.append(line.rstrip("\n"))
        found = re.search(r'url"?[=:] ?"?(https?://[^\s"]+)', line)
        if found and not server.url:
            server.url = found[1]
            listening.set()
    listening.set()


def lines(sessions: Iterable[Mapping[str, Any]]) -> bytes:
    """Return sessions as a sender's bulk."""
    return b"".join(json.dumps(session).encode() + b"\n" for session in sessions)
