"""Metrics: the right numbers after known requests, in both formats, and a page that names them all."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families

from corpus.model import Debunk
from corpus.store import CorpusStore
from service.app import STORES, create_app
from service.gauges import SnapshotGauges
from service.metrics import MAX_DEBUNKS, Metrics
from service.observed import OBSERVED
from service.settings import Settings
from service.stores import Stores
from service.worker import Worker
from tests.real_server import ROOT, serving
from tests.service.test_match_rates import NOW, Clock, filled

MYTH = "NATO is encircling and trying to contain Russia"
CANARY = "canary-of-somebodys-text"


@pytest.fixture
def app(toy_settings: Settings, toy_worker: Worker) -> Iterator[Flask]:
    made = create_app(toy_settings, toy_worker)
    yield made
    made.extensions[STORES].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples_of(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(client: FlaskClient) -> Samples:
    return samples_of(client.get("/metrics").text)


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def test_requests_are_counted_by_route_method_and_status(client: FlaskClient) -> None:
    for body in (b'{"text": "NATO"}', b'{"text": "NATO"}', b"nope", b'{"text": ""}'):
        client.post("/v1/match", data=body)
    client.get("/v1/debunks/absent")
    client.get(f"/nothing/{CANARY}")
    client.open(f"/{CANARY}", method="PROPFIND")
    client.put("/v1/match")
    samples = scraped(client)
    posted = {"route": "match.post_match", "method": "POST"}
    for status, count in (("200", 2), ("400", 1), ("422", 1)):
        assert value(samples, "mythmatch_requests_total", **posted, status=status) == count
    got = {"route": "debunks.get_debunk", "method": "GET", "status": "404"}
    assert value(samples, "mythmatch_requests_total", **got) == 1
    for method, status in (("GET", "404"), ("other", "404"), ("PUT", "405")):
        assert value(samples, "mythmatch_requests_total", route="unknown", method=method, status=status) == 1
    errors = {
        dict(labels)["type"]: count for (name, labels), count in samples.items() if name == "mythmatch_errors_total"
    }
    assert errors == {"NotJson": 1, "InvalidText": 1, "UnknownDebunk": 1, "NotFound": 2, "MethodNotAllowed": 1}
    assert value(samples, "mythmatch_request_seconds_count", route="match.post_match") == 4
    assert 0 < (value(samples, "mythmatch_request_seconds_sum", route="match.post_match") or 0) < 4 * 30


def test_what_was_sent_is_in_no_label(client: FlaskClient) -> None:
    client.post(
        "/v1/match", json={"text": CANARY, "lang": CANARY}, headers={"X-Request-ID": CANARY, "User-Agent": CANARY}
    )
    client.post("/v1/match", json={"text": f"{MYTH} {CANARY}"})
    client.get(f"/v1/debunks/{CANARY}")
    client.get(f"/{CANARY}?text={CANARY}")
    client.open("/v1/match", method=CANARY.upper())
    assert CANARY not in client.get("/metrics", headers={"Accept": CANARY}).text.lower()


def test_decisions_debunks_and_stances_are_counted(client: FlaskClient) -> None:
    for text in (MYTH, MYTH, f"{MYTH}, they say", "Bake 500 g of flour for an hour."):
        client.post("/v1/match", json={"text": text, "limit": 1})
    samples = scraped(client)
    decided = {
        one: value(samples, "mythmatch_answers_total", decision=one) for one in ("match", "possible", "no_match")
    }
    assert decided == {"match": 2, "possible": 1, "no_match": 1}
    assert value(samples, "mythmatch_matches_total", debunk="nato.int-115204-4") == 2
    assert value(samples, "mythmatch_stances_total", decision="match", stance="repeats") == 2


def test_each_stage_of_a_match_is_timed_and_each_call_of_the_encoder_counted(client: FlaskClient) -> None:
    client.post("/v1/match", json={"text": MYTH})
    two = "NATO promised Russia it would not expand after the Cold War. The moon is made of nothing but yellow cheese."
    client.post("/v1/match", json={"text": two})
    samples = scraped(client)
    for stage in ("extract", "encode", "search", "score", "stance", "render"):
        assert value(samples, "mythmatch_stage_seconds_count", stage=stage) == 2, stage
        assert 0 < (value(samples, "mythmatch_stage_seconds_sum", stage=stage) or 0) < 30, stage
    assert value(samples, "mythmatch_encoder_texts_count") == 2
    assert value(samples, "mythmatch_encoder_texts_bucket", le="1.0") == 1
    assert value(samples, "mythmatch_encoder_texts_sum") == 1 + 3  # the second: each sentence, and both together


def test_more_debunks_than_there_is_room_for_are_counted_as_others(toy_worker: Worker) -> None:
    metrics = Metrics()
    named = [metrics._named(f"debunk-{number}") for number in range(MAX_DEBUNKS + 50)]
    assert named[:MAX_DEBUNKS] == [f"debunk-{number}" for number in range(MAX_DEBUNKS)]
    assert set(named[MAX_DEBUNKS:]) == {"other"}
    assert metrics._named("debunk-0") == "debunk-0"


def test_an_answer_that_streams_is_counted_when_it_ends(app: Flask, client: FlaskClient) -> None:
    app.add_url_rule("/stream", "stream", lambda: Response(iter(["a", "b"])))
    answer = client.get("/stream")
    asked = {"route": "stream", "method": "GET", "status": "200"}
    assert value(scraped(client), "mythmatch_requests_total", **asked) is None
    assert answer.text == "ab"
    answer.close()
    assert value(scraped(client), "mythmatch_requests_total", **asked) == 1


def test_the_snapshot_is_told_with_its_ages(app: Flask, client: FlaskClient, toy_worker: Worker) -> None:
    samples = scraped(client)
    assert value(samples, "mythmatch_ready") == 1
    assert value(samples, "mythmatch_snapshot_revision") == 1
    assert value(samples, "mythmatch_snapshot_debunks") == 5
    assert value(samples, "mythmatch_snapshot_revisions_behind") == 0
    assert value(samples, "mythmatch_corpus_drift") == 0
    built = datetime.fromisoformat(toy_worker.matcher.snapshot.manifest.built_at).timestamp()
    gauges = SnapshotGauges(toy_worker, app.extensions[STORES], lambda: built + 3600.0)
    told = {family.name: family.samples[0].value for family in gauges.families()}
    assert told["mythmatch_snapshot_built_age_seconds"] == 3600
    assert told["mythmatch_snapshot_loaded_age_seconds"] == built + 3600 - toy_worker.loaded_at


def test_a_corpus_that_is_ahead_of_the_snapshot_is_told(tmp_path: Path) -> None:
    worker = Worker(Settings(encoder="toy", data_dir=tmp_path / "data", port=0))
    worker.load()
    with CorpusStore.open(worker.settings.corpus_url) as store:
        for number in range(3):
            store.put([Debunk(id=f"d{number}", myth=f"The bridge {number} was sold.", lang="en", rating="false")])
    stores = Stores(worker.settings)
    told = {family.name: family.samples[0].value for family in SnapshotGauges(worker, stores).families()}
    stores.close()
    assert told["mythmatch_snapshot_revisions_behind"] == 3


def test_without_a_snapshot_the_gauges_of_one_have_no_value(toy_settings: Settings) -> None:
    client = create_app(toy_settings, Worker(toy_settings)).test_client()
    assert client.post("/v1/match", json={"text": MYTH}).status_code == 503
    samples = scraped(client)
    assert value(samples, "mythmatch_ready") == 0
    assert value(samples, "mythmatch_snapshot_revision") is None
    assert value(samples, "mythmatch_errors_total", type="NotReady") == 1


def test_a_database_that_is_down_costs_a_scrape_one_gauge(tmp_path: Path, toy_worker: Worker) -> None:
    down = Stores(Settings(data_dir=tmp_path, database_url="postgresql+psycopg://nobody:x@127.0.0.1:1/none"))
    told = {family.name: family.samples for family in SnapshotGauges(toy_worker, down).families()}
    assert told["mythmatch_snapshot_revisions_behind"] == []
    assert told["mythmatch_snapshot_revision"][0].value == 1


def test_what_is_matched_and_what_waits_is_told(app: Flask, client: FlaskClient) -> None:
    admission = app.extensions["mythmatch_admission"]
    with admission.slot():
        assert value(scraped(client), "mythmatch_queue_running") == 1
    samples = scraped(client)
    assert (value(samples, "mythmatch_queue_running"), value(samples, "mythmatch_queue_waiting")) == (0, 0)
    assert value(samples, "mythmatch_queue_refused_total") == 0


def test_a_refusal_by_rate_limit_is_counted(toy_settings: Settings, toy_worker: Worker) -> None:
    limited = toy_settings.model_copy(update={"rate_limit": "2/minute"})
    client = create_app(limited, toy_worker).test_client()
    assert [client.post("/v1/match", json={"text": MYTH}).status_code for _ in range(3)] == [200, 200, 429]
    samples = scraped(client)
    assert value(samples, "mythmatch_errors_total", type="TooManyRequests") == 1
    assert value(samples, "mythmatch_requests_total", route="match.post_match", method="POST", status="429") == 1


def test_webhook_calls_are_counted_by_how_they_ended(app: Flask, client: FlaskClient) -> None:
    for _ in range(2):
        app.extensions[OBSERVED].metrics.webhook("delivered")
    samples = scraped(client)
    ended = ("delivered", "failed", "given_up", "dropped")
    assert [value(samples, "mythmatch_webhooks_total", outcome=one) for one in ended] == [2, 0, 0, 0]


def test_the_process_is_measured(client: FlaskClient) -> None:
    samples = scraped(client)
    assert (value(samples, "process_resident_memory_bytes") or 0) > 1 << 20
    assert (value(samples, "process_cpu_seconds_total") or 0) > 0
    assert (value(samples, "process_open_fds") or 0) > 2


def test_applications_do_not_count_for_each_other(toy_settings: Settings, toy_worker: Worker) -> None:
    one, other = (create_app(toy_settings, toy_worker).test_client() for _ in range(2))
    one.post("/v1/match", json={"text": MYTH})
    assert value(scraped(one), "mythmatch_answers_total", decision="match") == 1
    assert value(scraped(other), "mythmatch_answers_total", decision="match") == 0


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text; version=1.0.x", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_the_format_is_the_one_that_is_asked_for(client: FlaskClient, accept: str, content_type: str) -> None:
    answer = client.get("/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(content_type)
    is_open = content_type.startswith("application/openmetrics")
    read: Any = openmetrics_families if is_open else text_string_to_metric_families
    names = {family.name for family in read(answer.text)}
    assert {"mythmatch_requests", "mythmatch_ready"} <= {name.removesuffix("_total") for name in names}
    assert answer.text.endswith("# EOF\n") == is_open


def test_metrics_need_a_key_that_may_read(toy_settings: Settings, toy_worker: Worker) -> None:
    guarded = toy_settings.model_copy(update={"keys": "required"})
    assert create_app(guarded, toy_worker).test_client().get("/metrics").status_code == 401


def test_drift_is_among_the_metrics(app: Flask, client: FlaskClient) -> None:
    observed = app.extensions[OBSERVED]
    clock = Clock(NOW)
    observed.rates._clock = clock
    filled(observed.rates, clock)
    samples = scraped(client)
    assert value(samples, "mythmatch_decision_share", decision="match", window="hour", period="last") == 0.4
    assert value(samples, "mythmatch_decision_share", decision="no_match", window="hour", period="week_before") == 0.9
    assert value(samples, "mythmatch_decision_share_ratio", decision="match", window="hour") == pytest.approx(4.0)
    assert value(samples, "mythmatch_window_texts", window="hour", period="last") == 60


# the page


def documented(client: FlaskClient, app: Flask) -> str:
    """Return the table of all metrics, as the registry has them once each has a value."""
    observed = app.extensions[OBSERVED]
    filled(observed.rates, observed.rates._clock)
    client.post("/v1/match", json={"text": MYTH})
    client.get("/nothing")
    rows = ["| metric | type | labels | meaning |", "|---|---|---|---|"]
    for family in text_string_to_metric_families(client.get("/metrics").text):
        labels = {label for sample in family.samples for label in sample.labels if label not in ("le", "quantile")}
        name = f"{family.name}_total" if family.type == "counter" else family.name
        shown = ", ".join(f"`{label}`" for label in sorted(labels))
        rows.append(f"| `{name}` | {family.type} | {shown or 'none'} | {family.documentation} |")
    return "\n".join(rows)


def test_the_page_names_every_metric_and_no_other(app: Flask, client: FlaskClient) -> None:
    app.extensions[OBSERVED].rates._clock = Clock(NOW)
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    assert re.findall(r"^\|.*\|$", page.split("## Alerts")[0], re.M) == documented(client, app).splitlines()


def test_the_alerts_of_the_page_ask_for_metrics_that_there_are(app: Flask, client: FlaskClient) -> None:
    app.extensions[OBSERVED].rates._clock = Clock(NOW)
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    asked = set(re.findall(r"\b(?:mythmatch|process)_\w+", page.split("## Alerts")[1]))
    assert len(asked) >= 5
    known = set(re.findall(r"^\| `(\w+)`", documented(client, app), re.M))
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked} <= known


@pytest.mark.slow
def test_a_real_server_counts_what_never_reaches_the_application_and_keeps_decisions(tmp_path: Path) -> None:
    with serving(tmp_path, {"MYTHMATCH_ENCODER": "toy"}) as server:
        httpx.post(f"{server.url}/v1/match", json={"text": MYTH}).raise_for_status()
        assert httpx.get(f"{server.url}/v1/match?text={CANARY * 1000}").status_code == 414
        text = httpx.get(f"{server.url}/metrics").text
        samples = samples_of(text)
        assert value(samples, "mythmatch_requests_total", route="unknown", method="other", status="414") == 1
        assert value(samples, "mythmatch_errors_total", type="LimitRequestLine") == 1
        assert value(samples, "mythmatch_answers_total", decision="match") == 1
        assert CANARY not in text
        assert server.stop() == 0
    held = json.loads((server.data_dir / "run/decisions.json").read_text())
    assert [counts["match"] for counts in held.values()] == [1]
