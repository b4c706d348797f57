"""The constant tables of the demo data: who visits the shop, from where, with what, and why.

Data alone, without chance: `usql.store.demo` draws from these tables. All names of the shop, of its
customers and of its hosts are invented (RFC 2606 names, RFC 2544 and RFC 3849 addresses).
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY


@dataclass(frozen=True, slots=True)
class Weighted(Generic[T]):
    """A choice among items of unequal weight, with the running totals precomputed."""

    items: tuple[T, ...]
    totals: tuple[int, ...]

    @classmethod
    def of(cls, rows: Iterable[tuple[T, int]]) -> Weighted[T]:
        """Make a choice from pairs of an item and its weight."""
        pairs = tuple(rows)
        return cls(
            tuple(item for item, _ in pairs), tuple(accumulate(weight for _, weight in pairs))
        )

    def at(self, fraction: float) -> T:
        """Return the item at a fraction, 0 <= fraction < 1, of the total weight."""
        return self.items[bisect(self.totals, fraction * self.totals[-1])]


# --- Places -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Country:
    """A country: its currency, its distance from the servers and its readiness to book."""

    name: str
    continent: str
    currency: str
    network_factor: float
    booking_factor: float
    isps: tuple[str, ...]
    carriers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class City:
    """A city, with its offset from UTC in minutes (no clock changes in the demo's period)."""

    name: str
    region: str
    country: Country
    utc_offset: int


_EUROPE, _NORTH, _SOUTH, _ASIA = "Europe", "North America", "South America", "Asia"

AUSTRIA = Country(
    "Austria", _EUROPE, "EUR", 0.9, 1.15,
    ("A1 Telekom Austria", "Magenta Telekom", "LIWEST Kabelmedien"), ("A1", "Magenta", "Drei"),
)  # fmt: skip
GERMANY = Country(
    "Germany", _EUROPE, "EUR", 1.0, 1.05,
    ("Deutsche Telekom", "Vodafone Deutschland", "1&1 Versatel", "NetCologne"),
    ("Telekom.de", "Vodafone.de", "O2 - de"),
)  # fmt: skip
SWITZERLAND = Country(
    "Switzerland", _EUROPE, "CHF", 0.95, 1.2,
    ("Swisscom", "Sunrise", "Init7"), ("Swisscom", "Sunrise", "Salt"),
)  # fmt: skip
UNITED_KINGDOM = Country(
    "United Kingdom", _EUROPE, "GBP", 1.1, 1.0,
    ("British Telecommunications", "Virgin Media", "Sky UK"), ("EE", "O2 - UK", "Vodafone UK"),
)  # fmt: skip
UNITED_STATES = Country(
    "United States", _NORTH, "USD", 1.9, 0.8,
    ("Comcast Cable", "Charter Communications", "AT&T Services", "Verizon Fios"),
    ("Verizon", "T-Mobile", "AT&T"),
)  # fmt: skip
SPAIN = Country(
    "Spain", _EUROPE, "EUR", 1.2, 0.95,
    ("Telefónica de España", "Orange España", "Digi Spain"), ("Movistar", "Orange", "Yoigo"),
)  # fmt: skip
POLAND = Country(
    "Poland", _EUROPE, "PLN", 1.15, 0.9,
    ("Orange Polska", "UPC Polska", "Netia"), ("Plus", "Play", "Orange"),
)  # fmt: skip
FRANCE = Country(
    "France", _EUROPE, "EUR", 1.1, 0.9,
    ("Orange S.A.", "Free SAS", "Bouygues Télécom"), ("Orange F", "Free", "SFR"),
)  # fmt: skip
ITALY = Country(
    "Italy", _EUROPE, "EUR", 1.2, 0.95,
    ("Telecom Italia", "Fastweb", "Wind Tre"), ("TIM", "Vodafone IT", "Iliad"),
)  # fmt: skip
NETHERLANDS = Country(
    "Netherlands", _EUROPE, "EUR", 0.95, 1.05,
    ("KPN", "Ziggo", "Odido Netherlands"), ("KPN", "Odido", "Vodafone NL"),
)  # fmt: skip
BRAZIL = Country(
    "Brazil", _SOUTH, "BRL", 2.8, 0.55,
    ("Claro NXT", "Vivo", "Oi Fibra"), ("Vivo", "Claro BR", "TIM Brasil"),
)  # fmt: skip
INDIA = Country(
    "India", _ASIA, "INR", 3.4, 0.5,
    ("Reliance Jio Infocomm", "Bharti Airtel", "BSNL"), ("Jio", "Airtel", "Vi India"),
)  # fmt: skip

CITIES = Weighted.of(
    (City(name, region, country, offset), weight)
    for name, region, country, offset, weight in (
        ("Vienna", "Vienna", AUSTRIA, 60, 74),
        ("Linz", "Upper Austria", AUSTRIA, 60, 34),
        ("Graz", "Styria", AUSTRIA, 60, 24),
        ("Salzburg", "Salzburg", AUSTRIA, 60, 15),
        ("Innsbruck", "Tyrol", AUSTRIA, 60, 11),
        ("Sankt Pölten", "Lower Austria", AUSTRIA, 60, 7),
        ("Berlin", "Berlin", GERMANY, 60, 66),
        ("Hamburg", "Hamburg", GERMANY, 60, 42),
        ("München", "Bavaria", GERMANY, 60, 48),
        ("Köln", "North Rhine-Westphalia", GERMANY, 60, 38),
        ("Düsseldorf", "North Rhine-Westphalia", GERMANY, 60, 24),
        ("Frankfurt am Main", "Hesse", GERMANY, 60, 27),
        ("Leipzig", "Saxony", GERMANY, 60, 17),
        ("Zürich", "Zurich", SWITZERLAND, 60, 37),
        ("Bern", "Bern", SWITZERLAND, 60, 14),
        ("Genève", "Geneva", SWITZERLAND, 60, 17),
        ("London", "England", UNITED_KINGDOM, 0, 68),
        ("Manchester", "England", UNITED_KINGDOM, 0, 24),
        ("Edinburgh", "Scotland", UNITED_KINGDOM, 0, 17),
        ("Cardiff", "Wales", UNITED_KINGDOM, 0, 9),
        ("New York", "New York", UNITED_STATES, -300, 39),
        ("Boston", "Massachusetts", UNITED_STATES, -300, 14),
        ("Chicago", "Illinois", UNITED_STATES, -360, 21),
        ("Denver", "Colorado", UNITED_STATES, -420, 9),
        ("Los Angeles", "California", UNITED_STATES, -480, 29),
        ("Madrid", "Madrid", SPAIN, 60, 27),
        ("Barcelona", "Catalonia", SPAIN, 60, 23),
        ("Málaga", "Andalusia", SPAIN, 60, 8),
        ("Warszawa", "Masovia", POLAND, 60, 25),
        ("Kraków", "Lesser Poland", POLAND, 60, 14),
        ("Łódź", "Łódź", POLAND, 60, 8),
        ("Paris", "Île-de-France", FRANCE, 60, 29),
        ("Lyon", "Auvergne-Rhône-Alpes", FRANCE, 60, 11),
        ("Milano", "Lombardy", ITALY, 60, 21),
        ("Roma", "Lazio", ITALY, 60, 18),
        ("Amsterdam", "North Holland", NETHERLANDS, 60, 19),
        ("Rotterdam", "South Holland", NETHERLANDS, 60, 11),
        ("São Paulo", "São Paulo", BRAZIL, -180, 21),
        ("Rio de Janeiro", "Rio de Janeiro", BRAZIL, -180, 9),
        ("Mumbai", "Maharashtra", INDIA, 330, 13),
        ("Bengaluru", "Karnataka", INDIA, 330, 9),
    )
)

AGENCY_CITIES = Weighted.of(
    (city, weight)
    for city, weight in zip(CITIES.items, (30, 18, 12, 8, 6, 4, 20, 14, 16, 12, 8), strict=False)
)

ROBOT_HOME = City("Council Bluffs", "Iowa", UNITED_STATES, -360)

MONITOR_CITIES = Weighted.of(
    (City(name, "synthetic", country, offset), weight)
    for name, country, offset, weight in (
        ("Frankfurt am Main", GERMANY, 60, 2),
        ("London", UNITED_KINGDOM, 0, 1),
        ("Ashburn", UNITED_STATES, -300, 1),
    )
)

MONITOR_ISPS = ("Hetzner Online", "OVH SAS")

_COUNTRIES = tuple(dict.fromkeys(city.country for city in CITIES.items))
_NETWORKS = tuple(
    dict.fromkeys(
        network for country in _COUNTRIES for network in (*country.isps, *country.carriers)
    )
)

NETWORK_NUMBER = {
    network: number
    for number, network in enumerate(
        (*_NETWORKS, *MONITOR_ISPS, "Google LLC", "Microsoft", "Semrush")
    )
}
"""A number for each network's address blocks."""


# --- Rhythms ------------------------------------------------------------------------------------

WEEKS = 8
WEEK_WEIGHTS = (118, 113, 106, 112, 116, 104, 97, 95)
"""The January rush, and a sale in the fourth and fifth week."""

LEISURE_HOURS = (
    12, 7, 4, 3, 3, 5, 12, 22, 30, 36, 40, 43, 46, 44, 41, 42, 46, 54, 66, 82, 92, 84, 56, 28,
)  # fmt: skip
LEISURE_DAYS = (100, 95, 93, 90, 82, 108, 146)
OFFICE_HOURS = (0, 0, 0, 0, 0, 0, 1, 6, 34, 58, 62, 56, 30, 36, 55, 56, 50, 38, 12, 3, 1, 0, 0, 0)
OFFICE_DAYS = (112, 100, 98, 98, 92, 28, 0)
EVEN_HOURS = (1,) * 24
EVEN_DAYS = (1,) * 7

SERVER_LOAD = (
    0.86, 0.84, 0.82, 0.82, 0.82, 0.84, 0.88, 0.93, 0.98, 1.0, 1.0, 1.0,
    1.02, 1.0, 1.0, 1.0, 1.02, 1.05, 1.12, 1.2, 1.24, 1.18, 1.05, 0.92,
)  # fmt: skip
"""The load of the servers, by the hour in Vienna, where they stand."""

SERVER_OFFSET = HOUR
EVENING = range(18, 22)
"""The hours in Vienna in which payment is slow."""


# --- What visitors use --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Screen:
    """A screen as it is held by default."""

    width: int
    height: int
    resolution: str


@dataclass(frozen=True, slots=True)
class Device:
    """A kind of device; `pace` above 1 is slower, `booking_factor` above 1 books more."""

    kind: Literal["Desktop", "Phone", "Tablet"]
    manufacturer: str | None
    name: str | None
    os_family: str
    os_versions: Weighted[str]
    screens: Weighted[Screen]
    pace: float
    booking_factor: float


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser: its major version at the start, and the days of the period that bring the next."""

    family: str
    first_version: int
    release_days: tuple[int, ...]
    has_web_vitals: bool
    has_layout_shift: bool


_FHD = Screen(1920, 1080, "FHD")
_QHD = Screen(2560, 1440, "QHD")
_UHD = Screen(3840, 2160, "UHD4K")
_WUXGA = Screen(1920, 1200, "WUXGA")
_DESKTOP_SCREENS = Weighted.of(
    (
        (_FHD, 52), (_QHD, 18), (_UHD, 8), (_WUXGA, 7), (Screen(1366, 768, "FWXGA"), 10),
        (Screen(1280, 1024, "SXGA"), 2), (Screen(3440, 1440, "UWQHD"), 3),
    )
)  # fmt: skip
_MAC_SCREENS = Weighted.of(
    (
        (Screen(1440, 900, "WXGAPlus"), 34), (Screen(1680, 1050, "WSXGAPlus"), 22), (_QHD, 24),
        (_FHD, 12), (Screen(5120, 2880, "UHDPlus"), 8),
    )
)  # fmt: skip


def _screen(width: int, height: int, resolution: str) -> Weighted[Screen]:
    return Weighted.of(((Screen(width, height, resolution), 1),))


_WINDOWS = Weighted.of((("Windows 11", 74), ("Windows 10", 26)))
_MACOS = Weighted.of((("macOS 26", 55), ("macOS 15", 33), ("macOS 14", 12)))
_LINUX = Weighted.of((("Ubuntu 24.04", 3), ("Fedora 43", 1)))
_IOS = Weighted.of((("iOS 26.2", 58), ("iOS 26.1", 17), ("iOS 18.7", 25)))
_NEW_ANDROID = Weighted.of((("Android 16", 60), ("Android 15", 40)))
_OLD_ANDROID = Weighted.of((("Android 14", 50), ("Android 13", 33), ("Android 12", 17)))

IPHONES = (
    (Device("Phone", "Apple", "iPhone 17", "iOS", _IOS, _screen(1206, 2622, "QHD"), 0.9, 1.1), 20),
    (Device("Phone", "Apple", "iPhone 15", "iOS", _IOS, _screen(1179, 2556, "FHD"), 1.0, 1.0), 34),
    (Device("Phone", "Apple", "iPhone 13", "iOS", _IOS, _screen(1170, 2532, "FHD"), 1.1, 0.9), 27),
    (Device("Phone", "Apple", "iPhone SE", "iOS", _IOS, _screen(750, 1334, "HD"), 1.3, 0.8), 8),
)
IPADS = (
    (Device("Tablet", "Apple", "iPad", "iOS", _IOS, _screen(1536, 2048, "QXGA"), 1.1, 1.1), 11),
)
ANDROIDS = (
    (
        Device(
            "Phone", "Samsung", "Galaxy S25", "Android", _NEW_ANDROID,
            _screen(1080, 2340, "FHD"), 1.0, 1.0,
        ), 24,
    ),
    (
        Device(
            "Phone", "Google", "Pixel 9", "Android", _NEW_ANDROID,
            _screen(1080, 2424, "FHD"), 1.0, 1.0,
        ), 13,
    ),
    (
        Device(
            "Phone", "Samsung", "Galaxy A54", "Android", _OLD_ANDROID,
            _screen(1080, 2340, "FHD"), 1.4, 0.85,
        ), 30,
    ),
    (
        Device(
            "Phone", "Xiaomi", "Redmi Note 12", "Android", _OLD_ANDROID,
            _screen(1080, 2400, "FHD"), 1.6, 0.7,
        ), 22,
    ),
    (
        Device(
            "Phone", "Motorola", "moto g14", "Android", _OLD_ANDROID,
            _screen(720, 1600, "HD"), 1.9, 0.6,
        ), 11,
    ),
)  # fmt: skip
DESKTOPS = (
    (Device("Desktop", None, None, "Windows", _WINDOWS, _DESKTOP_SCREENS, 1.0, 1.15), 190),
    (Device("Desktop", None, None, "macOS", _MACOS, _MAC_SCREENS, 0.9, 1.25), 66),
    (Device("Desktop", None, None, "Linux", _LINUX, _DESKTOP_SCREENS, 0.95, 0.9), 12),
)
AGENCY_PCS = Weighted.of(DESKTOPS[:1])
ROBOT_SCREEN = Screen(1024, 768, "XGA")
MONITOR_DEVICE = Device(
    "Desktop", None, None, "Linux", Weighted.of((("Linux", 1),)),
    Weighted.of(((_FHD, 1),)), 0.8, 1.0,
)  # fmt: skip
ROBOT_DEVICE = Device(
    "Desktop", None, None, "Linux", Weighted.of((("Linux", 1),)),
    Weighted.of(((ROBOT_SCREEN, 1),)), 0.7, 1.0,
)  # fmt: skip

_CHROME = Browser("Chrome", 143, (8, 36), True, True)
_EDGE = Browser("Microsoft Edge", 143, (10, 38), True, True)
_OPERA = Browser("Opera", 125, (24,), True, True)
_FIREFOX = Browser("Firefox", 146, (8, 50), True, False)
_SAFARI = Browser("Safari", 26, (), False, False)
_OLD_SAFARI = Browser("Safari", 18, (), False, False)
_SAMSUNG = Browser("Samsung Internet", 29, (), True, True)
MONITOR_BROWSER = Browser("Synthetic monitor", 0, (), True, True)

BROWSERS = {
    "Windows": Weighted.of(((_CHROME, 57), (_EDGE, 25), (_FIREFOX, 14), (_OPERA, 4))),
    "macOS": Weighted.of(((_SAFARI, 38), (_OLD_SAFARI, 9), (_CHROME, 42), (_FIREFOX, 11))),
    "Linux": Weighted.of(((_FIREFOX, 46), (_CHROME, 54))),
    "iOS": Weighted.of(((_SAFARI, 63), (_OLD_SAFARI, 22), (_CHROME, 15))),
    "Android": Weighted.of(((_CHROME, 73), (_SAMSUNG, 21), (_FIREFOX, 6))),
}
"""The browsers by family of operating system."""

NETWORK_TECHNOLOGIES = Weighted.of((("LTE", 58), ("5G", 36), ("UMTS", 6)))
WIFI_TECHNOLOGIES = Weighted.of((("802.11ac", 50), ("802.11ax", 38), ("802.11n", 12)))


@dataclass(frozen=True, slots=True)
class Robot:
    """A crawler, with the network it comes from."""

    family: str
    isp: str
    mean_pages: float


ROBOTS = Weighted.of(
    (
        (Robot("Googlebot", "Google LLC", 3.0), 60),
        (Robot("Bingbot", "Microsoft", 2.0), 30),
        (Robot("SemrushBot", "Semrush", 9.0), 9),
        (Robot("PriceScraper", "Hetzner Online", 400.0), 1),
    )
)


@dataclass(frozen=True, slots=True)
class Release:
    """A version of an app, from a day of the period on; not all visitors install it at once."""

    day: int
    version: str


ANDROID_RELEASES = (
    Release(-60, "5.6.2"),
    Release(11, "5.7.0"),
    Release(35, "5.8.0"),
    Release(41, "5.8.1"),
)
IOS_RELEASES = (Release(-60, "5.6.1"), Release(14, "5.7.0"), Release(37, "5.8.0"))
DESK_RELEASES = (Release(-90, "2025.4"), Release(27, "2026.1"))

BAD_VERSION = "5.8.0"
"""The Android version that crashes; the iOS app of the same number does not."""

BAD_STEPS = {"start": 0.06, "select": 0.11, "details": 0.2, "payment": 0.4}
"""How often the bad version crashes, by step."""

BAD_CRASH = "NullPointerException: Attempt to invoke virtual method 'Fare.currency()' on null"
CRASHES = {
    "Android": Weighted.of(
        (
            ("IllegalStateException: Fragment not attached to a context", 5),
            ("OutOfMemoryError: Failed to allocate a bitmap", 3),
        )
    ),
    "iOS": Weighted.of(
        (("SIGABRT: NSInvalidArgumentException", 3), ("EXC_BAD_ACCESS: KERN_INVALID_ADDRESS", 2))
    ),
}
CRASH_GROUPS = {
    BAD_CRASH: "CRASH_GROUP-6B1F03C97A5D2E84",
    "IllegalStateException: Fragment not attached to a context": "CRASH_GROUP-0C5E8A4412F7B396",
    "OutOfMemoryError: Failed to allocate a bitmap": "CRASH_GROUP-93D7E60B1A28C54F",
    "SIGABRT: NSInvalidArgumentException": "CRASH_GROUP-51AA2F9C7D06E83B",
    "EXC_BAD_ACCESS: KERN_INVALID_ADDRESS": "CRASH_GROUP-E48B0D3756C19F2A",
}


# --- Applications -------------------------------------------------------------------------------

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


# --- Errors, events, properties -----------------------------------------------------------------

REQUEST_ERRORS = Weighted.of(
    (
        ("503 Service Unavailable", 5), ("500 Internal Server Error", 4),
        ("504 Gateway Timeout", 3), ("429 Too Many Requests", 1),
    )
)  # fmt: skip
SCRIPT_ERRORS = Weighted.of(
    (
        ("TypeError: Cannot read properties of undefined (reading 'price')", 6),
        ("ReferenceError: dataLayer is not defined", 4),
        ("ResizeObserver loop completed with undelivered notifications.", 3),
        ("SyntaxError: Unexpected token '<'", 1),
    )
)
OLD_BROWSER_ERROR = "TypeError: Array.fromAsync is not a function"
REPORTED_ERRORS = Weighted.of(
    (
        ("Fare is no longer available", 5), ("Voucher rejected", 3),
        ("Image could not be decoded", 2), ("Push token refused", 1),
    )
)  # fmt: skip

PROPERTY_LISTS = {
    "plan": "stringProperties",
    "campaign": "stringProperties",
    "loyalty level": "stringProperties",
    "währung": "stringProperties",
    "destination": "stringProperties",
    "payment method": "stringProperties",
    "basketItems": "longProperties",
    "basketValue": "doubleProperties",
    "departure": "dateProperties",
}
"""The list that a property belongs to, by its key."""

SESSION_PROPERTIES = (
    "campaign", "loyalty level", "plan", "währung", "basketItems", "basketValue", "departure",
)  # fmt: skip

PLANS = Weighted.of((("Basic", 70), ("Plus", 24), ("Flex+", 6)))
LOYALTY_LEVELS = Weighted.of(((None, 30), ("Bronze", 36), ("Silver", 22), ("Gold", 12)))
CAMPAIGNS = Weighted.of(((None, 64), ("search ads", 18), ("newsletter", 12), ("partner link", 6)))
SALE = "spring sale"
SALE_WEEKS = (3, 4)
SALE_SHARE = 0.3
PAYMENT_METHODS = Weighted.of(
    (("credit card", 48), ("PayPal", 30), ("bank transfer", 13), ("voucher", 9))
)
TRAVELLERS = Weighted.of(((1, 24), (2, 46), (3, 13), (4, 13), (5, 3), (6, 1)))


@dataclass(frozen=True, slots=True)
class Destination:
    """A place to go, with the usual price per traveller in euros."""

    name: str
    slug: str
    price: int


DESTINATIONS = Weighted.of(
    (Destination(name, slug, price), weight)
    for name, slug, price, weight in (
        ("Mallorca", "mallorca", 540, 20),
        ("Tenerife", "tenerife", 690, 15),
        ("Crete", "crete", 610, 13),
        ("Antalya", "antalya", 480, 12),
        ("Lisboa", "lisboa", 390, 9),
        ("Kraków", "krakow", 210, 6),
        ("Málaga", "malaga", 430, 7),
        ("Reykjavík", "reykjavik", 880, 4),
        ("New York", "new-york", 1240, 5),
        ("Bangkok", "bangkok", 1390, 4),
        ("Dubrovnik", "dubrovnik", 520, 3),
        ("Zermatt", "zermatt", 760, 2),
    )
)

EURO_RATES = {
    "EUR": 1.0, "CHF": 0.94, "GBP": 0.86, "USD": 1.17, "PLN": 4.22, "BRL": 6.3, "INR": 104.0,
}  # fmt: skip

FIRST_NAMES = (
    "anna", "lukas", "maria", "jonas", "sofie", "paul", "emma", "felix", "lena", "david", "julia",
    "marco", "laura", "pedro", "zofia", "jan", "claire", "hugo", "olivia", "james", "priya",
    "arjun", "giulia", "thijs",
)  # fmt: skip
LAST_NAMES = (
    "huber", "gruber", "mayer", "schmidt", "weber", "fischer", "keller", "meier", "smith", "jones",
    "taylor", "brown", "garcia", "lopez", "nowak", "kowalska", "martin", "rossi", "devries",
    "silva", "sharma", "patel",
)  # fmt: skip
NICKNAMES = (
    "wanderfalk", "zugvögel", "meerfee", "gipfelstürmer", "backpacker", "sunseeker", "nomada",
    "kofferkind", "seaside", "globetrotter",
)  # fmt: skip

SESSIONS_PER_PERSON = Weighted.of((count, 100_000 * 10 // count**2) for count in range(1, 41))
"""Heavy-tailed: most come once, a few come dozens of times."""

SESSIONS_PER_AGENT = Weighted.of((count, 5 + min(count, 12)) for count in range(2, 36))

WEB_REPLAY_GAPS = Weighted.of(
    (
        ("SAMPLED_OUT", 62), ("OPTED_OUT_SESSION", 18), ("UNSUPPORTED_BROWSER", 6),
        ("NO_ACTIVITY", 9), ("UNABLE_TO_LOAD_WORKER", 5),
    )
)  # fmt: skip
MOBILE_REPLAY_GAPS = Weighted.of(
    (("CRASHES_OPTED_IN", 70), ("OPTED_OUT", 14), ("COST_CONTROL", 12), ("FULL_STORAGE", 4))
)
