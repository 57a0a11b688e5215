"""Arriving: the lines of a body that is still being sent, as many at a time as have come.

Whoever sends slowly has each line as soon as it is whole; whoever sends fast has many at a time, which are matched
faster together. Neither the body nor a line that is too long is ever held as a whole.
"""

import inspect
import select
from collections import deque
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from gunicorn.http.body import ChunkedReader

from service.errors import BrokenBody, RequestError
from service.timed_socket import TimedSocket

PIECE_BYTES = 1 << 16  # read at a time of a body whose length is known
PART_BYTES = 1 << 20  # of lines that are given together
LINE_END_BYTES = 2  # behind each chunk of a chunked body
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line that is not blank: its number from 1 on, and its bytes; None for one that is too long."""

    number: int
    content: bytes | None


class Arriving:
    """A body as it comes in."""

    def __init__(self, body: IO[bytes], client: object, seconds: float) -> None:
        """Take the body, the socket that it comes from, and how long its client may be waited for in one go.

        Where the socket is none that counts its waiting, nothing bounds it here.
        """
        self._body: Any = body
        self._client = client if isinstance(client, TimedSocket) else None
        self._seconds = seconds
        reader = getattr(body, "reader", None)
        self._chunks: Any = reader if isinstance(reader, ChunkedReader) else None

    def piece(self) -> bytes:
        """Return what comes next, b"" at the end; raises BrokenBody, TooSlow or OSError.

        Of a body in chunks that is what is there, once there is anything: its `read` would wait for all that is asked.
        """
        if self._chunks is None:
            return bytes(self._body.read(PIECE_BYTES))
        first: bytes = self._body.readline(1)
        there: bytes = self._chunks.buf.getvalue()
        self._chunks.buf.seek(0)
        self._chunks.buf.truncate()
        return first + there

    def has_more(self) -> bool:
        """Return whether more is there already, or on its way: a body of a known length is, and a chunk that began."""
        if self._chunks is None:
            return True
        if self._chunks.parser is None:
            return False
        held = inspect.getgeneratorlocals(self._chunks.parser)
        behind = len(held.get("rest") or b"") - (held.get("size") or 0)
        return behind > LINE_END_BYTES or self._is_readable()

    def renew(self) -> None:
        """Have the client waited for again as long as at the start: it has brought something whole."""
        if self._client is not None:
            self._client.allow(reading=self._seconds, writing=self._seconds)

    def _is_readable(self) -> bool:
        if self._client is None:
            return False
        poll = select.poll()
        poll.register(self._client, select.POLLIN)
        return bool(poll.poll(0))


class ArrivingLines:
    """The lines of a body."""

    def __init__(self, arriving: Arriving, most_lines: int, most_bytes: int) -> None:
        """Take the body, how many lines are given together at most, and how many bytes a line may have."""
        self._arriving, self._most_lines, self._most_bytes = arriving, most_lines, most_bytes
        self._whole: deque[Line] = deque()
        self._begun = bytearray()
        self._is_too_long = self._has_ended = False
        self._failure: RequestError | None = None
        self._number = 0

    def parts(self) -> Iterator[list[Line]]:
        """Yield lines together as they have come; raises BrokenBody or TooSlow.

        What came before the body broke off is given first.
        """
        while self._fill():
            yield self._part()

    def _fill(self) -> bool:
        """Wait for a line, and take what more is there; return whether there is any."""
        while not self._has_ended and (not self._whole or self._takes_more()):
            try:
                self._take(self._arriving.piece())
            except RequestError as error:
                self._failure, self._has_ended = error, True
            except OSError as error:
                self._failure, self._has_ended = BrokenBody(f"the client went away ({type(error).__name__})"), True
        if self._failure is not None and not self._whole:
            raise self._failure
        return bool(self._whole)

    def _takes_more(self) -> bool:
        return len(self._whole) < self._most_lines and self._held_bytes() < PART_BYTES and self._arriving.has_more()

    def _held_bytes(self) -> int:
        return sum(len(line.content or b"") for line in self._whole)

    def _take(self, piece: bytes) -> None:
        *ended, begun = piece.split(b"\n")
        for end in ended:
            self._extend(end)
            self._end_line()
        self._extend(begun)
        if not piece:
            self._has_ended = True
            self._end_line()

    def _extend(self, more: bytes) -> None:
        self._is_too_long |= len(self._begun) + len(more) > self._most_bytes
        if self._is_too_long:
            self._begun.clear()
        else:
            self._begun += more

    def _end_line(self) -> None:
        self._number += 1
        content = bytes(self._begun)
        if self._number == 1:
            content = content.removeprefix(BYTE_ORDER_MARK)
        if self._is_too_long:
            self._whole.append(Line(self._number, None))
        elif content.strip():
            self._whole.append(Line(self._number, content))
        self._begun.clear()
        self._is_too_long = False

    def _part(self) -> list[Line]:
        """Return the first lines, one at least."""
        part, held = [self._whole.popleft()], 0
        while self._whole and len(part) < self._most_lines and held < PART_BYTES:
            held += len(part[-1].content or b"")
            part.append(self._whole.popleft())
        return part
