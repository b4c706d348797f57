"""Queries worth running on the demo data, and what to type next."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoQuery:
    """A query worth running on the demo data, with what it shows."""

    title: str
    text: str


QUERIES = (
    DemoQuery(
        "One row per session: the six biggest countries, and the top three cities of each",
        "SELECT TOP(country, 6) AS country, COUNT(*) AS sessions,\n"
        "       COUNT(DISTINCT internalUserId) AS visitors,\n"
        "       AVG(userActionCount) AS actions, TOP(city, 3) AS cities\n"
        "FROM usersession\n"
        "WHERE userType = 'REAL_USER'\n"
        "GROUP BY TOP(country, 6)",
    ),
    DemoQuery(
        "One row per action: the slowest twentieth of the actions that matter",
        "SELECT name, COUNT(*) AS times, MEDIAN(duration) AS median,\n"
        "       PERCENTILE(duration, 95) AS p95\n"
        "FROM useraction\n"
        "WHERE keyUserAction = true AND usersession.userType = 'REAL_USER'\n"
        "GROUP BY name\n"
        "ORDER BY p95 DESC",
    ),
    DemoQuery(
        "A funnel: how many sessions get from a search to a booking",
        "SELECT FUNNEL(useraction.name = 'Search for trips' AS Search,\n"
        "              useraction.name = 'Select trip' AS Trip,\n"
        "              useraction.name = 'Enter traveller details' AS Details,\n"
        "              useraction.name = 'Payment' AS Payment,\n"
        "              useraction.name = 'Booking confirmed' AS Booked)\n"
        "FROM usersession\n"
        "WHERE userType = 'REAL_USER'",
    ),
    DemoQuery(
        "By the hour: payment is slow in the evening (give a time zone to see local hours)",
        "SELECT DATETIME(startTime, 'HH') AS hour, COUNT(*) AS payments,\n"
        "       MEDIAN(duration) AS median,\n"
        "       CONDITION(COUNT(*), WHERE requestErrorCount > 0) AS failed\n"
        "FROM useraction\n"
        "WHERE name = 'Payment'\n"
        "GROUP BY hour\n"
        "ORDER BY hour",
    ),
    DemoQuery(
        "By the week, with CONDITION: an Android release that crashes, and what it costs",
        "SELECT DATETIME(startTime, 'yyyy-MM-dd', 'week') AS week, COUNT(*) AS sessions,\n"
        "       CONDITION(COUNT(*), WHERE appVersion = '5.8.0') AS \"on 5.8.0\",\n"
        "       CONDITION(COUNT(*), WHERE hasCrash = true) AS crashed,\n"
        "       CONDITION(COUNT(*), WHERE matchingConversionGoals = 'Booking') AS booked\n"
        "FROM usersession\n"
        "WHERE applicationType = 'MOBILE_APPLICATION' AND osFamily = 'Android'\n"
        "GROUP BY week\n"
        "ORDER BY week",
    ),
)
"""Five queries that each show something of the data, and of the language."""

NEXT = (
    "usql {store}   # the shell: suggestions with Tab, .help, .chart",
    "usql query {store} --timezone Europe/Vienna"
    " \"SELECT DATETIME(startTime, 'E'), COUNT(*) FROM usersession\"",
    'usql query {store} "SELECT DISTINCT stringProperties.campaign, COUNT(*) FROM usersession"',
    'usql explain {store} "SELECT TOP(name, 5), AVG(duration) FROM useraction GROUP BY name"',
)
"""What to type next; `{store}` stands for the path of the store."""
