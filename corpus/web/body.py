"""The body of an HTTP answer as a bounded stream: unpacked, and a text in UTF-8 whatever charset it came in."""

import codecs
import gzip
import io
from collections.abc import Iterator
from email.message import Message
from typing import Any, BinaryIO, cast

import httpcore2

from corpus.errors import FetchFailed, FetchRefused

CHUNK_BYTES = 1 << 16
GZIP_MAGIC = b"\x1f\x8b"
MAX_GZIP_LAYERS = 2  # a .json.gz file, and a server that packs whatever it sends
CHARSETS = {"iso-8859-1": "windows-1252", "us-ascii": "windows-1252"}  # what these mean on the web, says WHATWG


def header(response: httpcore2.Response, name: str) -> str | None:
    """Return the header of that name, given in lower case."""
    for key, value in response.headers:
        if key.lower() == name.encode():
            return value.decode("utf-8", "replace").strip()
    return None


def content_type(response: httpcore2.Response) -> tuple[str, str | None]:
    """Return the media type, lower case and empty where none is told, and the charset."""
    message = Message()
    message["Content-Type"] = header(response, "content-type") or ""
    is_told = header(response, "content-type") is not None
    return message.get_content_type() if is_told else "", message.get_content_charset()


class _Body(io.RawIOBase):
    """An answer's body as a stream of at most `max_bytes`."""

    def __init__(self, response: httpcore2.Response, max_bytes: int) -> None:
        self._chunks = iter(response.iter_stream())
        self._rest = b""
        self._count = ByteCount(max_bytes)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._count.add(chunk)
            self._rest = chunk
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


class ByteCount:
    """How many bytes there were so far, of at most `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self.bytes = 0
        self._max_bytes = max_bytes

    def add(self, chunk: bytes) -> None:
        """Count the chunk; raises FetchRefused where it is one too many."""
        self.bytes += len(chunk)
        if self.bytes > self._max_bytes:
            raise FetchRefused(f"met more than {self._max_bytes} bytes; expected fewer; fetch a part, or allow more")


def unpacked(response: httpcore2.Response, max_bytes: int) -> BinaryIO:
    """Return the body, unpacked however often it says it is packed: by the server, by its publisher, or by both."""
    length = header(response, "content-length") or ""
    if length.isdecimal() and int(length) > max_bytes:
        raise FetchRefused(f"met {length} bytes; expected at most {max_bytes}; fetch a part, or allow more")
    encoding = (header(response, "content-encoding") or "identity").lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise FetchFailed(f"met content encoding {encoding!r}; expected gzip or none; tell its publisher")
    body: io.BufferedReader[Any] = io.BufferedReader(_Body(response, max_bytes), CHUNK_BYTES)
    for _ in range(MAX_GZIP_LAYERS):
        if body.peek(2)[:2] != GZIP_MAGIC:
            break
        body = io.BufferedReader(gzip.GzipFile(mode="rb", fileobj=cast(Any, body)), CHUNK_BYTES)
    if body.peek(2)[:2] == GZIP_MAGIC:
        raise FetchRefused(f"met gzip in gzip, more than {MAX_GZIP_LAYERS} times; expected a feed or a page")
    return body


def in_utf8(chunks: Iterator[bytes], media_type: str, charset: str | None) -> Iterator[bytes]:
    """Yield a text that is served in another charset in UTF-8, with the mark that outdoes what a page says of itself.

    Whoever reads the file later knows no headers; without one that tells the charset, the text stays as it is.
    """
    try:
        codec = codecs.lookup(CHARSETS.get(charset or "", charset or "utf-8")).name
        b"".decode(codec)
    except LookupError:
        codec = "utf-8"  # no charset of a text
    if codec == "utf-8" or not media_type.startswith("text/"):
        yield from chunks
        return
    yield codecs.BOM_UTF8
    for text in codecs.iterdecode(chunks, codec, "replace"):
        yield text.removeprefix("\ufeff").encode()
