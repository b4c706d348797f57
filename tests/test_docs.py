"""Every example of the documentation runs, and shows what the page says it shows."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
import re
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path

import click
import pytest

import usql
from tests.docs.blocks import Block, blocks, pages
from tests.docs.runner import ROOT, Workshop, check, demo_store
from usql.cli import COMMANDS

PAGES = pages(ROOT)
BLOCKS = [block for page in PAGES for block in blocks(page)]
MODULES = ["usql", *(m.name for m in pkgutil.walk_packages(usql.__path__, "usql."))]


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo store, made once for all workers."""
    own = tmp_path_factory.getbasetemp()
    return demo_store(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@pytest.fixture(scope="session")
def workshops(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    folder = tmp_path_factory.mktemp("docs")
    with ExitStack() as open_ones:

        @cache
        def workshop(page: Path) -> Workshop:
            return open_ones.enter_context(closing(Workshop(page, folder / page.stem, demo)))

        yield workshop


@pytest.mark.parametrize("block", BLOCKS, ids=lambda b: f"{_name(b.page)}:{b.line}")
def test_block(block: Block, workshops) -> None:
    check(block, workshops(block.page).run(block))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_that_are_only_shown_exist(page: Path) -> None:
    """Commands that cannot be run here, such as those of a unit of systemd, have known options."""
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"^```(?:sh not-run|ini|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    joined = "\n".join(shown).replace("\\\n", " ")
    for line in re.findall(r"^(?:\$ |ExecStart=/\S*/)?usql (.*)$", joined, re.MULTILINE):
        name, *arguments = shlex.split(re.split(r" [|>] ", line)[0], comments=True)
        if name in COMMANDS:  # else it is a store: the shell
            check_options(get_command(name), arguments)


def get_command(name: str) -> click.Command:
    module, _, function = COMMANDS[name].partition(":")
    found: click.Command = getattr(importlib.import_module(f"usql.cli.{module}"), function)
    return found


def check_options(command: click.Command, arguments: list[str]) -> None:
    if isinstance(command, click.Group):
        return check_options(command.commands[arguments[0]], arguments[1:])
    command.make_parser(click.Context(command)).parse_args(arguments)
    return None


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_page_shows_something(page: Path) -> None:
    assert blocks(page), "a page without an example that runs"


@pytest.mark.parametrize("module", [m for m in MODULES if m != "usql.__main__"])
def test_docstrings(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testmod(importlib.import_module(module))
    assert failed == 0
