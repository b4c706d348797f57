"""Every bad query of `tests/errors`: kind, line, column, drawing and hint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cases.mistakes import raised
from cases.reader import Entry, read_folder

import usql

TESTS = Path(__file__).parent
ERRORS = read_folder(TESTS / "errors")
_MACHINERY = re.compile(r"__ANON|lark|sqlite|sqlglot|Traceback|NoneType|object at 0x", re.I)


@pytest.fixture(scope="module")
def db() -> Iterator[Any]:
    with usql.connect(":memory:") as opened:
        opened.import_files([TESTS / "data" / "small.ndjson"])
        yield opened


@pytest.mark.parametrize("entry", ERRORS, ids=str)
def test_error(entry: Entry, db: Any) -> None:
    pinned = entry.section("error")
    assert pinned is not None, "python -m tests.cases --update writes the section"
    assert "\n".join(pinned.content) == "\n".join(raised(entry, db).lines)


@pytest.mark.parametrize("entry", ERRORS, ids=str)
def test_the_words_are_those_of_people(entry: Entry, db: Any) -> None:
    _, message, *rest = raised(entry, db).lines
    assert message
    hints = [line for line in rest if line.startswith("hint: ")]
    assert not _MACHINERY.search(message)
    assert all(not _MACHINERY.search(hint) and len(hint) > 10 for hint in hints)


def test_the_caret_stands_under_what_it_marks(db: Any) -> None:
    for entry in ERRORS:
        drawn = raised(entry, db).lines[2:4]
        if len(drawn) < 2 or not drawn[0].startswith("line "):
            continue
        head = re.match(r"line \d+, column \d+: ", drawn[0])
        assert head is not None
        assert re.fullmatch(r" +\^+", drawn[1]), entry
        assert len(drawn[1]) - len(drawn[1].lstrip()) >= head.end(), entry


def test_there_are_many() -> None:
    assert len(ERRORS) >= 130


def test_queries_are_distinct() -> None:
    queries = [(entry.query, str(entry.settings())) for entry in ERRORS]
    assert len(set(queries)) == len(queries)


def test_nearly_all_say_what_to_write_instead(db: Any) -> None:
    without = [e for e in ERRORS if not any("hint: " in line for line in raised(e, db).lines)]
    assert len(without) <= 0.1 * len(ERRORS), [str(entry) for entry in without]
