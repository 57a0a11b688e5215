"""GET /metrics: what this process counts and measures, as Prometheus reads it, in text or OpenMetrics."""

import re

from flask import Blueprint, Response, request
from prometheus_client.exposition import choose_encoder

from service.metrics import Metrics

VERSION = re.compile(r"version\s*=\s*([^;,]*)")
NUMBERS = re.compile(r"\d{1,3}(\.\d{1,3}){0,2}\s*")


def blueprint(metrics: Metrics) -> Blueprint:
    """Return the route."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def scrape() -> Response:
        encode, content_type = choose_encoder(_accepted())
        return Response(encode(metrics.registry), content_type=content_type)

    return routes


def _accepted() -> str:
    """Return the Accept header; none where it names a version that is no number, which prometheus_client trips over."""
    accept = request.headers.get("Accept", "")
    return accept if all(map(NUMBERS.fullmatch, VERSION.findall(accept))) else ""
