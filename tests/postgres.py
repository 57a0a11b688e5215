"""A real PostgreSQL for tests: a cluster of this process alone, on loopback, that ends with it however it ends."""

import atexit
import functools
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

BINARIES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
START_SECONDS = 60.0
USER = "mythmatch"
# The shell waits for the end of its input, which comes when the tests' process ends, also when that is killed.
SUPERVISED = '''folder=$1; shift; "$@" & server=$!
read -r word; kill -INT $server; wait $server; [ "$word" = keep ] || rm -rf "$folder"'''
FAST = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=60", "listen_addresses=127.0.0.1")


class Cluster:
    """A PostgreSQL server with its folder; tests may stop and start it."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="mythmatch-postgres-"))
        self._user = _unprivileged()
        self._password = secrets.token_hex(8)
        self.port = 0
        self._server: subprocess.Popen[str] | None = None
        (self.folder / "password").write_text(self._password, encoding="utf-8")
        if self._user:
            for path in (self.folder, self.folder / "password"):
                shutil.chown(path, self._user)
        done = subprocess.run(
            [
                *(binaries / "initdb", f"--pgdata={self.folder / 'data'}", f"--pwfile={self.folder / 'password'}"),
                *(f"--username={USER}", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
            ],
            cwd=self.folder,
            user=self._user,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Start the server, on the port that it had before, or on a free one."""
        log = self.folder / "log"
        said_before = log.stat().st_size if log.exists() else 0
        self.port = self.port or _free_port()
        settings = [*FAST, f"port={self.port}", f"unix_socket_directories={self.folder}"]
        server: list[str | Path] = [
            self._binaries / "postgres",
            "-D",
            self.folder / "data",
            *(f"--{setting}" for setting in settings),
        ]
        with log.open("ab") as output:
            self._server = subprocess.Popen(
                ["sh", "-c", SUPERVISED, "sh", self.folder, *server],
                cwd=self.folder,
                user=self._user,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,  # Ctrl-C at the tests does not reach it
            )
        deadline = time.monotonic() + START_SECONDS
        while b"ready to accept connections" not in (said := log.read_bytes()[said_before:]):
            assert time.monotonic() < deadline, said.decode()
            assert b"FATAL" not in said, said.decode()
            time.sleep(0.02)

    def stop(self, *, keep: bool = False) -> None:
        """Stop the server, and remove its folder unless it is to be kept for a later start."""
        if self._server is not None:
            self._server.communicate("keep\n" if keep else "end\n")
            self._server = None

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database, with its password."""
        return f"postgresql+psycopg://{USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Execute a statement outside a transaction, and return its rows."""
        url = self.url(database).replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


def _unprivileged() -> str | None:
    """Return the user to run as: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def _binaries() -> Path | None:
    """Return the folder of PostgreSQL's newest programs, which Debian does not put on the PATH."""
    found = [path for pattern in BINARIES for path in Path("/").glob(pattern[1:]) if (path / "initdb").exists()]
    on_path = shutil.which("initdb")
    by_version = sorted(found, key=lambda path: float(next(filter(_is_number, path.parts[::-1]), 0)))
    return by_version[-1] if by_version else Path(on_path).resolve().parent if on_path else None


def _is_number(part: str) -> bool:
    return part.replace(".", "", 1).isdigit()


@functools.cache
def cluster() -> Cluster:
    """Return this process's cluster, started; where there is no PostgreSQL the test is skipped, on CI it fails."""
    binaries = _binaries()
    if binaries is None:
        missing = "no PostgreSQL was found; on Debian: apt install postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    made = Cluster(binaries)
    atexit.register(made.stop)
    made.start()
    return made


@contextmanager
def fresh_database() -> Iterator[str]:
    """Yield the URL of an empty database whose own order of texts is not that of code points; drop it afterwards."""
    server, name = cluster(), f"corpus_{secrets.token_hex(4)}"
    (version,) = server.execute("SELECT current_setting('server_version_num')::int / 10000")[0]
    order = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US'" if int(str(version)) >= 15 else ""
    server.execute(f"CREATE DATABASE {name} TEMPLATE template0 {order}")
    try:
        yield server.url(name)
    finally:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def empty_database(kind: str, folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database of a kind, sqlite or postgresql."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'corpus.db'}"
    else:
        with fresh_database() as url:
            yield url
