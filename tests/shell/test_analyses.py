"""The shell's analyses: what they choose and show, without a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import usql
from tests.shell.talk import Talk
from usql.shell.suggestions import suggest

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


def test_options(talk: Talk) -> None:
    shown = ids(talk.say(".sessions Country: Chad --order startTime --limit 2"))
    assert shown == ["s1", "s3"]
    assert ids(talk.say(".sessions --limit=3"))[0] == "s11"
    assert "did you mean --limit?" in talk.say(".sessions --limt 3")
    assert "--limit is a whole number, not 'x'" in talk.say(".sessions --limit x")
    assert "--order needs something behind it" in talk.say(".sessions --order --limit 2")
    # a text within quotes is no option
    assert ids(talk.say(".sessions where userId != ' --limit 1'")) != []
    assert len(ids(talk.say(".sessions where userId != ' --limit 1'"))) == 12


def test_findings_compared_and_over_time(talk: Talk) -> None:
    against = talk.say(".findings Country: Chad --against where userId = 'bob' --limit none")
    assert against.startswith("6 sessions, compared with 6\n")
    frames = talk.say(
        ".timeframe 1970-01-01 00:00 to 1970-01-01 04:00",
        ".findings --against-timeframe 1970-01-01 04:00 to 1970-01-01 10:00",
        ".timeframe off",
    )
    assert "4 sessions, compared with 6\n" in frames
    over = talk.say(".findings --attribute Country --over hour-of-day --values 1")
    assert "and 1 more" in over
    assert "Chad" in over
    assert "no time" in talk.say(".findings --over country")


def test_apdex_and_scores_with_rules(talk: Talk, tmp_path: Path) -> None:
    rules = tmp_path / "my rules.toml"
    rules.write_text('[apdex]\nsatisfied = "50ms"\ntolerated = "60ms"\n')
    talk.say(".mode csv")
    by_two = talk.say(".apdex country, DATETIME(startTime, 'E') where bounce = true")
    assert by_two.splitlines()[1].startswith("Chad,Thu,1.0,excellent,6,6,0,0,0")
    recomputed = talk.say(f".apdex --rules '{rules}' --segment Country: Peru")
    assert recomputed.splitlines()[1] == "Shop,0.0,unacceptable,6,0,0,6,0"
    compared = talk.say(".apdex --against Country: Chad --segment Country: Peru --table total")
    assert compared.splitlines()[0].endswith("change,apdexAgainst,samplesAgainst")
    only = talk.say(".apdex action --actions name = 'Other'")
    assert only.splitlines()[1:] == []
    scored = talk.say(f".scores country --rules '{rules}'")
    assert scored.splitlines()[1:] == ["Chad,6,0,0,6,0,1.0", "Peru,6,0,0,6,0,1.0"]
    assert "chosen twice" in talk.say(".scores country where bounce = true --segment Country: Chad")
    assert "no table totals" in talk.say(".apdex --table totals")


def test_everything_as_json_and_the_queries_behind_it(talk: Talk, tmp_path: Path) -> None:
    talk.say(".mode json")
    told = json.loads(talk.say(".session s3"))
    assert told["userSessionId"] == "s3"
    assert told["timeline"][0]["name"] == "Start"
    talk.say(f".output {tmp_path / 'user.json'}", ".user ann", ".output off")
    assert json.loads((tmp_path / "user.json").read_text())["sessions"] == 6
    talk.say(".mode table")
    shown = talk.say(".user ann --recent 2 --show-query")
    assert "-- activity\n" in shown
    assert "GROUP BY day, hour" in shown
    talk.say(f".output {tmp_path / 'drawn.txt'}", ".session s3", ".output off")
    assert "+0 ms  action Start" in (tmp_path / "drawn.txt").read_text()


def test_segments(talk: Talk) -> None:
    assert "no segments are kept yet" in talk.say(".segment")
    assert 'IN SEGMENT "chadians"' in talk.say(".segment add chadians Country: Chad; Bounced: yes")
    assert "there is a segment 'chadians' already" in talk.say(".segment add Chadians City: Linz")
    talk.say('.segment add "the others" not Country: Chad')
    talk.say(".segment add chadians Country: Chad --replace")
    listed = talk.say(".segment list")
    assert "chadians" in listed
    assert "not Country: Chad" in listed
    assert talk.say(".segment show the others") == "not Country: Chad\n"
    assert talk.say(".segment show 'the others' --show-query") == "country != 'Chad'\n"
    assert ids(talk.say(".sessions chadians"))[0] == "s11"
    count = 'SELECT COUNT(*) FROM useraction WHERE IN SEGMENT "chadians"'
    assert talk.say(count).split()[-1] == "6"
    values = talk.say(".segment values Country --show-query")
    assert "SELECT country, COUNT(*)" in values
    assert "Peru" in values
    assert "Peru" not in talk.say(".segment values Country of User tag: ann")
    talk.say('.segment rename "the others" others', ".segment remove chadians")
    assert [line.split()[0] for line in talk.say(".segment list").splitlines()[2:]] == ["others"]
    assert "there is no segment 'chadians'" in talk.say(".findings chadians")
    attributes = talk.say(".segment attributes usability")
    assert [line.split("│")[1].strip() for line in attributes.splitlines()[2:]] == [
        *("Rage clicks", "User experience score", "Rage taps"),
    ]
    assert "did you mean .segment remove?" in talk.say(".segment remov x")
    assert "which segment?" in talk.say(".segment add vip")
    assert "which segment?" in talk.say(".segment remove")
    assert "of which attribute?" in talk.say(".segment values")


def test_help_tells_the_options(talk: Talk) -> None:
    told = talk.say(".help .findings")
    assert "--against SEGMENT|where CONDITION\n" in told
    assert told.endswith("--show-query\n")


def labels(talk: Talk, text: str) -> list[str]:
    return [found.label for found in suggest(talk.session, text, len(text))]


def applied(talk: Talk, text: str, label: str) -> str:
    found = next(s for s in suggest(talk.session, text, len(text)) if s.label == label)
    return text[: found.start] + found.text + text[found.end :]


def test_suggestions_in_segments(talk: Talk) -> None:
    talk.say(".segment add peruvians Country: Peru")
    assert applied(talk, ".sessions Cou", "Country") == ".sessions Country: "
    assert labels(talk, ".sessions peru")[0] == "peruvians"
    assert applied(talk, ".findings Bounced: yes; not us", "User tag").endswith("; not User tag: ")
    for _ in range(200):  # the first key press may be too early for values
        found = labels(talk, ".sessions Country: P")
        if found:
            break
    assert found == ["Peru"]
    assert applied(talk, ".sessions Country: Chad, P", "Peru") == ".sessions Country: Chad, Peru"
    assert labels(talk, ".sessions Bounced: ") == ["yes", "no"]
    assert "userExperienceScore" in labels(talk, ".sessions where userExp")
    assert applied(talk, ".sessions where userI", "userId") == ".sessions where userId"
    assert labels(talk, ".sessions Country: Peru --ord") == ["--order"]
    assert labels(talk, ".apdex country, wee") == ["week", "weekday"]
    assert labels(talk, ".segment re")[:2] == ["remove", "rename"]
    assert labels(talk, ".sessions Nonsense: x") == []
