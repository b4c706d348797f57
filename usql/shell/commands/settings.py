"""Commands that change what comes with every query, or show it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from usql.errors import BadParameter, BadTimeframe, BadValue
from usql.render import FORMATS

if TYPE_CHECKING:
    from usql.shell.session import Session

_NONE = ("off", "none", "all")


def timeframe(session: Session, argument: str) -> None:
    """Set the timeframe, once it is understood."""
    if argument:
        text = unquoted(argument)
        wanted = None if text.lower() in _NONE else text
        if wanted is not None:
            _check_timeframe(session, wanted)
        session.change(timeframe=wanted)
    session.screen.note(f"timeframe: {session.settings.timeframe or 'all data'}")


def _check_timeframe(session: Session, text: str) -> None:
    from usql.timeframe import parse_timeframe, to_ms
    from usql.zones import Zone

    now = session.settings.now
    moment = time.time_ns() // 1_000_000 if now is None else to_ms(now)
    parse_timeframe(text, now=moment, zone=Zone.of(session.settings.timezone))


def timezone(session: Session, argument: str) -> None:
    """Set the time zone: a name, or minutes east of UTC."""
    from usql.zones import Zone

    if argument:
        text = unquoted(argument)
        wanted: str | int = "UTC" if text.lower() in _NONE else text
        if text.lstrip("+-").isdecimal():
            wanted = int(text)
        Zone.of(wanted)
        session.change(timezone=wanted)
    session.screen.note(f"timezone: {session.settings.zone_name}")


def now(session: Session, argument: str) -> None:
    """Set what ``$NOW`` is."""
    if argument:
        text = unquoted(argument)
        session.change(now=None if text.lower() in (*_NONE, "now") else _moment(text))
    fixed = session.settings.now
    session.screen.note(f"now: {'the clock' if fixed is None else fixed}")


def _moment(text: str) -> int | datetime:
    if text.lstrip("-").isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadTimeframe(
            f"{text} is neither a number of ms nor a time with an offset",
            hint="write .now 2026-03-01T12:00:00Z",
        )
    return moment


def params(session: Session, argument: str) -> None:
    """Set parameters, forget them, or list them."""
    if argument.lower() == "off":
        session.change(params={})
    elif argument:
        session.change(params=dict(_merged(session.settings.params, assignments(argument))))
    known = session.settings.params
    if not known:
        session.screen.note("no parameters; write .params NAME=VALUE for :NAME in a query")
    for name, value in known.items():
        session.screen.say(f":{name} = {value!r}")


def assignments(text: str) -> dict[str, str]:
    """Return ``name=value`` pairs; values with blanks stand in quotes.

    Raises:
        BadParameter: something is no such pair.

    >>> assignments('city=Linz name="Search for trips" n=5')
    {'city': 'Linz', 'name': 'Search for trips', 'n': '5'}
    """
    import shlex

    try:
        words = shlex.split(text)
    except ValueError:
        raise BadParameter("a quote is never closed", hint='write NAME="VALUE"') from None
    pairs = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name.isidentifier():
            raise BadParameter(f"{word} is not of the form NAME=VALUE")
        pairs[name] = value
    return pairs


def _merged(known: dict[str, Any], given: dict[str, str]) -> Iterator[tuple[str, Any]]:
    from usql.parameters import read_value

    for name, value in {**known, **given}.items():
        if name not in given:
            yield name, value
        elif value != "":
            yield name, read_value(given[name])


def limit(session: Session, argument: str) -> None:
    """Set how many rows a query without ``LIMIT`` shows."""
    if argument:
        if argument.lower() in _NONE:
            session.change(limit=None)
        elif argument.isdecimal() and int(argument) > 0:
            session.change(limit=int(argument))
        else:
            raise BadValue(
                f"{argument} is no number of rows", hint="write .limit 100 or .limit none"
            )
    shown = session.settings.limit
    session.screen.note(f"limit: {'none' if shown is None else shown}")


def mode(session: Session, argument: str) -> None:
    """Set how results are written."""
    if not argument:
        for entry in FORMATS.values():
            mark = "*" if entry.name == session.settings.mode else " "
            session.screen.say(f"{mark} {entry.name:<9} {entry.about}")
        return
    session.change(mode=one_of(argument, tuple(FORMATS), "mode"))
    session.screen.note(f"mode: {session.settings.mode}")


def one_of(text: str, choices: tuple[str, ...], what: str) -> str:
    """Return the choice that a text names.

    Raises:
        BadValue: it names none.
    """
    from difflib import get_close_matches

    found = text.lower()
    if found in choices:
        return found
    near = get_close_matches(found, choices, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(choices)}"
    raise BadValue(f"there is no {what} {text}", hint=hint)


def _switch(name: str, choices: tuple[str, ...]) -> Callable[[Session, str], None]:
    """Return a command that sets one of a few values."""

    def change(session: Session, argument: str) -> None:
        value: Any = getattr(session.settings, name)
        if argument:
            word = one_of(argument, choices, f"setting of .{name}")
            value = word == "on" if isinstance(value, bool) else word
            session.change(**{name: value})
        said = {True: "on", False: "off"}.get(value, value)
        session.screen.note(f"{name}: {said}")

    return change


dates = _switch("dates", ("on", "off", "iso"))
timer = _switch("timer", ("on", "off"))


def unquoted(text: str) -> str:
    """Return a text without the quotes around it.

    >>> unquoted("'last 7 days'"), unquoted("UTC;")
    ('last 7 days', 'UTC')
    """
    text = text.strip().rstrip(";").strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text
