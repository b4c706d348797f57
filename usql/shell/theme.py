"""The colours of the editor; they tell apart on dark and on light backgrounds."""

from __future__ import annotations

from prompt_toolkit.styles import Style

STYLE = Style.from_dict(
    {
        "usql.prompt": "ansigreen bold",
        "usql.keyword": "ansiblue bold",
        "usql.function": "ansicyan",
        "usql.field": "",
        "usql.parameter": "ansimagenta bold",
        "usql.string": "ansigreen",
        "usql.number": "ansimagenta",
        "usql.variable": "ansimagenta bold",
        "usql.comment": "ansibrightblack italic",
        "usql.command": "ansicyan bold",
        "usql.bad": "ansired underline",
        "usql.wrong": "ansired bold reverse",
        "usql.bottom": "noreverse ansibrightblack",
        "bottom-toolbar": "noreverse",
        "matching-bracket.cursor": "bold reverse",
        "matching-bracket.other": "bold reverse",
        "auto-suggestion": "ansibrightblack",
    }
)
