from __future__ import annotations

import pytest

from usql.render import render
from usql.render.markup import notebook_html
from usql.result import Column, Result


def markdown(value):
    lines = "".join(render(Result((Column("x", "string"),), [(value,)]), "markdown")).splitlines()
    assert lines[:2] == ["| x |", "| --- |"]
    assert len(lines) == 3
    return lines[2].removeprefix("| ").removesuffix(" |")


def test_a_table():
    result = Result(
        (Column("count(*)", "long"), Column("type", "enum"), Column("startTime", "date")),
        [(12, "WEB_APPLICATION", 1767571200000), (None, None, None)],
    )
    assert "".join(render(result, "markdown")) == (
        "| count(\\*) | type | startTime |\n"
        "| ---: | --- | ---: |\n"
        "| 12 | WEB_APPLICATION | 1767571200000 |\n"
        "| null | null | null |\n"
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a|b", r"a\|b"),
        ("two\nlines\r\nthree", "two<br>lines<br>three"),
        ("**bold**", r"\*\*bold\*\*"),
        ("_i_ a_b", r"\_i\_ a_b"),
        ("`code` ~~no~~", r"\`code\` \~\~no\~\~"),
        ("<script>", r"\<script>"),
        ("&lt;", r"\&lt;"),
        ("[text](javascript:1)", r"[text\](javascript:1)"),
        ("C:\\|", r"C:\\\|"),
        (["a", "b|"], r"[a, b\|]"),
        ("\x1b[0m", r"\\x1b[0m"),
        (0.1 + 0.2, "0.3"),
    ],
)
def test_markup_in_values_is_shown_not_obeyed(value, written):
    assert markdown(value) == written


def test_notebooks_get_escaped_html_with_explanations():
    result = Result(
        (Column("a<b", "string"), Column("n", "long")),
        [("<img src=x onerror=alert(1)>\n&", 1), (None, 2)],
        explanations=["No more than <50> rows."],
    )
    assert notebook_html(result) == (
        "<table><thead><tr><th>a&lt;b</th><th>n</th></tr></thead><tbody>"
        "<tr><td>&lt;img src=x onerror=alert(1)&gt;<br>&amp;</td>"
        '<td style="text-align: right">1</td></tr>'
        '<tr><td><i>null</i></td><td style="text-align: right">2</td></tr>'
        "</tbody></table><p><small>No more than &lt;50&gt; rows.</small></p>"
    )


def test_notebooks_say_what_they_leave_out():
    html = notebook_html(Result((Column("n", "long"),), [(n,) for n in range(103)]))
    assert html.count("<tr>") == 101
    assert "<p><small>3 more rows are not shown.</small></p>" in html
