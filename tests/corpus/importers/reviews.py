"""A ClaimReview to change, and the importer asked for what it reads."""

import json
from typing import Any

from corpus.importers import claim_review
from corpus.model import Debunk, Rejected
from corpus.source import Source, SourceMetadata

URL = "https://www.example.org/checks/bridge"
REVIEW: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "ClaimReview",
    "url": URL,
    "claimReviewed": "The bridge was sold.",
    "reviewBody": "It was not.",
    "author": {"@type": "Organization", "name": "The city", "url": "https://www.example.org"},
    "datePublished": "2022-09-21",
    "reviewRating": {"@type": "Rating", "ratingValue": "1", "bestRating": "5", "alternateName": "Faux"},
    "itemReviewed": {
        "@type": "Claim",
        "author": {"@type": "Person", "name": "A neighbour", "sameAs": "https://t.me/neighbour"},
        "datePublished": "2022-09",
        "firstAppearance": {"@type": "CreativeWork", "url": "https://t.me/abc/1"},
        "appearance": [{"@type": "OpinionNewsArticle", "url": "https://x.com/a/status/2"}],
    },
}


def read(content: str | bytes, name: str = "reviews.json", **metadata: str) -> list[Debunk | Rejected]:
    raw = content if isinstance(content, bytes) else content.encode()
    return list(claim_review.read(Source(name, raw, SourceMetadata.model_validate(metadata))))


def debunk(content: Any, name: str = "reviews.json", **metadata: str) -> Debunk:
    (record,) = read(content if isinstance(content, str) else json.dumps(content), name, **metadata)
    assert isinstance(record, Debunk), record
    return record


def review(**changed: Any) -> dict[str, Any]:
    """Return the review with those properties; None takes one away."""
    return {name: value for name, value in {**REVIEW, **changed}.items() if value is not None}


def myths(records: list[Debunk | Rejected]) -> list[str]:
    return [record.myth if isinstance(record, Debunk) else "rejected" for record in records]
