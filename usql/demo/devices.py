"""What visitors use: screens, devices, browsers, app releases, and how they crash."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from usql.demo.chance import Weighted


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
