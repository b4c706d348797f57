"""Demo data: eight weeks of an invented travel shop, as sessions in the newer export format.

What arrives is a number of sessions and a seed. What leaves is one `dict` a session, its fields
named and ordered as in `fields.csv`, nulls left out (missing and null are the same). The same seed
gives the same bytes on every platform and Python version: the only source of chance is
`random.Random.random`, whose sequence Python promises to keep, and the rest is arithmetic of IEEE
doubles (no `libm`), without clock, locale or hash order. One person is made at a time, with all
their sessions, so memory stays flat; sessions of different persons are in no order.

What there is to find: leisure traffic peaks on Sunday evening by each visitor's own clock; payment
is slow from 18 to 22 o'clock in Vienna; version 5.8.0 of the Android app, of week 6, crashes.

The package knows nothing of the engine. `places`, `devices`, `shop` and `choices` are tables, data
alone; `chance` and `clock` say how often and when; `people` come by their `ways` on a `visit`, of
which `session` makes the record. All names of the shop, of its customers and of its hosts are
invented (RFC 2606 names, RFC 2544 and RFC 3849 addresses).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import BinaryIO

from usql.demo.chance import Dice, Names
from usql.demo.queries import NEXT, QUERIES, DemoQuery
from usql.demo.record import Record
from usql.demo.session import session_record
from usql.demo.ways import visits

__all__ = ["DEFAULT_SEED", "DEFAULT_SESSIONS", "NEXT", "QUERIES", "DemoQuery", "generate", "write"]

DEFAULT_SESSIONS = 5000
DEFAULT_SEED = 1


def generate(sessions: int = DEFAULT_SESSIONS, seed: int = DEFAULT_SEED) -> Iterator[Record]:
    """Yield sessions of the demo shop, one at a time.

    Args:
        sessions: how many.
        seed: of the random numbers; the same seed gives the same sessions, and fewer sessions
            are the first of more.

    Returns:
        An iterator of sessions as the export format has them; times are ms since the epoch, UTC.

    Example:
        >>> first = next(generate())
        >>> first["startTime"] == first["userActions"][0]["startTime"]
        True
    """
    dice = Dice(seed)
    names = Names(seed)
    made = 0
    while made < sessions:
        for visit in visits(dice, names):
            yield session_record(visit, names.session())
            made += 1
            if made == sessions:
                return


def write(path: Path, sessions: int = DEFAULT_SESSIONS, seed: int = DEFAULT_SEED) -> None:
    """Write sessions of the demo shop as NDJSON, UTF-8, a session a line.

    Args:
        path: of the file; it is compressed with gzip if its name ends in `.gz`, without a
            time stamp or a name inside, so that two runs give equal bytes.
        sessions: how many.
        seed: see `generate`.

    Raises:
        OSError: if the file can't be written.
    """
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
    with path.open("wb") as file, _compressed(file, path.name) as out:
        for session in generate(sessions, seed):
            out.write(encode(session).encode() + b"\n")


def _compressed(file: BinaryIO, name: str) -> AbstractContextManager[BinaryIO | gzip.GzipFile]:
    if name.endswith(".gz"):
        return gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0)
    return nullcontext(file)
