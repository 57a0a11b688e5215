"""GET /openapi.json and /reference: the service described, for programs and for people; neither needs another host."""

import json
from functools import cache
from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template

from service.openapi import document as document_of
from service.received import JSON

KEPT = "public, max-age=300"


def blueprint() -> Blueprint:
    """Return the routes."""
    routes = Blueprint("openapi", __name__)

    @cache
    def described(app: Flask) -> dict[str, Any]:
        return document_of(app)

    def here() -> dict[str, Any]:
        return described(current_app._get_current_object())  # type: ignore[attr-defined]

    @routes.get("/openapi.json")
    def document() -> Response:
        return _kept(Response(json.dumps(here(), ensure_ascii=False, indent=1) + "\n", mimetype=JSON))

    @routes.get("/reference")
    def reference() -> Response:
        return _kept(Response(render_template("reference.html", described=here(), by_tag=by_tag(here()))))

    return routes


def by_tag(described: dict[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    """Return (method, path, operation) of all operations, under their tags, in the order of the document's tags."""
    found: dict[str, list[tuple[str, str, dict[str, Any]]]] = {tag["name"]: [] for tag in described["tags"]}
    for path, methods in described["paths"].items():
        for method, told in methods.items():
            found[told["tags"][0]].append((method.upper(), path, told))
    return found


def _kept(response: Response) -> Response:
    response.headers["Cache-Control"] = KEPT
    return response
