"""A few sessions, small enough to work out every answer by hand."""

from __future__ import annotations

from typing import Any

DAY = 1_700_000_000_000
HOUR_MS = 3_600_000


def session(number: int, start: int = DAY, **fields: Any) -> dict[str, Any]:
    return {
        "userSessionId": f"S{number}",
        "startTime": start,
        "endTime": start + 1000 * number,
        "duration": 1000 * number,
        **fields,
    }


def action(name: str, start: int, duration: int) -> dict[str, Any]:
    return {"name": name, "startTime": start, "endTime": start + duration, "duration": duration}


SESSIONS = [
    session(
        1,
        DAY,
        country="Austria",
        city="Linz",
        stringProperties=[{"key": "plan", "value": "pro"}],
        userActions=[action("Home", DAY, 100), action("Pay", DAY + 500, 300)],
    ),
    session(2, DAY + 1000, country="Austria", city="Graz", userActions=[action("Home", DAY, 200)]),
    session(3, DAY + 2000, country="Spain", city="Vigo"),
    session(4, DAY + 3000),
]
"""Two in Austria, one in Spain, one nowhere; two see ``Home``, one of them pays."""
