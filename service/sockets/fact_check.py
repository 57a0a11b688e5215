"""Google's Fact Check Tools, v1alpha1: claims:search as its clients call it, answered from our corpus."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NoReturn

from flask import Blueprint, Response
from langcodes import Language
from pydantic import Field

from corpus.checks import LangTag
from service.answering import Answering
from service.errors import InvalidRequest, NotOffered
from service.matching.matcher import Matcher
from service.settings import Settings
from service.sockets.discovery import IMAGE_SEARCH, SEARCH
from service.sockets.google import MAX_INT32, GoogleMessage, read_message, read_query
from service.sockets.sites import Sites, moment, newest, read_site, reviewed, site_of
from service.wire import MAX_LIMIT, MatchRequest, check_text

PAGE, MAX_PAGE = 10, 100  # claims a page; a caller who asks for more gets the most, as Google's APIs do (AIP-158)
OFFSET_BYTES, DIGEST_BYTES = 4, 8  # of a page's token


class SearchRequest(GoogleMessage):
    """What may be asked; 0 and the empty string say nothing, as Google has it."""

    query: str = ""
    language_code: LangTag | None = None
    max_age_days: int = Field(0, ge=0, le=MAX_INT32)
    page_size: int = Field(0, ge=0, le=MAX_INT32)
    page_token: str = ""
    offset: int = Field(0, ge=0, le=MAX_INT32)
    review_publisher_site_filter: str = ""

    @property
    def limit(self) -> int:
        """Return how many claims a page may hold."""
        return min(self.page_size or PAGE, MAX_PAGE)

    @property
    def sha256(self) -> bytes:
        """Return a digest of what must be the same from page to page."""
        asked = self.model_dump_json(exclude={"page_size", "page_token", "offset"})
        return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True)
class Wanted:
    """Which claims and reviews are wanted: those of a site, in a language, from a time on; None wants any."""

    site: str | None
    language: str | None
    since: datetime | None

    def claim(self, document: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the claim with the reviews that are wanted; None where it, or each of them, is not."""
        dated = newest(document)
        if self.since is not None and (dated is None or dated < self.since):
            return None
        reviews = [review for review in reviews_of(document) if self._wants(review)]
        if not reviews:
            return None
        claim = {
            "text": document["myth"],
            "claimant": document["claimant"],
            "claimDate": rfc3339(moment(document["claimed"])),
        }
        return _stated({**claim, "claimReview": reviews})

    def _wants(self, review: Mapping[str, Any]) -> bool:
        if self.site is not None and review.get("publisher", {}).get("site") != self.site:
            return False
        return self.language is None or same_language(self.language, review["languageCode"])


def blueprint(settings: Settings, answering: Answering) -> Blueprint:
    """Return the routes."""
    routes, sites = Blueprint("fact_check", __name__), Sites()

    @routes.get(f"/{SEARCH.path}")
    def search() -> Response:
        query = read_query(SEARCH.parameters, SEARCH.shape)
        asked = read_message(SearchRequest, query.own)
        site = read_site(asked.review_publisher_site_filter) if asked.review_publisher_site_filter else None
        matcher, ids = answerer(asked, site)
        wanted = Wanted(site, asked.language_code, earliest(matcher.clock(), asked.max_age_days))
        return query.answer(page(asked, matcher, claims(matcher, ids, wanted)))

    @routes.post(f"/{SEARCH.path}")
    def search_by_post() -> NoReturn:
        raise InvalidRequest(
            "POST: expected GET, or beside X-HTTP-Method-Override: GET its query as a form, not longer than any text"
            " that is taken"
        )

    @routes.get(f"/{IMAGE_SEARCH.path}")
    def search_image() -> NoReturn:
        raise NotOffered("images are not searched here; send the text that stands in it to /v1alpha1/claims:search")

    @routes.route("/v1alpha1/pages", methods=["GET", "POST"])
    @routes.route("/v1alpha1/pages/<_>", methods=["GET", "PUT", "DELETE"])
    def pages(_: str = "") -> NoReturn:
        raise NotOffered("markup pages are not kept here; GET and POST /v1/debunks read and write what is")

    def answerer(asked: SearchRequest, site: str | None) -> tuple[Matcher, list[str]]:
        """Return what answers, and the debunks that it gives, in their order."""
        if asked.query:
            check_text(asked.query, settings.max_text_chars)
            answered = answering.answer(MatchRequest(text=asked.query, limit=MAX_LIMIT))
            known = [match for match in answered.answer.matches if match.decision != "no_match"]
            return answered.matcher, [match.candidate.debunk_id for match in known]
        if site is None:
            raise InvalidRequest("query: it is missing; expected a text, or a site in reviewPublisherSiteFilter")
        matcher = answering.worker.matcher
        absent = matcher.standing.absent(matcher.clock())
        return matcher, [id_ for id_ in sites.debunks(matcher.snapshot, site) if id_ not in absent]

    return routes


def earliest(now: datetime, max_age_days: int) -> datetime | None:
    """Return the time so many days ago; None for none, and for more than there were."""
    try:
        return now - timedelta(days=max_age_days) if max_age_days else None
    except OverflowError:
        return None


def claims(matcher: Matcher, ids: Iterable[str], wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Yield the claims of the debunks that are wanted, in the order of their ids."""
    shown = (wanted.claim(matcher.snapshot.documents[debunk_id]) for debunk_id in ids)
    return (claim for claim in shown if claim is not None)


def page(asked: SearchRequest, matcher: Matcher, of: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """Return the page of claims that is asked for, and the token of the next one; nothing is {}.

    Raises InvalidRequest for a token that is none, or is no longer valid.
    """
    start = read_token(asked, matcher) if asked.page_token else asked.offset
    end = start + asked.limit
    given = list(islice(of, start, end + 1))
    told = {"claims": given[: asked.limit]} if given else {}
    return told if len(given) <= asked.limit else {**told, "nextPageToken": token(asked, matcher, end)}


def token(asked: SearchRequest, matcher: Matcher, offset: int) -> str:
    """Return the token of the page that begins at an offset, for the same request and the same state of the corpus.

    It is not signed: whoever makes one up gets what `offset` gives.
    """
    said = offset.to_bytes(OFFSET_BYTES, "big") + asked.sha256[:DIGEST_BYTES] + _state(matcher)[:DIGEST_BYTES]
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


def read_token(asked: SearchRequest, matcher: Matcher) -> int:
    """Return the offset that a token of this request says; raises InvalidRequest where it is not valid (any more)."""
    try:
        said = base64.b64decode(asked.page_token + "=" * (-len(asked.page_token) % 4), b"-_", validate=True)
    except ValueError:
        said = b""
    if len(said) != OFFSET_BYTES + 2 * DIGEST_BYTES:
        raise InvalidRequest("pageToken: it is none of ours; expected nextPageToken as it was given")
    offset, of_request = int.from_bytes(said[:OFFSET_BYTES], "big"), said[OFFSET_BYTES:-DIGEST_BYTES]
    if of_request != asked.sha256[:DIGEST_BYTES]:
        raise InvalidRequest("pageToken: it was given for another request; expected all else to be as it was then")
    if said[-DIGEST_BYTES:] != _state(matcher)[:DIGEST_BYTES]:
        raise InvalidRequest(
            "pageToken: it is no longer valid, as the corpus has changed since; begin again without one"
        )
    return offset


def _state(matcher: Matcher) -> bytes:
    """Return a digest of all that decides which debunks a text is given, and in which order."""
    manifest = matcher.snapshot.manifest
    corpus = [manifest.corpus_id, manifest.corpus_revision, sorted(manifest.ahead.items())]
    answering = [manifest.encoder_fingerprint, manifest.examples_sha256, matcher.calibration.id]
    return hashlib.sha256(json.dumps([corpus, answering]).encode()).digest()


def reviews_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the reviews of a debunk: its own, and one for each address of a translation, as it says it there.

    Feeds that delivered it (its `sources`) are names without an address, and no reviews.
    """
    translated = [(lang, said) for lang, said in document["translations"].items() if said["url"]]
    said_in = [(document["lang"], document), *translated]
    rating = document["claim_review"].get("reviewRating", {}).get("alternateName")
    dated = rfc3339(reviewed(document))
    return [
        _review(document["publisher"], said, {"reviewDate": dated, "textualRating": rating}, lang)
        for lang, said in said_in
    ]


def _review(publisher: str | None, said: Mapping[str, Any], shared: Mapping[str, Any], lang: str) -> dict[str, Any]:
    named = _stated({"name": publisher, "site": site_of(said["url"])})
    told = {"publisher": named or None, "url": said["url"], "title": said["title"], **shared, "languageCode": lang}
    return _stated(told)


def rfc3339(time: datetime | None) -> str | None:
    """Return the time as RFC 3339 has it; a year, a month or a day is given by the moment it begins."""
    return None if time is None else time.isoformat(timespec="seconds").replace("+00:00", "Z")


def same_language(wanted: str, tag: str) -> bool:
    """Return whether two BCP 47 tags name one language, in one script where both say theirs; regions do not count."""
    one, other = Language.get(wanted), Language.get(tag)
    scripts = {one.script, other.script} - {None}
    return one.language == other.language and len(scripts) <= 1


def _stated(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
