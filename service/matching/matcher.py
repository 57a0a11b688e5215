"""Matcher: the whole path from texts to answers, on one screen."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Encoder, PairModel
from embeddings.snapshot import Snapshot
from service.matching.answers import Answer, Match, Place, held_back, held_by
from service.matching.claims import extract
from service.matching.judging import with_stances
from service.matching.retrieval import Found, Retrieval
from service.matching.rulings import Rules, Rulings
from service.matching.scoring import Calibration, Thresholds
from service.matching.stance import StanceJudge
from service.matching.standing import Flooded, Standing, never_flooded, utc_now
from service.matching.verdicts import Decider, best_claims, margin, verdicts

Wanted = Literal["repeats", "any"]  # repeats: what only denies or reports a myth is at most possible
RUNNERS_UP = 5  # a decision looks at so many debunks, however few are shown; a margin needs two


class Matcher:
    """Answers texts from one snapshot with the encoder that made it, a calibration for both, and a judge of stance."""

    def __init__(
        self,
        encoder: Encoder,
        snapshot: Snapshot,
        calibration: Calibration,
        pair_model: PairModel | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Raises FingerprintMismatch or CalibrationRefused where they do not belong together."""
        snapshot.check_encoder(encoder)
        calibration.check(snapshot)
        self.encoder, self.snapshot, self.calibration = encoder, snapshot, calibration
        self.retrieval = Retrieval(snapshot)
        self.rules, self.standing = Rules(self.retrieval), Standing(snapshot.marks)
        self.clock = clock
        self.judge = StanceJudge(calibration.stance, pair_model)

    def match(
        self,
        text: str,
        limit: int = 5,
        threshold: float | None = None,
        lang: str | None = None,
        stance: Wanted = "repeats",
        is_flooded: Flooded = never_flooded,
    ) -> Answer:
        """Return the answer to one text with up to `limit` matches; see `match_all`."""
        return self.match_all([text], limit, threshold, [lang], stance, is_flooded)[0]

    def match_all(
        self,
        texts: Sequence[str],
        limit: int = 5,
        threshold: float | None = None,
        langs: Sequence[str | None] | None = None,
        stance: Wanted = "repeats",
        is_flooded: Flooded = never_flooded,
    ) -> list[Answer]:
        """Return one answer a text, in order; `threshold` replaces that of a match, `langs` are found where None."""
        thresholds = self.calibration.thresholds
        if threshold is not None:
            thresholds = Thresholds(threshold, min(threshold, thresholds.possible))
        extracted = [extract(text, lang) for text, lang in zip(texts, langs or [None] * len(texts), strict=True)]
        row_of = self._encode({claim.plain for claims in extracted for claim in claims})
        absent, answers = self.standing.absent(self.clock()), []
        for text, claims in zip(texts, extracted, strict=True):
            addresses = self.rules.addresses.within(text, absent)
            rows = np.stack([row_of[claim.plain] for claim in claims])
            named = {debunk_id for address in addresses for debunk_id in address.debunk_ids}
            found = self.retrieval.search(claims, rows, limit, absent, named)
            rulings = self.rules.on(text, found, addresses)
            answers.append(self._answer(found, rulings, max(limit, RUNNERS_UP), thresholds))
        judged = with_stances(answers, self.judge, self.retrieval.myth)
        weighed = [held_back(answer) if stance == "repeats" else answer for answer in judged]
        return [held_by(answer, partial(self.standing.held, is_flooded=is_flooded)).first(limit) for answer in weighed]

    def _encode(self, plain: set[str]) -> dict[str, npt.NDArray[np.float32]]:
        ordered = sorted(plain)
        return dict(zip(ordered, self.encoder.encode_queries(ordered), strict=True))

    def _answer(self, found: Found, rulings: Rulings, limit: int, thresholds: Thresholds) -> Answer:
        ids = found.evidence.debunk_ids
        probabilities = rulings.over(self.calibration.probabilities(found.evidence), ids)
        decide = Decider(thresholds, found.is_short)
        matches = []
        for debunk_id, rows in best_claims(found, probabilities, thresholds.possible)[:limit]:
            column = ids.index(debunk_id)
            leads = [self.retrieval.fact_lead(debunk_id, found.rows[row]) for row in rows]
            places = [
                rulings.placed(Place(found.claims[row], float(probabilities[row, column]), lead), (row, debunk_id))
                for row, lead in zip(rows, leads, strict=True)
            ]
            candidate = self.retrieval.candidate(debunk_id, found.claims[rows[0]], found.rows[rows[0]])
            match = Match(candidate, decide(places[0].claim, places[0].probability), places)
            matches.append(rulings.explained(match))
        matches = [replace(match, margin=margin(match, matches)) for match in matches]
        return Answer(matches, verdicts(found, self.standing.deciding(probabilities, ids), decide), thresholds)
