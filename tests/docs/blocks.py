"""Markdown -> the fenced blocks that can be run, each with the block that shows its result.

What arrives: the text of a page. What leaves: ``Block`` by ``Block``, in the order of the page,
each with its language, its options, and the lines of its result if one directly follows.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

RUNNABLE = ("usql", "usql-shell", "usql-screen", "python", "sh", "json", "http")
RESULTS = ("result", "output")

_FENCE = re.compile(r"^(?P<indent> {0,3})(?P<fence>`{3,})(?P<info>[^`]*)$")


@dataclass(frozen=True)
class Fence:
    """A fenced block: its info string and its lines; ``start`` is the index of its first line."""

    info: str
    opening: int
    start: int
    lines: tuple[str, ...]

    @property
    def end(self) -> int:
        """Index of the closing line."""
        return self.start + len(self.lines)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Block:
    """A block to run.

    Attributes:
        page: the file.
        line: of the opening fence, from 1.
        language: one of ``RUNNABLE``.
        marks: words of the info string, such as ``error``.
        options: its ``key=value`` pairs.
        text: what stands in the block.
        result: the block that directly follows and shows the result, or ``None``.
    """

    page: Path
    line: int
    language: str
    marks: frozenset[str]
    options: dict[str, str]
    text: str
    result: Fence | None = field(default=None, compare=False)

    @property
    def runs(self) -> bool:
        """Whether it is executed: set-up lines are not, and plain JSON only shows something."""
        if self.language == "json":
            return "store" in self.options
        return "not-run" not in self.marks


def pages(root: Path) -> list[Path]:
    """Return the README and every page of the documentation."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page that are meant to be run.

    Raises:
        ValueError: a fence is never closed, or a result follows nothing that was run.
    """
    lines = page.read_text(encoding="utf-8").split("\n")
    found: list[Block] = []
    shown: set[int] = set()
    fences = _fences(lines, page)
    for fence, following in zip(fences, [*fences[1:], None], strict=True):
        words = shlex.split(fence.info)
        language = words[0] if words else ""
        if language in RESULTS and fence.opening not in shown:
            raise ValueError(f"{page.name}:{fence.opening + 1}: a result of nothing")
        if language not in RUNNABLE:
            continue
        result = following if following and _follows(lines, fence, following) else None
        block = _block(page, fence, language, words[1:], result)
        if block.runs:
            found.append(block)
            if result is not None:
                shown.add(result.opening)
    return found


def _block(
    page: Path, fence: Fence, language: str, words: list[str], result: Fence | None
) -> Block:
    pairs = [word.split("=", 1) for word in words if "=" in word]
    marks = frozenset(word for word in words if "=" not in word)
    options = {key: value for key, value in pairs}  # noqa: C416
    return Block(page, fence.opening + 1, language, marks, options, fence.text, result)


def _follows(lines: list[str], fence: Fence, following: Fence) -> bool:
    """Whether a block is the result of the one before: nothing but blank lines in between."""
    between = lines[fence.end + 1 : following.opening]
    return following.info.split()[:1] in [[r] for r in RESULTS] and not any(map(str.strip, between))


def _fences(lines: list[str], page: Path) -> list[Fence]:
    found = []
    index = 0
    while index < len(lines):
        opening = _FENCE.match(lines[index])
        if opening is None:
            index += 1
            continue
        closing = re.compile(rf"^ {{0,3}}`{{{len(opening['fence'])},}}\s*$")
        end = next((i for i in range(index + 1, len(lines)) if closing.match(lines[i])), None)
        if end is None:
            raise ValueError(f"{page.name}:{index + 1}: the block is never closed")
        body = tuple(lines[index + 1 : end])
        found.append(Fence(opening["info"].strip(), index, index + 1, body))
        index = end + 1
    return found
