"""Which sessions a segment chooses, against a plain computation over the sessions themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from ipaddress import ip_address, ip_network
from random import Random
from typing import Any

import pytest

from tests.oracle.compare import DataSet
from tests.oracle.data import ADDRESSES, DOUBLES, LONGS, TEXTS
from tests.oracle.store import Record, Session
from tests.oracle.times import from_ms, to_ms
from usql.segments import (
    Attribute,
    AttributeKind,
    Filter,
    Item,
    Pattern,
    Presence,
    Range,
    Segment,
    Value,
    attributes,
    where,
)

SEED = 11
ZONE = "Europe/Vienna"
ENGINES = ("sqlite", "duckdb")

# --- the plain computation ------------------------------------------------------------------------


def found(session: Session, table: str, name: str) -> list[Any]:
    """The values of a field that a session has."""
    records: list[Record] = [session] if table == "usersession" else session.items[table]
    cells = [record.cells[name] for record in records]
    return [
        v for cell in cells for v in (cell if isinstance(cell, list) else [cell]) if v is not None
    ]


def at_least_one(table: str, name: str) -> Callable[[Session], bool]:
    return lambda session: any(value > 0 for value in found(session, table, name))


def converted(session: Session) -> bool:
    goals = found(session, "usersession", "matchingConversionGoals")
    count = session.cells["matchingConversionGoalsCount"]
    return bool(goals) or (count is not None and count > 0)


ERRORS: dict[str, Callable[[Session], bool]] = {
    "request": at_least_one("useraction", "requestErrorCount"),
    "custom": at_least_one("useraction", "customErrorCount"),
    "JavaScript": at_least_one("useraction", "javascriptErrorCount"),
    "reported": lambda session: "Error" in found(session, "usererror", "type"),
}
PLACES = {
    "Application": ("useraction", "application"),
    "User action name": ("useraction", "name"),
    "Page": ("userevent", "page"),
    "Page group": ("userevent", "pageGroup"),
    "Application type": ("usersession", "applicationType"),
    "Browser monitor": ("usersession", "browserMonitorName"),
    "Browser type": ("usersession", "browserType"),
    "Browser family": ("usersession", "browserFamily"),
    "Browser version": ("usersession", "browserMajorVersion"),
    "Screen width": ("usersession", "screenWidth"),
    "Screen height": ("usersession", "screenHeight"),
    "OS family": ("usersession", "osFamily"),
    "OS version": ("usersession", "osVersion"),
    "Continent": ("usersession", "continent"),
    "Country": ("usersession", "country"),
    "Region": ("usersession", "region"),
    "City": ("usersession", "city"),
    "App version": ("usersession", "appVersion"),
    "Crashes": ("usersession", "hasCrash"),
    "Device": ("usersession", "device"),
    "Manufacturer": ("usersession", "manufacturer"),
    "Rooted or jailbroken": ("usersession", "rootedOrJailbroken"),
    "User tag": ("usersession", "userId"),
    "Internal user id": ("usersession", "internalUserId"),
    "User type": ("usersession", "userType"),
    "New user": ("usersession", "newUser"),
    "Session replay": ("usersession", "hasSessionReplay"),
    "Bounced": ("usersession", "bounce"),
    "Conversion count": ("usersession", "matchingConversionGoalsCount"),
    "Conversion goal": ("usersession", "matchingConversionGoals"),
    "Has errors": ("usersession", "hasError"),
    "Error count": ("usersession", "totalErrorCount"),
    "IP": ("usersession", "ip"),
    "ISP": ("usersession", "isp"),
    "Duration": ("usersession", "duration"),
    "User action count": ("usersession", "userActionCount"),
    "Rage clicks": ("usersession", "numberOfRageClicks"),
    "User experience score": ("usersession", "userExperienceScore"),
    "Rage taps": ("usersession", "numberOfRageTaps"),
}
PROPERTIES = {
    f"{prefix}{kind} property".capitalize(): (table, f"{kind}Properties")
    for prefix, table in (("", "usersession"), ("user action ", "useraction"))
    for kind in ("date", "double", "long", "string")
}


def values_of(session: Session, wanted: Filter) -> list[Any]:
    label = wanted.attribute.label
    if label in PLACES:
        return found(session, *PLACES[label])
    table, name = PROPERTIES[label]
    return [p[wanted.key] for p in found(session, table, name) if p.get(wanted.key) is not None]


def satisfies(session: Session, wanted: Filter) -> bool:
    label = wanted.attribute.label
    if label == "Converted":
        held = any(converted(session) is item.value for item in wanted.items)  # type: ignore[union-attr]
    elif label == "Error type":
        held = any(ERRORS[item.value](session) for item in wanted.items)  # type: ignore[union-attr,index]
    else:
        values = values_of(session, wanted)
        held = any(matches(wanted.attribute.kind, values, item) for item in wanted.items)
    return held is not wanted.negated


def matches(kind: AttributeKind, values: list[Any], item: Item) -> bool:
    match item:
        case Presence(present=present):
            return bool(values) is present
        case Pattern(text=text):
            texts = [
                str(ip_address(v.text)) if kind is AttributeKind.ADDRESS else v for v in values
            ]
            return any(fits(text.split("*"), value) for value in texts)
        case Value(value=value):
            return any(equals(kind, each, value) for each in values)
        case Range():
            return any(within(kind, each, item) for each in values)


def fits(parts: list[str], text: str) -> bool:
    """Whether a text is made of the parts, in order, with anything between them."""
    if len(parts) == 1:
        return text == parts[0]
    if not text.startswith(parts[0]):
        return False
    rest = text[len(parts[0]) :]
    for part in parts[1:-1]:
        if part not in rest:
            return False
        rest = rest[rest.index(part) + len(part) :]
    return rest.endswith(parts[-1])


def equals(kind: AttributeKind, each: Any, value: Any) -> bool:
    if kind is AttributeKind.ADDRESS and "/" in value:
        network = ip_network(value)
        found = ip_address(each.text)
        return found.version == network.version and found in network
    if kind is AttributeKind.ADDRESS:
        return ip_address(each.text) == ip_address(value)
    if kind is AttributeKind.DATE and isinstance(value, str):
        return from_ms(each, ZONE).date().isoformat() == value
    return bool(each == value)


def within(kind: AttributeKind, each: Any, item: Range) -> bool:
    if kind is AttributeKind.DATE:
        shown = from_ms(each, ZONE).date().isoformat()
        low_held = compared(each, shown, item.low, item.after_low, 1)
        return low_held and compared(each, shown, item.high, item.before_high, -1)
    if kind is AttributeKind.ADDRESS:
        order = (each.version, each.number)
        ends = [None if e is None else (ip_address(e).version, int(ip_address(e)))
                for e in (item.low, item.high)]  # fmt: skip
    else:
        order, ends = each, [item.low, item.high]
    low, high = ends
    return (low is None or (order > low if item.after_low else order >= low)) and (
        high is None or (order < high if item.before_high else order <= high)
    )


def compared(each: int, shown: str, end: Any, strict: bool, sign: int) -> bool:
    """Whether a moment lies on one side of a day, or of another moment."""
    if end is None:
        return True
    ours, other = (shown, end) if isinstance(end, str) else (each, end)
    if ours == other:
        return not strict
    return (ours > other) == (sign > 0)


# --- random segments ------------------------------------------------------------------------------


class Maker:
    """Makes filters whose values are mostly those of the data."""

    def __init__(self, rng: Random, data: DataSet) -> None:
        self.rng = rng
        self.sessions = data.store.sessions

    def filter(self, each: Attribute) -> Filter:
        key = self._key(each) if each.keyed else ""
        count = self.rng.choice((1, 1, 2, 3))
        items = [self._item(each, key) for _ in range(count)]
        return where(each, *items, key=key, negated=self.rng.random() < 0.3)

    def _key(self, each: Attribute) -> str:
        label = each.label
        table, name = PROPERTIES[label]
        keys = sorted({k for s in self.sessions for p in found(s, table, name) for k in p})
        return self.rng.choice(keys or ["plan"])

    def _item(self, each: Attribute, key: str) -> Item:
        if each.cases or each.kind is AttributeKind.FLAG:
            choice = self.rng.choice(each.choices)
            return Value({"yes": True, "no": False}.get(choice, choice))
        kind = self.rng.random()
        if kind < 0.1:
            return Presence(self.rng.random() < 0.5)
        if each.kind.has_ranges and kind < 0.6:
            return self._range(each, key)
        value = self._value(each, key)
        if each.kind in (AttributeKind.TEXT, AttributeKind.ADDRESS) and kind < 0.4:
            return self._pattern(str(value))
        if each.kind is AttributeKind.ADDRESS and kind < 0.7:
            bits = self.rng.randint(0, ip_address(value).max_prefixlen)
            return Value(str(ip_network(f"{value}/{bits}", strict=False)))
        return Value(value)

    def _pattern(self, text: str) -> Pattern:
        at = sorted(self.rng.sample(range(len(text) + 1), min(2, len(text) + 1)))
        made = text[: at[0]] + "*" + text[at[-1] :]
        return Pattern(self.rng.choice((made, made + "*", "*" + made)))

    def _range(self, each: Attribute, key: str) -> Range:
        ends = [self._value(each, key), self._value(each, key)]
        if each.kind is AttributeKind.ADDRESS:
            ends.sort(key=lambda a: (ip_address(a).version, int(ip_address(a))))
            if ip_address(ends[0]).version != ip_address(ends[1]).version:
                return Range(ends[0], None)
        elif each.kind is AttributeKind.DATE:
            ends.sort(key=lambda d: to_ms(day(d), ZONE) if isinstance(d, str) else d)
        else:
            ends.sort()
        sides = self.rng.choice((0, 1, 2))
        strict = [self.rng.random() < 0.4, self.rng.random() < 0.4]
        if sides < 2 or ends[0] == ends[1]:
            return Range(*[(ends[0], None), (None, ends[1])][sides % 2], *strict)
        return Range(*ends, *strict)

    def _value(self, each: Attribute, key: str) -> Any:
        wanted = Filter(each, (), key)
        pool = [v for s in self.sessions for v in values_of(s, wanted)]
        if each.kind is AttributeKind.ADDRESS:
            return str(ip_address(self.rng.choice([*(v.text for v in pool), *ADDRESSES])))
        if each.kind is AttributeKind.DATE:
            moment = self.rng.choice(pool or [0]) + self.rng.choice((-1, 0, 0, 1))
            shown = from_ms(moment, ZONE).date() + timedelta(days=self.rng.choice((-1, 0, 0, 1)))
            return moment if self.rng.random() < 0.4 else shown.isoformat()
        others: dict[AttributeKind, tuple[Any, ...]] = {
            AttributeKind.WHOLE: LONGS,
            AttributeKind.DECIMAL: DOUBLES,
            AttributeKind.DURATION: tuple(n for n in LONGS if n >= 0),
        }
        other = self.rng.choice(others.get(each.kind, TEXTS))
        chosen = self.rng.choice(pool) if pool and self.rng.random() < 0.8 else other
        negative = each.kind is AttributeKind.DURATION and chosen < 0
        return -chosen if negative else chosen


def day(text: str) -> Any:
    from datetime import datetime

    return datetime.combine(date.fromisoformat(text), datetime.min.time())


@pytest.fixture(scope="module", params=[(engine, n) for engine in ENGINES for n in range(3)])
def data(request: pytest.FixtureRequest) -> Iterator[DataSet]:
    engine, number = request.param
    with DataSet(SEED, number, 60, engine) as made:
        yield made


def chosen(data: DataSet, segment: Segment) -> list[Any]:
    """What the engine says of a segment, read from its text."""
    condition = Segment.parse(str(segment)).to_usql()
    rows = data.db.query(
        f"SELECT userSessionId, startTime, partNumber FROM usersession WHERE {condition}",
        timezone=ZONE,
        default_limit=None,
    ).rows
    return sorted(rows, key=repr)


def expected(data: DataSet, segment: Segment) -> list[Any]:
    names = ("userSessionId", "startTime", "partNumber")
    return sorted(
        (
            tuple(session.cells[name] for name in names)
            for session in data.store.sessions
            if all(satisfies(session, each) for each in segment.filters)
        ),
        key=repr,
    )


@pytest.mark.parametrize("label", [each.label for each in attributes()])
def test_every_attribute(data: DataSet, label: str) -> None:
    (each,) = (a for a in attributes() if a.label == label)
    rng = Random(f"{SEED}/{data.number}/{label}")
    maker = Maker(rng, data)
    for _ in range(6):
        segment = Segment.of(maker.filter(each))
        assert chosen(data, segment) == expected(data, segment), str(segment)


def test_several_attributes_must_all_hold(data: DataSet) -> None:
    rng = Random(f"{SEED}/{data.number}")
    maker = Maker(rng, data)
    for _ in range(30):
        picked = rng.sample(attributes(), rng.choice((2, 3)))
        segment = Segment.of(*map(maker.filter, picked))
        assert chosen(data, segment) == expected(data, segment), str(segment)


def test_a_name_of_an_action_means_at_least_one(data: DataSet) -> None:
    names = sorted({n for s in data.store.sessions for n in found(s, "useraction", "name")})
    for name in names:
        segment = Segment.of(where("User action name", name))
        count = sum(
            any(action.get("name") == name for action in session.raw["userActions"])
            for session in data.store.sessions
        )
        assert len(chosen(data, segment)) == count
