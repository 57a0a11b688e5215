"""The Flask application: its parts, request ids, security headers, and every error's status and shape."""

import logging
import re
import traceback
import uuid
from collections.abc import Callable

from flask import Flask, Response, g, jsonify, make_response, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from corpus.errors import CorpusError, InvalidDebunk, StoreError, UnknownRevision
from service import api_debunks, api_editing, api_feedback, api_health, api_match, api_model, pages
from service.answering import Answering
from service.errors import (
    Conflict,
    InvalidRequest,
    InvalidText,
    NotJson,
    NotReady,
    ServiceError,
    TextTooLong,
    UnknownDebunk,
    UnknownFeedback,
    UnknownText,
    UnknownWording,
    UnsupportedContent,
)
from service.flood import FloodControl
from service.settings import Settings
from service.stores import Stores
from service.wire import error_json
from service.worker import Worker

log = logging.getLogger(__name__)

STATUSES: dict[type[ServiceError | CorpusError], int] = {
    NotJson: 400,
    UnknownDebunk: 404,
    UnknownWording: 404,
    UnknownFeedback: 404,
    UnknownText: 404,
    UnknownRevision: 404,
    Conflict: 409,
    TextTooLong: 413,
    UnsupportedContent: 415,
    InvalidRequest: 422,
    InvalidText: 422,
    InvalidDebunk: 422,
    NotReady: 503,
    StoreError: 503,
}
# by blueprint: what gives an error (its type, message, HTTP status) where callers expect another shape than ours
ERROR_SHAPES: dict[str, Callable[[str, str, int], Response]] = {"pages": pages.problem_page}
TOO_LARGE, UNAVAILABLE = 413, 503
RETRY_SECONDS = 5
STORES = "mythmatch_stores"  # among the application's extensions: close it where the application ends
MIN_BODY_BYTES = 1 << 20
BYTES_PER_CHAR = 16  # more than any character takes in JSON (12: two \\uXXXX) or in a form (12: four %XX)
REQUEST_ID = re.compile(r"[\w.:-]{1,128}", re.ASCII)

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class ReadableJson(DefaultJSONProvider):
    """JSON with letters as they are, and fields in the order they were given."""

    ensure_ascii = False
    sort_keys = False


def create_app(settings: Settings, worker: Worker) -> Flask:
    """Return the application, answering from the worker, and from its database where the corpus is read or written."""
    stores = Stores(worker.settings)
    app = Flask(__name__)
    app.json = ReadableJson(app)
    app.extensions[STORES] = stores
    max_body = max(MIN_BODY_BYTES, BYTES_PER_CHAR * settings.max_text_chars)
    app.config.update(MAX_CONTENT_LENGTH=max_body, MAX_FORM_MEMORY_SIZE=max_body)
    app.config["MAX_TEXT_CHARS"] = settings.max_text_chars
    answering = Answering(worker, FloodControl(settings.flood_factor, settings.flood_min))
    app.register_blueprint(api_match.blueprint(settings, answering, stores))
    app.register_blueprint(api_debunks.blueprint(worker, stores))
    app.register_blueprint(api_editing.blueprint(settings, worker, stores))
    app.register_blueprint(api_feedback.blueprint(settings, worker, stores))
    app.register_blueprint(api_health.blueprint(worker))
    app.register_blueprint(api_model.blueprint(worker))
    app.register_blueprint(pages.blueprint(settings, answering))
    app.before_request(_name_request)
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
    """Log where it happened, without the error's message: that could quote what somebody sent."""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("request %s: unexpected %s\n%s", g.request_id, type(error).__name__, where)
    return _error("InternalError", "something unexpected went wrong here; the log has it under this request id", 500)
