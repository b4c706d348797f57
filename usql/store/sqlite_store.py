"""SQLite files as stores: naming them, opening them to write or to read, and what they know.

What arrives: a path or URL that a person wrote. What leaves: connections to a store of the current
version, in autocommit mode; whatever else the place holds, nothing, a folder, a foreign database,
a newer store, is refused with a ``StoreError`` that says so, and left as it is.
"""

from __future__ import annotations

import os
import re
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from usql.errors import StoreError
from usql.layout import Layout, default_layout
from usql.store import sqlite_schema

MEMORY = ":memory:"

WRITER_PATIENCE = 10.0
"""Seconds to wait for another writer, or for a reader in the way, before giving up."""
READER_PATIENCE = 60.0
"""Seconds a reader waits. In a file readers never wait for a writer; in memory they do."""

_SUPPORTED = "stores are SQLite files for now: a path, sqlite:PATH or :memory:"
_LATER = frozenset({"duckdb", "parquet", "clickhouse", "chdb"})
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?P<slashes>//)?")

# Detail rows are a few hundred bytes, at times over 1 kB. A clustered table keeps a row whole in
# its page up to a quarter of the page; 8 kB pages leave few rows spilling over, and still rewrite
# little when a batch touches many of them.
_PAGE_SIZE = 8192
_WRITER_CACHE_KIB = 32 * 1024
_READER_CACHE_KIB = 32 * 1024
# Index pages are touched by batch after batch; a longer log saves writing them back each time.
_CHECKPOINT_PAGES = 4096
_SAMPLED_ROWS = 1000
"""Rows of each index that SQLite looks at, so that it chooses well between them."""


@dataclass(frozen=True)
class Location:
    """Where a store is.

    A store in memory lives as long as its location does, or a connection to it.

    Attributes:
        uri: what SQLite opens, without parameters of the mode.
        path: the file, or ``None`` for a store in memory.
    """

    uri: str
    path: Path | None = None

    @classmethod
    def of(cls, url: str | os.PathLike[str]) -> Location:
        """Return the location that a person named.

        Args:
            url: a path, ``sqlite:path``, or ``:memory:`` for a new store in memory.

        Raises:
            StoreError: it names a kind of store that is not supported, or nothing.

        >>> Location.of("sqlite:sessions.db").path.name
        'sessions.db'
        """
        if not isinstance(url, str):
            return cls._file(Path(url))
        text = url.removeprefix("sqlite:")
        if text == MEMORY:
            return cls._new_memory()
        _refuse_other_kinds(text)
        return cls._file(Path(text).expanduser() if text else None)

    @classmethod
    def _file(cls, path: Path | None) -> Location:
        if path is None:
            raise StoreError("the name of the store is empty", hint=_SUPPORTED)
        return cls(path.absolute().as_uri(), path)

    @classmethod
    def _new_memory(cls) -> Location:
        from uuid import uuid4  # takes 3 ms to import, and few processes need it

        location = cls(f"file:/usql-{uuid4()}?vfs=memdb")
        # SQLite drops the database with its last connection, so one stays open.
        anchor = sqlite3.connect(location.uri, uri=True, check_same_thread=False)
        weakref.finalize(location, anchor.close)
        return location

    @property
    def memory(self) -> bool:
        """Whether the store is in memory only."""
        return self.path is None

    def __str__(self) -> str:
        return MEMORY if self.path is None else str(self.path)

    def with_parameters(self, parameters: str) -> str:
        """Return the URI with further parameters, such as ``mode=ro``."""
        return f"{self.uri}{'&' if '?' in self.uri else '?'}{parameters}"


def _refuse_other_kinds(text: str) -> None:
    url = _URL.match(text)
    if url is None:
        return
    if url["scheme"].lower() in _LATER:
        raise StoreError(f"{url['scheme']} stores are not supported yet", hint=_SUPPORTED)
    if url["slashes"]:
        raise StoreError(f"unknown kind of store: {url['scheme']}", hint=_SUPPORTED)


def open_writer(
    location: Location,
    create: bool = True,
    *,
    layout: Layout | None = None,
    patience: float | None = None,
) -> sqlite3.Connection:
    """Open a store to write, made or brought to the current version if need be.

    The connection is in autocommit mode: transactions are begun and ended by the caller.

    Args:
        location: where the store is.
        create: whether to make it where there is none.
        layout: of a new store; the catalogue's unless given.
        patience: seconds to wait for another writer, each time; 10 unless given.

    Raises:
        StoreError: the place holds something else, or cannot be written.
    """
    _check_place(location, create)
    with store_errors(location):
        mode = "mode=rwc" if create else "mode=rw"
        wait = WRITER_PATIENCE if patience is None else patience
        connection = _connect(location.with_parameters(mode), wait)
        with _closed_on_error(connection):
            _prepare(connection, location, create, layout or default_layout())
            # In WAL mode NORMAL never corrupts a store; a power failure may only take back the
            # last batches, and an import can simply be run again.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    return connection


def open_reader(location: Location) -> sqlite3.Connection:
    """Open a store to read; the connection may be used from any thread, by one at a time.

    Raises:
        StoreError: there is no store, or not one of this version.
    """
    _check_place(location, create=False)
    with store_errors(location):
        connection = _connect_to_read(location)
        with _closed_on_error(connection):
            tune_reader(connection)
            version = _version(connection, location)
            if version is None:
                raise _missing(location)
            if version < sqlite_schema.current_version():
                raise StoreError(
                    f"{location} was made by an older version of usql",
                    hint="import into it once, with nothing if need be, to bring it up to date",
                )
    return connection


def tune_reader(connection: sqlite3.Connection) -> None:
    """Let a connection that reads keep more of the file at hand than SQLite's own 2 MB."""
    connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")


def start_range(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """Return the earliest and the latest ``startTime`` of sessions, in ms; ``None`` if empty."""
    earliest, latest = connection.execute(
        'SELECT (SELECT min("startTime") FROM usersession),'
        ' (SELECT max("startTime") FROM usersession)'
    ).fetchone()
    return None if earliest is None else (earliest, latest)


def session_range(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """Return the earliest ``startTime`` and the latest ``endTime`` of sessions, in ms."""
    earliest, latest = connection.execute(
        'SELECT min("startTime"), ifnull(max("endTime"), max("startTime")) FROM usersession'
    ).fetchone()
    return None if earliest is None else (earliest, latest)


def property_keys(connection: sqlite3.Connection, table: str, field: str) -> list[str]:
    """Return the keys, sorted, that a properties field ever had in the store."""
    keys = connection.execute(
        'SELECT key FROM usql_property WHERE "table" = ? AND field = ? ORDER BY key', (table, field)
    )
    return [key for (key,) in keys]


def segments(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return the names and texts of the named segments.

    Their table is made with the first of them, so that stores need no new version for it.
    """
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'usql_segment'")
    if found.fetchone() is None:
        return []
    return connection.execute("SELECT name, text FROM usql_segment ORDER BY name").fetchall()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run a block as one transaction that is the only one to write."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may have ended the transaction already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def indexes_at_the_end(connection: sqlite3.Connection) -> Iterator[None]:
    """Make the indexes that a block postpones, however it ends, or that an earlier one had to."""
    try:
        yield
    except BaseException:
        # The error says what went wrong; the next import makes what cannot be made now.
        with suppress(sqlite3.Error):
            make_indexes(connection)
        raise
    make_indexes(connection)


def make_indexes(connection: sqlite3.Connection) -> None:
    """Make all indexes that are postponed; others may write in between."""
    for name in sqlite_schema.postponed_indexes(connection):
        with transaction(connection):
            sqlite_schema.make_index(connection, name)


def analyze(connection: sqlite3.Connection) -> None:
    """Let SQLite look at the data, so that it chooses well between indexes."""
    # It is only advice: nothing fails for the lack of it.
    with suppress(sqlite3.OperationalError):
        connection.execute(f"PRAGMA analysis_limit = {_SAMPLED_ROWS}")
        connection.execute("ANALYZE")


@contextmanager
def store_errors(location: Location) -> Iterator[None]:
    """Say SQLite's errors within a block as ``StoreError``, for people."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        problem, hint = _PROBLEMS.get(code, (f"cannot be used: {error}", None))
        raise StoreError(f"{location} {problem}", hint=hint) from error


_HALF_DONE = (sqlite3.SQLITE_READONLY_ROLLBACK, sqlite3.SQLITE_READONLY_RECOVERY)
_WAIT_LONGER = "try again later; usql import --wait SECONDS waits longer"
_FOREIGN = "is a SQLite file, but not a usql store"
_PROBLEMS: dict[int, tuple[str, str | None]] = {
    sqlite3.SQLITE_NOTADB: ("is not a usql store, nor any SQLite file", None),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "restore a copy, or import into a new store"),
    sqlite3.SQLITE_BUSY: ("is locked: another process is writing to it", _WAIT_LONGER),
    sqlite3.SQLITE_LOCKED: ("is locked: another connection is writing to it", _WAIT_LONGER),
    sqlite3.SQLITE_FULL: (
        "cannot grow: the disk is full",
        "free some space and run the import again; what was imported before is kept",
    ),
    sqlite3.SQLITE_IOERR: (
        "cannot be read or written: the disk reports an error",
        "check the disk and its free space",
    ),
    sqlite3.SQLITE_READONLY: ("cannot be written", "check the permissions of file and folder"),
    sqlite3.SQLITE_PERM: ("cannot be opened", "check the permissions of file and folder"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "check the permissions of file and folder"),
}


def _missing(location: Location) -> StoreError:
    return StoreError(
        f"no store at {location}", hint="make one with: usql import FILES, or usql demo"
    )


def _check_place(location: Location, create: bool) -> None:
    """Refuse what SQLite would only call "unable to open database file"."""
    path = location.path
    if path is None:
        return
    if path.is_dir():
        raise StoreError(f"{path} is a folder, not a store")
    if path.exists():
        if not os.access(path, os.R_OK):
            raise StoreError(f"no permission to read {path}")
    elif not create:
        raise _missing(location)
    elif not path.absolute().parent.is_dir():
        raise StoreError(f"the folder {path.parent} does not exist", hint="make the folder first")


def _connect(uri: str, patience: float) -> sqlite3.Connection:
    return sqlite3.connect(
        uri, uri=True, timeout=patience, isolation_level=None, check_same_thread=False
    )


def _connect_to_read(location: Location) -> sqlite3.Connection:
    """Connect for reading, to a state that no killed process has left half done.

    SQLite goes back to the last whole state by itself, but not over a connection that may only
    read.
    """
    uri = location.with_parameters(_reading_mode(location))
    connection = _connect(uri, READER_PATIENCE)
    with _closed_on_error(connection):
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in _HALF_DONE:
                raise
            with closing(_connect(location.with_parameters("mode=rw"), READER_PATIENCE)) as writer:
                writer.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    return connection


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _reading_mode(location: Location) -> str:
    """Return the parameters to open a store with to read.

    To read a file in WAL mode, SQLite makes a small file beside it. Where it cannot, but no log
    is there either, nobody writes and the file can be read as it stands.
    """
    path = location.path
    if path is None or os.access(path.absolute().parent, os.W_OK):
        return "mode=ro"
    log = path.with_name(path.name + "-wal")
    return "mode=ro" if log.exists() else "mode=ro&immutable=1"


def _version(connection: sqlite3.Connection, location: Location) -> int | None:
    """Return the version of a store, or ``None`` for an empty database.

    Raises:
        StoreError: it is another application's database, or a store of a newer version.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != sqlite_schema.APPLICATION_ID:
        if application == version == tables == 0:
            return None
        raise StoreError(f"{location} {_FOREIGN}")
    if version > sqlite_schema.current_version():
        raise StoreError(
            f"{location} was made by a newer version of usql", hint="update usql-engine"
        )
    return int(version)


def _prepare(
    connection: sqlite3.Connection, location: Location, create: bool, layout: Layout
) -> None:
    """Leave a store of the current version behind the connection."""
    version = _version(connection, location)
    if version == sqlite_schema.current_version():
        return
    if version is None:
        if not create:
            raise _missing(location)
        connection.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
        connection.execute("PRAGMA journal_mode = WAL")
    with transaction(connection):
        # Another process may have done it while this one waited.
        version = _version(connection, location)
        if version is None:
            sqlite_schema.create(connection, layout)
        elif version < sqlite_schema.current_version():
            sqlite_schema.migrate(connection, version)
