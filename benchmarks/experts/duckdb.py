"""By hand for DuckDB.

The layout: columns of the narrowest type that holds them, sessions sorted by their start and
actions by session, properties by their keys, so that what is read lies together and the rest is
skipped by its least and greatest values. DuckDB keeps repeated texts in dictionaries by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.experts import Expert, counts, pairs, top
from usql.layout import ARRIVAL, EXTRA, IP_TEXT, Layout
from usql.schema import NESTED, Table
from usql.store.sqlite_schema import quoted
from usql.types import Kind

_LAYOUT = (
    """CREATE TABLE session AS SELECT _session::INTEGER AS id, "startTime" AS start,
    duration::INTEGER AS duration, "userSessionId" AS identifier, "userId" AS user,
    "internalUserId" AS internal, "userType" AS type, country, city, "browserFamily" AS browser,
    "osFamily" AS os, bounce, "hasError" AS error, "hasCrash" AS crash
    FROM ours.usersession ORDER BY start""",
    """CREATE TABLE action AS SELECT _session::INTEGER AS session,
    _position::SMALLINT AS position, name, application, "apdexCategory" AS apdex,
    "startTime" AS start, duration::INTEGER AS duration
    FROM ours.useraction ORDER BY _session, _position""",
    """CREATE TABLE error AS SELECT _session::INTEGER AS session, name, type
    FROM ours.usererror ORDER BY _session, _position""",
    """CREATE TABLE session_text AS SELECT key, _session::INTEGER AS session, value
    FROM ours."usersession_stringProperties" ORDER BY key, _session""",
    """CREATE TABLE action_double AS SELECT key, _session::INTEGER AS session,
    _position::SMALLINT AS position, value
    FROM ours."useraction_doubleProperties" ORDER BY key, _session, _position""",
)


def layout(ours: Layout) -> Iterator[str]:
    """Yield the statements that make the expert's store of ours, attached as ``ours``."""
    yield from _LAYOUT
    for table in ours.schema.tables:
        keys = ", ".join(ours.keys(table.name))
        yield (
            f"CREATE TABLE {table.name}_row AS SELECT * FROM ours.{ours.base(table.name)}"
            f" ORDER BY {keys}"
        )
        for field in table.collections:
            name = quoted(ours.values(field))
            yield f"CREATE TABLE {name} AS SELECT * FROM ours.{name} ORDER BY {keys}"


def copies(ours: Layout, count: int) -> Iterator[str]:
    """Yield the statements that make a store of copies of another's sessions.

    Each copy has numbers, identities and users of its own, and begins a second after the one before
    it, lest all have the same times.
    """
    yield "SET preserve_insertion_order = true"
    shift = "(SELECT max(_session) FROM ours.usersession)"
    for relation in ours.relations:
        columns = []
        for name in (*relation.keys, *(name for name, _ in relation.columns)):
            column = quoted(name)
            if name == "_session":
                column = f"{column} + c * {shift} AS {column}"
            elif name in ("startTime", "endTime"):
                column = f"{column} + c * 1000 AS {column}"
            elif name == "userSessionId":
                column = f"{column} || '.' || c AS {column}"
            elif name in ("userId", "internalUserId"):
                column = f"CASE c WHEN 0 THEN {column} ELSE {column} || '.' || c END AS {column}"
            columns.append(column)
        made = ", ".join(columns)
        table = quoted(relation.name)
        # copy by copy, so that rows keep the order in which imports leave them
        yield f"CREATE TABLE {table} AS SELECT {made} FROM ours.{table}, (SELECT 0 AS c)"
        for copy in range(1, count):
            yield f"INSERT INTO {table} SELECT {made} FROM ours.{table}, (SELECT {copy} AS c)"
    for table in ("usql_property", "usql_store"):
        yield f"CREATE TABLE {table} AS SELECT * FROM ours.{table}"
    yield "CHECKPOINT"


# --- whole sessions ------------------------------------------------------------------------------


def _object(ours: Layout, table: Table, joined: dict[str, str]) -> str:
    """Return SQL for the object of a row ``r``; collections come from relations joined to it."""
    members: list[tuple[str, str]] = []
    for field in table.scalars:
        column = quoted(IP_TEXT if field.kind is Kind.IP else field.name)
        members.append((field.name, f"r.{column}"))
    for field in table.collections:
        members.append((field.name, _given(joined[field.name])))
    if table.primary:
        nested = [NESTED[secondary.name] for secondary in ours.schema.secondary]
        members += [(name, _given(f"{name}.d")) for name in nested]
    pairs = ", ".join(f"'{name}', {value}" for name, value in members)
    return f"json_merge_patch('{{}}', json_object({pairs}), coalesce(r.{EXTRA}, '{{}}'))"


def _given(values: str) -> str:
    """Return SQL for a list; without values it may be null, and then ``_extra`` says more."""
    return f"coalesce(to_json({values}), CASE WHEN r.{EXTRA} IS NULL THEN '[]'::JSON END)"


def _rows(ours: Layout, table: Table) -> tuple[str, str]:
    """Return SQL for the object of a row, and for the rows ``r`` of the page with their lists."""
    keys = ", ".join(ours.keys(table.name))
    joined, joins = {}, []
    for field in table.collections:
        last = "key" if field.properties else "_ordinal"
        value = "{'key': key, 'value': value}" if field.properties else "value"
        alias = f"{field.name}_l"
        joined[field.name] = f"{alias}.l"
        joins.append(
            f" LEFT JOIN (SELECT {keys}, list({value} ORDER BY {last}) AS l"
            f" FROM {quoted(ours.values(field))} WHERE _session IN (SELECT id FROM page)"
            f" GROUP BY {keys}) {alias} USING ({keys})"
        )
    source = f"{table.name}_row r{''.join(joins)}"
    return _object(ours, table, joined), source


def _documents(ours: Layout) -> str:
    parts, joins = [], []
    for table in ours.schema.secondary:
        made, source = _rows(ours, table)
        name = NESTED[table.name]
        parts.append(
            f"{name} AS (SELECT _session, list({made} ORDER BY coalesce({ARRIVAL}, _position))"
            f" AS d FROM {source} WHERE _session IN (SELECT id FROM page) GROUP BY _session)"
        )
        joins.append(f" LEFT JOIN {name} USING (_session)")
    made, source = _rows(ours, ours.schema.primary)
    return (
        "WITH page AS MATERIALIZED (SELECT id, start, identifier FROM session"
        f" ORDER BY start DESC, identifier LIMIT 50), {', '.join(parts)}"
        f" SELECT {made} FROM {source}{''.join(joins)} JOIN page ON page.id = r._session"
        " ORDER BY page.start DESC, page.identifier"
    )


# --- the questions -------------------------------------------------------------------------------

_HOUR = 3_600_000


def _passed(names: Iterable[str]) -> str:
    """Return SQL for the sessions with an action of the first name, and which others they have."""
    listed = list(names)
    marks = ", ".join(f"bool_or(name = '{name}') AS s{i}" for i, name in enumerate(listed))
    wanted = ", ".join(f"'{name}'" for name in listed)
    return (
        f"SELECT session, {marks} FROM action WHERE name IN ({wanted}) GROUP BY session HAVING s0"
    )


def experts(ours: Layout) -> dict[str, Expert]:
    """Return the SQL for each question, by its name."""
    newest = "SELECT * FROM session ORDER BY start DESC, identifier LIMIT 50"
    six = (
        "Search for trips",
        "Select trip",
        "Enter traveller details",
        "Payment",
        "Booking confirmed",
    )
    lists = (
        "SELECT session, list(name ORDER BY position) FILTER (WHERE name IS NOT NULL) AS names,"
        " list(duration ORDER BY position) FILTER (WHERE duration IS NOT NULL) AS durations"
        " FROM action WHERE session IN (SELECT id FROM page) GROUP BY session"
    )
    return {
        "newest sessions": Expert(
            "SELECT user, country, duration FROM session ORDER BY start DESC, identifier LIMIT 50"
        ),
        "newest sessions with their actions": Expert(
            f"WITH page AS MATERIALIZED ({newest}) SELECT identifier, names, durations FROM page"
            f" LEFT JOIN ({lists}) ON session = id ORDER BY start DESC, identifier",
            (1, 2),
        ),
        "whole sessions": Expert(_documents(ours)),
        "one user": Expert(
            "WITH page AS MATERIALIZED (SELECT * FROM session"
            " WHERE user = 'paul.kowalska158@mail.example'"
            " ORDER BY start DESC, identifier LIMIT 50) SELECT start, names FROM page"
            f" LEFT JOIN ({lists}) ON session = id ORDER BY start DESC, identifier",
            (1,),
        ),
        "slowest actions": Expert(
            "SELECT a.name, a.duration, s.user FROM (SELECT session, name, duration, start"
            " FROM action ORDER BY duration DESC NULLS LAST, start DESC LIMIT 20) a"
            " JOIN session s ON s.id = a.session ORDER BY a.duration DESC, a.start DESC"
        ),
        "low cardinality": Expert(
            top("SELECT country AS k, count(*) AS n FROM session GROUP BY 1", "n")
        ),
        "high cardinality": Expert(
            top("SELECT user AS k, count(*) AS n FROM session GROUP BY 1", "n")
        ),
        "average per name": Expert(
            top(
                "SELECT name AS k, count(*) AS n, avg(duration) AS a FROM action GROUP BY 1",
                "n, a",
            )
        ),
        "average per country of the session": Expert(
            top(
                "SELECT country AS k, count(*) AS n, avg(a.duration) AS a FROM action a"
                " JOIN session s ON s.id = a.session GROUP BY 1",
                "a",
            )
        ),
        "top": Expert(
            top("SELECT city AS k, count(*) AS n FROM session GROUP BY 1", "n", limit=10)
        ),
        "nested top": Expert(
            "WITH l AS (SELECT *, sum(n) OVER (PARTITION BY k0) AS n0 FROM (SELECT country AS k0,"
            " city AS k1, count(*) AS n FROM session GROUP BY 1, 2)),"
            " t AS (SELECT *, dense_rank() OVER (ORDER BY n0 DESC, k0 NULLS LAST) AS r0,"
            " row_number() OVER (PARTITION BY k0 ORDER BY n DESC, k1 NULLS LAST) AS r1 FROM l)"
            " SELECT k0, k1, n FROM t WHERE r0 <= 20 AND r1 <= 3"
            " ORDER BY n0 DESC, k0 NULLS LAST, n DESC, k1 NULLS LAST LIMIT 50"
        ),
        "distinct users per country": Expert(
            top(
                "SELECT country AS k, sum(m) AS n, count(internal) AS d FROM (SELECT country,"
                " internal, count(*) AS m FROM session GROUP BY 1, 2) GROUP BY 1",
                "d",
            )
        ),
        "percentiles per name": Expert(
            top(
                "SELECT name AS k, count(*) AS n, quantile_cont(duration, [0.5, 0.95]) AS q"
                " FROM action GROUP BY 1",
                "q[1], q[2]",
            )
        ),
        "sessions with an action": Expert(
            "SELECT count(DISTINCT session) FROM action WHERE name = 'Payment'"
        ),
        "sessions with one action and without another": Expert(
            top(
                "SELECT country AS k, count(*) AS n FROM session WHERE NOT error AND id IN"
                " (SELECT session FROM action WHERE name = 'Search for trips') AND id NOT IN"
                " (SELECT session FROM action WHERE name = 'Payment') GROUP BY 1",
                "n",
            )
        ),
        "funnel of three": Expert(
            f"SELECT {counts(3)} FROM"
            f" ({_passed(('Search for trips', 'Payment', 'Booking confirmed'))})"
        ),
        "funnel of six": Expert(
            f"SELECT {counts(6)} FROM (SELECT f.*, NOT bounce AS s5 FROM ({_passed(six)}) f"
            " JOIN session ON id = session WHERE type = 'REAL_USER')"
        ),
        "condition": Expert(
            top(
                "SELECT os AS k, count(*) AS n, count(*) FILTER (WHERE crash) AS c,"
                " count(p.session) AS p FROM session LEFT JOIN (SELECT DISTINCT session"
                " FROM action WHERE name = 'Payment') p ON p.session = id GROUP BY 1",
                "n, c, p",
            )
        ),
        "filter": Expert(
            top(
                "SELECT city AS k, count(*) AS n, avg(duration) AS a FROM session GROUP BY 1"
                " HAVING n > 500 AND a > 100000",
                "n, a",
            )
        ),
        "days in UTC": Expert(
            "SELECT strftime(make_date(k::INTEGER), '%Y-%m-%d'), n FROM (SELECT"
            " start // 86400000 AS k, count(*) AS n FROM session GROUP BY 1)"
            " ORDER BY k LIMIT 50"
        ),
        "hours in a zone with clock changes": Expert(
            f"WITH utc AS (SELECT start // {_HOUR} * {_HOUR} AS h, count(*) AS n,"
            " sum(duration) AS t, count(duration) AS m FROM action GROUP BY 1)"
            " SELECT strftime(make_timestamp_ms(h + CASE WHEN h < 1761440400000 THEN 7200000"
            " WHEN h < 1774746000000 THEN 3600000 WHEN h < 1792890000000 THEN 7200000"
            " ELSE 3600000 END), '%Y-%m-%d %H') AS k, sum(n), sum(t) / sum(m) FROM utc"
            " GROUP BY 1 ORDER BY 1 LIMIT 1000"
        ),
        "a property's values": Expert(
            top(
                "SELECT value AS k, count(*) AS n FROM session LEFT JOIN session_text p"
                " ON p.session = id AND key = 'campaign' GROUP BY 1",
                "n",
            )
        ),
        "sums of a property of actions": Expert(
            top(
                "SELECT country AS k, sum(n) AS n, sum(v) AS v FROM (SELECT session,"
                " count(*) AS n FROM action GROUP BY 1) a JOIN session ON id = a.session"
                " LEFT JOIN (SELECT session, sum(value) AS v FROM action_double"
                " WHERE key = 'basketValue' GROUP BY 1) p ON p.session = id GROUP BY 1",
                "v",
            )
        ),
        "leading wildcard": Expert("SELECT count(*) FROM action WHERE contains(name, 'trip')"),
        "names by session": Expert(
            "SELECT k, n FROM (SELECT name AS k, count(*) AS n FROM (SELECT DISTINCT session, name"
            " FROM action WHERE name IS NOT NULL) GROUP BY 1 UNION ALL SELECT NULL, n FROM"
            " (SELECT count(*) AS n FROM session WHERE id NOT IN"
            " (SELECT session FROM action WHERE name IS NOT NULL)) WHERE n > 0)"
            " ORDER BY n DESC, k NULLS LAST LIMIT 50"
        ),
        "average over all actions of sessions": Expert(
            top(
                "SELECT browser AS k, count(*) AS n, sum(t) / sum(m) AS a FROM session"
                " LEFT JOIN (SELECT session, count(duration) AS m, sum(duration) AS t FROM action"
                " GROUP BY 1) a ON a.session = id GROUP BY 1",
                "a, n",
            )
        ),
        "satisfaction per application": Expert(
            pairs(
                "SELECT application AS k0, apdex AS k1, count(*) AS n, avg(duration) AS a"
                " FROM action GROUP BY 1, 2",
                "n, a",
            )
        ),
        "errors by name": Expert(
            pairs("SELECT name AS k0, type AS k1, count(*) AS n FROM error GROUP BY 1, 2", "n")
        ),
    }
