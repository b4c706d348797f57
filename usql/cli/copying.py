"""The command ``usql copy``: a store into another, of whatever kind."""

from __future__ import annotations

from typing import Any

import click

import usql
from usql.cli import options
from usql.cli.export import session_bar
from usql.cli.output import note, say
from usql.render.amounts import counted


@click.command()
@click.argument("source", metavar="FROM", shell_complete=options.complete_files)
@click.argument("target", metavar="TO", shell_complete=options.complete_files)
@click.option("--replace", is_flag=True, help="Put the copy in the place of what TO holds.")
@click.option("--into", is_flag=True, help="Add the sessions to those that TO holds.")
@click.option(
    "--where",
    metavar="CONDITION",
    help="Sessions for which it is true, as behind WHERE in a query on usersession.",
)
@options.setting
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long to wait while another process writes to TO. [default: 10]",
)
def copy(source: str, target: str, replace: bool, into: bool, **choice: Any) -> None:
    """Copy a store into another, of whatever kind.

    All fields of its sessions are copied.

    TO is made if there is none, and appears when it is whole. One that has sessions is left alone
    unless --replace or --into says what is to become of them; with --into, a session that is there
    already is replaced.

    \b
    usql copy sessions.db duckdb:sessions.duckdb
    usql copy sessions.db chdb:sessions/ --timeframe "last 30 days"
    """
    if replace and into:
        raise click.UsageError("Give --replace or --into, not both.")
    with usql.connect(source, create=False) as db, session_bar() as progress:
        done = db.copy_to(target, replace=replace, into=into, progress=progress, **choice)
    instead = f", {done.replaced:,} of them replaced" if done.replaced else ""
    say(f"{counted(done.sessions, 'session')} to {target} in {done.seconds:.1f} s{instead}")
    if done.event_rows:
        note(
            f"{counted(done.event_rows, 'row')} of event logs stay in {source}: import the logs of"
            " these sessions there, not into the copy"
        )
