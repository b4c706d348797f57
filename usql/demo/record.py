"""Records of the export format: fields in order, and lists of properties."""

from __future__ import annotations

from typing import Any

from usql.demo import choices

Record = dict[str, Any]


def pack(values: Record) -> Record:
    """Drop nulls, and put fields into the order of `fields.csv`, which is that of code points."""
    return {name: values[name] for name in sorted(values) if values[name] is not None}


def property_lists(facts: dict[str, str | int | float], keys: tuple[str, ...]) -> Record:
    """Return the property lists of the facts there are, by the names of the lists."""
    lists: Record = {}
    for key in keys:
        value = facts.get(key)
        if value is not None:
            entry = {"key": key, "value": value}
            lists.setdefault(choices.PROPERTY_LISTS[key], []).append(entry)
    return lists
