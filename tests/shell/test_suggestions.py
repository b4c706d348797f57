from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prompt_toolkit.buffer import CompletionState
from prompt_toolkit.document import Document

from tests.shell.talk import Talk
from usql.shell.editor import Placed
from usql.shell.suggestions import suggest


@pytest.fixture
def talk(shell_store: Path) -> Iterator[Talk]:
    shell = Talk(shell_store)
    yield shell
    shell.close()


def _labels(talk: Talk, text: str) -> list[str]:
    return [found.label for found in suggest(talk.session, text, len(text))]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (".tab", ["tables"]),
        (".ti", ["timeframe", "timezone", "timer"]),
        (".tz", ["timezone"]),  # letters in order are enough
        ("\\for", ["forget"]),
        (".fields usere", ["userevent", "usererror", "usersession"]),
        (".mode md", ["markdown"]),
        (".dates i", ["iso"]),
        (".chart f", ["funnel"]),
        (".timezone Europe/Vi", ["Europe/Vienna", "Europe/Vilnius"]),
        (".values useraction.stringP", []),
        (".keys useraction.stringP", ["useraction.stringProperties"]),
        (".now 20", []),
        (".xyz a", []),
    ],
)
def test_commands(talk: Talk, text: str, labels: list[str]) -> None:
    assert _labels(talk, text)[: max(len(labels), 1)] == labels


def test_the_language(talk: Talk) -> None:
    assert "usersession" in _labels(talk, "SELECT city FROM users")
    assert "country" in _labels(talk, ".explain SELECT coun")


def test_a_suggestion_replaces_what_was_typed(talk: Talk) -> None:
    found = next(suggest(talk.session, "  .tab", 6))
    assert "  .tab"[: found.start] + found.text + "  .tab"[found.end :] == "  .tables "
    assert found.cursor == len("  .tables ")


def test_the_cursor_comes_to_stand_between_brackets() -> None:
    state = CompletionState(
        Document("SELECT CO FROM", 9),
        [
            Placed("COUNT()", start_position=-2).at(-1, 0),
            Placed("COUNT(*)", start_position=-2).at(0, 5),
        ],
    )
    assert state.new_text_and_position() == ("SELECT CO FROM", 9)
    state.go_to_index(0)
    assert state.new_text_and_position() == ("SELECT COUNT() FROM", len("SELECT COUNT("))
    state.go_to_index(1)
    assert state.new_text_and_position() == ("SELECT COUNT(*)", len("SELECT COUNT(*)"))
