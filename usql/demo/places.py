"""Where visitors are: countries, cities, and the networks that connect them."""

from __future__ import annotations

from dataclasses import dataclass

from usql.demo.chance import Weighted


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
