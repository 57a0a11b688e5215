"""Bulk: many debunks, a line of JSON Lines each, written as one revision; a line that is wrong is told, and skipped."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from corpus.errors import InvalidDebunk
from corpus.model import Debunk
from corpus.store import CorpusStore
from service.wire_debunks import read_line

MAX_ERRORS = 1000  # told of one body; the others are counted
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
CHUNK_BYTES = 1 << 16


class _Lines:
    """The lines of a file as debunks, with what was wrong with the others."""

    def __init__(self, lines: IO[bytes]) -> None:
        self._lines = lines
        self._number_of: dict[str, int] = {}  # by id, the line that has it
        self.rejected = 0
        self.errors: list[dict[str, Any]] = []

    def debunks(self) -> Iterator[Debunk]:
        """Yield the debunks, in order."""
        for number, line in enumerate(self._lines, start=1):
            if number == 1:
                line = line.removeprefix(BYTE_ORDER_MARK)
            if not line.strip():
                continue
            try:
                yield self._debunk(line, number)
            except InvalidDebunk as error:
                self._reject(number, str(error))

    def _debunk(self, line: bytes, number: int) -> Debunk:
        debunk = read_line(line)
        first = self._number_of.setdefault(debunk.id, number)
        if first != number:
            raise InvalidDebunk(f"id: {debunk.id!r} is that of line {first}; give each its own")
        return debunk

    def _reject(self, number: int, why: str) -> None:
        self.rejected += 1
        if len(self.errors) < MAX_ERRORS:
            self.errors.append({"line": number, "error": {"type": "InvalidDebunk", "message": why}})


def put_lines(store: CorpusStore, body: IO[bytes], folder: Path, author: str) -> dict[str, Any]:
    """Write the debunk of every good line in place of the one with its id, and return what was done, and what not.

    The body is taken to a file in `folder` first: while a slow sender sends, others can write. Raises StoreError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as taken:
        while chunk := body.read(CHUNK_BYTES):
            taken.write(chunk)
        taken.seek(0)
        lines = _Lines(taken)
        with store.writing(author) as write:
            put, unchanged = write.put(lines.debunks())
    return {
        "corpus_revision": write.revision,
        "put": put,
        "unchanged": unchanged,
        "rejected": lines.rejected,
        "errors": lines.errors,
    }
