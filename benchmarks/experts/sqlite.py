"""By hand for SQLite.

The layout: repeated texts are numbers of a dictionary, sessions and actions are narrow tables with
covering indexes for the usual groupings, properties lie by their keys, and the many columns that
only whole sessions need are apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.experts import Expert
from usql.layout import ARRIVAL, EXTRA, IP_TEXT, Layout
from usql.schema import NESTED, Table
from usql.types import Kind

_WORDS = {
    "usersession": ("userType", "country", "city", "browserFamily", "osFamily"),
    "useraction": ("name", "application", "apdexCategory"),
    "usererror": ("name", "type"),
}

_TABLES = """
CREATE TABLE word (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE visitor (id INTEGER PRIMARY KEY, internal TEXT UNIQUE) STRICT;
CREATE TABLE session (
    id INTEGER PRIMARY KEY, start INTEGER NOT NULL, duration INTEGER, identifier TEXT NOT NULL,
    user TEXT, visitor INTEGER, type INTEGER, country INTEGER, city INTEGER, browser INTEGER,
    os INTEGER, bounce INTEGER, error INTEGER, crash INTEGER
) STRICT;
CREATE TABLE action (
    session INTEGER, position INTEGER, name INTEGER, application INTEGER, apdex INTEGER,
    start INTEGER, duration INTEGER, PRIMARY KEY (session, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE error (
    session INTEGER, position INTEGER, name INTEGER, type INTEGER, PRIMARY KEY (session, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE session_text (
    key TEXT, session INTEGER, value TEXT, PRIMARY KEY (key, session)
) STRICT, WITHOUT ROWID;
CREATE TABLE action_double (
    key TEXT, session INTEGER, position INTEGER, value REAL, PRIMARY KEY (key, session, position)
) STRICT, WITHOUT ROWID;
"""

_FILL = """
INSERT INTO visitor (internal)
    SELECT DISTINCT "internalUserId" FROM ours.usersession
    WHERE "internalUserId" IS NOT NULL ORDER BY 1;
INSERT INTO session
    SELECT s._session, s."startTime", s.duration, s."userSessionId", s."userId", v.id, t.id, c.id,
        y.id, b.id, o.id, s.bounce, s."hasError", s."hasCrash"
    FROM ours.usersession s
    LEFT JOIN visitor v ON v.internal = s."internalUserId"
    LEFT JOIN word t ON t.word = s."userType" LEFT JOIN word c ON c.word = s.country
    LEFT JOIN word y ON y.word = s.city LEFT JOIN word b ON b.word = s."browserFamily"
    LEFT JOIN word o ON o.word = s."osFamily" ORDER BY 1;
INSERT INTO action
    SELECT a._session, a._position, n.id, p.id, x.id, a."startTime", a.duration
    FROM ours.useraction a LEFT JOIN word n ON n.word = a.name
    LEFT JOIN word p ON p.word = a.application LEFT JOIN word x ON x.word = a."apdexCategory"
    ORDER BY 1, 2;
INSERT INTO error
    SELECT e._session, e._position, n.id, t.id FROM ours.usererror e
    LEFT JOIN word n ON n.word = e.name LEFT JOIN word t ON t.word = e.type ORDER BY 1, 2;
INSERT INTO session_text
    SELECT key, _session, value FROM ours."usersession_stringProperties" ORDER BY 1, 2;
INSERT INTO action_double
    SELECT key, _session, _position, value FROM ours."useraction_doubleProperties"
    ORDER BY 1, 2, 3;
CREATE INDEX session_start ON session (start);
CREATE INDEX session_user ON session (user);
CREATE INDEX session_country ON session (country, visitor);
CREATE INDEX session_place ON session (country, city);
CREATE INDEX session_city ON session (city, duration);
CREATE INDEX session_os ON session (os, crash);
CREATE INDEX session_browser ON session (browser);
CREATE INDEX action_name ON action (name, session);
CREATE INDEX action_name_duration ON action (name, duration);
CREATE INDEX action_session ON action (session, duration);
CREATE INDEX action_apdex ON action (application, apdex, duration);
CREATE INDEX action_start ON action (start, duration);
CREATE INDEX action_duration ON action (duration, start);
CREATE INDEX error_name ON error (name, type);
CREATE INDEX session_text_value ON session_text (key, value);
"""


def layout(ours: Layout) -> str:
    """Return the script that makes the expert's store of ours, which is attached as ``ours``."""
    columns = " UNION ".join(
        f'SELECT "{name}" FROM ours.{table}' for table, names in _WORDS.items() for name in names
    )
    words = f"INSERT INTO word (word) SELECT * FROM ({columns}) WHERE 1 NOTNULL ORDER BY 1;"
    words = words.replace("WHERE 1 NOTNULL", 'WHERE "userType" IS NOT NULL')
    return "\n".join((_TABLES, words, _FILL, *_rest(ours), "ANALYZE;"))


def _rest(ours: Layout) -> Iterator[str]:
    """Yield what copies the rows with all of their columns, and their lists and properties."""
    for table in ours.schema.tables:
        keys = ", ".join(ours.keys(table.name))
        base, detail = ours.base(table.name), ours.detail(table.name)
        more = "" if base == detail else f" JOIN ours.{detail} USING ({keys})"
        name = f"{table.name}_row"
        yield f"CREATE TABLE {name} AS SELECT * FROM ours.{base}{more} ORDER BY {keys};"
        yield f"CREATE UNIQUE INDEX {name}_key ON {name} ({keys});"
        for field in table.collections:
            relation = ours.values(field)
            last = "key" if field.properties else "_ordinal"
            yield f'CREATE TABLE "{relation}" AS SELECT * FROM ours."{relation}";'
            yield (f'CREATE UNIQUE INDEX "{relation}_key" ON "{relation}" ({keys}, {last});')


# --- whole sessions ------------------------------------------------------------------------------

_ARGUMENTS = 40
"""Members of one ``json_object``: SQLite limits the arguments of a function."""


def _object(members: Iterable[tuple[str, str]]) -> str:
    """Return SQL for an object without the members that are null."""
    listed = list(members)
    made = "'{}'"
    for start in range(0, len(listed), _ARGUMENTS):
        pairs = ", ".join(f"'{n}', {value}" for n, value in listed[start : start + _ARGUMENTS])
        made = f"json_patch({made}, json_object({pairs}))"
    return made


def _given(alias: str, values: str) -> str:
    """Return SQL for a list; without values it may be null, and then ``_extra`` says more."""
    unknown = f"CASE WHEN {alias}.{EXTRA} IS NULL THEN '[]' END"
    return f"json(coalesce(nullif({values}, '[]'), {unknown}))"


def _row(ours: Layout, table: Table, alias: str) -> str:
    """Return SQL for the object of a row."""

    def members() -> Iterator[tuple[str, str]]:
        for field in table.scalars:
            value = f'{alias}."{IP_TEXT if field.kind is Kind.IP else field.name}"'
            if field.kind is Kind.BOOLEAN:
                value = f"CASE {value} WHEN 1 THEN json('true') WHEN 0 THEN json('false') END"
            yield field.name, value
        for field in table.collections:
            last = "key" if field.properties else "_ordinal"
            entry = "json_object('key', key, 'value', value)" if field.properties else "value"
            own = " AND ".join(f"v.{key} = {alias}.{key}" for key in ours.keys(table.name))
            values = (
                f'(SELECT json_group_array({entry}) FROM (SELECT * FROM "{ours.values(field)}" v'
                f" WHERE {own} ORDER BY {last}))"
            )
            yield field.name, _given(alias, values)
        if table.primary:
            for secondary in ours.schema.secondary:
                yield NESTED[secondary.name], _given(alias, _rows(ours, secondary, alias))

    return f"json_patch({_object(members())}, coalesce({alias}.{EXTRA}, '{{}}'))"


def _rows(ours: Layout, table: Table, session: str) -> str:
    """Return SQL for the list of the objects of a session's rows, as they arrived."""
    order = f"coalesce(r.{ARRIVAL}, r._position)"
    return (
        f"(SELECT json_group_array(json(d)) FROM (SELECT {_row(ours, table, 'r')} AS d"
        f" FROM {table.name}_row r WHERE r._session = {session}._session ORDER BY {order}))"
    )


def _documents(ours: Layout) -> str:
    return (
        f"SELECT {_row(ours, ours.schema.primary, 's')} FROM session p"
        " CROSS JOIN usersession_row s ON s._session = p.id"
        " WHERE p.id IN (SELECT id FROM session ORDER BY start DESC, identifier LIMIT 50)"
        " ORDER BY p.start DESC, p.identifier"
    )


# --- the questions -------------------------------------------------------------------------------

_HOUR = 3_600_000
_VIENNA = (
    "CASE WHEN h < 1761440400000 THEN 7200000 WHEN h < 1774746000000 THEN 3600000"
    " WHEN h < 1792890000000 THEN 7200000 ELSE 3600000 END"
)
"""Local time minus UTC over the years of the demo data."""


def _word(text: str) -> str:
    return f"(SELECT id FROM word WHERE word = '{text}')"


def _with(name: str) -> str:
    """Return SQL for the sessions that have an action of a name."""
    return f"SELECT session FROM action WHERE name = {_word(name)}"


def _named(groups: str, columns: str, where: str = "", limit: int = 50) -> str:
    """Return SQL that names the groups ``k`` of a query, most frequent first."""
    return (
        f"SELECT w.word, {columns} FROM ({groups}) g LEFT JOIN word w ON w.id = g.k {where}"
        f" ORDER BY g.n DESC, w.word NULLS LAST LIMIT {limit}"
    )


def _pairs(groups: str, columns: str) -> str:
    """Return SQL that names the groups ``k0, k1`` of a query, in the order of both levels."""
    return (
        f"SELECT v.word, w.word, {columns} FROM (SELECT *, sum(n) OVER (PARTITION BY k0) AS n0"
        f" FROM ({groups})) g LEFT JOIN word v ON v.id = k0 LEFT JOIN word w ON w.id = k1"
        " ORDER BY n0 DESC, v.word NULLS LAST, n DESC, w.word NULLS LAST LIMIT 50"
    )


def _names_of(session: str, column: str) -> str:
    source = f"SELECT * FROM action WHERE session = {session} ORDER BY position"
    if column != "name":
        return f"(SELECT json_group_array({column}) FROM ({source}))"
    return (
        "(SELECT json_group_array((SELECT word FROM word WHERE id = name))"
        f" FROM ({source}) WHERE name IS NOT NULL)"
    )


def _funnel(steps: Iterable[str], source: str, *, more: str = "", last: str | None = None) -> str:
    """Return SQL that judges each session once, and counts those that came so far."""
    names = list(steps)
    judged = [f"id IN ({_with(name)})" for name in names[1:]]
    if last is not None:
        judged.append(last)
    columns = ", ".join(f"{judge} AS s{i}" for i, judge in enumerate(judged))
    counts = ", ".join(
        f"sum({' AND '.join(f's{j}' for j in range(i + 1))})" for i in range(len(judged))
    )
    return (
        f"SELECT count(*), {counts} FROM (SELECT {columns} FROM {source}"
        f" WHERE id IN ({_with(names[0])}){more} LIMIT -1)"
    )


def experts(ours: Layout) -> dict[str, Expert]:
    """Return the SQL for each question, by its name."""
    newest = "SELECT * FROM session ORDER BY start DESC, identifier LIMIT 50"
    return {
        "newest sessions": Expert(
            "SELECT user, (SELECT word FROM word WHERE id = country), duration FROM session"
            " ORDER BY start DESC, identifier LIMIT 50"
        ),
        "newest sessions with their actions": Expert(
            f"SELECT identifier, {_names_of('s.id', 'name')}, {_names_of('s.id', 'duration')}"
            f" FROM ({newest}) s ORDER BY start DESC, identifier",
            (1, 2),
        ),
        "whole sessions": Expert(_documents(ours)),
        "one user": Expert(
            f"SELECT start, {_names_of('s.id', 'name')} FROM session s"
            " WHERE user = 'paul.kowalska158@mail.example'"
            " ORDER BY start DESC, identifier LIMIT 50",
            (1,),
        ),
        "slowest actions": Expert(
            "SELECT (SELECT word FROM word WHERE id = a.name), a.duration, s.user FROM"
            " (SELECT session, position, name, duration, start FROM action"
            " ORDER BY duration DESC, start DESC LIMIT 20) a"
            " JOIN session s ON s.id = a.session ORDER BY a.duration DESC, a.start DESC"
        ),
        "low cardinality": Expert(
            _named("SELECT country AS k, count(*) AS n FROM session GROUP BY country", "n")
        ),
        "high cardinality": Expert(
            "SELECT user, count(*) AS n FROM session GROUP BY user"
            " ORDER BY n DESC, user NULLS LAST LIMIT 50"
        ),
        "average per name": Expert(
            _named(
                "SELECT name AS k, count(*) AS n, avg(duration) AS a FROM action GROUP BY name",
                "n, a",
            )
        ),
        "average per country of the session": Expert(
            _named(
                "SELECT country AS k, sum(n) AS n, sum(t) AS t, sum(m) AS m FROM"
                " (SELECT session, count(*) AS n, count(duration) AS m, sum(duration) AS t"
                " FROM action GROUP BY session) JOIN session ON id = session GROUP BY country",
                "t * 1.0 / m",
            )
        ),
        "top": Expert(
            _named("SELECT city AS k, count(*) AS n FROM session GROUP BY city", "n", limit=10)
        ),
        "nested top": Expert(
            "WITH g AS (SELECT country, city, count(*) AS n FROM session GROUP BY country, city),"
            " l AS (SELECT g.*, sum(n) OVER (PARTITION BY country) AS n0, v.word AS k0,"
            " w.word AS k1 FROM g LEFT JOIN word v ON v.id = country"
            " LEFT JOIN word w ON w.id = city),"
            " t AS (SELECT l.*, dense_rank() OVER (ORDER BY n0 DESC, k0 NULLS LAST) AS r0,"
            " row_number() OVER (PARTITION BY country ORDER BY n DESC, k1 NULLS LAST) AS r1"
            " FROM l) SELECT k0, k1, n FROM t WHERE r0 <= 20 AND r1 <= 3"
            " ORDER BY n0 DESC, k0 NULLS LAST, n DESC, k1 NULLS LAST LIMIT 50"
        ),
        "distinct users per country": Expert(
            _named(
                "SELECT country AS k, sum(n) AS n, count(visitor) AS d FROM"
                " (SELECT country, visitor, count(*) AS n FROM session GROUP BY country, visitor)"
                " GROUP BY country",
                "d",
            )
        ),
        "percentiles per name": Expert(
            _named(
                "SELECT name AS k, count(*) AS n, usql_percentile(usql_sorted(duration), 50.0)"
                " AS m, usql_percentile(usql_sorted(duration), 95.0) AS p FROM action"
                " GROUP BY name",
                "m, p",
            )
        ),
        "sessions with an action": Expert(
            f"SELECT count(DISTINCT session) FROM action WHERE name = {_word('Payment')}"
        ),
        "sessions with one action and without another": Expert(
            _named(
                "SELECT country AS k, count(*) AS n FROM session"
                f" WHERE id IN ({_with('Search for trips')}) AND id NOT IN ({_with('Payment')})"
                " AND error = 0 GROUP BY country",
                "n",
            )
        ),
        "funnel of three": Expert(
            _funnel(("Search for trips", "Payment", "Booking confirmed"), "session")
        ),
        "funnel of six": Expert(
            _funnel(
                (
                    "Search for trips",
                    "Select trip",
                    "Enter traveller details",
                    "Payment",
                    "Booking confirmed",
                ),
                "session",
                more=f" AND type = {_word('REAL_USER')}",
                last="bounce = 0",
            )
        ),
        "condition": Expert(
            _named(
                "SELECT os AS k, count(*) AS n, coalesce(sum(crash = 1), 0) AS c,"
                f" sum(id IN ({_with('Payment')})) AS p FROM session GROUP BY os",
                "n, c, p",
            )
        ),
        "filter": Expert(
            _named(
                "SELECT city AS k, count(*) AS n, avg(duration) AS a FROM session GROUP BY city"
                " HAVING n > 500 AND a > 100000",
                "n, a",
            )
        ),
        "days in UTC": Expert(
            "SELECT date(day * 86400, 'unixepoch'), n FROM (SELECT start / 86400000 AS day,"
            " count(*) AS n FROM session GROUP BY 1 ORDER BY 1 LIMIT 50)"
        ),
        "hours in a zone with clock changes": Expert(
            "WITH RECURSIVE hour(h) AS ("
            f"SELECT min(start) / {_HOUR} * {_HOUR} FROM action UNION ALL"
            f" SELECT h + {_HOUR} FROM hour WHERE h < (SELECT max(start) - {_HOUR} FROM action)),"
            " utc AS (SELECT h, count(*) AS n, sum(duration) AS t, count(duration) AS m"
            f" FROM hour CROSS JOIN action ON start >= h AND start < h + {_HOUR} GROUP BY h)"
            f" SELECT strftime('%Y-%m-%d %H', (h + {_VIENNA}) / 1000, 'unixepoch') AS k, sum(n),"
            " sum(t) * 1.0 / sum(m) FROM utc GROUP BY k ORDER BY k LIMIT 1000"
        ),
        "a property's values": Expert(
            "SELECT value, n FROM (SELECT value, count(*) AS n FROM session_text"
            " WHERE key = 'campaign' GROUP BY value UNION ALL SELECT NULL, n FROM ("
            "SELECT (SELECT count(*) FROM session) - (SELECT count(*) FROM session_text"
            " WHERE key = 'campaign') AS n) WHERE n > 0) ORDER BY n DESC, value NULLS LAST LIMIT 50"
        ),
        "sums of a property of actions": Expert(
            _named(
                "SELECT country AS k, sum(n) AS n, sum(v) AS v FROM (SELECT session,"
                " count(*) AS n FROM action GROUP BY session) JOIN session ON id = session"
                " LEFT JOIN (SELECT session AS s, sum(value) AS v FROM action_double"
                " WHERE key = 'basketValue' GROUP BY session) ON s = session GROUP BY country",
                "v",
            )
        ),
        "leading wildcard": Expert(
            "SELECT count(*) FROM action WHERE name IN"
            " (SELECT id FROM word WHERE word GLOB '*trip*')"
        ),
        "names by session": Expert(
            "SELECT (SELECT word FROM word WHERE id = k), n FROM (SELECT name AS k,"
            " count(DISTINCT session) AS n FROM action WHERE name IS NOT NULL GROUP BY name"
            " UNION ALL SELECT NULL, n FROM (SELECT count(*) AS n FROM session WHERE id NOT IN"
            " (SELECT session FROM action WHERE name IS NOT NULL)) WHERE n > 0)"
            " ORDER BY n DESC, 1 NULLS LAST LIMIT 50"
        ),
        "average over all actions of sessions": Expert(
            _named(
                "SELECT browser AS k, count(*) AS n, sum(t) AS t, sum(m) AS m FROM session"
                " LEFT JOIN (SELECT session AS s, count(duration) AS m, sum(duration) AS t"
                " FROM action GROUP BY session) ON s = id GROUP BY browser",
                "t * 1.0 / m, n",
            )
        ),
        "satisfaction per application": Expert(
            _pairs(
                "SELECT application AS k0, apdex AS k1, count(*) AS n, avg(duration) AS a"
                " FROM action GROUP BY application, apdex",
                "n, a",
            )
        ),
        "errors by name": Expert(
            _pairs(
                "SELECT name AS k0, type AS k1, count(*) AS n FROM error GROUP BY name, type", "n"
            )
        ),
    }
