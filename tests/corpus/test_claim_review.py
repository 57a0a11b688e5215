"""ClaimReview: the fields that readers of it require, and nothing made up."""

from corpus.claim_review import to_claim_review
from corpus.model import Debunk


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
