"""The OpenAPI document: it is valid, it names every route, and what it says is what is given."""

import re
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from service.access import SCOPES
from service.app import create_app
from service.operations import OPERATIONS
from service.worker import Worker

PAGES = {"static", "pages.home", "pages.matched", "debunk_pages.show", "openapi.reference"}  # for people
NOT_OFFERED = {"fact_check.search_by_post", "fact_check.search_image", "fact_check.pages", "perspective.suggest_score"}
GOOGLES_OWN = {"discovery.of_host", "discovery.of_api", "discovery.unknown"}  # described by Google's own documents


@pytest.fixture
def app(toy_worker: Worker) -> Flask:
    return create_app(toy_worker.settings, toy_worker)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def described(client: FlaskClient) -> dict[str, Any]:
    document = client.get("/openapi.json").get_json()
    assert isinstance(document, dict)
    return document


def conforms(described: dict[str, Any], name: str, met: Any) -> None:
    schema = {"$ref": f"#/components/schemas/{name}", "components": described["components"]}
    Draft202012Validator(schema).validate(met)


def test_the_document_is_valid_openapi_3_1(described: dict[str, Any]) -> None:
    validate(described)
    assert described["openapi"] == "3.1.0"


def test_every_route_is_described_or_said_to_be_none_for_programs(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert endpoints - set(OPERATIONS) == PAGES | NOT_OFFERED | GOOGLES_OWN
    assert set(OPERATIONS) <= endpoints


def test_each_operation_says_which_key_it_needs(described: dict[str, Any]) -> None:
    told = {one["operationId"]: one for methods in described["paths"].values() for one in methods.values()}
    assert len(told) == len(OPERATIONS)
    for endpoint in OPERATIONS:
        one, scope = told[endpoint.replace(".", "_")], SCOPES[endpoint]
        assert (one["security"] == []) == (scope is None)
        assert scope is None or f"scope {scope} " in one["description"]
        assert ("401" in one["responses"]) == (scope is not None)


def test_answers_have_the_shapes_that_are_described(client: FlaskClient, described: dict[str, Any]) -> None:
    text = {"text": "NATO is at war with Russia in Ukraine. It rains."}
    conforms(described, "MatchAnswer", client.post("/v1/match", json=text).get_json())
    conforms(described, "MatchAnswer", client.post("/v1/match", json={**text, "explain": True}).get_json())
    batch = client.post("/v1/match/batch", json={"texts": ["It rains.", {"id": 7, "text": ""}]}).get_json()
    conforms(described, "BatchBody", batch)
    conforms(described, "RowError", batch["answers"][1])
    page = client.get("/v1/debunks?limit=2").get_json()
    conforms(described, "DebunkPage", page)
    debunk_id = page["debunks"][0]["id"]
    conforms(described, "StoredDebunk", client.get(f"/v1/debunks/{debunk_id}").get_json())
    conforms(described, "History", client.get(f"/v1/debunks/{debunk_id}/history").get_json())
    conforms(described, "ModelBody", client.get("/v1/model").get_json())
    conforms(described, "Ready", client.get("/readyz").get_json())
    conforms(described, "ErrorBody", client.get("/v1/debunks/none").get_json())
    conforms(described, "GoogleErrorBody", client.get("/v1alpha1/claims:search").get_json())


def test_what_is_stored_can_be_sent_again_as_it_is_described(client: FlaskClient, described: dict[str, Any]) -> None:
    stored = client.get("/v1/debunks?limit=1").get_json()["debunks"][0]
    del stored["claim_review"]
    conforms(described, "DebunkRequest", stored)


def test_the_reference_names_every_operation_and_loads_nothing_from_elsewhere(
    client: FlaskClient, described: dict[str, Any]
) -> None:
    page = client.get("/reference").get_data(as_text=True)
    soup = BeautifulSoup(page, "html.parser")
    assert {article["id"] for article in soup.find_all("article")} >= {
        one["operationId"] for methods in described["paths"].values() for one in methods.values()
    } | set(described["components"]["schemas"])
    assert soup.find_all("script") == []
    links = [str(one.get("href") or one.get("src")) for one in soup.find_all(["a", "link", "img"])]
    assert all(link.startswith(("/", "#")) for link in links)
    anchors = {one["id"] for one in soup.find_all(id=True)}
    assert {link[1:] for link in links if link.startswith("#")} <= anchors
    assert not re.search(r"\s(style|on\w+)=", page)
