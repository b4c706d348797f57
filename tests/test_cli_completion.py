"""The Tab key of bash, zsh and fish."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def usql(**environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", "from usql.cli import main; main(prog_name='usql')"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def completed(words: str) -> list[str]:
    count = len(words.split(" ")) - 1
    found = usql(_USQL_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(count))
    return found.splitlines()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_each_shell_gets_a_script(shell: str) -> None:
    assert f"{shell}_complete" in usql(_USQL_COMPLETE=f"{shell}_source")


def test_commands_options_formats_and_files() -> None:
    assert "plain,query" in completed("usql qu")
    assert "plain,--keep-going" in completed("usql query a.db --keep")
    assert "plain,csv" in completed("usql query a.db --format ")
    assert completed("usql query sess") == ["file,sess"]
