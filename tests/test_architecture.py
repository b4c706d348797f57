"""``docs/architecture.md`` names every file of the package, and no file that is not there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`((?:usql|grammar)/[\w./]*)`", PAGE))


def test_every_file_is_named() -> None:
    files = {p.relative_to(ROOT).as_posix() for p in (ROOT / "usql").rglob("*.py")}
    folders = {name for name in NAMED if name.endswith("/") and name.count("/") == 2}
    missing = {f for f in files - NAMED if not any(f.startswith(folder) for folder in folders)}
    documented_whole = {"usql/resolve/", "usql/plan/", "usql/dialects/", "usql/backends/"}
    hidden = {f for f in files - NAMED if any(f.startswith(d) for d in documented_whole)}
    assert not missing | hidden


def test_every_named_file_exists() -> None:
    assert NAMED
    assert not {name for name in NAMED if not (ROOT / name).exists()}
