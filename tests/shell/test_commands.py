"""Commands, habits and queries, without a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import usql
from tests.shell.talk import Talk
from usql.functions import FUNCTIONS, Family
from usql.shell.commands import topics
from usql.shell.commands.registry import COMMANDS

KEYWORDS = (
    {"AND", "AS", "ASC", "BETWEEN", "BY", "DESC", "DISTINCT", "DURATION", "FALSE", "FILTER"}
    | {"FROM", "FUNNEL", "GROUP", "IN", "IS", "JSON", "LIKE", "LIMIT", "MOD", "NOT", "NULL"}
    | {"OR", "ORDER", "SELECT", "STARTSWITH", "TRUE", "WHERE"}
)

SESSIONS = [
    {
        "userSessionId": name,
        "startTime": 1_772_359_200_000 + number * 3_600_000,
        "endTime": 1_772_359_200_000 + number * 3_600_000 + 900,
        "duration": 900,
        "city": city,
        "stringProperties": {"plan": "pro"} if number else {},
        "userActions": [
            {"startTime": 1_772_359_200_000, "name": action, "duration": 5} for action in actions
        ],
    }
    for number, (name, city, actions) in enumerate(
        [("a", "Linz", ["Login"]), ("b", "Linz", ["Login", "Search"]), ("c", "Graz", [])]
    )
]


@pytest.fixture
def talk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Talk]:
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    with usql.connect("three.db") as db:
        db.import_sessions(SESSIONS)
    shell = Talk("three.db")
    yield shell
    shell.close()


def test_a_query(talk: Talk) -> None:
    assert talk.say("SELECT city, COUNT(*) FROM usersession GROUP BY city") == (
        "city │ count(*)\n─────┼─────────\nLinz │        2\nGraz │        1\n"
    )


def test_several_queries_and_commands_at_once(talk: Talk) -> None:
    shown = talk.say(
        ".mode csv\nSELECT COUNT(*) AS a\nFROM usersession;\n"
        "SELECT COUNT(*) AS b FROM useraction; -- done\n.mode json\n"
    )
    assert shown == "mode: csv\na\n3\nb\n3\nmode: json\n"


def test_what_follows_a_mistake_is_not_done(talk: Talk) -> None:
    shown = talk.say("SELECT COUNT(*) FROM nowhere; SELECT COUNT(*) AS later FROM usersession")
    assert "nowhere" in shown
    assert "later" not in shown
    assert talk.session.failures == 1


@pytest.mark.parametrize("text", ["exit", "QUIT", "quit;", ".quit", "\\q", ".q", ".exit"])
def test_ways_to_leave(talk: Talk, text: str) -> None:
    talk.say(text)
    assert talk.left


@pytest.mark.parametrize("text", [".tables", "\\dt", "SHOW TABLES", "show tables;", ".tab"])
def test_ways_to_list_tables(talk: Talk, text: str) -> None:
    lines = talk.say(text).splitlines()
    assert [line.split(" │ ") for line in lines[2:]] == [
        ["usersession", "   3"],
        ["useraction ", "   3"],
        ["userevent  ", "   0"],
        ["usererror  ", "   0"],
    ]


@pytest.mark.parametrize(
    "text",
    [
        ".fields usererror",
        "\\d usererror",
        "DESCRIBE usererror",
        "desc usererror;",
        "show columns from usererror",
    ],
)
def test_ways_to_list_fields(talk: Talk, text: str) -> None:
    lines = talk.say(text).splitlines()
    assert [line.split()[0] for line in lines[2:]] == [
        "application",
        "domain",
        "internalApplicationId",
        "name",
        "startTime",
        "type",
    ]


@pytest.mark.parametrize("text", ["help", "?", "help;", ".help", "\\?", ".h"])
def test_ways_to_ask_for_help(talk: Talk, text: str) -> None:
    shown = talk.say(text)
    for command in COMMANDS:
        assert command.written in shown


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (".tabels", "did you mean .tables?"),
        (".timezon", None),
        (".xyzzy", "try .help"),
        (".tim", "did you mean .timeframe or .timezone or .timer?"),
        ("tables", "did you mean .tables?"),
        ("timeframe last week", "did you mean .timeframe last week?"),
        (".mode cvs", "did you mean csv?"),
        (".fields useractoin", "did you mean useraction?"),
        (".timezone Europe/Viena", "did you mean Europe/Vienna?"),
        (".help FUNEL", "did you mean FUNNEL"),
        (".chart pi", "there is no result to draw yet"),
    ],
)
def test_typing_errors(talk: Talk, typed: str, meant: str | None) -> None:
    shown = talk.say(typed)
    assert shown.startswith("error:") == (meant is not None)
    assert (meant or "timezone: UTC") in shown


def test_timeframe_timezone_and_now_come_with_queries(talk: Talk) -> None:
    shown = talk.say(
        ".now 2026-03-01T12:00:00Z",
        ".timeframe last 90 minutes",
        "SELECT COUNT(*) AS n FROM usersession",
        ".timezone 'Europe/Vienna'",
        "SELECT DISTINCT HOUR(startTime) AS h FROM usersession",
        ".timeframe off",
        ".timezone off",
        "SELECT DISTINCT HOUR(startTime) AS h FROM usersession ORDER BY h LIMIT 1",
    )
    # sessions start at 10:00, 11:00 and 12:00 UTC; the timeframe begins at 10:30, ends before 12
    assert shown.splitlines() == [
        "now: 2026-03-01 12:00:00+00:00",
        "timeframe: last 90 minutes",
        "n", "─", "1",
        "timezone: Europe/Vienna",
        " h", "──", "12",
        "timeframe: all data",
        "timezone: UTC",
        " h", "──", "10",
    ]  # fmt: skip


def test_a_bad_timeframe_changes_nothing(talk: Talk) -> None:
    assert "error:" in talk.say(".timeframe the day after")
    assert talk.say(".timeframe") == "timeframe: all data\n"


def test_dates(talk: Talk) -> None:
    query = "SELECT startTime AS t FROM usersession ORDER BY t LIMIT 1"
    assert talk.say(query).splitlines()[-1] == "2026-03-01 10:00:00.000"
    talk.say(".dates iso", ".timezone -90")
    assert talk.say(query).splitlines()[-1] == "2026-03-01T08:30:00.000-01:30"
    talk.say(".dates off")
    assert talk.say(query).splitlines()[-1] == "1772359200000"
    talk.say(".dates on", ".mode json")
    assert talk.say(query).splitlines()[1] == '  {"t":1772359200000}'


def test_dates_in_lists_and_units(talk: Talk) -> None:
    shown = talk.say("SELECT duration, useraction.startTime AS starts FROM usersession LIMIT 2")
    assert shown.splitlines()[0].startswith("duration [ms] │ starts")
    assert "[2026-03-01 10:00:00.000, 2026-03-01 10:00:00.000]" in shown


def test_parameters(talk: Talk) -> None:
    assert talk.say('.params city=Linz n=2 text="two words"').splitlines() == [
        ":city = 'Linz'",
        ":n = 2",
        ":text = 'two words'",
    ]
    query = "SELECT COUNT(*) AS n FROM usersession WHERE city = :city"
    assert talk.say(query).splitlines()[-1] == "2"
    assert talk.say(".params n= text=") == ":city = 'Linz'\n"
    assert "no parameters" in talk.say(".params off")
    assert "error:" in talk.say(query)
    assert "is not of the form NAME=VALUE" in talk.say(".params nonsense")


def test_queries_are_kept_and_run_with_parameters(talk: Talk) -> None:
    talk.say(".save by-city SELECT COUNT(*) AS n FROM usersession WHERE city = :city;")
    assert (
        talk.say(".saved") == "by-city  SELECT COUNT(*) AS n FROM usersession WHERE city = :city\n"
    )
    assert talk.say(".run by-city city=Graz").splitlines()[-1] == "1"
    assert talk.say(".run by-city city=Linz").splitlines()[-1] == "2"
    assert "did you mean by-city?" in talk.say(".run by-citi")
    talk.say("SELECT COUNT(*) AS last FROM usersession", ".save last")
    assert talk.say(".run last").splitlines() == ["last", "────", "   3"]
    talk.say(".forget last")
    assert "by-city" in talk.say(".saved")
    assert "last" not in talk.say(".saved")


@pytest.mark.parametrize("name", ["../evil", "a/b", "", "with.dot"])
def test_names_of_kept_queries_are_no_paths(talk: Talk, name: str) -> None:
    assert talk.say(f".save {name} SELECT COUNT(*) FROM usersession").startswith("error:")


def test_only_queries_are_kept(talk: Talk) -> None:
    assert talk.say(".save rubbish SELECT FROM").startswith("error:")
    assert "nothing is kept yet" in talk.say(".saved")


def test_output_goes_to_a_file(talk: Talk) -> None:
    talk.say(".mode csv", ".output out.csv", "SELECT city FROM usersession WHERE city = 'Graz'")
    assert Path("out.csv").read_text() == "city\nGraz\n"
    assert talk.say(".output off") == "output: the screen\n"
    assert "is the store itself" in talk.say(".output three.db")
    assert "cannot be written" in talk.say(".output /nowhere/at/all.csv")


def test_a_file_is_read(talk: Talk) -> None:
    Path("my report.usql").write_text(".mode csv\nSELECT COUNT(*) AS n\nFROM usersession\n")
    assert talk.say('.read "my report.usql"') == "mode: csv\nn\n3\n"
    assert "cannot be read" in talk.say(".read missing.usql")


def test_a_file_that_reads_itself_comes_to_an_end(talk: Talk) -> None:
    Path("loop.usql").write_text(".read loop.usql\n")
    assert "without end" in talk.say(".read loop.usql")
    assert talk.session.depth == 0


def test_import(talk: Talk) -> None:
    Path("more.ndjson").write_text('{"userSessionId": "d", "startTime": 1}\nrubbish\n')
    shown = talk.say(".import more.ndjson")
    assert shown.startswith("1 session new, 0 replaced")
    assert "1 line rejected" in shown
    assert talk.session.sessions == 4
    assert "there is no file none.ndjson" in talk.say(".import none.ndjson")


def test_export(talk: Talk) -> None:
    assert talk.say(".export out.ndjson").startswith("3 sessions to out.ndjson in")
    assert Path("out.ndjson").read_text().count("\n") == 3
    talk.say(".params c=Graz", ".export graz.ndjson where city = :c")
    assert Path("graz.ndjson").read_text().count('"city":"Graz"') == 1
    assert talk.say(".export out.ndjson").startswith("error:")  # it exists
    assert "where to?" in talk.say(".export")


def test_values_and_keys(talk: Talk) -> None:
    assert [line.split() for line in talk.say(".values city").splitlines()[2:]] == [
        ["Linz", "│", "2"],
        ["Graz", "│", "1"],
    ]
    assert "Login" in talk.say(".values useraction.name")
    assert talk.say(".values citi").startswith("error: usersession has no field citi")
    assert talk.say(".keys stringProperties").splitlines()[-1].split(" │ ") == [
        "usersession",
        "stringProperties",
        "plan",
        "   2",
    ]
    assert talk.say(".keys city").startswith("error: there is no field of properties city")


def _facts(shown: str) -> dict[str, str]:
    """Return the words and figures that a text begins with."""
    first, *_ = shown.split("\n\n")
    return {
        name: fact.strip() for name, fact in (line.split("  ", 1) for line in first.splitlines())
    }


def test_info(talk: Talk) -> None:
    talk.say(".timeframe last 7 days")
    shown = talk.say(".info")
    facts = _facts(shown)
    assert facts["sessions"] == "3"
    assert facts["actions"] == "3"
    assert facts["times"] == "2026-03-01 10:00:00Z to 2026-03-01 12:00:00Z"
    assert facts["timeframe"] == "last 7 days"
    assert facts["timezone"] == "UTC"
    assert "stringProperties" not in facts
    assert ["usersession", "plan", "string", "2"] in _cells(shown)
    assert "index" not in shown


def _cells(shown: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")] for line in shown.splitlines()]


@pytest.mark.parametrize("store", ["duckdb:{}/store.duckdb", "chdb:{}/chdb"])
def test_info_of_other_engines(store: str, tmp_path: Path) -> None:
    pytest.importorskip(store.partition(":")[0])
    with usql.connect(store.format(tmp_path)) as db:
        db.import_sessions([{"userSessionId": "a", "startTime": 0, "endTime": 1000}])
    shell = Talk(store.format(tmp_path))
    facts = _facts(shell.say(".info"))
    shell.close()
    assert facts["sessions"] == "1"
    assert facts["times"] == "1970-01-01 00:00:00Z to 1970-01-01 00:00:01Z"


def test_sql_and_explain(talk: Talk) -> None:
    assert "there is no query yet" in talk.say(".sql")
    assert 'FROM "usersession"' in talk.say(".sql SELECT city FROM usersession")
    assert "Plan of the engine" in talk.say("EXPLAIN SELECT city\nFROM usersession")


def test_limit(talk: Talk) -> None:
    talk.say(".limit 1")
    assert "only the first 1 rows" in talk.say("SELECT userSessionId FROM usersession")
    assert talk.say(".limit none") == "limit: none\n"
    assert talk.say(".limit -4").startswith("error:")


def test_charts(talk: Talk) -> None:
    talk.say("SELECT city, COUNT(*) FROM usersession GROUP BY city")
    assert talk.say(".chart").splitlines()[1].startswith("Linz │███")
    assert "66.7%" in talk.say(".chart pie")
    talk.say("SELECT city FROM usersession")
    assert "no column has numbers" in talk.say(".chart")


def test_the_guide_has_a_page_for_each_word_of_the_language(talk: Talk) -> None:
    words = {name.upper() for name, f in FUNCTIONS.items() if f.family is not Family.RESERVED}
    missing = [word for word in sorted(words | KEYWORDS) if not _has_page(word)]
    assert missing == []
    shown = talk.say(".help FUNNEL")
    assert "10 Funnels" in shown
    assert "SELECT FUNNEL(" in shown
    assert "```" not in shown


def _has_page(word: str) -> bool:
    try:
        return word in "\n".join(topics.find(word).lines)
    except usql.UsqlError:
        return False


def test_hostile_values_cannot_move_the_cursor(talk: Talk) -> None:
    talk.session.db.import_sessions([{"userSessionId": "x", "startTime": 1, "city": "\x1b[2J\x07"}])
    assert "\x1b" not in talk.say(".values city", "SELECT city FROM usersession", ".chart")
    assert "\x1b" not in talk.say(".\x1b[2J", ".fields \x1b[2J", "SELECT '\x1b[2J")
