"""A sample of `python -m tests.attack.strings`."""

from __future__ import annotations

import pytest

import usql
from usql.errors import BadParameter, BadSyntax

from .strings import findings


def test_hostile_strings_come_back_unchanged_and_change_nothing() -> None:
    found = list(findings(seed=1, count=220))
    assert not found, "\n".join(map(str, found))


def test_a_number_in_a_text_may_have_any_blanks_around_it() -> None:
    with usql.connect() as db:
        for number in ("22\x1f", "\x1d2.5\x1e", " 1e3\x85"):
            query = f"SELECT COUNT(*) FROM usersession WHERE duration > '{number}'"
            assert db.query(query).rows == [(0,)]


def test_half_a_character_is_refused_where_it_stands() -> None:
    with usql.connect() as db:
        with pytest.raises(BadSyntax, match=r"U\+D800 is half of a character") as caught:
            db.query("SELECT city FROM usersession\nWHERE userId = 'a\ud800'")
        assert (caught.value.line, caught.value.column) == (2, 18)
        with pytest.raises(BadParameter, match=":v cannot be"):
            db.query("SELECT city FROM usersession WHERE userId = :v", {"v": "a\ud800"})
