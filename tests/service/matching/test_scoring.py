"""Scoring: logits by hand, probabilities without overflow, decisions at the thresholds, and what is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest

from embeddings.examples import Example
from service.matching.errors import CalibrationRefused
from service.matching.evidence import FEATURES, Evidence
from service.matching.scoring import Scorer, Thresholds, sigmoid
from tests.service.matching.parts import calibration, myths, scorer, snapshot, toy_examples, values

HELD = snapshot(myths({"a": "The bridge was sold"}))
THRESHOLDS = Thresholds(0.9, 0.4)


def test_a_logit_is_the_bias_and_each_feature_less_its_mean_over_its_scale_by_its_weight() -> None:
    count = len(FEATURES)
    means, scales, weights = np.zeros(count), np.ones(count), np.zeros(count)
    weights[:2], means[:2], scales[:2] = (2.0, -3.0), (0.5, 0.1), (0.25, 2.0)
    evidence = np.zeros((1, 2, count), dtype=np.float32)
    evidence[0, 0, :2] = 0.75, 0.5
    evidence[0, 1, :2] = 0.5, 0.1
    logits = Scorer(weights, means, scales, -1.0).logits(evidence)
    assert logits.shape == (1, 2)
    assert logits[0] == pytest.approx([-1.0 + 2.0 * 1.0 - 3.0 * 0.2, -1.0], abs=1e-6)


def test_the_sigmoid_is_that_of_the_textbook_and_does_not_overflow() -> None:
    logits = np.array([-10_000.0, -2.0, 0.0, 1.0, 10_000.0])
    assert sigmoid(logits) == pytest.approx([0.0, 1 / (1 + math.e**2), 0.5, 1 / (1 + math.exp(-1)), 1.0], abs=1e-12)
    assert 0 < sigmoid(np.array([-700.0]))[0] < 1e-300


def test_well_known_debunks_and_bare_ones_have_a_scorer_each() -> None:
    both = np.stack([values({"wording": 0.5}), values({"wording": 0.5})])[None, :, :]
    by_hand = calibration(HELD, scorer(bias=-1.0, wording=2.0), THRESHOLDS, well_known=scorer(bias=1.0, wording=4.0))
    probabilities = by_hand.probabilities(Evidence(["a", "b"], both, [False, True]))
    assert probabilities[0] == pytest.approx([0.5, 1 / (1 + math.exp(-3))])


def test_no_debunks_have_no_probabilities() -> None:
    nothing = Evidence([], np.zeros((2, 0, len(FEATURES)), dtype=np.float32), [])
    assert calibration(HELD, scorer(), THRESHOLDS).probabilities(nothing).shape == (2, 0)


@pytest.mark.parametrize(
    ("probability", "decision"),
    [
        (1.0, "match"),
        (0.9, "match"),
        (0.8999, "possible"),
        (0.4, "possible"),
        (0.3999, "no_match"),
        (0.0, "no_match"),
    ],
)
def test_a_decision_is_made_from_each_threshold_on(probability: float, decision: str) -> None:
    assert THRESHOLDS.decide(probability) == decision


def test_a_calibration_of_another_encoder_is_refused_with_both_fingerprints_and_what_to_do() -> None:
    other = replace(calibration(HELD, scorer(), THRESHOLDS), encoder_fingerprint="0123456789abcdef")
    with pytest.raises(CalibrationRefused) as refused:
        other.check(HELD)
    assert "0123456789abcdef" in str(refused.value)
    assert HELD.manifest.encoder_fingerprint in str(refused.value)
    assert "scripts.calibrate" in str(refused.value)


def test_a_calibration_fitted_beside_other_examples_is_refused() -> None:
    beside = snapshot(HELD.passages, toy_examples([Example("The bridge was repainted", "en", None)]))
    calibration(beside, scorer(), THRESHOLDS).check(beside)
    with pytest.raises(CalibrationRefused, match="other judged posts"):
        calibration(HELD, scorer(), THRESHOLDS).check(beside)


def test_a_calibration_fits_a_snapshot_of_the_same_encoder_and_examples_whatever_its_debunks() -> None:
    calibration(HELD, scorer(), THRESHOLDS).check(snapshot(myths({"b": "The moon is cheese"})))
