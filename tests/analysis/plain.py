"""What analyses should find, worked out from the sessions in plain Python, without the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any, NamedTuple

from tests.oracle.data import sessions as random_sessions
from tests.oracle.store import Session, Store

Key = tuple[Any, ...]


def random_store(seed: int, count: int = 60) -> tuple[list[dict[str, Any]], list[Session]]:
    """Random sessions to import, and those that a store then has."""
    made = random_sessions(Random(seed), count)
    return made, Store(made).sessions


def value(record: Any, name: str) -> Any:
    """A field of a session, an action, an event or an error; ``None`` where there is none."""
    return record.cells.get(name)


def rows(found: Iterable[Session], table: str) -> Iterator[tuple[Session, Any]]:
    for session in found:
        for record in session.items[table]:
            yield session, record


class Four(NamedTuple):
    """Numbers of actions."""

    satisfied: int
    tolerating: int
    frustrated: int
    unknown: int


def apdex_counts(
    found: Iterable[Session],
    key: Callable[[Session, Any], Key],
    category: Callable[[Any], str | None] = lambda action: action.cells.get("apdexCategory"),
) -> dict[Key, Four]:
    counts: dict[Key, Counter[str]] = {}
    for session, action in rows(found, "useraction"):
        name = category(action)
        counted = counts.setdefault(key(session, action), Counter())
        counted[name if name in ("SATISFIED", "TOLERATING", "FRUSTRATED") else "?"] += 1
    return {
        key: Four(c["SATISFIED"], c["TOLERATING"], c["FRUSTRATED"], c["?"])
        for key, c in counts.items()
    }


def failed(action: Any) -> bool:
    names = ("requestErrorCount", "javascriptErrorCount", "customErrorCount")
    return any((value(action, name) or 0) > 0 for name in names) or bool(value(action, "hasCrash"))


def score(satisfied: int, tolerating: int, frustrated: int, session: Session) -> str:
    """The user experience score by the usual weights, as the export format defines it."""
    crash = 1 if value(session, "hasCrash") else 0
    errors = max(0, (value(session, "totalErrorCount") or 0) - crash)
    rage = (value(session, "numberOfRageClicks") or 0) + (value(session, "numberOfRageTaps") or 0)
    bad = 3 * frustrated + errors + 2 * rage + 5000 * crash
    good = 3 * satisfied
    whole = good + 3 * tolerating + bad
    if whole <= 0 or not (satisfied or tolerating or frustrated or errors or rage or crash):
        return "UNDEFINED"
    if bad / whole > 0.3:
        return "FRUSTRATED"
    if good / whole >= 0.5 and not (frustrated or errors or rage or crash):
        return "SATISFIED"
    return "TOLERATED"


def components(found: Iterable[Session]) -> list[tuple[set[str], set[str]]]:
    """User tags and internal ids that share sessions, by joining sets until none can be joined."""
    groups: list[set[tuple[str, str]]] = []
    for session in found:
        names = {
            (kind, name)
            for kind in ("userId", "internalUserId")
            if (name := value(session, kind)) is not None
        }
        if not names:
            continue
        touched = [group for group in groups if group & names]
        groups = [group for group in groups if not group & names]
        groups.append(names.union(*touched))
    return [
        (
            {name for kind, name in group if kind == "userId"},
            {name for kind, name in group if kind == "internalUserId"},
        )
        for group in groups
    ]
