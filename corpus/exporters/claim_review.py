"""Writes debunks as ClaimReview, all that they hold: a schema.org DataFeed, or one review a line."""

import json
from collections.abc import Iterable
from typing import Any, TextIO

from corpus.claim_review import to_complete_claim_review
from corpus.model import Debunk

FEED_BEGINNING = '{"@context": "https://schema.org", "@type": "DataFeed", "dataFeedElement": ['
FEED_END = "\n]}\n"


def write_feed(debunks: Iterable[Debunk], out: TextIO) -> None:
    """Write one DataFeed, an entry a line, as the debunks come; the importer of ClaimReview reads equal ones."""
    out.write(FEED_BEGINNING)
    for number, debunk in enumerate(debunks):
        out.write((",\n" if number else "\n") + json.dumps(_entry(debunk), ensure_ascii=False))
    out.write(FEED_END)


def write_lines(debunks: Iterable[Debunk], out: TextIO) -> None:
    """Write one ClaimReview a line, as the debunks come; the importer of ClaimReview reads equal ones."""
    for debunk in debunks:
        out.write(json.dumps(to_complete_claim_review(debunk), ensure_ascii=False) + "\n")


def _entry(debunk: Debunk) -> dict[str, Any]:
    review = to_complete_claim_review(debunk)
    del review["@context"]  # the feed's holds for all
    stated = {"@type": "DataFeedItem", "dateModified": debunk.updated, "url": debunk.url, "item": [review]}
    return {name: value for name, value in stated.items() if value is not None}
