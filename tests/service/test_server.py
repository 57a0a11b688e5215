"""The production server, for real: what never reaches the application, what is logged and written, how it ends."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.real_server import ROOT, RealServer, environment_in, serving

pytestmark = pytest.mark.slow

CANARY = "canary-of-somebodys-text"
TOY = {"MYTHMATCH_ENCODER": "toy"}
MYTH = "NATO is at war with Russia in Ukraine"
SWAP_SECONDS = 30.0  # on a machine that does other work besides


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    """A server that a test may stop or change."""
    with serving(tmp_path, TOY) as started:
        yield started


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server that tests only ask."""
    with serving(tmp_path_factory.mktemp("shared"), TOY) as started:
        yield started


def raw(server: RealServer, request: bytes) -> bytes:
    """Send bytes as they are, and return all that comes back."""
    address = httpx.URL(server.url)
    with socket.create_connection((address.host, address.port or 0), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    ("request_bytes", "status", "message"),
    [
        (b"GET /v1/match?text=" + CANARY.encode() * 1000 + b" HTTP/1.1\r\n\r\n", 414, b"POST the text to /v1/match"),
        (b"GET / HTTP/1.1\r\n" + b"X: %s\r\n" % (CANARY.encode() * 1000) + b"\r\n", 431, b"the headers are too"),
        (CANARY.encode() + b" is no request\r\n\r\n", 400, b"no HTTP that can be read"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: " + CANARY.encode() + b"\r\n\r\n", 501, b"transfer coding"),
    ],
)
def test_what_gunicorn_refuses_has_the_same_error_shape(
    shared_server: RealServer, request_bytes: bytes, status: int, message: bytes
) -> None:
    answer = raw(shared_server, request_bytes)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer
    error = httpx.Response(status, content=body).json()["error"]
    assert set(error) == {"type", "message", "request_id"}
    assert message in body
    assert CANARY not in shared_server.logged() + body.decode()


@pytest.fixture(scope="module")
def used_server(tmp_path_factory: pytest.TempPathFactory) -> RealServer:
    """A server that was asked in every way, and then stopped."""
    with serving(tmp_path_factory.mktemp("used"), TOY) as server:
        httpx.post(f"{server.url}/v1/match", json={"text": f"{MYTH} {CANARY}"}).raise_for_status()
        httpx.get(f"{server.url}/v1/match", params={"text": CANARY}).raise_for_status()
        httpx.post(f"{server.url}/", data={"text": CANARY}).raise_for_status()
        httpx.post(f"{server.url}/v1/match", json={"text": CANARY, "lang": CANARY})
        httpx.post(f"{server.url}/v1/match", content=CANARY)
        httpx.get(f"{server.url}/", headers={"Referer": f"{server.url}/?text={CANARY}"}).raise_for_status()
        assert server.stop() == 0
    return server


def test_no_text_that_was_sent_is_logged_or_written(used_server: RealServer) -> None:
    assert '"POST /v1/match" 200' in used_server.logged()
    assert '"GET /v1/match" 200' in used_server.logged()
    written = [path for path in used_server.home.parent.rglob("*") if path.is_file()]
    assert used_server.log in written
    assert [path for path in written if CANARY.encode() in path.read_bytes()] == []


def test_all_that_is_written_lies_in_the_data_folder(used_server: RealServer) -> None:
    folder = used_server.home.parent
    assert [path for place in ("home", "tmp") for path in (folder / place).rglob("*")] == []
    assert {path.name for path in used_server.data_dir.iterdir()} == {"corpus.db", "run", "snapshots"}


def test_a_path_cannot_forge_a_line_of_the_log(server: RealServer) -> None:
    httpx.get(f"{server.url}/a%0Aforged%20line")
    server.stop()
    assert "\nforged line" not in server.logged()
    assert "/a%0Aforged%20line" in server.logged()


def test_a_request_in_flight_is_answered_when_the_server_is_told_to_stop(server: RealServer) -> None:
    address = httpx.URL(server.url)
    body = b'{"text": "NATO"}'
    with socket.create_connection((address.host, address.port or 0), timeout=10) as connection:
        head = b"POST /v1/match HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body[:5])
        httpx.get(f"{server.url}/livez").raise_for_status()  # the first request is in a thread by now
        server.process.terminate()
        connection.sendall(body[5:])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert server.stop() == 0


def script(server: RealServer, *arguments: str) -> str:
    """Run a script beside the server, on the same data, and return what it printed."""
    environment = environment_in(server.home.parent, TOY)
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def wait_for(server: RealServer, path: str, status: int) -> httpx.Response:
    deadline = time.monotonic() + SWAP_SECONDS
    while True:
        answer = httpx.get(f"{server.url}{path}")
        if answer.status_code == status:
            return answer
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.1)


def wait_for_revision(server: RealServer, revision: int) -> None:
    deadline = time.monotonic() + SWAP_SECONDS
    while wait_for(server, "/readyz", 200).json()["corpus_revision"] < revision:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_an_imported_debunk_is_served_without_more_ado(server: RealServer, tmp_path: Path) -> None:
    source = tmp_path / "more.jsonl"
    source.write_text('{"id": "bridge", "myth": "The bridge was sold", "fact": "It was not."}', encoding="utf-8")
    assert httpx.get(f"{server.url}/v1/debunks/bridge").status_code == 404
    assert script(server, "scripts.import_corpus", str(source)) == "read 1 put 1 unchanged 0 rejected 0\n"
    wait_for_revision(server, 2)
    assert script(server, "scripts.build_snapshot").startswith("revision 2 passages 621 encoded 0: ")
    assert wait_for(server, "/v1/debunks/bridge", 200).json()["fact"] == "It was not."
    answer = httpx.post(f"{server.url}/v1/match", json={"text": "they sold the bridge, it was sold"}).json()
    assert (answer["corpus_revision"], answer["matches"][0]["debunk"]["id"]) == (2, "bridge")


def test_a_harmed_snapshot_is_told_at_the_start_and_a_new_build_is_taken_up(tmp_path: Path) -> None:
    with serving(tmp_path, TOY) as server:
        server.stop()
    (vectors,) = server.data_dir.glob("snapshots/*/segments/*/vectors.faiss")
    os.truncate(vectors, vectors.stat().st_size - 100)
    with serving(tmp_path, TOY, until_ready=False) as server:
        deadline = time.monotonic() + SWAP_SECONDS
        while "vectors.faiss" not in (answer := httpx.get(f"{server.url}/readyz")).text:
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.1)
        assert answer.status_code == 503
        assert "is truncated or altered" in answer.text
        assert httpx.get(f"{server.url}/livez").status_code == 200
        script(server, "scripts.build_snapshot")
        wait_for(server, "/readyz", 200)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"MYTHMATCH_PROT": "1"}, "error: MYTHMATCH_PROT is no setting of Mythmatch; did you mean MYTHMATCH_PORT?"),
        ({"MYTHMATCH_HOST": "no.such.host.invalid"}, "error: cannot listen on no.such.host.invalid:0"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_line(tmp_path: Path, settings: dict[str, str], expected: str) -> None:
    environment = environment_in(tmp_path, {**TOY, **settings})
    done = subprocess.run(
        [sys.executable, "-m", "scripts.serve"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(expected)
    assert done.stderr.count("\n") == 1


def test_a_port_in_use_stops_the_start_with_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        environment = environment_in(tmp_path, {**TOY, "MYTHMATCH_PORT": port})
        done = subprocess.run(
            [sys.executable, "-m", "scripts.serve"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == (
        f"error: 127.0.0.1:{port} is in use by another program; stop it, or set MYTHMATCH_PORT to another port\n"
    )
