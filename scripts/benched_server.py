"""A server that a bench starts for itself, on loopback and on a port of its own, and the memory of its processes."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scripts.terminal import tell

READY_SECONDS = 600.0  # a first start unpacks the weights and builds a snapshot
ANSWER_SECONDS = 60.0
POLL_SECONDS = 0.05


@contextmanager
def serving(folder: Path, settings: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Yield the URL and the process id of a server that is ready, with its builder, and end it; its warnings are told.

    It has the settings of this process' environment, with those given over them. Raises TimeoutError where it is not
    ready in time, or has ended.
    """
    ours = {"MYTHMATCH_DATA_DIR": str(folder), "MYTHMATCH_HOST": "127.0.0.1", "MYTHMATCH_PORT": "0"}
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "scripts.serve"],
            env={**os.environ, **ours, **settings},
            stdout=output,
            stderr=output,
        )
    try:
        yield _ready(server, log), server.pid
    finally:
        server.terminate()
        server.wait()
        for line in text(log).splitlines():
            if " ERROR " in line or " WARNING " in line:
                tell(line)


def worker_of(pid: int) -> int:
    """Return the process that answers, which is the server's only child."""
    (worker,) = text(Path(f"/proc/{pid}/task/{pid}/children")).split()
    return int(worker)


def builder_of(pid: int) -> int:
    """Return the process that keeps the snapshot at the corpus, which is a child of one that answers."""
    children = [text(path).split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return int(next(each[0] for each in children if each))


def resident_mb(pid: int) -> int:
    """Return the memory that a process holds, in MB (VmRSS)."""
    return int(text(Path(f"/proc/{pid}/status")).split("VmRSS:")[1].split()[0]) // 1024


def text(path: Path) -> str:
    """Return what a file holds."""
    return path.read_text(encoding="utf-8")


def _ready(server: "subprocess.Popen[bytes]", log: Path) -> str:
    """Return the URL, once the server answers."""
    started = time.monotonic()
    while time.monotonic() - started < READY_SECONDS and server.poll() is None:
        said = text(log)
        if " listens on " in said:
            url = said.split(" listens on ")[1].split()[0]
            if _is_ready(url):
                return url
        time.sleep(POLL_SECONDS)
    raise TimeoutError(f"not ready: {text(log)}")


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=ANSWER_SECONDS):
            return True
    except OSError:  # 503, or a process that has just ended
        return False
