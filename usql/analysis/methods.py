"""The methods of ``Database`` that lead to the analyses.

They are a class of their own, which ``Database`` inherits; what they need is imported when they
are called, so that queries start as quickly as ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from usql.analysis.apdex import ApdexReport
    from usql.analysis.asking import Options, Where
    from usql.analysis.findings import Findings
    from usql.analysis.rules import Rules
    from usql.analysis.score import ScoreReport
    from usql.analysis.session import SessionDetails
    from usql.analysis.sessions import SessionList
    from usql.analysis.user import UserDetails
    from usql.engine import Database
    from usql.timeframe import TimeframeLike


class Analyses:
    """Analyses of the sessions of a store.

    All take the settings of ``query`` as keyword arguments: ``params``, ``timeframe``,
    ``timezone``, ``now``, ``timeout`` (of all queries together) and ``stop``. A choice of sessions
    is a condition on ``usersession``, as behind ``WHERE`` in a query, or a segment.
    """

    def sessions(
        self,
        where: Where = None,
        *,
        order: str = "startTime DESC",
        limit: int = 500,
        **options: Unpack[Options],
    ) -> SessionList:
        """Return sessions as a list, the newest first.

        Args:
            where: which sessions; all unless given.
            order: what stands behind ``ORDER BY`` in a query on ``usersession``.
            limit: how many at most.
            **options: the settings of ``query``.

        Raises:
            UsqlError: the condition or the order is bad, or the store cannot be read.

        >>> import usql
        >>> with usql.connect() as db:
        ...     _ = db.import_sessions([{"userSessionId": n, "startTime": 0} for n in "ab"])
        ...     found = db.sessions("userSessionId = 'a'")
        ...     found.total, found.sessions[0].user_session_id
        (1, 'a')
        """
        from usql.analysis.sessions import list_sessions

        return list_sessions(self._database, where, order, limit, options)

    def session(
        self, user_session_id: str, *, rules: Rules | None = None, **options: Unpack[Options]
    ) -> SessionDetails:
        """Return everything about one session, and its timeline.

        Args:
            user_session_id: its id.
            rules: judge its actions by these rules; as stored unless given.
            **options: the settings of ``query``.

        Raises:
            UnknownSession: there is none.
            StoreError: the store cannot be read.

        >>> import usql
        >>> login = {"startTime": 5, "duration": 9, "name": "Login", "apdexCategory": "SATISFIED"}
        >>> with usql.connect() as db:
        ...     a = {"userSessionId": "a", "startTime": 0, "userActions": [login]}
        ...     _ = db.import_sessions([a])
        ...     [(entry.since_start, entry.name) for entry in db.session("a").timeline]
        [(5, 'Login')]
        """
        from usql.analysis.session import session_details

        return session_details(self._database, user_session_id, rules, options)

    def findings(
        self,
        where: Where = None,
        *,
        against: Where = None,
        against_timeframe: TimeframeLike = None,
        attributes: Sequence[str] | None = None,
        over: str | None = None,
        values: int = 10,
        limit: int | None = 50,
        **options: Unpack[Options],
    ) -> Findings:
        """Return how values of attributes spread over sessions, and which set the sessions apart.

        Shares are compared by a two-proportion z test, or Fisher's exact test where few are
        expected, with the correction of Benjamini and Hochberg for the number of comparisons
        (``usql.analysis.significance`` has the sources). Values that fewer than 5 sessions of both
        sides together have are not compared.

        Args:
            where: which sessions; all unless given.
            against: sessions to compare with; all others unless given.
            against_timeframe: another timeframe to compare with.
            attributes: names of attributes as in segments (``usql.segments.attributes()``), of
                properties with the key behind it: ``String property plan``. Unless given, all
                that need no key, without those that choose the sessions and without user tags,
                internal ids and addresses.
            over: a time to tell values apart by: ``hour``, ``day``, ``week``, ``month``,
                ``hour-of-day`` or ``weekday``.
            values: how many values of each attribute to list.
            limit: most differences; ``None`` for all.
            **options: the settings of ``query``.

        Raises:
            UnknownAttribute: there is no such attribute.
            UsqlError: a condition is bad, or the store cannot be read.

        >>> import usql
        >>> with usql.connect() as db:
        ...     cities = ["Linz"] * 9 + ["Graz"] * 11
        ...     made = [{"city": c, "hasCrash": c == "Linz"} for c in cities]
        ...     _ = db.import_sessions(
        ...         [{"userSessionId": f"{n}", "startTime": n} | s for n, s in enumerate(made)]
        ...     )
        ...     found = db.findings("hasCrash = true", attributes=["City"])
        ...     first = found.differences[0]
        ...     first.value, first.share, first.share_against, first.significant
        ('Linz', 1.0, 0.0, True)
        """
        from usql.analysis.findings import find

        return find(
            self._database,
            where,
            against,
            against_timeframe,
            attributes,
            over,
            values,
            limit,
            options,
        )

    def user(
        self,
        user: str,
        *,
        extended: bool = False,
        recent: int = 50,
        **options: Unpack[Options],
    ) -> UserDetails:
        """Return everything about a user.

        Args:
            user: a user tag (``userId``) or an internal id (``internalUserId``).
            extended: take all user tags and internal ids that share sessions with the user, or
                with each other, as the user's. They are looked for in all data, whatever the
                timeframe.
            recent: how many of the newest sessions to list.
            **options: the settings of ``query``.

        Raises:
            UnknownUser: no session has that name.
            StoreError: the store cannot be read.

        >>> import usql
        >>> with usql.connect() as db:
        ...     session = {"userSessionId": "a", "startTime": 0, "userId": "ann"}
        ...     _ = db.import_sessions([session | {"internalUserId": "7"}])
        ...     _ = db.import_sessions([session | {"userSessionId": "b"}])
        ...     ann = db.user("ann")
        ...     ann.sessions, ann.internal_user_ids
        (2, ('7',))
        """
        from usql.analysis.user import user_details

        return user_details(self._database, user, extended, recent, options)

    def apdex(
        self,
        by: str | Sequence[str] = "application",
        where: Where = None,
        *,
        actions: str | None = None,
        rules: Rules | None = None,
        against: Where = None,
        against_timeframe: TimeframeLike = None,
        limit: int | None = 50,
        **options: Unpack[Options],
    ) -> ApdexReport:
        """Return how satisfied people were: the Apdex of actions, with rating and sample size.

        Args:
            by: dimensions: names such as ``application``, ``action``, ``key-action``, ``country``,
                ``browser`` or ``day`` (``usql.analysis.dimensions``), or expressions that may stand
                behind ``GROUP BY`` in a query on ``useraction``; none for the total alone.
            where: which sessions; all unless given.
            actions: which of their actions: a condition on ``useraction``; all unless given.
            rules: judge actions by these rules; as stored unless given.
            against: sessions to compare with.
            against_timeframe: another timeframe to compare with.
            limit: most groups; ``None`` for all. Times are never left out.
            **options: the settings of ``query``.

        Raises:
            UsqlError: a dimension or a condition is bad, or the store cannot be read.

        >>> import usql
        >>> with usql.connect() as db:
        ...     actions = [{"startTime": 0, "application": "Shop", "apdexCategory": "SATISFIED"}]
        ...     session = {"userSessionId": "a", "startTime": 0, "userActions": actions}
        ...     _ = db.import_sessions([session])
        ...     row, = db.apdex().rows
        ...     row.key, row.satisfaction.apdex, row.satisfaction.rating
        (('Shop',), 1.0, 'excellent')
        """
        from usql.analysis.apdex import apdex_report

        return apdex_report(
            self._database,
            _texts(by),
            where,
            actions,
            rules,
            against,
            against_timeframe,
            limit,
            options,
        )

    def scores(
        self,
        by: str | Sequence[str] = "application",
        where: Where = None,
        *,
        rules: Rules | None = None,
        against: Where = None,
        against_timeframe: TimeframeLike = None,
        limit: int | None = 50,
        **options: Unpack[Options],
    ) -> ScoreReport:
        """Return how many sessions have which user experience score.

        Args:
            by: dimensions, as for ``apdex``; expressions are ones for queries on ``usersession``.
            where: which sessions; all unless given.
            rules: work the scores out by these rules; as stored unless given.
            against: sessions to compare with.
            against_timeframe: another timeframe to compare with.
            limit: most groups; ``None`` for all. Times are never left out.
            **options: the settings of ``query``.

        Raises:
            UsqlError: a dimension or a condition is bad, or the store cannot be read.

        >>> import usql
        >>> with usql.connect() as db:
        ...     session = {"userSessionId": "a", "startTime": 0, "country": "Chad"}
        ...     _ = db.import_sessions([session | {"userExperienceScore": "TOLERATED"}])
        ...     row, = db.scores("country").rows
        ...     row.key, row.scores.tolerated
        (('Chad',), 1)
        """
        from usql.analysis.score import score_report

        return score_report(
            self._database, _texts(by), where, rules, against, against_timeframe, limit, options
        )

    @property
    def _database(self) -> Database:
        return cast("Database", self)


def _texts(by: str | Sequence[str]) -> Sequence[str]:
    return (by,) if isinstance(by, str) else tuple(by)
