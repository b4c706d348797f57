r"""A line -> the command it means, if it means one: ``.name``, ``\name``, bare words, habits.

What leaves is the name of a command as it stands in the registry, or as it was mistyped, and the
text of its arguments. Nothing is looked up, so that this is cheap enough for each key.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

MARKS = ".\\"
ALIASES = {
    "?": "help",
    "h": "help",
    "q": "quit",
    "exit": "quit",
    "d": "fields",
    "dt": "tables",
    "l": "tables",
    "schema": "fields",
    "describe": "fields",
    "timing": "timer",
    "i": "read",
    "o": "output",
    "w": "save",
    "tz": "timezone",
    "e": "explain",
    "format": "mode",
    "set": "params",
    "param": "params",
}
"""Other names of commands, among them those that people bring from elsewhere."""
_BARE = ("help", "?", "exit", "quit")


@dataclass(frozen=True)
class Said:
    """A command as it was said."""

    name: str
    argument: str


_Habit = Callable[[re.Match[str]], Said]
_HABITS: tuple[tuple[str, _Habit], ...] = (
    (r"show\s+tables", lambda m: Said("tables", "")),
    (r"show\s+databases", lambda m: Said("info", "")),
    (r"show\s+(?:fields|columns)(?:\s+(?:from|in)\s+(\w+))?", lambda m: Said("fields", m[1] or "")),
    (r"show\s+create\s+table\s+(\w+)", lambda m: Said("fields", m[1])),
    (r"desc(?:ribe)?\s+(?:table\s+)?(\w+)", lambda m: Said("fields", m[1])),
    (r"explain\s+(select\b.*)", lambda m: Said("explain", m[1])),
    (r"set\s+time\s*zone\s+(?:to\s+)?['\"]?([^'\"]+?)['\"]?", lambda m: Said("timezone", m[1])),
)
_COMPILED = [(re.compile(pattern, re.IGNORECASE | re.DOTALL), then) for pattern, then in _HABITS]


def said(text: str) -> Said | None:
    r"""Return the command that a text means, or ``None`` for a query.

    >>> said(".values country"), said("EXIT;")
    (Said(name='values', argument='country'), Said(name='quit', argument=''))
    >>> said("describe usersession;"), said("SELECT 1")
    (Said(name='fields', argument='usersession'), None)
    """
    text = text.strip()
    if text[:1] and text[0] in MARKS:
        name, _, argument = text[1:].strip().partition(" ")
        return Said(known_as(name.rstrip(";")), argument.strip())
    plain = text.rstrip("; \t\n")
    word, _, argument = plain.partition(" ")
    if word.lower() in _BARE and (not argument or known_as(word) == "help"):
        return Said(known_as(word), argument.strip())
    for pattern, then in _COMPILED:
        if found := pattern.fullmatch(plain):
            return then(found)
    return None


def known_as(name: str) -> str:
    """Return the name in the registry of what may be an alias.

    >>> known_as("TZ"), known_as("tables")
    ('timezone', 'tables')
    """
    lower = name.lower()
    return ALIASES.get(lower, lower)


def is_command(text: str) -> bool:
    """Whether a text is a command, known or not."""
    return said(text) is not None
