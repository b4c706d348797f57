"""What bodies and answers look like, as JSON schemas made of the classes that they are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from usql.analysis.apdex import ApdexReport
from usql.analysis.findings import Findings
from usql.analysis.report import camel_case
from usql.analysis.score import ScoreReport
from usql.analysis.session import SessionDetails
from usql.analysis.sessions import SessionList
from usql.analysis.user import UserDetails
from usql.server.asked import (
    ApdexAsked,
    Asked,
    CompleteAsked,
    FindingsAsked,
    FormatAsked,
    ScoresAsked,
    SegmentAdded,
    SegmentPut,
    SegmentRenamed,
    SessionAsked,
    SessionsAsked,
    UserAsked,
    ValuesAsked,
)

_BODIES = (
    Asked,
    CompleteAsked,
    FormatAsked,
    SegmentAdded,
    SegmentPut,
    SegmentRenamed,
    ValuesAsked,
    SessionsAsked,
    SessionAsked,
    FindingsAsked,
    UserAsked,
    ApdexAsked,
    ScoresAsked,
)
_REPORTS = (SessionList, SessionDetails, Findings, UserDetails, ApdexReport, ScoreReport)
_ATTRIBUTE = re.compile(r"(?P<names>\w+(?:, \w+)*): (?P<text>.*)")


def schemas() -> dict[str, Any]:
    """Return the schemas by name."""
    return {**_made(_BODIES), **_reports(), **_written_by_hand()}


def reference(name: str) -> dict[str, Any]:
    """Return what stands for a schema.

    >>> reference("Table")
    {'$ref': '#/components/schemas/Table'}
    """
    return {"$ref": f"#/components/schemas/{name}"}


def _made(classes: Iterable[type]) -> dict[str, Any]:
    _, made = msgspec.json.schema_components(classes, ref_template="#/components/schemas/{name}")
    return made


def _reports() -> dict[str, Any]:
    """Return what ``to_dict`` of the reports makes of them, and of all that is within them."""
    return {name: _in_camel_case(schema) for name, schema in _made(_REPORTS).items()}


def _in_camel_case(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a record as that of what programs get.

    The queries come only if they were asked for; all else is always there.
    """
    summary, told = _told(schema.get("description", ""))
    properties = {}
    for name, each in schema["properties"].items():
        public = "queries" if name == "questions" else camel_case(name)
        properties[public] = {k: v for k, v in each.items() if k != "default"}
        if name in told:
            properties[public]["description"] = told[name]
    required = [name for name in properties if name != "queries"]
    return _object(properties, required) | {"description": summary}


def _told(docstring: str) -> tuple[str, dict[str, str]]:
    """Return the summary of a docstring, and what it says of each attribute."""
    head, _, rest = docstring.partition("Attributes:")
    told: dict[str, str] = {}
    names: list[str] = []
    for line in filter(None, map(str.strip, rest.splitlines())):
        found = _ATTRIBUTE.fullmatch(line)
        if found is not None:
            names = found["names"].split(", ")
        text = line if found is None else found["text"]
        told |= {name: f"{told.get(name, '')} {text}".strip() for name in names}
    return _plain(head), {name: _plain(text) for name, text in told.items()}


def _plain(text: str) -> str:
    """Return a piece of a docstring as a sentence in Markdown.

    >>> _plain("in ms; ``None`` where\\n none is known.")
    'In ms; `null` where none is known.'
    """
    joined = " ".join(text.split()).replace("``None``", "`null`").replace("``", "`")
    return joined[:1].upper() + joined[1:]


def _written_by_hand() -> dict[str, Any]:
    text, whole = {"type": "string"}, {"type": "integer"}
    names = {"type": "array", "items": text}
    rows = {"type": "array", "items": {"type": "array"}}
    level = {"type": "integer", "const": 1}
    segment = _all({"name": text, "segment": text, "condition": text})
    return {
        "Table": _all({"extrapolationLevel": level, "columnNames": names, "values": rows}),
        "Tree": _all(
            {"extrapolationLevel": level, "branchNames": names, "leafNames": names, "values": {}}
        ),
        "LookUp": _all({"token": text}),
        "Result": _all(
            {
                "columns": _list(_all({"name": text, "type": text, "unit": text})),
                "rows": rows,
                "explanations": names,
                "truncated": {"type": "boolean"},
                "elapsed": {"type": "number", "description": "In ms."},
            }
        ),
        "NamedSegment": segment,
        "NamedSegments": _all({"segments": _list(reference("NamedSegment"))}),
        "Attribute": _all(
            {
                "category": text,
                "label": text,
                "field": text | {"description": "Seen from `usersession`; empty if none."},
                "kind": text,
                "keyed": {"type": "boolean", "description": "Whether it needs a key."},
                "many": {
                    "type": "boolean",
                    "description": "Whether a session may have several values.",
                },
                "ranges": {"type": "boolean", "description": "Whether ranges may be asked for."},
                "choices": names | {"description": "The values that are known beforehand."},
                "aliases": names,
                "condition": text | {"description": "The USQL that it becomes."},
            }
        ),
        "Attributes": _all({"attributes": _list(reference("Attribute"))}),
        "Values": _object(
            {
                "attribute": text,
                "values": _list(_all({"value": {}, "sessions": whole})),
                "query": text,
            },
            ["attribute", "values"],
        ),
        "Error": _all({"error": _object({"code": whole, "message": text}, ["code", "message"])}),
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _all(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that always has all of its properties."""
    return _object(properties, list(properties))


def _object(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}
