"""Time against ``zoneinfo``: clock changes, odd offsets, far years, formats, literals, timeframes.

The referee is Python's ``datetime`` with ``zoneinfo``: a local time is ``fromtimestamp(…, zone)``,
a moment is ``timestamp()`` of a local time with its zone. What it cannot say (formats, intervals,
timeframe expressions) is written out here by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import usql
from usql.dates import parse_date
from usql.errors import UsqlError
from usql.timeframe import parse_timeframe
from usql.zones import Zone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

ZONES = (
    *("UTC", "Europe/Vienna", "Europe/London", "Europe/Dublin", "America/New_York"),
    *("America/St_Johns", "America/Sao_Paulo", "America/Caracas", "Asia/Kathmandu", "Asia/Kolkata"),
    *("Asia/Tehran", "Asia/Pyongyang", "Australia/Lord_Howe", "Australia/Adelaide"),
    *("Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati", "Africa/Casablanca"),
    *("Antarctica/Troll", "Africa/Monrovia"),
)
OFFSETS = (0, 330, -210, 345, 840, -720, 1)

_MOMENTS = """
1890-06-15T12:34:56.789 1935-03-01T00:00 1944-08-25T10:00 1959-12-31T23:59:59.999 1968-02-29T12:00
1969-12-31T23:59:59.999 1970-01-01T00:00 1970-01-01T00:00:00.001 1972-02-29T23:59
1999-12-31T23:59:59 2000-02-28T23:59:59.999 2000-02-29T00:00 2000-03-01T00:00 2001-02-28T23:59:59
2016-12-31T23:59:59.999 2024-02-28T23:30 2024-02-29T00:00 2024-02-29T23:59:59.999 2024-03-01T00:00
2023-12-31T23:00 2024-01-01T00:00 2024-03-31T23:59:59 2024-04-01T00:00 2024-06-30T12:00
2024-07-01T00:00 2024-09-30T23:59 2024-10-01T00:00 2024-12-29T12:00 2024-12-30T00:00
2024-12-31T23:59:59 2024-03-03T23:59:59 2024-03-04T00:00 2024-03-10T06:59:59.999 2024-03-10T07:00
2024-11-03T05:30 2024-11-03T06:30 2024-03-31T00:59:59.999 2024-03-31T01:00 2024-10-27T00:30
2024-10-27T01:30 2024-04-06T14:59:59.999 2024-04-06T15:00 2024-10-05T15:30 2011-12-30T09:59:59
2011-12-30T10:00 2018-11-04T02:59:59 2018-11-04T03:00 2015-08-14T15:00 2018-05-04T14:30
2007-12-09T07:00 2038-01-19T03:14:07 2038-01-19T03:14:08 2050-07-01T00:00 2099-10-31T12:00
2100-02-28T23:59:59 2100-03-01T00:00 2399-12-31T23:59:59
"""
MOMENTS = sorted(
    (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // MS for text in _MOMENTS.split()
)


def info(zone: str | int) -> tzinfo:
    return timezone(timedelta(minutes=zone)) if isinstance(zone, int) else ZoneInfo(zone)


def local(ms: int, zone: str | int) -> datetime:
    """The referee's local time, without its zone."""
    return (EPOCH + ms * MS).astimezone(info(zone)).replace(tzinfo=None)


def instant(wall: datetime, zone: str | int) -> int:
    """The referee's moment of a local time; the first one where it comes twice."""
    return (wall.replace(tzinfo=info(zone), fold=0) - EPOCH) // MS


def changes(zone: str, first: int, last: int) -> list[int]:
    """The moments at which the referee's offset changes, between two years, to the ms."""
    found = []
    ms, end = ((datetime(year, 1, 1, tzinfo=UTC) - EPOCH) // MS for year in (first, last))
    while ms < end:
        following = ms + 7 * DAY
        low, high = ms, following
        while offset(low, zone) != offset(high, zone) and high - low > 1:
            middle = (low + high) // 2
            low, high = (
                (middle, high) if offset(middle, zone) == offset(low, zone) else (low, middle)
            )
        if high < following or offset(low, zone) != offset(high, zone):
            found.append(high)
        ms = following
    return found


def offset(ms: int, zone: str | int) -> timedelta:
    return local(ms, zone) - local(ms, 0)


# --- zones --------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
def test_offsets_around_every_change(zone: str) -> None:
    made, rng = Zone.of(zone), Random(zone)
    moments = [*MOMENTS, *(rng.randint(-(2**41), 2**42) for _ in range(200))]
    moments += [at + by for at in changes(zone, 2005, 2030) for by in (-HOUR, -1, 0, 1, HOUR)]
    for ms in moments:
        assert made.to_local(ms) == (local(ms, zone) - datetime(1970, 1, 1)) // MS, ms


@pytest.mark.parametrize("zone", ZONES)
def test_local_times_that_come_twice_or_never(zone: str) -> None:
    made = Zone.of(zone)
    for at in changes(zone, 2005, 2030):
        for by in range(-3 * HOUR, 3 * HOUR, 30 * MINUTE):
            wall = local(at + by, 0) + offset(at - 1, zone)
            expected = instant(wall, zone)
            assert made.to_instant((wall - datetime(1970, 1, 1)) // MS) == expected, wall


def test_the_changes_are_those_of_the_referee() -> None:
    for zone in ZONES:
        low, high = ((datetime(year, 1, 1, tzinfo=UTC) - EPOCH) // MS for year in (2005, 2030))
        found = [at for at, _ in Zone.of(zone).transitions(low, high)[1:]]
        assert found == changes(zone, 2005, 2030), zone
    assert len(changes("Africa/Casablanca", 2005, 2030)) > 40
    assert len(changes("Asia/Kathmandu", 2005, 2030)) == 0


# --- date functions and formats -----------------------------------------------------------------


@pytest.fixture(scope="module")
def db() -> Iterator[Any]:
    with usql.connect() as opened:
        opened.import_sessions(
            {"userSessionId": f"s{i}", "startTime": ms, "endTime": ms + 1}
            for i, ms in enumerate(MOMENTS)
        )
        yield opened


def asked(db: Any, columns: str, zone: str | int) -> list[tuple[Any, ...]]:
    query = f"SELECT {columns} FROM usersession ORDER BY startTime"
    return list(db.query(query, timezone=zone, default_limit=None).rows)


@pytest.mark.parametrize("zone", [*ZONES, *OFFSETS])
def test_parts_of_dates(db: Any, zone: str | int) -> None:
    parts = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE")
    rows = asked(db, ", ".join(f"{part}(startTime)" for part in parts), zone)
    for ms, row in zip(MOMENTS, rows, strict=True):
        wall = local(ms, zone)
        assert row == (wall.year, wall.month, wall.day, wall.hour, wall.minute), ms


FORMATS = {
    "y": lambda t: str(t.year),
    "yy": lambda t: f"{t.year % 100:02}",
    "yyyy": lambda t: f"{t.year:04}",
    "yyyyy": lambda t: f"{t.year:05}",
    "u": lambda t: str(t.year),
    "uu": lambda t: f"{t.year % 100:02}",
    "uuuu": lambda t: f"{t.year:04}",
    "M": lambda t: str(t.month),
    "MM": lambda t: f"{t.month:02}",
    "MMM": lambda t: t.strftime("%b"),
    "MMMM": lambda t: t.strftime("%B"),
    "MMMMM": lambda t: t.strftime("%B")[0],
    "d": lambda t: str(t.day),
    "dd": lambda t: f"{t.day:02}",
    "H": lambda t: str(t.hour),
    "HH": lambda t: f"{t.hour:02}",
    "h": lambda t: str(int(t.strftime("%I"))),
    "hh": lambda t: t.strftime("%I"),
    "m": lambda t: str(t.minute),
    "mm": lambda t: f"{t.minute:02}",
    "s": lambda t: str(t.second),
    "ss": lambda t: f"{t.second:02}",
    "E": lambda t: t.strftime("%a"),
    "EE": lambda t: t.strftime("%a"),
    "EEE": lambda t: t.strftime("%a"),
    "EEEE": lambda t: t.strftime("%A"),
    "EEEEE": lambda t: t.strftime("%A")[0],
    "e": lambda t: str(int(t.strftime("%w")) + 1),
    "ee": lambda t: f"{int(t.strftime('%w')) + 1:02}",
    "eee": lambda t: t.strftime("%a"),
    "eeee": lambda t: t.strftime("%A"),
    "c": lambda t: str(int(t.strftime("%w")) + 1),
    "ccc": lambda t: t.strftime("%a"),
    "cccc": lambda t: t.strftime("%A"),
    "ccccc": lambda t: t.strftime("%A")[0],
    "yyyy-MM-dd''HH:mm:ss": lambda t: t.strftime("%Y-%m-%d'%H:%M:%S"),
    "'y'yyyy 'o''clock'": lambda t: f"y{t.year:04} o'clock",
    "d. MMM yy, h:mm": lambda t: f"{t.day}. {t:%b %y}, {int(f'{t:%I}')}:{t:%M}",
}


@pytest.mark.parametrize("zone", ["UTC", "Australia/Lord_Howe", "Asia/Kathmandu", -210])
def test_every_letter_and_width(db: Any, zone: str | int) -> None:
    written = [f"DATETIME(startTime, '{shape.replace(chr(39), chr(39) * 2)}')" for shape in FORMATS]
    rows = asked(db, ", ".join(written), zone)
    for ms, row in zip(MOMENTS, rows, strict=True):
        wall = local(ms, zone)
        for shape, shown in zip(FORMATS, row, strict=True):
            assert shown == FORMATS[shape](wall), (ms, shape)


@pytest.mark.parametrize("letter", [*"AaBbCDFfGgIiJjKkLlNnOoPpQqRrSTtUVvWwXxYZz", "[", "#", "{"])
def test_other_letters_are_errors(db: Any, letter: str) -> None:
    if not letter.isalpha():
        shown = asked(db, f"DATETIME(startTime, '{letter}')", "UTC")
        assert shown[0] == (letter,)
        return
    with pytest.raises(UsqlError, match=letter):
        asked(db, f"DATETIME(startTime, 'yyyy {letter}')", "UTC")


def floor(wall: datetime, interval: str) -> datetime:
    """A local time rounded down, by the calendar or from midnight of 1970-01-01."""
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    match interval:
        case "year":
            return midnight.replace(month=1, day=1)
        case "quarter":
            return midnight.replace(month=3 * ((wall.month - 1) // 3) + 1, day=1)
        case "month":
            return midnight.replace(day=1)
        case "week":
            return midnight - timedelta(days=wall.weekday())
        case "day" | "hour" | "minute" | "second":
            interval = f"1{interval[0]}"
    step = int(interval[:-1]) * {"d": DAY, "h": HOUR, "m": MINUTE, "s": 1000}[interval[-1]]
    ms = (wall - datetime(1970, 1, 1)) // MS
    return datetime(1970, 1, 1) + (ms - ms % step) * MS


INTERVALS = (
    *("year", "quarter", "month", "week", "day", "hour", "minute", "second"),
    *("1d", "7d", "30d", "1h", "5h", "24h", "25h", "1m", "5m", "90m", "1s", "30s", "1000s"),
)


@pytest.mark.parametrize("zone", [*ZONES, 345])
def test_every_interval(db: Any, zone: str | int) -> None:
    shape = "yyyy-MM-dd HH:mm:ss"
    rows = asked(db, ", ".join(f"DATETIME(startTime, '{shape}', '{i}')" for i in INTERVALS), zone)
    for ms, row in zip(MOMENTS, rows, strict=True):
        for interval, shown in zip(INTERVALS, row, strict=True):
            expected = floor(local(ms, zone), interval).strftime("%Y-%m-%d %H:%M:%S")
            assert shown == expected, (ms, interval)


def test_groups_by_local_hour_on_a_day_of_25_hours() -> None:
    """Vienna, 2024-10-27: the hour from 2 to 3 comes twice, and both are in one group."""
    midnight = instant(datetime(2024, 10, 27), "Europe/Vienna")
    with usql.connect() as db:
        db.import_sessions(
            {"userSessionId": f"s{hour}", "startTime": midnight + hour * HOUR, "endTime": midnight}
            for hour in range(25)
        )
        asked = "SELECT HOUR(startTime) AS h, COUNT(*) FROM usersession GROUP BY h"
        rows = db.query(asked, timezone="Europe/Vienna").rows
    assert rows == [(hour, 2 if hour == 2 else 1) for hour in range(24)]


# --- literals -----------------------------------------------------------------------------------

WALLS = [
    datetime(2024, 3, 1),
    datetime(2024, 3, 1, 7),
    datetime(2024, 3, 31, 2, 30),
    datetime(2024, 10, 27, 2, 30),
    datetime(1969, 7, 20, 20, 17, 40),
    datetime(2050, 12, 31, 23, 59, 59),
    datetime(2024, 2, 29, 5, 6, 7),
]
DATE_FORMS = ("{0:%Y-%m-%d}", "{0:%Y/%m/%d}", "{0:%m/%d/%Y}", "{0:%d.%m.%Y}")
BARE_FORMS = (
    "{0.year}-{0.month}-{0.day}",
    "{0.month}/{0.day}/{0.year}",
    "{0.day}.{0.month}.{0.year}",
)
TIME_FORMS = {
    "": {"hour": 0, "minute": 0, "second": 0},
    " {0.hour}": {"minute": 0, "second": 0},
    " {0:%H}": {"minute": 0, "second": 0},
    " {0.hour}:{0.minute:02}": {"second": 0},
    " {0:%H:%M}": {"second": 0},
    " {0:%H:%M:%S}": {},
}


@pytest.mark.parametrize("zone", [*ZONES, 345, -210])
def test_local_literals(zone: str | int) -> None:
    made = Zone.of(zone)
    for wall in WALLS:
        for date in DATE_FORMS + BARE_FORMS:
            for time, without in TIME_FORMS.items():
                text = (date + time).format(wall)
                assert parse_date(text, made) == instant(wall.replace(**without), zone), text


def test_literals_with_an_offset_do_without_the_zone() -> None:
    wall = datetime(2024, 3, 31, 2, 30, 15)
    for suffix, minutes in (
        *(("Z", 0), ("z", 0), ("+00:00", 0), ("+01:00", 60), ("+0100", 60), ("-03:30", -210)),
        *(("+05:45", 345), ("+0545", 345), ("-1200", -720), ("+14:00", 840)),
    ):
        for seconds, part in (("", -15_000), (":15", 0), (":15.5", 500), (":15.123456", 123)):
            text = f"{wall:%Y-%m-%dT%H:%M}{seconds}{suffix}"
            expected = instant(wall, minutes) + part
            for zone in ("UTC", "Asia/Kathmandu"):
                assert parse_date(text, Zone.of(zone)) == expected, text


@pytest.mark.parametrize(
    "text",
    [
        *("2023-02-29", "2100-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "31/12/2024"),
        *("32.01.2024", "0.1.2024", "2024-01-01 24:00", "2024-01-01 12:60", "2024-01-01 12:00:60"),
        *("2024-01-01 25", "24-01-01", "01-01-2024", "2024.01.01", "March 1", "tomorrow", ""),
        *("2024-01-01T10:00:00+1", "2024-01-01 10:00 PM", "2024-01", "2024", "10:30", "2024-1-1x"),
    ],
)
def test_dates_that_do_not_exist(db: Any, text: str) -> None:
    """Numbers are ms, so ``2024`` is one of them, as a text too."""
    query = f"SELECT COUNT(*) FROM usersession WHERE startTime > '{text}'"
    if text == "2024":
        assert db.query(query).rows == db.query(query.replace("'", "")).rows
        return
    with pytest.raises(UsqlError) as caught:
        db.query(query)
    assert (caught.value.line, caught.value.column) == (1, query.index("'") + 1)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Vienna", "Pacific/Apia"])
def test_durations_move_by_the_calendar_or_by_fixed_length(db: Any, zone: str) -> None:
    now = instant(datetime(2024, 3, 31, 12, 30), zone)
    for text, expected in (
        ("1M", datetime(2024, 2, 29, 12, 30)),
        ("13M", datetime(2023, 2, 28, 12, 30)),
        ("1q", datetime(2023, 12, 31, 12, 30)),
        ("1y", datetime(2023, 3, 31, 12, 30)),
        ("4y1M", datetime(2020, 2, 29, 12, 30)),
        ("60y", datetime(1964, 3, 31, 12, 30)),
    ):
        assert moved(db, now, zone, f"- DURATION('{text}')") == instant(expected, zone), text
    for text, length in (
        *(("90m", 90 * MINUTE), ("1d", DAY), ("1w", 7 * DAY), ("36h", 36 * HOUR)),
        *(("1d12h", 36 * HOUR), ("45s", 45_000), ("2d3h4m5s", 2 * DAY + 3 * HOUR + 245_000)),
    ):
        assert moved(db, now, zone, f"- DURATION('{text}')") == now - length, text
        assert moved(db, now, zone, f"+ DURATION('{text}')") == now + length, text


def moved(db: Any, now: int, zone: str, by: str) -> int:
    """What a moved ``$NOW`` is: the one value that a comparison binds."""
    query = f"SELECT city FROM usersession WHERE startTime = $NOW {by}"
    compiled = db.compile(query, now=now, timezone=zone)
    (value,) = (value for value in compiled.params.values() if isinstance(value, int))
    return int(value)


# --- timeframe expressions ----------------------------------------------------------------------

NOW = datetime(2024, 5, 15, 13, 45, 30)  # a Wednesday
EXPRESSIONS = {
    "now": ((2024, 5, 15, 13, 45, 30), (2024, 5, 15, 13, 45, 30)),
    "today": ((2024, 5, 15), (2024, 5, 16)),
    "Today": ((2024, 5, 15), (2024, 5, 16)),
    "yesterday": ((2024, 5, 14), (2024, 5, 15)),
    "-2h": ((2024, 5, 15, 11, 45, 30), NOW.timetuple()[:6]),
    "-2h to now": ((2024, 5, 15, 11, 45, 30), NOW.timetuple()[:6]),
    "-4d to -1h30m": ((2024, 5, 11, 13, 45, 30), (2024, 5, 15, 12, 15, 30)),
    "last 6 weeks": ((2024, 4, 3, 13, 45, 30), NOW.timetuple()[:6]),
    "last 2 days": ((2024, 5, 13, 13, 45, 30), NOW.timetuple()[:6]),
    "last week": ((2024, 5, 8, 13, 45, 30), NOW.timetuple()[:6]),
    "last 3 months": ((2024, 2, 15, 13, 45, 30), NOW.timetuple()[:6]),
    "last 90 minutes": ((2024, 5, 15, 12, 15, 30), NOW.timetuple()[:6]),
    "last 2 quarters": ((2023, 11, 15, 13, 45, 30), NOW.timetuple()[:6]),
    "previous week": ((2024, 5, 8), (2024, 5, 15)),
    "previous month": ((2024, 4, 1), (2024, 5, 1)),
    "previous quarter": ((2024, 1, 1), (2024, 4, 1)),
    "previous year": ((2023, 1, 1), (2024, 1, 1)),
    "previous day": ((2024, 5, 14), (2024, 5, 15)),
    "this week": ((2024, 5, 13), (2024, 5, 20)),
    "this month": ((2024, 5, 1), (2024, 6, 1)),
    "this quarter": ((2024, 4, 1), (2024, 7, 1)),
    "this year": ((2024, 1, 1), (2025, 1, 1)),
    "this day": ((2024, 5, 15), (2024, 5, 16)),
    "this hour": ((2024, 5, 15, 13), (2024, 5, 15, 14)),
    "-1w/w": ((2024, 5, 6), NOW.timetuple()[:6]),
    "-1w/w to now/w": ((2024, 5, 6), (2024, 5, 13)),
    "-1M/M to now/M": ((2024, 4, 1), (2024, 5, 1)),
    "-1q/q to now/q": ((2024, 1, 1), (2024, 4, 1)),
    "-1y/y to now/y": ((2023, 1, 1), (2024, 1, 1)),
    "-30m/h": ((2024, 5, 15, 13), NOW.timetuple()[:6]),
    "now/d to now": ((2024, 5, 15), NOW.timetuple()[:6]),
    "-1d/d+9h00m to -1d/d+17h00m": ((2024, 5, 14, 9), (2024, 5, 14, 17)),
    "2024-03-01 10:00 to 2024-03-02": ((2024, 3, 1, 10), (2024, 3, 2)),
    "2024-03-01 to 2024-03-02 12:30:15": ((2024, 3, 1), (2024, 3, 2, 12, 30, 15)),
    "01.03.2024 to 2.3.2024": ((2024, 3, 1), (2024, 3, 2)),
    "03/01/2024 to now": ((2024, 3, 1), NOW.timetuple()[:6]),
    "2024-05-01": ((2024, 5, 1), NOW.timetuple()[:6]),
    "2024-05-01+12h to 2024-05-02": ((2024, 5, 1, 12), (2024, 5, 2)),
    "10:30 to 11:00": ((2024, 5, 15, 10, 30), (2024, 5, 15, 11)),
    "today to now": ((2024, 5, 15), NOW.timetuple()[:6]),
    "yesterday to today": ((2024, 5, 14), (2024, 5, 15)),
    "yesterday+6h to yesterday+18h": ((2024, 5, 14, 6), (2024, 5, 14, 18)),
}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu", -210])
@pytest.mark.parametrize("text", EXPRESSIONS)
def test_timeframe_expressions(text: str, zone: str | int) -> None:
    start, end = (datetime(*parts) for parts in EXPRESSIONS[text])  # type: ignore[arg-type]
    found = parse_timeframe(text, now=instant(NOW, zone), zone=Zone.of(zone))
    assert found is not None
    assert (found.start, found.end) == (instant(start, zone), instant(end, zone))


def test_ms_numbers_and_iso_texts_are_timeframes() -> None:
    for text in (
        "1711843200000 to 1711846800000",
        "2024-03-31T00:00:00Z to 2024-03-31T01:00:00Z",
        "2024-03-31T02:00+02:00 to 2024-03-31T03:00+0200",
    ):
        found = parse_timeframe(text, now=0, zone=Zone.of("Asia/Kathmandu"))
        assert found is not None
        assert (found.start, found.end) == (1_711_843_200_000, 1_711_846_800_000), text


@pytest.mark.parametrize(
    ("text", "hours"),
    [("2024-03-31", 23), ("2024-10-27", 25), ("2024-10-26", 24)],
)
def test_days_are_as_long_as_they_are(text: str, hours: int) -> None:
    noon = instant(datetime.fromisoformat(text) + timedelta(hours=12), "Europe/Vienna")
    vienna = Zone.of("Europe/Vienna")
    today = parse_timeframe("today", now=noon, zone=vienna)
    day_after = parse_timeframe("yesterday", now=noon + DAY, zone=vienna)
    assert today == day_after
    assert today is not None
    assert today.end - today.start == hours * HOUR
    assert today.start == instant(datetime.fromisoformat(text), "Europe/Vienna")


def test_weeks_and_months_across_a_change_are_whole_days() -> None:
    vienna = Zone.of("Europe/Vienna")
    now = instant(datetime(2024, 4, 3, 15), "Europe/Vienna")
    for text, start, end in (
        ("previous week", datetime(2024, 3, 27), datetime(2024, 4, 3)),
        ("-1w/w to now/w", datetime(2024, 3, 25), datetime(2024, 4, 1)),
        ("previous month", datetime(2024, 3, 1), datetime(2024, 4, 1)),
        ("this year", datetime(2024, 1, 1), datetime(2025, 1, 1)),
    ):
        found = parse_timeframe(text, now=now, zone=vienna)
        assert found is not None
        expected = instant(start, "Europe/Vienna"), instant(end, "Europe/Vienna")
        assert (found.start, found.end) == expected, text


def test_a_day_that_was_left_out() -> None:
    """Samoa had no 30 December 2011; the day before it was followed by the 31st."""
    apia, now = Zone.of("Pacific/Apia"), instant(datetime(2011, 12, 31, 12), "Pacific/Apia")
    found = parse_timeframe("today", now=now, zone=apia)
    assert found is not None
    assert local(found.start, "Pacific/Apia") == datetime(2011, 12, 31)
    assert found.end - found.start == DAY


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "last", "last x weeks", "this fortnight", "previous", "2024-02-30 to now"),
        *(
            "now to -2h",
            "-2x",
            "-2h to",
            "to now",
            "a to b",
            "1 to 2 to 3",
            "-1d/",
            "-1d/z",
            "25:00",
        ),
    ],
)
def test_what_is_no_timeframe(text: str) -> None:
    with pytest.raises(UsqlError):
        parse_timeframe(text, now=instant(NOW, "UTC"), zone=Zone.of("UTC"))
