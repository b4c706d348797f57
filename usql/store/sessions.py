"""From one decoded session of the export format to the rows of the store's relations.

What arrives: a JSON object, not checked. What leaves: a ``Session``, its values of the catalogue's
types, its secondary rows in order, ready to be numbered and written; or ``BadData`` that names the
path of what is wrong. Nothing of a session is lost: what the columns cannot say goes to ``_extra``.

``_extra`` is NULL for a row that its columns say wholly, and of which every list (of values, of
properties, of secondary rows) was given, if only as ``[]``. Otherwise it is an object whose members
stand in place of what the columns say: fields that the catalogue does not know; spellings that
differ from the stored value; ``null`` for what was derived; ``[]`` for each list given empty (a
list without values that it does not name was not given); for properties that came unsorted, their
keys in order; and properties with repeated keys or further members as they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from usql import addresses
from usql.errors import BadData
from usql.layout import Layout
from usql.schema import NESTED, Table
from usql.store.ndjson import MAX_DEPTH
from usql.store.shapes import Shape, Shapes, Target
from usql.store.values import WrongValueError, converted, deeper_than, expected, fits

Identity = tuple[str, int, str, int]
"""``userSessionId``, ``startTime``, ``tenantId`` ("" if absent), ``partNumber`` (-1 if absent)."""
Rows = dict[Target, list[tuple[Any, ...]]]
"""Rows to be written, by where they go; values in the order of the target's columns."""

_LAST = float("inf")


class _Row(NamedTuple):
    """A checked row, but for its keys.

    Attributes:
        shape: of the row.
        values: at the indexes that the shape says.
        collections: for each relation with values of the row, pairs of last key and value.
    """

    shape: Shape
    values: list[Any]
    collections: list[tuple[Target, list[tuple[Any, Any]]]]

    def get(self, name: str) -> Any:
        """Return the value of a field, or ``None``."""
        index = self.shape.at.get(name)
        return None if index is None else self.values[index]

    def emit(self, key: tuple[int, ...], mark: Any, rows: Rows) -> None:
        """Add the row, under its key, to the rows of each relation that has a part of it."""
        for target, marked, pick in self.shape.parts:
            if mark is None or marked is None:
                rows[target].append(key + pick(self.values))
            else:
                rows[marked].append((*key, mark, *pick(self.values)))
        for target, pairs in self.collections:
            rows[target].extend([key + pair for pair in pairs])


_Ranked = list[tuple[float, int, _Row]]
"""Rows by start time, then index: both, and the row."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session, checked, that only lacks its number.

    Attributes:
        identity: what makes it the same session as another.
    """

    identity: Identity
    _row: _Row
    _ip_text: str | None
    _secondary: Sequence[_Ranked]

    def emit(self, number: int, rows: Rows) -> None:
        """Add the session's rows, under a number, to those to be written."""
        self._row.emit((number,), self._ip_text, rows)
        for ranked in self._secondary:
            for position, (_, arrival, row) in enumerate(ranked):
                row.emit((number, position), None if arrival == position else arrival, rows)


class Assembler:
    """Makes sessions of decoded objects; what a layout says is looked up once, beforehand."""

    def __init__(self, layout: Layout) -> None:
        schema = layout.schema
        self._session = _TableReader(layout, schema.primary)
        self._secondary = tuple(
            (NESTED[table.name], _TableReader(layout, table)) for table in schema.secondary
        )

    def assemble(self, document: dict[str, Any]) -> Session:
        """Return the session that an object of the export format describes.

        Args:
            document: as decoded; it is the assembler's from now on, and may be changed.

        Raises:
            BadData: it lacks identity, or has a value of the wrong type.
        """
        try:
            return self._assemble(document)
        except WrongValueError as wrong:
            raise BadData(f"{wrong.path}: {wrong.problem}") from None

    def _assemble(self, document: dict[str, Any]) -> Session:
        extra = _spell_identifier(document)
        fields = self._session.fields(document, extra)
        for name in ("userSessionId", "startTime"):
            if name not in fields:
                raise WrongValueError(name, "missing")
        secondary = [reader.rows(fields.get(name), name) for name, reader in self._secondary]
        _derive(fields, extra, secondary[0])
        ip_text = _spell_address(fields, extra)
        row = self._session.row(fields, extra)
        return Session(_identity(fields), row, ip_text, secondary)


def _identity(fields: Mapping[str, Any]) -> Identity:
    return (
        fields["userSessionId"],
        fields["startTime"],
        fields.get("tenantId", ""),
        fields.get("partNumber", -1),
    )


def _derive(fields: dict[str, Any], extra: dict[str, Any], actions: _Ranked) -> None:
    """Fill in what follows from the actions where the export does not say it."""

    def derive(name: str, value: int) -> None:
        if name not in fields and fits((value,)):
            fields[name] = value
            extra[name] = None

    start, duration = fields["startTime"], fields.get("duration")
    if "endTime" not in fields:
        derive("endTime", _last(start, actions) if duration is None else start + duration)
    if "endTime" in fields:
        derive("duration", fields["endTime"] - start)
    derive("userActionCount", len(actions))
    derive("bounce", fields["userActionCount"] <= 1)


def _last(start: int, actions: _Ranked) -> int:
    """Return when the last action ended, or the session's own start."""
    last = start
    for _, _, row in actions:
        begun, ended = row.get("startTime"), row.get("endTime")
        if ended is None and begun is not None:
            ended = begun + (row.get("duration") or 0)
        if ended is not None and ended > last:
            last = ended
    return last


def _spell_address(fields: dict[str, Any], extra: dict[str, Any]) -> str | None:
    """Put the address into its sortable form; return its canonical text."""
    given = fields.get("ip")
    if given is None:
        return None
    fields["ip"], text = _encoded(given)
    if text != given:
        extra["ip"] = given
    return text


class _TableReader:
    """Reads the rows of one table, and checks their values."""

    def __init__(self, layout: Layout, table: Table) -> None:
        self._shapes = Shapes(layout, table)
        # A session is a level itself; an action is the third, after the session and the list.
        self._depth = MAX_DEPTH - (1 if table.primary else 3)

    def rows(self, given: Any, name: str) -> _Ranked:
        """Return a list's rows by rank.

        Rows rank by start time, those without one last, then by index.
        """
        if given is None:
            return []
        if type(given) is not list:
            raise WrongValueError(name, expected("a list", given))
        ranked: _Ranked = []
        try:
            for index, document in enumerate(given):
                if type(document) is not dict:
                    raise WrongValueError("", expected("an object", document))
                row = self.row(document, {})
                start = row.values[row.shape.start]
                ranked.append((_LAST if start is None else start, index, row))
        except WrongValueError as wrong:
            path = f"{name}[{len(ranked)}]" + (f".{wrong.path}" if wrong.path else "")
            raise WrongValueError(path, wrong.problem) from None
        ranked.sort()
        return ranked

    def fields(self, document: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
        """Return what is known of an object, converted, by newer names; the rest is ``extra``."""
        values = list(document.values())
        shape = self._shapes.of(document, values)
        _straighten(shape, values, extra)
        return {name: values[index] for name, index in shape.at.items()}

    def row(self, document: dict[str, Any], extra: dict[str, Any]) -> _Row:
        """Return the row that an object describes; ``extra`` is what is known of it already."""
        values = list(document.values())
        shape = self._shapes.of(document, values)
        if shape.unusual:
            _straighten(shape, values, extra)
        for index in shape.booleans:
            # The store's numbers; the SQLite module of Python takes longer over a boolean.
            values[index] = int(values[index])
        if not fits(shape.whole(values)):
            raise _misfit(shape, values)
        collections, empty = _read_lists(shape, values, extra)
        text = self._extra_text(extra, empty) if extra or shape.absent else None
        values += (None, text)
        return _Row(shape, values, collections)

    def _extra_text(self, extra: dict[str, Any], empty: Sequence[str]) -> str:
        if not extra and not empty:
            return "{}"
        for name, value in extra.items():
            if deeper_than(self._depth, value):
                raise WrongValueError(name, f"nested deeper than {MAX_DEPTH} levels")
        extra.update((name, []) for name in empty)
        return msgspec.json.encode(extra).decode()


def _straighten(shape: Shape, values: list[Any], extra: dict[str, Any]) -> None:
    """Convert the values that need it; move what is unknown or spelled differently to ``extra``."""
    for index, name in shape.unknown:
        extra[name] = values[index]
    for index, name, newer in shape.doubled:
        if values[index] != values[newer]:
            extra[name] = values[index]
    for index, name, kind in shape.converted:
        given = values[index]
        try:
            values[index] = converted(kind, given)
        except WrongValueError as wrong:
            raise WrongValueError(name, wrong.problem) from None
        if values[index] != given:
            extra[name] = given


def _misfit(shape: Shape, values: Sequence[Any]) -> WrongValueError:
    """Return what is wrong with values among which a whole number is too large."""
    for name, index in shape.at.items():
        if type(values[index]) is int and not fits((values[index],)):
            return WrongValueError(name, expected("a whole number", values[index]))
    raise AssertionError


def _read_lists(
    shape: Shape, values: Sequence[Any], extra: dict[str, Any]
) -> tuple[list[tuple[Target, list[tuple[Any, Any]]]], list[str]]:
    """Return the values of lists and properties by target, and which lists are empty.

    What lists are spelled as goes to ``extra`` where their values don't say it.
    """
    collections = []
    empty = []
    for index, name, target, read in shape.lists:
        given = values[index]
        if not given and type(given) in (list, dict):
            empty.append(name)
            continue
        try:
            pairs, spelled = read(given)
        except WrongValueError as wrong:
            raise WrongValueError(name + wrong.path, wrong.problem) from None
        if pairs:
            collections.append((target, pairs))
        if spelled is not None:
            extra[name] = spelled
        elif not pairs:
            empty.append(name)
    empty += [name for index, name in shape.nested if not values[index]]
    return collections, empty


def _spell_identifier(document: dict[str, Any]) -> dict[str, Any]:
    """Make text of a session id that is a number; return what was spelled differently.

    Exports are passed through tools that take digits for a number; as an id it is the same.
    """
    identifier = document.get("userSessionId")
    if type(identifier) is not int or not fits((identifier,)):
        return {}
    document["userSessionId"] = str(identifier)
    return {"userSessionId": identifier}


@lru_cache(maxsize=65_536)
def _encoded(ip: str) -> tuple[str, str]:
    """Return the sortable form of an address, and its canonical text."""
    encoded = addresses.encode_lenient(ip)
    return encoded, addresses.decode(encoded)
