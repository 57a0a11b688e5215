"""Perspective's comments:analyze, v1alpha1, as its clients call it: how probably a comment is about a known myth."""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import unescape
from typing import Any, Literal, NoReturn

from bs4 import BeautifulSoup
from flask import Blueprint, Response
from pydantic import Field

from corpus.checks import LangTag
from corpus.language import UNDETERMINED, find_language
from service.answering import Answering
from service.errors import InvalidRequest, NotOffered
from service.matching.answers import Answer, Match, Place
from service.matching.stance import Stance
from service.settings import Settings
from service.sockets import google
from service.sockets.discovery import ANALYZE, SUGGEST_SCORE
from service.sockets.google import GoogleMessage, read_body, read_message, read_query
from service.wire import MAX_LIMIT, MatchRequest, check_text

EXAMPLE = '{"comment": {"text": "..."}, "requestedAttributes": {"KNOWN_MYTH": {}}}'
PROBABILITY = "PROBABILITY"
SCORE_TYPES = (PROBABILITY, "SCORE_TYPE_UNSPECIFIED")
# by attribute the stance by whose probability that of the myth is taken; None asks for no stance
ATTRIBUTES: Mapping[str, Stance | None] = {
    "KNOWN_MYTH": None,
    "KNOWN_MYTH_REPEATED": "repeats",
    "KNOWN_MYTH_DENIED": "denies",
    "KNOWN_MYTH_REPORTED": "reports",
}
# Perspective tells these apart beside the message (2-api/limits.md in conversationai/perspectiveapi)
ERROR_TYPES = {"TextTooLong": "COMMENT_TOO_LONG", "InvalidText": "COMMENT_EMPTY"}
OTHER_ERROR_TYPE = "INVALID_REQUEST"
ERROR_DETAIL = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
BLOCKS = "address article aside blockquote br div dd dl dt figcaption h1 h2 h3 h4 h5 h6 hr li ol p pre section td tr ul"
LONGEST_UNIT = 0xFFFF  # code points beyond it take two units of UTF-16


class TextEntry(GoogleMessage):
    """A text, plain or as HTML."""

    text: str = ""
    type: Literal["PLAIN_TEXT", "HTML", "TEXT_TYPE_UNSPECIFIED"] = "PLAIN_TEXT"


class ArticleAndParentComment(GoogleMessage):
    """What a comment answers: taken, and not looked at."""

    article: TextEntry | None = None
    parent_comment: TextEntry | None = None


class Context(GoogleMessage):
    """What stands around a comment: taken, and not looked at, as a comment is matched by itself."""

    entries: list[TextEntry] = Field(default_factory=list)
    article_and_parent_comment: ArticleAndParentComment | None = None


class AttributeParameters(GoogleMessage):
    """How an attribute is wanted."""

    score_threshold: float = Field(0.0, allow_inf_nan=False)
    score_type: str = PROBABILITY


class AnalyzeRequest(GoogleMessage):
    """What may be asked."""

    comment: TextEntry = TextEntry()
    requested_attributes: dict[str, AttributeParameters] = Field(default_factory=dict)
    span_annotations: bool = False
    languages: list[LangTag] = Field(default_factory=list)
    do_not_store: bool = False
    client_token: str = ""
    session_id: str = ""
    community_id: str = ""
    context: Context | None = None


def blueprint(settings: Settings, answering: Answering) -> Blueprint:
    """Return the routes; nothing that is sent to them is kept, whatever `doNotStore` says."""
    routes = Blueprint("perspective", __name__)

    @routes.post(f"/{ANALYZE.path}")
    def analyze() -> Response:
        query = read_query((), ANALYZE.shape)
        asked = read_message(AnalyzeRequest, read_body(EXAMPLE), strict=True)
        check_attributes(asked.requested_attributes)
        text = checked_text(asked.comment, settings.max_text_chars)
        lang = asked.languages[0] if len(asked.languages) == 1 else None
        answered = answering.answer(MatchRequest(text=text, lang=lang, limit=MAX_LIMIT, stance="any"))
        documents = answered.matcher.snapshot.documents
        scores = Scores(answered.answer, lambda debunk_id: documents[debunk_id]["rating"] == "true")
        return query.answer(analysis(asked, text, scores))

    @routes.post(f"/{SUGGEST_SCORE.path}")
    def suggest_score() -> NoReturn:
        raise NotOffered(
            "scores are not learned from; POST /v1/feedback takes a moderator's word on which debunk a text is about"
        )

    return routes


def check_attributes(requested: Mapping[str, AttributeParameters]) -> None:
    """Raise InvalidRequest unless each attribute is one of ours, with a probability for its score."""
    if not requested:
        raise InvalidRequest(f"Missing requested_attributes: expected some of {', '.join(ATTRIBUTES)}")
    for name, parameters in requested.items():
        if name not in ATTRIBUTES:
            raise InvalidRequest(
                f"Unknown requested attribute: {name[:80]}: expected some of {', '.join(ATTRIBUTES)}; what a"
                " comment claims is scored here, not its tone"
            )
        if parameters.score_type not in SCORE_TYPES:
            raise InvalidRequest(
                f"Requested score type {parameters.score_type[:40]} is not supported by attribute {name}: expected"
                f" {PROBABILITY}"
            )


def checked_text(comment: TextEntry, max_text_chars: int) -> str:
    """Return the text of a comment; raises InvalidRequest, InvalidText or TextTooLong."""
    if any("\ud800" <= char <= "\udfff" for char in comment.text):
        raise InvalidRequest("comment.text: met half of a surrogate pair; send Unicode text")
    check_text(comment.text, max_text_chars)  # longer HTML is not even parsed
    text = text_of_html(comment.text) if comment.type == "HTML" else comment.text
    check_text(text, max_text_chars)
    return text


class Scores:
    """The scores of a text: of the whole, and of each place in it, by attribute."""

    def __init__(self, answer: Answer, is_true: Callable[[str], bool]) -> None:
        """Take the answer, its matches held back for no stance; those of claims that were found true are left out."""
        self._matches = [match for match in answer.matches if not is_true(match.candidate.debunk_id)]
        self._below_match = math.nextafter(answer.thresholds.match, 0.0)

    def summary(self, attribute: str) -> float:
        """Return the highest score of any place, 0 where there is none."""
        return max((score for _, score in self._scored(attribute)), default=0.0)

    def spans(self, attribute: str) -> Iterator[tuple[int, int, float]]:
        """Yield start, end (code points) and the highest score of each place, in the order of the text."""
        best = dict[tuple[int, int], float]()
        for place, score in self._scored(attribute):
            where = place.claim.start, place.claim.end
            best[where] = max(score, best.get(where, 0.0))
        yield from ((start, end, score) for (start, end), score in sorted(best.items()))

    def _scored(self, attribute: str) -> Iterator[tuple[Place, float]]:
        stance = ATTRIBUTES[attribute]
        for match in self._matches:
            for place in match.places:
                probability = self._probability(match, place)
                if stance is None:
                    yield place, probability
                else:
                    yield place, probability * place.judged.probability_of(stance)

    def _probability(self, match: Match, place: Place) -> float:
        """Return how probable it is that a place is about the debunk, below the threshold of a match where it is none.

        That is so of texts of a few words, and of debunks that are held: whoever acts from the published threshold on
        does what the decision says.
        """
        return place.probability if match.decision == "match" else min(place.probability, self._below_match)


def analysis(asked: AnalyzeRequest, text: str, scores: Scores) -> dict[str, Any]:
    """Return the answer; scores below an attribute's threshold are left out, and an attribute that has none."""
    units = utf16_starts(text) if asked.span_annotations and asked.comment.type != "HTML" else None
    by_attribute = {
        name: attribute_scores(name, parameters, scores, units)
        for name, parameters in asked.requested_attributes.items()
    }
    lang = find_language(text)
    detected = [] if lang == UNDETERMINED else [lang]
    told = {
        "attributeScores": {name: scored for name, scored in by_attribute.items() if scored},
        "languages": list(asked.languages) or detected,
        "detectedLanguages": detected,
        "clientToken": asked.client_token,
    }
    return {name: value for name, value in told.items() if value or name == "attributeScores"}


def attribute_scores(
    name: str, parameters: AttributeParameters, scores: Scores, unit_of: Callable[[int], int] | None
) -> dict[str, Any]:
    """Return the scores of an attribute that are not below its threshold; those of places where units are given."""
    told, threshold = dict[str, Any](), parameters.score_threshold
    if unit_of is not None:
        spans = [
            {"begin": unit_of(start), "end": unit_of(end), "score": _score(score)}
            for start, end, score in scores.spans(name)
            if score >= threshold
        ]
        told = {"spanScores": spans} if spans else {}
    summary = scores.summary(name)
    return {**told, "summaryScore": _score(summary)} if summary >= threshold else told


def utf16_starts(text: str) -> Callable[[int], int]:
    """Return what gives, for a code point's place in the text, the place of its first UTF-16 code unit.

    Perspective counts them ("The values are the UTF-16 codepoint range"), as the languages of its clients in a browser
    do when they slice.
    """
    astral = [place for place, char in enumerate(text) if ord(char) > LONGEST_UNIT]
    return lambda place: place + bisect_left(astral, place)


def text_of_html(html: str) -> str:
    """Return the text that HTML shows, a line for each of its blocks; scripts and styles are none."""
    if "<" not in html:
        return unescape(html)  # where it is an address, Beautiful Soup would warn
    soup = BeautifulSoup(html, "html.parser")
    for block in soup.find_all(BLOCKS.split()):
        block.insert_before("\n")
        block.insert_after("\n")
    return soup.get_text()


def error(kind: str, message: str, status: int) -> Response:
    """Return an error of Google's shape; what is wrong with a request has Perspective's own name for it beside it."""
    known: Sequence[dict[str, Any]] = ()
    if google.rpc_status(status)[0] == google.BAD_REQUEST:
        known = [{"@type": ERROR_DETAIL, "errorType": ERROR_TYPES.get(kind, OTHER_ERROR_TYPE)}]
    return google.error(kind, message, status, known)


def _score(value: float) -> dict[str, Any]:
    return {"value": value, "type": PROBABILITY}
