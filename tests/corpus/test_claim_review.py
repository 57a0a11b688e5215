"""ClaimReview: the fields that readers of it require, nothing made up, and nothing lost on the way back."""

import json

import pytest
from hypothesis import given, settings

from corpus.claim_review import to_claim_review, to_complete_claim_review
from corpus.importers import claim_review
from corpus.model import Debunk, Translation, Wording
from corpus.source import Source, SourceMetadata
from tests.corpus.debunks import debunks

MODERATED = Debunk(
    id="bridge",
    myth="The bridge was sold.",
    lang="en",
    variants=(Wording(text="Міст продали", lang="uk"),),
    passages=("It was not.", "It is the city's."),
    rating="false",
    rating_text="Pants on Fire",
    publisher="The city",
    claimant="A neighbour",
    claimed="2022-09",
    appearances=("https://t.me/abc/12",),
    translations=(Translation(lang="fr", myth="Le pont a été vendu.", passages=("Non.",)),),
    tags=("bridges", "cities"),
    suppressions=(Wording(text="The bridge was painted", lang="en"),),
    hold="flood",
    disable_until="2022-10-01",
    expires="2030",
    sources=("feed.json",),
)


def read_back(content: str) -> list[object]:
    return list(claim_review.read(Source("reviews.json", content.encode(), SourceMetadata())))


def test_a_shipped_debunk_has_the_required_fields(nato_debunks: list[Debunk]) -> None:
    review = to_claim_review(nato_debunks[1])
    assert review["@type"] == "ClaimReview"
    assert review["claimReviewed"] == "NATO promised Russia it would not expand after the Cold War"
    assert review["reviewRating"] == {"@type": "Rating", "alternateName": "False"}
    assert review["url"] == "https://www.nato.int/cps/en/natohq/115204.htm"
    assert review["author"] == {"@type": "Organization", "name": "NATO"}
    assert review["dateModified"] == "2022-09-21T17:10+02:00"


def test_what_is_not_stated_is_left_out() -> None:
    review = to_claim_review(Debunk(id="a", myth="m", lang="en", passages=("f",)))
    assert set(review) == {"@context", "@type", "identifier", "inLanguage", "claimReviewed", "reviewBody"}


def test_the_claim_has_who_made_it_when_and_where() -> None:
    assert to_claim_review(MODERATED)["itemReviewed"] == {
        "@type": "Claim",
        "author": {"name": "A neighbour"},
        "datePublished": "2022-09",
        "appearance": [{"@type": "CreativeWork", "url": "https://t.me/abc/12"}],
    }


def test_translations_are_reviews_in_their_language() -> None:
    assert to_claim_review(MODERATED)["workTranslation"] == [
        {"@type": "ClaimReview", "inLanguage": "fr", "claimReviewed": "Le pont a été vendu.", "reviewBody": "Non."}
    ]


def test_the_public_sees_nothing_of_moderation_and_no_variants() -> None:
    shown = json.dumps(to_claim_review(MODERATED), ensure_ascii=False)
    for secret in ("painted", "flood", "2022-10-01", "2030", "feed.json", "Міст", "mythmatch:"):
        assert secret not in shown


def test_only_what_claim_review_has_no_word_for_is_an_additional_property() -> None:
    complete = to_complete_claim_review(MODERATED)
    assert {each["name"]: each["value"] for each in complete["additionalProperty"]} == {
        "mythmatch:suppressions": [{"text": "The bridge was painted", "lang": "en"}],
        "mythmatch:hold": "flood",
        "mythmatch:disable_until": "2022-10-01",
        "mythmatch:expires": "2030",
        "mythmatch:sources": ["feed.json"],
    }
    assert complete["itemReviewed"]["alternateName"] == [{"@value": "Міст продали", "@language": "uk"}]


def test_the_debunks_that_ship_come_back_equal(nato_debunks: list[Debunk]) -> None:
    assert read_back(json.dumps([to_complete_claim_review(debunk) for debunk in nato_debunks])) == nato_debunks


def test_the_id_of_a_shipped_debunk_is_known_again_in_its_public_form(nato_debunks: list[Debunk]) -> None:
    (read,) = read_back(json.dumps(to_claim_review(nato_debunks[1])))
    assert isinstance(read, Debunk)
    assert (read.id, read.myth, read.rating) == (nato_debunks[1].id, nato_debunks[1].myth, "false")
    assert len(read.passages) == len(nato_debunks[1].passages)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(debunks())
def test_every_debunk_comes_back_equal(debunk: Debunk) -> None:
    assert read_back(json.dumps(to_complete_claim_review(debunk))) == [debunk]
