"""Metrics: what one application counts and measures, for Prometheus; no label holds anything sent to be matched.

Each application has a registry of its own. prometheus_client's multiprocess mode, which sums files of several worker
processes, is not needed: there is one worker process, and its threads share the registry.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.admission import Admission
from service.matching.answers import DECISIONS, Answer
from service.matching.timing import STAGES
from service.webhooks import Outcome

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, that nobody asks for
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN, OTHER = "unknown", "other"
MAX_DEBUNKS = 200  # that have a series of their own; those that match first
RENDER = "render"
REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # seconds
STAGE_BUCKETS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)  # seconds
BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)  # texts


class Metrics:
    """Counts and measures; many threads may do so at once."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._debunks: set[str] = set()
        self._naming = threading.Lock()
        self._requests = self._counter(
            "mythmatch_requests",
            "requests answered: by endpoint (`unknown` where none was reached), method and status",
            ("route", "method", "status"),
        )
        self._request_seconds = self._histogram(
            "mythmatch_request_seconds",
            "seconds from a request's arrival in the application to the end of its answer",
            ("route",),
            REQUEST_BUCKETS,
        )
        self._errors = self._counter(
            "mythmatch_errors", "errors answered, by the `type` that the body names", ("type",)
        )
        stage_seconds = self._histogram(
            "mythmatch_stage_seconds",
            f"seconds of a stage: {', '.join(STAGES)}, and {RENDER} of a v1 answer",
            ("stage",),
            STAGE_BUCKETS,
        )
        self._stages = {stage: stage_seconds.labels(stage) for stage in (*STAGES, RENDER)}
        self._batches = self._histogram(
            "mythmatch_encoder_texts", "claims that one call of the encoder took; its sum is all", (), BATCH_BUCKETS
        )
        answers = self._counter("mythmatch_answers", "texts answered, by decision", ("decision",))
        self._answers = {decision: answers.labels(decision) for decision in DECISIONS}
        self._matches = self._counter(
            "mythmatch_matches",
            f"texts that a debunk was a match of: {MAX_DEBUNKS} by id, those that match first, all others as `other`",
            ("debunk",),
        )
        self._stances = self._counter(
            "mythmatch_stances", "debunks that texts were about, by decision and stance", ("decision", "stance")
        )
        webhooks = self._counter("mythmatch_webhooks", "webhook calls, by how they ended", ("outcome",))
        self._webhooks = {outcome: webhooks.labels(outcome) for outcome in get_args(Outcome)}

    def _counter(self, name: str, meaning: str, labels: Sequence[str]) -> Counter:
        return Counter(name, meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, labels: Sequence[str], buckets: Sequence[float]) -> Histogram:
        return Histogram(name, meaning, labels, buckets=buckets, registry=self.registry)

    def requested(self, route: str | None, method: str, status: int, seconds: float | None) -> None:
        """Count a request whose answer has ended: one of METHODS, or OTHER for any other method.

        `seconds` is None where it never reached the application.
        """
        self._requests.labels(route or UNKNOWN, method, str(status)).inc()
        if seconds is not None:
            self._request_seconds.labels(route or UNKNOWN).observe(seconds)

    def failed(self, kind: str) -> None:
        """Count an error; `kind` is the name of a class, and nothing that was sent."""
        self._errors.labels(kind).inc()

    def timed(self, stage: str, texts: int) -> AbstractContextManager[object]:
        """Return what measures a stage that is entered."""
        if stage == "encode":
            self._batches.observe(texts)
        return self._stages[stage].time()

    def answered(self, answer: Answer) -> None:
        """Count the answer to one text."""
        self._answers[answer.decision].inc()
        for match in (*answer.matches, *answer.hidden):
            if match.decision != "no_match":
                self._stances.labels(match.decision, match.judged.stance).inc()
            if match.decision == "match":
                self._matches.labels(self._named(match.candidate.debunk_id)).inc()

    def webhook(self, outcome: Outcome) -> None:
        """Count how a webhook call ended."""
        self._webhooks[outcome].inc()

    def watch_queue(self, admission: Admission) -> None:
        """Have each scrape ask what is matched now and what waits."""
        self.watch(lambda: _queue_families(admission))

    def watch(self, families: Callable[[], Iterable[Metric]]) -> None:
        """Have each scrape ask for these families too."""
        self.registry.register(_Asked(families))

    def _named(self, debunk_id: str) -> str:
        """Return the debunk's own id while there is room for it, as a corpus may hold a hundred thousand."""
        with self._naming:
            if debunk_id not in self._debunks and len(self._debunks) < MAX_DEBUNKS:
                self._debunks.add(debunk_id)
            return debunk_id if debunk_id in self._debunks else OTHER


class _Asked(Collector):
    """Asks for families when it is scraped, and not when it is registered."""

    def __init__(self, families: Callable[[], Iterable[Metric]]) -> None:
        self._families = families

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        return self._families()


def _queue_families(queue: Admission) -> Iterator[Metric]:
    yield GaugeMetricFamily("mythmatch_queue_running", "slots for matching that are taken", queue.running)
    yield GaugeMetricFamily("mythmatch_queue_waiting", "texts and batches that wait for a slot", queue.waiting)
    yield CounterMetricFamily(
        "mythmatch_queue_refused", "texts and batches refused as too many waited, or too long", queue.refused
    )
