"""The referee itself, against answers worked out by hand."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any

import pytest

from .data import sessions
from .evaluate import evaluate
from .generate import Catalogue, QueryGenerator
from .model import (
    Agg,
    AliasRef,
    And,
    Arith,
    Between,
    Boolean,
    Column,
    Compare,
    Cond,
    Condition,
    Context,
    DatePart,
    DateText,
    Expr,
    Field,
    Filter,
    Funnel,
    In,
    Instant,
    Item,
    Json,
    Keys,
    Like,
    LocalTime,
    Neg,
    Not,
    Null,
    Number,
    Or,
    Ordering,
    Param,
    Select,
    Star,
    StartsWith,
    Step,
    Text,
    Top,
    Variable,
    is_exact,
)
from .render import Renderer, label
from .store import Store
from .times import from_ms, shift, to_ms
from .values import InvalidQueryError, calculate, floor_local, like, show

T0 = 1_704_067_200_000  # 2024-01-01 00:00 UTC, a Monday
HOUR, DAY = 3_600_000, 86_400_000


def session(name: str, start: int, **fields: Any) -> dict[str, Any]:
    return {"tenantId": "t", "userSessionId": name, "startTime": start, "endTime": start, **fields}


def action(
    name: str | None, duration: int | None, start: int | None, **more: Any
) -> dict[str, Any]:
    return {"name": name, "duration": duration, "startTime": start, **more}


SESSIONS = [
    session(
        "s1",
        T0,
        country="Austria",
        city="Linz",
        duration=4800,
        bounce=False,
        ip="10.0.0.1",
        matchingConversionGoals=["a", "b", "a"],
        stringProperties=[{"key": "plan", "value": "gold"}, {"key": "Größe", "value": "XL"}],
        userActions=[
            action("cart", 300, T0 + 2000, stringProperties=[{"key": "k", "value": "v"}]),
            action("home", 100, T0 + 1000),
            action("late", 5, None),
            action("home", None, T0 + 1000),
        ],
        events=[{"name": "e1", "startTime": T0, "type": "PageChange"}],
    ),
    session(
        "s2",
        T0 + DAY,
        country="Austria",
        city="Graz",
        duration=1500,
        bounce=True,
        ip="9.0.0.1",
        stringProperties=[{"key": "PLAN", "value": "tin"}],
        userActions=[action("home", 200, T0 + DAY)],
    ),
    session("s3", T0 + DAY, country="Spain", city="Linz", duration=500, ip="::1"),
    session("s4", T0 + 2 * DAY, duration=None, bounce=False),
]
STORE = Store(SESSIONS)
ID = Field("userSessionId")
COUNTRY, CITY, DURATION, START = map(Field, ("country", "city", "duration", "startTime"))
NAME = Field("name", "useraction")
COUNT = Agg("COUNT")
NUMBER = Number("-1")
NOT_OHARA = Compare(CITY, "!=", Text("O'Hara"))


def ask(
    *items: Item | Expr,
    table: str = "usersession",
    store: Store = STORE,
    context: Context | None = None,
    **clauses: Any,
) -> list[tuple[Any, ...]]:
    columns = tuple(i if isinstance(i, Column | Star | Json) else Column(i) for i in items)
    return evaluate(store, Select(columns, table, **clauses), context or Context(T0)).rows


def ids(cond: Cond, context: Context | None = None) -> str:
    """The numbers of the sessions that satisfy a condition, ascending."""
    rows = ask(ID, where=cond, context=context)
    return "".join(sorted(row[0][1:] for row in rows))


# --- plain queries ------------------------------------------------------------------------------


def test_plain_rows_are_newest_first_then_by_id() -> None:
    assert ask(ID) == [("s4",), ("s2",), ("s3",), ("s1",)]


def test_secondary_rows_are_newest_first_with_unknown_times_last_and_ties_by_position() -> None:
    rows = ask(Field("name"), DURATION, COUNTRY, table="useraction")
    assert rows == [
        ("home", 200, "Austria"),
        ("cart", 300, "Austria"),
        ("home", 100, "Austria"),
        ("home", None, "Austria"),
        ("late", 5, "Austria"),
    ]


def test_many_values_come_in_order_of_time_without_nulls() -> None:
    rows = ask(NAME, Field("duration", "useraction"), where=Compare(ID, "=", Text("s1")))
    assert rows == [(["home", "home", "cart", "late"], [100, 300, 5])]
    assert ask(NAME, where=Compare(ID, "=", Text("s3"))) == [([],)]


def test_star_takes_queryable_fields_in_catalogue_order() -> None:
    answer = evaluate(STORE, Select((Star("userevent"),), "userevent"), Context(T0))
    assert answer.labels[0] == "userevent.application"
    assert answer.rows[0][answer.labels.index("userevent.name")] == "e1"
    answer = evaluate(STORE, Select((Star(),), "usersession", limit=1), Context(T0))
    assert "tenantId" not in answer.labels
    assert answer.rows[0][answer.labels.index("stringProperties")] == {}


def test_json_gives_the_session_or_the_row() -> None:
    assert ask(Json(), where=Compare(ID, "=", Text("s1"))) == [(SESSIONS[0],)]
    assert ask(Json(), table="userevent") == [(SESSIONS[0]["events"][0],)]


def test_order_by_many_values_takes_the_extreme_and_leaves_nulls_last() -> None:
    longest = Field("duration", "useraction")
    up = ask(ID, order_by=(Ordering(longest),))
    assert up == [("s1",), ("s2",), ("s4",), ("s3",)]
    assert ask(ID, order_by=(Ordering(longest, True),))[:2] == [("s1",), ("s2",)]


def test_the_default_limit_is_50_and_zero_is_allowed() -> None:
    store = Store(session(f"s{n}", T0) for n in range(60))
    assert len(ask(ID, store=store)) == 50
    assert len(ask(ID, store=store, limit=55)) == 55
    assert ask(ID, store=store, limit=0) == []


def test_a_later_session_of_the_same_identity_replaces_the_earlier() -> None:
    store = Store([session("s", T0, city="old"), session("s", T0, city="new")])
    assert ask(CITY, store=store) == [("new",)]


def test_the_timeframe_is_half_open_and_goes_by_the_session() -> None:
    context = Context(T0, timeframe=(T0, T0 + DAY))
    assert ask(ID, context=context) == [("s1",)]
    assert len(ask(Field("name"), table="useraction", context=context)) == 4


# --- conditions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cond", "expected"),
    [
        (Compare(COUNTRY, "=", Text("Spain")), "3"),
        (Compare(COUNTRY, "!=", Text("Spain")), "124"),
        (Compare(COUNTRY, "=", Null()), "4"),
        (Compare(COUNTRY, "!=", Null()), "123"),
        (Not(Compare(DURATION, ">", Number("1000"))), "34"),
        (Compare(DURATION, "<=", Text("1500")), "23"),
        (Compare(DURATION, "=", Param("p", Number("500"))), "3"),
        (Between(DURATION, Number("500"), Number("1500.0")), "23"),
        (Between(DURATION, Number("500"), Number("1500"), True), "14"),
        (In(CITY, (Text("Graz"), Null())), "24"),
        (In(CITY, (Text("Graz"), Text("Linz")), True), "4"),
        (Compare(Field("bounce"), "=", Boolean(False)), "14"),
        (Compare(Field("bounce"), "!=", Boolean(False)), "23"),
        (Like(COUNTRY, "%a?n"), "3"),
        (Like(COUNTRY, "austria"), ""),
        (StartsWith(CITY, "L", True), "24"),
        (And((Compare(CITY, "=", Text("Linz")), Compare(COUNTRY, "=", Text("Spain")))), "3"),
        (Or((Compare(CITY, "=", Text("Graz")), Compare(COUNTRY, "=", Text("Spain")))), "23"),
        # Two predicates may be satisfied by two actions; a negation is of the whole.
        (And((Compare(NAME, "=", Text("home")), Compare(NAME, "=", Text("cart")))), "1"),
        (Compare(NAME, "!=", Text("cart")), "234"),
        (Compare(NAME, "=", Null()), "34"),
        (Compare(Field("matchingConversionGoals"), "=", Text("b")), "1"),
        # Addresses compare as numbers, IPv4 first.
        (Compare(Field("ip"), "<", Text("10.0.0.1")), "2"),
        (Compare(Field("ip"), ">", Text("255.0.0.0")), "3"),
        (Compare(Field("ip"), "=", Text("0:0:0:0:0:0:0:1")), "3"),
        # An exact key wins; another letter case matches where no exact one is stored.
        (Compare(Field("stringProperties", None, "plan"), "!=", Null()), "1"),
        (Compare(Field("stringProperties", None, "pLAN"), "=", Text("tin")), "2"),
        (Compare(Field("stringProperties", None, "gRÖßE"), "=", Text("XL")), "1"),
        (Compare(Field("stringProperties", None, "none"), "=", Null()), "1234"),
        (Compare(START, "=", LocalTime(2024, 1, 2)), "23"),
        (Compare(START, ">", LocalTime(2024, 1, 2, (0, 0, 1))), "4"),
        (Compare(START, "<", Instant(T0 + 1, 60, "+hh:mm")), "1"),
        (Compare(START, "=", Variable("$NOW", 1, "d")), "23"),
        (Compare(START, "=", Variable("$TIME_FRAME_START")), "1"),
        (Compare(START, "<", Variable("$TIME_FRAME_END", -1, "s")), "123"),
    ],
)
def test_conditions(cond: Cond, expected: str) -> None:
    assert ids(cond) == expected


def test_local_dates_are_read_in_the_zone_of_the_query() -> None:
    midnight = Compare(START, "<", LocalTime(2024, 1, 2))
    assert ids(midnight, Context(T0, "America/New_York")) == "123"
    assert ids(midnight, Context(T0, 60)) == "1"


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [
        (-1, "M", "2024-02-29 12:00"),
        (1, "q", "2024-06-30 12:00"),
        (-1, "y", "2023-03-31 12:00"),
        (10, "M", "2025-01-31 12:00"),
        # The clocks went forward on this day, so 24 hours earlier the wall clock showed less.
        (-1, "d", "2024-03-30 11:00"),
        (-1, "w", "2024-03-24 11:00"),
        (90, "m", "2024-03-31 13:30"),
    ],
)
def test_durations(amount: int, unit: str, expected: str) -> None:
    noon = to_ms(datetime(2024, 3, 31, 12), "Europe/Vienna")
    moved = from_ms(shift(noon, amount, unit, "Europe/Vienna"), "Europe/Vienna")
    assert show(moved, "yyyy-MM-dd HH:mm").text == expected


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("a%", "a\nb", True),
        ("*b*", "abc", True),
        ("a?c", "a😀c", True),
        ("a?c", "ac", False),
        (r"100\%", "100%", True),
        (r"100\%", "1000", False),
        (r"a\b", r"a\b", True),
        (r"a\\b", r"a\b", True),
        ("a_c", "abc", False),
        ("\\", "\\", True),
        (r"\\%", "\\x", True),
        ("A", "a", False),
    ],
)
def test_like(pattern: str, value: str, matches: bool) -> None:
    assert bool(like(pattern).fullmatch(value)) is matches


# --- aggregations -------------------------------------------------------------------------------


def test_groups_go_by_size_then_by_value_with_null_last_among_ties() -> None:
    assert ask(COUNTRY, COUNT) == [("Austria", 2), ("Spain", 1), (None, 1)]


def test_the_second_key_is_ordered_within_the_first() -> None:
    rows = ask(COUNTRY, CITY, distinct=True)
    assert rows == [("Austria", "Graz"), ("Austria", "Linz"), ("Spain", "Linz"), (None, None)]


def test_date_function_keys_ascend() -> None:
    assert ask(COUNT, DatePart("DAY", START)) == [(1, 1), (2, 2), (1, 3)]


def test_without_keys_there_is_one_row_even_over_nothing() -> None:
    nothing = Compare(ID, "=", Text("none"))
    assert ask(COUNT, Agg("SUM", DURATION), Top(CITY, 2), where=nothing) == [(0, None, [])]
    assert ask(COUNTRY, COUNT, where=nothing) == []


def test_aggregates_pass_over_nulls() -> None:
    funcs = ("MIN", "MAX", "SUM", "AVG", "MEDIAN", "COUNT")
    aggregates = [Agg(func, DURATION) for func in funcs]  # type: ignore[arg-type]
    assert ask(*aggregates) == [(500, 4800, 6800, 6800 / 3, 1500.0, 3)]
    assert ask(Agg("PERCENTILE", DURATION, p=Number("75"))) == [(3150.0,)]
    assert ask(Agg("COUNT", COUNTRY, distinct=True), Agg("MAX", CITY)) == [(2, "Linz")]


def test_dates_average_to_whole_ms() -> None:
    store = Store([session("a", 10), session("b", 11), session("c", -31)])
    two = Compare(START, ">", Number("0"))
    assert ask(Agg("AVG", START), store=store, where=two) == [(11,)]
    below = Between(START, Number("-31"), Number("10"))
    assert ask(Agg("MEDIAN", START), store=store, where=below) == [(-11,)]


def test_many_valued_keys_and_aggregates() -> None:
    rows = ask(NAME, COUNT, Agg("AVG", Field("duration", "useraction")), group_by=(NAME,))
    # Every average is over all actions of the sessions that contain the name.
    mean = (100 + 300 + 5) / 3
    all_four = (100 + 300 + 5 + 200) / 4
    assert rows == [
        ("home", 2, all_four),
        (None, 2, None),
        ("cart", 1, mean),
        ("late", 1, mean),
    ]


def test_session_fields_repeat_for_every_action() -> None:
    assert ask(Agg("SUM", Field("duration", "usersession")), table="useraction") == [
        (4 * 4800 + 1500,)
    ]


def test_nested_tops_cut_in_key_order_and_ties_go_to_the_smaller_value() -> None:
    rows = ask(Top(COUNTRY, 2), Top(CITY), COUNT, distinct=True)
    assert rows == [("Austria", "Graz", 1), ("Spain", "Linz", 1)]


def test_a_name_in_group_by_finds_the_selected_function_over_it() -> None:
    assert ask(Top(COUNTRY, 1), COUNT, group_by=(COUNTRY,)) == [("Austria", 2)]
    day = Column(DatePart("DAY", START), "d")
    assert ask(day, COUNT, group_by=(START,)) == [(1, 1), (2, 2), (3, 1)]
    assert ask(day, COUNT, group_by=(AliasRef("d"),)) == [(1, 1), (2, 2), (3, 1)]


def test_an_alias_comes_before_a_field_of_that_name() -> None:
    rows = ask(Column(COUNTRY, "city"), COUNT, group_by=(CITY,))
    assert rows == [("Austria", 2), ("Spain", 1), (None, 1)]


def test_tops_and_date_functions_that_are_no_keys_are_lists_without_nulls() -> None:
    rows = ask(COUNTRY, Top(CITY, 5), DatePart("DAY", START), group_by=(COUNTRY,))
    assert rows == [
        ("Austria", ["Graz", "Linz"], [1, 2]),
        ("Spain", ["Linz"], [2]),
        (None, [], [3]),
    ]


def test_filters_drop_result_rows_after_the_tops() -> None:
    count = Column(COUNT, None, (Filter(">", Number("1")), Filter("<", Number("9"))))
    assert ask(COUNTRY, count) == [("Austria", 2)]
    assert ask(Top(CITY, 1), count, distinct=True) == [("Linz", 2)]
    most = Column(Agg("MAX", DURATION), None, (Filter("<", Number("5000")),))
    assert ask(COUNTRY, most) == [("Austria", 4800), ("Spain", 500)]


def test_condition_narrows_the_rows_of_the_group() -> None:
    linz = Compare(CITY, "=", Text("Linz"))
    rows = ask(COUNTRY, Condition(COUNT, linz), Condition(Agg("MIN", DURATION), Not(linz)))
    assert rows == [("Austria", 1, 1500), ("Spain", 1, None), (None, 0, None)]
    text = DateText(Condition(Agg("MIN", START), linz), "yyyy-MM-dd")
    assert ask(text) == [("2024-01-01",)]


def test_order_by_in_an_aggregation() -> None:
    by_max = (Ordering(Agg("MAX", DURATION), True), Ordering(COUNTRY))
    assert ask(CITY, COUNT, order_by=by_max) == [("Linz", 2), ("Graz", 1), (None, 1)]
    rows = ask(COUNTRY, Column(COUNT, "N"), order_by=(Ordering(AliasRef("n")),))
    assert rows == [("Spain", 1), (None, 1), ("Austria", 2)]
    # A field that is no key goes by its smallest or largest value in the group.
    assert ask(CITY, COUNT, order_by=(Ordering(DURATION),))[0] == ("Linz", 2)
    assert ask(CITY, COUNT, order_by=(Ordering(START, True),))[0] == (None, 1)


def test_keys_are_sorted_and_group_one_by_one() -> None:
    keys = Keys(Field("stringProperties"))
    assert ask(keys, where=Compare(ID, "=", Text("s1"))) == [(["Größe", "plan"],)]
    assert ask(keys, distinct=True) == [(None,), ("Größe",), ("PLAN",), ("plan",)]
    assert ask(Top(keys, 2)) == [(["Größe", "PLAN"],)]


def test_funnel_counts_rows_that_satisfy_all_steps_so_far() -> None:
    steps = (
        Step(Compare(COUNTRY, "!=", Null()), "any"),
        Step(Compare(COUNTRY, "=", Text("Austria"))),
        Step(Compare(CITY, "=", Text("Graz")), "last"),
    )
    answer = evaluate(STORE, Funnel(steps, "usersession"), Context(T0))
    assert (answer.labels, answer.rows) == (["any", None, "last"], [(3, 2, 1)])


# --- time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd HH:mm:ss", "2024-03-03 00:05:09"),
        ("yy y yyyyy u", "24 2024 02024 2024"),
        ("M MM MMM MMMM MMMMM", "3 03 Mar March M"),
        ("d dd H h hh m s", "3 03 0 12 12 5 9"),
        ("E EE EEE EEEE EEEEE", "Sun Sun Sun Sunday S"),
        ("e ee eee eeee c", "1 01 Sun Sunday 1"),
        ("'at' h 'o''clock' ''", "at 12 o'clock '"),
    ],
)
def test_formats(pattern: str, text: str) -> None:
    assert show(from_ms(1_709_424_309_000, 0), pattern).text == text


def test_date_texts_are_ordered_by_what_they_show() -> None:
    days = [from_ms(T0 + n * DAY, 0) for n in range(7)]
    by_name = sorted(show(day, "E") for day in reversed(days))
    assert [shown.text for shown in by_name] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    by_number = sorted(show(day, "e") for day in days)
    assert [shown.text for shown in by_number] == list("1234567")
    assert show(days[0], "MMM d, yyyy") < show(from_ms(T0 + 100 * DAY, 0), "MMM d, yyyy")
    assert show(from_ms(T0 + 13 * HOUR, 0), "h") < show(from_ms(T0, 0), "h")


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        ("year", "2024-01-01 00:00:00"),
        ("quarter", "2024-04-01 00:00:00"),
        ("month", "2024-05-01 00:00:00"),
        ("week", "2024-05-13 00:00:00"),
        ("day", "2024-05-16 00:00:00"),
        ("hour", "2024-05-16 17:00:00"),
        ("5m", "2024-05-16 17:45:00"),
        ("6h", "2024-05-16 12:00:00"),
        ("7d", "2024-05-16 00:00:00"),  # a Thursday, as 1970-01-01 was
        ("30s", "2024-05-16 17:48:30"),
    ],
)
def test_intervals(interval: str, text: str) -> None:
    local = from_ms(1_715_881_717_000, 0)  # 2024-05-16 17:48:37
    assert show(floor_local(local, interval), "yyyy-MM-dd HH:mm:ss").text == text


def test_clock_changes() -> None:
    spring = 1_711_846_800_000  # 2024-03-31 01:00 UTC: 02:00 becomes 03:00 in Vienna
    assert from_ms(spring - 1, "Europe/Vienna").hour == 1
    assert from_ms(spring, "Europe/Vienna").hour == 3
    autumn = 1_729_990_800_000  # 2024-10-27 01:00 UTC: 03:00 becomes 02:00
    assert from_ms(autumn, "Europe/Vienna").hour == from_ms(autumn - HOUR, "Europe/Vienna").hour
    twice = from_ms(autumn, "Europe/Vienna")
    assert to_ms(twice, "Europe/Vienna") == autumn - HOUR
    assert from_ms(T0, 330).minute == 30


# --- arithmetic ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "a", "b", "constant", "result"),
    [
        ("/", 4800, 1000, False, 5),
        ("/", 4500, 1000, False, 5),
        ("/", -4500, 1000, False, -5),
        ("/", 7, 2, True, 3.5),
        ("/", 4, 2, True, 2),
        ("/", 4800, 1000.0, False, 4.8),
        ("%", -7, 3, False, -1),
        ("%", 7, -3, False, 1),
        ("%", -7.5, 2, False, -1.5),
        ("/", 1, 0, False, None),
        ("%", 1.5, 0, False, None),
        ("*", None, 2, False, None),
        ("+", 1, 2.5, False, 3.5),
    ],
)
def test_operations(op: str, a: Any, b: Any, constant: bool, result: Any) -> None:
    found = calculate(op, a, b, constant, exact=constant)
    assert found == result
    assert type(found) is type(result)


def test_arithmetic_works_on_each_of_many_values() -> None:
    expr = Arith("*", Field("duration", "useraction"), Number("2"))
    assert ask(expr, where=Compare(ID, "=", Text("s1"))) == [([200, 600, 10],)]


def test_arithmetic_over_keys_and_aggregates() -> None:
    day = DatePart("DAY", START)
    ratio = Arith("/", Agg("SUM", DURATION), COUNT)
    rows = ask(Arith("*", day, Number("10")), ratio, group_by=(day,))
    assert rows == [(10, 4800), (20, 1000), (30, None)]


# --- what is forbidden --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        Select((Column(Agg("SUM", START)),), "usersession"),
        Select((Column(Agg("MIN", Field("bounce"))),), "usersession"),
        Select((Column(CITY), Column(COUNT)), "usersession", group_by=(COUNTRY,)),
        Select((Star(),), "usersession", distinct=True),
        Select((Column(Field("name", "useraction")),), "userevent"),
        Select((Column(Field("domain")),), "usersession"),
        Select((Column(Field("clientType")),), "usersession"),
        Select((Column(ID),), "usersession", limit=-1),
        Select((Column(ID),), "usersession", where=Compare(DURATION, "=", Text("ten"))),
        Select((Column(ID),), "usersession", where=Compare(START, "=", LocalTime(2023, 2, 29))),
        Select((Column(ID),), "usersession", where=Like(DURATION, "1%")),
        Select(
            (Column(Arith("-", Field("duration", "useraction"), Field("speedIndex"))),),
            "usersession",
        ),
    ],
)
def test_forbidden_queries(query: Select) -> None:
    with pytest.raises(InvalidQueryError):
        evaluate(STORE, query, Context(T0))


# --- the renderer and the generator -------------------------------------------------------------


@pytest.mark.parametrize(
    ("expr", "text"),
    [
        (Agg("COUNT", Field("userId"), distinct=True), "count(distinct userId)"),
        (Agg("PERCENTILE", NAME, p=Number("95")), "percentile(useraction.name, 95)"),
        (COUNT, "count(*)"),
        (Top(COUNTRY, 5), "top(country, 5)"),
        (Neg(Arith("-", DURATION, Arith("+", DURATION, NUMBER))), "-(duration - (duration + -1))"),
        (Condition(COUNT, NOT_OHARA), "condition(count(*), where city != 'O''Hara')"),
        (Field("stringProperties", None, "a.b"), 'stringProperties."a.b"'),
    ],
)
def test_canonical_text(expr: Expr, text: str) -> None:
    assert label(expr) == text


def test_generated_queries_are_mostly_valid_and_repeatable() -> None:
    store = Store(sessions(Random("data"), 30))
    catalogue = Catalogue(store)
    valid = 0
    for seed in range(200):
        first = QueryGenerator(Random(seed), catalogue)
        query = first.query()
        assert query == QueryGenerator(Random(seed), catalogue).query()
        assert Renderer(Random(seed)).query(query) == Renderer(Random(seed)).query(query)
        try:
            evaluate(store, query, first.context)
        except InvalidQueryError:
            continue
        valid += 1
    assert valid > 180


def test_a_quotient_of_aggregates_is_exact() -> None:
    ratio = Arith("/", Agg("SUM", Field("duration")), Agg("COUNT", None))
    field = Arith("/", Field("duration"), Number("2"))
    assert is_exact(ratio)
    assert not is_exact(field)
    assert calculate("/", 7, 2, constant=False, exact=True) == 3.5
    assert calculate("/", 7, 2, constant=False, exact=False) == 4
