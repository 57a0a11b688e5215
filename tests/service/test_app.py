"""The application: routes, statuses, one error shape, and what is never said."""

import logging
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from bs4.element import Tag
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from embeddings.errors import SnapshotDamaged
from embeddings.toy import ToyEncoder
from service import pages
from service.app import create_app
from service.matching.errors import CalibrationRefused
from service.settings import Settings
from service.wiring import prepare
from service.worker import Worker

MYTH = "NATO is encircling and trying to contain Russia"
CANARY = "a-text-that-somebody-sent"


@pytest.fixture
def client(toy_settings: Settings, toy_worker: Worker) -> FlaskClient:
    return create_app(toy_settings, toy_worker).test_client()


@pytest.fixture
def unready(toy_settings: Settings) -> FlaskClient:
    return create_app(toy_settings, Worker(toy_settings)).test_client()


def test_post_and_get_answer_the_same(client: FlaskClient) -> None:
    posted = client.post("/v1/match", json={"text": MYTH, "limit": 1})
    got = client.get("/v1/match", query_string={"text": MYTH, "limit": 1})
    assert posted.status_code == got.status_code == 200
    assert posted.json is not None
    assert got.json is not None
    assert posted.json["matches"] == got.json["matches"]
    assert posted.json["matches"][0]["debunk"]["id"] == "nato.int-115204-4"
    assert posted.json["matches"][0]["similarity"] == 1.0


def test_json_is_taken_whatever_the_content_type_says(client: FlaskClient) -> None:
    answer = client.post("/v1/match", data=b'{"text": "x"}', content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200


def test_the_threshold_of_a_request_moves_its_decision(client: FlaskClient) -> None:
    text = "NATO is encircling Russia with bases and trying to contain Moscow"
    for threshold, decision in ((1.0, "possible"), (0.01, "match")):
        answer = client.post("/v1/match", json={"text": text, "threshold": threshold})
        assert answer.json is not None
        assert answer.json["decision"] == decision
        assert answer.json["thresholds"]["match"] == threshold


def test_the_corpus_is_listed_and_each_debunk_is_found(client: FlaskClient) -> None:
    listed = client.get("/v1/debunks").json
    assert listed is not None
    assert listed["corpus_revision"] == 1
    assert [debunk["id"] for debunk in listed["debunks"]] == [f"nato.int-115204-{n}" for n in range(1, 6)]
    assert client.get("/v1/debunks/nato.int-115204-3").json == listed["debunks"][2]


def test_the_list_of_debunks_is_given_page_by_page(client: FlaskClient) -> None:
    ids, path = [], "/v1/debunks?limit=2"
    while path:
        page_of_them = client.get(path).json
        assert page_of_them is not None
        ids.append([debunk["id"][-1] for debunk in page_of_them["debunks"]])
        following = page_of_them["next"]
        path = f"/v1/debunks?limit=2&after={following}" if following else ""
    assert ids == [["1", "2"], ["3", "4"], ["5"]]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("POST", "/v1/match", b"nope", 400, "NotJson"),
        ("POST", "/v1/match", b"", 400, "NotJson"),
        ("POST", "/v1/match", b"[]", 422, "InvalidRequest"),
        ("POST", "/v1/match", b'{"text": 5}', 422, "InvalidRequest"),
        ("POST", "/v1/match", b'{"\\ud800": 5}', 422, "InvalidRequest"),
        ("POST", "/v1/match", b'{"text": ""}', 422, "InvalidText"),
        ("POST", "/v1/match", b'{"text": "\\ud800"}', 422, "InvalidText"),
        ("POST", "/v1/match", b'{"text": "%s"}' % (b"a" * 20_001), 413, "TextTooLong"),
        ("POST", "/v1/match", b"a" * (1 << 21), 413, "RequestEntityTooLarge"),
        ("GET", "/v1/match", b"", 422, "InvalidRequest"),
        ("GET", "/v1/match?text=a&limit=x", b"", 422, "InvalidRequest"),
        ("GET", "/v1/debunks?limit=0", b"", 422, "InvalidRequest"),
        ("GET", "/v1/debunks?page=2", b"", 422, "InvalidRequest"),
        ("PUT", "/v1/match", b"", 405, "MethodNotAllowed"),
        ("DELETE", "/v1/debunks", b"", 405, "MethodNotAllowed"),
        ("GET", "/v1/debunks/absent", b"", 404, "UnknownDebunk"),
        ("GET", "/v1/debunks/..%2f..%2fetc", b"", 404, "NotFound"),
        ("GET", "/nothing/here", b"", 404, "NotFound"),
        ("GET", "/static/../app.py", b"", 404, "NotFound"),
    ],
)
def test_every_error_has_one_shape(
    client: FlaskClient, method: str, path: str, body: bytes, status: int, kind: str
) -> None:
    answer = client.open(path, method=method, data=body, headers={"X-Request-ID": "my-id-1"})
    assert answer.status_code == status, answer.text
    assert answer.json is not None
    assert set(answer.json) == {"error"}
    assert set(answer.json["error"]) == {"type", "message", "request_id"}
    assert answer.json["error"]["type"] == kind
    assert answer.json["error"]["request_id"] == answer.headers["X-Request-ID"] == "my-id-1"
    assert "Traceback" not in answer.text
    assert len(answer.json["error"]["message"]) < 300


def test_a_wrong_method_is_told_the_right_ones(client: FlaskClient) -> None:
    assert {"GET", "POST"} <= set(client.put("/v1/match").headers["Allow"].split(", "))


@pytest.mark.parametrize("sent", ["", "a b", "x" * 200, "й"])
def test_a_request_id_that_is_no_plain_one_is_replaced(client: FlaskClient, sent: str) -> None:
    given = client.get("/livez", headers={"X-Request-ID": sent}).headers["X-Request-ID"]
    assert len(given) == 32
    int(given, 16)


def test_the_longest_text_is_taken_in_every_spelling(client: FlaskClient) -> None:
    escaped = b'{"text": "' + b"\\ud83e\\udd21" * 20_000 + b'"}'
    assert client.post("/v1/match", data=escaped).status_code == 200
    assert client.post("/", data={"text": "🤡" * 20_000}).status_code == 200


def test_live_is_not_ready(unready: FlaskClient) -> None:
    assert unready.get("/livez").status_code == 200
    for answer in (unready.get("/readyz"), unready.post("/v1/match", json={"text": "a"}), unready.get("/v1/debunks")):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert answer.json is not None
        assert answer.json["error"]["type"] == "NotReady"
        assert "being loaded" in answer.json["error"]["message"]


def test_ready_says_what_is_served(client: FlaskClient) -> None:
    assert client.get("/readyz").json == {"status": "ready", "corpus_revision": 1, "debunks": 5}


def test_something_unexpected_is_a_500_without_a_trace_and_without_the_text(
    client: FlaskClient, toy_worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(f"cannot handle {CANARY}")

    monkeypatch.setattr(toy_worker.matcher, "match_all", broken)
    with caplog.at_level(logging.DEBUG):
        answer = client.post("/v1/match", json={"text": CANARY}, headers={"X-Request-ID": "my-id-2"})
    assert answer.status_code == 500
    assert answer.json is not None
    assert answer.json["error"]["type"] == "InternalError"
    assert CANARY not in answer.text + caplog.text
    assert "my-id-2" in caplog.text
    assert "RuntimeError" in caplog.text


def test_every_answer_has_the_security_headers(client: FlaskClient) -> None:
    for answer in (client.get("/"), client.get("/livez"), client.get("/nothing"), client.post("/v1/match")):
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"


def page(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def text_of(shown: Tag, selector: str) -> str:
    """Return the text of the one element that the selector finds."""
    (found,) = shown.select(selector)
    return found.text


def test_the_page_shows_the_myth_with_its_fact_source_and_similarity(client: FlaskClient) -> None:
    shown = page(client.post("/", data={"text": MYTH}).text)
    assert text_of(shown, ".verdict h2") == "This repeats a known myth"
    assert text_of(shown, "mark") == MYTH
    article = shown.select_one("main > article")
    assert article is not None
    assert text_of(article, "blockquote") == MYTH
    assert "Our exercises and military deployments are not directed against Russia" in article.text
    source, about = [link["href"] for link in article.select("a")]
    assert (source, about) == ("https://www.nato.int/cps/en/natohq/115204.htm", "/debunks/nato.int-115204-4")
    assert "1.000 with the myth" in article.text


def test_the_page_marks_each_claim_in_the_text_and_keeps_the_rest(client: FlaskClient) -> None:
    threat = "NATO is aggressive and a threat to Russia"
    text = f"I painted the kitchen blue. {MYTH}! Bake 500 g of flour <for> an hour.\n{threat}."
    shown = page(client.post("/", data={"text": text}).text)
    assert [mark.text for mark in shown.select("mark")] == [f"{MYTH}!", f"{threat}."]
    assert text_of(shown, ".sent") == text
    assert {quote.text for quote in shown.select("main > article blockquote")[:2]} == {MYTH, threat}


def test_the_page_says_when_it_is_not_sure(client: FlaskClient) -> None:
    shown = page(client.post("/", data={"text": f"{MYTH}, they say"}).text)
    assert text_of(shown, ".verdict h2") == "This may be about a known myth"
    assert text_of(shown, "title") == "Possibly a known myth – Mythmatch"
    assert text_of(shown, "mark") == f"{MYTH}, they say"
    assert len(shown.select("main > article")) == 1


def test_the_page_says_plainly_that_nothing_matches(client: FlaskClient) -> None:
    shown = page(client.post("/", data={"text": "Bake 500 g of flour for an hour."}).text)
    assert text_of(shown, ".verdict h2") == "Nothing known matches"
    assert shown.select("main > article") == []
    assert "none of them about this text" in text_of(shown, "summary")


def test_wherever_the_page_shows_a_myth_its_fact_is_beside_it(client: FlaskClient) -> None:
    for text in (MYTH, "Bake 500 g of flour for an hour."):
        articles = page(client.post("/", data={"text": text}).text).select("article")
        assert len(articles) == 5
        assert all(article.select("blockquote") and article.select(".fact p") for article in articles)


@pytest.mark.parametrize(("text", "status"), [("", 422), (" \n ", 422), ("a" * 20_001, 413)])
def test_the_page_says_what_is_wrong_with_a_text_and_keeps_it(client: FlaskClient, text: str, status: int) -> None:
    answer = client.post("/", data={"text": text})
    assert answer.status_code == status
    shown = page(answer.text)
    assert "could not be matched" in text_of(shown, "[role=alert]")
    assert text_of(shown, "textarea").lstrip("\n") == text.lstrip("\n")


def test_the_page_answers_a_form_that_is_too_large(client: FlaskClient) -> None:
    answer = client.post("/", data={"text": "a" * (1 << 21)})
    assert answer.status_code == 413
    assert "larger than any text" in answer.text


def test_the_page_works_without_a_snapshot(unready: FlaskClient) -> None:
    assert unready.get("/").status_code == 200
    answer = unready.post("/", data={"text": MYTH})
    assert answer.status_code == 503
    assert "being loaded" in answer.text


def test_the_page_shows_markup_as_text(client: FlaskClient) -> None:
    html = client.post("/", data={"text": f"{MYTH}<script>alert(1)</script></textarea>"}).text
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_the_page_needs_no_script_and_no_other_host(client: FlaskClient) -> None:
    html = client.get("/").text
    assert "<script" not in html
    assert "http" not in html.replace("http-equiv", "")
    for name in ("style.css", "icon.svg"):
        with client.get(f"/static/{name}") as answer:
            assert answer.status_code == 200
    assert pages.__doc__ is not None
    assert "without JavaScript" in pages.__doc__


def ready_probe(settings: Settings, refused: type[Exception]) -> TestResponse:
    """Return what the probe of a worker says that cannot load."""
    worker = Worker(settings)
    with pytest.raises(refused) as caught:
        worker.load()
    worker._fail(caught.value)
    answer = create_app(settings, worker).test_client().get("/readyz")
    assert answer.status_code == 503
    return answer


def test_a_damaged_snapshot_is_told_by_the_ready_probe(toy_settings: Settings) -> None:
    prepare(toy_settings, ToyEncoder())
    (documents,) = toy_settings.snapshots_dir.glob("*/segments/*/documents.jsonl")
    documents.write_text("{}", encoding="utf-8")
    answer = ready_probe(toy_settings, SnapshotDamaged)
    assert "documents.jsonl is truncated or altered" in answer.text
    assert "scripts.build_snapshot" in answer.text


def test_a_calibration_that_does_not_belong_is_told_by_the_ready_probe(
    toy_settings: Settings, judged_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    absent = toy_settings.model_copy(update={"calibration": str(tmp_path / "absent.json")})
    assert "absent.json is no calibration (FileNotFoundError)" in ready_probe(absent, CalibrationRefused).text
    other_posts = toy_settings.model_copy(update={"judged": str(judged_file)})
    answer = ready_probe(other_posts, CalibrationRefused)
    assert "was fitted beside other judged posts" in answer.text
    assert "scripts.calibrate" in answer.text
    assert "Traceback" not in caplog.text  # an expected error is one line


def test_a_worker_keeps_what_it_has_when_the_new_snapshot_does_not_belong_to_its_calibration(
    toy_settings: Settings, judged_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(toy_settings)
    worker.load()
    prepare(toy_settings.model_copy(update={"judged": str(judged_file)}), ToyEncoder())
    with pytest.raises(CalibrationRefused) as caught:
        worker.load()
    worker._fail(caught.value)
    client = create_app(toy_settings, worker).test_client()
    assert client.get("/readyz").status_code == 200
    answer = client.post("/v1/match", json={"text": MYTH}).json
    assert answer is not None
    assert (answer["decision"], answer["matches"][0]["probability"]) == ("match", 1.0)
    assert "the snapshot in use stays" in caplog.text


def test_the_model_is_told_with_its_card(client: FlaskClient, toy_worker: Worker) -> None:
    model = client.get("/v1/model").json
    assert model is not None
    manifest, calibration = toy_worker.matcher.snapshot.manifest, toy_worker.matcher.calibration
    assert model["encoder"] == f"toy@{manifest.encoder_fingerprint}"
    assert model["corpus"] == {"revision": 1, "debunks": 5}
    assert (model["warning"], model["card"]["calibration"]) == (None, calibration.id)
    thresholds = {"match": calibration.thresholds.match, "possible": calibration.thresholds.possible}
    assert model["card"]["thresholds"] == thresholds
    assert model["card"]["known_weaknesses"]
