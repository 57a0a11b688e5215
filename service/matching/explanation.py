"""Explanation: what a match rests on, to the last number."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from embeddings.passage import Passage

RuledBy = Literal["word_for_word", "address", "suppression"]
Unsure = Literal["short_text", "claim_breaks_off"]  # why a probability below 1 makes no match, however high it is


@dataclass(frozen=True)
class Evidenced:
    """One piece of evidence: its name and what it says, its value, and what it adds to the logit."""

    name: str
    meaning: str
    value: float
    contribution: float


@dataclass(frozen=True)
class Ruling:
    """What decided in the place of the evidence, and the text by which it did."""

    by: RuledBy
    text: str


@dataclass(frozen=True)
class RunnerUp:
    """The best other debunk: its id, its raw cosine with its own best claim, and its probability."""

    debunk_id: str
    cosine: float
    probability: float


@dataclass(frozen=True)
class Explanation:
    """What a match's best place rests on.

    `wording` is the debunk's nearest wording, `cosine` its raw cosine with the claim. The `scorer` makes a probability
    of the evidence: `logit` is the bias plus all contributions. It is the match's own unless there is a ruling.
    """

    wording: Passage
    cosine: float
    shared_terms: Sequence[str]
    runner_up: RunnerUp | None
    scorer: Literal["well_known", "bare"]
    bias: float
    evidence: Sequence[Evidenced]
    logit: float
    probability: float
    ruling: Ruling | None
    unsure: Sequence[Unsure]
    counts_stance: bool  # whether a text that only denies or reports the myth is held back
