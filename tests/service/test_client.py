"""The client, against real servers: what it gives, what it sends again, and what it never does."""

import email.utils
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from service.client import ROWS_A_REQUEST, Client
from service.client_errors import (
    Busy,
    Conflict,
    MythmatchError,
    NotAllowed,
    NotFound,
    Refused,
    ServerFailed,
    Unreachable,
)
from service.client_shapes import ClaimAnswer, Match, MatchAnswer, Place, Readiness, ShownDebunk, Span, TextRow, Why
from tests.real_server import ROOT, RealServer, serving

MYTH, DEBUNK_ID = "NATO is at war with Russia in Ukraine", "nato.int-115204-1"
BRIDGE = {"id": "bridge?#%2F&é", "myth": "The bridge was sold.", "fact": "It was not.", "lang": "en"}
Answer = tuple[int, dict[str, str], bytes]
BROKEN = 0  # in place of a status: the connection is closed without an answer
OK: Answer = (200, {}, b'{"status": "ready", "corpus_revision": 1, "debunks": 5}')


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with serving(tmp_path_factory.mktemp("client"), {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_BUILDER": "off"}) as made:
        yield made


@pytest.fixture
def client(server: RealServer) -> Iterator[Client]:
    with Client(server.url) as made:
        yield made


def same_keys(shown: Any, shape: type) -> None:
    """Assert that the object has the fields that its type names."""
    optional: frozenset[str] = getattr(shape, "__optional_keys__", frozenset())
    assert set(get_type_hints(shape)) - optional <= set(shown) <= set(get_type_hints(shape)), shape.__name__


@pytest.mark.slow
def test_an_answer_has_the_fields_that_its_types_name(client: Client) -> None:
    answer = client.match(MYTH, limit=2)
    (best, _) = answer["matches"]
    assert (answer["decision"], best["debunk"]["id"], best["similarity"]) == ("match", DEBUNK_ID, 1.0)
    same_keys(answer, MatchAnswer)
    same_keys(best, Match)
    same_keys(best["debunk"], ShownDebunk)
    same_keys(best["span"], Span)
    same_keys(best["spans"][0], Place)
    same_keys(best["why"], Why)
    same_keys(answer["claims"][0], ClaimAnswer)
    same_keys(client.ready(), Readiness)
    assert client.match(MYTH, threshold=1.0)["thresholds"]["match"] == 1.0
    assert set(client.match("NATO", fields="decision")) == {"decision"}


@pytest.mark.slow
def test_many_texts_are_answered_in_order_each_with_its_id_and_a_wrong_one_with_its_error(client: Client) -> None:
    texts: list[str | TextRow] = [MYTH, "", {"id": "mine", "text": "Bake 500 g of flour.", "lang": "en"}, "x" * 20_001]
    texts += [f"text {number}" for number in range(2 * ROWS_A_REQUEST)]
    answers = list(client.match_all(texts, limit=1))
    assert [answer.get("id") for answer in answers] == [0, 1, "mine", *range(3, len(texts))]
    found = [answer["error"]["type"] if "error" in answer else answer["decision"] for answer in answers]
    assert found[:4] == ["match", "InvalidText", "no_match", "TextTooLong"]
    assert set(found[4:]) == {"no_match"}


@pytest.mark.slow
def test_a_debunk_is_written_changed_listed_and_removed(client: Client) -> None:
    written = client.debunks.put(BRIDGE)
    assert written == client.debunks.get(BRIDGE["id"])
    assert (written.debunk["myth"], written.debunk["fact"]) == (BRIDGE["myth"], BRIDGE["fact"])
    changed = client.debunks.patch(BRIDGE["id"], {"tags": ["city"]}, if_match=written.revision)
    assert changed.revision == written.revision + 1
    with pytest.raises(Conflict) as caught:
        client.debunks.put({**BRIDGE, "tags": []}, if_match=written.revision)
    assert (caught.value.type, caught.value.status) == ("Conflict", 409)
    assert [debunk["id"] for debunk in client.debunks.list(tag="city")] == [BRIDGE["id"]]
    client.debunks.delete(BRIDGE["id"], if_match="*")
    assert [version["debunk"] is None for version in client.debunks.history(BRIDGE["id"])] == [True, False, False]
    with pytest.raises(NotFound) as gone:
        client.debunks.get(BRIDGE["id"])
    assert (gone.value.type, gone.value.status) == ("UnknownDebunk", 404)
    assert len(gone.value.request_id or "") == 32
    assert "was removed" in gone.value.message
    assert (gone.value.request_id or "-") in str(gone.value)


@pytest.mark.slow
def test_all_pages_of_the_corpus_are_listed_as_it_was_at_the_first(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.client.PAGE", 2)
    listed = client.debunks.list()
    first = next(listed)
    client.debunks.put({**BRIDGE, "id": "zzz"})
    assert [first["id"], *(debunk["id"] for debunk in listed)] == [f"nato.int-115204-{n}" for n in range(1, 6)]
    client.debunks.delete("zzz")


@pytest.mark.slow
def test_feedback_is_taken_and_a_wrong_request_is_refused_with_its_reason(client: Client) -> None:
    assert client.feedback("reject", DEBUNK_ID, text="A text.")["verdict"] == "reject"
    for ask in (lambda: client.feedback("other", DEBUNK_ID, text="A text."), lambda: client.match(" ")):
        with pytest.raises(Refused) as caught:
            ask()
        assert caught.value.status == 422


@dataclass
class Scripted:
    """A server that answers as it is told, the last for good, and what it was asked."""

    answers: list[Answer]
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    url: str = ""

    def methods(self) -> list[str]:
        return [method for method, _, _ in self.asked]


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    script = Scripted([OK])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            """Answer any method alike."""
            self.raw_requestline = self.rfile.readline(65_537)
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self.answer()

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            script.asked.append((self.command, self.path, body))
            script.keys.append(self.headers["Authorization"])
            status, headers, told = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
            if status == BROKEN:
                self.close_connection = True
                return
            if self.path.startswith("/v1/match/batch") and status == 200:
                told = b"".join(json.dumps({"id": json.loads(row)["id"]}).encode() + b"\n" for row in body.splitlines())
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(told))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield script
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits that are noted and not waited."""
    waits: list[float] = []
    monkeypatch.setattr("service.client_sending.sleep", waits.append)
    return waits


def busy(status: int, retry_after: str | None = None) -> Answer:
    told = json.dumps({"error": {"type": "Overloaded", "message": "later", "request_id": "r1"}}).encode()
    return status, {} if retry_after is None else {"Retry-After": retry_after}, told


WRITES: dict[str, Callable[[Client], object]] = {
    "put": lambda client: client.debunks.put(BRIDGE),
    "patch": lambda client: client.debunks.patch("bridge", {}),
    "delete": lambda client: client.debunks.delete("bridge"),
    "feedback": lambda client: client.feedback("confirm", "bridge", text="a"),
    "kept text": lambda client: client.match("a", store=True),
}
READS: dict[str, Callable[[Client], object]] = {
    "match": lambda client: client.match("a"),
    "match_all": lambda client: list(client.match_all(["a"])),
    "get": lambda client: client.debunks.history("bridge"),
}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("failure", [busy(503), busy(429), (BROKEN, {}, b"")])
def test_what_only_reads_is_sent_again(scripted: Scripted, impatient: list[float], name: str, failure: Answer) -> None:
    scripted.answers = [failure, failure, (200, {}, b'{"versions": []}')]
    with Client(scripted.url) as client:
        READS[name](client)
    assert len(scripted.asked) == 3
    assert scripted.asked[0] == scripted.asked[2]
    assert len(impatient) == 2
    assert 0.5 <= impatient[0] <= 1.0 <= impatient[1] <= 1.5


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(("failure", "kind"), [(busy(503), Busy), ((BROKEN, {}, b""), Unreachable)])
def test_what_may_have_written_is_never_sent_again(
    scripted: Scripted, impatient: list[float], name: str, failure: Answer, kind: type[MythmatchError]
) -> None:
    scripted.answers = [failure]
    with Client(scripted.url) as client, pytest.raises(kind):
        WRITES[name](client)
    assert len(scripted.asked) == 1
    assert impatient == []


def test_a_write_that_was_surely_not_taken_is_sent_again(scripted: Scripted, impatient: list[float]) -> None:
    scripted.answers = [busy(429, "7"), (201, {}, b'{"verdict": "confirm"}')]
    with Client(scripted.url) as client:
        assert client.feedback("confirm", "bridge", text="a") == {"verdict": "confirm"}
    assert scripted.methods() == ["POST", "POST"]
    assert impatient == [7.0]


def test_the_server_says_how_long_to_wait_and_too_long_is_an_error_at_once(
    scripted: Scripted, impatient: list[float]
) -> None:
    soon = email.utils.formatdate(time.time() + 12, usegmt=True)
    scripted.answers = [busy(503, "3"), busy(503, soon), busy(503, "nonsense"), busy(503, "3600")]
    with Client(scripted.url) as client, pytest.raises(Busy) as caught:
        client.match("a")
    assert caught.value.retry_after_s == 3600
    assert (caught.value.type, caught.value.message, caught.value.request_id) == ("Overloaded", "later", "r1")
    assert impatient[0] == 3.0
    assert 10 <= impatient[1] <= 12
    assert len(impatient) == 3


def test_tries_are_bounded(scripted: Scripted, impatient: list[float]) -> None:
    scripted.answers = [busy(503)]
    for retries in (0, 2):
        scripted.asked.clear()
        with Client(scripted.url, retries=retries) as client, pytest.raises(Busy):
            client.match("a")
        assert len(scripted.asked) == 1 + retries


def test_where_nobody_listens_all_is_tried_again_and_then_an_error(impatient: list[float]) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take the port
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        for ask in (*READS.values(), *WRITES.values()):
            impatient.clear()
            with Client(url, retries=2) as client, pytest.raises(Unreachable) as caught:
                ask(client)
            assert caught.value.unsent
            assert (caught.value.status, caught.value.request_id) == (None, None)
            assert len(impatient) == 2


def test_an_answer_that_takes_too_long_is_an_error_and_not_asked_for_again(impatient: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Client(url, timeout=0.2) as client, pytest.raises(Unreachable) as caught:
            client.match("a")
    assert caught.value.timed_out
    assert impatient == []


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((401, {}, b"{}"), NotAllowed),
        ((403, {}, b"<html>"), NotAllowed),
        ((404, {}, b'{"error": "no"}'), NotFound),
        ((410, {}, b"[]"), NotFound),
        ((412, {}, b""), Conflict),
        ((418, {}, b"null"), Refused),
        ((500, {}, b"\xff"), ServerFailed),
        ((302, {"Location": "https://login.example/"}, b""), ServerFailed),
        ((200, {"Content-Type": "text/html"}, b"<p>Hello</p>"), ServerFailed),
    ],
)
def test_every_status_has_its_error_also_where_another_server_answers(
    scripted: Scripted, answer: Answer, kind: type[MythmatchError]
) -> None:
    scripted.answers = [answer]
    with Client(scripted.url) as client, pytest.raises(MythmatchError) as caught:
        client.match("a text that somebody sent")
    assert type(caught.value) is kind
    assert caught.value.status == answer[0]
    assert "somebody" not in str(caught.value)
    assert len(scripted.asked) == 1


def test_texts_are_taken_as_answers_are(scripted: Scripted) -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield "a text"

    with Client(scripted.url) as client:
        answers = client.match_all(endless(), limit=3)
        assert taken == 0
        assert [next(answers)["id"] for _ in range(ROWS_A_REQUEST + 3)] == list(range(ROWS_A_REQUEST + 3))
        assert taken == 2 * ROWS_A_REQUEST
    assert [path for _, path, _ in scripted.asked] == ["/v1/match/batch?limit=3"] * 2


def test_answers_that_are_not_those_to_the_texts_are_an_error(scripted: Scripted) -> None:
    gave_up = b'{"id": 0}\n{"id": null, "error": {"type": "NotReady", "message": "stopped"}}\n'
    for body, kind in ((b"", "OtherAnswers"), (b'{"id": 1}\n{"id": 0}\n', "OtherAnswers"), (gave_up, "NotReady")):
        scripted.answers = [(206, {}, body)]
        with Client(scripted.url) as client, pytest.raises(ServerFailed) as caught:
            next(client.match_all(["a", "b"]))
        assert caught.value.type == kind


def test_a_server_is_waited_for_until_it_is_ready_or_the_time_is_over(scripted: Scripted) -> None:
    scripted.answers = [busy(503), (BROKEN, {}, b""), OK]
    with Client(scripted.url) as client:
        assert client.ready(wait_seconds=30)["debunks"] == 5
        assert len(scripted.asked) == 3
        scripted.answers = [busy(503)]
        scripted.asked.clear()
        with pytest.raises(Busy):
            client.ready()
        assert len(scripted.asked) == 1
        started = time.monotonic()
        with pytest.raises(Busy):
            client.ready(wait_seconds=0.5)
        assert 0.4 <= time.monotonic() - started < 10


def test_the_key_is_sent_and_never_shown(scripted: Scripted) -> None:
    with Client(scripted.url, "key-of-ours") as client:
        client.ready()
        assert scripted.keys == ["Bearer key-of-ours"]
        scripted.answers = [(401, {}, b"{}")]
        with pytest.raises(NotAllowed) as caught:
            client.match("a")
        assert "key-of-ours" not in f"{client!r} {client.debunks!r} {caught.value!r} {vars(caught.value)}"


def test_the_client_loads_nothing_of_what_a_server_needs() -> None:
    program = "import sys, service.client; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={**os.environ, "PYTHONPATH": ""}, capture_output=True, check=True
    )
    loaded = set(done.stdout.decode().split())
    assert {"httpx", "service"} <= loaded
    heavy = {"torch", "faiss", "flask", "numpy", "transformers", "sqlalchemy", "pydantic", "corpus", "embeddings"}
    assert not loaded & heavy


def test_what_is_read_and_written_has_no_limit_of_one_thread(scripted: Scripted, tmp_path: Path) -> None:
    with Client(scripted.url) as client:
        threads = [threading.Thread(target=client.ready) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(scripted.asked) == 8


@pytest.mark.slow
def test_the_readmes_example_works(server: RealServer, tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Client\n")[1].split("\n## ")[0]
    program = section.split("```python\n")[1].split("```")[0].replace("http://127.0.0.1:8000", server.url)
    (tmp_path / "posts.txt").write_text(f"{MYTH}\n\nBake it.\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first, *others = done.stdout.splitlines()
    assert first == "match ['https://www.nato.int/cps/en/natohq/115204.htm']"
    assert [line.split()[0] for line in others] == ["0", "1", "2"]
    assert [line.split()[1] for line in (others[0], others[2])] == ["match", "no_match"]
