"""Matcher: the whole path from texts to answers, on one screen."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Encoder, PairModel
from embeddings.snapshot import Snapshot
from service.matching.answers import Answer, Match, Place, held_back
from service.matching.claims import extract
from service.matching.judging import with_stances
from service.matching.retrieval import Found, Retrieval
from service.matching.scoring import EXACT, Calibration, Thresholds
from service.matching.stance import StanceJudge
from service.matching.verdicts import Decider, best_claims, margin, verdicts

Wanted = Literal["repeats", "any"]  # repeats: what only denies or reports a myth is at most possible
RUNNERS_UP = 5  # a decision looks at so many debunks, however few are shown; a margin needs two


class Matcher:
    """Answers texts from one snapshot with the encoder that made it, a calibration for both, and a judge of stance."""

    def __init__(
        self, encoder: Encoder, snapshot: Snapshot, calibration: Calibration, pair_model: PairModel | None = None
    ) -> None:
        """Raises FingerprintMismatch or CalibrationRefused where they do not belong together."""
        snapshot.check_encoder(encoder)
        calibration.check(snapshot)
        self.encoder, self.snapshot, self.calibration = encoder, snapshot, calibration
        self.retrieval = Retrieval(snapshot)
        self.judge = StanceJudge(calibration.stance, pair_model)

    def match(
        self,
        text: str,
        limit: int = 5,
        threshold: float | None = None,
        lang: str | None = None,
        stance: Wanted = "repeats",
    ) -> Answer:
        """Return the answer to one text with up to `limit` matches; see `match_all`."""
        return self.match_all([text], limit, threshold, [lang], stance)[0]

    def match_all(
        self,
        texts: Sequence[str],
        limit: int = 5,
        threshold: float | None = None,
        langs: Sequence[str | None] | None = None,
        stance: Wanted = "repeats",
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
            answers.append(self._answer(found, self._score(found), max(limit, RUNNERS_UP), thresholds))
        judged = with_stances(answers, self.judge, self.retrieval.myth)
        return [(held_back(answer) if stance == "repeats" else answer).first(limit) for answer in judged]

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
        for debunk_id, where in best_claims(found, probabilities, thresholds.possible)[:limit]:
            column = found.evidence.debunk_ids.index(debunk_id)
            leads = [self.retrieval.fact_lead(debunk_id, found.rows[row]) for row in where]
            places = [
                Place(found.claims[row], float(probabilities[row, column]), lead)
                for row, lead in zip(where, leads, strict=True)
            ]
            candidate = self.retrieval.candidate(debunk_id, places[0].claim, found.rows[where[0]])
            matches.append(Match(candidate, decide(places[0].claim, places[0].probability), places))
        matches = [replace(match, margin=margin(match, matches)) for match in matches]
        return Answer(matches, verdicts(found, probabilities, decide), thresholds)
