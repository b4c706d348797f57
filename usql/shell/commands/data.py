"""Commands that show what there is to ask for: tables, fields, keys, values, the store itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from usql.errors import UnknownField, UnknownTable, WrongStructure
from usql.listing import field_list
from usql.result import Column, Result
from usql.schema import Table, catalogue
from usql.shell.results import show

if TYPE_CHECKING:
    from usql.shell.session import Session

_MOST_VALUES = 20


def tables(session: Session, argument: str) -> None:
    """List the tables with their rows; the timeframe does not matter here."""
    rows = [(table.name, _count(session, table.name)) for table in catalogue().tables]
    _list(session, Result((Column("table", "string"), Column("rows", "long")), rows))


def _count(session: Session, table: str) -> int:
    found = session.query(f"SELECT COUNT(*) FROM {table}", timeframe=None)
    return int(found.rows[0][0])


def fields(session: Session, argument: str) -> None:
    """List fields, with what they are."""
    name = argument.rstrip("; ")
    listed = field_list((_table(name),), with_table=False) if name else None
    _list(session, listed or field_list(catalogue().tables, with_table=True))


def _table(name: str) -> Table:
    from difflib import get_close_matches

    found = catalogue().find(name)
    if found is None:
        known = [table.name for table in catalogue().tables]
        near = get_close_matches(name.lower(), known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise UnknownTable(f"there is no table {name}", hint=hint)
    return found


def keys(session: Session, argument: str) -> None:
    """List the keys of one field of properties, or of all."""
    wanted = argument.rstrip("; ")
    found = [
        (table, name) for table, name in _properties() if not wanted or _means(wanted, table, name)
    ]
    if not found:
        known = sorted({name for _, name in _properties()})
        raise UnknownField(
            f"there is no field of properties {wanted}", hint=f"there are {', '.join(known)}"
        )
    rows = []
    for table, name in found:
        result = session.query(
            f"SELECT DISTINCT KEYS({name}) AS k, COUNT(*) FROM {table}",
            timeframe=None,
            default_limit=None,
        )
        rows += [(table, name, key, count) for key, count in result.rows if key is not None]
    names = ("table", "field", "key")
    columns = (*(Column(name, "string") for name in names), Column("rows", "long"))
    _list(session, Result(columns, rows))


def _properties() -> list[tuple[str, str]]:
    return [
        (table.name, field.name)
        for table in catalogue().tables
        for field in table.queryable
        if field.properties
    ]


def _means(wanted: str, table: str, name: str) -> bool:
    return wanted.lower() in (table, name.lower(), f"{table}.{name}".lower())


def values(session: Session, argument: str) -> None:
    """Show the most frequent values of a field, of sessions unless another table is named."""
    field = argument.rstrip("; ")
    if not field:
        raise WrongStructure(
            "which field?", hint="write .values country, or .values useraction.name"
        )
    table = _home_of(field)
    result = session.query(
        f"SELECT {field} AS value, COUNT(*) AS rows FROM {table} GROUP BY {field}"
        f" ORDER BY rows DESC LIMIT {_MOST_VALUES}"
    )
    show(session, result)


def _home_of(field: str) -> str:
    """Return the table that a field is counted in: the one it names, or the first that has it."""
    schema = catalogue()
    first, point, _ = field.partition(".")
    if point and (named := schema.find(first)) is not None:
        return named.name
    homes = [table.name for table in schema.tables if table.find(first) is not None]
    return homes[0] if homes else schema.primary.name


def info(session: Session, argument: str) -> None:
    """Show what the store holds, and the settings that choose from it."""
    from dataclasses import replace

    from usql.render.escape import visible_lines
    from usql.render.holdings import described
    from usql.shell.waiting import wait_for

    db, settings, screen = session.db, session.settings, session.screen
    found = wait_for(db.info, db.interrupt, screen.spinner)
    told = replace(found, parts=())  # sizes of indexes are for whoever keeps the store
    chosen = [
        ("timeframe", settings.timeframe or "all data"),
        ("timezone", settings.zone_name),
    ]
    screen.page(visible_lines(text) + "\n" for text in described(told, chosen))


def _list(session: Session, result: Result) -> None:
    """Show a list that is no answer to a query: no time, always as a table."""
    from usql.render import render

    screen = session.screen
    screen.page(render(result, "table", width=screen.width, color=screen.color))
