"""Gauges: what a scrape asks for: the snapshot in use and how old it is, and the drift of decisions."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from prometheus_client.core import GaugeMetricFamily, Metric

from corpus.errors import CorpusError
from service.errors import NotReady
from service.match_rates import MatchRates
from service.matching.answers import DECISIONS
from service.stores import Stores
from service.worker import Worker

PATIENCE_SECONDS = 0.5  # for the database; a scrape goes without its revision then


class SnapshotGauges:
    """What the worker answers from, and how far the corpus is ahead of it."""

    def __init__(self, worker: Worker, stores: Stores, clock: Callable[[], float] = time.time) -> None:
        """Take who holds the snapshot, and where the corpus is; the clock tells seconds since 1970."""
        self._worker, self._stores, self._clock = worker, stores, clock
        self._asking = threading.Lock()
        self._revision: int | None = None

    def families(self) -> Iterator[Metric]:
        """Yield the gauges; those of a snapshot have no value while there is none."""
        ready = GaugeMetricFamily("mythmatch_ready", "1 while texts can be answered, else 0")
        model = GaugeMetricFamily(
            "mythmatch_model_info", "1, with the encoder's and the calibration's id", labels=("encoder", "calibration")
        )
        values = self._values()
        ready.add_metric((), float(bool(values)))
        if values:
            matcher = self._worker.matcher
            manifest = matcher.snapshot.manifest
            encoder = f"{manifest.encoder_name}@{manifest.encoder_fingerprint}"
            model.add_metric((encoder, matcher.calibration.id), 1)
        yield from (ready, model)
        for name, meaning in GAUGES.items():
            yield _gauge(name, meaning, values.get(name))

    def _values(self) -> dict[str, float | None]:
        try:
            manifest = self._worker.matcher.snapshot.manifest
        except NotReady:
            return {}
        now, revision = self._clock(), self._corpus_revision()
        return {
            "mythmatch_snapshot_revision": manifest.corpus_revision,
            "mythmatch_snapshot_debunks": manifest.documents,
            "mythmatch_snapshot_built_age_seconds": now - _seconds(manifest.built_at),
            "mythmatch_snapshot_loaded_age_seconds": now - self._worker.loaded_at,
            "mythmatch_snapshot_revisions_behind": None if revision is None else revision - manifest.corpus_revision,
            "mythmatch_corpus_drift": float(self._worker.warning is not None),
        }

    def _corpus_revision(self) -> int | None:
        """Return the corpus's newest revision; None where the database does not tell it soon."""
        if not self._asking.acquire(blocking=False):
            return None  # an earlier scrape's question is still not answered
        self._revision = None
        asking = threading.Thread(target=self._ask, name="mythmatch-revision", daemon=True)
        asking.start()
        asking.join(PATIENCE_SECONDS)
        return self._revision

    def _ask(self) -> None:
        try:
            self._revision = self._stores.corpus.revision
        except CorpusError:
            self._revision = None  # requests that need the database say so
        finally:
            self._asking.release()


GAUGES = {
    "mythmatch_snapshot_revision": "corpus revision that is answered from",
    "mythmatch_snapshot_debunks": "debunks in the snapshot",
    "mythmatch_snapshot_built_age_seconds": "seconds since the snapshot was built",
    "mythmatch_snapshot_loaded_age_seconds": "seconds since the snapshot was taken into use",
    "mythmatch_snapshot_revisions_behind": "revisions that the corpus is ahead of the snapshot",
    "mythmatch_corpus_drift": "1 where the corpus has drifted from what the calibration was fitted on, else 0",
}


def rate_families(rates: MatchRates) -> Iterator[Metric]:
    """Yield the drift of decisions, and have the counts kept."""
    rates.save()
    texts = GaugeMetricFamily(
        "mythmatch_window_texts",
        "texts answered in the last `hour` or `day` (window), and in the week before it (period)",
        labels=("window", "period"),
    )
    share = GaugeMetricFamily(
        "mythmatch_decision_share",
        "share of those texts that got the decision: `match` is the match rate, `no_match` that of refusals",
        labels=("decision", "window", "period"),
    )
    ratio = GaugeMetricFamily(
        "mythmatch_decision_share_ratio",
        "that share of the window over that of the week before; no value where either has fewer than 50 texts",
        labels=("decision", "window"),
    )
    for window, counted in rates.rates().items():
        for period, counts in (("last", counted.last), ("week_before", counted.before)):
            total = sum(counts.values())
            texts.add_metric((window, period), total)
            for decision in DECISIONS if total else ():
                share.add_metric((decision, window, period), counts.get(decision, 0) / total)
        for decision in DECISIONS:
            if (value := counted.ratio(decision)) is not None:
                ratio.add_metric((decision, window), value)
    yield from (texts, share, ratio)


def _gauge(name: str, meaning: str, value: float | None) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning)
    if value is not None:
        family.add_metric((), value)
    return family


def _seconds(told: str) -> float:
    """Return the seconds since 1970 of a time as manifests have it."""
    moment = datetime.fromisoformat(told)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
