"""By hand for ClickHouse.

The layout: repeated texts in dictionaries (``LowCardinality``), actions by name and session, since
most questions begin with a name, and once more by session; properties by key; a filter of users.
Whole sessions as JSON are left out: nobody would put them together by hand from columns here, but
keep the texts that came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.experts import Expert, counts, pairs, top
from usql.layout import Layout

DATABASE = "expert"

_TABLES = {
    "session": (
        '_session AS id, assumeNotNull("startTime") AS start,'
        ' "duration"::Nullable(Int32) AS duration,'
        ' assumeNotNull("userSessionId") AS identifier, "userId" AS user,'
        ' "internalUserId" AS internal, "userType" AS type, country, city,'
        ' "browserFamily" AS browser, "osFamily" AS os, bounce, "hasError" AS error,'
        ' "hasCrash" AS crash',
        "usersession",
        "start",
    ),
    "action": (
        "_session AS session, _position AS position, name, application,"
        ' "apdexCategory" AS apdex, "startTime" AS start, duration::Nullable(Int32) AS duration',
        "useraction",
        "name, session, position",
    ),
    "error": ("_session AS session, name, type", "usererror", "name, session"),
    "session_text": ("key, _session AS session, value", "usersession_stringProperties", "key"),
    "action_double": (
        "key, _session AS session, _position AS position, value",
        "useraction_doubleProperties",
        "key, session",
    ),
}


def layout(ours: Layout, database: str) -> Iterator[str]:
    """Yield the statements that make the expert's tables of ours, and leave only those."""
    yield f"CREATE DATABASE {DATABASE}"
    for name, (columns, source, order) in _TABLES.items():
        yield (
            f"CREATE TABLE {DATABASE}.{name} ENGINE = MergeTree ORDER BY ({order})"
            f' SETTINGS allow_nullable_key = 1 AS SELECT {columns} FROM {database}."{source}"'
        )
    yield (
        f"CREATE TABLE {DATABASE}.step ENGINE = MergeTree ORDER BY (session, position)"
        f" AS SELECT * FROM {DATABASE}.action"
    )
    yield f"ALTER TABLE {DATABASE}.session ADD INDEX users user TYPE bloom_filter GRANULARITY 1"
    yield f"ALTER TABLE {DATABASE}.session MATERIALIZE INDEX users SETTINGS mutations_sync = 2"
    for name in (*_TABLES, "step"):
        yield f"OPTIMIZE TABLE {DATABASE}.{name} FINAL"
    for relation in ours.relations:
        yield f'DROP TABLE {database}."{relation.name}" SYNC'


# --- the questions -------------------------------------------------------------------------------


def _passed(names: Iterable[str]) -> str:
    """Return SQL for the sessions with an action of the first name, and which others they have."""
    listed = list(names)
    marks = ", ".join(f"max(name = '{name}') AS s{i}" for i, name in enumerate(listed))
    wanted = ", ".join(f"'{name}'" for name in listed)
    return (
        f"SELECT session, {marks} FROM {DATABASE}.action WHERE name IN ({wanted})"
        " GROUP BY session HAVING s0"
    )


def _with(name: str) -> str:
    return f"SELECT session FROM {DATABASE}.action WHERE name = '{name}'"


def _listed(column: str) -> str:
    pairs = f"groupArrayIf((position, {column}), {column} IS NOT NULL)"
    return f"arrayMap(x -> x.2, arraySort({pairs})) AS {column}s"


def experts(ours: Layout) -> dict[str, Expert]:
    """Return the SQL for each question, by its name."""
    session, action, error = (f"{DATABASE}.{name}" for name in ("session", "action", "error"))
    newest = f"SELECT id, start, identifier FROM {session} ORDER BY start DESC, identifier LIMIT 50"
    six = (
        "Search for trips",
        "Select trip",
        "Enter traveller details",
        "Payment",
        "Booking confirmed",
    )
    lists = (
        f"SELECT session, {_listed('name')}, {_listed('duration')} FROM {DATABASE}.step"
        " WHERE session IN (SELECT id FROM page) GROUP BY session"
    )
    slowest = (
        f"SELECT session, name, duration, start FROM {action}"
        " ORDER BY duration DESC NULLS LAST, start DESC LIMIT 20"
    )
    return {
        "newest sessions": Expert(
            f"SELECT user, country, duration FROM {session}"
            " ORDER BY start DESC, identifier LIMIT 50"
        ),
        "newest sessions with their actions": Expert(
            f"WITH page AS ({newest}) SELECT identifier, names, durations FROM page"
            f" LEFT JOIN ({lists}) AS l ON l.session = page.id ORDER BY start DESC, identifier",
            (1, 2),
        ),
        "one user": Expert(
            f"WITH page AS (SELECT id, start, identifier FROM {session}"
            " WHERE user = 'paul.kowalska158@mail.example'"
            " ORDER BY start DESC, identifier LIMIT 50) SELECT start, names FROM page"
            f" LEFT JOIN ({lists}) AS l ON l.session = page.id ORDER BY start DESC, identifier",
            (1,),
        ),
        "slowest actions": Expert(
            f"WITH slowest AS ({slowest}) SELECT a.name, a.duration, s.user FROM slowest AS a"
            f" JOIN (SELECT id, user FROM {session} WHERE id IN (SELECT session FROM slowest)) AS s"
            " ON s.id = a.session ORDER BY a.duration DESC, a.start DESC"
        ),
        "low cardinality": Expert(
            top(f"SELECT country AS k, count() AS n FROM {session} GROUP BY k", "n")
        ),
        "high cardinality": Expert(
            top(f"SELECT user AS k, count() AS n FROM {session} GROUP BY k", "n")
        ),
        "average per name": Expert(
            top(
                f"SELECT name AS k, count() AS n, avg(duration) AS a FROM {action} GROUP BY k",
                "n, a",
            )
        ),
        "average per country of the session": Expert(
            top(
                "SELECT country AS k, sum(m) AS n, sum(t) / sum(c) AS a FROM (SELECT session,"
                f" count() AS m, count(duration) AS c, sum(duration) AS t FROM {DATABASE}.step"
                f" GROUP BY session) AS a JOIN {session} AS s ON s.id = a.session GROUP BY k",
                "a",
            )
        ),
        "top": Expert(
            top(f"SELECT city AS k, count() AS n FROM {session} GROUP BY k", "n", limit=10)
        ),
        "nested top": Expert(
            "SELECT k0, k1, n FROM (SELECT *, dense_rank() OVER (ORDER BY n0 DESC, k0) AS r0,"
            " row_number() OVER (PARTITION BY k0 ORDER BY n DESC, k1) AS r1 FROM (SELECT *,"
            " sum(n) OVER (PARTITION BY k0) AS n0 FROM (SELECT country AS k0, city AS k1,"
            f" count() AS n FROM {session} GROUP BY k0, k1))) WHERE r0 <= 20 AND r1 <= 3"
            " ORDER BY n0 DESC, k0, n DESC, k1 LIMIT 50"
        ),
        "distinct users per country": Expert(
            top(
                "SELECT country AS k, count() AS n, uniqExact(internal) AS d"
                f" FROM {session} GROUP BY k",
                "d",
            )
        ),
        "percentiles per name": Expert(
            top(
                "SELECT name AS k, count() AS n, quantilesExactInclusive(0.5, 0.95)(duration) AS q"
                f" FROM {action} GROUP BY k",
                "q[1], q[2]",
            )
        ),
        "sessions with an action": Expert(
            f"SELECT uniqExact(session) FROM {action} WHERE name = 'Payment'"
        ),
        "sessions with one action and without another": Expert(
            top(
                f"SELECT country AS k, count() AS n FROM {session} WHERE NOT error"
                f" AND id IN ({_with('Search for trips')}) AND id NOT IN ({_with('Payment')})"
                " GROUP BY k",
                "n",
            )
        ),
        "funnel of three": Expert(
            f"SELECT {counts(3)} FROM"
            f" ({_passed(('Search for trips', 'Payment', 'Booking confirmed'))})"
        ),
        "funnel of six": Expert(
            f"SELECT {counts(6)} FROM ({_passed(six)}) AS f JOIN (SELECT id, NOT bounce AS s5"
            f" FROM {session} WHERE type = 'REAL_USER') AS s ON s.id = f.session"
        ),
        "condition": Expert(
            top(
                "SELECT os AS k, count() AS n, countIf(crash) AS c,"
                f" countIf(id IN ({_with('Payment')})) AS p FROM {session} GROUP BY k",
                "n, c, p",
            )
        ),
        "filter": Expert(
            top(
                f"SELECT city AS k, count() AS n, avg(duration) AS a FROM {session} GROUP BY k"
                " HAVING n > 500 AND a > 100000",
                "n, a",
            )
        ),
        "days in UTC": Expert(
            "SELECT toString(toDate(k)), n FROM (SELECT intDiv(start, 86400000) AS k,"
            f" count() AS n FROM {session} GROUP BY k) ORDER BY k LIMIT 50"
        ),
        "hours in a zone with clock changes": Expert(
            "SELECT k, sum(n), sum(t) / sum(m) FROM (SELECT formatDateTime(h, '%Y-%m-%d %H') AS k,"
            " n, t, m FROM (SELECT toStartOfHour(toDateTime(intDiv(start, 1000), 'Europe/Vienna'))"
            " AS h, count() AS n, sum(duration) AS t, count(duration) AS m"
            f" FROM {action} GROUP BY h)) GROUP BY k ORDER BY k LIMIT 1000"
        ),
        "a property's values": Expert(
            top(
                f"SELECT value AS k, toInt64(count()) AS n FROM {DATABASE}.session_text"
                " WHERE key = 'campaign' GROUP BY k UNION ALL SELECT NULL,"
                f" (SELECT count() FROM {session}) -"
                f" (SELECT count() FROM {DATABASE}.session_text WHERE key = 'campaign')",
                "n",
            )
        ),
        "sums of a property of actions": Expert(
            top(
                "SELECT country AS k, sum(m) AS n, sum(v) AS v FROM (SELECT session,"
                f" count() AS m FROM {DATABASE}.step GROUP BY session) AS a"
                f" JOIN {session} AS s ON s.id = a.session"
                f" LEFT JOIN (SELECT session, sum(value) AS v FROM {DATABASE}.action_double"
                " WHERE key = 'basketValue' GROUP BY session) AS p ON p.session = a.session"
                " GROUP BY k",
                "v",
            )
        ),
        "leading wildcard": Expert(f"SELECT count() FROM {action} WHERE name LIKE '%trip%'"),
        "names by session": Expert(
            top(
                f"SELECT name AS k, uniqExact(session) AS n FROM {action} WHERE name IS NOT NULL"
                f" GROUP BY k UNION ALL SELECT NULL, count() AS n FROM {session} WHERE id NOT IN"
                f" (SELECT session FROM {action} WHERE name IS NOT NULL) HAVING n > 0",
                "n",
            )
        ),
        "average over all actions of sessions": Expert(
            top(
                "SELECT browser AS k, count() AS n, sum(t) / sum(m) AS a"
                f" FROM {session} AS s LEFT JOIN (SELECT session, count(duration) AS m,"
                f" sum(duration) AS t FROM {DATABASE}.step GROUP BY session) AS a"
                " ON a.session = s.id GROUP BY k",
                "a, n",
            )
        ),
        "satisfaction per application": Expert(
            pairs(
                "SELECT application AS k0, apdex AS k1, count() AS n, avg(duration) AS a"
                f" FROM {action} GROUP BY k0, k1",
                "n, a",
            )
        ),
        "errors by name": Expert(
            pairs(f"SELECT name AS k0, type AS k1, count() AS n FROM {error} GROUP BY k0, k1", "n")
        ),
    }
