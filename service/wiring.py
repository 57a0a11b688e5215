"""Wiring: the parts put together as the settings say."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from corpus.importing import SHIPPED, read_sources
from corpus.judged import read_judged
from corpus.model import Debunk
from corpus.source import open_source
from corpus.store import CorpusStore
from embeddings.cache import CachedEncoder
from embeddings.encoder import Encoder, PairModel, load_encoder, load_pair_model
from embeddings.errors import SnapshotDamaged, SnapshotMissing
from embeddings.snapshot import current_folder, examples_sha256, load_snapshot, read_manifest
from service.builder import RECIPE, Built, build_snapshot, examples_of
from service.calibration_file import read_calibration, shipped_path
from service.matching.matcher import Matcher
from service.matching.scoring import Calibration
from service.settings import Settings

SHIPPED_VECTORS = Path(__file__).parent / "calibrations" / "vectors"  # made by scripts.ship_vectors


def open_store(settings: Settings) -> CorpusStore:
    """Return the corpus; raises StoreError."""
    return CorpusStore.open(settings.corpus_url)


def open_encoder(settings: Settings) -> Encoder:
    """Return the encoder; raises UnknownEncoder, WeightsRefused or ModelDamaged."""
    return load_encoder(settings.encoder, settings.models_dir)


@contextmanager
def building(settings: Settings) -> Iterator[None]:
    """Hold the right to build: one process at a time has it, the others wait."""
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.run_dir / "build.lock"):
        yield


def build(settings: Settings, store: CorpusStore, encoder: Encoder) -> Built:
    """Build the snapshot of the store's newest revision and make it the current one."""
    with building(settings):
        judged = read_judged(settings.judged_path)
        return build_snapshot(store, _prepared(encoder), settings.snapshots_dir, settings.index_kind, judged)


def prepare(settings: Settings, encoder: Encoder) -> None:
    """Import what ships into a store that was never written, and build a snapshot where none can serve.

    A snapshot that was altered is not built over: loading it then says what is wrong with it.
    """
    with building(settings), open_store(settings) as store:
        if store.revision == 0:
            shipped = read_sources(open_source(path, {}) for path in SHIPPED)
            store.put(debunk for debunk in shipped if isinstance(debunk, Debunk))
        if _is_stale(settings, store, encoder):
            judged = read_judged(settings.judged_path)
            build_snapshot(store, _prepared(encoder), settings.snapshots_dir, settings.index_kind, judged)


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


def load_matcher(settings: Settings, encoder: Encoder, pair_model: PairModel | None) -> Matcher:
    """Return a matcher over the current snapshot.

    Raises SnapshotMissing, SnapshotDamaged, FingerprintMismatch or CalibrationRefused.
    """
    snapshot = load_snapshot(current_folder(settings.snapshots_dir))
    return Matcher(encoder, snapshot, open_calibration(settings, encoder), pair_model)


def open_calibration(settings: Settings, encoder: Encoder) -> Calibration:
    """Return the calibration that the settings name, or the encoder's that ships; raises CalibrationRefused."""
    path = Path(settings.calibration).expanduser() if settings.calibration else shipped_path(encoder)
    return read_calibration(path)


def _is_stale(settings: Settings, store: CorpusStore, encoder: Encoder) -> bool:
    """Return whether the current snapshot is absent, or of another encoder, corpus, revision, examples or recipe."""
    try:
        manifest = read_manifest(current_folder(settings.snapshots_dir))
    except SnapshotMissing:
        return True
    except SnapshotDamaged:
        return False
    examples = examples_sha256(examples_of(read_judged(settings.judged_path)))
    met = (manifest.encoder_fingerprint, manifest.corpus_id, manifest.corpus_revision, manifest.examples_sha256)
    expected = (encoder.fingerprint, store.corpus_id, store.revision, examples)
    return met != expected or (manifest.recipe, manifest.index_kind) != (RECIPE, settings.index_kind)
