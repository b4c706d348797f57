"""Every case of `tests/cases`: its answer, its stations, and what the referee says to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cases import answers
from cases.reader import Entry, read_folder
from cases.referee import NotModelled, Referee

import usql

TESTS = Path(__file__).parent
DATA = TESTS / "data" / "small.ndjson"
CASES = read_folder(TESTS / "cases")


@pytest.fixture(scope="module")
def db() -> Iterator[Any]:
    with usql.connect(":memory:") as opened:
        opened.import_files([DATA])
        yield opened


@pytest.fixture(scope="module")
def referee() -> Referee:
    return Referee(DATA)


@pytest.mark.parametrize("entry", CASES, ids=str)
def test_answer(entry: Entry, db: Any) -> None:
    assert answers.difference(answers.expected(entry), answers.given(entry, db)) is None


@pytest.mark.parametrize(
    "entry", [case for case in CASES if any(case.section(n) for n in answers.STATIONS)], ids=str
)
def test_stations(entry: Entry, db: Any) -> None:
    for section in answers.stations(entry, db):
        shown = entry.section(section.name)
        assert shown is not None
        assert "\n".join(shown.content) == "\n".join(section.lines).rstrip("\n")


@pytest.mark.parametrize("entry", [c for c in CASES if "referee" not in c.options], ids=str)
def test_the_referee_agrees(entry: Entry, referee: Referee) -> None:
    try:
        rows = referee.rows(entry)
    except NotModelled as reason:
        pytest.fail(f"write 'referee: no, …' into the case: {reason}")
    want = answers.expected(entry).rows
    assert len(rows) == len(want), rows
    for a, b in zip(want, rows, strict=True):
        assert answers.same(a, b), (a, b)


def test_there_are_many_and_the_referee_knows_most() -> None:
    assert len(CASES) >= 200
    assert sum("referee" not in case.options for case in CASES) >= 0.8 * len(CASES)


def test_titles_are_distinct() -> None:
    titles = [(case.path, case.title) for case in CASES]
    assert len(set(titles)) == len(titles)


def test_a_wrong_row_is_noticed(db: Any) -> None:
    entry = next(case for case in CASES if case.path.stem == "plain")
    answer = answers.expected(entry)
    for wrong in (answer.rows[:-1], (*answer.rows, answer.rows[0]), answer.rows[::-1]):
        changed = answers.Answer(answer.columns, wrong, answer.explanations)
        assert answers.difference(changed, answers.given(entry, db)) is not None
