"""The command on segments: those that the store keeps, their attributes, and values of these."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from usql.errors import WrongStructure
from usql.shell.commands.arguments import Arguments, name_first
from usql.shell.results import show

if TYPE_CHECKING:
    from usql.shell.session import Session


def segment(session: Session, argument: str) -> None:
    """Do what the first word says with the rest; without a word, list the segments."""
    word, _, rest = argument.strip().partition(" ")
    word = word.rstrip(";").lower() or "list"
    if word not in ACTIONS:
        from difflib import get_close_matches

        near = get_close_matches(word, ACTIONS, n=1)
        hint = f"did you mean .segment {near[0]}?" if near else f"there are {', '.join(ACTIONS)}"
        raise WrongStructure(f"segments cannot {word}", hint=hint)
    ACTIONS[word](session, rest.strip())


def _list(session: Session, argument: str) -> None:
    from usql.segments.listing import segment_table

    Arguments(argument, ())
    kept = session.db.segments.list()
    if kept:
        show(session, segment_table(kept))
    else:
        session.screen.note("no segments are kept yet; .segment add NAME SEGMENT keeps one")


def _add(session: Session, argument: str) -> None:
    said = Arguments(argument, ("replace",))
    name, text = name_first(said.first)
    if not text:
        raise WrongStructure(
            "which segment?", hint="write .segment add vip Country: Austria; Crashes: no"
        )
    kept = session.db.segments.add(name, text, replace=said.has("replace"))
    session.screen.note(f"kept; IN SEGMENT {_quoted(kept.name)} uses it in queries")


def _show(session: Session, argument: str) -> None:
    said = Arguments(argument, ("show-query",))
    found = session.db.segments.get(_name(said.first))
    session.screen.say(found.to_usql() if said.has("show-query") else str(found))


def _remove(session: Session, argument: str) -> None:
    name = _name(Arguments(argument, ()).first)
    session.db.segments.remove(name)
    session.screen.note(f"{name} is forgotten")


def _rename(session: Session, argument: str) -> None:
    name, rest = name_first(Arguments(argument, ()).first)
    new = _name(rest)
    session.db.segments.rename(name, new)
    session.screen.note(f"{name} is {new} now")


def _attributes(session: Session, argument: str) -> None:
    from usql.segments.listing import attribute_table

    show(session, attribute_table(Arguments(argument, ()).first))


def _values(session: Session, argument: str) -> None:
    from usql.analysis.counting import measure
    from usql.segments import Segment
    from usql.segments.listing import value_table
    from usql.segments.picking import Picking
    from usql.shell.waiting import wait_for

    said = Arguments(argument, ("show-query",))
    name, _, text = said.first.partition(" of ")
    if not name:
        raise WrongStructure("of which attribute?", hint="write .segment values Country")
    picked, db = measure(name), session.db
    chosen = db.segments.find(text) if text.strip() else Segment()
    picking = Picking.of(chosen, picked.attribute.label, picked.key)
    counts = wait_for(
        lambda: db.segment_values(chosen, picked.attribute.label, picked.key),
        db.interrupt,
        session.screen.spinner,
    )
    if said.has("show-query"):
        session.screen.note(picking.query)
    kind = db.compile(picking.query).columns[0].type
    show(session, value_table(picking, counts, kind, picked.key))


def _name(text: str) -> str:
    """Return a name, which may stand in quotes, and is all that was said."""
    name, rest = name_first(text)
    if not name:
        raise WrongStructure("which segment?", hint="see .segment list")
    return text if rest else name


def _quoted(name: str) -> str:
    return f'"{name}"' if '"' not in name else f"'{name}'"


ACTIONS: dict[str, Callable[[Session, str], None]] = {
    "list": _list,
    "add": _add,
    "show": _show,
    "remove": _remove,
    "rename": _rename,
    "values": _values,
    "attributes": _attributes,
}
"""What can be done with segments, by the word for it."""
