"""Single values: text ↔ Python, by the kind of their attribute.

Texts come without quotes. A ``ValueError`` carries a sentence for the author.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

from usql.dates import parse_date
from usql.segments.catalogue import AttributeKind
from usql.segments.filters import Scalar
from usql.zones import Zone

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_DURATION = re.compile(r"(?:[0-9]{1,12}(?:\.[0-9]{1,12})?\s*[a-zA-Z]+\s*)+")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Z]+)\s*")
_DAY = re.compile(r"[0-9]+([-/.])[0-9]+\1[0-9]+")
_UNITS = {
    "ms": 1, "millisecond": 1, "msec": 1, "s": 1_000, "sec": 1_000, "second": 1_000,
    "m": 60_000, "min": 60_000, "minute": 60_000, "h": 3_600_000, "hour": 3_600_000,
    "d": 86_400_000, "day": 86_400_000,
}  # fmt: skip
UTC = Zone.of("UTC")
DAY_MS = 86_400_000


def read_scalar(kind: AttributeKind, text: str) -> Scalar:
    """Return a value that has an order.

    >>> read_scalar(AttributeKind.DURATION, "1m30s")
    90000
    """
    match kind:
        case AttributeKind.WHOLE:
            return _whole(text)
        case AttributeKind.DECIMAL:
            return _decimal(text)
        case AttributeKind.DURATION:
            return _duration(text)
        case AttributeKind.DATE:
            return _date(text)
        case AttributeKind.ADDRESS:
            return address(text)
    raise AssertionError(kind)


def write_scalar(kind: AttributeKind, value: Scalar) -> str:
    """Return the text of a value that has an order, which ``read_scalar`` takes back.

    >>> write_scalar(AttributeKind.DURATION, 90_000), write_scalar(AttributeKind.DURATION, 120_000)
    ('90s', '2m')
    """
    if kind is AttributeKind.DURATION:
        assert isinstance(value, int)
        if value >= 120_000 and value % 60_000 == 0:
            return f"{value // 60_000}m"
        return f"{(Decimal(value) / 1000).normalize():f}s"
    if kind is AttributeKind.DATE and isinstance(value, int):
        return f"{value:06d}"  # so short a number would look like a year
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def address(text: str) -> str:
    """Return an address in its canonical form."""
    from ipaddress import ip_address

    try:
        return str(ip_address(text.strip()))
    except ValueError:
        raise ValueError(f"'{text}' is not an IP address") from None


def network(text: str) -> str:
    """Return a network such as ``10.0.0.0/8`` in its canonical form."""
    from ipaddress import ip_network

    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        raise ValueError(f"'{text}' is not a network; write it as 10.0.0.0/8") from None


def is_network(text: str) -> bool:
    """Whether a text is meant as a network: an address, a slash, and the bits that count."""
    return bool(re.fullmatch(r"[0-9a-fA-F:.]+/[0-9]{1,3}", text.strip()))


def is_day(value: Scalar) -> bool:
    """Whether a date is a day without a time."""
    return isinstance(value, str) and _DAY.fullmatch(value) is not None


def order_key(kind: AttributeKind, value: Scalar) -> tuple[float, ...]:
    """Return what compares as the values do; dates without a zone are taken as UTC."""
    if kind is AttributeKind.ADDRESS:
        from ipaddress import ip_address

        found = ip_address(str(value))
        return (found.version, int(found))
    if isinstance(value, str):
        return (parse_date(value, UTC),)
    return (value,)


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"'{text}' is not a whole number")
    return int(text)


def _decimal(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"'{text}' is not a number")
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is too large for a number")
    return value


def _duration(text: str) -> int:
    if not _DURATION.fullmatch(text):
        if _NUMBER.fullmatch(text) and not text.startswith("-"):
            number = text.removeprefix("+")
            raise ValueError(f"{text} of what? Write {number}s for seconds, {number}m for minutes")
        raise ValueError(f"'{text}' is not a duration; write it as 90s, 5m or 1m30s")
    total = Decimal(0)
    for amount, unit in _PART.findall(text):
        word = unit.casefold()
        factor = _UNITS.get(word) or _UNITS.get(word.removesuffix("s"))
        if factor is None:
            raise ValueError(f"there is no unit {unit}; write s for seconds, m for minutes")
        total += Decimal(amount) * factor
    if total != int(total):
        raise ValueError(f"'{text}' is no whole number of milliseconds")
    return int(total)


def _date(text: str) -> Scalar:
    if re.fullmatch(r"-?[0-9]{5,16}", text):
        return int(text)
    parse_date(text, UTC)
    return text.replace(",", ".")
