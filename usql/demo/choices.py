"""What visitors choose, what they are called, what goes wrong for them, and what is noted."""

from __future__ import annotations

from dataclasses import dataclass

from usql.demo.chance import Weighted

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
