"""A result shown as the session wants it: mode, dates, units, time, and the engine's notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from usql.render import render
from usql.render.amounts import counted
from usql.result import Column
from usql.zones import Zone

if TYPE_CHECKING:
    from usql.result import Result
    from usql.shell.session import Session, Settings

FOR_PEOPLE = frozenset({"table", "vertical", "markdown", "chart"})
"""The modes in which dates and units are made readable; programs get numbers."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def show(session: Session, result: Result, *, mode: str | None = None) -> None:
    """Show a result, and below it what there is to say about it."""
    settings, screen = session.settings, session.screen
    mode = mode or settings.mode
    shown = readable(result, settings) if mode in FOR_PEOPLE else result
    if session.output is not None:
        write_out(session, render(shown, mode))
    else:
        write_out(session, render(shown, mode, width=screen.width, color=screen.color))
    for line in _remarks(session, result):
        screen.note(line)


def write_out(session: Session, chunks: Iterable[str]) -> None:
    """Write what was asked for to where it goes: the screen, or a file."""
    if session.output is None:
        session.screen.page(chunks)
        return
    session.output.writelines(chunks)
    session.output.flush()


def _remarks(session: Session, result: Result) -> Iterator[str]:
    if session.output is not None:
        yield f"written to {session.output.name}"
    if session.settings.timer and result.elapsed:  # what is no query takes no time
        yield f"{counted(len(result), 'row')} in {result.elapsed:,.0f} ms"
    for explanation in result.explanations:
        yield f"note: {explanation}"


def readable(result: Result, settings: Settings) -> Result:
    """Return a result with dates as text and units beside the names of columns."""
    columns = tuple(_with_unit(c) for c in result.columns) if settings.units else result.columns
    dates = {
        index for index, column in enumerate(columns) if column.type.removesuffix("[]") == "date"
    }
    rows = result.rows
    if dates and settings.dates != "off":
        written = _writer(settings.dates, Zone.of(settings.timezone))
        rows = [
            tuple(_dated(v, written) if i in dates else v for i, v in enumerate(row))
            for row in rows
        ]
    return replace(result, columns=columns, rows=rows)


def _with_unit(column: Column) -> Column:
    plain = column.type.removesuffix("[]") not in ("long", "double")
    if plain or not column.unit:
        return column
    return Column(f"{column.name} [{column.unit}]", column.type, column.unit)


def _dated(value: Any, written: Callable[[float], str]) -> Any:
    if isinstance(value, list):
        return [_dated(item, written) for item in value]
    return value if value is None else written(value)


def _writer(dates: str, zone: Zone) -> Callable[[float], str]:
    """Return what writes an instant in ms as local time.

    >>> _writer("on", Zone.of("Europe/Vienna"))(1772359200123)
    '2026-03-01 11:00:00.123'
    >>> _writer("iso", Zone.of("Europe/Vienna"))(1772359200123)
    '2026-03-01T11:00:00.123+01:00'
    """

    def write(instant: float) -> str:
        whole = round(instant)
        offset = zone.offset_at(whole)
        try:
            local = _EPOCH + timedelta(milliseconds=whole + offset)
        except OverflowError:  # beyond the year 9999, which properties can hold
            return str(instant)
        text = local.replace(tzinfo=None).isoformat(
            "T" if dates == "iso" else " ", timespec="milliseconds"
        )
        return text + _offset(offset) if dates == "iso" else text

    return write


def _offset(ms: int) -> str:
    minutes, sign = abs(ms) // 60_000, "-" if ms < 0 else "+"
    return "Z" if ms == 0 else f"{sign}{minutes // 60:02}:{minutes % 60:02}"
