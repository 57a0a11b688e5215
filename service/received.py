"""What a request brings beside its fields: a body of a content type, its author, and the state that it knows of."""

from collections.abc import Collection
from typing import Any

from flask import request

from service.editing import Condition
from service.errors import InvalidRequest, UnsupportedContent
from service.wire import kind, read_json

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
MAX_AUTHOR_CHARS = 100
AUTHOR = "api"


def json_object(example: str, content_types: Collection[str] = (JSON,)) -> dict[str, Any]:
    """Return the body as an object; raises UnsupportedContent, NotJson or InvalidRequest.

    A write is taken by its content type alone: a browser lets any page send a form here, but asks before it sends JSON.
    """
    check_content_type(content_types)
    fields = read_json(request.get_data(), example)
    if not isinstance(fields, dict):
        raise InvalidRequest(f"met {kind(fields)}; expected an object such as {example}")
    return fields


def check_content_type(content_types: Collection[str]) -> None:
    """Raise UnsupportedContent unless the body is of one of the types."""
    if request.mimetype not in content_types:
        met = repr(request.mimetype) if request.mimetype else "none"
        raise UnsupportedContent(f"Content-Type: met {met[:100]}; expected {' or '.join(content_types)}")


def author() -> str:
    """Return who writes: `api`, with the name that X-Author gives; raises InvalidRequest for one that is none."""
    sent = request.headers.get("X-Author")
    if sent is None:
        return AUTHOR
    name = sent.encode("latin-1", "replace")  # how WSGI hands over bytes; senders mean UTF-8
    told = name.decode("utf-8", "replace").strip()
    if not 0 < len(told) <= MAX_AUTHOR_CHARS or not told.isprintable() or "\N{REPLACEMENT CHARACTER}" in told:
        raise InvalidRequest(
            f"X-Author: met {len(told)} characters; expected 1 to {MAX_AUTHOR_CHARS} printable ones, in UTF-8"
        )
    return f"{AUTHOR}:{told}"


def condition() -> Condition:
    """Return what If-Match and If-None-Match ask of the stored debunk; raises InvalidRequest for what is neither."""
    if "If-None-Match" in request.headers:
        if not request.if_none_match.star_tag or "If-Match" in request.headers:
            raise InvalidRequest(
                'If-None-Match: a write takes only *, and no If-Match beside it; send If-Match: "<revision>"'
            )
        return Condition(exists=False)
    if "If-Match" not in request.headers:
        return Condition()
    tags = request.if_match
    if tags.star_tag:
        return Condition(exists=True)
    if not tags.as_set():
        raise InvalidRequest('If-Match: met no strong ETag; expected * or "<revision>", as GET gives it in ETag')
    return Condition(exists=True, revisions=frozenset(tags.as_set()))
