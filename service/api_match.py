"""POST and GET /v1/match: a text in, the nearest debunks out."""

from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from service.answering import Answering
from service.errors import Conflict
from service.settings import Settings
from service.stores import Stores
from service.wire import MatchRequest, read_json, read_match_query, read_match_request
from service.wire_feedback import kept_text


def blueprint(settings: Settings, answering: Answering, stores: Stores) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("match", __name__)

    @routes.post("/v1/match")
    def post_match() -> Response:
        fields = read_json(request.get_data())
        asked = read_match_request(fields, settings.max_text_chars, may_store=settings.store_texts)
        answered = answering.answer(asked).json(g.request_id)
        if asked.store:
            keep(asked, answered)
        return jsonify(answered)

    @routes.get("/v1/match")
    def get_match() -> Response:
        asked = read_match_query(request.args.to_dict(), settings.max_text_chars)
        return jsonify(answering.answer(asked).json(g.request_id))

    def keep(asked: MatchRequest, answered: dict[str, Any]) -> None:
        if not stores.texts.keep(kept_text(g.request_id, asked.text, asked.lang, answered)):
            raise Conflict(
                f"X-Request-ID: another text is kept under {g.request_id!r}; send an id that is new, or none"
            )

    return routes
