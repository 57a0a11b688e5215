"""What tests of the corpus over HTTP share: a debunk, and how answers and errors are looked at."""

import json
from typing import Any

from werkzeug.test import TestResponse

BRIDGE = {"id": "bridge", "myth": "The bridge was sold.", "fact": "It was not.", "lang": "en"}
NDJSON = {"Content-Type": "application/x-ndjson"}


def told(answer: TestResponse, status: int) -> Any:
    """Return the JSON of an answer that has the status."""
    assert answer.status_code == status, answer.text
    return answer.json


def message(answer: TestResponse, status: int, kind: str) -> str:
    """Return the message of an error that has the status, the kind and the one shape."""
    error = told(answer, status)["error"]
    assert (error["type"], set(error)) == (kind, {"type", "message", "request_id"})
    return str(error["message"])


def lines(answer: TestResponse) -> list[Any]:
    """Return the objects of an answer in JSON Lines."""
    assert (answer.status_code, answer.mimetype) == (200, "application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]
