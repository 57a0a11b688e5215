"""GET /v1/model: which encoder, corpus and calibration answer, with the calibration's card."""

from flask import Blueprint, Response, jsonify

from service.card import card_json
from service.worker import Worker


def blueprint(worker: Worker) -> Blueprint:
    """Return the route, answering from the worker."""
    routes = Blueprint("model", __name__)

    @routes.get("/v1/model")
    def model() -> Response:
        matcher = worker.matcher
        manifest = matcher.snapshot.manifest
        return jsonify(
            {
                "encoder": f"{manifest.encoder_name}@{manifest.encoder_fingerprint}",
                "corpus": {"revision": manifest.corpus_revision, "debunks": manifest.documents},
                "warning": worker.warning,
                "card": card_json(matcher.calibration),
            }
        )

    return routes
