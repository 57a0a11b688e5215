"""What the sockets of Google's shape share: their queries and bodies, their answers, and the shape of their errors."""

import io
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Response, request
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from corpus.checks import expectation
from service.errors import InvalidRequest
from service.field_mask import WHOLE, Mask, Shape, read_mask
from service.wire import kind, read_json

BELOW = "/v1alpha1/"
FORM = "application/x-www-form-urlencoded"
MAX_INT32 = (1 << 31) - 1
INDENT = 2

# What every method takes beside its own parameters. The values of those in IGNORED change nothing here: keys are looked
# at before a route is reached, and quotas, uploads and the two formats of errors are Google's own affairs.
IGNORED = ("$.xgafv", "access_token", "key", "oauth_token", "quotaUser", "uploadType", "upload_protocol")
STANDARD = (*IGNORED, "alt", "callback", "fields", "prettyPrint")
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

# by HTTP status as it is given elsewhere: the one that Google's services give, and google.rpc.Code's name for it
# (https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto); other errors of a request are a 400
RPC_STATUSES = {
    400: (400, "INVALID_ARGUMENT"),
    401: (401, "UNAUTHENTICATED"),
    403: (403, "PERMISSION_DENIED"),
    404: (404, "NOT_FOUND"),
    405: (404, "NOT_FOUND"),
    409: (409, "ABORTED"),
    410: (404, "NOT_FOUND"),
    429: (429, "RESOURCE_EXHAUSTED"),
    501: (501, "UNIMPLEMENTED"),
    503: (503, "UNAVAILABLE"),
}
BAD_REQUEST, UNEXPECTED = 400, (500, "INTERNAL")

Message = TypeVar("Message", bound="GoogleMessage")


class GoogleMessage(BaseModel):
    """A message as Google's JSON has it: names in camelCase, none that it does not know, and null says nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        return {name: value for name, value in fields.items() if value is not None}


@dataclass(frozen=True)
class Query:
    """The parameters of the method itself that say something, and how the answer is to be shown."""

    own: dict[str, str]
    mask: Mask = WHOLE
    pretty: bool = True

    def answer(self, value: dict[str, Any]) -> Response:
        """Return the answer, only the fields that were asked for."""
        return shown(self.mask.of(value), 200, pretty=self.pretty)


def read_query(own: Collection[str], shape: Shape) -> Query:
    """Return what the query asks, its `own` parameters among them; raises InvalidRequest.

    `shape` names the fields that an answer may have. An empty parameter counts as none, as it does for Google.
    """
    given = dict[str, str]()
    for name, values in request.args.lists():
        if name not in own and name not in STANDARD:
            raise InvalidRequest(f"{name[:40]}: unknown parameter; expected only {', '.join((*own, *STANDARD))}")
        if len(values) > 1:
            raise InvalidRequest(f"{name}: met it {len(values)} times; expected it once")
        if values[0]:
            given[name] = values[0]
    if given.get("alt", "json") != "json":
        raise InvalidRequest(f"alt: met {kind(given['alt'])}; expected json, no other format is given")
    if "callback" in given:
        raise InvalidRequest("callback: JSONP lets any page read the answer, and is not given; call from your server")
    pretty = given.get("prettyPrint", "true").lower()
    if pretty not in BOOLEANS:
        raise InvalidRequest(f"prettyPrint: met {kind(pretty)}; expected true or false")
    mask = read_mask(given["fields"]) if "fields" in given else WHOLE
    mask.check(shape)
    return Query({name: given[name] for name in own if name in given}, mask, BOOLEANS[pretty])


def read_message(shape: type[Message], fields: Any, *, strict: bool = False) -> Message:
    """Return the fields as a checked message; raises InvalidRequest that names the field, what was met and expected.

    `strict` is for JSON, whose numbers are numbers; those of a query are strings.
    """
    try:
        return shape.model_validate(fields, strict=strict)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidRequest(_complaint(first)) from error


def read_body(example: str) -> dict[str, Any]:
    """Return the body as an object; raises NotJson or InvalidRequest."""
    fields = read_json(request.get_data(), example)
    if not isinstance(fields, dict):
        raise InvalidRequest(f"met {kind(fields)}; expected an object such as {example}")
    return fields


def shown(value: Any, status: int, *, pretty: bool = True) -> Response:
    """Return the response with a JSON value, over several lines unless it is not to be pretty."""
    layout: dict[str, Any] = {"indent": INDENT} if pretty else {"separators": (",", ":")}
    text = json.dumps(value, ensure_ascii=False, **layout)
    body = f"{text}\n".encode("utf-8", "replace")
    return Response(body, status, content_type="application/json; charset=UTF-8")


def rpc_status(status: int) -> tuple[int, str]:
    """Return the status that Google's services give for an HTTP status of ours, and its name."""
    return RPC_STATUSES.get(status) or (RPC_STATUSES[BAD_REQUEST] if status < UNEXPECTED[0] else UNEXPECTED)


def error(_: str, message: str, status: int, details: Iterable[dict[str, Any]] = ()) -> Response:
    """Return the error as Google's services give it: its code, its message, and google.rpc's name for its status."""
    code, name = rpc_status(status)
    told: dict[str, Any] = {"code": code, "message": message, "status": name}
    if details := list(details):
        told["details"] = details
    return shown({"error": told}, code)


class MethodOverride:
    """The application, with a GET that came as a POST taken for what it is.

    Google's client for Python sends a GET whose URL is longer than 2048 characters, as that of any longer post in
    Cyrillic is, as a POST with `X-HTTP-Method-Override: GET` and its query, the key included, as a form. What comes
    behind sees the GET: who asks for keys, and the routes.
    """

    def __init__(self, application: WSGIApplication, max_bytes: int) -> None:
        """Take the application, and how long a query is taken; a longer one stays a POST, which the route refuses."""
        self._application, self._max_bytes = application, max_bytes

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        length = environ.get("CONTENT_LENGTH") or ""
        if _is_long_get(environ) and length.isdecimal() and int(length) <= self._max_bytes:
            query = environ["wsgi.input"].read(int(length))
            moved = {"QUERY_STRING": query.decode("latin-1"), "wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0"}
            environ = {**environ, **moved, "REQUEST_METHOD": "GET"}
        return self._application(environ, start_response)


def _is_long_get(environ: WSGIEnvironment) -> bool:
    return (
        environ["REQUEST_METHOD"] == "POST"
        and environ.get("PATH_INFO", "").startswith(BELOW)
        and environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper() == "GET"
        and environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() == FORM
        and not environ.get("QUERY_STRING")
    )


def _complaint(failure: ErrorDetails) -> str:
    field = ".".join(map(str, failure["loc"]))[:80] or "the body"
    if failure["type"] == "extra_forbidden":
        return f"{field}: unknown field; leave it out"
    return f"{field}: met {kind(failure['input'])}; {expectation(failure)}"
