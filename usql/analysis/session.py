"""Everything about one session, and its timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from usql.analysis.asking import Asker, Options, literal, select
from usql.analysis.report import COUNT, FLAG, LENGTH, TEXT, TIME, Report, table
from usql.analysis.rules import Rules
from usql.analysis.satisfaction import FIGURES, Satisfaction
from usql.analysis.score import score_of
from usql.analysis.timeline import ACTION, Entry, Trouble, timeline, troubles
from usql.errors import UnknownSession
from usql.experience import FRUSTRATED, SATISFIED, TOLERATING, ApdexCounts
from usql.record import Record

if TYPE_CHECKING:
    from usql.engine import Database
    from usql.result import Result

_ROWS = ("userActions", "events", "errors")


class ActionSummary(Record):
    """The actions of one name within a session.

    Attributes:
        name: of the actions.
        count: how many there are.
        mean_duration: in ms; ``None`` where no duration is known.
        satisfaction: their Apdex.
    """

    name: str | None
    count: int
    mean_duration: float | None
    satisfaction: Satisfaction


class SessionDetails(Report):
    """A session.

    Attributes:
        user_session_id: its id.
        start_time: in ms, UTC.
        end_time: in ms, UTC.
        duration: in ms.
        user_id: the user tag.
        internal_user_id: of the browser or the installed app.
        user_experience_score: as stored, or by the rules that were given.
        satisfaction: the Apdex of all its actions.
        parts: what is stored of the session itself, in the export format without its rows; a
            session that came in several parts has several.
        timeline: actions, events and errors in order.
        troubles: errors, crashes and rage clicks, with what preceded them.
        actions: by name, in the order in which they first came.
    """

    user_session_id: str
    start_time: int
    end_time: int
    duration: int
    user_id: str | None
    internal_user_id: str | None
    user_experience_score: str | None
    satisfaction: Satisfaction
    parts: tuple[Mapping[str, Any], ...]
    timeline: tuple[Entry, ...]
    troubles: tuple[Trouble, ...]
    actions: tuple[ActionSummary, ...]

    def tables(self) -> dict[str, Result]:
        """Return the tables ``timeline``, ``troubles``, ``actions`` and ``session``."""
        names = sorted({name for part in self.parts for name in part})
        fields = [(name, [part.get(name) for part in self.parts]) for name in names]
        return {
            "timeline": table(self.timeline, _TIMELINE),
            "troubles": table(self.troubles, self._trouble_columns()),
            "actions": table(self.actions, _ACTIONS),
            "session": table(fields, _FIELDS),
        }

    def _trouble_columns(self) -> list[Any]:
        def named(place: int | None) -> str | None:
            return None if place is None else self.timeline[place].name

        return [
            ("time", TIME, "time"),
            ("sinceStart", LENGTH, "since_start"),
            ("kind", TEXT, "kind"),
            ("name", TEXT, "name"),
            ("during", TEXT, lambda t: named(t.during)),
            ("before", ("string[]", ""), lambda t: [named(place) for place in t.before]),
            ("after", TEXT, lambda t: named(t.after)),
        ]


_TIMELINE = (
    ("time", TIME, "time"),
    ("sinceStart", LENGTH, "since_start"),
    ("wait", LENGTH, "wait"),
    ("kind", TEXT, "kind"),
    ("type", TEXT, "type"),
    ("name", TEXT, "name"),
    ("application", TEXT, "application"),
    ("duration", LENGTH, "duration"),
    ("apdexCategory", TEXT, "apdex_category"),
    ("key", FLAG, "key"),
    ("errorCount", COUNT, "error_count"),
    ("rage", FLAG, "rage"),
    ("crash", FLAG, "crash"),
    ("goals", ("string[]", ""), lambda entry: list(entry.goals)),
    ("page", TEXT, "page"),
)
_ACTIONS = (
    ("name", TEXT, "name"),
    ("count", COUNT, "count"),
    ("meanDuration", ("double", "ms"), "mean_duration"),
    *((name, kind, f"satisfaction.{name}") for name, kind in FIGURES),
)
_FIELDS = (
    ("field", TEXT, lambda pair: pair[0]),
    ("value", TEXT, lambda pair: "; ".join(_shown(value) for value in pair[1])),
)


def _shown(value: Any) -> str:
    from usql.render.values import shown

    return shown(value)


def session_details(
    db: Database, user_session_id: str, rules: Rules | None, options: Options
) -> SessionDetails:
    """Return everything about one session.

    Raises:
        UnknownSession: there is none of that id, in the timeframe.
    """
    asker = Asker(db, options)
    query = select(
        "usersession",
        ["startTime", "JSON"],
        where=[f"userSessionId = {literal(user_session_id)}"],
        order="startTime, partNumber",
    )
    found = asker.ask("the session, with all that happened in it", query)
    if not found.rows:
        raise UnknownSession(
            f"there is no session {user_session_id!r}",
            hint="its id is its userSessionId, as lists of sessions show it",
        )
    documents = [msgspec.json.decode(text) for _, text in found.rows]
    entries = timeline(documents)
    if rules is not None:
        entries = tuple(_judged(entry, rules) for entry in entries)
    return _details(documents, entries, rules, asker)


def _judged(entry: Entry, rules: Rules) -> Entry:
    """Return an action with the category that the rules give it."""
    from dataclasses import replace

    if entry.kind != ACTION:
        return entry
    failed = bool(entry.error_count) or entry.crash
    category = rules.category(
        entry.application,
        entry.name,
        entry.duration,
        failed=failed,
        stored=entry.apdex_category,
    )
    return replace(entry, apdex_category=category)


def _details(
    documents: Sequence[Mapping[str, Any]],
    entries: tuple[Entry, ...],
    rules: Rules | None,
    asker: Asker,
) -> SessionDetails:
    start = min(document["startTime"] for document in documents)
    ends = [document.get("endTime", document["startTime"]) for document in documents]
    actions = [entry for entry in entries if entry.kind == ACTION]
    return SessionDetails(
        documents[0]["userSessionId"],
        start,
        max(ends),
        max(ends) - start,
        _first(documents, "userId"),
        _first(documents, "internalUserId"),
        _first(documents, "userExperienceScore")
        if rules is None
        else _score(documents, satisfaction_of(actions), rules),
        satisfaction_of(actions),
        tuple({k: v for k, v in document.items() if k not in _ROWS} for document in documents),
        entries,
        troubles(entries),
        tuple(_summaries(actions)),
        questions=asker.questions,
    )


def _score(documents: Sequence[Mapping[str, Any]], satisfaction: Satisfaction, rules: Rules) -> str:
    """Return the score of a session by rules, its parts taken together."""

    def total(name: str) -> int:
        return sum(document.get(name) or 0 for document in documents)

    return score_of(
        ApdexCounts(satisfaction.satisfied, satisfaction.tolerating, satisfaction.frustrated),
        errors=total("totalErrorCount"),
        crashed=any(document.get("hasCrash") for document in documents),
        rages=total("numberOfRageClicks") + total("numberOfRageTaps"),
        rules=rules.experience,
    )


def _first(documents: Sequence[Mapping[str, Any]], name: str) -> Any:
    return next((d[name] for d in documents if d.get(name) is not None), None)


def _summaries(actions: Sequence[Entry]) -> list[ActionSummary]:
    by_name: dict[str | None, list[Entry]] = {}
    for action in actions:
        by_name.setdefault(action.name, []).append(action)
    return [_summary(name, group) for name, group in by_name.items()]


def _summary(name: str | None, actions: Sequence[Entry]) -> ActionSummary:
    durations = [action.duration for action in actions if action.duration is not None]
    mean = sum(durations) / len(durations) if durations else None
    return ActionSummary(name, len(actions), mean, satisfaction_of(actions))


def satisfaction_of(actions: Sequence[Entry]) -> Satisfaction:
    """Return the Apdex of actions."""
    categories = [action.apdex_category for action in actions]
    satisfied, tolerating, frustrated = (
        categories.count(category) for category in (SATISFIED, TOLERATING, FRUSTRATED)
    )
    known = satisfied + tolerating + frustrated
    return Satisfaction.of(satisfied, tolerating, frustrated, len(categories) - known)
