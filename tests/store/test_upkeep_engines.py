"""Checking, compacting and deleting on other engines than SQLite; see ``test_upkeep``."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import usql
from usql import cli
from usql.errors import StoreError, UnknownField
from usql.layout import clickhouse_layout
from usql.store.checking import Problem
from usql.store.clickhouse_places import ChdbLocation
from usql.store.clickhouse_store import open_store
from usql.store.duckdb_store import DuckdbLocation
from usql.store.places import open_writer, place_of

DAY = 86_400_000
SECRET = "Wilhelmine-von-Unverwechselbar"


def action(name: str, start: int, **fields: Any) -> dict[str, Any]:
    return {"name": name, "startTime": start, "endTime": start + 10, "duration": 10, **fields}


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
            action("b", 3000),
            action("a", 2000, longProperties=[{"key": "items", "value": 3}]),
        ],
        "events": [{"name": "rage", "startTime": 2500}],
    },
    {
        "userSessionId": "two",
        "startTime": DAY,
        "internalUserId": "anna",
        "country": "Chad",
        "stringProperties": [{"key": "plan", "value": "Plus"}],
        "userActions": [action("a", DAY)],
        "errors": [{"name": "oops", "startTime": DAY}],
    },
    {"userSessionId": "three", "startTime": 2 * DAY, "userId": "bob", "country": "Chad"},
]


@pytest.fixture(params=["duckdb", "chdb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    pytest.importorskip(request.param, reason=f"the engine {request.param} is not installed")
    url = f"{request.param}:{tmp_path / 'store'}"
    with usql.connect(url) as db:
        db.import_sessions(SESSIONS)
    return url


def change(url: str, *statements: str) -> None:
    """Run statements on a store, past everything that keeps it sound."""
    place = place_of(url)
    if isinstance(place, DuckdbLocation):
        import duckdb

        with duckdb.connect(str(place.path)) as connection:
            for statement in statements:
                connection.execute(statement)
        return
    assert isinstance(place, ChdbLocation)
    with closing(open_store(place, clickhouse_layout(), create=False)) as client:
        for statement in statements:
            client.write(statement)


def ids(db: usql.Database) -> list[str]:
    found = db.query("SELECT userSessionId FROM usersession ORDER BY startTime")
    return [row[0] for row in found.rows]


def bytes_of(url: str) -> bytes:
    folder = place_of(url).path
    assert folder is not None
    files = [each for each in folder.parent.rglob("*") if each.is_file()]
    return b"".join(each.read_bytes() for each in sorted(files))


# Checking


def test_a_store_is_sound_whatever_came_in(url: str) -> None:
    with usql.connect(url) as db:
        db.import_sessions(SESSIONS[:1])
        db.import_sessions([{"userSessionId": "odd", "startTime": -5, "new": [1], "ip": "x"}])
        db.import_sessions([{"userSessionId": "no starts", "startTime": 5, "errors": [{}, {}]}])
        report = db.check()
    assert report.problems == ()
    assert report.sound
    assert "is sound" in CliRunner().invoke(cli.main, ["check", url]).stdout


def test_what_sessions_tell_stays_true(url: str) -> None:
    far = [2**53 + 1, 1, -(2**53) - 1] * 5 + [7] * 4  # which doubles cannot add up in any order
    again = {**SESSIONS[0], "userActions": [action("c", 2000), {"startTime": 2001}], "events": []}
    odd = {"userSessionId": "far", "startTime": 7, "country": "Fiji"}
    with usql.connect(url) as db:
        db.import_sessions([{**odd, "userActions": [{"duration": d} for d in far]}])
        db.import_sessions([again])
        assert db.check().problems == ()
        average = "SELECT AVG(useraction.duration) FROM usersession WHERE country = 'Fiji'"
        ((found,),) = db.query(average).rows
        assert found == pytest.approx(sum(far) / len(far), rel=1e-12)
        db.delete("userSessionId = 'two'")
        assert db.check().problems == ()
        counted = db.query("SELECT country, COUNT(*), COUNT(name) FROM useraction GROUP BY country")
    assert {tuple(row) for row in counted.rows} == {("Austria", 2, 1), ("Fiji", 19, 0)}


def test_a_store_of_an_earlier_version_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("chdb")
    url = f"chdb:{tmp_path / 'store'}"
    with usql.connect(url) as db:
        db.import_sessions(SESSIONS)
    change(url, "TRUNCATE TABLE usql_store", "INSERT INTO usql_store VALUES (1)")
    with pytest.raises(StoreError, match="earlier version"), usql.connect(url, create=False):
        pass
    done = CliRunner().invoke(cli.main, ["query", url, "SELECT COUNT(*) FROM usersession"])
    assert done.exit_code != 0
    assert "export its sessions with that version" in done.stderr


def test_a_folder_of_parquet_is_checked_as_well(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    with usql.connect() as db:
        db.import_sessions(SESSIONS)
        db.export_files(tmp_path / "files", format="parquet")
    with usql.connect(f"parquet:{tmp_path / 'files'}") as db:
        assert db.check().problems == ()


ONE = "(SELECT _session FROM usersession WHERE \"userSessionId\" = 'one')"
TWO = ONE.replace("'one'", "'two'")

DAMAGE: list[tuple[str, list[Problem]]] = [
    (
        'DELETE FROM useraction WHERE "startTime" = 2000',
        [
            Problem("useraction", "_position with gaps", 1),
            Problem(
                "useraction_longProperties",
                "rows without the rows they belong to in useraction",
                1,
            ),
        ],
    ),
    (
        "DELETE FROM \"usersession_matchingConversionGoals\" WHERE value = 'paid'",
        [Problem("usersession_matchingConversionGoals", "_ordinal with gaps", 1)],
    ),
    (
        "DELETE FROM usql_property WHERE key = 'plan'",
        [Problem("usersession_stringProperties", "keys that the store does not know of", 2)],
    ),
    (
        "INSERT INTO usersession (_session, \"startTime\", ip) SELECT 78, 5, 'x'",
        [
            Problem("usersession", "sessions without userSessionId or startTime", 1),
            Problem("usersession", "addresses without their text, or the other way round", 1),
        ],
    ),
    (
        f"INSERT INTO usererror (_session, _position, _extra) SELECT {ONE}, 0, '[1]'"
        " UNION ALL SELECT 77, 0, '{'",
        [Problem("usererror", "_extra that is no JSON object", 2)],
    ),
    (
        f'INSERT INTO useraction (_session, _position, "startTime") SELECT {TWO}, 1, 2500',
        [Problem("useraction", "rows that are not in the order of their start", 1)],
    ),
    (
        "INSERT INTO userevent (_session, _position) SELECT 99, 0",
        [Problem("userevent", "rows without the sessions in usersession", 1)],
    ),
    (
        'INSERT INTO usersession (_session, "userSessionId", "startTime")'
        f" SELECT 77, 'two', {DAY}",
        [Problem("usersession", "sessions that are there more than once", 1)],
    ),
]


TOLD_WRONG = [
    Problem("usersession", "sessions that tell something else of their rows in useraction", 2),
    Problem("usersession", "sessions that tell something else of their rows in usererror", 2),
]
"""In ClickHouse, where the damage goes round what sessions tell of one, two and 77."""


def test_what_breaks_a_promise_is_named(url: str) -> None:
    change(url, *(statement for statement, _ in DAMAGE))
    with usql.connect(url) as db:
        found = {(p.place, p.message, p.count) for p in db.check().problems}
    problems = [problem for _, problems in DAMAGE for problem in problems]
    problems += TOLD_WRONG if url.startswith("chdb:") else []
    assert found == {(p.place, p.message, p.count) for p in problems}


def test_a_number_that_is_there_twice_is_named(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")  # ClickHouse makes one row of the two, sooner or later
    url = f"duckdb:{tmp_path / 'store'}"
    with usql.connect(url) as db:
        db.import_sessions(SESSIONS)
    change(url, "UPDATE usersession SET _session = 1 WHERE country = 'Chad' AND \"userId\" = 'bob'")
    with usql.connect(url) as db:
        assert db.check().problems == (
            Problem("usersession", "numbers that several sessions have", 1, 1),
        )


def test_tables_and_columns_that_are_missing_are_named(url: str) -> None:
    change(url, "DROP TABLE usererror", "ALTER TABLE userevent DROP COLUMN domain")
    with usql.connect(url) as db:
        problems = db.check().problems
    assert problems == (
        Problem("userevent", "columns are missing: domain"),
        Problem("usererror", "the table is missing"),
    )


def test_damage_on_the_disk_is_noticed(url: str) -> None:
    path = place_of(url).path
    assert path is not None
    file = max(path.rglob("data.bin"), key=lambda f: f.stat().st_size) if path.is_dir() else path
    whole = file.read_bytes()
    # Some blocks of DuckDB's are not in use, some are read as the file is opened.
    places = range(12_288 + 100, len(whole), 262_144) if file == path else [len(whole) // 2]
    noticed = []
    for at in places:
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        done = CliRunner().invoke(cli.main, ["check", url])
        if done.exit_code == 1:
            assert "is damaged" in done.stderr
            noticed.append(done.stdout)
    assert noticed
    assert all("use" in each for each in noticed), noticed


# Deleting


CHOICES: list[tuple[dict[str, Any], list[str]]] = [
    ({"where": "NOT useraction.name = 'a'"}, ["one", "two"]),
    ({"user": "anna"}, ["three"]),
    ({"user": "o' OR 1=1 --"}, ["one", "two", "three"]),
    ({"before": "1970-01-03", "timezone": "America/New_York"}, []),
    ({"timeframe": (DAY, 2 * DAY)}, ["one", "three"]),
    ({"where": "country = :c", "params": {"c": "Chad"}, "user": "bob"}, ["one", "two"]),
]


def test_the_chosen_are_deleted_and_no_others(url: str) -> None:
    for choice, left in CHOICES:
        with usql.connect(url) as db:
            db.import_sessions(SESSIONS)
            counted = db.delete(**choice, dry_run=True)
            assert (counted.sessions, counted.kept) == (3 - len(left), len(left)), choice
            assert ids(db) == ["one", "two", "three"]
            done = db.delete(**choice)
            for name in ("sessions", "kept", "actions", "events", "errors"):
                assert getattr(done, name) == getattr(counted, name)
            assert done.erased
            assert ids(db) == left
            assert db.check().sound
            exported = {each["userSessionId"]: each for each in db.export_sessions()}
        with usql.connect() as fresh:
            fresh.import_sessions([s for s in SESSIONS if s["userSessionId"] in left])
            assert {each["userSessionId"]: each for each in fresh.export_sessions()} == exported


def test_what_is_deleted_is_counted_table_by_table(url: str) -> None:
    with usql.connect(url) as db:
        done = db.delete("country = 'Austria'")
    assert (done.sessions, done.actions, done.events, done.errors) == (1, 2, 1, 0)


def test_a_bad_condition_deletes_nothing(url: str) -> None:
    with usql.connect(url) as db:
        with pytest.raises(UnknownField):
            db.delete("contry = 'Chad'")
        assert len(ids(db)) == 3


def test_no_byte_of_what_is_deleted_remains(url: str) -> None:
    plain = [{"userSessionId": f"s{n}", "startTime": n, "carrier": "x" * 200} for n in range(300)]
    secret = {
        "userSessionId": SECRET,
        "startTime": 150,
        "userId": "zoe",
        "city": SECRET,
        "country": SECRET * 500,
        "own": {SECRET: [SECRET]},
        "matchingConversionGoals": [SECRET],
        "stringProperties": [{"key": SECRET, "value": SECRET}],
        "userActions": [action(SECRET, 151, stringProperties=[{"key": SECRET, "value": SECRET}])],
        "events": [{"name": SECRET}],
        "errors": [{"name": SECRET}],
    }
    with usql.connect(url) as db:
        db.import_sessions(plain[:150])
        db.import_sessions([secret])
        db.import_sessions(plain[150:])
        assert SECRET.encode() in bytes_of(url)
        done = db.delete(user="zoe")
        assert (done.sessions, done.erased) == (1, True)
        assert SECRET.encode() not in bytes_of(url)
        assert db.query("SELECT COUNT(*), KEYS(stringProperties) FROM usersession").rows
        assert db.check().sound
    assert SECRET.encode() not in bytes_of(url)


def test_compacting_gives_space_back(url: str) -> None:
    with usql.connect(url) as db:
        texts = (f"{random.getrandbits(4000):x}" for _ in range(1500))
        db.import_sessions(
            [{"userSessionId": t[:9], "startTime": n, "city": t} for n, t in enumerate(texts)]
        )
    if url.startswith("duckdb"):
        change(url, "UPDATE usersession SET city = NULL", "CHECKPOINT")
    else:
        change(url, "ALTER TABLE usersession UPDATE city = NULL WHERE true")
    with usql.connect(url) as db:
        query = "SELECT userSessionId, city, country FROM usersession ORDER BY userSessionId"
        before = db.query(query, default_limit=None).rows
        done = db.compact()
        assert done.bytes_before - done.bytes_after > 200_000
        assert db.query(query, default_limit=None).rows == before
        assert db.check().sound


# What goes wrong midway


def test_duckdb_without_room_says_what_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb = pytest.importorskip("duckdb")
    from usql.store import duckdb_removal

    def full(*_: Any) -> None:
        raise duckdb.IOException("No space left on device")

    url = f"duckdb:{tmp_path / 'store'}"
    with usql.connect(url) as db:
        db.import_sessions(SESSIONS)
        with monkeypatch.context() as patched:
            patched.setattr(duckdb_removal, "_rewrite", full)
            done = db.delete(user="bob")
            assert (done.sessions, done.erased) == (1, False)
            assert "usql compact duckdb:" in done.remains
            with pytest.raises(StoreError, match="No space left"):
                db.compact()
        assert ids(db) == ["one", "two"]
        db.compact()
        assert ids(db) == ["one", "two"]


def test_a_deletion_that_fails_in_duckdb_deletes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("duckdb")
    from usql.store import duckdb_removal

    remove: Callable[..., None] = duckdb_removal._remove

    def failing(*arguments: Any) -> None:
        remove(*arguments)
        raise KeyboardInterrupt

    with usql.connect(f"duckdb:{tmp_path / 'store'}") as db:
        db.import_sessions(SESSIONS)
        monkeypatch.setattr(duckdb_removal, "_remove", failing)
        with pytest.raises(KeyboardInterrupt):
            db.delete(user="anna")
        assert ids(db) == ["one", "two", "three"]


def test_a_deletion_that_is_interrupted_in_chdb_is_finished_by_the_next_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("chdb")
    from usql.store import clickhouse_writer

    url = f"chdb:{tmp_path / 'store'}"
    with usql.connect(url) as db:
        db.import_sessions(SESSIONS)

        def failing(*_: Any) -> str:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(clickhouse_writer, "delete_statement", failing)
            with pytest.raises(KeyboardInterrupt):
                db.delete(user="anna")
        assert len(ids(db)) == 3
        with open_writer(place_of(url), clickhouse_layout()):
            pass
        assert ids(db) == ["three"]
        assert db.check().sound


# On the command line


def test_the_commands(url: str) -> None:
    def run(*arguments: str, answer: str | None = None) -> Any:
        return CliRunner().invoke(cli.main, list(arguments), input=answer, prog_name="usql")

    done = run("delete", url, "--user", "bob", answer="n\n")
    assert "1 session with 0 actions, 0 events and 0 errors of 3 sessions" in done.stderr
    done = run("delete", url, "--user", "bob", answer="y\n")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("1 session with 0 actions, 0 events and 0 errors deleted")
    assert run("compact", url).stdout.startswith(f"{url} went from ")
    with usql.connect(url) as db:
        assert ids(db) == ["one", "two"]
