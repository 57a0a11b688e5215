"""The v1 shapes: a request read and checked, an answer rendered; every surface speaks through here."""

import json
import unicodedata
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from corpus.checks import LangTag, Text, expectation
from corpus.claim_review import to_claim_review
from corpus.model import Debunk
from service.errors import InvalidRequest, InvalidText, NotJson, TextTooLong
from service.matching.answers import Answer, Match
from service.matching.asked import AskedText, Wanted
from service.matching.matcher import Matcher
from service.matching.scoring import Thresholds
from service.matching.verdicts import ClaimVerdict
from service.wire_explained import explanation_json

MAX_LIMIT = 50
MAX_TAGS = 50
STAND_IN = "a text"  # where only what is asked of one is looked at

# what an answer shows of a debunk; GET /v1/debunks/<id> shows all of it
ANSWER_FIELDS = (
    "id",
    "myth",
    "fact",
    "passages",
    "rating",
    "lang",
    "url",
    "title",
    "publisher",
    "published",
    "updated",
    "translations",
    "claim_review",
)


Shape = TypeVar("Shape", bound=BaseModel)


class MatchRequest(BaseModel):
    """What may be asked of `match`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(description="a string, the claim to match")
    lang: LangTag | None = None
    limit: int = Field(5, ge=1, le=MAX_LIMIT)
    threshold: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)
    stance: Wanted = "repeats"
    explain: bool = False
    store: bool = False
    tags: list[Text] | None = Field(None, min_length=1, max_length=MAX_TAGS)

    @property
    def asked(self) -> AskedText:
        """Return the text with what is asked of its answer."""
        return AskedText(
            self.text, self.limit, self.threshold, self.lang, self.stance, tuple(self.tags or ()), self.explain
        )


def read_json(body: bytes, example: str = '{"text": "..."}') -> Any:
    """Return the JSON value of a body; raises NotJson, which shows the example."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        reason = "it nests too deeply" if isinstance(error, RecursionError) else _without_content(error)
        raise NotJson(f"the body is no JSON ({reason}); send {example}") from error


def read_match_request(fields: Any, max_text_chars: int, *, may_store: bool = False) -> MatchRequest:
    """Return the checked request from a JSON value; raises InvalidRequest, InvalidText or TextTooLong."""
    return _checked(fields, max_text_chars, strict=True, may_store=may_store)


def read_match_query(fields: Mapping[str, str], max_text_chars: int) -> MatchRequest:
    """Return the checked request from the strings of a query or a form; raises as `read_match_request`.

    Tags are parted by commas.
    """
    return _checked(_of_query(fields), max_text_chars, strict=False)


def _of_query(fields: Mapping[str, str]) -> dict[str, Any]:
    tags = {"tags": [tag.strip() for tag in fields["tags"].split(",")]} if "tags" in fields else {}
    return {**fields, **tags}


def read_options(options: Mapping[str, Any], *, strict: bool, may_store: bool = False) -> dict[str, Any]:
    """Return what is asked of every text of a batch, checked; raises InvalidRequest."""
    if "text" in options:
        raise InvalidRequest('text: it is asked of one text alone; send {"texts": ["...", "..."]}')
    given = options if strict else _of_query(options)
    asked = _checked({**given, "text": STAND_IN}, len(STAND_IN), strict=strict, may_store=may_store)
    return {name: said for name, said in asked.model_dump().items() if name in options}


def _checked(fields: Any, max_text_chars: int, *, strict: bool, may_store: bool = False) -> MatchRequest:
    if not isinstance(fields, dict):
        raise InvalidRequest(f'met {kind(fields)}; expected an object such as {{"text": "..."}}')
    request = validated(MatchRequest, fields, strict=strict)
    if request.store and not may_store:
        raise InvalidRequest(
            "store: met true; this service stores no texts; leave it out or send false. Where MYTHMATCH_STORE_TEXTS is"
            " on, POST /v1/match takes it"
        )
    check_text(request.text, max_text_chars)
    return request


def validated(shape: type[Shape], fields: Any, *, strict: bool) -> Shape:
    """Return the fields as a checked shape; raises InvalidRequest that names the field, what was met and expected."""
    try:
        return shape.model_validate(fields, strict=strict)
    except ValidationError as error:
        raise InvalidRequest(_complaint(error, shape)) from error


def check_text(text: str, max_text_chars: int) -> None:
    """Raise TextTooLong or InvalidText unless the text can be matched."""
    if len(text) > max_text_chars:
        raise TextTooLong(f"text: met {len(text)} characters; expected at most {max_text_chars}; send it in parts")
    for position, char in enumerate(text):
        if "\ud800" <= char <= "\udfff":
            raise InvalidText(f"text: met half of a surrogate pair at character {position}; send Unicode text")
    if all(unicodedata.category(char)[0] in "CZ" for char in text):
        raise InvalidText("text: met nothing but spaces and invisible characters; send the claim itself")


def answer_json(answer: Answer, matcher: Matcher, request_id: str | None, took_ms: float) -> dict[str, Any]:
    """Return the v1 answer; a row of a batch has no request id."""
    manifest = matcher.snapshot.manifest
    return {
        "request_id": request_id,
        "decision": answer.decision,
        "model": {
            "encoder": f"{manifest.encoder_name}@{manifest.encoder_fingerprint}",
            "calibration": matcher.calibration.id,
        },
        "corpus_revision": manifest.corpus_revision,
        "thresholds": {"match": answer.thresholds.match, "possible": answer.thresholds.possible},
        "took_ms": round(took_ms, 1),
        "matches": [_match_json(match, answer.thresholds, matcher) for match in answer.matches],
        "claims": [_claim_json(verdict) for verdict in answer.claims],
    }


def _claim_json(verdict: ClaimVerdict) -> dict[str, Any]:
    claim = verdict.claim
    span = {"start": claim.start, "end": claim.end, "text": claim.text}
    return {**span, "decision": verdict.decision, "best": verdict.best}


def _match_json(match: Match, thresholds: Thresholds, matcher: Matcher) -> dict[str, Any]:
    candidate, claim, explanation = match.candidate, match.claim, match.explanation
    document = matcher.snapshot.documents[candidate.debunk_id]
    explained = (
        {}
        if explanation is None
        else {"explanation": explanation_json(match, explanation, thresholds, matcher.calibration)}
    )
    return {
        "debunk": {name: document[name] for name in ANSWER_FIELDS},
        "similarity": _rounded(candidate.cosine),
        "probability": _rounded(match.probability),
        "stance": match.judged.stance,
        "decision": match.decision,
        "span": {"start": claim.start, "end": claim.end, "text": claim.text},
        "spans": [
            {
                "start": place.claim.start,
                "end": place.claim.end,
                "stance": place.judged.stance,
                "probability": _rounded(place.probability),
            }
            for place in match.places
        ],
        "why": {
            "nearest": candidate.nearest.kind,
            "passage": candidate.nearest.text,
            "shared_terms": list(candidate.shared_terms),
            "margin": None if match.margin is None else _rounded(match.margin),
            "stance_probability": _rounded(match.judged.probability),
            "suppressed_by": match.suppressed_by,
            "held": match.held,
            **explained,
        },
    }


def debunk_json(debunk: Debunk) -> dict[str, Any]:
    """Return the debunk as it is shown everywhere: its fields, the fact as one text, and its ClaimReview."""
    fields = debunk.model_dump(mode="json")
    translations = {said.pop("lang"): said for said in fields.pop("translations")}
    return {
        "id": fields.pop("id"),
        "myth": fields.pop("myth"),
        "fact": debunk.fact or None,
        **fields,
        "translations": translations,
        "claim_review": to_claim_review(debunk),
    }


def error_json(kind: str, message: str, request_id: str | None = None) -> dict[str, Any]:
    """Return the one shape that every error has; a row of a batch has no request id."""
    error = {"type": kind, "message": message}
    return {"error": error if request_id is None else {**error, "request_id": request_id}}


def _complaint(error: ValidationError, shape: type[BaseModel]) -> str:
    first = error.errors(include_url=False)[0]
    field = ".".join(map(str, first["loc"])) or "a field's name"
    if first["type"] == "missing":
        return f"{field}: it is missing; expected {shape.model_fields[field].description}"
    if first["type"] == "extra_forbidden":
        return f"{field}: unknown field; expected only {', '.join(shape.model_fields)}"
    return f"{field}: met {kind(first['input'])}; {expectation(first)}"


def kind(value: object) -> str:
    """Return what was met, in JSON's words: short values as they are, others by their kind."""
    if isinstance(value, bool | int | float) or value is None:
        return json.dumps(value) if len(str(value)) <= 40 else "a very long number"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False) if len(value) <= 40 else f"a string of {len(value)} characters"
    return "an array" if isinstance(value, list) else "an object"


def _without_content(error: ValueError) -> str:
    return (
        f"{error.msg} at line {error.lineno} column {error.colno}"
        if isinstance(error, json.JSONDecodeError)
        else ("it is not UTF-8" if isinstance(error, UnicodeDecodeError) else "a number in it is too long")
    )


def _rounded(number: float) -> float:
    return round(number, 4)
