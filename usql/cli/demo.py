"""The command ``usql demo``: data to try everything on."""

from __future__ import annotations

import os
from typing import Any

import click

import usql
from usql.cli.output import say, show

DEMO_STORE = "usql-demo.db"


@click.command()
@click.argument("store", default=DEMO_STORE)
@click.option("--sessions", type=click.IntRange(min=1), help="How many. [default: 5000]")
@click.option("--seed", type=int, help="Of the random numbers; the same seed, the same data.")
@click.option("--force", is_flag=True, help=f"Replace a STORE other than {DEMO_STORE}.")
def demo(store: str, sessions: int | None, seed: int | None, force: bool) -> None:
    """Make demo data and run queries on it.

    The data are sessions of an invented travel shop. STORE is made anew each time; by default it
    is usql-demo.db in this directory.
    """
    from usql.demo import DEFAULT_SEED, DEFAULT_SESSIONS, NEXT, QUERIES

    sessions = DEFAULT_SESSIONS if sessions is None else sessions
    seed = DEFAULT_SEED if seed is None else seed
    _make_way(store, force)
    say(f"Making {sessions:,} sessions of an invented travel shop (seed {seed}) in {store} …")
    with usql.connect(store) as db:
        _fill(db, sessions, seed)
        for number, item in enumerate(QUERIES, start=1):
            say(f"\n{number}. {item.title}\n\n{_indented(item.text)}\n")
            show(db.query(item.text), "table")
    say("\nType next:\n")
    say(_indented("\n".join(line.replace("{store}", _quoted(store)) for line in NEXT)))


def _make_way(store: str, force: bool) -> None:
    """Remove an earlier demo store; never a file that may be something else."""
    if not os.path.exists(store):
        return
    if os.path.basename(store) != DEMO_STORE and not force:
        raise click.UsageError(f"{store} exists; --force replaces it by demo data.")
    for name in (store, f"{store}-wal", f"{store}-shm"):
        if os.path.exists(name):
            os.remove(name)


def _fill(db: Any, sessions: int, seed: int) -> None:
    """Import demo data by the way of all data, through a file."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from usql.demo import write

    with TemporaryDirectory(prefix="usql-demo-") as folder:
        file = Path(folder) / "demo.ndjson"
        write(file, sessions, seed)
        db.import_files([file])


def _quoted(store: str) -> str:
    from shlex import quote

    return quote(store)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
