"""Observed: each request counted, timed, traced, and noted for its access line; each answer to a text counted."""

import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from flask import Flask, Response, g, has_request_context, request

from service.gauges import SnapshotGauges, rate_families
from service.logs import NOTES
from service.match_rates import MatchRates
from service.matching.answers import Answer
from service.matching.timing import Timed
from service.metrics import METHODS, OTHER, Metrics
from service.settings import Settings
from service.stores import Stores
from service.tracing import Tracing, trace_id
from service.worker import Worker

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

RATES = "decisions.json"  # in the folder of the server's own files
OBSERVED = "mythmatch_observed"  # among the application's extensions: close it where the application ends
SEVERAL = "several"  # the decisions of a request that asked about several texts and got different ones


class Observed:
    """What one application tells of itself."""

    def __init__(self, metrics: Metrics, rates: MatchRates, tracing: Tracing | None = None) -> None:
        """Take what counts, what compares decisions with the week before, and what makes spans, if anything does."""
        self.metrics, self.rates, self.tracing = metrics, rates, tracing
        self.timed: Timed = metrics.timed if tracing is None else tracing.around(metrics.timed)

    @classmethod
    def of(cls, settings: Settings, worker: Worker, stores: Stores, tracing: Tracing | None = None) -> Self:
        """Return what the settings ask for, with what the worker answers from among it; raises InvalidSetting."""
        metrics, rates = Metrics(), MatchRates(settings.run_dir / RATES)
        metrics.watch(SnapshotGauges(worker, stores).families)
        metrics.watch(partial(rate_families, rates))
        return cls(metrics, rates, tracing or Tracing.of(settings))

    def guard(self, app: Flask) -> None:
        """Have each request of the application observed, from before anything else to the end of its answer."""
        app.extensions[OBSERVED] = self
        app.before_request(self._begin)
        app.after_request(self._end)

    def note(self, app: Flask) -> None:
        """Have what is noted reach the server through all that may copy a request's environment; called at last."""
        inner = app.wsgi_app

        def noting(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            environ[NOTES] = {}
            return inner(environ, start_response)

        app.wsgi_app = noting  # type: ignore[method-assign]

    def answered(self, answer: Answer) -> None:
        """Count the answer to one text, and note its decision."""
        self.metrics.answered(answer)
        self.rates.count(answer.decision)
        if has_request_context():
            noted = g.noted.setdefault("decision", answer.decision)
            if noted != answer.decision:
                g.noted["decision"] = SEVERAL

    def failed(self, kind: str) -> None:
        """Count and note the error that the request is answered with; `kind` is the name of its class."""
        self.metrics.failed(kind)
        g.noted["error"] = kind

    def refused(self, status: int, kind: str) -> None:
        """Count a request that never reached the application."""
        self.metrics.requested(None, OTHER, status, None)
        self.metrics.failed(kind)

    def close(self) -> None:
        """Keep what was counted of decisions, and send what spans are left."""
        self.rates.save(at_once=True)
        if self.tracing is not None:
            self.tracing.close()

    def _begin(self) -> None:
        g.began = time.perf_counter()
        method = request.method if request.method in METHODS else OTHER
        g.noted = request.environ.setdefault(NOTES, {})
        g.noted.update(method=method, endpoint=request.endpoint)
        if self.tracing is not None:
            g.span = self.tracing.begin(method, request.headers.get)
            g.noted["trace_id"] = trace_id(g.span)

    def _end(self, response: Response) -> Response:
        noted: dict[str, Any] = g.noted
        noted.update(request_id=g.get("request_id"), key=g.get("key_name"))
        rule = request.url_rule.rule if request.url_rule is not None else None
        done = partial(self._done, noted, g.began, g.get("span"), rule, response.status_code)
        if response.is_streamed:
            response.call_on_close(done)
        else:
            done()
        return response

    def _done(self, noted: dict[str, Any], began: float, span: Any, rule: str | None, status: int) -> None:
        self.metrics.requested(noted["endpoint"], noted["method"], status, time.perf_counter() - began)
        if self.tracing is not None and span is not None:
            self.tracing.end(span, rule, status, noted)
