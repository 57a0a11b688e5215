"""Shapes: what is taken and given over HTTP, as models that the OpenAPI document is made of.

Requests are checked by the models that read them, and answers are rendered by service/wire*.py: what stands here
describes, and tests hold the two together.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel

from corpus.checks import DebunkId, LangTag, Text
from corpus.model import Hold, Rating, Wording
from service.batch_bodies import MAX_TEXTS
from service.client_shapes import MatchAnswer, RowError, Said, TextRow
from service.matching.asked import Wanted
from service.wire import MAX_LIMIT

Json = dict[str, Any]
FIELDS = Field(
    None, description="the parts of an answer that are wanted: `decision,matches(debunk(id,url),probability)`"
)


class Given(BaseModel):
    """What is answered: no more fields than these, unless it says so."""

    model_config = ConfigDict(extra="forbid")


class FieldsQuery(BaseModel):
    """Which parts of an answer are wanted."""

    fields: str | None = FIELDS


class OptionsQuery(FieldsQuery):
    """What may be asked of every text in the query."""

    lang: LangTag | None = None
    limit: int = Field(5, ge=1, le=MAX_LIMIT)
    threshold: float | None = Field(None, ge=0, le=1)
    stance: Wanted = "repeats"
    explain: bool = False
    store: bool = False
    tags: str | None = Field(None, description="tags, parted by commas, of which a debunk must have one")


class MatchQuery(OptionsQuery):
    """A text to match, with what is asked of its answer, in a query."""

    text: str = Field(description="the text to match")


class BatchRequest(BaseModel):
    """Texts to match, with what is asked of all of them."""

    model_config = ConfigDict(extra="forbid")

    texts: list[str | TextRow] = Field(max_length=MAX_TEXTS)
    limit: int = Field(5, ge=1, le=MAX_LIMIT)
    lang: LangTag | None = None
    threshold: float | None = Field(None, ge=0, le=1)
    stance: Wanted = "repeats"
    explain: bool = False
    store: bool = False
    tags: list[Text] | None = Field(None, min_length=1)


class AnswerBody(RootModel[MatchAnswer | Json]):
    """The answer to one text; what `fields` names of it, where it does."""


class BatchBody(Given):
    """An answer for each text or, in its place, what is wrong with it, in order."""

    answers: list[MatchAnswer | RowError | Json]


class BatchLine(RootModel[MatchAnswer | RowError | Json]):
    """One line for each line that was sent, in order."""


class ErrorFields(Given):
    """What is wrong: the kind of error, what was met, what was expected and what to do."""

    type: str
    message: str
    request_id: str


class ErrorBody(Given):
    """The one shape of every error."""

    error: ErrorFields


class GoogleErrorFields(BaseModel):
    """What is wrong, as Google's clients read it."""

    code: int
    message: str
    status: str


class GoogleErrorBody(BaseModel):
    """The shape of errors below /v1alpha1."""

    error: GoogleErrorFields


class GoogleBody(RootModel[Json]):
    """An answer as the API's discovery document describes it; see /$discovery/rest."""


class DebunkRequest(BaseModel):
    """A debunk to write; one of fact, passages, rating and url must be there beside the myth."""

    model_config = ConfigDict(extra="forbid")

    id: DebunkId | None = Field(None, description="who it is; made of the myth and the URL where it is not given")
    myth: Text
    lang: LangTag | None = Field(None, description="of myth and fact; found where it is not given")
    fact: str | None = Field(None, description="its paragraphs are parted by blank lines; or give `passages`")
    passages: list[Text] | None = None
    variants: list[Wording] = []
    suppressions: list[Wording] = Field([], description="texts that are not about this myth")
    rating: Rating | None = None
    rating_text: Text | None = None
    title: Text | None = None
    url: str | None = None
    publisher: Text | None = None
    claimant: Text | None = None
    claimed: str | None = Field(None, description="a year, month, day or time")
    appearances: list[str] = []
    published: str | None = None
    updated: str | None = None
    languages: list[LangTag] = []
    tags: list[Text] = []
    translations: dict[str, Json] = Field({}, description="by language: {url, title, myth, passages}")
    context: list[Text] = []
    sources: list[Text] = []
    document_sha256: str | None = None
    hold: Hold = "never"
    disable_until: str | None = None
    expires: str | None = None


class ChangesRequest(RootModel[Json]):
    """A JSON merge patch (RFC 7396) of a debunk: fields that are named change, null takes one away."""


class StoredDebunk(Given):
    """A debunk as it is stored, with its fact as one text and its ClaimReview."""

    id: str
    myth: str
    fact: str | None
    lang: str
    variants: list[Json]
    passages: list[str]
    rating: Rating | None
    rating_text: str | None
    title: str | None
    url: str | None
    publisher: str | None
    claimant: str | None
    claimed: str | None
    appearances: list[str]
    published: str | None
    updated: str | None
    languages: list[str]
    tags: list[str]
    context: list[str]
    document_sha256: str | None
    sources: list[str]
    suppressions: list[Json]
    hold: Hold
    disable_until: str | None
    expires: str | None
    translations: dict[str, Said]
    claim_review: Json


class DebunkPage(Given):
    """A page of the corpus; `next` is the id to go on behind, null on the last page."""

    corpus_revision: int
    debunks: list[StoredDebunk]
    next: str | None


class EditedDebunk(Given):
    """What is stored after a write, the revision that wrote it, and that of the corpus."""

    debunk: StoredDebunk
    revision: int
    corpus_revision: int


class WrittenLines(Given):
    """What a body of JSON Lines did, and the lines that are wrong, the first of them with their reasons."""

    corpus_revision: int
    put: int
    unchanged: int
    rejected: int
    errors: list[Json]


class CreatedBody(RootModel[EditedDebunk | WrittenLines]):
    """The debunk that was there already, or what a body of JSON Lines did."""


class State(Given):
    """One state of a debunk; `debunk` is null where it was removed."""

    revision: int
    written_at: str
    author: str
    changed: list[str]
    debunk: StoredDebunk | None


class History(Given):
    """Every state of a debunk, newest first."""

    id: str
    versions: list[State]


class GivenFeedback(Given):
    """What was kept of a moderator's word, but for the text; in an export, with it."""

    id: str
    given_at: str
    author: str
    verdict: str
    debunk_id: str
    other_id: str | None
    relation: str | None
    lang: str
    text: str | None = None


class KeptLine(Given):
    """A text that was kept, with its decisions."""

    request_id: str
    kept_at: str
    lang: str
    text: str
    answer: Json


class Erased(Given):
    """How many were erased."""

    erased: int


class Alive(Given):
    """The process lives."""

    status: str


class Ready(Given):
    """The process can answer, and from what."""

    status: str
    corpus_revision: int
    debunks: int


class ModelBody(Given):
    """Which encoder, corpus and calibration answer; `warning` tells where the corpus drifted from what was fitted."""

    encoder: str
    corpus: Json
    warning: str | None
    card: Json


class Anything(RootModel[Any]):
    """What another standard describes."""
