"""BuilderProcess: the builder beside a server, started with it, started again when it dies, and ended with it.

It is a process of its own so that encoding and merging hold up no request: no lock of the interpreter is shared, it is
nicer than the server, and it has one thread where a request has all cores. Its standard input is a pipe that only the
server's process holds: when that ends, however it ends, the builder reads the pipe's end and ends too.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

from service.settings import HOME

log = logging.getLogger(__name__)
COMMAND = (sys.executable, "-m", "scripts.build_snapshot", "--watch", "--tied")
THREADS = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0  # seconds until it is started again; twice as long each time
STEADY_SECONDS = 60.0  # one that lived so long is started again at once
STOP_SECONDS = 5.0
CHECK_SECONDS = 0.2


class BuilderProcess:
    """Keeps one builder process alive."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Start nothing yet; the builder reads its settings from the environment, as the server did."""
        path = os.pathsep.join(filter(None, (str(HOME), environment.get("PYTHONPATH"))))
        self._environment = {**environment, **THREADS, "PYTHONPATH": path}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the builder, and watch it in a thread, made here: one that is older than a fork counts as stopped."""
        self._thread = threading.Thread(target=self._run, name="mythmatch-builder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the builder and return when it has ended."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(2 * STOP_SECONDS)

    def _run(self) -> None:
        backoff = FIRST_BACKOFF
        while not self._stopped.is_set():
            lived = self._live()
            if self._stopped.is_set():
                return
            backoff = FIRST_BACKOFF if lived > STEADY_SECONDS else min(LONGEST_BACKOFF, 2 * backoff)
            self._stopped.wait(backoff)

    def _live(self) -> float:
        """Start one builder and return for how many seconds it lived."""
        started = time.monotonic()
        try:
            process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, env=self._environment)
        except OSError as error:
            log.error("cannot start the builder: %s", error)
            return 0.0
        while process.poll() is None and not self._stopped.wait(CHECK_SECONDS):
            pass
        _end(process)
        lived = time.monotonic() - started
        if not self._stopped.is_set():
            log.error("the builder ended with %s after %.0f s; it is started again", process.returncode, lived)
        return lived


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Close the builder's pipe, and kill it where that does not end it."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()  # at any moment a snapshot is left that serves
        process.wait()
