"""The tables and fields, read from this folder's own copy of the catalogue."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

SESSION = "usersession"
SECONDARY = ("useraction", "userevent", "usererror")
TABLES = (SESSION, *SECONDARY)

# Where the rows of a secondary table stand in an exported session.
ARRAY_OF = {"useraction": "userActions", "userevent": "events", "usererror": "errors"}

TEXT_TYPES = frozenset({"string", "enum", "string[]"})
NUMBER_TYPES = frozenset({"long", "double"})


@dataclass(frozen=True)
class FieldInfo:
    """One row of the catalogue."""

    table: str
    name: str
    type: str
    listed: tuple[str, ...]

    @property
    def is_properties(self) -> bool:
        return self.type.startswith("properties<")

    @property
    def property_type(self) -> str:
        return self.type.removeprefix("properties<").removesuffix(">")


def _load() -> dict[str, dict[str, FieldInfo]]:
    tables: dict[str, dict[str, FieldInfo]] = {table: {} for table in TABLES}
    path = Path(__file__).with_name("fields.csv")
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["queryable"] == "yes":
                listed = tuple(row["values"].split("|")) if row["values"] else ()
                info = FieldInfo(row["table"], row["field"], row["type"], listed)
                tables[info.table][info.name] = info
    return tables


# Queryable fields only, in the order of the catalogue (which is the order of `*`).
FIELDS = _load()


def reachable(from_table: str) -> tuple[str, ...]:
    """The other tables whose fields a query over `from_table` may name."""
    return SECONDARY if from_table == SESSION else (SESSION,)
