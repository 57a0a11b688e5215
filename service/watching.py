"""Watching: the builder's own process, which keeps the snapshot at the corpus until it is told to stop."""

import logging
import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from filelock import FileLock, Timeout

from corpus.errors import CorpusError
from embeddings.errors import EmbeddingsError, SnapshotMissing
from embeddings.segment import SegmentRecord
from service.builder import Built
from service.drifting import DriftWatch
from service.updating import Merge, Updater

log = logging.getLogger(__name__)
POLL_SECONDS = 0.25
PACE_SECONDS = 1.0  # between two snapshots: where changes stream in, workers take up some a second, not each
FEWEST_WRITES, FIRST_WRITES, MOST_WRITES = 16, 64, 1024  # of debunks in a round; a round is to take a second or two
QUICK_SECONDS, SLOW_SECONDS = 1.0, 3.0
FAILED_SECONDS = 5.0
FEW = 16  # changed debunks that are encoded at once; of more, each request goes first, and each smaller change
QUIET_SECONDS = 10.0  # without a change, after which the corpus has come to rest


@dataclass(frozen=True)
class Merging:
    """A merge that goes on in a thread of its own."""

    merge: Merge
    record: "Future[SegmentRecord]"


class Watch:
    """Updates the snapshot whenever the corpus has changed, and merges segments without holding up the updates."""

    def __init__(self, updater: Updater, lock: FileLock, stopped: threading.Event, drift: DriftWatch) -> None:
        """Take who updates, the lock that one builder at a time holds, what ends the watch, and who looks for drift."""
        self._updater = updater
        self._lock = lock
        self._stopped = stopped
        self._writes = FIRST_WRITES
        self._merging: Merging | None = None
        self._bulk = ThreadPoolExecutor(1, "bulk", initializer=yield_the_cores)
        self._threads = ThreadPoolExecutor(1, "merge", initializer=yield_the_cores)
        self._told = ""
        self._drift = drift
        self._drifting: Future[None] | None = None
        self._updated = time.monotonic()

    def run(self) -> None:
        """Watch until stopped; what fails is told once and tried again."""
        wait = 0.0
        while not self._stopped.wait(wait):
            try:
                wait = self._round()
            except (CorpusError, EmbeddingsError, OSError) as error:
                wait = self._fail(error)
        for threads in (self._bulk, self._threads):
            threads.shutdown(wait=False, cancel_futures=True)

    def _round(self) -> float:
        """Do what there is to do, and return how many seconds to wait then."""
        merged = self._merging is not None and self._merging.record.done()
        if not merged and not self._updater.is_behind():
            self._look_for_drift()
            return POLL_SECONDS
        try:
            self._lock.acquire(timeout=POLL_SECONDS)
        except Timeout:
            return POLL_SECONDS  # another process builds
        try:
            if merged:
                self._end_merge()
            wait = self._update()
            self._begin_merge()
        finally:
            self._lock.release()
        self._told = ""
        return wait

    def _update(self) -> float:
        started = time.monotonic()
        is_bulk = not self._updater.has_few(FEW)
        hastened = self._updater.hasten(FEW) if is_bulk else None
        built = hastened or (self._bulk.submit(self._next).result() if is_bulk else self._next())
        if built is None:
            return POLL_SECONDS
        self._updated = time.monotonic()
        seconds = self._updated - started
        if hastened is None:
            self._pace(seconds)
        told = (built.corpus_revision, built.passages, built.encoded, seconds)
        log.info("revision %d: %d passages, %d encoded, %.2f s", *told)
        return max(POLL_SECONDS, PACE_SECONDS - seconds)

    def _next(self) -> Built | None:
        return self._updater.update(self._writes)

    def _pace(self, seconds: float) -> None:
        """Have the next round take more or fewer writes, after one that took so long."""
        if seconds < QUICK_SECONDS:
            self._writes = min(MOST_WRITES, self._writes * 2)
        elif seconds > SLOW_SECONDS:
            self._writes = max(FEWEST_WRITES, self._writes // 2)

    def _look_for_drift(self) -> None:
        """Look for drift in a thread, once the corpus has come to rest after it changed by much."""
        snapshot = self._updater.snapshot
        if self._drifting is not None and self._drifting.done():
            failed, self._drifting = self._drifting.exception(), None
            if failed is not None:
                log.error("cannot look for drift: %s", failed)
        is_quiet = time.monotonic() - self._updated > QUIET_SECONDS
        if self._drifting is None and is_quiet and snapshot is not None and self._drift.is_due(snapshot):
            self._drifting = self._threads.submit(self._drift.look, snapshot)

    def _begin_merge(self) -> None:
        """Merge in a thread where it is due; the lock stays held, as another builder would prune what it writes."""
        if self._merging is None and (merge := self._updater.merge_due()) is not None:
            self._lock.acquire()
            self._merging = Merging(merge, self._threads.submit(self._updater.written, merge))

    def _end_merge(self) -> None:
        merging, self._merging = self._merging, None
        if merging is not None:
            try:
                self._updater.adopt(merging.merge, merging.record.result())
            finally:
                self._updater.give_up()
                self._lock.release()
            log.info("merged %d segments", len(merging.merge.segments))

    def _fail(self, error: Exception) -> float:
        if isinstance(error, SnapshotMissing):
            return POLL_SECONDS  # whoever starts first makes the first one
        if str(error) != self._told:
            log.error("cannot update the snapshot: %s", error)
        self._told = str(error)
        return FAILED_SECONDS


def yield_the_cores() -> None:
    """Have the calling thread run only where no other wants the core, on systems that can.

    Being nice is not enough: an encoder that waits for all its threads waits for the slowest, at each of its layers.
    """
    if hasattr(os, "SCHED_IDLE"):
        try:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        except OSError as error:
            log.warning("a bulk of changes is not set back behind requests: %s", error)
