"""The v1 shapes of feedback and kept texts: what is taken, and what is shown of what is kept."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from corpus.checks import DebunkId, LangTag
from corpus.feedback import Feedback, Said, Verdict
from corpus.kept_texts import KeptText
from corpus.language import find_language
from service.errors import InvalidRequest
from service.wire import check_text, validated
from service.wire_debunks import Time

MAX_REQUEST_ID_CHARS = 128


class FeedbackRequest(BaseModel):
    """A moderator's word on one answer, with the text or the id of the request that brought it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Verdict = Field(description="confirm, reject or other")
    debunk_id: DebunkId = Field(description="the id of the debunk that was answered with")
    other_id: DebunkId | None = None
    text: str | None = None
    lang: LangTag | None = None
    relation: Said | None = None
    request_id: str | None = Field(None, min_length=1, max_length=MAX_REQUEST_ID_CHARS)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if (self.verdict == "other") != (self.other_id is not None):
            raise ValueError('expected "other_id" exactly where the verdict is "other"')
        if self.other_id == self.debunk_id:
            raise ValueError('expected an "other_id" that is not the "debunk_id"; send "confirm"')
        if self.verdict == "reject" and self.relation is not None:
            raise ValueError('expected no "relation" where the verdict is "reject"')
        if self.text is None and self.request_id is None:
            raise ValueError('expected the "text", or the "request_id" of a text that was kept')
        return self


def read_feedback(
    fields: Mapping[str, Any], author: str, kept: Callable[[str], KeptText | None], max_text_chars: int
) -> Feedback:
    """Return the feedback of {verdict, debunk_id, ...}; a text that is not sent is the one `kept` under `request_id`.

    Raises InvalidRequest, InvalidText or TextTooLong.
    """
    asked = validated(FeedbackRequest, dict(fields), strict=True)
    text, lang = asked.text, asked.lang
    if text is None and asked.request_id is not None:
        found = kept(asked.request_id)
        if found is None:
            raise InvalidRequest(
                f"request_id: no text is kept under {asked.request_id!r}; send the text itself, or have texts kept by"
                ' MYTHMATCH_STORE_TEXTS and "store": true'
            )
        text, lang = found.text, lang or found.lang
    text = text or ""
    check_text(text, max_text_chars)
    return Feedback(
        text, lang or find_language(text), asked.debunk_id, asked.verdict, asked.other_id, asked.relation, author
    )


def feedback_json(given: Feedback) -> dict[str, Any]:
    """Return the feedback as it is exported."""
    return {
        "id": given.id,
        "given_at": given.given_at.isoformat(timespec="milliseconds"),
        "author": given.author,
        "verdict": given.verdict,
        "debunk_id": given.debunk_id,
        "other_id": given.other_id,
        "relation": given.relation,
        "lang": given.lang,
        "text": given.text,
    }


def kept_json(kept: KeptText) -> dict[str, Any]:
    """Return the kept text as it is exported."""
    return {
        "request_id": kept.request_id,
        "kept_at": kept.kept_at.isoformat(timespec="milliseconds"),
        "lang": kept.lang,
        "text": kept.text,
        "answer": json.loads(kept.answer),
    }


def kept_text(request_id: str, text: str, lang: str | None, answer: Mapping[str, Any]) -> KeptText:
    """Return the text as it is kept, with the decision of its answer and those of the debunks that it named."""
    matches = [{"debunk_id": match["debunk"]["id"], "decision": match["decision"]} for match in answer["matches"]]
    told = {"decision": answer["decision"], "corpus_revision": answer["corpus_revision"], "matches": matches}
    return KeptText(request_id, text, lang or find_language(text), json.dumps(told, ensure_ascii=False))


class EraseRequest(BaseModel):
    """Which texts to erase: those from before a day or time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: Time = Field(description="a day or time in ISO 8601; all from before it is erased")


def read_erase_query(fields: Mapping[str, str]) -> EraseRequest:
    """Return the checked request from the strings of a query; raises InvalidRequest."""
    return validated(EraseRequest, dict(fields), strict=False)
