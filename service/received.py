"""What a request brings beside its fields: a body of a content type, its author, and the state that it knows of."""

from collections.abc import Collection
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest, NotFound

from service.access import key_name
from service.answer_shape import ANSWER_SHAPE
from service.editing import Condition
from service.errors import InvalidRequest, UnsupportedContent
from service.field_mask import WHOLE, Mask, read_mask
from service.wire import kind, read_json

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
FIELDS, TAGS = "fields", "tags"  # of a query
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


def query_options() -> dict[str, str]:
    """Return what the query asks but for the mask; tags may be given one by one."""
    options = {name: said for name, said in request.args.to_dict().items() if name != FIELDS}
    return options | ({TAGS: ",".join(request.args.getlist(TAGS))} if TAGS in options else {})


def asked_mask() -> Mask:
    """Return which fields of a v1 answer the query asks for, all where it names none; raises InvalidRequest."""
    if FIELDS not in request.args:
        return WHOLE
    mask = read_mask(request.args[FIELDS])
    mask.check(ANSWER_SHAPE)
    return mask


def check_head() -> None:
    """Raise UnsupportedContent for a packed body, which could unfold to any size; BadRequest and NotFound for oddities.

    They are no Host where HTTP/1.1 wants one, and paths that databases or a proxy's rules see otherwise.
    """
    packing = request.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in ("", "identity"):
        raise UnsupportedContent(f"Content-Encoding: met {packing[:40]!a}; expected none; send the body as it is")
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.1" and "Host" not in request.headers:
        raise BadRequest("HTTP/1.1 asks for a Host header; send one")
    path = request.environ.get("PATH_INFO", "")
    if "\0" in path or path.startswith("//"):
        raise NotFound  # not every database takes NUL; and werkzeug forgets slashes that a proxy's rules went by


def check_content_type(content_types: Collection[str]) -> None:
    """Raise UnsupportedContent unless the body is of one of the types."""
    if request.mimetype not in content_types:
        met = repr(request.mimetype) if request.mimetype else "none"
        raise UnsupportedContent(f"Content-Type: met {met[:100]}; expected {' or '.join(content_types)}")


def author() -> str:
    """Return who writes: `api` with the key's name where keys are required, else with the one that X-Author gives.

    Raises InvalidRequest for an X-Author that is no name.
    """
    if (named := key_name()) is not None:
        return f"{AUTHOR}:{named}"
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
