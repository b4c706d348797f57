"""What an operator may set: one frozen value, with the defaults."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 8765
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Options:
    """How a server listens, whom it lets in, and how much it takes on.

    Attributes:
        host: the address to listen on.
        port: 0 for any that is free.
        certificate, key: PEM files; with them the server speaks TLS only.
        hosts: further names that requests may be addressed to; ``*`` for any.
        origins: of web pages whose scripts may call, such as ``https://reports.example``.
        ingest_secret: a file whose first line is a secret, or ``user:password``, that senders of
            sessions may use besides tokens.
        max_rows: of a result of the original's interface whose query has a ``LIMIT``, and of a
            page.
        max_query_bytes: of the body of a request that is no ingest.
        max_ingest_bytes: of the body of an ingest, as it is sent.
        max_unpacked_bytes: of the body of an ingest, unpacked.
        max_connections: at a time.
        max_running: queries that run at a time.
        max_waiting: queries that wait for their turn; further ones are told to come back.
        query_seconds: longest time of a query, its wait included.
        header_seconds: longest time a client may take to send the head of a request.
        body_seconds: longest time it may take to send the body, or to take in a part of an answer.
        stop_seconds: how long running requests may take to end when the server stops.
        json_logs: whether log lines are JSON objects.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    certificate: Path | None = None
    key: Path | None = None
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    ingest_secret: Path | None = None
    max_rows: int = 5000
    max_query_bytes: int = 4 * 1024 * 1024
    max_ingest_bytes: int = 16 * 1024 * 1024
    max_unpacked_bytes: int = 256 * 1024 * 1024
    max_connections: int = 1024
    max_running: int = 8
    max_waiting: int = 512
    query_seconds: float = 60.0
    header_seconds: float = 10.0
    body_seconds: float = 30.0
    stop_seconds: float = 10.0
    json_logs: bool = False

    @property
    def loopback(self) -> bool:
        """Whether only programs on this machine can connect.

        >>> Options().loopback, Options(host="0.0.0.0").loopback
        (True, False)
        """
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False
