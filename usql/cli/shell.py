"""The command ``usql shell``, which ``usql STORE`` stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from usql.cli import options
from usql.render import FORMATS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _rows(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return a number of rows; 0 for all, as the configuration has it."""
    return None if value is None else options.row_limit(ctx, param, value) or 0


def _settings(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, Any]:
    """Return the options of the configuration that were set."""
    from usql.errors import WrongStructure
    from usql.shell.config import from_text

    found = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals:
            raise click.BadParameter(f"{value!r} is not NAME=VALUE", ctx, param)
        try:
            found[name] = from_text(name, text)
        except WrongStructure as error:
            hint = f"; {error.hint}" if error.hint else ""
            raise click.BadParameter(f"{error.message}{hint}", ctx, param) from None
    return found


def _complete_setting(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Let the user's shell complete the name of an option."""
    from click.shell_completion import CompletionItem

    from usql.shell.config import OPTIONS

    written = [CompletionItem(f"{option.name}=", help=option.about) for option in OPTIONS]
    return [item for item in written if item.value.startswith(incomplete)]


@click.command()
@options.store_argument
@options.setting
@click.option(
    "--limit", metavar="N|none", callback=_rows, help="Rows of a query that has no LIMIT."
)
@click.option("--mode", type=click.Choice(list(FORMATS)), help="How results are written.")
@click.option("--dates", type=click.Choice(["on", "iso", "off"]), help="How dates are shown.")
@click.option("--keys", type=click.Choice(["emacs", "vi"]), help="The keys of the editor.")
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    callback=_settings,
    shell_complete=_complete_setting,
    help="Any option of the configuration file, such as pager=off. Repeatable.",
)
@click.option("--config", metavar="FILE", help="The file of options, instead of the usual one.")
def shell(store: str, config: str | None, settings: dict[str, Any], **given: Any) -> int:
    """Open the shell on a STORE.

    Lines that come from a pipe are run one after another. Options that are not given come from
    the configuration file.

    \b
    usql sessions.db
    usql shell sessions.db --timezone Europe/Vienna --timeframe "last 7 days"
    usql shell sessions.db --keys vi --set pager=off --set timer=false
    usql shell sessions.db < report.usql
    """
    from pathlib import Path

    from usql.shell.app import run

    said = {name: value for name, value in given.items() if value is not None}
    return run(store, {**settings, **said}, Path(config) if config else None)
