"""The way to a ClickHouse server, over HTTP; the only importer of clickhouse-connect."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any
from uuid import uuid4

from usql.errors import StoreError
from usql.store.chdb_worker import ALWAYS, QUICKER, WRITING
from usql.store.clickhouse_client import (
    MAKE_ONE,
    READONLY,
    UNKNOWN_DATABASE,
    ClickhouseError,
    Client,
    GoneError,
    NoStoreError,
    Pending,
    Query,
    limit_settings,
    literal,
    parameter,
    rows_of,
    store_errors,
)
from usql.store.clickhouse_places import PASSWORD, ServerLocation
from usql.store.sqlite_schema import quoted

_FORMAT = "JSONCompactEachRow"
_URL = re.compile(r"\s*\(for url [^)]*\)$")
_LONGEST_S = 86_400
"""For a reply; what shall take less is ended by whoever waits for it."""
_AUTHENTICATION = (193, 194, 516)
_ONLY_READING = {"cancel_http_readonly_queries_on_client_close": "1"}
_CLUSTER = {
    # joins and sub-queries are of a session's own rows, which are on one shard
    "distributed_product_mode": "local",
    "distributed_foreground_insert": "1",
}


class ServerClient(Client):
    """A way to one server."""

    def __init__(self, location: ServerLocation, *, create: bool = False) -> None:
        self._location = location
        self._client = _connected(location, create)
        cluster = _CLUSTER if location.cluster else {}
        limits = limit_settings(location.limits)
        # older servers have not all of them
        quicker = {name: v for name, v in QUICKER.items() if name in self._client.server_settings}
        reading = {**ALWAYS, **quicker, **_ONLY_READING, **cluster, **limits}
        self._reading = {**reading, **self._only_read()}
        self._writing = {**WRITING, **cluster}

    def start(self, sql: str, params: Mapping[str, Any]) -> Query:
        """Begin a query, which the server is told only reads."""
        return _Request(self, sql, params)

    def write(self, sql: str) -> None:
        """Run a statement that may change the store."""
        with _errors():  # some statements can have no format
            self._client.raw_query(sql, settings=dict(self._writing))

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[bytes]) -> None:
        """Add rows, given as pieces of JSON lines, to a table."""
        for piece in rows:
            with _errors():
                self._client.raw_insert(
                    table, list(columns), piece, settings=dict(self._writing), fmt=_FORMAT
                )

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Change something: others may read meanwhile."""
        yield

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read: others may change something meanwhile."""
        yield

    def close(self) -> None:
        """Let go of the server."""
        with suppress(Exception):
            self._client.close()

    def ask(self, sql: str, params: Mapping[str, Any], settings: Mapping[str, str]) -> bytes:
        """Run a statement, and return its rows as JSON lines."""
        values = {n: v if isinstance(v, str) else parameter(v) for n, v in params.items()}
        with _errors():
            data: bytes = self._client.raw_query(
                sql, parameters=values or None, settings=dict(settings), fmt=_FORMAT
            )
        return data

    def read_with_id(self, sql: str, params: Mapping[str, Any], identifier: str) -> bytes:
        """Run a query that can be ended under an identifier."""
        return self.ask(sql, params, {**self._reading, "query_id": identifier})

    def kill(self, identifier: str) -> None:
        """Have the server end a query."""
        with suppress(ClickhouseError):
            self.ask(f"KILL QUERY WHERE query_id = {literal(identifier)} ASYNC", {}, {})

    def _only_read(self) -> dict[str, str]:
        """Return the setting that forbids all but reading, unless the user has it already."""
        found = rows_of(
            self.ask("SELECT value FROM system.settings WHERE name = 'readonly'", {}, {})
        )
        given = found[0][0] if found else "0"
        if given == "1":
            raise StoreError(
                f"the user {self._location.user} may not change settings, which queries need",
                hint="let the user's profile have readonly = 2",
            )
        return {"readonly": "1"} if given == "0" else {}


class _Request(Pending):
    """A query that a thread of its own waits for, so that it can be left alone."""

    def __init__(self, client: ServerClient, sql: str, params: Mapping[str, Any]) -> None:
        super().__init__()
        self._client = client
        self._identifier = uuid4().hex

        def work() -> None:
            try:
                self.settle(client.read_with_id(sql, params, self._identifier))
            except Exception as error:
                self.settle(b"", error)

        threading.Thread(target=work, name="usql-clickhouse", daemon=True).start()

    def _tell(self) -> None:
        threading.Thread(target=self._client.kill, args=[self._identifier], daemon=True).start()

    def _force(self) -> None:
        self.settle(b"", GoneError("it was left alone"))


def _connected(location: ServerLocation, create: bool) -> Any:
    """Return clickhouse-connect's client of a database."""
    try:
        import clickhouse_connect
        from clickhouse_connect.driver import exceptions
    except ImportError:
        raise StoreError(
            "ClickHouse stores need a library that is not installed",
            hint='python -m pip install "usql-engine[clickhouse]"',
        ) from None

    def connect(database: str) -> Any:
        return clickhouse_connect.get_client(
            host=location.host,
            port=location.port,
            username=location.user,
            password=location.password,
            database=database,
            secure=location.secure,
            autogenerate_session_id=False,
            client_name="usql",
            send_receive_timeout=_LONGEST_S,
        )

    try:
        return connect(location.database)
    except exceptions.Error as error:
        said = _said(error)
        if said.code == UNKNOWN_DATABASE:
            if not create:
                raise NoStoreError(f"no store at {location}", hint=MAKE_ONE) from error
            _make_database(connect("default"), location)
            return connect(location.database)
        if said.code in _AUTHENTICATION:
            raise StoreError(
                f"{location} does not let {location.user} in",
                hint=f"give the password in the URL, or in the variable {PASSWORD}",
            ) from error
        raise StoreError(f"{location} cannot be reached: {said}") from error


def _said(error: Exception) -> ClickhouseError:
    """Return what the server said, without what the library says around it."""
    text = str(error).partition("server response: ")[2] or str(error)
    return ClickhouseError(_URL.sub("", text))


def _make_database(client: Any, location: ServerLocation) -> None:
    cluster = f" ON CLUSTER {quoted(location.cluster)}" if location.cluster else ""
    with closing(client), store_errors(location), _errors():
        client.command(f"CREATE DATABASE IF NOT EXISTS {quoted(location.database)}{cluster}")


@contextmanager
def _errors() -> Iterator[None]:
    """Say the library's errors as our own."""
    from clickhouse_connect.driver import exceptions

    try:
        yield
    except exceptions.Error as error:
        said = _said(error)
        if said.code == READONLY:
            raise ClickhouseError(f"{said}; the user may only read") from error
        raise said from error
