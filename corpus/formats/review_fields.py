"""Reads one ClaimReview, as its publisher or this service wrote it, to the fields of a debunk."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import langcodes
from langcodes import tag_is_valid

from corpus.dates import read_date
from corpus.errors import InvalidDebunk
from corpus.formats.json_ld import Node, addresses, as_list, line_of, names, texts, types_of, web_address
from corpus.formats.plain_text import one_line, paragraphs
from corpus.ids import host_of, review_id
from corpus.language import UNDETERMINED, find_language
from corpus.model import Debunk
from corpus.ratings import read_rating
from corpus.source import SourceMetadata
from corpus.wording import wording

OUR_NAME = "mythmatch"
OUR_PREFIX = f"{OUR_NAME}:"  # of additional properties that are a debunk's fields
DEFAULT_LANG = "en"  # of a claim that no language can be told from, as of debunks in JSON Lines
PEOPLE = ("Person",)
SPEAKERS = ("Person", "Organization", "NewsMediaOrganization", "GovernmentOrganization", "PoliticalParty")
SEPARATORS = re.compile(r"[,;\n]")


@dataclass(frozen=True)
class Surroundings:
    """What is known around a review: of its source, the page, the feed's entry, and nodes that it may refer to.

    `is_ours` says whether the source may name debunks' ids and fields as this service exports them: a file that
    somebody chose to import may, somebody's web page may not.
    """

    metadata: SourceMetadata = field(default_factory=SourceMetadata)
    base_url: str | None = None
    entry_url: str | None = None
    nodes: Mapping[str, Node] = field(default_factory=dict)
    is_ours: bool = True


def read_review(review: Node, around: Surroundings) -> Debunk:
    """Return the review as a debunk; raises InvalidDebunk that says what it lacks."""
    fields = review_fields(review, around)
    if not fields["myth"]:
        raise InvalidDebunk("met a ClaimReview without claimReviewed, headline or name; expected the claim in one")
    if not (fields["url"] or fields["rating"] or fields["passages"]):
        raise InvalidDebunk(
            f"met a ClaimReview of {_short(fields['myth'])} that says nothing of it; expected a url, a rating or a text"
        )
    return Debunk.model_validate(fields)


def review_fields(review: Node, around: Surroundings) -> dict[str, Any]:
    """Return a debunk's fields as the review states them, in JSON's types; `myth` is empty where it names no claim."""
    metadata = around.metadata
    claim = _claim(review)
    url = _url(review, around)
    lang, *languages = _languages(review) or [metadata.lang or _language_of(claim, review)]
    rating, rating_text = _rating(review)
    ours = _our_fields(review) if around.is_ours else {}
    return {
        "id": _id(review, url, claim, around),
        "myth": claim,
        "lang": lang,
        "languages": languages,
        "passages": _passages(review, claim),
        "rating": rating or metadata.rating,
        "rating_text": rating_text,
        "title": line_of(review, "headline", "name") or metadata.title,
        "url": url,
        "publisher": _publisher(review, around.nodes) or metadata.publisher or host_of(url or "") or None,
        "published": _date(review, metadata, "datePublished", "dateCreated"),
        "updated": _date(review, metadata, "dateModified"),
        "tags": _tags(review),
        "translations": list(_translations(review)),
        **_claim_fields(review, lang, around),
        **ours,
    }


def _short(text: str, limit: int = 60) -> str:
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def _claim(review: Node) -> str:
    """Return what is reviewed; where the review does not say, what the reviewed claim says, else the review's title."""
    items = as_list(review.get("itemReviewed"))
    said = (line_of(item, "text") for item in items if isinstance(item, Mapping) and "Claim" in types_of(item))
    named = (one_line(item) for item in items if isinstance(item, str) and not web_address(item))
    candidates = (line_of(review, "claimReviewed"), *said, *named, line_of(review, "headline", "name"))
    return next(filter(None, candidates), "")


def _url(review: Node, around: Surroundings) -> str | None:
    for key in ("url", "mainEntityOfPage", "@id"):
        if met := addresses(review.get(key), around.base_url):
            return met[0]
    return around.entry_url or around.base_url or around.metadata.url


def _id(review: Node, url: str | None, claim: str, around: Surroundings) -> str:
    """Return the id that this service gave the debunk, else the one that its address and claim give.

    Without our mark an identifier is ours when it begins with the address's host, as our ids do.
    """
    host = host_of(url or "")
    for given in as_list(review.get("identifier")) if around.is_ours else ():
        if isinstance(given, str) and host and given.startswith(f"{host}-"):
            return given
        if isinstance(given, Mapping) and given.get("propertyID") == OUR_NAME:
            return str(given.get("value"))
    derived = review_id(url or "", claim)
    prefix = around.metadata.id_prefix
    return f"{prefix}-{derived.rpartition('-')[2]}" if prefix else derived


def _our_fields(review: Node) -> dict[str, Any]:
    """Return the fields of a debunk that this service wrote as additional properties."""
    stated = [each for each in as_list(review.get("additionalProperty")) if isinstance(each, Mapping)]
    named = ((str(each.get("name")), each.get("value")) for each in stated)
    return {name.removeprefix(OUR_PREFIX): value for name, value in named if name.startswith(OUR_PREFIX)}


def _languages(review: Node) -> list[str]:
    met = [each.get("alternateName") or each.get("name") if isinstance(each, Mapping) else each
           for each in as_list(review.get("inLanguage"))]  # fmt: skip
    tags = (_lang_tag(str(name).strip()) for name in met if name)
    return list(dict.fromkeys(filter(None, tags)))


@lru_cache(maxsize=1024)
def _lang_tag(name: str) -> str | None:
    """Return the BCP 47 tag of a tag as it was met ("en_us") or of a language's name ("English")."""
    if tag_is_valid(name.replace("_", "-")):
        return str(langcodes.standardize_tag(name))
    try:
        return langcodes.find(name).to_tag()
    except LookupError:
        return None


def _language_of(claim: str, review: Node) -> str:
    for text in (claim, *texts(review.get("reviewBody")), *texts(review.get("description"))):
        if (lang := find_language(text)) != UNDETERMINED:
            return lang
    return DEFAULT_LANG


def _passages(review: Node, claim: str) -> list[str]:
    """Return the paragraphs of the review's texts; none that is the claim itself or stands in an earlier one."""
    ratings = [each for each in as_list(review.get("reviewRating")) if isinstance(each, Mapping)]
    said = [*texts(review.get("reviewBody")), *texts(review.get("articleBody")), *texts(review.get("description"))]
    said += [text for rating in ratings for text in texts(rating.get("ratingExplanation"))]
    passages, known = [], [wording(claim)]
    for text in (*said, *texts(review.get("text"))):
        for passage in paragraphs(text):
            words = wording(passage)
            if words and words != known[0] and not any(words in earlier for earlier in known[1:]):
                passages.append(passage)
                known.append(words)
    return passages


def _rating(review: Node) -> tuple[str | None, str | None]:
    """Return the verdict and the publisher's words for it."""
    for given in as_list(review.get("reviewRating")):
        rating = given if isinstance(given, Mapping) else {"ratingValue": given}
        value = next(iter(texts(rating.get("ratingValue"))), None)
        said = line_of(rating, "alternateName", "name") or _words(value)
        worst, best = (next(iter(texts(rating.get(key))), None) for key in ("worstRating", "bestRating"))
        verdict = read_rating(said, value, worst, best)
        if verdict is not None:
            return verdict, said
    return None, None


def _words(value: str | None) -> str | None:
    """Return the verdict that stands where its number should; None for a number."""
    return one_line(value) if value and any(map(str.isalpha, value)) else None


def _publisher(review: Node, nodes: Mapping[str, Node]) -> str | None:
    """Return the organisation that stands for the review, first of all; else whoever is named."""
    met = [each for key in ("author", "publisher", "sdPublisher") for each in names(review.get(key), nodes)]
    ranked = sorted(met, key=lambda each: 2 if set(each[1]) & set(PEOPLE) else 0 if each[1] else 1)
    return ranked[0][0] if ranked else None


def _date(node: Node, metadata: SourceMetadata, *keys: str) -> str | None:
    dates = (read_date(text, metadata.utc_offset) for key in keys for text in texts(node.get(key)))
    return next(filter(None, dates), None)


def _tags(review: Node) -> list[str]:
    met: list[str] = []
    for each in as_list(review.get("keywords")):
        if isinstance(each, Mapping):
            met += filter(None, [line_of(each, "name")])
        elif isinstance(each, str):
            met += map(one_line, SEPARATORS.split(each))
    return list(dict.fromkeys(filter(None, met)))


def _translations(review: Node) -> Iterator[dict[str, Any]]:
    for each in as_list(review.get("workTranslation")):
        languages = _languages(each) if isinstance(each, Mapping) else []
        if languages:
            yield {
                "lang": languages[0],
                "url": next(iter(addresses(each.get("url"))), None),
                "title": line_of(each, "headline", "name"),
                "myth": line_of(each, "claimReviewed"),
                "passages": [part for text in texts(each.get("reviewBody")) for part in paragraphs(text)],
            }


def _claim_fields(review: Node, lang: str, around: Surroundings) -> dict[str, Any]:
    """Return who made the claim, when, where it appeared, and how else it is put."""
    claimants: list[str] = []
    appearances = addresses([review.get("firstAppearance"), review.get("appearance")], around.base_url)
    claimed: str | None = None
    variants: list[dict[str, str]] = []
    for item in as_list(review.get("itemReviewed")):
        if not isinstance(item, Mapping):
            appearances += addresses(item)
            continue
        speaker = item if set(types_of(item)) & set(SPEAKERS) else item.get("author")
        claimants += [name for name, _ in names(speaker, around.nodes)]
        claimed = claimed or _date(item, around.metadata, "datePublished", "dateCreated")
        appearances += _appearances(item, around.base_url)
        variants += _variants(item, lang)
    return {
        "claimant": ", ".join(dict.fromkeys(claimants)) or None,
        "claimed": claimed,
        "appearances": list(dict.fromkeys(appearances)),
        "variants": variants,
    }


def _appearances(item: Node, base: str | None) -> Iterable[str]:
    """Return where the claim appeared; a work that is reviewed itself, as was written earlier, says so by `sameAs`."""
    kinds = set(types_of(item))
    legacy = () if "Claim" in kinds or kinds & set(SPEAKERS) else ("sameAs", "url")
    return [url for key in ("firstAppearance", "appearance", *legacy) for url in addresses(item.get(key), base)]


def _variants(item: Node, lang: str) -> Iterator[dict[str, str]]:
    for each in as_list(item.get("alternateName")) if "Claim" in types_of(item) else ():
        said = one_line(next(iter(texts(each)), ""))
        stated = each.get("@language") if isinstance(each, Mapping) else None
        if said:
            yield {"text": said, "lang": (_lang_tag(stated) if isinstance(stated, str) else None) or lang}
