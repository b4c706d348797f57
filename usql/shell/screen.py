"""Where the shell writes: a terminal or any other stream, its size and colours, and the pager."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from textwrap import wrap
from typing import TextIO

from usql.render import terminal
from usql.render.escape import visible_lines
from usql.shell.plain import is_dumb

_RESET = "\x1b[0m"
_QUIET, _BAD, _STRONG = "\x1b[2m", "\x1b[31m", "\x1b[1m"
_DRAWN = re.compile(r"line \d+, column \d+: | *\^")
"""Lines whose signs stand below one another."""
_WHEEL = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_PLAIN_WHEEL = "|/-\\"
_DEFAULT_PAGER = "less"
_LESS = "-R "
"""Colours show as colours, whatever else the person has less do."""
_DEFAULT_LESS = "-FRSX"


@dataclass
class Screen:
    """What is shown, and where.

    Attributes:
        out: the stream.
        colors: whether colours are wanted at all.
        pager: a command, ``off``, or empty for the usual one.
    """

    out: TextIO
    colors: bool = True
    pager: str = ""

    @property
    def interactive(self) -> bool:
        """Whether somebody looks at a terminal."""
        return self.out.isatty()

    @property
    def width(self) -> int | None:
        """The columns of the terminal; ``None`` if there is none."""
        if not self.interactive:
            return None
        with suppress(OSError, ValueError):
            # unlike the variable COLUMNS, the terminal knows that it was resized
            return os.get_terminal_size(self.out.fileno()).columns or 80
        return 80

    @property
    def height(self) -> int:
        """The lines of the terminal."""
        with suppress(OSError, ValueError):
            return os.get_terminal_size(self.out.fileno()).lines or 24
        return 24

    @property
    def color(self) -> bool:
        """Whether ANSI colours may be used."""
        return self.colors and terminal.wants_color(self.out)

    @property
    def spinner(self) -> TerminalSpinner:
        """What shows that a query goes on."""
        return TerminalSpinner(self)

    def write(self, text: str) -> None:
        """Write text that is safe to show, with its line ends."""
        self.out.write(text)
        self.out.flush()

    def say(self, text: str = "") -> None:
        """Write lines."""
        self.write(visible_lines(text) + "\n")

    def note(self, text: str) -> None:
        """Write lines in a quiet colour."""
        self.write(self._painted("\n".join(self._lines(text)), _QUIET) + "\n")

    def error(self, text: str) -> None:
        """Write an error: its first line stands out, the drawing below keeps its columns."""
        message, *rest = visible_lines(text).split("\n")
        first = self._painted("\n".join(self._lines(f"error: {message}")), _BAD)
        below = self._lines("\n".join(rest)) if rest else ()
        self.write("\n".join([first, *below]) + "\n")

    def _lines(self, text: str) -> Iterator[str]:
        """Yield lines, broken between words where they are wider than the terminal."""
        width = self.width
        for line in visible_lines(text).split("\n"):
            if width is None or len(line) < width or _DRAWN.match(line):
                yield line
            else:
                yield from wrap(line, width - 1, subsequent_indent="  ", break_on_hyphens=False)

    def strong(self, text: str) -> str:
        """Return text that stands out, where there are colours."""
        return self._painted(text, _STRONG)

    def page(self, chunks: Iterable[str]) -> None:
        """Write a text, through the pager if it is longer than the screen."""
        if not self.interactive or self.pager == "off" or is_dumb():
            for chunk in chunks:
                self.out.write(chunk)
            self.out.flush()
            return
        text = "".join(chunks)
        if text.count("\n") < self.height - 2 or not self._paged(text):
            self.write(text)

    def _paged(self, text: str) -> bool:
        """Show a text in the pager; whether there is one."""
        command = shlex.split(self.pager or os.environ.get("PAGER") or _DEFAULT_PAGER)
        if not command or shutil.which(command[0]) is None:
            return False
        encoding = self.out.encoding or "utf-8"
        with suppress(BrokenPipeError, KeyboardInterrupt):
            process = subprocess.Popen(command, stdin=subprocess.PIPE, env=_paging())
            with suppress(BrokenPipeError, KeyboardInterrupt):
                process.communicate(text.encode(encoding, "replace"))
            # Ctrl-C is the pager's business while it is there.
            while process.poll() is None:
                with suppress(KeyboardInterrupt):
                    process.wait()
        return True

    def _painted(self, text: str, code: str) -> str:
        return f"{code}{text}{_RESET}" if self.color else text


def _paging() -> dict[str, str]:
    """Return the environment of a pager, which may be ``less`` with or without options."""
    own = os.environ.get("LESS")
    return {**os.environ, "LESS": _DEFAULT_LESS if own is None else _LESS + own}


class TerminalSpinner:
    """A wheel that turns in a line of its own, and how long it has turned."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._turns = 0
        self._said = False

    def turn(self, seconds: float, about: str = "", keys: str = "Ctrl-C ends it") -> None:
        """Show the next position."""
        if not self._screen.interactive:
            return
        if is_dumb():  # where nothing can be taken back, it is said once
            if not self._said:
                self._screen.note(f"this takes a while; {keys}")
            self._said = True
            return
        wheel = _WHEEL if _encodes(self._screen.out, _WHEEL) else _PLAIN_WHEEL
        mark = wheel[self._turns % len(wheel)]
        self._turns += 1
        parts = [f"{seconds:.1f} s", *filter(None, [about, keys])]
        text = f"{mark} {', '.join(parts)}"[: (self._screen.width or 80) - 1]
        self._screen.write(f"\r{text}\x1b[K")

    def stop(self) -> None:
        """Clear the line."""
        if self._turns:
            self._screen.write("\r\x1b[K")


def _encodes(out: TextIO, text: str) -> bool:
    try:
        text.encode(out.encoding or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


def standard_screen(colors: bool, pager: str) -> Screen:
    """Return the screen on standard output."""
    return Screen(sys.stdout, colors, pager)
