"""OpenAPI: the document that describes this service, made of its routes, its models and the table of operations.

SpecTree makes it. It describes only: its own checks would take our errors' place, and its wrapper of a view reads an
answer whole, where ours are streamed.
"""

from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask
from pydantic import BaseModel
from spectree import Response, SpecTree
from spectree.plugins.flask_plugin import FlaskPlugin
from werkzeug.routing import Rule

from service.access import SCOPES
from service.operations import OPERATIONS

VERSION = "1.0.0"  # of the API, not of the code
OPENAPI = "3.1.0"
DESCRIPTION = (
    "Matches claims to published debunks: the nearest debunk, how similar it is, how probable it is that the text is"
    " about its myth, whether it repeats or denies it, where in the text, or that nothing known matches."
)
HEADS = {"HEAD", "OPTIONS"}
SECURITY: Mapping[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "basic": {"type": "http", "scheme": "basic", "description": "the key is the password"},
}


class Describing(FlaskPlugin):
    """SpecTree's view of an application: the routes of the table, with what it says of them."""

    app: Flask
    described: Mapping[str, Callable[..., Any]]

    def get_current_app(self) -> Flask:
        """Return the application that is described."""
        return self.app

    def find_routes(self) -> Iterator[Rule]:
        """Yield the rules of the table's endpoints."""
        return (rule for rule in self.app.url_map.iter_rules() if rule.endpoint in self.described)

    def parse_func(self, route: Rule) -> Iterator[tuple[str, Callable[..., Any]]]:
        """Yield each method with what is described of it."""
        return ((method, self.described[route.endpoint]) for method in sorted((route.methods or set()) - HEADS))


def document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI document of the application."""
    spec = SpecTree(
        naming_strategy=_name,
        nested_naming_strategy=lambda _, child: child.lstrip("_"),
        annotations=False,
        title="Mythmatch",
        version=VERSION,
        description=DESCRIPTION,
        openapi_version=OPENAPI,
    )
    backend = Describing(spec)
    spec.backend = backend
    backend.app = app
    backend.described = {endpoint: _described(spec, app, endpoint) for endpoint in OPERATIONS}
    made: dict[str, Any] = spec.spec
    for rule in backend.find_routes():
        path, _ = backend.parse_path(rule, None)  # type: ignore[arg-type]
        for method in (rule.methods or set()) - HEADS:
            _complete(made["paths"][path][method.lower()], rule.endpoint)
    made["components"]["securitySchemes"] = dict(SECURITY)
    del made["security"]
    return made


def _name(model: type[BaseModel]) -> str:
    return model.__name__.lstrip("_")


def _described(spec: SpecTree, app: Flask, endpoint: str) -> Callable[..., Any]:
    """Return the view with what the table says of it; it is never called."""
    operation = OPERATIONS[endpoint]
    models = {f"HTTP_{status}": model for status, model in operation.answers.items()}
    models |= {f"HTTP_{status}": operation.error for status in operation.refuses}
    for model in (*operation.takes.values(), *operation.gives.values()):
        spec._add_model(model)
    described: Callable[..., Any] = spec.validate(
        query=operation.query,
        json=operation.body,
        resp=Response(**models),
        tags=[operation.tag],
        operation_id=endpoint.replace(".", "_"),
        validation_error_status=operation.refuses[0],
        skip_validation=True,
    )(app.view_functions[endpoint])
    return described


def _complete(told: dict[str, Any], endpoint: str) -> None:
    """Say what SpecTree has no words for: other content types, keys, and what the operation is."""
    operation, scope = OPERATIONS[endpoint], SCOPES.get(endpoint, "admin")
    told["summary"] = operation.summary
    told["description"] = "" if scope is None else f"Where keys are required, a key with the scope {scope} is needed."
    told["security"] = [] if scope is None else [{name: []} for name in SECURITY]
    for status, answer in told["responses"].items():
        answer["description"] = HTTPStatus(int(status)).phrase
        if int(status) in operation.answers:
            _add_content(answer, operation.gives)
    if "requestBody" in told:
        _add_content(told["requestBody"], operation.takes)


def _add_content(part: dict[str, Any], models: Mapping[str, type[BaseModel]]) -> None:
    for content_type, model in models.items():
        schema = {"$ref": f"#/components/schemas/{_name(model)}"}
        part.setdefault("content", {})[content_type] = {"schema": schema}
