"""The commands ``usql sessions``, ``session``, ``findings``, ``user``, ``apdex``, ``scores``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import click

import usql
from usql.cli import options
from usql.cli.output import complain, note, show, write
from usql.render import FORMATS, terminal

if TYPE_CHECKING:
    from usql.analysis.report import Report
    from usql.engine import Database

_DRAWN = "text"

_settings = options.all_of(
    options.setting,
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="End the analysis after so long, with exit code 4.",
    ),
)
_output = options.all_of(
    click.option(
        "--format",
        type=click.Choice([_DRAWN, *FORMATS]),
        default=_DRAWN,
        show_default=True,
        help="Drawn for people; json is all that was found, the others are one table of it.",
    ),
    click.option(
        "--table", metavar="NAME", help="Which table of what was found. [default: the main one]"
    ),
    click.option(
        "--show-query", is_flag=True, help="Show the queries behind it, on standard error."
    ),
)
_choice = options.all_of(
    click.option("--where", metavar="CONDITION", help="Sessions for which it is true."),
    click.option(
        "--segment",
        metavar="SEGMENT",
        help="Sessions of a segment: 'Country: Austria, Spain; Duration: >= 60s', or the name of"
        " one that the store keeps.",
    ),
)
_against = options.all_of(
    click.option("--against", metavar="CONDITION", help="Compare with these sessions."),
    click.option("--against-segment", metavar="SEGMENT", help="Compare with those of a segment."),
    click.option(
        "--against-timeframe", metavar="EXPR", help="Compare with the sessions of another time."
    ),
)
_rules = click.option(
    "--rules",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Judge by the thresholds of a TOML file, not as stored.",
)
_by = click.option(
    "--by",
    multiple=True,
    metavar="DIMENSION",
    help="application, action, key-action, country, browser, day, … or an expression. Repeatable."
    " [default: application]",
)
_groups = click.option(
    "--limit",
    default="50",
    metavar="N|none",
    callback=options.row_limit,
    help="Most groups. [default: 50]",
)


@click.command()
@options.store_argument
@_choice
@_settings
@click.option(
    "--order",
    default="startTime DESC",
    show_default=True,
    metavar="COLUMNS",
    help="As behind ORDER BY: 'duration DESC'.",
)
@click.option(
    "--limit", type=click.IntRange(min=0), default=500, show_default=True, help="Most sessions."
)
@_output
def sessions(store: str, **given: Any) -> None:
    """List sessions, the newest first.

    \b
    usql sessions demo.db --segment "Country: Austria; Crashes: yes"
    usql sessions demo.db --where "userActionCount > 20" --order "duration DESC" --limit 10
    """
    _tell(store, given, lambda db, rest: db.sessions(**rest))


@click.command()
@options.store_argument
@click.argument("session_id", metavar="ID")
@_rules
@_settings
@_output
def session(store: str, session_id: str, **given: Any) -> None:
    """Show one session: its timeline, and what came before its errors."""
    _tell(store, given, lambda db, rest: db.session(session_id, **rest))


@click.command()
@options.store_argument
@_choice
@_against
@_settings
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME",
    help="Look at this attribute of segments, such as 'Country' or 'String property plan'."
    " Repeatable.",
)
@click.option("--over", metavar="TIME", help="Tell values apart by hour, day, week, month, …")
@click.option(
    "--values",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Most values of an attribute.",
)
@click.option(
    "--limit",
    default="50",
    metavar="N|none",
    callback=options.row_limit,
    help="Most differences. [default: 50]",
)
@_output
def findings(store: str, attributes: tuple[str, ...], **given: Any) -> None:
    """Show what sets sessions apart from others: all, or some.

    The others are all that were not chosen, or those of --against and --against-segment.

    Without a choice of sessions: how the values of each attribute spread over all of them.

    \b
    usql findings demo.db --segment "Crashes: yes"
    usql findings demo.db --attribute Country --attribute Duration --over week
    """
    named = attributes or None
    _tell(store, given, lambda db, rest: db.findings(attributes=named, **rest))


@click.command()
@options.store_argument
@click.argument("user", metavar="USER")
@click.option(
    "--extended",
    is_flag=True,
    help="All user tags and internal ids that share sessions are the same user.",
)
@click.option(
    "--recent",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="Most sessions to list.",
)
@_settings
@_output
def user(store: str, user: str, **given: Any) -> None:
    """Show one user, by user tag or internal id."""
    _tell(store, given, lambda db, rest: db.user(user, **rest))


@click.command()
@options.store_argument
@_choice
@_against
@_settings
@_by
@click.option("--actions", metavar="CONDITION", help="Only user actions for which it is true.")
@_rules
@_groups
@_output
def apdex(store: str, by: tuple[str, ...], **given: Any) -> None:
    """Show the Apdex of user actions, with its rating and sample size.

    \b
    usql apdex demo.db --by country --segment "Application type: WEB_APPLICATION"
    usql apdex demo.db --by action --rules rules.toml
    """
    _tell(store, given, lambda db, rest: db.apdex(by or ("application",), **rest))


@click.command()
@options.store_argument
@_choice
@_against
@_settings
@_by
@_rules
@_groups
@_output
def scores(store: str, by: tuple[str, ...], **given: Any) -> None:
    """Show how many sessions have which user experience score.

    \b
    usql scores demo.db --by country
    usql scores demo.db --by week --rules rules.toml
    """
    _tell(store, given, lambda db, rest: db.scores(by or ("application",), **rest))


_CHOICES = {"where": "segment", "against": "against_segment"}
"""Options of conditions, with those of the segments that may stand in their place."""


def _check_choices(given: dict[str, Any]) -> None:
    for condition, segment in _CHOICES.items():
        if given.get(condition) is not None and given.get(segment) is not None:
            first, second = (f"--{name.replace('_', '-')}" for name in (condition, segment))
            raise click.UsageError(f"Give {first} or {second}, not both.")


def _settled(given: dict[str, Any], db: Database) -> dict[str, Any]:
    """Return options as the library takes them: segments found by name, rules read."""
    settled = {n: value for n, value in given.items() if n not in _CHOICES.values()}
    for condition, segment in _CHOICES.items():
        if given.get(segment) is not None:
            settled[condition] = db.segments.find(given[segment])
    if given.get("rules") is not None:
        from usql.analysis.rules import Rules

        settled["rules"] = Rules.read(given["rules"])
    return settled


def _tell(
    store: str, given: dict[str, Any], run: Callable[[Database, dict[str, Any]], Report]
) -> None:
    """Make a report and write it."""
    format, name = given.pop("format"), given.pop("table")
    queries = given.pop("show_query")
    if name is not None and format in (_DRAWN, "json"):
        raise click.UsageError(f"--table has no meaning for {format}; it is whole.")
    _check_choices(given)
    with usql.connect(store, create=False) as db:
        report = run(db, _settled(given, db))
    if queries and format != "json":
        complain("\n\n".join(_queries(report)) + "\n")
    if format == _DRAWN:
        _draw(report, given["timezone"])
    elif format == "json":
        _json(report, queries)
    else:
        tables = report.tables()
        if name is not None and name not in tables:
            raise click.UsageError(f"There is no table {name!r}; there are {', '.join(tables)}.")
        show(tables[name] if name else next(iter(tables.values())), format)
    for text in report.notes:
        note(text)


def _queries(report: Report) -> Iterable[str]:
    for question in report.questions:
        yield str(question)


def _draw(report: Report, timezone: str | int | None) -> None:
    from usql.analysis.drawing import draw
    from usql.zones import Zone

    width, color = terminal.terminal_width(sys.stdout), terminal.wants_color(sys.stdout)
    write(draw(report, width=width, color=color, zone=Zone.of(timezone)))


def _json(report: Report, queries: bool) -> None:
    import json

    write([json.dumps(report.to_dict(queries=queries), ensure_ascii=False, indent=2) + "\n"])
