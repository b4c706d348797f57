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

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import msgspec

from usql import addresses
from usql.errors import BadData
from usql.layout import ARRIVAL, EXTRA, IP_TEXT, POSITION, SESSION, Layout
from usql.schema import NESTED, Field, Table
from usql.store.ndjson import MAX_DEPTH
from usql.types import Kind

Identity = tuple[str, int, str, int]
"""``userSessionId``, ``startTime``, ``tenantId`` ("" if absent), ``partNumber`` (-1 if absent)."""
Rows = dict[str, list[tuple[Any, ...]]]
"""Rows to be written, by relation; values in the order of the relation's keys and columns."""

OLDER_NAMES: Mapping[str, str] = {
    "geolocationContinentName": "continent",
    "geolocationCountryName": "country",
    "geolocationRegionName": "region",
    "geolocationCityName": "city",
    "osFamilyName": "osFamily",
    "osVersionName": "osVersion",
    "stringTags": "stringProperties",
    "numTags": "doubleProperties",
    "dateTags": "dateProperties",
}
"""Names of the first generation of exports, and what they are called now."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SHOWN_AT_MOST = 40
_SHAPES_AT_MOST = 10_000


class _WrongValueError(Exception):
    """A value that cannot be imported; the path to it grows on the way out."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path = path
        self.problem = problem


_Collections = list[tuple[str, list[tuple[Any, Any]]]]


class _Row(NamedTuple):
    """A checked row, but for its keys.

    Attributes:
        values: in the order of its reader's ``names``.
        collections: for each relation with values of the row, pairs of last key and value.
        extra: the text for ``_extra``.
    """

    values: list[Any]
    collections: _Collections
    extra: str | None


@dataclass(frozen=True, slots=True)
class Session:
    """One session, checked, that only lacks its number.

    Attributes:
        identity: what makes it the same session as another.
    """

    identity: Identity
    _reader: _TableReader
    _row: _Row
    _ip_text: str | None
    _secondary: Sequence[tuple[_TableReader, Sequence[tuple[int, _Row]]]]

    def emit(self, number: int, rows: Rows) -> None:
        """Add the session's rows, under a number, to those to be written."""
        self._reader.emit((number,), self._ip_text, self._row, rows)
        for reader, ranked in self._secondary:
            for position, (arrival, row) in enumerate(ranked):
                moved = None if arrival == position else arrival
                reader.emit((number, position), moved, row, rows)


class Assembler:
    """Makes sessions of decoded objects; what a layout says is looked up once, beforehand."""

    def __init__(self, layout: Layout) -> None:
        schema = layout.schema
        self._session = _TableReader(layout, schema.primary)
        self._secondary = tuple(
            (NESTED[table.name], _TableReader(layout, table)) for table in schema.secondary
        )
        self._at = {name: index for index, name in enumerate(self._session.names)}
        actions = dict(self._secondary)[NESTED["useraction"]].names
        times = ("startTime", "endTime", "duration")
        self._action_times = itemgetter(*map(actions.index, times))

    def assemble(self, document: dict[str, Any]) -> Session:
        """Return the session that an object of the export format describes.

        Args:
            document: as decoded; it is the assembler's from now on, and may be changed.

        Raises:
            BadData: it lacks identity, or has a value of the wrong type.
        """
        try:
            return self._assemble(document)
        except _WrongValueError as wrong:
            raise BadData(f"{wrong.path}: {wrong.problem}") from None

    def _assemble(self, document: dict[str, Any]) -> Session:
        extra = _spell_identifier(document)
        values = self._session.scalars(document, extra)
        for name in ("userSessionId", "startTime"):
            if values[self._at[name]] is None:
                raise _WrongValueError(name, "missing")
        secondary = [
            (reader, reader.rows(document.get(name), name)) for name, reader in self._secondary
        ]
        self._derive(values, extra, secondary[0][1])
        ip_text = self._address(values, extra)
        row = _Row(values, *self._session.lists(document, extra))
        return Session(self._identity(values), self._session, row, ip_text, secondary)

    def _identity(self, values: list[Any]) -> Identity:
        at = self._at
        part = values[at["partNumber"]]
        return (
            values[at["userSessionId"]],
            values[at["startTime"]],
            values[at["tenantId"]] or "",
            -1 if part is None else part,
        )

    def _derive(
        self, values: list[Any], extra: dict[str, Any], actions: Sequence[tuple[int, _Row]]
    ) -> None:
        """Fill in what follows from the actions where the export does not say it."""
        at = self._at

        def derive(name: str, value: int) -> None:
            if values[at[name]] is None and _fits((value,)):
                values[at[name]] = value
                extra[name] = None

        start, duration = values[at["startTime"]], values[at["duration"]]
        if values[at["endTime"]] is None:
            derive("endTime", self._last(start, actions) if duration is None else start + duration)
        if values[at["endTime"]] is not None:
            derive("duration", values[at["endTime"]] - start)
        derive("userActionCount", len(actions))
        derive("bounce", values[at["userActionCount"]] <= 1)

    def _last(self, start: int, actions: Sequence[tuple[int, _Row]]) -> int:
        """Return when the last action ended, or the session's own start."""
        last = start
        for _, row in actions:
            begun, ended, duration = self._action_times(row.values)
            if ended is None and begun is not None:
                ended = begun + (duration or 0)
            if ended is not None and ended > last:
                last = ended
        return last

    def _address(self, values: list[Any], extra: dict[str, Any]) -> str | None:
        """Put the address into its sortable form; return its canonical text."""
        at = self._at["ip"]
        given = values[at]
        if given is None:
            return None
        values[at], text = _encoded(given)
        if text != given:
            extra["ip"] = given
        return text


class _TableReader:
    """Reads the rows of one table: checks their values, knows where they go.

    Attributes:
        names: of the fields with one value, those of a kind side by side.
    """

    def __init__(self, layout: Layout, table: Table) -> None:
        self._groups = tuple(_groups(table.scalars))
        self.names = tuple(name for group in self._groups for name in group.names)
        places = {group.kind: group.place for group in self._groups}
        dates = places[Kind.DATE]
        # Both are stored as whole numbers; ``_groups`` puts them side by side.
        self._whole = slice(places.get(Kind.LONG, dates).start, dates.stop)
        self._plain_shapes: set[tuple[type, ...]] = set()
        self._start = self.names.index("startTime")
        self._lists = tuple(
            (f.name, layout.values(f), _PropertyReader(f.kind) if f.properties else _read_texts)
            for f in table.collections
        )
        self._nested = tuple(NESTED.values()) if table.primary else ()
        lists = (name for name, _, _ in self._lists)
        self._known = frozenset((*self.names, *lists, *self._nested))
        # A session is a level itself; an action is the third, after the session and the list.
        self._depth = MAX_DEPTH - (1 if table.primary else 3)
        head = (SESSION, IP_TEXT, EXTRA) if table.primary else (SESSION, POSITION, ARRIVAL, EXTRA)
        self._relations = tuple(_pickers(layout, table, (*head, *self.names)))

    def rows(self, given: Any, name: str) -> list[tuple[int, _Row]]:
        """Return a list's rows by rank, each with its index in the list.

        Rows rank by start time, those without one last, then by index.
        """
        if given is None:
            return []
        if type(given) is not list:
            raise _WrongValueError(name, _expected("a list", given))
        rows = []
        for index, document in enumerate(given):
            try:
                rows.append((index, self._row(document)))
            except _WrongValueError as wrong:
                path = f"{name}[{index}]" + (f".{wrong.path}" if wrong.path else "")
                raise _WrongValueError(path, wrong.problem) from None
        rows.sort(key=self._rank)
        return rows

    def _rank(self, row: tuple[int, _Row]) -> float:
        start: int | None = row[1].values[self._start]
        return float("inf") if start is None else start

    def _row(self, document: Any) -> _Row:
        if type(document) is not dict:
            raise _WrongValueError("", _expected("an object", document))
        extra: dict[str, Any] = {}
        values = self.scalars(document, extra)
        return _Row(values, *self.lists(document, extra))

    def scalars(self, document: dict[str, Any], extra: dict[str, Any]) -> list[Any]:
        """Return the values of ``names``, checked; move what is unknown to ``extra``."""
        if not document.keys() <= self._known:
            self._rename(document, extra)
        values = list(map(document.get, self.names))
        shape = tuple(map(type, values))
        if shape not in self._plain_shapes:
            self._convert(values, shape, extra)
        if not _fits(values[self._whole]):
            raise self._misfit(values)
        return values

    def _convert(self, values: list[Any], shape: tuple[type, ...], extra: dict[str, Any]) -> None:
        """Bring the values to their types; remember the types of values that had them already."""
        plain = True
        for group in self._groups:
            if not group.plain.issuperset(shape[group.place]):
                values[group.place] = group.converted(values[group.place], extra)
                plain = False
        if plain and len(self._plain_shapes) < _SHAPES_AT_MOST:
            self._plain_shapes.add(shape)

    def _misfit(self, values: Sequence[Any]) -> _WrongValueError:
        """Return what is wrong with whole numbers of which one is too large."""
        pairs = list(zip(self.names, values, strict=True))[self._whole]
        name, value = next((n, v) for n, v in pairs if not _fits((v,)))
        return _WrongValueError(name, _expected("a whole number", value))

    def _rename(self, document: dict[str, Any], extra: dict[str, Any]) -> None:
        """Give fields with older names their newer ones, and the unknown to ``extra``."""
        for name, value in list(document.items()):
            if value is None or name in self._known:
                continue
            newer = OLDER_NAMES.get(name)
            if newer not in self._known:
                extra[name] = value
            elif document.get(newer) is None:
                document[newer] = value
            elif document[newer] != value:
                extra[name] = value

    def lists(
        self, document: dict[str, Any], extra: dict[str, Any]
    ) -> tuple[_Collections, str | None]:
        """Return the values of lists and properties by relation, and the text for ``_extra``."""
        collections: _Collections = []
        empty, absent = [], False
        for name, relation, read in self._lists:
            given = document.get(name)
            if given is None:
                absent = True
            elif not given and type(given) in (list, dict):
                empty.append(name)
            else:
                pairs, spelled = _read_list(read, given, name)
                if pairs:
                    collections.append((relation, pairs))
                if spelled is not None:
                    extra[name] = spelled
                elif not pairs:
                    empty.append(name)
        for name in self._nested:
            given = document.get(name)
            absent = absent or given is None
            if given == []:
                empty.append(name)
        if not (extra or absent):
            return collections, None
        return collections, self._extra_text(extra, empty)

    def _extra_text(self, extra: dict[str, Any], empty: Sequence[str]) -> str:
        if not extra and not empty:
            return "{}"
        for name, value in extra.items():
            if _deeper_than(self._depth, value):
                raise _WrongValueError(name, f"nested deeper than {MAX_DEPTH} levels")
        extra.update((name, []) for name in empty)
        return msgspec.json.encode(extra).decode()

    def emit(self, key: tuple[int, ...], mark: Any, row: _Row, rows: Rows) -> None:
        """Add a row, under its key, to the rows of each relation that has a part of it."""
        whole = (*key, mark, row.extra, *row.values)
        for relation, pick in self._relations:
            rows[relation].append(pick(whole))
        for relation, pairs in row.collections:
            rows[relation].extend([(*key, *pair) for pair in pairs])


def _pickers(
    layout: Layout, table: Table, names: Sequence[str]
) -> Iterator[tuple[str, Callable[[Sequence[Any]], tuple[Any, ...]]]]:
    """Yield each relation with rows of a table, and what picks its values out of all."""
    places = (layout.base(table.name), layout.detail(table.name))
    for relation in layout.relations:
        if relation.name in places:
            columns = (*relation.keys, *(name for name, _ in relation.columns))
            yield relation.name, itemgetter(*map(names.index, columns))


_STORED: Mapping[Kind, type] = {
    Kind.STRING: str,
    Kind.LONG: int,
    Kind.DATE: int,
    Kind.BOOLEAN: bool,
    Kind.DOUBLE: float,
}
_WRITTEN_AS_TEXT = {Kind.ENUM: Kind.STRING, Kind.IP: Kind.STRING}
_NOUNS = {
    Kind.STRING: "text",
    Kind.LONG: "a whole number",
    Kind.DATE: "a number of ms or an ISO time",
    Kind.BOOLEAN: "true or false",
    Kind.DOUBLE: "a number",
}


@dataclass(frozen=True, slots=True)
class _Group:
    """Fields of one kind, whose values stand side by side and are checked in one go."""

    kind: Kind
    plain: frozenset[type]
    names: tuple[str, ...]
    place: slice

    def converted(self, values: Iterable[Any], extra: dict[str, Any]) -> list[Any]:
        """Return the values as they are stored; keep the spelling of those that differ."""
        stored = []
        for name, value in zip(self.names, values, strict=True):
            try:
                stored.append(None if value is None else _converted(self.kind, value))
            except _WrongValueError as wrong:
                raise _WrongValueError(name, wrong.problem) from None
            if stored[-1] != value:
                extra[name] = value
        return stored


def _groups(fields: Iterable[Field]) -> Iterator[_Group]:
    """Yield fields by kind, kinds in the order of ``_STORED``, and where their values stand."""
    names: dict[Kind, list[str]] = {kind: [] for kind in _STORED}
    for field in fields:
        names[_WRITTEN_AS_TEXT.get(field.kind, field.kind)].append(field.name)
    start = 0
    for kind, group in names.items():
        if group:
            place = slice(start, start := start + len(group))
            yield _Group(kind, frozenset((_STORED[kind], type(None))), tuple(group), place)


_ReadList = Callable[[Any], tuple[list[tuple[Any, Any]], Any]]
"""What reads a list that is not empty.

Returns pairs of last key and value, and what the list is spelled as where they don't say it.
"""


def _read_list(read: _ReadList, given: Any, name: str) -> tuple[list[tuple[Any, Any]], Any]:
    try:
        return read(given)
    except _WrongValueError as wrong:
        raise _WrongValueError(name + wrong.path, wrong.problem) from None


def _read_texts(given: Any) -> tuple[list[tuple[Any, Any]], Any]:
    """Read a ``string[]``; its nulls are left out."""
    if type(given) is not list:
        raise _WrongValueError("", _expected("a list", given))
    for index, text in enumerate(given):
        if text is not None and type(text) is not str:
            raise _WrongValueError(f"[{index}]", _expected("text", text))
    return list(enumerate(text for text in given if text is not None)), None


@dataclass(frozen=True, slots=True)
class _PropertyReader:
    """Reads properties of one kind, written as a list of keys and values or as an object."""

    kind: Kind

    def __call__(self, given: Any) -> tuple[list[tuple[Any, Any]], Any]:
        if type(given) is dict:
            given = [{"key": key, "value": value} for key, value in given.items()]
        entries = _entries(given)
        stored = {entry["key"]: self._value(entry) for entry in entries if "value" in entry}
        return list(stored.items()), _spelling(entries, stored)

    def _value(self, entry: dict[str, Any]) -> Any:
        try:
            value = _converted(self.kind, entry["value"])
        except _WrongValueError as wrong:
            raise _WrongValueError("." + entry["key"], wrong.problem) from None
        if _STORED[self.kind] is int and not _fits((value,)):
            raise _WrongValueError("." + entry["key"], _expected(_NOUNS[self.kind], value))
        return value


def _entries(given: Any) -> list[dict[str, Any]]:
    """Return the entries of a list of properties, without nulls and what is only a key."""
    if type(given) is not list:
        raise _WrongValueError("", _expected("a list or an object", given))
    entries = []
    for index, entry in enumerate(given):
        if type(entry) is not dict:
            raise _WrongValueError(f"[{index}]", _expected("an object with key and value", entry))
        if type(entry.get("key")) is not str:
            raise _WrongValueError(f"[{index}].key", _expected("text", entry.get("key")))
        if None in entry.values():
            entry = {name: value for name, value in entry.items() if value is not None}
        if len(entry) > 1:
            entries.append(entry)
    return entries


def _spelling(entries: list[dict[str, Any]], stored: Mapping[str, Any]) -> list[Any] | None:
    """Return what entries are spelled as: themselves, their keys, or nothing that differs."""
    if len(stored) < len(entries) or any(
        len(entry) > 2 or entry["value"] != stored[entry["key"]] for entry in entries
    ):
        return entries
    keys = list(stored)
    return None if keys == sorted(keys) else keys


def _converted(kind: Kind, value: Any) -> Any:
    """Return a value as a field of a kind stores it."""
    if type(value) is _STORED[kind]:
        return value
    convert = _CONVERSIONS.get((kind, type(value)))
    try:
        if convert is not None:
            return convert(value)
    except (ValueError, OverflowError):
        pass
    raise _WrongValueError("", _expected(_NOUNS[kind], value))


def _whole(number: float) -> int:
    if not number.is_integer():
        raise ValueError
    return int(number)


def _milliseconds(text: str) -> int:
    """Return the ms of an ISO time, rounded down; UTC unless it says otherwise.

    >>> _milliseconds("1970-01-01T01:00:01.5+01:00")
    1500
    """
    if _ISO_DATE.match(text) is None:
        raise ValueError
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MILLISECOND


_CONVERSIONS: Mapping[tuple[Kind, type], Callable[[Any], Any]] = {
    (Kind.LONG, float): _whole,
    (Kind.DATE, float): _whole,
    (Kind.DATE, str): _milliseconds,
    (Kind.DOUBLE, int): float,
}


def _spell_identifier(document: dict[str, Any]) -> dict[str, Any]:
    """Make text of a session id that is a number; return what was spelled differently.

    Exports are passed through tools that take digits for a number; as an id it is the same.
    """
    identifier = document.get("userSessionId")
    if type(identifier) is not int or not _fits((identifier,)):
        return {}
    document["userSessionId"] = str(identifier)
    return {"userSessionId": identifier}


@lru_cache(maxsize=65_536)
def _encoded(ip: str) -> tuple[str, str]:
    """Return the sortable form of an address, and its canonical text."""
    encoded = addresses.encode_lenient(ip)
    return encoded, addresses.decode(encoded)


def _fits(numbers: Iterable[int | None]) -> bool:
    """Whether whole numbers are of 64 bits, as the store's are."""
    try:
        array("q", filter(None, numbers))
    except OverflowError:
        return False
    return True


def _deeper_than(levels: int, value: Any) -> bool:
    """Whether lists and objects are nested deeper than so many levels."""
    layer = [value]
    for _ in range(levels):
        layer = [
            member
            for outer in layer
            if type(outer) in (dict, list)
            for member in (outer.values() if type(outer) is dict else outer)
        ]
        if not layer:
            return False
    return any(type(member) in (dict, list) for member in layer)


def _expected(noun: str, value: Any) -> str:
    return f"expected {noun}, got {_shown(value)}"


def _shown(value: Any) -> str:
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case int() if not _fits((value,)):
            return "a number of more than 64 bits"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN_AT_MOST else text[:_SHOWN_AT_MOST] + "…"
