"""Which column of a file is what: what the mapping says, and, of the rest, what names make obvious.

What arrives: the names of a file's columns and a mapping. What leaves: ``Columns``, which says of
each column, also of one that turns up later, what it is. Only names are looked at, never values,
so the same columns mean the same in every file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from usql.errors import BadData
from usql.events.mapping import REQUIRED, ROLES, EventMapping, FieldTarget, target_of

Target = str | FieldTarget
"""What a column goes to: one of ``ROLES``, or a field."""

# The first that a file has is taken. Compared without letter case and signs: see ``_plain``.
_ROLES: Mapping[str, Sequence[str]] = {
    "user": [
        "userid",
        "user",
        "uid",
        "username",
        "userpseudoid",
        "customuserid",
        "personid",
        "visitorid",
        "fullvisitorid",
        "anonymousid",
        "distinctid",
        "deviceid",
        "clientid",
        "customerid",
        "memberid",
        "accountid",
        "cookieid",
        "usersid",
        "visitor",
        "customer",
    ],
    "time": [
        "timestamp",
        "eventtimestamp",
        "eventtime",
        "time",
        "datetime",
        "ts",
        "createdat",
        "occurredat",
        "eventdate",
        "eventat",
        "servertimestamp",
        "requesttime",
        "receivedat",
        "sentat",
        "visittime",
        "timestampms",
        "timems",
        "timelocal",
        "date",
    ],
    "name": [
        "eventname",
        "event",
        "action",
        "useraction",
        "actionname",
        "pagename",
        "pagetitle",
        "screenname",
        "page",
        "screen",
        "pageurl",
        "url",
        "uri",
        "pagelocation",
        "pagepath",
        "path",
        "request",
        "requesturi",
        "requestpath",
        "eventtype",
        "eventaction",
        "activity",
        "name",
    ],
    "type": ["type", "eventtype", "actiontype"],
    "duration": [
        "duration",
        "durationms",
        "durations",
        "durationsec",
        "durationseconds",
        "durationus",
        "loadtime",
        "loadtimems",
        "responsetime",
        "responsetimems",
        "elapsed",
        "elapsedms",
        "engagementtimemsec",
    ],
    "application": ["application", "app", "appname", "applicationname", "site"],
    "error": [
        "error",
        "errormessage",
        "errorname",
        "exception",
        "iserror",
        "haserror",
        "statuscode",
        "httpstatus",
        "httpstatuscode",
        "responsecode",
    ],
    "session_id": ["sessionid", "usersession", "gasessionid", "visitid", "session", "sid"],
}
_ANONYMOUS = [
    "userpseudoid",
    "anonymousid",
    "visitorid",
    "fullvisitorid",
    "clientid",
    "cookieid",
    "distinctid",
]
_PAGES = frozenset(
    [
        "pagename",
        "pagetitle",
        "screenname",
        "page",
        "screen",
        "pageurl",
        "url",
        "uri",
        "pagelocation",
        "pagepath",
        "path",
        "requesturi",
        "requestpath",
    ]
)
_FIELDS: Mapping[str, Sequence[str]] = {
    "country": ("usersession.country",),
    "geocountry": ("usersession.country",),
    "city": ("usersession.city",),
    "geocity": ("usersession.city",),
    "region": ("usersession.region",),
    "georegion": ("usersession.region",),
    "continent": ("usersession.continent",),
    "geocontinent": ("usersession.continent",),
    "browser": ("usersession.browserFamily",),
    "browserfamily": ("usersession.browserFamily",),
    "browsername": ("usersession.browserFamily",),
    "browserversion": ("usersession.browserMajorVersion",),
    "os": ("usersession.osFamily",),
    "osfamily": ("usersession.osFamily",),
    "operatingsystem": ("usersession.osFamily",),
    "deviceoperatingsystem": ("usersession.osFamily",),
    "osversion": ("usersession.osVersion",),
    "device": ("usersession.device",),
    "devicemodel": ("usersession.device",),
    "manufacturer": ("usersession.manufacturer",),
    "appversion": ("usersession.appVersion",),
    "ip": ("usersession.ip",),
    "ipaddress": ("usersession.ip",),
    "remoteaddr": ("usersession.ip",),
    "clientip": ("usersession.ip",),
    "isp": ("usersession.isp",),
    "carrier": ("usersession.carrier",),
    "url": ("useraction.targetUrl", "userevent.page"),
    "pageurl": ("useraction.targetUrl", "userevent.page"),
    "pagelocation": ("useraction.targetUrl", "userevent.page"),
    "page": ("userevent.page",),
    "pagepath": ("userevent.page",),
    "path": ("userevent.page",),
    "referrer": ("userevent.pageReferrer",),
    "referer": ("userevent.pageReferrer",),
    "pagereferrer": ("userevent.pageReferrer",),
    "httpreferer": ("userevent.pageReferrer",),
    "domain": ("useraction.domain",),
    "host": ("useraction.domain",),
    "hostname": ("useraction.domain",),
}
_UNIT = re.compile(r"(?:^|[_\s(])(ms|msec|millis|us|micros|s|sec|secs|seconds)\)?$", re.IGNORECASE)
_UNITS = {"ms": "ms", "msec": "ms", "millis": "ms", "us": "us", "micros": "us"}


class Columns:
    """What each column of a file is.

    Attributes:
        roles: the column of each role that has one.
        stand_ins: the columns that have the user where the first has none, in order.
        page_named: whether actions are named by pages.
        duration_unit: of the duration.
    """

    def __init__(
        self, names: Iterable[str], mapping: EventMapping, file: str, *, complete: bool = True
    ) -> None:
        """Settle what columns are.

        Args:
            names: of the columns, in order.
            mapping: what a person said.
            file: its name, for errors.
            complete: whether there cannot be other columns in later rows.

        Raises:
            BadData: a column that was named is not there, or one that is required is not found.
        """
        names = list(names)
        self._mapping = mapping
        self._skip = frozenset(mapping.skip)
        _check_named(names, mapping, file, complete)
        self.roles = _roles(names, mapping)
        _check_required(self.roles, names, file)
        self.stand_ins = _stand_ins(names, mapping, self.roles)
        self._said: dict[str, list[Target]] = {}
        for role, column in self.roles.items():
            self._said.setdefault(column, []).append(role)
        for target, column in mapping.fields.items():
            self._said.setdefault(column, []).append(target_of(target))
        self.page_named = _plain(self.roles["name"]) in _PAGES
        self.duration_unit = mapping.duration_unit or _unit(self.roles.get("duration", ""))

    def targets(self, name: str) -> tuple[Target, ...]:
        """Return what a column goes to: nothing means that it is a property."""
        said = self._said.get(name, [])
        if said and said != ["name"]:
            return tuple(said)
        if not self._mapping.recognise:
            return tuple(said)
        plain = _plain(name)
        wanted = [t for t in _FIELDS.get(plain, ()) if not self._is_said(t)]
        # What names the action is the page already; the address is kept as such, too.
        return (*said, *(target_of(target) for target in wanted))

    def is_skipped(self, name: str) -> bool:
        """Whether a column is left out."""
        return name in self._skip

    def _is_said(self, target: str) -> bool:
        return target in self._mapping.fields or target in self._mapping.values


def _roles(names: Sequence[str], mapping: EventMapping) -> dict[str, str]:
    """Return the column of each role: as said, else by name; no column has two by name."""
    said = {role: getattr(mapping, role) for role in ROLES if getattr(mapping, role) is not None}
    found = {role: column for role, column in said.items() if column}
    if not mapping.recognise:
        return found
    taken = {*found.values(), *mapping.fields.values(), *mapping.skip}
    plain: dict[str, str] = {}
    for name in names:
        if name not in taken:
            plain.setdefault(_plain(name), name)
    for role, candidates in _ROLES.items():
        if role in said:
            continue
        column = next((plain[c] for c in candidates if c in plain), None)
        if column is not None:
            found[role] = column
            del plain[_plain(column)]
    return found


def _stand_ins(
    names: Sequence[str], mapping: EventMapping, roles: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the ids of browsers and devices, which logs have for people who are not logged in."""
    if mapping.user is not None or not mapping.recognise:
        return ()
    taken = {*roles.values(), *mapping.fields.values(), *mapping.skip}
    free = {_plain(name): name for name in reversed(names) if name not in taken}
    return tuple(free[candidate] for candidate in _ANONYMOUS if candidate in free)


def _check_named(names: Sequence[str], mapping: EventMapping, file: str, complete: bool) -> None:
    wanted = {role: getattr(mapping, role) for role in (ROLES if complete else REQUIRED)}
    if complete:
        wanted |= mapping.fields
    for target, column in wanted.items():
        if column and column not in names:
            close = get_close_matches(column, names, n=1)
            hint = f"did you mean {close[0]}?" if close else _there_are(names)
            raise BadData(f"{file} has no column {column!r}, named for {target}", hint=hint)


def _check_required(roles: Mapping[str, str], names: Sequence[str], file: str) -> None:
    missing = [role for role in REQUIRED if role not in roles]
    if missing:
        options = " ".join(f"--{role} COLUMN" for role in missing)
        raise BadData(
            f"{file}: no column is recognised as the {' or the '.join(missing)} of a row",
            hint=f"say which it is with {options}; {_there_are(names)}",
        )


def _there_are(names: Sequence[str]) -> str:
    shown = ", ".join(names[:20])
    return f"the columns are {shown}{', …' if len(names) > 20 else ''}"


def _plain(name: str) -> str:
    """Return a name without letter case and signs.

    >>> _plain("User-ID"), _plain("event_time")
    ('userid', 'eventtime')
    """
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _unit(column: str) -> str:
    """Return the unit that the name of a duration says, else ms.

    >>> _unit("load_s"), _unit("duration_seconds"), _unit("duration")
    ('s', 's', 'ms')
    """
    found = _UNIT.search(column)
    return _UNITS.get(found[1].casefold(), "s") if found else "ms"
