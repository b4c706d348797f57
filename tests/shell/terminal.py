"""The program in a pseudo-terminal, and the screen that a person would see.

Nothing waits for a time to pass: ``wait`` reads until the screen shows what is expected, however
busy the machine is, and fails with a picture of the screen.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pexpect
import pyte

PATIENCE_S = 90.0
ENTER, TAB, UP, ESCAPE = "\r", "\t", "\x1b[A", "\x1b"
CTRL_C, CTRL_D, CTRL_E, CTRL_R, CTRL_U, CTRL_X = "\x03", "\x04", "\x05", "\x12", "\x15", "\x18"


KEYS = {
    "<Tab>": TAB,
    "<Up>": UP,
    "<Ctrl-C>": CTRL_C,
    "<Ctrl-E>": CTRL_E,
    "<Ctrl-R>": CTRL_R,
    "<Ctrl-X>": CTRL_X,
    "<Esc>": ESCAPE,
}
SPINS = "Ctrl-C ends it"
SETTLE_S = 20.0


def _squeezed(text: str) -> str:
    """Return a text without what breaks of lines put between its letters."""
    return "".join(text.replace("  ... ", "").split())


class _Screen(pyte.Screen):
    """A screen that answers where its cursor is, as terminals do."""

    answer: Callable[[str], Any]

    def write_process_input(self, data: str) -> None:
        self.answer(data)


class Terminal:
    """A shell that somebody types into."""

    def __init__(
        self,
        *arguments: str,
        home: Path,
        folder: Path | None = None,
        columns: int = 100,
        lines: int = 30,
        **environment: str,
    ) -> None:
        self._screen = _Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "PYTHONPATH", "LANG")}
        home_variables = {"HOME": str(home), "USERPROFILE": str(home)}
        with warnings.catch_warnings():
            # pexpect forks, which newer Pythons warn of where threads run, as in xdist
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child = pexpect.spawn(
                sys.executable,
                ["-m", "usql", *arguments],
                cwd=None if folder is None else str(folder),
                dimensions=(lines, columns),
                env={
                    **kept,
                    **home_variables,
                    "TERM": "xterm-256color",
                    "PYTHONUTF8": "1",
                    **environment,
                },
            )
        self._child.delaybeforesend = None
        self._screen.answer = self._child.send
        self.everything = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._child.close(force=True)

    def type(self, *keys: str) -> None:
        for key in keys:
            self._child.send(key)

    def press(self, key: str) -> None:
        """Type a text, or a key such as ``<Tab>``; behind ``<Enter>``, wait to be asked again.

        A letter in brackets is typed without a look at what it does.
        """
        if len(key) == len("<x>") and key.startswith("<"):
            self.type(key[1])
            return
        if key != "<Enter>":
            self.type(KEYS.get(key, key))
            if key not in KEYS:
                self.wait(lambda s: _squeezed(key) in _squeezed(s.text))
            return
        lines = self.line
        self.type(ENTER)
        self.wait(lambda s: s.line != lines and s.line in ("usql>", "  ..."))

    def press_all(self, keys: list[str]) -> None:
        """Press keys; ``<Wait>`` behind ``<Enter>`` waits for what is busy then."""
        for key, following in pairwise([*keys, ""]):
            if key == "<Wait>":
                self.wait(lambda s: SPINS in s.text or s.line.startswith(":"))
            elif key == "<Enter>" and following == "<Wait>":
                self.type(ENTER)
            else:
                self.press(key)

    def settle(self, expected: Callable[[str], bool], *, marked: bool = False) -> str:
        """Return the screen once it is as expected, or long after nothing changes any more."""
        deadline = time.monotonic() + SETTLE_S
        while not expected(self._seen(marked)) and time.monotonic() < deadline:
            self._read()
        return self._seen(marked)

    def _seen(self, marked: bool) -> str:
        """Return the screen; if wanted, with signs below what is underlined or in reverse."""
        if not marked:
            return self.text
        rows = []
        for number, row in enumerate(self._screen.display):
            cells = self._screen.buffer[number]
            signs = (
                "^" if cells[column].reverse or cells[column].underscore else " "
                for column in range(self._screen.columns)
            )
            rows += [row.rstrip(), *filter(None, ["".join(signs).rstrip()])]
        return "\n".join(rows).rstrip()

    def paste(self, text: str) -> None:
        """Paste as terminals do that bracket what is pasted."""
        self.type(f"\x1b[200~{text}\x1b[201~")

    def resize(self, columns: int, lines: int) -> None:
        self._screen.resize(lines, columns)
        self._child.setwinsize(lines, columns)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    @property
    def line(self) -> str:
        """The line of the cursor."""
        return self._screen.display[self._screen.cursor.y].rstrip()

    def style(self, word: str) -> Any:
        """The character that a word begins with, where it stands last on the screen."""
        for row in reversed(range(self._screen.lines)):
            column = self._screen.display[row].rfind(word)
            if column >= 0:
                return self._screen.buffer[row][column]
        raise AssertionError(f"{word} is not on the screen:\n{self.text}")

    def wait(self, seen: str | Callable[[Terminal], bool]) -> Terminal:
        """Read until the screen shows something."""
        deadline = time.monotonic() + PATIENCE_S
        while not (seen in self.text if isinstance(seen, str) else seen(self)):
            if time.monotonic() > deadline or not self._read():
                raise AssertionError(f"{seen!r} does not come; the screen shows\n\n{self.text}")
        return self

    def wait_for_prompt(self) -> Terminal:
        """Wait until the next text can be typed."""
        return self.wait(lambda terminal: terminal.line == "usql>")

    def leave(self) -> int:
        """Read to the end; return the exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while self._read():
            assert time.monotonic() < deadline, f"it does not end:\n\n{self.text}"
        self._child.close()
        return int(self._child.exitstatus)

    def _read(self) -> bool:
        """Read what there is; return whether there may be more."""
        try:
            read = self._child.read_nonblocking(65536, timeout=0.2)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.everything += read
        self._stream.feed(read)
        return True
