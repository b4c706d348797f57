"""A sample of `python -m tests.attack`, and texts that are made to be slow or deep."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from usql import ast
from usql.errors import BadSyntax, TooLarge, UsqlError
from usql.formatter import format_query
from usql.parser import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, parse

from . import texts
from .check import attack, engine

SEED = 3
CHUNK = 500
HEAD, TAIL = "SELECT city FROM usersession WHERE ", " FROM usersession"


@pytest.fixture(scope="module")
def db() -> Iterator[Any]:
    with engine() as opened:
        yield opened


@pytest.mark.parametrize("first", range(0, 2_500, CHUNK))
def test_nothing_but_our_errors_comes_out_of_random_texts(db: Any, first: int) -> None:
    found = [finding for finding in attack(db, SEED, first, CHUNK) if finding is not None]
    assert not found, "\n\n".join(found)


def test_the_texts_are_of_every_sort() -> None:
    """Some are queries and some are not, and every terminal of the grammar is among them."""
    made = [texts.text(Random(f"sort/{number}")) for number in range(600)]
    parsed = 0
    for text in made:
        try:
            parse(text)
        except UsqlError:
            continue
        parsed += 1
    assert 0.2 < parsed / len(made) < 0.8
    upper = " ".join(texts._sentences().sentence(Random(number)) for number in range(300)).upper()
    for word in (
        "FUNNEL",
        "ORDERED",
        "STRICT",
        "WITHIN",
        "SEGMENT",
        "MATCHES",
        "OFFSET",
        "COMPARE",
    ):
        assert word in upper, word


@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "(" * (MAX_LENGTH - 10),
        HEAD + "(" * 900_000,
        HEAD + "NOT " * 200_000 + "bounce = true",
        "SELECT " + "- " * 400_000 + "1" + TAIL,
        "SELECT " + "1+" * 400_000 + "1" + TAIL,
        "SELECT " + "MAX(" * 200_000,
        "SELECT " + "(1+" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1) + TAIL,
        "SELECT 1" + "+1" * (MAX_TERMS + 1) + TAIL,
        "x" * (MAX_LENGTH + 1),
    ],
    ids=lambda text: f"{text[:30]}…",
)
def test_depth_and_length_have_limits(text: str) -> None:
    with pytest.raises(TooLarge) as caught:
        parse(text)
    assert caught.value.hint
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "(" * MAX_DEPTH + "bounce = true" + ")" * MAX_DEPTH,
        HEAD + "NOT " * (MAX_DEPTH - 2) + "bounce = true",
        "SELECT 1" + "+1" * MAX_TERMS + TAIL,
        HEAD + " AND ".join(["bounce = true"] * 2_000),
        HEAD + "city IN (" + ", ".join(["'x'"] * 3_000) + ")",
        "SELECT '" + "x" * 100_000 + "'" + TAIL,
    ],
    ids=lambda text: f"{text[:30]}…",
)
def test_what_is_within_the_limits_works(text: str, db: Any) -> None:
    tree = parse(text)
    assert parse(format_query(tree)) == tree
    db.compile(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ſUM(duration) FROM usersession",
        "SELECT İ(duration) FROM usersession",
        "SELECT city FROM usersession WHERE startTime > $ΐ",
    ],
)
def test_letters_whose_case_is_odd_stay_what_they_are(text: str) -> None:
    tree = parse(text)
    assert parse(format_query(tree)) == tree
    assert format_query(tree) == text


@pytest.mark.parametrize(
    "text",
    [
        "SELECT count " + "--a" * 5_000 + "\n" + TAIL,
        "SELECT duration " + "/**/" * 5_000 + TAIL,
        "SELECT duration " + "/*" + "*" * 50_000 + "/" + TAIL,
        "SELECT city" + " " * 200_000 + TAIL,
        "SELECT '" + "''" * 50_000 + "'" + TAIL,
    ],
    ids=lambda text: f"{text[:20]}…",
)
def test_long_runs_are_read_in_one_pass(text: str) -> None:
    assert isinstance(parse(text), ast.Select)


@pytest.mark.parametrize(
    "text",
    [
        "(" * MAX_LENGTH,
        "SELECT '" + "x" * 900_000,
        "SELECT city AS [" + "x" * 900_000,
        "SELECT /*" + "*" * 900_000,
        "SELECT city FROM usersession" + ";" * 900_000,
        "SELECT city FROM usersession" + "\x00" * 900_000,
        "SELECT " + "9" * 900_000 + TAIL,
        "SELECT\n" * 140_000,
        "",
        ";",
        "\ufeff",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_a_long_text_that_is_no_query_is_refused_at_once(text: str) -> None:
    with pytest.raises(BadSyntax) as caught:
        parse(text)
    assert len(str(caught.value)) < 1_000
