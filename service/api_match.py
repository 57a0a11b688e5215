"""POST and GET /v1/match: a text in, the nearest debunks out."""

import time

from flask import Blueprint, Response, g, jsonify, request

from service.settings import Settings
from service.wire import MatchRequest, answer_json, read_json, read_match_query, read_match_request
from service.worker import Worker


def blueprint(settings: Settings, worker: Worker) -> Blueprint:
    """Return the routes, answering from the worker."""
    routes = Blueprint("match", __name__)

    @routes.post("/v1/match")
    def post_match() -> Response:
        return answer(read_match_request(read_json(request.get_data()), settings.max_text_chars))

    @routes.get("/v1/match")
    def get_match() -> Response:
        return answer(read_match_query(request.args.to_dict(), settings.max_text_chars))

    def answer(asked: MatchRequest) -> Response:
        started = time.perf_counter()
        matcher = worker.matcher
        found = matcher.match(asked.text, asked.limit, asked.threshold, asked.lang, asked.stance)
        took_ms = (time.perf_counter() - started) * 1000
        return jsonify(answer_json(found, matcher, g.request_id, took_ms))

    return routes
