"""Matcher: the whole path from texts to answers, on one screen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Encoder
from embeddings.snapshot import Snapshot
from service.matching.claims import Claim, extract
from service.matching.retrieval import Candidate, Found, Retrieval
from service.matching.scoring import EXACT, Calibration, Decision, Thresholds
from service.matching.verdicts import ClaimVerdict, Decider, best_claims, margin, verdicts

DECISIONS: tuple[Decision, ...] = ("no_match", "possible", "match")  # the stronger, the later
RUNNER_UP = 2  # a margin needs the best match and the next


@dataclass(frozen=True)
class Match:
    """A scored debunk: the claim that it answers best, all claims it answers, and its lead in cosine over the next."""

    candidate: Candidate
    claim: Claim
    probability: float
    decision: Decision
    spans: Sequence[tuple[Claim, float]]
    margin: float | None


@dataclass(frozen=True)
class Answer:
    """What is known of a text: its matches, most probable first, a verdict for each of its claims, the thresholds."""

    decision: Decision
    matches: Sequence[Match]
    claims: Sequence[ClaimVerdict]
    thresholds: Thresholds


class Matcher:
    """Answers texts from one snapshot with the encoder that made it and a calibration for both."""

    def __init__(self, encoder: Encoder, snapshot: Snapshot, calibration: Calibration) -> None:
        """Raises FingerprintMismatch or CalibrationRefused where the three do not belong together."""
        snapshot.check_encoder(encoder)
        calibration.check(snapshot)
        self.encoder, self.snapshot, self.calibration = encoder, snapshot, calibration
        self.retrieval = Retrieval(snapshot)

    def match(self, text: str, limit: int = 5, threshold: float | None = None, lang: str | None = None) -> Answer:
        """Return the answer to one text with up to `limit` matches; see `match_all`."""
        return self.match_all([text], limit, threshold, [lang])[0]

    def match_all(
        self,
        texts: Sequence[str],
        limit: int = 5,
        threshold: float | None = None,
        langs: Sequence[str | None] | None = None,
    ) -> list[Answer]:
        """Return one answer a text, in order; `threshold` replaces that of a match, `langs` are found where None."""
        thresholds = self.calibration.thresholds
        if threshold is not None:
            thresholds = Thresholds(threshold, min(threshold, thresholds.possible))
        extracted = [extract(text, lang) for text, lang in zip(texts, langs or [None] * len(texts), strict=True)]
        row_of = self._encode({claim.plain for claims in extracted for claim in claims})
        answers = []
        for claims in extracted:
            found = self.retrieval.search(claims, np.stack([row_of[claim.plain] for claim in claims]), limit)
            answers.append(self._answer(found, self._score(found), limit, thresholds))
        return answers

    def _encode(self, plain: set[str]) -> dict[str, npt.NDArray[np.float32]]:
        ordered = sorted(plain)
        return dict(zip(ordered, self.encoder.encode_queries(ordered), strict=True))

    def _score(self, found: Found) -> npt.NDArray[np.float64]:
        """Return the probability of each claim and debunk; a wording word for word is certain."""
        probabilities = self.calibration.probabilities(found.evidence)
        for claim, row in zip(found.claims, probabilities, strict=True):
            exact = self.retrieval.exact(claim)
            row[[debunk_id in exact for debunk_id in found.evidence.debunk_ids]] = EXACT
        return probabilities

    def _answer(
        self, found: Found, probabilities: npt.NDArray[np.float64], limit: int, thresholds: Thresholds
    ) -> Answer:
        decide = Decider(thresholds, found.is_short)
        matches = []
        for debunk_id, places in best_claims(found, probabilities, thresholds.possible)[: max(limit, RUNNER_UP)]:
            column = found.evidence.debunk_ids.index(debunk_id)
            claim, probability = found.claims[places[0]], float(probabilities[places[0], column])
            candidate = self.retrieval.candidate(debunk_id, claim, found.rows[places[0]])
            spans = [(found.claims[place], float(probabilities[place, column])) for place in places]
            matches.append(Match(candidate, claim, probability, decide(claim, probability), spans, None))
        matches = [replace(match, margin=margin(match, matches)) for match in matches][:limit]
        decided: list[Decision] = [match.decision for match in matches]
        decision = max(decided, key=DECISIONS.index, default=DECISIONS[0])
        return Answer(decision, matches, verdicts(found, probabilities, decide), thresholds)
