"""The text of segments: what it means, what is said of a bad one, and that it comes back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usql.errors import BadSegment, UnknownAttribute, UsqlError
from usql.parser import parse
from usql.segments import (
    Attribute,
    AttributeKind,
    Filter,
    Pattern,
    Presence,
    Range,
    Segment,
    attribute,
    attributes,
    where,
)

CASES = [
    (
        "Country: Austria, Spain; Duration: >= 60s; User action name: test",
        "country IN ('Austria', 'Spain') AND duration >= 60000 AND useraction.name = 'test'",
    ),
    ("not Country: Austria, Spain", "country NOT IN ('Austria', 'Spain')"),
    ("Country: not Austria", "country != 'Austria'"),
    ("not Country: not Austria", "country = 'Austria'"),
    ("COUNTRY:Austria", "country = 'Austria'"),
    ("country: Austria", "country = 'Austria'"),
    ("useraction.name: test", "useraction.name = 'test'"),
    ("City: none", "city IS NULL"),
    ("City: any", "city IS NOT NULL"),
    ('City: "none"', "city = 'none'"),
    ("City: Linz, none", "(city = 'Linz' OR city IS NULL)"),
    ("not City: Linz, none", "NOT (city = 'Linz' OR city IS NULL)"),
    ("City: L'Aquila", "city = 'L''Aquila'"),
    ('City: "a, b; c ""d"""', "city = 'a, b; c \"d\"'"),
    ("City: “a, b”, 'it''s'", "city IN ('a, b', 'it''s')"),
    ("User action name: Loading of /a?b=c%", "useraction.name = 'Loading of /a?b=c%'"),
    ("User action name: *a?b%*", "useraction.name LIKE '*a\\?b\\%*'"),
    ('User action name: like "a,b*"', "useraction.name LIKE 'a,b*'"),
    ('User action name: "a*b"', "useraction.name = 'a*b'"),
    ("Duration: 1m30s to 5m", "duration BETWEEN 90000 AND 300000"),
    ("Duration: 1-5m", "duration BETWEEN 60000 AND 300000"),
    ("Duration: > 0.5s and < 2 minutes", "duration > 500 AND duration < 120000"),
    ("not Duration: > 1s and < 2s", "NOT (duration > 1000 AND duration < 2000)"),
    ("Duration: < 10s, >= 5m", "(duration < 10000 OR duration >= 300000)"),
    ("Duration: ≥ 60s", "duration >= 60000"),
    ("Error count: 0, 3", "totalErrorCount IN (0, 3)"),
    ("Screen width: 1..5, 7 - 9", "(screenWidth BETWEEN 1 AND 5 OR screenWidth BETWEEN 7 AND 9)"),
    ("Double property x: -1 to 1.5", "doubleProperties.x BETWEEN -1.0 AND 1.5"),
    ("User action long property n: > 1 and < 5",
     "useraction.longProperties.n BETWEEN 2 AND 4"),
    ("User action double property n: > 1 and <= 5",
     "useraction.doubleProperties.n BETWEEN 1.0000000000000002 AND 5.0"),
    ("Date property d: 2024-02-29",
     "dateProperties.d >= '2024-02-29' AND dateProperties.d < '2024-03-01'"),
    ("not Date property d: 2024-02-29",
     "NOT (dateProperties.d >= '2024-02-29' AND dateProperties.d < '2024-03-01')"),
    ("Date property d: <= 2024-02-29", "dateProperties.d < '2024-03-01'"),
    ("Date property d: > 2024-02-29", "dateProperties.d >= '2024-03-01'"),
    ("Date property d: 2024-02-29 10:30", "dateProperties.d = '2024-02-29 10:30'"),
    ("Date property d: 1709251200000", "dateProperties.d = 1709251200000"),
    ("User action date property d: 2024-02-28 to 2024-02-29",
     "useraction.dateProperties.d BETWEEN '2024-02-28' AND '2024-02-29T23:59:59.999'"),
    ("User action date property d: > 2024-02-29T10:00Z and < 2024-03-01T00:00+01:00",
     "useraction.dateProperties.d BETWEEN 1709200800001 AND 1709247599999"),
    ("String property cart value: full", "stringProperties.\"cart value\" = 'full'"),
    ('String property "a:b": x', "stringProperties.\"a:b\" = 'x'"),
    ("stringProperties.plan: gold", "stringProperties.plan = 'gold'"),
    ("useraction.stringProperties.plan: gold", "useraction.stringProperties.plan = 'gold'"),
    ("ip: 10.1.2.3, 2001:DB8::0:1", "ip IN ('10.1.2.3', '2001:db8::1')"),
    ("ip: 10.1.2.3/8", "ip BETWEEN '10.0.0.0' AND '10.255.255.255'"),
    ("ip: 10.0.0.1-10.0.0.9", "ip BETWEEN '10.0.0.1' AND '10.0.0.9'"),
    ("ip: >= 10.0.0.1", "ip >= '10.0.0.1'"),
    ("ip: 10.0.*", "ip LIKE '10.0.*'"),
    ('ip: "10.0.0.x"', "ip LIKE '10.0.0.x'"),
    ("User type: real user", "userType = 'REAL_USER'"),
    ('User type: "Real"', "userType = 'Real'"),
    ("Bounced: yes; Has errors: false", "bounce = true AND hasError = false"),
    ("Bounced: none", "bounce IS NULL"),
    ("Converted: no",
     "NOT (matchingConversionGoalsCount > 0 OR matchingConversionGoals IS NOT NULL)"),
    ("not Error type: javascript, Request",
     "NOT (useraction.javascriptErrorCount > 0 OR useraction.requestErrorCount > 0)"),
    ("Country: Austria\n\nCity: Linz,\n Wien;", "country = 'Austria' AND city IN ('Linz', 'Wien')"),
    ("Country: Austria; country: Spain, Austria", "country IN ('Austria', 'Spain')"),
    ("Country: Austria; not Country: Spain", "country = 'Austria' AND country != 'Spain'"),
    ("", "userSessionId IS NOT NULL"),
    (" ; \n", "userSessionId IS NOT NULL"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "condition"), CASES, ids=[text for text, _ in CASES])
def test_a_segment_is_this_condition(text: str, condition: str) -> None:
    segment = Segment.parse(text)
    assert segment.to_usql() == condition
    assert Segment.parse(str(segment)) == segment
    parse(f"SELECT * FROM usersession WHERE {condition}")


MISTAKES = [
    ("Counry: Austria", "there is no attribute Counry", 1, "did you mean Country?"),
    ("Country: Austria; Citi: Linz", "there is no attribute Citi", 19, "did you mean City?"),
    ("Strin property plan: x", "there is no attribute Strin property plan", 1,
     "did you mean String property?"),
    ("Country Austria", "a colon is missing", 1, "write Country: Austria"),
    ("Austria", "an attribute, a colon and values are expected", 1, "write Country: Austria"),
    ("User action name: /a;id=1", "an attribute, a colon and values are expected", 22,
     "write Country: Austria; a value with a semicolon in it stands between quotes"),
    (": x", "an attribute is missing before the colon", 1, "write Country: Austria"),
    ("Country: ", "Country asks for no value", 10,
     "name one or more: Country: …; any value at all is any, none is none"),
    ("Country: a,, b", "a value is missing here", 12, 'a value that is empty is written ""'),
    ("Country: a,", "a value is missing here", 12, 'a value that is empty is written ""'),
    ('Country: "a', "the quote is never closed", 10, "a quote within quotes is doubled"),
    ('Country: "a" b', "something stands behind the closing quote", 14,
     "part values by commas; a quote within quotes is doubled"),
    ("Country: a, not b", "not goes for all values of a filter", 17,
     "write two filters: Country: …; not Country: …"),
    ("Country plan: x", "Country has no keys", 1, "write Country: …"),
    ("String property: x", "String property needs a key", 1,
     "write String property KEY: …, as in String property plan: …"),
    ("Duration: 60", "60 of what? Write 60s for seconds, 60m for minutes", 11, None),
    ("Duration: 5 lightyears", "there is no unit lightyears; write s for seconds, m for minutes",
     11, None),
    ("Duration: soon", "'soon' is not a duration; write it as 90s, 5m or 1m30s", 11, None),
    ("Duration: 0.0001s", "'0.0001s' is no whole number of milliseconds", 11, None),
    ("Duration: 5m to 1m", "nothing lies in this range: it begins after its end", 11, None),
    ("Duration: > 1m and < 1m", "nothing lies in this range: it begins after its end", 11, None),
    ("Error count: > 1 and >= 2", "both comparisons are of the same side", 14, "leave one out"),
    ("Error count: >", "a value is missing behind the comparison", 14, None),
    ("Error count: many", "'many' is not a whole number", 14, None),
    ("Error count: 1.5", "'1.5' is not a whole number", 14, None),
    ("City: > 5", "City is a text, which has no ranges", 7, 'for the text write "> 5" in quotes'),
    ("Bounced: perhaps", "Bounced is yes or no, not 'perhaps'", 10, None),
    ("User type: robt", "'robt' is no User type", 12,
     'did you mean ROBOT? (or "robt" in quotes, if it is there all the same)'),
    ("Error type: cutsom", "'cutsom' is no Error type", 13, "did you mean custom?"),
    ("Error type: none", "Error type is always known; name one of its values", 13, None),
    ("IP: 300.1.1.1", "'300.1.1.1' is not an IP address", 5,
     'write 10.0.0.1, 10.0.0.0/8, 10.0.0.1 to 10.0.0.9, 10.0.*, or "300.1.1.1"'),
    ("IP: 10.0.0.0/99", "'10.0.0.0/99' is not a network; write it as 10.0.0.0/8", 5,
     'write 10.0.0.1, 10.0.0.0/8, 10.0.0.1 to 10.0.0.9, 10.0.*, or "10.0.0.0/99"'),
    ("IP: 10.0.0.1 to ::1", "the ends of a range are of two versions of IP", 5, None),
    ("Date property d: 2024-02-30", "2024-02-30 does not exist: day is out of range for month",
     18, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message", "column", "hint"), MISTAKES, ids=[text for text, *_ in MISTAKES]
)
def test_a_mistake_has_a_place_and_a_hint(
    text: str, message: str, column: int, hint: str | None
) -> None:
    with pytest.raises(UsqlError) as caught:
        Segment.parse(text)
    error = caught.value
    assert isinstance(error, BadSegment | UnknownAttribute)
    assert (error.message, error.line, error.column, error.hint) == (message, 1, column, hint)


def test_the_line_of_a_mistake() -> None:
    with pytest.raises(UnknownAttribute) as caught:
        Segment.parse("Country: Austria\nTown: Linz")
    assert (caught.value.line, caught.value.column) == (2, 1)


def test_too_long_a_text_is_refused_at_once() -> None:
    with pytest.raises(BadSegment, match="at most 100,000 are read"):
        Segment.parse("Country: " + "a" * 100_000)


def test_names_are_told_apart() -> None:
    folded = [
        name.casefold() for each in attributes() for name in {n.casefold(): n for n in each.names}
    ]
    assert len(set(folded)) == len(folded)


def test_filters_of_python_values() -> None:
    moment = datetime(2024, 3, 1, tzinfo=UTC)
    made = Segment.of(
        where("country", "Austria", None),
        where("Duration", Range(low=60_000, before_high=True)),
        where("Date property", moment, key="d"),
        where("Bounced", True),
        where("User action name", Pattern("a*")),
        where("Screen width", 5, negated=True),
    )
    assert str(made) == (
        "Country: Austria, none; Duration: >= 60s; Date property d: 1709251200000; Bounced: yes; "
        "User action name: a*; not Screen width: 5"
    )


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("Duration", -5),
        ("Duration", 1.5),
        ("Duration", True),
        ("Bounced", 1),
        ("Country", 1.5),
        ("Country", Range(low="a")),
        ("Error count", Range()),
        ("Error count", Pattern("1*")),
        ("Converted", None),
        ("Date property", "x"),
    ],
)
def test_values_that_an_attribute_cannot_have(name: str, item: object) -> None:
    with pytest.raises(BadSegment):
        where(name, item, key="d" if attribute(name).keyed else "")  # type: ignore[arg-type]


def test_parts_of_a_segment_are_exchanged() -> None:
    segment = Segment.parse("Country: Spain; not Country: France; City: Madrid")
    assert str(segment.without("country")) == "City: Madrid"
    assert str(segment.adding(where("City", "Linz")).without("Country")) == "City: Madrid, Linz"


# --- round trips ----------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["none", "any", "not", "not x", "like", 'like "x"', "a,b", "a;b", "a\nb", "> 5", "=", '"',
     "'x'", "“x”", " x", "a*b", "**", "a: b", "Austria", "100%", "\u00a0"]
)  # fmt: skip
KEYS = TEXTS.filter(bool)
DATES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))
ADDRESSES = st.ip_addresses().map(str)


def scalars(kind: AttributeKind) -> st.SearchStrategy[object]:
    match kind:
        case AttributeKind.WHOLE:
            return st.integers(-(10**17), 10**17)
        case AttributeKind.DECIMAL:
            return st.floats(allow_nan=False, allow_infinity=False)
        case AttributeKind.DURATION:
            return st.integers(0, 10**12)
        case AttributeKind.DATE:
            return (
                st.integers(-(10**12), 10**13)
                | DATES.map(lambda d: f"{d.date()}")
                | DATES.map(lambda d: f"{d:%d.%m.}{d.year:04d}")
                | DATES.map(lambda d: d.isoformat(sep=" ", timespec="minutes"))
                | DATES.map(lambda d: d.isoformat(timespec="milliseconds") + "+02:00")
            )
        case AttributeKind.ADDRESS:
            return ADDRESSES
    raise AssertionError(kind)


def values(each: Attribute) -> st.SearchStrategy[object]:
    match each.kind:
        case AttributeKind.TEXT:
            return TEXTS | TEXTS.map(Pattern)
        case AttributeKind.CHOICE:
            return st.sampled_from(each.choices) | (st.nothing() if each.cases else TEXTS)
        case AttributeKind.FLAG:
            return st.booleans()
        case AttributeKind.ADDRESS:
            networks = st.sampled_from(["10.0.0.0/8", "2001:db8::/32", "10.1.2.3/31"])
            return ADDRESSES | networks | TEXTS | TEXTS.map(Pattern)
    return scalars(each.kind)


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    each = draw(st.sampled_from(attributes()))
    item: st.SearchStrategy[object] = values(each)
    if each.kind.has_ranges:
        ends = st.none() | scalars(each.kind)
        item |= st.builds(Range, ends, ends, st.booleans(), st.booleans())
    if not each.cases:
        item |= st.builds(Presence, st.booleans())
    items = draw(st.lists(item, min_size=1, max_size=3))
    key = draw(KEYS) if each.keyed else ""
    try:
        return where(each, *items, key=key, negated=draw(st.booleans()))  # type: ignore[arg-type]
    except BadSegment:  # a range that is empty, or has no end
        return where("Country", "Austria")


def test_a_small_number_is_no_range() -> None:
    segment = Segment.parse("Double property load: 5.1e-51")
    assert str(segment) == "Double property load: 5.1e-51"
    assert segment == Segment.parse("Double property load: = 5.1e-51")


@settings(max_examples=400, deadline=None)
@given(st.lists(filters(), max_size=4))
def test_every_segment_comes_back_from_its_text(made: list[Filter]) -> None:
    segment = Segment.of(*made)
    assert Segment.parse(str(segment)) == segment
    parse(f"SELECT * FROM usersession WHERE {segment.to_usql()}")


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["Country", "Duration", "String property", "IP", "not", ":", ";", ",", '"', "'", " ",
             "x", "5m", "to", "any", ">=", "\n", "*", "“", "like", "10.0.0.1", "/8", "\\",
             "\ud800", "."]
        ),
        max_size=12,
    ).map("".join)
)  # fmt: skip
def test_whatever_is_written_gives_a_segment_or_our_own_error(text: str) -> None:
    try:
        segment = Segment.parse(text)
    except UsqlError:
        return
    assert Segment.parse(str(segment)) == segment
