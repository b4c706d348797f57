"""The rows put aside: a file of JSON lines, each with the place of a row and why it is bad.

What arrives: rows with what is wrong with them. What leaves: the file, in the form that imports of
exports have; or, where an import is strict, ``BadData`` at the first row.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import msgspec

from usql.errors import BadData, StoreError
from usql.events.reading import Row

_TEXT = 10_000


class Rejects:
    """The rows put aside; the file is made with the first of them.

    Attributes:
        count: how many there are.
        first: what is wrong with the first few, for people.
    """

    def __init__(self, path: Path | None, *, strict: bool) -> None:
        self._path = path
        self._strict = strict
        self._file: BinaryIO | None = None
        self.count = 0
        self.first: list[str] = []

    @property
    def written_to(self) -> Path | None:
        """The file that has them, or ``None`` if there is none."""
        return None if self._file is None else self._path

    def add(self, name: str, row: Row, reason: str) -> None:
        """Put a row aside.

        Raises:
            BadData: the import is strict.
            StoreError: the file cannot be written.
        """
        if self._strict:
            raise BadData(f"{name}, line {row.line}: {reason}", hint="nothing was imported")
        self.count += 1
        if len(self.first) < 3:
            self.first.append(f"{name}, line {row.line}: {reason}")
        if self._path is None:
            return
        text = row.text or msgspec.json.encode(row.values).decode(errors="replace")
        entry = {"file": name, "line": row.line, "reason": reason, "text": text[:_TEXT]}
        try:
            if self._file is None:
                self._file = self._path.open("ab")
            self._file.write(msgspec.json.encode(entry) + b"\n")
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Write what is left to the file, and close it."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> StoreError:
        return StoreError(
            f"rejected rows cannot be written to {self._path}: {error.strerror}",
            hint="choose another file for them",
        )
