"""Keys on a real server away from loopback: closed from its start, opened by a key, closed again by its revoking."""

import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.real_server import ROOT, RealServer, environment_in, serving

pytestmark = pytest.mark.slow

TOY = {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_HOST": "0.0.0.0"}
MYTH = {"text": "NATO is at war with Russia in Ukraine"}
REVOKED_SECONDS = 5.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server on every address, as `make run` starts it, with no key made and nothing set about them."""
    with serving(tmp_path_factory.mktemp("open"), TOY) as started:
        started.url = started.url.replace("0.0.0.0", "127.0.0.1")
        yield started


def script(server: RealServer, *arguments: str) -> str:
    """Run scripts.keys beside the server, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "scripts.keys", *arguments],
        cwd=ROOT,
        env=environment_in(server.home.parent, TOY),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def matched(server: RealServer, **sent: object) -> int:
    return httpx.post(f"{server.url}/v1/match", json=MYTH, **sent).status_code  # type: ignore[arg-type]


def wait_for(server: RealServer, status: int, key: str) -> None:
    begun = time.monotonic()
    while (met := matched(server, headers={"X-API-Key": key})) != status:
        assert time.monotonic() < begun + REVOKED_SECONDS, (met, server.logged())
        time.sleep(0.05)


def test_a_server_away_from_loopback_is_closed_and_says_how_to_make_a_key(server: RealServer) -> None:
    assert matched(server) == 401
    assert httpx.get(f"{server.url}/").status_code == 401
    assert httpx.delete(f"{server.url}/v1/debunks/nato.int-115204-1").status_code == 401
    assert httpx.get(f"{server.url}/livez").status_code == httpx.get(f"{server.url}/readyz").status_code == 200
    assert server.logged().count("make one by `python -m scripts.keys make NAME --scope admin`") == 1


def test_a_key_that_is_made_while_it_serves_opens_it_until_it_is_revoked(server: RealServer) -> None:
    key = script(server, "make", "anna", "--scope", "match")
    wait_for(server, 200, key)
    ways: list[dict[str, object]] = [
        {"headers": {"Authorization": f"Bearer {key}"}},
        {"headers": {"X-goog-api-key": key}},
        {"params": {"key": key}},
        {"auth": ("anybody", key)},
        {"auth": (key, "")},
    ]
    assert [matched(server, **sent) for sent in ways] == [200] * 5
    page = httpx.post(f"{server.url}/", data=MYTH, auth=("", key))
    assert (page.status_code, "This repeats a known myth" in page.text) == (200, True)
    assert httpx.get(f"{server.url}/v1/debunks", params={"key": key}).status_code == 403
    assert script(server, "revoke", "anna").startswith("revoked ")
    wait_for(server, 401, key)
    refused = httpx.post(f"{server.url}/v1/match", json=MYTH, headers={"X-API-Key": key})
    assert "the key 'anna' was revoked" in refused.text
    assert [matched(server, **sent) for sent in ways] == [401] * 5
    assert key not in server.logged()
    assert key.rsplit("_", 1)[1] not in server.logged()
    assert " /v1/match" in server.logged()
    for path in server.data_dir.rglob("*"):
        assert not path.is_file() or key.encode() not in path.read_bytes(), path


def test_the_list_shows_the_day_of_use_and_no_key(server: RealServer) -> None:
    key = script(server, "make", "ben", "--scope", "match", "--scope", "read", "--expires", "2100-01-01")
    wait_for(server, 200, key)
    deadline = time.monotonic() + REVOKED_SECONDS
    while (row := script(server, "list").splitlines()[-1].split())[-1] == "-":
        assert time.monotonic() < deadline
    today = time.strftime("%Y-%m-%d", time.gmtime())
    assert (row[1], row[2], row[4], row[5], row[6]) == ("ben", "read,match", "2100-01-01T00:00Z", "-", today)
    assert key not in script(server, "list")
