"""Frozen classes with slots, for trees of many kinds of nodes, made quickly.

``class Point(Record)`` is what ``@dataclass(frozen=True, slots=True)`` would make of it: the same
constructor, equality, hash, ``repr``, pattern matching, ``dataclasses.fields`` and ``replace``.
Cached properties work; factories of defaults do not.
``dataclass`` compiles seven functions for each class, which takes 1 ms; for the 80 kinds of nodes
of the two trees that was a fifth of the command line's start. A record compiles its constructor
and shares the rest; its constructor is quicker, too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cached_property
from operator import attrgetter
from typing import Any, NoReturn, dataclass_transform

_Values = Callable[[Any], Any]


def _field(name: str, body: dict[str, Any]) -> dataclasses.Field[Any]:
    """Return a field of a class body, whose default moves out of the way of its slot."""
    default = body.pop(name, dataclasses.MISSING)
    made: dataclasses.Field[Any] = (
        default if isinstance(default, dataclasses.Field) else dataclasses.field(default=default)
    )
    made.name = name
    made.type = body["__annotations__"][name]
    made.kw_only = made.kw_only is True
    made._field_type = dataclasses._FIELD  # type: ignore[attr-defined]
    return made


def _constructor(made: type, fields: dict[str, dataclasses.Field[Any]]) -> Any:
    """Return ``__init__``, which sets the slots directly, since attributes cannot be set."""
    scope: dict[str, Any] = {}
    positional, named, lines = ["self"], list[str](), list[str]()
    for name, part in fields.items():
        scope[f"_set_{name}"] = getattr(made, name).__set__
        lines.append(f" _set_{name}(self, {name})")
        parameter = name
        if part.default is not dataclasses.MISSING:
            scope[f"_default_{name}"] = part.default
            parameter = f"{name}=_default_{name}"
        (named if part.kw_only else positional).append(parameter)
    parameters = ", ".join([*positional, *(["*", *named] if named else [])])
    exec(f"def __init__({parameters}):\n" + ("\n".join(lines) or " pass"), scope)
    return scope["__init__"]


def _nothing(_: object) -> tuple[()]:
    return ()


def _remade(made: Callable[..., Any], values: dict[str, Any]) -> Any:
    return made(**values)


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
class _RecordType(type):
    """Makes slots and a constructor of the annotations of a class body."""

    __dataclass_fields__: dict[str, dataclasses.Field[Any]]

    def __new__(mcls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> _RecordType:
        fields: dict[str, dataclasses.Field[Any]] = {}
        for base in bases:
            fields |= getattr(base, "__dataclass_fields__", {})
        own = [_field(part, body) for part in body.get("__annotations__", {})]
        fields |= {part.name: part for part in own}
        positional = tuple(part.name for part in fields.values() if not part.kw_only)
        compared = [part.name for part in fields.values() if part.compare]
        slots = [part.name for part in own]
        if any(isinstance(value, cached_property) for value in body.values()):
            slots.append("__dict__")
        body |= {
            "__slots__": tuple(slots),
            "__match_args__": positional,
            "__dataclass_fields__": fields,
            "_compared": attrgetter(*compared) if compared else _nothing,
        }
        made = super().__new__(mcls, name, bases, body)
        made.__init__ = _constructor(made, fields)  # type: ignore[misc]
        return made


class Record(metaclass=_RecordType):
    """A base for frozen classes with slots; the annotations of a subclass are its fields.

    >>> class Point(Record):
    ...     x: int
    ...     y: int = 0
    >>> Point(1) == Point(1, 0), Point(2, 3)
    (True, Point(x=2, y=3))
    """

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        values: _Values = type(self)._compared  # type: ignore[attr-defined]
        return bool(values(self) == values(other))

    def __hash__(self) -> int:
        return hash((type(self), type(self)._compared(self)))  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        shown = [part for part in dataclasses.fields(self) if part.repr]
        values = ", ".join(f"{part.name}={getattr(self, part.name)!r}" for part in shown)
        return f"{type(self).__qualname__}({values})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        names = [part.name for part in dataclasses.fields(self)]
        return _remade, (type(self), {name: getattr(self, name) for name in names})
