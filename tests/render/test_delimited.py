from __future__ import annotations

import csv
import io

import pytest

from usql.render import render
from usql.result import Column, Result

HOSTILE = [
    "",
    " ",
    "a,b",
    'say "hi"',
    "two\nlines",
    "cr\r",
    "\t",
    "\\",
    "\\t",
    "\0",
    "=1+1",
    "é",
    "null",
]


def text(result, format):
    return "".join(render(result, format))


def of(*values, type="string"):
    return Result(tuple(Column(f"c{n}", type) for n in range(len(values))), [values])


def test_csv_of_every_kind_of_value():
    result = of("Linz", None, 5, 3.0, 1e-7, 0.1 + 0.2, True, ["a", None], {"k": "v"}, 1767571200000)
    assert text(result, "csv").splitlines()[1] == (
        'Linz,,5,3.0,1e-07,0.30000000000000004,true,"[""a"",null]","{""k"":""v""}",1767571200000'
    )


def test_csv_quotes_what_needs_it_and_nothing_else():
    assert text(of("a b", "a,b", 'a"b', "a\nb", "a\rb", "a\tb"), "csv") == (
        'c0,c1,c2,c3,c4,c5\na b,"a,b","a""b","a\nb","a\rb",a\tb\n'
    )


def test_csv_tells_null_from_empty_text():
    assert text(of(None, "", None), "csv") == 'c0,c1,c2\n,"",\n'


def test_csv_of_one_column_has_no_empty_line():
    result = Result((Column("a", "string"),), [(None,), ("",), ("x",)])
    assert text(result, "csv") == 'a\n""\n""\nx\n'


def test_csv_quotes_labels():
    assert text(Result((Column("percentile(duration, 95)", "double"),), []), "csv") == (
        '"percentile(duration, 95)"\n'
    )


def test_csv_reads_back():
    rows = [tuple(HOSTILE), tuple(reversed(HOSTILE))]
    result = Result(tuple(Column(f"c{n}", "string") for n in range(len(HOSTILE))), rows)
    read = list(csv.reader(io.StringIO(text(result, "csv"), newline="")))
    assert [tuple(row) for row in read[1:]] == rows


def test_tsv_escapes():
    assert text(of("a\tb", "c\nd", "e\rf", "g\\h", None, 3.0, ["\t"]), "tsv") == (
        "c0\tc1\tc2\tc3\tc4\tc5\tc6\n" + r"a\tb"
        "\t"
        r"c\nd"
        "\t"
        r"e\rf"
        "\t"
        r"g\\h"
        "\t\t3.0\t"
        r'["\\t"]'
        "\n"
    )


@pytest.mark.parametrize("value", HOSTILE)
def test_tsv_record_is_one_line_of_its_columns(value):
    record = text(of(value, value), "tsv").removeprefix("c0\tc1\n")
    assert record.count("\n") == 1
    assert record.count("\t") == 1
    assert "\r" not in record


def test_rows_are_streamed():
    assert list(render(of("a", None), "csv")) == ["c0,c1\n", "a,\n"]
    assert list(render(of("a", None), "tsv")) == ["c0\tc1\n", "a\t\n"]
