"""The page on segments lists the attributes that there are."""

from __future__ import annotations

from pathlib import Path

from usql.segments import attributes

PAGE = Path(__file__).parents[2] / "docs" / "segments.md"


def test_every_attribute_is_on_the_page_with_what_it_reads() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## The attributes")[2].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    category, found = "", []
    for label, also, field, values in ([cell.strip() for cell in row] for row in rows[2:]):
        if label.startswith("**"):
            category = label.strip("*")
        else:
            found.append((category, label, also, field, values))
    expected = [
        (
            each.category,
            each.label,
            ", ".join(each.aliases),
            f"`{each.field}`"
            if each.field
            else "; ".join(f"{value}: `{condition}`" for value, condition in each.cases),
            each.kind.value + (", with a key" if each.keyed else ""),
        )
        for each in attributes()
    ]
    assert found == expected
