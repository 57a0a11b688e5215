"""Keeping: the text of a request that asked for it, with what it was answered."""

from collections.abc import Mapping
from typing import Any

from corpus.kept_texts import KeptTexts
from service.errors import Conflict, InvalidRequest
from service.wire import MatchRequest
from service.wire_feedback import MAX_REQUEST_ID_CHARS, kept_text


def keep(texts: KeptTexts, request_id: str, asked: MatchRequest, answer: Mapping[str, Any]) -> None:
    """Keep the text of an answered request under its id; raises Conflict, InvalidRequest or StoreError."""
    if len(request_id) > MAX_REQUEST_ID_CHARS:
        raise InvalidRequest(
            f"X-Request-ID: met {request_id[:40]}…; expected one that is shorter by what a row's number adds to it"
        )
    if not texts.keep(kept_text(request_id, asked.text, asked.lang, answer)):
        raise Conflict(f"X-Request-ID: another text is kept under {request_id!r}; send an id that is new, or none")
