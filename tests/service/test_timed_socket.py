"""A client is waited for only so long in all, however it spreads what it sends or takes."""

import socket
import threading
import time
from collections import deque
from collections.abc import Iterator

import pytest

from service.errors import TooSlow
from service.timed_socket import BYTES_PER_SECOND, TimedSocket

SECONDS = 0.4
LATE_SECONDS = 5.0  # on a machine that does other work besides


@pytest.fixture
def pair() -> Iterator[tuple[TimedSocket, socket.socket]]:
    """A server's socket, which waits for 0.4 s, and its client's."""
    accepted, client = socket.socketpair()
    with TimedSocket.of(accepted) as server, client:
        server.allow(reading=SECONDS, writing=SECONDS)
        yield server, client


def test_bytes_one_by_one_do_not_begin_the_time_anew(pair: tuple[TimedSocket, socket.socket]) -> None:
    server, client = pair
    ended = threading.Event()

    def dribble() -> None:
        while not ended.wait(SECONDS / 10):
            client.sendall(b"a")

    sender = threading.Thread(target=dribble)
    sender.start()
    started, received = time.monotonic(), b""
    try:
        while time.monotonic() - started < LATE_SECONDS:
            received += server.recv(100)
    except TooSlow:
        took = time.monotonic() - started
    finally:
        ended.set()
        sender.join()
    assert SECONDS <= took + 0.01 < LATE_SECONDS
    assert b"aa" in received


def test_what_is_sent_fast_enough_may_take_as_long_as_it_takes(pair: tuple[TimedSocket, socket.socket]) -> None:
    server, client = pair
    piece = b"a" * (BYTES_PER_SECOND // 5)  # earns 0.2 s
    started = time.monotonic()
    for _ in range(5):
        sender = threading.Timer(SECONDS / 4, client.sendall, [piece])  # costs 0.1 s
        sender.start()
        received = b""
        while len(received) < len(piece):
            received += server.recv(len(piece))
        sender.join()
    assert time.monotonic() - started > SECONDS


def test_time_that_was_not_used_is_not_saved_up(pair: tuple[TimedSocket, socket.socket]) -> None:
    server, client = pair
    client.sendall(b"a" * 100_000)
    received = 0
    while received < 100_000:
        received += len(server.recv(1 << 20))
    started = time.monotonic()
    with pytest.raises(TooSlow):
        server.recv(1)
    assert time.monotonic() - started < SECONDS + 0.3


def test_a_hurry_shortens_the_time(pair: tuple[TimedSocket, socket.socket]) -> None:
    server, _ = pair
    server.hurry(0.05)
    started = time.monotonic()
    with pytest.raises(TooSlow):
        server.recv(1)
    assert time.monotonic() - started < SECONDS


def test_an_answer_that_is_not_taken_resets_the_connection(pair: tuple[TimedSocket, socket.socket]) -> None:
    server, _ = pair
    pieces = [b"a" * 1000] * 10_000
    started = time.monotonic()
    with pytest.raises(ConnectionResetError, match="too slowly"):
        deque(map(server.sendall, pieces), maxlen=0)
    assert server.has_given_up
    assert time.monotonic() - started < LATE_SECONDS


def test_what_is_not_there_is_not_waited_for(pair: tuple[TimedSocket, socket.socket]) -> None:
    server, client = pair
    with pytest.raises(BlockingIOError):
        server.recv_now(1)
    client.sendall(b"ab")
    assert server.recv_now(10) == b"ab"
    server.send_now(b"cd")
    assert client.recv(10) == b"cd"
