"""What the server adds to the library, and what it stands; on loopback, bounded in count and time.

    python -m benchmarks.server_load [overhead|crowd|memory|ingest|slow ...]

``overhead``  the median of ``table`` with a small result, beside that of the library.
``crowd``     200 clients at once.
``memory``    resident memory over 100,000 requests (``--requests`` for fewer).
``ingest``    sessions per second while queries run.
``slow``      a healthy client's 95th percentile beside 500 slow sockets.
"""

from __future__ import annotations

import argparse
import http.client
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import usql
from usql.demo import generate

QUERY = "SELECT country, COUNT(*) FROM usersession GROUP BY country LIMIT 5"
TARGET = "/api/v1/userSessionQueryLanguage/table?" + urlencode(
    {"query": QUERY, "startTimestamp": 1}
)
SESSIONS = 2000
INGESTED = 5000


class Client:
    """One connection that is kept."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, target: str = TARGET, method: str = "GET", body: bytes | None = None) -> float:
        """Return how long an answer took, in ms."""
        began = time.perf_counter()
        self._connection.request(method, target, body)
        answer = self._connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"status {answer.status}")
        return (time.perf_counter() - began) * 1000

    def close(self) -> None:
        self._connection.close()


def overhead(port: int, process: int, store: Path, options: argparse.Namespace) -> None:
    client = Client(port)
    served: list[float] = []
    alone: list[float] = []
    with usql.connect(store, create=False) as db:
        for _ in range(300):
            served.append(client.ask())
            began = time.perf_counter()
            db.query(QUERY, timeframe=(1, 4_000_000_000_000), timeout=60, max_limit=5000)
            alone.append((time.perf_counter() - began) * 1000)
    client.close()
    a, b = statistics.median(served), statistics.median(alone)
    print(f"overhead: {a:.2f} ms served, {b:.2f} ms by the library, {a - b:.2f} ms added")


def crowd(port: int, process: int, store: Path, options: argparse.Namespace) -> None:
    times: list[float] = []
    errors: list[Exception] = []

    def run() -> None:
        client = Client(port)
        try:
            times.extend(client.ask() for _ in range(10))
        except Exception as error:
            errors.append(error)
        client.close()

    seconds = _all_at_once([run] * 200)
    rate = len(times) / seconds
    print(f"crowd: 200 clients, {len(times)} answers, {len(errors)} errors, {rate:.0f} a second")


def memory(port: int, process: int, store: Path, options: argparse.Namespace) -> None:
    sizes = [_resident(process)]

    def run() -> None:
        client = Client(port)
        for _ in range(options.requests // 10 // 4):
            client.ask()
        client.close()

    for _ in range(10):
        _all_at_once([run] * 4)
        sizes.append(_resident(process))
    shown = ", ".join(f"{size:.0f}" for size in sizes)
    print(f"memory: MB after each tenth of {options.requests:,} requests: {shown}")


def ingest(port: int, process: int, store: Path, options: argparse.Namespace) -> None:
    from msgspec.json import encode

    sessions = list(generate(INGESTED, 3))
    bulks = [
        b"\n".join(encode(s) for s in sessions[at : at + 500]) for at in range(0, INGESTED, 500)
    ]
    asked: list[float] = []
    ended = threading.Event()

    def send() -> None:
        client = Client(port)
        while bulks:
            client.ask("/ingest", "POST", bulks.pop())
        client.close()

    def ask() -> None:
        client = Client(port)
        while not ended.is_set():
            asked.append(client.ask())
            time.sleep(0.02)
        client.close()

    asking = threading.Thread(target=ask)
    asking.start()
    seconds = _all_at_once([send, send])
    ended.set()
    asking.join()
    print(f"ingest: {INGESTED / seconds:.0f} sessions a second, while {len(asked)} queries ran")


def slow(port: int, process: int, store: Path, options: argparse.Namespace) -> None:
    with ExitStack() as sockets:
        for number in range(500):
            connection = sockets.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(
                b"GET /api/schema HTTP/1.1\r\nX-Slow: "
                if number % 2
                else b"POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"
            )
        client = Client(port)
        times = [client.ask() for _ in range(200)]
        client.close()
    print(f"slow: p95 {statistics.quantiles(times, n=20)[-1]:.1f} ms beside 500 slow sockets")


def _all_at_once(runs: list[Callable[[], None]]) -> float:
    threads = [threading.Thread(target=run) for run in runs]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def _resident(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


PARTS = {f.__name__: f for f in (overhead, crowd, memory, ingest, slow)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--requests", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "load.db"
        with usql.connect(store) as db:
            db.import_sessions(generate(SESSIONS, 1))
        process = subprocess.Popen(
            [sys.executable, "-m", "usql", "serve", str(store), "--port", "0"],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        port = int(process.stderr.readline().split("url=")[1].split()[0].rpartition(":")[2])
        log = threading.Thread(target=process.stderr.read, daemon=True)
        log.start()
        try:
            for part in options.parts:
                PARTS[part](port, process.pid, store, options)
        finally:
            process.terminate()
            process.wait()
            log.join()


if __name__ == "__main__":
    main()
