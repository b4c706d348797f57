"""Sessions get in once, whole and in order; what is wrong is put aside with a reason."""

import gzip
import io
import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import zstandard

from usql.errors import BadData, StoreError
from usql.layout import default_layout
from usql.store import importer, ndjson, packing, shapes, sqlite_schema, sqlite_store
from usql.store.checking import check_store
from usql.store.documents import documents
from usql.store.importer import Progress, import_files, import_sessions
from usql.store.places import place_of
from usql.store.sqlite_store import (
    Location,
    open_reader,
    open_writer,
    property_keys,
    session_range,
    start_range,
    transaction,
)

GOOD = b'{"userSessionId": "good", "startTime": 1}\n'


def session(name: str = "s", start: Any = 1000, **fields: Any) -> dict[str, Any]:
    return {"userSessionId": name, "startTime": start, **fields}


def line(name: str = "s", start: Any = 1000, **fields: Any) -> bytes:
    return json.dumps(session(name, start, **fields)).encode() + b"\n"


@pytest.fixture
def location(tmp_path: Path) -> Location:
    return Location.of(tmp_path / "store.db")


def rows(location: Location, query: str) -> list[tuple[Any, ...]]:
    with closing(open_reader(location)) as reader:
        return reader.execute(query).fetchall()


def everything(location: Location) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables that hold data."""
    names = [relation.name for relation in default_layout().relations]
    return {name: rows(location, f"SELECT * FROM {name} ORDER BY 1, 2") for name in names}


def exported(location: Location) -> list[dict[str, Any]]:
    """All sessions in the export format, in no order of the store's."""
    with closing(open_reader(location)) as reader:
        numbers = [number for (number,) in reader.execute("SELECT _session FROM usersession")]
        found = documents(reader, default_layout(), numbers)
    return sorted(found.values(), key=lambda d: (str(d["userSessionId"]), d["startTime"]))


def rejected(location: Location) -> list[dict[str, Any]]:
    path = Path(f"{location}.rejects.ndjson")
    return [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []


def imported(location: Location, content: bytes | bytearray) -> importer.ImportSummary:
    return import_files(location, [io.BytesIO(content)])


# What rows sessions become


def test_values_land_in_the_columns_of_their_fields(location: Location) -> None:
    action = {"name": "pay", "duration": 5, "cumulativeLayoutShift": 2, "hasCrash": True}
    given = session(
        city="Linz", carrier="A1", bounce=False, screenWidth=800.0, userActions=[action]
    )
    import_sessions(location, [given], strict=True)
    assert rows(location, "SELECT city, bounce FROM usersession") == [("Linz", 0)]
    assert rows(location, "SELECT carrier, screenWidth FROM usersession_detail") == [("A1", 800)]
    assert rows(location, "SELECT name, duration FROM useraction") == [("pay", 5)]
    details = rows(location, "SELECT cumulativeLayoutShift, hasCrash FROM useraction_detail")
    assert details == [(2.0, 1)]


def test_lists_and_properties_are_rows_of_their_own(location: Location) -> None:
    given = session(
        matchingConversionGoals=["b", "a"],
        stringProperties=[{"key": "k", "value": "v"}, {"key": "none", "value": None}],
        userActions=[{}, {"dateProperties": {"due": "1970-01-01T01:00:00.5+01:00"}}],
    )
    import_sessions(location, [given], strict=True)
    goals = rows(location, "SELECT * FROM usersession_matchingConversionGoals ORDER BY 2")
    assert goals == [(1, 0, "b"), (1, 1, "a")]
    assert rows(location, "SELECT * FROM usersession_stringProperties") == [(1, "k", "v")]
    assert rows(location, "SELECT * FROM useraction_dateProperties") == [(1, 1, "due", 500)]


def test_secondary_rows_rank_by_start_then_arrival_those_without_last(location: Location) -> None:
    starts = [("c", 9), ("none", None), ("a", 3), ("b", 3)]
    actions = [{"name": name, "startTime": start} for name, start in starts]
    import_sessions(location, [session(userActions=actions)], strict=True)
    ranked = (
        "SELECT _position, name, _arrival"
        " FROM useraction JOIN useraction_detail USING (_session, _position)"
    )
    assert rows(location, ranked) == [(0, "a", 2), (1, "b", 3), (2, "c", 0), (3, "none", 1)]


def test_addresses_sort_and_read_well_and_keep_their_spelling(location: Location) -> None:
    ips = ["10.0.0.9", "10.0.0.10", "2001:DB8::0", "10.0.0.xxx"]
    import_sessions(location, [session(ip, ip=ip) for ip in ips], strict=True)
    query = "SELECT ip_text, _extra ->> 'ip' FROM usersession_detail ORDER BY ip"
    assert rows(location, query) == [
        ("10.0.0.9", None),
        ("10.0.0.10", None),
        ("2001:db8::", "2001:DB8::0"),
        ("10.0.0.xxx", None),
    ]


ACTION = {"startTime": 1200, "endTime": 1500}


@pytest.mark.parametrize(
    ("fields", "derived"),
    [
        ({}, (1000, 0, 0, 1)),
        ({"userActions": [ACTION]}, (1500, 500, 1, 1)),
        ({"userActions": [ACTION, {"startTime": 1900}]}, (1900, 900, 2, 0)),
        ({"userActions": [{"startTime": 1300, "duration": 50}]}, (1350, 350, 1, 1)),
        ({"userActions": [{"startTime": 1, "endTime": 2}]}, (1000, 0, 1, 1)),
        ({"duration": 70, "userActions": [ACTION]}, (1070, 70, 1, 1)),
        ({"endTime": 3000, "userActions": [ACTION]}, (3000, 2000, 1, 1)),
        ({"userActionCount": 12, "userActions": [ACTION]}, (1500, 500, 12, 0)),
        ({"endTime": 1, "duration": 2, "userActionCount": 3, "bounce": True}, (1, 2, 3, 1)),
        ({"duration": 2**63 - 1}, (None, 2**63 - 1, 0, 1)),
    ],
)
def test_what_follows_from_the_actions_is_filled_in(
    fields: dict[str, Any], derived: tuple[Any, ...], location: Location
) -> None:
    import_sessions(location, [session(**fields)], strict=True)
    found = rows(location, "SELECT endTime, duration, userActionCount, bounce FROM usersession")
    assert found == [derived]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "not an object"),
        ("text", "not an object"),
        ({}, "userSessionId: missing"),
        ({"userSessionId": None, "startTime": 1}, "userSessionId: missing"),
        ({"userSessionId": "s"}, "startTime: missing"),
        (session(1.5), "userSessionId: expected text, got 1.5"),
        (session(2**64), "userSessionId: expected text, got a number of more than 64 bits"),
        (session(city=1), "city: expected text, got 1"),
        (session(bounce=1), "bounce: expected true or false, got 1"),
        (session(duration=True), "duration: expected a whole number, got true"),
        (session(duration=1.5), "duration: expected a whole number, got 1.5"),
        (
            session(duration=2**63),
            "duration: expected a whole number, got a number of more than 64 bits",
        ),
        (
            session(start=-(2**63) - 1),
            "startTime: expected a whole number, got a number of more than 64 bits",
        ),
        (
            session(start="1622107543233"),
            'startTime: expected a number of ms or an ISO time, got "1622107543233"',
        ),
        (
            session(start="2024-02-30"),
            'startTime: expected a number of ms or an ISO time, got "2024-02-30"',
        ),
        (session(userActions={}), "userActions: expected a list, got an object"),
        (session(events=[{}, 5]), "events[1]: expected an object, got 5"),
        (session(errors=[{"type": []}]), "errors[0].type: expected text, got a list"),
        (
            session(userActions=[{}, {}, {}, {"duration": "12"}]),
            'userActions[3].duration: expected a whole number, got "12"',
        ),
        (
            session(userActions=[{"cumulativeLayoutShift": "x" * 99}]),
            'userActions[0].cumulativeLayoutShift: expected a number, got "' + "x" * 39 + "…",
        ),
        (
            session(matchingConversionGoals="a"),
            'matchingConversionGoals: expected a list, got "a"',
        ),
        (
            session(matchingConversionGoals=["a", 1]),
            "matchingConversionGoals[1]: expected text, got 1",
        ),
        (session(longProperties=""), 'longProperties: expected a list or an object, got ""'),
        (session(longProperties={"a": "1"}), 'longProperties.a: expected a whole number, got "1"'),
        (session(numTags={"a": "1"}), 'doubleProperties.a: expected a number, got "1"'),
        (
            session(userActions=[{"stringProperties": [{"value": "1"}]}]),
            "userActions[0].stringProperties[0].key: expected text, got null",
        ),
        (
            session(stringProperties=["a"]),
            'stringProperties[0]: expected an object with key and value, got "a"',
        ),
        (
            session(longProperties={"a": 2**63}),
            "longProperties.a: expected a whole number, got a number of more than 64 bits",
        ),
    ],
)
def test_what_is_wrong_is_put_aside_with_the_path_to_it(
    document: Any, reason: str, location: Location
) -> None:
    content = GOOD + json.dumps(document).encode() + b"\n"
    summary = imported(location, content)
    assert (summary.sessions, summary.rejected) == (1, 1)
    (entry,) = rejected(location)
    assert entry == {
        "file": "<stream>",
        "line": 2,
        "byte": len(GOOD),
        "reason": reason,
        "text": json.dumps(document),
    }


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


def test_depth_is_capped_at_64_levels_whatever_holds_them(location: Location) -> None:
    fine = [session("a", new=nested(63)), session("b", userActions=[{"new": nested(61)}])]
    deep = [session("c", new=nested(64)), session("d", userActions=[{"new": nested(62)}])]
    summary = import_sessions(location, fine + deep)
    assert (summary.sessions, summary.rejected) == (2, 2)
    assert [entry["reason"] for entry in rejected(location)] == [
        "new: nested deeper than 64 levels",
        "userActions[0].new: nested deeper than 64 levels",
    ]


# What streams may hold


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"nonsense", "not JSON"),
        (b'{"userSessionId": "s", "startTime": 1', "not JSON"),
        (b'{"userSessionId": "s", "startTime": NaN}', "not JSON"),
        (b'{"userSessionId": "s", "startTime": 1e999}', "not JSON"),
        (b'{"userSessionId": "s", "startTime": 1, "city": "\\ud800"}', "not JSON"),
        (b'{"userSessionId": "\xff", "startTime": 1}', "not UTF-8"),
        (b'{"userSessionId": "\xed\xa0\x80", "startTime": 1}', "not UTF-8"),
        (b'{"a":' + b"[" * 100_000, "nested deeper than 64 levels"),
        (b'{"a":' + b"9" * 5_000 + b"}", ""),
    ],
)
def test_a_line_that_cannot_be_read_does_not_stop_the_others(
    bad: bytes, reason: str, location: Location
) -> None:
    summary = imported(location, bad + b"\n" + GOOD)
    assert (summary.sessions, summary.rejected) == (1, 1)
    (entry,) = rejected(location)
    assert entry["line"] == 1
    assert entry["reason"].startswith(reason)
    assert len(entry["text"]) <= 10_000


@pytest.mark.parametrize(
    "content",
    [
        line(),
        line().strip(),
        b"\xef\xbb\xbf" + line(),
        b"\r\n \n" + line().replace(b"\n", b"\r\n") + b"\n\n",
        b'{ "index" : { "_id" : "1" } }\n' + line(),
        b'{"create":{}}\n' + line() + b'{"delete":{"_id":"x"}}\n{"update": {}}\n',
        gzip.compress(line(), mtime=0),
        gzip.compress(b"\n", mtime=0) + gzip.compress(line(), mtime=0),
    ],
)
def test_wrappings_are_passed_over(content: bytes, location: Location) -> None:
    summary = imported(location, content)
    assert (summary.sessions, summary.rejected) == (1, 0)


def test_a_session_that_has_a_field_called_index_is_no_header(location: Location) -> None:
    imported(location, b'{"index": {"a": 1}, "userSessionId": "s", "startTime": 1}')
    assert [document["index"] for document in exported(location)] == [{"a": 1}]


def archive() -> tuple[list[bytes], bytearray]:
    dice = random.Random(1)
    lines = [line(str(number), padding=dice.randbytes(500).hex()) for number in range(2000)]
    return lines, bytearray(gzip.compress(b"".join(lines)))


def test_an_archive_that_is_cut_off_keeps_what_came_before(location: Location) -> None:
    lines, packed = archive()
    summary = imported(location, packed[: len(packed) // 2])
    (entry,) = rejected(location)
    assert 100 < summary.sessions < 2000
    assert entry["line"] == summary.sessions + 1
    assert entry["byte"] >= sum(map(len, lines[: summary.sessions]))
    assert entry["reason"] == "the archive is cut off"


def test_a_damaged_archive_keeps_what_came_before(location: Location) -> None:
    _, packed = archive()
    middle = len(packed) // 2
    packed[middle : middle + 1000] = bytes(1000)
    assert imported(location, packed).sessions > 100
    assert rejected(location)[-1]["reason"].startswith("the archive is damaged")


def zstd(data: bytes | bytearray, level: int = 3) -> bytes:
    return zstandard.ZstdCompressor(level=level).compress(bytes(data))


def test_zstd_is_unpacked_frame_by_frame(location: Location) -> None:
    lines, _ = archive()
    half = sum(map(len, lines[:1000])) + 77  # within a line
    whole = b"".join(lines)
    summary = imported(location, zstd(whole[:half]) + zstd(whole[half:], 19))
    assert (summary.sessions, summary.rejected) == (2000, 0)
    assert len(exported(location)) == 2000
    streamed = io.BytesIO()  # as a pipe packs: its length is not known beforehand
    with zstandard.ZstdCompressor().stream_writer(streamed, closefd=False) as writer:
        writer.write(whole)
    assert imported(location, streamed.getvalue()).replaced == 2000


def test_a_zstd_archive_that_is_cut_off_or_damaged_keeps_what_came_before(
    location: Location,
) -> None:
    lines, _ = archive()
    packed = bytearray(zstd(b"".join(lines)))
    summary = imported(location, packed[: len(packed) // 2])
    assert 100 < summary.sessions < 2000
    packed[len(packed) // 2 : len(packed) // 2 + 100_000] = b"\xff" * 100_000
    again = imported(location, packed)
    assert 100 < again.replaced < 2000
    cut, damaged = rejected(location)
    assert cut["reason"] == "the archive is cut off"
    assert damaged["reason"].startswith("the archive is damaged")


def test_without_its_library_zstd_says_what_to_install(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    assert imported(location, zstd(GOOD)).rejected == 1
    assert 'pip install "usql-engine[zstd]"' in rejected(location)[0]["reason"]


def test_a_zstd_archive_that_needs_much_memory_is_refused(location: Location) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=28, enable_ldm=True)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    assert imported(location, compressor.compress(GOOD) + compressor.flush()).rejected == 1
    assert "memory" in rejected(location)[0]["reason"]


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
@pytest.mark.parametrize("filling", [b"x", b"x" * 999 + b"\n"])
def test_a_bomb_is_not_unpacked(filling: bytes, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(GOOD) + pack(filling * (100_000_000 // len(filling)))
    *before, last = ndjson.lines(io.BytesIO(packed))
    assert before[0].data == GOOD
    assert "over 200 times" in (last.problem or "")
    assert last.byte < packing.MAX_RATIO * len(packed) + ndjson.MAX_LINE


def test_a_line_beyond_the_cap_is_passed_over(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ndjson, "MAX_LINE", 1000)
    longest = line("at the cap", city="").rstrip()
    longest = longest.replace(b'""', b'"' + b"x" * (999 - len(longest)) + b'"') + b"\n"
    assert len(longest) == 1000
    summary = imported(location, longest + line(city="x" * 5000) + GOOD)
    assert (summary.sessions, summary.rejected) == (2, 1)
    (entry,) = rejected(location)
    assert (entry["line"], entry["byte"], entry["reason"]) == (2, 1000, "longer than 1,000 bytes")


def test_a_line_of_too_many_values_is_not_decoded(location: Location) -> None:
    crowded = b'{"userSessionId":"s","startTime":1,"new":[' + b"[]," * 1_000_000 + b"0]}\n"
    summary = imported(location, crowded + GOOD)
    assert (summary.sessions, summary.rejected) == (1, 1)
    assert "values in one line" in rejected(location)[0]["reason"]


@pytest.mark.parametrize(
    ("start", "word"),
    [
        (b"PK\x03\x04", "zip"),
        ("\ufeff{".encode("utf-16-le"), "UTF-16"),
    ],
)
def test_other_formats_are_named(start: bytes, word: str, location: Location) -> None:
    assert imported(location, start + b"\n\n\n\n").rejected == 1
    assert word in rejected(location)[0]["reason"]


def test_standard_input_is_read(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line())))
    assert import_files(location, "-").sessions == 1


def test_a_file_that_is_open_stays_open(location: Location, tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(GOOD)
    with path.open("rb") as stream:
        assert import_files(location, [stream]).sessions == 1
        assert not stream.closed
    with path.open() as text, pytest.raises(BadData, match="open as text"):
        import_files(location, [text])  # type: ignore[list-item]


# Which files are read


def test_folders_and_patterns_stand_for_their_files(location: Location, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "deeper").mkdir(parents=True)
    for name in ("1.ndjson", "2.JSON", "3.jsonl", "deeper/4.ndjson", "notes.txt"):
        (folder / name).write_bytes(line(name))
    (folder / "5.ndjson.gz").write_bytes(gzip.compress(line("5")))
    assert import_files(location, [folder]).files == 5
    assert import_files(location, [folder / "[12]*"]).replaced == 2
    assert import_files(location, [folder / "notes.txt"]).sessions == 1


def test_an_import_does_not_read_its_own_rejects(tmp_path: Path) -> None:
    location = Location.of(tmp_path / "store.db")
    (tmp_path / "a.ndjson").write_bytes(GOOD + b"bad\n")
    for _ in range(2):
        summary = import_files(location, [tmp_path])
        assert (summary.files, summary.rejected) == (1, 1)
    assert summary.rejects_path == tmp_path / "store.db.rejects.ndjson"
    elsewhere = import_files(location, [tmp_path], rejects=tmp_path / "mine.ndjson")
    assert elsewhere.rejects_path == tmp_path / "mine.ndjson"
    assert import_files(location, [tmp_path], rejects=tmp_path / "mine.ndjson").files == 1


@pytest.mark.parametrize("missing", ["nowhere.ndjson", "nowhere/*.ndjson", "."])
def test_files_that_are_not_there_are_an_error_beforehand(
    missing: str, location: Location, tmp_path: Path
) -> None:
    given = tmp_path / "given" / "a.ndjson"
    given.parent.mkdir()
    given.write_bytes(GOOD)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadData, match=r"no such file|no files"):
        import_files(location, [given, tmp_path / "empty" / missing])
    assert location.path is not None
    assert not location.path.exists()


# Rows of many shapes


def odd_sessions(count: int) -> list[dict[str, Any]]:
    """Sessions of all sorts of fields, in all orders, some null, some spelled in other ways."""
    dice = random.Random(5)
    values = {
        "city": ["Linz", None],
        "carrier": ["A1", None],
        "bounce": [True, False, None],
        "screenWidth": [1, 2.0, None],
        "appVersion": ["1"],
        "replayStart": [1000, "1970-01-01T00:00:01Z"],
        "geolocationCountryName": ["Chad"],
        "country": ["Niger", None],
        "new": [[1], None],
        "matchingConversionGoals": [[], ["a"], None],
    }
    action = {"name": ["a"], "duration": [1, None], "cumulativeLayoutShift": [1, 0.5], "x": [{}]}

    def some(choices: dict[str, list[Any]]) -> dict[str, Any]:
        names = dice.sample(sorted(choices), dice.randrange(len(choices) + 1))
        return {name: dice.choice(choices[name]) for name in names}

    return [
        session(str(number), **some(values), userActions=[some(action) for _ in range(3)])
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("limit", "value"), [("_SHAPES_AT_MOST", 2), ("_NAMES_AT_MOST", 0), ("_TARGETS_AT_MOST", 3)]
)
def test_rows_are_the_same_however_few_shapes_are_kept(
    limit: str, value: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores = [Location.of(tmp_path / name) for name in ("many.db", "few.db")]
    import_sessions(stores[0], odd_sessions(300), strict=True)
    monkeypatch.setattr(shapes, limit, value)
    import_sessions(stores[1], odd_sessions(300), strict=True)
    assert everything(stores[0]) == everything(stores[1])
    (count,) = rows(stores[0], "SELECT count(screenWidth) FROM usersession_detail")[0]
    assert count == sum(one.get("screenWidth") is not None for one in odd_sessions(300))


def test_an_older_name_counts_where_the_newer_has_no_value(location: Location) -> None:
    older = {"geolocationCityName": "Linz"}
    given = [
        session("1", **older),
        session("2", city=None, **older),
        session("3", city="Linz", **older),
        session("4", **older, city="Wien"),
        session("5", geolocationCityName=None, city="Wien"),
    ]
    import_sessions(location, given, strict=True)
    query = "SELECT city, _extra FROM usersession JOIN usersession_detail USING (_session)"
    found = [
        (city, json.loads(extra).get("geolocationCityName"))
        for city, extra in rows(location, query)
    ]
    assert found == [("Linz", None)] * 3 + [("Wien", "Linz"), ("Wien", None)]


def test_names_of_any_length_are_not_kept_in_memory(location: Location) -> None:
    given = (session(str(number), **{str(number) * 30_000: 1}) for number in range(1000, 1200))
    tracemalloc.start()
    try:
        import_sessions(location, given, strict=True, batch_sessions=10)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12_000_000  # all names together have 24 MB


# Once, whole, in any order


def sample(count: int) -> list[dict[str, Any]]:
    return [
        session(
            f"s{number % 7}",
            number,
            tenantId=[None, "a"][number % 2],
            partNumber=[None, 0, 1][number % 3],
            userActions=[{"name": f"a{n}", "startTime": 100 - n} for n in range(number % 5)],
            stringProperties={f"k{number}": "v"},
        )
        for number in range(count)
    ]


def test_importing_twice_changes_nothing(location: Location) -> None:
    first = import_sessions(location, sample(50), strict=True)
    before = everything(location)
    second = import_sessions(location, sample(50), strict=True)
    assert (first.sessions, first.replaced, second.sessions, second.replaced) == (50, 0, 0, 50)
    assert everything(location) == before


def test_the_order_of_import_and_the_size_of_batches_change_nothing(tmp_path: Path) -> None:
    stores = []
    for number, batch in enumerate((1000, 1, 7)):
        given = sample(50)
        random.Random(number).shuffle(given)
        stores.append(Location.of(tmp_path / f"{number}.db"))
        import_sessions(stores[-1], given, strict=True, batch_sessions=batch)
    assert exported(stores[0]) == exported(stores[1]) == exported(stores[2])
    assert len(exported(stores[0])) == 50


@pytest.mark.parametrize("batch", [1, 1000])
def test_a_session_is_replaced_whole_and_the_last_one_wins(batch: int, location: Location) -> None:
    old = session(
        city="old", userActions=[{"name": "x"}, {"name": "y"}], stringProperties={"a": "1"}
    )
    new = session(country="new", userActions=[{"name": "z"}])
    summary = import_sessions(
        location, [session("before"), old, session("after"), new], batch_sessions=batch
    )
    assert (summary.sessions, summary.replaced) == (3, 1)
    assert exported(location)[2] == new
    assert rows(location, "SELECT count(*) FROM usersession_stringProperties") == [(0,)]


def test_a_batch_replaces_the_last_sessions_and_brings_new_ones(location: Location) -> None:
    import_sessions(location, [session("a"), session("b")])
    summary = import_sessions(location, [session("b", city="Linz"), session("c")])
    assert (summary.sessions, summary.replaced) == (1, 1)
    found = rows(location, "SELECT _session, userSessionId, city FROM usersession ORDER BY 1")
    assert found == [(1, "a", None), (2, "b", "Linz"), (3, "c", None)]


def test_a_replaced_session_keeps_its_number(location: Location) -> None:
    import_sessions(location, [session("a"), session("b"), session("c")])
    import_sessions(location, [session("b", city="Linz")])
    found = rows(location, "SELECT _session, userSessionId, city FROM usersession")
    assert found == [(1, "a", None), (2, "b", "Linz"), (3, "c", None)]


@pytest.mark.parametrize(
    "other", [{"tenantId": "t"}, {"partNumber": 0}, {"startTime": 1001}, {"userSessionId": "S"}]
)
def test_each_part_of_the_identity_counts(other: dict[str, Any], location: Location) -> None:
    assert import_sessions(location, [session(), session() | other]).sessions == 2


def test_a_numeric_session_id_is_the_same_as_its_text(location: Location) -> None:
    assert import_sessions(location, [session("17"), session(17)]).replaced == 1  # type: ignore[arg-type]
    assert exported(location) == [session(17)]  # type: ignore[arg-type]


def test_a_batch_ends_at_its_bytes_too(location: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "BATCH_BYTES", 5000)
    steps: list[Progress] = []
    given = [session(str(number), city="x" * 900) for number in range(20)]
    import_sessions(location, given, progress=steps.append)
    assert [step.sessions for step in steps] == [5, 10, 15, 20]
    assert steps[-1].bytes_read > 20 * 900


def test_what_the_store_knows_of_times_and_keys_is_kept_up_to_date(location: Location) -> None:
    action = {"startTime": 500, "stringProperties": {"b": "", "a": ""}}
    import_sessions(location, [session("a", 1000, endTime=2000, userActions=[action])])
    with closing(open_reader(location)) as reader:
        assert start_range(reader) == (1000, 1000)
        assert session_range(reader) == (1000, 2000)
        assert property_keys(reader, "useraction", "stringProperties") == ["a", "b"]
        assert property_keys(reader, "usersession", "stringProperties") == []
        import_sessions(location, [session("b", 10, endTime=20, events=[{"startTime": 9000}])])
        assert start_range(reader) == (10, 1000)
        assert session_range(reader) == (10, 2000)


def made_indexes(location: Location) -> set[str]:
    return {n for (n,) in rows(location, "SELECT name FROM sqlite_schema WHERE type = 'index'")}


ALL_INDEXES = {index.name for index in sqlite_schema.indexes(default_layout())}


@pytest.mark.parametrize("strict", [False, True])
def test_a_store_has_all_indexes_after_an_import_of_many_batches(
    strict: bool, location: Location
) -> None:
    import_sessions(location, sample(50), strict=strict, batch_sessions=10)
    assert made_indexes(location) >= ALL_INDEXES
    assert rows(location, "PRAGMA integrity_check") == [("ok",)]
    index = "useraction_by_startTime_duration"
    query = f"SELECT count(*) FROM useraction INDEXED BY {index} WHERE startTime > 0"
    assert rows(location, query) == [(len([n for n in range(50) for _ in range(n % 5)]),)]


def test_a_store_with_sessions_keeps_its_indexes_all_the_while(location: Location) -> None:
    import_sessions(location, [session("before")])
    missing: set[str] = set()
    import_sessions(
        location,
        sample(50),
        batch_sessions=10,
        progress=lambda step: missing.update(ALL_INDEXES - made_indexes(location)),
    )
    assert not missing


def test_an_import_that_breaks_off_leaves_all_indexes(location: Location) -> None:
    def stop(step: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_sessions(location, sample(50), batch_sessions=10, progress=stop)
    assert rows(location, "SELECT count(*) FROM usersession") == [(10,)]
    assert made_indexes(location) >= ALL_INDEXES
    with pytest.raises(BadData):
        import_sessions(
            Location.of(f"{location}.strict"), [*sample(50), {}], strict=True, batch_sessions=10
        )
    assert made_indexes(Location.of(f"{location}.strict")) >= ALL_INDEXES


def test_a_store_in_memory_takes_imports_and_no_rejects_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    location = Location.of(":memory:")
    summary = import_sessions(location, [session(), {}])
    assert (summary.sessions, summary.rejected, summary.rejects_path) == (1, 1, None)
    assert os.listdir(tmp_path) == []


def test_dictionaries_are_held_to_what_json_can_say(location: Location) -> None:
    summary = import_sessions(
        location,
        [session("a", city="\ud800"), session("b", new=object()), session("c", new=float("nan"))],
    )
    assert (summary.sessions, summary.rejected) == (1, 2)
    assert exported(location) == [session("c")]


def test_a_dry_run_counts_and_writes_nothing(location: Location, tmp_path: Path) -> None:
    assert location.path is not None
    content = b"".join(line(str(n)) for n in (1, 2, 3, 2)) + b"bad\n"
    first = import_files(location, [io.BytesIO(content)], dry_run=True, batch_sessions=1)
    assert (first.sessions, first.replaced, first.rejected) == (3, 1, 1)
    assert first.rejects_path is None
    assert os.listdir(tmp_path) == []
    imported(location, line("2"))
    before = everything(location), location.path.read_bytes()
    rejects = tmp_path / "bad.ndjson"
    again = import_files(location, [io.BytesIO(content)], dry_run=True, rejects=rejects)
    assert (again.sessions, again.replaced, again.rejected) == (2, 2, 1)
    assert (everything(location), location.path.read_bytes()) == before
    assert len(rejects.read_text().splitlines()) == 1
    with pytest.raises(BadData):
        import_files(location, [io.BytesIO(content)], dry_run=True, strict=True)


def test_a_dry_run_counts_what_the_import_then_does(tmp_path: Path) -> None:
    for url in (tmp_path / "store.db", f"duckdb:{tmp_path / 'store.duckdb'}"):
        place = place_of(url)
        import_sessions(place, sample(30))
        would = import_sessions(place, sample(50) + sample(5), dry_run=True, batch_sessions=7)
        did = import_sessions(place, sample(50) + sample(5), batch_sessions=7)
        assert (would.sessions, would.replaced) == (did.sessions, did.replaced) == (20, 35)


def test_progress_knows_the_bytes_of_the_files_as_they_are(
    location: Location, tmp_path: Path
) -> None:
    lines, packed = archive()
    (tmp_path / "a.gz").write_bytes(packed)
    (tmp_path / "b.ndjson").write_bytes(b"".join(lines))
    total = len(packed) + sum(map(len, lines))
    steps: list[Progress] = []
    import_files(location, [tmp_path / "a.gz", tmp_path / "b.ndjson"], progress=steps.append)
    assert {step.packed_total for step in steps} == {total}
    read = [step.packed_read for step in steps]
    assert read == sorted(read)
    assert read[-1] == total
    assert len(packed) // 2 < read[0] < total
    import_files(location, [io.BytesIO(GOOD)], progress=steps.append)
    assert steps[-1].packed_total is None


# When something goes wrong


def test_strict_stops_at_the_first_bad_line_and_leaves_the_store_as_it_was(
    location: Location,
) -> None:
    import_sessions(location, sample(10))
    before = everything(location)
    content = b"".join(line(str(number)) for number in range(50)) + b"bad\n" + GOOD
    with pytest.raises(BadData, match="<stream>, line 51: not JSON"):
        import_files(location, [io.BytesIO(content)], strict=True, batch_sessions=10)
    assert everything(location) == before
    assert rejected(location) == []


def test_a_full_disk_leaves_the_store_as_before_the_batch(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_sessions(location, [session("before")])
    connect = sqlite_store._connect

    def on_a_small_disk(uri: str, patience: float) -> sqlite3.Connection:
        connection = connect(uri, patience)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 50}")
        return connection

    monkeypatch.setattr(sqlite_store, "_connect", on_a_small_disk)
    given = [session(str(number), carrier="x" * 2000) for number in range(1000)]
    with pytest.raises(StoreError, match="the disk is full"):
        import_sessions(location, given, batch_sessions=20)
    (count,) = rows(location, "SELECT count(*) FROM usersession")[0]
    assert count > 20
    assert count % 20 == 1
    assert rows(location, "PRAGMA integrity_check") == [("ok",)]


def test_a_store_that_another_writes_to_is_said_to_be_locked(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_writer(location)) as other, transaction(other):
        monkeypatch.setattr(sqlite_store, "WRITER_PATIENCE", 0.05)
        with pytest.raises(StoreError, match="is locked: another process is writing to it"):
            import_sessions(location, [session()])


def test_how_long_to_wait_for_another_writer_can_be_said(location: Location) -> None:
    with closing(open_writer(location)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is locked"):
            import_sessions(location, [session()], wait=0)
        end = threading.Timer(0.3, other.execute, ["COMMIT"])
        end.start()
        assert import_sessions(location, [session()], wait=20).sessions == 1
        end.join()


def test_readers_see_whole_sessions_only_while_an_import_goes_on(
    location: Location, tmp_path: Path
) -> None:
    """Each session has seven actions, whatever was replaced when; a reader never counts others."""
    actions = [{"name": f"a{n}", "startTime": n, "stringProperties": {"k": "v"}} for n in range(7)]
    source = tmp_path / "all.ndjson"
    source.write_bytes(b"".join(line(str(n), userActions=actions) for n in range(1000)))
    import_sessions(location, [session("before", userActions=actions)])
    script = (
        "import sys; from usql.store.importer import *; from usql.store.sqlite_store import *;"
        "import_files(Location.of(sys.argv[1]), [sys.argv[2]] * 2, batch_sessions=100)"
    )
    run = [sys.executable, "-c", script, str(location), str(source)]
    counts: set[tuple[int, ...]] = set()
    with subprocess.Popen(run) as process, closing(open_reader(location)) as reader:
        while process.poll() is None:
            (found,) = reader.execute(
                "SELECT (SELECT count(*) FROM usersession),"
                " (SELECT count(*) FROM usersession_detail), (SELECT count(*) FROM useraction),"
                " (SELECT count(*) FROM useraction_stringProperties)"
            ).fetchall()
            counts.add(found)
    assert process.returncode == 0
    assert len(counts) > 3
    assert {(n, n, 7 * n, 7 * n) for n, *_ in counts} == counts
    assert {n % 100 for n, *_ in counts} == {1}


def test_two_imports_at_once_take_turns(location: Location, tmp_path: Path) -> None:
    script = (
        "import sys; from usql.store.importer import *; from usql.store.sqlite_store import *;"
        "import_files(Location.of(sys.argv[1]), [sys.argv[2]], batch_sessions=50)"
    )
    running = []
    for part in range(2):
        source = tmp_path / f"{part}.ndjson"
        source.write_bytes(b"".join(line(str(n)) for n in range(part * 1000, part * 1000 + 1500)))
        running.append(subprocess.Popen([sys.executable, "-c", script, str(location), str(source)]))
    assert [process.wait() for process in running] == [0, 0]
    assert check_store(location, default_layout()).sound
    assert rows(location, "SELECT count(*) FROM usersession") == [(2500,)]
    assert made_indexes(location) >= ALL_INDEXES


def test_rejects_that_cannot_be_written_are_an_error(location: Location, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="rejected lines cannot be written to"):
        import_sessions(location, [{}], rejects=tmp_path / "nowhere" / "rejects.ndjson")


def test_an_import_that_is_killed_can_be_run_again(location: Location, tmp_path: Path) -> None:
    given = sample(3000)
    source = tmp_path / "all.ndjson"
    source.write_bytes(b"".join(json.dumps(each).encode() + b"\n" for each in given))
    script = (
        "import sys; from usql.store.importer import *; from usql.store.sqlite_store import *;"
        "import_files(Location.of(sys.argv[1]), [sys.argv[2]], batch_sessions=50,"
        " progress=lambda step: print(step.sessions, flush=True))"
    )
    run = [sys.executable, "-c", script, str(location), str(source)]
    for steps in (1, 20):
        with subprocess.Popen(run, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in itertools.islice(process.stdout, steps):
                pass
            process.send_signal(signal.SIGKILL)
        assert rows(location, "PRAGMA integrity_check") == [("ok",)]
        (count,) = rows(location, "SELECT count(*) FROM usersession")[0]
        assert 50 * steps <= count <= 3000
        assert count % 50 == 0
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    assert made_indexes(location) >= ALL_INDEXES
    whole = Location.of(tmp_path / "whole.db")
    import_files(whole, [source])
    assert exported(location) == exported(whole)
    assert len(exported(whole)) == 3000
