"""Walks through suggestions at random: does each lead to a query that can still become valid?

``python -m tests.completion.walk STORE --count 3000 --seed 7`` walks, and prints what went wrong.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator

import usql
from usql.completion import Completeness, completeness
from usql.parser import beginning

_LONGEST = 40


def walk(db: usql.Database, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Yield each text of one walk with what is wrong with it, or "" if nothing is."""
    text, cursor = "", 0
    for _ in range(_LONGEST):
        found = db.complete(text, cursor)
        closing = text[cursor:]
        done = not closing and completeness(text) is Completeness.COMPLETE
        if done and (not found or chance.random() < 0.3):
            yield text, _unresolved(db, text)
            return
        goes_on = any(s.text.startswith(",") for s in found)
        filled = bool(closing) and text[:cursor].rstrip()[-1] not in "(,"
        may_leave = filled and not goes_on and beginning(text[: cursor + 1]) is not None
        if may_leave and (not found or chance.random() < 0.6):
            cursor += 2  # behind the bracket
            text = f"{text[: cursor - 1]} {text[cursor - 1 :]}"
            continue
        if not found:
            yield text, f"a dead end at {text[:cursor]!r}"
            return
        chosen = chance.choice(found)
        before = text
        text = chosen.apply(text)
        cursor = chosen.cursor
        in_quotes = text[cursor - 1 : cursor + 1] == "''"
        if beginning(text[: cursor + in_quotes]) is None:
            yield text, f"no query begins with {text[:cursor]!r}, suggested in {before!r}"
            return
        yield text, ""
        if text.endswith("''") and cursor == len(text) - 1:
            cursor += 1  # an empty text is a text
        if cursor < len(text) and text[cursor - 1] not in "(.":
            text, cursor = f"{text[:cursor]} {text[cursor:]}", cursor + 1
        if cursor == len(text) and text[-1] not in "( .":
            separator = ", " if chance.random() < 0.1 and _may_go_on(text) else " "
            text = text + separator
            cursor = len(text)


def _may_go_on(text: str) -> bool:
    begun = beginning(text)
    listing = "WHERE" not in text and "ORDER" not in text and "GROUP" not in text
    return begun is not None and "," in begun.accepts and listing


def _unresolved(db: usql.Database, text: str) -> str:
    try:
        db.compile(text)
    except usql.UsqlError as error:
        return f"{error.message} ({error.hint})"
    return ""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    wrong = steps = 0
    with usql.connect(given.store, create=False) as db:
        for number in range(given.count):
            for text, problem in walk(db, random.Random(given.seed * 1_000_003 + number)):
                steps += 1
                if problem:
                    wrong += 1
                    print(f"{text}\n    {problem}")
    print(f"{given.count} walks, {steps} steps, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
