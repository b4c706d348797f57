"""All commands, one row each: how they are written, what they do, what completes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from usql.errors import UsqlError
from usql.shell.commands import (
    analyses,
    answers,
    data,
    files,
    saved,
    segments,
    settings,
    topics,
)
from usql.shell.commands.names import ALIASES, Said

if TYPE_CHECKING:
    from usql.shell.session import Session


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes:
        name: without its point.
        usage: how its arguments are written.
        about: what it does, one line.
        run: does it.
        completes: what its argument may be: ``table``, ``field``, ``mode``, ``query``, …, or
            several words separated by ``|``.
        options: what may stand behind ``--``.
    """

    name: str
    usage: str
    about: str
    run: Callable[[Session, str], None]
    completes: str = ""
    options: tuple[str, ...] = ()

    @property
    def written(self) -> str:
        """The command as it is typed."""
        return f".{self.name} {self.usage}".rstrip()


class UnknownCommand(UsqlError):
    """There is no such command."""

    code = "unknown-command"


COMMANDS = (
    Command("help", "[TOPIC]", "these commands, or what the guide says about a word of the"
            " language or a command", topics.show_help, "topic"),
    Command("tables", "", "the tables, and how many rows they have", data.tables),
    Command("fields", "[TABLE]", "the fields of a table, or of all", data.fields, "table"),
    Command("keys", "[FIELD]", "the keys of properties that the store has", data.keys,
            "properties"),
    Command("values", "FIELD", "the most frequent values of a field", data.values, "field"),
    Command("info", "", "what the store holds", data.info),
    Command("timeframe", "[EXPR|off]", "count only sessions that start in it, such as"
            " last 7 days", settings.timeframe, "timeframe"),
    Command("timezone", "[ZONE|off]", "the time zone of dates, such as Europe/Vienna",
            settings.timezone, "zone"),
    Command("now", "[TIME|off]", "what $NOW is: a time such as 2026-03-01T12:00:00Z, or ms",
            settings.now),
    Command("params", "[NAME=VALUE …|off]", "the values of :NAME in queries; NAME= forgets one",
            settings.params),
    Command("limit", "[N|none]", "rows of a query that has no LIMIT", settings.limit),
    Command("mode", "[MODE]", "how results are written: table, csv, json, …", settings.mode,
            "mode"),
    Command("dates", "[on|off|iso]", "dates as local time, as ms, or in ISO 8601",
            settings.dates, "on|off|iso"),
    Command("timer", "[on|off]", "whether to show how long queries take", settings.timer,
            "on|off"),
    Command("chart", "[KIND]", "draw the last result: bar, line, pie, funnel, value, or what its"
            " shape suggests", answers.chart, "chart"),
    Command("explain", "[QUERY]", "how a query, or the last one, becomes SQL", answers.explain,
            "query"),
    Command("sql", "[QUERY]", "the SQL of a query, or of the last one", answers.sql, "query"),
    Command("sessions", "[SEGMENT|where CONDITION]", "the newest sessions, such as those of"
            " Country: Austria; Crashes: yes", analyses.sessions, "segment",
            analyses.SESSIONS),
    Command("session", "ID", "one session: its timeline, and what preceded what went wrong",
            analyses.one_session, "", analyses.SESSION),
    Command("findings", "[SEGMENT|where CONDITION]", "what sets these sessions apart from all"
            " others, or from those of --against", analyses.findings, "segment",
            analyses.FINDINGS),
    Command("user", "USER [extended]", "one user, or all that share sessions with them",
            analyses.user, "", analyses.USER),
    Command("apdex", "[DIMENSION] [where CONDITION]", "how satisfied people were, by application,"
            " action, country, day, …", analyses.apdex, "dimension", analyses.APDEX),
    Command("scores", "[DIMENSION] [where CONDITION]", "how many sessions have which user"
            " experience score", analyses.scores, "dimension", analyses.SCORES),
    Command("segment", "[list|add|show|…]", "the segments that the store keeps: list, add NAME"
            " SEGMENT, show, remove, rename; values ATTRIBUTE, attributes", segments.segment,
            "|".join(segments.ACTIONS)),
    Command("history", "[N]", "the last N entries of the history", answers.history),
    Command("output", "[FILE|off]", "write results to a file", files.output, "file"),
    Command("read", "FILE", "run the queries and commands of a file", files.read, "file"),
    Command("import", "FILE …", "import session exports into the store", files.import_data,
            "file"),
    Command("export", "FILE [where CONDITION]", "write the sessions of the timeframe to a file,"
            " or to a folder of Parquet", files.export_data, "file"),
    Command("save", "NAME [QUERY]", "keep a query, or the last one, under a name", saved.save),
    Command("saved", "", "the queries that are kept", saved.show),
    Command("run", "NAME [NAME=VALUE …]", "run a kept query, with parameters", saved.run,
            "saved"),
    Command("forget", "NAME", "remove a kept query", saved.forget, "saved"),
    Command("quit", "", "leave; so do Ctrl-D, exit and quit", answers.leave),
)  # fmt: skip
"""Every command, in the order in which help shows them."""
BY_NAME = {command.name: command for command in COMMANDS}


def find(name: str) -> Command:
    """Return a command by its name.

    Raises:
        UnknownCommand: there is none, with the nearest one.

    >>> find("tables").about
    'the tables, and how many rows they have'
    >>> find("tabels")
    Traceback (most recent call last):
    ...
    usql.shell.commands.registry.UnknownCommand: there is no command .tabels
    hint: did you mean .tables?
    """
    found = BY_NAME.get(name)
    if found is not None:
        return found
    starting = [known for known in BY_NAME if name and known.startswith(name)]
    if len(starting) == 1:
        return BY_NAME[starting[0]]
    near = starting or get_close_matches(name, [*BY_NAME, *ALIASES], n=1)
    hint = f"did you mean {' or '.join(f'.{n}' for n in near)}?" if near else "try .help"
    raise UnknownCommand(f"there is no command .{name}", hint=hint)


def obey(session: Session, said: Said) -> None:
    """Do what a command says.

    Raises:
        UsqlError: there is no such command, or it cannot be done.
        Leave: the person wants to leave.
    """
    find(said.name).run(session, said.argument)
