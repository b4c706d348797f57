"""Several queries of one file, through the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import usql
from usql import cli

GOOD = "SELECT COUNT(*) AS n FROM usersession;\n-- no;\nSELECT COUNT(*) AS ';' FROM useraction"
BAD = "SELECT COUNT(*) AS n FROM usersession;\n\n  SELECT citty FROM usersession;\n" + GOOD


@pytest.fixture
def store(tmp_path: Path) -> str:
    path = tmp_path / "a.db"
    with usql.connect(path) as db:
        db.import_sessions([{"userSessionId": "A", "startTime": 1, "endTime": 2}])
    return str(path)


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(cli.main, ["query", *arguments], input=text, prog_name="usql")


def test_statements_run_one_after_another(store: str, tmp_path: Path) -> None:
    (tmp_path / "two.usql").write_text(GOOD, encoding="utf-8")
    done = run(store, "-f", str(tmp_path / "two.usql"), "--format", "csv")
    assert (done.exit_code, done.stdout.splitlines()) == (0, ["n", "1", ";", "0"])


def test_an_empty_line_between_tables(store: str) -> None:
    assert run(store, "-", text=GOOD).stdout.split("\n\n") == ["n\n─\n1", ";\n─\n0\n"]


def test_the_first_error_ends_the_run_and_names_its_place(store: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.usql"
    file.write_text(BAD, encoding="utf-8")
    done = run(store, "-f", str(file), "--format", "csv")
    assert (done.exit_code, done.stdout.splitlines()) == (1, ["n", "1"])
    assert f"error: {file}:3:10: usersession has no field citty" in done.stderr
    assert "line 3, column 10:   SELECT citty FROM usersession" in done.stderr


def test_keep_going(store: str) -> None:
    done = run(store, "-", "--keep-going", "--format", "csv", text=BAD)
    assert (done.exit_code, done.stdout.splitlines()) == (1, ["n", "1", "n", "1", ";", "0"])
    assert "error: -:3:10: " in done.stderr


def test_a_file_is_written_only_when_all_went_well(store: str, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert run(store, "-", "--format", "csv", "-o", str(out), text=BAD).exit_code == 1
    assert not out.exists()
    assert run(store, "-", "--format", "csv", "-o", str(out), text=GOOD).exit_code == 0
    assert out.read_text(encoding="utf-8").splitlines() == ["n", "1", ";", "0"]
    kept = run(store, "-", "--format", "csv", "-o", str(out), "--keep-going", text=BAD)
    assert kept.exit_code == 1
    assert out.read_text(encoding="utf-8").splitlines() == ["n", "1", "n", "1", ";", "0"]


def test_a_format_of_one_result_takes_one_query(store: str, tmp_path: Path) -> None:
    done = run(store, "-", "--format", "parquet", "-o", str(tmp_path / "x"), text=GOOD)
    assert done.exit_code == 2
    assert "one query at a time" in done.stderr


def test_an_error_of_a_single_statement_names_its_file(store: str, tmp_path: Path) -> None:
    file = tmp_path / "one.usql"
    file.write_text("\nSELECT citty\nFROM usersession;\n", encoding="utf-8")
    for command in (["query", store], ["explain", store]):
        done = CliRunner().invoke(cli.main, [*command, "-f", str(file)])
        assert done.exit_code == 1
        assert f"error: {file}:2:8: usersession has no field citty" in done.stderr
    file.write_text("SELECT city\nFROM", encoding="utf-8")
    done = CliRunner().invoke(cli.main, ["format", "-f", str(file)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"error: {file}:2:5: " in done.stderr
    assert "one.usql" not in run(str(tmp_path / "none.db"), "-f", str(file)).stderr


def test_several_are_explained_up_to_the_first_error(store: str) -> None:
    done = CliRunner().invoke(cli.main, ["explain", store, "-"], input=GOOD)
    assert done.exit_code == 0
    queries = done.stdout.split("1 Query\n")[1:]
    assert [query.splitlines()[0].strip() for query in queries] == [
        "SELECT COUNT(*) AS n FROM usersession",
        'SELECT COUNT(*) AS ";" FROM useraction',
    ]
    done = CliRunner().invoke(cli.main, ["explain", store, "-"], input=BAD)
    assert (done.exit_code, done.stdout.count("1 Query\n")) == (1, 1)
    assert "error: -:3:10: " in done.stderr


def test_several_are_formatted_or_none() -> None:
    done = CliRunner().invoke(cli.main, ["format"], input="select city from usersession; " + GOOD)
    assert done.stdout.splitlines() == [
        "SELECT city FROM usersession;",
        "SELECT COUNT(*) AS n FROM usersession;",
        'SELECT COUNT(*) AS ";" FROM useraction;',
    ]
    done = CliRunner().invoke(cli.main, ["format", "select city from usersession; select from"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "error: query:1:" in done.stderr
