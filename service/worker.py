"""Worker: what one serving process answers from, loaded in the background and swapped when a new snapshot appears."""

import logging
import threading
from pathlib import Path

from corpus.errors import CorpusError
from embeddings.encoder import Encoder, PairModel
from embeddings.errors import EmbeddingsError
from embeddings.snapshot import CURRENT
from service.errors import NotReady
from service.matching.drift import drift_warning
from service.matching.errors import MatchingError
from service.matching.matcher import Matcher
from service.settings import Settings
from service.wiring import load_matcher, open_encoder, open_pair_model, prepare

log = logging.getLogger(__name__)
WATCH_SECONDS = 1.0
RETRY_SECONDS = 15.0


class Worker:
    """Holds the matcher in use, or the reason why there is none."""

    def __init__(self, settings: Settings) -> None:
        """Make a worker that is not ready; `start` or `load` makes it so."""
        self.settings = settings
        self._encoder: Encoder | None = None
        self._pair_model: PairModel | None = None
        self._matcher: Matcher | None = None
        self.warning: str | None = None
        self._reason = "the encoder and the snapshot are being loaded; try again in a few seconds"
        self._seen = _version(settings.snapshots_dir)
        self._stopped = threading.Event()

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

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def load(self) -> None:
        """Take the current snapshot into use; the first time, import what ships and build one where there is none."""
        if self._encoder is None:
            encoder = open_encoder(self.settings)
            prepare(self.settings, encoder)
            self._pair_model = open_pair_model(self.settings, encoder)
            self._encoder = encoder
        self._seen = _version(self.settings.snapshots_dir)
        matcher = load_matcher(self.settings, self._encoder, self._pair_model)
        self.warning = drift_warning(matcher.snapshot, matcher.calibration)
        self._matcher = matcher
        manifest = matcher.snapshot.manifest
        log.info("ready: %d debunks, corpus revision %d", manifest.documents, manifest.corpus_revision)
        if self.warning:
            log.warning(self.warning)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.load()
            except Exception as error:  # a thread's outermost line: whatever it is must be told, not vanish
                self._fail(error)
            self._wait()

    def _wait(self) -> None:
        """Return when there is something to load: a new snapshot, or after a while another try at the first one."""
        waited = 0.0
        while not self._stopped.wait(WATCH_SECONDS):
            waited += WATCH_SECONDS
            if _version(self.settings.snapshots_dir) != self._seen:
                return
            if self._matcher is None and waited >= RETRY_SECONDS:
                return

    def _fail(self, error: Exception) -> None:
        known = isinstance(error, CorpusError | EmbeddingsError | MatchingError | OSError)
        self._reason = str(error) if known else f"{type(error).__name__} while loading; the log has more"
        still = "; the snapshot in use stays" if self._matcher is not None else ""
        log.error("cannot load: %s%s", error, still, exc_info=None if known else error)


def _version(snapshots_dir: Path) -> tuple[int, int]:
    """Return what changes when `current` is replaced."""
    try:
        status = (snapshots_dir / CURRENT).stat()
    except OSError:
        return (0, 0)
    return (status.st_ino, status.st_mtime_ns)
