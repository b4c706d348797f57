"""The arguments of commands: what comes first, and options such as ``--limit 10`` behind it.

What belongs to an option goes up to the next one, so that conditions and segments need no quotes:
``.findings Crashes: yes --against Country: Austria --over week``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from usql.errors import WrongStructure

_TOKEN = re.compile(
    r"'[^']*'|\"[^\"]*\"|(?:(?<=\s)|\A)--(?P<name>[A-Za-z][\w-]*)(?:=|(?=\s|\Z))|.", re.S
)


class Arguments:
    """What stands behind the name of a command.

    Args:
        argument: as it was typed.
        options: the names of the options that the command has.

    >>> said = Arguments("Country: Spain --limit 5 --show-query;", ["limit", "show-query"])
    >>> said.first, said.number("limit"), said.has("show-query")
    ('Country: Spain', 5, True)
    """

    def __init__(self, argument: str, options: Sequence[str]) -> None:
        pieces = list(_pieces(argument.strip().rstrip(";").rstrip()))
        self.first = pieces[0][1]
        self._given: dict[str, list[str]] = {}
        for name, value in pieces[1:]:
            if name not in options:
                raise WrongStructure(f"there is no option --{name}", hint=_hint(name, options))
            self._given.setdefault(name, []).append(value)

    def has(self, name: str) -> bool:
        """Whether an option was given."""
        return name in self._given

    def all(self, name: str) -> list[str]:
        """Return the values of an option that may come several times.

        Raises:
            WrongStructure: one of them is empty.
        """
        found = self._given.get(name, [])
        if not all(found):
            raise WrongStructure(f"--{name} needs something behind it")
        return found

    def text(self, name: str) -> str | None:
        """Return the value of an option, the last one that was given; ``None`` without it."""
        found = self.all(name)
        return found[-1] if found else None

    def number(self, name: str) -> int | None:
        """Return the value of an option as a whole number; ``None`` without it.

        Raises:
            WrongStructure: it is no whole number.
        """
        found = self.text(name)
        if found is None:
            return None
        if not (found.isascii() and found.isdigit()):
            raise WrongStructure(f"--{name} is a whole number, not '{found}'")
        return int(found)


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield what comes first, without a name, then each option with its value."""
    name, start = "", 0
    for found in _TOKEN.finditer(text):
        if found["name"] is not None:
            yield name, text[start : found.start()].strip()
            name, start = found["name"].lower(), found.end()
    yield name, text[start:].strip()


def _hint(name: str, options: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, options, n=1)
    return (
        f"did you mean --{near[0]}?"
        if near
        else f"there are {', '.join(f'--{o}' for o in options)}"
    )


def parted(text: str) -> list[str]:
    """Return what stands between the commas of a text, those within brackets and quotes aside.

    >>> parted("country, DATETIME(startTime, 'E')")
    ['country', "DATETIME(startTime, 'E')"]
    """
    parts, depth = [""], 0
    for piece in re.findall(r"'[^']*'|\"[^\"]*\"|.", text, re.S):
        depth += (piece == "(") - (piece == ")")
        if piece == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return [part.strip() for part in parts if part.strip()]


def name_first(text: str) -> tuple[str, str]:
    """Return the first word of a text, or what stands in quotes there, and the rest.

    >>> name_first("vip Country: Spain"), name_first('"my own" City: Linz')
    (('vip', 'Country: Spain'), ('my own', 'City: Linz'))
    """
    found = re.match(r"'([^']*)'|\"([^\"]*)\"|(\S*)", text)
    assert found is not None
    name = next((group for group in found.groups() if group is not None), "")
    return name, text[found.end() :].strip()
