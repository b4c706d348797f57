"""The command ``usql shell``, which ``usql STORE`` stands for."""

from __future__ import annotations

from typing import Any

import click

from usql.cli import options
from usql.render import FORMATS


def _rows(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return a number of rows; 0 for all, as the configuration has it."""
    return None if value is None else options.row_limit(ctx, param, value) or 0


@click.command()
@click.argument("store")
@options.setting
@click.option(
    "--limit", metavar="N|none", callback=_rows, help="Rows of a query that has no LIMIT."
)
@click.option("--mode", type=click.Choice(list(FORMATS)), help="How results are written.")
@click.option("--dates", type=click.Choice(["on", "iso", "off"]), help="How dates are shown.")
@click.option("--keys", type=click.Choice(["emacs", "vi"]), help="The keys of the editor.")
@click.option("--config", metavar="FILE", help="The file of options, instead of the usual one.")
def shell(store: str, config: str | None, **given: Any) -> int:
    r"""Open the shell on a STORE.

    Lines that come from a pipe are run one after another. Options that are not given come from
    the configuration file.

    \b
    usql sessions.db
    usql shell sessions.db --timezone Europe/Vienna --timeframe "last 7 days"
    """
    from pathlib import Path

    from usql.shell.app import run

    return run(store, given, Path(config) if config else None)
