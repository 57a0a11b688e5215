"""Wiring: the parts put together as the settings say."""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock

from corpus.importing import SHIPPED, read_sources
from corpus.model import Debunk
from corpus.source import open_source
from corpus.store import CorpusStore
from embeddings.encoder import Encoder, load_encoder
from embeddings.errors import SnapshotDamaged, SnapshotMissing
from embeddings.snapshot import current_folder, load_snapshot, read_manifest
from service.builder import RECIPE, Built, build_snapshot
from service.matching.matcher import Matcher
from service.settings import Settings


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
        return build_snapshot(store, encoder, settings.snapshots_dir, settings.index_kind)


def prepare(settings: Settings, encoder: Encoder) -> None:
    """Import what ships into a store that was never written, and build a snapshot where none can serve.

    A snapshot that was altered is not built over: loading it then says what is wrong with it.
    """
    with building(settings), open_store(settings) as store:
        if store.revision == 0:
            shipped = read_sources(open_source(path, {}) for path in SHIPPED)
            store.put(debunk for debunk in shipped if isinstance(debunk, Debunk))
        if _is_stale(settings, store, encoder):
            build_snapshot(store, encoder, settings.snapshots_dir, settings.index_kind)


def open_matcher(settings: Settings) -> Matcher:
    """Return a matcher, with what ships imported and a snapshot built where there was none."""
    encoder = open_encoder(settings)
    prepare(settings, encoder)
    return load_matcher(settings, encoder)


def load_matcher(settings: Settings, encoder: Encoder) -> Matcher:
    """Return a matcher over the current snapshot; raises SnapshotMissing, SnapshotDamaged, FingerprintMismatch."""
    snapshot = load_snapshot(current_folder(settings.snapshots_dir))
    return Matcher(encoder, snapshot, settings.match_cosine)


def _is_stale(settings: Settings, store: CorpusStore, encoder: Encoder) -> bool:
    """Return whether the current snapshot is absent, or of another encoder, corpus, revision, recipe or index kind."""
    try:
        manifest = read_manifest(current_folder(settings.snapshots_dir))
    except SnapshotMissing:
        return True
    except SnapshotDamaged:
        return False
    met = (manifest.encoder_fingerprint, manifest.corpus_id, manifest.corpus_revision)
    expected = (encoder.fingerprint, store.corpus_id, store.revision)
    return met != expected or (manifest.recipe, manifest.index_kind) != (RECIPE, settings.index_kind)
