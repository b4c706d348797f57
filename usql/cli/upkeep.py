"""The commands ``usql info``, ``check``, ``compact`` and ``delete``: a store and its keeping."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

import usql
from usql.cli import exits, options
from usql.cli.output import error, note, say
from usql.render.amounts import counted, size
from usql.render.holdings import described, to_be_made

if TYPE_CHECKING:
    from usql.store.checking import Problem
    from usql.store.removal import DeleteSummary


@click.command()
@options.store_argument
@click.option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for programs: JSON has times in ms and sizes in bytes.",
)
def info(store: str, format: str) -> None:
    """Tell what a store holds: counts, times, properties, sizes."""
    with usql.connect(store, create=False) as db:
        found = db.info()
    if format == "json":
        import json
        from dataclasses import asdict

        say(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    for line in described(found):
        say(line)


@click.command()
@options.store_argument
def check(store: str) -> int:
    """Look whether a store is sound: the file, and all rows in it.

    The exit code is 1 if something is broken. Nothing is changed.
    """
    with usql.connect(store, create=False) as db:
        report = db.check()
    if report.postponed:
        note(f"{to_be_made(len(report.postponed))}; usql compact makes them")
    if report.sound:
        say(f"{store} is sound, as checked in {report.seconds:.1f} s")
        return exits.DONE
    for problem in report.problems:
        say(_problem(problem))
    error(f"{store} is damaged: restore a copy, or import into a new store")
    return exits.BAD_QUERY


def _problem(problem: Problem) -> str:
    if not problem.count:
        return f"{problem.place}: {problem.message}"
    where = "" if problem.session is None else f", one in session {problem.session}"
    return f"{problem.place}: {problem.count:,} {problem.message}{where}"


@click.command()
@options.store_argument
def compact(store: str) -> None:
    """Give back unused space, and make indexes that are missing.

    The file is written anew, for which the disk needs room. Queries go on meanwhile.
    """
    with usql.connect(store, create=False) as db:
        done = db.compact()
    say(
        f"{store} went from {size(done.bytes_before)} to {size(done.bytes_after)}"
        f" in {done.seconds:.1f} s"
    )


@click.command()
@options.store_argument
@click.option("--user", metavar="ID", help="Sessions with this userId or internalUserId.")
@click.option("--before", metavar="DATE", help="Sessions that start before it: 2026-03-01, or ms.")
@click.option("--where", metavar="COND", help="Sessions for which a condition is true.")
@options.setting
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(
    store: str,
    user: str | None,
    before: str | None,
    where: str | None,
    yes: bool,
    **settings: Any,
) -> None:
    """Delete sessions for good, with all that belongs to them.

    They are counted first, and you are asked. Nothing of them remains in the file, and its space
    is given back. With --timeframe, only sessions that start in it.

    \b
    usql delete shop.db --user anna@example.com
    usql delete shop.db --before 2026-01-01 --yes
    usql delete shop.db --where "country = 'Chad' AND useraction.name = 'Test'"
    """
    given = sum(choice is not None for choice in (user, before, where))
    if given > 1 or not (given or settings["timeframe"]):
        raise click.UsageError("Give one of --user, --before and --where, or --timeframe.")
    choice: dict[str, Any] = {
        "where": where,
        "user": user,
        "before": int(before) if before and before.lstrip("-").isdecimal() else before,
        **settings,
    }
    with usql.connect(store, create=False) as db:
        if not yes:
            found = db.delete(**choice, dry_run=True)
            if not found.sessions:
                say("there are no such sessions")
                return
            note(f"{_counts(found)} of {found.sessions + found.kept:,} sessions in all")
            click.confirm("Delete them for good?", abort=True, err=True)
        done = db.delete(**choice)
    say(f"{_counts(done)} deleted in {done.seconds:.1f} s, {size(done.bytes_freed)} given back")
    if done.remains:
        note(done.remains)


def _counts(summary: DeleteSummary) -> str:
    return (
        f"{counted(summary.sessions, 'session')} with {counted(summary.actions, 'action')},"
        f" {counted(summary.events, 'event')} and {counted(summary.errors, 'error')}"
    )
