"""Reads ClaimReviewMarkup, Google's flat form of ClaimReview: alone, in lists, and in the pages of its tools.

https://developers.google.com/fact-check/tools/api/reference/rest/v1alpha1/pages
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from corpus.errors import InvalidDebunk
from corpus.formats.json_ld import Node, as_list
from corpus.formats.json_source import Placed, values_of
from corpus.formats.review_fields import Surroundings, read_review
from corpus.model import Debunk, Rejected
from corpus.source import Source

SUFFIXES = (".json", ".jsonl", ".ndjson")

EXAMPLES = (
    '{"url": "https://example.org/bridge", "claimReviewed": "The bridge was sold.", "claimDate": "2022-09-21",'
    ' "claimAuthor": {"name": "A man"}, "rating": {"textualRating": "False", "ratingExplanation": "It was not."}}',
    '{"pageUrl": "https://example.org/bridge", "publishDate": "2022-09-21", "claimReviewAuthor": {"name": "The city"},'
    ' "claimReviewMarkups": [{"claimReviewed": "The bridge was sold.", "rating": {"textualRating": "False",'
    ' "ratingExplanation": "It was not."}}]}',
)

PAGES, MARKUPS = "claimReviewMarkupPages", "claimReviewMarkups"
OWN_FIELD = re.compile(
    r'"(?:claimReviewMarkup(?:s|Pages)|textualRating|claimAuthor|claimFirstAppearance|claimAppearances)"\s*:'
)
FIELDS = ("url", "claimReviewed", "claimDate", "claimLocation", "claimFirstAppearance", "claimAuthor", "rating")


def recognises(head: str) -> bool:
    """Return whether a field stands in it that only this form has, and a claim."""
    return OWN_FIELD.search(head) is not None and '"claimReviewed"' in head


def read(source: Source) -> Iterator[Debunk | Rejected]:
    """Yield the markups as debunks, in order, as they are read; what is none is Rejected with its place and reason."""
    around = Surroundings(source.metadata)
    for record in values_of(source, (PAGES,)):
        if isinstance(record, Rejected):
            yield record
            continue
        markups = list(_markups(record.value, {}))
        if not markups and not _is_frame(record):
            yield Rejected(record.where, f"met {_kind(record.value)}; expected a ClaimReviewMarkup with claimReviewed")
        for markup, page in markups:
            try:
                yield read_review(as_claim_review(markup, page), around)
            except InvalidDebunk as error:
                yield Rejected(record.where, str(error))


def as_claim_review(markup: Node, page: Node) -> dict[str, Any]:
    """Return the markup, and what the page says for all of its markups, as a ClaimReview."""
    rating, author = _object(markup, "rating"), _object(page, "claimReviewAuthor")
    claim = {
        "@type": "Claim",
        "author": _object(markup, "claimAuthor"),
        "datePublished": markup.get("claimDate"),
        "firstAppearance": markup.get("claimFirstAppearance"),
        "appearance": markup.get("claimAppearances"),
    }
    return {
        "@type": "ClaimReview",
        "url": markup.get("url") or page.get("pageUrl"),
        "claimReviewed": markup.get("claimReviewed"),
        "datePublished": page.get("publishDate"),
        "author": author,
        "itemReviewed": claim,
        "reviewRating": {**rating, "alternateName": rating.get("textualRating")},
    }


def _markups(value: Any, page: Node) -> Iterator[tuple[Node, Node]]:
    """Yield the markups in the JSON, each with the page around it."""
    for each in as_list(value):
        if isinstance(each, list):
            yield from _markups(each, page)
        elif isinstance(each, Mapping) and MARKUPS in each:
            yield from _markups(each[MARKUPS], each)
        elif isinstance(each, Mapping) and PAGES in each:
            yield from _markups(each[PAGES], page)
        elif isinstance(each, Mapping) and (page or any(field in each for field in FIELDS)):
            yield each, page


def _object(node: Node, key: str) -> Node:
    value = node.get(key)
    return value if isinstance(value, Mapping) else {}


def _is_frame(record: Placed) -> bool:
    """Return whether it is what lists and pages have beside their markups."""
    return record.value is None or (
        isinstance(record.value, Mapping) and (PAGES in record.value or MARKUPS in record.value)
    )


def _kind(value: Any) -> str:
    return f"an object with {', '.join(map(repr, list(value)[:5]))}" if isinstance(value, Mapping) else f"{value!r:.40}"
