"""The attributes that sessions can be filtered by, as data: one row each.

A row says where the attribute is found (its category), what people call it (its label), which
field of the language it reads, and what its values are (its kind). What has no field of its own is
made of conditions, one for each of its values.
"""

from __future__ import annotations

from enum import Enum
from functools import cache

from usql.record import Record
from usql.schema import Field, catalogue
from usql.types import Kind


class AttributeKind(Enum):
    """What the values of an attribute are, and how they are written."""

    TEXT = "text"
    CHOICE = "choice"
    """One of a closed list of values."""
    FLAG = "flag"
    """``yes`` or ``no``."""
    WHOLE = "whole number"
    DECIMAL = "number"
    DURATION = "duration"
    """Whole milliseconds, written in minutes or seconds: ``5m``, ``1.5s``."""
    DATE = "date"
    ADDRESS = "address"
    """An IP address, a range of them, or a network such as ``10.0.0.0/8``."""

    @property
    def has_ranges(self) -> bool:
        """Whether values have an order, so that ranges of them can be asked for."""
        return self not in (AttributeKind.TEXT, AttributeKind.CHOICE, AttributeKind.FLAG)


class Attribute(Record):
    """Something that sessions are filtered by.

    Attributes:
        category: the group it is listed in.
        label: what it is called; its name in the text of a segment.
        field: the field of the language that it reads, seen from ``usersession``; "" if none.
        kind: what its values are.
        aliases: other names that people write.
        cases: for each value its condition, where there is no field.
    """

    category: str
    label: str
    field: str
    kind: AttributeKind
    aliases: tuple[str, ...] = ()
    cases: tuple[tuple[str, str], ...] = ()

    @property
    def keyed(self) -> bool:
        """Whether it is a property, and needs a key."""
        return self.field.endswith("Properties")

    @property
    def many(self) -> bool:
        """Whether a session may have several values; a filter then asks for at least one."""
        found = _schema_field(self.field)
        return found is not None and (found.many or found.table != "usersession")

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that are known beforehand, or nothing."""
        if self.kind is AttributeKind.FLAG:
            return ("yes", "no")
        found = _schema_field(self.field)
        return tuple(value for value, _ in self.cases) or (found.values if found else ())

    @property
    def names(self) -> tuple[str, ...]:
        """Every name it goes by: label, aliases, field."""
        return (self.label, *self.aliases, *filter(None, (self.field,)))

    @property
    def condition(self) -> str:
        """The shape of the USQL condition it becomes, with ``…`` for what is asked for."""
        if self.cases:
            return " / ".join(f"{value}: {condition}" for value, condition in self.cases)
        field = f"{self.field}.…" if self.keyed else self.field
        match self.kind:
            case AttributeKind.FLAG:
                return f"{field} = …"
            case AttributeKind.TEXT | AttributeKind.CHOICE:
                return f"{field} IN (…)"
            case _:
                return f"{field} BETWEEN … AND …"


_KINDS = {
    Kind.STRING: AttributeKind.TEXT,
    Kind.ENUM: AttributeKind.CHOICE,
    Kind.BOOLEAN: AttributeKind.FLAG,
    Kind.LONG: AttributeKind.WHOLE,
    Kind.DOUBLE: AttributeKind.DECIMAL,
    Kind.DATE: AttributeKind.DATE,
    Kind.IP: AttributeKind.ADDRESS,
}


@cache
def _schema_field(name: str) -> Field | None:
    table, _, field = name.rpartition(".")
    return catalogue().table(table or "usersession").find(field) if name else None


def _row(category: str, label: str, field: str, *aliases: str) -> Attribute:
    found = _schema_field(field)
    assert found is not None, field
    duration = found.kind is Kind.LONG and found.unit == "ms"
    kind = AttributeKind.DURATION if duration else _KINDS[found.kind]
    return Attribute(category, label, field, kind, aliases)


def _rows(category: str, *rows: tuple[str, ...]) -> tuple[Attribute, ...]:
    return tuple(_row(category, *row) for row in rows)


_CONVERTED = "(matchingConversionGoalsCount > 0 OR matchingConversionGoals IS NOT NULL)"


@cache
def attributes() -> tuple[Attribute, ...]:
    """Return every attribute, in the order of the categories.

    >>> [a.label for a in attributes() if a.category == "Location"]
    ['Continent', 'Country', 'Region', 'City']
    """
    return (
        *_rows(
            "Applications",
            ("Application", "useraction.application"),
            ("Application type", "applicationType"),
            ("Browser monitor", "browserMonitorName"),
        ),
        *_rows(
            "Browser",
            ("Browser type", "browserType"),
            ("Browser family", "browserFamily", "Browser"),
            ("Browser version", "browserMajorVersion"),
            ("Screen width", "screenWidth"),
            ("Screen height", "screenHeight"),
        ),
        *_rows(
            "Operating system",
            ("OS family", "osFamily", "Operating system", "OS", "Operating system family"),
            ("OS version", "osVersion", "Operating system version"),
        ),
        *_rows(
            "Location",
            ("Continent", "continent"),
            ("Country", "country"),
            ("Region", "region"),
            ("City", "city"),
        ),
        *_rows(
            "Mobile",
            ("App version", "appVersion"),
            ("Crashes", "hasCrash", "Crash", "Crashed"),
            ("Device", "device"),
            ("Manufacturer", "manufacturer"),
            ("Rooted or jailbroken", "rootedOrJailbroken", "Rooted", "Jailbroken"),
        ),
        *_rows(
            "User",
            ("User tag", "userId", "User"),
            ("Internal user id", "internalUserId"),
            ("User type", "userType"),
            ("New user", "newUser"),
        ),
        *_rows(
            "Session",
            ("Session replay", "hasSessionReplay"),
            ("Bounced", "bounce"),
        ),
        Attribute(
            "Session", "Converted", "", AttributeKind.FLAG,
            cases=(("yes", _CONVERTED), ("no", f"NOT {_CONVERTED}")),
        ),
        *_rows(
            "Session",
            ("Conversion count", "matchingConversionGoalsCount"),
            ("Conversion goal", "matchingConversionGoals"),
            ("Has errors", "hasError"),
            ("Error count", "totalErrorCount"),
        ),
        Attribute(
            "Session", "Error type", "", AttributeKind.CHOICE,
            cases=(
                ("request", "useraction.requestErrorCount > 0"),
                ("reported", "usererror.type = 'Error'"),
                ("custom", "useraction.customErrorCount > 0"),
                ("JavaScript", "useraction.javascriptErrorCount > 0"),
            ),
        ),
        *_rows(
            "Session",
            ("IP", "ip", "IP address"),
            ("ISP", "isp"),
            ("Duration", "duration", "Session duration"),
        ),
        *_rows(
            "Session properties",
            *((f"{kind.capitalize()} property", f"{kind}Properties") for kind in _PROPERTIES),
        ),
        *_rows(
            "User actions",
            ("User action count", "userActionCount"),
            ("User action name", "useraction.name", "User action", "Action"),
            *(
                (f"User action {kind} property", f"useraction.{kind}Properties")
                for kind in _PROPERTIES
            ),
        ),
        *_rows(
            "Pages",
            ("Page", "userevent.page", "Page name"),
            ("Page group", "userevent.pageGroup"),
        ),
        *_rows(
            "Usability",
            ("Rage clicks", "numberOfRageClicks"),
            ("User experience score", "userExperienceScore", "Score"),
            ("Rage taps", "numberOfRageTaps"),
        ),
    )  # fmt: skip


_PROPERTIES = ("date", "double", "long", "string")


@cache
def names() -> dict[str, Attribute]:
    """Return attributes by every name they go by, folded by ``fold``."""
    return {fold(name): each for each in attributes() for name in each.names}


def fold(name: str) -> str:
    """Return a name without what nobody means by it: letter case, and how wide gaps are."""
    return " ".join(name.casefold().split())


def attribute(name: str) -> Attribute:
    """Return the attribute of a label, an alias or a field, in any letter case.

    Raises:
        UnknownAttribute: there is none of that name.

    >>> attribute("user action name").field
    'useraction.name'
    """
    found = names().get(fold(name))
    if found is None:
        from usql.segments.mistakes import unknown_attribute

        raise unknown_attribute(name)
    return found
