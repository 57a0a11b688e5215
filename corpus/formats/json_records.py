"""The records of a JSON document, cut out of a stream one by one, so that a broken one costs no other.

A parser of whole documents stops at the first stray byte. Brackets outside of strings tell where a record begins and
ends, whatever is wrong within it; each is parsed by itself.
"""

import json
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, BinaryIO

from corpus.errors import UnreadableSource

CHUNK_BYTES = 1 << 18
MAX_RECORD_BYTES = 1 << 24  # a longer one has lost its end: a quote or a bracket is missing in it
UTF8_MARK, UTF16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")

# Up to the next bracket, over whole strings. Possessive: what was passed is never tried again.
TO_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+[{}\[\]]', re.S)
KEY_OF_ARRAY = re.compile(rb'"([^"\\]*)"\s*:\s*\[\Z')
BEGINNING = re.compile(rb'\{\s*"[^"\\]*"\s*:\s*(?:"[^"\\]*")?')
BETWEEN_RECORDS = re.compile(rb"[\s,]+|\bnull\b")
NEAR_CHARS = 24
MAX_DEPTH = 64  # a review has some five levels; what reads it may call itself at each


@dataclass(frozen=True)
class Record:
    """A piece of JSON: its number in the document from 1, the line it begins on, and the key of the array it is in.

    `container` is "" for an array at the top, and None for a piece that is in no array. `raw` is empty for what a
    document that was cut short lacks.
    """

    number: int
    line: int
    raw: bytes
    container: str | None = None


def parse(record: Record) -> Any:
    """Return what the record says; raises ValueError that tells what is wrong and near which text."""
    if not record.raw:
        raise ValueError("the document ends before its array of records does; is it whole?")
    if record.raw.count(b"{") + record.raw.count(b"[") > MAX_DEPTH and _depth(record.raw) > MAX_DEPTH:
        raise ValueError(f"no record: it is nested more than {MAX_DEPTH} deep")
    try:
        return json.loads(record.raw)
    except UnicodeDecodeError as error:
        raise ValueError(f"met byte 0x{record.raw[error.start]:02x}; expected UTF-8") from error
    except json.JSONDecodeError as error:
        near = error.doc[max(0, error.pos - NEAR_CHARS) : error.pos + NEAR_CHARS]
        raise ValueError(f"no JSON: {error.msg}, near {near!r}") from error


def _depth(raw: bytes) -> int:
    """Return how deep the JSON is nested."""
    steps = (1 if passed[0][-1:] in b"{[" else -1 for passed in TO_BRACKET.finditer(raw))
    return max(accumulate(steps), default=0)


def cut(stream: BinaryIO, name: str, containers: Container[str] = (), first_line: int = 1) -> Iterator[Record]:
    """Yield the records of a JSON document, or of several one after the other, as they are read.

    Records are the elements of an array at the top, those of the arrays under the keys `containers` of an object at
    the top, and what else an object at the top has. Nulls between them are passed over. One whose end is missing is
    yielded too, for `parse` to refuse and `salvage` to look through. Raises UnreadableSource unless it is UTF-8.
    """
    return _Cutter(stream, containers, first_line).records(name)


def salvage(record: Record) -> Iterator[Record]:
    """Yield what begins in a record as it does itself: the neighbours of one whose end is lost."""
    beginning = BEGINNING.match(record.raw)
    if beginning is None:
        return
    text, opening = record.raw.decode("utf-8", "replace"), beginning[0].decode("utf-8", "replace")
    start = text.find(opening, 1)
    while start > 0:
        end = _end_of_value(text, start)
        following = text.find(opening, end or start + 1)
        piece = text[start : end or (following if following > 0 else len(text))]
        yield Record(record.number, record.line + text.count("\n", 0, start), piece.encode(), record.container)
        start = following


def _end_of_value(text: str, start: int) -> int | None:
    try:
        return json.JSONDecoder().raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None


class _Cutter:
    """Reads a stream; its buffer begins with the record that is open, else with what was not looked at."""

    def __init__(self, stream: BinaryIO, containers: Container[str], first_line: int) -> None:
        self.stream, self.containers = stream, containers
        self.buffer = bytearray()
        self.at = 0  # brackets before this place of the buffer are read
        self.line = first_line  # of the buffer's beginning
        self.depth = 0
        self.base = (
            0  # the depth between records: 0, 1 in an array at the top, 2 in a container of an object at the top
        )
        self.container: str | None = None
        self.is_open = False
        self.number = 0
        self.frame = b""  # what an object at the top has before its containers
        self.frame_line = first_line

    def records(self, name: str) -> Iterator[Record]:
        self._fill()
        if self.buffer.startswith(UTF16_MARKS):
            raise UnreadableSource(f"{name}: met UTF-16; expected UTF-8; save the file as UTF-8 and import it again")
        self._drop(len(UTF8_MARK) if self.buffer.startswith(UTF8_MARK) else 0)
        while True:
            passed = TO_BRACKET.match(self.buffer, self.at)
            if passed is not None:
                between, self.at = passed[0], passed.end()
                passed = None  # a match locks the buffer
                yield from self._step(bytes(between))
            elif len(self.buffer) > MAX_RECORD_BYTES:
                yield from self._overflow()
            elif not self._fill():
                yield from self._end()
                return

    def _fill(self) -> bool:
        """Read on; return whether there was more."""
        if not self.is_open:
            self._drop(self.at)
        chunk = self.stream.read(CHUNK_BYTES)
        self.buffer += chunk
        return bool(chunk)

    def _drop(self, n_bytes: int) -> bytes:
        """Take the first bytes from the buffer and return them."""
        dropped = bytes(self.buffer[:n_bytes])
        self.line += dropped.count(b"\n")
        del self.buffer[:n_bytes]
        self.at = max(0, self.at - n_bytes)
        return dropped

    def _step(self, between: bytes) -> Iterator[Record]:
        """Yield the records that end with the bracket that ends `between`, the text since the bracket before."""
        bracket = between[-1:]
        if not self.is_open and self.base and (stray := BETWEEN_RECORDS.sub(b"", between[:-1])):
            yield self._record(self.line, stray)
        if bracket in (b"{", b"["):
            self._open(between)
        elif self.is_open:
            self.depth -= 1
            if self.depth == self.base:
                yield self._close()
        elif self.base and bracket == b"]":
            self._leave()

    def _open(self, between: bytes) -> None:
        self.depth += 1
        if self.depth == 1 and between.endswith(b"["):
            self.base, self.container = 1, ""
        elif self.depth == 2 and self.base == 0 and (key := self._container_key(between)) is not None:
            self.frame_line = self.frame_line if self.frame else self.line
            self.frame += self._drop(self.at)
            self.base, self.container, self.is_open = 2, key, False
        elif not self.is_open:
            self._drop(self.at - 1)
            self.is_open = True

    def _container_key(self, between: bytes) -> str | None:
        """Return the key of the array that just opened where it holds records."""
        met = KEY_OF_ARRAY.search(between)
        key = met[1].decode("utf-8", "replace") if met else ""
        return key if key in self.containers else None

    def _close(self) -> Record:
        line, raw = self.line, self._drop(self.at)
        self.is_open = False
        if self.base == 0 and self.frame:
            line, raw, self.frame = self.frame_line, self.frame + raw, b""
        return self._record(line, raw)

    def _leave(self) -> None:
        """Go on behind the end of an array of records: in the object that holds it, if one does."""
        self.depth, self.container = self.depth - 1, None
        self.is_open, self.base = self.depth == 1, 0
        self._drop(self.at - 1 if self.is_open else self.at)

    def _overflow(self) -> Iterator[Record]:
        """Yield what has grown too long as one broken record, and go on at the last place that begins as it does."""
        opening = BEGINNING.match(self.buffer)
        last = self.buffer.rfind(opening[0], 1) if opening else -1
        opening = None
        line = self.line
        yield self._record(line, self._drop(last if last > 0 else len(self.buffer)))
        self.at, self.depth, self.is_open = 0, self.base, False

    def _end(self) -> Iterator[Record]:
        """Yield what the stream broke off in."""
        line, rest = self.line, self._drop(len(self.buffer))
        if self.is_open or (self.base and not self.frame and BETWEEN_RECORDS.sub(b"", rest)):
            yield self._record(line, rest)
        elif self.base:
            yield self._record(line, b"")

    def _record(self, line: int, raw: bytes) -> Record:
        self.number += 1
        return Record(self.number, line, raw, self.container)
