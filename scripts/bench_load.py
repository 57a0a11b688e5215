"""Measures a server under load: how soon it answers so many clients at once, and what it does when far more is asked.

It starts a server of its own on loopback, with the settings of the environment, and ends it. Clients that wait for an
answer before they ask again come first; one that is refused waits as Retry-After says. The best rate at which they are
answered is the capacity. Then twice as much is asked at a steady rate, by clients that wait for nothing: what comes
faster than it can be answered has to be refused at once, or whoever comes later waits longer and longer.
"""

import argparse
import asyncio
import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

from corpus.judged import DEV, read_judged
from scripts.benched_server import resident_mb, serving, worker_of
from scripts.terminal import DONE, SOME_REJECTED, parser, run, tell

IDLE_SECONDS = 3.0  # the server's own MYTHMATCH_KEEP_ALIVE_SECONDS are 5
CLIENTS = (1, 8, 64, 256)
SEATED = 8  # clients who all find room by default, on 2 cores: their median is the latency at capacity
MOST_CHARS = 280  # of a text: with long ones among them the slowest would be slow for their length alone
PATIENCE_SECONDS = 30.0  # after which an answer counts as none
PROBE_SECONDS = 0.25
WARM_SECONDS = 5.0
OVER = 2.0  # times the capacity
MOST_TIMES = 3.0  # that the slowest of a hundred answers may take, of the median of SEATED clients
ANSWERED, REFUSED = 200, 503
COLUMNS = (
    ("clients", "load"),
    ("requests", "requests/s"),
    ("answered", "answered/s"),
    ("p50_ms", "p50, ms"),
    ("p99_ms", "p99, ms"),
    ("refused", "503"),
    ("refused_p99_ms", "503: p99, ms"),
    ("failed", "failed"),
    ("probe_ms", "slowest /livez, ms"),
    ("rss_mb", "memory, MB"),
)


@dataclass
class Load:
    """What came back while so many asked for so long: each request's status, or what broke, and its milliseconds."""

    name: str
    seconds: float
    came: list[tuple[int | str, float]] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)

    def ms(self, status: int) -> list[float]:
        """Return the milliseconds of the requests that ended with a status."""
        return [ms for met, ms in self.came if met == status]

    def figures(self, rss_mb: int) -> dict[str, Any]:
        """Return what the table shows."""
        answered, refused = self.ms(ANSWERED), self.ms(REFUSED)
        return {
            "clients": self.name,
            "requests": round(len(self.came) / self.seconds, 1),
            "answered": round(len(answered) / self.seconds, 1),
            "p50_ms": percentile(answered, 50),
            "p99_ms": percentile(answered, 99),
            "refused": len(refused),
            "refused_p99_ms": percentile(refused, 99),
            "failed": len(self.came) - len(answered) - len(refused),
            "failures": dict(Counter(str(met) for met, _ in self.came if met not in (ANSWERED, REFUSED))),
            "probe_ms": round(max(self.probes, default=0.0), 1),
            "rss_mb": rss_mb,
        }


class Clients:
    """Everybody who asks the server."""

    def __init__(self, url: str, texts: Iterator[str]) -> None:
        """Take where to ask and what; a connection is kept open for as many as ask at once."""
        self._texts = texts
        patience = aiohttp.ClientTimeout(PATIENCE_SECONDS)
        # whoever asks lets go of an idle connection before the server does: else both may use it at one moment
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS)
        self._http = aiohttp.ClientSession(url, timeout=patience, connector=connector)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def wait_and_ask(self, clients: int, seconds: float) -> Load:
        """Return what so many get that each ask again as soon as they were answered."""
        load = Load(str(clients), seconds)
        ends = time.monotonic() + seconds
        async with asyncio.TaskGroup() as everybody:
            everybody.create_task(self._probe(load, ends))
            for _ in range(clients):
                everybody.create_task(self._ask_on(load, ends))
        return load

    async def ask_steadily(self, rate: float, seconds: float) -> Load:
        """Return what comes back where so many requests a second are sent, whatever becomes of them."""
        load = Load(f"{rate:.0f} a second, steadily", seconds)
        began = time.monotonic()
        async with asyncio.TaskGroup() as everybody:
            everybody.create_task(self._probe(load, began + seconds))
            for number in range(round(rate * seconds)):
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                everybody.create_task(self._ask(load, due))
        return load

    async def _ask_on(self, load: Load, ends: float) -> None:
        while (now := time.monotonic()) < ends:
            wait = await self._ask(load, now)
            await asyncio.sleep(min(wait, max(0.0, ends - time.monotonic())))

    async def _ask(self, load: Load, due: float) -> float:
        """Send a text, note what came and how long after it was due, and return the seconds until another try."""
        try:
            async with self._http.post("/v1/match", json={"text": next(self._texts)}) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            load.came.append((type(error).__name__, 1000 * (time.monotonic() - due)))
            return 1.0
        load.came.append((answer.status, 1000 * (time.monotonic() - due)))
        return float(answer.headers.get("Retry-After", 0.0))

    async def _probe(self, load: Load, ends: float) -> None:
        """Note how long /livez takes, again and again; no answer counts as the longest wait."""
        while (began := time.monotonic()) < ends:
            try:
                async with self._http.get("/livez", raise_for_status=True) as answer:
                    await answer.read()
                load.probes.append(1000 * (time.monotonic() - began))
            except (aiohttp.ClientError, TimeoutError):
                load.probes.append(1000 * PATIENCE_SECONDS)
            await asyncio.sleep(PROBE_SECONDS)


def main() -> int:
    """Measure, print the table, and return the exit code: 1 where the server did not keep what is promised."""
    asked = _arguments()
    texts = [post.text for post in read_judged(DEV) if len(post.text) <= MOST_CHARS]
    random.Random(0).shuffle(texts)
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="mythmatch-load-") as folder:
        encoder = {"MYTHMATCH_ENCODER": "toy"} if asked.toy else {}
        with serving(Path(folder), encoder) as (url, pid):
            rows = asyncio.run(measure(url, worker_of(pid), cycle(texts), asked.clients, asked.seconds))
    promises = kept(rows)
    print(table(rows))
    print(told(rows))
    print(f"{os.cpu_count()} cores; before the server was started others kept {busy:.1f} of them busy.")
    if asked.json:
        asked.json.write_text(json.dumps({"rows": rows, "kept": promises}, indent=2) + "\n", encoding="utf-8")
    return DONE if all(promises.values()) else SOME_REJECTED


def _arguments() -> argparse.Namespace:
    arguments = parser("bench_load", __doc__ or "")
    arguments.add_argument("--toy", action="store_true", help="with the encoder that needs no weights")
    arguments.add_argument("--seconds", type=float, default=20.0, help="how long each load lasts (20)")
    arguments.add_argument("--clients", type=int, nargs="+", default=CLIENTS, help="how many at once (1 8 64 256)")
    arguments.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures too")
    return arguments.parse_args()


async def measure(
    url: str, worker: int, texts: Iterator[str], clients: Sequence[int], seconds: float
) -> list[dict[str, Any]]:
    """Return a row for each number of clients, and one for twice the capacity."""
    everybody = Clients(url, texts)
    await everybody.wait_and_ask(SEATED, min(WARM_SECONDS, seconds))
    rows = list[dict[str, Any]]()
    for number in clients:
        rows.append((await everybody.wait_and_ask(number, seconds)).figures(resident_mb(worker)))
        tell(f"{number} clients: {rows[-1]}")
    rate = OVER * max(row["answered"] for row in rows)
    over = await everybody.ask_steadily(max(rate, 1 / seconds), seconds)
    rows.append(over.figures(resident_mb(worker)))
    await everybody.close()
    return rows


def kept(rows: Sequence[dict[str, Any]]) -> dict[str, bool]:
    """Return by promise whether it was kept."""
    over = rows[-1]
    return {
        "everything was answered or refused": all(row["failed"] == 0 for row in rows),
        f"p99 at twice the capacity is at most {MOST_TIMES:g} times the median at capacity": over["p99_ms"]
        <= MOST_TIMES * at_capacity(rows)["p50_ms"],
    }


def at_capacity(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the row of SEATED clients, or of as many as come next below; else the first."""
    seated = (row for row in rows[:-1] if int(row["clients"]) <= SEATED)
    return max(seated, key=lambda row: int(row["clients"]), default=rows[0])


def told(rows: Sequence[dict[str, Any]]) -> str:
    """Return what the rows say in a few lines."""
    calm, seated, over = rows[0], at_capacity(rows), rows[-1]
    by_median, by_p99 = times(over["p99_ms"], seated["p50_ms"]), times(over["p99_ms"], calm["p99_ms"])
    return "\n".join(
        [
            "",
            f"At twice the capacity p99 of what is answered is {by_median} times the median of"
            f" {seated['clients']} clients, and {by_p99} times p99 of {calm['clients']}.",
            f"Memory: {calm['rss_mb']} MB after the first load, {over['rss_mb']} MB after the last.",
            *(f"{'kept' if was else 'NOT kept'}: {promise}" for promise, was in kept(rows).items()),
        ]
    )


def times(ms: float, of: float) -> str:
    """Return a ratio as it is shown."""
    return f"{ms / of:.2f}" if of else "-"


def percentile(ms: Sequence[float], percent: float) -> float:
    """Return a percentile in milliseconds, 0 of none."""
    return round(float(np.percentile(ms, percent)), 1) if ms else 0.0


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as a table in Markdown."""
    lines = ["| " + " | ".join(title for _, title in COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(str(row[name]) for name, _ in COLUMNS) + " |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    run(main)
