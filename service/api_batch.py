"""POST /v1/match/batch: many texts in, an answer to each out, in order: as JSON, or as lines of it while they come."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, Response, g, request, stream_with_context

from corpus.errors import StoreError
from service.answering import Answered, Answering
from service.batch_bodies import BatchBodies
from service.batches import Outcome, Row, outcomes
from service.errors import NotReady, RequestError, ServiceError, TooManyRequests
from service.field_mask import Mask
from service.keeping import keep
from service.limits import RateLimits
from service.received import JSON, NDJSON, asked_mask
from service.settings import Settings
from service.stores import Stores
from service.unexpected import unexpected
from service.wire import MatchRequest, error_json

UNBUFFERED = {"X-Accel-Buffering": "no"}  # else an nginx in front holds answers back


def blueprint(settings: Settings, answering: Answering, stores: Stores, limits: RateLimits) -> Blueprint:
    """Return the route."""
    routes, bodies = Blueprint("batch", __name__), BatchBodies(settings)

    @routes.post("/v1/match/batch")
    def post_batch() -> Response:
        _ = answering.worker.matcher  # raises NotReady
        batch = Batch(answering, stores, limits, asked_mask())
        if request.mimetype in NDJSON:
            return _streamed(_as_lines(batch.answers_as_they_come(bodies.parts_as_they_come())), NDJSON[0])
        answers = batch.answers(bodies.parts_at_once())
        if request.accept_mimetypes.best_match((JSON, *NDJSON)) in NDJSON:
            return _streamed(_as_lines(answers), NDJSON[0])
        return _streamed(_as_one(answers), JSON)

    return routes


class Batch:
    """Answers the rows of one request, each as JSON when its turn comes: an answer may be large."""

    def __init__(self, answering: Answering, stores: Stores, limits: RateLimits, mask: Mask) -> None:
        """Take who answers, where texts are kept, who counts them, and which fields are wanted."""
        self._answering, self._stores, self._limits, self._mask = answering, stores, limits, mask
        self._request_id: str = g.request_id
        self._charged = 0

    def answers(self, parts: Iterator[list[Row]]) -> Iterator[bytes]:
        """Yield the answers to rows that are all there; raises TooManyRequests and Overloaded before the first."""
        all_parts = list(parts)
        self._charge(sum(map(len, all_parts)))
        with self._answering.admission.batch():
            for part in all_parts:
                yield from self._answered(part)

    def answers_as_they_come(self, parts: Iterator[list[Row]]) -> Iterator[bytes]:
        """Yield the answers to rows; what goes wrong with the whole is raised before the first, and told at the end."""
        has_begun = False
        with self._answering.admission.batch():
            try:
                for part in parts:
                    for answer in self._answered_if_allowed(part, has_begun=has_begun):
                        has_begun = True
                        yield answer
            except ServiceError as error:
                if not has_begun:
                    raise
                yield self._failed(None, error)

    def _answered_if_allowed(self, rows: Sequence[Row], *, has_begun: bool) -> Iterator[bytes]:
        if self._answering.worker.is_draining:
            raise NotReady("the service is being stopped; send again what has no answer")
        try:
            self._charge(len(rows))
        except TooManyRequests as error:
            if not has_begun:
                raise
            return iter([self._failed(row.id, error) for row in rows])
        return self._answered(rows)

    def _charge(self, texts: int) -> None:
        """Count texts towards the caller's rate, of which the request itself has been counted as one."""
        self._limits.charge(texts if not self._charged else texts + 1)
        self._charged += texts

    def _answered(self, rows: Sequence[Row]) -> Iterator[bytes]:
        for row, outcome in zip(rows, self._outcomes(rows), strict=True):
            yield self._shown(row, outcome) if isinstance(outcome, Answered) else self._failed(row.id, outcome)

    def _outcomes(self, rows: Sequence[Row]) -> list[Outcome]:
        """Return the answer to each row, or what is wrong with it; where something unexpected is, with it alone."""
        try:
            return outcomes(rows, self._answering.answer_all)
        except ServiceError as error:
            return [error if isinstance(row.asked, MatchRequest) else row.asked for row in rows]
        except Exception as error:
            if len(rows) == 1:
                return [unexpected(error, self._request_id)]
            return [outcome for row in rows for outcome in self._outcomes([row])]

    def _shown(self, row: Row, answered: Answered) -> bytes:
        own_id = f"{self._request_id}:{row.number}"
        try:
            answer = answered.json(own_id)
            if isinstance(row.asked, MatchRequest) and row.asked.store:
                keep(self._stores.texts, own_id, row.asked, answer)
            return encoded({"id": row.id, **self._mask.of(answer)})
        except (RequestError, StoreError) as error:
            return self._failed(row.id, error)
        except Exception as error:
            return self._failed(row.id, unexpected(error, self._request_id))

    def _failed(self, row_id: Any, error: ServiceError | StoreError) -> bytes:
        kind = type(error).__name__
        if self._answering.observed is not None:
            self._answering.observed.metrics.failed(kind)
        return encoded({"id": row_id, **error_json(kind, str(error))})


def encoded(value: Any) -> bytes:
    """Return a value as JSON with letters as they are, or escaped where an id has what UTF-8 has not."""
    try:
        return json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(value).encode()


def _as_lines(answers: Iterator[bytes]) -> Iterator[bytes]:
    for answer in answers:
        yield answer + b"\n"


def _as_one(answers: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the parts of one JSON object, none before the first answer is there."""
    before = b'{"answers": ['
    for answer in answers:
        yield before + answer
        before = b", "
    yield b"]}" if before == b", " else before + b"]}"


def _streamed(pieces: Iterator[bytes], mimetype: str) -> Response:
    """Return the answer, whose first piece is waited for: what that raises is told as an error of the request."""
    first = next(pieces, b"")

    def all_of_them() -> Iterator[bytes]:
        if first:
            yield first
        yield from pieces

    return Response(stream_with_context(all_of_them()), mimetype=mimetype, headers=UNBUFFERED)
