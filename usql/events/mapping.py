"""What the columns of an event log mean, as a person says it: in Python, in TOML, or by options.

What arrives: names of columns by what they hold. What leaves: an ``EventMapping`` in which every
name of a field, unit, zone and limit exists; anything else is refused with ``BadData`` that says
where. Which columns a file really has is ``recognise``'s business.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from usql.dates import parse_duration
from usql.errors import BadData, UsqlError
from usql.events.cutting import Cutting
from usql.events.times import UNITS
from usql.experience import ApdexLimits, ExperienceRules
from usql.schema import PRIMARY, Field, catalogue
from usql.zones import Zone

ROLES = ("user", "time", "name", "duration", "application", "type", "error", "session_id")
"""What a column may be to a row, beside a field or a property."""
REQUIRED = ("user", "time", "name")
DURATION_UNITS = ("ms", "s", "us")

DERIVED = frozenset(
    ["userSessionId", "startTime", "endTime", "duration", "userActionCount", "bounce"]
)
"""Fields of a session that follow from which rows it has."""
_INSTEAD = {
    "usersession.userSessionId": "map session_id: the id is made of it",
    "usersession.userId": "map user",
    "useraction.startTime": "map time",
    "useraction.name": "map name",
    "useraction.duration": "map duration",
    "useraction.application": "map application",
    "useraction.type": "map type",
}
_MOST_ACTIONS = 1_000_000


@dataclass(frozen=True, slots=True)
class FieldTarget:
    """A field of the catalogue, or one property, that a column goes to.

    Attributes:
        field: of the catalogue.
        key: of the property, or "" of a plain field.
    """

    field: Field
    key: str = ""

    def __str__(self) -> str:
        return f"{self.field.table}.{self.field.name}" + (f".{self.key}" if self.key else "")


@dataclass(frozen=True)
class EventMapping:
    """What the columns of an event log mean, and how to cut it into sessions.

    Attributes:
        user, time, name, duration, application, type, error, session_id: the column of each;
            ``None`` to recognise it, "" for none.
        fields: columns by where they go: a field such as ``usersession.country`` or
            ``useraction.serverTime``, or a property such as
            ``usersession.stringProperties.plan``.
        values: constant values, by field.
        types: what values of the type column mean, as values of ``useraction.type``.
        skip: columns to leave out.
        recognise: whether to recognise the columns that nothing is said of.
        zone: of times that do not say theirs, as ``Zone.of`` takes it.
        time_unit: of times that are numbers: ``s``, ``ms``, ``us`` or ``ns``; ``None`` to tell it
            by their size.
        time_format: of times that are texts, as ``datetime.strptime`` takes it; ``None`` to tell it
            by their look.
        duration_unit: ``ms``, ``s`` or ``us``; ``None`` for what the column's name says, else ms.
        cutting: when sessions end; ``None`` for the store's own limits.
        apdex: from which durations to derive ``apdexCategory``; ``None`` not to.
        experience: what the user experience score goes by; ``None`` for the store's own.

    Raises:
        BadData: a field, unit or zone does not exist.

    >>> EventMapping(user="uid", time="ts", name="page", fields={"usersession.country": "geo"}).user
    'uid'
    """

    user: str | None = None
    time: str | None = None
    name: str | None = None
    duration: str | None = None
    application: str | None = None
    type: str | None = None
    error: str | None = None
    session_id: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    skip: tuple[str, ...] = ()
    recognise: bool = True
    zone: str | int | None = None
    time_unit: str | None = None
    time_format: str | None = None
    duration_unit: str | None = None
    cutting: Cutting | None = None
    apdex: ApdexLimits | None = None
    experience: ExperienceRules | None = None

    def __post_init__(self) -> None:
        for target in (*self.fields, *self.values):
            target_of(target)
        for role in REQUIRED:
            if getattr(self, role) == "":
                raise BadData(f"{role} is required: it cannot be left without a column")
        _one_of("time_unit", self.time_unit, tuple(UNITS))
        _one_of("duration_unit", self.duration_unit, DURATION_UNITS)
        known = _field("useraction", "type").values
        for value in self.types.values():
            _one_of("a type", value, known)
        try:
            Zone.of(self.zone)
        except UsqlError as error:
            raise BadData(error.message, hint=error.hint) from None

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> EventMapping:
        """Return the mapping of a TOML file.

        Raises:
            BadData: it cannot be read, or says what no mapping can say.
        """
        try:
            document = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise BadData(f"{path} cannot be read: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadData(f"{path} is not TOML: {error}") from None
        try:
            return cls.of(document)
        except UsqlError as error:
            raise BadData(f"{path}: {error.message}", hint=error.hint) from None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> EventMapping:
        """Return the mapping that a decoded TOML document says.

        Raises:
            BadData: it says what no mapping can say.

        >>> EventMapping.of({"user": "uid", "sessions": {"gap": "20m"}}).cutting.gap
        1200000
        """
        given: dict[str, Any] = {}
        for name, value in document.items():
            attribute, read = _member(name)
            given[attribute] = read(name, value)
        return cls(**given)

    def over(self, other: EventMapping) -> EventMapping:
        """Return this mapping, with what it does not say taken from another one."""
        mine = {f.name: getattr(self, f.name) for f in fields(self)}
        usual = EventMapping()
        said = {name: value for name, value in mine.items() if value != getattr(usual, name)}
        for name in ("fields", "values", "types"):
            said[name] = {**getattr(other, name), **mine[name]}
        said["skip"] = (*other.skip, *self.skip)
        return replace(other, **said)


def target_of(text: str) -> FieldTarget:
    """Return the field or property that is named as in a query.

    Raises:
        BadData: there is none, or it follows from the rows.

    >>> str(target_of("usersession.country")), target_of("useraction.longProperties.size").key
    ('usersession.country', 'size')
    """
    table_name, _, rest = text.partition(".")
    table = catalogue().find(table_name)
    if table is None or not rest:
        names = ", ".join(f"{t.name}.…" for t in catalogue().tables)
        raise BadData(f"{text!r} is no field", hint=f"fields are named {names}")
    name, _, key = rest.partition(".")
    found = table.find(name)
    if found is None:
        close = get_close_matches(name, [f.name for f in table.fields], n=1)
        hint = f"did you mean {table.name}.{close[0]}?" if close else f"usql fields {table.name}"
        raise BadData(f"{table.name} has no field {name!r}", hint=hint)
    _check_target(found, key)
    return FieldTarget(found, key)


def _check_target(found: Field, key: str) -> None:
    spelled = f"{found.table}.{found.name}"
    if spelled in _INSTEAD:
        raise BadData(f"{spelled} cannot be mapped as a field", hint=_INSTEAD[spelled])
    if found.table == PRIMARY and found.name in DERIVED:
        raise BadData(f"{spelled} cannot be mapped: it follows from the rows of the session")
    if found.nested or found.many:
        raise BadData(f"{spelled} cannot be mapped: it is a list")
    if found.table == "usererror" or spelled == "userevent.startTime":
        raise BadData(f"{spelled} cannot be mapped", hint="map error, and type")
    if found.properties and not key:
        raise BadData(f"{spelled} lacks a key", hint=f"write {spelled}.KEY")
    if found.properties and found.table == "userevent":
        raise BadData(f"{spelled} cannot be mapped")
    if key and not found.properties:
        raise BadData(f"{spelled} has no keys", hint=f"write {spelled}")


def length(name: str, value: Any) -> int | None:
    """Return the ms of a length of time such as ``30m``; ``None`` for ``none``.

    Raises:
        BadData: it is none.

    >>> length("gap", "30m"), length("gap", "none")
    (1800000, None)
    """
    if isinstance(value, str) and value.casefold() == "none":
        return None
    try:
        if not isinstance(value, str):
            raise ValueError
        span = parse_duration(value)
        if span.months or span.ms <= 0:
            raise ValueError
    except ValueError:
        raise BadData(
            f"{name}: {value!r} is not a length of time", hint='write "30m", "6h" or "none"'
        ) from None
    return span.ms


def count(name: str, value: Any) -> int | None:
    """Return a number of actions; ``None`` for ``none``.

    Raises:
        BadData: it is none.
    """
    if isinstance(value, str):
        if value.casefold() == "none":
            return None
        value = int(value) if value.isascii() and value.isdecimal() else value
    if type(value) is not int or not 1 <= value <= _MOST_ACTIONS:
        raise BadData(
            f"{name}: {value!r} is not a number of actions",
            hint=f'write a number from 1 to {_MOST_ACTIONS:,}, or "none"',
        )
    return value


_Read = Callable[[str, Any], Any]


def _member(name: str) -> tuple[str, _Read]:
    member = _MEMBERS.get(name.replace("-", "_"))
    if member is None:
        close = get_close_matches(name, _MEMBERS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(_MEMBERS)}"
        raise BadData(f"a mapping has no member {name!r}", hint=hint)
    return member


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise BadData(f"{name}: expected a text, got {value!r}")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise BadData(f"{name}: expected true or false, got {value!r}")
    return value


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise BadData(f"{name}: expected a list of columns, got {value!r}")
    return tuple(_text(f"{name}[{index}]", text) for index, text in enumerate(value))


def _zone(name: str, value: Any) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadData(f"{name}: expected the name of a zone, got {value!r}")
    return value


def _table(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadData(f"{name}: expected a table, got {value!r}")
    return value


def _text_table(name: str, value: Any) -> dict[str, str]:
    flat = _flattened(_table(name, value))
    return {member: _text(f"{name}.{member}", text) for member, text in flat.items()}


def _value_table(name: str, value: Any) -> dict[str, Any]:
    return _flattened(_table(name, value))


def _flattened(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a table without tables in it: ``usersession.country`` need not be quoted in TOML."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat |= _flattened(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise BadData(f"{name}: expected a number that is not negative, got {value!r}")
    return float(value)


def _built(made: type[Any], readers: Mapping[str, _Read]) -> _Read:
    """Return what reads a table of the members of a dataclass."""

    def read(name: str, value: Any) -> Any:
        given = {}
        for member, part in _table(name, value).items():
            reader = readers.get(member.replace("-", "_"))
            if reader is None:
                raise BadData(f"{name} has no {member!r}", hint=f"there are {', '.join(readers)}")
            given[member.replace("-", "_")] = reader(f"{name}.{member}", part)
        return made(**given)

    return read


def _limit(name: str, value: Any) -> int:
    ms = length(name, value)
    if ms is None:
        raise BadData(f"{name}: 'none' is no limit")
    return ms


_CUTTING: dict[str, _Read] = {
    "gap": length,
    "mobile_gap": length,
    "max_duration": length,
    "max_actions": count,
}
_EXPERIENCE: dict[str, _Read] = {part.name: _number for part in fields(ExperienceRules)}
_APDEX: dict[str, _Read] = {"satisfied": _limit, "tolerated": _limit}
_MEMBERS: dict[str, tuple[str, _Read]] = {
    **{role: (role, _text) for role in ROLES},
    "fields": ("fields", _text_table),
    "values": ("values", _value_table),
    "types": ("types", _text_table),
    "skip": ("skip", _texts),
    "recognise": ("recognise", _flag),
    "zone": ("zone", _zone),
    "time_unit": ("time_unit", _text),
    "time_format": ("time_format", _text),
    "duration_unit": ("duration_unit", _text),
    "sessions": ("cutting", _built(Cutting, _CUTTING)),
    "apdex": ("apdex", _built(ApdexLimits, _APDEX)),
    "experience": ("experience", _built(ExperienceRules, _EXPERIENCE)),
}


def _field(table: str, name: str) -> Field:
    found = catalogue().table(table).find(name)
    assert found is not None
    return found


def _one_of(what: str, value: str | None, known: tuple[str, ...]) -> None:
    if value is not None and value not in known:
        raise BadData(f"{what} cannot be {value!r}", hint=f"write {', '.join(known)}")
