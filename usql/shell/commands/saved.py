"""Commands on queries that are kept under a name: each is a file ``NAME.usql`` of the person's."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from usql.errors import UnknownName, WrongStructure
from usql.shell.commands.files import FileTrouble
from usql.shell.commands.settings import assignments

if TYPE_CHECKING:
    from usql.shell.session import Session

_NAME = re.compile(r"\w[\w-]{0,79}")


def save(session: Session, argument: str) -> None:
    """Keep a query, which has to be one."""
    from usql.parser import parse

    name, _, text = argument.partition(" ")
    _check(name)
    query = text.strip().rstrip(";").strip() or session.question
    if not query:
        raise WrongStructure("there is no query to keep yet", hint="write .save NAME QUERY")
    parse(query)
    file = _file(name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(query + "\n", encoding="utf-8")
    except OSError as error:
        raise FileTrouble(f"{file} cannot be written: {error.strerror}") from None
    session.screen.note(f"kept; .run {name} runs it")


def show(session: Session, argument: str) -> None:
    """List the queries that are kept."""
    names = saved_names()
    if not names:
        session.screen.note("nothing is kept yet; .save NAME keeps the last query")
    for name in names:
        session.screen.say(f"{session.screen.strong(name)}  {' '.join(_text(name).split())}")


def run(session: Session, argument: str) -> None:
    """Run a query that is kept, with parameters of this time."""
    from usql.parameters import read_value
    from usql.shell.dispatch import ask

    name, _, rest = argument.partition(" ")
    text = _text(_known(name))
    given = {key: read_value(value) for key, value in assignments(rest).items()}
    ask(session, text, {**session.settings.params, **given})


def forget(session: Session, argument: str) -> None:
    """Remove a query that is kept."""
    name = _known(argument)
    try:
        _file(name).unlink()
    except OSError as error:
        raise FileTrouble(f"{_file(name)} cannot be removed: {error.strerror}") from None
    session.screen.note(f"{name} is forgotten")


def saved_names() -> list[str]:
    """Return the names of the queries that are kept, sorted."""
    return sorted(file.stem for file in folder().glob("*.usql"))


def folder() -> Path:
    """Return where queries are kept."""
    from platformdirs import user_data_path

    return user_data_path("usql", appauthor=False) / "queries"


def _known(name: str) -> str:
    _check(name)
    names = saved_names()
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else "see .saved"
        raise UnknownName(f"no query is kept as {name}", hint=hint)
    return name


def _check(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise WrongStructure(
            f"{name} is no name for a query" if name else "which name?",
            hint="a name has letters, digits, - and _ only",
        )


def _file(name: str) -> Path:
    return folder() / f"{name}.usql"


def _text(name: str) -> str:
    try:
        return _file(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise FileTrouble(f"{_file(name)} cannot be read: {error}") from None
