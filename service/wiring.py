"""Wiring: the parts put together as the settings say."""

import logging
from pathlib import Path

from filelock import FileLock

from corpus.importing import SHIPPED, read_sources
from corpus.judged import read_judged
from corpus.model import Debunk
from corpus.source import open_source
from corpus.store import CorpusStore
from embeddings.cache import CachedEncoder
from embeddings.encoder import Encoder, PairModel, load_encoder, load_pair_model
from embeddings.errors import SnapshotDamaged
from embeddings.snapshot import Snapshot, current_folder, load_snapshot
from service.builder import Built
from service.calibration_file import read_calibration, shipped_path
from service.matching.matcher import Matcher
from service.matching.scoring import Calibration
from service.settings import Settings
from service.updating import Updater

log = logging.getLogger(__name__)
SHIPPED_VECTORS = Path(__file__).parent / "calibrations" / "vectors"  # made by scripts.ship_vectors


def open_store(settings: Settings) -> CorpusStore:
    """Return the corpus; raises StoreError."""
    return CorpusStore.open(settings.corpus_url)


def open_encoder(settings: Settings) -> Encoder:
    """Return the encoder; raises UnknownEncoder, WeightsRefused or ModelDamaged."""
    return load_encoder(settings.encoder, settings.models_dir)


def builder_lock(settings: Settings) -> FileLock:
    """Return the lock that one builder at a time holds; it is let go when its holder dies."""
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    return FileLock(settings.run_dir / "build.lock")


def updater_of(settings: Settings, store: CorpusStore, encoder: Encoder) -> Updater:
    """Return who keeps the snapshot at the store; hold the lock while it works."""
    judged = read_judged(settings.judged_path)
    return Updater(store, _prepared(encoder), settings.snapshots_dir, settings.index_kind, judged)


def build(settings: Settings, store: CorpusStore, encoder: Encoder, *, whole: bool = False) -> Built:
    """Bring the current snapshot to the store's newest revision; build it anew where it is damaged, or when `whole`."""
    with builder_lock(settings):
        updater = updater_of(settings, store, encoder)
        if whole:
            return updater.build()
        try:
            return updater.catch_up()
        except SnapshotDamaged:
            return updater.build()


def prepare(settings: Settings, encoder: Encoder, *, newest: bool = True) -> None:
    """Import what ships into a store that was never written, and build a snapshot where none can serve.

    Unless `newest`, one of an older revision can. A snapshot that was altered is not built over: loading it then says
    what is wrong with it.
    """
    with builder_lock(settings), open_store(settings) as store:
        if store.revision == 0:
            shipped = read_sources(open_source(path, {}) for path in SHIPPED)
            store.put(debunk for debunk in shipped if isinstance(debunk, Debunk))
        try:
            updater = updater_of(settings, store, encoder)
            if newest or not updater.can_serve():
                updater.catch_up()
        except SnapshotDamaged as error:
            log.error("the snapshot is not brought up to date: %s", error)


def _prepared(encoder: Encoder) -> Encoder:
    """Return the encoder with the vectors that ship for it: those of the texts that ship, so that a start is quick."""
    return CachedEncoder(encoder, SHIPPED_VECTORS, keep=False)


def open_matcher(settings: Settings) -> Matcher:
    """Return a matcher, with what ships imported and a snapshot built where there was none."""
    encoder = open_encoder(settings)
    prepare(settings, encoder)
    return load_matcher(settings, encoder, open_pair_model(settings, encoder))


def open_pair_model(settings: Settings, encoder: Encoder) -> PairModel | None:
    """Return the model that judges stance beside the encoder, None where cues alone judge; raises WeightsRefused."""
    return load_pair_model(encoder, settings.models_dir)


def load_matcher(
    settings: Settings, encoder: Encoder, pair_model: PairModel | None, previous: Snapshot | None = None
) -> Matcher:
    """Return a matcher over the current snapshot; what the previous one holds of it is not loaded again.

    Raises SnapshotMissing, SnapshotDamaged, FingerprintMismatch or CalibrationRefused.
    """
    snapshot = load_snapshot(current_folder(settings.snapshots_dir), previous)
    return Matcher(encoder, snapshot, open_calibration(settings, encoder), pair_model)


def open_calibration(settings: Settings, encoder: Encoder) -> Calibration:
    """Return the calibration that the settings name, or the encoder's that ships; raises CalibrationRefused."""
    path = Path(settings.calibration).expanduser() if settings.calibration else shipped_path(encoder)
    return read_calibration(path)
