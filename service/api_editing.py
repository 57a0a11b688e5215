"""POST, PUT, PATCH and DELETE of debunks, their variants and suppressions: each answers with what is stored then."""

from flask import Blueprint, Response, jsonify, make_response, request, url_for

from service import editing
from service.api_debunks import corpus
from service.bulk import put_lines
from service.editing import Edited, Wordings
from service.received import JSON, MERGE_PATCH, NDJSON, author, condition, json_object
from service.settings import Settings
from service.stores import Stores
from service.wire import debunk_json
from service.wire_debunks import read_wording
from service.worker import Worker

DEBUNK = '{"id": "...", "myth": "...", "fact": "..."}'
CHANGES = '{"tags": ["..."]}'
WORDING = '{"text": "..."}'


def blueprint(settings: Settings, worker: Worker, stores: Stores) -> Blueprint:
    """Return the routes, writing to the store."""
    routes = Blueprint("editing", __name__)
    _add_debunk_routes(routes, settings, worker, stores)
    _add_wording_routes(routes, worker, stores)
    return routes


def _add_debunk_routes(routes: Blueprint, settings: Settings, worker: Worker, stores: Stores) -> None:
    @routes.post("/v1/debunks")
    def create() -> Response:
        if request.mimetype in NDJSON:
            return put_all()
        fields = json_object(DEBUNK, (JSON, *NDJSON))
        return _answer(editing.create(corpus(stores, worker), fields, author()))

    def put_all() -> Response:
        request.max_content_length = settings.max_bulk_bytes
        return jsonify(put_lines(corpus(stores, worker), request.stream, settings.run_dir, author()))

    @routes.put("/v1/debunks/<debunk_id>")
    def replace(debunk_id: str) -> Response:
        fields = json_object(DEBUNK)
        return _answer(editing.replace(corpus(stores, worker), debunk_id, fields, author(), condition()))

    @routes.patch("/v1/debunks/<debunk_id>")
    def patch(debunk_id: str) -> Response:
        changes = json_object(CHANGES, (MERGE_PATCH, JSON))
        return _answer(editing.patch(corpus(stores, worker), debunk_id, changes, author(), condition()))

    @routes.delete("/v1/debunks/<debunk_id>")
    def remove(debunk_id: str) -> Response:
        editing.remove(corpus(stores, worker), debunk_id, author(), condition())
        return Response(status=204)


def _add_wording_routes(routes: Blueprint, worker: Worker, stores: Stores) -> None:
    def add(debunk_id: str, where: Wordings) -> Response:
        new = read_wording(json_object(WORDING))
        return _answer(editing.add_wording(corpus(stores, worker), debunk_id, where, new, author(), condition()))

    def drop(debunk_id: str, where: Wordings) -> Response:
        named = read_wording(json_object(WORDING) if request.content_length else request.args.to_dict())
        return _answer(
            editing.drop_wording(corpus(stores, worker), debunk_id, where, named.text, author(), condition())
        )

    places: tuple[Wordings, ...] = ("variants", "suppressions")
    for where in places:
        path, named = f"/v1/debunks/<debunk_id>/{where}", {"where": where}
        routes.add_url_rule(path, f"add_{where}", add, methods=["POST"], defaults=named)
        routes.add_url_rule(path, f"drop_{where}", drop, methods=["DELETE"], defaults=named)


def _answer(edited: Edited) -> Response:
    told = {
        "debunk": debunk_json(edited.debunk),
        "revision": edited.revision,
        "corpus_revision": edited.corpus_revision,
    }
    answer = make_response(jsonify(told), 201 if edited.created else 200)
    answer.set_etag(str(edited.revision))
    if edited.created:
        answer.headers["Location"] = url_for("debunks.get_debunk", debunk_id=edited.debunk.id)
    return answer
