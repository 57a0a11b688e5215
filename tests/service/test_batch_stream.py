"""Batches as lines, on a real server: answers flow while lines are still being sent, and nothing piles up."""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.batches import PART_ROWS
from tests.raw_http import ANSWER_SECONDS, connected, parse, receive_all
from tests.real_server import CLIENT_SECONDS, RealServer, serving

pytestmark = pytest.mark.slow

PATH = "/v1/match/batch?fields=decision,corpus_revision,took_ms"
MYTH = "NATO is at war with Russia in Ukraine"
IDLE_SECONDS = 2.0
WIDE_LINES = 600
TOO_LONG = 25_000  # characters of a text that is refused without being matched
LINES, MOST_GROWTH = 4000, 64 << 20  # lines of such texts, 100 MB of them, and what the server may grow by meanwhile


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    settings = {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_REQUEST_SECONDS": str(IDLE_SECONDS)}
    with serving(tmp_path_factory.mktemp("stream"), settings) as started:
        yield started


class Talk:
    """A chunked request whose answers are read while it is being sent."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.received = b""

    def send(self, *chunks: bytes) -> None:
        """Send the chunks, each framed as one, all at once."""
        self.connection.sendall(b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks))

    def end(self) -> None:
        self.connection.sendall(b"0\r\n\r\n")

    def answer(self) -> Any:
        """Return the next line of the answer, whose chunks are of a line each."""
        return json.loads(self._take(self._is_whole))

    def rest(self) -> bytes:
        """Return what comes until the server closes."""
        more = b"".join(iter(lambda: self.connection.recv(1 << 16), b""))
        return self.received + more

    def head(self) -> bytes:
        """Return the next head of an answer."""
        return self._take(lambda: self.received.find(b"\r\n\r\n") + 4 if b"\r\n\r\n" in self.received else 0)

    def _is_whole(self) -> int:
        size, framed, rest = self.received.partition(b"\r\n")
        return len(size) + 2 + int(size, 16) + 2 if framed and len(rest) >= int(size, 16) + 2 else 0

    def _take(self, length: Callable[[], int]) -> bytes:
        deadline = time.monotonic() + ANSWER_SECONDS
        while not (end := length()):
            assert time.monotonic() < deadline
            more = self.connection.recv(1 << 16)
            assert more, self.received
            self.received += more
        taken, self.received = self.received[:end], self.received[end:]
        return taken.partition(b"\r\n")[2] if length == self._is_whole else taken


@contextmanager
def talking(server: RealServer, *headers: str) -> Iterator[Talk]:
    lines = [
        f"POST {PATH} HTTP/1.1", "Host: localhost", "Connection: close", "Transfer-Encoding: chunked",
        "Content-Type: application/x-ndjson", *headers,
    ]  # fmt: skip
    with connected(server.url) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        yield Talk(connection)


def line(number: int, text: str = MYTH) -> bytes:
    return json.dumps({"id": number, "text": text}, ensure_ascii=False).encode() + b"\n"


def test_each_line_is_answered_before_the_next_is_sent(server: RealServer) -> None:
    with talking(server) as talk:
        talk.send(line(0))
        assert talk.head().startswith(b"HTTP/1.1 200 ")
        first = talk.answer()
        assert (first["id"], first["decision"]) == (0, "match")
        for number in range(1, 4):
            talk.send(line(number))
            assert talk.answer()["id"] == number
        talk.end()
        assert talk.rest() == b"0\r\n\r\n"


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(server: RealServer) -> None:
    with talking(server, "Expect: 100-continue") as talk:
        assert talk.head().startswith(b"HTTP/1.1 100 ")
        talk.send(line(1))
        assert talk.head().startswith(b"HTTP/1.1 200 ")
        assert talk.answer()["id"] == 1
        talk.end()


def test_lines_that_come_together_are_matched_together_however_they_are_cut_into_chunks(server: RealServer) -> None:
    whole = b"".join(line(number, f"Мир 🤡 {MYTH}") for number in range(40))
    for chunks in ([line(number, f"Мир 🤡 {MYTH}") for number in range(40)], [whole], [whole[:777], whole[777:]]):
        with talking(server) as talk:
            talk.send(*chunks)
            talk.head()
            answers = [talk.answer() for _ in range(40)]
            talk.end()
        assert [answer["id"] for answer in answers] == list(range(40))
        assert (
            len({answer["took_ms"] for answer in answers}) <= 1 + 40 // PART_ROWS + 1
        )  # each has its share of a part's time


def test_a_line_is_whole_when_its_end_comes_and_the_last_one_needs_none(server: RealServer) -> None:
    sent = line(1, f"Мир 🤡 {MYTH}") + line(2).rstrip(b"\n")
    with talking(server) as talk:
        for at in range(0, len(sent), 7):
            talk.send(sent[at : at + 7])
        talk.end()
        talk.head()
        assert [talk.answer()["id"], talk.answer()["id"]] == [1, 2]
        assert talk.rest() == b"0\r\n\r\n"


def test_a_client_that_goes_away_ends_it_and_frees_its_place(server: RealServer) -> None:
    for _ in range(8):  # more than there are places
        with talking(server) as talk:
            talk.send(line(1))
            talk.head()
            talk.answer()
            talk.connection.sendall(b"100\r\nhalf a line")
    deadline = time.monotonic() + CLIENT_SECONDS
    while (answer := httpx.post(f"{server.url}{PATH}", json={"texts": [MYTH]})).status_code == 503:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)
    assert answer.json()["answers"][0]["decision"] == "match"
    assert "unexpected" not in server.logged()


def test_a_body_that_breaks_off_says_so_on_the_last_line(server: RealServer) -> None:
    for broken in (b"no chunk\r\n", b""):
        with talking(server) as talk:
            talk.send(line(1), line(2))
            talk.connection.sendall(broken)
            talk.connection.shutdown(socket.SHUT_WR)
            talk.head()
            assert [talk.answer()["id"], talk.answer()["id"]] == [1, 2]
            last = talk.answer()
        assert (last["id"], last["error"]["type"]) == (None, "BrokenBody")


def test_a_client_may_be_slow_but_not_idle_for_long(server: RealServer) -> None:
    with talking(server) as talk:
        for number in range(6):  # longer in all than a client may be idle
            talk.send(line(number))
            if not number:
                talk.head()
            assert talk.answer()["id"] == number
            time.sleep(IDLE_SECONDS / 4)
        last = talk.answer()
        assert (last["id"], last["error"]["type"]) == (None, "TooSlow")
        assert talk.rest() == b"0\r\n\r\n"


def test_a_client_that_sends_all_before_it_reads_is_answered_where_it_says_how_much(server: RealServer) -> None:
    wide = b"".join(line(number) for number in range(WIDE_LINES))  # whose answers are more than sockets hold
    body = wide + line(0, "a" * TOO_LONG) * 400  # and so is this
    head = [
        b"POST /v1/match/batch HTTP/1.1", b"Host: localhost", b"Connection: close",
        b"Content-Type: application/x-ndjson", b"Content-Length: %d" % len(body),
    ]  # fmt: skip
    with connected(server.url, receive_buffer=1 << 16) as connection:
        connection.sendall(b"\r\n".join([*head, b"", b""]) + body)
        answer = parse(receive_all(connection))
    kinds = [json.loads(each).get("decision") for each in answer.body.splitlines()]
    assert kinds == ["match"] * WIDE_LINES + [None] * 400


def test_an_ordinary_client_can_send_lines_as_it_makes_them(server: RealServer) -> None:
    made = (line(number) for number in range(200))
    headers = {"Content-Type": "application/x-ndjson"}
    with httpx.stream("POST", f"{server.url}{PATH}", content=made, headers=headers, timeout=CLIENT_SECONDS) as answer:
        assert [json.loads(each)["id"] for each in answer.iter_lines()] == list(range(200))


def resident_bytes(server: RealServer) -> int:
    """Return what the server's processes hold in memory."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in (server.process.pid, *children)]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")


def test_a_long_stream_takes_no_more_memory_than_a_short_one(server: RealServer) -> None:
    text = "a" * TOO_LONG

    def send(count: int) -> int:
        made = (line(number, text) for number in range(count))
        sent = {"content": made, "headers": {"Content-Type": "application/x-ndjson"}, "timeout": CLIENT_SECONDS}
        with httpx.stream("POST", f"{server.url}{PATH}", **sent) as answer:  # type: ignore[arg-type]
            return sum(json.loads(each)["error"]["type"] == "TextTooLong" for each in answer.iter_lines())

    assert send(100) == 100
    before = resident_bytes(server)
    assert send(LINES) == LINES
    assert resident_bytes(server) - before < MOST_GROWTH


def test_a_snapshot_that_appears_meanwhile_is_answered_from_in_the_next_part(server: RealServer) -> None:
    with talking(server) as talk:
        talk.send(line(1))
        talk.head()
        first = talk.answer()
        debunk = {"id": "bridge", "myth": "The bridge was sold to a bear", "fact": "It was not.", "lang": "en"}
        httpx.post(f"{server.url}/v1/debunks", json=debunk).raise_for_status()
        deadline = time.monotonic() + CLIENT_SECONDS
        number = 2
        while True:
            talk.send(line(number, "The bridge was sold to a bear"))
            if (answer := talk.answer())["corpus_revision"] > first["corpus_revision"]:
                break
            assert time.monotonic() < deadline
            number += 1
            time.sleep(0.1)
        talk.end()
    assert (answer["id"], answer["decision"]) == (number, "match")
