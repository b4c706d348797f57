"""Inputs made to break an import, and what an import of them takes, in a process of its own.

    python -m tests.store.hostile [NAME…]

Each input has good lines around what is bad. Printed are the peak of memory, the seconds, and what
was imported and rejected.
"""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import zstandard

ROOT = Path(__file__).parents[2]


def line(name: str, more: str = "") -> bytes:
    return f'{{"userSessionId": "{name}", "startTime": 1{more}}}\n'.encode()


def around(bad: bytes) -> bytes:
    """Return bad lines between two good ones."""
    return line("before") + bad + b"\n" + line("after")


def _gzip_bomb() -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=6) as packed:
        packed.write(line("before"))
        for _ in range(300):
            packed.write(bytes(1_000_000))
    return out.getvalue()


def _zstd_bomb() -> bytes:
    out = io.BytesIO()
    with zstandard.ZstdCompressor(level=3).stream_writer(out, closefd=False) as packed:
        packed.write(line("before"))
        for _ in range(300):
            packed.write(bytes(1_000_000))
    return out.getvalue()


def _ordinary(megabytes: int) -> bytes:
    """Ordinary sessions of a few kB, until there are so many."""
    from usql.demo import generate

    lines: list[bytes] = []
    some = [json.dumps(session) for session in generate(300)]
    size = number = 0
    while size < megabytes * 1_000_000:
        text = some[number % len(some)].replace(
            '"userSessionId": "', f'"userSessionId": "{number}-'
        )
        lines.append(text.encode() + b"\n")
        size += len(lines[-1])
        number += 1
    return b"".join(lines)


def _actions(count: int) -> bytes:
    """One session of very many actions, just below the caps."""
    action = json.dumps({"name": "a", "startTime": 1, "duration": 2, "type": "Load"})
    return line("before", ', "userActions": [' + ", ".join([action] * count) + "]")


INPUTS: dict[str, Callable[[], bytes]] = {
    "line of 100 MB": lambda: around(line("long", ', "city": "' + "x" * 100_000_000 + '"')),
    "line of 100 MB without an end": lambda: line("before") + b'"' + b"x" * 100_000_000,
    "lines of 8 MB": lambda: b"".join(
        line(str(n), ', "city": "' + "x" * 8_000_000 + '"') for n in range(12)
    ),
    "gzip bomb": _gzip_bomb,
    "zstd bomb": _zstd_bomb,
    "100,000 brackets": lambda: around(b'{"a": ' + b"[" * 100_000),
    "10,000,000 brackets": lambda: around(b'{"a": ' + b"[" * 10_000_000),
    "a million values": lambda: around(line("wide", ', "new": [' + "[]," * 980_000 + "0]")),
    "100,000 actions": lambda: _actions(100_000),
    "100 MB of ordinary sessions": lambda: _ordinary(100),
}

_CHILD = """
import sys, time, json
from usql.store.importer import import_files
from usql.store.sqlite_store import Location
summary = import_files(Location.of(sys.argv[1]), [sys.argv[2]])
with open("/proc/self/status") as status:
    peak = next(line for line in status if line.startswith("VmHWM")).split()[1]
print(json.dumps([int(peak) * 1024, summary.sessions, summary.rejected]))
"""


def taken(data: bytes, folder: Path) -> tuple[int, int, int]:
    """Import; return the peak of memory in bytes, and how much was imported and rejected."""
    source = folder / "input"
    source.write_bytes(data)
    run = [sys.executable, "-c", _CHILD, str(folder / "store.db"), str(source)]
    done = subprocess.run(run, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise AssertionError(done.stderr)
    peak, sessions, rejected = json.loads(done.stdout)
    return peak, sessions, rejected


def main() -> None:
    """Import each input and print what that took."""
    chosen: Any = sys.argv[1:] or INPUTS
    for name in chosen:
        data = INPUTS[name]()
        with TemporaryDirectory() as folder:
            began = time.perf_counter()
            peak, sessions, rejected = taken(data, Path(folder))
            seconds = time.perf_counter() - began
        print(
            f"{name:30} {len(data) / 1e6:7.1f} MB  peak {peak / 1e6:4.0f} MB  {seconds:5.1f} s"
            f"  {sessions:,} sessions, {rejected:,} rejected",
            flush=True,
        )


if __name__ == "__main__":
    main()
