"""Batches: every row answered as if it were alone, in order, whatever is wrong with the others."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from corpus.kept_texts import KeptTexts
from service.admission import Admission
from service.answering import Answering
from service.app import ADMISSION, STORES, create_app
from service.batch_bodies import MAX_BODY_BYTES, MAX_TEXTS
from service.batches import PART_ROWS
from service.flood import FloodControl
from service.settings import Settings
from service.wire import MatchRequest
from service.worker import Worker
from tests.service.parts import NDJSON, lines, message, told

MYTH = "NATO is encircling and trying to contain Russia"
WAR = "NATO is at war with Russia in Ukraine"
BREAD = "Bake 500 g of flour for an hour"
CANARY = "a-text-that-somebody-sent"
PATH = "/v1/match/batch"


@pytest.fixture
def served(toy_settings: Settings, toy_worker: Worker) -> Iterator[Flask]:
    app = create_app(toy_settings, toy_worker)
    yield app
    app.extensions[STORES].close()


@pytest.fixture
def client(served: Flask) -> FlaskClient:
    return served.test_client()


def answers(client: FlaskClient, texts: list[Any], query: str = "", **options: Any) -> list[Any]:
    found = told(client.post(f"{PATH}{query}", json={"texts": texts, **options}), 200)
    assert list(found) == ["answers"]
    return list(found["answers"])


def streamed(client: FlaskClient, body: bytes, query: str = "") -> list[Any]:
    return lines(client.post(f"{PATH}{query}", data=body, headers=NDJSON))


def without_times(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ("id", "took_ms", "request_id")}


def test_each_text_is_answered_as_match_answers_it_in_order_with_its_id(client: FlaskClient) -> None:
    rows = [{"id": "b", "text": WAR}, {"id": 7, "text": BREAD, "lang": "en"}, MYTH, {"text": MYTH}]
    found = answers(client, rows)
    assert [answer["id"] for answer in found] == ["b", 7, 3, 4]
    alone = [told(client.post("/v1/match", json={"text": text}), 200) for text in (WAR, BREAD, MYTH, MYTH)]
    assert [without_times(answer) for answer in found] == [without_times(answer) for answer in alone]
    assert [answer["decision"] for answer in found] == ["match", "no_match", "match", "match"]
    assert list(found[0]) == ["id", *alone[0]]


def test_the_rows_request_ids_are_that_of_the_request_and_their_number(client: FlaskClient) -> None:
    asked = {"texts": [WAR, {"id": "x", "text": MYTH}]}
    found = told(client.post(PATH, json=asked, headers={"X-Request-ID": "mine"}), 200)["answers"]
    assert [answer["request_id"] for answer in found] == ["mine:1", "mine:2"]


def test_more_rows_than_are_encoded_together_are_answered_in_order(client: FlaskClient) -> None:
    rows = [{"id": number, "text": f"{MYTH} {number}" if number % 3 else BREAD} for number in range(PART_ROWS * 2 + 5)]
    found = answers(client, rows, limit=1)
    assert [answer["id"] for answer in found] == list(range(len(rows)))
    assert [answer["claims"][0]["text"] for answer in found] == [row["text"] for row in rows]
    assert streamed(client, b"\n".join(json.dumps(row).encode() for row in rows), "?limit=1")[-1]["id"] == len(rows) - 1


WRONG: list[tuple[Any, str, str]] = [
    ({"id": "c"}, "InvalidRequest", "text 2: text: it is missing; expected a string"),
    ({"id": "c", "text": " "}, "InvalidText", "text 2: text: met nothing but spaces"),
    ({"id": "c", "text": "a" * 20_001}, "TextTooLong", "text 2: text: met 20001 characters"),
    ({"id": "c", "text": 5}, "InvalidRequest", "text 2: text: met 5; expected a valid string"),
    ({"id": "c", "text": "a", "txet": 1}, "InvalidRequest", "text 2: txet: unknown field; expected only text, lang"),
    ({"id": "c", "text": "a", "limit": 51}, "InvalidRequest", "text 2: limit: met 51"),
    ({"id": "c", "text": "a", "tags": []}, "InvalidRequest", "text 2: tags: met an array; List should have at least 1"),
    (
        {"id": "c", "text": "a", "store": True},
        "InvalidRequest",
        "text 2: store: met true; this service stores no texts",
    ),
]


@pytest.mark.parametrize(("row", "kind", "expected"), WRONG)
def test_a_wrong_row_has_its_error_in_its_place_and_fails_no_other(
    client: FlaskClient, row: dict[str, Any], kind: str, expected: str
) -> None:
    first, wrong, last = answers(client, [WAR, row, MYTH])
    assert (first["decision"], last["decision"]) == ("match", "match")
    assert (list(wrong), wrong["id"]) == (["id", "error"], "c")
    assert wrong["error"]["type"] == kind
    assert wrong["error"]["message"].startswith(expected)
    assert list(wrong["error"]) == ["type", "message"]


def test_a_row_that_is_no_text_at_all_has_no_id(client: FlaskClient) -> None:
    found = answers(client, [5, None, ["a"], MYTH])
    assert [answer["id"] for answer in found] == [None, None, None, 4]
    assert [answer["error"]["message"] for answer in found[:2]] == [
        'text 1: met 5; expected an object such as {"id": 1, "text": "..."}, or a text alone',
        'text 2: met null; expected an object such as {"id": 1, "text": "..."}, or a text alone',
    ]


@pytest.mark.parametrize(
    ("asked", "status", "kind", "expected"),
    [
        ([], 422, "InvalidRequest", 'met an array; expected an object such as {"texts": ["..."'),
        ({}, 422, "InvalidRequest", "texts: it is missing; expected an array"),
        ({"texts": "a"}, 422, "InvalidRequest", 'texts: met "a"; expected an array'),
        ({"texts": ["a"], "limit": 0}, 422, "InvalidRequest", "limit: met 0"),
        ({"texts": ["a"], "txet": 1}, 422, "InvalidRequest", "txet: unknown field"),
        ({"texts": ["a"], "text": "b"}, 422, "InvalidRequest", "text: it is asked of one text alone"),
        ({"texts": ["a"], "store": True}, 422, "InvalidRequest", "this service stores no texts"),
        ({"texts": ["a"] * (MAX_TEXTS + 1)}, 422, "InvalidRequest", "Content-Type: application/x-ndjson"),
    ],
)
def test_what_is_wrong_with_all_of_it_is_an_error_of_the_request(
    client: FlaskClient, asked: Any, status: int, kind: str, expected: str
) -> None:
    assert expected in message(client.post(PATH, json=asked), status, kind)


def test_a_thousand_texts_are_taken_and_none_are_too(client: FlaskClient) -> None:
    blank = answers(client, [" "] * MAX_TEXTS)
    assert [answer["id"] for answer in blank] == list(range(1, MAX_TEXTS + 1))
    assert answers(client, []) == []
    assert streamed(client, b"") == []
    assert streamed(client, b"\n \n\r\n") == []


def test_a_body_of_json_that_is_too_large_says_so(client: FlaskClient) -> None:
    answer = client.post(PATH, data=b'{"texts": ["' + b"a" * MAX_BODY_BYTES + b'"]}')
    assert f"larger than the {MAX_BODY_BYTES} bytes" in message(answer, 413, "RequestEntityTooLarge")


def test_what_is_asked_of_all_is_asked_of_each_that_says_nothing_else(client: FlaskClient) -> None:
    rows = [{"text": MYTH}, {"text": MYTH, "limit": 2}, {"text": f"{MYTH}, they say", "threshold": 0.0}]
    for found in (
        answers(client, rows, limit=1, threshold=1.0, stance="any"),
        answers(client, rows, "?limit=3&stance=any", limit=1, threshold=1.0),
        streamed(client, b"\n".join(json.dumps(row).encode() for row in rows), "?limit=1&threshold=1&stance=any"),
    ):
        assert [len(answer["matches"]) for answer in found] == [1, 2, 1]
        assert [answer["thresholds"]["match"] for answer in found] == [1.0, 1.0, 0.0]


def test_stance_and_lang_are_as_in_match(client: FlaskClient) -> None:
    denied = f"It is a myth and a fake that {MYTH}"
    held, free = answers(client, [{"text": denied}, {"text": denied, "stance": "any"}])
    alone = told(client.post("/v1/match", json={"text": denied}), 200)
    assert (held["decision"], free["decision"]) == (alone["decision"], "match")
    explained = answers(client, [{"text": denied, "lang": "fr"}, denied], explain=True)
    same = [
        next(
            one["value"] for one in answer["matches"][0]["why"]["explanation"]["evidence"] if one["name"] == "same_lang"
        )
        for answer in explained
    ]
    assert same == [0.0, 1.0]


LINES = [
    b'\xef\xbb\xbf{"id": "a", "text": "NATO is at war with Russia in Ukraine"}',
    b"not JSON",
    b'{"id": 7, "text": "Bake 500 g of flour"}\r',
    b"",
    b'"NATO is at war with Russia in Ukraine"',
    b'{"id": "d", "text": " "}',
    b'{"id": "e", "text": "\xff"}',
    '{"id": "ж", "text": "Сир 🤡 і хліб"}'.encode(),
]


def test_lines_are_answered_by_lines_in_order_with_the_number_of_those_that_are_wrong(client: FlaskClient) -> None:
    found = streamed(client, b"\n".join(LINES))
    assert [answer["id"] for answer in found] == ["a", None, 7, 5, "d", None, "ж"]
    assert ["error" if "error" in answer else answer["decision"] for answer in found] == [
        "match", "error", "no_match", "match", "error", "error", "no_match",
    ]  # fmt: skip
    told_lines = [answer["error"]["message"].split(":")[0] for answer in found if "error" in answer]
    assert told_lines == ["line 2", "line 6", "line 7"]


def test_a_line_that_is_too_long_is_an_error_and_the_next_is_read(client: FlaskClient) -> None:
    long = b'{"id": 1, "text": "' + b"a" * (1 << 20) + b'"}'
    first, wrong, last = streamed(client, b"\n".join([b'{"id": 1, "text": "a cat"}', long, b'"a dog"']))
    assert (first["id"], wrong["id"], last["id"]) == (1, None, 3)
    assert wrong["error"]["type"] == "TextTooLong"
    assert wrong["error"]["message"].startswith("line 2: met more than 1048576 bytes")


def test_json_is_answered_by_lines_where_they_are_asked_for(client: FlaskClient) -> None:
    answer = client.post(PATH, json={"texts": [WAR, BREAD]}, headers={"Accept": "application/x-ndjson"})
    assert [found["decision"] for found in lines(answer)] == ["match", "no_match"]
    assert answer.headers["X-Accel-Buffering"] == "no"


@pytest.mark.parametrize("query", ["?limit=0", "?limit=x", "?nonsense=1", "?text=a", "?fields=a(", "?fields=nothing"])
def test_a_wrong_query_is_an_error_of_the_request(client: FlaskClient, query: str) -> None:
    message(client.post(f"{PATH}{query}", data=b'"a"', headers=NDJSON), 422, "InvalidRequest")
    message(client.post(f"{PATH}{query}", json={"texts": ["a"]}), 422, "InvalidRequest")


def test_an_id_may_be_any_json_and_comes_back_as_it_was(client: FlaskClient) -> None:
    ids = [0, "", "\ud800", 1.5, {"a": [1]}, True, "🤡" * 100]
    rows = [{"id": one, "text": BREAD} for one in ids]
    escaped = client.post(PATH, data=json.dumps({"texts": rows}).encode())
    assert [answer["id"] for answer in told(escaped, 200)["answers"]] == ids
    assert [answer["id"] for answer in streamed(client, b"\n".join(json.dumps(row).encode() for row in rows))] == ids


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A service that keeps texts, in a database of its own."""
    own = Settings(encoder="toy", data_dir=tmp_path_factory.mktemp("kept"), port=0, store_texts=True)
    worker = Worker(own)
    worker.load()
    app = create_app(own, worker)
    yield app
    app.extensions[STORES].close()


def kept(app: Flask, request_id: str) -> dict[str, str]:
    """Return what is kept of a request: each text by its own id."""
    texts: KeptTexts = app.extensions[STORES].texts
    return {one.request_id: one.text for one in texts.export() if one.request_id.startswith(f"{request_id}:")}


def test_a_row_that_asks_for_it_is_kept_under_an_id_of_its_own_with_all_of_its_answer(keeping: Flask) -> None:
    client = keeping.test_client()
    rows = [{"text": MYTH, "store": True}, BREAD, {"text": WAR, "store": True, "lang": "en"}]
    given = {"X-Request-ID": "r"}
    found = told(client.post(f"{PATH}?fields=request_id", json={"texts": rows}, headers=given), 200)["answers"]
    assert found == [{"id": number, "request_id": f"r:{number}"} for number in (1, 2, 3)]
    assert kept(keeping, "r") == {"r:1": MYTH, "r:3": WAR}
    whole = keeping.extensions[STORES].texts.get("r:1")
    assert json.loads(whole.answer)["matches"][0] == {"debunk_id": "nato.int-115204-4", "decision": "match"}
    again = told(client.post(PATH, json={"texts": [{"text": WAR, "store": True}, MYTH]}, headers=given), 200)
    assert again["answers"][0]["error"]["type"] == "Conflict"
    assert again["answers"][1]["decision"] == "match"
    long = {"X-Request-ID": "r" * 127}
    (told_so,) = told(client.post(PATH, json={"texts": [{"text": WAR, "store": True}]}, headers=long), 200)["answers"]
    assert "X-Request-ID: met rrr" in told_so["error"]["message"]


def test_lines_are_kept_where_the_query_asks_for_it(keeping: Flask) -> None:
    client = keeping.test_client()
    sent = client.post(f"{PATH}?store=true", data=f'"{MYTH}"\n"{WAR}"', headers={**NDJSON, "X-Request-ID": "q"})
    assert [answer["request_id"] for answer in lines(sent)] == ["q:1", "q:2"]
    assert kept(keeping, "q") == {"q:1": MYTH, "q:2": WAR}


def test_something_unexpected_hits_the_one_text_that_it_is_about_and_quotes_nothing(
    client: FlaskClient, toy_worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    match_all = toy_worker.matcher.match_all

    def broken(asked: Any, is_flooded: Any) -> Any:
        if any(CANARY in each.text for each in asked):
            raise RuntimeError(f"cannot handle {CANARY}")
        return match_all(asked, is_flooded)

    monkeypatch.setattr(toy_worker.matcher, "match_all", broken)
    with caplog.at_level(logging.DEBUG):
        found = answers(client, [WAR, {"id": "x", "text": f"{CANARY} here"}, MYTH])
    assert [answer.get("decision") for answer in found] == ["match", None, "match"]
    assert found[1] == {
        "id": "x",
        "error": {
            "type": "InternalError",
            "message": "something unexpected went wrong here; the log has it under this request id",
        },
    }
    assert CANARY not in caplog.text
    assert "RuntimeError" in caplog.text


def test_a_snapshot_that_is_not_there_yet_is_an_error_of_the_request(toy_settings: Settings) -> None:
    unready = create_app(toy_settings, Worker(toy_settings)).test_client()
    message(unready.post(PATH, json={"texts": [WAR]}), 503, "NotReady")
    message(unready.post(PATH, data=b'"a"', headers=NDJSON), 503, "NotReady")


def test_more_batches_than_are_taken_at_a_time_are_refused_before_anything_is_read(served: Flask) -> None:
    admission, client = served.extensions[ADMISSION], served.test_client()
    taken = [admission.batch() for _ in range(admission.batches)]
    for place in taken:
        place.__enter__()
    for answer in (client.post(PATH, json={"texts": [WAR]}), client.post(PATH, data=b'"a"', headers=NDJSON)):
        assert "overloaded" in message(answer, 503, "Overloaded")
    for place in taken:
        place.__exit__(None, None, None)
    assert len(answers(client, [WAR])) == 1


@pytest.mark.parametrize("read", [0, 1])
def test_a_client_that_goes_away_frees_its_place(served: Flask, read: int) -> None:
    admission, client = served.extensions[ADMISSION], served.test_client()
    for _ in range(admission.batches * 3):
        answer = client.post(PATH, data=b'"a cat"\n"a dog"', headers=NDJSON, buffered=False)
        assert answer.status_code == 200
        for _ in range(read):
            next(iter(answer.iter_encoded()))
        answer.close()
    assert len(answers(client, [WAR])) == 1


def test_every_row_counts_towards_the_callers_rate(toy_settings: Settings, toy_worker: Worker) -> None:
    limited = toy_settings.model_copy(update={"rate_limit": f"{PART_ROWS + 6}/hour"})
    client = create_app(limited, toy_worker).test_client()
    assert len(answers(client, [BREAD] * 3)) == 3
    message(client.post(PATH, json={"texts": [BREAD] * (PART_ROWS + 4)}), 429, "TooManyRequests")
    found = streamed(client, b'"Bake it"\n' * (PART_ROWS + 6))
    kinds = [answer["error"]["type"] if "error" in answer else answer["decision"] for answer in found]
    assert kinds == ["no_match"] * PART_ROWS + ["TooManyRequests"] * 6
    assert [answer["id"] for answer in found] == list(range(1, PART_ROWS + 7))


def test_every_match_counts_towards_a_flood(toy_worker: Worker) -> None:
    flood = FloodControl(1.0, 2)
    answering = Answering(toy_worker, flood, Admission(1, 0, 1.0))
    asked = [MatchRequest(text=text) for text in (WAR, BREAD, WAR)]
    with answering.admission.batch():
        assert [one.answer.decision for one in answering.answer_all(asked)] == ["match", "no_match", "match"]
        assert not flood.is_flooded("nato.int-115204-1")
        answering.answer_all(asked[:1])
    assert flood.is_flooded("nato.int-115204-1")


def test_a_service_that_is_being_stopped_says_so_between_two_parts(served: Flask, toy_worker: Worker) -> None:
    body = b'"Bake it"\n' * (PART_ROWS * 3)
    answer = served.test_client().post(PATH, data=body, headers=NDJSON, buffered=False)
    arriving = iter(answer.iter_encoded())
    try:
        first = [json.loads(next(arriving)) for _ in range(PART_ROWS)]
        toy_worker.drain()
        *_, last = map(json.loads, arriving)
    finally:
        toy_worker.is_draining = False
    assert [line["id"] for line in first] == list(range(1, PART_ROWS + 1))
    assert last["id"] is None
    assert last["error"]["message"] == "the service is being stopped; send again what has no answer"
