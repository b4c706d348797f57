"""Apdex and scores by dimensions, against the same worked out in plain Python."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import usql
from tests.analysis.plain import apdex_counts, failed, random_store, score, value
from usql.analysis.rules import Rules
from usql.errors import UnknownName, UsqlError, WrongStructure


def four(satisfaction: Any) -> tuple[int, int, int, int]:
    s = satisfaction
    return s.satisfied, s.tolerating, s.frustrated, s.unknown


@pytest.mark.parametrize("seed", range(4))
def test_apdex_by_dimensions(seed: int) -> None:
    made, found = random_store(seed)
    dimensions = {
        "application": lambda session, action: (value(action, "application"),),
        "action": lambda session, action: (value(action, "name"),),
        "country": lambda session, action: (value(session, "country"),),
        "browser": lambda session, action: (value(session, "browserFamily"),),
        "usersession.bounce": lambda session, action: (value(session, "bounce"),),
    }
    with usql.connect() as db:
        db.import_sessions(made)
        for by, key in dimensions.items():
            report = db.apdex(by, limit=None)
            expected = apdex_counts(found, key)
            assert {row.key: four(row.satisfaction) for row in report.rows} == expected, by
            whole = tuple(map(sum, zip(*expected.values(), strict=True))) or (0, 0, 0, 0)
            assert four(report.total.satisfaction) == whole
            for row in report.rows:
                satisfied, tolerating, frustrated, _ = expected[row.key]
                number = satisfied + tolerating + frustrated
                wanted = (satisfied + tolerating / 2) / number if number else None
                assert row.satisfaction.apdex == wanted
                assert row.satisfaction.samples == number


@pytest.mark.parametrize("seed", range(4))
def test_apdex_by_rules_two_dimensions_and_conditions(seed: int) -> None:
    made, found = random_store(seed)
    rules = Rules.of({"apdex": {"satisfied": 400, "tolerated": 1200}})

    def category(action: Any) -> str | None:
        return rules.category(None, None, value(action, "duration"), failed=failed(action))

    def key(session: Any, action: Any) -> tuple[Any, ...]:
        return value(action, "application"), value(session, "userType")

    with usql.connect() as db:
        db.import_sessions(made)
        report = db.apdex(
            ["application", "user-type"],
            "bounce = false or userType = 'ROBOT'",
            actions="keyUserAction = true",
            rules=rules,
            limit=None,
        )
    chosen = [s for s in found if value(s, "bounce") is False or value(s, "userType") == "ROBOT"]
    expected = {}
    for session in chosen:
        items = {
            "useraction": [a for a in session.items["useraction"] if value(a, "keyUserAction")]
        }
        kept = type(session)(session.raw, session.cells, items)
        for one, counts in apdex_counts([kept], key, category).items():
            expected[one] = tuple(
                map(sum, zip(expected.get(one, (0, 0, 0, 0)), counts, strict=True))
            )
    assert {row.key: four(row.satisfaction) for row in report.rows} == expected


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "condition",
    [
        "useraction.duration > 400",
        "NOT useraction.name IS NULL AND (bounce = false OR userevent.name IS NOT NULL)",
        "NOT (usererror.type = 'Crash' OR useraction.duration > 100)",
    ],
)
def test_sessions_chosen_by_what_happened_in_them(seed: int, condition: str) -> None:
    made, found = random_store(seed)

    def some(session: Any, table: str, field: str, test: Any) -> bool:
        values = (value(row, field) for row in session.items[table])
        return any(v is not None and test(v) for v in values)

    def chosen(session: Any) -> bool:
        match condition[0:5]:
            case "usera":
                return some(session, "useraction", "duration", lambda v: v > 400)
            case "NOT u":
                return some(session, "useraction", "name", lambda _: True) and (
                    value(session, "bounce") is False
                    or some(session, "userevent", "name", lambda _: True)
                )
            case _:
                return not (
                    some(session, "usererror", "type", lambda v: v == "Crash")
                    or some(session, "useraction", "duration", lambda v: v > 100)
                )

    kept = [session for session in found if chosen(session)]
    expected = apdex_counts(kept, lambda session, action: (value(action, "application"),))
    rules = Rules.of({"apdex": {"satisfied": 400, "tolerated": 1200}})
    with usql.connect() as db:
        db.import_sessions(made)
        report = db.apdex("application", condition, limit=None)
        by_rules = db.scores((), condition, rules=rules)
        every = db.scores((), rules=rules)
        others = db.scores((), f"NOT ({condition})", rules=rules)
    assert {row.key: four(row.satisfaction) for row in report.rows} == expected
    assert [q.segments for q in report.questions] != [{}]
    assert by_rules.total.scores.sessions == len(kept)
    halves = by_rules.total.scores.frustrated + others.total.scores.frustrated
    assert halves == every.total.scores.frustrated


def test_a_segment_of_the_name_that_conditions_get() -> None:
    made = [
        {
            "userSessionId": name,
            "startTime": 0,
            "country": country,
            "userActions": [{"startTime": 0, "name": name, "apdexCategory": "SATISFIED"}],
        }
        for name, country in (("a", "Chad"), ("b", "Chad"), ("c", "Peru"))
    ]
    with usql.connect() as db:
        db.import_sessions(made)
        db.segments.add("chosen", "Country: Chad")
        report = db.apdex((), "IN SEGMENT \"chosen\" AND useraction.name != 'a'")
    assert report.total.satisfaction.samples == 1


def test_comparisons() -> None:
    def session(number: int, start: int, country: str, categories: str) -> dict[str, Any]:
        names = {"S": "SATISFIED", "T": "TOLERATING", "F": "FRUSTRATED"}
        actions = [{"startTime": start, "apdexCategory": names[c], "name": c} for c in categories]
        return {
            "userSessionId": str(number),
            "startTime": start,
            "country": country,
            "userActions": actions,
        }

    with usql.connect() as db:
        db.import_sessions(
            [
                session(1, 1000, "Chad", "SSSF"),
                session(2, 2000, "Chad", "SF"),
                session(3, 2000, "Peru", "TT"),
            ]
        )
        report = db.apdex("country", timeframe=(2000, 3000), against_timeframe=(1000, 2000))
        by_key = {row.key: row for row in report.rows}
        assert by_key["Chad",].satisfaction.apdex == 0.5
        assert by_key["Chad",].against is not None
        assert by_key["Chad",].against.apdex == 0.75
        assert by_key["Chad",].change == -0.25
        assert by_key["Peru",].change is None
        assert report.total.change == -0.25
        other = db.apdex("country", "country = 'Peru'", against="country = 'Chad'")
        assert [(row.key, row.satisfaction.samples) for row in other.rows] == [
            (("Peru",), 2),
            (("Chad",), 0),
        ]
        assert other.total.against is not None
        assert other.total.against.apdex == 4 / 6
        assert [q.timeframe for q in report.questions] == [(2000, 3000), (1000, 2000)]


def test_times_come_in_their_order_and_all_of_them() -> None:
    day = 86_400_000
    thursday = 0  # 1970-01-01
    starts = [thursday + n * day for n in (4, 0, 2, 5)]  # Mon Thu Sat Tue
    made = [
        {
            "userSessionId": str(start),
            "startTime": start,
            "userActions": [{"startTime": start, "apdexCategory": "SATISFIED"}],
        }
        for start in starts
    ]
    with usql.connect() as db:
        db.import_sessions(made)
        assert [row.key[0] for row in db.apdex("weekday", limit=1).rows] == [
            *("Mon", "Tue", "Thu", "Sat"),
        ]
        days = [row.key[0] for row in db.apdex("day", limit=1).rows]
        assert days == ["1970-01-01", "1970-01-03", "1970-01-05", "1970-01-06"]
        assert [row.key[0] for row in db.scores("weekday", limit=1).rows] == [
            *("Mon", "Tue", "Thu", "Sat"),
        ]


def test_the_largest_groups_and_the_whole() -> None:
    made = [
        {
            "userSessionId": name,
            "startTime": 0,
            "userActions": [{"startTime": 0, "name": name, "apdexCategory": "SATISFIED"}] * count,
        }
        for name, count in (("a", 1), ("b", 3), ("c", 2))
    ]
    with usql.connect() as db:
        db.import_sessions(made)
        report = db.apdex("action", limit=2)
    assert [row.key for row in report.rows] == [("b",), ("c",)]
    assert report.total.satisfaction.samples == 6
    assert report.notes == ("the 2 largest of 3 groups are listed",)


@pytest.mark.parametrize("seed", range(4))
def test_scores(seed: int) -> None:
    made, found = random_store(seed)

    def plain(rules: Rules | None) -> tuple[dict[Any, Counter[Any]], Counter[Any]]:
        groups: dict[Any, Counter[Any]] = {}
        whole: Counter[Any] = Counter()
        for session in found:
            name = value(session, "userExperienceScore")
            if rules is not None:
                counts: Counter[Any] = Counter(
                    rules.category(None, None, value(a, "duration"), failed=failed(a))
                    for a in session.items["useraction"]
                )
                name = score(
                    counts["SATISFIED"], counts["TOLERATING"], counts["FRUSTRATED"], session
                )
            whole[name] += 1
            apps = {value(a, "application") for a in session.items["useraction"]} - {None}
            for application in apps or {None}:
                groups.setdefault((application,), Counter())[name] += 1
        return groups, whole

    rules = Rules.of({"apdex": {"satisfied": 400, "tolerated": 1200}})
    with usql.connect() as db:
        db.import_sessions(made)
        for given in (None, rules):
            report = db.scores("application", rules=given, limit=None)
            groups, whole = plain(given)
            assert {row.key: _counts(row.scores) for row in report.rows} == {
                key: _expected(counter) for key, counter in groups.items()
            }
            assert _counts(report.total.scores) == _expected(whole)


def _counts(scores: Any) -> tuple[int, ...]:
    return scores.sessions, scores.satisfied, scores.tolerated, scores.frustrated, scores.undefined


def _expected(counter: Counter[Any]) -> tuple[int, ...]:
    known = [counter[name] for name in ("SATISFIED", "TOLERATED", "FRUSTRATED")]
    whole = sum(counter.values())
    return (whole, *known, whole - sum(known))


def test_mistakes() -> None:
    with usql.connect() as db:
        with pytest.raises(UnknownName) as caught:
            db.apdex("contry")
        assert caught.value.hint == "did you mean country?"
        for by in ("country, city", "application LIMIT 3", "COUNT(*)", "", "x; DROP"):
            with pytest.raises(UsqlError):
                db.apdex(by)
        with pytest.raises(UsqlError):
            db.apdex("application", actions="bounce")
        with pytest.raises(WrongStructure, match="this is more than was asked for"):
            db.apdex("application", actions="duration > 5 LIMIT 3")
        with pytest.raises(TypeError, match="unexpected argument 'tmeframe'"):
            db.apdex("application", tmeframe="today")  # type: ignore[call-arg]
