"""Measures a server while its corpus changes: how soon a change is matched, what requests notice, and its memory.

The corpus is made of the first claims of JSON Lines with "id", "text" and perhaps "title", in a temporary folder. Its
vectors are drawn at random and put down as the encoder's own: what is measured is how long things take, and that does
not depend on what a vector says. What is added later is encoded as always, by the builder of the server.
"""

import argparse
import gzip
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from corpus.judged import read_judged
from corpus.model import Debunk
from corpus.store import CorpusStore
from embeddings.encoder import Encoder
from embeddings.vectors import Vectors
from scripts.benched_server import builder_of, resident_mb, serving, worker_of
from scripts.terminal import DONE, parser, run, tell
from service.client import Client
from service.client_shapes import MatchAnswer
from service.plotting import plot_memory
from service.settings import Settings
from service.updating import Updater
from service.wiring import open_encoder, open_store

LATEST_SECONDS = 60.0  # after which a change counts as lost
POLL_SECONDS = 0.05
CHUNK = 100  # debunks that are put at a time while many are added
WARM_SECONDS = 15.0
ASKED = 20  # texts that are asked over and over while memory is measured
PATIENT = {"MYTHMATCH_QUEUE": "64", "MYTHMATCH_QUEUE_SECONDS": "60"}  # what is slow is to be seen, not refused
PARTS = ("latency", "bulk", "load", "memory")


class DrawnEncoder:
    """Takes an encoder's place, and draws its vectors at random."""

    def __init__(self, encoder: Encoder) -> None:
        """Take the name, fingerprint and dimensions of an encoder."""
        self.name, self.fingerprint, self.dimensions = encoder.name, encoder.fingerprint, encoder.dimensions
        self._random = np.random.default_rng(0)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return a random unit row for each text."""
        rows = self._random.standard_normal((len(texts), self.dimensions), dtype=np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)

    encode_passages = encode_queries


@dataclass(frozen=True)
class Bench:
    """A server that answers, the store beside it, and the claims that are not in it yet."""

    client: Client
    pid: int
    store: CorpusStore
    new: Iterator[Debunk]

    def match(self, text: str) -> MatchAnswer:
        """Return the answer to a text."""
        return self.client.match(text[:2000])

    def revision(self) -> int:
        """Return the revision that is answered from."""
        return self.client.ready()["corpus_revision"]

    def wait_for(self, revision: int, seconds: float) -> float:
        """Return how many seconds it took until the server answers from that revision; raises TimeoutError."""
        started = time.monotonic()
        while self.revision() < revision:
            if time.monotonic() - started > seconds:
                raise TimeoutError(f"revision {revision} is not answered from after {seconds} s")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - started


def main() -> int:
    """Measure what is asked for, print it, and return the exit code."""
    asked = _arguments()
    parts = asked.part or PARTS
    claims = _claims(asked.claims)
    with tempfile.TemporaryDirectory(prefix="mythmatch-bench-") as folder:
        settings = Settings.from_environment({**_ours(), "MYTHMATCH_DATA_DIR": folder, "MYTHMATCH_PORT": "0"})
        _build(settings, islice(claims, asked.size))
        with (
            serving(Path(folder), PATIENT) as (url, pid),
            Client(url, timeout=LATEST_SECONDS, retries=0) as client,  # what fails is to be seen
            open_store(settings) as store,
        ):
            bench = Bench(client, pid, store, claims)
            bench.match("a first request, which warms what only requests warm")
            if "latency" in parts:
                _latency(bench, asked.changes)
            if "bulk" in parts:
                _bulk(bench, asked.adding, asked.changes)
            if "load" in parts:
                _load(bench, asked.adding, asked.rounds, asked.rate)
            if "memory" in parts:
                _memory(bench, asked.swaps, asked.plot)
    return DONE


def _arguments() -> argparse.Namespace:
    arguments = parser("bench_updates", __doc__ or "")
    arguments.add_argument("--claims", type=Path, required=True, help="claims, JSON Lines, may be packed by gzip")
    arguments.add_argument("--size", type=int, default=20_000, help="debunks that there are at first (20000)")
    arguments.add_argument("--part", action="append", choices=PARTS, help="what to measure; all when left out")
    arguments.add_argument(
        "--changes", type=int, default=20, help="latency, bulk: debunks that are put one by one (20)"
    )
    arguments.add_argument("--adding", type=int, default=10_000, help="load, bulk: debunks that are added (10000)")
    arguments.add_argument("--rounds", type=int, default=4, help="load: times that it is measured with and without (4)")
    arguments.add_argument("--rate", type=float, default=8.0, help="load: requests a second (8)")
    arguments.add_argument("--swaps", type=int, default=200, help="memory: snapshots that follow each other (200)")
    arguments.add_argument("--plot", type=Path, metavar="FILE.svg", help="memory: where to draw it")
    return arguments.parse_args()


def _latency(bench: Bench, changes: int) -> None:
    """Print the seconds from a put to the first answer with it, and from a removal to the first without."""
    put, removed = [], []
    for debunk in islice(bench.new, changes):
        time.sleep(1.5)  # one that comes alone; those that stream in are taken together
        bench.store.put([debunk])
        put.append(_until(bench, debunk, True))
    for debunk in list(islice(bench.store.debunks(), 3)):
        time.sleep(1.5)
        bench.store.remove([debunk.id])
        removed.append(_until(bench, debunk, False))
    print(f"put to first match, s: median {np.median(put):.2f} longest {max(put):.2f} of {len(put)}")
    print("each: " + " ".join(f"{seconds:.1f}" for seconds in put))
    print(f"removal to no match, s: median {np.median(removed):.2f} longest {max(removed):.2f} of {len(removed)}")


def _bulk(bench: Bench, adding: int, changes: int) -> None:
    """Print the seconds from a put to the first answer with it, while a bulk that came earlier is taken up."""
    bulk = bench.store.put(islice(bench.new, adding)).revision
    put = []
    for debunk in islice(bench.new, changes):
        time.sleep(1.5)
        bench.store.put([debunk])
        put.append(_until(bench, debunk, True))
    told = "not yet taken up" if bench.revision() < bulk else "taken up before"
    print(f"put behind a bulk of {adding}, s: median {np.median(put):.2f} longest {max(put):.2f} of {len(put)}")
    print("each: " + " ".join(f"{seconds:.1f}" for seconds in put) + f"; when the last was matched the bulk was {told}")


def _until(bench: Bench, debunk: Debunk, is_there: bool) -> float:
    started = time.monotonic()
    while True:
        found = {match["debunk"]["id"] for match in bench.match(debunk.myth)["matches"]}
        if (debunk.id in found) == is_there:
            return time.monotonic() - started
        if time.monotonic() - started > LATEST_SECONDS:
            raise TimeoutError(f"{debunk.id} was not {'matched' if is_there else 'let go'} in {LATEST_SECONDS} s")
        time.sleep(POLL_SECONDS)


def _load(bench: Bench, adding: int, rounds: int, rate: float) -> None:
    """Print the milliseconds of requests that come at a steady rate, alone and while debunks are added, by turns."""
    texts = (debunk.myth for debunk in bench.store.debunks(bench.revision()))  # each is asked once: all find it cold
    alone, beside = list[float](), list[float]()
    _ask(bench, texts, rate, seconds=WARM_SECONDS)
    for turn in range(rounds):
        started = time.monotonic()
        with ThreadPoolExecutor(1) as adder:
            added = adder.submit(_add, bench, list(islice(bench.new, adding // rounds)))
            beside += _ask(bench, texts, rate, until=added)
        lasted = time.monotonic() - started
        alone += _ask(bench, texts, rate, seconds=lasted)
        tell(f"round {turn + 1}: {adding // rounds} added in {lasted:.1f} s, {added.result()} failed")
        _print_load("so far", alone, beside)
    _print_load("all", alone, beside)


def _print_load(name: str, alone: Sequence[float], beside: Sequence[float]) -> None:
    for kind, times in (("alone", alone), ("while adding", beside)):
        p50, p95, p99 = np.percentile(times, [50, 95, 99])
        print(
            f"{name}, {kind}: {len(times)} requests, ms: p50 {p50:.1f} p95 {p95:.1f} p99 {p99:.1f} max {max(times):.1f}"
        )
    print(f"{name}: p99 ratio {np.percentile(beside, 99) / np.percentile(alone, 99):.2f}", flush=True)


def _add(bench: Bench, debunks: Sequence[Debunk]) -> int:
    revision = 0
    for start in range(0, len(debunks), CHUNK):
        revision = bench.store.put(debunks[start : start + CHUNK]).revision
    bench.wait_for(revision, 3600)
    return 0


def _ask(
    bench: Bench, texts: Iterator[str], rate: float, seconds: float = 3600, until: "Future[int] | None" = None
) -> list[float]:
    """Return the milliseconds of each request, from when it was due, for some seconds or until something is done."""
    asked: list[Future[float]] = []
    started = time.monotonic()
    with ThreadPoolExecutor(32) as clients:
        while time.monotonic() - started < seconds and not (until is not None and until.done()):
            due = started + len(asked) / rate
            time.sleep(max(0.0, due - time.monotonic()))
            asked.append(clients.submit(_timed, bench, next(texts), due))
        return [1000 * each.result() for each in asked]


def _timed(bench: Bench, text: str, due: float) -> float:
    bench.match(text)
    return time.monotonic() - due


def _memory(bench: Bench, swaps: int, plot: Path | None) -> None:
    """Print, and plot, the worker's and the builder's memory as snapshots follow each other.

    The same texts are asked all the time: a worker keeps what it laid out of a debunk (up to 4,096 of them), so new
    texts fill its memory for a while without any swap.
    """
    worker = worker_of(bench.pid)
    builder = builder_of(worker)
    texts = [debunk.myth for debunk in islice(bench.store.debunks(), ASKED)]
    at, megabytes = list[int](), {"worker": list[int](), "builder": list[int]()}
    for swap in range(swaps + 1):
        bench.match(texts[swap % ASKED])
        at.append(swap)
        megabytes["worker"].append(resident_mb(worker))
        megabytes["builder"].append(resident_mb(builder))
        if swap % max(1, swaps // 10) == 0:
            print(
                f"swap {swap}: worker {megabytes['worker'][-1]} MB, builder {megabytes['builder'][-1]} MB", flush=True
            )
        bench.wait_for(bench.store.put([next(bench.new)]).revision, LATEST_SECONDS)
    if plot is not None:
        plot_memory(at, megabytes, plot)


def _claims(path: Path) -> Iterator[Debunk]:
    """Yield a debunk for each line."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            said = json.loads(line)
            title = said.get("title") or None
            url = f"https://example.org/{said['id']}"
            yield Debunk(id=said["id"], myth=said["text"], lang="en", title=title, url=url, rating="false")


def _build(settings: Settings, debunks: Iterator[Debunk]) -> None:
    """Put the debunks into the settings' store, and build its first snapshot with drawn vectors."""
    started = time.monotonic()
    encoder = DrawnEncoder(open_encoder(settings))
    with open_store(settings) as store:
        store.put(debunks)
        judged = read_judged(settings.judged_path)
        built = Updater(store, encoder, settings.snapshots_dir, settings.index_kind, judged).build()
    tell(f"built {built.passages} passages in {time.monotonic() - started:.1f} s")


def _ours() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("MYTHMATCH_")}


if __name__ == "__main__":
    run(main)
