"""Sessions are cut where they should be; each limit alone, and at its very edge."""

from __future__ import annotations

from typing import NamedTuple

from usql.events.cutting import Cutting, cut

MINUTE = 60_000


class Step(NamedTuple):
    time: int
    end: int


def _steps(*minutes: float, took: float = 0) -> list[Step]:
    return [Step(int(m * MINUTE), int((m + took) * MINUTE)) for m in minutes]


def _cut(steps: list[Step], cutting: Cutting, gap: int | None) -> list[tuple[int, str]]:
    return [(len(session), reason) for session, reason in cut(steps, cutting, gap)]


def test_a_gap_ends_a_session_from_its_full_length_on() -> None:
    steps = [*_steps(0, 29.9), *_steps(59.9)]
    assert _cut(steps, Cutting(), 30 * MINUTE) == [(2, "TIMEOUT"), (1, "TIMEOUT")]
    assert _cut(steps, Cutting(), 30 * MINUTE + 1) == [(3, "TIMEOUT")]


def test_a_gap_begins_when_the_last_activity_ended() -> None:
    long_one = [*_steps(0, took=40), *_steps(5), *_steps(69)]
    assert _cut(long_one, Cutting(), 30 * MINUTE) == [(3, "TIMEOUT")]


def test_six_hours_end_a_session() -> None:
    steps = _steps(*range(0, 400, 20))
    assert _cut(steps, Cutting(), 30 * MINUTE) == [(18, "DURATION_LIMIT"), (2, "TIMEOUT")]


def test_two_hundred_actions_end_a_session() -> None:
    steps = _steps(*[i / 60 for i in range(401)])
    assert _cut(steps, Cutting(), 30 * MINUTE) == [
        (200, "USER_ACTION_LIMIT"),
        (200, "USER_ACTION_LIMIT"),
        (1, "TIMEOUT"),
    ]


def test_limits_may_be_switched_off() -> None:
    none = Cutting(gap=None, max_duration=None, max_actions=None)
    assert _cut(_steps(*range(0, 5000, 10)), none, None) == [(500, "TIMEOUT")]


def test_the_gap_is_that_of_the_kind_of_application_and_none_where_there_is_an_id() -> None:
    cutting = Cutting()
    assert cutting.gap_of(None, identified=False) == 30 * MINUTE
    assert cutting.gap_of("WEB_APPLICATION", identified=False) == 30 * MINUTE
    assert cutting.gap_of("MOBILE_APPLICATION", identified=False) == 10 * MINUTE
    assert cutting.gap_of("CUSTOM_APPLICATION", identified=False) == 10 * MINUTE
    assert cutting.gap_of("CUSTOM_APPLICATION", identified=True) is None
