"""What an import puts aside: a file of JSON lines, each with a place, a reason and the text there.

What arrives: lines or rows with what is wrong with them. What leaves: the file, made with the first
of them; or, where an import is strict, ``BadData`` at the first.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

import msgspec

from usql.errors import BadData, StoreError
from usql.store.places import Place

REJECTS_SUFFIX = ".rejects.ndjson"
_TEXT = 10_000
"""Characters kept of a line."""
_TOLD = 3


def rejects_path(
    place: Place, given: str | os.PathLike[str] | None, *, dry_run: bool
) -> Path | None:
    """Return where bad lines go: where it was said, else beside the store; a dry run keeps none."""
    if given is not None:
        return Path(given)
    if dry_run or place.path is None:
        return None
    return place.path.with_name(place.path.name + REJECTS_SUFFIX)


class Rejects:
    """The lines put aside.

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
        return self._path if self.count else None

    def add(
        self, name: str, line: int, reason: str, text: bytes | str, *, byte: int | None = None
    ) -> None:
        """Put a line aside.

        Args:
            name: of the file.
            line: its number there, from 1.
            reason: what is wrong with it.
            text: of the line; what is beyond 10,000 characters is not kept.
            byte: where it begins in the file, from 0, if that is known.

        Raises:
            BadData: the import is strict.
            StoreError: the file cannot be written.
        """
        told = f"{name}, line {line}: {reason}"
        if self._strict:
            raise BadData(told, hint="nothing was imported")
        self.count += 1
        if len(self.first) < _TOLD:
            self.first.append(told)
        if self._path is None:
            return
        if isinstance(text, bytes):
            text = text[:_TEXT].decode(errors="backslashreplace").rstrip("\r\n")
        place = {"file": name, "line": line} | ({} if byte is None else {"byte": byte})
        entry = {**place, "reason": reason, "text": text[:_TEXT]}
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
            f"rejected lines cannot be written to {self._path}: {error.strerror}",
            hint="choose another file for them",
        )
