"""What happens before the first prompt: the store is looked at, the engine is not imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Barrier, Thread

import pytest

import usql
from usql.engine import Database
from usql.errors import StoreError
from usql.shell.opening import Opening


def test_a_prompt_needs_no_engine(shell_store: Path) -> None:
    code = (
        "import sys; import usql.cli.shell, usql.shell.app, usql.shell.editor;"
        "from usql.shell.opening import Opening;"
        f"opening = Opening({str(shell_store)!r}); print(opening.has_sessions());"
        "print(sorted({'sqlglot', 'lark', 'usql.engine'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[:2] == ["True", "[]"]


def test_an_empty_store_has_no_sessions(tmp_path: Path) -> None:
    usql.connect(tmp_path / "empty.db").close()
    assert not Opening(str(tmp_path / "empty.db")).has_sessions()
    opening = Opening(":memory:")
    assert not opening.has_sessions()
    opening.close()


def test_no_store(tmp_path: Path) -> None:
    for look in (Opening.has_sessions, Opening.__call__):
        with pytest.raises(StoreError, match="no store at"):
            look(Opening(str(tmp_path / "missing.db")))
    assert not (tmp_path / "missing.db").exists()


def test_threads_that_need_it_at_once_get_the_same(shell_store: Path) -> None:
    opening, found, together = Opening(str(shell_store)), list[Database](), Barrier(4)

    def need() -> None:
        together.wait()
        found.append(opening())

    threads = [Thread(target=need) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(map(id, found))) == 1
    opening.close()
    with pytest.raises(usql.UsqlError, match="closed"):
        found[0].query("SELECT COUNT(*) FROM usersession")
