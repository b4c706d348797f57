"""Waiting for work in another thread, and ending it; Ctrl-C comes while the spinner turns."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from tests.shell.talk import Talk
from usql.errors import Cancelled
from usql.shell.screen import TerminalSpinner
from usql.shell.waiting import Steps, wait_for, wait_for_steps

PATIENCE_S = 60.0


class Fingers:
    """A spinner in front of which somebody presses Ctrl-C at each of its first turns."""

    def __init__(self, presses: int = 1) -> None:
        self.presses = presses
        self.shown: list[tuple[str, str]] = []
        self.stopped = False

    def turn(self, seconds: float, about: str = "", keys: str = "Ctrl-C ends it") -> None:
        self.shown.append((about, keys))
        if self.presses:
            self.presses -= 1
            raise KeyboardInterrupt

    def stop(self) -> None:
        self.stopped = True


def test_what_work_gives_or_raises() -> None:
    steps, spinner = Steps("the work"), Fingers(0)
    assert wait_for(lambda: 7, lambda: None, spinner) == 7
    assert wait_for_steps(lambda: 8, steps, lambda: None, spinner) == 8
    with pytest.raises(ZeroDivisionError):
        wait_for(lambda: 1 // 0, lambda: None, spinner)
    with pytest.raises(ZeroDivisionError):
        wait_for_steps(lambda: 1 // 0, steps, lambda: None, spinner)
    assert spinner.stopped


def test_work_without_steps_is_left_behind() -> None:
    never = Event()
    spinner = Fingers()
    with pytest.raises(Cancelled, match="the query was cancelled"):
        wait_for(lambda: never.wait(PATIENCE_S), lambda: None, spinner)
    assert spinner.stopped
    never.set()


def test_work_ends_after_its_step() -> None:
    steps, spinner, taken, asked = Steps("the work"), Fingers(), list[int](), Event()

    def work() -> None:
        for number in range(1_000_000):
            taken.append(number)
            steps.step(f"{number} done")
            asked.wait(PATIENCE_S)

    with pytest.raises(Cancelled, match="the work was ended"):
        wait_for_steps(work, steps, asked.set, spinner)
    assert len(taken) == 2
    assert spinner.shown == [("0 done", "Ctrl-C ends it")]
    assert spinner.stopped


def test_work_that_takes_long_to_end_is_waited_for() -> None:
    steps, spinner, closed = Steps("the work"), Fingers(), Event()

    def work() -> str:
        while len(spinner.shown) < 3:  # the first Ctrl-C, and two turns that wait for the end
            Event().wait(0.01)
        closed.set()
        return "whole"

    assert wait_for_steps(work, steps, lambda: None, spinner) == "whole"
    assert closed.is_set()
    assert spinner.shown[1] == ("ending", "Ctrl-C leaves the shell")


def test_a_second_ctrl_c_does_not_wait() -> None:
    never, spinner = Event(), Fingers(2)
    with pytest.raises(KeyboardInterrupt):
        wait_for_steps(lambda: never.wait(PATIENCE_S), Steps("the work"), lambda: None, spinner)
    assert spinner.stopped
    never.set()


def test_ctrl_c_twice_in_an_import_leaves(
    shell_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Talk(shell_store)
    never = Event()
    spinner = Fingers(2)
    (tmp_path / "export.ndjson").touch()
    monkeypatch.setattr(type(shell.session.screen), "spinner", spinner)
    monkeypatch.setattr(type(shell.session.db), "import_files", lambda *_, **__: never.wait(60))
    shell.say(f".import {tmp_path / 'export.ndjson'}")
    assert shell.left
    never.set()
    shell.close()


def test_the_spinner_fits_the_terminal(shell_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Talk(shell_store)
    screen = shell.session.screen
    monkeypatch.delenv("TERM", raising=False)
    monkeypatch.setattr(type(screen), "interactive", True)
    monkeypatch.setattr(type(screen), "width", 30)
    spinner = TerminalSpinner(screen)
    spinner.turn(1.25, "2,000 sessions")
    assert shell.out.getvalue() == "\r| 1.2 s, 2,000 sessions, Ctrl\x1b[K"
    spinner.stop()
    assert shell.out.getvalue().endswith("\r\x1b[K")
    shell.close()


def test_messages_are_broken_between_words(
    shell_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = Talk(shell_store)
    monkeypatch.setattr(type(shell.session.screen), "width", 40)
    assert shell.say("show tabels") == (
        "error: there is no SHOW statement\n"
        "line 1, column 1: show tabels\n"
        "                  ^^^^\n"
        "hint: SHOW TABLES and SHOW FIELDS FROM\n"
        "  useraction do; .help lists the\n"
        "  commands\n"
    )
    assert shell.say(".nonsense") == "error: there is no command .nonsense\nhint: try .help\n"
    assert shell.say(".chart") == (
        "error: there is no result to draw yet\n"
        "hint: try SELECT country, COUNT(*) FROM\n"
        "  usersession GROUP BY country, then\n"
        "  .chart\n"
    )
    shell.close()


def test_an_error_keeps_nothing_alive(shell_store: Path) -> None:
    shell = Talk(shell_store)
    shell.say("SELECT contry FROM usersession")
    error = shell.session.error
    assert error is not None
    assert error.__traceback__ is None
    assert error.__context__ is None
    shell.close()
