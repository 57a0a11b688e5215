"""The Flask application: its parts, request ids, security headers, and every error's status and shape."""

import logging
import re
import uuid
from collections.abc import Callable

from flask import Flask, Response, current_app, g, jsonify, make_response, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from corpus.errors import CorpusError, InvalidDebunk, StoreError, UnknownRevision
from service import (
    access,
    api_batch,
    api_debunks,
    api_editing,
    api_feedback,
    api_health,
    api_match,
    api_metrics,
    api_model,
    api_openapi,
    debunk_pages,
    origins,
    pages,
)
from service.admission import Admission
from service.answering import Answering
from service.errors import (
    BrokenBody,
    Conflict,
    ForeignOrigin,
    InvalidRequest,
    InvalidText,
    KeyMissing,
    KeyRefused,
    NotJson,
    NotOffered,
    NotReady,
    Overloaded,
    RemovedDebunk,
    ScopeMissing,
    ServiceError,
    TextTooLong,
    TooManyRequests,
    TooSlow,
    TryLater,
    UnknownDebunk,
    UnknownFeedback,
    UnknownHost,
    UnknownMethod,
    UnknownText,
    UnknownWording,
    UnsupportedContent,
)
from service.flood import FloodControl
from service.limits import RateLimits, trust_proxies
from service.observed import OBSERVED, Observed
from service.received import check_head
from service.settings import Settings
from service.sockets import discovery, fact_check, google, perspective
from service.stores import Stores
from service.tracing import Tracing
from service.unexpected import unexpected
from service.webhooks import Webhooks
from service.whole_request import WholeRequest
from service.wire import error_json
from service.worker import Worker

log = logging.getLogger(__name__)

STATUSES: dict[type[ServiceError | CorpusError], int] = {
    NotJson: 400,
    BrokenBody: 400,
    KeyMissing: 401,
    KeyRefused: 401,
    ScopeMissing: 403,
    ForeignOrigin: 403,
    UnknownDebunk: 404,
    RemovedDebunk: 410,
    UnknownWording: 404,
    UnknownFeedback: 404,
    UnknownText: 404,
    UnknownRevision: 404,
    UnknownMethod: 404,
    TooSlow: 408,
    Conflict: 409,
    TextTooLong: 413,
    UnsupportedContent: 415,
    UnknownHost: 421,
    InvalidRequest: 422,
    InvalidText: 422,
    InvalidDebunk: 422,
    NotOffered: 501,
    TooManyRequests: 429,
    Overloaded: 503,
    NotReady: 503,
    StoreError: 503,
}
# by blueprint: what gives an error (its type, message, HTTP status) where callers expect another shape than ours
ERROR_SHAPES: dict[str, Callable[[str, str, int], Response]] = {
    "pages": pages.problem_page,
    "debunk_pages": debunk_pages.problem_page,
    "discovery": google.error,
    "fact_check": google.error,
    "perspective": perspective.error,
}
UNAUTHORIZED, TOO_LARGE, UNAVAILABLE = 401, 413, 503
RETRY_SECONDS = 5
STORES = "mythmatch_stores"  # among the application's extensions: close it where the application ends
WEBHOOKS = "mythmatch_webhooks"  # another of them, None where there are none
ADMISSION = "mythmatch_admission"  # another: how many texts are matched, wait, and were refused
LIMITS = "mythmatch_limits"  # another: what counts requests, and has to be told how many texts a batch has
MIN_BODY_BYTES = 1 << 20
BYTES_PER_CHAR = 16  # more than any character takes in JSON (12: two \\uXXXX) or in a form (12: four %XX)
REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser would hide our own pages' origin from us
    "X-Frame-Options": "DENY",  # as frame-ancestors has it, for browsers that are older
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class ReadableJson(DefaultJSONProvider):
    """JSON with letters as they are, and fields in the order they were given."""

    ensure_ascii = False
    sort_keys = False


def create_app(settings: Settings, worker: Worker, tracing: Tracing | None = None) -> Flask:
    """Return the application, answering from the worker, and from its database where the corpus is read or written.

    Without `tracing` spans go where the settings say; raises InvalidSetting where they cannot be made.
    """
    stores = Stores(worker.settings)
    app = Flask(__name__)
    app.request_class = WholeRequest
    observed = Observed.of(settings, worker, stores, tracing)
    observed.guard(app)
    app.json = ReadableJson(app)
    app.url_map.merge_slashes = False  # it redirects to an address made of the Host header
    app.extensions[STORES] = stores
    max_body = max(MIN_BODY_BYTES, BYTES_PER_CHAR * settings.max_text_chars)
    app.config.update(MAX_CONTENT_LENGTH=max_body, MAX_FORM_MEMORY_SIZE=max_body)
    app.config["MAX_TEXT_CHARS"] = settings.max_text_chars
    webhooks = app.extensions[WEBHOOKS] = Webhooks.of(settings, observed.metrics.webhook)
    limits = app.extensions[LIMITS] = RateLimits(settings)
    admission = app.extensions[ADMISSION] = Admission.of(settings)
    flood = FloodControl(settings.flood_factor, settings.flood_min)
    observed.metrics.watch_queue(admission)
    answering = Answering(worker, flood, admission, webhooks, observed)
    app.register_blueprint(api_match.blueprint(settings, answering, stores))
    app.register_blueprint(api_batch.blueprint(settings, answering, stores, limits))
    app.register_blueprint(api_debunks.blueprint(worker, stores))
    app.register_blueprint(debunk_pages.blueprint(worker, stores))
    app.register_blueprint(api_editing.blueprint(settings, worker, stores))
    app.register_blueprint(api_feedback.blueprint(settings, worker, stores))
    app.register_blueprint(api_health.blueprint(worker))
    app.register_blueprint(api_metrics.blueprint(observed.metrics))
    app.register_blueprint(api_model.blueprint(worker))
    app.register_blueprint(pages.blueprint(settings, answering))
    app.register_blueprint(fact_check.blueprint(settings, answering))
    app.register_blueprint(perspective.blueprint(settings, answering))
    app.register_blueprint(discovery.blueprint())
    app.register_blueprint(api_openapi.blueprint())
    app.wsgi_app = google.MethodOverride(app.wsgi_app, max_body)  # type: ignore[method-assign]
    app.before_request(_name_request)
    app.before_request(check_head)
    origins.guard(app, settings)
    access.guard(app, settings, stores)
    limits.guard(app)
    trust_proxies(app, settings.proxies)
    observed.note(app)
    app.after_request(_set_headers)
    app.register_error_handler(ServiceError, _known_error)
    app.register_error_handler(CorpusError, _known_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected_error)
    return app


def _name_request() -> None:
    """Take the caller's request id where it is a plain one, else make one."""
    met = request.headers.get("X-Request-ID", "")
    g.request_id = met if REQUEST_ID.fullmatch(met) else uuid.uuid4().hex


def _set_headers(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")  # answers quote the text that was sent
    return response


def _error(kind: str, message: str, status: int) -> Response:
    """Return the error in the shape that the caller of this route expects: on the page, a foreign tool's, or ours."""
    shown = message.encode("utf-8", "replace").decode("utf-8")
    current_app.extensions[OBSERVED].failed(kind)
    if request.blueprint in ERROR_SHAPES:
        return ERROR_SHAPES[request.blueprint](kind, shown, status)
    return make_response(jsonify(error_json(kind, shown, g.request_id)), status)


def _known_error(error: ServiceError | CorpusError) -> Response:
    status = STATUSES.get(type(error), 500)
    response = _error(type(error).__name__, str(error), status)
    if isinstance(error, StoreError) and status == UNAVAILABLE:
        log.error("request %s: %s", g.request_id, error)  # it quotes no text
    if status == UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    if isinstance(error, TryLater):
        response.headers["Retry-After"] = str(error.retry_seconds)
    if status == UNAUTHORIZED:
        response.headers.setlist("WWW-Authenticate", access.CHALLENGES)
    return response


def _http_error(error: HTTPException) -> Response:
    """Return what Flask itself refuses (no such path, wrong method, body too large) in our shape."""
    status = error.code or 500
    message = _HTTP_MESSAGES.get(status, error.description or error.name)
    if status == TOO_LARGE and request.blueprint not in ("pages", "match"):
        message = f"the body is larger than the {request.max_content_length} bytes that are taken; send it in parts"
    response = _error(type(error).__name__, message, status)
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


_HTTP_MESSAGES = {
    404: "there is nothing at this path; POST /v1/match, GET /v1/debunks or open / in a browser",
    405: "this path does not take that method; the Allow header names those it takes",
    413: "the body is larger than any text that is taken; send the text in parts",
}


def _unexpected_error(error: Exception) -> Response:
    return _error("InternalError", str(unexpected(error, g.request_id)), 500)
