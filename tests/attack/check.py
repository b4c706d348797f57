"""What must hold for every text."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random
from typing import Any

import usql
from usql.errors import UsqlError
from usql.formatter import format_query
from usql.parser import parse

from . import texts

SLOW_SECONDS = 1.0
"""No text that a person could have written takes so long."""


def attack(db: Any, seed: int, first: int, count: int) -> Iterator[str | None]:
    """For each text of these numbers what is wrong with what the engine made of it, or None."""
    for number in range(first, first + count):
        text = texts.text(Random(f"{seed}/{number}"))
        found = wrong(db, text)
        yield None if found is None else f"text {number}: {found}\n{text!r}"


def wrong(db: Any, text: str) -> str | None:
    """Say what is wrong with what the engine makes of a text, or None."""
    began = time.process_time()
    try:
        found = _wrong(db, text)
    except Exception as error:  # whatever escapes is a finding
        return f"{type(error).__name__}: {error}"
    seconds = time.process_time() - began
    return f"took {seconds:.1f} s" if found is None and seconds > SLOW_SECONDS else found


def _wrong(db: Any, text: str) -> str | None:
    try:
        tree = parse(text)
    except UsqlError as error:
        return _undrawn(error)
    canonical = format_query(tree)
    try:
        again = parse(canonical)
    except UsqlError as error:
        return f"its canonical text {canonical!r} cannot be parsed: {error}"
    if again != tree:
        return f"its canonical text {canonical!r} means something else"
    if format_query(again) != canonical:
        return f"formatted twice: {canonical!r}, then {format_query(again)!r}"
    try:
        db.compile(text, {"p": 5})
    except UsqlError as error:
        return _undrawn(error)
    return None


def _undrawn(error: UsqlError) -> str | None:
    """An error has a message, and its drawing does not fail."""
    return None if error.message and str(error) else "an error that says nothing"


def engine() -> Any:
    """An empty store: what the texts mean is looked up in the catalogue alone."""
    return usql.connect(":memory:")
