"""The bodies of a batch: texts in one JSON object, or a line of JSON each, as they come."""

import sys
from collections.abc import Iterator, Mapping
from functools import partial
from io import BytesIO
from typing import IO, Any, cast

from flask import request

from service.arriving import Arriving, ArrivingLines, Line
from service.batches import PART_ROWS, Row, RowReader
from service.errors import InvalidRequest, TextTooLong
from service.received import NDJSON, query_options
from service.settings import Settings
from service.wire import kind, read_json, read_match_request, read_options

MAX_TEXTS = 1000  # in one JSON object
MAX_BODY_BYTES = 16 << 20  # of it; lines that are announced as no more are taken before the first is answered
EXAMPLE = '{"texts": ["...", {"id": 2, "text": "..."}]}'


class BatchBodies:
    """Reads the rows of a request; what the query asks is asked of each, where a row does not say."""

    def __init__(self, settings: Settings) -> None:
        """Take how long a text may be, whether texts may be kept, and how long a client is waited for."""
        self._settings = settings

    def parts_at_once(self) -> Iterator[list[Row]]:
        """Return the rows of a JSON object, some at a time; raises RequestError for what is none, or holds too many."""
        asked = read_options(query_options(), strict=False, may_store=self._settings.store_texts)
        request.max_content_length = MAX_BODY_BYTES
        texts, options = read_batch(read_json(request.get_data(), EXAMPLE))
        options = read_options(options, strict=True, may_store=self._settings.store_texts)
        reader = self._reader({**asked, **options}, "text")
        numbered = list(enumerate(texts, start=1))
        parts = (numbered[start : start + PART_ROWS] for start in range(0, len(numbered), PART_ROWS))
        return ([reader.row(value, number) for number, value in part] for part in parts)

    def parts_as_they_come(self) -> Iterator[list[Row]]:
        """Yield the rows of lines, some at a time, as many as have come; raises RequestError."""
        longest = request.max_content_length or MAX_BODY_BYTES
        asked = read_options(query_options(), strict=False, may_store=self._settings.store_texts)
        reader, client = self._reader(asked, "line"), request.environ.get("gunicorn.socket")
        arriving = Arriving(_lines_sent(), client, self._settings.request_seconds)
        for lines in ArrivingLines(arriving, PART_ROWS, longest).parts():
            yield [_row(line, reader, longest) for line in lines]
            arriving.renew()

    def _reader(self, options: Mapping[str, Any], name: str) -> RowReader:
        settings = self._settings
        read = partial(read_match_request, max_text_chars=settings.max_text_chars, may_store=settings.store_texts)
        return RowReader(read, options, name)


def read_batch(value: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return the texts, and what is asked of all of them; raises InvalidRequest."""
    if not isinstance(value, dict):
        raise InvalidRequest(f"met {kind(value)}; expected an object such as {EXAMPLE}")
    texts = value.get("texts")
    if not isinstance(texts, list):
        met = f"met {kind(texts)}" if "texts" in value else "it is missing"
        raise InvalidRequest(f"texts: {met}; expected an array, as in {EXAMPLE}")
    if len(texts) > MAX_TEXTS:
        raise InvalidRequest(
            f"texts: met {len(texts)}; expected at most {MAX_TEXTS}; send them in parts, or any number as lines of JSON"
            f" with Content-Type: {NDJSON[0]}"
        )
    return texts, {name: said for name, said in value.items() if name != "texts"}


def _lines_sent() -> IO[bytes]:
    """Return the body, all of it where it is small: not every client reads answers while it still sends."""
    announced = request.content_length
    if announced is not None and announced <= MAX_BODY_BYTES:
        request.max_content_length = MAX_BODY_BYTES
        return BytesIO(request.get_data())
    request.max_content_length = sys.maxsize  # each line is bounded, all of them are not
    is_in_chunks = announced is None and "wsgi.input_terminated" in request.environ
    return cast(IO[bytes], request.environ["wsgi.input"]) if is_in_chunks else request.stream


def _row(line: Line, reader: RowReader, longest: int) -> Row:
    if line.content is not None:
        return reader.parsed(line.content, line.number)
    error = TextTooLong(f"met more than {longest} bytes; expected at most so many on a line; send the text in parts")
    return Row(line.number, None, reader.located(error, line.number))
