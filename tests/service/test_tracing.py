"""Tracing: spans of requests and stages below the caller's, in memory and at a real collector; else none."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask, Response
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from service.app import STORES, create_app
from service.errors import InvalidSetting
from service.settings import Settings
from service.tracing import Tracing
from service.worker import Worker
from tests.real_server import ROOT, environment_in, serving

MYTH = "NATO is encircling and trying to contain Russia"
CANARY = "canary-of-somebodys-text"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
STAGES = ["extract", "encode", "search", "score", "stance", "render"]


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def app(toy_settings: Settings, toy_worker: Worker, spans: InMemorySpanExporter) -> Iterator[Flask]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    made = create_app(toy_settings, toy_worker, Tracing(provider))
    yield made
    made.extensions[STORES].close()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def parent_of(span: ReadableSpan) -> str:
    assert span.parent is not None
    return f"{span.parent.span_id:016x}"


def test_a_request_is_a_span_below_the_callers_and_above_its_stages(app: Flask, spans: InMemorySpanExporter) -> None:
    headers = {**CALLER, "X-Request-ID": "my-id"}
    app.test_client().post("/v1/match", json={"text": f"{MYTH}"}, headers=headers)
    *stages, request = spans.get_finished_spans()
    assert request.name == "POST /v1/match"
    assert parent_of(request) == PARENT
    assert attributes(request) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/v1/match",
        "mythmatch.request_id": "my-id",
        "mythmatch.decision": "match",
    }
    assert [stage.name for stage in stages] == STAGES
    assert request.context is not None
    for stage in stages:
        assert stage.context is not None
        assert f"{stage.context.trace_id:032x}" == TRACE
        assert parent_of(stage) == f"{request.context.span_id:016x}"
        assert (request.start_time or 0) <= (stage.start_time or 0) <= (stage.end_time or 0) <= (request.end_time or 0)


@pytest.mark.parametrize("sent", [{}, {"traceparent": "no-such-thing"}, {"traceparent": f"00-{'0' * 32}-{PARENT}-01"}])
def test_without_a_callers_context_a_request_begins_a_trace(
    app: Flask, spans: InMemorySpanExporter, sent: dict[str, str]
) -> None:
    app.test_client().get("/livez", headers=sent)
    (request,) = spans.get_finished_spans()
    assert request.parent is None


def test_what_the_caller_does_not_sample_is_not_sampled(app: Flask, spans: InMemorySpanExporter) -> None:
    app.test_client().post("/v1/match", json={"text": MYTH}, headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
    assert spans.get_finished_spans() == ()


def test_spans_hold_no_text_no_path_and_no_query(app: Flask, spans: InMemorySpanExporter) -> None:
    client = app.test_client()
    client.post("/v1/match", json={"text": CANARY})
    client.get(f"/v1/match?text={CANARY}")
    client.get(f"/v1/debunks/{CANARY}")
    client.get(f"/{CANARY}")
    client.open("/", method=CANARY.upper())
    told = spans.get_finished_spans()
    assert {"GET /v1/debunks/<debunk_id>", "GET", "other"} <= {span.name for span in told}
    assert CANARY not in " ".join(span.to_json() for span in told).lower()


def test_only_what_is_this_services_fault_is_an_error(app: Flask, spans: InMemorySpanExporter) -> None:
    app.add_url_rule("/broken", "broken", lambda: Response(status=503))
    client = app.test_client()
    client.post("/v1/match", data=b"nope")
    client.get("/broken")
    refused, broken = spans.get_finished_spans()
    assert (refused.status.status_code, attributes(refused)["mythmatch.error"]) == (StatusCode.UNSET, "NotJson")
    assert broken.status.status_code == StatusCode.ERROR


def test_the_span_of_an_answer_that_streams_ends_with_it(app: Flask, spans: InMemorySpanExporter) -> None:
    app.add_url_rule("/stream", "stream", lambda: Response(iter(["a", "b"])))
    answer = app.test_client().get("/stream")
    assert spans.get_finished_spans() == ()
    answer.close()
    assert [span.name for span in spans.get_finished_spans()] == ["GET /stream"]


def test_without_the_setting_there_is_none(toy_settings: Settings) -> None:
    assert Tracing.of(toy_settings) is None


def run(program: str, tmp_path: Path) -> str:
    """Return what a program prints that is run beside the code."""
    environment = environment_in(tmp_path, {"MYTHMATCH_ENCODER": "toy"})
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.slow
def test_without_the_setting_nothing_of_it_is_imported(tmp_path: Path) -> None:
    program = "import sys, service.server; print(*sys.modules)"
    held = run(program, tmp_path).split()  # redis, where it is used, looks for the API by itself
    assert "service.tracing" in held
    assert [name for name in held if name.startswith(("opentelemetry.sdk.trace", "opentelemetry.exporter"))] == []


ABSENT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "opentelemetry":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
sys.argv = ["serve"]
import os
os.environ["MYTHMATCH_OTLP_ENDPOINT"] = "http://127.0.0.1:4318"
from scripts.serve import main, run
run(main)
"""


@pytest.mark.slow
def test_where_the_packages_are_missing_the_start_says_what_to_install(tmp_path: Path) -> None:
    assert run(ABSENT, tmp_path) == (
        "error: MYTHMATCH_OTLP_ENDPOINT: met 'http://127.0.0.1:4318', but OpenTelemetry is not installed here;"
        " pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http, or leave the setting empty\n"
    )


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(InvalidSetting, match="MYTHMATCH_OTLP_ENDPOINT: met 'localhost:4317'; expected http://"):
        Settings.from_environment({"MYTHMATCH_OTLP_ENDPOINT": "localhost:4317"})


class Collector(ThreadingHTTPServer):
    """Takes traces as an OpenTelemetry collector does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.taken: list[tuple[str, ExportTraceServiceRequest]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    @property
    def spans(self) -> list[Span]:
        """Return all spans that were taken."""
        resources = [resource for _, sent in self.taken for resource in sent.resource_spans]
        return [span for resource in resources for scope in resource.scope_spans for span in scope.spans]


class Taking(BaseHTTPRequestHandler):
    """Takes one request."""

    server: Collector

    def do_POST(self) -> None:
        self.server.may_answer.wait(60)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, ExportTraceServiceRequest.FromString(body)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield listening
        listening.may_answer.set()
        listening.shutdown()
        thread.join(10)


@pytest.mark.slow
def test_a_collector_gets_the_spans_of_a_real_server_at_its_end_at_the_latest(
    tmp_path: Path, collector: Collector
) -> None:
    endpoint = f"http://127.0.0.1:{collector.server_address[1]}"
    with serving(tmp_path, {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_OTLP_ENDPOINT": endpoint}) as server:
        httpx.post(f"{server.url}/v1/match", json={"text": f"{MYTH} {CANARY}"}, headers=CALLER).raise_for_status()
        assert server.stop() == 0
    assert {path for path, _ in collector.taken} == {"/v1/traces"}
    assert CANARY not in str(collector.taken)
    ours = [span for span in collector.spans if span.trace_id.hex() == TRACE]
    (request,) = [span for span in ours if span.name == "POST /v1/match"]
    assert request.parent_span_id.hex() == PARENT
    below = sorted((span for span in ours if span is not request), key=lambda span: span.start_time_unix_nano)
    assert [span.name for span in below] == STAGES
    assert {span.parent_span_id for span in below} == {request.span_id}
    named = {
        attribute.key: attribute.value.string_value
        for _, sent in collector.taken
        for resource in sent.resource_spans
        for attribute in resource.resource.attributes
    }
    assert named["service.name"] == "mythmatch"
    assert f"trace_id={TRACE}" in server.logged()


@pytest.mark.slow
@pytest.mark.parametrize("hangs", [False, True])
def test_a_collector_that_is_not_there_or_hangs_hinders_no_answer_and_no_end(
    tmp_path: Path, collector: Collector, hangs: bool
) -> None:
    collector.may_answer.clear()
    port = collector.server_address[1] if hangs else 1
    endpoint = f"http://127.0.0.1:{port}"
    with serving(tmp_path, {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_OTLP_ENDPOINT": endpoint}) as server:
        answer = httpx.post(f"{server.url}/v1/match", json={"text": MYTH}, timeout=10)
        assert answer.json()["decision"] == "match"
        assert server.stop() == 0  # within the seconds that any server has for it
    assert CANARY not in server.logged()
