"""Suggestions for timeframe expressions."""

from __future__ import annotations

from usql.completion.ranking import ranked
from usql.completion.suggestion import Suggestion

EXPRESSIONS = {
    "today": "since midnight",
    "yesterday": "the day before today",
    "last 2 hours": "up to now",
    "last 24 hours": "up to now",
    "last 7 days": "up to now",
    "last 30 days": "up to now",
    "last 6 weeks": "up to now",
    "this week": "from its Monday to its end",
    "this month": "from its first day to its end",
    "this year": "from 1 January to its end",
    "previous week": "the seven days before today",
    "previous month": "the whole month before this one",
    "-2h": "the last two hours",
    "-1d/d to now/d": "yesterday, rounded to days",
    "now": "this moment",
}
_INSTANTS = {
    "now": "this moment",
    "today": "midnight before now",
    "now/d": "midnight before now",
    "now/h": "the full hour before now",
    "now-1d": "a day ago",
}


def complete_timeframe(text: str, cursor: int) -> tuple[Suggestion, ...]:
    """Return suggestions for a timeframe expression, the best first.

    Args:
        text: what has been typed.
        cursor: where the cursor stands in it, in characters.

    >>> [s.text for s in complete_timeframe("last 7", 6)]
    ['last 7 days']
    """
    cursor = max(0, min(cursor, len(text)))
    head, to, typed = text[:cursor].rpartition(" to ")
    start = len(head) + len(to)
    start += len(typed) - len(typed.lstrip())
    choices = _INSTANTS if to else EXPRESSIONS
    found = [
        Suggestion(start, len(text), name, start + len(name), name, "timeframe", about)
        for name, about in choices.items()
    ]
    return ranked(found, typed.lstrip())
