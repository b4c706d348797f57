"""Tables and fields of the language, read from ``fields.csv``: data, no behaviour beyond look-up.

One table is primary (``usersession``); each row of a secondary table belongs to one session.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path

from usql.record import Record
from usql.types import Kind

PRIMARY = "usersession"

NESTED = {"useraction": "userActions", "userevent": "events", "usererror": "errors"}
"""Where the rows of a secondary table stand within a session of the export format."""

_INSTEAD = {
    "clientType": "use browserType",
    "userActions": "use useraction.… fields, or FROM useraction",
    "events": "use userevent.… fields, or FROM userevent",
    "errors": "use usererror.… fields, or FROM usererror",
    "syntheticEvents": "they come back in JSON and in exports",
    "tenantId": "it comes back in JSON and in exports",
}


class Field(Record):
    """A field of a table.

    Attributes:
        table: name of the table it belongs to.
        name: as spelled in the catalogue.
        kind: of one value; for a properties field, of one property's value.
        many: whether one row has several values (``string[]``).
        properties: whether it is a ``…Properties`` field, a mapping of keys to values.
        unit: for people, or "".
        queryable: whether a query may name it.
        values: the closed list of values, or empty.
        status: ``deprecated``, ``legacy`` or "".
    """

    table: str
    name: str
    kind: Kind
    many: bool = False
    properties: bool = False
    unit: str = ""
    queryable: bool = True
    nested: bool = False
    values: tuple[str, ...] = ()
    status: str = ""

    @property
    def instead(self) -> str | None:
        """What to use in place of a field that is not queryable."""
        return _INSTEAD.get(self.name)

    @property
    def type_name(self) -> str:
        """The type as the catalogue writes it."""
        if self.properties:
            return f"properties<{self.kind.value}>"
        return self.kind.value + ("[]" if self.many else "")


class Table(Record):
    """A table of the language with its fields in catalogue order."""

    name: str
    fields: tuple[Field, ...]

    @property
    def primary(self) -> bool:
        """Whether this is the session table."""
        return self.name == PRIMARY

    @cached_property
    def _by_name(self) -> dict[str, Field]:
        return {field.name.casefold(): field for field in self.fields}

    def find(self, name: str) -> Field | None:
        """Return the field of that name, in any letter case."""
        return self._by_name.get(name.casefold())

    @property
    def queryable(self) -> Iterator[Field]:
        """The fields a query may name, in catalogue order."""
        return (field for field in self.fields if field.queryable)

    @property
    def scalars(self) -> Iterator[Field]:
        """The fields that hold one plain value, whether queryable or not."""
        return (f for f in self.fields if not (f.many or f.properties or f.nested))

    @property
    def collections(self) -> Iterator[Field]:
        """The fields that hold several values: lists and properties."""
        return (f for f in self.fields if f.many or f.properties)


class Schema(Record):
    """All tables; the primary one first."""

    tables: tuple[Table, ...]

    @cached_property
    def _by_name(self) -> dict[str, Table]:
        return {table.name.casefold(): table for table in self.tables}

    def find(self, name: str) -> Table | None:
        """Return the table of that name, in any letter case."""
        return self._by_name.get(name.casefold())

    def table(self, name: str) -> Table:
        """Return the table of that exact name; ``KeyError`` if there is none."""
        return self._by_name[name]

    @property
    def primary(self) -> Table:
        """The session table."""
        return self.tables[0]

    @property
    def secondary(self) -> tuple[Table, ...]:
        """The tables whose rows belong to sessions."""
        return self.tables[1:]

    def reachable(self, table: Table) -> tuple[Table, ...]:
        """Return the tables whose fields a query ``FROM table`` can name, itself first."""
        return self.tables if table.primary else (table, self.primary)


@cache
def catalogue() -> Schema:
    """Return the catalogue that ships with the package.

    >>> catalogue().table("useraction").find("DURATION").name
    'duration'
    """
    path = Path(__file__).with_name("fields.csv")  # importlib.resources takes 10 ms to import
    with path.open(encoding="utf-8", newline="") as lines:
        fields = [_field(row) for row in csv.DictReader(lines)]
    names = dict.fromkeys(field.table for field in fields)
    return Schema(tuple(Table(n, tuple(f for f in fields if f.table == n)) for n in names))


def _field(row: dict[str, str]) -> Field:
    type_name = row["type"]
    nested = type_name == "nested"
    properties = type_name.startswith("properties<")
    many = type_name.endswith("[]")
    base = type_name.removeprefix("properties<").removesuffix(">").removesuffix("[]")
    return Field(
        table=row["table"],
        name=row["field"],
        kind=Kind.JSON if nested else Kind(base),
        many=many,
        properties=properties,
        unit=row["unit"],
        queryable=row["queryable"] == "yes",
        nested=nested,
        values=tuple(row["values"].split("|")) if row["values"] else (),
        status=row["status"],
    )
