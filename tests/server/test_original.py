"""Requests exactly as known clients of the original send them, and the answers field by field."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import quote, quote_plus, urlencode

import pytest

import usql
from tests.server.servers import Server, serving, token
from tests.server.sessions import DAY, HOUR_MS, session

TABLE = "/api/v1/userSessionQueryLanguage/table"
TREE = "/api/v1/userSessionQueryLanguage/tree"
TIMES = f"startTimestamp={DAY - HOUR_MS}&endTimestamp={DAY + HOUR_MS}"
COUNTRIES = "SELECT country, COUNT(*) FROM usersession GROUP BY country"
BY_COUNTRY = {
    "extrapolationLevel": 1,
    "columnNames": ["country", "count(*)"],
    "values": [["Austria", 2], ["Spain", 1], ["null", 1]],
}


def table(server: Server, query: str, more: str = "") -> dict[str, object]:
    answer = server.send(f"{TABLE}?query={quote(query)}&{TIMES}{more}")
    assert answer.status == 200, answer.body
    return answer.json  # type: ignore[no-any-return]


def by_country(values: list[list[object]]) -> list[list[object]]:
    """Groups of one session each are in no order that matters here."""
    return sorted(values, key=lambda row: (-int(str(row[1])), str(row[0])))


@pytest.mark.parametrize(
    "written",
    [
        quote_plus(COUNTRIES),
        quote(COUNTRIES),
        quote(COUNTRIES, safe="(*),"),
        quote(quote(COUNTRIES, safe=""), safe=""),
        quote("SELECT country, COUNT(*)\r\nFROM usersession\tGROUP BY country"),
    ],
    ids=["plus", "percent", "percent-some", "twice", "white-space"],
)
@pytest.mark.parametrize("prefix", ["", "/e/1234abcd-12ab-34cd-56ef-1234567890ab"])
def test_spaces_as_clients_encode_them(server: Server, prefix: str, written: str) -> None:
    answer = server.send(f"{prefix}{TABLE}?query={written}&{TIMES}")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json | {"values": by_country(answer.json["values"])} == BY_COUNTRY


def test_a_percent_sign_in_a_query_stays(server: Server) -> None:
    found = table(server, 'SELECT COUNT(*) AS "a%20b" FROM usersession')
    assert found["columnNames"] == ["a%20b"]
    found = table(server, "SELECT SUM(duration)%20 AS n FROM usersession")
    assert found["values"] == [[10_000 % 20]]


def test_a_query_that_was_encoded_twice_in_part(server: Server) -> None:
    written = "SELECT%2520COUNT(*)+FROM+usersession%2520WHERE%20city%20=%20'Linz'"
    assert server.send(f"{TABLE}?query={written}&{TIMES}").json["values"] == [[1]]
    wrong = "SELECT%2520nothing+FROM%2520usersession"
    answer = server.send(f"{TABLE}?query={wrong}&{TIMES}")
    assert answer.status == 404
    assert "has no field nothing" in answer.json["error"]["message"]


def test_false_as_text_is_false(server: Server) -> None:
    found = table(server, COUNTRIES, "&explain=false&addDeepLinkFields=false&pageSize=5000")
    assert set(found) == {"extrapolationLevel", "columnNames", "values"}


def test_explain(server: Server) -> None:
    found = table(server, "SELECT city FROM usersession", "&explain=true&pageSize=2")
    assert found["explanations"] == ["only the first 2 rows are shown; write LIMIT for more"]
    assert table(server, COUNTRIES, "&explain=true")["explanations"] == []


def test_identity_of_plain_rows(server: Server) -> None:
    found = table(
        server,
        'SELECT name AS "n", duration FROM useraction WHERE duration > 150 ORDER BY duration',
        "&addDeepLinkFields=true",
    )
    assert found["columnNames"] == ["n", "duration"]
    assert found["values"] == [["Home", 200], ["Pay", 300]]
    assert found["additionalColumnNames"] == [
        "usersession.userSessionId",
        "usersession.startTime",
        "useraction.startTime",
        "useraction.name",
    ]
    assert found["additionalValues"] == [
        ["S2", DAY + 1000, DAY, "Home"],
        ["S1", DAY, DAY + 500, "Pay"],
    ]


def test_no_identity_of_groups(server: Server) -> None:
    found = table(server, COUNTRIES, "&addDeepLinkFields=true")
    assert found["columnNames"] == ["country", "count(*)"]
    assert found["additionalColumnNames"] == []
    assert found["additionalValues"] == [[], [], []]


def test_tree(server: Server) -> None:
    query = "SELECT country, city, SUM(duration) FROM usersession GROUP BY country, city"
    answer = server.send(f"{TREE}?query={quote_plus(query)}&{TIMES}")
    assert answer.json == {
        "extrapolationLevel": 1,
        "branchNames": ["country", "city"],
        "leafNames": ["sum(duration)"],
        "values": {
            "Austria": {"Linz": [1000], "Graz": [2000]},
            "Spain": {"Vigo": [3000]},
            "null": {"null": [4000]},
        },
    }


def test_tree_without_groups_is_the_list_of_rows(server: Server) -> None:
    answer = server.send(f"{TREE}?query=SELECT+city+FROM+usersession+ORDER+BY+startTime&{TIMES}")
    assert answer.json["branchNames"] == []
    assert answer.json["leafNames"] == ["city"]
    assert answer.json["values"] == [["Linz"], ["Graz"], ["Vigo"], [None]]


def test_shapes_of_values(server: Server) -> None:
    found = table(
        server,
        "SELECT startTime, stringProperties, useraction.name, country, region"
        " FROM usersession ORDER BY startTime LIMIT 1",
    )
    assert found["values"] == [
        [DAY, [{"key": "plan", "value": "pro"}], ["Home", "Pay"], "Austria", None]
    ]


def test_a_label_is_the_text_in_lower_case(server: Server) -> None:
    found = table(server, "SELECT AVG( Duration ), MAX(duration) AS Longest FROM usersession")
    assert found["columnNames"] == ["avg(duration)", "Longest"]
    assert found["values"] == [[2500, 4000]]


def test_a_funnel_is_one_row(server: Server) -> None:
    query = (
        'SELECT FUNNEL(useraction.name = "Home" AS "seen", useraction.name = "Pay" AS "paid")'
        " FROM usersession"
    )
    found = table(server, query)
    assert found["columnNames"] == ["seen", "paid"]
    assert found["values"] == [[2, 1]]


def test_no_result_has_its_columns(server: Server) -> None:
    found = table(server, "SELECT city, duration FROM usersession WHERE city = 'Rome'")
    assert found["columnNames"] == ["city", "duration"]
    assert found["values"] == []


def test_pages(server: Server) -> None:
    query = "SELECT userSessionId FROM usersession ORDER BY startTime"

    def page(more: str) -> object:
        return table(server, query, more)["values"]

    assert page("&pageSize=1&pageOffset=0") == [["S1"]]
    assert page("&pageSize=1&pageOffset=2") == [["S3"]]
    assert page("&pageSize=1000&pageOffset=0") == [["S1"], ["S2"], ["S3"], ["S4"]]
    assert page("&pageSize=5000&pageOffset=3") == [["S4"]]
    assert page("&pageSize=5000&pageOffset=5000") == []
    assert page("&pageOffset=1") == [["S2"], ["S3"], ["S4"]]
    limited = table(server, f"{query} LIMIT 3", "&pageSize=2&pageOffset=2")
    assert limited["values"] == [["S3"]]


def test_pages_go_past_5000_rows_and_limits_do_not(tmp_path: Path) -> None:
    store = tmp_path / "many.db"
    with usql.connect(store) as db:
        db.import_sessions(session(n, DAY + n) for n in range(5100))
    query = "SELECT userSessionId FROM usersession ORDER BY startTime"
    with serving(store) as server:
        past = table(server, query, "&pageSize=1000&pageOffset=5000")
        assert past["values"] == [[f"S{n}"] for n in range(5000, 5100)]
        cut = table(server, f"{query} LIMIT 6000", "&explain=true")
        assert len(cut["values"]) == 5000  # type: ignore[arg-type]
        assert cut["explanations"] == [
            "only the first 5000 rows are shown: LIMIT may not go beyond that here"
        ]


@pytest.mark.parametrize("times", ["", "&startTimestamp=0&endTimestamp=0", "&endTimestamp="])
def test_without_times_the_last_two_hours(tmp_path: Path, times: str) -> None:
    now = time.time_ns() // 1_000_000
    store = tmp_path / "sessions.db"
    with usql.connect(store) as db:
        db.import_sessions(
            [session(1, now - HOUR_MS), session(2, now - 3 * HOUR_MS), session(3, now + HOUR_MS)]
        )
    with serving(store) as server:
        answer = server.send(f"{TABLE}?query=SELECT+userSessionId+FROM+usersession{times}")
    assert answer.json["values"] == [["S1"]]


def test_offset_from_utc(server: Server) -> None:
    query = "SELECT DATETIME(startTime, 'HH:mm') FROM usersession LIMIT 1"
    assert table(server, query)["values"] == [["22:13"]]
    assert table(server, query, "&offsetUTC=90")["values"] == [["23:43"]]


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        (f"{TABLE}", 400, "the parameter query is missing"),
        (f"{TABLE}?query=", 400, "the parameter query is missing"),
        (f"{TABLE}?query=SELECT+city+FROM+usersession&pageSize=0", 400, "pageSize"),
        (f"{TABLE}?query=SELECT+city+FROM+usersession&pageSize=x", 400, "pageSize"),
        (f"{TABLE}?query=SELECT+city+FROM+usersession&pageOffset=-1", 400, "pageOffset"),
        (f"{TABLE}?query=SELECT+city+FROM+usersession&startTimestamp=1.5", 400, "startTimestamp"),
        (f"{TABLE}?query=SELECT+city+FROM+usersession&offsetUTC=99999", 400, "99999"),
        (f"{TABLE}?query=SELECT+c+FROM+usersession&startTimestamp=9&endTimestamp=8", 400, "before"),
        (
            f"{TREE}?query=SELECT+contry+FROM+usersession",
            404,
            "line 1, column 8: usersession has no field contry (hint: did you mean country?)",
        ),
        ("/api/v1/userSessionQueryLanguage/chart", 404, "nothing at this path"),
    ],
)
def test_errors(server: Server, target: str, status: int, said: str) -> None:
    answer = server.send(target)
    assert answer.status == status
    assert set(answer.json) == {"error"}
    assert answer.json["error"]["code"] == status
    assert said in answer.json["error"]["message"]


def test_unknown_parameters_are_ignored(server: Server) -> None:
    found = table(server, COUNTRIES, "&deepLink=1&from=grafana&_=1700000000")
    assert len(found["values"]) == 3  # type: ignore[arg-type]


# --- Tokens -------------------------------------------------------------------------------------


def test_tokens_where_clients_put_them(store: Path) -> None:
    asking, sending = token(store, "query"), token(store, "ingest")
    target = f"{TABLE}?query={quote_plus(COUNTRIES)}&{TIMES}"
    with serving(store) as server:
        for scheme in ("Api-Token", "Bearer", "api-token"):
            assert (
                server.send(target, headers={"Authorization": f"{scheme} {asking}"}).status == 200
            )
        for name in ("Api-Token", "api-token"):
            assert server.send(f"{target}&{urlencode({name: asking})}").status == 200
        missing = server.send(target)
        assert missing.status == 401
        assert missing.json["error"] == {"code": 401, "message": "a token is needed"}
        wrong = server.send(target, headers={"Authorization": f"Api-Token {asking[:-1]}2x"})
        assert wrong.status == 401
        lacking = server.send(target, headers={"Authorization": f"Api-Token {sending}"})
        assert lacking.status == 403
        assert "DTAQLAccess" in lacking.json["error"]["message"]
        assert server.stop() == 0
    assert server.log.count("/table status=200") + server.log.count("status=200") >= 5
    for secret in (asking, sending):
        assert secret not in server.log
        assert secret.rpartition(".")[2] not in server.log
    assert asking.split(".")[1] in server.log  # its public part tells who it was


@pytest.mark.parametrize("path", ["/api/v1/tokens/lookup", "/api/v2/apiTokens/lookup"])
def test_look_up_comes_first(store: Path, path: str) -> None:
    asking = token(store, "query", label="reports")
    other, admin = token(store, "ingest"), token(store, "admin")

    with serving(store) as server:

        def look_up(own: str, asked: str) -> object:
            answer = server.post(path, {"token": asked}, {"Authorization": f"Api-Token {own}"})
            return answer.json if answer.status == 200 else answer.status

        found = look_up(asking, asking)
        assert isinstance(found, dict)
        assert found["scopes"] == ["DTAQLAccess"]
        assert found["name"] == "reports"
        assert found["revoked"] is False
        assert "expires" not in found
        assert look_up(asking, other) == 403
        assert look_up("unknown", asking) == 401
        assert look_up(admin, "unknown") == 404
        of_other = look_up(admin, other)
        assert isinstance(of_other, dict)
        assert of_other["scopes"] == ["usql.ingest"]


def test_look_up_without_tokens_allows_all(server: Server) -> None:
    answer = server.post("/e/x/api/v1/tokens/lookup", {"token": "abc"})
    assert "DTAQLAccess" in answer.json["scopes"]
