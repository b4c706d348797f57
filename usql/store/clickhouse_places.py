"""Where ClickHouse stores are, and the URLs that say so; nothing is opened, nothing heavy imported.

A store is a folder that the engine keeps in process (``chdb:``) or a database of a server
(``clickhouse:``).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from usql.errors import StoreError

CHDB = "chdb:"
CLICKHOUSE = "clickhouse:"
PASSWORD = "CLICKHOUSE_PASSWORD"
"""Environment variable for what is better not written into a URL."""

_CHDB_HINT = "write chdb:FOLDER"
_SERVER_HINT = "write clickhouse://user@host:port/database"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIZE = re.compile(r"(\d+)([kmgt]?)(?:i?b)?", re.IGNORECASE)
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


@dataclass(frozen=True)
class Limits:
    """What one query may take of a machine.

    Attributes:
        memory: bytes; ``None`` leaves it to the engine.
        threads: processors; ``None`` leaves it to the engine.
    """

    memory: int | None = None
    threads: int | None = None


@dataclass(frozen=True)
class ChdbLocation:
    """A folder that the engine keeps in process.

    Attributes:
        path: of the folder.
        limits: of a query.
    """

    path: Path
    limits: Limits = Limits()

    cluster = None
    """Only servers are many."""
    database = "default"

    def __str__(self) -> str:
        return str(self.path)

    @classmethod
    def of(cls, url: str) -> ChdbLocation:
        """Return the place that ``chdb:folder/`` names.

        Raises:
            StoreError: it names no folder, or an option that there is not.

        >>> ChdbLocation.of("chdb:sessions/?memory=2g").limits.memory
        2147483648
        """
        name, _, options = url.removeprefix(CHDB).removeprefix("//").partition("?")
        if not name:
            raise StoreError("the name of the store is empty", hint=_CHDB_HINT)
        given = _options(options, ("memory", "threads"))
        return cls(Path(name).expanduser(), _limits(given))


@dataclass(frozen=True)
class ServerLocation:
    """A database of a server.

    Attributes:
        host: name or address.
        port: of its HTTP interface.
        user: who asks.
        password: of the user.
        database: that holds the store.
        secure: whether connections are encrypted.
        cluster: name of the servers that share the store, or ``None`` for one server.
        limits: of a query.
    """

    host: str
    port: int = 8123
    user: str = "default"
    password: str = field(default="", repr=False)
    database: str = "default"
    secure: bool = False
    cluster: str | None = None
    limits: Limits = Limits()

    path = None
    """There is no file."""

    def __str__(self) -> str:
        return f"clickhouse://{self.host}:{self.port}/{self.database}"

    @classmethod
    def of(cls, url: str, environment: Mapping[str, str] = os.environ) -> ServerLocation:
        """Return the place that ``clickhouse://user:password@host:port/database`` names.

        Args:
            url: with options ``secure``, ``cluster``, ``memory`` and ``threads`` behind ``?``.
            environment: may have the password, which a URL then need not.

        Raises:
            StoreError: it cannot be read.

        >>> place = ServerLocation.of("clickhouse://ann:secret@db.example:8443/shop?secure=true")
        >>> str(place), place.user, place.secure
        ('clickhouse://db.example:8443/shop', 'ann', True)
        """
        from urllib.parse import unquote, urlsplit

        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise StoreError("the name of the store cannot be read", hint=_SERVER_HINT) from None
        if not url.startswith(f"{CLICKHOUSE}//") or not parts.hostname:
            raise StoreError("the name of the store names no server", hint=_SERVER_HINT)
        given = _options(parts.query, ("secure", "cluster", "memory", "threads"))
        secure = given.get("secure", "false").lower() in ("true", "1", "yes")
        return cls(
            host=parts.hostname,
            port=port or (8443 if secure else 8123),
            user=unquote(parts.username or "default"),
            password=unquote(parts.password or "") or environment.get(PASSWORD, ""),
            database=_checked("database", unquote(parts.path.strip("/")) or "default"),
            secure=secure,
            cluster=_checked("cluster", given["cluster"]) if "cluster" in given else None,
            limits=_limits(given),
        )


ClickhouseLocation: TypeAlias = ChdbLocation | ServerLocation
"""Where a ClickHouse store is."""


def _checked(what: str, name: str) -> str:
    """Return a name that stands in statements as it is."""
    if _NAME.fullmatch(name) is None:
        raise StoreError(
            f"{name!r} cannot be the name of a {what}", hint="use letters, digits and _"
        )
    return name


def _options(text: str, known: tuple[str, ...]) -> dict[str, str]:
    """Return the options of a URL."""
    given = {}
    for option in filter(None, text.split("&")):
        name, _, value = option.partition("=")
        if name not in known:
            raise StoreError(
                f"a store of this kind has no option {name!r}", hint=f"options: {', '.join(known)}"
            )
        given[name] = value
    return given


def _limits(given: Mapping[str, str]) -> Limits:
    threads = given.get("threads")
    if threads is not None and not (threads.isdecimal() and int(threads) > 0):
        raise StoreError(f"{threads!r} is no number of threads", hint="write threads=4")
    return Limits(
        _bytes(given["memory"]) if "memory" in given else None,
        None if threads is None else int(threads),
    )


def _bytes(text: str) -> int:
    found = _SIZE.fullmatch(text)
    if found is None or not int(found[1]):
        raise StoreError(f"{text!r} is no amount of memory", hint="write memory=4g")
    return int(found[1]) * _UNITS[found[2].lower()]
