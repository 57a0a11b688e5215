"""POST and GET /v1/match: a text in, the nearest debunks out."""

from flask import Blueprint, Response, g, jsonify, request

from service.answering import Answering
from service.keeping import keep
from service.received import asked_mask, query_options
from service.settings import Settings
from service.stores import Stores
from service.wire import read_json, read_match_query, read_match_request


def blueprint(settings: Settings, answering: Answering, stores: Stores) -> Blueprint:
    """Return the routes."""
    routes = Blueprint("match", __name__)

    @routes.post("/v1/match")
    def post_match() -> Response:
        mask = asked_mask()
        fields = read_json(request.get_data())
        asked = read_match_request(fields, settings.max_text_chars, may_store=settings.store_texts)
        answered = answering.answer(asked).json(g.request_id)
        if asked.store:
            keep(stores.texts, g.request_id, asked, answered)
        return jsonify(mask.of(answered))

    @routes.get("/v1/match")
    def get_match() -> Response:
        mask = asked_mask()
        asked = read_match_query(query_options(), settings.max_text_chars)
        return jsonify(mask.of(answering.answer(asked).json(g.request_id)))

    return routes
