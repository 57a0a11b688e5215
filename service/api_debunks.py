"""GET /v1/debunks, page by page, and /v1/debunks/<id>: the corpus as it is served."""

from flask import Blueprint, Response, jsonify, request

from service.errors import UnknownDebunk
from service.wire import read_list_query
from service.worker import Worker


def blueprint(worker: Worker) -> Blueprint:
    """Return the routes, answering from the worker."""
    routes = Blueprint("debunks", __name__)

    @routes.get("/v1/debunks")
    def list_debunks() -> Response:
        asked = read_list_query(request.args.to_dict())
        snapshot = worker.matcher.snapshot
        behind = [debunk_id for debunk_id in snapshot.documents if debunk_id > asked.after]  # documents lie by id
        listed = [snapshot.documents[debunk_id] for debunk_id in behind[: asked.limit]]
        following = listed[-1]["id"] if len(behind) > asked.limit else None
        revision = snapshot.manifest.corpus_revision
        return jsonify({"corpus_revision": revision, "debunks": listed, "next": following})

    @routes.get("/v1/debunks/<debunk_id>")
    def get_debunk(debunk_id: str) -> Response:
        document = worker.matcher.snapshot.documents.get(debunk_id)
        if document is None:
            raise UnknownDebunk(f"there is no debunk {debunk_id!r}; GET /v1/debunks lists them all")
        return jsonify(document)

    return routes
