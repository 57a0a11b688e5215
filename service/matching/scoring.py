"""Scoring: from evidence to the probability that a claim is about a debunk, and from there to a decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from embeddings.snapshot import Snapshot
from service.matching.errors import CalibrationRefused
from service.matching.evidence import Evidence
from service.matching.stance import StanceCalibration

Decision = Literal["match", "possible", "no_match"]
REFIT = "run `python -m scripts.calibrate` and set MYTHMATCH_CALIBRATION and MYTHMATCH_JUDGED to what it was given"
EXACT = 1.0  # the probability of a claim that has a wording of the debunk word for word, or its address
RULED_OUT = 0.0  # that of a claim which was decided not to be about the debunk; no evidence ends there


@dataclass(frozen=True)
class Scorer:
    """A logistic model: the logit is the bias plus each feature, less its mean, over its scale, by its weight."""

    weights: npt.NDArray[np.float64]
    means: npt.NDArray[np.float64]
    scales: npt.NDArray[np.float64]
    bias: float

    def logits(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return the logit for values whose last axis is FEATURES."""
        standard = (values.astype(np.float64) - self.means) / self.scales
        return np.asarray(standard @ self.weights + self.bias)


@dataclass(frozen=True)
class Thresholds:
    """The probabilities from which on a debunk is a match, and possible."""

    match: float
    possible: float

    def decide(self, probability: float) -> Decision:
        """Return the decision for a probability; what is ruled out is no match, even where the threshold is 0."""
        if probability == RULED_OUT:
            return "no_match"
        if probability >= self.match:
            return "match"
        return "possible" if probability >= self.possible else "no_match"

    def moved(self, match: float | None) -> "Thresholds":
        """Return the thresholds of a request that moves that of a match; None leaves them as they are."""
        return self if match is None else Thresholds(match, min(match, self.possible))


@dataclass(frozen=True)
class Calibration:
    """What turns evidence into decisions; it belongs to one encoder and to the examples it was fitted beside.

    `well_known` scores debunks with many wordings, `bare` all others; `stance` says how a claim puts a myth. `card`
    says what it was fitted and measured on.
    """

    id: str
    encoder_fingerprint: str
    examples_sha256: str
    well_known: Scorer
    bare: Scorer
    thresholds: Thresholds
    stance: StanceCalibration
    card: Mapping[str, Any]

    def check(self, snapshot: Snapshot) -> None:
        """Raise CalibrationRefused unless it was fitted with the snapshot's encoder and beside its examples."""
        manifest = snapshot.manifest
        if self.encoder_fingerprint != manifest.encoder_fingerprint:
            raise CalibrationRefused(
                f"calibration {self.id} belongs to an encoder with the fingerprint {self.encoder_fingerprint},"
                f" the snapshot to {manifest.encoder_name}@{manifest.encoder_fingerprint}; {REFIT}"
            )
        if self.examples_sha256 != manifest.examples_sha256:
            raise CalibrationRefused(
                f"calibration {self.id} was fitted beside other judged posts ({self.examples_sha256[:12]}) than those"
                f" in the snapshot ({manifest.examples_sha256[:12]}); {REFIT}"
            )

    def probabilities(self, evidence: Evidence) -> npt.NDArray[np.float64]:
        """Return the probability of each claim and debunk, shape (claims, debunks)."""
        logits = np.where(
            np.asarray(evidence.is_well_known, dtype=bool)[None, :],
            self.well_known.logits(evidence.values),
            self.bare.logits(evidence.values),
        )
        return sigmoid(logits)


def sigmoid(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return 1 / (1 + exp(-logit)), without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0.0, -logits)))
