from __future__ import annotations

import doctest
import json
import subprocess
import sys

import pytest

import usql.render
import usql.result
from usql.result import Column, Result

COUNTRY, CITY, COUNT = Column("country", "string"), Column("city", "string"), Column("n", "long")


@pytest.mark.parametrize("module", [usql.result, usql.render], ids=lambda module: module.__name__)
def test_examples(module):
    failures, tries = doctest.testmod(module)
    assert tries > 0
    assert failures == 0


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a (2)", "a (3)"]),
        (["a", "a", "a (2)"], ["a", "a (3)", "a (2)"]),
        (["a (2)", "a", "a", "a (2)"], ["a (2)", "a", "a (3)", "a (2) (2)"]),
        (["", ""], ["", " (2)"]),
        (["a", "A"], ["a", "A"]),
    ],
)
def test_repeated_labels(labels, names):
    columns = tuple(Column(label, "long") for label in labels)
    row = tuple(range(len(labels)))
    result = Result(columns, [row])
    assert result.distinct_names() == tuple(names)
    assert result.to_dicts() == [dict(zip(names, row, strict=True))]


def test_table_of_plain_rows_keeps_null():
    properties = Column("stringProperties", "properties")
    result = Result(
        (CITY, CITY, properties),
        [
            (None, "Linz", {"plan": "pro", "x": None}),
            ("a", None, None),
            (None, "b", [{"k": 1.5}, None]),
        ],
    )
    assert result.to_table() == {
        "extrapolationLevel": 1,
        "columnNames": ["city", "city", "stringProperties"],
        "values": [
            [None, "Linz", [{"key": "plan", "value": "pro"}, {"key": "x", "value": None}]],
            ["a", None, None],
            [None, "b", [[{"key": "k", "value": 1.5}], None]],
        ],
    }


def test_table_of_groups_names_the_null_group():
    result = Result((COUNT, CITY), [(None, None), (2, "Linz")], keys=(1,))
    assert result.to_table()["values"] == [[None, "null"], [2, "Linz"]]


def test_table_without_rows_names_the_columns():
    assert Result((COUNTRY, COUNT), [], keys=(0,)).to_table() == {
        "extrapolationLevel": 1,
        "columnNames": ["country", "n"],
        "values": [],
    }


def test_tree_nests_the_keys():
    total = Column("sum", "long")
    rows = [("Austria", 3, "Linz", 30), ("Austria", 1, None, 10), (None, 2, "Linz", None)]
    assert Result((COUNTRY, COUNT, CITY, total), rows, keys=(0, 2)).to_tree() == {
        "extrapolationLevel": 1,
        "branchNames": ["country", "city"],
        "leafNames": ["n", "sum"],
        "values": {"Austria": {"Linz": [3, 30], "null": [1, 10]}, "null": {"Linz": [2, None]}},
    }


def test_tree_keeps_the_order_of_rows():
    rows = [("b", 1), ("a", 2), ("c", 3)]
    assert list(Result((CITY, COUNT), rows, keys=(0,)).to_tree()["values"]) == ["b", "a", "c"]


def test_tree_of_keys_that_are_no_text():
    columns = (Column("hasCrash", "boolean"), Column("hour", "long"), Column("x", "double"), COUNT)
    tree = Result(columns, [(True, 7, 3.0, 1), (False, None, 0.5, 2)], keys=(0, 1, 2)).to_tree()
    assert tree["values"] == {"true": {"7": {"3.0": [1]}}, "false": {"null": {"0.5": [2]}}}


def test_tree_loses_no_row_when_keys_meet():
    sums = Column("s", "long[]")
    rows = [("Austria", 3, [1]), ("Austria", 2, []), (None, 1, [2]), ("null", 5, [3])]
    tree = Result((COUNTRY, COUNT, sums), rows, keys=(0,)).to_tree()
    assert tree["values"] == {"Austria": [3, [1], 2, []], "null": [1, [2], 5, [3]]}
    size = len(tree["leafNames"])
    regained = [
        (key, *leaves[at : at + size])
        for key, leaves in tree["values"].items()
        for at in range(0, len(leaves), size)
    ]
    assert regained == [(row[0] or "null", *row[1:]) for row in rows]


def test_tree_of_keys_alone():
    tree = Result((COUNTRY, CITY), [("Austria", "Linz"), ("Spain", "Vigo")], keys=(0, 1)).to_tree()
    assert tree["leafNames"] == []
    assert tree["values"] == {"Austria": {"Linz": []}, "Spain": {"Vigo": []}}


def test_tree_without_keys_is_the_rows():
    tree = Result((CITY, COUNT), [("Linz", 1), (None, 2)]).to_tree()
    assert tree["branchNames"] == []
    assert tree["leafNames"] == ["city", "n"]
    assert tree["values"] == [["Linz", 1], [None, 2]]


def test_trees_and_tables_are_json():
    result = Result((CITY, Column("p", "properties")), [(None, {"a": [1]})], keys=(0,))
    assert json.loads(json.dumps(result.to_tree())) == result.to_tree()
    assert json.loads(json.dumps(result.to_table())) == result.to_table()


def test_texts():
    result = Result((CITY, COUNT), [("Linz", 1), (None, 2)])
    assert str(result) == "city │ n\n─────┼──\nLinz │ 1\nnull │ 2"
    assert result.to_csv() == "city,n\nLinz,1\n,2\n"
    assert json.loads(result.to_json()) == [{"city": "Linz", "n": 1}, {"city": None, "n": 2}]
    assert result.to_markdown() == "| city | n |\n| --- | ---: |\n| Linz | 1 |\n| null | 2 |"
    assert result._repr_html_().count("<tr>") == 3


def test_import_is_cheap():
    code = (
        "import sys, usql.result;"
        "sys.exit(' '.join({'json', 'csv', 'html', 'rich', 'usql.render'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
