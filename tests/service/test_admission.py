"""Admission: so many texts are matched at a time, so many wait in order, and what comes beyond is refused at once."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from flask import Flask

from service.admission import Admission
from service.app import ADMISSION, STORES, create_app
from service.errors import Overloaded
from service.settings import Settings
from service.worker import Worker
from tests.real_server import serving

SOON = 20.0  # seconds, on a machine that does other work besides
AT_ONCE = 1.0
MYTH = "NATO is encircling and trying to contain Russia"


def until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.fixture
def callers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as threads:
        yield threads


class Match:
    """What holds a slot until it is told to end."""

    def __init__(self, admission: Admission, callers: ThreadPoolExecutor, order: list[str], name: str = "") -> None:
        self.may_end = threading.Event()
        self.ended: Future[None] = callers.submit(self._run, admission, order, name)

    def _run(self, admission: Admission, order: list[str], name: str) -> None:
        with admission.slot():
            order.append(name)
            assert self.may_end.wait(SOON)

    def end(self) -> None:
        self.may_end.set()
        self.ended.result(SOON)


def test_as_many_are_matched_at_a_time_as_there_are_slots(callers: ThreadPoolExecutor) -> None:
    admission = Admission(slots=2, queue=20, queue_seconds=SOON)
    most, lock, running = 0, threading.Lock(), 0

    def match() -> None:
        nonlocal most, running
        with admission.slot():
            with lock:
                running += 1
                most = max(most, running)
            until(lambda: most >= 2)  # the first waits for a second
            with lock:
                running -= 1

    for done in [callers.submit(match) for _ in range(16)]:
        done.result(SOON)
    assert (most, admission.running, admission.waiting, admission.refused) == (2, 0, 0, 0)


def test_what_comes_beyond_the_line_is_refused_at_once_and_told_when_to_come_again(
    callers: ThreadPoolExecutor,
) -> None:
    admission, order = Admission(slots=1, queue=2, queue_seconds=3.5), list[str]()
    first = Match(admission, callers, order, "first")
    until(lambda: admission.running == 1)
    waiting = []
    for number, name in enumerate(("second", "third"), start=1):
        waiting.append(Match(admission, callers, order, name))
        until(lambda: admission.waiting == number)  # noqa: B023 - it is called in this round
    began = time.monotonic()
    with pytest.raises(Overloaded, match="1 texts are being matched and 2 wait already; try again in 4 s") as refused:
        admission.slot().__enter__()
    assert time.monotonic() - began < AT_ONCE
    assert (refused.value.retry_seconds, admission.refused) == (4, 1)
    for match in (first, *waiting):
        match.end()
    assert order == ["first", "second", "third"]
    assert (admission.running, admission.waiting) == (0, 0)


def test_nobody_waits_longer_than_is_set(callers: ThreadPoolExecutor) -> None:
    admission = Admission(slots=1, queue=2, queue_seconds=0.05)
    first = Match(admission, callers, [])
    until(lambda: admission.running == 1)
    with pytest.raises(Overloaded, match=r"has waited for 0.05 s"):
        admission.slot().__enter__()
    first.end()
    assert (admission.running, admission.waiting, admission.refused) == (0, 0, 1)
    with admission.slot():
        assert admission.running == 1


def test_who_gives_a_slot_back_and_asks_again_stands_behind_those_who_wait(callers: ThreadPoolExecutor) -> None:
    admission, order = Admission(slots=1, queue=2, queue_seconds=SOON), list[str]()
    with admission.batch():
        with admission.part():
            waiting = Match(admission, callers, order, "single text")
            until(lambda: admission.waiting == 1)
        waiting.may_end.set()
        with admission.part():
            order.append("second part")
    waiting.end()
    assert order == ["single text", "second part"]


def test_a_part_of_a_batch_is_not_refused_where_the_line_is_full_and_takes_nobodys_place_in_it(
    callers: ThreadPoolExecutor,
) -> None:
    admission, order = Admission(slots=1, queue=1, queue_seconds=SOON), list[str]()
    first = Match(admission, callers, order, "first")
    until(lambda: admission.running == 1)

    def match_batch() -> None:
        with admission.batch(), admission.part():
            order.append("batch")

    batch = callers.submit(match_batch)
    until(lambda: admission.waiting == 1)
    second = Match(admission, callers, order, "second")
    until(lambda: admission.waiting == 2)
    with pytest.raises(Overloaded):
        admission.slot().__enter__()
    first.end()
    second.end()
    batch.result(SOON)
    assert order == ["first", "second", "batch"]


def test_a_part_of_a_batch_lets_nobody_pass_who_comes_much_later(
    callers: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.admission.LET_PASS_SECONDS", 0.01)
    admission, order = Admission(slots=1, queue=1, queue_seconds=SOON), list[str]()
    first = Match(admission, callers, order, "first")
    until(lambda: admission.running == 1)

    def match_batch() -> None:
        with admission.batch(), admission.part():
            order.append("batch")

    batch = callers.submit(match_batch)
    until(lambda: admission.waiting == 1)
    time.sleep(0.02)
    second = Match(admission, callers, order, "second")
    until(lambda: admission.waiting == 2)
    first.end()
    second.end()
    batch.result(SOON)
    assert order == ["first", "batch", "second"]


@pytest.mark.parametrize(("slots", "batches"), [(2, 4), (6, 6)])
def test_a_few_batches_are_taken_at_a_time(slots: int, batches: int) -> None:
    admission = Admission(slots=slots, queue=0, queue_seconds=1)
    with ExitStack() as entered:
        for _ in range(batches):
            entered.enter_context(admission.batch())
        with pytest.raises(Overloaded, match=f"{batches} batches are being matched already"):
            admission.batch().__enter__()
        with admission.slot():  # they hold no slot between their parts
            pass
    with admission.batch():
        pass
    assert admission.refused == 1


def test_a_text_within_a_part_needs_no_slot_of_its_own() -> None:
    admission = Admission(slots=1, queue=0, queue_seconds=1)
    with admission.batch(), admission.part(), admission.slot(), admission.slot():
        assert admission.running == 1
    assert admission.running == 0


def test_a_slot_is_given_back_when_matching_fails() -> None:
    admission = Admission(slots=1, queue=0, queue_seconds=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), admission.slot():
            _ = 1 / 0
    assert admission.running == 0


def test_many_threads_lose_no_slot(callers: ThreadPoolExecutor) -> None:
    admission = Admission(slots=2, queue=3, queue_seconds=0.001)

    def match_often() -> int:
        matched = 0
        for _ in range(200):
            try:
                with admission.slot():
                    matched += 1
                    time.sleep(0)
            except Overloaded:
                time.sleep(0)
        return matched

    matched = sum(done.result(SOON) for done in [callers.submit(match_often) for _ in range(16)])
    assert matched + admission.refused == 16 * 200
    assert (admission.running, admission.waiting) == (0, 0)


@pytest.fixture
def full(toy_settings: Settings, toy_worker: Worker) -> Iterator[Flask]:
    """An application whose only slot is taken, and nobody may wait."""
    app = create_app(toy_settings.model_copy(update={"slots": 1, "queue": 0, "queue_seconds": 1.5}), toy_worker)
    with ThreadPoolExecutor(1) as threads:
        held = Match(app.extensions[ADMISSION], threads, [])
        until(lambda: bool(app.extensions[ADMISSION].running))
        yield app
        held.end()
    app.extensions[STORES].close()


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "/v1/match", {"json": {"text": MYTH}}),
        ("GET", f"/v1/match?text={MYTH}", {}),
        ("POST", "/", {"data": {"text": MYTH}}),
        ("GET", f"/v1alpha1/claims:search?query={MYTH}", {}),
    ],
)
def test_every_route_that_matches_is_refused_while_the_service_is_overloaded(
    full: Flask, method: str, path: str, sent: dict[str, dict[str, str]]
) -> None:
    answer = full.test_client().open(path, method=method, **sent)  # type: ignore[arg-type]
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert "the service is overloaded" in answer.text


def test_what_does_not_match_is_answered_meanwhile(full: Flask) -> None:
    client = full.test_client()
    for path in ("/livez", "/readyz", "/", "/v1/debunks", "/v1/model"):
        assert client.get(path).status_code == 200, path


def test_what_is_refused_names_its_kind(full: Flask) -> None:
    answer = full.test_client().post("/v1/match", json={"text": MYTH}).json
    assert answer is not None
    assert answer["error"]["type"] == "Overloaded"


@pytest.mark.slow
def test_of_64_clients_at_once_some_are_answered_the_others_refused_at_once_and_the_probe_is_held_by_none(
    tmp_path: Path,
) -> None:
    settings = {"ENCODER": "toy", "SLOTS": "1", "QUEUE": "2", "QUEUE_SECONDS": "1", "THREADS": "4"}
    long_text = f"{MYTH}. " * 20
    with serving(tmp_path, {f"MYTHMATCH_{name}": value for name, value in settings.items()}) as server:
        everybody_is_here = threading.Barrier(64)

        def ask() -> tuple[int, float, str | None]:
            with httpx.Client(timeout=SOON) as client:
                client.get(f"{server.url}/livez")
                everybody_is_here.wait(SOON)
                began = time.monotonic()
                answer = client.post(f"{server.url}/v1/match", json={"text": long_text})
                return answer.status_code, time.monotonic() - began, answer.headers.get("Retry-After")

        with ThreadPoolExecutor(64) as clients, httpx.Client(timeout=SOON) as prober:
            asked = [clients.submit(ask) for _ in range(64)]
            slowest = 0.0
            while not all(each.done() for each in asked):
                began = time.monotonic()
                assert prober.get(f"{server.url}/livez").status_code == 200
                slowest = max(slowest, time.monotonic() - began)
            came = [each.result() for each in asked]
        assert httpx.post(f"{server.url}/v1/match", json={"text": MYTH}).status_code == 200  # and is itself again
    assert {status for status, _, _ in came} == {200, 503}
    assert {after for status, _, after in came if status == 503} == {"1"}
    assert max(seconds for _, seconds, _ in came) < 5
    assert slowest < 1
