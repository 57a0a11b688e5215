"""The carrier of the bundled weights: its blocks by hand, and the refusal of any other file."""

from pathlib import Path

import numpy as np
import pytest

from embeddings.e5_file import read_e5_file, unpack_q4
from embeddings.errors import WeightsRefused


def test_a_block_of_32_weights_is_unpacked_as_documented() -> None:
    nibbles = bytes((low | high << 4) for low, high in zip(range(16), reversed(range(16)), strict=True))
    first = np.float16(0.5).tobytes() + nibbles
    second = np.float16(-2.0).tobytes() + bytes([0x80] * 16)
    weights = unpack_q4(first + second)
    assert weights.dtype == np.float32
    assert weights[:16].tolist() == [(n - 8) * 0.5 for n in range(16)]  # low nibbles: weights 0 to 15
    assert weights[16:32].tolist() == [(n - 8) * 0.5 for n in reversed(range(16))]  # high ones: 16 to 31
    assert weights[32:].tolist() == [16.0] * 16 + [0.0] * 16


def test_an_altered_file_is_refused_with_both_sums(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    path.write_bytes(b"E5S1 and then something else")
    with pytest.raises(WeightsRefused, match=r"met sha256 [0-9a-f]{64}, expected 1571fc98.*reinstall"):
        read_e5_file(path)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsRefused, match="No such file"):
        read_e5_file(tmp_path / "absent.bin")
