"""The PostgreSQL of the tests: it ends with them, and where there is none that is said."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import postgres
from tests.real_server import ROOT

pytestmark = pytest.mark.slow

STARTER = """
import sys
from tests.postgres import cluster

server = cluster()
print(server.folder, flush=True)
sys.stdin.read()
"""
GONE_SECONDS = 30.0


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_cluster_ends_with_the_tests_however_they_end(ending: signal.Signals) -> None:
    postgres.cluster()  # skips where there is none
    tests = subprocess.Popen(
        [sys.executable, "-c", STARTER],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert tests.stdout is not None
    folder = Path(tests.stdout.readline().strip())
    server = int((folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    os.killpg(tests.pid, ending)
    tests.communicate()
    deadline = time.monotonic() + GONE_SECONDS
    while folder.exists() or Path(f"/proc/{server}/exe").exists():
        assert time.monotonic() < deadline, f"{folder} and {server} are still there"
        time.sleep(0.05)


def test_without_postgresql_a_test_is_skipped_and_on_ci_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "BINARIES", ())
    monkeypatch.setenv("PATH", "")
    for ci, outcome in (("", pytest.skip.Exception), ("true", pytest.fail.Exception)):
        monkeypatch.setenv("CI", ci)
        with pytest.raises(outcome, match="no PostgreSQL was found; on Debian: apt install postgresql"):
            postgres.cluster.__wrapped__()
