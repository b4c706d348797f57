"""The shell's analyses: what they choose and show, without a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import usql
from tests.shell.talk import Talk

SESSIONS = [
    {
        "userSessionId": f"s{n}",
        "startTime": n * 3_600_000,
        "duration": 1500,
        "userId": "ann" if n % 2 else "bob",
        "country": "Chad" if n % 2 else "Peru",
        "bounce": n % 2 == 1,
        "userActions": [
            {
                "startTime": n * 3_600_000,
                "name": "Start",
                "application": "Shop",
                "duration": 100,
                "apdexCategory": "SATISFIED",
            }
        ],
    }
    for n in range(12)
]


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Talk]:
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    with usql.connect(str(tmp_path / "twelve.db")) as db:
        db.import_sessions(SESSIONS)
    shell = Talk(tmp_path / "twelve.db")
    yield shell
    shell.close()


def ids(shown: str) -> list[str]:
    return [line.split()[0] for line in shown.splitlines() if line.startswith("s") and "│" in line]


def test_sessions(talk: Talk) -> None:
    assert len(ids(talk.say(".sessions"))) == 12
    chosen = ids(talk.say(".sessions Country: Chad; Bounced: yes"))
    assert chosen == ["s11", "s9", "s7", "s5", "s3", "s1"]
    assert ids(talk.say(".sessions where country = 'Peru' AND userId = 'bob';"))[0] == "s10"
    talk.say(".timezone Asia/Tokyo")
    assert "1970-01-01 12:00:00" in talk.say(".sessions where userSessionId = 's3'")
    talk.say(".mode csv")
    assert talk.say(".sessions Country: Chad").startswith("userSessionId,startTime,")


def test_one_session_and_its_user(talk: Talk) -> None:
    assert "+0 ms  action Start" in talk.say(".session s3")
    assert "which session?" in talk.say(".session")
    assert "nope" in talk.say(".session nope")
    assert "activity by hour" in talk.say(".user ann")
    assert "activity by hour" in talk.say(".user ann extended;")
    assert "which user?" in talk.say(".user")


def test_findings_and_apdex(talk: Talk) -> None:
    shown = talk.say(".findings Bounced: yes")
    assert shown.startswith("6 sessions, compared with 6\n")
    assert "left out, since the sessions are chosen by it: Bounced" in shown
    by_country = talk.say(".apdex country where bounce = true")
    assert "Chad" in by_country
    assert "Peru" not in by_country
    assert "Shop" in talk.say(".apdex")
    assert "country" in talk.say(".apdex contry")
    assert "Contry" in talk.say(".sessions Contry: Chad")
