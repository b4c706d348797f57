"""``.help``: the commands, or the page of the language guide on a topic, on the terminal.

The guide is ``docs/language.md``, which travels in the wheel. Its headings are the topics, and the
tables of its reference say in which section each word of the language is explained.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from usql.errors import UnknownName

if TYPE_CHECKING:
    from usql.shell.session import Session

_HEADING = re.compile(r"(?P<level>#{2,3}) (?P<title>.+)")
_LINK = re.compile(r"\[[^\]]*\]\(#(?P<anchor>[^)]+)\)")
_WORDS = re.compile(r"`([A-Z][A-Z ]*)")
_MOST_GUESSES = 3


@dataclass(frozen=True)
class Section:
    """A section of the guide, without those below it that have a heading of their own level."""

    level: int
    title: str
    lines: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """What links call it.

        >>> Section(2, "9 FILTER and CONDITION", ()).anchor
        '9-filter-and-condition'
        """
        kept = re.sub(r"[^\w\- ]", "", self.title.lower())
        return kept.replace(" ", "-")


def show_help(session: Session, argument: str) -> None:
    """Show the commands, one command, or a topic of the guide."""
    topic = argument.strip().strip(";").strip()
    if not topic:
        session.screen.page(_overview(session))
    elif command := _command(topic):
        session.screen.say(command)
    else:
        session.screen.page([_drawn(session, find(topic))])


def _command(topic: str) -> str | None:
    from usql.shell.commands.names import MARKS, known_as
    from usql.shell.commands.registry import BY_NAME
    from usql.shell.commands.registry import find as find_command

    if topic[0] in MARKS:
        command = find_command(known_as(topic[1:]))
    elif topic == topic.lower() and topic in BY_NAME and topic.upper() not in index():
        command = BY_NAME[topic]
    else:
        return None
    from usql.shell.commands.analyses import USAGE

    options = [f"\n  --{name} {USAGE[name]}".rstrip() for name in command.options]
    return f"{command.written}\n  {command.about}{''.join(options)}"


def _overview(session: Session) -> Iterator[str]:
    from usql.shell.commands.registry import COMMANDS

    strong, width = session.screen.strong, session.screen.width or 80
    yield "Type a query and press Enter, for example\n\n"
    yield "  SELECT country, COUNT(*) FROM usersession GROUP BY country\n\n"
    column = max(len(command.written) for command in COMMANDS)
    for command in COMMANDS:
        if width >= column + 30:
            lines = _wrapped(command.about, width - column - 5)
            yield f"  {strong(command.written.ljust(column))}  {lines[0]}\n"
            yield from (f"{' ' * (column + 4)}{line}\n" for line in lines[1:])
        else:
            yield f"{strong(command.written)}\n"
            yield from (f"    {line}\n" for line in _wrapped(command.about, max(width - 5, 10)))
    yield "\n.help FUNNEL, or another word, shows what the guide says about it.\n"
    yield "Keys: Tab completes, Ctrl-R searches, Ctrl-X Ctrl-E opens an editor, Ctrl-D leaves.\n"


def _wrapped(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return wrap(text, width) or [""]


def find(topic: str) -> Section:
    """Return the section on a topic.

    Raises:
        UnknownName: there is none, with the nearest words.

    >>> find("funnel").title, find("order by").title
    ('10 Funnels', 'ORDER BY')
    """
    wanted = " ".join(topic.upper().rstrip("()").split())
    found = index().get(wanted) or index().get(wanted.partition(" ")[0])
    if found is not None:
        return found
    titled = [s for s in sections() if wanted in s.title.upper()]
    if titled:
        return titled[0]
    near = get_close_matches(wanted, index(), n=_MOST_GUESSES, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else ".help lists the commands"
    raise UnknownName(f"the guide has no section on {topic}", hint=hint)


@cache
def index() -> dict[str, Section]:
    """Return the section for each word of the language that the reference names."""
    by_anchor = {section.anchor: section for section in sections()}
    found: dict[str, Section] = {}
    for line in next(s for s in sections() if s.title.endswith("Reference")).lines:
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        for words, place in _pairs(cells):
            anchor = _LINK.search(place)
            if anchor is None or anchor["anchor"] not in by_anchor:
                continue
            for word in _WORDS.findall(words):
                found.setdefault(word.strip(), by_anchor[anchor["anchor"]])
    for section in sections():
        if section.title.isupper():
            found.setdefault(section.title, section)
    return found


def _pairs(cells: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the words of a row of the reference, each with the cell that names the section."""
    if not cells[0].startswith("`"):
        return
    if len(cells) == 4:
        yield cells[0], cells[1]
        yield cells[2], cells[3]
    elif len(cells) == 3:
        yield cells[0], cells[2]


@cache
def sections() -> tuple[Section, ...]:
    """Return the sections of the guide; those of the second level hold what lies below them."""
    lines = guide().splitlines()
    fenced, starts = False, []
    for number, line in enumerate(lines):
        fenced ^= line.startswith("```")
        heading = None if fenced else _HEADING.fullmatch(line)
        if heading:
            starts.append((number, len(heading["level"]), heading["title"]))
    found = []
    for place, (number, level, title) in enumerate(starts):
        after = (n for n, other, _ in starts[place + 1 :] if other <= level)
        found.append(Section(level, title, tuple(lines[number : next(after, len(lines))])))
    return tuple(found)


@cache
def guide() -> str:
    """Return the guide to the language, in Markdown."""
    packaged = files("usql") / "guide" / "language.md"
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    # not installed as a wheel: the page lies beside the package
    return (Path(__file__).parents[3] / "docs" / "language.md").read_text(encoding="utf-8")


def _drawn(session: Session, section: Section) -> str:
    """Return a section as text for the terminal."""
    from io import StringIO

    from rich.console import Console
    from rich.markdown import Markdown

    text = "\n".join(_plain_fences(section.lines))
    screen = session.screen
    out = StringIO()
    console = Console(
        file=out,
        width=min(screen.width or 80, 100),
        force_terminal=screen.color,
        color_system="standard" if screen.color else None,
        no_color=not screen.color,
        legacy_windows=False,
    )
    console.print(Markdown(text, hyperlinks=False, code_theme="default"))
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines).strip("\n")) + "\n"


def _plain_fences(lines: tuple[str, ...]) -> Iterator[str]:
    """Yield lines with the links inside the guide as words, and fences without options."""
    for line in lines:
        yield "```" if line.startswith("```") else _LINK.sub(_link_text, line)


def _link_text(link: re.Match[str]) -> str:
    return link.group().partition("]")[0][1:]
