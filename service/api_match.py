"""POST and GET /v1/match: a text in, the nearest debunks out."""

import time
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from service.errors import Conflict
from service.flood import FloodControl, counted
from service.settings import Settings
from service.stores import Stores
from service.wire import MatchRequest, answer_json, read_json, read_match_query, read_match_request
from service.wire_feedback import kept_text
from service.worker import Worker


def blueprint(settings: Settings, worker: Worker, stores: Stores, flood: FloodControl) -> Blueprint:
    """Return the routes, answering from the worker and counting what matches."""
    routes = Blueprint("match", __name__)

    @routes.post("/v1/match")
    def post_match() -> Response:
        fields = read_json(request.get_data())
        asked = read_match_request(fields, settings.max_text_chars, may_store=settings.store_texts)
        answered = answer(asked)
        if asked.store:
            keep(asked, answered)
        return jsonify(answered)

    @routes.get("/v1/match")
    def get_match() -> Response:
        return jsonify(answer(read_match_query(request.args.to_dict(), settings.max_text_chars)))

    def answer(asked: MatchRequest) -> dict[str, Any]:
        started = time.perf_counter()
        matcher = worker.matcher
        found = matcher.match(asked.text, asked.limit, asked.threshold, asked.lang, asked.stance, flood.is_flooded)
        flood.count(counted(found, matcher.calibration.thresholds.match))
        took_ms = (time.perf_counter() - started) * 1000
        return answer_json(found, matcher, g.request_id, took_ms)

    def keep(asked: MatchRequest, answered: dict[str, Any]) -> None:
        if not stores.texts.keep(kept_text(g.request_id, asked.text, asked.lang, answered)):
            raise Conflict(
                f"X-Request-ID: another text is kept under {g.request_id!r}; send an id that is new, or none"
            )

    return routes
