"""Drift: whether a corpus still behaves as the one that a calibration was fitted beside."""

from embeddings.examples import Example
from embeddings.snapshot import Snapshot
from service.matching.claims import Claim, count_content_words, plainly
from service.matching.retrieval import Retrieval
from service.matching.scoring import Calibration

SAMPLE = 200  # texts of the background that are asked about
TIMES, MORE = 3.0, 0.05  # of them, so many times as many as at fitting, and this share more, are drift


def background_answered(snapshot: Snapshot, calibration: Calibration) -> float:
    """Return the share of background texts that would be called possible or a match; 0 without a background.

    They are about no debunk that was known when the calibration was fitted. The sample stands not beside itself.
    """
    places = [place for place, example in enumerate(snapshot.examples.texts) if example.owner is None]
    places = places[:: max(2, len(places) // SAMPLE)]  # at least half of the background stays to be measured against
    if not places or not snapshot.passages:
        return 0.0
    sample = [snapshot.examples.texts[place] for place in places]
    retrieval = Retrieval(snapshot, snapshot.examples.without({example.text for example in sample}))
    answered = 0
    for place, example in zip(places, sample, strict=True):
        evidence = retrieval.search([_claim(example)], snapshot.examples.rows[place : place + 1], 0).evidence
        answered += bool(calibration.probabilities(evidence).max() >= calibration.thresholds.possible)
    return answered / len(sample)


def drift_warning(snapshot: Snapshot, calibration: Calibration) -> str | None:
    """Return what to know when the corpus has drifted from what the calibration was fitted on, else None."""
    expected = calibration.card.get("background_answered")
    met = background_answered(snapshot, calibration)
    if not isinstance(expected, float | int) or met <= max(TIMES * expected, expected + MORE):
        return None
    return (
        f"{met:.0%} of the background's texts would be answered in this corpus, {expected:.0%} when calibration"
        f" {calibration.id} was fitted: its probabilities may be too high here; run `python -m scripts.calibrate`"
    )


def _claim(example: Example) -> Claim:
    plain = plainly(example.text)
    return Claim(example.text, 0, len(example.text), plain, example.lang, count_content_words(plain, example.lang))
