"""The real program, typed into through a pseudo-terminal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import pytest

import usql
from tests.shell.terminal import (
    CTRL_C,
    CTRL_D,
    CTRL_E,
    CTRL_R,
    CTRL_X,
    ENTER,
    ESCAPE,
    TAB,
    UP,
    Terminal,
)
from usql.demo import write

COUNT = "SELECT COUNT(*) AS n FROM usersession"
ENDLESS = (
    "SELECT COUNT(*) FROM usersession GROUP BY useraction.name, useraction.duration,"
    " useraction.startTime, useraction.endTime, useraction.type, useraction.internalApplicationId,"
    " userevent.startTime, userevent.name"
)
"""Every combination of values of every session: more than any machine can do in a day."""

Open = Callable[..., Terminal]


@pytest.fixture
def open_shell(shell_store: Path, tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def opened(store: Path | str = shell_store, *arguments: str, **options) -> Terminal:
            options.setdefault("home", tmp_path)
            return stack.enter_context(Terminal(str(store), *arguments, **options))

        yield opened


def test_a_query_and_its_answer(open_shell: Open) -> None:
    shell = open_shell().wait_for_prompt()
    assert "Try:" in shell.text  # the first start
    shell.type(COUNT, ENTER)
    shell.wait("1 row in").wait_for_prompt().wait("60 sessions │ 1 row")
    bottom = shell.text.splitlines()[-1]
    assert "demo.db" in bottom
    assert "all data │ UTC │ 60 sessions │ 1 row" in bottom
    shell.type(CTRL_D)
    assert shell.leave() == 0


def test_an_unfinished_query_goes_on(open_shell: Open) -> None:
    shell = open_shell().wait_for_prompt()
    shell.type("SELECT COUNT(*) AS n", ENTER)
    shell.wait(lambda s: s.line == "  ...")
    shell.type("FROM usersession WHERE 1", CTRL_E, "\x7f", "duration > -1", ENTER)
    shell.wait("1 row in").wait_for_prompt()
    shell.type(UP)
    shell.wait(lambda s: "FROM usersession WHERE duration > -1" in s.line)
    assert "usql> SELECT COUNT(*) AS n\n  ... FROM usersession WHERE duration > -1" in shell.text


def test_history_is_kept_and_searched(open_shell: Open) -> None:
    first = open_shell().wait_for_prompt()
    first.type("SELECT MAX(duration) AS longest\nFROM usersession", ENTER)
    first.wait("1 row in").wait_for_prompt().type(COUNT, ENTER)
    first.wait_for_prompt().type("exit", ENTER)
    assert first.leave() == 0
    second = open_shell().wait_for_prompt()
    assert "Try:" not in second.text
    second.type(CTRL_R, "longest")
    second.wait("MAX(duration) AS longest")
    second.type(ENTER)
    second.wait(lambda s: "reverse" not in s.text)
    second.type(ENTER)
    second.wait("1 row in")


def test_ctrl_c_ends_a_query_and_then_the_session(open_shell: Open) -> None:
    shell = open_shell().wait_for_prompt()
    shell.type(ENDLESS, ENTER)
    shell.wait("Ctrl-C ends it")
    shell.type(CTRL_C)
    shell.wait("error: the query was cancelled").wait_for_prompt()
    shell.type(COUNT, ENTER)
    shell.wait("1 row in").wait_for_prompt()
    shell.type(CTRL_C)
    shell.wait("Ctrl-C again").wait_for_prompt()
    shell.type(CTRL_C)
    assert shell.leave() == 0


def test_ctrl_c_clears_what_was_typed(open_shell: Open) -> None:
    shell = open_shell().wait_for_prompt()
    shell.type("SELECT rubbish")
    shell.wait("rubbish").type(CTRL_C)
    shell.wait_for_prompt()
    assert "Ctrl-C again" not in shell.text


def test_commands_are_completed(open_shell: Open) -> None:
    shell = open_shell().wait_for_prompt()
    shell.type(".tabl")
    shell.wait("how many rows they have").type(TAB)
    shell.wait(lambda s: s.line == "usql> .tables")
    shell.type(ENTER)
    shell.wait("useraction").wait_for_prompt()
    shell.type(".fields usere")
    shell.wait(lambda s: "usererror    6 fields" in s.text)


def test_queries_are_completed(open_shell: Open) -> None:
    shell = open_shell().wait_for_prompt()
    shell.type("SELECT COUNT(*) AS n FROM usersess")
    shell.wait(lambda s: s.text.count("usersession") > 1).type(TAB)
    shell.wait(lambda s: s.line.endswith("FROM usersession"))
    shell.type(ENTER, ENTER)
    shell.wait("1 row in")


def test_the_place_of_an_error_is_marked(open_shell: Open) -> None:
    shell = open_shell().wait_for_prompt()
    shell.type("SELECT contry FROM usersession", ENTER)
    shell.wait("did you mean country?").wait_for_prompt()
    shell.type(UP)
    shell.wait(lambda s: s.line.endswith("SELECT contry FROM usersession"))
    shell.wait(lambda s: s.style("contry").reverse)
    assert not shell.style("FROM").reverse


def test_words_that_cannot_be_are_marked_as_one_types(open_shell: Open) -> None:
    shell = open_shell().wait_for_prompt()
    shell.type("SELECT contry FROM usersession ")
    shell.wait(lambda s: "usersession" in s.line and s.style("contry").fg == "red")
    assert shell.style("FROM").fg == "blue"
    assert shell.style("usersession").fg == "default"


def test_ten_thousand_characters_are_pasted(open_shell: Open) -> None:
    shell = open_shell(lines=50).wait_for_prompt()
    cities = ", ".join(f"'Nowhere {n}'" for n in range(680))
    assert len(cities) > 9_000
    text = f"SELECT COUNT(*) AS n\nFROM usersession\nWHERE city NOT IN ({cities})".ljust(10_000)
    shell.paste(text)
    shell.wait("Nowhere 679")
    shell.type(ENTER)
    shell.wait("1 row in").wait_for_prompt()
    shell.resize(60, 20)
    shell.type(UP)
    shell.wait("Nowhere 679")


def test_several_lines_are_pasted_and_run_one_after_another(open_shell: Open) -> None:
    shell = open_shell().wait_for_prompt()
    shell.paste(f"{COUNT};\nSELECT COUNT(*) AS actions FROM useraction;\n")
    shell.wait("actions FROM").type(ENTER)
    shell.wait(lambda s: s.text.count("1 row in") == 2)


def test_a_resized_terminal_turns_wide_rows(open_shell: Open) -> None:
    shell = open_shell(columns=100).wait_for_prompt()
    query = "SELECT userSessionId, startTime, endTime, duration FROM usersession LIMIT 1"
    shell.type(query, ENTER)
    shell.wait("1 row in").wait_for_prompt()
    assert "─ row 1 ─" not in shell.text
    shell.resize(40, 30)
    shell.wait_for_prompt().type(query, ENTER)
    shell.wait("─ row 1 ─").wait_for_prompt()


def test_forty_columns(open_shell: Open) -> None:
    shell = open_shell(columns=40).wait_for_prompt()
    shell.type("SELECT city, COUNT(*) AS n FROM usersession GROUP BY city LIMIT 2", ENTER)
    shell.wait("2 rows in").wait_for_prompt().type(".chart", ENTER)
    shell.wait("│█").wait_for_prompt()
    shell.wait("│ 2 rows")
    assert shell.text.splitlines()[-1].startswith(" …")


def test_the_caret_stands_below_its_word_on_a_narrow_terminal(open_shell: Open) -> None:
    shell = open_shell(columns=50, lines=20).wait_for_prompt()
    shell.type("SELECT country, COUNT(*) FROM usersession GROUP BY contry LIMIT 20", ENTER)
    shell.wait("did you mean country?").wait_for_prompt()
    lines = shell.text.splitlines()
    drawn = next(number for number, line in enumerate(lines) if line.startswith("line 1"))
    place = lines[drawn + 1].index("^^^^^^")
    assert lines[drawn][place : place + len("contry")] == "contry"
    assert lines[drawn].startswith("line 1, column 52: …")


def test_a_dumb_terminal(open_shell: Open) -> None:
    shell = open_shell(TERM="dumb").wait_for_prompt()
    assert "Try:" in shell.text
    shell.type("SELECT COUNT(*) AS n", ENTER)
    shell.wait(lambda s: s.line == "  ...")
    shell.type("FROM usersessiom\x7fn", ENTER)
    shell.wait("1 row in").wait_for_prompt().type(ENDLESS, ENTER)
    shell.wait("this takes a while; Ctrl-C ends it").type(CTRL_C)
    shell.wait("error: the query was cancelled").wait_for_prompt()
    shell.type("SELECT contry FROM usersession", ENTER)
    shell.wait("did you mean country?").wait_for_prompt().type("quit", ENTER)
    assert shell.leave() == 0
    assert b"\x1b" not in shell.everything
    assert shell.text.count("AS n") == 1  # nothing is drawn twice


def test_long_results_are_paged(open_shell: Open) -> None:
    shell = open_shell(PAGER="sed s/^/paged:/").wait_for_prompt()
    shell.type("SELECT userSessionId FROM usersession LIMIT 40", ENTER)
    shell.wait("paged:").wait("40 rows in").wait_for_prompt()
    shell.type("SELECT userSessionId AS few FROM usersession LIMIT 2", ENTER)
    shell.wait("2 rows in").wait_for_prompt()
    assert "paged:few" not in shell.text


@pytest.mark.skipif(shutil.which("less") is None, reason="less is not installed")
@pytest.mark.parametrize("options", [None, "-M"])
def test_less_shows_colours(open_shell: Open, options: str | None) -> None:
    own = {} if options is None else {"LESS": options}
    shell = open_shell(PAGER="less", lines=12, **own).wait_for_prompt()
    shell.type("SELECT userSessionId FROM usersession LIMIT 40", ENTER)
    shell.wait("userSessionId").wait(lambda s: s.line.startswith(":") or "lines 1-" in s.line)
    assert "ESC" not in shell.text
    shell.type("q")
    shell.wait("40 rows in").wait_for_prompt()


def test_an_editor_outside(open_shell: Open, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\necho '{COUNT}' > \"$1\"\n")
    editor.chmod(0o755)
    shell = open_shell(VISUAL=str(editor)).wait_for_prompt()
    shell.type("SELECT", CTRL_X, CTRL_E)
    shell.wait(lambda s: COUNT in s.text)
    if "1 row in" not in shell.text:
        shell.type(ENTER)
    shell.wait("1 row in")


def test_vi_keys(open_shell: Open, shell_store: Path) -> None:
    shell = open_shell("shell", str(shell_store), "--keys", "vi").wait_for_prompt()
    shell.wait("│ insert │")
    shell.type("rubbish", ESCAPE)
    shell.wait("│ normal │").type("dd")
    shell.wait_for_prompt()
    shell.type("i", COUNT, ENTER)
    shell.wait("1 row in")


def test_no_store_and_no_store_at_all(open_shell: Open, tmp_path: Path) -> None:
    missing = open_shell(tmp_path / "missing.db", columns=300)
    assert missing.leave() == 3
    assert "no store at" in missing.text
    dead = tmp_path / "dead.db"
    dead.write_bytes(b"no store, nor anything else" * 100)
    shell = open_shell(dead, columns=300)
    assert shell.leave() == 3
    assert "is not a usql store" in shell.text


def test_a_store_that_dies(open_shell: Open, shell_store: Path, tmp_path: Path) -> None:
    store = tmp_path / "dying.db"
    shutil.copy(shell_store, store)
    shell = open_shell(store).wait_for_prompt().wait("60 sessions")
    with store.open("r+b") as file:
        file.truncate(4096)
        file.write(b"x" * 4096)
    shell.type("SELECT city, name FROM useraction", ENTER)
    shell.wait("error:").wait_for_prompt()
    shell.type(".timer", ENTER)
    shell.wait("timer: on")


def test_a_store_that_cannot_be_written(
    open_shell: Open, shell_store: Path, tmp_path: Path
) -> None:
    store = tmp_path / "fixed.db"
    shutil.copy(shell_store, store)
    store.chmod(0o444)
    shell = open_shell(store).wait_for_prompt()
    shell.type(COUNT, ENTER)
    shell.wait("1 row in")


def test_a_history_that_cannot_be_kept(open_shell: Open, tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("a file where a folder should be")
    shell = open_shell().wait_for_prompt()
    assert "the history is not kept" in shell.text
    shell.type(COUNT, ENTER)
    shell.wait("1 row in")


def test_an_empty_store_says_how_to_fill_it(open_shell: Open) -> None:
    shell = open_shell("shell", ":memory:").wait_for_prompt()
    assert "This store is empty" in shell.text
    assert ".import" in shell.text


def test_ctrl_c_ends_an_import(open_shell: Open, tmp_path: Path) -> None:
    export = tmp_path / "export.ndjson"
    write(export, 60)
    export.write_bytes(b"".join(_renamed(export.read_bytes(), f"{n:04}") for n in range(400)))
    store = tmp_path / "filled.db"
    usql.connect(store).close()
    shell = open_shell(store).wait_for_prompt()
    shell.type(f".import {export}", ENTER)
    shell.wait("Ctrl-C ends it")
    shell.type(CTRL_C)
    shell.wait("error: the import was ended").wait_for_prompt()
    shell.type(COUNT, ENTER)
    shell.wait("1 row in").wait_for_prompt()
    with usql.connect(store, create=False) as db:
        assert db.query(COUNT).rows[0][0] < 60 * 400
        assert db.check().sound


def test_ctrl_c_ends_an_export(open_shell: Open, tmp_path: Path) -> None:
    store, out = tmp_path / "many.db", tmp_path / "out"
    out.mkdir()
    write(tmp_path / "export.ndjson", 60)
    export = (tmp_path / "export.ndjson").read_bytes()
    with usql.connect(store) as db:
        lines = BytesIO(b"".join(_renamed(export, f"{n:04}") for n in range(150)))
        db.import_files(lines)
    shell = open_shell(store).wait_for_prompt().wait("9,000 sessions")
    shell.type(f".export {out / 'sessions.ndjson.gz'}", ENTER)
    shell.wait("sessions, Ctrl-C ends it")
    shell.type(CTRL_C)
    shell.wait("error: the export was ended").wait_for_prompt()
    shell.type(COUNT, ENTER)
    shell.wait("1 row in").wait_for_prompt()
    assert list(out.iterdir()) == []


def test_ctrl_c_right_behind_enter_is_meant_for_the_query(open_shell: Open) -> None:
    shell = open_shell().wait_for_prompt()
    shell.type(ENDLESS + ENTER + CTRL_C)
    shell.wait("cancelled").wait_for_prompt()
    shell.type(COUNT, ENTER)
    shell.wait("1 row in").wait_for_prompt()


def _renamed(export: bytes, suffix: str) -> bytes:
    """Return an export with other sessions, alike but for their names."""
    return export.replace(b'"userSessionId":"', b'"userSessionId":"' + suffix.encode())


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(
    open_shell: Open, shell_store: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "fixed"
    folder.mkdir()
    shutil.copy(shell_store, folder / "fixed.db")
    folder.chmod(0o555)
    try:
        shell = open_shell(folder / "fixed.db").wait_for_prompt()
        shell.type(COUNT, ENTER)
        shell.wait("1 row in")
    finally:
        folder.chmod(0o755)
