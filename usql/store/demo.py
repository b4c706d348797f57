"""Demo data: eight weeks of an invented travel shop, as sessions in the newer export format.

What arrives is a number of sessions and a seed. What leaves is one `dict` a session, its fields
named and ordered as in `fields.csv`, nulls left out (missing and null are the same). The same seed
gives the same bytes on every platform and Python version: the only source of chance is
`random.Random.random`, whose sequence Python promises to keep, and the rest is arithmetic of IEEE
doubles (no `libm`), without clock, locale or hash order. One person is made at a time, with all
their sessions, so memory stays flat; sessions of different persons are in no order.

What there is to find: leisure traffic peaks on Sunday evening by each visitor's own clock; payment
is slow from 18 to 22 o'clock in Vienna; version 5.8.0 of the Android app, of week 6, crashes.
"""

from __future__ import annotations

import gzip
import json
import random
from bisect import bisect
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, TypeVar

from usql.store import demo_tables as tables
from usql.store.demo_tables import DAY, HOUR, MINUTE, WEEK, StepKey, Weighted

T = TypeVar("T")
Record = dict[str, Any]

DEFAULT_SESSIONS = 5000
DEFAULT_SEED = 1

PERIOD_START = 1_767_571_200_000
"""2026-01-05T00:00:00Z, a Monday, in ms since the epoch."""
PERIOD_END = PERIOD_START + tables.WEEKS * WEEK
"""2026-03-02T00:00:00Z: every session has ended by then."""


@dataclass(frozen=True, slots=True)
class DemoQuery:
    """A query worth running on the demo data, with what it shows."""

    title: str
    text: str


QUERIES = (
    DemoQuery(
        "One row per session: the six biggest countries, and the top three cities of each",
        "SELECT TOP(country, 6) AS country, COUNT(*) AS sessions,\n"
        "       COUNT(DISTINCT internalUserId) AS visitors,\n"
        "       AVG(userActionCount) AS actions, TOP(city, 3) AS cities\n"
        "FROM usersession\n"
        "WHERE userType = 'REAL_USER'\n"
        "GROUP BY TOP(country, 6)",
    ),
    DemoQuery(
        "One row per action: the slowest twentieth of the actions that matter",
        "SELECT name, COUNT(*) AS times, MEDIAN(duration) AS median,\n"
        "       PERCENTILE(duration, 95) AS p95\n"
        "FROM useraction\n"
        "WHERE keyUserAction = true AND usersession.userType = 'REAL_USER'\n"
        "GROUP BY name\n"
        "ORDER BY p95 DESC",
    ),
    DemoQuery(
        "A funnel: how many sessions get from a search to a booking",
        "SELECT FUNNEL(useraction.name = 'Search for trips' AS Search,\n"
        "              useraction.name = 'Select trip' AS Trip,\n"
        "              useraction.name = 'Enter traveller details' AS Details,\n"
        "              useraction.name = 'Payment' AS Payment,\n"
        "              useraction.name = 'Booking confirmed' AS Booked)\n"
        "FROM usersession\n"
        "WHERE userType = 'REAL_USER'",
    ),
    DemoQuery(
        "By the hour: payment is slow in the evening (give a time zone to see local hours)",
        "SELECT DATETIME(startTime, 'HH') AS hour, COUNT(*) AS payments,\n"
        "       MEDIAN(duration) AS median,\n"
        "       CONDITION(COUNT(*), WHERE requestErrorCount > 0) AS failed\n"
        "FROM useraction\n"
        "WHERE name = 'Payment'\n"
        "GROUP BY hour\n"
        "ORDER BY hour",
    ),
    DemoQuery(
        "By the week, with CONDITION: an Android release that crashes, and what it costs",
        "SELECT DATETIME(startTime, 'yyyy-MM-dd', 'week') AS week, COUNT(*) AS sessions,\n"
        "       CONDITION(COUNT(*), WHERE appVersion = '5.8.0') AS \"on 5.8.0\",\n"
        "       CONDITION(COUNT(*), WHERE hasCrash = true) AS crashed,\n"
        "       CONDITION(COUNT(*), WHERE matchingConversionGoals = 'Booking') AS booked\n"
        "FROM usersession\n"
        "WHERE applicationType = 'MOBILE_APPLICATION' AND osFamily = 'Android'\n"
        "GROUP BY week\n"
        "ORDER BY week",
    ),
)
"""Five queries that each show something of the data, and of the language."""

NEXT = (
    "usql query {store} --timezone Europe/Vienna"
    " \"SELECT DATETIME(startTime, 'E'), COUNT(*) FROM usersession\"",
    'usql query {store} "SELECT DISTINCT stringProperties.campaign, COUNT(*) FROM usersession"',
    'usql explain {store} "SELECT TOP(name, 5), AVG(duration) FROM useraction GROUP BY name"',
)
"""What to type next; `{store}` stands for the path of the store."""


def generate(sessions: int = DEFAULT_SESSIONS, seed: int = DEFAULT_SEED) -> Iterator[Record]:
    """Yield sessions of the demo shop, one at a time.

    Args:
        sessions: how many.
        seed: of the random numbers; the same seed gives the same sessions, and fewer sessions
            are the first of more.

    Returns:
        An iterator of sessions as the export format has them; times are ms since the epoch, UTC.

    Example:
        >>> first = next(generate())
        >>> first["startTime"] == first["userActions"][0]["startTime"]
        True
    """
    dice = _Dice(seed)
    names = _Names(seed)
    made = 0
    while made < sessions:
        for visit in _visits(dice, names):
            yield _session(visit, names.session())
            made += 1
            if made == sessions:
                return


def write(path: Path, sessions: int = DEFAULT_SESSIONS, seed: int = DEFAULT_SEED) -> None:
    """Write sessions of the demo shop as NDJSON, UTF-8, a session a line.

    Args:
        path: of the file; it is compressed with gzip if its name ends in `.gz`, without a
            time stamp or a name inside, so that two runs give equal bytes.
        sessions: how many.
        seed: see `generate`.

    Raises:
        OSError: if the file can't be written.
    """
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
    with path.open("wb") as file, _compressed(file, path.name) as out:
        for session in generate(sessions, seed):
            out.write(encode(session).encode() + b"\n")


def _compressed(file: BinaryIO, name: str) -> AbstractContextManager[BinaryIO | gzip.GzipFile]:
    if name.endswith(".gz"):
        return gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0)
    return nullcontext(file)


# --- Chance -------------------------------------------------------------------------------------


class _Dice:
    """Chance, from `random.Random.random` alone."""

    __slots__ = ("random",)

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def below(self, end: int) -> int:
        return int(self.random() * end)

    def pick(self, choice: Weighted[T]) -> T:
        return choice.at(self.random())

    def one_of(self, items: tuple[T, ...]) -> T:
        return items[int(self.random() * len(items))]

    def spread(self, factors: tuple[float, ...]) -> float:
        """Return a factor around 1, distributed as the quantiles given."""
        place = self.random() * (len(factors) - 1)
        index = int(place)
        low = factors[index]
        return low + (factors[index + 1] - low) * (place - index)


_NORMAL_QUANTILES = (
    0.0, 0.078, 0.157, 0.237, 0.319, 0.402, 0.489, 0.579, 0.674, 0.776, 0.887, 1.01, 1.15, 1.318,
    1.534, 1.863, 3.2,
)  # fmt: skip
"""The standard normal distribution from its median up, in steps of 1/32; the tail is cut at 3.2."""


def _log_normal(sigma: float) -> tuple[float, ...]:
    """Return quantiles of the log-normal distribution with median 1, lowest first."""
    upper = [_exp(sigma * quantile) for quantile in _NORMAL_QUANTILES]
    return tuple([1 / factor for factor in upper[:0:-1]] + upper)


def _exp(x: float) -> float:
    """Return nearly e**x, by multiplications alone: `math.exp` may differ by platform."""
    power = 1 + x / 4096
    for _ in range(12):
        power *= power
    return power


_NARROW = _log_normal(0.25)
_MEDIUM = _log_normal(0.6)
_WIDE = _log_normal(0.9)


def _week_rhythm(hours: tuple[int, ...], days: tuple[int, ...]) -> Weighted[int]:
    """Return a choice among all hours of the period, as ms of local time from its start."""
    return Weighted.of(
        (week * WEEK + day * DAY + hour * HOUR, per_week * per_day * per_hour)
        for week, per_week in enumerate(tables.WEEK_WEIGHTS)
        for day, per_day in enumerate(days)
        for hour, per_hour in enumerate(hours)
    )


_LEISURE = _week_rhythm(tables.LEISURE_HOURS, tables.LEISURE_DAYS)
_OFFICE = _week_rhythm(tables.OFFICE_HOURS, tables.OFFICE_DAYS)
_EVEN = _week_rhythm(tables.EVEN_HOURS, tables.EVEN_DAYS)


class _Names:
    """Identifiers, unique within a data set: counters, scrambled one to one."""

    __slots__ = ("_clients", "_offset", "_people", "_sessions")

    def __init__(self, seed: int) -> None:
        self._offset = seed * 0xD1B54A32D192ED03
        self._people = self._clients = self._sessions = 0

    def person(self) -> int:
        self._people += 1
        return self._people

    def client(self) -> str:
        self._clients += 1
        return f"{self._scramble(self._clients)}"

    def session(self) -> str:
        self._sessions += 1
        return f"{self._scramble(self._sessions):016X}-0"

    def _scramble(self, number: int) -> int:
        return (number * 0x9E3779B97F4A7C15 + self._offset) % 2**64


# --- People -------------------------------------------------------------------------------------

Role = Literal["web", "ios", "android", "desk", "monitor", "robot"]

_ROLES: Weighted[Role] = Weighted.of(
    (
        ("web", 190), ("ios", 64), ("android", 78), ("desk", 3), ("monitor", 28), ("robot", 20),
    )
)  # fmt: skip
_APPLICATIONS = {app.key: app for app in (tables.WEB, tables.IOS, tables.ANDROID, tables.DESK)}


@dataclass(frozen=True, slots=True)
class _Person:
    """Someone who visits the shop; `facts` are the properties of all their sessions."""

    user_id: str | None
    city: tables.City
    isp: str
    carrier: str
    readiness: float
    facts: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Client:
    """One browser profile or installed app of a person: what `internalUserId` counts."""

    person: _Person
    app: tables.Application
    user_type: Literal["REAL_USER", "SYNTHETIC", "ROBOT"]
    internal_id: str
    is_new: bool
    device: tables.Device
    os_version: str
    screen: tables.Screen
    browser: tables.Browser | None
    update_lag: int
    pace: float
    home_ip: str
    is_rooted: bool


def _visits(dice: _Dice, names: _Names) -> Iterator[_Visit]:
    """Yield all visits of one new person, a monitor's run or a robot's call."""
    role = dice.pick(_ROLES)
    if role == "monitor":
        yield from _monitor_run(dice, names)
    elif role == "robot":
        yield from _robot_call(dice, names)
    else:
        yield from _person_visits(dice, names, _APPLICATIONS[role])


def _person_visits(dice: _Dice, names: _Names, app: tables.Application) -> Iterator[_Visit]:
    is_agent = app is tables.DESK
    person = _person(dice, names.person(), is_agent)
    clients = [_client(dice, names, person, app)]
    if person.user_id and not is_agent and dice.chance(0.25):
        clients.append(_client(dice, names, person, _other_app(dice, app)))
    count = dice.pick(tables.SESSIONS_PER_AGENT if is_agent else tables.SESSIONS_PER_PERSON)
    rhythm = _OFFICE if is_agent else _LEISURE
    seen: set[str] = set()
    free_from = 0
    for start in sorted(_start(dice, person.city, rhythm) for _ in range(count)):
        client = clients[0] if dice.chance(0.65) else clients[-1]
        begin = start if start >= free_from else free_from + dice.below(2 * HOUR)
        visit = _Visit(dice, client, begin)
        visit.is_first = client.internal_id not in seen
        if is_agent:
            _serve_customers(visit)
        else:
            _shop(visit)
        if visit.end > PERIOD_END:
            return
        seen.add(client.internal_id)
        free_from = visit.end + 31 * MINUTE
        yield visit


def _start(dice: _Dice, city: tables.City, rhythm: Weighted[int]) -> int:
    """Return a moment of the period that follows the rhythm on the clocks of the city."""
    local = dice.pick(rhythm) + dice.below(HOUR)
    return PERIOD_START + (local - city.utc_offset * MINUTE) % (PERIOD_END - PERIOD_START)


def _other_app(dice: _Dice, app: tables.Application) -> tables.Application:
    if app is not tables.WEB:
        return tables.WEB
    return tables.IOS if dice.chance(0.45) else tables.ANDROID


def _person(dice: _Dice, number: int, is_agent: bool) -> _Person:
    city = dice.pick(tables.AGENCY_CITIES if is_agent else tables.CITIES)
    country = city.country
    user_id = _user_id(dice, number, is_agent) if is_agent or dice.chance(0.44) else None
    facts = {"währung": country.currency}
    if is_agent:
        facts["plan"] = "Agency"
    elif user_id:
        facts["plan"] = dice.pick(tables.PLANS)
        level = dice.pick(tables.LOYALTY_LEVELS)
        if level:
            facts["loyalty level"] = level
    return _Person(
        user_id=user_id,
        city=city,
        isp=country.isps[min(dice.below(len(country.isps)), dice.below(len(country.isps)))],
        carrier=dice.one_of(country.carriers),
        readiness=dice.spread(_NARROW) * (1.15 if user_id else 0.9),
        facts=facts,
    )


def _user_id(dice: _Dice, number: int, is_agent: bool) -> str:
    """Return a name that no other person has: the number sees to that."""
    first, last = dice.one_of(tables.FIRST_NAMES), dice.one_of(tables.LAST_NAMES)
    if is_agent:
        return f"{first}.{last}{number}@agency.example"
    if dice.chance(0.7):
        return f"{first}.{last}{number}@mail.example"
    return f"{dice.one_of(tables.NICKNAMES)}{number}"


def _client(dice: _Dice, names: _Names, person: _Person, app: tables.Application) -> _Client:
    device = dice.pick(app.devices)
    screen = dice.pick(device.screens)
    return _Client(
        person=person,
        app=app,
        user_type="REAL_USER",
        internal_id=names.client(),
        is_new=dice.chance(0.62),
        device=device,
        os_version=dice.pick(device.os_versions),
        screen=screen,
        browser=dice.pick(tables.BROWSERS[device.os_family]) if app.is_web else None,
        update_lag=WEEK * 9 if dice.chance(0.05) else dice.below(6 * DAY),
        pace=dice.spread(_NARROW),
        home_ip=_address(dice, person.isp),
        is_rooted=app.is_mobile and dice.chance(0.015),
    )


def _address(dice: _Dice, network: str) -> str:
    """Return an address out of the network's block of the ranges set aside for tests."""
    number = tables.NETWORK_NUMBER[network]
    if dice.chance(0.14):
        return f"2001:db8:{number:x}:{dice.below(0xFFFF) + 1:x}::{dice.below(0xFFFE) + 1:x}"
    host = number * 1024 + dice.below(1022) + 1
    return f"198.{18 + (host >> 16)}.{host >> 8 & 255}.{host & 255}"


def _machine(
    dice: _Dice,
    names: _Names,
    city: tables.City,
    isp: str,
    user_type: Literal["SYNTHETIC", "ROBOT"],
) -> _Client:
    """Return a visitor who is no person: always new, and without a history."""
    is_monitor = user_type == "SYNTHETIC"
    device = tables.MONITOR_DEVICE if is_monitor else tables.ROBOT_DEVICE
    return _Client(
        person=_Person(None, city, isp, "", 1.0, {}),
        app=tables.WEB,
        user_type=user_type,
        internal_id=names.client(),
        is_new=True,
        device=device,
        os_version=device.os_versions.items[0],
        screen=device.screens.items[0],
        browser=tables.MONITOR_BROWSER if is_monitor else None,
        update_lag=0,
        pace=1.0,
        home_ip=_address(dice, isp),
        is_rooted=False,
    )


# --- A visit, action by action ------------------------------------------------------------------


class _Timing(NamedTuple):
    """Parts of an action: the three moments and the duration count in ms from its start."""

    request_start: int
    response_start: int
    response_end: int
    duration: int


class _Failures(NamedTuple):
    """Errors of an action, by kind."""

    requests: int
    scripts: int
    reported: int


_NO_FAILURES = _Failures(0, 0, 0)
_MOOD_AFTER = {"SATISFIED": 1.0, "TOLERATING": 0.93, "FRUSTRATED": 0.72, "UNKNOWN": 1.0}
_LONGEST_VISIT = 6 * HOUR
_MOST_ACTIONS = 200


class _Visit:
    """A visit under way: the clock, what has been recorded, and what the visitor has in mind."""

    def __init__(self, dice: _Dice, client: _Client, start: int) -> None:
        self.dice = dice
        self.client = client
        self.app = client.app
        self.steps = tables.STEPS[client.app.key]
        self.start = start
        self.clock = start
        self.end = start
        self.pause = 14_000
        self.is_first = True
        self.user_id: str | None = None
        self.facts: dict[str, str | int | float] = {**client.person.facts}
        self.connection = _connection(dice, client)
        self.app_version = _app_version(client, start)
        self.actions: list[Record] = []
        self.events: list[Record] = []
        self.errors: list[Record] = []
        self.synthetic_events: list[Record] = []
        self.monitor_step: tables.MonitorStep | None = None
        self.goals: list[str] = []
        self.rages = 0
        self.crash: str | None = None
        self.end_reason = "TIMEOUT"
        self.over = False
        self.mood = 1.0
        self.robot: tables.Robot | None = None
        self.trip = ""
        self.destination = tables.DESTINATIONS.items[0]
        self.page: str | None = None
        self.page_group: str | None = None

    def act(self, key: StepKey) -> bool:
        """Do one action; return whether it worked (a step the application lacks always does)."""
        step = self.steps.get(key)
        if step is None:
            return True
        if self.over or self._is_cut():
            return False
        self._decide(key)
        self._turn_to(step)
        timing = self._measure(step)
        self.crash = self._crash_at(key)
        failures = _NO_FAILURES if self.crash else self._fail(step)
        apdex = self._apdex(step, timing.duration, failures)
        self._record_action(step, timing, failures, apdex)
        self._record_errors(step, timing.duration, failures)
        self._react(step, timing.duration, apdex)
        self.end = self.clock + timing.duration
        self.clock = self.end + self._think()
        return not (self.over or failures.requests)

    def try_to(self, key: StepKey, again: float) -> bool:
        """Do one action, and again, at most twice, where it fails and the visitor has patience."""
        for _ in range(3):
            if self.act(key):
                return True
            if self.over or not self.dice.chance(again):
                break
        return False

    def reach(self, stage: tables.Stage, factor: float = 1.0) -> bool:
        """Go on to a stage and look around there; return whether the visitor got there."""
        if not self.dice.chance(min(0.97, stage.go_on * factor * self.mood)):
            return False
        if not all(self.try_to(key, 0.7) for key in stage.steps):
            return False
        self.wander(stage)
        return not self.over

    def wander(self, stage: tables.Stage) -> None:
        """Do what the stage offers besides, as long as the visitor likes to."""
        more = stage.mean_asides / (1 + stage.mean_asides)
        while self.dice.chance(more) and self.dice.chance(self.mood) and not self.over:
            self.act(self.dice.pick(stage.asides))

    def identify(self) -> None:
        """Note who the visitor is, if they have an account."""
        if self.client.person.user_id and self.user_id is None:
            self.user_id = self.client.person.user_id
            self._event("UserTag", self.user_id, self.end)

    def record_crash(self, name: str, time: int) -> None:
        """Note a crash, which ends the visit."""
        self.crash = name
        self.over = True
        self._event("Crash", name, time)
        self._error("Crash", name, time)

    def finish(self, reason: str) -> None:
        """End the visit for a reason, unless it is over already."""
        if not self.over:
            self.over = True
            self.end_reason = reason

    def _is_cut(self) -> bool:
        if len(self.actions) >= _MOST_ACTIONS:
            self.finish("USER_ACTION_LIMIT")
        elif self.clock - self.start >= _LONGEST_VISIT:
            self.finish("DURATION_LIMIT")
        return self.over

    def _think(self) -> int:
        pause = int(self.pause * self.dice.spread(_WIDE)) + 250
        return min(pause, self.app.longest_pause)

    def _decide(self, key: StepKey) -> None:
        """Let the visitor choose what the step needs."""
        match key:
            case "search":
                self.destination = self.dice.pick(tables.DESTINATIONS)
                self.facts["destination"] = self.destination.name
                self._choose_departure()
            case "dates":
                self._choose_departure()
            case "select" | "landing":
                if key == "landing":
                    self.destination = self.dice.pick(tables.DESTINATIONS)
                self.facts["destination"] = self.destination.name
                self.trip = f"{self.destination.slug}-{1000 + self.dice.below(400)}"
            case "details":
                self._fill_basket()
            case "payment":
                self.facts["payment method"] = self.dice.pick(tables.PAYMENT_METHODS)

    def _choose_departure(self) -> None:
        days = 2 + int(45 * self.dice.spread(_WIDE))
        self.facts["departure"] = self.clock // DAY * DAY + days * DAY

    def _fill_basket(self) -> None:
        travellers = self.dice.pick(tables.TRAVELLERS)
        rate = tables.EURO_RATES[self.client.person.city.country.currency]
        cents = self.destination.price * travellers * rate * self.dice.spread(_MEDIUM) * 100
        self.facts["basketItems"] = travellers
        self.facts["basketValue"] = int(cents) / 100

    def _turn_to(self, step: tables.Step) -> None:
        """Note the change of page, on the web, if the step is on another one."""
        if not self.app.is_web or step.page is None:
            return
        page, group = step.page.replace("{trip}", self.trip), step.page.replace("{trip}", "*")
        if page == self.page:
            return
        self._event(
            "PageChange", group, self.clock, page=page, pageGroup=group,
            pageReferrer=self.page, pageReferrerGroup=self.page_group,
        )  # fmt: skip
        self.page, self.page_group = page, group

    def _is_evening(self) -> bool:
        return _server_hour(self.clock) in tables.EVENING

    def _measure(self, step: tables.Step) -> _Timing:
        spread = self.dice.spread
        network = step.network * self.client.person.city.country.network_factor
        if self.connection.is_cellular:
            network *= 1.6
        server = step.server * tables.SERVER_LOAD[_server_hour(self.clock)]
        if step.key == "payment" and self._is_evening():
            server *= 3.2
        frontend = step.frontend * self.client.device.pace * self.client.pace
        request_start = int(network * 0.4 * spread(_MEDIUM)) + 1
        response_start = request_start + int(server * spread(_MEDIUM)) + 1
        response_end = response_start + int(network * 0.6 * spread(_MEDIUM)) + 1
        duration = response_end + int(frontend * spread(_MEDIUM)) + 8
        return _Timing(request_start, response_start, response_end, duration)

    def _crash_at(self, key: StepKey) -> str | None:
        if not self.app.is_mobile:
            return None
        if self.app is tables.ANDROID and self.app_version == tables.BAD_VERSION:
            rate, name = tables.BAD_STEPS.get(key, 0.004), tables.BAD_CRASH
        else:
            rate, name = 0.0007, ""
        if not self.dice.chance(rate):
            return None
        return name or self.dice.pick(tables.CRASHES[self.client.device.os_family])

    def _fail(self, step: tables.Step) -> _Failures:
        dice = self.dice
        rate = step.failure_rate
        if step.key == "payment" and self._is_evening():
            rate *= 2.5
        if self.connection.type == "OFFLINE":
            rate = 0.4
        requests = 1 + dice.below(2) if dice.chance(rate) else 0
        scripts = reported = 0
        if self.app.is_web:
            if dice.chance(0.05 if self._has_old_browser() else 0.015):
                scripts = 1 + (dice.below(3) if dice.chance(0.2) else 0)
        elif dice.chance(0.007):
            reported = 1
        return _Failures(requests, scripts, reported)

    def _has_old_browser(self) -> bool:
        browser = self.client.browser
        return browser is not None and browser.family == "Safari" and browser.first_version < 20

    def _apdex(self, step: tables.Step, duration: int, failures: _Failures) -> str:
        if self.crash:
            return "UNKNOWN"
        if failures.requests or failures.scripts or duration > 4 * step.threshold:
            return "FRUSTRATED"
        return "TOLERATING" if duration > step.threshold else "SATISFIED"

    def _record_action(
        self, step: tables.Step, timing: _Timing, failures: _Failures, apdex: str
    ) -> None:
        properties = _properties(self.facts, step.carries)
        goals = [step.goal] if step.goal and not (failures.requests or self.crash) else None
        if goals and goals[0] not in self.goals:
            self.goals += goals
        action = {
            "apdexCategory": apdex,
            "application": self.app.name,
            "customErrorCount": failures.reported,
            "duration": timing.duration,
            "endTime": self.clock + timing.duration,
            "internalApplicationId": self.app.id,
            "internalKeyUserActionId": step.key_action_id,
            "javascriptErrorCount": failures.scripts,
            "keyUserAction": step.key_action_id is not None,
            "matchingConversionGoals": goals,
            "name": step.name,
            "requestErrorCount": failures.requests,
            "startTime": self.clock,
            "type": step.type,
            "userActionPropertyCount": sum(map(len, properties.values())),
            **properties,
        }
        if self.app.is_web:
            self._add_web_timing(action, step, timing)
        elif self.app.is_mobile:
            action["hasCrash"] = self.crash is not None
        self.actions.append(_pack(action))

    def _add_web_timing(self, action: Record, step: tables.Step, timing: _Timing) -> None:
        dice = self.dice
        frontend = timing.duration - timing.response_end
        first_party = 1 + dice.below(9)
        cdn, third_party = dice.below(7), dice.below(5)
        action |= {
            "cdnBusyTime": int(frontend * dice.random()) if cdn else None,
            "cdnResources": cdn,
            "domain": self._host(),
            "firstPartyBusyTime": int(timing.duration * (0.4 + 0.6 * dice.random())),
            "firstPartyResources": first_party,
            "frontendTime": frontend,
            "navigationStart": self.clock,
            "networkTime": timing.request_start + timing.response_end - timing.response_start,
            "requestStart": timing.request_start,
            "responseEnd": timing.response_end,
            "responseStart": timing.response_start,
            "serverTime": timing.response_start - timing.request_start,
            "targetUrl": self._url(step),
            "thirdPartyBusyTime": int(frontend * dice.random()) if third_party else None,
            "thirdPartyResources": third_party,
        }
        if step.type == "Load":
            action |= self._paint(timing.response_end, frontend)
        if self.monitor_step:
            action["syntheticEvent"] = self.monitor_step.name
            action["syntheticEventId"] = self.monitor_step.id

    def _paint(self, response_end: int, frontend: int) -> Record:
        """Return when the page was built and seen, each moment after the one it needs."""
        random_ = self.dice.random
        interactive = response_end + int(frontend * (0.25 + 0.2 * random_()))
        loaded = interactive + int(frontend * 0.15 * random_())
        complete = loaded + int(frontend * (0.1 + 0.2 * random_()))
        visible = response_end + int(frontend * (0.6 + 0.4 * random_()))
        moments = {
            "documentInteractiveTime": interactive,
            "domCompleteTime": complete,
            "domContentLoadedTime": loaded,
            "loadEventEnd": complete + int(frontend * 0.05 * random_()) + 1,
            "loadEventStart": complete,
            "speedIndex": response_end + int((visible - response_end) * (0.5 + 0.4 * random_())),
            "visuallyCompleteTime": visible,
        }
        browser = self.client.browser
        if browser and browser.has_web_vitals:
            seen = response_end + int((visible - response_end) * (0.5 + 0.5 * random_()))
            moments["largestContentfulPaint"] = seen
            if self.client.user_type == "REAL_USER" and self.dice.chance(0.7):
                moments["firstInputDelay"] = int(
                    7 * self.client.device.pace * self.dice.spread(_WIDE)
                )
        if browser and browser.has_layout_shift:
            shift = 0.03 * self.client.device.pace * self.dice.spread(_WIDE)
            return {**moments, "cumulativeLayoutShift": int(shift * 10_000) / 10_000}
        return moments

    def _host(self) -> str:
        is_secure = self.page is not None and self.page.startswith("/checkout")
        return tables.SECURE_HOST if is_secure else tables.HOST

    def _url(self, step: tables.Step) -> str:
        url = f"https://{self._host()}{self.page or '/'}"
        return f"{url}?to={self.destination.slug}" if step.key == "search" else url

    def _record_errors(self, step: tables.Step, duration: int, failures: _Failures) -> None:
        pick = self.dice.pick
        if self.crash:
            self.record_crash(self.crash, self.clock + duration)
        for _ in range(failures.requests):
            name = f"{pick(tables.REQUEST_ERRORS)}: {step.api}"
            self._error("Error", name, self._moment_within(duration))
        for _ in range(failures.scripts):
            name = pick(tables.SCRIPT_ERRORS)
            if self._has_old_browser() and self.dice.chance(0.75):
                name = tables.OLD_BROWSER_ERROR
            self._error("Error", name, self._moment_within(duration))
        for _ in range(failures.reported):
            self._error("Error", pick(tables.REPORTED_ERRORS), self._moment_within(duration))

    def _react(self, step: tables.Step, duration: int, apdex: str) -> None:
        """Let the visitor lose patience, click in rage, or turn away for a while."""
        self.mood = min(1.0, self.mood * _MOOD_AFTER[apdex] + 0.01)
        if self.client.user_type != "REAL_USER":
            return
        if apdex == "FRUSTRATED" and self.app is not tables.DESK and self.dice.chance(0.15):
            self.rages += 1
            kind = "RageTap" if self.app.is_mobile else "RageClick"
            self._event(kind, step.name, self._moment_within(duration))
        elif self.dice.chance(0.03):
            name = "Left the tab" if self.app.is_web else "Sent to the background"
            self._event("Behavioral", name, self.clock + duration)

    def _moment_within(self, duration: int) -> int:
        return self.clock + self.dice.below(duration + 1)

    def _event(self, kind: str, name: str, time: int, **more: str | None) -> None:
        if kind != "PageChange" and self.page:
            more = {"page": self.page, "pageGroup": self.page_group}
        self.events.append(self._happening(kind, name, time, **more))

    def _error(self, kind: str, name: str, time: int) -> None:
        self.errors.append(self._happening(kind, name, time))

    def _happening(self, kind: str, name: str, time: int, **more: str | None) -> Record:
        record: Record = {
            "application": self.app.name,
            "domain": self._host() if self.app.is_web else None,
            "internalApplicationId": self.app.id,
            "name": name,
            "startTime": time,
            "type": kind,
            **more,
        }
        return _pack(record)


def _server_hour(time: int) -> int:
    return (time + tables.SERVER_OFFSET) // HOUR % 24


class _Connection(NamedTuple):
    """How a visit reaches the shop; what the product does not know is null."""

    type: str | None
    technology: str | None
    isp: str
    ip: str

    @property
    def is_cellular(self) -> bool:
        return self.type == "MOBILE"


def _connection(dice: _Dice, client: _Client) -> _Connection:
    person = client.person
    if client.app is tables.DESK:
        return _Connection("LAN", None, person.isp, client.home_ip)
    if not client.app.is_mobile:
        return _Connection(None, None, person.isp, client.home_ip)
    place = dice.random()
    if place < 0.56:
        technology = dice.pick(tables.WIFI_TECHNOLOGIES)
        return _Connection("WIFI", technology, person.isp, client.home_ip)
    if place < 0.97:
        technology = dice.pick(tables.NETWORK_TECHNOLOGIES)
        return _Connection("MOBILE", technology, person.carrier, _address(dice, person.carrier))
    kind = "OFFLINE" if place < 0.985 else "UNKNOWN"
    return _Connection(kind, None, person.isp, client.home_ip)


def _app_version(client: _Client, start: int) -> str | None:
    """Return the version installed then: the newest but for the client's delay in updating."""
    if not client.app.releases:
        return None
    day = (start - PERIOD_START - client.update_lag // 2) // DAY
    days = [release.day for release in client.app.releases]
    return client.app.releases[max(0, bisect(days, day) - 1)].version


# --- Ways through the shop ----------------------------------------------------------------------


def _shop(visit: _Visit) -> None:
    """Go a customer's way through the shop, as far as it leads."""
    dice, app = visit.dice, visit.app
    if app.is_mobile and dice.chance(0.012):
        _only_open(visit)
        return
    _note_campaign(visit)
    if dice.chance(0.85 if app.is_mobile else 0.4):
        visit.identify()
    visit.act(dice.pick(tables.ENTRANCES[app.key]))
    if dice.chance(tables.BOUNCE_RATE[app.key] + 0.5 * (1 - visit.mood)):
        return
    visit.wander(tables.LOOK_AROUND)
    is_unnamed = visit.client.person.user_id is not None and visit.user_id is None
    if is_unnamed and dice.chance(0.6) and visit.act("login"):
        visit.identify()
    _book(visit)
    if dice.chance(0.1 if app.is_web else 0.35):
        visit.act("logout")
        visit.finish("END_EVENT")


def _only_open(visit: _Visit) -> None:
    """Open the app without any action: a notification looked at, or a crash at once."""
    visit.end = visit.start + 400 + visit.dice.below(2600)
    if visit.app_version == tables.BAD_VERSION and visit.app is tables.ANDROID:
        visit.record_crash(tables.BAD_CRASH, visit.end)


def _note_campaign(visit: _Visit) -> None:
    week = (visit.start - PERIOD_START) // WEEK
    campaign = visit.dice.pick(tables.CAMPAIGNS)
    if week in tables.SALE_WEEKS and visit.dice.chance(tables.SALE_SHARE):
        campaign = tables.SALE
    if campaign:
        visit.facts["campaign"] = campaign


def _book(visit: _Visit) -> bool:
    """Search, choose, and book; return whether that worked."""
    if not visit.reach(tables.SEARCH):
        return False
    while True:
        if not visit.reach(tables.TRIP):
            return False
        if not visit.dice.chance(tables.SEARCH_AGAIN):
            break
        if not visit.try_to("search", 0.7):
            return False
    return visit.reach(tables.DETAILS, _readiness(visit)) and _pay(visit)


def _readiness(visit: _Visit) -> float:
    client = visit.client
    factor = client.person.readiness * client.person.city.country.booking_factor
    factor *= client.device.booking_factor * client.app.booking_factor
    if visit.facts.get("campaign") == tables.SALE:
        factor *= 1.3
    return factor


def _pay(visit: _Visit) -> bool:
    return (
        visit.reach(tables.PAYMENT)
        and visit.try_to("payment", tables.PAY_AGAIN)
        and visit.reach(tables.CONFIRMATION)
    )


def _serve_customers(visit: _Visit) -> None:
    """Spend a while at the agency desk; some stay for the whole day."""
    dice = visit.dice
    stays_long = dice.chance(0.05)
    visit.pause = 75_000 if stays_long else 22_000
    visit.act("start")
    if not visit.try_to("login", 0.9):
        return
    visit.identify()
    customers = 1 + int((30 if stays_long else 1.6) * dice.spread(_MEDIUM))
    for _ in range(customers):
        if dice.chance(0.3):
            visit.act("look up")
        elif _book(visit):
            visit.act("documents")
        visit.clock += dice.below(visit.app.longest_pause - MINUTE)
        if visit.over:
            return
    visit.act("logout")
    visit.finish("END_EVENT")


def _monitor_run(dice: _Dice, names: _Names) -> Iterator[_Visit]:
    """Yield a run of the browser monitor: every quarter of an hour, the same three steps."""
    city = dice.pick(tables.MONITOR_CITIES)
    client = _machine(dice, names, city, dice.one_of(tables.MONITOR_ISPS), "SYNTHETIC")
    quarters = (PERIOD_END - PERIOD_START) // (15 * MINUTE) - 1
    visit = _Visit(dice, client, PERIOD_START + dice.below(quarters) * 15 * MINUTE + 4000)
    visit.pause = 700
    for number, step in enumerate(tables.MONITOR_STEPS, 1):
        visit.monitor_step = step
        visit.synthetic_events.append(
            {
                "name": step.name,
                "syntheticEventId": step.id,
                "sequenceNumber": number,
                "timestamp": visit.clock,
                "type": step.type,
            }
        )
        if not visit.act(step.step):
            visit.finish("TEST_FAILED")
            break
    visit.finish("END_EVENT")
    yield visit


def _robot_call(dice: _Dice, names: _Names) -> Iterator[_Visit]:
    """Yield a crawler's call: pages one after another, at any hour."""
    robot = dice.pick(tables.ROBOTS)
    client = _machine(dice, names, tables.ROBOT_HOME, robot.isp, "ROBOT")
    visit = _Visit(dice, client, _start(dice, tables.ROBOT_HOME, _EVEN))
    visit.robot = robot
    visit.pause = 2500
    for _ in range(1 + int(robot.mean_pages * dice.spread(_WIDE))):
        visit.act(dice.pick(tables.PAGES_FOR_ROBOTS))
    if visit.end <= PERIOD_END:
        yield visit


# --- The record of a session --------------------------------------------------------------------


def _pack(values: Record) -> Record:
    """Drop nulls, and put fields into the order of `fields.csv`, which is that of code points."""
    return {name: values[name] for name in sorted(values) if values[name] is not None}


def _properties(facts: dict[str, str | int | float], keys: tuple[str, ...]) -> Record:
    """Return the property lists of the facts there are, by the names of the lists."""
    lists: Record = {}
    for key in keys:
        value = facts.get(key)
        if value is not None:
            entry = {"key": key, "value": value}
            lists.setdefault(tables.PROPERTY_LISTS[key], []).append(entry)
    return lists


def _session(visit: _Visit, session_id: str) -> Record:
    client, person = visit.client, visit.client.person
    city = person.city
    is_located = not visit.dice.chance(0.02)
    visit.errors.sort(key=_start_time)
    return _pack(
        {
            "appVersion": visit.app_version,
            "applicationType": visit.app.type,
            "bounce": len(visit.actions) <= 1,
            "city": city.name if is_located else None,
            "continent": city.country.continent,
            "country": city.country.name,
            "crashGroupId": tables.CRASH_GROUPS[visit.crash] if visit.crash else None,
            "duration": visit.end - visit.start,
            "endReason": visit.end_reason,
            "endTime": visit.end,
            "errors": visit.errors,
            "events": visit.events,
            "hasCrash": visit.crash is not None,
            "hasError": bool(visit.errors),
            "internalUserId": client.internal_id,
            "ip": visit.connection.ip,
            "isp": visit.connection.isp,
            "matchingConversionGoals": visit.goals,
            "matchingConversionGoalsCount": len(visit.goals),
            "newUser": client.is_new and visit.is_first,
            "region": city.region if is_located else None,
            "startTime": visit.start,
            "tenantId": tables.TENANT,
            "totalErrorCount": len(visit.errors),
            "totalLicenseCreditCount": 1 if client.user_type == "REAL_USER" else 0,
            "userActionCount": len(visit.actions),
            "userActions": visit.actions,
            "userExperienceScore": _experience(visit),
            "userId": visit.user_id,
            "userSessionId": session_id,
            "userType": client.user_type,
            **_properties(visit.facts, tables.SESSION_PROPERTIES),
            **_device_fields(visit),
            **(_web_fields(visit) if visit.app.is_web else {}),
            **(_mobile_fields(visit) if visit.app.is_mobile else {}),
            **_replay_fields(visit),
        }
    )


def _start_time(record: Record) -> int:
    return int(record["startTime"])


def _experience(visit: _Visit) -> str:
    """Return the score, by the weights that the export format gives."""
    satisfied = sum(action["apdexCategory"] == "SATISFIED" for action in visit.actions)
    slow = sum(action["apdexCategory"] == "FRUSTRATED" for action in visit.actions)
    rated = sum(action["apdexCategory"] != "UNKNOWN" for action in visit.actions)
    trouble = len(visit.errors) + 2 * visit.rages + (5000 if visit.crash else 0)
    total = 3 * rated + trouble
    frustrated = 3 * slow + trouble
    if total == 0:
        return "UNDEFINED"
    if frustrated * 10 > total * 3:
        return "FRUSTRATED"
    return "SATISFIED" if frustrated == 0 and 6 * satisfied >= total else "TOLERATED"


def _device_fields(visit: _Visit) -> Record:
    client = visit.client
    device, screen = client.device, client.screen
    width, height = screen.width, screen.height
    if device.kind != "Desktop" and visit.dice.chance(0.07):
        width, height = height, width
    return {
        "device": device.name,
        "displayResolution": screen.resolution,
        "manufacturer": device.manufacturer,
        "osFamily": device.os_family,
        "osVersion": client.os_version,
        "screenHeight": height,
        "screenOrientation": "LANDSCAPE" if width > height else "PORTRAIT",
        "screenWidth": width,
    }


def _web_fields(visit: _Visit) -> Record:
    client, dice = visit.client, visit.dice
    if client.user_type == "SYNTHETIC":
        return {
            "browserFamily": tables.MONITOR_BROWSER.family,
            "browserMajorVersion": tables.MONITOR_BROWSER.family,
            "browserMonitorId": tables.MONITOR_ID,
            "browserMonitorName": tables.MONITOR_NAME,
            "browserType": "Synthetic Agent",
            "clientType": "Synthetic Agent",
            "syntheticEvents": visit.synthetic_events,
        }
    if visit.robot or not client.browser:
        family = visit.robot.family if visit.robot else None
        return {
            "browserFamily": family,
            "browserMajorVersion": family,
            "browserType": "Robot",
            "clientType": "Robot",
            "numberOfRageClicks": 0,
        }
    kind = "Desktop Browser" if client.device.kind == "Desktop" else "Mobile Browser"
    if client.device.kind == "Tablet":
        kind = "Tablet Browser"
    day = (visit.start - PERIOD_START - client.update_lag) // DAY
    version = client.browser.first_version + bisect(client.browser.release_days, day)
    skew = dice.below(2400) - 1200
    return {
        "browserFamily": client.browser.family,
        "browserMajorVersion": f"{client.browser.family} {version}",
        "browserType": kind,
        "clientTimeOffset": skew - HOUR if dice.chance(0.02) else skew,
        "clientType": kind,
        "numberOfRageClicks": visit.rages,
    }


def _mobile_fields(visit: _Visit) -> Record:
    return {
        "carrier": visit.client.person.carrier if visit.client.device.kind == "Phone" else None,
        "connectionType": visit.connection.type,
        "networkTechnology": visit.connection.technology,
        "numberOfRageTaps": visit.rages,
        "rootedOrJailbroken": visit.client.is_rooted,
    }


def _replay_fields(visit: _Visit) -> Record:
    dice = visit.dice
    if visit.client.user_type == "ROBOT":
        return {"hasSessionReplay": False, "reasonForNoSessionReplay": "ROBOT_DETECTED"}
    if visit.client.user_type == "SYNTHETIC":
        return {"hasSessionReplay": False, "reasonForNoSessionReplay": "MODULE_DISABLED"}
    if visit.app is tables.DESK:
        return {"hasSessionReplay": False, "connectionType": visit.connection.type}
    if visit.app.is_mobile:
        if visit.crash:
            return _replay(visit)
        reason = dice.pick(tables.MOBILE_REPLAY_GAPS)
        return {"hasSessionReplay": False, "reasonForNoSessionReplayMobile": reason}
    if len(visit.actions) > 1 and dice.chance(0.3):
        return _replay(visit)
    reason = dice.pick(tables.WEB_REPLAY_GAPS)
    return {"hasSessionReplay": False, "reasonForNoSessionReplay": reason}


def _replay(visit: _Visit) -> Record:
    begin = min(visit.start + 150 + visit.dice.below(400), visit.end)
    return {"hasSessionReplay": True, "replayEnd": visit.end, "replayStart": begin}
