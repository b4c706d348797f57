"""Records behave as the frozen dataclasses with slots that they stand for."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, is_dataclass, replace
from functools import cached_property

import pytest

from usql.record import Record


class Base(Record):
    place: int = field(default=0, compare=False, repr=False, kw_only=True)


class Pair(Base):
    left: object
    right: object = None


class Other(Base):
    left: object
    right: object = None


class Nothing(Record):
    pass


@dataclass(frozen=True, slots=True)
class Twin:
    left: object
    right: object = None


def test_a_record_is_made_compared_and_shown_as_a_dataclass() -> None:
    assert repr(Pair(1, "x", place=7)) == repr(Twin(1, "x")).replace("Twin", "Pair")
    assert Pair(1) == Pair(1, None, place=9)
    assert Pair(1) != Pair(2)
    assert Pair(1) != Other(1)
    assert Pair(1) != (1, None)
    assert len({Pair(1), Pair(1, place=3), Pair(2), Other(1)}) == 3
    assert Nothing() == Nothing()
    assert repr(Nothing()) == "Nothing()"
    match Pair(1, 2):
        case Pair(left, right):
            assert (left, right) == (1, 2)


def test_a_record_cannot_change() -> None:
    pair = Pair(1)
    with pytest.raises(FrozenInstanceError):
        pair.left = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        del pair.left
    with pytest.raises(FrozenInstanceError):
        pair.new = 2  # type: ignore[attr-defined]
    assert not hasattr(pair, "__dict__")
    assert pair.left == 1


def test_the_constructor_takes_what_a_dataclass_takes() -> None:
    for arguments in ((), (1, 2, 3), (1, 2, 3, 4)):
        with pytest.raises(TypeError):
            Pair(*arguments)
    with pytest.raises(TypeError):
        Pair(1, middle=2)  # type: ignore[call-arg]
    assert Pair(right=2, left=1, place=5).place == 5


def test_cached_properties_work() -> None:
    class Squared(Record):
        side: int

        @cached_property
        def area(self) -> list[int]:
            return [self.side**2]

    square = Squared(3)
    assert square.area == [9]
    assert square.area is square.area
    assert square == Squared(3)


def test_the_tools_for_dataclasses_work_on_records() -> None:
    pair = Pair(1, [2], place=3)
    assert is_dataclass(pair)
    assert [part.name for part in fields(pair)] == ["place", "left", "right"]
    changed = replace(pair, left=5)
    assert (changed.left, changed.right, changed.place) == (5, [2], 3)
    for copied in (copy.deepcopy(pair), copy.copy(pair), pickle.loads(pickle.dumps(pair))):
        assert copied == pair
        assert copied.place == 3
