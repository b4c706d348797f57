"""Tokens in their file: hashed, scoped, expiring, revocable."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from pathlib import Path

import pytest

from tests.server.servers import command, environment, serving, token
from usql.errors import StoreError
from usql.server.tokens import BadToken, TokenFile

CLIENTS_CHECK = re.compile(r"dt\d\w\d{2}\.[A-Z\d]{24}\.[A-Z\d]{64}")
"""What a client of the original demands of a token before it sends it."""


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile.beside(tmp_path / "sessions.db")


def test_a_token_is_found_by_its_text_alone(tokens: TokenFile) -> None:
    text, made = tokens.add(("query",), "reports")
    assert CLIENTS_CHECK.fullmatch(text)
    assert tokens.find(text) == made
    assert tokens.find(text[:-1]) is None
    assert tokens.find("") is None
    assert tokens.find("\ud800") is None
    assert made.allows("query")
    assert not made.allows("ingest")


def test_administrators_may_do_everything(tokens: TokenFile) -> None:
    _, made = tokens.add(("admin",))
    assert made.allows("query")
    assert made.allows("ingest")


def test_only_the_owner_can_read_the_file_and_it_holds_no_token(tokens: TokenFile) -> None:
    text, made = tokens.add(("query", "ingest"))
    assert stat.S_IMODE(tokens.path.stat().st_mode) == 0o600
    written = tokens.path.read_text()
    assert text not in written
    assert text.rpartition(".")[2] not in written
    assert made.id in written
    assert [p.name for p in tokens.path.parent.iterdir()] == ["sessions.db.tokens.json"]


def test_a_token_expires(tokens: TokenFile) -> None:
    moment = 4_000_000_000_000
    text, made = tokens.add(("query",), expires=moment)
    assert tokens.find(text, now=moment - 1) == made
    assert tokens.find(text, now=moment) is None
    with pytest.raises(BadToken, match="expired already"):
        tokens.add(("query",), expires=1)


def test_changes_of_others_are_seen(tokens: TokenFile) -> None:
    text, made = tokens.add(("query",), "a")
    other = TokenFile(tokens.path)
    assert other.find(text) == made
    again, _ = tokens.add(("ingest",), "b")
    assert other.find(again) is not None
    assert tokens.revoke("a") == made
    assert other.find(text) is None
    assert other.find(again) is not None


def test_what_cannot_be_revoked(tokens: TokenFile) -> None:
    tokens.add(("query",), "same")
    _, made = tokens.add(("query",), "same")
    with pytest.raises(BadToken, match="several"):
        tokens.revoke("same")
    with pytest.raises(BadToken, match="no token"):
        tokens.revoke("other")
    assert tokens.revoke(made.id) == made


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 2, "tokens": []}', "\xff"])
def test_a_damaged_file_lets_nobody_in(tokens: TokenFile, text: str) -> None:
    tokens.path.write_bytes(text.encode("latin-1"))
    with pytest.raises(StoreError, match="cannot be used"):
        tokens.find("x")


def test_on_the_command_line(store: Path) -> None:
    run = run_token
    made = run("add", str(store), "--scope", "ingest", "--label", "plant", "--expires", "90d")
    assert made.returncode == 0, made.stderr
    assert CLIENTS_CHECK.fullmatch(made.stdout.strip())
    listed = json.loads(run("list", str(store), "--format", "json").stdout)
    assert [(entry["label"], entry["scopes"]) for entry in listed] == [("plant", "ingest")]
    assert made.stdout.strip().rpartition(".")[2] not in json.dumps(listed)
    assert run("add", str(store), "--expires", "soon").returncode == 2
    assert run("revoke", str(store), "nobody").returncode == 1
    assert run("revoke", str(store), "plant").returncode == 0
    assert json.loads(run("list", str(store), "--format", "json").stdout) == []


def test_tokens_and_rejected_lines_in_a_folder_of_their_own(store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kept" / "here"
    done = run_token("add", store, "--scope", "ingest", "--data", folder)
    sent = {"Authorization": f"Bearer {done.stdout.strip()}", "Content-Type": "application/json"}
    with serving(store, "--data", folder) as server:
        assert server.send("/ingest", "PUT", body=b"{}").status == 401
        assert server.send("/ingest", "PUT", sent, b"not json").status == 400
    assert sorted(path.name for path in folder.iterdir()) == [
        "sessions.db.rejects.ndjson",
        "sessions.db.tokens.json",
    ]
    assert not list(store.parent.glob("*.tokens.json"))
    listed = run_token("list", store, "--data", folder, "--format", "json")
    assert json.loads(listed.stdout)[0]["scopes"] == "ingest"


def test_a_store_without_a_folder_needs_one_to_be_named(tmp_path: Path) -> None:
    url = "clickhouse://nobody.invalid/usql"
    refused = run_token("list", url)
    assert refused.returncode == 3
    assert "--data FOLDER" in refused.stderr
    assert run_token("list", url, "--data", tmp_path).returncode == 0
    assert "in memory" in run_token("list", ":memory:").stderr


def run_token(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("token", *arguments),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_a_running_server_learns_of_them(store: Path) -> None:
    target = "/api/schema"
    with serving(store) as server:
        assert server.send(target).status == 200
        text = token(store, "query", label="x")
        assert server.send(target).status == 401
        header = {"Authorization": f"Bearer {text}"}
        assert server.send(target, headers=header).status == 200
        token(store, "query")  # else revoking the last one would open the server again
        TokenFile.beside(store).revoke("x")
        assert server.send(target, headers=header).status == 401
