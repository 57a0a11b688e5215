"""The real server keeps what its OpenAPI document says, whatever schemathesis makes up: no 5xx, none undocumented."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real_server import RealServer, serving

pytestmark = pytest.mark.slow

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "use_after_free",
)
EXAMPLES, SECONDS = 8, 240
GOOGLES = "^/v1alpha1/"  # answers a method that it does not take with 404, as Google's servers do


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    settings = {"MYTHMATCH_ENCODER": "toy", "MYTHMATCH_STORE_TEXTS": "on"}
    with serving(tmp_path_factory.mktemp("contract"), settings) as started:
        yield started


@pytest.mark.parametrize(
    ("paths", "checks"),
    [(("--exclude-path-regex", GOOGLES), (*CHECKS, "unsupported_method")), (("--include-path-regex", GOOGLES), CHECKS)],
    ids=["ours", "Google's"],
)
def test_schemathesis_finds_no_answer_that_is_not_described(
    server: RealServer, tmp_path: Path, paths: tuple[str, ...], checks: tuple[str, ...]
) -> None:
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/openapi.json", *paths),
        *("--checks", ",".join(checks), "--max-examples", str(EXAMPLES), "--seed", "1"),
        *("--phases", "examples,coverage,fuzzing", "--request-timeout", "20", "--no-color"),
        *("--exclude-operation-id", "metrics_scrape"),
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert " passed" in run.stdout
