"""Whatever order, partition or repetition rows come in, the store is the same, field by field."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import usql
from usql.events.cutting import Cutting
from usql.events.mapping import EventMapping
from usql.layout import default_layout
from usql.store.sqlite_store import open_reader

MINUTE = 60_000
START = 1_772_323_200_000
COLUMNS = ("user", "time", "name", "took", "sid", "kind", "geo", "app", "size", "err")
Record = tuple[str, ...]

MAPPING = EventMapping(
    user="user",
    time="time",
    name="name",
    duration="took",
    type="kind",
    error="err",
    session_id="sid",
    fields={"usersession.country": "geo", "usersession.applicationType": "app"},
    cutting=Cutting(
        gap=30 * MINUTE, mobile_gap=10 * MINUTE, max_duration=120 * MINUTE, max_actions=4
    ),
)


def _file(rows: Sequence[Record], columns: Sequence[str] = COLUMNS) -> io.BytesIO:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return io.BytesIO(text.getvalue().encode())


def _content(db: usql.Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all relations, a session named by its identity, and the raw rows."""
    with closing(open_reader(db._location)) as connection:  # type: ignore[arg-type]
        identity = {
            number: (name, start)
            for number, name, start in connection.execute(
                'SELECT _session, "userSessionId", "startTime" FROM usersession'
            )
        }
        content = {}
        for relation in default_layout().relations:
            rows = connection.execute(f'SELECT * FROM "{relation.name}"').fetchall()
            content[relation.name] = sorted(
                ((identity[row[0]], *row[1:]) for row in rows), key=repr
            )
        for table in ("usql_property", "usql_event", "usql_event_column", "usql_event_setting"):
            content[table] = sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)
        marks = connection.execute("SELECT * FROM usql_event_session").fetchall()
        by_name = sqlite3_columns(connection, "usql_event_session").index("session")
        content["marks"] = sorted(
            ((identity[row[by_name]], *row[:by_name], *row[by_name + 1 :]) for row in marks),
            key=repr,
        )
    return content


def sqlite3_columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def _import(*files: Sequence[Record], mapping: EventMapping = MAPPING) -> dict[str, Any]:
    with usql.connect() as db:
        for rows in files:
            db.import_events(_file(rows), mapping=mapping, strict=True)
        return _content(db)


_ROWS = st.tuples(
    st.sampled_from(["ann", "bob", "eve", "joe", "sam", "Zoë"]),
    st.integers(0, 40).map(lambda step: str(START + step * 5 * MINUTE)),
    st.sampled_from(["Home", "Search", "Pay"]),
    st.sampled_from(["", "1500", "900000"]),
    st.sampled_from(["", "", "s1"]),
    st.sampled_from(["", "page_view", "rage_click", "crash", "buy"]),
    st.sampled_from(["", "Austria", "Peru"]),
    st.sampled_from(["", "", "MOBILE_APPLICATION"]),
    st.sampled_from(["", "1", "2.5", "2026-03-01", "big"]),
    st.sampled_from(["", "", "0", "503", "Boom"]),
)


@st.composite
def _parted(draw: st.DrawFn) -> tuple[list[Record], list[list[Record]]]:
    """Draw different rows, and the same rows in several files that may overlap, in any order."""
    rows = draw(st.lists(_ROWS, min_size=1, max_size=14, unique=True))
    count = draw(st.integers(1, 4))
    homes = draw(
        st.lists(
            st.sets(st.integers(0, count - 1), min_size=1, max_size=2),
            min_size=len(rows),
            max_size=len(rows),
        )
    )
    files = [
        draw(st.permutations([r for r, at in zip(rows, homes, strict=True) if number in at]))
        for number in range(count)
    ]
    return rows, [file for file in files if file]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_parted())
def test_any_partition_in_any_order_gives_the_same_store(
    drawn: tuple[list[Record], list[list[Record]]],
) -> None:
    rows, files = drawn
    assert _import(*files) == _import(rows)


@settings(max_examples=15, deadline=None)
@given(st.lists(_ROWS, min_size=1, max_size=15), st.randoms())
def test_a_file_again_and_in_another_order_changes_nothing(rows: list[Record], random: Any) -> None:
    # Rows may be equal here: within a file, each counts.
    again = list(rows)
    random.shuffle(again)
    assert _import(rows, again) == _import(rows)


def _sessions(*files: Sequence[Record]) -> list[tuple[Any, ...]]:
    with usql.connect() as db:
        for rows in files:
            db.import_events(_file(rows, ("user", "time", "name")), strict=True)
        return db.query(
            "SELECT startTime, userActionCount, newUser, endReason FROM usersession"
            " ORDER BY startTime"
        ).rows


def _row(minute: float, name: str = "Home", user: str = "ann") -> Record:
    return (user, str(START + int(minute * MINUTE)), name)


def test_a_late_row_joins_the_session_it_belongs_to() -> None:
    assert _sessions([_row(0), _row(10)], [_row(5)]) == [(START, 3, True, "TIMEOUT")]


def test_a_late_row_between_two_sessions_merges_them() -> None:
    apart = [_row(0), _row(50)]
    assert len(_sessions(apart)) == 2
    assert _sessions(apart, [_row(25)]) == [(START, 3, True, "TIMEOUT")]


def test_a_late_row_parts_a_session_that_becomes_too_long() -> None:
    many = [_row(i / 60) for i in range(1, 201)]
    assert [row[1] for row in _sessions(many)] == [200]
    parted = _sessions(many, [_row(0)])
    assert [row[1:] for row in parted] == [
        (200, True, "USER_ACTION_LIMIT"),
        (1, False, "TIMEOUT"),
    ]


def test_an_earlier_session_makes_a_later_one_that_of_a_known_user() -> None:
    later = [_row(24 * 60)]
    assert _sessions(later)[0][2] is True
    assert [row[2] for row in _sessions(later, [_row(0)])] == [True, False]


def test_equal_rows_count_within_a_file_and_not_across_files() -> None:
    assert _sessions([_row(0), _row(0)])[0][1] == 2
    assert _sessions([_row(0)], [_row(0)])[0][1] == 1
    assert _sessions([_row(0)], [_row(0), _row(0)])[0][1] == 2
    assert _sessions([_row(0), _row(0)], [_row(0)])[0][1] == 2


def test_another_mapping_makes_something_else_of_the_same_rows() -> None:
    rows = [("ann", str(START), "Home", "bob")]
    columns = ("user", "time", "name", "visitor")
    with usql.connect() as db:
        db.import_events(_file(rows, columns))
        again = db.import_events(_file(rows, columns), mapping=EventMapping(user="visitor"))
        assert (again.new_rows, again.sessions, again.removed) == (1, 1, 1)
        assert db.query("SELECT userId, stringProperties FROM usersession").rows[0][0] == "bob"


def test_a_column_gets_wider_with_its_values() -> None:
    columns = ("user", "time", "name", "size")
    with usql.connect() as db:
        db.import_events(_file([(*_row(0), "1")], columns))
        db.import_events(_file([(*_row(1), "2.5")], columns))
        query = "SELECT doubleProperties.size FROM useraction ORDER BY startTime"
        assert db.query(query).rows == [(1.0,), (2.5,)]
        assert _content(db)["usql_property"] == [("useraction", "doubleProperties", "size")]
        db.import_events(_file([(*_row(2), "big")], columns))
        assert db.query("SELECT stringProperties.size FROM useraction").rows == [
            ("big",),
            ("2.5",),
            ("1",),
        ]


def test_other_limits_cut_all_sessions_anew() -> None:
    with usql.connect() as db:
        db.import_events(_file([_row(0), _row(20)], COLUMNS[:3]))
        short = EventMapping(cutting=Cutting(gap=10 * MINUTE))
        db.import_events(_file([_row(0, user="bob")], COLUMNS[:3]), mapping=short)
        assert db.query("SELECT COUNT(*) FROM usersession WHERE userId = 'ann'").rows == [(2,)]
        # The store keeps its limits.
        db.import_events(_file([_row(0, user="eve"), _row(20, user="eve")], COLUMNS[:3]))
        assert db.query("SELECT COUNT(*) FROM usersession WHERE userId = 'eve'").rows == [(2,)]


def test_sessions_of_exports_make_a_user_known() -> None:
    with usql.connect() as db:
        db.import_sessions([{"userSessionId": "x", "startTime": START, "userId": "ann"}])
        db.import_events(_file([_row(60), _row(60, user="bob")], COLUMNS[:3]))
        db.import_events(_file([_row(300)], COLUMNS[:3]))
        query = "SELECT userId, newUser FROM usersession WHERE userActionCount > 0"
        assert sorted(db.query(query).rows) == [("ann", False), ("ann", False), ("bob", True)]


def test_a_deleted_session_takes_its_rows_along(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    with usql.connect(store) as db:
        db.import_events(_file([_row(0), _row(1), _row(600)], COLUMNS[:3]))
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute('DELETE FROM usersession WHERE "startTime" = ?', (START,))
        assert connection.execute("SELECT time FROM usql_event").fetchall() == [
            (START + 600 * MINUTE,)
        ]
    with usql.connect(store) as db:
        db.import_events(_file([_row(5)], COLUMNS[:3]))
        counts = db.query("SELECT userActionCount FROM usersession ORDER BY startTime").rows
        assert counts == [(1,), (1,)]


def test_a_forgotten_person_leaves_no_row_behind(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    with usql.connect(store) as db:
        db.import_events(_file([_row(0, "Secret page"), _row(600, user="bob")], COLUMNS[:3]))
        db.delete(user="ann")
    assert b"Secret page" not in store.read_bytes()
    with closing(sqlite3.connect(store)) as connection:
        assert connection.execute("SELECT user FROM usql_event").fetchall() == [("bob",)]


def test_an_import_that_is_interrupted_leaves_the_store_as_it_was() -> None:
    def interrupt(progress: Any) -> None:
        if progress.doing == "writing":
            raise KeyboardInterrupt

    with usql.connect() as db:
        db.import_events(_file([_row(0)], COLUMNS[:3]))
        before = _content(db)
        late = _file([_row(5), _row(600, user="bob")], COLUMNS[:3])
        with pytest.raises(KeyboardInterrupt):
            db.import_events(late, progress=interrupt)
        assert _content(db) == before
        late.seek(0)
        db.import_events(late)
        assert db.query("SELECT COUNT(*) FROM useraction").rows == [(3,)]


def test_a_strict_import_that_fails_leaves_the_store_as_it_was() -> None:
    with usql.connect() as db:
        db.import_events(_file([_row(0)], COLUMNS[:3]))
        before = _content(db)
        with pytest.raises(usql.UsqlError, match="line 3: time: 'soon' is not a time"):
            db.import_events(_file([_row(5), ("ann", "soon", "Home")], COLUMNS[:3]), strict=True)
        assert _content(db) == before


def test_a_dry_run_writes_nothing() -> None:
    with usql.connect() as db:
        db.import_events(_file([_row(0), _row(50)], COLUMNS[:3]))
        before = _content(db)
        tried = db.import_events(_file([_row(25), _row(0, user="bob")], COLUMNS[:3]), dry_run=True)
        assert (tried.sessions, tried.replaced, tried.removed) == (1, 1, 1)
        assert _content(db) == before
