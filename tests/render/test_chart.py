from __future__ import annotations

import pytest

from usql.errors import WrongStructure
from usql.render import Style, render
from usql.render.chart import KINDS, chart_kind, draw
from usql.render.width import display_width
from usql.result import Column, Result

CITY, COUNT = Column("city", "string"), Column("n", "long")
CITIES = Result((CITY, COUNT), [("Linz", 8), ("Graz", 4), (None, 1)], keys=(0,))
DAYS = Result(
    (Column("day", "string"), COUNT),
    [(f"2026-03-{day:02}", day * day) for day in range(1, 11)],
    keys=(0,),
)
STEPS = Result(
    (Column("Search", "long"), Column("Trip", "long"), Column("Paid", "long")),
    [(200, 100, 25)],
    funnel=True,
)
ONE = Result((COUNT,), [(1234,)])


def _draw(result: Result, kind: str, width: int = 40, color: bool = False) -> list[str]:
    return "".join(draw(result, kind, Style(width, color))).splitlines()


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (CITIES, "bar"),
        (DAYS, "line"),
        (STEPS, "funnel"),
        (ONE, "value"),
        (Result((CITY, COUNT), [("2026", 1)], keys=(0,)), "bar"),  # one point makes no line
        (Result((Column("t", "date"), COUNT), [(1, 1), (2, 2)], keys=(0,)), "line"),
        (Result((Column("hour", "long"), COUNT), [(1, 1), (2, 2)], keys=(0,)), "bar"),
        (Result((COUNT, COUNT), [(5, 3)]), "value"),  # two counts, but no funnel
    ],
)
def test_kinds(result: Result, kind: str) -> None:
    assert chart_kind(result) == kind


def test_bars_are_as_long_as_their_numbers() -> None:
    # 40 columns - label 4 - number 1 - signs 4 = 31 for 8, so 15.5 for 4 and 3.875 for 1
    assert _draw(CITIES, "bar") == [
        "n",
        f"Linz │{'█' * 31} 8",
        f"Graz │{'█' * 15}▌ 4",
        "null │███▉ 1",
    ]


def test_negative_bars_stand_left_of_zero() -> None:
    result = Result((CITY, COUNT), [("a", -10), ("b", 10), ("c", 0)], keys=(0,))
    title, minus, plus, zero = _draw(result, "bar", 28)
    # 28 - 1 - 3 - 4 = 20 columns for 20 units: zero is in the middle
    assert title == "n"
    assert minus == f"a │{'█' * 10} -10"
    assert plus == f"b │{' ' * 10}{'█' * 10} 10"
    assert zero == f"c │{' ' * 10} 0"


def test_a_funnel_has_step_and_total_conversion() -> None:
    lines = _draw(STEPS, "funnel", 61)
    assert [line.split()[-2:] for line in lines] == [
        ["step", "total"],
        ["100.0%", "100.0%"],
        ["50.0%", "50.0%"],
        ["25.0%", "12.5%"],
    ]
    bars = [line.count("█") for line in lines[1:]]
    assert bars[0] == 2 * bars[1] == 8 * bars[2]


def test_a_funnel_without_anybody() -> None:
    lines = _draw(Result(STEPS.columns, [(0, 0, 0)], funnel=True), "funnel")
    assert lines[1].split()[-2:] == ["-", "-"]


def test_a_value_is_large() -> None:
    title, *figures = _draw(ONE, "value")
    assert title == "n"
    assert len(figures) == 5
    assert figures[0] == " █    ███ ███ █ █"


def test_a_value_without_room_is_plain() -> None:
    result = Result((COUNT,), [(10**9,)])
    assert _draw(result, "value", 12) == ["n", "1,000,000,000"]


def test_a_pie_has_shares_that_add_up() -> None:
    lines = _draw(CITIES, "pie", 80)
    shares = [float(line.split("%")[0].split()[-1]) for line in lines if "%" in line]
    assert shares == [61.5, 30.8, 7.7]
    disc = "".join(line[:26] for line in lines)
    assert disc.count("█") / (disc.count("█") + disc.count("▒") + disc.count("#")) == pytest.approx(
        8 / 13, abs=0.03
    )


def test_a_pie_puts_small_slices_together() -> None:
    rows = [(f"city {n}", 100 - n) for n in range(20)]
    lines = _draw(Result((CITY, COUNT), rows, keys=(0,)), "pie", 80)
    assert any("13 others" in line for line in lines)


def test_a_pie_of_negative_parts_is_refused() -> None:
    with pytest.raises(WrongStructure, match="parts of a whole"):
        _draw(Result((CITY, COUNT), [("a", -1), ("b", 2)], keys=(0,)), "pie")


def test_a_line_rises_with_its_numbers() -> None:
    lines = _draw(DAYS, "line")
    assert lines[1].startswith("100 ┤")
    assert lines[10].startswith("  0 ┤")
    firsts = [len(line[5:]) - len(line[5:].lstrip()) for line in lines[1:11]]
    assert firsts == sorted(firsts, reverse=True)  # the higher, the further right it begins
    assert lines[-1].split() == ["2026-03-01", "2026-03-10"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [10, 11, 16, 23, 40, 63, 64, 65, 200])
@pytest.mark.parametrize("result", [CITIES, DAYS, STEPS, ONE])
def test_every_kind_fits_every_width(kind: str, width: int, result: Result) -> None:
    lines = _draw(result, kind, width)
    assert lines
    if width >= 40:
        assert max(map(display_width, lines)) <= width
    assert not any("\x1b" in line for line in lines)


@pytest.mark.parametrize("kind", KINDS)
def test_colours_change_nothing_else(kind: str) -> None:
    import re

    plain = [re.sub(r"\x1b\[\d*m", "", line).rstrip() for line in _draw(CITIES, kind, color=True)]
    assert plain == _draw(CITIES, kind)


def test_nothing_to_draw() -> None:
    with pytest.raises(WrongStructure, match="no column has numbers"):
        chart_kind(Result((CITY,), [("Linz",)]))
    assert _draw(Result((CITY, COUNT), [], keys=(0,)), "bar") == ["(no rows)"]


def test_several_columns_are_drawn_one_below_the_other() -> None:
    result = Result(
        (CITY, COUNT, Column("m", "double")), [("a", 1, 2.5), ("b", 2, None)], keys=(0,)
    )
    lines = _draw(result, "bar")
    assert [line for line in lines if "│" not in line] == ["n", "", "m"]
    assert lines[-1] == "b │ null"


def test_it_is_a_format() -> None:
    assert "".join(render(CITIES, "chart", width=40)).splitlines() == _draw(CITIES, "bar")
