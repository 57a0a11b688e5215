"""ClaimReview: a debunk as schema.org JSON-LD (https://schema.org/ClaimReview)."""

from typing import Any

from corpus.model import Debunk


def to_claim_review(debunk: Debunk) -> dict[str, Any]:
    """Return the JSON-LD object; what the debunk does not state is left out, never made up."""
    rating = debunk.rating_text or (debunk.rating.capitalize() if debunk.rating else None)
    stated = {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "identifier": debunk.id,
        "url": debunk.url,
        "inLanguage": debunk.lang,
        "name": debunk.title,
        "claimReviewed": debunk.myth,
        "reviewBody": debunk.fact or None,
        "datePublished": debunk.published,
        "dateModified": debunk.updated,
        "author": {"@type": "Organization", "name": debunk.publisher} if debunk.publisher else None,
        "reviewRating": {"@type": "Rating", "alternateName": rating} if rating else None,
        "keywords": ", ".join(debunk.tags) or None,
    }
    return {name: value for name, value in stated.items() if value is not None}
