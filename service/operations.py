"""Operations: every route that programs call, by endpoint: what it takes, gives and refuses. /openapi.json says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel

from service import shapes
from service.received import MERGE_PATCH, NDJSON
from service.wire import MatchRequest
from service.wire_debunks import ListRequest, WordingRequest
from service.wire_feedback import EraseRequest, FeedbackRequest

LINES, LINKED_DATA = NDJSON[0], "application/ld+json"
Model = type[BaseModel]

# statuses of refusals: of every route; where a body is read; where a query is; where an id stands in the path
EVERY, BODY, QUERY, ID = (401, 403, 408, 421, 429, 503), (400, 413, 415, 422), (422,), (404,)
WRITE = (409,)
PROBE = (408, 421)


@dataclass(frozen=True)
class Operation:
    """What one route takes, gives and refuses; `answers` has the model of each status, None where there is no body."""

    tag: str
    summary: str
    answers: Mapping[int, Model | None]
    refuses: Sequence[int] = EVERY
    query: Model | None = None
    body: Model | None = None
    takes: Mapping[str, Model] = field(default_factory=dict)  # other content types of the body
    gives: Mapping[str, Model] = field(default_factory=dict)  # other content types of the answers
    error: Model = shapes.ErrorBody


def _wordings(name: str, one: str) -> dict[str, Operation]:
    there, new = {200: shapes.EditedDebunk}, {201: shapes.EditedDebunk}
    refuses = (*EVERY, *BODY, *ID, *WRITE)
    return {
        f"editing.add_{name}": Operation("debunks", f"Add {one}", there | new, refuses, body=WordingRequest),
        f"editing.drop_{name}": Operation("debunks", f"Take {one} away", there, refuses, WordingRequest),
    }


def _google(summary: str, *, has_body: bool = False) -> Operation:
    body = shapes.GoogleBody if has_body else None
    refuses = (400, 401, 403, 404, 413, 429, 501, 503)
    return Operation("sockets", summary, {200: shapes.GoogleBody}, refuses, body=body, error=shapes.GoogleErrorBody)


OPERATIONS: Mapping[str, Operation] = {
    "match.post_match": Operation(
        "match",
        "Match one text: the nearest debunks, how probable each is, and how the text puts the myth",
        {200: shapes.AnswerBody},
        (*EVERY, *BODY, *WRITE),
        shapes.FieldsQuery,
        MatchRequest,
    ),
    "match.get_match": Operation(
        "match",
        "The same of a short text, in a query",
        {200: shapes.AnswerBody},
        (*EVERY, *QUERY, 413),
        shapes.MatchQuery,
    ),
    "batch.post_batch": Operation(
        "match",
        "Match up to 1,000 texts at once, or any number as JSON Lines while they come",
        {200: shapes.BatchBody},
        (*EVERY, *BODY),
        shapes.OptionsQuery,
        shapes.BatchRequest,
        takes={LINES: shapes.Anything},
        gives={LINES: shapes.BatchLine},
    ),
    "model.model": Operation("match", "Which encoder, corpus and calibration answer", {200: shapes.ModelBody}),
    "debunks.list_them": Operation(
        "debunks", "List the corpus, page by page", {200: shapes.DebunkPage}, (*EVERY, *QUERY, 404), ListRequest
    ),
    "debunks.get_debunk": Operation(
        "debunks",
        "One debunk as it is stored, or its ClaimReview",
        {200: shapes.StoredDebunk, 304: None},
        (*EVERY, *ID),
        gives={LINKED_DATA: shapes.Anything},
    ),
    "debunks.history": Operation("debunks", "Every state of a debunk", {200: shapes.History}, (*EVERY, *ID)),
    "editing.create": Operation(
        "debunks",
        "Create a debunk, or write each of a body of JSON Lines",
        {200: shapes.CreatedBody, 201: shapes.EditedDebunk},
        (*EVERY, *BODY, *WRITE),
        body=shapes.DebunkRequest,
        takes={LINES: shapes.Anything},
    ),
    "editing.replace": Operation(
        "debunks",
        "Create or replace a debunk",
        {200: shapes.EditedDebunk, 201: shapes.EditedDebunk},
        (*EVERY, *BODY, *ID, *WRITE),
        body=shapes.DebunkRequest,
    ),
    "editing.patch": Operation(
        "debunks",
        "Change some fields of a debunk",
        {200: shapes.EditedDebunk},
        (*EVERY, *BODY, *ID, *WRITE),
        body=shapes.ChangesRequest,
        takes={MERGE_PATCH: shapes.ChangesRequest},
    ),
    "editing.remove": Operation("debunks", "Remove a debunk", {204: None}, (*EVERY, *ID, *WRITE, 422)),
    **_wordings("variants", "another wording of the myth"),
    **_wordings("suppressions", "a text that is not about the myth"),
    "feedback.give": Operation(
        "feedback",
        "Say whether an answer was right",
        {201: shapes.GivenFeedback},
        (*EVERY, *BODY),
        body=FeedbackRequest,
    ),
    "feedback.export": Operation(
        "feedback", "All feedback that is kept, as JSON Lines", {200: None}, gives={LINES: shapes.GivenFeedback}
    ),
    "feedback.erase": Operation("feedback", "Erase one for good", {204: None}, (*EVERY, *ID)),
    "feedback.erase_before": Operation(
        "feedback", "Erase all from before a time", {200: shapes.Erased}, (*EVERY, *QUERY), EraseRequest
    ),
    "feedback.export_texts": Operation(
        "feedback", "All texts that are kept, as JSON Lines", {200: None}, gives={LINES: shapes.KeptLine}
    ),
    "feedback.erase_text": Operation("feedback", "Erase one for good", {204: None}, (*EVERY, *ID)),
    "feedback.erase_texts_before": Operation(
        "feedback", "Erase all from before a time", {200: shapes.Erased}, (*EVERY, *QUERY), EraseRequest
    ),
    "health.live": Operation("service", "Does the process live", {200: shapes.Alive}, PROBE),
    "health.ready": Operation("service", "Can it answer", {200: shapes.Ready}, (*PROBE, 503)),
    "metrics.scrape": Operation(
        "service",
        "What is counted and measured, for Prometheus",
        {200: None},
        gives={"text/plain": shapes.Anything, "application/openmetrics-text": shapes.Anything},
    ),
    "openapi.document": Operation("service", "This document", {200: shapes.Anything}, PROBE),
    "fact_check.search": _google("Google Fact Check Tools: search"),
    "perspective.analyze": _google("Perspective: score a comment", has_body=True),
}
