"""A real server in a process of its own, in folders of its own, on a port of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 90.0  # what a first start may take
STOP_SECONDS = 30.0
CLIENT_SECONDS = 60.0  # for one answer, on a machine that does other work besides


@dataclass
class RealServer:
    """A running server: where it answers, where it may write, and what it has said."""

    url: str
    data_dir: Path
    home: Path
    log: Path
    process: "subprocess.Popen[bytes]"
    seconds_to_ready: float

    def stop(self) -> int:
        """End the server as an init system would, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def logged(self) -> str:
        """Return all that the server printed so far."""
        return self.log.read_text(encoding="utf-8")


def environment_in(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which all that is written outside the data folder would be found in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MYTHMATCH_")}
    for name in ("home", "tmp"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        **kept,
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "HF_HUB_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MYTHMATCH_DATA_DIR": str(folder / "data"),
        "MYTHMATCH_PORT": "0",
        **settings,
    }


@contextmanager
def serving(folder: Path, settings: Mapping[str, str], *, until_ready: bool = True) -> Iterator[RealServer]:
    """Start `scripts.serve` in `folder`, yield it once it listens (and is ready), and end it."""
    log = folder / "server.log"
    folder.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.serve"],
            cwd=ROOT,
            env=environment_in(folder, settings),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = _url(process, log)
        server = RealServer(url, folder / "data", folder / "home", log, process, 0.0)
        if until_ready:
            _wait_until_ready(server, started)
        server.seconds_to_ready = time.monotonic() - started
        yield server
        server.stop()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _url(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if found := re.search(r"listens on (\S+) ", log.read_text(encoding="utf-8")):
            return found[1]
        assert process.poll() is None, log.read_text(encoding="utf-8")
        time.sleep(0.05)
    raise AssertionError(f"no URL within {START_SECONDS} s: {log.read_text(encoding='utf-8')}")


def _wait_until_ready(server: RealServer, started: float) -> None:
    while True:
        answer = httpx.get(f"{server.url}/readyz", timeout=CLIENT_SECONDS)
        if answer.status_code == 200:
            return
        assert answer.status_code == 503, answer.text
        assert time.monotonic() < started + START_SECONDS, f"{answer.text}\n{server.logged()}"
        time.sleep(0.1)
