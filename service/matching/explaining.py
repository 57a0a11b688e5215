"""Explaining: how the probability of a match came about, as exactly as it was computed."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from service.matching.answers import Match
from service.matching.claims import Claim
from service.matching.evidence import FEATURES
from service.matching.explanation import Evidenced, Explanation, Ruling, RunnerUp, Unsure
from service.matching.retrieval import Found, Retrieval
from service.matching.rulings import Rulings, Where
from service.matching.scoring import EXACT, Calibration, Scorer, sigmoid


class Explainer:
    """Explains matches over one snapshot with one calibration."""

    def __init__(self, retrieval: Retrieval, calibration: Calibration) -> None:
        """Take what the matches were made with."""
        self._retrieval, self._calibration = retrieval, calibration

    def explained(
        self, matches: Sequence[Match], best: Sequence[int], found: Found, rulings: Rulings, *, counts_stance: bool
    ) -> list[Match]:
        """Return the matches, each with its explanation; `best` has the place among the claims of each one's best."""
        return [
            replace(match, explanation=self._explanation(match, matches, place, (found, rulings), counts_stance))
            for match, place in zip(matches, best, strict=True)
        ]

    def _explanation(
        self, match: Match, matches: Sequence[Match], place: int, ground: tuple[Found, Rulings], counts_stance: bool
    ) -> Explanation:
        (found, rulings), debunk_id = ground, match.candidate.debunk_id
        claim, column = found.claims[place], found.evidence.debunk_ids.index(debunk_id)
        is_well_known = found.evidence.is_well_known[column]
        scorer = self._calibration.well_known if is_well_known else self._calibration.bare
        values = found.evidence.values[place, column]
        logit = scorer.logits(values)
        wording, cosine = self._retrieval.wording(debunk_id, found.rows[place])
        return Explanation(
            wording=wording,
            cosine=cosine,
            shared_terms=self._retrieval.shared_terms(claim, wording),
            runner_up=_runner_up(match, matches),
            scorer="well_known" if is_well_known else "bare",
            bias=scorer.bias,
            evidence=evidenced(scorer, values),
            logit=float(logit),
            probability=float(sigmoid(logit)),
            ruling=_ruling(rulings, (place, debunk_id), claim),
            unsure=_unsure(found, claim, match.probability),
            counts_stance=counts_stance,
        )


def evidenced(scorer: Scorer, values: npt.NDArray[np.float32]) -> list[Evidenced]:
    """Return what each value adds to the logit: less its mean, over its scale, by its weight; the strongest first.

    `values` are in the order of FEATURES.
    """
    contributions = (values.astype(np.float64) - scorer.means) / scorer.scales * scorer.weights
    named = zip(FEATURES.items(), values, contributions, strict=True)
    all_of_it = [Evidenced(name, meaning, float(value), float(added)) for (name, meaning), value, added in named]
    return sorted(all_of_it, key=lambda one: -abs(one.contribution))


def _runner_up(match: Match, matches: Sequence[Match]) -> RunnerUp | None:
    """Return the debunk that the match's margin is measured from: the best other one by raw cosine."""
    others = [other for other in matches if other is not match]
    if not others:
        return None
    best = max(others, key=lambda other: other.candidate.cosine)
    return RunnerUp(best.candidate.debunk_id, best.candidate.cosine, best.probability)


def _ruling(rulings: Rulings, where: Where, claim: Claim) -> Ruling | None:
    if where in rulings.suppressed:
        return Ruling("suppression", rulings.suppressed[where])
    if where in rulings.addresses:
        return Ruling("address", rulings.addresses[where].url)
    return Ruling("word_for_word", claim.text) if where in rulings.wordings else None


def _unsure(found: Found, claim: Claim, probability: float) -> list[Unsure]:
    """Return why the claim is at most possible; see `Decider`."""
    if probability >= EXACT:
        return []
    reasons: list[tuple[bool, Unsure]] = [(found.is_short, "short_text"), (claim.breaks_off, "claim_breaks_off")]
    return [reason for holds, reason in reasons if holds]
