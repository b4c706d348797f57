"""Who visits the shop: persons, their browsers and apps, and machines that are no persons."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from typing import Literal, NamedTuple

from usql.demo import choices, devices, places, shop
from usql.demo.chance import NARROW, Dice, Names
from usql.demo.clock import DAY, PERIOD_START, WEEK


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who visits the shop; `facts` are the properties of all their sessions."""

    user_id: str | None
    city: places.City
    isp: str
    carrier: str
    readiness: float
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class Client:
    """One browser profile or installed app of a person: what `internalUserId` counts."""

    person: Person
    app: shop.Application
    user_type: Literal["REAL_USER", "SYNTHETIC", "ROBOT"]
    internal_id: str
    is_new: bool
    device: devices.Device
    os_version: str
    screen: devices.Screen
    browser: devices.Browser | None
    update_lag: int
    pace: float
    home_ip: str
    is_rooted: bool


def new_person(dice: Dice, number: int, is_agent: bool) -> Person:
    """Return someone new: a customer, or an agent of the agency."""
    city = dice.pick(places.AGENCY_CITIES if is_agent else places.CITIES)
    country = city.country
    user_id = _user_id(dice, number, is_agent) if is_agent or dice.chance(0.44) else None
    facts = {"währung": country.currency}
    if is_agent:
        facts["plan"] = "Agency"
    elif user_id:
        facts["plan"] = dice.pick(choices.PLANS)
        level = dice.pick(choices.LOYALTY_LEVELS)
        if level:
            facts["loyalty level"] = level
    return Person(
        user_id=user_id,
        city=city,
        isp=country.isps[min(dice.below(len(country.isps)), dice.below(len(country.isps)))],
        carrier=dice.one_of(country.carriers),
        readiness=dice.spread(NARROW) * (1.15 if user_id else 0.9),
        facts=facts,
    )


def _user_id(dice: Dice, number: int, is_agent: bool) -> str:
    """Return a name that no other person has: the number sees to that."""
    first, last = dice.one_of(choices.FIRST_NAMES), dice.one_of(choices.LAST_NAMES)
    if is_agent:
        return f"{first}.{last}{number}@agency.example"
    if dice.chance(0.7):
        return f"{first}.{last}{number}@mail.example"
    return f"{dice.one_of(choices.NICKNAMES)}{number}"


def new_client(dice: Dice, names: Names, person: Person, app: shop.Application) -> Client:
    """Return a browser or an installed app for a person."""
    device = dice.pick(app.devices)
    screen = dice.pick(device.screens)
    return Client(
        person=person,
        app=app,
        user_type="REAL_USER",
        internal_id=names.client(),
        is_new=dice.chance(0.62),
        device=device,
        os_version=dice.pick(device.os_versions),
        screen=screen,
        browser=dice.pick(devices.BROWSERS[device.os_family]) if app.is_web else None,
        update_lag=WEEK * 9 if dice.chance(0.05) else dice.below(6 * DAY),
        pace=dice.spread(NARROW),
        home_ip=address_in(dice, person.isp),
        is_rooted=app.is_mobile and dice.chance(0.015),
    )


def address_in(dice: Dice, network: str) -> str:
    """Return an address out of the network's block of the ranges set aside for tests."""
    number = places.NETWORK_NUMBER[network]
    if dice.chance(0.14):
        return f"2001:db8:{number:x}:{dice.below(0xFFFF) + 1:x}::{dice.below(0xFFFE) + 1:x}"
    host = number * 1024 + dice.below(1022) + 1
    return f"198.{18 + (host >> 16)}.{host >> 8 & 255}.{host & 255}"


def new_machine(
    dice: Dice,
    names: Names,
    city: places.City,
    isp: str,
    user_type: Literal["SYNTHETIC", "ROBOT"],
) -> Client:
    """Return a visitor who is no person: always new, and without a history."""
    is_monitor = user_type == "SYNTHETIC"
    device = devices.MONITOR_DEVICE if is_monitor else devices.ROBOT_DEVICE
    return Client(
        person=Person(None, city, isp, "", 1.0, {}),
        app=shop.WEB,
        user_type=user_type,
        internal_id=names.client(),
        is_new=True,
        device=device,
        os_version=device.os_versions.items[0],
        screen=device.screens.items[0],
        browser=devices.MONITOR_BROWSER if is_monitor else None,
        update_lag=0,
        pace=1.0,
        home_ip=address_in(dice, isp),
        is_rooted=False,
    )


class Connection(NamedTuple):
    """How a visit reaches the shop; what the product does not know is null."""

    type: str | None
    technology: str | None
    isp: str
    ip: str

    @property
    def is_cellular(self) -> bool:
        """Whether it goes by a mobile network."""
        return self.type == "MOBILE"


def new_connection(dice: Dice, client: Client) -> Connection:
    """Return how a client reaches the shop this time."""
    person = client.person
    if client.app is shop.DESK:
        return Connection("LAN", None, person.isp, client.home_ip)
    if not client.app.is_mobile:
        return Connection(None, None, person.isp, client.home_ip)
    place = dice.random()
    if place < 0.56:
        technology = dice.pick(devices.WIFI_TECHNOLOGIES)
        return Connection("WIFI", technology, person.isp, client.home_ip)
    if place < 0.97:
        technology = dice.pick(devices.NETWORK_TECHNOLOGIES)
        return Connection("MOBILE", technology, person.carrier, address_in(dice, person.carrier))
    kind = "OFFLINE" if place < 0.985 else "UNKNOWN"
    return Connection(kind, None, person.isp, client.home_ip)


def app_version(client: Client, start: int) -> str | None:
    """Return the version installed then: the newest but for the client's delay in updating."""
    if not client.app.releases:
        return None
    day = (start - PERIOD_START - client.update_lag // 2) // DAY
    days = [release.day for release in client.app.releases]
    return client.app.releases[max(0, bisect(days, day) - 1)].version
