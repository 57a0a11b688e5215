"""Calibrations as JSON files: the one that ships for an encoder, and any other; never a pickle."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Encoder, PairModel
from embeddings.toy import ToyEncoder
from service.matching.errors import CalibrationRefused
from service.matching.evidence import FEATURES
from service.matching.scoring import REFIT, Calibration, Scorer, Thresholds
from service.matching.stance import CUE_FEATURES, FUSED_FEATURES, STANCES, StanceCalibration, StanceScorer

FORMAT = 2
SHIPPED = Path(__file__).parent / "calibrations"
DIGITS = 12


def shipped_path(encoder: Encoder) -> Path:
    """Return where the calibration of this encoder ships; raises CalibrationRefused where none does."""
    path = SHIPPED / f"{encoder.name}.json"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.json")))
        raise CalibrationRefused(f"no calibration ships for encoder {encoder.name!r} (known: {known}); {REFIT}")
    return path


def shipped_stance(encoder: Encoder, pair_model: PairModel | None) -> StanceCalibration:
    """Return the stance calibration that ships for an encoder and its pair model, else the one of cues alone."""
    path = SHIPPED / f"{encoder.name}.json"
    own = read_calibration(path).stance if pair_model and path.is_file() else None
    if own is not None and pair_model is not None and own.pair_identity == pair_model.identity:
        return own
    return read_calibration(SHIPPED / f"{ToyEncoder.name}.json").stance


def read_calibration(path: Path) -> Calibration:
    """Return the calibration of the file; raises CalibrationRefused."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields["format"] != FORMAT:
            raise CalibrationRefused(f"{path}: met format {fields['format']!r}, expected {FORMAT}; {REFIT}")
        return Calibration(
            id=calibration_id(fields),
            encoder_fingerprint=fields["encoder"]["fingerprint"],
            examples_sha256=fields["examples_sha256"],
            well_known=_scorer(fields["scorers"]["well_known"], path),
            bare=_scorer(fields["scorers"]["bare"], path),
            thresholds=_thresholds(fields["thresholds"], path),
            stance=_stance(fields["stance"], path),
            card=fields["card"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CalibrationRefused(f"{path} is no calibration ({type(error).__name__}); {REFIT}") from error


def write_calibration(path: Path, calibration: Calibration, encoder: Encoder) -> None:
    """Write the file in one step."""
    fields = {
        "format": FORMAT,
        "encoder": {"name": encoder.name, "fingerprint": calibration.encoder_fingerprint},
        "examples_sha256": calibration.examples_sha256,
        "scorers": {"well_known": _scorer_json(calibration.well_known), "bare": _scorer_json(calibration.bare)},
        "thresholds": {"match": calibration.thresholds.match, "possible": calibration.thresholds.possible},
        "stance": _stance_json(calibration.stance),
        "card": calibration.card,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(fields, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def calibration_id(fields: dict[str, Any]) -> str:
    """Return a short digest of all that decides: another one means other decisions."""
    deciding = {name: fields[name] for name in ("encoder", "examples_sha256", "scorers", "thresholds", "stance")}
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()[:DIGITS]


def _scorer(fields: dict[str, Any], path: Path) -> Scorer:
    if list(fields["features"]) != list(FEATURES):
        unlike = sorted(set(fields["features"]) ^ set(FEATURES))
        raise CalibrationRefused(f"{path} is of another version of Mythmatch: its features differ in {unlike}; {REFIT}")
    columns = [[feature[name] for feature in fields["features"].values()] for name in ("weight", "mean", "scale")]
    weights, means, scales = np.asarray(columns, dtype=np.float64)
    return Scorer(weights, means, scales, float(fields["bias"]))


def _scorer_json(scorer: Scorer) -> dict[str, Any]:
    rows = zip(FEATURES, scorer.weights, scorer.means, scorer.scales, strict=True)
    features = {
        name: {"weight": round(float(weight), 6), "mean": round(float(mean), 6), "scale": round(float(scale), 6)}
        for name, weight, mean, scale in rows
    }
    return {"bias": round(scorer.bias, 6), "features": features}


def _thresholds(fields: dict[str, float], path: Path) -> Thresholds:
    thresholds = Thresholds(**fields)
    if not 0 <= thresholds.possible <= thresholds.match <= 1:
        raise CalibrationRefused(f"{path}: met thresholds {fields}, expected 0 <= possible <= match <= 1; {REFIT}")
    return thresholds


def _stance(fields: dict[str, Any], path: Path) -> StanceCalibration:
    fused = fields["fused"]
    return StanceCalibration(
        _stance_scorer(fields["cues"], CUE_FEATURES, path),
        None if fused is None else _stance_scorer(fused, FUSED_FEATURES, path),
        fields["pair_model"],
        float(fields["repeats_from"]),
        float(fields["against_from"]),
    )


def _stance_scorer(fields: dict[str, Any], features: Sequence[str], path: Path) -> StanceScorer:
    if list(fields["features"]) != list(features):
        unlike = sorted(set(fields["features"]) ^ set(features))
        raise CalibrationRefused(f"{path} is of another version of Mythmatch: its features differ in {unlike}; {REFIT}")
    rows = fields["features"].values()
    weights = np.array([[row["weights"][stance] for stance in STANCES] for row in rows], dtype=np.float64)
    means, scales = (np.array([row[name] for row in rows], dtype=np.float64) for name in ("mean", "scale"))
    return StanceScorer(weights, means, scales, np.array([fields["bias"][stance] for stance in STANCES]))


def _stance_json(stance: StanceCalibration) -> dict[str, Any]:
    return {
        "cues": _stance_scorer_json(stance.cues, CUE_FEATURES),
        "fused": None if stance.fused is None else _stance_scorer_json(stance.fused, FUSED_FEATURES),
        "pair_model": stance.pair_identity,
        "repeats_from": stance.repeats_from,
        "against_from": stance.against_from,
    }


def _stance_scorer_json(scorer: StanceScorer, features: Sequence[str]) -> dict[str, Any]:
    rows = zip(features, scorer.weights, scorer.means, scorer.scales, strict=True)
    return {
        "bias": _by_stance(scorer.biases),
        "features": {
            name: {"weights": _by_stance(weights), "mean": round(float(mean), 6), "scale": round(float(scale), 6)}
            for name, weights, mean, scale in rows
        },
    }


def _by_stance(numbers: npt.NDArray[np.float64]) -> dict[str, float]:
    return {stance: round(float(number), 6) for stance, number in zip(STANCES, numbers, strict=True)}
