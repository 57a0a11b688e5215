"""What docs/hostile-input.md says of hostile and unlucky clients, sent to a running server as raw bytes."""

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from service.app import SECURITY_HEADERS, create_app
from service.settings import Settings
from service.worker import Worker
from tests.hostile_inputs import BODIES, CANARY, HEADS, INPUTS, MATCH, MIB, PATHS, SENT, chunked
from tests.raw_http import RawAnswer, connected, exchange, parse, post, receive_all, receive_answer, request
from tests.real_server import ROOT, RealServer, serving

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hostile")]

DOCUMENT = (ROOT / "docs/hostile-input.md").read_text(encoding="utf-8")
REQUEST_SECONDS, KEEP_ALIVE_SECONDS = 1.5, 1
MARGIN_SECONDS = 8.0  # on a machine that does other work besides
MAX_GROWTH_KIB = 24 * 1024  # of the server's memory, while 100 MB are sent to it
LIVE = request(b"GET", b"/livez")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server without a builder, so that all of its memory is the worker's, which keeps idle connections long."""
    settings = {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_BUILDER": "off", "MYTHMATCH_KEEP_ALIVE_SECONDS": "300"}
    with serving(tmp_path_factory.mktemp("hostile"), settings) as started:
        yield started


@pytest.fixture(scope="module")
def hasty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server that waits for clients for a second or so, and has few threads."""
    settings = {
        "MYTHMATCH_ENCODER": "toy",
        "MYTHMATCH_BUILDER": "off",
        "MYTHMATCH_REQUEST_SECONDS": str(REQUEST_SECONDS),
        "MYTHMATCH_KEEP_ALIVE_SECONDS": str(KEEP_ALIVE_SECONDS),
        "MYTHMATCH_THREADS": "2",
    }
    with serving(tmp_path_factory.mktemp("hasty"), settings) as started:
        yield started


def rows() -> dict[str, str]:
    """Return, by input, the answer that the document promises in its first three tables."""
    tables = DOCUMENT.partition("## Slow clients")[0]
    cells = re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", tables, re.M)
    return {name: answer for name, answer in cells if name != "input"}


def told(answer: RawAnswer) -> str:
    """Return the answer as the document has it."""
    if answer.headers.get("content-type", "").startswith("text/html"):
        return "200" if answer.status == 200 else f"{answer.status} page"
    if answer.status < 400:
        return str(answer.status)
    error = answer.json()["error"]
    assert set(error) == {"type", "message", "request_id"}
    return f"{answer.status} {error['type']}"


def check_headers(answer: RawAnswer) -> None:
    """Assert that the answer has the headers that keep browsers safe, and tells no version."""
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name.lower()] == value
    assert answer.headers["x-request-id"]
    assert answer.headers.get("server", "gunicorn") == "gunicorn"


def test_every_input_is_in_the_document_and_each_once() -> None:
    assert list(rows()) == list(INPUTS)
    assert len(INPUTS) == len(BODIES) + len(PATHS) + len(HEADS)


@pytest.mark.parametrize("name", INPUTS)
def test_a_hostile_input_gets_what_the_document_says(server: RealServer, name: str) -> None:
    received = exchange(server.url, INPUTS[name](), half_close="cut off" in name)
    answer = parse(received)
    assert told(answer) == rows()[name]
    check_headers(answer)
    assert answer.rest == b"", "one request has one answer"
    assert answer.headers["connection"] == "close"
    assert CANARY.decode() not in server.logged()
    assert CANARY not in received or answer.status == 200
    httpx.post(f"{server.url}{MATCH}", json={"text": "a b c d"}).raise_for_status()


def workers_peak(server: RealServer) -> int:
    """Return the most memory that the worker process ever had, in KiB."""
    found = subprocess.run(["pgrep", "-P", str(server.process.pid)], capture_output=True, text=True, check=True)
    (pid,) = found.stdout.split()
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.M)
    assert peak
    return int(peak[1])


@pytest.mark.parametrize(
    "name",
    ["a body of 100 MB", "100 MB in chunks, without a length", "a gzip bomb: 200 KB that unfold to 200 MB"],
)
def test_a_large_body_takes_no_memory(server: RealServer, name: str) -> None:
    httpx.post(f"{server.url}{MATCH}", json={"text": "a b c d"}).raise_for_status()
    before = workers_peak(server)
    for _ in range(3):
        assert parse(exchange(server.url, INPUTS[name]())).status in (413, 415)
    assert workers_peak(server) - before < MAX_GROWTH_KIB


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(server: RealServer) -> None:
    with connected(server.url) as connection:
        head, _, body = post(MATCH, SENT, b"Expect: 100-continue").partition(b"\r\n\r\n")
        connection.sendall(head + b"\r\n\r\n")
        assert receive_answer(connection).status == 100
        connection.sendall(body)
        assert receive_answer(connection).status == 200


def test_requests_that_come_in_one_piece_are_answered_in_turn(server: RealServer) -> None:
    kept = post(MATCH, SENT).replace(b"Connection: close\r\n", b"")
    received = exchange(server.url, kept * 3 + LIVE)
    statuses = []
    while received:
        answer = parse(received)
        statuses.append((answer.status, answer.headers["connection"]))
        received = answer.rest
    assert statuses == [(200, "keep-alive")] * 3 + [(200, "close")]


def test_what_follows_a_refused_body_is_not_taken_for_a_request(server: RealServer) -> None:
    hidden = b"GET /v1/model HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for name in (
        "a chunk that is longer than it says",
        "a broken chunk on a path that is not there",
        "two Content-Lengths",
    ):
        received = exchange(server.url, INPUTS[name]().replace(b"Connection: close\r\n", b"") + hidden)
        assert received.count(b"HTTP/1.1 ") == 1, name
    waiting = request(b"POST", b"/nothing", b"Content-Length: 43", b"Expect: 100-continue")
    received = exchange(server.url, waiting.replace(b"Connection: close\r\n", b"") + hidden)
    assert received.count(b"HTTP/1.1 ") == 1
    assert parse(received).headers["connection"] == "close"


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """By path, with a value for each of its variables, the methods of all routes."""
    settings = Settings(encoder="toy", data_dir=tmp_path_factory.mktemp("routes"))
    found = dict[str, set[str]]()
    for rule in create_app(settings, Worker(settings)).url_map.iter_rules():
        path = re.sub(r"<(path:)?filename>", "style.css", rule.rule)
        path = re.sub(r"<[^>]+>", "nato.int-115204-1", path)
        found.setdefault(path, set()).update(rule.methods or ())
    return found


def test_options_and_head_are_answered_on_every_route(server: RealServer, paths: dict[str, set[str]]) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        for path, methods in paths.items():
            options = client.options(path)
            assert options.status_code == 200, path
            assert set(options.headers["Allow"].split(", ")) >= methods, path
            head, got = client.head(path), client.get(path)
            assert head.status_code == got.status_code, path
            assert head.content == b""
            assert got.status_code < 500 or got.status_code == 501, path
            assert "Content-Security-Policy" in head.headers


def test_headers_are_on_streaming_answers_too(server: RealServer) -> None:
    answer = parse(exchange(server.url, request(b"GET", b"/v1/feedback")))
    assert answer.headers["transfer-encoding"] == "chunked"
    check_headers(answer)


def test_a_created_debunks_location_is_a_path(server: RealServer) -> None:
    body = b'{"id": "caf\xc3\xa9?x=1&y#z", "myth": "The moon is cheese", "fact": "It is rock."}'
    answer = parse(exchange(server.url, post("/v1/debunks", body, b"Content-Type: application/json")))
    assert (answer.status, answer.headers["location"]) == (201, "/v1/debunks/caf%C3%A9%3Fx=1&y%23z")


# slow clients


def dribble(server: RealServer, begun: bytes, byte: bytes) -> tuple[RawAnswer, float]:
    """Send the beginning of a request and then a byte ten times a second; return the answer and the seconds it took."""
    with connected(server.url) as connection:
        started = time.monotonic()
        connection.sendall(begun)
        connection.settimeout(0.1)
        while time.monotonic() < started + MARGIN_SECONDS:
            try:
                return parse(receive_all(connection)), time.monotonic() - started
            except TimeoutError:
                connection.sendall(byte)
    raise AssertionError(f"no answer in {MARGIN_SECONDS} s")


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /livez HTTP/1.1\r\nX: ",
        post(MATCH, b"a" * 1000)[:-900],
        post(MATCH, b"a" * MIB)[:-900_000],
        chunked(MATCH, b"fffff\r\n"),
        LIVE.replace(b"Connection: close\r\n", b"") + b"GET /livez HTTP/1.1\r\nX: ",
    ],
    ids=["head", "small body", "large body", "chunks", "second head"],
)
def test_a_byte_at_a_time_is_refused_when_the_time_is_up(hasty_server: RealServer, begun: bytes) -> None:
    answer, seconds = dribble(hasty_server, begun, b"a")
    if answer.rest:
        assert answer.status == 200
        answer = parse(answer.rest)
    assert told(answer) == "408 TooSlow"
    check_headers(answer)
    assert answer.headers["connection"] == "close"
    assert seconds > REQUEST_SECONDS - 0.5


def test_slow_and_idle_connections_hold_up_nobody(hasty_server: RealServer) -> None:
    assert parse(exchange(hasty_server.url, post(MATCH, SENT))).status == 200  # the first match takes longest
    with ExitStack() as stack:
        for number in range(500):
            connection = stack.enter_context(connected(hasty_server.url))
            if number % 2:
                connection.sendall(post(MATCH, b"a" * 1000)[: 100 + number % 50])
        started = time.monotonic()
        assert parse(exchange(hasty_server.url, post(MATCH, SENT))).status == 200
        assert time.monotonic() - started < REQUEST_SECONDS


def test_more_connections_than_there_may_be_do_not_keep_others_out(server: RealServer) -> None:
    with ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(connected(server.url))
        assert parse(exchange(server.url, LIVE)).status == 200


def test_clients_that_do_not_close_their_side_hold_up_nobody(hasty_server: RealServer) -> None:
    with ExitStack() as stack:
        for _ in range(30):
            connection = stack.enter_context(connected(hasty_server.url))
            connection.sendall(LIVE)
            assert receive_answer(connection).status == 200
        started = time.monotonic()
        assert parse(exchange(hasty_server.url, LIVE)).status == 200
        assert time.monotonic() - started < 1.0  # gunicorn alone waits two seconds for each of them


def test_an_idle_connection_is_closed_and_one_in_use_is_kept(hasty_server: RealServer) -> None:
    kept = LIVE.replace(b"Connection: close\r\n", b"")
    with connected(hasty_server.url) as connection:
        for _ in range(3):
            connection.sendall(kept)
            assert receive_answer(connection).headers["connection"] == "keep-alive"
        started = time.monotonic()
        assert receive_all(connection) == b""
        assert KEEP_ALIVE_SECONDS - 0.2 < time.monotonic() - started < KEEP_ALIVE_SECONDS + MARGIN_SECONDS


def test_an_answer_that_is_not_taken_is_broken_off(hasty_server: RealServer) -> None:
    word = {"verdict": "confirm", "debunk_id": "nato.int-115204-1", "text": "a b c d " * 2400}
    with httpx.Client(base_url=hasty_server.url, timeout=60) as client:
        for _ in range(300):
            client.post("/v1/feedback", json=word).raise_for_status()
    asked = request(b"GET", b"/v1/feedback")
    whole = exchange(hasty_server.url, asked)
    assert len(parse(whole).body) > 300 * 8 * 2400
    with ExitStack() as stack:
        sleepy = [stack.enter_context(connected(hasty_server.url, receive_buffer=4096)) for _ in range(8)]
        for connection in sleepy:
            connection.sendall(asked)
        deadline = time.monotonic() + REQUEST_SECONDS + MARGIN_SECONDS
        while hasty_server.logged().count('"GET /v1/feedback" 200') < 9:  # a line is written at an answer's end
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert all(len(received_until_reset(connection)) < len(whole) for connection in sleepy)


def received_until_reset(connection: socket.socket) -> bytes:
    """Return what came before the server broke the connection off."""
    received = b""
    while True:
        try:
            more = connection.recv(1 << 20)
        except ConnectionResetError:
            return received
        assert more, "the server closed the connection as if the answer were whole"
        received += more
