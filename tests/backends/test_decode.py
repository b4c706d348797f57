"""Columns of an engine's rows -> values of the language."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from usql.backends.decode import decode_rows
from usql.dateformat import DateFormat, Part
from usql.errors import EngineError
from usql.plan import Output
from usql.types import Kind, Type


def column(
    kind: Kind, values: list[Any], *, many: bool = False, doubles: bool = False
) -> list[Any]:
    output = Output("x", Type(kind, many), doubles=doubles)
    found = decode_rows([(value,) for value in values], [output], None)
    assert all(isinstance(row, tuple) for row in found)
    return [value for (value,) in found]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (Kind.LONG, [1, None, -(2**63), 2**63 - 1], [1, None, -(2**63), 2**63 - 1]),
        (Kind.LONG, [1, 2.0, None, 2.5], [1, 2, None, 2.5]),
        (Kind.LONG, [None], [None]),
        (Kind.DATE, [1.0], [1]),
        (Kind.DOUBLE, [1, 0.5, None], [1.0, 0.5, None]),
        (Kind.BOOLEAN, [1, 0, None], [True, False, None]),
        (Kind.BOOLEAN, [True, None], [True, None]),
        (Kind.STRING, ["a", None], ["a", None]),
    ],
)
def test_single_values(kind: Kind, values: list[Any], expected: list[Any]) -> None:
    found = column(kind, values)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2.0**63, -(2.0**63)])
@pytest.mark.parametrize("others", [[], [1, None], [1.5]], ids=str)
def test_whole_numbers_beyond_64_bits(value: Any, others: list[Any]) -> None:
    with pytest.raises(EngineError, match="64 bits"):
        column(Kind.LONG, [*others, value])


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Kind.STRING, '[[2,"b"],[1,"a"],[10,"c"]]', ["a", "b", "c"]),
        (Kind.STRING, [(2, "b"), (1, "a")], ["a", "b"]),
        (Kind.STRING, None, []),
        (Kind.STRING, "[]", []),
        (Kind.DOUBLE, '[[2,1,"0.10000000000000001"],[1,7,"3"]]', [3.0, 0.1]),
        (Kind.BOOLEAN, "[[1,1],[2,0]]", [True, False]),
    ],
)
def test_lists_are_sorted_by_what_their_rows_begin_with(
    kind: Kind, value: Any, expected: list[Any]
) -> None:
    assert column(kind, [value], many=True) == [expected]
    assert column(kind, [None, value], many=True) == [[], expected]


def test_properties() -> None:
    one = '[["b","2"],["a","1"]]'
    assert column(Kind.PROPERTIES, [one, None]) == [{"a": "1", "b": "2"}, {}]
    assert column(Kind.PROPERTIES, [one], doubles=True) == [{"a": 1.0, "b": 2.0}]
    several = '[[2,"b",2],[1,"b",1],[1,"a",0]]'
    assert column(Kind.PROPERTIES, [several], many=True) == [[{"a": 0, "b": 1}, {"b": 2}]]


def test_rows_without_outputs_and_columns_behind_them() -> None:
    output = Output("x", Type(Kind.STRING))
    assert decode_rows([], [output], None) == []
    assert decode_rows([("a", 7)], [output], None) == [("a",)]
    document = Output("y", Type(Kind.JSON))
    rows = decode_rows([("a", None, 7), ("b", None, 8)], [output, document], [{"ö": 1}, None])
    assert rows == [("a", '{"ö":1}'), ("b", None)]


def parts(moment: datetime) -> dict[Part, int]:
    return {
        Part.DATE: (moment.date() - date(1970, 1, 1)).days,
        Part.YEAR_MONTH: moment.year * 100 + moment.month,
        Part.MONTH_DAY: moment.month * 100 + moment.day,
        Part.YEAR: moment.year,
        Part.YEAR_OF_CENTURY: moment.year % 100,
        Part.MONTH: moment.month,
        Part.DAY: moment.day,
        Part.WEEKDAY: moment.weekday(),
        Part.WEEKDAY_NUMBER: moment.isoweekday() % 7 + 1,
        Part.HOUR: moment.hour,
        Part.HOUR_OF_HALF_DAY: (moment.hour + 11) % 12 + 1,
        Part.MINUTE: moment.minute,
        Part.SECOND: moment.second,
    }


@pytest.mark.parametrize(
    ("format", "python"),
    [
        ("yyyy-MM-dd HH:mm", "%Y-%m-%d %H:%M"),
        ("HH:mm:ss dd.MM.yyyy", "%H:%M:%S %d.%m.%Y"),
        ("dd HH MM mm yy", "%d %H %m %M %y"),
        ("EEE hh", "%a %I"),
        ("hh 'o''clock on' EEEE", "%I o'clock on %A"),
        ("MMM yyyy", "%b %Y"),
        ("MM-dd", "%m-%d"),
        ("HH:mm", "%H:%M"),
        ("yy EEE HH", "%y %a %H"),
        ("'on' yyyy 'it' ss", "on %Y it %S"),
        ("'just text'", "just text"),
    ],
)
def test_formatted_dates(format: str, python: str) -> None:
    shown = DateFormat.of(format)
    start = datetime(1969, 12, 30, 21, 58, 7)
    moments = [start + timedelta(hours=7, minutes=11, seconds=5) * n for n in range(400)]
    codes = [shown.code(parts(moment)) for moment in (*moments, moments[3])]
    output = Output("x", Type(Kind.STRING), format=shown)
    found = decode_rows([(code,) for code in (*codes, None)], [output], None)
    assert [text for (text,) in found[:400]] == [moment.strftime(python) for moment in moments]
    assert [text for (text,) in found[400:]] == [moments[3].strftime(python), None]
