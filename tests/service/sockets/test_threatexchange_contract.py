"""python-threatexchange's own contract test, inherited: its makers' classes, unmodified, over our signal type."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from embeddings.toy import ToyEncoder
from service.sockets import claim_signal
from service.sockets.claim_signal import ClaimEmbeddingSignal

pytestmark = pytest.mark.slow

# Releases after this one, also the one that is installed, leave their tests out of the package.
RELEASE = "threatexchange==1.1.0 --hash=sha256:206d619fa6d1d6f2fcc2f8b6bcbb1bb2a5af83ff121478bb6fecf5c624a76332"
HELPER = "threatexchange/signal_type/tests/signal_type_test_helper.py"
KEPT = Path(sys.prefix) / "threatexchange-with-tests"  # beside what is installed
MYTH = "NATO promised Russia it would not expand after the Cold War"
OTHER = "The bakery on our street sells bread from seven in the morning"
TESTS = {"test_get_name", "test_examples", "test_validate_hash", "test_compare_hash", "test_hash_from_str"}


@cache
def helper_path() -> Path:
    """Return their helper, unpacked; where the release cannot be fetched the test is skipped, on CI it fails."""
    if not (KEPT / HELPER).exists():
        KEPT.mkdir(exist_ok=True)
        (KEPT / "release.txt").write_text(f"{RELEASE}\n", encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        done = subprocess.run(
            [*pip, "-r", "release.txt", "-d", "."], cwd=KEPT, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            told = f"cannot fetch {RELEASE}: {done.stderr[-500:]}"
            pytest.fail(told) if os.environ.get("CI") == "true" else pytest.skip(told)
        with zipfile.ZipFile(next(KEPT.glob("*.whl"))) as wheel:
            wheel.extract(HELPER, KEPT)
    return KEPT / HELPER


def helper() -> Any:
    """Return their module, over the release that is installed."""
    spec = importlib.util.spec_from_file_location("signal_type_test_helper", helper_path())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_their_own_contract_test_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYTHMATCH_ENCODER", "toy")
    for remembered in (claim_signal.the_cut, claim_signal.the_encoder):
        remembered.cache_clear()
    hashed, other = map(ClaimEmbeddingSignal.hash_from_str, (MYTH, OTHER))

    class Ours(helper().TextHasherAutoTest):  # type: ignore[misc]
        TYPE = ClaimEmbeddingSignal

        def get_validate_hash_cases(self) -> list[Any]:
            return [hashed, (f" {hashed}\n", hashed), ("", Exception), ("no hash", Exception), (hashed[:-4], Exception)]

        def get_compare_hash_cases(self) -> list[Any]:
            return [(hashed, hashed), (hashed, other, False)]

        def get_hashes_from_str_cases(self) -> list[Any]:
            return [(MYTH, hashed), (OTHER, other), ("  ", "")]

    tests = {name for name in dir(Ours) if name.startswith("test_")}
    assert tests == TESTS
    for name in sorted(tests):
        getattr(Ours(), name)()
    for remembered in (claim_signal.the_cut, claim_signal.the_encoder):
        remembered.cache_clear()
    assert ToyEncoder.fingerprint in ClaimEmbeddingSignal.get_name()
