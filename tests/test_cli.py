from __future__ import annotations

import csv
import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

import usql
from usql import cli, errors
from usql.cli.demo import DEMO_STORE
from usql.result import Column, Result
from usql.source import Source, Span

ROOT = Path(__file__).parent.parent

# --- Without an engine: what the command line makes of arguments, results and errors -------------

ANSWER = Result(
    (Column("city", "string"), Column("count(*)", "long")),
    [("Linz", 12), (None, 1)],
    explanations=["Only 50 rows.", "A key\x1b[2J\nof two lines."],
)


class StubDatabase:
    """Records what it is asked, then answers or fails."""

    def __init__(self, outcome=ANSWER):
        self.outcome = outcome
        self.opened = None
        self.asked = None

    def connect(self, store, **options):
        self.opened = (store, options)
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def query(self, text, params=None, **options):
        self.asked = (text, params, options)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome

    explain = import_files = query


@pytest.fixture
def stub(monkeypatch):
    database = StubDatabase()
    monkeypatch.setattr(usql, "connect", database.connect, raising=False)
    return database


def run(*args, input=None):
    return CliRunner().invoke(cli.main, args, input=input, prog_name="usql")


def test_results_and_explanations_part_ways(stub):
    done = run("query", "x.db", "SELECT city", "--format", "csv")
    assert done.exit_code == 0
    assert done.stdout == "city,count(*)\nLinz,12\n,1\n"
    assert done.stderr == "note: Only 50 rows.\nnote: A key\\x1b[2J\nof two lines.\n"


def test_a_table_is_the_default(stub):
    assert run("query", "x.db", "q").stdout == (
        "city │ count(*)\n─────┼─────────\nLinz │       12\nnull │        1\n"
    )


def test_defaults(stub):
    run("query", "x.db", "SELECT city")
    assert stub.opened == ("x.db", {"create": False})
    assert stub.asked == (
        "SELECT city",
        {},
        {
            "timeframe": None,
            "timezone": None,
            "now": None,
            "timeout": None,
            "default_limit": 50,
            "segments": {},
        },
    )


def test_settings_reach_the_engine(stub):
    options = "--timeframe -2h --timezone -90 --now 2026-03-01T12:00:00Z --timeout 2.5 --limit none"
    run("query", "x.db", "q", *options.split(), "--param", "a=5", "--param", "b=x=y")
    assert stub.asked == (
        "q",
        {"a": 5, "b": "x=y"},
        {
            "timeframe": "-2h",
            "timezone": -90,
            "now": datetime(2026, 3, 1, 12, tzinfo=UTC),
            "timeout": 2.5,
            "default_limit": None,
            "segments": {},
        },
    )
    run("query", "x.db", "q", "--timezone", "Europe/Vienna", "--now", "17", "--limit", "7")
    assert stub.asked[2]["timezone"] == "Europe/Vienna"
    assert stub.asked[2]["now"] == 17
    assert stub.asked[2]["default_limit"] == 7


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("5", 5),
        ("-2.5e1", -25.0),
        ("true", True),
        ("null", None),
        ('"5"', "5"),
        ('["a", 1]', ["a", 1]),
        ("Linz", "Linz"),
        ("", ""),
        ("True", "True"),
        ("007", "007"),
        ("1e999", "1e999"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ('{"a": 1}', '{"a": 1}'),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_values_of_parameters(stub, written, value):
    run("query", "x.db", "q", "--param", f"p={written}")
    assert stub.asked[1] == {"p": value}
    assert type(stub.asked[1]["p"]) is type(value)


def test_a_query_from_standard_input(stub):
    run("query", "x.db", "-", input="\ufeffSELECT\n'é'")
    assert stub.asked[0] == "SELECT\n'é'"


def test_a_query_from_a_file(stub, tmp_path):
    file = tmp_path / "q.usql"
    file.write_bytes(b"\xef\xbb\xbfSELECT 1\r\n")
    run("query", "x.db", "-f", str(file))
    assert stub.asked[0] == "SELECT 1\r\n"
    run("explain", "x.db", "-f", "-", input="SELECT 2")
    assert stub.asked[0] == "SELECT 2"


def test_a_query_that_is_no_text(stub):
    done = run("query", "x.db", "-", input=b"SELECT '\xff'")
    assert done.exit_code == 1
    assert done.stderr == "error: the query is not UTF-8 text (byte 9)\n"
    assert stub.asked is None


def drawn():
    error = errors.UnknownField("there is no field citty", Span(7, 12), hint="did you mean city?")
    error.attach(Source("SELECT citty FROM usersession"))
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.BadSyntax("x"), 1),
        (errors.EngineError("x"), 1),
        (errors.BadData("x"), 1),
        (errors.StoreError("x"), 3),
        (errors.TimeLimitExceeded("x"), 4),
        (errors.Cancelled("x"), 130),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("command", ["query", "explain"])
def test_exit_codes(stub, command, error, code):
    stub.outcome = error
    done = run(command, "x.db", "q")
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", "error: x\n")


def test_errors_are_drawn(stub):
    stub.outcome = drawn()
    assert run("query", "x.db", "q").stderr == (
        "error: there is no field citty\n"
        "line 1, column 8: SELECT citty FROM usersession\n"
        "                         ^^^^^\n"
        "hint: did you mean city?\n"
    )


def test_a_cancelled_command(stub):
    stub.outcome = KeyboardInterrupt()
    done = run("query", "x.db", "q")
    assert done.exit_code == 130
    assert done.stderr.strip() == "error: cancelled"


def test_a_defect_is_no_traceback(stub, monkeypatch):
    stub.outcome = ZeroDivisionError("division by zero")
    done = run("query", "x.db", "q")
    assert done.exit_code == 1
    assert done.stderr == (
        "error: a defect of usql, please report it (ZeroDivisionError: division by zero)\n"
    )
    monkeypatch.setenv("USQL_DEBUG", "1")
    assert isinstance(run("query", "x.db", "q").exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["query"], "Missing argument 'STORE'."),
        (["query", "x.db"], "Give a query, '-' to read it from standard input, or -f FILE."),
        (["query", "x.db", "q", "-f", __file__], "Give a query or -f FILE, not both."),
        (["query", "x.db", "-f", "missing.usql"], "File 'missing.usql' does not exist."),
        (["query", "x.db", "q", "--format", "xml"], "'xml' is not one of"),
        (["query", "x.db", "q", "--limit", "-1"], "'-1' is neither a number of rows nor 'none'."),
        (["query", "x.db", "q", "--limit", "²"], "'²' is neither a number of rows nor 'none'."),
        (["query", "x.db", "q", "--timeout", "0"], "0.0 is not in the range x>0."),
        (["query", "x.db", "q", "--param", "a"], "'a' is not of the form name=value."),
        (["query", "x.db", "q", "--param", "=5"], "'=5' is not of the form name=value."),
        (["query", "x.db", "q", "--now", "2026-03-01"], "'2026-03-01' is neither a number of ms"),
        (["query", "x.db", "q", "--now", "soon"], "'soon' is neither a number of ms"),
        (["import", "x.db"], "Missing argument 'FILE...'."),
        (["import", "x.db", "missing.ndjson"], "'missing.ndjson' does not exist."),
        (["fields", "session"], "There is no table 'session'; there are usersession, useraction"),
        (["demo", "--sessions", "0"], "0 is not in the range x>=1."),
        (["nonsense"], "No such command 'nonsense'."),
    ],
)
def test_wrong_usage(stub, args, message):
    done = run(*args)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert "Usage: usql" in done.stderr
    assert stub.opened is None


def test_no_command_is_wrong_usage():
    done = run()
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Commands:" in done.stderr


def test_help_has_examples():
    done = run("--help")
    assert done.exit_code == 0
    assert 'usql query sessions.db "SELECT country' in done.stdout
    assert "Exit codes: 0 done" in done.stdout
    assert run("query", "-h").exit_code == 0


def test_the_list_of_commands_is_not_cut():
    listed = run("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert len(listed) == len(cli.COMMANDS)
    assert not [line for line in listed if line.endswith("...")]


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_help_keeps_its_examples_as_they_are(name):
    shown = run(name, "--help").stdout
    assert "\\b" not in shown
    lines = [line.strip() for line in shown.splitlines()[1:]]
    assert not [line for line in lines if " usql " in line and line.startswith("usql ")]


def test_explain_prints_what_it_gets(stub):
    stub.outcome = "the query\n\n  \x1b[2Jits SQL\n"
    done = run("explain", "x.db", "q", "--timezone", "UTC", "--param", "a=1")
    assert done.stdout == "the query\n\n  \\x1b[2Jits SQL\n"
    settings = {"timeframe": None, "timezone": "UTC", "now": None, "segments": {}}
    assert stub.asked == ("q", {"a": 1}, settings)


class Summary:
    def __init__(self, rejected, path=None):
        self.files, self.sessions, self.replaced, self.seconds = 2, 12345, 3, 0.25
        self.rejected, self.rejects_path = rejected, path


def test_import_tells_what_it_did(stub, tmp_path):
    files = [tmp_path / "a.ndjson", tmp_path / "b.ndjson"]
    for file in files:
        file.touch()
    stub.outcome = Summary(0)
    done = run("import", "x.db", *map(str, files))
    assert stub.opened == ("x.db", {})
    assert stub.asked[:2] == ([str(file) for file in files], None)
    stub.asked[2].pop("progress")
    assert stub.asked[2] == {"rejects": None, "strict": False, "dry_run": False, "wait": None}
    told = "12,345 new sessions, 3 replaced, 0 rejected, from 2 files in 0.2 s"
    assert done.stdout == f"{told}\n"
    assert (done.exit_code, done.stderr) == (0, "")


def test_import_of_bad_lines_is_no_success(stub, tmp_path):
    stub.outcome = Summary(1, tmp_path / "bad.ndjson")
    file = tmp_path / "a.ndjson"
    file.touch()
    done = run("import", "x.db", str(file), "--rejects", "bad.ndjson", "--strict")
    assert (stub.asked[2]["rejects"], stub.asked[2]["strict"]) == ("bad.ndjson", True)
    assert done.exit_code == 1
    assert done.stderr == f"error: 1 line rejected, see {tmp_path / 'bad.ndjson'}\n"


def test_fields_of_a_table():
    done = run("fields", "UserError", "--format", "ndjson")
    listed = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"field": "application", "type": "string", "unit": "", "values": ""} in listed
    assert all(set(row) == {"field", "type", "unit", "values"} for row in listed)


def test_fields_of_all_tables():
    listed = list(csv.DictReader(run("fields", "--format", "csv").stdout.splitlines()))
    assert {row["table"] for row in listed} == {
        "usersession",
        "useraction",
        "userevent",
        "usererror",
    }
    duration = {"field": "duration", "type": "long", "unit": "ms", "values": ""}
    assert {"table": "useraction", **duration} in listed
    assert "tenantId" not in {row["field"] for row in listed}  # no query may name it


def test_demo_spares_a_file_that_may_not_be_its_own(stub, tmp_path):
    store = tmp_path / "sessions.db"
    store.write_bytes(b"precious")
    done = run("demo", str(store))
    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: {store} exists; --force replaces it by demo data.\n")
    assert store.read_bytes() == b"precious"
    assert stub.opened is None


# --- As a process: streams, signals, terminals ---------------------------------------------------


def process(*args, env=None, python=(), **options):
    """Run the command line in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(env or {})}
    return subprocess.run(
        [sys.executable, *python, "-m", "usql", *map(str, args)],
        env=environment,
        timeout=60,
        check=False,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def on_terminal(*args, columns=60, env=None):
    """Run the command line with all streams on a terminal; return what it shows."""
    ours, theirs = pty.openpty()
    environment = {"PYTHONPATH": str(ROOT), "COLUMNS": str(columns), "TERM": "xterm", **(env or {})}
    inherited = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    child = subprocess.Popen(
        [sys.executable, "-m", "usql", *map(str, args)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**inherited, **environment},
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # how Linux says that the other side is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    child.wait(timeout=60)
    return shown.replace(b"\r\n", b"\n")


def test_version():
    done = process("--version")
    assert done.returncode == 0
    assert done.stdout.decode() == f"usql {usql.__version__}\n"


def test_starting_imports_little():
    heavy = {"rich", "lark", "sqlglot", "sqlite_utils", "prompt_toolkit", "msgspec", "sqlite3"}
    done = process("--version", python=["-X", "importtime"])
    imported = {line.split("|")[2].strip() for line in done.stderr.decode().splitlines()}
    assert "click" in imported
    assert not heavy & imported
    assert "usql.render.table" not in imported


def test_a_reader_that_goes_away_is_no_error():
    command = f"'{sys.executable}' -m usql fields --format vertical"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; for i in 1 2 3; do {command} | head -1; done"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.stderr == b""
    assert done.returncode == 0
    assert done.stdout.decode() == "─ row 1 ────────────────\n" * 3


def test_a_pipe_closed_before_anything_is_written():
    read, write = os.pipe()
    os.close(read)
    done = process("fields", stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_an_error():
    with open("/dev/full", "wb") as full:
        done = process("fields", stdout=full)
    assert done.returncode == 1
    assert done.stderr == b"error: No space left on device\n"


def test_a_pipe_gets_utf8_whatever_the_locale():
    legacy = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    plain = process("fields", "usererror").stdout
    assert "│" in plain.decode()
    assert process("fields", "usererror", env=legacy).stdout == plain


def test_an_encoding_that_was_asked_for_is_kept():
    done = process("fields", "usererror", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    lines = done.stdout.decode("ascii").splitlines()
    assert lines[0].split() == ["field", "|", "type", "|", "unit", "|", "values"]
    assert set(lines[1]) == {"-", "+"}


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(closed):
    command = f"'{sys.executable}' -m usql fields --format csv {closed}"
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"table,field") == (">&-" not in closed.replace("2>&-", ""))


def test_a_query_from_closed_standard_input():
    command = f"'{sys.executable}' -m usql query x.db - <&-"
    done = subprocess.run(
        ["bash", "-c", command],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: Standard input is closed.\n")


def test_a_terminal_gets_colours_and_its_width():
    shown = on_terminal("fields", "usersession", columns=60).decode()
    lines = shown.splitlines()
    assert lines[0].startswith("\x1b[1mfield")
    assert "…" in shown
    assert max(map(len, lines[1:])) == 60


def test_a_narrow_terminal_gets_vertical():
    assert on_terminal("fields", "usererror", columns=20).decode().startswith("─ row 1 ─")


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours_where_none_are_wanted(env):
    assert b"\x1b" not in on_terminal("fields", "usererror", env=env)
    assert b"\x1b" not in on_terminal("fields", "nonsense", env=env)


def test_errors_are_red_on_a_terminal_alone():
    assert on_terminal("fields", "nonsense").startswith(b"\x1b[1;31merror:\x1b[0m Invalid value")
    assert process("fields", "nonsense").stderr.startswith(b"error: Invalid value")


def test_a_terminal_that_knows_ascii_alone():
    shown = on_terminal("fields", "usererror", env={"PYTHONIOENCODING": "ascii"})
    assert b" | " in shown
    assert b"-+-" in shown
    shown.decode("ascii")


# --- With the engine: the whole line -------------------------------------------------------------

SESSIONS = [
    {
        "userSessionId": f"s{number}",
        "startTime": 1767571200000 + number * 1000,
        "endTime": 1767571200000 + number * 1000 + 500,
        "country": country,
        "city": city,
    }
    for number, (country, city) in enumerate(
        [("Austria", "Linz"), ("Austria", "Wien"), ("Austria", "Wien"), ("Spain", None)]
    )
]
BY_COUNTRY = "SELECT country, COUNT(*) AS n FROM usersession GROUP BY country"


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    file = tmp_path_factory.mktemp("export") / "export.ndjson"
    file.write_text("".join(json.dumps(session) + "\n" for session in SESSIONS))
    return file


@pytest.fixture(scope="module")
def store(export):
    store = export.with_name("sessions.db")
    done = process("import", store, export)
    assert done.stderr == b""
    assert done.returncode == 0
    assert done.stdout.startswith(b"4 new sessions, 0 replaced, 0 rejected, from 1 file in ")
    return store


@pytest.mark.parametrize(
    ("format", "shown"),
    [
        ("table", "country │ n\n────────┼──\nAustria │ 3\nSpain   │ 1\n"),
        (
            "vertical",
            "─ row 1 ────────────────\ncountry │ Austria\nn       │ 3\n"
            "─ row 2 ────────────────\ncountry │ Spain\nn       │ 1\n",
        ),
        ("csv", "country,n\nAustria,3\nSpain,1\n"),
        ("tsv", "country\tn\nAustria\t3\nSpain\t1\n"),
        ("json", '[\n  {"country":"Austria","n":3},\n  {"country":"Spain","n":1}\n]\n'),
        ("ndjson", '{"country":"Austria","n":3}\n{"country":"Spain","n":1}\n'),
        ("markdown", "| country | n |\n| --- | ---: |\n| Austria | 3 |\n| Spain | 1 |\n"),
    ],
    ids=["table", "vertical", "csv", "tsv", "json", "ndjson", "markdown"],
)
def test_query(store, format, shown):
    done = process("query", store, BY_COUNTRY, "--format", format)
    assert done.returncode == 0
    assert done.stdout.decode() == shown


def test_query_from_standard_input_with_settings(store):
    text = "SELECT city FROM usersession WHERE city = :c"
    done = process(
        *("query", store, "-", "--param", "c=Wien", "--limit", "1", "--format", "csv"),
        *("--timeframe", "1767571201000 to 1767571203000"),
        input=text.encode(),
    )
    assert done.returncode == 0
    assert done.stdout == b"city\nWien\n"
    assert b"note: " in done.stderr


def test_a_bad_query_shows_where(store):
    done = process("query", store, "SELECT citty FROM usersession")
    assert done.returncode == 1
    assert done.stdout == b""
    lines = done.stderr.decode().splitlines()
    assert lines[0].startswith("error: ")
    assert lines[1] == "line 1, column 8: SELECT citty FROM usersession"
    assert lines[2] == "                         ^^^^^"
    assert "city" in lines[3]


def test_a_missing_store(tmp_path):
    missing = tmp_path / "missing.db"
    done = process("query", missing, BY_COUNTRY)
    assert done.returncode == 3
    assert done.stderr.startswith(b"error: ")
    assert not missing.exists()


def test_a_file_that_is_no_store(tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("no database at all, just a text that is longer than a header is" * 10)
    done = process("query", other, BY_COUNTRY)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr


def test_importing_twice_changes_nothing(tmp_path, export):
    store = tmp_path / "twice.db"
    process("import", store, export)
    done = process("import", store, export)
    assert done.stdout.startswith(b"0 new sessions, 4 replaced, 0 rejected, from 1 file in ")
    counted = process("query", store, "SELECT COUNT(*) FROM usersession", "--format", "csv")
    assert counted.stdout == b"count(*)\n4\n"


def test_bad_lines_go_to_the_reject_file(tmp_path, export):
    bad = tmp_path / "bad.ndjson"
    bad.write_text(export.read_text() + "{half a line\n")
    rejects = tmp_path / "rejects.ndjson"
    done = process("import", tmp_path / "x.db", bad, "--rejects", rejects)
    assert done.returncode == 1
    assert done.stdout.startswith(b"4 new sessions, 0 replaced, 1 rejected, from 1 file")
    assert done.stderr.decode() == f"error: 1 line rejected, see {rejects}\n"
    assert "half a line" in rejects.read_text()


def test_strict_import_leaves_the_store_as_it_was(tmp_path, export, store):
    bad = tmp_path / "bad.ndjson"
    bad.write_text(export.read_text().replace('"s', '"t') + "{half a line\n")
    done = process("import", store, bad, "--strict")
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: ")
    counted = process("query", store, "SELECT COUNT(*) FROM usersession", "--format", "csv")
    assert counted.stdout == b"count(*)\n4\n"


def test_explain(store):
    done = process("explain", store, BY_COUNTRY)
    assert done.returncode == 0
    assert done.stderr == b""
    assert "SELECT" in done.stdout.decode()
    assert "country" in done.stdout.decode()


def test_format_from_everywhere(tmp_path):
    text = "select   city from usersession"
    file = tmp_path / "q.usql"
    file.write_text(text)
    formatted = usql.format(text).rstrip("\n") + "\n"
    assert process("format", text).stdout.decode() == formatted
    assert process("format", "-f", file).stdout.decode() == formatted
    assert process("format", input=text.encode()).stdout.decode() == formatted
    assert process("format", "select from").returncode == 1


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, process("demo", "--sessions", "300", cwd=folder)


def test_demo_shows_five_queries(demo):
    folder, done = demo
    shown = done.stdout.decode()
    assert done.returncode == 0
    assert "error" not in done.stderr.decode()
    assert (folder / DEMO_STORE).exists()
    assert shown.startswith("Making 300 sessions of an invented travel shop (seed 1) in usql-demo")
    assert [
        line[:2] for line in shown.splitlines() if line[:1].isdigit() and line[1:3] == ". "
    ] == [
        "1.",
        "2.",
        "3.",
        "4.",
        "5.",
    ]
    assert shown.count("─┼─") >= 5
    assert "usql query usql-demo.db" in shown.partition("Type next:")[2]


def test_demo_makes_the_same_store_anew(demo):
    folder, first = demo
    with sqlite3.connect(folder / DEMO_STORE) as database:
        database.execute("CREATE TABLE left_over (x)")
    database.close()
    again = process("demo", "--sessions", "300", cwd=folder)
    assert again.returncode == 0
    assert again.stdout == first.stdout
    with sqlite3.connect(folder / DEMO_STORE) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    database.close()
    assert "left_over" not in tables


def test_a_time_limit(demo):
    folder, _ = demo
    many = ", ".join(f"PERCENTILE(duration, {n / 10})" for n in range(400))
    text = f"SELECT {many} FROM useraction GROUP BY startTime, name"
    slow = process("query", folder / DEMO_STORE, text, "--timeout", "0.001")
    assert slow.returncode == 4
    assert slow.stderr.startswith(b"error: ")


def imported(*arguments):
    done = process(*arguments, python=["-X", "importtime"])
    lines = done.stderr.decode().splitlines()
    return {line.split("|")[2].strip() for line in lines if line.count("|") == 2}


def test_commands_import_what_they_need_alone(store):
    """How long they take is measured by ``benchmarks/start_up.py``."""
    text = "SELECT COUNT(*) FROM usersession"
    modules = imported("query", store, text)
    assert {"usql.cli", "sqlglot"} <= modules
    heavy = {"rich", "sqlite_utils", "prompt_toolkit", "msgspec", "usql.demo"}
    assert not heavy & modules
    assert not {"email", "importlib.metadata", "usql.cli.server"} & modules
    modules = imported("format", text)
    assert "lark" in modules
    assert not (heavy | {"sqlglot", "sqlite3", "usql.engine"}) & modules


def test_ctrl_c_ends_a_command_that_reads():
    child = subprocess.Popen(
        [sys.executable, "-m", "usql", "format"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert child.stdin is not None
    child.stdin.write(b" " * 200_000)  # more than a pipe holds: when it is through, it is reading
    child.stdin.flush()
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=10)
    assert child.returncode == 130
    assert out == b""
    assert err.strip() == b"error: cancelled"
