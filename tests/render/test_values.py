from __future__ import annotations

import json
import math

import pytest

from usql.render.values import as_json, rounded, shown
from usql.render.width import display_width, fit


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (3.0, "3.0"),
        (-2.5, "-2.5"),
        (100.0, "100.0"),
        (0.1 + 0.2, "0.3"),
        (2 / 3, "0.6666666667"),
        (9.99999999999, "10.0"),
        (12345.678912345, "12345.67891"),
        (1234567890.126, "1234567890.1"),
        (1767571200123.5, "1767571200123.5"),
        (123456789012345.25, "123456789012345.2"),
        (0.000001, "0.000001"),
        (0.00000015, "1.5e-07"),
        (1e15, "1e+15"),
        (1.5e300, "1.5e+300"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
    ],
)
def test_doubles_for_people(number, text):
    assert rounded(number) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (False, "false"),
        (0, "0"),
        (2**63 - 1, "9223372036854775807"),
        (10**18, "1000000000000000000"),
        ([], "[]"),
        (["a", None, 1.50, True], "[a, null, 1.5, true]"),
        ([["a\n"]], r"[[a\n]]"),
        ({}, "{}"),
        ({"k\t": [1, 2], "p": None}, r"{k\t: [1, 2], p: null}"),
    ],
)
def test_values_for_people(value, text):
    assert shown(value) == text


def test_json_reads_back_as_the_same_value():
    value = {"a": [0.1, 1e-7, 3.0, 2**62, None, True, 'q"\\\n\u2028'], "ü": {"x": []}}
    assert json.loads(as_json(value)) == value


def test_json_has_no_infinity_at_any_depth():
    assert as_json({"a": [1.5, math.nan], "b": (math.inf,)}) == '{"a":[1.5,null],"b":[null]}'


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("Österreich", 10), ("日本", 4), ("e\u0301", 1), ("🇦🇹", 2), ("👋", 2), ("", 0)],
)
def test_display_width(text, width):
    assert display_width(text) == width


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 3, "ab…"),
        ("abcdef", 1, "…"),
        ("日本語版", 5, "日本…"),
        ("日本語版", 4, "日 …"),
        ("über alles", 5, "über…"),
        ("日本", 6, "日本  "),
        ("e\u0301", 2, "e\u0301 "),
        ("", 2, "  "),
    ],
)
def test_fit(text, width, fitted):
    assert fit(text, width) == fitted
    assert display_width(fitted) == width


def test_fit_to_the_right():
    assert fit("7", 3, right=True) == "  7"
    assert fit("12345", 3, right=True) == "12…"
