"""The shapes of what is asked and answered, as types for a caller: JSON objects as they are sent, none copied.

They are typed dictionaries and no records: `fields` lets a caller leave out parts of an answer, and a newer server may
say more.
"""

from typing import Any, Literal, NamedTuple, NotRequired, final

from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on only

Decision = Literal["match", "possible", "no_match"]
Stance = Literal["repeats", "denies", "reports", "unclear"]
Json = dict[str, Any]


class MatchOptions(TypedDict, total=False):
    """What can be asked beside a text; what is left out is as the server has it."""

    lang: str
    limit: int
    threshold: float
    stance: Literal["repeats", "any"]
    explain: bool
    store: bool
    tags: list[str]  # of which a debunk must have one
    fields: str  # which parts of the answer are wanted, such as "decision,matches(debunk(id,url),probability)"


class BatchOptions(TypedDict, total=False):
    """What can be asked of all the texts of a batch."""

    limit: int
    threshold: float
    stance: Literal["repeats", "any"]
    explain: bool
    store: bool
    tags: list[str]
    fields: str


class TextRow(TypedDict):
    """A text of a batch, under an id of the caller's."""

    id: str | int
    text: str
    lang: NotRequired[str]


class Model(TypedDict):
    """What an answer was computed with."""

    encoder: str
    calibration: str


class Thresholds(TypedDict):
    """The probabilities from which a text is a match, or possible."""

    match: float
    possible: float


class Said(TypedDict):
    """What a debunk says in another language."""

    url: str | None
    title: str | None
    myth: str | None
    passages: list[str]


class ShownDebunk(TypedDict):
    """A debunk as an answer shows it."""

    id: str
    myth: str
    fact: str | None
    passages: list[str]
    rating: str | None
    lang: str
    url: str | None
    title: str | None
    publisher: str | None
    published: str | None
    updated: str | None
    translations: dict[str, Said]
    claim_review: Json


class Span(TypedDict):
    """A stretch of the text, in code points."""

    start: int
    end: int
    text: str


class Place(TypedDict):
    """A stretch of the text that is about the myth."""

    start: int
    end: int
    stance: Stance
    probability: float


class Why(TypedDict):
    """What a match rests on."""

    nearest: str
    passage: str
    shared_terms: list[str]
    margin: float | None
    stance_probability: float
    suppressed_by: str | None
    held: str | None
    explanation: NotRequired[Json]  # where `explain` asked for it


class Match(TypedDict):
    """One debunk, and how the text stands to it."""

    debunk: ShownDebunk
    similarity: float
    probability: float
    stance: Stance
    decision: Decision
    span: Span
    spans: list[Place]
    why: Why


class ClaimAnswer(Span):
    """One claim of the text with its own decision."""

    decision: Decision
    best: str | None


@final
class MatchAnswer(TypedDict):
    """The answer to one text; in a batch it has the row's `id`."""

    id: NotRequired[str | int]
    request_id: NotRequired[str | None]
    decision: Decision
    model: Model
    corpus_revision: int
    thresholds: Thresholds
    took_ms: float
    matches: list[Match]
    claims: list[ClaimAnswer]


class RowTrouble(TypedDict):
    """Why a row of a batch has no answer."""

    type: str
    message: str


@final
class RowError(TypedDict):
    """A row of a batch that has no answer."""

    id: str | int | None
    error: RowTrouble


class Readiness(TypedDict):
    """What a server that is ready answers from."""

    status: str
    corpus_revision: int
    debunks: int


class Stored(NamedTuple):
    """A debunk with every field, and the revision that wrote it: what `if_match` takes."""

    debunk: Json
    revision: int
