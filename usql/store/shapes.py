"""How rows of a table are read and where their parts go, worked out once for all of one shape.

The rows of an export have few shapes: the same fields again and again, with values of the same
types. What arrives: the names of an object's fields and the types of their values. What leaves: a
``Shape``, which says where each value stands, which need a closer look, and in which columns of
which relations they end. A statement that names only the columns that have a value spares the
store the many that have none, and a wide row has many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import NoneType
from typing import Any, NamedTuple

from usql.layout import ARRIVAL, EXTRA, IP_TEXT, KEY, ORDINAL, VALUE, Layout, Relation
from usql.schema import NESTED, Table
from usql.store.values import STORED, PropertyReader, ReadList, read_texts
from usql.types import Kind

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

# Nothing that an export may hold fills the memory: neither many shapes nor long names.
_SHAPES_AT_MOST = 1000
_NAMES_AT_MOST = 10_000
_TARGETS_AT_MOST = 200

Pick = Callable[[Sequence[Any]], tuple[Any, ...]]
"""What picks some of a row's values, in an order of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """Columns of a relation that rows are written to together; there is one object for each.

    Attributes:
        relation: its name.
        columns: keys first; those that are not named are null.
    """

    relation: str
    columns: tuple[str, ...]


class Part(NamedTuple):
    """The part of a row that goes to one relation.

    Attributes:
        target: where it goes, without the mark; keys come first.
        marked: where it goes with the mark (``_arrival`` or ``ip_text``) behind the keys, or
            ``None`` if the relation has none.
        pick: its values, without keys and mark.
    """

    target: Target
    marked: Target | None
    pick: Pick


@dataclass(frozen=True, slots=True)
class Shape:
    """What is the same for all rows that have fields of the same names and types.

    Indexes are into an object's values; behind them stand a null and the text for ``_extra``.

    Attributes:
        at: index of the value of each field that is known and not null, by its newer name.
        unusual: whether there is anything in the next three.
        converted: index, name and kind of what is not of the type that is stored.
        unknown: index and name of what the catalogue does not know.
        doubled: index and name of what has an older name, and index of what has the newer.
        whole: picks the whole numbers.
        booleans: indexes of the booleans.
        start: index of ``startTime``.
        lists: index, name, target and reader of lists and properties.
        nested: index and name of lists of secondary rows.
        absent: whether one of those lists is not given.
        parts: of the row, by relation.
    """

    at: Mapping[str, int]
    unusual: bool
    converted: tuple[tuple[int, str, Kind], ...]
    unknown: tuple[tuple[int, str], ...]
    doubled: tuple[tuple[int, str, int], ...]
    whole: Pick
    booleans: tuple[int, ...]
    start: int
    lists: tuple[tuple[int, str, Target, ReadList], ...]
    nested: tuple[tuple[int, str], ...]
    absent: bool
    parts: tuple[Part, ...]


class Shapes:
    """The shapes of the rows of one table."""

    def __init__(self, layout: Layout, table: Table) -> None:
        self._kinds = {field.name: field.kind for field in table.scalars}
        self._nested = tuple(NESTED.values()) if table.primary else ()
        self._mark = IP_TEXT if table.primary else ARRIVAL
        places = (layout.base(table.name), layout.detail(table.name))
        self._relations = tuple(r for r in layout.relations if r.name in places)
        keys = layout.keys(table.name)
        self._lists: dict[str, tuple[Target, ReadList]] = {}
        for field in table.collections:
            columns = (*keys, KEY if field.properties else ORDINAL, VALUE)
            read = PropertyReader(field.kind) if field.properties else read_texts
            self._lists[field.name] = (Target(layout.values(field), columns), read)
        self._known = frozenset((*self._kinds, *self._lists, *self._nested))
        self._targets: dict[tuple[str, ...], Target] = {}
        self._shapes: dict[tuple[tuple[str, ...], tuple[type, ...]], Shape] = {}

    def of(self, document: Mapping[str, Any], values: Iterable[Any]) -> Shape:
        """Return the shape of an object that has these values."""
        signature = (tuple(document), tuple(map(type, values)))
        shape = self._shapes.get(signature)
        if shape is None:
            shape = self._new(*signature)
            if len(self._shapes) >= _SHAPES_AT_MOST:
                self._shapes.clear()
            if sum(map(len, document)) <= _NAMES_AT_MOST:
                self._shapes[signature] = shape
        return shape

    def _new(self, names: tuple[str, ...], types: tuple[type, ...]) -> Shape:
        given = {
            n: i
            for i, (n, kind) in enumerate(zip(names, types, strict=True))
            if kind is not NoneType
        }
        at = {name: index for name, index in given.items() if name in self._known}
        unknown, doubled = [], []
        for name, index in given.items():
            newer = OLDER_NAMES.get(name)
            if name in self._known:
                continue
            if newer not in self._known:
                unknown.append((index, name))
            elif newer in given:
                doubled.append((index, name, at[newer]))
            else:
                at[newer] = index
        kinds = [(at[name], name, kind) for name, kind in self._kinds.items() if name in at]
        converted = tuple((i, n, kind) for i, n, kind in kinds if types[i] is not STORED[kind])
        lists = (*self._lists, *self._nested)
        return Shape(
            at=at,
            unusual=bool(converted or unknown or doubled),
            converted=converted,
            unknown=tuple(unknown),
            doubled=tuple(doubled),
            whole=_picker([index for index, _, kind in kinds if STORED[kind] is int]),
            booleans=tuple(index for index, _, kind in kinds if STORED[kind] is bool),
            start=at.get("startTime", len(names)),
            lists=tuple((at[n], n, *to) for n, to in self._lists.items() if n in at),
            nested=tuple((at[name], name) for name in self._nested if name in at),
            absent=any(name not in at for name in lists),
            parts=tuple(self._part(relation, at, len(names)) for relation in self._relations),
        )

    def _part(self, relation: Relation, at: Mapping[str, int], null: int) -> Part:
        """Return what goes to a relation, of values behind which stand null and ``_extra``."""
        at = {**at, EXTRA: null + 1}
        columns = [name for name, _ in relation.columns if name != self._mark]
        is_marked = len(columns) < len(relation.columns)
        present = [name for name in columns if name in at]
        if (relation.name, *present) not in self._targets and len(
            self._targets
        ) >= _TARGETS_AT_MOST:
            present = columns
        return Part(
            self._target(relation, present),
            self._target(relation, (self._mark, *present)) if is_marked else None,
            _picker([at.get(name, null) for name in present]),
        )

    def _target(self, relation: Relation, columns: Iterable[str]) -> Target:
        key = (relation.name, *columns)
        if key not in self._targets:
            self._targets[key] = Target(relation.name, (*relation.keys, *columns))
        return self._targets[key]


def _picker(indexes: Sequence[int]) -> Pick:
    """Return what picks the values at some indexes, always as a tuple."""
    if len(indexes) > 1:
        return itemgetter(*indexes)
    return lambda values: tuple([values[index] for index in indexes])
