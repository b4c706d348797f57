"""One row of a log to one event: whose it is, when, and what it says, in the catalogue's terms.

What arrives: the texts of a row, by column, and what the columns are. What leaves: an ``Event``,
whose payload has all that is needed to make an action of it, and to tell a session's fields; or
``BadData`` that names the column.

An event is known by its *digest*, which is of the names and the texts of all its columns and of
nothing else. So a row is the same row in whatever order, file or format it comes, and whatever is
made of it: imported again with another mapping, it takes the place of what it was before.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from math import isfinite
from typing import Any, NamedTuple

import msgspec

from usql.errors import BadData
from usql.events.kinds import Kinds
from usql.events.mapping import EventMapping, FieldTarget, target_of
from usql.events.recognise import Columns, Target
from usql.events.times import TimeReader
from usql.events.values import ColumnType, number, type_of, widest
from usql.schema import Field
from usql.types import Kind
from usql.zones import Zone

_DIGEST_BYTES = 12
"""Two of ten thousand million rows have the same digest with a chance of one in 10^9."""
_DURATION_UNITS = {"s": 1_000, "ms": 1, "us": 0.001}
_NO_ERROR = frozenset(["0", "false", "no", "n", "f", "-", "ok", "success", "none", "(not set)"])
_YES = frozenset(["1", "true", "yes", "y", "t"])
_MOST_ERRORS = 99
"""An error column with a number up to here counts errors; with one from 100 it is a status."""
_ERROR_STATUS = range(400, 600)
_EXAMPLES = 3
_EXAMPLE_LENGTH = 40

Raw = str | tuple[str, int | float]
"""The text of a property, with its value where the text alone does not tell it."""


class Payload(msgspec.Struct, array_like=True, omit_defaults=True):
    """What an event says.

    Attributes:
        action: fields of the action.
        session: fields of the session, and properties by ``field.key``.
        event: fields of the user event.
        raw: columns that are properties, by name.
        errors: the names of its errors; "" for that of the action.
        kind: what happened beside the action, or "": a type of user events, or of errors.
    """

    action: dict[str, Any]
    session: dict[str, Any]
    event: dict[str, Any]
    raw: dict[str, Raw]
    errors: list[str]
    kind: str


class Event(NamedTuple):
    """One event, as the store keeps it.

    Attributes:
        digest: what makes it the same row as another.
        user: whose it is; "" where only the session is known.
        part: what tells streams of one user apart: the kind of application, and the session id.
        time: in ms.
        payload: encoded.
    """

    digest: bytes
    user: str
    part: str
    time: int
    payload: bytes


class EventReader:
    """Makes events of the rows of one file.

    Attributes:
        types: of the columns that are properties, as far as they are known.
        examples: a few values of each column.
        times: what the times were taken for.
    """

    def __init__(self, columns: Columns, mapping: EventMapping, *, decimal_comma: bool) -> None:
        self._columns = columns
        self._mapping = mapping
        self._comma = decimal_comma
        self._zone = Zone.of(mapping.zone)
        self._dates = TimeReader(self._zone)
        self._kinds = Kinds(mapping.types)
        self._targets: dict[str, tuple[Target, ...]] = {}
        self._constants = [(target_of(t), str(v)) for t, v in mapping.values.items()]
        self._scale = _DURATION_UNITS[columns.duration_unit]
        self._encode = msgspec.json.Encoder().encode
        self.types: dict[str, ColumnType] = {}
        self.examples: dict[str, dict[str, None]] = {}
        self.times = TimeReader(self._zone, mapping.time_unit, mapping.time_format)

    def read(self, values: Mapping[str, str]) -> Event:
        """Return the event of a row.

        Raises:
            BadData: it lacks user, time or name, or a value is of the wrong type.
        """
        items = sorted(values.items())
        roles = self._columns.roles
        user, session_id = self._user(values), values.get(roles.get("session_id", ""), "")
        payload = Payload({}, {}, {}, {}, [], "")
        for column, text in items:
            self._take(column, text, payload)
        for target, text in self._constants:
            self._set(target, text, payload, "the mapping")
        time = self._time(values)
        name = values.get(roles["name"], "").strip()
        if not name:
            raise BadData(f"{roles['name']}: there is no name")
        if not (user or session_id):
            raise BadData(f"{roles['user']}: there is no user")
        payload.action["name"] = name
        if session_id:
            payload.session.setdefault(f"stringProperties.{roles['session_id']}", session_id)
        self._finish(payload, values, time)
        self._learn(items)
        part = f"{payload.session.get('applicationType', '')}|{session_id}"
        return Event(_digest(items), user, part, time, self._encode(payload))

    # --- values of one column

    def _take(self, column: str, text: str, payload: Payload) -> None:
        targets = self._targets.get(column)
        if targets is None:
            targets = self._targets[column] = self._columns.targets(column)
        if self._columns.is_skipped(column):
            return
        if not targets:
            payload.raw[column] = self._raw(text)
        for target in targets:
            if isinstance(target, FieldTarget):
                self._set(target, text, payload, column)

    def _set(self, target: FieldTarget, text: str, payload: Payload, column: str) -> None:
        """Set a field, unless it is set: the first of two columns counts."""
        members = self._members(target, payload)
        name = f"{target.field.name}.{target.key}" if target.key else target.field.name
        members.setdefault(name, self._converted(target.field, text, column))

    @staticmethod
    def _members(target: FieldTarget, payload: Payload) -> dict[str, Any]:
        tables = {
            "usersession": payload.session,
            "useraction": payload.action,
            "userevent": payload.event,
        }
        return tables[target.field.table]

    def _converted(self, field: Field, text: str, column: str) -> Any:
        try:
            return self._of_kind(field, text.strip())
        except BadData as error:
            raise BadData(f"{column}: {error.message}", hint=error.hint) from None
        except (ValueError, OverflowError):
            expected = _NOUNS[field.kind]
            raise BadData(f"{column}: expected {expected} for {field.name}, got {text!r}") from None

    def _of_kind(self, field: Field, text: str) -> Any:
        match field.kind:
            case Kind.LONG:
                value = self._number(text)
                whole = int(text) if isinstance(value, int) else int(value)
                if whole != value or not -(2**63) <= whole < 2**63:
                    raise ValueError
                return whole
            case Kind.DOUBLE:
                return float(self._number(text))
            case Kind.DATE:
                return self._dates.read(text)
            case Kind.BOOLEAN:
                return _truth(text)
            case Kind.ENUM:
                return _spelled(field, text)
            case _:
                return text

    def _number(self, text: str) -> int | float:
        try:
            return int(text)
        except ValueError:
            value = number(text) if self._comma else float(text)
        if not isfinite(value):
            raise ValueError
        return value

    def _raw(self, text: str) -> Raw:
        """Return a property's text, with its value where the column's type may need it."""
        kind = type_of(text, decimal_comma=self._comma)
        if kind == "double" and "," in text:
            return text, number(text)
        if kind != "date":
            return text
        try:
            return text, self._dates.read(text)
        except BadData:
            return text

    # --- the whole row

    def _user(self, values: Mapping[str, str]) -> str:
        for column in (self._columns.roles["user"], *self._columns.stand_ins):
            user = values.get(column, "").strip()
            if user:
                return user
        return ""

    def _time(self, values: Mapping[str, str]) -> int:
        column = self._columns.roles["time"]
        text = values.get(column)
        if text is None:
            raise BadData(f"{column}: there is no time")
        try:
            return self.times.read(text)
        except BadData as error:
            raise BadData(f"{column}: {error.message}", hint=error.hint) from None

    def _finish(self, payload: Payload, values: Mapping[str, str], time: int) -> None:
        """Fill in what the roles say, and what follows from it."""
        action, roles = payload.action, self._columns.roles
        if "application" in roles and roles["application"] in values:
            action["application"] = values[roles["application"]]
        self._finish_duration(action, values, time)
        self._finish_type(payload, values)
        error = values.get(roles.get("error", ""))
        if error is not None:
            payload.errors = _errors(error.strip())
        if self._mapping.apdex is not None and "apdexCategory" not in action:
            failed = bool(payload.errors) or payload.kind in ("Error", "Crash")
            duration = action.get("duration")
            action["apdexCategory"] = self._mapping.apdex.category(duration, failed=failed)

    def _finish_duration(
        self, action: dict[str, Any], values: Mapping[str, str], time: int
    ) -> None:
        column = self._columns.roles.get("duration", "")
        text = values.get(column)
        if text is not None:
            try:
                ms = round(self._number(text.strip()) * self._scale)
            except (ValueError, OverflowError):
                raise BadData(f"{column}: expected a duration, got {text!r}") from None
            if not 0 <= ms < 2**53:
                raise BadData(f"{column}: a duration of {text} is none")
            action["duration"] = ms
            action.setdefault("endTime", time + ms)
        elif "endTime" in action:
            action["duration"] = action["endTime"] - time
        if action.get("endTime", time) < time:
            raise BadData("the end of the row is before its time")

    def _finish_type(self, payload: Payload, values: Mapping[str, str]) -> None:
        column = self._columns.roles.get("type")
        written = None if column is None else values.get(column)
        if written is None:
            usual = self._kinds.usual(payload.action["name"], page_named=self._columns.page_named)
            payload.action["type"], payload.kind = usual
            return
        payload.action["type"], payload.kind = self._kinds.of(written)
        if column and column != self._columns.roles["name"] and written != payload.action["type"]:
            payload.raw[column] = self._raw(written)

    def _learn(self, items: list[tuple[str, str]]) -> None:
        """Note types and examples of the columns of a row that is good."""
        for column, text in items:
            kind = type_of(text, decimal_comma=self._comma)
            if self.types.get(column) != kind:
                if kind == "date" and type(self._raw(text)) is str:
                    kind = "string"
                self.types[column] = widest(self.types.get(column), kind)
            shown = self.examples.setdefault(column, {})
            if len(shown) < _EXAMPLES and not self._columns.is_skipped(column):
                shown.setdefault(text[:_EXAMPLE_LENGTH])


_NOUNS = {
    Kind.LONG: "a whole number",
    Kind.DOUBLE: "a number",
    Kind.DATE: "a time",
    Kind.BOOLEAN: "true or false",
    Kind.ENUM: "one of its values",
    Kind.STRING: "text",
    Kind.IP: "an address",
}


def _digest(items: list[tuple[str, str]]) -> bytes:
    return blake2b(msgspec.json.encode(items), digest_size=_DIGEST_BYTES).digest()


def _truth(text: str) -> bool:
    folded = text.casefold()
    if folded in _YES:
        return True
    if folded in _NO_ERROR:
        return False
    raise ValueError


def _spelled(field: Field, text: str) -> str:
    """Return a value of a closed list as the list spells it."""
    folded = text.casefold()
    for value in field.values:
        if folded in (value.casefold(), value.casefold().removesuffix("_application")):
            return value
    shown = ", ".join(field.values[:10])
    raise BadData(f"{text!r} is no {field.name}", hint=f"there are {shown}")


def _errors(text: str) -> list[str]:
    """Return the names of the errors that a value says; "" for that of the action.

    >>> _errors("0"), _errors("200"), _errors("2"), _errors("503"), _errors("Out of stock")
    ([], [], ['', ''], ['HTTP 503'], ['Out of stock'])
    """
    if text.casefold() in _NO_ERROR or not text:
        return []
    if text.casefold() in _YES:
        return [""]
    if text.isascii() and text.isdecimal() and len(text) <= 3:
        number = int(text)
        if number <= _MOST_ERRORS:
            return [""] * number
        return [f"HTTP {number}"] if number in _ERROR_STATUS else []
    return [text]
