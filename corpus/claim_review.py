"""ClaimReview: a debunk as schema.org JSON-LD (https://schema.org/ClaimReview)."""

from typing import Any

from corpus.formats.review_fields import OUR_NAME, OUR_PREFIX, Surroundings, review_fields
from corpus.model import Debunk, Translation

READ_WITHOUT_METADATA = Surroundings()


def to_claim_review(debunk: Debunk) -> dict[str, Any]:
    """Return the JSON-LD object for the public; what the debunk does not state is left out, never made up.

    Variants, what moderators set, and where it was read from are left out too: `to_complete_claim_review` has them.
    """
    rating = debunk.rating_text or (debunk.rating.capitalize() if debunk.rating else None)
    stated = {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "identifier": debunk.id,
        "url": debunk.url,
        "inLanguage": debunk.lang,
        "name": debunk.title,
        "claimReviewed": debunk.myth,
        "itemReviewed": _claim(debunk),
        "reviewBody": debunk.fact or None,
        "datePublished": debunk.published,
        "dateModified": debunk.updated,
        "author": {"@type": "Organization", "name": debunk.publisher} if debunk.publisher else None,
        "reviewRating": {"@type": "Rating", "alternateName": rating} if rating else None,
        "keywords": ", ".join(debunk.tags) or None,
        "workTranslation": [_translation(said) for said in debunk.translations] or None,
    }
    return _stated(stated)


def to_complete_claim_review(debunk: Debunk) -> dict[str, Any]:
    """Return the JSON-LD object that `corpus.importers.claim_review` reads back as an equal debunk, whatever it holds.

    What ClaimReview has no word for, or would be read back otherwise, stands in `additionalProperty` under the
    debunk's own name for it, as `mythmatch:hold`.
    """
    review = to_claim_review(debunk)
    review["identifier"] = {"@type": "PropertyValue", "propertyID": OUR_NAME, "value": debunk.id}
    if debunk.variants:
        wordings = [{"@value": variant.text, "@language": variant.lang} for variant in debunk.variants]
        review["itemReviewed"] = {"@type": "Claim", **review.get("itemReviewed", {}), "alternateName": wordings}
    read_back = review_fields(review, READ_WITHOUT_METADATA)
    unstated = {name: field.get_default() for name, field in Debunk.model_fields.items()}
    properties = [
        {"@type": "PropertyValue", "name": f"{OUR_PREFIX}{name}", "value": value}
        for name, value in debunk.model_dump(mode="json").items()
        if value != _as_json(read_back.get(name, unstated[name]))
    ]
    return {**review, **({"additionalProperty": properties} if properties else {})}


def _claim(debunk: Debunk) -> dict[str, Any] | None:
    """Return what is known of the claim beside its words; None when nothing is."""
    stated = {
        "author": {"name": debunk.claimant} if debunk.claimant else None,  # a person, a party, a site: nobody said
        "datePublished": debunk.claimed,
        "appearance": [{"@type": "CreativeWork", "url": url} for url in debunk.appearances] or None,
    }
    claim = _stated(stated)
    return {"@type": "Claim", **claim} if claim else None


def _translation(said: Translation) -> dict[str, Any]:
    stated = {
        "@type": "ClaimReview",
        "inLanguage": said.lang,
        "url": said.url,
        "name": said.title,
        "claimReviewed": said.myth,
        "reviewBody": "\n\n".join(said.passages) or None,
    }
    return _stated(stated)


def _stated(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _as_json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
