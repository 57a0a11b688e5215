"""A real Redis for tests: a server on a free loopback port, which ends with the tests however they end."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

START_SECONDS = 30.0
# The shell waits for the end of its input, which comes when the tests' process ends, also when that is killed.
SUPERVISED = '"$@" & server=$!; read -r word; kill -KILL $server; wait $server 2>/dev/null'


class RedisServer:
    """A server that tests may kill and start again, on the same port; it keeps nothing."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder
        self.port = _free_port()
        self._server: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Return the address that a client takes."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and return once it answers."""
        options = ("--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no")
        with (self._folder / "log").open("ab") as output:
            self._server = subprocess.Popen(
                ["sh", "-c", SUPERVISED, "sh", self._program, *options, "--dir", str(self._folder)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,  # Ctrl-C at the tests does not reach it
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            assert time.monotonic() < deadline, (self._folder / "log").read_text(encoding="utf-8")
            time.sleep(0.02)

    def answers(self) -> bool:
        """Return whether it takes commands."""
        try:
            with self._client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def keys(self) -> int:
        """Return how many keys it holds."""
        with self._client() as client:
            return int(client.dbsize())

    def _client(self) -> redis.Redis:
        return redis.Redis(port=self.port, retry=Retry(NoBackoff(), 0))

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._server is not None:
            self._server.communicate("kill\n")
            self._server = None


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Yield a running server; where there is no Redis the test is skipped, on CI it fails."""
    program = shutil.which("redis-server")
    if program is None:
        missing = "no Redis was found; on Debian: apt install redis-server"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with tempfile.TemporaryDirectory(prefix="mythmatch-redis-") as folder:
        server = RedisServer(program, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()
