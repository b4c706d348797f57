"""The demo data: the same on every run, true to the catalogue, and with something in it to find."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib.resources import files
from itertools import islice, pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from usql import demo
from usql.demo.clock import PERIOD_END, PERIOD_START

Record = dict[str, Any]

HOUR = 3_600_000
DAY = 24 * HOUR
NESTED = {"userActions": "useraction", "events": "userevent", "errors": "usererror"}
FUNNEL = (
    "Search for trips",
    "Select trip",
    "Enter traveller details",
    "Payment",
    "Booking confirmed",
)
DIGEST_OF_300 = "02e8f6fc74a43760"
"""Of the file that 300 sessions make; it changes with every change of the data, and only then."""


def _catalogue() -> dict[str, dict[str, Record]]:
    text = files("usql").joinpath("fields.csv").read_text("utf-8")
    tables: dict[str, dict[str, Record]] = defaultdict(dict)
    for row in csv.DictReader(text.splitlines()):
        tables[row["table"]][row["field"]] = row
    return tables


CATALOGUE = _catalogue()


@pytest.fixture(scope="module")
def few() -> list[Record]:
    return list(demo.generate(400, seed=7))


@pytest.fixture(scope="module")
def many() -> list[Record]:
    return list(demo.generate())


def _rows(sessions: list[Record]) -> Iterator[tuple[str, Record]]:
    """Yield each record with the name of its table, sessions included."""
    for session in sessions:
        yield "usersession", session
        for key, table in NESTED.items():
            for record in session[key]:
                yield table, record


def _actions(sessions: list[Record]) -> Iterator[tuple[Record, Record]]:
    for session in sessions:
        for action in session["userActions"]:
            yield session, action


def _real(sessions: list[Record]) -> list[Record]:
    return [session for session in sessions if session["userType"] == "REAL_USER"]


def _property(record: Record, key: str) -> Any:
    lists = (record.get(f"{kind}Properties", []) for kind in ("string", "long", "double", "date"))
    return next((entry["value"] for some in lists for entry in some if entry["key"] == key), None)


# --- The same data, always ----------------------------------------------------------------------


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_bytes_are_the_same_in_every_process(hash_seed: str, tmp_path: Path) -> None:
    path = tmp_path / "demo.ndjson"
    script = (
        "import sys, pathlib; from usql import demo;demo.write(pathlib.Path(sys.argv[1]), 300, 1)"
    )
    root = str(Path(demo.__file__).parents[2])
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": root}
    subprocess.run([sys.executable, "-c", script, str(path)], check=True, env=environment)
    assert hashlib.sha256(path.read_bytes()).hexdigest()[:16] == DIGEST_OF_300


def test_another_seed_gives_other_data() -> None:
    first, second = (list(demo.generate(20, seed)) for seed in (1, 2))
    assert first != second
    assert not {s["userSessionId"] for s in first} & {s["userSessionId"] for s in second}


@pytest.mark.parametrize("count", [0, 1, 57])
def test_as_many_sessions_as_asked_and_fewer_are_the_first_of_more(
    count: int, few: list[Record]
) -> None:
    assert list(demo.generate(count, seed=7)) == few[:count]


def test_sessions_are_made_one_at_a_time() -> None:
    assert len(list(islice(demo.generate(10**12), 3))) == 3


def test_a_file_holds_a_session_a_line(tmp_path: Path) -> None:
    path = tmp_path / "demo.ndjson"
    demo.write(path, 30, 3)
    text = path.read_text("utf-8")
    assert text.endswith("}\n")
    assert [json.loads(line) for line in text.splitlines()] == list(demo.generate(30, 3))


def test_a_compressed_file_is_the_same_whatever_its_name(tmp_path: Path) -> None:
    plain, one, two = (tmp_path / name for name in ("a.ndjson", "b.ndjson.gz", "c.gz"))
    for path in (plain, one, two):
        demo.write(path, 30, 3)
    assert one.read_bytes() == two.read_bytes()
    assert one.read_bytes()[4:8] == b"\0\0\0\0"
    assert gzip.decompress(one.read_bytes()) == plain.read_bytes()


# --- True to the catalogue ----------------------------------------------------------------------


def test_fields_are_in_the_catalogue_and_in_its_order(few: list[Record]) -> None:
    for table, record in _rows(few):
        known = [name for name in CATALOGUE[table] if name in record]
        assert list(record) == known


def test_most_fields_of_the_catalogue_occur(many: list[Record]) -> None:
    seen = {(table, name) for table, record in _rows(many) for name in record}
    fields = {
        (table, name)
        for table, rows in CATALOGUE.items()
        for name, row in rows.items()
        if not row["status"]
    }
    missing = {("usersession", "partNumber"), ("userevent", "metadata")}
    assert fields - seen == missing


def test_enums_keep_to_their_closed_lists(many: list[Record]) -> None:
    for table, record in _rows(many):
        for name, value in record.items():
            values = CATALOGUE[table][name]["values"]
            assert not values or value in values.split("|"), (table, name, value)


TYPES = {
    "string": str,
    "enum": str,
    "ip": str,
    "boolean": bool,
    "long": int,
    "date": int,
    "double": float,
}


def test_values_have_the_types_of_their_fields(few: list[Record]) -> None:
    for table, record in _rows(few):
        for name, value in record.items():
            kind = CATALOGUE[table][name]["type"]
            if kind == "string[]":
                assert all(type(item) is str for item in value)
            elif listed := re.fullmatch(r"properties<(\w+)>", kind):
                assert value
                assert all(list(entry) == ["key", "value"] for entry in value)
                assert all(type(entry["value"]) is TYPES[listed[1]] for entry in value)
            elif kind == "nested":
                assert type(value) is list
            else:
                assert type(value) is TYPES[kind], (table, name, value)


def test_identities_are_unique(many: list[Record]) -> None:
    assert len({session["userSessionId"] for session in many}) == len(many)
    assert {session["tenantId"] for session in many} == {"tpf48213"}


# --- Sessions that add up -----------------------------------------------------------------------


def test_times_are_within_the_period_and_within_the_session(many: list[Record]) -> None:
    for session in many:
        start, end = session["startTime"], session["endTime"]
        assert PERIOD_START <= start <= end <= PERIOD_END
        assert session["duration"] == end - start
        actions = session["userActions"]
        if actions:
            assert (actions[0]["startTime"], actions[-1]["endTime"]) == (start, end)
        for before, after in pairwise(actions):
            assert before["endTime"] < after["startTime"]
        for record in (*session["events"], *session["errors"]):
            assert start <= record["startTime"] <= end
        for records in (session["events"], session["errors"]):
            times = [record["startTime"] for record in records]
            assert times == sorted(times)


def test_a_session_still_running_at_the_end_of_the_period_is_left_out() -> None:
    # The 32nd session of this seed would have ended after midnight.
    assert all(s["endTime"] <= PERIOD_END for s in demo.generate(60, seed=88))


def test_counts_are_those_of_the_records(many: list[Record]) -> None:
    for session in many:
        actions, errors = session["userActions"], session["errors"]
        events = Counter(event["type"] for event in session["events"])
        assert session["userActionCount"] == len(actions)
        assert session["bounce"] is (len(actions) <= 1)
        assert session["totalErrorCount"] == len(errors)
        assert session["hasError"] is bool(errors)
        counted = sum(
            action[f"{kind}ErrorCount"]
            for action in actions
            for kind in ("request", "javascript", "custom")
        )
        crashes = sum(error["type"] == "Crash" for error in errors)
        assert counted + crashes == len(errors)
        assert crashes == events["Crash"] == session["hasCrash"]
        assert ("crashGroupId" in session) is session["hasCrash"]
        assert session.get("numberOfRageClicks", 0) == events["RageClick"]
        assert session.get("numberOfRageTaps", 0) == events["RageTap"]
        goals = {goal for action in actions for goal in action.get("matchingConversionGoals", [])}
        assert set(session["matchingConversionGoals"]) == goals
        assert session["matchingConversionGoalsCount"] == len(goals)


def test_a_crash_is_the_last_thing_that_happens(many: list[Record]) -> None:
    crashed = [session for session in many if session["hasCrash"]]
    assert len(crashed) > 10
    for session in crashed:
        assert session["applicationType"] == "MOBILE_APPLICATION"
        assert session["errors"][-1]["startTime"] == session["endTime"]
        assert session["userExperienceScore"] == "FRUSTRATED"
        assert [a["hasCrash"] for a in session["userActions"]][:-1].count(True) == 0


def test_an_action_has_the_length_and_the_properties_it_says(many: list[Record]) -> None:
    for _, action in _actions(many):
        assert action["duration"] == action["endTime"] - action["startTime"] > 0
        assert action["keyUserAction"] is ("internalKeyUserActionId" in action)
        lists = (
            action.get(f"{kind}Properties", ()) for kind in ("string", "long", "double", "date")
        )
        assert action["userActionPropertyCount"] == sum(map(len, lists))


def test_web_timings_add_up(few: list[Record]) -> None:
    loads = 0
    for session, action in _actions(few):
        if session["applicationType"] != "WEB_APPLICATION":
            assert not {"serverTime", "networkTime", "targetUrl", "domain"} & action.keys()
            continue
        parts = [action[name] for name in ("networkTime", "serverTime", "frontendTime")]
        assert min(parts) >= 0
        assert sum(parts) == action["duration"]
        moments = ["requestStart", "responseStart", "responseEnd"]
        if action["type"] == "Load":
            loads += 1
            moments += ["documentInteractiveTime", "domContentLoadedTime", "domCompleteTime"]
            moments += ["loadEventStart", "loadEventEnd"]
            assert action["speedIndex"] <= action["visuallyCompleteTime"] <= action["duration"]
            assert action.get("largestContentfulPaint", 0) <= action["visuallyCompleteTime"]
        else:
            assert "domCompleteTime" not in action
        times = [action[name] for name in moments]
        assert times == sorted(times)
        assert times[-1] <= action["duration"] + 1
        for kind in ("cdn", "firstParty", "thirdParty"):
            assert (f"{kind}BusyTime" in action) is (action[f"{kind}Resources"] > 0)
            assert action.get(f"{kind}BusyTime", 0) <= action["duration"]
    assert loads > 100


def test_the_experience_score_follows_from_the_actions(many: list[Record]) -> None:
    for session in many:
        apdex = Counter(action["apdexCategory"] for action in session["userActions"])
        rages = session.get("numberOfRageClicks", 0) + session.get("numberOfRageTaps", 0)
        trouble = session["totalErrorCount"] + 2 * rages + 5000 * session["hasCrash"]
        frustrated = 3 * apdex["FRUSTRATED"] + trouble
        total = 3 * (apdex["SATISFIED"] + apdex["TOLERATING"]) + frustrated
        if not total:
            score = "UNDEFINED"
        elif frustrated / total > 0.3:
            score = "FRUSTRATED"
        elif not frustrated and apdex["SATISFIED"] * 3 / total >= 0.5:
            score = "SATISFIED"
        else:
            score = "TOLERATED"
        assert session["userExperienceScore"] == score


def test_fields_are_null_where_the_platform_has_none(many: list[Record]) -> None:
    for session in many:
        kind = session["applicationType"]
        is_desktop = session.get("browserType") == "Desktop Browser"
        assert ("browserFamily" in session) is (kind == "WEB_APPLICATION")
        assert ("rootedOrJailbroken" in session) is (kind == "MOBILE_APPLICATION")
        assert ("appVersion" in session) is (kind != "WEB_APPLICATION")
        assert not (is_desktop and "device" in session)
        assert ("browserMonitorId" in session) is (session["userType"] == "SYNTHETIC")
        landscape = session["screenWidth"] > session["screenHeight"]
        assert session["screenOrientation"] == ("LANDSCAPE" if landscape else "PORTRAIT")
        assert session["hasSessionReplay"] is ("replayStart" in session)
        gaps = {"reasonForNoSessionReplay", "reasonForNoSessionReplayMobile"} & session.keys()
        expected = not session["hasSessionReplay"] and kind != "CUSTOM_APPLICATION"
        assert len(gaps) == expected


def test_a_size_of_screen_has_one_resolution(many: list[Record]) -> None:
    named = {
        (*sorted((session["screenWidth"], session["screenHeight"])), session["displayResolution"])
        for session in many
    }
    assert len(named) == len({size[:2] for size in named}) > 10


# --- Something to find --------------------------------------------------------------------------


def test_sessions_have_eight_to_ten_actions_and_some_have_many(many: list[Record]) -> None:
    counts = [session["userActionCount"] for session in many]
    assert 8 <= sum(counts) / len(counts) <= 10
    assert sum(count > 40 for count in counts) > 10
    assert 0 < counts.count(0) < 60


def test_every_kind_of_visitor_comes(many: list[Record]) -> None:
    kinds = Counter((session["applicationType"], session["userType"]) for session in many)
    assert set(kinds) == {
        ("WEB_APPLICATION", "REAL_USER"),
        ("WEB_APPLICATION", "SYNTHETIC"),
        ("WEB_APPLICATION", "ROBOT"),
        ("MOBILE_APPLICATION", "REAL_USER"),
        ("CUSTOM_APPLICATION", "REAL_USER"),
    }
    assert min(kinds.values()) > 50
    assert len({action["application"] for _, action in _actions(many)}) == 4
    assert len({session["country"] for session in many}) == 12
    assert {"Zürich", "Köln", "Linz"} <= {session.get("city") for session in many}


def test_users_come_back_and_are_new_but_once(many: list[Record]) -> None:
    visits: dict[str, list[Record]] = defaultdict(list)
    for session in many:
        visits[session["internalUserId"]].append(session)
    counts = sorted(len(own) for own in visits.values())
    assert counts[len(counts) // 2] == 1
    assert counts[-1] >= 25
    assert sum(count > 1 for count in counts) > len(counts) / 5
    for own in visits.values():
        own.sort(key=lambda session: session["startTime"])
        assert not any(session["newUser"] for session in own[1:])
        assert all(one["endTime"] < two["startTime"] for one, two in pairwise(own))
        assert len({session["userId"] for session in own if "userId" in session}) <= 1
    assert 0.1 < sum(session["newUser"] for session in many) / len(many) < 0.5


def test_some_users_are_known_by_name_and_on_two_devices(many: list[Record]) -> None:
    named = [session for session in many if "userId" in session]
    assert 0.25 < len(named) / len(many) < 0.6
    clients: dict[str, set[str]] = defaultdict(set)
    for session in named:
        clients[session["userId"]].add(session["internalUserId"])
        tags = [event["name"] for event in session["events"] if event["type"] == "UserTag"]
        assert tags == [session["userId"]]
    assert Counter(map(len, clients.values())).keys() == {1, 2}


def test_the_funnel_loses_people_at_each_step(many: list[Record]) -> None:
    names = [{action["name"] for action in session["userActions"]} for session in _real(many)]
    reached = [sum(set(FUNNEL[:end]) <= done for done in names) for end in range(1, 6)]
    assert reached[-1] > 200
    for before, after in pairwise([len(names), *reached]):
        assert after < 0.97 * before


def test_the_week_peaks_on_sunday_and_the_night_is_quiet(many: list[Record]) -> None:
    days: Counter[int] = Counter()
    hours: Counter[int] = Counter()
    for session in _real(many):
        is_leisure = session["applicationType"] != "CUSTOM_APPLICATION"
        if is_leisure and session["country"] in ("Austria", "Germany", "Switzerland"):
            local = session["startTime"] + HOUR - PERIOD_START
            days[local // DAY % 7] += 1
            hours[local // HOUR % 24] += 1
    sunday = days.pop(6)
    assert sunday > 1.1 * max(days.values())
    assert sunday > 1.3 * sum(days.values()) / 6
    assert sum(hours[hour] for hour in (19, 20, 21)) > 8 * sum(hours[hour] for hour in (2, 3, 4))


def test_the_rhythm_is_that_of_the_visitor(many: list[Record]) -> None:
    evenings = Counter(
        (session["startTime"] - 8 * HOUR) // HOUR % 24 in range(17, 23)
        for session in _real(many)
        if session.get("city") == "Los Angeles"
    )
    assert evenings[True] / evenings.total() > 0.35


def test_payment_is_slow_in_the_evening_of_vienna(many: list[Record]) -> None:
    durations: dict[bool, list[int]] = defaultdict(list)
    for _, action in _actions(many):
        if action["name"] == "Payment":
            durations[(action["startTime"] + HOUR) // HOUR % 24 in range(18, 22)].append(
                action["duration"]
            )
    assert median(durations[True]) > 2 * median(durations[False])


def test_one_version_of_one_app_crashes_in_the_sixth_week(many: list[Record]) -> None:
    crashes: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    weeks = set()
    for session in many:
        if session["applicationType"] == "MOBILE_APPLICATION":
            is_bad = session["appVersion"] == "5.8.0"
            crashes[session["osFamily"], is_bad].append(session["hasCrash"])
            if is_bad and session["osFamily"] == "Android":
                weeks.add((session["startTime"] - PERIOD_START) // (7 * DAY))
    rate = {key: sum(values) / len(values) for key, values in crashes.items()}
    assert rate["Android", True] > 0.15
    assert max(rate["Android", False], rate["iOS", True], rate["iOS", False]) < 0.03
    assert 5 in weeks
    assert min(weeks) == 5


def test_properties_are_of_every_type(many: list[Record]) -> None:
    booked = [s for s in many if "Booking" in s["matchingConversionGoals"]]
    assert all(_property(s, "basketValue") > 0 for s in booked)
    assert all(1 <= _property(s, "basketItems") <= 6 for s in booked)
    assert all(_property(s, "departure") > s["startTime"] for s in booked)
    levels = {_property(session, "loyalty level") for session in many}
    assert levels == {None, "Bronze", "Silver", "Gold"}
    assert {"EUR", "CHF", "GBP"} <= {_property(session, "währung") for session in many}


# --- Queries ------------------------------------------------------------------------------------


def test_five_queries_of_which_one_is_a_funnel() -> None:
    assert len({query.title for query in demo.QUERIES}) == 5
    assert sum("FUNNEL(" in query.text for query in demo.QUERIES) == 1


@pytest.mark.parametrize("query", demo.QUERIES, ids=lambda query: query.title)
def test_a_query_asks_for_values_that_occur(query: demo.DemoQuery, many: list[Record]) -> None:
    formats = {"HH", "yyyy-MM-dd", "week"}
    asked = set(re.findall(r"'([^']*)'", query.text)) - formats
    occurring = {
        item
        for _, record in _rows(many)
        for value in record.values()
        for item in (value if isinstance(value, list) else [value])
        if isinstance(item, str)
    }
    assert asked <= occurring


def test_what_to_type_next_names_the_store() -> None:
    assert demo.NEXT
    assert all("{store}" in line for line in demo.NEXT)
    assert not any("{" in line.replace("{store}", "demo.db") for line in demo.NEXT)
