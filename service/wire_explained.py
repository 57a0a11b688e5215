"""The v1 shape of an explanation: what a match rests on, as numbers that add up."""

from collections.abc import Iterator
from typing import Any

from service.matching.answers import Match
from service.matching.explanation import Explanation
from service.matching.scoring import Calibration, Thresholds
from service.matching.stance import STANCES, Judgement, StanceCalibration

DIGITS = 9  # so that what is shown adds up to what is shown, to a millionth


def explanation_json(
    match: Match, explanation: Explanation, thresholds: Thresholds, calibration: Calibration
) -> dict[str, Any]:
    """Return the explanation of a match; `thresholds` are those of the answer, `calibration` is what made it."""
    wording, ruling, other = explanation.wording, explanation.ruling, explanation.runner_up
    return {
        "wording": {"kind": wording.kind, "text": wording.text, "lang": wording.lang},
        "similarity": _shown(explanation.cosine),
        "shared_terms": list(explanation.shared_terms),
        "runner_up": None
        if other is None
        else {
            "debunk_id": other.debunk_id,
            "similarity": _shown(other.cosine),
            "probability": _shown(other.probability),
            "margin": _shown(match.margin or 0.0),
        },
        "thresholds": {"match": thresholds.match, "possible": thresholds.possible},
        "at_most_possible": list(_limits(match, explanation)),
        "scorer": explanation.scorer,
        "bias": _shown(explanation.bias),
        "evidence": [
            {
                "name": one.name,
                "meaning": one.meaning,
                "value": _shown(one.value),
                "contribution": _shown(one.contribution),
            }
            for one in explanation.evidence
        ],
        "logit": _shown(explanation.logit),
        "probability": _shown(explanation.probability),
        "ruling": None if ruling is None else {"by": ruling.by, "text": ruling.text},
        "stance": _stance_json(match.judged, calibration.stance),
    }


def _limits(match: Match, explanation: Explanation) -> Iterator[str]:
    """Yield why the match is at most possible, whatever its probability."""
    yield from explanation.unsure
    if explanation.counts_stance and match.only_against:
        yield "only_denied_or_reported"
    if match.held is not None:
        yield match.held


def _stance_json(judged: Judgement, calibration: StanceCalibration) -> dict[str, Any] | None:
    """Return what the stance rests on; None where nothing was weighed."""
    weighed = judged.weighed
    if weighed is None:
        return None
    contributions = weighed.scorer.contributions(weighed.values)
    rows = zip(weighed.names, weighed.values, contributions, strict=True)
    evidence = [
        {"name": name, "value": _shown(value), "contributions": _by_stance(added)} for name, value, added in rows
    ]
    return {
        "scorer": "cues" if weighed.scorer is calibration.cues else "cues_and_pair_model",
        "biases": _by_stance(weighed.scorer.biases),
        "evidence": evidence,
        "logits": _by_stance(weighed.scorer.logits(weighed.values)),
        "probabilities": _by_stance(judged.over_stances),
        "thresholds": {stance: calibration.bound(stance) for stance in STANCES},
    }


def _by_stance(numbers: Any) -> dict[str, float]:
    return {stance: _shown(number) for stance, number in zip(STANCES, numbers, strict=True)}


def _shown(number: float) -> float:
    return round(float(number), DIGITS)
