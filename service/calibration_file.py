"""Calibrations as JSON files: the one that ships for an encoder, and any other; never a pickle."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.encoder import Encoder
from service.matching.errors import CalibrationRefused
from service.matching.evidence import FEATURES
from service.matching.scoring import REFIT, Calibration, Scorer, Thresholds

FORMAT = 1
SHIPPED = Path(__file__).parent / "calibrations"
DIGITS = 12


def shipped_path(encoder: Encoder) -> Path:
    """Return where the calibration of this encoder ships; raises CalibrationRefused where none does."""
    path = SHIPPED / f"{encoder.name}.json"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.json")))
        raise CalibrationRefused(f"no calibration ships for encoder {encoder.name!r} (known: {known}); {REFIT}")
    return path


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
            thresholds=Thresholds(**fields["thresholds"]),
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
        "card": calibration.card,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(fields, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draft.replace(path)


def calibration_id(fields: dict[str, Any]) -> str:
    """Return a short digest of all that decides: another one means other decisions."""
    deciding = {name: fields[name] for name in ("encoder", "examples_sha256", "scorers", "thresholds")}
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
