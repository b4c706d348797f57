"""Event logs on the command line: the options of ``usql import --events``, and what it reports.

What arrives: options as they were written. What leaves: one call to the library, and its summary
as text. ``usql.cli`` registers the options with its ``import`` command.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from usql.events.importing import EventProgress, EventSummary
    from usql.events.mapping import EventMapping

F = TypeVar("F", bound=Callable[..., Any])

_ROLES = {
    "user": "who it was",
    "time": "when it was",
    "name": "what was done: an event, or a page",
    "duration": "how long it took",
    "application": "the application it was done in",
    "type": "the type of the action: page_view, click, error, …",
    "error": "what went wrong: a text, a status such as 503, a number of errors, true or false",
    "session-id": "the log's own id of sessions; takes precedence over gaps",
}
_MEMBERS = ("zone", "time_unit", "time_format", "duration_unit")
_EXAMPLES_WIDTH = 48


def event_options(function: F) -> F:
    """Add the options of event logs to a command, which gets them as ``events_…``."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def _option(name: str, **settings: Any) -> Callable[[F], F]:
    destination = "events_" + name.removeprefix("--").replace("-", "_")
    return click.option(name, destination, **settings)


_OPTIONS: list[Callable[[Any], Any]] = [
    click.option(
        "--events",
        "events_given",
        is_flag=True,
        help="The files are event logs: a row per view or click, in CSV, TSV, JSON lines or"
        " Parquet. The options below are for these.",
    ),
    _option("--mapping", metavar="FILE", help="TOML file that says what the columns are."),
    *(
        _option(f"--{role}", metavar="COLUMN", help=f"The column that has {what}.")
        for role, what in _ROLES.items()
    ),
    _option(
        "--field",
        metavar="FIELD=COLUMN",
        multiple=True,
        help="The column of a field: usersession.country=geo, or of a property:"
        " usersession.stringProperties.plan=plan. Repeatable.",
    ),
    _option(
        "--value",
        metavar="FIELD=VALUE",
        multiple=True,
        help="A field that is the same in all rows:"
        " usersession.applicationType=MOBILE_APPLICATION. Repeatable.",
    ),
    _option("--skip", metavar="COLUMN", multiple=True, help="A column to leave out. Repeatable."),
    _option("--zone", metavar="ZONE", help="Zone of times that do not say theirs. [default: UTC]"),
    _option(
        "--time-unit", metavar="UNIT", help="Of times that are numbers: s, ms, us, ns. [by size]"
    ),
    _option("--time-format", metavar="FORMAT", help="Of other times: '%d/%m/%Y %H:%M'. [by look]"),
    _option("--duration-unit", metavar="UNIT", help="ms, s or us. [by the column's name, else ms]"),
    _option(
        "--gap", metavar="TIME", help="Time without activity that ends a session. [default: 30m]"
    ),
    _option(
        "--mobile-gap",
        metavar="TIME",
        help="The same for mobile and custom applications. [default: 10m]",
    ),
    _option("--max-duration", metavar="TIME", help="Longest session. [default: 6h]"),
    _option("--max-actions", metavar="N", help="Most actions of a session. [default: 200]"),
    _option(
        "--apdex",
        metavar="TIME",
        help="Derive apdexCategory: durations up to TIME satisfy, up to four times are tolerated.",
    ),
    _option("--format", metavar="FORMAT", help="csv, tsv, jsonl or parquet. [by name and look]"),
    _option("--delimiter", metavar="SIGN", help="What parts the columns of a CSV file. [by look]"),
    _option("--decimal", metavar="SIGN", help="'.' or ','. [',' where ';' parts the columns]"),
    _option("--encoding", metavar="NAME", help="Of a CSV file. [default: utf-8]"),
]


def refuse_options(options: dict[str, Any]) -> None:
    """Refuse options of event logs where none are imported.

    Raises:
        click.UsageError: there is one.
    """
    for name, value in options.items():
        if value:
            option = "--" + name.removeprefix("events_").replace("_", "-")
            raise click.UsageError(f"{option} is for event logs: write --events, too.")


def import_events(
    store: str,
    files: list[str],
    options: dict[str, Any],
    *,
    rejects: str | None,
    strict: bool,
    dry_run: bool,
    wait: float | None,
) -> tuple[list[str], str | None]:
    """Import event logs.

    Returns:
        What to tell, line by line, and what is wrong, if anything.

    Raises:
        UsqlError: as ``Database.import_events``.
    """
    import usql
    from usql.events.reading import Reading

    given = {name.removeprefix("events_"): value for name, value in options.items()}
    if given["delimiter"] == "\\t":
        given["delimiter"] = "\t"
    reading = Reading(given["format"], given["delimiter"], given["decimal"], given["encoding"])
    mapping = _mapping(given)
    with usql.connect(store) as db:
        summary = db.import_events(
            files,
            mapping=mapping,
            reading=reading,
            rejects=rejects,
            strict=strict,
            dry_run=dry_run,
            wait=wait,
            progress=_progress(),
        )
    _clear_progress()
    return list(_report(summary) if dry_run else _told(summary)), _rejected(summary)


def _mapping(given: dict[str, Any]) -> EventMapping:
    """Return what options say, and what the mapping file says beside."""
    from dataclasses import replace

    from usql.events.cutting import Cutting
    from usql.events.mapping import EventMapping

    document: dict[str, Any] = {
        role: given[role]
        for role in (*(role.replace("-", "_") for role in _ROLES), *_MEMBERS)
        if given[role] is not None
    }
    document["fields"] = _pairs("--field", given["field"])
    document["values"] = _pairs("--value", given["value"])
    document["skip"] = list(given["skip"])
    said = EventMapping.of(document)
    if given["apdex"] is not None:
        said = replace(said, apdex=_apdex(given["apdex"]))
    mapping = said if given["mapping"] is None else said.over(EventMapping.read(given["mapping"]))
    limits = _limits(given)
    return (
        replace(mapping, cutting=replace(mapping.cutting or Cutting(), **limits))
        if limits
        else (mapping)
    )


def _limits(given: dict[str, Any]) -> dict[str, int | None]:
    from usql.events.mapping import count, length

    readers = {
        "gap": length,
        "mobile_gap": length,
        "max_duration": length,
        "max_actions": count,
    }
    return {
        name: read(f"--{name.replace('_', '-')}", given[name])
        for name, read in readers.items()
        if given[name] is not None
    }


def _apdex(text: str) -> Any:
    from usql.events.mapping import length
    from usql.experience import ApdexLimits

    satisfied = length("--apdex", text)
    if satisfied is None:
        raise click.UsageError("--apdex: 'none' is no length of time.")
    return ApdexLimits(satisfied, 4 * satisfied)


def _pairs(option: str, written: Iterable[str]) -> dict[str, str]:
    pairs = {}
    for text in written:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise click.UsageError(f"{option}: {text!r} is not of the form FIELD=….")
        pairs[name] = value
    return pairs


# --- What is told -------------------------------------------------------------------------------


def _told(summary: EventSummary) -> Iterable[str]:
    from usql.render.amounts import counted

    yield (
        f"{counted(summary.sessions, 'session')} from {counted(summary.rows, 'row')} of"
        f" {counted(summary.files, 'file')} in {summary.seconds:.1f} s,"
        f" {summary.replaced:,} more made again, {summary.removed:,} removed"
    )
    if summary.rows > summary.new_rows:
        yield f"{counted(summary.rows - summary.new_rows, 'row')} of these had nothing new"


def _rejected(summary: EventSummary) -> str | None:
    """Return what to say of the rows put aside, if there are any."""
    if not summary.rejected:
        return None
    from usql.render.amounts import counted

    where = f", see {summary.rejects_path}" if summary.rejects_path else ""
    return "\n".join([f"{counted(summary.rejected, 'row')} rejected{where}", *summary.problems])


def _report(summary: EventSummary) -> Iterable[str]:
    """Yield what a dry run found: columns, times, sessions."""
    from usql.render import render
    from usql.render.amounts import counted
    from usql.result import Column, Result

    rows: list[tuple[Any, ...]] = [
        (column.name, column.meaning, column.type, _examples(column.examples))
        for column in summary.columns
    ]
    names = ("column", "meaning", "type", "examples")
    table = Result(tuple(Column(name, "string") for name in names), rows)
    yield "".join(render(table, "table")).rstrip("\n")
    yield ""
    yield f"times: {summary.times}"
    if summary.first is not None and summary.last is not None:
        yield f"from {_moment(summary.first)} to {_moment(summary.last)}"
    cutting = summary.cutting
    yield (
        f"sessions end after {_length(cutting.gap)} without activity"
        f" ({_length(cutting.mobile_gap)} if mobile or custom), {_length(cutting.max_duration)},"
        f" or {cutting.max_actions or 'any number of'} actions"
    )
    yield (
        f"{counted(summary.rows, 'row')} of {counted(summary.files, 'file')},"
        f" {summary.new_rows:,} of them new, would make {counted(summary.sessions, 'session')}"
        f" of {counted(summary.users, 'user')}, make {summary.replaced:,} again and remove"
        f" {summary.removed:,}; nothing was written"
    )


def _examples(examples: Iterable[str]) -> str:
    text = ", ".join(examples)
    return text if len(text) <= _EXAMPLES_WIDTH else text[: _EXAMPLES_WIDTH - 1] + "…"


def _moment(ms: int) -> str:
    from usql.zones import EPOCH, MS

    return (EPOCH + ms * MS).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _length(ms: int | None) -> str:
    if ms is None:
        return "any time"
    for unit, size in (("h", 3_600_000), ("min", 60_000), ("s", 1_000)):
        if ms % size == 0:
            return f"{ms // size} {unit}"
    return f"{ms} ms"


def _progress() -> Callable[[EventProgress], None] | None:
    """Return what shows a line on a terminal, where there is one."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None

    def show(progress: EventProgress) -> None:
        sys.stderr.write(
            f"\r\x1b[K{progress.doing}: {progress.rows:,} rows, {progress.sessions:,} sessions"
        )
        sys.stderr.flush()

    return show


def _clear_progress() -> None:
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()
