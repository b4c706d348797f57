from __future__ import annotations

import subprocess
import sys

import pytest

from usql.render import FORMATS, render
from usql.render.width import display_width
from usql.result import Column, Result

CITIES = Result(
    (Column("city", "string"), Column("count(*)", "long"), Column("avg(duration)", "double")),
    [("Linz", 12, 3.5), ("京都", 7, 10 / 3), (None, 1, None)],
)


def text(result, format="table", **style):
    return "".join(render(result, format, **style))


def test_columns_line_up_and_numbers_stand_right():
    assert text(CITIES) == (
        "city │ count(*) │ avg(duration)\n"
        "─────┼──────────┼──────────────\n"
        "Linz │       12 │           3.5\n"
        "京都 │        7 │   3.333333333\n"
        "null │        1 │          null\n"
    )


def test_values_that_would_break_the_table():
    result = Result(
        (Column("a\nb", "string"), Column("c", "string[]")),
        [("x\ty", ["p|q", "\x1b[2J"]), ("\u202eabc", [])],
    )
    assert text(result) == (
        "a\\nb      │ c\n"
        "──────────┼───────────────\n"
        "x\\ty      │ [p|q, \\x1b[2J]\n"
        "\\u202eabc │ []\n"
    )


def test_combining_marks_and_emoji_line_up():
    result = Result(
        (Column("x", "string"), Column("y", "string")),
        [("e\u0301", "1"), ("👨‍👩‍👧", "2"), ("日本語", "3")],
    )
    lines = text(result).splitlines()
    assert [display_width(line.partition("│")[0]) for line in lines if "│" in line] == [7] * 4


def test_no_rows_are_said():
    empty = Result((Column("city", "string"), Column("n", "long")), [])
    assert text(empty) == "city │ n\n─────┼──\n(no rows)\n"
    assert text(empty, "vertical") == "(no rows)\n"


def test_an_empty_label_and_empty_values():
    assert text(Result((Column("", "string"),), [("",)])) == "\n─\n\n"


def test_line_ends_have_no_blanks():
    assert not [line for line in text(CITIES).splitlines() if line.endswith(" ")]


def test_without_a_width_nothing_is_cut():
    long = "x" * 10_000
    assert long in text(Result((Column("a", "string"),), [(long,)]))


def test_the_widest_column_is_cut_first():
    result = Result(
        (Column("name", "string"), Column("url", "string"), Column("n", "long")),
        [("Search for trips", "https://shop.example/trips/search?q=" + "x" * 40, 1234567890)],
    )
    assert text(result, width=50) == (
        "name             │ url                │          n\n"
        "─────────────────┼────────────────────┼───────────\n"
        "Search for trips │ https://shop.exam… │ 1234567890\n"
    )


@pytest.mark.parametrize("width", range(20, 140))
def test_no_line_passes_the_width(width):
    result = Result(
        (Column("country", "string"), Column("日本の名前", "string"), Column("ms", "double")),
        [("Österreich" * 3, "東京都" * 12, 123.456789), ("a", "b", 1.0)],
    )
    table = text(result, width=width)
    if table.startswith("─ row"):
        assert width < 8 + 3 + 8 + 3 + 10
    else:
        assert max(map(display_width, table.splitlines())) <= width


def test_a_number_is_never_cut_but_its_label_is():
    result = Result((Column("percentile(useraction.duration, 95)", "double"),), [(1234567.125,)])
    assert text(result, width=12) == "percentile(…\n────────────\n 1234567.125\n"
    assert text(result, width=11) == "percentile…\n───────────\n1234567.125\n"
    assert text(result, width=10) == (
        "─ row 1 ────────────────\npercentile(useraction.duration, 95) │ 1234567.125\n"
    )


def test_dates_are_not_cut_either():
    result = Result(
        (Column("startTime", "date"), Column("name", "string")), [(1767571200000, "x" * 50)]
    )
    assert "1767571200000 │ xxxxxxxx…\n" in text(result, width=25)
    assert text(result, width=23).startswith("─ row 1")


def test_vertical():
    assert text(CITIES, "vertical") == (
        "─ row 1 ────────────────\n"
        "city          │ Linz\n"
        "count(*)      │ 12\n"
        "avg(duration) │ 3.5\n"
        "─ row 2 ────────────────\n"
        "city          │ 京都\n"
        "count(*)      │ 7\n"
        "avg(duration) │ 3.333333333\n"
        "─ row 3 ────────────────\n"
        "city          │ null\n"
        "count(*)      │ 1\n"
        "avg(duration) │ null\n"
    )


def test_vertical_cuts_nothing_and_escapes():
    result = Result((Column("json", "json"),), [("{\n" + "x" * 300,)])
    assert text(result, "vertical", width=40).endswith("json │ {\\n" + "x" * 300 + "\n")


def test_colour_marks_labels_and_nulls_alone():
    result = Result((Column("a", "string"), Column("b", "long")), [("null", None)])
    assert text(result, color=True) == (
        "\x1b[1ma   \x1b[0m │ \x1b[1m   b\x1b[0m\n─────┼─────\nnull │ \x1b[2mnull\x1b[0m\n"
    )


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match="there is no format 'xml'; there are table, vertical"):
        render(CITIES, "xml")


@pytest.mark.parametrize("format", FORMATS)
def test_chunks_are_whole_lines(format):
    assert all(chunk.endswith("\n") for chunk in render(CITIES, format) if format != "json")
    assert "".join(render(CITIES, format)).endswith("\n")


def test_ascii_and_latin_text_do_without_rich():
    code = (
        "import sys; from usql.result import Column, Result;"
        "assert 'usql.render' not in sys.modules, 'render is imported late';"
        "str(Result((Column('a', 'string'),), [('Österreich',)]));"
        "assert 'usql.render.table' in sys.modules;"
        "sys.exit(any(name.startswith('rich') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
