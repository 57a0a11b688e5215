"""Worker: what one serving process answers from, loaded in the background and swapped when a new snapshot appears.

A snapshot that follows another is loaded beside requests, so it must not hold them up: what the last one holds already
is taken from there, the rest is read by C code that lets other threads run. Drift is looked for by the builder.
"""

import gc
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from corpus.errors import CorpusError
from embeddings.encoder import Encoder, PairModel
from embeddings.errors import EmbeddingsError
from embeddings.one_thread import OneThreadEncoder, OneThreadPairModel
from embeddings.snapshot import CURRENT
from service.drifting import drift_path, read_drift
from service.errors import NotReady
from service.matching.errors import MatchingError
from service.matching.matcher import Matcher
from service.retention import Retention
from service.settings import Settings
from service.wiring import load_matcher, open_encoder, open_pair_model, prepare

log = logging.getLogger(__name__)
WATCH_SECONDS = 0.25
RETRY_SECONDS = 15.0


class Worker:
    """Holds the matcher in use, or the reason why there is none."""

    def __init__(self, settings: Settings) -> None:
        """Make a worker that is not ready; `start` or `load` makes it so."""
        self.settings = settings
        self._encoder: Encoder | None = None
        self._pair_model: PairModel | None = None
        self._matcher: Matcher | None = None
        self._drift_seen = (0, 0)
        self.warning: str | None = None
        self.is_draining = False  # the process was told to stop, and answers what it has
        self.loaded_at = 0.0  # when the snapshot in use was loaded, in seconds since 1970
        self._reason = "the encoder and the snapshot are being loaded; try again in a few seconds"
        self._seen = _version(settings.snapshots_dir / CURRENT)
        self._stopped = threading.Event()
        self._retention = Retention(settings)

    @property
    def matcher(self) -> Matcher:
        """Return the matcher in use; raises NotReady with the reason while there is none."""
        matcher = self._matcher
        if matcher is None:
            raise NotReady(self._reason)
        return matcher

    def start(self) -> None:
        """Load in a thread of its own, then watch for new snapshots until `stop`."""
        threading.Thread(target=self._run, name="mythmatch-worker", daemon=True).start()
        self._retention.start()

    def drain(self) -> None:
        """Say from now on that this process ends; what is asked is answered all the same."""
        self.is_draining = True

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
        self._retention.stop()

    def load(self) -> None:
        """Take the current snapshot into use; the first time, import what ships and build one where there is none."""
        if self._encoder is None:
            encoder = open_encoder(self.settings)
            prepare(self.settings, encoder, newest=not self.settings.builder)
            pair_model = open_pair_model(self.settings, encoder)
            thread = ThreadPoolExecutor(1, "mythmatch-model")
            self._pair_model = None if pair_model is None else OneThreadPairModel(pair_model, thread)
            self._encoder = OneThreadEncoder(encoder, thread)
            gc.collect()
            gc.freeze()  # what stays for good is not gone through again by each collection
        self._seen = _version(self.settings.snapshots_dir / CURRENT)
        previous = self._matcher.snapshot if self._matcher is not None else None
        matcher = load_matcher(self.settings, self._encoder, self._pair_model, previous)
        if previous is None or matcher.snapshot.examples is not previous.examples:
            _ = matcher.snapshot.examples.precision, matcher.snapshot.examples.background  # else the first request's
        self._matcher = matcher
        self.loaded_at = time.time()
        self._read_drift()
        manifest = matcher.snapshot.manifest
        log.info("ready: %d debunks, corpus revision %d", manifest.documents, manifest.corpus_revision)
        del previous
        gc.collect()  # a snapshot's parts refer to each other, and none is to wait for its turn in memory

    def _read_drift(self) -> None:
        """Take over what the builder found of drift, where it found anything since."""
        version = _version(drift_path(self.settings))
        if version != self._drift_seen:
            self._drift_seen = version
            self.warning = read_drift(drift_path(self.settings), self.matcher.calibration.id)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.load()
            except Exception as error:  # a thread's outermost line: whatever it is must be told, not vanish
                if self._matcher is None or _version(self.settings.snapshots_dir / CURRENT) == self._seen:
                    self._fail(error)  # else it is of the past already, and may have been deleted meanwhile
            self._wait()

    def _wait(self) -> None:
        """Return when there is something to load: a new snapshot, or after a while another try at the first one."""
        since = time.monotonic()
        while not self._stopped.wait(WATCH_SECONDS):
            if _version(self.settings.snapshots_dir / CURRENT) != self._seen:
                return
            waited = time.monotonic() - since
            if self._matcher is None and waited >= RETRY_SECONDS:
                return
            if self._matcher is not None:
                self._read_drift()

    def _fail(self, error: Exception) -> None:
        known = isinstance(error, CorpusError | EmbeddingsError | MatchingError | OSError)
        self._reason = str(error) if known else f"{type(error).__name__} while loading; the log has more"
        still = "; the snapshot in use stays" if self._matcher is not None else ""
        log.error("cannot load: %s%s", error, still, exc_info=None if known else error)


def _version(path: Path) -> tuple[int, int]:
    """Return what changes when a file is replaced."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_ino, status.st_mtime_ns)
