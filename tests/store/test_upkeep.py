"""What a store tells of itself, whether it notices damage, and that what is deleted is gone."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import usql
from usql import cli
from usql.cli import exits
from usql.errors import BadParameter, UnknownField
from usql.store.checking import Problem
from usql.store.info import Application, PropertyKey
from usql.store.sqlite_store import Location, open_reader, open_writer

DAY = 86_400_000
SECRET = "Wilhelmine-von-Unverwechselbar"


def action(name: str, start: int, application: str = "shop", **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "startTime": start,
        "endTime": start + 10,
        "duration": 10,
        "application": application,
        **fields,
    }


SESSIONS: list[dict[str, Any]] = [
    {
        "userSessionId": "one",
        "startTime": 1000,
        "endTime": 5000,
        "userId": "anna",
        "ip": "10.0.0.1",
        "country": "Austria",
        "matchingConversionGoals": ["paid", "came back"],
        "stringProperties": [{"key": "plan", "value": "Basic"}],
        "userActions": [
            action("b", 3000, hasCrash=True),
            action("a", 2000, "desk", longProperties=[{"key": "items", "value": 3}]),
        ],
        "events": [{"name": "rage", "startTime": 2500}],
    },
    {
        "userSessionId": "two",
        "startTime": DAY,
        "endTime": DAY + 1,
        "internalUserId": "anna",
        "country": "Chad",
        "stringProperties": [{"key": "plan", "value": "Plus"}],
        "userActions": [action("a", DAY)],
        "errors": [{"name": "oops", "startTime": DAY}],
    },
    {"userSessionId": "three", "startTime": 2 * DAY, "userId": "bob", "country": "Chad"},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with usql.connect(tmp_path / "store.db") as db:
        db.import_sessions(SESSIONS)
    return tmp_path / "store.db"


def ids(db: usql.Database) -> list[str]:
    found = db.query("SELECT userSessionId FROM usersession ORDER BY startTime")
    return [row[0] for row in found.rows]


# What a store tells of itself


def test_info_counts_what_is_there(path: Path) -> None:
    with usql.connect(path) as db:
        info = db.info()
    assert (info.sessions, info.actions, info.events, info.errors) == (3, 3, 1, 1)
    assert (info.first, info.last) == (1000, 2 * DAY)
    assert info.applications == (Application("desk", 1, 1), Application("shop", 2, 2))
    assert info.properties == (
        PropertyKey("usersession", "stringProperties", "plan", "string", 2),
        PropertyKey("useraction", "longProperties", "items", "long", 1),
    )
    assert info.bytes >= path.stat().st_size
    assert (info.version, info.postponed) == (1, ())


def test_info_tells_the_size_of_each_table_and_index(path: Path) -> None:
    with usql.connect(path) as db:
        parts = {part.name: part for part in db.info().parts}
    with closing(sqlite3.connect(path)) as connection:
        made = set(connection.execute("SELECT name, type, tbl_name FROM sqlite_schema"))
    assert {(part.name, part.kind, part.table) for part in parts.values()} == made
    assert parts["useraction"].bytes >= 8192
    assert parts["useraction"].bytes % 8192 == 0


def test_info_of_an_empty_store_has_no_times() -> None:
    with usql.connect() as db:
        info = db.info()
    assert (info.sessions, info.first, info.last, info.applications) == (0, None, None, ())


# Whether damage is noticed


def test_a_store_is_sound_whatever_came_in(path: Path) -> None:
    with usql.connect(path) as db:
        db.import_sessions(SESSIONS[:1])
        db.import_sessions([{"userSessionId": "odd", "startTime": 5, "new": [1], "ip": "x"}])
        assert db.check().problems == ()
        assert db.check().sound


PART = 'INSERT INTO usersession (_session, "userSessionId", "startTime") VALUES (9, \'n\', 1)'


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (
            "UPDATE usersession SET startTime = NULL WHERE _session = 2",
            Problem("usersession", "sessions without userSessionId or startTime", 1, 2),
        ),
        (PART, Problem("usersession", "rows without the details in usersession_detail", 1, 9)),
        (
            "DELETE FROM usersession WHERE _session = 3",
            Problem(
                "usersession_detail", "rows without the rows they belong to in usersession", 1, 3
            ),
        ),
        (
            "DELETE FROM usersession_detail WHERE _session = 3",
            Problem("usersession", "rows without the details in usersession_detail", 1, 3),
        ),
        (
            "DELETE FROM useraction_detail WHERE _session = 2",
            Problem("useraction", "rows without the details in useraction_detail", 1, 2),
        ),
        (
            "UPDATE userevent SET _session = 77",
            Problem("userevent", "rows without the sessions in usersession", 1, 77),
        ),
        (
            "UPDATE usererror SET _position = 4",
            Problem("usererror", "_position with gaps", 1, 2),
        ),
        (
            "UPDATE useraction SET startTime = 9 WHERE name = 'b'",
            Problem("useraction", "rows that are not in the order of their start", 1, 1),
        ),
        (
            "UPDATE usersession_matchingConversionGoals SET _ordinal = 5 WHERE _ordinal = 0",
            Problem("usersession_matchingConversionGoals", "_ordinal with gaps", 1, 1),
        ),
        (
            "UPDATE useraction_longProperties SET _position = 8",
            Problem(
                "useraction_longProperties",
                "rows without the rows they belong to in useraction",
                1,
                1,
            ),
        ),
        (
            "DELETE FROM usql_property WHERE key = 'plan'",
            Problem("usersession_stringProperties", "keys that the store does not know of", 2, 1),
        ),
        (
            "UPDATE usersession_detail SET _extra = '[1]' WHERE _session = 2",
            Problem("usersession_detail", "_extra that is no JSON object", 1, 2),
        ),
        (
            "UPDATE usersession_detail SET _extra = '{' WHERE _session = 2",
            Problem("usersession_detail", "_extra that is no JSON object", 1, 2),
        ),
        (
            "UPDATE useraction_detail SET hasCrash = 2 WHERE hasCrash = 1",
            Problem("useraction_detail", "booleans that are neither 0 nor 1", 1, 1),
        ),
        (
            "UPDATE usersession_detail SET ip_text = NULL",
            Problem(
                "usersession_detail", "addresses without their text, or the other way round", 1, 1
            ),
        ),
        ("DROP TABLE usererror", Problem("usererror", "the table is missing")),
        (
            "ALTER TABLE usererror RENAME COLUMN domain TO d",
            Problem("usererror", "columns are missing: domain"),
        ),
        (
            "DROP INDEX usersession_by_userId",
            Problem("usersession_by_userId", "the index is missing"),
        ),
    ],
)
def test_what_breaks_a_promise_is_named(damage: str, problem: Problem, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(damage)
    with usql.connect(path) as db:
        assert problem in db.check().problems
    done = CliRunner().invoke(cli.main, ["check", str(path)])
    assert done.exit_code == 1
    assert problem.place in done.stdout
    assert "is damaged" in done.stderr


def test_an_index_that_lacks_rows_is_noticed(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        sql = "SELECT sql FROM sqlite_schema WHERE name = 'usersession_by_userId'"
        (made,) = connection.execute(sql).fetchone()
        connection.execute("PRAGMA writable_schema = ON")
        part = f"{made} WHERE _session > 2"
        connection.execute("DROP INDEX usersession_by_userId")
        connection.execute(part)
        connection.execute(
            "UPDATE sqlite_schema SET sql = ? WHERE name = 'usersession_by_userId'", (made,)
        )
    with usql.connect(path) as db:
        problems = db.check().problems
    assert any("usersession_by_userId" in problem.message for problem in problems)


@pytest.mark.parametrize("page", range(1, 40, 3))
def test_a_page_of_nonsense_is_noticed(page: int, path: Path) -> None:
    content = bytearray(path.read_bytes())
    start = page * 8192
    assert start < len(content)
    content[start : start + 8192] = b"\xa5" * 8192
    path.write_bytes(content)
    done = CliRunner().invoke(cli.main, ["check", str(path)])
    # Where the list of tables is damaged, the store cannot even be opened.
    assert done.exit_code in (1, exits.NO_STORE)
    assert "damaged" in done.stderr


def test_a_file_that_is_cut_off_is_noticed(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    done = CliRunner().invoke(cli.main, ["check", str(path)])
    assert done.exit_code in (1, exits.NO_STORE)
    assert "damaged" in done.stderr


def test_what_is_no_store_cannot_be_checked(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(b"text\n" * 5000)
    for command in ("check", "info", "compact"):
        done = CliRunner().invoke(cli.main, [command, str(file)])
        assert done.exit_code == exits.NO_STORE
        assert "not a usql store" in done.stderr


# Compacting


def test_compacting_makes_missing_indexes_and_gives_space_back(path: Path) -> None:
    with closing(open_writer(Location.of(path))) as connection:
        (made,) = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE name = 'usersession_by_userId'"
        ).fetchone()
        connection.execute(
            "INSERT INTO usql_postponed VALUES ('usersession_by_userId', ?)", (made,)
        )
        connection.execute("DROP INDEX usersession_by_userId")
        connection.execute("CREATE TABLE ballast (b)")
        connection.execute("INSERT INTO ballast VALUES (zeroblob(1000000))")
        connection.execute("DROP TABLE ballast")
    with usql.connect(path) as db:
        before = db.info()
        assert before.postponed == db.check().postponed == ("usersession_by_userId",)
        assert db.check().sound
        assert before.free > 900_000
        done = db.compact()
        assert done.indexes == ("usersession_by_userId",)
        assert done.bytes_before - done.bytes_after > 900_000
        after = db.info()
        assert (after.free, after.postponed, after.sessions) == (0, (), 3)
        assert ids(db) == ["one", "two", "three"]


# Deleting


@pytest.mark.parametrize(
    ("choice", "left"),
    [
        ({"where": "country = 'Chad'"}, ["one"]),
        ({"where": "country = :c", "params": {"c": "Austria"}}, ["two", "three"]),
        ({"where": "useraction.name = 'b'"}, ["two", "three"]),
        ({"where": "NOT useraction.name = 'a'"}, ["one", "two"]),
        ({"user": "anna"}, ["three"]),
        ({"user": "o' OR 1=1 --"}, ["one", "two", "three"]),
        ({"before": DAY}, ["two", "three"]),
        ({"before": "1970-01-03"}, ["three"]),
        ({"before": "1970-01-03", "timezone": "America/New_York"}, []),
        ({"timeframe": (DAY, 2 * DAY)}, ["one", "three"]),
        ({"where": "country = 'Chad'", "before": 2 * DAY}, ["one", "three"]),
        ({"where": "country = 'Chad'", "user": "bob"}, ["one", "two"]),
    ],
)
def test_the_chosen_are_deleted_and_no_others(
    choice: dict[str, Any], left: list[str], path: Path
) -> None:
    with usql.connect(path) as db:
        counted = db.delete(**choice, dry_run=True)
        assert (counted.sessions, counted.kept) == (3 - len(left), len(left))
        assert ids(db) == ["one", "two", "three"]
        done = db.delete(**choice)
        assert (done.sessions, done.kept, done.actions) == (
            counted.sessions,
            counted.kept,
            counted.actions,
        )
        assert ids(db) == left
        assert db.check().sound
        kept = [session for session in SESSIONS if session["userSessionId"] in left]
        exported = {each["userSessionId"]: each for each in db.export_sessions()}
    with usql.connect() as fresh:
        fresh.import_sessions(kept)
        assert {each["userSessionId"]: each for each in fresh.export_sessions()} == exported


def test_what_is_deleted_is_counted_table_by_table(path: Path) -> None:
    with usql.connect(path) as db:
        done = db.delete("country = 'Austria'")
    assert (done.sessions, done.actions, done.events, done.errors) == (1, 2, 1, 0)


def test_a_store_in_memory_is_deleted_from_too() -> None:
    with usql.connect() as db:
        db.import_sessions(SESSIONS)
        assert db.delete(user="bob").sessions == 1
        assert ids(db) == ["one", "two"]


def test_a_bad_condition_deletes_nothing(path: Path) -> None:
    with usql.connect(path) as db:
        for where in ("contry = 'Chad'", "country = 'Chad' LIMIT 1", "", "country ="):
            with pytest.raises(usql.UsqlError):
                db.delete(where)
        with pytest.raises(UnknownField) as raised:
            db.delete("contry = 'Chad'")
        assert "line 1, column 1: contry = 'Chad'" in str(raised.value)
        with pytest.raises(BadParameter):
            db.delete()
        assert len(ids(db)) == 3


def secret_store(folder: Path) -> Path:
    """A store with a text in every place a text can have, between others."""
    plain = [
        {"userSessionId": f"s{number}", "startTime": number, "carrier": "x" * 200}
        for number in range(300)
    ]
    secret = {
        "userSessionId": SECRET,
        "startTime": 150,
        "userId": "anna",
        "city": SECRET,
        "country": SECRET * 500,  # on pages of its own
        "own": {SECRET: [SECRET]},
        "matchingConversionGoals": [SECRET],
        "stringProperties": [{"key": SECRET, "value": SECRET}],
        "userActions": [
            action(SECRET, 151, SECRET, stringProperties=[{"key": SECRET, "value": SECRET}])
        ],
        "events": [{"name": SECRET}],
        "errors": [{"name": SECRET}],
    }
    path = folder / "store.db"
    with usql.connect(path) as db:
        db.import_sessions(plain[:150])
        db.import_sessions([secret])
        db.import_sessions(plain[150:])
    return path


def everything_on_disk(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(path.parent.glob(f"{path.name}*")))


def test_no_byte_of_what_is_deleted_remains(tmp_path: Path) -> None:
    path = secret_store(tmp_path)
    assert SECRET.encode() in everything_on_disk(path)
    with usql.connect(path) as db:
        size = path.stat().st_size
        done = db.delete(user="anna")
        assert (done.sessions, done.erased) == (1, True)
        assert path.stat().st_size < size
        assert done.bytes_freed > 0
        # While the store is open, so that its log has not gone with the last connection.
        assert SECRET.encode() not in everything_on_disk(path)
    assert SECRET.encode() not in everything_on_disk(path)


def test_a_reader_in_the_way_is_told_of_and_compacting_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = secret_store(tmp_path)
    monkeypatch.setattr("usql.store.sqlite_store.WRITER_PATIENCE", 0.05)
    with usql.connect(path) as db:
        with closing(open_reader(Location.of(path))) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM usersession").fetchone()
            assert db.delete(user="anna").erased is False
            assert reader.execute("SELECT count(*) FROM usersession").fetchone() == (301,)
        db.compact()
        assert SECRET.encode() not in everything_on_disk(path)


def test_a_full_disk_leaves_deleted_sessions_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rewriting needs room; without it, what was deleted is overwritten all the same."""
    from usql.store import sqlite_removal

    path = secret_store(tmp_path)

    class Full:
        """A connection whose disk has no room for a second file."""

        def __init__(self, connection: sqlite3.Connection) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        def execute(self, sql: str, *arguments: Any) -> sqlite3.Cursor:
            if sql == "VACUUM":
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error
            return self._connection.execute(sql, *arguments)

    def full(*arguments: Any, **options: Any) -> Full:
        return Full(open_writer(*arguments, **options))

    monkeypatch.setattr(sqlite_removal, "open_writer", full)
    with usql.connect(path) as db:
        assert db.delete(user="anna").sessions == 1
        assert db.info().sessions == 300
        assert SECRET.encode() not in everything_on_disk(path)


# On the command line


def run(*args: str, answer: str | None = None) -> Any:
    return CliRunner().invoke(cli.main, list(args), input=answer, prog_name="usql")


def test_the_command_asks_first(path: Path) -> None:
    done = run("delete", str(path), "--user", "bob", answer="n\n")
    assert done.exit_code == exits.CANCELLED
    assert "1 session with 0 actions, 0 events and 0 errors of 3 sessions" in done.stderr
    with usql.connect(path) as db:
        assert len(ids(db)) == 3
    assert run("delete", str(path), "--user", "bob", answer="").exit_code == exits.CANCELLED
    done = run("delete", str(path), "--user", "bob", answer="y\n")
    assert done.exit_code == 0
    assert done.stdout.startswith("1 session with 0 actions, 0 events and 0 errors deleted")
    with usql.connect(path) as db:
        assert ids(db) == ["one", "two"]


def test_yes_spares_the_question(path: Path) -> None:
    assert run("delete", str(path), "--before", "1970-01-02", "--yes").exit_code == 0
    assert run("delete", str(path), "--where", "country = 'Chad'", "--yes").exit_code == 0
    with usql.connect(path) as db:
        assert ids(db) == []


def test_nobody_is_asked_about_nothing(path: Path) -> None:
    done = run("delete", str(path), "--user", "nobody")
    assert (done.exit_code, done.stdout) == (0, "there are no such sessions\n")


@pytest.mark.parametrize("choice", [(), ("--user", "a", "--before", "0"), ("--before", "soon")])
def test_a_choice_that_is_none_is_refused(choice: tuple[str, ...], path: Path) -> None:
    assert run("delete", str(path), *choice, "--yes").exit_code in (1, 2)
    with usql.connect(path) as db:
        assert len(ids(db)) == 3


def test_info_is_written_for_people(path: Path) -> None:
    done = run("info", str(path))
    assert done.exit_code == 0
    for text in (
        "sessions  3\n",
        "1970-01-01 00:00:01Z to 1970-01-03",
        "desk",
        "plan",
        "useraction",
    ):
        assert text in done.stdout


def test_check_and_compact_say_what_they_did(path: Path) -> None:
    assert "is sound" in run("check", str(path)).stdout
    assert run("compact", str(path)).exit_code == 0


def test_the_command_takes_a_timeframe_and_parameters(path: Path) -> None:
    frame = ("--timeframe", "1970-01-02T00:00:00Z to 1970-01-03T00:00:00Z")
    done = run("delete", str(path), *frame, "--where", "country = :c", "--param", "c=Chad", "--yes")
    assert done.exit_code == 0, done.stderr
    with usql.connect(path) as db:
        assert ids(db) == ["one", "three"]  # three starts when the timeframe has ended
    assert run("delete", str(path), "--timezone", "60", "--yes").exit_code == exits.WRONG_USAGE


def test_info_for_programs(path: Path) -> None:
    told = json.loads(run("info", str(path), "--format", "json").stdout)
    assert (told["sessions"], told["actions"], told["events"], told["errors"]) == (3, 3, 1, 1)
    assert told["first"] == 1000
    assert {"name": "desk", "sessions": 1, "actions": 1} in told["applications"]
