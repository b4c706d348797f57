"""Times as event logs write them: ms, s, µs or ns since 1970, ISO, and a few customs.

What arrives: the text of a column, and what is known of its unit, form and zone. What leaves: whole
ms, UTC, rounded down; and, for people, what the texts were taken for. Each text is judged by
itself, so what a row means does not hang on the rows that it comes with.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from usql.dates import parse_date
from usql.errors import BadData
from usql.zones import EPOCH, MAX_MS, MIN_MS, MS, Zone

UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
"""Units of numbers, in ns."""
_SHOWN = {"us": "µs"}

# Read in a smaller unit a number from here on would be a time before 1973, in a larger one a time
# after 5138.
_MAGNITUDES = ((10**11, "s"), (10**14, "ms"), (10**17, "us"))
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
_COMPACT = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{6})?")
_APACHE = re.compile(r"\[?(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d) ([+-]\d{4})\]?")
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_EXAMPLES = "a number of ms or s since 1970, or an ISO time such as 2026-03-01T12:00:00Z"


class TimeReader:
    """Reads the times of one column.

    Attributes:
        seen: how many times were taken for what, for people.
    """

    def __init__(
        self, zone: Zone | None = None, unit: str | None = None, form: str | None = None
    ) -> None:
        """Prepare to read.

        Args:
            zone: of times that do not say theirs; UTC unless given.
            unit: of numbers, one of ``UNITS``; told by their size unless given.
            form: of texts, as ``datetime.strptime`` has it; told by their look unless given.
        """
        self._zone = zone or Zone.of(None)
        self._unit = unit
        self._form = form
        self.seen: Counter[str] = Counter()

    def read(self, text: str) -> int:
        """Return the ms of a time.

        Raises:
            BadData: it is no time, or not one of the years 1 to 9999.
        """
        instant, taken_for = self._read(text.strip())
        if not MIN_MS <= instant <= MAX_MS:
            raise BadData(f"{_short(text)} is out of the range of times")
        self.seen[taken_for] += 1
        return instant

    def describe(self) -> str:
        """Return what the times were taken for, the most frequent first."""
        return ", ".join(name for name, _ in self.seen.most_common()) or "no times"

    def _read(self, text: str) -> tuple[int, str]:
        if self._form is not None:
            return self._formed(text, self._form), f"as {self._form}{self._in_zone}"
        if self._unit is None and _COMPACT.fullmatch(text) and len(text) in (8, 14):
            return self._local(_compact(text)), f"YYYYMMDD{self._in_zone}"
        if _NUMBER.fullmatch(text) is not None:
            return self._number(text)
        return self._text(text)

    def _number(self, text: str) -> tuple[int, str]:
        unit = self._unit or _unit_of(text)
        try:
            # Texts of digits are the rule, and Decimal is slow.
            instant = (
                int(text) * UNITS[unit] if text.isdecimal() else _floor(Decimal(text), unit)
            ) // 1_000_000
        except (InvalidOperation, OverflowError, ValueError):
            raise BadData(f"{_short(text)} is out of the range of times") from None
        return instant, f"{_SHOWN.get(unit, unit)} since 1970"

    def _text(self, text: str) -> tuple[int, str]:
        iso = text[:-4] + "Z" if text.endswith((" UTC", " GMT")) else text
        try:
            moment = datetime.fromisoformat(iso)
        except ValueError:
            return self._custom(text)
        if moment.tzinfo is None:
            return self._local(moment), f"ISO{self._in_zone}"
        return (moment - EPOCH) // MS, "ISO with a zone"

    def _custom(self, text: str) -> tuple[int, str]:
        apache = _APACHE.fullmatch(text)
        if apache is not None:
            return _apache(*apache.groups()), "as web servers write it"
        try:
            return parse_date(text, self._zone), f"a date{self._in_zone}"
        except ValueError:
            raise BadData(
                f"{_short(text)} is not a time; a time is {_EXAMPLES}",
                hint="say its form with --time-format, such as '%d/%m/%Y %H:%M'",
            ) from None

    def _formed(self, text: str, form: str) -> int:
        try:
            moment = datetime.strptime(text, form)
        except ValueError:
            raise BadData(f"{_short(text)} is not a time of the form {form}") from None
        return self._local(moment) if moment.tzinfo is None else (moment - EPOCH) // MS

    def _local(self, moment: datetime) -> int:
        return self._zone.to_instant((moment.replace(tzinfo=UTC) - EPOCH) // MS)

    @property
    def _in_zone(self) -> str:
        return f", zone {self._zone.name}"


def _unit_of(text: str) -> str:
    size = abs(float(text))
    return next((unit for limit, unit in _MAGNITUDES if size < limit), "ns")


def _floor(number: Decimal, unit: str) -> int:
    return int((number * UNITS[unit]).to_integral_value(rounding="ROUND_FLOOR"))


def _compact(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S" if len(text) == 14 else "%Y%m%d")
    except ValueError:
        raise BadData(f"{_short(text)} is not a date that exists") from None


def _apache(local: str, offset: str) -> int:
    day, month, rest = local.split("/", 2)
    try:
        # By hand, since strptime would expect the months of the locale.
        number = _MONTHS.index(month) + 1
        moment = datetime.strptime(f"{day}/{number}/{rest} {offset}", "%d/%m/%Y:%H:%M:%S %z")
    except ValueError:
        raise BadData(f"{_short(local)} is not a time that exists") from None
    return (moment - EPOCH) // MS


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")
