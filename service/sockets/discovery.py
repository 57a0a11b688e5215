"""Discovery: what Google's clients can call here, as they read it, made from one table of the methods.

Served where Google serves it: `/$discovery/rest` of a host, and `/discovery/v1/apis/<api>/<version>/rest`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, Response, request

from service.errors import InvalidRequest, UnknownMethod
from service.field_mask import Shape
from service.sockets.google import STANDARD, shown
from service.sockets.schemas import SCHEMAS, TOOLS

VERSION = "v1alpha1"
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PARTS = ("items", "additionalProperties")  # of a schema, that are schemas themselves
STRING, INTEGER = {"type": "string"}, {"type": "integer", "format": "int32"}


@dataclass(frozen=True)
class Method:
    """A method: whose it is, how it is called, what it takes in its query and its body, and what it answers."""

    api: str
    resource: str
    name: str
    verb: str
    description: str
    parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    request: str | None = None
    response: str = ""

    @property
    def path(self) -> str:
        """Return the path below the host."""
        return f"{VERSION}/{self.resource}:{self.name}"

    @property
    def shape(self) -> Shape:
        """Return the fields that an answer may have."""
        return _shape(self.response) or {}


def _parameter(kind: Mapping[str, str], description: str) -> dict[str, str]:
    return {**kind, "location": "query", "description": description}


PAGING = {
    "languageCode": _parameter(STRING, "BCP 47 tag of the reviews that are wanted; its region is not looked at."),
    "pageSize": _parameter(INTEGER, "How many claims to give at most; 10 where it is not given."),
    "pageToken": _parameter(STRING, "nextPageToken of the page before; all else must be as it was."),
    "offset": _parameter(INTEGER, "How many claims to leave out at first; not looked at beside a pageToken."),
}
SEARCH = Method(
    api="factchecktools",
    resource="claims",
    name="search",
    verb="GET",
    description="Gives the claims that a text, also a long one, is about, most probable first; or those of a site.",
    parameters={
        "query": _parameter(STRING, "The text. Required unless reviewPublisherSiteFilter is given."),
        **PAGING,
        "maxAgeDays": _parameter(INTEGER, "How old a claim may be: by its own date or its review's, the newer one."),
        "reviewPublisherSiteFilter": _parameter(STRING, "The site of the reviews that are wanted, such as nato.int."),
    },
    response=f"{TOOLS}FactCheckedClaimSearchResponse",
)
IMAGE_SEARCH = Method(
    api="factchecktools",
    resource="claims",
    name="imageSearch",
    verb="GET",
    description="Is not offered: it answers UNIMPLEMENTED. Texts alone are matched here.",
    parameters={"imageUri": _parameter(STRING, "The address of an image."), **PAGING},
    response=f"{TOOLS}FactCheckedClaimImageSearchResponse",
)
ANALYZE = Method(
    api="commentanalyzer",
    resource="comments",
    name="analyze",
    verb="POST",
    description="Scores how probable it is that a comment is about a known myth, and repeats, denies or reports it.",
    request="AnalyzeCommentRequest",
    response="AnalyzeCommentResponse",
)
SUGGEST_SCORE = Method(
    api="commentanalyzer",
    resource="comments",
    name="suggestscore",
    verb="POST",
    description="Is not offered: it answers UNIMPLEMENTED. POST /v1/feedback takes a moderator's word.",
    request="SuggestCommentScoreRequest",
    response="SuggestCommentScoreResponse",
)
METHODS = (SEARCH, IMAGE_SEARCH, ANALYZE, SUGGEST_SCORE)
TITLES = {"factchecktools": "Fact Check Tools", "commentanalyzer": "Comment Analyzer"}
ALL = "mythmatch"  # the document of everything that this host has, whatever API a caller takes it for
DESCRIPTIONS = {
    "$.xgafv": "Is not looked at: there is one format of errors.",
    "alt": "json alone is given.",
    "callback": "Is refused: JSONP is not given.",
    "fields": "The fields that are wanted of the answer, such as claims(text,claimReview/url).",
    "key": "Your key.",
    "prettyPrint": "Whether the answer has indentations and line breaks; it does where it is not said.",
}


def blueprint() -> Blueprint:
    """Return the routes; below the version they also answer what there is not, in the shape of Google's errors."""
    routes = Blueprint("discovery", __name__)

    @routes.get("/$discovery/rest")
    def of_host() -> Response:
        met = request.args.get("version", VERSION)
        if met != VERSION:
            raise InvalidRequest(f"version: met {met[:40]!r}; expected {VERSION}")
        return shown(document(ALL, METHODS, request.root_url), 200)

    @routes.get("/discovery/v1/apis/<api>/<version>/rest")
    def of_api(api: str, version: str) -> Response:
        methods = [method for method in METHODS if method.api == api]
        if not methods or version != VERSION:
            known = " and ".join(f"/discovery/v1/apis/{name}/{VERSION}/rest" for name in TITLES)
            raise UnknownMethod(f"there is no such API; expected {known}")
        return shown(document(api, methods, request.root_url), 200)

    @routes.route(f"/{VERSION}/<path:_>", methods=VERBS)
    def unknown(_: str) -> Response:
        known = ", ".join(f"{method.verb} /{method.path}" for method in METHODS)
        raise UnknownMethod(f"there is nothing at this path for {request.method}; expected {known}")

    return routes


def document(api: str, methods: Iterable[Method], root_url: str) -> dict[str, Any]:
    """Return the discovery document of an API, or of several as one, at the host with that URL.

    The format is Google's: https://developers.google.com/discovery/v1/reference/apis.
    """
    methods = list(methods)
    resources = dict[str, Any]()
    for method in methods:
        resources.setdefault(method.resource, {"methods": {}})["methods"][method.name] = _method(method)
    title = TITLES.get(api, "Mythmatch")
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": f"{api}:{VERSION}",
        "name": api,
        "canonicalName": title,
        "version": VERSION,
        "title": f"{title} API, as Mythmatch answers it",
        "description": "What Google's clients can call here.",
        "protocol": "rest",
        "rootUrl": root_url,
        "baseUrl": root_url,
        "servicePath": "",
        "basePath": "",
        "batchPath": "batch",
        "parameters": {name: _standard(name) for name in STANDARD},
        "resources": resources,
        "schemas": _schemas(name for method in methods for name in (method.request, method.response) if name),
    }


def _method(method: Method) -> dict[str, Any]:
    called = {
        "id": f"{method.api}.{method.resource}.{method.name}",
        "httpMethod": method.verb,
        "path": method.path,
        "flatPath": method.path,
        "description": method.description,
        "parameters": method.parameters,
        "parameterOrder": [],
        "response": {"$ref": method.response},
    }
    return called if method.request is None else {**called, "request": {"$ref": method.request}}


def _standard(name: str) -> dict[str, Any]:
    kind = "boolean" if name == "prettyPrint" else "string"
    description = DESCRIPTIONS.get(name, "Is not looked at.")
    return {"type": kind, "location": "query", "description": description}


def _schemas(names: Iterable[str]) -> dict[str, Any]:
    """Return the schemas of those names and of all that they are made of."""
    found, waiting = dict[str, Any](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = {"id": name, "type": "object", **SCHEMAS[name]}
            waiting += _referred(SCHEMAS[name])
    return dict(sorted(found.items()))


def _referred(schema: Mapping[str, Any]) -> list[str]:
    below = [*schema.get("properties", {}).values(), *(schema[part] for part in PARTS if part in schema)]
    here = [schema["$ref"]] if "$ref" in schema else []
    return here + [name for one in below for name in _referred(one)]


def _shape(name: str) -> Shape | None:
    """Return the fields of a schema, each with those below it; None where they may have any name."""
    return _shape_of(SCHEMAS[name])


def _shape_of(schema: Mapping[str, Any]) -> Shape | None:
    if "$ref" in schema:
        return _shape(schema["$ref"])
    if "items" in schema:
        return _shape_of(schema["items"])
    if "additionalProperties" in schema:
        return None
    return {name: _shape_of(below) for name, below in schema.get("properties", {}).items()}
