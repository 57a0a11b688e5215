"""Schemas: the messages of Google's two APIs as their discovery documents have them; the words are ours."""

from collections.abc import Mapping
from typing import Any

TOOLS = "GoogleFactcheckingFactchecktoolsV1alpha1"
STRING, NUMBER, BOOLEAN = {"type": "string"}, {"type": "number", "format": "float"}, {"type": "boolean"}
INTEGER, TIME = {"type": "integer", "format": "int32"}, {"type": "string", "format": "google-datetime"}
STRINGS = {"type": "array", "items": STRING}


def _fields(**fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"properties": fields}


def _one(name: str) -> dict[str, str]:
    return {"$ref": name}


def _many(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _one(name)}


def _by_name(name: str, description: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": _one(name), "description": description}


def _told(kind: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {**kind, "description": description}


SCHEMAS: Mapping[str, dict[str, Any]] = {
    f"{TOOLS}FactCheckedClaimSearchResponse": _fields(
        claims=_many(f"{TOOLS}Claim"),
        nextPageToken=_told(STRING, "Where the next page begins; absent on the last one."),
    ),
    f"{TOOLS}FactCheckedClaimImageSearchResponse": _fields(
        results=_many(f"{TOOLS}FactCheckedClaimImageSearchResponseResult"), nextPageToken=STRING
    ),
    f"{TOOLS}FactCheckedClaimImageSearchResponseResult": _fields(claim=_one(f"{TOOLS}Claim")),
    f"{TOOLS}Claim": _fields(
        text=_told(STRING, "The myth."),
        claimant=_told(STRING, "Who made the claim."),
        claimDate=_told(TIME, "When it was made."),
        claimReview=_many(f"{TOOLS}ClaimReview"),
    ),
    f"{TOOLS}ClaimReview": _fields(
        publisher=_one(f"{TOOLS}Publisher"),
        url=STRING,
        title=STRING,
        reviewDate=_told(TIME, "When it was published, else when it was updated."),
        textualRating=_told(STRING, "The publisher's own words for it, else ours."),
        languageCode=STRING,
    ),
    f"{TOOLS}Publisher": _fields(name=STRING, site=_told(STRING, "The host, without scheme and www.")),
    "AnalyzeCommentRequest": _fields(
        comment=_one("TextEntry"),
        requestedAttributes=_by_name(
            "AttributeParameters", "KNOWN_MYTH, KNOWN_MYTH_REPEATED, KNOWN_MYTH_DENIED or KNOWN_MYTH_REPORTED."
        ),
        spanAnnotations=_told(BOOLEAN, "Whether to score the places of the comment too."),
        languages=_told(STRINGS, "The language of the comment; found where none is given."),
        doNotStore=_told(BOOLEAN, "Nothing is stored, whatever is said here."),
        clientToken=_told(STRING, "Is sent back."),
        communityId=_told(STRING, "Is not looked at."),
        context=_told(_one("Context"), "Is not looked at: the comment is matched by itself."),
        sessionId=_told(STRING, "Is not looked at."),
    ),
    "AnalyzeCommentResponse": _fields(
        attributeScores=_by_name("AttributeScores", "The scores of each attribute that was asked for."),
        languages=_told(STRINGS, "Those of the request, else the one that was found."),
        detectedLanguages=_told(STRINGS, "The language that was found."),
        clientToken=STRING,
    ),
    "SuggestCommentScoreRequest": _fields(
        comment=_one("TextEntry"),
        attributeScores=_by_name("AttributeScores", "The scores that the comment should have."),
        languages=STRINGS,
        clientToken=STRING,
        communityId=STRING,
        context=_one("Context"),
        sessionId=STRING,
    ),
    "SuggestCommentScoreResponse": _fields(clientToken=STRING, detectedLanguages=STRINGS, requestedLanguages=STRINGS),
    "AttributeParameters": _fields(
        scoreThreshold=_told(NUMBER, "Scores below it are left out."), scoreType=_told(STRING, "PROBABILITY.")
    ),
    "AttributeScores": _fields(spanScores=_many("SpanScore"), summaryScore=_one("Score")),
    "SpanScore": _fields(
        begin=_told(INTEGER, "Where the place begins, in UTF-16 code units of the comment."),
        end=_told(INTEGER, "Where it ends; the unit there is no part of it."),
        score=_one("Score"),
    ),
    "Score": _fields(value=NUMBER, type=_told(STRING, "PROBABILITY.")),
    "Context": _fields(entries=_many("TextEntry"), articleAndParentComment=_one("ArticleAndParentComment")),
    "ArticleAndParentComment": _fields(article=_one("TextEntry"), parentComment=_one("TextEntry")),
    "TextEntry": _fields(text=STRING, type=_told(STRING, "PLAIN_TEXT, or HTML.")),
}
