"""A session's actions, events and errors in order, with waits, and what preceded each trouble.

What arrives: sessions in the export format. What leaves: entries by time, and for each error,
crash and rage click the actions that came before it. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from usql.record import Record

ACTION, EVENT, ERROR = "action", "event", "error"
CRASH, RAGE = "crash", "rage"
_RANK = {ACTION: 0, EVENT: 1, ERROR: 2}
_RAGES = frozenset({"RageClick", "RageTap"})
_BEFORE = 3
"""Actions that are told of as having preceded a trouble."""


class Entry(Record):
    """An action, an event or an error of a session; what is not known is ``None``.

    Attributes:
        kind: ``action``, ``event`` or ``error``.
        time: when it began, in ms, UTC.
        since_start: the same, from the start of the session, in ms.
        wait: of an action: how long nothing had been going on before it, in ms; 0 where it began
            before earlier ones ended, ``None`` for the first.
        duration: of an action, in ms.
        name: of it.
        type: of it, such as ``Load`` or ``RageClick``.
        application: that it belongs to.
        apdex_category: of an action, such as ``SATISFIED``.
        key: whether it is a key user action.
        error_count: of an action: request, JavaScript and reported errors.
        rage: whether it is a rage click or tap.
        crash: whether it is a crash, or an action in which the application crashed.
        goals: the conversion goals that an action reached.
        page: where an event was.
    """

    kind: str
    time: int
    since_start: int
    wait: int | None
    duration: int | None
    name: str | None
    type: str | None
    application: str | None
    apdex_category: str | None = None
    key: bool = False
    error_count: int = 0
    rage: bool = False
    crash: bool = False
    goals: tuple[str, ...] = ()
    page: str | None = None

    @property
    def end(self) -> int:
        """When it was over, in ms, UTC."""
        return self.time + (self.duration or 0)


class Trouble(Record):
    """An error, a crash or a rage click, and the actions around it.

    Attributes:
        kind: ``crash``, ``error`` or ``rage``.
        time: in ms, UTC.
        since_start: from the start of the session, in ms.
        name: of it.
        entry: its place in the timeline.
        during: the place of the action that was under way, if any.
        before: the places of the last actions that had begun, at most three, the latest last.
        after: the place of the next action, if any.
    """

    kind: str
    time: int
    since_start: int
    name: str | None
    entry: int
    during: int | None
    before: tuple[int, ...]
    after: int | None


def timeline(documents: Iterable[Mapping[str, Any]]) -> tuple[Entry, ...]:
    """Return what happened in a session, in order.

    Args:
        documents: its parts, in the export format.

    >>> action = {"startTime": 50, "duration": 20, "name": "Login"}
    >>> error = {"startTime": 60, "name": "Timeout", "type": "Error"}
    >>> [e.name for e in timeline([{"startTime": 50, "userActions": [action], "errors": [error]}])]
    ['Login', 'Timeout']
    """
    parts = list(documents)
    start = min((part["startTime"] for part in parts), default=0)
    rows = [
        (kind, row)
        for part in parts
        for kind, name in ((ACTION, "userActions"), (EVENT, "events"), (ERROR, "errors"))
        for row in part.get(name) or ()
    ]
    rows.sort(key=lambda pair: (_time(pair[1], start), _RANK[pair[0]]))
    return tuple(_entries(rows, start))


def _time(row: Mapping[str, Any], start: int) -> int:
    """Return when a row began; what has no time is put to the start of the session."""
    time = row.get("startTime")
    return start if time is None else int(time)


def _entries(rows: Sequence[tuple[str, Mapping[str, Any]]], start: int) -> Iterator[Entry]:
    busy_until: int | None = None
    for kind, row in rows:
        time = _time(row, start)
        if kind != ACTION:
            yield _happening(kind, row, time, start)
            continue
        wait = None if busy_until is None else max(0, time - busy_until)
        entry = _action(row, time, start, wait)
        busy_until = entry.end if busy_until is None else max(busy_until, entry.end)
        yield entry


def _happening(kind: str, row: Mapping[str, Any], time: int, start: int) -> Entry:
    return Entry(
        kind,
        time,
        time - start,
        None,
        None,
        row.get("name"),
        row.get("type"),
        row.get("application"),
        rage=row.get("type") in _RAGES,
        crash=row.get("type") == "Crash",
        page=row.get("page"),
    )


def _action(row: Mapping[str, Any], time: int, start: int, wait: int | None) -> Entry:
    duration = row.get("duration")
    if duration is None and row.get("endTime") is not None:
        duration = max(0, row["endTime"] - time)
    counts = ("requestErrorCount", "javascriptErrorCount", "customErrorCount")
    return Entry(
        ACTION,
        time,
        time - start,
        wait,
        duration,
        row.get("name"),
        row.get("type"),
        row.get("application"),
        row.get("apdexCategory"),
        key=bool(row.get("keyUserAction")),
        error_count=sum(row.get(name) or 0 for name in counts),
        rage=row.get("type") in _RAGES,
        crash=bool(row.get("hasCrash")),
        goals=tuple(row.get("matchingConversionGoals") or ()),
    )


# --- troubles ------------------------------------------------------------------------------------


def troubles(entries: Sequence[Entry]) -> tuple[Trouble, ...]:
    """Return errors, crashes and rage clicks with the actions around them, in order.

    A crash that stands among the errors and among the events is one. An action that counts errors,
    or crashed, is one itself where no error, or crash, is recorded while it was under way.
    """
    found: dict[tuple[str, int, str | None], int] = {}
    for place in sorted(range(len(entries)), key=lambda n: entries[n].kind != ERROR):
        kind = _trouble(entries[place])
        if kind is not None and entries[place].kind != ACTION:
            found.setdefault((kind, entries[place].time, entries[place].name), place)
    kept = [(place, kind) for (kind, _, _), place in found.items()]
    kept += _silent(entries, kept)
    return tuple(_around(entries, place, kind) for place, kind in sorted(kept))


def _trouble(entry: Entry) -> str | None:
    if entry.crash:
        return CRASH
    if entry.rage:
        return RAGE
    if entry.kind == ERROR or entry.type == "Error" or entry.error_count:
        return ERROR
    return None


def _silent(entries: Sequence[Entry], told: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield the actions that went wrong without anything that tells of it."""
    for place, entry in enumerate(entries):
        kind = _trouble(entry)
        if entry.kind == ACTION and kind is not None:
            times = [entries[other].time for other, its_kind in told if its_kind == kind]
            if not any(entry.time <= time <= entry.end for time in times):
                yield place, kind


def _around(entries: Sequence[Entry], place: int, kind: str) -> Trouble:
    entry = entries[place]
    actions = [n for n, other in enumerate(entries) if other.kind == ACTION and n != place]
    begun = [n for n in actions if (entries[n].time, n) < (entry.time, place)]
    under_way = [n for n in begun if entries[n].end >= entry.time]
    during = place if entry.kind == ACTION else (under_way[-1] if under_way else None)
    later = [n for n in actions if n not in begun]
    return Trouble(
        kind,
        entry.time,
        entry.since_start,
        entry.name,
        place,
        during,
        tuple(begun[-_BEFORE:]),
        later[0] if later else None,
    )
