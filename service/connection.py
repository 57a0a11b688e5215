"""Connection: a client's connection as gunicorn's thread worker has it; its request may come late, cut off or never.

The head of a request, and a small body, are gathered while no thread waits for them. A body is asked for (`100
Continue`) only when it is read, and one that is cut off or broken is an error and not a shorter body.
"""

import re
from collections import deque
from collections.abc import Callable
from typing import Any, Literal

from gunicorn.http.body import Body
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import TConn

from service.errors import BrokenBody
from service.timed_socket import TimedSocket

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
RECEIVED_BYTES = 8192  # at a time
MAX_GATHERED_BYTES = 1 << 16  # of a request; what is longer is read in a thread
LENGTH = re.compile(rb"\r\nContent-Length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
EXPECT = re.compile(rb"\r\nExpect:", re.IGNORECASE)

Heard = Literal["more to come", "request", "no request", "gone"]


class ClientBody(Body):
    """A request's body, read from the client as the application reads it."""

    def __init__(self, reader: Any, length: int | None, ask: Callable[[], None] | None) -> None:
        """Take gunicorn's reader, how many bytes were announced, and what asks a client for them that waits for it."""
        super().__init__(reader)
        self._missing = length
        self._ask = ask

    @property
    def is_awaited(self) -> bool:
        """Return whether the client may still be waiting to be asked for the body."""
        return self._ask is not None

    def _read_reader(self, size: int) -> bytes:
        """Return the next bytes; raises BrokenBody, or TooSlow."""
        if self._ask is not None:
            ask, self._ask = self._ask, None
            ask()
        try:
            received: bytes = super()._read_reader(size)
        except (ParseException, NoMoreData) as error:
            raise BrokenBody(
                f"the body cannot be read ({type(error).__name__}); send it whole, in sound chunks"
            ) from error
        if self._missing is not None:
            self._missing -= len(received)
            if self._missing > 0 and not received:
                self.failed = True
                raise BrokenBody(f"the body ended {self._missing} bytes before its Content-Length; send it whole")
        return received


class ClientRequest(Request):
    """A request with such a body; it knows whether another may follow on its connection."""

    body: Any
    _expected_100_continue: bool

    def __init__(self, *parsed: Any, is_draining: Callable[[], bool]) -> None:
        """Read the head; `is_draining` says whether the server was told to stop. Raises as gunicorn's Request."""
        self._is_draining = is_draining
        self._closes: bool | None = None
        super().__init__(*parsed)

    def set_body_reader(self) -> None:
        """Choose how the body is read."""
        super().set_body_reader()
        reader = self.body.reader
        length = getattr(reader, "length", None)
        asks = self._expected_100_continue and length != 0
        self._expected_100_continue = False  # else gunicorn asks for it before anyone knows whether it is wanted
        self.body = ClientBody(reader, length, self._ask if asks else None)

    def should_close(self) -> bool:
        """Return whether the connection ends with this request; asked first when its answer begins, which says so.

        What was said stays, whatever comes meanwhile: the client may be sending its next request.
        """
        if self._closes is None:
            self._closes = self.body.is_awaited or self._is_draining() or bool(super().should_close())
        return self._closes or bool(self.body.failed)  # then nobody knows where the next request begins

    def _ask(self) -> None:
        self.unreader.sock.sendall(CONTINUE)


class ClientParser(RequestParser):
    """Reads a connection's requests, one after the other."""

    def __init__(self, cfg: Any, client_socket: TimedSocket, address: Any, is_draining: Callable[[], bool]) -> None:
        super().__init__(cfg, client_socket, address)
        self.mesg_class = lambda *parsed: ClientRequest(*parsed, is_draining=is_draining)

    def __next__(self) -> ClientRequest:
        """Return the next request.

        The last one is behind us: its answer said that the connection stays, so this one is read even while draining.
        """
        self.mesg = None
        request: ClientRequest = super().__next__()
        return request


class Connection(TConn):
    """A connection, with what has come of its next request, and the queue in which it waits for the rest."""

    initialized: bool
    parser: Any

    def __init__(
        self, cfg: Any, client_socket: TimedSocket, address: Any, server: Any, draining: Callable[[], bool]
    ) -> None:
        super().__init__(cfg, client_socket, address, server)
        self.gathered = bytearray()
        self.queue: deque[Connection] | None = None
        self.data_ready = True  # a thread gets it only then
        self._draining = draining

    def init(self) -> None:
        """Have the parser begin with what was gathered; called in a thread before each request is read."""
        if not self.initialized:
            self.initialized = True
            self.parser = ClientParser(self.cfg, self.sock, self.client, self._draining)
        self.parser.unreader.unread(bytes(self.gathered))
        self.gathered.clear()

    def hear(self) -> Heard:
        """Take what came, and return what there is now; waits for nothing."""
        try:
            received = self.sock.recv_now(RECEIVED_BYTES)
        except BlockingIOError:
            return "more to come"
        except OSError:
            return "gone"
        self.gathered += received
        if not self.gathered:
            return "gone"
        return self.heard() if received else "request"  # cut off, or refused: the parser finds out

    def heard(self) -> Heard:
        """Return what there is of a request among what was gathered, which is something."""
        if not (self.gathered[:1].isupper() or self.gathered[:1] == b"\r"):
            return "no request"  # TLS, most likely: it would never end a line
        line, ended, _ = self.gathered.removeprefix(b"\r\n").partition(b"\r\n")
        is_no_request_line = bool(ended) and line.count(b" ") != 2  # the parser refuses it before it is whole
        needed = self._needed()
        if is_no_request_line or (needed is not None and len(self.gathered) >= min(needed, MAX_GATHERED_BYTES)):
            return "request"
        return "more to come"

    def _needed(self) -> int | None:
        """Return how many bytes make a request that no thread must wait for; None while its head is not whole.

        A body counts that is announced, unless its client waits to be asked for it.
        """
        end = self.gathered.find(b"\r\n\r\n")
        if end < 0:
            has_bare_newline = self.gathered.count(b"\n") != self.gathered.count(b"\r\n")
            return 0 if has_bare_newline or len(self.gathered) >= MAX_GATHERED_BYTES else None
        fields = bytes(self.gathered[: end + 2])
        length = LENGTH.search(fields)
        return end + 4 + (int(length[1]) if length and not EXPECT.search(fields) else 0)
