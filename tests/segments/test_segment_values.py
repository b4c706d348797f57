"""Values of attributes with counts, and the commands ``usql segment``."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import usql
from usql import Segment, cli
from usql.errors import BadSegment, UnknownAttribute

SESSIONS = [
    {
        "userSessionId": str(number),
        "startTime": number,
        "country": country,
        "bounce": bounce,
        "totalErrorCount": errors,
        "stringProperties": [{"key": "plan", "value": plan}],
        "userActions": [{"name": name, "startTime": number} for name in names],
    }
    for number, country, bounce, errors, plan, names in (
        (1, "Austria", True, 0, "gold", "aab"),
        (2, "Austria", False, 2, "free", "a"),
        (3, "Spain", False, 1, "free", "b"),
        (4, None, False, 0, "free", ""),
    )
]


@pytest.fixture
def store(tmp_path: Path) -> str:
    with usql.connect(tmp_path / "s.db") as db:
        db.import_sessions(SESSIONS)
    return str(tmp_path / "s.db")


def counted(store: str, *arguments: str) -> list[tuple[object, int]]:
    with usql.connect(store) as db:
        return [(each.value, each.sessions) for each in db.segment_values(*arguments)]


def test_the_filters_of_the_attribute_itself_do_not_count(store: str) -> None:
    assert counted(store, "Country: Spain; Bounced: no", "Country") == [
        ("Austria", 1), ("Spain", 1), (None, 1),
    ]  # fmt: skip
    assert counted(store, "Country: Austria", "country") == [
        ("Austria", 2), ("Spain", 1), (None, 1),
    ]  # fmt: skip


def test_a_session_counts_once_for_each_of_its_values(store: str) -> None:
    assert counted(store, "Bounced: yes", "User action name") == [("a", 1), ("b", 1)]


def test_properties_need_their_key(store: str) -> None:
    assert counted(store, "", "String property", "plan") == [("free", 3), ("gold", 1)]
    with pytest.raises(BadSegment, match="String property has a key"):
        counted(store, "", "String property")
    with pytest.raises(BadSegment, match="Country has no key"):
        counted(store, "", "Country", "plan")
    with pytest.raises(UnknownAttribute):
        counted(store, "", "Contry")


def test_every_attribute_can_be_counted(store: str) -> None:
    with usql.connect(store) as db:
        for attribute in usql.segments.attributes():
            key = "plan" if attribute.keyed else ""
            for each in db.segment_values(Segment(), attribute.label, key):
                assert each.sessions <= 4


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["segment", *arguments])


def test_the_commands(store: str) -> None:
    assert run("add", store, "vip", "Country: Austria").exit_code == 0
    assert run("list", store, "--format", "csv").stdout == "name,segment\nvip,Country: Austria\n"
    assert run("show", store, "VIP").stdout == "Country: Austria\n"
    assert run("show", store, "vip", "--show-query").stdout == "country = 'Austria'\n"
    again = run("add", store, "vip", "Country: Spain")
    assert again.exit_code == 1
    assert "there is a segment 'vip' already" in again.stderr
    assert run("add", store, "vip", "Country: Spain", "--replace").exit_code == 0
    assert run("rename", store, "vip", "others").exit_code == 0
    assert run("show", store, "others").stdout == "Country: Spain\n"
    query = 'SELECT userSessionId FROM usersession WHERE IN SEGMENT "others"'
    asked = CliRunner().invoke(cli.main, ["query", store, query, "--format", "csv"])
    assert asked.stdout == "userSessionId\n3\n"
    assert run("remove", store, "others").exit_code == 0
    assert run("remove", store, "others").exit_code == 1


def test_values_on_the_command_line(store: str) -> None:
    found = run("values", store, "Country", "Bounced: no", "--format", "csv", "--show-query")
    assert found.stdout == "Country,sessions\nAustria,1\nSpain,1\n,1\n"
    assert found.stderr == (
        "SELECT country, COUNT(*) FROM usersession WHERE bounce = false"
        " GROUP BY country LIMIT 100\n"
    )
