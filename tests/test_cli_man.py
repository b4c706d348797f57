"""Manual pages: whole, and in words that roff understands."""

from __future__ import annotations

import re
import shutil
import subprocess

import click
import pytest
from click.testing import CliRunner

from usql.cli import COMMANDS, main


def page(*command: str) -> str:
    result = CliRunner().invoke(main, ["man", *command])
    assert result.exit_code == 0, result.output
    return result.output


def shown(roff: str) -> str:
    """Return a page as a reader sees it, in one line, by hand: there may be no man here."""
    lines = [line for line in roff.splitlines() if not re.match(r"\.(P?P|TP|nf|fi|RS|RE)\b", line)]
    text = re.sub(r"\\f[BIR]", "", " ".join(lines))
    for escape, sign in (
        (r"\&", ""), (r"\-", "-"), (r"\(aq", "'"), (r"\(dq", '"'), (r"\(ga", "`"),
        (r"\(ti", "~"), (r"\(ha", "^"), (r"\e", "\\"),
    ):  # fmt: skip
        text = text.replace(escape, sign)
    text = re.sub(r"\\\[u([0-9A-F]+)\]", lambda found: chr(int(found[1], 16)), text)
    return " ".join(text.split())


def test_the_page_of_usql_has_all_commands() -> None:
    text = page()
    assert text.startswith('.TH "USQL" "1"')
    for name in COMMANDS:
        assert re.search(rf'^\.SS "{name}\b', text, re.MULTILINE), name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_page_has_every_option_and_all_that_help_says(name: str) -> None:
    text = shown(page(name))
    command = main.get_command(click.Context(main), name)
    assert command is not None
    context = click.Context(command, info_name=name)
    for option in command.get_params(context):
        if isinstance(option, click.Option) and not option.hidden:
            names, about = option.get_help_record(context) or ("", "")
            assert " ".join(f"{names} {about}".split()) in text
    for paragraph in (command.help or "").replace("\b", "").split("\n\n"):
        assert " ".join(paragraph.split()) in text


def test_commands_within_a_command_have_pages() -> None:
    assert page("token", "add").startswith('.TH "USQL\\-TOKEN\\-ADD" "1"')
    assert '.SS "revoke ' in page("token")


@pytest.mark.parametrize("words", [["nothing"], ["query", "more"], ["token", "nothing"]])
def test_no_such_command(words: list[str]) -> None:
    result = CliRunner().invoke(main, ["man", *words])
    assert result.exit_code == 2
    assert f"No such command '{' '.join(words)}'" in result.output


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
@pytest.mark.parametrize("command", [(), ("query",), ("token", "add")])
def test_groff_has_no_warnings(command: tuple[str, ...]) -> None:
    set_page = subprocess.run(
        ["groff", "-man", "-ww", "-Tutf8"],
        input=page(*command), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert set_page.stderr == ""
    assert "SYNOPSIS" in re.sub(".\b", "", set_page.stdout)  # bold is struck twice
