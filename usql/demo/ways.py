"""Ways through the shop: of customers, of agents at their desk, of monitors and of robots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from usql.demo import choices, devices, places, shop
from usql.demo.chance import MEDIUM, WIDE, Dice, Names, Weighted
from usql.demo.clock import EVEN, HOUR, LEISURE, MINUTE, OFFICE, PERIOD_END, PERIOD_START, WEEK
from usql.demo.people import new_client, new_machine, new_person
from usql.demo.visit import Visit

Role = Literal["web", "ios", "android", "desk", "monitor", "robot"]

_ROLES: Weighted[Role] = Weighted.of(
    (
        ("web", 190), ("ios", 64), ("android", 78), ("desk", 3), ("monitor", 28), ("robot", 20),
    )
)  # fmt: skip
_APPLICATIONS = {app.key: app for app in (shop.WEB, shop.IOS, shop.ANDROID, shop.DESK)}


def visits(dice: Dice, names: Names) -> Iterator[Visit]:
    """Yield all visits of one new person, a monitor's run or a robot's call."""
    role = dice.pick(_ROLES)
    if role == "monitor":
        yield from _monitor_run(dice, names)
    elif role == "robot":
        yield from _robot_call(dice, names)
    else:
        yield from _person_visits(dice, names, _APPLICATIONS[role])


def _person_visits(dice: Dice, names: Names, app: shop.Application) -> Iterator[Visit]:
    is_agent = app is shop.DESK
    person = new_person(dice, names.person(), is_agent)
    clients = [new_client(dice, names, person, app)]
    if person.user_id and not is_agent and dice.chance(0.25):
        clients.append(new_client(dice, names, person, _other_app(dice, app)))
    count = dice.pick(choices.SESSIONS_PER_AGENT if is_agent else choices.SESSIONS_PER_PERSON)
    rhythm = OFFICE if is_agent else LEISURE
    seen: set[str] = set()
    free_from = 0
    for start in sorted(_start(dice, person.city, rhythm) for _ in range(count)):
        client = clients[0] if dice.chance(0.65) else clients[-1]
        begin = start if start >= free_from else free_from + dice.below(2 * HOUR)
        visit = Visit(dice, client, begin)
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


def _start(dice: Dice, city: places.City, rhythm: Weighted[int]) -> int:
    """Return a moment of the period that follows the rhythm on the clocks of the city."""
    local = dice.pick(rhythm) + dice.below(HOUR)
    return PERIOD_START + (local - city.utc_offset * MINUTE) % (PERIOD_END - PERIOD_START)


def _other_app(dice: Dice, app: shop.Application) -> shop.Application:
    if app is not shop.WEB:
        return shop.WEB
    return shop.IOS if dice.chance(0.45) else shop.ANDROID


def _shop(visit: Visit) -> None:
    """Go a customer's way through the shop, as far as it leads."""
    dice, app = visit.dice, visit.app
    if app.is_mobile and dice.chance(0.012):
        _only_open(visit)
        return
    _note_campaign(visit)
    if dice.chance(0.85 if app.is_mobile else 0.4):
        visit.identify()
    visit.act(dice.pick(shop.ENTRANCES[app.key]))
    if dice.chance(shop.BOUNCE_RATE[app.key] + 0.5 * (1 - visit.mood)):
        return
    visit.wander(shop.LOOK_AROUND)
    is_unnamed = visit.client.person.user_id is not None and visit.user_id is None
    if is_unnamed and dice.chance(0.6) and visit.act("login"):
        visit.identify()
    _book(visit)
    if dice.chance(0.1 if app.is_web else 0.35):
        visit.act("logout")
        visit.finish("END_EVENT")


def _only_open(visit: Visit) -> None:
    """Open the app without any action: a notification looked at, or a crash at once."""
    visit.end = visit.start + 400 + visit.dice.below(2600)
    if visit.app_version == devices.BAD_VERSION and visit.app is shop.ANDROID:
        visit.record_crash(devices.BAD_CRASH, visit.end)


def _note_campaign(visit: Visit) -> None:
    week = (visit.start - PERIOD_START) // WEEK
    campaign = visit.dice.pick(choices.CAMPAIGNS)
    if week in choices.SALE_WEEKS and visit.dice.chance(choices.SALE_SHARE):
        campaign = choices.SALE
    if campaign:
        visit.facts["campaign"] = campaign


def _book(visit: Visit) -> bool:
    """Search, choose, and book; return whether that worked."""
    if not visit.reach(shop.SEARCH):
        return False
    while True:
        if not visit.reach(shop.TRIP):
            return False
        if not visit.dice.chance(shop.SEARCH_AGAIN):
            break
        if not visit.try_to("search", 0.7):
            return False
    return visit.reach(shop.DETAILS, _readiness(visit)) and _pay(visit)


def _readiness(visit: Visit) -> float:
    client = visit.client
    factor = client.person.readiness * client.person.city.country.booking_factor
    factor *= client.device.booking_factor * client.app.booking_factor
    if visit.facts.get("campaign") == choices.SALE:
        factor *= 1.3
    return factor


def _pay(visit: Visit) -> bool:
    return (
        visit.reach(shop.PAYMENT)
        and visit.try_to("payment", shop.PAY_AGAIN)
        and visit.reach(shop.CONFIRMATION)
    )


def _serve_customers(visit: Visit) -> None:
    """Spend a while at the agency desk; some stay for the whole day."""
    dice = visit.dice
    stays_long = dice.chance(0.05)
    visit.pause = 75_000 if stays_long else 22_000
    visit.act("start")
    if not visit.try_to("login", 0.9):
        return
    visit.identify()
    customers = 1 + int((30 if stays_long else 1.6) * dice.spread(MEDIUM))
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


def _monitor_run(dice: Dice, names: Names) -> Iterator[Visit]:
    """Yield a run of the browser monitor: every quarter of an hour, the same three steps."""
    city = dice.pick(places.MONITOR_CITIES)
    client = new_machine(dice, names, city, dice.one_of(places.MONITOR_ISPS), "SYNTHETIC")
    quarters = (PERIOD_END - PERIOD_START) // (15 * MINUTE) - 1
    visit = Visit(dice, client, PERIOD_START + dice.below(quarters) * 15 * MINUTE + 4000)
    visit.pause = 700
    for number, step in enumerate(shop.MONITOR_STEPS, 1):
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


def _robot_call(dice: Dice, names: Names) -> Iterator[Visit]:
    """Yield a crawler's call: pages one after another, at any hour."""
    robot = dice.pick(devices.ROBOTS)
    client = new_machine(dice, names, places.ROBOT_HOME, robot.isp, "ROBOT")
    visit = Visit(dice, client, _start(dice, places.ROBOT_HOME, EVEN))
    visit.robot = robot
    visit.pause = 2500
    for _ in range(1 + int(robot.mean_pages * dice.spread(WIDE))):
        visit.act(dice.pick(shop.PAGES_FOR_ROBOTS))
    if visit.end <= PERIOD_END:
        yield visit
