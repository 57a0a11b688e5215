"""Drifting: the builder looks for drift, which takes seconds that no request is to lack, and workers read of it."""

import json
import logging
import uuid
from pathlib import Path

from embeddings.encoder import Encoder
from embeddings.snapshot import Snapshot
from service.calibration_file import read_calibration, shipped_path
from service.matching.drift import drift_warning
from service.settings import Settings

log = logging.getLogger(__name__)
MUCH = 0.25  # of the debunks that there were when it was looked for last


def drift_path(settings: Settings) -> Path:
    """Return the file that says what was found."""
    return settings.run_dir / "drift.json"


def read_drift(path: Path, calibration_id: str) -> str | None:
    """Return what to know of drift from what a calibration was fitted on; None for nothing, or nothing known."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return str(found["warning"]) if found.get("calibration") == calibration_id and found.get("warning") else None


class DriftWatch:
    """Looks for drift where the corpus has changed by much since it was looked for last."""

    def __init__(self, settings: Settings, encoder: Encoder) -> None:
        """Take what names the calibration, and the encoder that it belongs to."""
        self._settings = settings
        self._encoder = encoder
        self._looked_at = 0  # debunks that there were

    def is_due(self, snapshot: Snapshot) -> bool:
        """Return whether the corpus has changed by much."""
        return abs(snapshot.manifest.documents - self._looked_at) > MUCH * max(1, self._looked_at)

    def look(self, snapshot: Snapshot) -> None:
        """Look for drift and write down what was found; raises CalibrationRefused or OSError."""
        self._looked_at = snapshot.manifest.documents
        settings = self._settings
        named = Path(settings.calibration).expanduser() if settings.calibration else shipped_path(self._encoder)
        calibration = read_calibration(named)
        calibration.check(snapshot)
        warning = drift_warning(snapshot, calibration)
        path = drift_path(settings)
        draft = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
        draft.write_text(json.dumps({"calibration": calibration.id, "warning": warning}), encoding="utf-8")
        draft.replace(path)
        if warning:
            log.warning(warning)
