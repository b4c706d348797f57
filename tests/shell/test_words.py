from __future__ import annotations

import pytest

from usql.shell.language import is_whole
from usql.shell.words import pieces


def _styles(text: str) -> dict[str, str]:
    return {piece: style.removeprefix("class:usql.") for style, piece in pieces(text)}


def _bad(text: str) -> list[str]:
    return [piece for style, piece in pieces(text) if style == "class:usql.bad"]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT country, COUNT(*) FROM usersession WHERE useraction.name = 'x' -- why\n;",
        "SELECT stringProperties.anything, AVG(duration) AS average FROM usersession"
        " GROUP BY stringProperties.anything ORDER BY average",
        "SELECT FUNNEL(useraction.name = 'a' AS first, bounce = true) FROM usersession",
        "SELECT DATETIME(startTime, 'HH') FROM useraction WHERE startTime > $NOW AND x = :p",
        ".tables",
        ".tab",
        "help",
    ],
)
def test_pieces_are_the_text(text: str) -> None:
    assert "".join(piece for _, piece in pieces(text)) == text


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("SELECT country FROM usersession ", []),
        ("SELECT contry FROM usersession ", ["contry"]),
        ("SELECT country FROM usersess", []),  # may become a table
        ("SELECT country FROM usersess ", ["usersess"]),
        ("SELECT useraction.nam", []),
        ("SELECT useraction.nam ", ["nam"]),
        ("SELECT stringProperties.nam ", []),
        ("SELECT COUNT(*) AS n FROM usersession ORDER BY n ", []),
        ("SELECT country FROM usersession WHERE a && b ", ["a", "&&", "b"]),
        (".tables", []),
        (".tab", []),
        (".tabels", [".tabels"]),
        ("exit", []),
    ],
)
def test_bad_words(text: str, bad: list[str]) -> None:
    assert _bad(text) == bad


def test_kinds_of_words() -> None:
    styles = _styles("SELECT COUNT(*) FROM usersession WHERE city = 'Linz' AND duration > 5 -- x")
    assert styles["COUNT"] == "function"
    assert styles["WHERE"] == "keyword"
    assert styles["'Linz'"] == "string"
    assert styles["5"] == "number"
    assert styles[" -- x"] == "comment"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("SELECT country FROM usersession", True),
        ("SELECT country FROM usersession;", True),
        ("SELECT country", False),
        ("SELECT country FROM usersession WHERE", False),
        ("SELECT COUNT(", False),
        ("SELECT city FROM usersession WHERE city = 'Li", False),
        ("SELECT city /* not yet", False),
        ("SELECT city FROM usersession; SELECT", False),
        ("SELECT city FROM usersession WHERE city = 'a;", False),
        ("SELECT city;", True),  # wrong, and more text does not mend it
        ("SELEC city FROM usersession", True),
        ("SELECT city FROM usersession FROM", True),
        ("SELECT city\n", True),  # an empty line runs it
        ("", True),
        (".tables", True),
        ("exit", True),
    ],
)
def test_what_enter_runs(text: str, whole: bool) -> None:
    assert is_whole(text) is whole
