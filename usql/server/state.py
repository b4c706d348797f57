"""What the parts of one server share."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from usql.engine import Database
from usql.server.access import Access
from usql.server.metrics import Metrics
from usql.server.options import Options
from usql.server.running import Runner

_REMEMBERED = 1000
"""Senders repeat what they sent last, not what they sent long ago."""


@dataclass
class State:
    """One server's store, limits and counts.

    Attributes:
        db: the store.
        path: its file.
        options: what the operator set.
        access: who may do what.
        metrics: what is counted.
        runner: runs queries.
        writing: held by the one request that writes.
        sending: how many requests are sending sessions.
        put_aside: digests of the last bodies of which lines were rejected.
        stopping: whether the server is about to end.
    """

    db: Database
    path: Path
    options: Options
    access: Access
    metrics: Metrics
    runner: Runner
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    sending: int = 0
    put_aside: deque[bytes] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    stopping: bool = False
