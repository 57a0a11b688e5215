"""A server that is told to stop loses no request: every connection that was made is answered in full."""

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.raw_http import connected, exchange, parse, receive_answer, request
from tests.real_server import RealServer, serving

pytestmark = pytest.mark.slow

CLIENTS = 32
ANSWERS_BEFORE = 300  # when the signal comes
ENDING_SECONDS = 20.0  # well within the 30 that requests under way have
WAIT_SECONDS = 60.0
TOY = {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_QUEUE": "100", "MYTHMATCH_QUEUE_SECONDS": "60"}
BODY = json.dumps({"text": "NATO is at war with Russia in Ukraine", "limit": 1})


@dataclass
class Crowd:
    """Clients that ask as fast as they are answered, until they are refused a connection; what they met."""

    url: str
    answers: int = 0
    closing: int = 0  # answers on a kept connection that said it was the last
    lost: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> list[threading.Thread]:
        """Start the clients: every second one keeps its connection."""
        threads = [threading.Thread(target=self._ask, args=(bool(number % 2),)) for number in range(CLIENTS)]
        for thread in threads:
            thread.start()
        return threads

    def _ask(self, keeps: bool) -> None:
        address = httpx.URL(self.url)
        while True:
            connection = http.client.HTTPConnection(address.host, address.port, timeout=WAIT_SECONDS)
            try:
                connection.connect()
            except ConnectionRefusedError:
                return
            try:
                self._use(connection, keeps)
            except (OSError, http.client.HTTPException, AssertionError, ValueError) as error:
                self.lost.append(repr(error))
                return
            finally:
                connection.close()

    def _use(self, connection: http.client.HTTPConnection, keeps: bool) -> None:
        """Ask on one connection until an answer says that it was the last."""
        while True:
            headers = {"Content-Type": "application/json", "Connection": "keep-alive" if keeps else "close"}
            connection.request("POST", "/v1/match", BODY, headers)
            answer = connection.getresponse()
            told = answer.read()
            assert answer.status == 200, told
            assert json.loads(told)["decision"] == "match"
            is_last = answer.headers["Connection"] == "close"
            with self._lock:
                self.answers += 1
                self.closing += is_last and keeps
            if is_last:
                return


def descendants(pid: int) -> set[int]:
    """Return the ids of the processes that came of a process."""
    children = {
        int(child)
        for listed in Path(f"/proc/{pid}/task").glob("*/children")
        for child in listed.read_text(encoding="ascii").split()
    }
    return children.union(*(descendants(child) for child in children))


def wait_until(crowd: Crowd, answers: int) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while crowd.answers < answers:
        assert time.monotonic() < deadline, crowd
        assert crowd.lost == []
        time.sleep(0.005)


@pytest.mark.parametrize(
    "signals",
    [(signal.SIGTERM,), (signal.SIGINT,), (signal.SIGTERM, signal.SIGTERM)],
    ids=["SIGTERM", "SIGINT", "SIGTERM twice"],
)
def test_no_request_in_flight_is_lost_and_no_process_is_left(
    tmp_path: Path, signals: tuple[signal.Signals, ...]
) -> None:
    with serving(tmp_path, TOY) as server:
        children = descendants(server.process.pid)
        assert len(children) == 2, "the worker and the builder"
        crowd = Crowd(server.url)
        threads = crowd.start()
        wait_until(crowd, ANSWERS_BEFORE)
        started = time.monotonic()
        for number in signals:
            server.process.send_signal(number)
            time.sleep(0.05)  # so that it is not taken for one with the next
        assert server.process.wait(ENDING_SECONDS) == 0
        assert time.monotonic() - started < ENDING_SECONDS
        for thread in threads:
            thread.join(WAIT_SECONDS)
        assert crowd.lost == []
        assert crowd.closing >= CLIENTS // 2
        assert [child for child in children if Path(f"/proc/{child}").exists()] == []
        assert "Traceback" not in server.logged()


def test_a_signal_that_a_terminal_sends_to_all_processes_loses_nothing_either(tmp_path: Path) -> None:
    with serving(tmp_path, TOY) as server:
        crowd = Crowd(server.url)
        threads = crowd.start()
        wait_until(crowd, ANSWERS_BEFORE)
        for pid in (server.process.pid, *descendants(server.process.pid)):
            os.kill(pid, signal.SIGINT)
        assert server.process.wait(ENDING_SECONDS) == 0
        for thread in threads:
            thread.join(WAIT_SECONDS)
        assert crowd.lost == []
        assert "it is started again" not in server.logged()
        assert "Traceback" not in server.logged()


def test_connections_that_the_kernel_has_made_are_answered_though_nobody_has_taken_them(tmp_path: Path) -> None:
    with serving(tmp_path, {**TOY, "MYTHMATCH_BUILDER": "off"}) as server, ExitStack() as stack:
        (worker,) = descendants(server.process.pid)
        os.kill(worker, signal.SIGSTOP)
        waiting = [stack.enter_context(connected(server.url)) for _ in range(CLIENTS)]
        for connection in waiting:
            connection.sendall(request(b"GET", b"/livez"))
        server.process.send_signal(signal.SIGTERM)
        wait_for_line(server, "Handling signal: term")
        os.kill(worker, signal.SIGCONT)
        assert [receive_answer(connection).status for connection in waiting] == [200] * CLIENTS
        assert server.process.wait(ENDING_SECONDS) == 0


@pytest.fixture
def talkative(tmp_path: Path) -> Iterator[RealServer]:
    """A server with so much feedback that an answer with all of it fills every buffer on its way."""
    with serving(tmp_path, {**TOY, "MYTHMATCH_BUILDER": "off"}) as server:
        word = {"verdict": "confirm", "debunk_id": "nato.int-115204-1", "text": "a b c d " * 2400}
        with httpx.Client(base_url=server.url, timeout=WAIT_SECONDS) as client:
            for _ in range(300):
                client.post("/v1/feedback", json=word).raise_for_status()
        yield server


def test_a_streaming_answer_is_finished_and_readiness_says_draining_meanwhile(talkative: RealServer) -> None:
    kept = request(b"GET", b"/readyz").replace(b"Connection: close\r\n", b"")
    with connected(talkative.url, receive_buffer=4096) as reader, connected(talkative.url) as probe:
        probe.sendall(kept)
        assert receive_answer(probe).headers["connection"] == "keep-alive"
        reader.sendall(request(b"GET", b"/v1/feedback"))
        received = reader.recv(4096)
        talkative.process.send_signal(signal.SIGTERM)
        wait_for_line(talkative, "Handling signal: term")
        probe.sendall(kept)
        answer = receive_answer(probe)
        assert (answer.status, answer.headers["connection"]) == (503, "close")
        assert "draining" in answer.json()["error"]["message"]
        assert answer.headers["retry-after"]
        while more := reader.recv(1 << 20):
            received += more
    streamed = parse(received)
    assert streamed.status == 200
    assert len(streamed.body.splitlines()) == 300
    assert talkative.process.wait(ENDING_SECONDS) == 0


def wait_for_line(server: RealServer, line: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while line not in server.logged():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_port_stays_open_while_load_balancers_learn_of_it(tmp_path: Path) -> None:
    settings = {**TOY, "MYTHMATCH_BUILDER": "off", "MYTHMATCH_DRAIN_SECONDS": "3"}
    with serving(tmp_path, settings) as server:
        started = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        deadline = started + 3
        while (probe := parse(exchange(server.url, request(b"GET", b"/readyz")))).status == 200:
            assert time.monotonic() < deadline
        assert (probe.status, probe.headers["connection"]) == (503, "close")
        answer = parse(exchange(server.url, request(b"GET", b"/v1/match?text=a+b+c+d")))
        assert answer.status == 200
        assert server.process.wait(ENDING_SECONDS) == 0
        assert time.monotonic() - started >= 3
        with pytest.raises(ConnectionRefusedError), connected(server.url):
            pass
