"""HTTP as bytes on a socket: what no client would send, and all that comes back."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.parser import BytesParser
from typing import Any

import httpx

ANSWER_SECONDS = 30.0  # for one answer, on a machine that does other work besides


@dataclass(frozen=True)
class RawAnswer:
    """An answer: its status, headers by lower-case name, body, and the bytes that came behind it."""

    status: int
    headers: dict[str, str]
    body: bytes
    rest: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return httpx.Response(self.status, content=self.body).json()


@contextmanager
def connected(url: str, *, receive_buffer: int | None = None) -> Iterator[socket.socket]:
    """Yield a connection to the server at the URL; with a receive buffer of so many bytes where it is given."""
    address = httpx.URL(url)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(ANSWER_SECONDS)
        connection.connect((address.host, address.port or 80))
        yield connection


def exchange(url: str, sent: bytes, *, half_close: bool = False) -> bytes:
    """Send bytes as they are, and return all that comes back until the server closes.

    A server that refuses what it does not want to read may close before all is sent.
    """
    with connected(url) as connection:
        try:
            connection.sendall(sent)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return receive_all(connection)


def receive_all(connection: socket.socket) -> bytes:
    """Return what comes until the server closes."""
    return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def receive_answer(connection: socket.socket) -> RawAnswer:
    """Return the next answer on a connection that may stay open; raises ValueError for one that is cut off."""
    received = b""
    deadline = time.monotonic() + ANSWER_SECONDS
    while (answer := _parsed(received)) is None:
        if time.monotonic() > deadline or not (more := connection.recv(1 << 16)):
            raise ValueError(f"the answer is cut off after {len(received)} bytes: {received[:200]!r}")
        received += more
    return answer


def parse(received: bytes) -> RawAnswer:
    """Return the first answer among the bytes; raises ValueError where it is not whole."""
    answer = _parsed(received)
    if answer is None:
        raise ValueError(f"no whole answer: {received[:500]!r}")
    return answer


def _parsed(received: bytes) -> RawAnswer | None:
    head, ended, rest = received.partition(b"\r\n\r\n")
    if not ended:
        return None
    first, _, fields = head.partition(b"\r\n")
    version, status = first.split(b" ")[:2]
    if not version.startswith(b"HTTP/1."):
        raise ValueError(f"no answer of HTTP/1: {first!r}")
    parsed = BytesParser().parsebytes(fields + b"\r\n\r\n")
    headers = {name.lower(): str(value) for name, value in parsed.items()}
    code = int(status)
    if 100 <= code < 200:
        return RawAnswer(code, headers, b"", rest)
    if headers.get("transfer-encoding") == "chunked":
        return _chunked(code, headers, rest)
    length = int(headers.get("content-length", "0"))
    return RawAnswer(code, headers, rest[:length], rest[length:]) if len(rest) >= length else None


def _chunked(status: int, headers: dict[str, str], rest: bytes) -> RawAnswer | None:
    body = b""
    while True:
        line, ended, rest = rest.partition(b"\r\n")
        if not ended:
            return None
        size = int(line, 16)
        if len(rest) < size + 2:
            return None
        if size == 0:
            return RawAnswer(status, headers, body, rest[2:])
        body, rest = body + rest[:size], rest[size + 2 :]


def post(path: str, body: bytes, *headers: bytes) -> bytes:
    """Return a POST of a body with its length, and of JSON where no headers are given."""
    lines = headers or (b"Content-Type: application/json",)
    return request(b"POST", path.encode("ascii"), b"Content-Length: %d" % len(body), *lines) + body


def request(method: bytes, target: bytes, *headers: bytes) -> bytes:
    """Return the head of a request to localhost, whose connection ends with it."""
    lines = [b"%s %s HTTP/1.1" % (method, target), b"Host: localhost", b"Connection: close", *headers]
    return b"\r\n".join([*lines, b"", b""])
