"""The commands ``usql segment …``: the named segments of a store, and values to choose from."""

from __future__ import annotations

import click

import usql
from usql.cli import options
from usql.cli.output import complain, say, show


@click.group()
def segment() -> None:
    """Keep segments by name; queries use them: IN SEGMENT "name".

    \b
    usql segment add sessions.db regulars "User type: REAL_USER; Duration: >= 60s"
    usql segment list sessions.db
    usql segment values sessions.db Country "Bounced: no"
    usql query sessions.db 'SELECT COUNT(*) FROM useraction WHERE IN SEGMENT "regulars"'
    """


@segment.command("add")
@options.store_argument
@click.argument("name")
@click.argument("text", metavar="SEGMENT")
@click.option("--replace", is_flag=True, help="Take the place of a segment of that name.")
def add(store: str, name: str, text: str, replace: bool) -> None:
    """Keep SEGMENT under NAME.

    A segment is a list of filters, such as "Country: Austria, Spain; Duration: >= 60s".
    """
    with usql.connect(store, create=False) as db:
        db.segments.add(name, text, replace=replace)


@segment.command("list")
@options.store_argument
@options.result_format
def list_segments(store: str, format: str) -> None:
    """List the segments of a store."""
    from usql.segments.listing import segment_table

    with usql.connect(store, create=False) as db:
        kept = db.segments.list()
    show(segment_table(kept), format)


@segment.command("attributes")
@click.argument("word", default="")
@options.result_format
def list_attributes(word: str, format: str) -> None:
    """List the attributes that sessions are filtered by.

    With a WORD, those of a category, or that have it in their names.
    """
    from usql.segments.listing import attribute_table

    show(attribute_table(word), format)


@segment.command("show")
@options.store_argument
@click.argument("name")
@click.option("--show-query", is_flag=True, help="Write the condition that it is in USQL.")
def show_segment(store: str, name: str, show_query: bool) -> None:
    """Write the segment of a NAME."""
    with usql.connect(store, create=False) as db:
        found = db.segments.get(name)
    say(found.to_usql() if show_query else str(found))


@segment.command("remove")
@options.store_argument
@click.argument("name")
def remove(store: str, name: str) -> None:
    """Forget the segment of a NAME."""
    with usql.connect(store, create=False) as db:
        db.segments.remove(name)


@segment.command("rename")
@options.store_argument
@click.argument("name")
@click.argument("new")
def rename(store: str, name: str, new: str) -> None:
    """Give the segment of a NAME a NEW one."""
    with usql.connect(store, create=False) as db:
        db.segments.rename(name, new)


@segment.command("values")
@options.store_argument
@click.argument("attribute")
@click.argument("text", metavar="[SEGMENT]", default="")
@click.option("--key", default="", help="Of a property.")
@click.option("--show-query", is_flag=True, help="Write the query behind it to standard error.")
@options.result_format
def values(store: str, attribute: str, text: str, key: str, show_query: bool, format: str) -> None:
    """Count the values of an ATTRIBUTE among sessions.

    With a SEGMENT, among those that satisfy its filters of other attributes.
    """
    from usql.segments import Segment
    from usql.segments.listing import value_table
    from usql.segments.picking import Picking

    with usql.connect(store, create=False) as db:
        chosen = db.segments.find(text) if text.strip() else Segment()
        picking = Picking.of(chosen, attribute, key)
        counts = db.segment_values(chosen, attribute, key)
        kind = db.compile(picking.query).columns[0].type
    if show_query:
        complain(picking.query)
    show(value_table(picking, counts, kind, key), format)
