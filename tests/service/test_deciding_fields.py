"""What decides beside the evidence, from the corpus through a built snapshot to the API's answer and the page."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from corpus.model import Debunk, Translation, Wording
from service.app import create_app
from service.settings import Settings
from service.wiring import open_store
from service.worker import Worker

BRIDGE = "The mayor secretly sold the stone bridge to foreign bankers"
MOON = "Astronauts admitted that the moon is made of yellow cheese"
CHOIR = "The choir of our town sang forty songs before noon"
BEAR = "A brown bear sleeps under the apple tree of the mayor"
NOT_MOON = "Astronauts admit that yellow cheese is not what the moon is made of"
PAGE, RUMOUR, IN_UKRAINIAN = "https://example.org/checks/bridge", "https://t.me/rumours/17", "https://example.org/uk/1"
DEBUNKS = (
    Debunk(
        id="bridge",
        myth=BRIDGE,
        lang="en",
        url=PAGE,
        appearances=(RUMOUR,),
        translations=(Translation(lang="uk", url=IN_UKRAINIAN),),
        hold="flood",
    ),
    Debunk(id="moon", myth=MOON, lang="en", rating="false", suppressions=(Wording(text=NOT_MOON, lang="en"),)),
    Debunk(id="choir", myth=CHOIR, lang="en", rating="true"),
    Debunk(id="bear", myth=BEAR, lang="en", rating="false", hold="always"),
    Debunk(id="gone", myth="The old harbour was painted green", lang="en", rating="false", expires="2024-05"),
    Debunk(id="later", myth="The night train came late", lang="en", rating="false", disable_until="9000-01-01"),
)


@pytest.fixture
def client(toy_settings: Settings) -> FlaskClient:
    settings = toy_settings.model_copy(update={"flood_min": 3})
    with open_store(settings) as store:
        store.put(DEBUNKS)
    worker = Worker(settings)
    worker.load()
    return create_app(settings, worker).test_client()


def ask(client: FlaskClient, text: str, **fields: Any) -> dict[str, Any]:
    answer = client.post("/v1/match", json={"text": text, **fields})
    assert answer.status_code == 200
    assert isinstance(answer.json, dict)
    return answer.json


def match_of(answer: dict[str, Any], debunk_id: str) -> dict[str, Any]:
    (found,) = (match for match in answer["matches"] if match["debunk"]["id"] == debunk_id)
    assert isinstance(found, dict)
    return found


def page(client: FlaskClient, text: str) -> BeautifulSoup:
    return BeautifulSoup(client.post("/", data={"text": text}).text, "html.parser")


@pytest.mark.parametrize("url", [PAGE, RUMOUR, IN_UKRAINIAN])
def test_an_address_alone_is_a_match_that_says_which_it_is(client: FlaskClient, url: str) -> None:
    answer = ask(client, f"👉 {url}!")
    found = answer["matches"][0]
    assert (answer["decision"], found["debunk"]["id"], found["probability"]) == ("match", "bridge", 1.0)
    assert (found["why"]["nearest"], found["why"]["passage"], found["why"]["shared_terms"]) == ("url", url, [])
    assert found["span"] == {"start": 2, "end": 2 + len(url), "text": url}
    assert found["stance"] == "unclear"
    shown = page(client, url)
    assert shown.title is not None
    assert shown.title.text.startswith("Known myth")
    assert f"that of a page where the claim appeared: {url}" in shown.text


def test_a_suppressed_text_matches_nothing_and_says_by_what(client: FlaskClient) -> None:
    answer = ask(client, NOT_MOON.upper() + " 🤡")
    found = match_of(answer, "moon")
    assert (answer["decision"], found["decision"], found["probability"]) == ("no_match", "no_match", 0.0)
    assert (found["why"]["suppressed_by"], found["why"]["held"]) == (NOT_MOON, None)
    assert match_of(answer, "bear")["why"]["suppressed_by"] is None
    quoted = page(client, NOT_MOON).find("q")
    assert quoted is not None
    assert quoted.text == NOT_MOON
    assert ask(client, MOON)["decision"] == "match"


def test_what_was_found_true_is_no_myth_and_the_page_says_so(client: FlaskClient) -> None:
    answer = ask(client, CHOIR)
    found = answer["matches"][0]
    assert (found["debunk"]["id"], found["decision"], found["why"]["held"]) == ("choir", "possible", "rated_true")
    assert (answer["decision"], answer["claims"][0]["decision"], answer["claims"][0]["best"]) == (
        "no_match", "no_match", None,
    )  # fmt: skip
    shown = page(client, CHOIR)
    assert [heading.text for heading in shown.find_all("h2")] == ["A fact-checker found this true"]
    assert shown.title is not None
    assert shown.title.text.startswith("Found true")
    assert "known myth" not in shown.title.text.lower()


def test_a_debunk_that_is_always_held_is_possible_and_the_page_says_why(client: FlaskClient) -> None:
    answer = ask(client, BEAR)
    assert (answer["decision"], answer["claims"][0]["decision"]) == ("possible", "possible")
    assert match_of(answer, "bear")["why"]["held"] == "always"
    assert "never more than possible: a person decides" in page(client, BEAR).text


def test_a_debunk_that_expired_or_is_disabled_is_not_listed(client: FlaskClient) -> None:
    answer = ask(client, "The old harbour was painted green. The night train came late.")
    assert answer["decision"] == "no_match"
    assert {match["debunk"]["id"] for match in answer["matches"]} == {"bridge", "moon", "choir", "bear"}
    assert client.get("/v1/debunks/gone").status_code == 200


def test_a_flood_makes_matches_possible_for_the_api_and_the_page_alike(client: FlaskClient) -> None:
    decisions = [ask(client, BRIDGE)["decision"] for _ in range(3)]
    assert decisions == ["match"] * 3
    assert "This repeats a known myth" in page(client, BRIDGE).text  # the fourth
    flooded = ask(client, BRIDGE)
    assert (flooded["decision"], match_of(flooded, "bridge")["why"]["held"]) == ("possible", "flood")
    assert "matches far more texts than usual just now" in page(client, BRIDGE).text
    assert ask(client, MOON)["decision"] == "match"


def test_a_threshold_that_a_request_lowers_makes_no_flood(client: FlaskClient) -> None:
    for _ in range(10):
        assert match_of(ask(client, "Bake 500 g of flour", threshold=0.0), "bridge")["decision"] != "no_match"
    assert ask(client, BRIDGE)["decision"] == "match"
