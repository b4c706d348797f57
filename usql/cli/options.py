"""Arguments and options that several commands have, and their values as the library takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from usql.render import BINARY_FORMATS, FORMATS

if TYPE_CHECKING:
    from datetime import datetime

    from click.shell_completion import CompletionItem

    from usql.segments import Segment

F = TypeVar("F", bound=Callable[..., Any])


def row_limit(ctx: click.Context, param: click.Parameter, value: str) -> int | None:
    """Return a number of rows, or ``None`` for all."""
    if value.casefold() == "none":
        return None
    if value.isascii() and value.isdigit():
        return int(value)
    raise click.BadParameter(f"{value!r} is neither a number of rows nor 'none'.")


def _zone(ctx: click.Context, param: click.Parameter, value: str | None) -> str | int | None:
    """Return an offset in minutes as a number, the name of a zone as it is."""
    try:
        return None if value is None else int(value)
    except ValueError:
        return value


def _moment(ctx: click.Context, param: click.Parameter, value: str | None) -> int | datetime | None:
    """Return a number of ms or an aware datetime."""
    if value is None:
        return None
    from datetime import datetime

    try:
        return int(value)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise click.BadParameter(
            f"{value!r} is neither a number of ms nor a time with an offset,"
            " such as 2026-03-01T12:00:00Z."
        )
    return moment


def _bindings(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, Any]:
    """Return the parameters by name."""
    from usql.parameters import read_value

    bound = {}
    for text in value:
        name, equals, written = text.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{text!r} is not of the form name=value.")
        bound[name] = read_value(written)
    return bound


def _named_segments(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> dict[str, Segment | str]:
    """Return the segments by name: filters if there is an attribute before a colon."""
    given: dict[str, Segment | str] = {}
    for text in value:
        name, equals, written = text.partition("=")
        if not (name.strip() and equals and written.strip()):
            raise click.BadParameter(f"{text!r} is not of the form name=segment.")
        given[name.strip()] = _segment_or_condition(written)
    return given


def _segment_or_condition(written: str) -> Segment | str:
    import re

    from usql.segments import Segment

    # conditions have colons in texts and parameters only, behind a quote, a sign or a bracket
    return Segment.parse(written) if re.match(r"[^'=<>(\n]+:", written) else written


def all_of(*decorators: Callable[[F], F]) -> Callable[[F], F]:
    """Return several decorators as one, the first outermost."""

    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def complete_files(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Let the user's shell complete the name of a file."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


store_argument: Callable[[F], F] = click.argument("store", shell_complete=complete_files)
source = all_of(
    click.argument("query", required=False),
    click.option(
        "-f",
        "--file",
        type=click.Path(exists=True, dir_okay=False, allow_dash=True),
        help="Read the query from a file; '-' is standard input.",
    ),
)
setting: Callable[[F], F] = all_of(
    click.option("--timeframe", metavar="EXPR", help="Sessions that start in it: 'last 7 days'."),
    click.option(
        "--timezone",
        metavar="ZONE",
        callback=_zone,
        help="Europe/Vienna, or minutes east of UTC. [default: UTC]",
    ),
    click.option(
        "--now", metavar="TIME", callback=_moment, help="What $NOW is: ms, or ISO with an offset."
    ),
    click.option(
        "--param",
        "params",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_bindings,
        help='A value for :NAME. Numbers, true, false, null, "strings" and [lists] are read as'
        " JSON, anything else is text as it stands. Repeatable.",
    ),
)
segments: Callable[[F], F] = click.option(
    "--segment",
    "segments",
    multiple=True,
    metavar="NAME=SEGMENT",
    callback=_named_segments,
    help="A segment for IN SEGMENT \"NAME\": filters such as 'Country: Austria', or a condition."
    " Repeatable.",
)
result_format = click.option(
    "--format",
    type=click.Choice([*FORMATS, *BINARY_FORMATS]),
    default=next(iter(FORMATS)),
    show_default=True,
    help="How to write the result.",
)
result_output = click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write the result to a file instead of standard output.",
)
