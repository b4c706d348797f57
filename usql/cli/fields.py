"""The command ``usql fields``: what a query can ask for."""

from __future__ import annotations

import click

from usql.cli import options
from usql.cli.output import show


@click.command()
@click.argument("table", required=False)
@options.result_format
def fields(table: str | None, format: str) -> None:
    """List the fields of one TABLE or of all."""
    from usql.listing import field_list
    from usql.schema import catalogue

    schema = catalogue()
    if table is None:
        show(field_list(schema.tables, with_table=True), format)
        return
    found = schema.find(table)
    if found is None:
        known = ", ".join(known.name for known in schema.tables)
        raise click.BadParameter(f"There is no table {table!r}; there are {known}.")
    show(field_list((found,), with_table=False), format)
