"""/v1/feedback and /v1/texts: what moderators say is kept and given back, texts only where that is allowed."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.settings import Settings
from service.worker import Worker
from tests.service.parts import lines, message, told

MYTH = "NATO is encircling and trying to contain Russia"
WAR, PROMISE, ENCIRCLING = (f"nato.int-115204-{number}" for number in (1, 2, 4))


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of a ready service that may keep texts."""
    folder = tmp_path_factory.mktemp("keeping") / "data"
    settings = Settings(encoder="toy", data_dir=folder, port=0, store_texts=True)
    worker = Worker(settings)
    worker.load()
    return create_app(settings, worker).test_client()


def test_feedback_is_kept_given_back_and_erased(client: FlaskClient) -> None:
    assert lines(client.get("/v1/feedback")) == []
    confirm = {"verdict": "confirm", "debunk_id": WAR, "text": "НАТО воює з Росією!", "relation": "reports"}
    first = told(client.post("/v1/feedback", json=confirm, headers={"X-Author": "anna"}), 201)
    other = {"verdict": "other", "debunk_id": WAR, "other_id": PROMISE, "text": "Not one inch", "lang": "en"}
    second = told(client.post("/v1/feedback", json=other), 201)
    kept = lines(client.get("/v1/feedback"))
    assert [{name: value for name, value in word.items() if name != "text"} for word in kept] == [first, second]
    assert [word["text"] for word in kept] == ["НАТО воює з Росією!", "Not one inch"]
    shown = {name: kept[0][name] for name in ("author", "verdict", "debunk_id", "other_id", "relation", "lang")}
    assert shown == {
        "author": "api:anna", "verdict": "confirm", "debunk_id": WAR, "other_id": None, "relation": "reports",
        "lang": "uk",
    }  # fmt: skip
    assert client.delete(f"/v1/feedback/{first['id']}").status_code == 204
    assert "GET /v1/feedback" in message(client.delete(f"/v1/feedback/{first['id']}"), 404, "UnknownFeedback")
    assert [word["id"] for word in lines(client.get("/v1/feedback"))] == [second["id"]]
    assert told(client.delete("/v1/feedback?before=2026-01-01"), 200) == {"erased": 0}
    assert told(client.delete("/v1/feedback?before=2999-01-01T00:00Z"), 200) == {"erased": 1}
    assert lines(client.get("/v1/feedback")) == []


@pytest.mark.parametrize(
    ("changes", "kind", "expected"),
    [
        ({"verdict": "maybe"}, "InvalidRequest", "verdict: met \"maybe\"; expected 'confirm', 'reject' or 'other'"),
        ({"verdict": ...}, "InvalidRequest", "verdict: it is missing; expected confirm, reject or other"),
        ({"debunk_id": "absent"}, "InvalidRequest", "debunk_id: there is no debunk 'absent'"),
        ({"debunk_id": 5}, "InvalidRequest", "debunk_id: met 5; expected a valid string"),
        ({"verdict": "other"}, "InvalidRequest", 'expected "other_id" exactly where the verdict is "other"'),
        ({"other_id": PROMISE}, "InvalidRequest", 'expected "other_id" exactly where the verdict is "other"'),
        ({"verdict": "other", "other_id": WAR}, "InvalidRequest", 'is not the "debunk_id"; send "confirm"'),
        ({"verdict": "other", "other_id": "no"}, "InvalidRequest", "other_id: there is no debunk 'no'"),
        ({"verdict": "reject", "relation": "denies"}, "InvalidRequest", 'expected no "relation"'),
        ({"relation": "none"}, "InvalidRequest", 'relation: met "none"'),
        ({"text": ...}, "InvalidRequest", 'expected the "text", or the "request_id"'),
        ({"text": ..., "request_id": "r9"}, "InvalidRequest", "request_id: no text is kept under 'r9'"),
        ({"text": " "}, "InvalidText", "nothing but spaces"),
        ({"text": "\ud800"}, "InvalidText", "half of a surrogate pair"),
        ({"text": "a" * 20_001}, "TextTooLong", "met 20001 characters"),
        ({"colour": "red"}, "InvalidRequest", "colour: unknown field; expected only verdict, debunk_id"),
    ],
)
def test_wrong_feedback_is_told_with_what_was_met_and_expected(
    client: FlaskClient, changes: dict[str, Any], kind: str, expected: str
) -> None:
    fields = {"verdict": "confirm", "debunk_id": WAR, "text": "A text.", **changes}
    body = json.dumps({name: value for name, value in fields.items() if value is not ...})
    answer = client.post("/v1/feedback", data=body, headers={"Content-Type": "application/json"})
    assert expected in message(answer, 413 if kind == "TextTooLong" else 422, kind)
    assert lines(client.get("/v1/feedback")) == []


@pytest.mark.parametrize("path", ["/v1/feedback", "/v1/texts"])
def test_erasing_without_a_time_erases_nothing_and_is_told(client: FlaskClient, path: str) -> None:
    assert "before: it is missing" in message(client.delete(path), 422, "InvalidRequest")
    assert "expected a day or time in ISO 8601" in message(client.delete(f"{path}?before=old"), 422, "InvalidRequest")


def test_feedback_on_a_removed_debunk_is_still_taken(client: FlaskClient) -> None:
    client.delete(f"/v1/debunks/{WAR}")
    told(client.post("/v1/feedback", json={"verdict": "reject", "debunk_id": WAR, "text": "a"}), 201)
    assert [given["debunk_id"] for given in lines(client.get("/v1/feedback"))] == [WAR]


def test_no_text_is_kept_unless_the_settings_allow_it(toy_settings: Settings, toy_worker: Worker) -> None:
    client = create_app(toy_settings, toy_worker).test_client()
    answer = client.post("/v1/match", json={"text": MYTH, "store": True})
    refused = message(answer, 422, "InvalidRequest")
    assert "this service stores no texts" in refused
    assert "MYTHMATCH_STORE_TEXTS" in refused
    assert lines(client.get("/v1/texts")) == []


def test_a_text_is_kept_with_its_answer_where_it_is_asked_for_and_feedback_can_name_it(keeping: FlaskClient) -> None:
    told(keeping.post("/v1/match", json={"text": "not to be kept"}), 200)
    by_id = {"X-Request-ID": "r-1"}
    told(keeping.post("/v1/match", json={"text": MYTH, "store": True, "limit": 2}, headers=by_id), 200)
    (kept,) = lines(keeping.get("/v1/texts"))
    assert (kept["request_id"], kept["text"], kept["lang"]) == ("r-1", MYTH, "en")
    assert (kept["answer"]["decision"], kept["answer"]["corpus_revision"]) == ("match", 1)
    assert kept["answer"]["matches"][0] == {"debunk_id": ENCIRCLING, "decision": "match"}
    assert len(kept["answer"]["matches"]) == 2
    confirm = {"verdict": "confirm", "debunk_id": ENCIRCLING, "request_id": "r-1"}
    given = told(keeping.post("/v1/feedback", json=confirm), 201)
    assert "text" not in given
    assert [(word["text"], word["lang"]) for word in lines(keeping.get("/v1/feedback"))] == [(MYTH, "en")]
    assert keeping.delete("/v1/texts/r-1").status_code == 204
    message(keeping.delete("/v1/texts/r-1"), 404, "UnknownText")
    assert lines(keeping.get("/v1/texts")) == []
    assert [word["text"] for word in lines(keeping.get("/v1/feedback"))] == [
        MYTH
    ]  # a word of its own, erased by its id


def test_a_request_id_keeps_one_text_and_a_get_keeps_none(keeping: FlaskClient) -> None:
    by_id = {"X-Request-ID": "r-2"}
    told(keeping.post("/v1/match", json={"text": MYTH, "store": True}, headers=by_id), 200)
    told(keeping.post("/v1/match", json={"text": MYTH, "store": True}, headers=by_id), 200)
    second = keeping.post("/v1/match", json={"text": "another", "store": True}, headers=by_id)
    assert "another text is kept under 'r-2'" in message(second, 409, "Conflict")
    got = keeping.get("/v1/match", query_string={"text": "by get", "store": "true"})
    assert "POST /v1/match takes it" in message(got, 422, "InvalidRequest")
    assert [kept["text"] for kept in lines(keeping.get("/v1/texts"))] == [MYTH]
    assert told(keeping.delete("/v1/texts?before=2999-01-01"), 200) == {"erased": 1}


def test_texts_are_in_no_log(keeping: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    canary = "a-text-that-somebody-sent"
    with caplog.at_level(logging.DEBUG):
        keeping.post("/v1/match", json={"text": canary, "store": True})
        for fields in ({"debunk_id": WAR}, {"debunk_id": "absent"}, {"debunk_id": WAR, "colour": canary}):
            keeping.post("/v1/feedback", json={"verdict": "confirm", "text": canary, **fields})
        keeping.post(f"/v1/debunks/{WAR}/suppressions", json={"text": canary})
        keeping.delete(f"/v1/debunks/{WAR}/suppressions", json={"text": canary})
    assert canary not in caplog.text


def test_matching_goes_on_without_the_database(tmp_path: Path) -> None:
    settings = Settings(encoder="toy", data_dir=tmp_path / "data", port=0, store_texts=True)
    worker = Worker(settings)
    worker.load()
    for name in ("corpus.db", "corpus.db-wal", "corpus.db-shm"):
        (settings.data_dir / name).unlink(missing_ok=True)
    (settings.data_dir / "corpus.db").write_bytes(b"no database at all, " * 100)
    client = create_app(settings, worker).test_client()
    for answer in (
        client.get("/v1/debunks"),
        client.patch(f"/v1/debunks/{WAR}", json={"tags": ["a"]}),
        client.post("/v1/match", json={"text": MYTH, "store": True}),
        client.get("/v1/feedback"),
    ):
        assert "file is not a database" in message(answer, 503, "StoreError")
        assert answer.headers["Retry-After"] == "5"
    assert told(client.post("/v1/match", json={"text": MYTH}), 200)["decision"] == "match"
    assert client.get("/readyz").status_code == 200
