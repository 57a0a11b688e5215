"""Verdicts: from the probabilities of overlapping claims to one answer for each debunk and for each part of a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from service.matching.claims import Claim
from service.matching.retrieval import Candidate, Found
from service.matching.scoring import EXACT, Decision, Thresholds

AS_SURE = 2  # decimals that two claims' probabilities must share to be as sure as each other
MAX_SPANS = 50  # of one debunk in one text: a text that repeats itself a thousand times is not listed a thousand times
Probabilities = npt.NDArray[np.float64]  # shape (claims, debunks)


@dataclass(frozen=True)
class ClaimVerdict:
    """A part of the text, the debunk that most probably answers it (None: none does), and the decision."""

    claim: Claim
    best: str | None
    decision: Decision
    probability: float


@dataclass(frozen=True)
class Decider:
    """Decides on the claims of one text: those that cannot be sure are at most possible.

    That is when the whole text is short, or the claim breaks off; a wording word for word is a match all the same.
    """

    thresholds: Thresholds
    text_is_short: bool

    def __call__(self, claim: Claim, probability: float) -> Decision:
        """Return the decision for a claim with this probability."""
        decision = self.thresholds.decide(probability)
        is_unsure = (self.text_is_short or claim.breaks_off) and probability < EXACT
        return "possible" if decision == "match" and is_unsure else decision


class _HasCandidate(Protocol):
    @property
    def candidate(self) -> Candidate: ...


def best_claims(found: Found, probabilities: Probabilities, possible: float) -> list[tuple[str, list[int]]]:
    """Return each debunk with the places of its claims that do not overlap, most probable first.

    The first claim is there always, further ones only from the probability `possible` on. The debunks are in order
    of that first probability; ties go by raw cosine, then by id.
    """
    raw = found.evidence.values[:, :, 0]
    rows = []
    for column, debunk_id in enumerate(found.evidence.debunk_ids):
        order = sorted(
            range(len(found.claims)), key=partial(_by_fit, found.claims, probabilities[:, column], raw[:, column])
        )
        kept = order[:1]
        for place in order[1:]:
            if probabilities[place, column] < possible or len(kept) == MAX_SPANS:
                break
            if not any(_overlap(found.claims[place], found.claims[other]) for other in kept):
                kept.append(place)
        rows.append((-probabilities[kept[0], column], -raw[kept[0], column], debunk_id, kept))
    return [(debunk_id, kept) for _, _, debunk_id, kept in sorted(rows)]


def _by_fit(
    claims: Sequence[Claim], column: npt.NDArray[np.float64], raw: npt.NDArray[np.float32], place: int
) -> tuple[float, int, float, float]:
    """Sort by probability; of claims that are as sure as each other the one with fewer sentences says where."""
    claim = claims[place]
    probability = float(column[place])
    return -round(probability, AS_SURE), claim.last - claim.first, -probability, -float(raw[place])


def verdicts(found: Found, probabilities: Probabilities, decide: Decider) -> list[ClaimVerdict]:
    """Return a verdict for each part of the text, in order: the most probable claims first, then what they leave."""
    raw = found.evidence.values[:, :, 0]
    every = [
        _verdict(claim, row, cosines, found.evidence.debunk_ids, decide)
        for claim, row, cosines in zip(found.claims, probabilities, raw, strict=True)
    ]
    chosen: list[ClaimVerdict] = []
    taken: set[int] = set()
    for verdict in sorted(every, key=_by_strength):
        sentences = set(range(verdict.claim.first, verdict.claim.last + 1))
        if not sentences & taken:
            chosen.append(verdict)
            taken |= sentences
    return sorted(chosen, key=lambda verdict: verdict.claim.first)


def _by_strength(verdict: ClaimVerdict) -> tuple[float, int]:
    """Sort answered claims by probability, and before all others; then the shorter ones."""
    answered = verdict.decision != "no_match"
    return -round(verdict.probability, AS_SURE) if answered else 0.0, verdict.claim.last - verdict.claim.first


def _verdict(
    claim: Claim,
    row: npt.NDArray[np.float64],
    cosines: npt.NDArray[np.float32],
    debunk_ids: Sequence[str],
    decide: Decider,
) -> ClaimVerdict:
    """Return the verdict of the most probable debunk; of those that are as probable, by raw cosine."""
    if not len(row):
        return ClaimVerdict(claim, None, "no_match", 0.0)
    likeliest = np.flatnonzero(row == row.max())
    column = int(likeliest[cosines[likeliest].argmax()])
    probability = float(row[column])
    decision = decide(claim, probability)
    return ClaimVerdict(claim, None if decision == "no_match" else debunk_ids[column], decision, probability)


def margin(match: _HasCandidate, matches: Sequence[_HasCandidate]) -> float | None:
    """Return the match's raw cosine less that of the best other one; None when it is the only one."""
    others = [other.candidate.cosine for other in matches if other is not match]
    return match.candidate.cosine - max(others) if others else None


def _overlap(one: Claim, other: Claim) -> bool:
    return one.first <= other.last and other.first <= one.last
