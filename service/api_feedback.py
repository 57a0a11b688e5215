"""/v1/feedback and /v1/texts: what moderators say of answers, the texts that were kept, and the erasing of both."""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, TypeVar

from flask import Blueprint, Response, jsonify, make_response, request

from corpus.feedback import Feedback
from service.api_debunks import corpus
from service.errors import InvalidRequest, UnknownFeedback, UnknownText
from service.received import NDJSON, author, json_object
from service.settings import Settings
from service.stores import Stores
from service.wire_feedback import feedback_json, kept_json, read_erase_query, read_feedback
from service.worker import Worker

FEEDBACK = '{"verdict": "confirm", "debunk_id": "...", "text": "..."}'

Kept = TypeVar("Kept")


def blueprint(settings: Settings, worker: Worker, stores: Stores) -> Blueprint:
    """Return the routes, writing to the stores."""
    routes = Blueprint("feedback", __name__)
    _add_feedback_routes(routes, settings, worker, stores)
    _add_text_routes(routes, stores)
    return routes


def _add_feedback_routes(routes: Blueprint, settings: Settings, worker: Worker, stores: Stores) -> None:
    @routes.post("/v1/feedback")
    def give() -> Response:
        fields = json_object(FEEDBACK)
        given = read_feedback(fields, author(), stores.texts.get, settings.max_text_chars)
        check_known(given)
        stores.feedback.put(given)
        told = feedback_json(given)
        del told["text"]  # of a kept text the caller may know no more than the request's id
        return make_response(jsonify(told), 201)

    def check_known(given: Feedback) -> None:
        store = corpus(stores, worker)
        for name in ("debunk_id", "other_id"):
            debunk_id = getattr(given, name)
            if debunk_id is not None and store.version(debunk_id) is None:
                raise InvalidRequest(f"{name}: there is no debunk {debunk_id!r}; expected the id of one in the corpus")

    @routes.get("/v1/feedback")
    def export() -> Response:
        return _lines(stores.feedback.export(), feedback_json)

    @routes.delete("/v1/feedback/<feedback_id>")
    def erase(feedback_id: str) -> Response:
        if not stores.feedback.erase(feedback_id):
            raise UnknownFeedback(f"there is no feedback {feedback_id!r}; GET /v1/feedback gives all that is kept")
        return Response(status=204)

    @routes.delete("/v1/feedback")
    def erase_before() -> Response:
        asked = read_erase_query(request.args.to_dict())
        return jsonify({"erased": stores.feedback.erase_before(asked.before)})


def _add_text_routes(routes: Blueprint, stores: Stores) -> None:
    @routes.get("/v1/texts")
    def export_texts() -> Response:
        return _lines(stores.texts.export(), kept_json)

    @routes.delete("/v1/texts/<request_id>")
    def erase_text(request_id: str) -> Response:
        if not stores.texts.erase(request_id):
            raise UnknownText(f"no text is kept under request id {request_id!r}; GET /v1/texts gives all that are")
        return Response(status=204)

    @routes.delete("/v1/texts")
    def erase_texts_before() -> Response:
        asked = read_erase_query(request.args.to_dict())
        return jsonify({"erased": stores.texts.erase_before(asked.before)})


def _lines(all_of_them: Iterator[Kept], shown: Callable[[Kept], Mapping[str, Any]]) -> Response:
    """Return the answer that streams one JSON object a line; what is wrong at its start is still told as an error."""
    first = list(islice(all_of_them, 1))
    lines = (json.dumps(shown(one), ensure_ascii=False) + "\n" for one in chain(first, all_of_them))
    return Response(lines, mimetype=NDJSON[0])
