"""The format of `.usql` case files: entries with options, a query, and sections.

    === title
    option: value
    # a note
    SELECT …
    --- section
    …

What arrives is the text of a file; what leaves are its entries, which `write` turns into the same
text again, but for the sections that were replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_TITLE = re.compile(r"=== (.+)")
_SECTION = re.compile(r"--- (rows|explanations|tree|resolved|sql|error)")
_OPTION = re.compile(
    r"(timeframe|timezone|now|params|default_limit|segments|escapes|referee): ?(.*)", re.DOTALL
)


@dataclass(frozen=True)
class Section:
    """A part of an entry behind its query."""

    name: str
    lines: tuple[str, ...]

    @property
    def content(self) -> list[str]:
        """The lines without notes and without the blank ones at the end."""
        lines = [line for line in self.lines if not line.startswith("# ")]
        while lines and not lines[-1]:
            lines.pop()
        return lines


@dataclass(frozen=True)
class Entry:
    """A query with everything that a file says about it.

    Attributes:
        path, line: where its title stands.
        title: what it shows.
        head: lines between title and first section: options, notes, query.
        sections: the rest.
    """

    path: Path
    line: int
    title: str
    head: tuple[str, ...]
    sections: tuple[Section, ...]

    def __str__(self) -> str:
        return f"{self.path.stem}:{self.line} {self.title}"

    @property
    def options(self) -> dict[str, str]:
        """The options as written."""
        matches = (_OPTION.fullmatch(line) for line in self._before_query)
        return {match[1]: match[2] for match in matches if match}

    @property
    def query(self) -> str:
        """The text of the query, without a line end behind it."""
        text = "\n".join(self.head[len(self._before_query) :]).rstrip("\n")
        return _unescaped(text) if "escapes" in self.options else text

    def section(self, name: str) -> Section | None:
        """Return a section, or `None` if there is none of that name."""
        return next((s for s in self.sections if s.name == name), None)

    def settings(self) -> dict[str, Any]:
        """The arguments that go with the query to the library."""
        readers: dict[str, Callable[[str], Any]] = {
            "timeframe": lambda text: tuple(json.loads(text)) if text.startswith("[") else text,
            "timezone": lambda text: int(text) if re.fullmatch(r"-?\d+", text) else text,
            "now": _moment,
            "params": json.loads,
            "segments": json.loads,
            "default_limit": lambda text: None if text == "none" else int(text),
        }
        return {name: readers[name](v) for name, v in self.options.items() if name in readers}

    @property
    def _before_query(self) -> tuple[str, ...]:
        for number, line in enumerate(self.head):
            if not (line.startswith("# ") or _OPTION.fullmatch(line)):
                return self.head[:number]
        return self.head


def read_folder(folder: Path) -> list[Entry]:
    """Return the entries of all files in a folder, in order of their names."""
    return [entry for path in sorted(folder.glob("*.usql")) for entry in read(path)]


def read(path: Path) -> list[Entry]:
    """Return the entries of a file."""
    return list(_entries(path, path.read_text(encoding="utf-8").split("\n")))


def update(path: Path, renew: Callable[[Entry], Iterable[Section]]) -> bool:
    """Replace sections of a file's entries by new ones; return whether that changed the file."""
    old = path.read_text(encoding="utf-8")
    lines = old.split("\n")
    entries = list(_entries(path, lines))
    first = entries[0].line - 1 if entries else len(lines)
    renewed = [_renewed(entry, list(renew(entry))) for entry in entries]
    new = "\n".join([*lines[:first], *(line for e in renewed for line in _lines(e))])
    if new != old:
        path.write_text(new, encoding="utf-8")
    return new != old


def _renewed(entry: Entry, fresh: list[Section]) -> Entry:
    by_name = {section.name: section for section in fresh}
    sections = tuple(
        replace(by_name[s.name], lines=(*by_name[s.name].lines, *_blank_end(s)))
        if s.name in by_name
        else s
        for s in entry.sections
    )
    return replace(entry, sections=sections)


def _blank_end(section: Section) -> tuple[str, ...]:
    """The blank lines between a section and what follows it."""
    count = 0
    while count < len(section.lines) and not section.lines[-1 - count]:
        count += 1
    return ("",) * count


def _lines(entry: Entry) -> Iterator[str]:
    yield f"=== {entry.title}"
    yield from entry.head
    for section in entry.sections:
        yield f"--- {section.name}"
        yield from section.lines


def _entries(path: Path, lines: list[str]) -> Iterator[Entry]:
    starts = [number for number, line in enumerate(lines) if _TITLE.fullmatch(line)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        title = _TITLE.fullmatch(lines[start])
        assert title is not None
        body = lines[start + 1 : end]
        marks = [i for i, line in enumerate(body) if _SECTION.fullmatch(line)]
        sections = tuple(
            Section(body[a].removeprefix("--- "), tuple(body[a + 1 : b]))
            for a, b in zip(marks, [*marks[1:], len(body)], strict=True)
        )
        head = tuple(body[: marks[0]] if marks else body)
        yield Entry(path, start + 1, title[1], head, sections)


def _unescaped(text: str) -> str:
    r"""Resolve `\t`, `\r`, `\n` and `\u00a0` in a query that has signs nobody can see."""
    names = {"t": "\t", "r": "\r", "n": "\n"}
    return re.sub(
        r"\\(?:u([0-9a-f]{4})|([trn]))",
        lambda m: chr(int(m[1], 16)) if m[1] else names[m[2]],
        text,
    )


def _moment(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1000)
