"""The data as the evaluator sees it (sections 3 and 4 of the language).

Sessions arrive as export-format dicts in the newer naming; their catalogue fields are typed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from .schema import ARRAY_OF, FIELDS, SECONDARY, SESSION
from .values import Cell, address, nulls_last

Raw: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Record:
    """One session, action, event or error: as loaded, and its catalogue fields typed."""

    raw: Raw
    cells: dict[str, Cell]


@dataclass(frozen=True, eq=False)
class Session(Record):
    """A session with its secondary records, each kind in order of position."""

    items: dict[str, list[Record]]


@dataclass(frozen=True, eq=False)
class Row:
    """A row of the FROM table; `record` is the session itself where that is the table."""

    session: Session
    record: Record
    position: int


class Store:
    """All sessions; the same identity again replaces what was there."""

    def __init__(self, sessions: Iterable[Raw]) -> None:
        kept = {_identity(raw): raw for raw in sessions}
        self.sessions = [_session(raw) for raw in kept.values()]

    def rows(self, table: str) -> Iterator[Row]:
        for session in self.sessions:
            records = [session] if table == SESSION else session.items[table]
            for position, record in enumerate(records):
                yield Row(session, record, position)

    def property_keys(self, table: str, name: str) -> set[str]:
        return {key for row in self.rows(table) for key in row.record.cells[name] or {}}


def _identity(raw: Raw) -> tuple[Any, ...]:
    return tuple(raw.get(n) for n in ("tenantId", "userSessionId", "startTime", "partNumber"))


def _session(raw: Raw) -> Session:
    items = {}
    for table in SECONDARY:
        records = [Record(item, _cells(table, item)) for item in raw.get(ARRAY_OF[table]) or []]
        # A stable sort keeps the order of arrival among equal times.
        items[table] = sorted(records, key=lambda r: nulls_last(r.cells["startTime"]))
    return Session(raw, _cells(SESSION, raw), items)


def _cells(table: str, raw: Raw) -> dict[str, Cell]:
    return {name: _cell(info.type, raw.get(name)) for name, info in FIELDS[table].items()}


def _cell(type_: str, value: Any) -> Cell:
    if value is None:
        return None
    if type_.startswith("properties<"):
        pairs = value.items() if isinstance(value, Mapping) else _pairs(value)
        inner = type_[len("properties<") : -1]
        return {key: _cell(inner, v) for key, v in pairs} or None
    if type_ == "double":
        return float(value)
    return address(value) if type_ == "ip" else value


def _pairs(listed: Sequence[Raw]) -> list[tuple[str, Any]]:
    return [(entry["key"], entry["value"]) for entry in listed]
