"""Reports as people read them on a terminal: times and lengths in words, timelines, bars.

What arrives: a ``Report``, and the width, colours and time zone. What leaves: lines. Nothing here
is for programs, which have ``tables()`` and ``to_dict()``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from usql.analysis.apdex import ApdexReport
from usql.analysis.findings import Findings
from usql.analysis.report import Report
from usql.analysis.satisfaction import SMALL
from usql.analysis.score import ScoreReport
from usql.analysis.session import SessionDetails
from usql.analysis.sessions import SessionList
from usql.analysis.timeline import Entry
from usql.analysis.user import WEEKDAYS, UserDetails
from usql.render import render
from usql.render.escape import visible
from usql.render.values import shown
from usql.render.width import fit
from usql.result import Column, Result
from usql.zones import Zone

_BAR = 24
_NAME = 34
_SHADES = " ░▒▓█"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STACK = "█▒░"
_LEGEND = "█ {} ▒ {} ░ {}"
_TOLD_AS: Mapping[str, Callable[[Any], str]] = {
    **dict.fromkeys(
        ("share", "shareAgainst", "frustratedShare", "frustratedShareAgainst"),
        lambda share: f"{share:.1%}",
    ),
    **dict.fromkeys(("apdex", "apdexAgainst"), lambda apdex: f"{apdex:.2f}"),
    "lift": lambda lift: f"{lift:.2f}",
    "pCorrected": lambda p: "< 0.001" if p < 0.001 else f"{p:.3f}",
    "change": lambda change: f"{change:+.2f}",
}
"""How numbers of columns are told to people, who do not read ten digits."""


def draw(
    report: Report, *, width: int | None = None, color: bool = False, zone: Zone | None = None
) -> Iterator[str]:
    """Yield the lines of a report, each with its line end.

    Args:
        report: what an analysis found.
        width: columns of the terminal; nothing is cut if there is none.
        color: whether ANSI colours may be used.
        zone: of times of day; UTC unless given.

    >>> import usql
    >>> with usql.connect() as db:
    ...     action = {"startTime": 500, "duration": 1500, "name": "Login"}
    ...     session = {"userSessionId": "a", "startTime": 0, "userActions": [action]}
    ...     _ = db.import_sessions([session])
    ...     print(list(draw(db.session("a")))[3].split())
    ['+500', 'ms', 'action', 'Login', '████████████████████████', '1.5', 's']
    """
    zone = zone or Zone.of(None)
    match report:
        case SessionDetails():
            yield from _session(report, width, zone)
        case Findings():
            yield from _findings(report, width, color)
        case UserDetails():
            yield from _user(report, width, color, zone)
        case SessionList():
            yield from _shown(_without_gaps(report.tables()["sessions"]), width, color, zone)
        case ApdexReport():
            yield from _apdex(report, width, color, zone)
        case ScoreReport():
            yield from _scores(report, width, color, zone)
        case _:
            for number, one in enumerate(report.tables().values()):
                yield from ["\n"] if number else []
                yield from _shown(one, width, color, zone)


def length(ms: float) -> str:
    """Return a length of time as people say it.

    >>> length(850), length(1500), length(90_000), length(3_900_000)
    ('850 ms', '1.5 s', '1m 30s', '1h 5m')
    """
    sign, ms = ("-", -ms) if ms < 0 else ("", ms)
    if ms < 1000:
        return f"{sign}{ms:.0f} ms"
    if ms < 59_950:
        return f"{sign}{ms / 1000:.1f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    if minutes < 60:
        return f"{sign}{minutes}m {seconds}s"
    return f"{sign}{minutes // 60:,}h {minutes % 60}m"


def moment(ms: int, zone: Zone) -> str:
    """Return a time of day in a zone; a number where the calendar does not reach.

    >>> moment(1_772_366_400_000, Zone.of("Europe/Vienna"))
    '2026-03-01 13:00:00'
    """
    try:
        local = _EPOCH + timedelta(milliseconds=zone.to_local(ms))
    except OverflowError:
        return str(ms)
    return local.strftime("%Y-%m-%d %H:%M:%S")


# --- tables --------------------------------------------------------------------------------------


def _shown(result: Result, width: int | None, color: bool, zone: Zone) -> Iterator[str]:
    yield from render(_readable(result, zone), "table", width=width, color=color)


def _readable(result: Result, zone: Zone) -> Result:
    """Return a table with times, lengths and shares as texts."""
    columns, cells = [], []
    for place, column in enumerate(result.columns):
        values = [row[place] for row in result.rows]
        write = _writer(column, zone)
        if write is not None:
            texts = [None if value is None else write(value) for value in values]
            wide = max((len(text) for text in texts if text is not None), default=0)
            values = [None if text is None else text.rjust(wide) for text in texts]
            column = Column(column.name, "string")
        columns.append(column)
        cells.append(values)
    return Result(tuple(columns), list(zip(*cells, strict=True)) if cells else [])


def _writer(column: Column, zone: Zone) -> Callable[[Any], str] | None:
    if column.type == "date":
        return lambda value: moment(value, zone)
    return length if column.unit == "ms" else _TOLD_AS.get(column.name)


def _without_gaps(result: Result) -> Result:
    """Return a table without the columns of which nothing is known."""
    places = [
        place
        for place in range(len(result.columns))
        if not result.rows or any(row[place] is not None for row in result.rows)
    ]
    return Result(
        tuple(result.columns[place] for place in places),
        [tuple(row[place] for place in places) for row in result.rows],
    )


def _bar(part: float, whole: float, width: int = _BAR) -> str:
    return "█" * round(width * part / whole) if whole > 0 else ""


def _with_bars(result: Result, bars: Sequence[str], heading: str) -> Result:
    """Return a table with a column of bars behind the others."""
    rows = [(*row, bar) for row, bar in zip(result.rows, bars, strict=True)]
    return Result((*result.columns, Column(heading, "string")), rows)


def _stacked(*parts: int) -> str:
    """Return a bar of which each part is as long as its share of the whole.

    >>> _stacked(6, 3, 3)
    '████████████▒▒▒▒▒▒░░░░░░'
    """
    whole, before, bar = sum(parts), 0, ""
    for part, mark in zip(parts, _STACK, strict=True):
        before += part
        bar += mark * (round(_BAR * before / whole) - len(bar) if whole else 0)
    return bar


# --- Apdex and scores ----------------------------------------------------------------------------


def _apdex(report: ApdexReport, width: int | None, color: bool, zone: Zone) -> Iterator[str]:
    heading = _LEGEND.format("satisfied", "tolerating", "frustrated")
    judged = {"apdex": report.rows, "total": (report.total,)}
    for name, one in report.tables().items():
        found = [row.satisfaction for row in judged[name]]
        bars = [_stacked(each.satisfied, each.tolerating, each.frustrated) for each in found]
        yield from ["\n"] if name == "total" and report.rows else []
        if name == "total" or report.rows:
            yield from _shown(_with_bars(one, bars, heading), width, color, zone)
    if any(0 < row.satisfaction.samples < SMALL for row in (*report.rows, report.total)):
        yield f"An Apdex of fewer than {SMALL} samples says little.\n"


def _scores(report: ScoreReport, width: int | None, color: bool, zone: Zone) -> Iterator[str]:
    heading = _LEGEND.format("satisfied", "tolerated", "frustrated")
    scored = {"scores": report.rows, "total": (report.total,)}
    for name, one in report.tables().items():
        found = [row.scores for row in scored[name]]
        bars = [_stacked(each.satisfied, each.tolerated, each.frustrated) for each in found]
        yield from ["\n"] if name == "total" and report.rows else []
        if name == "total" or report.rows:
            yield from _shown(_with_bars(one, bars, heading), width, color, zone)


# --- findings ------------------------------------------------------------------------------------


def _findings(found: Findings, width: int | None, color: bool) -> Iterator[str]:
    zone = Zone.of(None)
    against = found.sessions_against
    compared = "" if against is None else f", compared with {against:,}"
    yield f"{found.sessions:,} session{'' if found.sessions == 1 else 's'}{compared}\n"
    if found.differences:
        yield "\n"
        yield from _shown(found.tables()["differences"], width, color, zone)
    if against is not None:
        return
    for spread in found.spreads:
        yield f"\n{spread.attribute}\n"
        most = max(one.share for one in spread.values)
        for one in spread.values:
            value = "(none)" if one.value is None else str(one.value)
            trend = "  " + _trend(one.over) if found.times else ""
            yield (
                f"  {fit(visible(value), _NAME)} {one.sessions:>9,} {one.share:>6.1%}"
                f"  {_bar(one.share, most):{_BAR if trend else 0}}{trend}".rstrip()
                + "\n"
            )
        left = spread.distinct - sum(one.value is not None for one in spread.values)
        if left > 0:
            yield f"  and {left:,} more\n"


def _trend(numbers: Sequence[int]) -> str:
    most = max(numbers, default=0)
    marks = "▁▂▃▄▅▆▇█"
    return "".join(marks[number * 7 // most] if most else marks[0] for number in numbers)


# --- one session ---------------------------------------------------------------------------------


def _session(session: SessionDetails, width: int | None, zone: Zone) -> Iterator[str]:
    user = session.user_id or session.internal_user_id or "nobody known"
    apdex = session.satisfaction
    judged = "" if apdex.apdex is None else f", Apdex {apdex.apdex:.2f} ({apdex.rating})"
    score = session.user_experience_score or "no score"
    yield f"{visible(session.user_session_id)}, of {visible(user)}\n"
    yield f"{moment(session.start_time, zone)}, {length(session.duration)}, {score}{judged}\n"
    for told in _circumstances(session):
        yield visible(told) + "\n"
    yield "\n"
    longest = max((entry.duration or 0 for entry in session.timeline), default=0)
    for entry in session.timeline:
        if entry.wait and entry.wait >= 1000:
            yield f"{'':>12}  … {length(entry.wait)}\n"
        line = _entry(entry, longest)
        yield (line if width is None else fit(line, width).rstrip()) + "\n"
    if len(session.actions) > 0:
        yield "\nActions\n"
        yield from _actions(session, width, zone)
    if session.troubles:
        yield "\n"
        yield "What went wrong, and what came before\n"
    for trouble in session.troubles:
        before = " → ".join(
            visible(session.timeline[place].name or "(no name)") for place in trouble.before
        )
        what = f"{trouble.kind} {visible(trouble.name or '')}".rstrip()
        yield f"{'+' + length(trouble.since_start):>12}  {what}: {before or 'nothing'}\n"


def _actions(session: SessionDetails, width: int | None, zone: Zone) -> Iterator[str]:
    """Yield a line for the actions of each name: how many, how long, how satisfying."""
    for each in session.actions:
        took = "" if each.mean_duration is None else length(each.mean_duration)
        apdex = each.satisfaction.apdex
        judged = "" if apdex is None else f"Apdex {apdex:.2f} ({each.satisfaction.rating})"
        name = fit(visible(each.name or "(no name)"), _NAME)
        line = f"  {name} {each.count:>4} × {took:>8}  {judged}".rstrip()
        yield (line if width is None else fit(line, width).rstrip()) + "\n"


def _circumstances(session: SessionDetails) -> Iterator[str]:
    """Yield where the session was, and with what."""
    known: dict[str, Any] = {}
    for part in session.parts:
        known = {**part, **known}
    browser = known.get("browserMajorVersion") or known.get("browserFamily")
    places = [known.get(name) for name in ("city", "region", "country", "continent")]
    means = [known.get("device"), known.get("osVersion") or known.get("osFamily"), browser]
    applications = dict.fromkeys(entry.application for entry in session.timeline)
    kinds = [*applications, known.get("appVersion"), known.get("applicationType"),
             known.get("userType")]  # fmt: skip
    for items in (places, means, kinds):
        if told := ", ".join(str(item) for item in dict.fromkeys(items) if item):
            yield told


def _entry(entry: Entry, longest: int) -> str:
    marks = [
        *([entry.apdex_category] if entry.apdex_category else []),
        *(["KEY"] if entry.key else []),
        *([f"ERRORS {entry.error_count}"] if entry.error_count else []),
        *(["RAGE"] if entry.rage else []),
        *(["CRASH"] if entry.crash else []),
        *(f"GOAL {visible(goal)}" for goal in entry.goals),
    ]
    name = visible(entry.name or entry.type or "(no name)")
    took = ""
    if entry.duration is not None:
        took = f"{_bar(entry.duration, longest):{_BAR}} {length(entry.duration):>8}"
    start = f"{'+' + length(entry.since_start):>12}"
    return (
        f"{start}  {entry.kind:<6} {fit(name, _NAME)} {took:{_BAR + 9}}  {' '.join(marks)}".rstrip()
    )


# --- one user ------------------------------------------------------------------------------------


def _user(user: UserDetails, width: int | None, color: bool, zone: Zone) -> Iterator[str]:
    tables = user.tables()
    figures = _readable(tables["user"], zone)
    for column, value in zip(figures.columns, figures.rows[0], strict=True):
        line = f"{column.name:<15} {visible(shown(value)) if value is not None else ''}".rstrip()
        yield (line if width is None else fit(line, width).rstrip()) + "\n"
    if user.scores:
        yield "\nscores\n"
    for score in user.scores:
        name = str(score.score or "(none)")
        bar = _bar(score.share, 1)
        yield f"  {fit(name, 12)} {score.sessions:>7,} {score.share:>6.1%}  {bar}".rstrip() + "\n"
    for name in ("devices", "applications", "places", "annoyances", "goals"):
        if tables[name].rows:
            yield f"\n{name}\n"
            yield from _shown(_without_gaps(tables[name]), width, color, zone)
    yield "\nactivity by hour\n"
    yield from _activity(user)
    if user.recent:
        yield "\nsessions\n"
        yield from _shown(_without_gaps(tables["sessions"]), width, color, zone)


def _activity(user: UserDetails) -> Iterator[str]:
    most = max((count for hours in user.activity for count in hours), default=0)
    yield "      " + "".join(f"{hour:<6}" for hour in range(0, 24, 3)).rstrip() + "\n"
    for day, hours in zip(WEEKDAYS, user.activity, strict=True):
        marks = "".join(_SHADES[-(-count * 4 // most) if most else 0] * 2 for count in hours)
        yield f"  {day} {marks}".rstrip() + "\n"
