"""Matcher: the whole path from texts to answers, on one screen."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Self, Unpack

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Encoder, PairModel
from embeddings.snapshot import Snapshot
from service.matching.answers import Answer, Match, Place, held_back, held_by
from service.matching.asked import AskedText, Options
from service.matching.claims import extract
from service.matching.explaining import Explainer
from service.matching.judging import with_stances
from service.matching.retrieval import Found, Retrieval
from service.matching.rulings import Rules, Rulings
from service.matching.scoring import Calibration
from service.matching.stance import StanceJudge
from service.matching.standing import Flooded, Standing, never_flooded, utc_now
from service.matching.tags import Tags
from service.matching.timing import Timed, untimed
from service.matching.verdicts import Decider, best_claims, margin, verdicts

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
        self.rules, self.standing, self.tags = Rules(self.retrieval), Standing(snapshot.marks), Tags(snapshot)
        self.explainer = Explainer(self.retrieval, calibration)
        self.clock = clock
        self.judge = StanceJudge(calibration.stance, pair_model)
        self.timed: Timed = untimed

    def timed_by(self, timed: Timed) -> Self:
        """Return the same matcher, which enters what `timed` gives around each stage of a match."""
        twin = copy(self)
        twin.timed = timed
        return twin

    def match(self, text: str, *, is_flooded: Flooded = never_flooded, **options: Unpack[Options]) -> Answer:
        """Return the answer to one text; see `match_all`."""
        return self.match_all([AskedText(text, **options)], is_flooded)[0]

    def match_all(self, asked: Sequence[AskedText], is_flooded: Flooded = never_flooded) -> list[Answer]:
        """Return one answer a text, in order, each with up to its limit of matches."""
        with self.timed("extract", len(asked)):
            extracted = [extract(each.text, each.lang) for each in asked]
        row_of = self._encode({claim.plain for claims in extracted for claim in claims})
        absent, answers = self.standing.absent(self.clock()), []
        for each, claims in zip(asked, extracted, strict=True):
            with self.timed("search", 1):
                addresses = self.rules.addresses.within(each.text, absent)
                rows = np.stack([row_of[claim.plain] for claim in claims])
                named = {debunk_id for address in addresses for debunk_id in address.debunk_ids}
                found = self.retrieval.search(claims, rows, each.limit, absent, named, self.tags.of(each.tags))
            with self.timed("score", 1):
                answers.append(self._answer(each, found, self.rules.on(each.text, found, addresses)))
        with self.timed("stance", len(asked)):
            judged = with_stances(answers, self.judge, self.retrieval.myth)
        held = partial(self.standing.held, is_flooded=is_flooded)
        weighed = [held_back(one) if each.stance == "repeats" else one for each, one in zip(asked, judged, strict=True)]
        return [held_by(answer, held).first(each.limit) for each, answer in zip(asked, weighed, strict=True)]

    def _encode(self, plain: set[str]) -> dict[str, npt.NDArray[np.float32]]:
        ordered = sorted(plain)
        with self.timed("encode", len(ordered)):
            return dict(zip(ordered, self.encoder.encode_queries(ordered), strict=True))

    def _answer(self, asked: AskedText, found: Found, rulings: Rulings) -> Answer:
        ids, thresholds = found.evidence.debunk_ids, self.calibration.thresholds.moved(asked.threshold)
        probabilities = rulings.over(self.calibration.probabilities(found.evidence), ids)
        decide = Decider(thresholds, found.is_short)
        best = best_claims(found, probabilities, thresholds.possible)[: max(asked.limit, RUNNERS_UP)]
        matches = []
        for debunk_id, rows in best:
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
        if asked.explain:
            firsts, counts = [rows[0] for _, rows in best], asked.stance == "repeats"
            matches = self.explainer.explained(matches, firsts, found, rulings, counts_stance=counts)
        return Answer(matches, verdicts(found, self.standing.deciding(probabilities, ids), decide), thresholds)
