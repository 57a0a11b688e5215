"""Tracing: a span for each request and each stage of a match, sent by OpenTelemetry where an address for them is set.

The SDK is no dependency: without the setting nothing of it is imported.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Self

from flask import g, has_request_context

from service.errors import InvalidSetting
from service.matching.timing import Timed
from service.settings import Settings, variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

PACKAGES = "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
MODULES = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")
PATH = "/v1/traces"
EXPORT_SECONDS = 5.0
CLOSE_SECONDS = 3.0
FAILED = 500  # statuses from here on are this service's fault
SENT = ("traceparent", "tracestate")


class Tracing:
    """Makes spans, which hold no text and no path, and reads a caller's W3C trace context."""

    def __init__(self, provider: TracerProvider) -> None:
        """Take what spans go to."""
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("mythmatch")
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Return what the settings ask for, None where they name no address; raises InvalidSetting."""
        if not settings.otlp_endpoint:
            return None
        cls.check(settings)
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        named = Resource.create({"service.name": "mythmatch"})
        provider = TracerProvider(resource=named, shutdown_on_exit=False)  # `close` bounds how long that takes
        address = settings.otlp_endpoint.rstrip("/").removesuffix(PATH) + PATH
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(address, timeout=EXPORT_SECONDS)))
        return cls(provider)

    @staticmethod
    def check(settings: Settings) -> None:
        """Raise InvalidSetting where an address is set and what sends there is not installed; starts nothing."""
        if settings.otlp_endpoint and not all(map(_is_installed, MODULES)):
            raise InvalidSetting(
                f"{variable('otlp_endpoint')}: met {settings.otlp_endpoint!r}, but OpenTelemetry is not installed here;"
                f" pip install {PACKAGES}, or leave the setting empty"
            )

    def begin(self, method: str, header: Callable[[str], str | None]) -> Span:
        """Return the span of a request, a child of the span that its headers name, which `header` gives by name."""
        from opentelemetry.trace import SpanKind

        carried = {name: value for name in SENT if (value := header(name)) is not None}
        above = self._propagator.extract(carried)
        return self._tracer.start_span(method, above, SpanKind.SERVER, {"http.request.method": method})

    def end(self, span: Span, rule: str | None, status: int, noted: Mapping[str, object]) -> None:
        """End a request's span, named by its method and the rule that its path fell under."""
        from opentelemetry.trace import Status, StatusCode

        span.set_attribute("http.response.status_code", status)
        if rule is not None:
            span.set_attribute("http.route", rule)
            span.update_name(f"{noted['method']} {rule}")
        for name in ("request_id", "decision", "error"):
            if name in noted:
                span.set_attribute(f"mythmatch.{name}", str(noted[name]))
        if status >= FAILED:
            span.set_status(Status(StatusCode.ERROR))
        span.end()

    def around(self, timed: Timed) -> Timed:
        """Return what gives each stage a span below that of its request, beside what `timed` gives."""

        @contextmanager
        def traced(stage: str, texts: int) -> Iterator[None]:
            with timed(stage, texts), self._stage(stage, texts):
                yield

        def choose(stage: str, texts: int) -> AbstractContextManager[object]:
            is_traced = has_request_context() and g.get("span") is not None
            return traced(stage, texts) if is_traced else timed(stage, texts)

        return choose

    @contextmanager
    def _stage(self, stage: str, texts: int) -> Iterator[None]:
        from opentelemetry.trace import set_span_in_context

        span = self._tracer.start_span(stage, set_span_in_context(g.span), attributes={"mythmatch.texts": texts})
        try:
            yield
        finally:
            span.end()

    def close(self) -> None:
        """Send what was not sent yet, for some seconds at most: a collector that hangs does not hold up the end."""
        ending = threading.Thread(target=self._provider.shutdown, name="mythmatch-tracing", daemon=True)
        ending.start()
        ending.join(CLOSE_SECONDS)


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even what it is a part of
        return False


def trace_id(span: Span) -> str:
    """Return the id of the span's trace, 32 hex digits."""
    return f"{span.get_span_context().trace_id:032x}"
