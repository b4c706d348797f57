"""Suggestions at the cursor: of commands and their arguments here, of the language by the library.

Nothing here imports prompt-toolkit; ``editor`` shows what comes from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usql.errors import UsqlError
from usql.shell.commands.names import MARKS, known_as

if TYPE_CHECKING:
    from usql.shell.session import Session

_MOST = 50
_PATIENCE_S = 0.3
"""How long suggestions wait for values of the store, once per field; typing goes on meanwhile."""


@dataclass(frozen=True)
class Suggestion:
    """A word that may stand at the cursor.

    Attributes:
        start, end: the piece of the text that it replaces, in characters.
        text: what is put there.
        cursor: where the cursor is afterwards, in characters of the new text.
        label: what is listed.
        about: what it is, short.
    """

    start: int
    end: int
    text: str
    cursor: int
    label: str
    about: str = ""


def suggest(session: Session, text: str, cursor: int) -> Iterator[Suggestion]:
    """Yield suggestions for a text and a cursor in it, the best first."""
    begun = text.lstrip()
    if begun[:1] in MARKS and begun:
        yield from _of_commands(session, text, cursor)
        return
    try:
        yield from _of_language(session, text, cursor)
    except UsqlError:  # a store that cannot be read is no reason to interrupt a sentence
        return


def _of_language(session: Session, text: str, cursor: int) -> Iterator[Suggestion]:
    for found in session.db.complete(text, cursor, wait=_PATIENCE_S):
        yield Suggestion(found.start, found.end, found.text, found.cursor, found.label, found.about)


def _of_commands(session: Session, text: str, cursor: int) -> Iterator[Suggestion]:
    from usql.shell.commands.registry import BY_NAME, COMMANDS

    start = len(text) - len(text.lstrip()) + 1
    name, blank, argument = text[start:cursor].partition(" ")
    if not blank:
        pairs = [(command.name, command.about) for command in COMMANDS]
        yield from matching(pairs, start, cursor, name, " ")
        return
    command = BY_NAME.get(known_as(name))
    if command is None:
        return
    begin = start + len(name) + 1
    option = _begun_option(argument)
    if option is not None and command.options:
        pairs = [(f"--{each}", "") for each in command.options]
        yield from matching(pairs, cursor - len(option), cursor, option, " ")
        return
    if not command.completes:
        return
    if command.completes == "query":
        for found in _of_language(session, text[begin:], cursor - begin):
            yield _moved(found, begin)
        return
    if command.completes == "segment":
        from usql.shell.segment_suggestions import of_segment

        yield from of_segment(session.db, text, begin, cursor)
        return
    if command.completes == "dimension":  # there may be several, with commas between
        begin = cursor - len(argument.rpartition(",")[2].lstrip())
        argument = text[begin:cursor]
    yield from matching(_choices(session, command.completes), begin, cursor, argument.lstrip())


def _begun_option(argument: str) -> str | None:
    """Return the option that is being typed; ``None`` if it is none.

    >>> _begun_option("Country: Spain --li"), _begun_option("Country: Spain")
    ('--li', None)
    """
    word = argument.rpartition(" ")[2]
    return word if word.startswith("-") and "'" not in word else None


def _moved(found: Suggestion, by: int) -> Suggestion:
    from dataclasses import replace

    return replace(found, start=found.start + by, end=found.end + by, cursor=found.cursor + by)


def matching(
    pairs: Iterable[tuple[str, str]], start: int, end: int, begun: str, after: str = ""
) -> Iterator[Suggestion]:
    """Yield what begins with what was typed, then what has its letters in order."""
    word = begun.lower()
    pairs = list(pairs)
    ranked = [p for p in pairs if p[0].lower().startswith(word)]
    ranked += [p for p in pairs if p not in ranked and _has_letters(p[0].lower(), word)]
    for name, about in ranked[:_MOST]:
        put = name + after
        yield Suggestion(start, end, put, start + len(put), name, about)


def _has_letters(name: str, letters: str) -> bool:
    """Whether a name has some letters in their order.

    >>> _has_letters("timezone", "tz"), _has_letters("timezone", "zt")
    (True, False)
    """
    rest = iter(name)
    return all(letter in rest for letter in letters)


def _choices(session: Session, kind: str) -> list[tuple[str, str]]:
    """Return what the argument of a command may be, each with a description."""
    from usql.schema import catalogue

    tables = catalogue().tables
    match kind:
        case "table":
            return [(table.name, f"{len(table.fields)} fields") for table in tables]
        case "field" | "properties":
            return [
                (field.name if table.primary else f"{table.name}.{field.name}", field.type_name)
                for table in tables
                for field in table.queryable
                if field.properties == (kind == "properties")
            ]
        case "mode":
            from usql.render import FORMATS

            return [(entry.name, entry.about) for entry in FORMATS.values()]
        case "chart":
            from usql.render.chart import KINDS

            return [(name, "") for name in KINDS]
        case "dimension":
            from usql.analysis.dimensions import DIMENSIONS

            return [(name, "a time" if each.timed else "") for name, each in DIMENSIONS.items()]
        case "timeframe":
            from usql.completion.timeframes import EXPRESSIONS

            return [*EXPRESSIONS.items(), ("off", "all data")]
        case "zone":
            from zoneinfo import available_timezones

            return [(name, "") for name in sorted(available_timezones())]
        case "saved":
            from usql.shell.commands.saved import saved_names

            return [(name, "") for name in saved_names()]
        case "topic":
            from usql.shell.commands.topics import index

            return [(word, section.title) for word, section in index().items()]
        case "file":
            return []
        case _:
            return [(word, "") for word in kind.split("|")]
