from __future__ import annotations

import doctest

import pytest

from usql.render import escape, values, width
from usql.render.escape import visible, visible_lines


@pytest.mark.parametrize("module", [escape, values, width], ids=lambda module: module.__name__)
def test_examples(module):
    failures, tries = doctest.testmod(module)
    assert tries > 0
    assert failures == 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain", "plain"),
        ("C:\\new", "C:\\new"),
        ("a\nb\r\n\tc", r"a\nb\r\n\tc"),
        ("\0", r"\x00"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x9b2J", r"\x9b2J"),
        ("\x7f\x08", r"\x7f\x08"),
        ("abc\u202egpj.exe", r"abc\u202egpj.exe"),
        ("\u2066x\u2069\u200f", r"\u2066x\u2069\u200f"),
        ("a\u2028b", r"a\u2028b"),
        ("\ufeffx\u200by\xad", r"\ufeffx\u200by\xad"),
        ("\ud83d", r"\ud83d"),
        ("tag\U000e0041", r"tag\U000e0041"),
    ],
)
def test_unsafe_characters_are_shown(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize("text", ["Zoë", "京都", "שלום", "e\u0301", "👨‍👩‍👧", "a\u00a0b", "𝕏"])
def test_other_text_stays(text):
    assert visible(text) == text


def test_no_control_character_is_left():
    every = "".join(map(chr, range(0x3000)))
    assert not [c for c in visible(every) if ord(c) < 32 or 0x7F <= ord(c) <= 0x9F]


def test_lines_are_kept_where_they_are_meant():
    assert visible_lines("one\n\ttwo\x1b") == "one\n\\ttwo\\x1b"
