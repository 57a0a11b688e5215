"""GET /v1/debunks, page by page, /v1/debunks/<id> and its history: the corpus as it is stored."""

from flask import Blueprint, Response, jsonify, request

from corpus.claim_review import to_claim_review
from corpus.listing import list_debunks
from corpus.store import CorpusStore
from service.editing import unknown
from service.received import JSON
from service.stores import Stores
from service.wire import debunk_json
from service.wire_debunks import history_json, page_json, read_list_query
from service.worker import Worker

LINKED_DATA = "application/ld+json"


def corpus(stores: Stores, worker: Worker) -> CorpusStore:
    """Return the corpus; raises StoreError, or NotReady while what ships was not imported into it yet.

    What ships goes into a store that was never written: a write that came before would keep it out for good.
    """
    store = stores.corpus
    if store.revision == 0:
        _ = worker.matcher
    return store


def blueprint(worker: Worker, stores: Stores) -> Blueprint:
    """Return the routes, answering from the store."""
    routes = Blueprint("debunks", __name__)

    @routes.get("/v1/debunks")
    def list_them() -> Response:
        asked = read_list_query(request.args.to_dict())
        return jsonify(page_json(list_debunks(corpus(stores, worker).database, asked.question, asked.limit)))

    @routes.get("/v1/debunks/<debunk_id>")
    def get_debunk(debunk_id: str) -> Response:
        stored = corpus(stores, worker).version(debunk_id)
        if stored is None or stored.debunk is None:
            raise unknown(debunk_id, stored)
        wanted = request.accept_mimetypes.best_match((JSON, LINKED_DATA), JSON)
        if wanted == LINKED_DATA:
            answer = jsonify(to_claim_review(stored.debunk))
            answer.mimetype = LINKED_DATA
            answer.set_etag(f"{stored.revision}.claim_review")
        else:
            answer = jsonify(debunk_json(stored.debunk))
            answer.set_etag(str(stored.revision))
        answer.vary.add("Accept")
        answer.make_conditional(request.environ)
        return answer

    @routes.get("/v1/debunks/<debunk_id>/history")
    def history(debunk_id: str) -> Response:
        versions = corpus(stores, worker).history(debunk_id)
        if not versions:
            raise unknown(debunk_id, None)
        return jsonify(history_json(debunk_id, versions))

    return routes
