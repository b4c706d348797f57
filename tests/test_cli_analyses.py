"""The commands of the analyses: what they choose, draw and write."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import usql
from usql.analysis.drawing import draw, length
from usql.cli import main

HOUR = 3_600_000


def action(start: int, name: str, **more: Any) -> dict[str, Any]:
    return {"startTime": start, "endTime": start + 100, "duration": 100, "name": name} | more


SESSIONS: list[dict[str, Any]] = [
    {
        "userSessionId": f"s{n}",
        "startTime": n * HOUR,
        "endTime": n * HOUR + 9000,
        "duration": 9000,
        "userId": "ann\x1b[2J" if n == 0 else f"user{n % 3}",
        "country": "Austria" if n % 2 else "Chad",
        "bounce": n % 2 == 1,
        "userActions": [
            action(n * HOUR, "Start", application="Shop", apdexCategory="SATISFIED"),
            action(n * HOUR + 5100, "Pay", application="Shop", apdexCategory="FRUSTRATED"),
        ],
        "errors": [{"startTime": n * HOUR + 5150, "name": "Boom", "type": "Crash"}],
    }
    for n in range(20)
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("analyses") / "a.db"
    with usql.connect(str(path)) as db:
        db.import_sessions(SESSIONS)
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_sessions_of_a_segment_and_a_timeframe(store: str) -> None:
    found = run("sessions", store, "--segment", "Country: Chad", "--format", "csv", "--limit", "3")
    assert found.exit_code == 0
    rows = list(csv.DictReader(found.stdout.splitlines()))
    assert [row["userSessionId"] for row in rows] == ["s18", "s16", "s14"]
    assert "note: 3 of 10 sessions are listed" in found.stderr
    late = run(
        "sessions", store, "--where", "bounce = :b", "--param", "b=true", "--order", "startTime",
        "--timeframe", f"{10 * HOUR} to {13 * HOUR}", "--format", "json",
    )  # fmt: skip
    assert [each["userSessionId"] for each in json.loads(late.stdout)["sessions"]] == ["s11"]


def test_times_are_shown_in_the_zone(store: str) -> None:
    shown = run("sessions", store, "--where", "userSessionId = 's2'", "--timezone", "Asia/Tokyo")
    assert "1970-01-01 11:00:00" in shown.stdout
    assert "9.0 s" in shown.stdout


def test_a_timeline(store: str) -> None:
    shown = run("session", store, "s0").stdout
    lines = shown.splitlines()
    assert "\x1b" not in shown
    assert "Apdex 0.50" in lines[1]
    kinds = [line.split()[2] for line in lines if line.lstrip().startswith("+")][:3]
    assert kinds == ["action", "action", "error"]
    assert any(line.strip() == "… 5.0 s" for line in lines)
    assert lines[-1].split(maxsplit=2)[2].endswith("Boom: Start → Pay")
    missing = run("session", store, "nope")
    assert missing.exit_code == 1
    assert missing.stderr.startswith("error:")


def test_findings(store: str) -> None:
    found = run("findings", store, "--segment", "Bounced: yes", "--format", "json", "--show-query")
    made = json.loads(found.stdout)
    first = made["differences"][0]
    assert (first["attribute"], first["value"], first["share"]) == ("Country", "Austria", 1.0)
    assert made["queries"][0]["query"].startswith("SELECT")
    drawn = run("findings", store, "--attribute", "Country", "--over", "hour-of-day").stdout
    assert "  Austria " in drawn
    assert " 50.0% " in drawn
    assert "▁█▁█" in drawn
    against = run("findings", store, "--where", "bounce = true", "--against", "country = 'Chad'")
    assert against.stdout.startswith("10 sessions, compared with 10\n")


def test_a_user(store: str) -> None:
    shown = run("user", store, "user1")
    assert shown.exit_code == 0
    assert "Thu " in shown.stdout
    whole = json.loads(run("user", store, "user1", "--format", "json").stdout)
    assert whole["sessions"] == sum(each["userId"] == "user1" for each in SESSIONS)
    places = run("user", store, "user1", "--format", "csv", "--table", "places").stdout
    assert places.splitlines()[0].startswith("country,")


def test_apdex_by_dimensions_and_rules(store: str, tmp_path: Path) -> None:
    found = run("apdex", store, "--by", "action", "--format", "csv", "--show-query")
    rows = {row["action"]: row for row in csv.DictReader(found.stdout.splitlines())}
    assert (rows["Start"]["apdex"], rows["Pay"]["apdex"]) == ("1.0", "0.0")
    assert "FROM useraction" in found.stderr
    rules = tmp_path / "rules.toml"
    rules.write_text("[apdex]\nsatisfied = 50\ntolerated = 200\n")
    judged = run("apdex", store, "--rules", str(rules), "--format", "json")
    (shop,) = json.loads(judged.stdout)["rows"]
    assert shop["satisfaction"]["apdex"] == 0.5  # each action takes 100 ms, which is tolerated
    bad = tmp_path / "bad.toml"
    bad.write_text("[apdex]\nsatisfied = true\n")
    assert run("apdex", store, "--rules", str(bad)).exit_code == 1
    assert run("apdex", store, "--rules", str(tmp_path / "none.toml")).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("sessions", "--where", "bounce = true", "--segment", "Bounced: yes"), 2, "not both"),
        (("sessions", "--where", "bonce = true"), 1, "bonce"),
        (("sessions", "--segment", "Contry: Chad"), 1, "Country"),
        (("sessions", "--format", "csv", "--table", "nope"), 2, "there are sessions"),
        (("sessions", "--table", "sessions"), 2, "no meaning"),
        (("findings", "--attribute", "Nope"), 1, "Nope"),
        (("findings", "--over", "never"), 1, "no time"),
        (("apdex", "--by", "contry"), 1, "country"),
    ],
)
def test_mistakes(store: str, arguments: tuple[str, ...], code: int, said: str) -> None:
    command, *rest = arguments
    failed = run(command, store, *rest)
    assert failed.exit_code == code, failed.output
    assert said in failed.stderr
    assert failed.stdout == ""


def test_lines_fit_a_terminal() -> None:
    with usql.connect() as db:
        db.import_sessions(SESSIONS)
        for line in draw(db.session("s3"), width=60):
            if "action" in line or "error" in line:
                assert len(line.rstrip("\n")) <= 60 or "→" in line


def test_lengths() -> None:
    assert [length(ms) for ms in (0, 999, 1000, 59_949, 59_950, 3_599_400, 3_600_000)] == [
        "0 ms", "999 ms", "1.0 s", "59.9 s", "1m 0s", "59m 59s", "1h 0m",
    ]  # fmt: skip
    assert length(-1500) == "-1.5 s"


def test_segments_of_the_store_by_their_names(tmp_path: Path) -> None:
    store = str(tmp_path / "named.db")
    with usql.connect(store) as db:
        db.import_sessions(SESSIONS)
        db.segments.add("far away", "Country: Chad")
    found = run("sessions", store, "--segment", "Far away", "--format", "json")
    assert len(json.loads(found.stdout)["sessions"]) == 10
    wrong = run("apdex", store, "--segment", "far awai")
    assert "there is no segment 'far awai'" in wrong.output
    assert "did you mean far away?" in wrong.output


def test_sessions_chosen_by_their_actions_with_the_segment_shown(store: str) -> None:
    shown = run("apdex", store, "--segment", "User action name: Pay", "--show-query")
    assert shown.exit_code == 0
    assert "-- segment \"chosen\" = useraction.name = 'Pay'" in shown.stderr
    assert 'WHERE IN SEGMENT "chosen"' in shown.stderr


def test_scores_recomputed_and_compared(store: str, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[apdex]\nsatisfied = "1s"\n[experience]\nfrustrated = 1\n')
    stored = json.loads(run("scores", store, "--by", "country", "--format", "json").stdout)
    assert stored["total"]["scores"]["undefined"] == 20
    made = run(
        "scores", store, "--by", "country", "--rules", str(rules), "--where", "bounce = true",
        "--against", "bounce = false", "--format", "csv", "--table", "total",
    )  # fmt: skip
    (row,) = csv.DictReader(made.stdout.splitlines())
    assert (row["sessions"], row["sessionsAgainst"]) == ("10", "10")
    assert row["undefined"] == "0"


def test_segments_that_come_with_a_query(store: str) -> None:
    found = run(
        "query", store, 'SELECT COUNT(*) FROM useraction WHERE IN SEGMENT "a" AND IN SEGMENT "b"',
        "--segment", "a=Country: Chad", "--segment", "b=userSessionId IN ('s0', 's1', 's2')",
        "--format", "csv",
    )  # fmt: skip
    assert found.stdout.split() == ["count(*)", "4"]
    assert "name=segment" in run("query", store, "SELECT 1", "--segment", "Country: Chad").output
    bad = run(
        "query", store, 'SELECT COUNT(*) FROM useraction WHERE IN SEGMENT "a"',
        "--segment", "a=Contry: Chad",
    )  # fmt: skip
    assert "did you mean Country?" in bad.output


def test_apdex_and_scores_are_drawn_with_bars(store: str) -> None:
    shown = run("apdex", store, "--by", "action").stdout
    pay, start = (line for line in shown.splitlines() if line.startswith(("Pay", "Start")))
    assert [cell.strip() for cell in pay.split("│")] == [
        *("Pay", "0.00", "unacceptable", "20", "0", "0", "20", "0", "░" * 24),
    ]
    assert start.endswith("█" * 24)
    assert "An Apdex of fewer than 100 samples says little." in shown
    scored = run("scores", store, "--by", "country").stdout
    assert "█ satisfied ▒ tolerated ░ frustrated" in scored


def test_a_session_is_drawn_with_its_circumstances_and_each_action(store: str) -> None:
    shown = run("session", store, "s1").stdout.splitlines()
    assert shown[2:4] == ["Austria", "Shop"]
    judged = [line.split() for line in shown[shown.index("Actions") + 1 :][:2]]
    assert judged == [
        ["Start", "1", "×", "100", "ms", "Apdex", "1.00", "(excellent)"],
        ["Pay", "1", "×", "100", "ms", "Apdex", "0.00", "(unacceptable)"],
    ]
