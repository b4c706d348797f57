"""Timelines of sessions, and what preceded what went wrong."""

from __future__ import annotations

from typing import Any

import pytest

import usql
from tests.analysis.plain import random_store, value
from usql.analysis.rules import Rules
from usql.analysis.timeline import timeline, troubles
from usql.errors import UnknownSession


def action(start: int, duration: int | None, name: str, **more: Any) -> dict[str, Any]:
    return {"startTime": start, "duration": duration, "name": name, **more}


def happening(start: int, type_: str, name: str) -> dict[str, Any]:
    return {"startTime": start, "type": type_, "name": name}


VISIT = {
    "userSessionId": "v",
    "startTime": 1000,
    "endTime": 9500,
    "userId": "ann",
    "userExperienceScore": "FRUSTRATED",
    "country": "Chad",
    "userActions": [
        action(5000, 1000, "Search", apdexCategory="TOLERATING", keyUserAction=True),
        action(1000, 2000, "Start", apdexCategory="SATISFIED"),
        action(2500, 1500, "Menu", apdexCategory="SATISFIED"),
        action(9000, 500, "Pay", apdexCategory="FRUSTRATED", requestErrorCount=2),
        action(9800, None, "Help", endTime=9900, apdexCategory="UNKNOWN", hasCrash=True),
    ],
    "events": [happening(5500, "RageClick", "button"), happening(9900, "Crash", "boom")],
    "errors": [happening(5200, "Error", "503"), happening(9900, "Crash", "boom")],
}


def test_order_and_waits() -> None:
    entries = timeline([VISIT])
    assert [(e.kind, e.name) for e in entries] == [
        ("action", "Start"),
        ("action", "Menu"),
        ("action", "Search"),
        ("error", "503"),
        ("event", "button"),
        ("action", "Pay"),
        ("action", "Help"),
        ("event", "boom"),
        ("error", "boom"),
    ]
    # Menu begins while Start goes on; Search waits from 4000, when Menu ended.
    assert [e.wait for e in entries if e.kind == "action"] == [None, 0, 1000, 3000, 300]
    assert [e.since_start for e in entries][:3] == [0, 1500, 4000]
    assert entries[6].duration == 100
    assert [e.name for e in entries if e.key] == ["Search"]
    assert [e.name for e in entries if e.rage] == ["button"]
    assert [(e.kind, e.name) for e in entries if e.crash] == [
        ("action", "Help"),
        ("event", "boom"),
        ("error", "boom"),
    ]
    assert [e.error_count for e in entries if e.kind == "action"] == [0, 0, 0, 2, 0]


def test_what_preceded_errors_crashes_and_rage() -> None:
    entries = timeline([VISIT])
    found = troubles(entries)

    def names(places: tuple[int, ...]) -> list[str | None]:
        return [entries[place].name for place in places]

    told = [
        (t.kind, t.name, names(t.before), t.during and entries[t.during].name,
         t.after and entries[t.after].name)
        for t in found
    ]  # fmt: skip
    assert told == [
        ("error", "503", ["Start", "Menu", "Search"], "Search", "Pay"),
        ("rage", "button", ["Start", "Menu", "Search"], "Search", "Pay"),
        # Nothing tells of the two failed requests of Pay but the action itself.
        ("error", "Pay", ["Start", "Menu", "Search"], "Pay", "Help"),
        # The crash stands among events and errors, and marks the action: it is one crash.
        ("crash", "boom", ["Search", "Pay", "Help"], "Help", None),
    ]


def test_details() -> None:
    with usql.connect() as db:
        db.import_sessions([VISIT, {"userSessionId": "w", "startTime": 5}])
        found = db.session("v")
        assert (found.start_time, found.end_time, found.duration) == (1000, 9500, 8500)
        assert (found.user_id, found.user_experience_score) == ("ann", "FRUSTRATED")
        assert found.satisfaction.apdex == 2.5 / 4
        assert found.satisfaction.unknown == 1
        assert found.parts[0]["country"] == "Chad"
        assert "userActions" not in found.parts[0]
        assert [(a.name, a.count, a.mean_duration) for a in found.actions] == [
            ("Start", 1, 2000),
            ("Menu", 1, 1500),
            ("Search", 1, 1000),
            ("Pay", 1, 500),
            ("Help", 1, 100),
        ]
        assert list(found.tables()) == ["timeline", "troubles", "actions", "session"]
        strict = db.session("v", rules=Rules.of({"apdex": {"satisfied": 400}}))
        # 400 ms satisfy and 1600 are tolerated: Start is too slow, Pay and Help failed.
        assert [e.apdex_category for e in strict.timeline if e.kind == "action"] == [
            *("FRUSTRATED", "TOLERATING", "TOLERATING", "FRUSTRATED", "FRUSTRATED"),
        ]
        # Three of five weights frustrate, by far, with a crash beside.
        assert strict.user_experience_score == "FRUSTRATED"


def test_scores_by_rules() -> None:
    calm = {
        "userSessionId": "c",
        "startTime": 0,
        "userExperienceScore": "TOLERATED",
        "userActions": [action(0, 500, "A", apdexCategory="TOLERATING")],
    }
    with usql.connect() as db:
        db.import_sessions([calm])
        assert db.session("c").user_experience_score == "TOLERATED"
        rules = Rules.of({"apdex": {"satisfied": 500}})
        assert db.session("c", rules=rules).user_experience_score == "SATISFIED"


def test_parts_of_one_session() -> None:
    parts = [
        {"userSessionId": "p", "startTime": 900, "endTime": 950, "partNumber": 1,
         "userActions": [action(900, 50, "B")]},
        {"userSessionId": "p", "startTime": 100, "endTime": 200, "partNumber": 0,
         "userActions": [action(100, 50, "A")]},
    ]  # fmt: skip
    with usql.connect() as db:
        db.import_sessions(parts)
        found = db.session("p")
    assert [(e.name, e.since_start, e.wait) for e in found.timeline] == [
        ("A", 0, None),
        ("B", 800, 750),
    ]
    assert (found.start_time, found.end_time, len(found.parts)) == (100, 950, 2)


def test_no_such_session() -> None:
    with usql.connect() as db:
        db.import_sessions([VISIT])
        for name in ("x", "", "v' OR '' = '", "V"):
            with pytest.raises(UnknownSession):
                db.session(name)
        with pytest.raises(UnknownSession):
            db.session("v", timeframe=(0, 1000))


@pytest.mark.parametrize("seed", range(4))
def test_random_sessions(seed: int) -> None:
    made, found = random_store(seed)
    with usql.connect() as db:
        db.import_sessions(made)
        for name in {value(s, "userSessionId") for s in found}:
            parts = [s for s in found if value(s, "userSessionId") == name]
            details = db.session(name)
            start = min(value(s, "startTime") for s in parts)
            expected = []
            for rank, table in enumerate(("useraction", "userevent", "usererror")):
                for s in parts:
                    for record in s.items[table]:
                        time = value(record, "startTime")
                        time = start if time is None else time
                        expected.append((time, rank, repr(value(record, "name"))))
            ranks = {"action": 0, "event": 1, "error": 2}
            told = [(e.time, ranks[e.kind], repr(e.name)) for e in details.timeline]
            assert [one[:2] for one in told] == sorted(one[:2] for one in expected)
            assert sorted(told) == sorted(expected)
            errors = {
                (e.time, e.name) for e in details.timeline if e.kind == "error" and not e.crash
            }
            assert errors <= {(t.time, t.name) for t in details.troubles if t.kind != "crash"}
