"""Parts of an answer: `?fields=` of a match and of a batch, checked by the fields that there are."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import STORES, create_app
from service.settings import Settings
from service.worker import Worker
from tests.service.parts import NDJSON, lines, message, told

MYTH = "NATO is encircling and trying to contain Russia"
PATH = "/v1/match/batch"


@pytest.fixture
def client(toy_settings: Settings, toy_worker: Worker) -> Iterator[FlaskClient]:
    app = create_app(toy_settings, toy_worker)
    yield app.test_client()
    app.extensions[STORES].close()


def test_only_the_fields_that_are_asked_for_are_answered_and_the_id(client: FlaskClient) -> None:
    query = "?fields=matches(debunk(id,url),probability),decision"
    url = "https://www.nato.int/cps/en/natohq/115204.htm"
    expected = {
        "decision": "match",
        "matches": [{"debunk": {"id": "nato.int-115204-4", "url": url}, "probability": 1.0}],
    }
    assert told(client.post(f"/v1/match{query}", json={"text": MYTH, "limit": 1}), 200) == expected
    assert told(client.get(f"/v1/match{query}&limit=1&text={MYTH}"), 200) == expected
    sent = {"texts": [{"id": "x", "text": MYTH}, " "], "limit": 1}
    good, wrong = told(client.post(f"{PATH}{query}", json=sent), 200)["answers"]
    assert good == {"id": "x", **expected}
    assert wrong["error"]["type"] == "InvalidText"
    streamed = client.post(f"{PATH}{query}&limit=1", data=f'"{MYTH}"', headers=NDJSON)
    assert lines(streamed) == [{"id": 1, **expected}]


def test_a_field_that_there_is_not_is_told_with_those_there_are(client: FlaskClient) -> None:
    said = message(client.post("/v1/match?fields=matches/probabilty", json={"text": "a"}), 422, "InvalidRequest")
    assert said == (
        "fields: met matches/probabilty, which there is not; expected one of debunk, similarity, probability, stance,"
        " decision, span, spans, why"
    )


def test_every_field_of_an_answer_can_be_asked_for_and_no_other(client: FlaskClient) -> None:
    found = told(client.post("/v1/match", json={"text": MYTH, "explain": True}), 200)
    every = paths(found)
    assert {"matches/why/explanation", "matches/debunk/claim_review", "claims/best", "took_ms"} <= set(every)
    assert told(client.post(f"/v1/match?fields={','.join(every)}", json={"text": MYTH}), 200)
    for path in every:
        refused = client.post(f"/v1/match?fields={path}x", json={"text": MYTH})
        assert "which there is not" in message(refused, 422, "InvalidRequest")


def paths(value: Any, above: str = "") -> list[str]:
    """Return the path of each field, but for those below what may hold anything."""
    if isinstance(value, list):
        return paths(value[0], above) if value else []
    if not isinstance(value, dict):
        return []
    anything = ("translations/", "claim_review/", "explanation/")
    if above.endswith(anything):
        return []
    return [path for name in value for path in (f"{above}{name}", *paths(value[name], f"{above}{name}/"))]
