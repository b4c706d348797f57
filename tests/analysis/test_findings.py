"""Findings, against the same counted in plain Python."""

from __future__ import annotations

from collections import Counter
from threading import Timer
from typing import Any

import pytest

import usql
from tests.analysis.plain import random_store, value
from tests.oracle.store import Session
from usql.analysis.counting import all_measures, measure
from usql.errors import Cancelled, TimeLimitExceeded, UnknownAttribute, UnknownName, UsqlError
from usql.segments import Segment

ENDS = (0, 1_000, 10_000, 30_000, 60_000, 180_000, 300_000, 600_000, 1_800_000, 3_600_000)


def values_of(session: Session, field: str) -> set[Any]:
    """All values that a session has of a field; nothing at all counts as ``None``."""
    table, _, name = field.rpartition(".")
    if table:
        found = {value(row, name) for row in session.items[table]}
    elif isinstance(many := value(session, name), list | tuple):
        found = set(many)
    else:
        found = {many}
    return found - {None} or {None}


def plain_counts(found: list[Session], field: str) -> Counter[Any]:
    return Counter(each for session in found for each in values_of(session, field))


PLAIN = [each for each in all_measures() if not each.items and each.field]


@pytest.mark.parametrize("seed", range(4))
def test_the_spread_of_values(seed: int) -> None:
    made, found = random_store(seed)
    with usql.connect() as db:
        db.import_sessions(made)
        told = db.findings(values=10_000)
    assert told.sessions == len(found)
    assert told.sessions_against is None
    spreads = {spread.attribute: spread for spread in told.spreads}
    for each in PLAIN:
        counts = plain_counts(found, each.field)
        if not counts.keys() - {None}:
            assert each.name not in spreads
            continue
        spread = spreads[each.name]
        assert {one.value: one.sessions for one in spread.values} == counts, each.name
        assert spread.distinct == len(counts.keys() - {None})
        numbers = [one.sessions for one in spread.values]
        assert numbers == sorted(numbers, reverse=True)
        assert all(one.share == one.sessions / len(found) for one in spread.values)


@pytest.mark.parametrize("seed", range(3))
def test_each_value_has_the_condition_of_its_sessions(seed: int) -> None:
    made, _ = random_store(seed)
    with usql.connect() as db:
        db.import_sessions(made)
        told = db.findings(values=6)
        for spread in told.spreads:
            for one in spread.values:
                query = f"SELECT COUNT(*) FROM usersession WHERE {one.condition}"
                assert db.query(query).rows == [(one.sessions,)], (spread.attribute, one)


@pytest.mark.parametrize("seed", range(4))
def test_numbers_by_ranges(seed: int) -> None:
    made, found = random_store(seed)
    with usql.connect() as db:
        db.import_sessions(made)
        told = db.findings(attributes=["duration", "user action count"])
    durations = [value(s, "duration") for s in found]
    expected = Counter(
        None if ms is None else max((end for end in ENDS if 0 < end <= ms), default=0)
        for ms in durations
    )
    length, actions = told.spreads
    assert sum(one.sessions for one in length.values) == len(found)
    assert sorted(one.sessions for one in length.values) == sorted(expected.values())
    known = [value(s, "userActionCount") for s in found]
    by_text = {one.value: one.sessions for one in actions.values}
    assert by_text.get("<= 0", 0) == sum(n is not None and n <= 0 for n in known)
    assert by_text.get("1", 0) == known.count(1)
    assert by_text.get("3 to 4", 0) == known.count(3) + known.count(4)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("against", [None, "userActionCount >= 2"])
def test_differences(seed: int, against: str | None) -> None:
    made, found = random_store(seed, 120)
    inside = [s for s in found if value(s, "bounce") is True]
    if against is None:
        outside = [s for s in found if value(s, "bounce") is not True]
    else:
        outside = [s for s in found if (value(s, "userActionCount") or 0) >= 2]
    with usql.connect() as db:
        db.import_sessions(made)
        told = db.findings("bounce = true", against=against, limit=None)
    assert (told.sessions, told.sessions_against) == (len(inside), len(outside))
    names = {each.name: each.field for each in PLAIN}
    compared = [each for each in told.differences if each.attribute in names]
    assert compared
    assert not any(each.attribute == "Bounced" for each in told.differences)
    for each in compared:
        field = names[each.attribute]
        one, two = plain_counts(inside, field)[each.value], plain_counts(outside, field)[each.value]
        assert (each.sessions, each.sessions_against) == (one, two)
        assert one + two >= 5
        assert each.share == one / len(inside)
        assert each.share_against == two / len(outside)
        assert each.lift == (each.share / each.share_against if two else None)
        assert each.significant == (each.p_corrected <= 0.05)
        assert each.p <= each.p_corrected <= 1
    effects = [abs(each.effect) for each in told.differences if each.significant]
    assert effects == sorted(effects, reverse=True)
    places = [each.significant for each in told.differences]
    assert places == sorted(places, reverse=True)
    # Nothing that may be compared is left out.
    for name, field in names.items():
        if name == "Bounced" or field == "userActionCount":
            continue
        counts = plain_counts(inside, field) + plain_counts(outside, field)
        if set(counts) <= {True, False}:
            continue
        enough = {v for v, n in counts.items() if 5 <= n < len(inside) + len(outside)}
        assert {each.value for each in compared if each.attribute == name} == enough, name


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("where", ["useraction.name IS NOT NULL", "bounce = true OR hasError"])
def test_each_difference_is_of_its_condition(seed: int, where: str) -> None:
    made, _ = random_store(seed, 120)
    where = where.replace("hasError", "hasError = true")
    with usql.connect() as db:
        db.import_sessions(made)
        told = db.findings(where, limit=None)
        for each in told.differences:
            for side, sessions in (
                (where, each.sessions),
                (f"NOT ({where})", each.sessions_against),
            ):
                query = f"SELECT COUNT(*) FROM usersession WHERE ({side}) AND ({each.condition})"
                assert db.query(query).rows == [(sessions,)], (each.attribute, each.value)
        kinds = {each.attribute for each in told.differences}
    assert kinds & {"User action count", "Error count", "Screen width"}
    assert "Error type" in kinds


def find_for_ever(db: usql.Database, stop: usql.Stop) -> None:
    while True:
        db.findings("bounce = true", stop=stop)


def test_what_ends_one_query_ends_them_all() -> None:
    made, _ = random_store(0)
    with usql.connect() as db:
        db.import_sessions(made)
        asked = [(one.title, one.query) for one in db.findings("bounce = true").questions]
        again = [(one.title, one.query) for one in db.findings("bounce = true").questions]
        assert asked == again
        stop = usql.Stop()
        stop.stop()
        with pytest.raises(Cancelled):
            db.findings("bounce = true", stop=stop)
        with pytest.raises(TimeLimitExceeded):
            db.findings("bounce = true", timeout=1e-9)
        for moment in (0.0, 0.002, 0.01, 0.03):
            stop = usql.Stop()
            timer = Timer(moment, stop.stop)
            timer.start()
            with pytest.raises(Cancelled):
                find_for_ever(db, stop)
            timer.join()
        assert db.findings("bounce = true").sessions > 0


@pytest.mark.parametrize("seed", range(3))
def test_over_time(seed: int) -> None:
    made, found = random_store(seed)
    with usql.connect() as db:
        db.import_sessions(made)
        told = db.findings(
            over="hour-of-day", attributes=["country", "browserFamily", "duration"], values=100
        )
    hours = sorted({value(s, "startTime") // 3_600_000 % 24 for s in found})
    assert list(told.times) == hours
    *plain, duration = told.spreads
    fields = {"Country": "country", "Browser family": "browserFamily"}
    assert plain
    for spread, one in [(each, one) for each in plain for one in each.values]:
        known = [s for s in found if value(s, fields[spread.attribute]) == one.value]
        in_hours = Counter(value(s, "startTime") // 3_600_000 % 24 for s in known)
        expected = [in_hours[hour] for hour in hours]
        assert list(one.over) == expected
    assert all(sum(one.over) == one.sessions for one in duration.values)
    assert len(told.tables()["over"].rows) == sum(len(s.values) for s in told.spreads) * len(hours)


def shop() -> list[dict[str, Any]]:
    """Forty sessions: those of Linz crash, the others do not."""
    return [
        {
            "userSessionId": f"s{n:02}",
            "startTime": n * 86_400_000,
            "city": "Linz" if n % 4 == 0 else "Graz",
            "country": "Austria",
            "hasCrash": n % 4 == 0,
            "stringProperties": [{"key": "plan", "value": "free" if n % 2 else "paid"}],
        }
        for n in range(40)
    ]


def test_what_stands_out() -> None:
    with usql.connect() as db:
        db.import_sessions(shop())
        told = db.findings("hasCrash = true")
        first, second = told.differences[:2]
        assert [each.attribute for each in (first, second)] == ["City", "City"]
        linz, graz = first, second
        assert (linz.share, linz.share_against, linz.lift, linz.test) == (1.0, 0.0, None, "fisher")
        assert (graz.lift, graz.significant) == (0.0, True)
        assert linz.condition == "city = 'Linz'"
        assert "left out, since the sessions are chosen by it: Crashes" in told.notes
        made = told.to_dict(queries=True)
        assert made["differences"][0]["pCorrected"] < 1e-6
        assert made["queries"][0]["query"].startswith("SELECT COUNT(*)")
        assert list(told.tables()) == ["differences", "spread"]
        # What every session has tells nothing apart.
        assert not any(each.attribute == "Country" for each in told.differences)


def test_segments_properties_and_timeframes() -> None:
    with usql.connect() as db:
        db.import_sessions(shop())
        plan = db.findings(Segment.parse("City: Linz"), attributes=["String property plan"])
        assert {each.value: each.share for each in plan.differences} == {"paid": 1.0, "free": 0.0}
        assert plan.differences[0].condition.startswith("stringProperties.plan = ")
        day = 86_400_000
        weeks = db.findings(timeframe=(0, 10 * day), against_timeframe=(10 * day, 40 * day))
        assert (weeks.sessions, weeks.sessions_against) == (10, 30)
        both = db.findings("city = 'Linz'", against="country = 'Austria'", attributes=["country"])
        assert both.notes == (
            "10 sessions are on both sides; the tests take the sides as independent",
        )
        nobody = db.findings("city = 'Wien'")
        assert (nobody.sessions, nobody.differences, nobody.spreads) == (0, (), ())
        assert "there is nothing to compare" in nobody.notes[-1]


def test_mistakes() -> None:
    with usql.connect() as db:
        db.import_sessions(shop())
        with pytest.raises(UnknownAttribute, match="Contry"):
            db.findings(attributes=["Contry"])
        with pytest.raises(UnknownAttribute, match="needs a key"):
            db.findings(attributes=["String property"])
        with pytest.raises(UnknownName, match="no time"):
            db.findings(over="country")
        with pytest.raises(UsqlError):
            db.findings("cty = 'Linz'")
    assert measure('stringProperties."a b"').field == 'stringProperties."a b"'
