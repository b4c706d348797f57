"""Batches of checked sessions into a ClickHouse store.

What arrives: sessions by identity, within a transaction. What leaves: their rows, a stored session
of the same identity replaced whole. Every insertion makes a part of each table, so batches wait in
a file of their own until there is enough for it to pay. How a session replaces another without
transactions: the new rows come in under a new number, then the old ones go; ``clickhouse_store``
tells of the journal.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import itemgetter
from typing import IO, Any
from uuid import uuid4

import msgspec

from usql.layout import SECOND, SESSION, Layout, first_number
from usql.schema import PRIMARY
from usql.store.clickhouse_client import ClickhouseError, Client, literal, store_errors
from usql.store.clickhouse_places import ClickhouseLocation
from usql.store.clickhouse_store import (
    JOURNAL,
    PROPERTY,
    delete_statement,
    open_store,
    segment_statements,
    segments,
)
from usql.store.sessions import Identity, Rows, Session
from usql.store.shapes import Target
from usql.store.sqlite_schema import quoted
from usql.store.totals import with_totals

_ENOUGH = 64 * 1024 * 1024
"""Bytes of rows that are worth a part of each table."""
_PIECE = 16 * 1024 * 1024
"""Bytes that go into one statement, at least."""
_LOOKED_UP = 2000
"""Identities that one query looks for."""
_ABANDONED_S = 3600
"""A server cannot tell whether another import still runs; after so long it does not."""
_AGAIN_S = 0.02
_NEW, _OLD, _WRITTEN = "new", "old", "written"
_LINE = msgspec.json.Encoder()


@contextmanager
def clickhouse_writer(
    location: ClickhouseLocation, layout: Layout, patience: float | None = None
) -> Iterator[ClickhouseSessionWriter]:
    """Open a store to write for the length of a block; ``patience`` is in seconds."""
    client = open_store(location, layout, create=True, patience=patience)
    try:
        with store_errors(location), tempfile.TemporaryFile() as waiting:
            writer = ClickhouseSessionWriter(client, location, layout, waiting)
            writer.recover()
            yield writer
    finally:
        client.close()


@dataclass
class _Batch:
    """Sessions that wait to be written.

    Attributes:
        numbers: of the sessions.
        old: numbers of the stored sessions that they replace.
        pieces: where the waiting file has rows, by relation: offset and length.
        keys: property keys of the sessions: table, field, key.
    """

    numbers: dict[Identity, int] = field(default_factory=dict)
    old: set[int] = field(default_factory=set)
    pieces: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    keys: set[tuple[str, str, str]] = field(default_factory=set)


class ClickhouseSessionWriter:
    """Writes sessions through one client.

    Attributes:
        client: the way to the engine.
    """

    def __init__(
        self, client: Client, location: ClickhouseLocation, layout: Layout, waiting: IO[bytes]
    ) -> None:
        self.client = client
        self._location = location
        self._layout = layout
        self._file = waiting
        self._batches: list[_Batch] = []
        self._columns = {relation.name: relation.names for relation in layout.relations}
        # a session is there when its own row is: it comes last and goes first
        self._order = sorted(self._columns, key=lambda name: name == PRIMARY)
        self._properties = {
            layout.values(one): (table.name, one.name)
            for table in layout.schema.tables
            for one in table.collections
            if one.properties
        }
        self._known_keys: set[tuple[str, str, str]] = set()
        self._in_transaction = False
        self._many = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all of a block or, where it raises, nothing of it."""
        before = len(self._batches)
        self._in_transaction = True
        try:
            yield
        except BaseException:
            del self._batches[before:]
            raise
        finally:
            self._in_transaction = False
        self._flush_if(not self._many or self._size() >= _ENOUGH)

    @contextmanager
    def many(self) -> Iterator[None]:
        """Write what waits at the end of a block, also of one that fails later on."""
        self._many = True
        try:
            yield
        finally:
            self._many = False
            self._flush_if(True)

    def prepare_for_many(self) -> None:
        """Do nothing: there are no indexes to put off."""

    def write(self, sessions: Mapping[Identity, Session]) -> int:
        """Write sessions; return how many of them were in the store already."""
        known = self._find(sessions)
        batch = _Batch(old=set(known.values()))
        numbers = self._numbers(sessions, known)
        rows: Rows = defaultdict(list)
        for identity, session in sessions.items():
            number = batch.numbers[identity] = numbers[identity]
            session.emit(number, rows)
        for target, values in with_totals(self._layout, rows):
            self._keep(batch, target, values)
        batch.keys = self._keys(rows)
        self._batches.append(batch)
        if not self._in_transaction and not self._many:
            self._flush_if(True)
        return len(known)

    def recover(self) -> None:
        """Finish or undo what an import that was killed left behind."""
        age = 0 if self._location.path else _ABANDONED_S
        found = self.client.read(
            f'SELECT "batch", max("step" = {literal(_WRITTEN)}) FROM {JOURNAL}'
            f' GROUP BY "batch" HAVING max("began") <= now() - {age}'
        )
        for batch, written in found:
            with self.client.changing():
                self._finish(batch, _OLD if written else _NEW)

    def remove(self, numbers: Iterable[int]) -> None:
        """Delete sessions, at once; where that is interrupted, whoever writes next finishes it."""
        name = uuid4().hex
        self._note(name, [(_OLD, number) for number in numbers])
        self._note(name, [(_WRITTEN, 0)])
        self._finish(name, _OLD)

    def segments(self) -> list[tuple[str, str]]:
        """Return the names and texts of the named segments."""
        return segments(self.client)

    def put_segment(self, name: str, text: str) -> None:
        """Keep a segment, at once."""
        for statement in segment_statements(self._location, name, text):
            self.client.write(statement)

    def drop_segment(self, name: str) -> None:
        """Forget a segment, at once."""
        for statement in segment_statements(self._location, name, None):
            self.client.write(statement)

    # what waits

    def _size(self) -> int:
        return self._file.seek(0, 2)

    def _keep(self, batch: _Batch, target: Target, rows: Sequence[tuple[Any, ...]]) -> None:
        """Put rows into the waiting file, with all columns of their relation."""
        at = {name: index for index, name in enumerate(target.columns)}
        null = len(target.columns)
        pick = itemgetter(*(at.get(name, null) for name in self._columns[target.relation]))
        data = _LINE.encode_lines([pick((*row, None)) for row in rows])
        batch.pieces[target.relation].append((self._size(), len(data)))
        self._file.write(data)

    def _flush_if(self, wanted: bool) -> None:
        """Write what waits; a session that is there twice, in the order it came."""
        if not wanted or not self._batches:
            return
        batches, self._batches = self._batches, []
        try:
            group: list[_Batch] = []
            waiting: set[int] = set()
            for batch in batches:
                if batch.old & waiting:
                    self._commit(group)
                    group, waiting = [], set()
                group.append(batch)
                waiting.update(batch.numbers.values())
            self._commit(group)
        finally:
            self._file.seek(0)
            self._file.truncate()

    def _pieces(self, group: Sequence[_Batch], relation: str) -> Iterator[bytes]:
        parts: list[bytes] = []
        size = 0
        for batch in group:
            for offset, length in batch.pieces.get(relation, ()):
                self._file.seek(offset)
                parts.append(self._file.read(length))
                size += length
                if size >= _PIECE:
                    yield b"".join(parts)
                    parts, size = [], 0
        if parts:
            yield b"".join(parts)

    # the store

    def _commit(self, group: Sequence[_Batch]) -> None:
        name = uuid4().hex
        new = [number for batch in group for number in batch.numbers.values()]
        old = [number for batch in group for number in batch.old]
        with self.client.changing():
            self._note(name, [(_NEW, n) for n in new] + [(_OLD, n) for n in old])
            try:
                for relation in self._order:
                    pieces = self._pieces(group, relation)
                    self.client.insert(relation, self._columns[relation], pieces)
                self._remember(set().union(*(batch.keys for batch in group)))
                if old:
                    self._note(name, [(_WRITTEN, 0)])
            except BaseException:
                with suppress(Exception):  # whoever opens the store next does it
                    self._finish(name, _NEW)
                raise
            self._finish(name, _OLD if old else None)

    def _note(self, batch: str, steps: Iterable[tuple[str, int]]) -> None:
        lines = _LINE.encode_lines([(batch, step, number) for step, number in steps])
        self.client.insert(JOURNAL, ("batch", "step", "session"), [lines])

    def _finish(self, batch: str, step: str | None) -> None:
        """Delete the sessions that a batch noted under a step, and forget the batch."""
        if step is not None:
            chosen = (
                f'SELECT "session" FROM {JOURNAL}'
                f' WHERE "batch" = {literal(batch)} AND "step" = {literal(step)}'
            )
            numbers = self.client.read(chosen)
            listed = ", ".join(str(number) for (number,) in numbers)
            if listed:
                self._delete(listed)
        cluster = self._location.cluster
        everywhere = f" ON CLUSTER {quoted(cluster)}" if cluster else ""
        self.client.write(f"ALTER TABLE {JOURNAL}{everywhere} DROP PARTITION {literal(batch)}")

    def _delete(self, listed: str) -> None:
        """Delete the rows of sessions, those of the sessions themselves first."""
        relations = list(reversed(self._order))
        if self._location.cluster:  # each server has what it did not have a moment ago
            for relation in relations:
                self.client.write(delete_statement(self._location, relation, listed))
            return
        # Each waits for its turn in the background, as long as for a second: so they wait together.
        for relation in relations:
            where = f"{quoted(SESSION)} IN ({listed})"
            if self.client.read(f"SELECT 1 FROM {quoted(relation)} WHERE {where} LIMIT 1"):
                statement = delete_statement(self._location, relation, listed)
                self.client.write(f"{statement} SETTINGS lightweight_deletes_sync = 0")
        tables = ", ".join(map(literal, relations))
        while waiting := self.client.read(
            "SELECT latest_fail_reason FROM system.mutations WHERE NOT is_done"
            f" AND database = currentDatabase() AND table IN ({tables})"
        ):
            for (failure,) in waiting:
                if failure:
                    raise ClickhouseError(failure)
            time.sleep(_AGAIN_S)

    def _find(self, identities: Collection[Identity]) -> dict[Identity, int]:
        """Return the numbers of those sessions that are stored, or wait to be."""
        found = find_sessions(self.client, identities)
        for batch in self._batches:
            found.update((i, n) for i, n in batch.numbers.items() if i in identities)
        return found

    def _numbers(
        self, identities: Iterable[Identity], known: Mapping[Identity, int]
    ) -> dict[Identity, int]:
        """Return a number for each session that no other has."""
        numbers = {i: _number(i, str(known.get(i, ""))) for i in identities}
        listed = ", ".join(map(str, numbers.values()))
        taken = {
            number
            for (number,) in self.client.read(
                f"SELECT {quoted(SESSION)} FROM {PRIMARY} WHERE {quoted(SESSION)} IN ({listed})"
            )
        }
        taken.update(n for batch in self._batches for n in batch.numbers.values())
        for identity, number in numbers.items():
            attempt = 0
            while number in taken:
                attempt += 1
                number = _number(identity, f"{known.get(identity, '')}/{attempt}")
            numbers[identity] = number
            taken.add(number)
        return numbers

    def _keys(self, rows: Rows) -> set[tuple[str, str, str]]:
        return {
            (*self._properties[target.relation], row[-2])
            for target, values in rows.items()
            if target.relation in self._properties
            for row in values
        }

    def _remember(self, keys: set[tuple[str, str, str]]) -> None:
        if new := keys - self._known_keys:
            lines = _LINE.encode_lines(sorted(new))
            self.client.insert(PROPERTY, ("table", "field", "key"), [lines])
            self._known_keys |= new


def find_sessions(client: Client, identities: Iterable[Identity]) -> dict[Identity, int]:
    """Return the numbers of those sessions that are stored."""
    found: dict[Identity, int] = {}
    wanted = set(identities)
    listed = sorted(wanted)
    for begin in range(0, len(listed), _LOOKED_UP):
        part = listed[begin : begin + _LOOKED_UP]
        firsts = [first_number(start) for _, start, _, _ in part]
        ids = ", ".join(sorted({literal(identifier) for identifier, *_ in part}))
        low, high = min(firsts), max(firsts) + SECOND - 1
        rows = client.read(
            'SELECT "userSessionId", "startTime", coalesce("tenantId", \'\'),'
            f' coalesce("partNumber", -1), {quoted(SESSION)} FROM {PRIMARY}'
            f' WHERE {quoted(SESSION)} BETWEEN {low} AND {high} AND "userSessionId" IN ({ids})'
        )
        for *identity, number in rows:
            if (key := tuple(identity)) in wanted:
                found[key] = number
    return found


def _number(identity: Identity, salt: str) -> int:
    """Return a number for a session that begins with its second, and else looks random."""
    digest = blake2b(repr((identity, salt)).encode(), digest_size=4).digest()
    return first_number(identity[1]) + int.from_bytes(digest, "big") % SECOND
