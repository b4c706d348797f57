"""Everything about one user: sessions, devices, places, moods, mishaps and habits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from usql.analysis.asking import Asker, Options, select
from usql.analysis.cluster import Identity, extended
from usql.analysis.report import COUNT, LENGTH, SHARE, TEXT, TIME, Report, table
from usql.analysis.rules import Rules
from usql.analysis.satisfaction import FIGURES, Satisfaction
from usql.analysis.sessions import COLUMNS, NEWEST_FIRST, SessionRow, listing
from usql.errors import UnknownUser, WrongStructure
from usql.record import Record

if TYPE_CHECKING:
    from usql.engine import Database
    from usql.result import Result

RECENT = 50
"""Sessions that are told of one by one, unless another number is asked for."""
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MOST_NAMES = 10_000


class ScoreShare(Record):
    """The sessions with one user experience score.

    Attributes:
        score: ``SATISFIED``, ``TOLERATED``, ``FRUSTRATED``, ``UNDEFINED``, or ``None``.
        sessions: that have it.
        share: of all sessions, from 0 to 1.
    """

    score: str | None
    sessions: int
    share: float


class DeviceUse(Record):
    """A device, as far as sessions tell devices apart.

    Attributes:
        device: its model; ``None`` of most computers.
        os_family: its operating system.
        browser_family: the browser, on the web.
        sessions: with it.
        first_seen: start of the first of them, in ms, UTC.
        last_seen: start of the last of them, in ms, UTC.
    """

    device: str | None
    os_family: str | None
    browser_family: str | None
    sessions: int
    first_seen: int
    last_seen: int


class ApplicationUse(Record):
    """An application that was used.

    Attributes:
        application: its name.
        sessions: with an action in it.
        last_seen: start of the last of them, in ms, UTC.
        satisfaction: the Apdex of the actions in it.
    """

    application: str | None
    sessions: int
    last_seen: int
    satisfaction: Satisfaction


class Place(Record):
    """A place where sessions were.

    Attributes:
        country: of it.
        region: of it.
        city: of it.
        sessions: there.
        last_seen: start of the last of them, in ms, UTC.
    """

    country: str | None
    region: str | None
    city: str | None
    sessions: int
    last_seen: int


class Annoyance(Record):
    """An error, a crash, or a kind of rage that was met.

    Attributes:
        type: ``Error``, ``Crash``, ``RageClick`` or ``RageTap``, as a rule.
        name: of it.
        count: how often.
        sessions: in how many sessions.
        last_seen: in ms, UTC.
    """

    type: str | None
    name: str | None
    count: int
    sessions: int
    last_seen: int | None


class Goal(Record):
    """A conversion goal that was reached.

    Attributes:
        name: of it.
        sessions: in which it was.
    """

    name: str
    sessions: int


class UserDetails(Report):
    """A user, as the sessions in the timeframe show them.

    Attributes:
        user_ids: user tags: the ones asked for, and others of the same sessions.
        internal_user_ids: internal ids likewise.
        extended: whether all that shares sessions with the user, however far, is taken as theirs.
        sessions: how many they had.
        first_seen: start of the first, in ms, UTC.
        last_seen: end of the last, in ms, UTC.
        duration: of all sessions, in ms.
        actions: how many.
        errors: how many.
        error_sessions: sessions with an error.
        crash_sessions: sessions with a crash.
        rage_clicks: how many.
        rage_taps: how many.
        bounces: sessions with one action or none.
        conversions: sessions in which a goal was reached.
        satisfaction: the Apdex of all actions.
        scores: the user experience scores of the sessions, the most frequent first.
        devices: the most used first.
        applications: the most used first.
        places: the most frequent first.
        annoyances: errors, crashes and rage, the most frequent first.
        goals: the most frequent first.
        activity: starts of sessions by weekday, Monday first, and hour, in the time zone: seven
            rows of 24 numbers.
        recent: the newest sessions.
    """

    user_ids: tuple[str, ...]
    internal_user_ids: tuple[str, ...]
    extended: bool
    sessions: int
    first_seen: int | None
    last_seen: int | None
    duration: int
    actions: int
    errors: int
    error_sessions: int
    crash_sessions: int
    rage_clicks: int
    rage_taps: int
    bounces: int
    conversions: int
    satisfaction: Satisfaction
    scores: tuple[ScoreShare, ...]
    devices: tuple[DeviceUse, ...]
    applications: tuple[ApplicationUse, ...]
    places: tuple[Place, ...]
    annoyances: tuple[Annoyance, ...]
    goals: tuple[Goal, ...]
    activity: tuple[tuple[int, ...], ...]
    recent: tuple[SessionRow, ...]

    def tables(self) -> dict[str, Result]:
        """Return a table for each list of records, and ``user`` for all single figures."""
        activity = [
            (day, hour, count)
            for day, hours in zip(WEEKDAYS, self.activity, strict=True)
            for hour, count in enumerate(hours)
        ]
        return {
            "sessions": table(self.recent, COLUMNS),
            "user": table([self], _USER),
            "scores": table(self.scores, _SCORES),
            "devices": table(self.devices, _DEVICES),
            "applications": table(self.applications, _APPLICATIONS),
            "places": table(self.places, _PLACES),
            "annoyances": table(self.annoyances, _ANNOYANCES),
            "goals": table(self.goals, _GOALS),
            "activity": table(activity, _ACTIVITY),
        }


_LIST = ("string[]", "")
_SESSIONS, _LAST = ("sessions", COUNT, "sessions"), ("lastSeen", TIME, "last_seen")
_USER = (
    ("userIds", _LIST, lambda user: list(user.user_ids)),
    ("internalUserIds", _LIST, lambda user: list(user.internal_user_ids)),
    _SESSIONS,
    ("firstSeen", TIME, "first_seen"),
    _LAST,
    ("duration", LENGTH, "duration"),
    ("actions", COUNT, "actions"),
    ("errors", COUNT, "errors"),
    ("errorSessions", COUNT, "error_sessions"),
    ("crashSessions", COUNT, "crash_sessions"),
    ("rageClicks", COUNT, "rage_clicks"),
    ("rageTaps", COUNT, "rage_taps"),
    ("bounces", COUNT, "bounces"),
    ("conversions", COUNT, "conversions"),
    *((name, kind, f"satisfaction.{name}") for name, kind in FIGURES),
)
_SCORES = (("score", TEXT, "score"), _SESSIONS, ("share", SHARE, "share"))
_DEVICES = (
    ("device", TEXT, "device"),
    ("osFamily", TEXT, "os_family"),
    ("browserFamily", TEXT, "browser_family"),
    _SESSIONS,
    ("firstSeen", TIME, "first_seen"),
    _LAST,
)
_APPLICATIONS = (
    ("application", TEXT, "application"),
    _SESSIONS,
    _LAST,
    *((name, kind, f"satisfaction.{name}") for name, kind in FIGURES),
)
_PLACES = (
    ("country", TEXT, "country"),
    ("region", TEXT, "region"),
    ("city", TEXT, "city"),
    _SESSIONS,
    _LAST,
)
_ANNOYANCES = (
    ("type", TEXT, "type"),
    ("name", TEXT, "name"),
    ("count", COUNT, "count"),
    _SESSIONS,
    _LAST,
)
_GOALS = (("name", TEXT, "name"), _SESSIONS)
_ACTIVITY = (
    ("weekday", TEXT, lambda row: row[0]),
    ("hour", COUNT, lambda row: row[1]),
    ("sessions", COUNT, lambda row: row[2]),
)


def user_details(
    db: Database, user: str, is_extended: bool, recent: int, options: Options
) -> UserDetails:
    """Return everything about a user.

    Raises:
        UnknownUser: no session has that name.
        WrongStructure: sessions tie so many names together that they are no person's.
    """
    asker = Asker(db, options)
    identity = _identity(asker, user)
    if is_extended:
        identity = extended(asker, identity)
        names = len(identity.user_ids) + len(identity.internal_user_ids)
        if names > _MOST_NAMES:
            raise WrongStructure(
                f"sessions tie {names:,} user tags and internal ids to {user!r}",
                hint="that is no person; leave out extended",
            )
    return _Gathering(asker, identity).details(is_extended, recent)


def _identity(asker: Asker, user: str) -> Identity:
    """Return whether a name is a user tag, an internal id, or both."""
    query = select(
        "usersession",
        ["CONDITION(COUNT(*), WHERE userId = :user) AS tag",
         "CONDITION(COUNT(*), WHERE internalUserId = :user) AS id"],
        where=["(userId = :user OR internalUserId = :user)"],
    )  # fmt: skip
    tag, id_ = asker.during(None).ask("what is known by this name", query, {"user": user}).rows[0]
    if not tag and not id_:
        raise UnknownUser(
            f"there is no user {user!r}",
            hint="users are named by userId, the user tag, or by internalUserId",
        )
    return Identity((user,) if tag else (), (user,) if id_ else ())


class _Gathering:
    """The queries about one user."""

    def __init__(self, asker: Asker, identity: Identity) -> None:
        self._asker = asker
        self._identity = identity

    def details(self, is_extended: bool, recent: int) -> UserDetails:
        """Ask all of them."""
        facts = self._facts()
        applications = self._applications()
        user_ids, internal_ids = self._names()
        return UserDetails(
            user_ids=user_ids,
            internal_user_ids=internal_ids,
            extended=is_extended,
            sessions=facts["sessions"],
            first_seen=facts["firstSeen"],
            last_seen=_latest(facts["lastStart"], facts["lastEnd"]),
            duration=facts["duration"] or 0,
            actions=facts["actions"] or 0,
            errors=facts["errors"] or 0,
            error_sessions=facts["errorSessions"],
            crash_sessions=facts["crashSessions"],
            rage_clicks=facts["rageClicks"] or 0,
            rage_taps=facts["rageTaps"] or 0,
            bounces=facts["bounces"],
            conversions=facts["conversions"],
            satisfaction=sum((one.satisfaction for one in applications), Satisfaction.of()),
            scores=self._scores(facts["sessions"]),
            devices=tuple(DeviceUse(*row) for row in self._grouped(_DEVICE, "devices", first=True)),
            applications=applications,
            places=tuple(Place(*row) for row in self._grouped(_PLACE, "places")),
            annoyances=self._annoyances(),
            goals=self._goals(),
            activity=self._activity(),
            recent=self._recent(recent),
            questions=self._asker.questions,
        )

    def _ask(
        self, title: str, columns: list[str], table: str = "usersession", **clauses: Any
    ) -> Result:
        where = [self._identity.condition(table), *clauses.pop("where", ())]
        query = select(table, columns, where=where, **clauses)
        return self._asker.ask(title, query, self._identity.params)

    def _facts(self) -> dict[str, Any]:
        columns = [
            "COUNT(*) AS sessions",
            "MIN(startTime) AS firstSeen",
            "MAX(startTime) AS lastStart",
            "MAX(endTime) AS lastEnd",
            "SUM(duration) AS duration",
            "SUM(userActionCount) AS actions",
            "SUM(totalErrorCount) AS errors",
            "CONDITION(COUNT(*), WHERE hasError = true) AS errorSessions",
            "CONDITION(COUNT(*), WHERE hasCrash = true) AS crashSessions",
            "SUM(numberOfRageClicks) AS rageClicks",
            "SUM(numberOfRageTaps) AS rageTaps",
            "CONDITION(COUNT(*), WHERE bounce = true) AS bounces",
            "CONDITION(COUNT(*), WHERE matchingConversionGoalsCount > 0) AS conversions",
        ]
        return self._ask("the user in figures", columns).to_dicts()[0]

    def _names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        columns = ["userId", "internalUserId", "COUNT(*) AS sessions"]
        rows = self._ask("names", columns, group=["userId", "internalUserId"])
        tags = {tag for tag, _, _ in rows if tag is not None} | {*self._identity.user_ids}
        ids = {id_ for _, id_, _ in rows if id_ is not None} | {*self._identity.internal_user_ids}
        return tuple(sorted(tags)), tuple(sorted(ids))

    def _scores(self, sessions: int) -> tuple[ScoreShare, ...]:
        columns = ["userExperienceScore", "COUNT(*) AS sessions"]
        rows = self._ask("user experience scores", columns, group=["userExperienceScore"])
        return tuple(ScoreShare(score, count, count / sessions) for score, count in rows)

    def _grouped(self, fields: tuple[str, ...], title: str, *, first: bool = False) -> Result:
        seen = ["MIN(startTime) AS firstSeen"] if first else []
        columns = [*fields, "COUNT(*) AS sessions", *seen, "MAX(startTime) AS lastSeen"]
        return self._ask(title, columns, group=fields, order="sessions DESC")

    def _applications(self) -> tuple[ApplicationUse, ...]:
        columns = [
            "application",
            "COUNT(DISTINCT usersession.userSessionId) AS sessions",
            "MAX(usersession.startTime) AS lastSeen",
            *Rules().counts,
        ]
        rows = self._ask(
            "applications, and how satisfied", columns, "useraction",
            group=["application"], order="sessions DESC",
        )  # fmt: skip
        return tuple(
            ApplicationUse(name, sessions, last, Satisfaction.counted(*counts))
            for name, sessions, last, *counts in rows
        )

    def _goals(self) -> tuple[Goal, ...]:
        rows = self._grouped(("matchingConversionGoals",), "goals reached")
        return tuple(Goal(name, sessions) for name, sessions, _ in rows if name is not None)

    def _annoyances(self) -> tuple[Annoyance, ...]:
        columns = [
            "type",
            "name",
            "COUNT(*) AS times",
            "COUNT(DISTINCT usersession.userSessionId) AS sessions",
            "MAX(startTime) AS lastSeen",
        ]
        found = self._ask("errors and crashes", columns, "usererror", group=["type", "name"])
        rage = self._ask(
            "rage clicks and taps", columns, "userevent",
            where=["type IN ('RageClick', 'RageTap')"], group=["type", "name"],
        )  # fmt: skip
        both = [Annoyance(*row) for row in (*found, *rage)]
        return tuple(sorted(both, key=lambda one: (-one.count, one.type or "", one.name or "")))

    def _activity(self) -> tuple[tuple[int, ...], ...]:
        columns = ["DATETIME(startTime, 'e') AS day", "HOUR(startTime) AS hour",
                   "COUNT(*) AS sessions"]  # fmt: skip
        counts = [[0] * 24 for _ in WEEKDAYS]
        for day, hour, sessions in self._ask("activity", columns, group=["day", "hour"]):
            counts[(int(day) - 2) % 7][hour] = sessions  # the language counts from Sunday, 1
        return tuple(map(tuple, counts))

    def _recent(self, number: int) -> tuple[SessionRow, ...]:
        query = listing((self._identity.condition(),), NEWEST_FIRST, number)
        asked = self._asker.ask("the newest sessions", query, self._identity.params)
        return tuple(SessionRow(*row) for row in asked.rows)


_DEVICE = ("device", "osFamily", "browserFamily")
_PLACE = ("country", "region", "city")


def _latest(*times: int | None) -> int | None:
    return max((time for time in times if time is not None), default=None)
