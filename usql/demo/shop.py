"""The shop: its applications, what can be done in each, and how visitors get on from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from usql.demo.chance import Weighted
from usql.demo.clock import MINUTE
from usql.demo.devices import (
    AGENCY_PCS,
    ANDROID_RELEASES,
    ANDROIDS,
    DESK_RELEASES,
    DESKTOPS,
    IOS_RELEASES,
    IPADS,
    IPHONES,
    Device,
    Release,
)

AppKey = Literal["web", "ios", "android", "desk"]
StepKey = str


@dataclass(frozen=True, slots=True)
class Application:
    """One of the four applications of the shop."""

    key: AppKey
    name: str
    type: str
    id: str
    releases: tuple[Release, ...]
    devices: Weighted[Device]
    longest_pause: int
    booking_factor: float

    @property
    def is_web(self) -> bool:
        """Whether it runs in a browser."""
        return self.key == "web"

    @property
    def is_mobile(self) -> bool:
        """Whether it is an app on a phone or tablet."""
        return self.key in ("ios", "android")


WEB = Application(
    "web", "Tripfinch web shop", "WEB_APPLICATION", "APPLICATION-3E1A9D0C54B7F268", (),
    Weighted.of((*DESKTOPS, *IPHONES, *ANDROIDS, *IPADS)), 28 * MINUTE, 1.0,
)  # fmt: skip
IOS = Application(
    "ios", "Tripfinch for iOS", "MOBILE_APPLICATION", "MOBILE_APPLICATION-8C20F7A61D9B4E35",
    IOS_RELEASES, Weighted.of((*IPHONES, *IPADS)), 9 * MINUTE, 1.15,
)  # fmt: skip
ANDROID = Application(
    "android", "Tripfinch for Android", "MOBILE_APPLICATION",
    "MOBILE_APPLICATION-D61B58E903F2A74C", ANDROID_RELEASES, Weighted.of(ANDROIDS),
    9 * MINUTE, 1.1,
)  # fmt: skip
DESK = Application(
    "desk", "Tripfinch agency desk", "CUSTOM_APPLICATION", "CUSTOM_APPLICATION-27F4C0B85E9A1D63",
    DESK_RELEASES, AGENCY_PCS, 9 * MINUTE, 1.5,
)  # fmt: skip

HOST = "www.tripfinch.example"
SECURE_HOST = "secure.tripfinch.example"
TENANT = "tpf48213"


# --- What visitors do ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """A user action as the shop defines it; times are medians in ms, before any factor.

    `page` may hold `{trip}`; `api` is the request it makes; `carries` names the properties that
    are recorded with it.
    """

    key: StepKey
    name: str
    type: Literal["Load", "Xhr", "Custom"]
    page: str | None
    server: int
    network: int
    frontend: int
    threshold: int
    api: str
    key_action_id: str | None = None
    carries: tuple[str, ...] = ()
    goal: str | None = None
    failure_rate: float = 0.005


_SEARCH_FACTS = ("destination", "departure")
_PAY_FACTS = ("payment method", "basketItems", "basketValue")
_BOOKED_FACTS = ("destination", "departure", "basketItems", "basketValue")


def _key_id(number: int) -> str:
    return f"APPLICATION_METHOD-{number * 0x9E3779B97F4A7C15 % 2**64:016X}"


def _load(key: StepKey, page: str, server: int, network: int, frontend: int) -> Step:
    group = page.replace("{trip}", "*")
    name = f"Loading of page {group}"
    return Step(key, name, "Load", page, server, network, frontend, 3000, group)


_WEB_STEPS = (
    _load("start", "/", 160, 210, 980),
    _load("offers", "/offers", 240, 230, 1250),
    _load("landing", "/trip/{trip}", 290, 240, 1350),
    _load("help", "/help", 90, 150, 520),
    _load("account", "/account", 210, 170, 640),
    _load("search page", "/search", 200, 200, 900),
    _load("details page", "/checkout/travellers", 220, 180, 760),
    _load("payment page", "/checkout/payment", 260, 190, 820),
    Step("login", "Login", "Xhr", None, 280, 90, 160, 2000, "/api/login", _key_id(1)),
    Step("search", "Search for trips", "Xhr", "/search", 640, 90, 360, 2500, "/api/search",
         _key_id(2), _SEARCH_FACTS, None, 0.008),
    Step("filter", "Filter results", "Xhr", None, 210, 70, 190, 1500, "/api/search"),
    Step("sort", "Sort results", "Xhr", None, 150, 70, 170, 1500, "/api/search"),
    Step("dates", "Change travel dates", "Xhr", None, 380, 80, 210, 2000, "/api/search", None,
         ("departure",)),
    Step("select", "Select trip", "Xhr", "/trip/{trip}", 310, 100, 480, 2500, "/api/trips",
         _key_id(3), ("destination",)),
    Step("photos", "Browse photos", "Xhr", None, 60, 160, 340, 1500, "/api/photos"),
    Step("reviews", "Read reviews", "Xhr", None, 130, 80, 150, 1500, "/api/reviews"),
    Step("map", "Show map", "Xhr", None, 40, 190, 520, 2000, "/api/map"),
    Step("details", "Enter traveller details", "Xhr", "/checkout/travellers", 240, 80, 220, 2000,
         "/api/travellers", _key_id(4), ("basketItems",), None, 0.012),
    Step("extras", "Add luggage", "Xhr", None, 170, 70, 150, 1500, "/api/basket"),
    Step("payment", "Payment", "Xhr", "/checkout/payment", 1150, 100, 240, 2000, "/api/payments",
         _key_id(5), _PAY_FACTS, None, 0.035),
    Step("confirmed", "Booking confirmed", "Xhr", "/checkout/confirmed", 330, 90, 300, 2500,
         "/api/bookings", _key_id(6), _BOOKED_FACTS, "Booking"),
    Step("newsletter", "Subscribe to newsletter", "Xhr", None, 140, 80, 90, 1500,
         "/api/newsletter", None, (), "Newsletter"),
    Step("logout", "Logout", "Xhr", None, 90, 70, 80, 1500, "/api/logout"),
)  # fmt: skip

_APP_STEPS = (
    Step("start", "AppStart", "Custom", None, 120, 160, 760, 2500, "/api/home"),
    Step("offers", "Display offers", "Custom", None, 180, 150, 300, 2000, "/api/offers"),
    Step("help", "Display help", "Custom", None, 60, 110, 140, 1500, "/api/help"),
    Step("account", "Display account", "Custom", None, 160, 130, 170, 1500, "/api/account"),
    Step("login", "Login", "Custom", None, 280, 120, 110, 2000, "/api/login", _key_id(11)),
    Step("search", "Search for trips", "Custom", None, 640, 130, 260, 2500, "/api/search",
         _key_id(12), _SEARCH_FACTS, None, 0.008),
    Step("filter", "Filter results", "Custom", None, 210, 100, 120, 1500, "/api/search"),
    Step("sort", "Sort results", "Custom", None, 150, 100, 110, 1500, "/api/search"),
    Step("dates", "Change travel dates", "Custom", None, 380, 110, 130, 2000, "/api/search", None,
         ("departure",)),
    Step("select", "Select trip", "Custom", None, 310, 140, 280, 2500, "/api/trips", _key_id(13),
         ("destination",)),
    Step("photos", "Swipe photos", "Custom", None, 60, 220, 180, 1500, "/api/photos"),
    Step("reviews", "Read reviews", "Custom", None, 130, 110, 100, 1500, "/api/reviews"),
    Step("details", "Enter traveller details", "Custom", None, 240, 110, 150, 2000,
         "/api/travellers", _key_id(14), ("basketItems",), None, 0.012),
    Step("extras", "Add luggage", "Custom", None, 170, 100, 100, 1500, "/api/basket"),
    Step("payment", "Payment", "Custom", None, 1150, 130, 160, 2000, "/api/payments", _key_id(15),
         _PAY_FACTS, None, 0.03),
    Step("confirmed", "Booking confirmed", "Custom", None, 330, 120, 190, 2500, "/api/bookings",
         _key_id(16), _BOOKED_FACTS, "Booking"),
)  # fmt: skip

_DESK_STEPS = (
    Step("start", "Start agency desk", "Custom", None, 150, 90, 1900, 4000, "/api/desk"),
    Step("login", "Login", "Custom", None, 310, 60, 120, 2000, "/api/login"),
    Step("search", "Search for trips", "Custom", None, 720, 60, 240, 2500, "/api/search",
         _key_id(22), _SEARCH_FACTS, None, 0.008),
    Step("filter", "Filter results", "Custom", None, 230, 50, 90, 1500, "/api/search"),
    Step("dates", "Change travel dates", "Custom", None, 400, 50, 110, 2000, "/api/search", None,
         ("departure",)),
    Step("select", "Select trip", "Custom", None, 330, 60, 190, 2500, "/api/trips", _key_id(23),
         ("destination",)),
    Step("details", "Enter traveller details", "Custom", None, 260, 60, 140, 2000,
         "/api/travellers", _key_id(24), ("basketItems",), None, 0.01),
    Step("extras", "Add luggage", "Custom", None, 180, 50, 90, 1500, "/api/basket"),
    Step("payment", "Payment", "Custom", None, 1150, 60, 130, 2000, "/api/payments", _key_id(25),
         _PAY_FACTS, None, 0.025),
    Step("confirmed", "Booking confirmed", "Custom", None, 350, 60, 150, 2500, "/api/bookings",
         _key_id(26), _BOOKED_FACTS, "Booking"),
    Step("documents", "Print documents", "Custom", None, 420, 80, 900, 4000, "/api/documents"),
    Step("look up", "Look up booking", "Custom", None, 290, 50, 110, 2000, "/api/bookings"),
    Step("logout", "Logout", "Custom", None, 90, 50, 60, 1500, "/api/logout"),
)  # fmt: skip

STEPS: dict[AppKey, dict[StepKey, Step]] = {
    "web": {step.key: step for step in _WEB_STEPS},
    "ios": {step.key: step for step in _APP_STEPS},
    "android": {step.key: step for step in _APP_STEPS},
    "desk": {step.key: step for step in _DESK_STEPS},
}
"""The steps of each application; one that an application lacks is passed over."""

ENTRANCES: dict[AppKey, Weighted[StepKey]] = {
    "web": Weighted.of((("start", 56), ("offers", 22), ("landing", 22))),
    "ios": Weighted.of((("start", 1),)),
    "android": Weighted.of((("start", 1),)),
    "desk": Weighted.of((("start", 1),)),
}

BOUNCE_RATE: dict[AppKey, float] = {"web": 0.24, "ios": 0.1, "android": 0.12, "desk": 0.01}


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the way to a booking: how many go on to it, and what they do there besides.

    `asides` are done `mean_asides` times on average.
    """

    steps: tuple[StepKey, ...]
    go_on: float
    asides: Weighted[StepKey]
    mean_asides: float


LOOK_AROUND = Stage(
    (), 1.0, Weighted.of((("offers", 5), ("account", 3), ("help", 2), ("newsletter", 1))), 1.8
)
SEARCH = Stage(
    ("search page", "search"), 0.84, Weighted.of((("filter", 5), ("sort", 3), ("dates", 3))), 2.9
)
TRIP = Stage(("select",), 0.72, Weighted.of((("photos", 6), ("reviews", 4), ("map", 2))), 3.0)
DETAILS = Stage(("details page", "details"), 0.36, Weighted.of((("extras", 1),)), 0.6)
PAYMENT = Stage(("payment page",), 0.7, Weighted.of((("help", 1),)), 0.05)
CONFIRMATION = Stage(("confirmed",), 0.95, Weighted.of((("account", 1),)), 0.3)
SEARCH_AGAIN = 0.42
PAY_AGAIN = 0.6

PAGES_FOR_ROBOTS: Weighted[StepKey] = Weighted.of(
    (("start", 2), ("offers", 3), ("landing", 9), ("search page", 2), ("help", 1))
)


@dataclass(frozen=True, slots=True)
class MonitorStep:
    """A step of the browser monitor: what it does, and the user action that follows."""

    name: str
    type: str
    id: str
    step: StepKey


MONITOR_NAME = "Tripfinch - book a trip"
MONITOR_ID = "SYNTHETIC_TEST-5D0C7F2A9B41E863"
MONITOR_STEPS = (
    MonitorStep(f'navigate to "https://{HOST}/"', "navigate",
                "SYNTHETIC_TEST_STEP-1B7E40D2C95FA368", "start"),
    MonitorStep('click on "Search"', "click", "SYNTHETIC_TEST_STEP-84C2F61A0D7B395E", "search"),
    MonitorStep('click on "First trip"', "click", "SYNTHETIC_TEST_STEP-F05A9E3768D1B24C",
                "select"),
)  # fmt: skip
