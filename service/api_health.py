"""GET /livez and /readyz: is the process alive, and can it answer."""

from flask import Blueprint, Response, jsonify

from service.errors import NotReady
from service.worker import Worker


def blueprint(worker: Worker) -> Blueprint:
    """Return the routes, asking the worker."""
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def live() -> Response:
        return jsonify({"status": "alive"})

    @routes.get("/readyz")
    def ready() -> Response:
        if worker.is_draining:
            raise NotReady("draining: this process was told to stop, and answers what it has; send requests elsewhere")
        manifest = worker.matcher.snapshot.manifest
        return jsonify({"status": "ready", "corpus_revision": manifest.corpus_revision, "debunks": manifest.documents})

    return routes
