"""ClaimReviewMarkup, the flat form of Google's tools."""

import json
from typing import Any

import pytest

from corpus.ids import review_id
from corpus.importers import claim_review, claim_review_markup
from corpus.model import Debunk, Rejected
from corpus.source import Source, SourceMetadata

URL = "https://example.org/checks/bridge"
MARKUP = {
    "url": URL,
    "claimReviewed": "The bridge was sold.",
    "claimDate": "2022-09-01",
    "claimLocation": "on Telegram",
    "claimFirstAppearance": "https://t.me/abc/1",
    "claimAppearances": ["https://x.com/a/status/2"],
    "claimAuthor": {"name": "A neighbour", "jobTitle": "Baker", "sameAs": "https://t.me/neighbour"},
    "rating": {
        "ratingValue": 1,
        "worstRating": 1,
        "bestRating": 5,
        "textualRating": "Pants on Fire",
        "ratingExplanation": "It was not.",
    },
}
PAGE = {
    "name": "pages/1",
    "pageUrl": URL,
    "publishDate": "2022-09-21",
    "claimReviewAuthor": {"name": "The city", "imageUrl": "https://example.org/logo.png"},
    "claimReviewMarkups": [MARKUP, {"claimReviewed": "The bridge was painted.", "rating": {"textualRating": "True"}}],
    "versionId": "1",
}


def read(content: Any, name: str = "pages.json") -> list[Debunk | Rejected]:
    raw = content if isinstance(content, str) else json.dumps(content)
    return list(claim_review_markup.read(Source(name, raw.encode(), SourceMetadata())))


@pytest.mark.parametrize("example", claim_review_markup.EXAMPLES)
def test_every_example_is_recognised_and_reads(example: str) -> None:
    assert claim_review_markup.recognises(example)
    assert not claim_review.recognises(example)
    (debunk,) = read(example)
    assert isinstance(debunk, Debunk)
    assert (debunk.myth, debunk.rating, debunk.passages) == ("The bridge was sold.", "false", ("It was not.",))


@pytest.mark.parametrize("example", claim_review.EXAMPLES)
def test_a_claim_review_is_not_taken_for_one(example: str) -> None:
    assert not claim_review_markup.recognises(example)


def test_every_field_of_a_markup_and_its_page_finds_its_place() -> None:
    sold, painted = read(PAGE)
    assert sold == Debunk(
        id=review_id(URL, "The bridge was sold."),
        myth="The bridge was sold.",
        lang="en",
        passages=("It was not.",),
        rating="false",
        rating_text="Pants on Fire",
        url=URL,
        publisher="The city",
        claimant="A neighbour",
        claimed="2022-09-01",
        appearances=("https://t.me/abc/1", "https://x.com/a/status/2"),
        published="2022-09-21",
    )
    assert isinstance(painted, Debunk)
    assert (painted.rating, painted.url, painted.publisher) == ("true", URL, "The city")


@pytest.mark.parametrize(
    "shape",
    [
        lambda page: [page],
        lambda page: {"claimReviewMarkupPages": [page], "nextPageToken": "x"},
        lambda page: {"claimReviewMarkupPages": [None, page]},
        lambda page: [{"claimReviewMarkupPages": [page]}],
    ],
)
def test_pages_are_found_in_lists(shape: Any) -> None:
    assert read(shape(PAGE)) == read(PAGE)


def test_markups_stand_alone_in_a_list_or_one_a_line() -> None:
    assert read([MARKUP, MARKUP]) == [*read(MARKUP), *read(MARKUP)]
    assert read(f"{json.dumps(MARKUP)}\n{json.dumps(MARKUP)}\n", "markups.jsonl") == [*read(MARKUP), *read(MARKUP)]


def test_the_rating_zero_of_an_empty_form_is_none() -> None:
    (debunk,) = read({**MARKUP, "rating": {"ratingValue": 0, "worstRating": 0, "bestRating": 0}})
    assert isinstance(debunk, Debunk)
    assert debunk.rating is None


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ('{"claimReviewed": "x",}', "no JSON"),
        ('{"name": "x"}', "met an object with 'name'; expected a ClaimReviewMarkup"),
        ("17", "met 17; expected a ClaimReviewMarkup"),
        ('{"url": "https://example.org/a"}', "without claimReviewed"),
        ('{"claimReviewed": "x", "rating": {}}', "expected a url, a rating or a text"),
    ],
)
def test_what_is_broken_is_rejected_with_its_place_and_the_others_are_read(broken: str, why: str) -> None:
    good = json.dumps(MARKUP)
    records = read(f"[{good},\n{broken},\n{good}]")
    assert [type(record) for record in records] == [Debunk, Rejected, Debunk]
    assert isinstance(records[1], Rejected)
    assert records[1].where.startswith("pages.json, item 2, line ")
    assert why in records[1].why
