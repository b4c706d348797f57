"""Tokens, statements, and whether a text is whole."""

import pytest

from usql.completion import Completeness, completeness, statements, tokens


def test_classes() -> None:
    text = "select MAX(duration) as longest, usersession.city FROM usersession -- all\nLIMIT 5"
    found = [(t.kind, t.text) for t in tokens(text)]
    assert found == [
        ("keyword", "select"), ("function", "MAX"), ("bracket", "("), ("field", "duration"),
        ("bracket", ")"), ("keyword", "as"), ("name", "longest"), ("punctuation", ","),
        ("table", "usersession"), ("punctuation", "."), ("field", "city"), ("keyword", "FROM"),
        ("table", "usersession"), ("comment", "-- all"), ("keyword", "LIMIT"), ("number", "5"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("SELECT citty FROM", ["citty"]),
        ("SELECT cit", []),  # it may become city
        ("SELECT citx", ["citx"]),
        ("SELECT FOO(city)", ["FOO"]),
        ("SELECT useraction.nam", []),
        ("SELECT useraction.nax FROM", ["nax"]),
        ("SELECT city FROM usersession WHERE city = 'open", []),
        ("SELECT `city`", ["`city`"]),
        ("a && b c", ["a", "&&", "b"]),
    ],
)
def test_bad_words_are_marked(text: str, bad: list[str]) -> None:
    assert [t.text for t in tokens(text) if t.kind == "bad"][:3] == bad


@pytest.mark.parametrize("text", ["/* a -- b */ SELECT", "SELECT /* open", "--", "'", "\ud800", ""])
def test_places_lie_in_the_text(text: str) -> None:
    for token in tokens(text):
        assert text[token.start : token.end] == token.text


def test_statements_know_their_lines() -> None:
    text = 'SELECT 1; -- no; not here\n ;\n  SELECT \'a;b\', [x;y] /* ; */ ;SELECT "q""; '
    found = statements(text)
    assert [(s.text, s.line, s.column) for s in found] == [
        ("SELECT 1", 1, 1),
        ("SELECT 'a;b', [x;y]", 3, 3),
        ('SELECT "q""', 3, 32),
    ]
    assert all(text[s.start : s.end] == s.text for s in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty"),
        ("  -- only a comment", "empty"),
        ("SELECT city FROM usersession", "complete"),
        ("SELECT city FROM usersession;", "complete"),
        ("SELECT city FROM usersession; SELECT city FROM useraction", "complete"),
        ("SELECT city FROM usersession; SELECT", "incomplete"),
        ("SELECT city", "incomplete"),
        ("SELECT city FROM usersession WHERE city = 'a", "incomplete"),
        ("SELECT MAX(", "incomplete"),
        ("SELECT city /* open", "incomplete"),
        ("SELECT city;", "wrong"),
        ("SELECT FROM usersession", "wrong"),
        ("SELECT; SELECT city FROM usersession", "wrong"),
        (";", "wrong"),
        ("hello", "wrong"),
    ],
)
def test_completeness(text: str, expected: str) -> None:
    assert completeness(text) is Completeness(expected)
