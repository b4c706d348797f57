import pytest

from usql.errors import BadData
from usql.events.times import TimeReader
from usql.events.values import number, type_of, widest
from usql.zones import Zone

NOON = 1_772_366_400_000
"""2026-03-01T12:00:00Z."""


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1772366400", NOON),
        ("1772366400000", NOON),
        ("1772366400000000", NOON),
        ("1772366400000000000", NOON),
        ("1772366400.5", NOON + 500),
        ("1772366400000.9", NOON),
        ("1.7723664e9", NOON),
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01 12:00:00 UTC", NOON),
        ("2026-03-01 13:00:00.250+01:00", NOON + 250),
        ("2026-03-01T12:00:00.123456789Z", NOON + 123),
        ("2026-03-01 12:00", NOON),
        ("20260301120000", NOON),
        ("20260301", NOON - 12 * 3_600_000),
        ("2026-03-01", NOON - 12 * 3_600_000),
        ("01.03.2026 12:00:00", NOON),
        ("[01/Mar/2026:13:00:00 +0100]", NOON),
        ("-1", -1000),
        (" 1772366400 ", NOON),
    ],
)
def test_times_are_told_by_their_look(text: str, ms: int) -> None:
    assert TimeReader().read(text) == ms


def test_a_zone_is_for_times_that_do_not_say_theirs() -> None:
    reader = TimeReader(Zone.of("Europe/Vienna"))
    assert reader.read("2026-03-01 13:00:00") == NOON
    assert reader.read("2026-03-01 12:00:00Z") == NOON
    assert reader.read("2026-07-01 14:00:00") - reader.read("2026-07-01 12:00:00Z") == 0
    assert reader.describe() == "ISO, zone Europe/Vienna, ISO with a zone"


def test_unit_and_form_may_be_said() -> None:
    assert TimeReader(unit="ms").read("5") == 5
    assert TimeReader(unit="us").read("1772366400000999") == NOON
    assert TimeReader(form="%d/%m/%Y %H:%M").read("01/03/2026 12:00") == NOON
    with pytest.raises(BadData, match="not a time of the form"):
        TimeReader(form="%d/%m/%Y").read("2026-03-01")


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-02-30", "30.02.2026", "9" * 30, "1e400", "20260230", "nan", "12:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadData):
        TimeReader().read(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0", "long"),
        ("-12", "long"),
        ("9223372036854775807", "long"),
        ("9223372036854775808", "string"),
        ("007", "string"),
        ("4020", "long"),
        ("1.5", "double"),
        (".5", "double"),
        ("1e5", "double"),
        ("1e400", "string"),
        ("1234567890.1234567890", "string"),
        ("1,5", "string"),
        ("2026-03-01", "date"),
        ("2026-03-01T10:00:00Z", "date"),
        ("2026-02-30", "string"),
        ("2026-03-01 is a day", "string"),
        ("-", "string"),
        ("١٢", "string"),
    ],
)
def test_types_of_texts(text: str, kind: str) -> None:
    assert type_of(text) == kind


def test_a_comma_may_be_the_decimal_sign() -> None:
    assert type_of("1.234,50", decimal_comma=True) == "double"
    assert type_of("1,234.50", decimal_comma=True) == "string"
    assert number("1.234,50") == 1234.5


def test_a_column_is_of_the_widest_type() -> None:
    kinds = ["long", "double", "date", "string"]
    for one in kinds:
        for other in kinds:
            assert widest(one, other) == widest(other, one)  # type: ignore[arg-type]
    assert widest("long", "double") == "double"
    assert widest("date", "double") == "string"
