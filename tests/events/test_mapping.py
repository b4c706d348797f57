from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from usql.errors import BadData
from usql.events.cutting import Cutting
from usql.events.mapping import EventMapping, target_of
from usql.events.recognise import Columns
from usql.experience import ApdexLimits, ExperienceRules

WHOLE = """
user = "uid"
time = "ts"
name = "page"
session-id = "sid"
zone = "Europe/Vienna"
time_unit = "ms"
skip = ["note"]

[fields]
usersession.country = "geo"
"useraction.serverTime" = "server"

[values]
usersession.applicationType = "MOBILE_APPLICATION"

[types]
view = "Load"

[sessions]
gap = "20m"
max_actions = "none"

[apdex]
satisfied = "2s"
tolerated = "8s"

[experience]
frustrated = 0.5
"""


def test_a_toml_file_says_all_that_python_can(tmp_path: Path) -> None:
    file = tmp_path / "mapping.toml"
    file.write_text(WHOLE)
    assert EventMapping.read(file) == EventMapping(
        user="uid",
        time="ts",
        name="page",
        session_id="sid",
        zone="Europe/Vienna",
        time_unit="ms",
        skip=("note",),
        fields={"usersession.country": "geo", "useraction.serverTime": "server"},
        values={"usersession.applicationType": "MOBILE_APPLICATION"},
        types={"view": "Load"},
        cutting=Cutting(gap=20 * 60_000, max_actions=None),
        apdex=ApdexLimits(2_000, 8_000),
        experience=ExperienceRules(frustrated=0.5),
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"usr": "a"}, "no member 'usr'"),
        ({"user": 5}, "user: expected a text"),
        ({"user": ""}, "user is required"),
        ({"fields": {"usersession": {"contry": "geo"}}}, "no field 'contry'"),
        ({"fields": {"country": "geo"}}, "'country' is no field"),
        ({"fields": {"usersession.userSessionId": "sid"}}, "cannot be mapped"),
        ({"fields": {"usersession.duration": "d"}}, "follows from the rows"),
        ({"fields": {"usersession.userActions": "d"}}, "is a list"),
        ({"fields": {"usersession.stringProperties": "d"}}, "lacks a key"),
        ({"fields": {"usersession.country.x": "d"}}, "has no keys"),
        ({"fields": {"usererror.name": "d"}}, "cannot be mapped"),
        ({"types": {"view": "Loads"}}, "cannot be 'Loads'"),
        ({"time_unit": "min"}, "time_unit cannot be 'min'"),
        ({"zone": "Europe/Wien"}, "no time zone"),
        ({"sessions": {"gap": "soon"}}, "sessions.gap: 'soon' is not a length"),
        ({"sessions": {"gap": 30}}, "not a length"),
        ({"sessions": {"max_actions": 0}}, "not a number of actions"),
        ({"sessions": {"pause": "3m"}}, "sessions has no 'pause'"),
        ({"apdex": {"satisfied": "none"}}, "no limit"),
        ({"experience": {"error": -1}}, "not negative"),
        ({"skip": "note"}, "expected a list"),
        ({"recognise": "no"}, "expected true or false"),
    ],
)
def test_what_a_mapping_cannot_say_is_refused(document: dict[str, Any], message: str) -> None:
    with pytest.raises(BadData, match=message):
        EventMapping.of(document)


def test_a_file_that_is_not_there_or_no_toml(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="cannot be read"):
        EventMapping.read(tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("user = ")
    with pytest.raises(BadData, match=r"bad\.toml is not TOML"):
        EventMapping.read(bad)


def test_options_go_over_a_file() -> None:
    file = EventMapping(
        user="a", time="b", fields={"usersession.city": "c", "usersession.country": "d"}
    )
    said = EventMapping(user="x", fields={"usersession.city": "y"})
    assert said.over(file) == EventMapping(
        user="x", time="b", fields={"usersession.city": "y", "usersession.country": "d"}
    )


def test_properties_are_named_as_in_queries() -> None:
    target = target_of("usersession.stringProperties.plan")
    assert (target.field.name, target.key) == ("stringProperties", "plan")


def _roles(*names: str, mapping: EventMapping | None = None) -> dict[str, str]:
    return Columns(names, mapping or EventMapping(), "a.csv").roles


def test_common_names_are_recognised() -> None:
    assert _roles("event_time", "event_type", "price", "user_id", "user_session") == {
        "user": "user_id",
        "time": "event_time",
        "name": "event_type",
        "session_id": "user_session",
    }
    assert _roles("User ID", "Timestamp", "Event", "type", "Page URL") == {
        "user": "User ID",
        "time": "Timestamp",
        "name": "Event",
        "type": "type",
    }


def test_what_is_said_goes_before_what_is_recognised() -> None:
    names = ("user_id", "visitor", "time", "event", "session_id")
    said = EventMapping(user="visitor", session_id="")
    assert _roles(*names, mapping=said) == {"user": "visitor", "time": "time", "name": "event"}


def test_columns_that_are_not_there() -> None:
    with pytest.raises(BadData, match="no column 'usr_id', named for user") as error:
        _roles("user_id", "time", "event", mapping=EventMapping(user="usr_id"))
    assert error.value.hint == "did you mean user_id?"
    with pytest.raises(BadData, match="recognised as the user or the name of a row") as error:
        _roles("when", "time", "what")
    assert error.value.hint == (
        "say which it is with --user COLUMN --name COLUMN; the columns are when, time, what"
    )


def test_nothing_is_recognised_where_that_is_unwanted() -> None:
    mapping = EventMapping(user="a", time="b", name="url", recognise=False)
    columns = Columns(["a", "b", "url", "country"], mapping, "a.csv")
    assert columns.targets("country") == ()
    assert columns.targets("url") == ("name",)
