"""Users and extended users, against the same worked out in plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import usql
from tests.analysis.plain import components, random_store, value
from tests.oracle.store import Session
from usql.errors import UnknownUser

FIRST = datetime(1970, 1, 1, tzinfo=UTC)


def total(found: list[Session], name: str) -> int:
    return sum(value(s, name) or 0 for s in found)


def check(details: Any, mine: list[Session], zone: str) -> None:
    """Compare what is told of a user with their sessions."""
    assert details.sessions == len(mine)
    assert details.first_seen == min(value(s, "startTime") for s in mine)
    assert details.last_seen == max(value(s, "endTime") for s in mine)
    assert details.duration == total(mine, "duration")
    assert details.actions == total(mine, "userActionCount")
    assert details.errors == total(mine, "totalErrorCount")
    assert details.rage_clicks == total(mine, "numberOfRageClicks")
    assert details.rage_taps == total(mine, "numberOfRageTaps")
    assert details.error_sessions == sum(value(s, "hasError") is True for s in mine)
    assert details.crash_sessions == sum(value(s, "hasCrash") is True for s in mine)
    assert details.bounces == sum(value(s, "bounce") is True for s in mine)
    assert details.conversions == sum(
        (value(s, "matchingConversionGoalsCount") or 0) > 0 for s in mine
    )
    assert set(details.user_ids) == {value(s, "userId") for s in mine} - {None}
    assert set(details.internal_user_ids) == {value(s, "internalUserId") for s in mine} - {None}
    scores = Counter(value(s, "userExperienceScore") for s in mine)
    assert {s.score: s.sessions for s in details.scores} == scores
    assert all(s.share == s.sessions / len(mine) for s in details.scores)
    devices = Counter(
        (value(s, "device"), value(s, "osFamily"), value(s, "browserFamily")) for s in mine
    )
    assert {
        (d.device, d.os_family, d.browser_family): d.sessions for d in details.devices
    } == devices
    places = Counter((value(s, "country"), value(s, "region"), value(s, "city")) for s in mine)
    assert {(p.country, p.region, p.city): p.sessions for p in details.places} == places
    goals = Counter(goal for s in mine for goal in set(value(s, "matchingConversionGoals") or ()))
    assert {goal.name: goal.sessions for goal in details.goals} == goals
    check_rows(details, mine)
    local = [
        (FIRST + timedelta(milliseconds=value(s, "startTime"))).astimezone(ZoneInfo(zone))
        for s in mine
    ]
    activity = Counter((moment.weekday(), moment.hour) for moment in local)
    assert details.activity == tuple(
        tuple(activity[day, hour] for hour in range(24)) for day in range(7)
    )
    newest = sorted((value(s, "startTime") for s in mine), reverse=True)
    assert [row.start_time for row in details.recent] == newest[:50]


def check_rows(details: Any, mine: list[Session]) -> None:
    """Compare what is told of actions, errors and events."""
    applications: dict[Any, Counter[Any]] = {}
    sessions: dict[Any, set[str]] = {}
    for s in mine:
        for action in s.items["useraction"]:
            name = value(action, "application")
            applications.setdefault(name, Counter())[value(action, "apdexCategory")] += 1
            sessions.setdefault(name, set()).add(value(s, "userSessionId"))
    told = {
        use.application: (use.sessions, use.satisfaction.satisfied, use.satisfaction.frustrated)
        for use in details.applications
    }
    assert told == {
        name: (len(sessions[name]), counts["SATISFIED"], counts["FRUSTRATED"])
        for name, counts in applications.items()
    }
    assert details.satisfaction.satisfied == sum(c["SATISFIED"] for c in applications.values())
    annoyances = Counter(
        (value(e, "type"), value(e, "name")) for s in mine for e in s.items["usererror"]
    ) + Counter(
        (value(e, "type"), value(e, "name"))
        for s in mine
        for e in s.items["userevent"]
        if value(e, "type") in ("RageClick", "RageTap")
    )
    found: Counter[Any] = Counter()
    for one in details.annoyances:
        found[one.type, one.name] += one.count
    assert found == annoyances


@pytest.mark.parametrize("seed", range(4))
def test_users_by_tag_and_by_internal_id(seed: int) -> None:
    made, found = random_store(seed)
    zone = ("Europe/Vienna", "America/New_York", "Asia/Kathmandu", "UTC")[seed % 4]
    with usql.connect() as db:
        db.import_sessions(made)
        names = {value(s, kind) for s in found for kind in ("userId", "internalUserId")} - {None}
        for name in names:
            mine = [s for s in found if name in (value(s, "userId"), value(s, "internalUserId"))]
            check(db.user(name, timezone=zone), mine, zone)


@pytest.mark.parametrize("seed", range(4))
def test_extended_users(seed: int) -> None:
    made, found = random_store(seed)
    with usql.connect() as db:
        db.import_sessions(made)
        for tags, ids in components(found):
            mine = [
                s for s in found if value(s, "userId") in tags or value(s, "internalUserId") in ids
            ]
            for name in sorted(tags | ids)[:3]:
                others = [other for other in components(found) if name in other[0] | other[1]]
                if len(others) == 1:  # one name may be a tag here and an internal id there
                    check(db.user(name, extended=True), mine, "UTC")


def test_a_long_chain_is_followed_to_its_ends() -> None:
    rng = Random(5)
    links = [
        {
            "userSessionId": str(number),
            "startTime": number,
            "userId": f"u{number // 2}",
            "internalUserId": f"i{(number + 1) // 2}",
        }
        for number in range(61)
    ]
    rng.shuffle(links)
    lone = {"userSessionId": "x", "startTime": 0, "userId": "lone", "internalUserId": "i99"}
    with usql.connect() as db:
        db.import_sessions([*links, lone])
        for name in ("u0", "u30", "i7", "i30"):
            found = db.user(name, extended=True)
            assert len(found.user_ids) == 31
            assert len(found.internal_user_ids) == 31
            assert found.sessions == 61
        assert db.user("u7").sessions == 2
        assert db.user("u7").internal_user_ids == ("i7", "i8")
        assert db.user("lone", extended=True).sessions == 1


def test_names_are_looked_for_in_all_data() -> None:
    made = [
        {"userSessionId": "1", "startTime": 100, "userId": "ann", "internalUserId": "7"},
        {"userSessionId": "2", "startTime": 900, "userId": "bea", "internalUserId": "7"},
    ]
    with usql.connect() as db:
        db.import_sessions(made)
        found = db.user("ann", extended=True, timeframe=(500, 1000))
        assert found.sessions == 1
        assert found.user_ids == ("ann", "bea")
        nothing = db.user("ann", timeframe=(500, 1000))
        assert (nothing.sessions, nothing.first_seen, nothing.duration) == (0, None, 0)
        assert nothing.scores == ()


def test_no_such_user() -> None:
    with usql.connect() as db:
        db.import_sessions([{"userSessionId": "1", "startTime": 100, "userId": "ann"}])
        for name in ("bob", "", "ann' OR '' = '", "Ann"):
            with pytest.raises(UnknownUser):
                db.user(name)


def test_the_queries_behind_it_run_by_themselves() -> None:
    with usql.connect() as db:
        db.import_sessions([{"userSessionId": "1", "startTime": 100, "userId": "it's"}])
        found = db.user("it's", extended=True)
        assert len(found.questions) >= 10
        for question in found.questions:
            db.query(question.query, question.params)
