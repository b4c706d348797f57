from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from usql.cli import main
from usql.errors import WrongStructure
from usql.shell.config import OPTIONS, config_file, from_text, load

ROOT = Path(__file__).parents[2]


def _load(tmp_path: Path, text: str):
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_what_the_file_says(tmp_path: Path) -> None:
    config = _load(tmp_path, 'keys = "vi"\nlimit = 10\ntimer = false\ntimeout = 2\n')
    assert config.problems == ()
    assert (config["keys"], config["limit"], config["timer"], config["timeout"]) == (
        "vi",
        10,
        False,
        2,
    )
    assert config["mode"] == "table"


def test_the_command_line_comes_first(tmp_path: Path) -> None:
    config = _load(tmp_path, 'mode = "csv"\ndates = "iso"\n').over({"mode": "json", "dates": None})
    assert (config["mode"], config["dates"]) == ("json", "iso")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kyes = 'vi'", "there is no option kyes; did you mean keys?"),
        ("keys = 'vim'", 'keys cannot be \'vim\'; it is one of "emacs", "vi"'),
        ("limit = 'many'", "limit cannot be 'many'; it is a whole number, 0 or more"),
        ("limit = -1", "limit cannot be -1; it is a whole number, 0 or more"),
        ("limit = true", "limit cannot be True; it is a whole number"),
        ("timer = 1", "timer cannot be 1; it is true, false"),
        ("timezone = 3", "timezone cannot be 3; it is a text in quotes"),
        ("timer = ", "is not TOML"),
    ],
)
def test_mistakes_leave_the_default(tmp_path: Path, text: str, problem: str) -> None:
    config = _load(tmp_path, text + "\n")
    assert len(config.problems) == 1
    assert problem in config.problems[0]
    assert all(config[option.name] == option.default for option in OPTIONS)


def test_options_as_text() -> None:
    assert from_text("limit", "7") == 7
    assert from_text("timeout", "2.5") == 2.5
    assert from_text("timer", "false") is False
    assert from_text("timezone", "5") == "5"
    assert from_text("pager", "") == ""
    for name, text, problem in (
        ("pagr", "off", "did you mean pager"),
        ("timer", "no", "true, false"),
        ("limit", "-1", "0 or more"),
        ("keys", "vim", '"emacs", "vi"'),
    ):
        with pytest.raises(WrongStructure, match=problem):
            from_text(name, text)


def test_options_are_set_on_the_command_line(shell_store: Path, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('mode = "csv"\ntimer = true\n', encoding="utf-8")
    settings = ["--set", "timer=false", "--set", "mode=json", "--mode", "tsv"]
    command = ["shell", str(shell_store), "--config", str(file), *settings]
    done = CliRunner().invoke(main, command, input="SELECT COUNT(*) AS n FROM usersession")
    assert (done.exit_code, done.stdout) == (0, "n\n60\n")
    wrong = CliRunner().invoke(main, ["shell", str(shell_store), "--set", "tiimer=false"])
    assert wrong.exit_code == 2
    assert "there is no option tiimer; did you mean timer?" in wrong.stderr
    assert CliRunner().invoke(main, ["shell", str(shell_store), "--set", "timer"]).exit_code == 2


def test_no_file(tmp_path: Path) -> None:
    assert load(tmp_path / "none.toml").problems == ()


def test_the_place_of_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("USQL_CONFIG", str(tmp_path / "mine.toml"))
    assert config_file() == tmp_path / "mine.toml"
    monkeypatch.delenv("USQL_CONFIG")
    assert config_file().name == "config.toml"


def test_every_option_is_documented() -> None:
    page = (ROOT / "docs" / "shell.md").read_text(encoding="utf-8")
    for option in OPTIONS:
        default = {bool: str(option.default).lower(), str: f'"{option.default}"'}.get(
            type(option.default), str(option.default)
        )
        assert f"| `{option.name}` | {option.values} | `{default}` | {option.about} |" in page
