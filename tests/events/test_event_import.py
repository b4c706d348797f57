"""Event logs in the styles that people have, end to end; expected values worked out by hand."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import usql
from usql.events.mapping import EventMapping
from usql.events.reading import Reading
from usql.experience import ApdexLimits

SAMPLES = Path(__file__).parents[1] / "data" / "events"
HOUR = 3_600_000
NOON = 1_772_366_400_000
"""2026-03-01T12:00:00Z."""


def _log(*lines: str) -> io.BytesIO:
    return io.BytesIO("\n".join(lines).encode())


def _db(*lines: str, mapping: EventMapping | None = None) -> usql.Database:
    db = usql.connect()
    db.import_events(_log(*lines), mapping=mapping, strict=True)
    return db


def test_a_shop_as_it_comes() -> None:
    with usql.connect() as db:
        summary = db.import_events(SAMPLES / "shop.csv", strict=True)
        assert (summary.rows, summary.sessions, summary.users) == (6, 4, 3)
        assert summary.times == "ISO with a zone"
        # The session of 541312140 goes on over a gap of 45 minutes, since it has an id.
        rows = db.query(
            "SELECT userId, userActionCount, duration, bounce, newUser,"
            " stringProperties.user_session FROM usersession WHERE userId = '541312140'"
            " ORDER BY startTime"
        ).rows
        assert rows == [
            ("541312140", 3, 2_790_000, False, True, "72d76fde-8bb3-4e00-8c23-a032dfed738c"),
            ("541312140", 1, 0, True, False, "c6bd7419-2748-4c56-95b4-8cec9ff8b80d"),
        ]
        spent = "SELECT SUM(doubleProperties.price) FROM useraction WHERE name = 'purchase'"
        assert db.query(spent).rows == [(35.79,)]
        ids = (
            "SELECT longProperties.category_id FROM useraction"
            " WHERE stringProperties.brand = 'apple'"
        )
        assert db.query(ids).rows == [(2053013555631882655,)]


def test_an_analytics_export_as_it_comes() -> None:
    with usql.connect() as db:
        summary = db.import_events(SAMPLES / "analytics.jsonl", strict=True)
        assert summary.times == "µs since 1970"
        rows = db.query(
            "SELECT userId, country, city, osFamily, userActionCount, hasCrash, totalErrorCount,"
            " userExperienceScore FROM usersession ORDER BY startTime"
        ).rows
        assert rows == [
            ("1234.5678", "Austria", "Linz", "Android", 2, False, 0, "UNDEFINED"),
            ("ann", "Austria", "Linz", "Android", 1, True, 1, "FRUSTRATED"),
        ]
        assert db.query("SELECT type, name FROM usererror").rows == [("Crash", "app_exception")]
        assert db.query("SELECT type, page FROM userevent").rows == [("PageChange", "page_view")]
        carts = 'SELECT doubleProperties."event_params.value" FROM useraction'
        assert (12.5,) in db.query(carts).rows


def test_a_tab_separated_log_of_pages_as_it_comes() -> None:
    with usql.connect() as db:
        db.import_events(SAMPLES / "pages.tsv", strict=True)
        rows = db.query("SELECT type, name, targetUrl, startTime FROM useraction").rows
        shop = "https://shop.example/"
        assert sorted(rows, key=lambda row: row[3]) == [
            ("Load", shop, shop, 1_772_323_200_000),
            ("Load", shop + "cart", shop + "cart", 1_772_323_260_500),
            ("Load", shop, shop, 1_772_323_261_000),
        ]
        referrers = db.query(
            "SELECT page, pageReferrer FROM userevent WHERE pageReferrer IS NOT NULL"
        ).rows
        assert referrers == [(shop, "https://search.example/?q=a")]


def test_a_server_log_with_semicolons_commas_and_newlines(tmp_path: Path) -> None:
    mapping = EventMapping(
        user="Benutzer",
        time="Zeit",
        name="Seite",
        duration="Dauer",
        duration_unit="s",
        error="Status",
        zone="Europe/Vienna",
        apdex=ApdexLimits(1_000, 4_000),
    )
    rejects = tmp_path / "bad.ndjson"
    with usql.connect() as db:
        summary = db.import_events(SAMPLES / "server.csv", mapping=mapping, rejects=rejects)
        assert (summary.rows, summary.rejected) == (2, 1)
        assert summary.rejects_path == rejects
        rows = db.query(
            "SELECT name, startTime, duration, apdexCategory, doubleProperties.Preis,"
            " stringProperties.Bemerkung FROM useraction ORDER BY startTime"
        ).rows
        assert rows == [
            (
                "/start",
                NOON - HOUR,
                1_500,
                "TOLERATING",
                1234.5,
                'erste Zeile\r\nzweite "Zeile"',
            ),
            ("/kasse", NOON - HOUR + 300_000, 250, "FRUSTRATED", 12.0, "a;b"),
        ]
        sessions = db.query("SELECT userId, duration, hasError, totalErrorCount FROM usersession")
        assert sessions.rows == [("müller", 300_250, True, 1)]
        assert db.query("SELECT name, type FROM usererror").rows == [("HTTP 503", "Error")]
    rejected = json.loads(rejects.read_text())
    assert rejected["line"] == 5
    assert rejected["reason"] == "Benutzer: there is no user"
    assert "/kasse" in rejected["text"]


def test_the_same_log_in_four_formats_is_the_same_log(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    rows = [
        {"user_id": "ann", "timestamp": "2026-03-01T12:00:00Z", "event": "Login", "size": "3"},
        {"user_id": "ann", "timestamp": "2026-03-01T12:01:00Z", "event": "Pay", "size": "4"},
    ]
    head = list(rows[0])
    (tmp_path / "a.csv").write_text(
        "\n".join([",".join(head), *(",".join(r.values()) for r in rows)])
    )
    (tmp_path / "a.tsv").write_text(
        "\n".join(["\t".join(head), *("\t".join(r.values()) for r in rows)])
    )
    lines = "\n".join(json.dumps({**row, "size": int(row["size"])}) for row in rows)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    with usql.connect() as db:
        assert db.import_events(tmp_path / "a.csv").new_rows == 2
        for name in ("a.tsv", "a.jsonl.gz", "a.parquet"):
            again = db.import_events(tmp_path / name)
            assert (again.rows, again.new_rows, again.sessions) == (2, 0, 0)


def test_session_fields_and_properties_are_the_first_that_there_are() -> None:
    mapping = EventMapping(
        fields={
            "usersession.screenWidth": "width",
            "usersession.hasSessionReplay": "replay",
            "usersession.stringProperties.plan": "plan",
            "useraction.serverTime": "server",
            "useraction.doubleProperties.price": "price",
            "usersession.replayStart": "since",
        },
        values={"usersession.applicationType": "mobile"},
    )
    with _db(
        "user,time,event,width,replay,plan,server,price,since",
        "ann,2026-03-01T12:00:00Z,A,,,,20,7,",
        "ann,2026-03-01T12:01:00Z,B,800,yes,Basic,30,8.5,2026-03-01T12:00:00Z",
        "ann,2026-03-01T12:02:00Z,C,900,no,Gold,,,",
        # Eleven minutes later a session of a mobile application has ended.
        "ann,2026-03-01T12:13:00Z,D,,,,,,",
        mapping=mapping,
    ) as db:
        rows = db.query(
            "SELECT applicationType, screenWidth, hasSessionReplay, stringProperties.plan,"
            " replayStart, userActionCount FROM usersession ORDER BY startTime"
        ).rows
        assert rows == [
            ("MOBILE_APPLICATION", 800, True, "Basic", NOON, 3),
            ("MOBILE_APPLICATION", None, None, None, None, 1),
        ]
        actions = db.query(
            "SELECT serverTime, doubleProperties.price FROM useraction ORDER BY startTime"
        ).rows
        assert actions == [(20, 7.0), (30, 8.5), (None, None), (None, None)]


def test_scores_errors_and_rage() -> None:
    with _db(
        "user,time,event,type,error,duration_ms,app",
        "ann,2026-03-01T12:00:00Z,A,page_view,,500,Shop",
        "ann,2026-03-01T12:01:00Z,B,rage_click,,,Shop",
        "ann,2026-03-01T12:02:00Z,C,swipe,2,,Shop",
        "bob,2026-03-01T12:00:00Z,A,load,false,500,Shop",
        mapping=EventMapping(apdex=ApdexLimits()),
    ) as db:
        rows = db.query(
            "SELECT userId, numberOfRageClicks, totalErrorCount, userExperienceScore,"
            " endTime FROM usersession ORDER BY userId"
        ).rows
        # Of ann, satisfied 3; frustrated 3 for the action with errors, 2 for rage, 2 for errors.
        assert rows == [
            ("ann", 1, 2, "FRUSTRATED", NOON + 120_000),
            ("bob", None, 0, "SATISFIED", NOON + 500),
        ]
        errors = db.query("SELECT name, application FROM usererror").rows
        assert errors == [("C", "Shop"), ("C", "Shop")]
        swipe = "SELECT type, stringProperties.type FROM useraction WHERE name = 'C'"
        assert db.query(swipe).rows == [("Custom", "swipe")]


def test_ids_are_stable_and_different() -> None:
    # All in one ms: three sessions that begin at the same time.
    rows = [f"ann,{NOON},E{i}" for i in range(401)]
    ids = []
    for _ in range(2):
        with _db("user,time,event", *rows) as db:
            found = db.query("SELECT userSessionId, userActionCount, newUser FROM usersession")
            assert sorted(row[1] for row in found.rows) == [1, 200, 200]
            assert sorted(row[2] for row in found.rows) == [False, False, True]
            ids.append(sorted(row[0] for row in found.rows))
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == 3


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("ann,,A,1,1,", "time: there is no time"),
        ("ann,soon,A,1,1,", "time: 'soon' is not a time"),
        (f",{NOON},A,1,1,", "user: there is no user"),
        (f"ann,{NOON},,1,1,", "event: there is no name"),
        (f"ann,{NOON},A,long,1,", "duration: expected a duration, got 'long'"),
        (f"ann,{NOON},A,-5,1,", "duration: a duration of -5 is none"),
        (f"ann,{NOON},A,1,wide,", "w: expected a whole number for screenWidth, got 'wide'"),
        (f"ann,{NOON},A,1,1.5,", "w: expected a whole number for screenWidth, got '1.5'"),
        (f"ann,{NOON},A,1,1,SIDEWAYS", "o: 'SIDEWAYS' is no screenOrientation"),
        (f"ann,{NOON},A,1,1", "expected 6 columns, got 5"),
    ],
)
def test_bad_rows_are_put_aside_with_the_reason(tmp_path: Path, row: str, reason: str) -> None:
    store = tmp_path / "s.db"
    mapping = EventMapping(
        fields={"usersession.screenWidth": "w", "usersession.screenOrientation": "o"}
    )
    log = _log("user,time,event,duration,w,o", f"bob,{NOON},A,1,1,", row, f"bob,{NOON},B,1,1,")
    with usql.connect(store) as db:
        summary = db.import_events(log, mapping=mapping)
        assert (summary.rows, summary.rejected) == (2, 1)
        assert summary.rejects_path is not None
        entry = json.loads(summary.rejects_path.read_text())
        assert entry["line"] == 3
        assert entry["reason"].startswith(reason)
        with pytest.raises(usql.UsqlError, match="line 3"):
            db.import_events(
                _log("user,time,event,duration,w,o", f"bob,{NOON},A,1,1,", row),
                mapping=mapping,
                strict=True,
            )


def test_hostile_texts_come_back_unchanged() -> None:
    hostile = [
        "'; DROP TABLE usersession; --",
        "a\x00b",
        "\u202eabc",
        "💥",
        '"',
        "`",
        "x" * 100_000,
    ]
    columns = ["user", "time", "event", "k\"'`\x00💥"]
    rows = [
        dict(zip(columns, ["ann", NOON + i, text, text], strict=True))
        for i, text in enumerate(hostile)
    ]
    data = "\n".join(json.dumps(row) for row in rows).encode()
    with usql.connect() as db:
        db.import_events(io.BytesIO(data), reading=Reading(format="jsonl"), strict=True)
        names = db.query("SELECT name FROM useraction ORDER BY startTime").rows
        assert [name for (name,) in names] == hostile
        (document,) = db.query("SELECT JSON FROM usersession").rows[0]
        text = document if isinstance(document, str) else json.dumps(document)
        kept = json.loads(text)["userActions"]
        assert [a["stringProperties"][0] for a in kept] == [
            {"key": columns[3], "value": text} for text in hostile
        ]


def test_duckdb_stores_are_refused_with_a_way_out(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    with (
        usql.connect(f"duckdb:{tmp_path / 's.duckdb'}") as db,
        pytest.raises(usql.UsqlError, match="SQLite stores only"),
    ):
        db.import_events(SAMPLES / "shop.csv")


# --- The command line ---------------------------------------------------------------------------


def _usql(*arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "usql", *arguments],
        capture_output=True,
        text=True,
        check=False,
        **settings,
    )


def test_a_dry_run_shows_everything_and_makes_no_store(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    done = _usql("import", str(store), str(SAMPLES / "shop.csv"), "--events", "--dry-run")
    assert done.returncode == 0, done.stderr
    for shown in (
        "event_time    │ time ",
        "price         │ useraction.doubleProperties │ double │ 35.79, 33.20, 543.10",
        "times: ISO with a zone",
        "from 2019-10-01T00:00:00.000Z to 2019-10-02T08:00:00.000Z",
        "would make 4 sessions of 3 users",
    ):
        assert shown in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_options_say_what_the_columns_are(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("who|when|what|geo\nann|01/03/2026 13:00|Home|Peru\nann|01/03/2026 13:21|Pay|\n")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('user = "who"\nname = "geo"\n[fields]\nusersession.country = "geo"\n')
    store = str(tmp_path / "s.db")
    done = _usql(
        *("import", store, str(log), "--events", "--mapping", str(mapping), "--time", "when"),
        *("--time-format", "%d/%m/%Y %H:%M", "--zone", "Europe/Vienna", "--name", "what"),
        *("--gap", "20m", "--value", "usersession.userType=real_user"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 sessions from 2 rows of 1 file")
    with usql.connect(store, create=False) as db:
        rows = db.query("SELECT country, userType, startTime FROM usersession ORDER BY startTime")
        assert rows.rows == [
            ("Peru", "REAL_USER", NOON),
            (None, "REAL_USER", NOON + 21 * 60_000),
        ]


def test_exit_codes_and_messages(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("user,time,event\nann,soon,A\n")
    store = str(tmp_path / "s.db")
    bad = _usql("import", store, str(log), "--events")
    assert bad.returncode == 1
    assert "error: 1 row rejected, see" in bad.stderr
    assert "line 2: time: 'soon' is not a time" in bad.stderr
    assert _usql("import", store, str(log), "--events", "--strict").returncode == 1
    assert _usql("import", store, str(log), "--events", "--gap", "soon").returncode == 1
    alone = _usql("import", store, str(log), "--gap", "5m")
    assert alone.returncode == 2
    assert "--gap is for event logs" in alone.stderr
    none = _usql("import", store, str(log), "--events", "--user", "usr")
    assert none.returncode == 1
    assert "hint: did you mean user?" in none.stderr


def test_standard_input(tmp_path: Path) -> None:
    done = _usql(
        "import", str(tmp_path / "s.db"), "-", "--events", input="user,time,event\nann,1,A\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 session from 1 row of 1 file")
