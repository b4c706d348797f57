"""Runs the blocks of a page, each in what the page has prepared for it.

A ``usql`` block is a query on the demo store. Its info string may hold ``timeframe=``,
``timezone=``, ``now=``, ``limit=``, ``format=`` and ``param:NAME=``, and ``store=NAME`` for a store
made by a ``json store=NAME`` block of the same page: sessions in the export format, one after
another. ``usql error`` is a query that has to fail.

``usql-shell`` holds lines that are typed into the shell on the demo store, without a terminal; the
result is all that it shows. ``usql-screen`` holds keys, ``<Tab>`` or ``<Enter>`` among them, that
are typed on a terminal of ``columns=`` and ``lines=``; the result is the screen afterwards.

``http`` is a request to a server that serves a copy of the demo store: method and path, an empty
line, a body of JSON. ``http status=404`` names the status expected, if it is not in the 200s.

``python`` and ``sh`` blocks run in a folder of their own per page, which has ``demo.db`` (the demo
store) and ``export.ndjson.gz`` (an export of 200 sessions). Those of a page run in order and see
what earlier ones left behind; ``sh exit=1`` names the exit code expected, ``not-run`` exempts a
block. The output of a command is what a terminal would show: both streams, in order.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import usql
from tests.docs.blocks import Block, blocks
from usql.demo import generate, write
from usql.render import render

if TYPE_CHECKING:
    from tests.server.servers import Server

ROOT = Path(__file__).parents[2]
SESSIONS = 5000
"""As many as ``usql demo`` makes, so that readers see the results of the pages."""
EXPORT_SESSIONS = 200
EXPORT_SEED = 7

_MEASURED = re.compile(
    r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] \d+\.\d s|\bin (\d+\.\d s|[\d,]+ ms)(?=\W|$) *|\b\d[\d.]* (?:B|kB|MB)\b"
)
"""Times, and sizes of files, which another SQLite may lay out otherwise."""
_KEY = re.compile(r"(<[A-Z][\w-]*>|<[a-z]>)")
_PATIENCE_S = 600
_SCREEN = {"columns": 80, "lines": 16}


class Unexpected(AssertionError):
    """A block did something else than the page says."""


class Workshop:
    """What the blocks of one page share: a folder, a namespace, and small stores."""

    def __init__(self, page: Path, folder: Path, demo: Path) -> None:
        self.page = page
        self._demo_path = demo
        self._folder = folder
        self._demo = usql.connect(demo, create=False)
        self._stores: dict[str, usql.Database] = {}
        self._namespace: dict[str, Any] = {"__name__": "__docs__"}
        self._prepared = False
        self._server: Server | None = None
        self._open = contextlib.ExitStack()
        self._outputs: dict[int, str] = {}

    def run(self, block: Block) -> str:
        """Return what a block shows; blocks before it that it may need are run first."""
        if block.line in self._outputs:
            return self._outputs[block.line]
        for earlier in blocks(self.page):
            if earlier.line < block.line and _leaves_traces(earlier, block):
                self._run_once(earlier)
        return self._run_once(block)

    def _run_once(self, block: Block) -> str:
        if block.line not in self._outputs:
            runs = {
                "usql": self._query,
                "usql-shell": self._shell,
                "usql-screen": self._screen,
                "python": self._python,
                "sh": self._sh,
                "json": self._json,
                "http": self._http,
            }
            self._outputs[block.line] = runs[block.language](block)
        return self._outputs[block.line]

    # --- one kind each

    def _query(self, block: Block) -> str:
        store = block.options.get("store")
        db = self._demo if store is None else self._stores[store]
        try:
            result = db.query(block.text, **_settings(block.options))
        except usql.UsqlError as error:
            if "error" in block.marks:
                return str(error)
            raise Unexpected(f"the query fails:\n{error}") from error
        if "error" in block.marks:
            raise Unexpected(f"the query should fail, but gives\n{result}")
        text = "".join(render(result, block.options.get("format", "table")))
        return "\n".join([text.rstrip("\n"), *(f"note: {e}" for e in result.explanations)])

    def _json(self, block: Block) -> str:
        db = usql.connect()
        db.import_sessions(_objects(block.text))
        self._stores[block.options["store"]] = db
        return ""

    def _python(self, block: Block) -> str:
        self._prepare()
        code = compile("\n" * block.line + block.text, str(self.page), "exec")
        printed = io.StringIO()
        with contextlib.chdir(self._folder), contextlib.redirect_stdout(printed):
            exec(code, self._namespace)
        return printed.getvalue().rstrip("\n")

    def _sh(self, block: Block) -> str:
        self._prepare()
        done = subprocess.run(
            ["sh", "-eu", "-c", block.text],
            cwd=self._folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE_S,
            check=False,
        )
        shown = done.stdout.decode().rstrip("\n")
        expected = int(block.options.get("exit", "0"))
        if done.returncode != expected:
            raise Unexpected(f"exit code {done.returncode} instead of {expected}:\n{shown}")
        return shown

    def _shell(self, block: Block) -> str:
        self._prepare()
        done = subprocess.run(
            [sys.executable, "-m", "usql", "demo.db"],
            cwd=self._folder,
            env=self._environment(),
            input=block.text.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE_S,
            check=False,
        )
        shown = done.stdout.decode().rstrip("\n")
        if done.returncode != int("error" in block.marks):
            raise Unexpected(f"exit code {done.returncode}:\n{shown}")
        return shown

    def _http(self, block: Block) -> str:
        if self._server is None:
            from tests.server.servers import serving

            self._folder.mkdir(parents=True, exist_ok=True)
            store = Path(shutil.copy(self._demo_path, self._folder / "served.db"))
            self._server = self._open.enter_context(serving(store))
        head, _, body = block.text.partition("\n\n")
        method, target = head.split()
        headers = {"Content-Type": "application/json"} if body else {}
        answer = self._server.send(target, method, headers, body.encode())
        shown = answer.body.decode()
        if answer.headers.get("content-type", "").startswith("application/json"):
            shown = json.dumps(answer.json, indent=2, ensure_ascii=False)
        expected = block.options.get("status", "2..")
        if re.fullmatch(expected, str(answer.status)) is None:
            raise Unexpected(f"status {answer.status} instead of {expected}:\n{shown}")
        return shown.rstrip("\n")

    def close(self) -> None:
        """End what runs for the page."""
        self._open.close()

    def _screen(self, block: Block) -> str:
        from tests.shell.terminal import Terminal

        self._prepare()
        home = self._folder / f"home-{block.line}"  # what one block typed is not another's history
        home.mkdir()
        environment = {name: value for name, value in block.options.items() if name.isupper()}
        if "first" not in block.marks:
            quiet = home / "quiet.toml"
            quiet.write_text("hints = false\n", encoding="utf-8")
            environment["USQL_CONFIG"] = str(quiet)
        size = {name: int(block.options.get(name, most)) for name, most in _SCREEN.items()}
        said = shlex.split(block.options.get("options", ""))
        store = block.options.get("store", "demo.db")
        arguments = ["shell", store, *said] if said or store == ":memory:" else [store]
        with Terminal(
            *arguments, home=home, folder=self._folder, **size, **environment
        ) as terminal:
            terminal.wait_for_prompt()
            if "paste" in block.marks:
                terminal.paste(block.text)
                terminal.wait(block.text.splitlines()[-1])
                terminal.press("<Enter>")
            else:
                terminal.press_all(list(filter(None, _KEY.split(block.text.replace("\n", "")))))
            expected = block.result.text if block.result else ""
            marked = "marked" in block.marks
            return terminal.settle(lambda shown: same(shown, expected), marked=marked)

    # --- the folder

    def _prepare(self) -> None:
        if self._prepared:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self._demo_path, self._folder / "demo.db")
        with gzip.open(self._folder / "export.ndjson.gz", "wt", encoding="utf-8") as file:
            for session in generate(EXPORT_SESSIONS, EXPORT_SEED):
                file.write(json.dumps(session, ensure_ascii=False) + "\n")
        self._prepared = True

    def _environment(self) -> dict[str, str]:
        """Put a ``usql`` first in the path that is the one under test."""
        commands = self._folder / ".bin"
        if not commands.exists():
            commands.mkdir()
            usql_command = commands / "usql"
            usql_command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m usql "$@"\n')
            usql_command.chmod(usql_command.stat().st_mode | stat.S_IXUSR)
        path = os.pathsep.join([str(commands), os.environ["PATH"]])
        own = {f"XDG_{kind}_HOME": str(self._folder) for kind in ("CONFIG", "DATA", "STATE")}
        return {**os.environ, **own, "PATH": path, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def check(block: Block, shown: str) -> None:
    """Compare what a block shows with what the page says.

    Raises:
        Unexpected: it differs.
    """
    if block.result is None:
        if "error" in block.marks:
            raise Unexpected("an error block needs a result block that shows the error")
        return
    if not same(shown, block.result.text):
        raise Unexpected(f"the page says\n\n{block.result.text}\n\nbut it is\n\n{shown}\n")


def same(shown: str, written: str) -> bool:
    """Whether two outputs are equal, but for how long and how large something was."""
    return _MEASURED.sub("so much", shown) == _MEASURED.sub("so much", written)


def demo_store(folder: Path) -> Path:
    """Return the demo store in a folder, made by whoever comes first; others wait for it."""
    store, making = folder / "docs-demo.db", folder / "docs-demo.making"
    deadline = time.monotonic() + _PATIENCE_S
    while not store.exists():
        try:
            making.mkdir()
        except FileExistsError:
            if time.monotonic() > deadline:
                raise TimeoutError(f"nobody finishes {making}") from None
            time.sleep(0.05)
            continue
        try:
            if not store.exists():
                _make_demo(making / "demo.db").rename(store)
        finally:
            shutil.rmtree(making)
    return store


def _make_demo(path: Path) -> Path:
    data = path.with_suffix(".ndjson")
    write(data, SESSIONS)
    with usql.connect(path) as db:
        db.import_files(data)
    return path


def _leaves_traces(earlier: Block, block: Block) -> bool:
    """Whether a block may have to run before another one: only some kinds share something."""
    folder = ("python", "sh", "usql-shell")
    if block.language in folder:
        return earlier.language in folder
    if block.language == "http":
        return earlier.language == "http"
    return earlier.language == "json" and earlier.options["store"] == block.options.get("store")


def _settings(options: dict[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if "timeframe" in options:
        settings["timeframe"] = options["timeframe"]
    if "timezone" in options:
        zone = options["timezone"]
        settings["timezone"] = int(zone) if re.fullmatch(r"-?\d+", zone) else zone
    if "now" in options:
        now = options["now"]
        settings["now"] = int(now) if now.isdigit() else datetime.fromisoformat(now)
    if "limit" in options:
        limit = options["limit"]
        settings["default_limit"] = None if limit == "none" else int(limit)
    params = {k.removeprefix("param:"): v for k, v in options.items() if k.startswith("param:")}
    settings["params"] = {name: _value(text) for name, text in params.items()}
    return settings


def _value(text: str) -> Any:
    """Read a parameter as the command line does: JSON where it is, else text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Yield JSON objects that follow one another."""
    decoder, position = json.JSONDecoder(), 0
    while text[position:].strip():
        position += len(text[position:]) - len(text[position:].lstrip())
        value, position = decoder.raw_decode(text, position)
        yield value
