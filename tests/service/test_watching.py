"""The builder's own process: what it does beside a server, and how it ends, however it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from filelock import FileLock

from corpus.judged import read_judged
from corpus.model import Debunk
from corpus.store import CorpusStore
from embeddings.snapshot import current_folder, load_snapshot, read_manifest
from embeddings.toy import ToyEncoder
from embeddings.vectors import Vectors
from service.drifting import DriftWatch, read_drift
from service.settings import Settings
from service.updating import Limits, Updater
from service.watching import Watch
from service.wiring import build, builder_lock, open_store, prepare
from tests.real_server import ROOT, RealServer, environment_in, serving

pytestmark = pytest.mark.slow

TOY = {"MYTHMATCH_ENCODER": "toy"}
SOON = 30.0  # seconds, on a machine that does other work besides; what it takes is measured by scripts.bench_updates


def until(holds: Callable[[], bool], seconds: float = SOON) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def debunk(number: int) -> Debunk:
    return Debunk(id=f"d{number:04}", myth=f"The bridge number {number} was sold", lang="en", rating="false")


def updater_with(settings: Settings, store: CorpusStore, limits: Limits) -> Updater:
    return Updater(store, ToyEncoder(), settings.snapshots_dir, "flat", read_judged(settings.judged_path), limits)


@contextmanager
def watching(settings: Settings, store: CorpusStore, updating: Limits | Updater) -> Iterator[Watch]:
    """Run a watch in a thread, and end it."""
    stopped = threading.Event()
    updater = updating if isinstance(updating, Updater) else updater_with(settings, store, updating)
    watch = Watch(updater, builder_lock(settings), stopped, DriftWatch(settings, ToyEncoder()))
    thread = threading.Thread(target=watch.run)
    thread.start()
    try:
        yield watch
    finally:
        stopped.set()
        thread.join(SOON)
        assert not thread.is_alive()


def test_changes_are_taken_up_and_segments_merged_while_more_come(toy_settings: Settings) -> None:
    limits = Limits(whole_below=10, most_added=2, share_added=0.25)
    root = toy_settings.snapshots_dir
    with open_store(toy_settings) as store:
        store.put(debunk(number) for number in range(60))
        updater_with(toy_settings, store, limits).catch_up()
        names = {each.name for each in read_manifest(current_folder(root)).segments}
        with watching(toy_settings, store, limits):
            for number in range(60, 90):
                store.put([debunk(number)])
            until(lambda: read_manifest(current_folder(root)).corpus_revision == store.revision)
            until(lambda: not names & {each.name for each in read_manifest(current_folder(root)).segments})
        snapshot = load_snapshot(current_folder(root))
    assert list(snapshot.documents) == [f"d{number:04}" for number in range(90)]
    assert builder_lock(toy_settings).acquire(timeout=0)


class SlowEncoder(ToyEncoder):
    """Takes its time, as a real one does."""

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        time.sleep(0.01 * len(texts))
        return super().encode_queries(texts)


def test_a_change_behind_a_bulk_does_not_wait_for_it(toy_settings: Settings) -> None:
    root = toy_settings.snapshots_dir
    with open_store(toy_settings) as store:
        store.put(debunk(number) for number in range(60))
        updater_with(toy_settings, store, Limits()).catch_up()
        updater = Updater(store, SlowEncoder(), root, "flat", read_judged(toy_settings.judged_path))
        with watching(toy_settings, store, updater):
            store.put(debunk(number) for number in range(1000, 5000))  # 40 s
            until(lambda: len(read_manifest(current_folder(root)).ahead) > 0)
            store.put([debunk(99)])
            until(lambda: "d0099" in load_snapshot(current_folder(root)).documents)
            assert read_manifest(current_folder(root)).corpus_revision == 1
            assert len(load_snapshot(current_folder(root)).documents) < 4000


def test_a_watch_waits_while_another_builds(toy_settings: Settings) -> None:
    prepare(toy_settings, ToyEncoder())
    before = current_folder(toy_settings.snapshots_dir)
    with open_store(toy_settings) as store, watching(toy_settings, store, Limits()):
        other = FileLock(toy_settings.run_dir / "build.lock")
        with other:
            revision = store.put([debunk(1)]).revision
            time.sleep(1.0)  # several of its rounds
            assert current_folder(toy_settings.snapshots_dir) == before
        until(lambda: read_manifest(current_folder(toy_settings.snapshots_dir)).corpus_revision == revision)


def test_a_watch_tells_a_damaged_snapshot_once_and_goes_on_when_a_new_one_was_built(
    toy_settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.watching.FAILED_SECONDS", 0.1)
    prepare(toy_settings, ToyEncoder())
    (passages,) = toy_settings.snapshots_dir.glob("*/segments/*/passages.jsonl")
    passages.write_text("", encoding="utf-8")
    with open_store(toy_settings) as store, watching(toy_settings, store, Limits()):
        until(lambda: "passages.jsonl is truncated or altered" in caplog.text)
        time.sleep(0.5)  # several more tries
        assert caplog.text.count("cannot update the snapshot") == 1
        build(toy_settings, store, ToyEncoder())
        revision = store.put([debunk(1)]).revision
        until(lambda: read_manifest(current_folder(toy_settings.snapshots_dir)).corpus_revision == revision)


def test_drift_that_the_builder_found_is_told_for_its_calibration_alone(tmp_path: Path) -> None:
    path = tmp_path / "drift.json"
    assert read_drift(path, "c") is None
    path.write_text('{"calibration": "c", "warning": "much"}', encoding="utf-8")
    assert read_drift(path, "c") == "much"
    assert read_drift(path, "other") is None
    path.write_text('{"calibration": "c", "warning": null}', encoding="utf-8")
    assert read_drift(path, "c") is None
    path.write_text("{", encoding="utf-8")
    assert read_drift(path, "c") is None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    with serving(tmp_path, TOY) as started:
        yield started


def children(pid: int) -> list[int]:
    """Return the processes that a process started, by any of its threads."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text(encoding="ascii").split()]


def is_alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False


def worker_and_builder(server: RealServer) -> tuple[int, int]:
    until(lambda: bool(children(children(server.process.pid)[0])))
    (worker,) = children(server.process.pid)
    (builder,) = children(worker)
    return worker, builder


def is_matched(server: RealServer, debunk: Debunk) -> bool:
    answer = httpx.post(f"{server.url}/v1/match", json={"text": debunk.myth}, timeout=SOON).json()
    return bool(answer["matches"]) and answer["matches"][0]["debunk"]["id"] == debunk.id


def store_of(server: RealServer) -> CorpusStore:
    return CorpusStore.open(f"sqlite:///{server.data_dir / 'corpus.db'}")


def test_what_is_put_into_the_store_is_matched_and_what_is_removed_is_not(server: RealServer) -> None:
    with store_of(server) as store:
        store.put([debunk(1)])
        until(lambda: is_matched(server, debunk(1)))
        store.remove(["d0001"])
        until(lambda: not is_matched(server, debunk(1)))
    assert httpx.get(f"{server.url}/readyz").json()["corpus_revision"] == 3  # what ships, the put, the removal


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_leaves_no_builder(server: RealServer, how: signal.Signals) -> None:
    worker, builder = worker_and_builder(server)
    server.process.send_signal(how)
    assert server.process.wait(SOON) == 0
    assert not is_alive(worker)
    until(lambda: not is_alive(builder))
    assert "Traceback" not in server.logged()


def test_a_builder_ends_with_a_server_that_is_killed(server: RealServer) -> None:
    worker, builder = worker_and_builder(server)
    os.kill(server.process.pid, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    until(lambda: not is_alive(builder))
    assert not is_alive(worker)


def test_a_killed_builder_is_told_and_started_again(server: RealServer) -> None:
    _, builder = worker_and_builder(server)
    os.kill(builder, signal.SIGKILL)
    with store_of(server) as store:
        store.put([debunk(1)])
        until(lambda: is_matched(server, debunk(1)))
    assert worker_and_builder(server)[1] != builder
    assert "the builder ended with -9" in server.logged()


def test_a_killed_worker_is_followed_by_one_that_serves_and_has_a_builder(server: RealServer) -> None:
    worker, builder = worker_and_builder(server)
    os.kill(worker, signal.SIGKILL)
    until(lambda: not is_alive(builder))
    with store_of(server) as store:
        store.put([debunk(1)])

    def answers() -> bool:
        try:
            return httpx.get(f"{server.url}/readyz").status_code == 200 and is_matched(server, debunk(1))
        except httpx.TransportError:
            return False

    until(answers, 2 * SOON)
    assert not {worker, builder} & set(worker_and_builder(server))


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6])
def test_a_builder_that_is_killed_at_any_moment_leaves_a_snapshot_that_serves(
    toy_settings: Settings, tmp_path: Path, moment: float
) -> None:
    prepare(toy_settings, ToyEncoder())
    root = toy_settings.snapshots_dir
    with open_store(toy_settings) as store:
        for number in range(200):
            store.put([debunk(number)])
    environment = environment_in(tmp_path, TOY)
    command = [sys.executable, "-m", "scripts.build_snapshot", "--whole"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as builder:
        until(lambda: bool(list(root.glob("*/segments/.draft-*"))) or builder.poll() is not None)
        time.sleep(moment)
        builder.kill()
    assert len(load_snapshot(current_folder(root)).documents) in {5, 205}
    prepare(toy_settings, ToyEncoder())
    assert len(load_snapshot(current_folder(root)).documents) == 205
    assert not list(root.glob("**/.draft-*"))


def test_without_a_builder_a_server_starts_none_and_takes_up_what_another_builds(tmp_path: Path) -> None:
    settings = {**TOY, "MYTHMATCH_BUILDER": "off"}
    with serving(tmp_path, settings) as server:
        (worker,) = children(server.process.pid)
        assert children(worker) == []
        with store_of(server) as store:
            store.put([debunk(1)])
        command = [sys.executable, "-m", "scripts.build_snapshot"]
        subprocess.run(command, cwd=ROOT, env=environment_in(tmp_path, settings), check=True, capture_output=True)
        until(lambda: is_matched(server, debunk(1)))
