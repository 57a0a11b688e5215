"""The load test: it starts a server, asks it as told, ends by itself, and prints one table of what it met."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real_server import ROOT, environment_in

pytestmark = pytest.mark.slow


def test_a_short_load_of_every_kind_is_measured_and_nothing_is_left_without_an_answer(tmp_path: Path) -> None:
    report = tmp_path / "load.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "scripts.bench_load", "--toy"),
            *("--seconds", "1.5", "--clients", "1", "8", "32", "--json", str(report)),
        ],
        cwd=ROOT,
        env=environment_in(tmp_path, {"MYTHMATCH_QUEUE": "7"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode in (0, 1), done.stderr  # 1: on a machine that does other work the ratio may not be kept
    figures = json.loads(report.read_text(encoding="utf-8"))
    rows = figures["rows"]
    assert [row["clients"] for row in rows[:-1]] == ["1", "8", "32"]
    assert rows[-1]["clients"].endswith(" a second, steadily")
    assert [row["failed"] for row in rows] == [0, 0, 0, 0]
    assert all(0 < row["p50_ms"] <= row["p99_ms"] for row in rows)
    assert all(row["probe_ms"] > 0 for row in rows)
    assert rows[2]["refused"] > 0
    assert rows[-1]["refused"] > 0
    assert rows[-1]["requests"] == pytest.approx(2 * max(row["answered"] for row in rows[:-1]), rel=0.1)
    assert done.stdout.startswith("| load | requests/s | answered/s |")
    assert done.stdout.count("\n|") == 1 + len(rows)
    kept = [line for line in done.stdout.splitlines() if "kept: " in line]
    assert [line.startswith("kept: ") for line in kept] == list(figures["kept"].values())
    assert all(figures["kept"].values()) == (done.returncode == 0)
