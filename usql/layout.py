"""How the tables of the language lie in a store: data that planner and writers share.

A row of the language lives in a *base* relation that has the columns most queries read, and, where
the row is wide, in a *detail* relation of the same key that has the rest, so that scans stay short.
Lists and properties live in *value* relations, one row per value. Keys are

* ``_session``: a number the store gives a session,
* ``_position``: the rank of a secondary row within its session, by start time, then arrival,
* ``_ordinal``: the rank of a value within its list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property
from typing import Literal

from usql.record import Record
from usql.schema import PRIMARY, Field, Schema, Table, catalogue
from usql.types import Kind

SESSION = "_session"
POSITION = "_position"
ORDINAL = "_ordinal"
KEY = "key"
VALUE = "value"
EXTRA = "_extra"
"""Column of a detail relation: what the catalogue does not know, as a JSON object."""
ARRIVAL = "_arrival"
"""Column of a detail relation: index in the export's array, where it is not the position."""
IP_TEXT = "ip_text"
"""The address as people write it; the column ``ip`` holds it in an encoding that sorts."""

HOT: Mapping[str, frozenset[str]] = {
    "usersession": frozenset(
        [
            "tenantId",
            "userSessionId",
            "partNumber",
            "startTime",
            "endTime",
            "duration",
            "userId",
            "internalUserId",
            "userType",
            "applicationType",
            "bounce",
            "newUser",
            "userActionCount",
            "totalErrorCount",
            "hasError",
            "hasCrash",
            "country",
            "city",
            "browserFamily",
            "osFamily",
            "userExperienceScore",
        ]
    ),
    "useraction": frozenset(
        [
            "name",
            "type",
            "application",
            "startTime",
            "endTime",
            "duration",
            "apdexCategory",
            "keyUserAction",
        ]
    ),
}

RANKED: Mapping[str, frozenset[str]] = {"useraction": frozenset(["duration", "startTime"])}
"""Fields of secondary rows that an index has in order, for queries that want the first few."""

SECOND = 1 << 31
"""So many session numbers begin with the same second, where they begin with one; see ``Layout``."""
_LAST_SECOND = (1 << 32) - 1

INDEXES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "usersession": (
        ("startTime", "endTime"),
        ("userId",),
        ("internalUserId",),
        ("country", "city"),
        ("country", "internalUserId"),
        ("city", "duration"),
        ("osFamily", "hasCrash"),
        ("browserFamily",),
        ("applicationType",),
    ),
    "useraction": (
        ("startTime", "duration"),
        ("duration",),
        ("name",),
        ("name", "duration"),
        ("application", "apdexCategory", SESSION, "duration"),
        (SESSION, "duration"),
    ),
    "userevent": (("name", "type"),),
    "usererror": (("name", "type"),),
}
"""The columns that indexes of base relations have, in order, where an engine has any.

Each carries the row's key along. Where ``_session`` stands before what is measured, the rows of one
import land side by side: a batch then rewrites a page per name, not a page per row. Names have
their durations in order as well, since percentiles want them so.
"""

REPEATED: Mapping[str, frozenset[str]] = {
    "usersession": frozenset(["country", "city", "browserFamily", "osFamily", "applicationType"]),
    "useraction": frozenset(["name", "application"]),
    "userevent": frozenset(["name"]),
    "usererror": frozenset(["name"]),
}
"""Texts that an index has in order and of which few differ: a pattern is tried on each once."""


TOTALS: Mapping[str, tuple[str, ...]] = {
    "useraction": ("name", "duration"),
    "userevent": (),
    "usererror": (),
}
"""Secondary tables, and those of their fields that questions about sessions mostly ask of."""


class Total(Record):
    """What a session's rows of a secondary table come to; the session's own row tells it.

    Attributes:
        table: of the rows.
        field: whose values they are; ``None`` for the rows themselves.
        function: how many there are, or their sum, a double.
    """

    table: str
    field: str | None
    function: Literal["count", "total"]

    @property
    def column(self) -> str:
        """What it is called in the relation of sessions.

        >>> Total("useraction", "duration", "total").column
        '_useraction_duration_total'
        """
        return "_".join(("", self.table, *filter(None, [self.field]), self.function))


class Relation(Record):
    """A table of the store.

    Attributes:
        name: of the table.
        keys: its key columns, ``_session`` first.
        columns: its other columns with the kind of value each holds.
        totals: what its rows tell beside, of rows of other tables.
    """

    name: str
    keys: tuple[str, ...]
    columns: tuple[tuple[str, Kind], ...]
    totals: tuple[Total, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all its columns, keys first, totals last."""
        columns = (name for name, _ in self.columns)
        return (*self.keys, *columns, *(total.column for total in self.totals))


@dataclass(frozen=True)
class Layout:
    """The relations of a store, by what the language calls them.

    Attributes:
        schema: tables and fields.
        hot: the fields of the base relation, for each table whose rows are split in two; an engine
            that keeps columns apart anyway has no use for it.
        shares: whether the engine makes a common table expression once for all who read it.
        marks: whether the engine groups all of a table's rows by session sooner than it looks for
            the sessions of each of several conditions.
        rowwise: whether the engine joins a row's session, or reads its clock, as soon as it groups
            the row; else that is done for groups.
        dated: whether numbers of sessions begin with the second of their start, so that a range of
            time is a range of numbers, of whatever table the rows are.
        sums_up: whether a session's row has the totals of its secondary rows, since the engine is
            slow to join these to it.
    """

    schema: Schema
    hot: Mapping[str, frozenset[str]] = dataclass_field(default_factory=lambda: HOT)
    shares: bool = False
    marks: bool = False
    rowwise: bool = True
    dated: bool = False
    sums_up: bool = False

    @cached_property
    def totals(self) -> tuple[Total, ...]:
        """What the rows of sessions tell of secondary rows."""
        return tuple(self._totals()) if self.sums_up else ()

    def total(
        self, table: str, field: str | None, function: Literal["count", "total"]
    ) -> str | None:
        """Return the column of the sessions' relation that has a total, if there is one."""
        total = Total(table, field, function)
        return total.column if total in self.totals else None

    def _totals(self) -> Iterator[Total]:
        for table, names in TOTALS.items():
            yield Total(table, None, "count")
            for name in names:
                yield Total(table, name, "count")
                field = self.schema.table(table).find(name)
                assert field is not None
                if field.kind is Kind.LONG:
                    yield Total(table, name, "total")

    def is_ranked(self, field: Field) -> bool:
        """Whether an index has the rows in the order of a field."""
        return not self.columnar and field.name in RANKED.get(field.table, ())

    def is_repeated(self, field: Field) -> bool:
        """Whether an index leads from one value of a text to the next, of which there are few."""
        return not self.columnar and self.has_few(field)

    def has_few(self, field: Field) -> bool:
        """Whether few values of a text differ, as far as one can tell beforehand."""
        return field.name in REPEATED.get(field.table, ())

    def index(
        self, table: str, keys: Collection[str], values: Collection[str]
    ) -> tuple[str, ...] | None:
        """Return the columns of an index that begins with some fields, and has some others too.

        Args:
            table: of the fields.
            keys: the fields that it begins with, in any order.
            values: the others.
        """
        indexes = () if self.columnar else INDEXES.get(table, ())
        wanted, beside = set(keys), set(values)
        fitting = (
            columns
            for columns in indexes
            if len(keys) == len(wanted)
            and set(columns[: len(wanted)]) == wanted
            and beside <= set(columns)
        )
        return min(fitting, key=len, default=None)

    @property
    def columnar(self) -> bool:
        """Whether the engine keeps columns apart: it reads a column quickly, but no single row."""
        return not self.hot

    def keys(self, table: str) -> tuple[str, ...]:
        """Return the columns that identify a row of a table of the language."""
        return (SESSION,) if table == PRIMARY else (SESSION, POSITION)

    def base(self, table: str) -> str:
        """Return the relation that has one row per row of the table."""
        return table

    def detail(self, table: str) -> str:
        """Return the relation that has the columns the base has not; it may be the base."""
        return f"{table}_detail" if table in self.hot else table

    def place(self, field: Field) -> str:
        """Return the relation that holds a single-valued field; its column has the field's name."""
        hot = self.hot.get(field.table)
        return field.table if hot is None or field.name in hot else self.detail(field.table)

    def values(self, field: Field) -> str:
        """Return the relation that holds the values of a list or of a properties field."""
        return f"{field.table}_{field.name}"

    @cached_property
    def relations(self) -> tuple[Relation, ...]:
        """All relations that hold data."""
        return tuple(r for table in self.schema.tables for r in self._relations_of(table))

    def _relations_of(self, table: Table) -> Iterator[Relation]:
        keys = self.keys(table.name)
        names = dict.fromkeys((self.base(table.name), self.detail(table.name)))
        for name in names:
            columns = [(f.name, f.kind) for f in table.scalars if self.place(f) == name]
            if name == self.detail(table.name):
                columns += [(IP_TEXT, Kind.STRING)] if table.primary else [(ARRIVAL, Kind.LONG)]
                columns.append((EXTRA, Kind.STRING))
            totals = self.totals if name == self.base(PRIMARY) else ()
            yield Relation(name, keys, tuple(columns), totals)
        for field in table.collections:
            last = KEY if field.properties else ORDINAL
            yield Relation(self.values(field), (*keys, last), ((VALUE, field.kind),))


def first_number(start: int) -> int:
    """Return the first number that a session may have which starts at an instant, in ms.

    Sessions that begin in 2106 or later, or before 1970, share the last or the first second.

    >>> first_number(1_999) == SECOND
    True
    """
    return min(max(start // 1000, 0), _LAST_SECOND) * SECOND


def default_layout() -> Layout:
    """Return the layout of the catalogue that ships with the package, for engines of rows."""
    return Layout(catalogue())


def columnar_layout() -> Layout:
    """Return the same for engines that keep columns apart: each table in one piece."""
    return Layout(catalogue(), hot={})


def clickhouse_layout() -> Layout:
    """Return the same for ClickHouse."""
    return Layout(catalogue(), hot={}, marks=True, rowwise=False, dated=True, sums_up=True)


def duckdb_layout() -> Layout:
    """Return the same for DuckDB."""
    return Layout(catalogue(), hot={}, shares=True, marks=True)
