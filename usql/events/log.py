"""The raw rows that a store keeps, so that late ones find the sessions that they belong to.

What arrives: events, file by file, within the write transaction of an import. What leaves: the
users whose sessions have to be cut anew, and their events in order. The tables are made by the
first import of events: stores of exports do not have them.

``usql_event``
    one line for each different row ever imported; ``count`` is how often it occurs.
``usql_event_session``
    which sessions are made of events, and of which: those from the first to the last.
``usql_event_column``
    the type of each column, as wide as its widest value.
``usql_event_setting``
    by which limits sessions are cut.

Two equal rows of one file are two events. A row of one file that another file has, too, is the
same event: it counts as often as it occurs in the file that has it most often. So files may
overlap, come twice and in any order.

A session that is deleted, or replaced by one of an export, takes its events along.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from usql.events.cutting import Cutting
from usql.events.deriving import Happening, Stream
from usql.events.rows import Event
from usql.events.values import ColumnType, widest
from usql.experience import ExperienceRules
from usql.store.sessions import Identity
from usql.store.sqlite_schema import IDENTITY, quoted

_TABLES = (
    """CREATE TABLE usql_event (
        user TEXT NOT NULL, part TEXT NOT NULL, time INTEGER NOT NULL, digest BLOB NOT NULL,
        count INTEGER NOT NULL, payload BLOB NOT NULL,
        PRIMARY KEY (user, part, time, digest)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE usql_event_session (
        session INTEGER NOT NULL UNIQUE, user TEXT NOT NULL, part TEXT NOT NULL,
        first_time INTEGER NOT NULL, first_digest BLOB NOT NULL,
        last_time INTEGER NOT NULL, last_digest BLOB NOT NULL,
        PRIMARY KEY (user, session)
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE usql_event_column (name TEXT PRIMARY KEY, type TEXT NOT NULL) STRICT",
    "CREATE TABLE usql_event_setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    """CREATE TRIGGER usql_event_session_deleted AFTER DELETE ON usersession
    WHEN EXISTS (SELECT 1 FROM usql_event_session WHERE session = old._session) BEGIN
        DELETE FROM usql_event WHERE (user, part, time, digest) IN (
            SELECT e.user, e.part, e.time, e.digest
            FROM usql_event_session s CROSS JOIN usql_event e
            ON e.user = s.user AND e.part = s.part
            AND (e.time, e.digest) >= (s.first_time, s.first_digest)
            AND (e.time, e.digest) <= (s.last_time, s.last_digest)
            WHERE s.session = old._session
        );
        DELETE FROM usql_event_session WHERE session = old._session;
    END""",
)
_BY_DIGEST = "CREATE UNIQUE INDEX IF NOT EXISTS usql_event_by_digest ON usql_event (digest)"
_STAGING = (
    "DROP TABLE IF EXISTS temp.staged",
    "DROP TABLE IF EXISTS temp.coming",
    "DROP TABLE IF EXISTS temp.touched",
    """CREATE TABLE temp.staged (
        file INTEGER, digest BLOB, user TEXT, part TEXT, time INTEGER, payload BLOB
    )""",
    "CREATE TABLE temp.touched (user TEXT PRIMARY KEY) WITHOUT ROWID",
)
_STAGE = "INSERT INTO temp.staged VALUES (?, ?, ?, ?, ?, ?)"

# Of equal rows of one import any will do, since the same mapping has read them; the greatest
# payload is one that does not depend on their order.
_COMING = """CREATE TABLE temp.coming AS
    SELECT digest, max(n) AS n, user, part, time, max(payload) AS payload FROM (
        SELECT digest, count(*) AS n, user, part, time, max(payload) AS payload
        FROM temp.staged GROUP BY digest, file
    ) GROUP BY digest ORDER BY digest"""
_KNOWN = """DELETE FROM temp.coming WHERE EXISTS (
        SELECT 1 FROM usql_event e WHERE e.digest = coming.digest AND e.user = coming.user
        AND e.part = coming.part AND e.time = coming.time AND e.payload = coming.payload
        AND e.count >= coming.n
    )"""
_OFTEN = """UPDATE temp.coming SET n = e.count FROM usql_event e
    WHERE e.digest = coming.digest AND e.count > n"""
_TOUCHED = (
    """INSERT OR IGNORE INTO temp.touched
    SELECT e.user FROM temp.coming c CROSS JOIN usql_event e ON e.digest = c.digest""",
    "INSERT OR IGNORE INTO temp.touched SELECT user FROM temp.coming",
)
_ALL_TOUCHED = "INSERT OR IGNORE INTO temp.touched SELECT DISTINCT user FROM usql_event"
_FORGET = """DELETE FROM usql_event WHERE (user, part, time, digest) IN (
        SELECT e.user, e.part, e.time, e.digest
        FROM temp.coming c CROSS JOIN usql_event e ON e.digest = c.digest
    )"""
_MERGE = """INSERT INTO usql_event (user, part, time, digest, count, payload)
    SELECT user, part, time, digest, n, payload FROM temp.coming
    ORDER BY user, part, time, digest"""
_FOREIGN = """SELECT min("startTime") FROM usersession u WHERE "userId" = ?
    AND NOT EXISTS (SELECT 1 FROM usql_event_session s WHERE s.session = u._session)"""
_MARK = (
    "INSERT INTO usql_event_session"
    " (session, user, part, first_time, first_digest, last_time, last_digest)"
    " SELECT _session, ?5, ?6, ?7, ?8, ?9, ?10 FROM usersession WHERE "
    + " AND ".join(f"{term} = ?{index}" for index, term in enumerate(IDENTITY, 1))
)
_PIECE = 500


class Limits(NamedTuple):
    """By what a store cuts and scores sessions."""

    cutting: Cutting
    experience: ExperienceRules


class Merged(NamedTuple):
    """What an import brought.

    Attributes:
        rows: read, all in all.
        fresh: that are new, more than before, or mean something else than before.
    """

    rows: int
    fresh: int


class StoredEvent(NamedTuple):
    """A row of ``usql_event``, but for its user.

    Attributes:
        times: how often it occurs.
    """

    part: str
    time: int
    digest: bytes
    times: int
    payload: bytes


class Log:
    """The raw rows of one store, within a write transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        if not exists(connection):
            for statement in _TABLES:
                connection.execute(statement)
        for statement in _STAGING:
            connection.execute(statement)
        self._rows = 0
        self._pending: list[tuple[int, bytes, str, str, int, bytes]] = []

    def stage(self, file: int, event: Event) -> None:
        """Put an event aside, to be merged with the others.

        Args:
            file: number of the file it is from.
            event: to be added.
        """
        self._rows += 1
        self._pending.append((file, *event))
        if len(self._pending) >= _PIECE:
            self._flush()

    def merge(self) -> Merged:
        """Add what was put aside; from then on, ``touched`` says whose sessions change."""
        self._flush()
        run = self._connection.execute
        is_first = run("SELECT NOT EXISTS (SELECT 1 FROM usql_event)").fetchone()[0]
        run(_COMING)
        run("DELETE FROM temp.staged")
        if not is_first:
            run(_KNOWN)
            run(_OFTEN)
            run(_TOUCHED[0])
        run(_TOUCHED[1])
        if not is_first:
            run(_FORGET)
        else:
            # To sort digests once is less work than to keep them sorted.
            run("DROP INDEX IF EXISTS usql_event_by_digest")
        (fresh,) = run("SELECT count(*) FROM temp.coming").fetchone()
        run(_MERGE)
        run(_BY_DIGEST)
        run("DROP TABLE temp.coming")
        return Merged(self._rows, fresh)

    def touch_all(self) -> None:
        """Let all sessions be cut anew."""
        self._connection.execute(_ALL_TOUCHED)

    def touched(self) -> Iterator[str]:
        """Yield the users whose sessions have to be cut anew."""
        last = None
        while True:
            # Pieces, since a cursor that is open would stand in the way of what is written.
            users = self._connection.execute(
                "SELECT user FROM temp.touched WHERE ? IS NULL OR user > ? ORDER BY user LIMIT ?",
                (last, last, _PIECE),
            ).fetchall()
            if not users:
                return
            yield from (user for (user,) in users)
            last = users[-1][0]

    def events_of(self, user: str) -> Iterator[StoredEvent]:
        """Yield the events of a user: stream by stream, each by time."""
        after: tuple[str, int, bytes] = ("", -(2**63), b"")
        while True:
            rows = self._connection.execute(
                "SELECT part, time, digest, count, payload FROM usql_event WHERE user = ?"
                " AND (part, time, digest) > (?, ?, ?) ORDER BY part, time, digest LIMIT ?",
                (user, *after, _PIECE),
            ).fetchall()
            yield from map(StoredEvent._make, rows)
            if len(rows) < _PIECE:
                return
            after = rows[-1][:3]

    def earliest(self, user: str) -> int | None:
        """Return the time of a user's first event, in ms."""
        (time,) = self._connection.execute(
            "SELECT min(time) FROM (SELECT min(time) AS time FROM usql_event WHERE user = ?"
            " GROUP BY part)",
            (user,),
        ).fetchone()
        return None if time is None else int(time)

    def earliest_foreign(self, user: str) -> int | None:
        """Return when the first session of a user began that is not made of events."""
        (start,) = self._connection.execute(_FOREIGN, (user,)).fetchone()
        return None if start is None else int(start)

    def sessions_of(self, user: str) -> dict[Identity, int]:
        """Return the numbers of the sessions made of a user's events, by identity."""
        rows = self._connection.execute(
            f"SELECT _session, {', '.join(IDENTITY)} FROM usql_event_session"
            " CROSS JOIN usersession ON _session = session WHERE user = ?",
            (user,),
        )
        return {tuple(identity): number for number, *identity in rows}

    def has_foreign(self) -> bool:
        """Whether the store has sessions that are not made of events."""
        (has,) = self._connection.execute(
            "SELECT (SELECT count(*) FROM usersession) > (SELECT count(*) FROM usql_event_session)"
        ).fetchone()
        return bool(has)

    def unmark(self, user: str) -> None:
        """Forget which sessions are made of a user's events, which may then be deleted."""
        self._connection.execute("DELETE FROM usql_event_session WHERE user = ?", (user,))

    def mark(self, sessions: Iterable[tuple[Identity, Stream, Happening, Happening]]) -> None:
        """Note of which events sessions are made.

        Args:
            sessions: identity, stream, first event and last event of each.
        """
        self._connection.executemany(
            _MARK,
            (
                (*identity, *stream, first.time, first.digest, last.time, last.digest)
                for identity, stream, first, last in sessions
            ),
        )

    def learn(self, types: Mapping[str, ColumnType]) -> bool:
        """Widen the types of columns; return whether one of those known has changed."""
        known = self.types()
        changed = False
        for name, kind in types.items():
            wide = widest(known.get(name), kind)
            if wide != known.get(name):
                changed = changed or name in known
                self._connection.execute(
                    "INSERT OR REPLACE INTO usql_event_column VALUES (?, ?)", (name, wide)
                )
        return changed

    def prune(self, properties: Mapping[str, str]) -> None:
        """Forget keys of properties that columns do not go to any more, since they are wider.

        Args:
            properties: relations by the field of ``useraction`` whose values they hold.
        """
        for name, relation in properties.items():
            self._connection.execute(
                "DELETE FROM usql_property WHERE \"table\" = 'useraction' AND field = ?"
                " AND key IN (SELECT name FROM usql_event_column) AND NOT EXISTS"
                f" (SELECT 1 FROM {quoted(relation)} v WHERE v.key = usql_property.key)",
                (name,),
            )

    def types(self) -> dict[str, ColumnType]:
        """Return the types of all columns."""
        return dict(self._connection.execute("SELECT name, type FROM usql_event_column"))

    def limits(self) -> Limits | None:
        """Return by what the store cuts sessions; ``None`` before the first import."""
        row = self._connection.execute(
            "SELECT value FROM usql_event_setting WHERE name = 'limits'"
        ).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Limits)

    def set_limits(self, limits: Limits) -> None:
        """Note by what the store cuts sessions from now on."""
        self._connection.execute(
            "INSERT OR REPLACE INTO usql_event_setting VALUES ('limits', ?)",
            (msgspec.json.encode(limits).decode(),),
        )

    def _flush(self) -> None:
        self._connection.executemany(_STAGE, self._pending)
        self._pending.clear()


def count(connection: sqlite3.Connection) -> int:
    """Return how many rows of event logs a store keeps."""
    (number,) = connection.execute("SELECT count(*) FROM usql_event").fetchone()
    return int(number)


def exists(connection: sqlite3.Connection) -> bool:
    """Whether events were ever imported into a store."""
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'usql_event'").fetchone()
    return found is not None
