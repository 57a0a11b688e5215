"""Debunks as pages for people, and as ClaimReview for machines: what they show, and that it is read back."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from corpus.importing import read_source
from corpus.model import Debunk
from corpus.source import open_source
from service.app import STORES, create_app
from service.settings import Settings
from service.worker import Worker
from tests.service.parts import BRIDGE, told

HOSTILE = 'The bridge was sold. </script><script>alert(1)</script><!-- & "q" \' \u2028'
RICH = {
    "id": "example.org-rich",
    "myth": HOSTILE,
    "lang": "en",
    "passages": ["It was not. <b>No</b>", "The city owns it still."],
    "rating": "false",
    "rating_text": "Pants on fire",
    "title": "No, it was not sold",
    "url": "https://example.org/bridge?a=1&b=2",
    "publisher": "City Desk",
    "claimant": "A. Person",
    "claimed": "2026-01",
    "appearances": ["https://social.example/p/1"],
    "published": "2026-02-03",
    "updated": "2026-02-04T10:00+01:00",
    "languages": ["pt-BR"],
    "tags": ["city", "bridges"],
    "translations": {
        "uk": {
            "myth": "Міст продали",
            "title": "Ні",
            "url": "https://example.org/uk/bridge",
            "passages": ["Міст не продали."],
        },
        "fr": {"myth": "Le pont a été vendu"},
    },
    "suppressions": [{"text": "a text that somebody sent", "lang": "en"}],
}
# what ClaimReview has no words for, or what a page of somebody's may not say
NOT_STATED = {"id", "languages", "variants", "suppressions", "sources", "context", "document_sha256", "hold"}


def put(client: FlaskClient, **fields: Any) -> None:
    debunk = {**({} if "passages" in fields else BRIDGE), **fields}
    told(client.put(f"/v1/debunks/{debunk['id']}", json=debunk), 201)


def page(client: FlaskClient, debunk_id: str, status: int = 200) -> BeautifulSoup:
    answer = client.get(f"/debunks/{debunk_id}")
    assert (answer.status_code, answer.mimetype) == (status, "text/html"), answer.text
    return BeautifulSoup(answer.text, "html.parser")


def said(shown: BeautifulSoup) -> str:
    """Return the words of the page, as a person sees them."""
    assert shown.main is not None
    return re.sub(r"\s+", " ", shown.main.text)


def test_a_page_shows_the_myth_with_its_fact_rating_source_dates_and_languages(client: FlaskClient) -> None:
    put(client, **RICH)
    shown = page(client, "example.org-rich")
    assert shown.select("blockquote")[0].text == HOSTILE
    assert [passage.text for passage in shown.select("article")[0].select(".fact p")] == RICH["passages"]
    for words in (
        "Myth · rated false (Pants on fire)",
        "Source No, it was not sold, City Desk",
        "Published 2026-02-03 Updated 2026-02-04",
        "Claimed by A. Person, 2026-01",
        "Appeared at https://social.example/p/1",
        "Source also in Portuguese (Brazil)",
        "Tags city, bridges",
    ):
        assert words in said(shown)
    links = [link["href"] for link in shown.select("main a")]
    assert links == ["https://example.org/bridge?a=1&b=2", "https://example.org/uk/bridge"]
    assert "somebody sent" not in str(shown)


def test_wherever_a_page_shows_a_myth_its_fact_is_beside_it(client: FlaskClient) -> None:
    put(client, **RICH)
    articles = page(client, "example.org-rich").select("article")
    assert [article.blockquote is not None for article in articles] == [True, True, True]
    facts = [[passage.text for passage in article.select(".fact p")] for article in articles]
    assert facts == [RICH["passages"], ["Міст не продали."], RICH["passages"]]
    assert articles[1].blockquote is not None
    assert articles[1].blockquote["lang"] == "uk"


def test_a_debunk_without_a_fact_in_words_says_where_to_read_it(client: FlaskClient) -> None:
    put(client, fact=None, rating="true", url="https://example.org/bridge")
    shown = page(client, "bridge")
    assert "Claim · rated true" in said(shown)
    assert "The source gives its rating; read it there." in said(shown)


def test_nothing_in_a_debunk_breaks_out_of_the_page_or_its_data_block(client: FlaskClient) -> None:
    put(client, **RICH)
    html = client.get("/debunks/example.org-rich").text
    assert html.count("<script") == html.count("</script>") == 1
    assert "<b>" not in html
    assert "<!--" not in html
    (script,) = BeautifulSoup(html, "html.parser").select("script")
    assert script["type"] == "application/ld+json"
    assert json.loads(script.text)["claimReviewed"] == HOSTILE


def imported(html: str, tmp_path: Path) -> Debunk:
    """Return the debunk that `scripts.import_corpus` reads from the page."""
    path = tmp_path / "page.html"
    path.write_text(html, encoding="utf-8")
    (debunk,) = read_source(open_source(path, {}))
    assert isinstance(debunk, Debunk), debunk
    return debunk


def test_a_page_is_read_back_as_an_equal_debunk(client: FlaskClient, tmp_path: Path) -> None:
    plain = {"myth": 'The "bridge" & its toll: 5 < 6, it\'s sold', "passages": ["It was not & isn't.", "The city's."]}
    put(client, **{**RICH, **plain})  # from markup inside of texts an importer takes the words alone
    put(client, url="https://example.org/b", publisher="City Desk")  # no rating
    ids = ["example.org-rich", "bridge", *(f"nato.int-115204-{number}" for number in range(1, 6))]
    for debunk_id in ids:
        told_of_it = client.get(f"/v1/debunks/{debunk_id}").text.replace("\xa0", " ")  # which an importer reads so
        stored = Debunk.model_validate(without_shown(json.loads(told_of_it)))
        if stored.rating and not stored.rating_text:  # ClaimReview requires words for it
            stored = stored.model_copy(update={"rating_text": stored.rating.capitalize()})
        read = imported(client.get(f"/debunks/{debunk_id}").text, tmp_path)
        assert read.model_dump(exclude=NOT_STATED) == stored.model_dump(exclude=NOT_STATED)


def without_shown(fields: Any) -> dict[str, Any]:
    """Return the fields that are a debunk's own, of those that are shown of it."""
    kept = {name: value for name, value in fields.items() if name not in ("fact", "claim_review")}
    translations = [{"lang": lang, **more} for lang, more in kept.pop("translations").items()]
    return {**kept, "translations": translations}


def test_a_removed_debunk_is_gone_and_an_unknown_one_is_not_there(client: FlaskClient) -> None:
    put(client)
    told(client.delete("/v1/debunks/bridge"), 204)
    gone, absent = page(client, "bridge", 410), page(client, "absent", 404)
    assert "This debunk was removed" in said(gone)
    assert "There is no such debunk" in said(absent)
    assert BRIDGE["myth"] not in said(gone)
    assert not gone.select("script") + absent.select("script")
    assert "&lt;i&gt;" in client.get("/debunks/%3Ci%3E").text


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ({"expires": "2020-05"}, "This debunk expired on 2020-05. No text is matched to it any more."),
        ({"disable_until": "2999-01-02T03:04Z"}, "No text is matched to this debunk before 2999-01-02."),
    ],
)
def test_a_debunk_that_matches_nothing_now_says_so(client: FlaskClient, dates: dict[str, str], words: str) -> None:
    put(client, **dates)
    assert words in said(page(client, "bridge"))
    put(client, id="other", disable_until="2020", expires="2999")
    assert not page(client, "other").select("[role=status]")


def test_the_bare_claim_review_is_given_to_who_asks_for_it(client: FlaskClient) -> None:
    put(client, **RICH)
    path = "/v1/debunks/example.org-rich"
    plain = client.get(path)
    linked = client.get(path, headers={"Accept": "application/ld+json, application/json;q=0.5"})
    assert linked.mimetype == "application/ld+json"
    assert plain.json is not None
    assert json.loads(linked.text) == plain.json["claim_review"]
    assert linked.headers["Vary"] == plain.headers["Vary"] == "Accept"
    assert linked.headers["ETag"] != plain.headers["ETag"]
    for accept in ("*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "application/json", "image/png"):
        assert client.get(path, headers={"Accept": accept}).mimetype == "application/json"


def test_a_page_without_a_database_says_to_try_again(toy_settings: Settings) -> None:
    unready = create_app(toy_settings, Worker(toy_settings)).test_client()
    assert "being loaded" in said(page(unready, "bridge", 503))


def test_the_home_page_links_each_debunk_to_its_page(toy_settings: Settings, toy_worker: Worker) -> None:
    app = create_app(toy_settings, toy_worker)
    client = app.test_client()
    shown = BeautifulSoup(client.post("/", data={"text": "NATO is at war with Russia in Ukraine"}).text, "html.parser")
    links = [str(article.select("a[href^='/debunks/']")[0]["href"]) for article in shown.select("article")]
    assert sorted(links) == [f"/debunks/nato.int-115204-{number}" for number in range(1, 6)]
    for link in links:
        assert client.get(link).status_code == 200
    app.extensions[STORES].close()


def test_every_claim_review_of_an_answer_has_what_google_requires(toy_settings: Settings, toy_worker: Worker) -> None:
    """https://developers.google.com/search/docs/appearance/structured-data/factcheck, its required properties."""
    answer = create_app(toy_settings, toy_worker).test_client().post("/v1/match", json={"text": "NATO"}).json
    assert answer is not None
    reviews = [match["debunk"]["claim_review"] for match in answer["matches"]]
    assert len(reviews) == 5
    for review in reviews:
        assert (review["@context"], review["@type"]) == ("https://schema.org", "ClaimReview")
        assert review["claimReviewed"]
        assert review["url"].startswith("https://")
        assert review["reviewRating"]["@type"] == "Rating"
        assert review["reviewRating"]["alternateName"]
