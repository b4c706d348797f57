"""The questions that engines are measured by: what analysts ask of sessions, one of each kind."""

from __future__ import annotations

from typing import NamedTuple


class Question(NamedTuple):
    """A query to be timed, by a short name; local time is that of ``zone``."""

    name: str
    text: str
    zone: str = "UTC"


QUESTIONS = (
    Question("newest sessions", "SELECT userId, country, duration FROM usersession LIMIT 50"),
    Question(
        "newest sessions with their actions",
        "SELECT userSessionId, useraction.name, useraction.duration FROM usersession LIMIT 50",
    ),
    Question("whole sessions", "SELECT JSON FROM usersession LIMIT 50"),
    Question(
        "one user",
        "SELECT startTime, useraction.name FROM usersession"
        " WHERE userId = 'paul.kowalska158@mail.example'",
    ),
    Question(
        "slowest actions",
        "SELECT name, duration, usersession.userId FROM useraction ORDER BY duration DESC LIMIT 20",
    ),
    Question("low cardinality", "SELECT country, COUNT(*) FROM usersession GROUP BY country"),
    Question(
        "high cardinality", "SELECT userId, COUNT(*) AS n FROM usersession GROUP BY userId LIMIT 50"
    ),
    Question(
        "average per name", "SELECT name, COUNT(*), AVG(duration) FROM useraction GROUP BY name"
    ),
    Question(
        "average per country of the session",
        "SELECT usersession.country, AVG(duration) FROM useraction GROUP BY usersession.country",
    ),
    Question("top", "SELECT TOP(city, 10), COUNT(*) FROM usersession GROUP BY city"),
    Question(
        "nested top",
        "SELECT TOP(country, 20), TOP(city, 3), COUNT(*) FROM usersession GROUP BY country, city",
    ),
    Question(
        "distinct users per country",
        "SELECT country, COUNT(DISTINCT internalUserId) FROM usersession GROUP BY country",
    ),
    Question(
        "percentiles per name",
        "SELECT name, MEDIAN(duration), PERCENTILE(duration, 95) FROM useraction GROUP BY name",
    ),
    Question(
        "sessions with an action",
        "SELECT COUNT(*) FROM usersession WHERE useraction.name = 'Payment'",
    ),
    Question(
        "sessions with one action and without another",
        "SELECT country, COUNT(*) FROM usersession WHERE useraction.name = 'Search for trips'"
        " AND useraction.name != 'Payment' AND hasError = false GROUP BY country",
    ),
    Question(
        "funnel of three",
        "SELECT FUNNEL(useraction.name = 'Search for trips', useraction.name = 'Payment',"
        " useraction.name = 'Booking confirmed') FROM usersession",
    ),
    Question(
        "funnel of six",
        "SELECT FUNNEL(useraction.name = 'Search for trips', useraction.name = 'Select trip',"
        " useraction.name = 'Enter traveller details', useraction.name = 'Payment',"
        " useraction.name = 'Booking confirmed', bounce = false) FROM usersession"
        " WHERE userType = 'REAL_USER'",
    ),
    Question(
        "condition",
        "SELECT osFamily, COUNT(*), CONDITION(COUNT(*), WHERE hasCrash = true),"
        " CONDITION(COUNT(*), WHERE useraction.name = 'Payment') FROM usersession"
        " GROUP BY osFamily",
    ),
    Question(
        "filter",
        "SELECT city, COUNT(*) FILTER > 500 AS n, AVG(duration) FILTER > 100000"
        " FROM usersession GROUP BY city",
    ),
    Question(
        "days in UTC",
        "SELECT DATETIME(startTime, 'yyyy-MM-dd'), COUNT(*) FROM usersession"
        " GROUP BY DATETIME(startTime, 'yyyy-MM-dd')",
    ),
    Question(
        "hours in a zone with clock changes",
        "SELECT DATETIME(startTime, 'yyyy-MM-dd HH', 'hour') AS hour, COUNT(*), AVG(duration)"
        " FROM useraction GROUP BY hour LIMIT 1000",
        "Europe/Vienna",
    ),
    Question(
        "a property's values",
        "SELECT stringProperties.campaign, COUNT(*) FROM usersession"
        " GROUP BY stringProperties.campaign",
    ),
    Question(
        "sums of a property of actions",
        "SELECT usersession.country, SUM(doubleProperties.basketValue) FROM useraction"
        " GROUP BY usersession.country",
    ),
    Question("leading wildcard", "SELECT COUNT(*) FROM useraction WHERE name LIKE '%trip%'"),
    Question(
        "names by session",
        "SELECT useraction.name, COUNT(*) FROM usersession GROUP BY useraction.name",
    ),
    Question(
        "average over all actions of sessions",
        "SELECT browserFamily, AVG(useraction.duration), COUNT(*) FROM usersession"
        " GROUP BY browserFamily",
    ),
    Question(
        "satisfaction per application",
        "SELECT application, apdexCategory, COUNT(*), AVG(duration) FROM useraction"
        " GROUP BY application, apdexCategory",
    ),
    Question(
        "errors by name",
        "SELECT name, type, COUNT(*) FROM usererror GROUP BY name, type",
    ),
)
