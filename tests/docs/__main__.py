"""``python -m tests.docs [--update] [PAGE...]``: check the pages, or rewrite their results."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.docs.blocks import Block, blocks, pages
from tests.docs.runner import ROOT, Unexpected, Workshop, check, demo_store, same


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.docs", description=__doc__)
    parser.add_argument("pages", nargs="*", type=Path, help="README.md and docs/ by default")
    parser.add_argument("--update", action="store_true", help="rewrite the result blocks")
    given = parser.parse_args()
    failures = 0
    with TemporaryDirectory(prefix="usql-docs-") as temporary:
        folder = Path(temporary)
        demo = demo_store(folder)
        for page in [p.absolute() for p in given.pages] or pages(ROOT):
            workshop = Workshop(page, folder / page.stem, demo)
            with closing(workshop):
                failures += _update(workshop) if given.update else _check(workshop)
    return 1 if failures else 0


def _check(workshop: Workshop) -> int:
    failures = 0
    for block in blocks(workshop.page):
        try:
            check(block, workshop.run(block))
        except Exception as error:
            failures += _complain(block, error)
    return failures


def _update(workshop: Workshop) -> int:
    """Rewrite the results of a page, from the last to the first, so that lines stay in place."""
    failures, results = 0, []
    for block in blocks(workshop.page):
        try:
            shown = workshop.run(block)
        except Exception as error:
            failures += _complain(block, error)
            continue
        if block.result is not None and not same(shown, block.result.text):
            results.append((block.result, shown))
    lines = workshop.page.read_text(encoding="utf-8").split("\n")
    for fence, shown in reversed(results):
        lines[fence.start : fence.end] = shown.split("\n") if shown else []
    if results:
        workshop.page.write_text("\n".join(lines), encoding="utf-8")
        print(f"{workshop.page.name}: {len(results)} results rewritten")
    return failures


def _complain(block: Block, error: Exception) -> int:
    kind = "" if isinstance(error, Unexpected) else f"{type(error).__name__}: "
    print(f"{block.page.name}:{block.line}: {kind}{error}\n", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
