"""Drift: how much of the background would be answered, and when that is more than at fitting."""

import numpy as np
import pytest

from embeddings.examples import Example, Examples
from embeddings.snapshot import Snapshot
from service.matching.drift import MORE, SAMPLE, TIMES, background_answered, drift_warning
from service.matching.scoring import Thresholds
from tests.service.matching.parts import calibration, myths, scorer, snapshot, unit

DIMENSIONS = 16
BACKGROUND = SAMPLE * 4  # every fourth is asked about, three stay behind


def held(near: int, owner: str | None = None) -> Snapshot:
    """Return a background at random places, of which the first `near` of the sample repeat the only myth."""
    random = np.random.default_rng(13)
    rows = unit(random.normal(size=(BACKGROUND, DIMENSIONS)))
    myth = unit(np.eye(DIMENSIONS)[0])
    rows[: near * 4 : 4] = myth
    texts = [Example(f"text {number}", "en", owner) for number in range(BACKGROUND)]
    return snapshot(myths({"a": "The bridge was sold"}), Examples(texts, rows), myth)


def answered(whole: Snapshot) -> float:
    """Return the share where a raw cosine of .9 is possible."""
    return background_answered(whole, calibration(whole, scorer(bias=-9.0, raw=10.0), Thresholds(0.9, 0.5)))


@pytest.mark.parametrize("near", [0, 10, SAMPLE])
def test_the_share_answered_is_that_of_the_sample_that_is_possible_or_more(near: int) -> None:
    assert answered(held(near)) == pytest.approx(near / SAMPLE)


def test_examples_of_a_debunk_are_no_background() -> None:
    assert answered(held(10, owner="a")) == 0.0


def test_without_background_or_without_debunks_nothing_is_answered() -> None:
    assert answered(snapshot(myths({"a": "The bridge was sold"}))) == 0.0
    whole = held(10)
    assert answered(snapshot([], whole.examples, unit(np.eye(DIMENSIONS))[:0])) == 0.0


def test_a_text_does_not_stand_beside_itself() -> None:
    whole = held(0)
    rest = whole.examples.without({f"text {place}" for place in range(0, BACKGROUND, 4)})
    assert len(rest) == BACKGROUND - SAMPLE
    sample = rest.center(whole.examples.rows[::4], ["en"] * SAMPLE)
    myth = rest.center(whole.index.vectors([0]), ["en"])[0]
    leads = sample @ myth - (sample @ rest.background.T).max(axis=1)
    by_lead = calibration(whole, scorer(bias=-float(np.median(leads)), over_nearest=1.0), Thresholds(0.9, 0.5))
    assert background_answered(whole, by_lead) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("expected", "share", "warns"),
    [
        (0.0, MORE, False),
        (0.0, MORE + 0.01, True),
        (0.02, 0.07, False),  # 5 points more
        (0.02, 0.08, True),
        (0.05, TIMES * 0.05, False),
        (0.05, TIMES * 0.05 + 0.01, True),
        (0.5, 1.0, False),
    ],
)
def test_many_times_and_much_more_than_at_fitting_is_drift(expected: float, share: float, warns: bool) -> None:
    whole = held(round(share * SAMPLE))
    fitted = calibration(whole, scorer(bias=-9.0, raw=10.0), Thresholds(0.9, 0.5), background_answered=expected + 1e-9)
    warning = drift_warning(whole, fitted)
    assert (warning is not None) is warns
    if warning:
        assert f"{share:.0%} of the background" in warning
        assert f"{expected:.0%} when calibration by-hand" in warning
        assert "scripts.calibrate" in warning


def test_a_card_that_does_not_say_what_to_expect_warns_of_nothing() -> None:
    whole = held(SAMPLE)
    assert drift_warning(whole, calibration(whole, scorer(bias=9.0), Thresholds(0.9, 0.5))) is None
