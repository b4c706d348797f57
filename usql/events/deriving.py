"""Events of one session to a session of the export format, with all that follows from them.

What arrives: the events, in order, why the session ended, and what is known of its user. What
leaves: an object that ``store.sessions`` takes. The same events give the same object, its id
included, whatever came before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from usql.events.rows import Payload, Raw
from usql.events.values import ColumnType, number
from usql.experience import ApdexCounts, ExperienceRules, experience_score

_ID_BYTES = 12
_FIELDS: Mapping[ColumnType, str] = {
    "string": "stringProperties",
    "long": "longProperties",
    "double": "doubleProperties",
    "date": "dateProperties",
}
Document = dict[str, Any]


class Happening(NamedTuple):
    """An event of the store, decoded.

    Attributes:
        time: in ms.
        end: in ms.
        digest: of the row.
        payload: what it says.
    """

    time: int
    end: int
    digest: bytes
    payload: Payload


class Stream(NamedTuple):
    """What the sessions of one stream share.

    Attributes:
        user: whose it is, or "".
        part: what tells it from the user's other streams.
    """

    user: str
    part: str

    @property
    def application_type(self) -> str | None:
        """The kind of application, where it is known."""
        return self.part.partition("|")[0] or None

    @property
    def session_id(self) -> str:
        """The id that the log itself has for the session, or ""."""
        return self.part.partition("|")[2]

    def id_at(self, start: int, rank: int) -> str:
        """Return the id of a session.

        Args:
            start: of the session, in ms.
            rank: among the sessions of the stream that start in this ms.
        """
        text = msgspec.json.encode((self.user, self.part, start, rank))
        return blake2b(text, digest_size=_ID_BYTES).hexdigest()


_decode = msgspec.json.Decoder(Payload).decode


def happening(time: int, digest: bytes, payload: bytes) -> Happening:
    """Return an event of the store, decoded."""
    decoded = _decode(payload)
    return Happening(time, decoded.action.get("endTime", time), digest, decoded)


def session_of(
    stream: Stream,
    happenings: Sequence[Happening],
    *,
    rank: int,
    reason: str,
    new_user: bool | None,
    types: Mapping[str, ColumnType],
    rules: ExperienceRules,
) -> Document:
    """Return a session of the export format.

    Args:
        stream: that it is of.
        happenings: its events, by time.
        rank: among the sessions of the stream that start in the same ms.
        reason: why it ended.
        new_user: whether the user has no earlier session; ``None`` if there is no user.
        types: of the columns that are properties.
        rules: of the user experience score.
    """
    start = happenings[0].time
    end = max(h.end for h in happenings)
    actions = [_action(h, types) for h in happenings]
    events = [event for h in happenings for event in _events(h)]
    errors = [error for h in happenings for error in _errors(h)]
    crashes = sum(error["type"] == "Crash" for error in errors)
    document: Document = {
        "userSessionId": stream.id_at(start, rank),
        "startTime": start,
        "endTime": end,
        "duration": end - start,
        "userId": stream.user or None,
        "userActionCount": len(actions),
        "bounce": len(actions) <= 1,
        "newUser": new_user,
        "totalErrorCount": len(errors),
        "hasError": bool(errors),
        "hasCrash": bool(crashes),
        "endReason": reason,
        "numberOfRageClicks": _count(events, "RageClick") or None,
        "numberOfRageTaps": _count(events, "RageTap") or None,
        "userExperienceScore": experience_score(
            ApdexCounts.of(action.get("apdexCategory") for action in actions),
            errors=len(errors) - crashes,
            rages=_count(events, "RageClick") + _count(events, "RageTap"),
            crashes=crashes,
            rules=rules,
        ),
    }
    document = {name: value for name, value in document.items() if value is not None}
    document |= _session_fields(happenings)
    return document | {"userActions": actions, "events": events, "errors": errors}


def _session_fields(happenings: Sequence[Happening]) -> Document:
    """Return what the rows say of their session: of each field, the first value there is."""
    said: Document = {}
    for one in happenings:
        for name, value in one.payload.session.items():
            said.setdefault(name, value)
    fields: Document = {name: value for name, value in said.items() if "." not in name}
    for name, value in said.items():
        if "." in name:
            field, _, key = name.partition(".")
            fields.setdefault(field, {})[key] = value
    return {name: _pairs(value) if type(value) is dict else value for name, value in fields.items()}


def _action(one: Happening, types: Mapping[str, ColumnType]) -> Document:
    payload = one.payload
    properties: dict[str, dict[str, Any]] = {}
    action: Document = {"startTime": one.time}
    for name, value in payload.action.items():
        field, point, key = name.partition(".")
        if point:
            properties.setdefault(field, {})[key] = value
        else:
            action[name] = value
    for column, raw in payload.raw.items():
        kind = types[column]
        properties.setdefault(_FIELDS[kind], {})[column] = _value(raw, kind)
    if payload.kind == "Crash":
        action["hasCrash"] = True
    return action | {field: _pairs(values) for field, values in properties.items()}


def _value(raw: Raw, kind: ColumnType) -> Any:
    text, value = (raw, None) if isinstance(raw, str) else raw
    match kind:
        case "string":
            return text
        case "long":
            return int(text)
        case "double":
            return number(text) if value is None else float(value)
        case "date":
            return value


def _events(one: Happening) -> list[Document]:
    """Return the user events of an event: a page change, a rage click or tap."""
    kind = one.payload.kind
    if kind not in ("PageChange", "RageClick", "RageTap"):
        return []
    name = one.payload.action["name"]
    event = {"type": kind, "name": name, "startTime": one.time}
    if kind == "PageChange":
        event["page"] = name
    return [event | _place(one) | one.payload.event]


def _errors(one: Happening) -> list[Document]:
    """Return the errors of an event; one without a name of its own has that of the action."""
    kind, names = one.payload.kind, one.payload.errors
    type_name = "Crash" if kind == "Crash" else "Error"
    if kind in ("Error", "Crash") and not names:
        names = [""]
    return [
        {
            "type": type_name,
            "name": name or one.payload.action["name"],
            "startTime": one.time,
        }
        | _place(one)
        for name in names
    ]


def _place(one: Happening) -> Document:
    """Return where something happened."""
    action = one.payload.action
    names = ("application", "domain", "internalApplicationId")
    return {name: action[name] for name in names if name in action}


def _pairs(values: Mapping[str, Any]) -> list[Document]:
    return [{"key": key, "value": values[key]} for key in sorted(values)]


def _count(events: Sequence[Document], kind: str) -> int:
    return sum(event["type"] == kind for event in events)
