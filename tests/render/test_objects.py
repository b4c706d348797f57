from __future__ import annotations

import json

import pytest

from usql.render import render
from usql.result import Column, Result

RESULT = Result(
    (Column("city", "string"), Column("city", "string"), Column("avg(x)", "double")),
    [("Zürich", None, 3.0), ('"\n', "\ud800", float("inf"))],
)


def text(result, format):
    return "".join(render(result, format))


def test_json_is_one_array_with_a_row_per_line():
    assert text(RESULT, "json") == (
        '[\n  {"city":"Zürich","city (2)":null,"avg(x)":3.0},\n'
        '  {"city":"\\"\\n","city (2)":"\ud800","avg(x)":null}\n]\n'
    )


def test_ndjson_is_a_line_per_row():
    assert list(render(RESULT, "ndjson")) == [
        '{"city":"Zürich","city (2)":null,"avg(x)":3.0}\n',
        '{"city":"\\"\\n","city (2)":"\ud800","avg(x)":null}\n',
    ]


def test_no_rows():
    empty = Result((Column("city", "string"),), [])
    assert text(empty, "json") == "[]\n"
    assert text(empty, "ndjson") == ""


@pytest.mark.parametrize("text_value", ["\u2028", "\x1b[0m", "\0", "</script>", "\\", "👋"])
def test_json_reads_back(text_value):
    result = Result((Column(text_value, "string[]"),), [([text_value, None, 0.1],)])
    assert json.loads(text(result, "json")) == [{text_value: [text_value, None, 0.1]}]
    assert json.loads(text(result, "ndjson")) == {text_value: [text_value, None, 0.1]}
