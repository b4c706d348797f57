"""The commands ``usql info``, ``check``, ``compact`` and ``delete``: a store and its keeping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

import usql
from usql.cli import exits, options
from usql.cli.output import count, error, note, say, size

if TYPE_CHECKING:
    from usql.store.checking import Problem
    from usql.store.info import StoreInfo
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
    """Tell what a store holds: counts, times, applications, property keys, sizes."""
    with usql.connect(store, create=False) as db:
        found = db.info()
    if format == "json":
        import json
        from dataclasses import asdict

        say(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    for line in _described(found):
        say(line)


def _described(found: StoreInfo) -> Iterator[str]:
    yield from _facts(found)
    if found.applications:
        yield "\nApplications\n"
        rows = [(one.name, one.sessions, one.actions) for one in found.applications]
        yield _table(("name", "sessions", "actions"), rows)
    if found.properties:
        yield "\nProperties\n"
        keys = [(one.table, one.key, one.type, one.count) for one in found.properties]
        yield _table(("table", "key", "type", "rows"), keys)
    if found.parts:
        yield "\nSizes\n"
        parts = [(one.name, one.kind, size(one.bytes)) for one in found.parts]
        yield _table(("name", "kind", "size"), parts)


def _facts(found: StoreInfo) -> Iterator[str]:
    times = "none"
    if found.first is not None and found.last is not None:
        times = f"{_time(found.first)} to {_time(found.last)}"
    facts = {
        "store": found.store,
        "version": str(found.version),
        "sessions": f"{found.sessions:,}",
        "actions": f"{found.actions:,}",
        "events": f"{found.events:,}",
        "errors": f"{found.errors:,}",
        "times": times,
        "size": f"{size(found.bytes)}, {size(found.free)} of it free",
    }
    if found.postponed:
        facts["indexes"] = f"{_indexes(len(found.postponed))} to be made"
    width = max(map(len, facts))
    for name, fact in facts.items():
        yield f"{name:{width}}  {fact}"


def _time(ms: int) -> str:
    """Return a time in UTC as text; one that no calendar has, as it is."""
    from datetime import UTC, datetime, timedelta

    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    except OverflowError:
        return f"{ms} ms"
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")


def _table(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> str:
    from usql.render import render
    from usql.result import Column, Result

    columns = tuple(
        Column(name, "long" if rows and isinstance(value, int) else "string")
        for name, value in zip(names, rows[0], strict=True)
    )
    return "".join(render(Result(columns, list(rows)), "table")).rstrip("\n")


@click.command()
@options.store_argument
def check(store: str) -> int:
    """Look whether a store is sound: the file, and all rows in it.

    The exit code is 1 if something is broken. Nothing is changed.
    """
    with usql.connect(store, create=False) as db:
        report = db.check()
    if report.postponed:
        note(f"{_indexes(len(report.postponed))} to be made; usql compact makes them")
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


def _indexes(number: int) -> str:
    return f"{number:,} {'index is' if number == 1 else 'indexes are'} still"


@click.command()
@options.store_argument
def compact(store: str) -> None:
    """Give back the space that a store does not need, and make indexes that it lacks.

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
            counted = db.delete(**choice, dry_run=True)
            if not counted.sessions:
                say("there are no such sessions")
                return
            note(f"{_counts(counted)} of {counted.sessions + counted.kept:,} sessions in all")
            click.confirm("Delete them for good?", abort=True, err=True)
        done = db.delete(**choice)
    say(f"{_counts(done)} deleted in {done.seconds:.1f} s, {size(done.bytes_freed)} given back")
    if done.remains:
        note(done.remains)


def _counts(summary: DeleteSummary) -> str:
    return (
        f"{count(summary.sessions, 'session')} with {count(summary.actions, 'action')},"
        f" {count(summary.events, 'event')} and {count(summary.errors, 'error')}"
    )
