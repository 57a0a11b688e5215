"""The cached encoder: the same vectors, each encoded once, also by a later process."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from embeddings.cache import CachedEncoder, CachedPairModel
from embeddings.toy import ToyEncoder
from embeddings.vectors import Vectors


class CountingEncoder(ToyEncoder):
    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.encoded.extend(texts)
        return super().encode_passages(texts)


def test_each_text_is_encoded_once_and_has_the_encoders_vector(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    cached = CachedEncoder(encoder, tmp_path)
    rows = cached.encode_queries(["b", "a", "b"])
    assert np.array_equal(rows, ToyEncoder().encode_queries(["b", "a", "b"]))
    assert np.array_equal(CachedEncoder(encoder, tmp_path).encode_queries(["a", "b"]), rows[[1, 0]])
    assert sorted(encoder.encoded) == ["a", "b"]


def test_claims_and_passages_other_spellings_and_other_encoders_are_kept_apart(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    cached = CachedEncoder(encoder, tmp_path)
    cached.encode_queries(["a"])
    cached.encode_passages(["a"])
    cached.encode_passages(["A"])
    assert encoder.encoded == ["a", "a", "A"]
    other = CountingEncoder()
    other.fingerprint = "0123456789abcdef"
    CachedEncoder(other, tmp_path).encode_queries(["a"])
    assert other.encoded == ["a"]
    assert cached.encode_queries([]).shape == (0, ToyEncoder.dimensions)


def test_vectors_at_16_bits_have_length_1_again_and_nothing_is_kept_where_that_is_not_wanted(tmp_path: Path) -> None:
    CachedEncoder(ToyEncoder(), tmp_path).encode_queries(["a", "b"])
    (path,) = (tmp_path / ToyEncoder.fingerprint).glob("query-*.npz")
    with np.load(path) as part:
        keys, rows = part["keys"], part["rows"]
    np.savez(path, keys=keys, rows=rows.astype(np.float16))
    encoder = CountingEncoder()
    cached = CachedEncoder(encoder, tmp_path, keep=False)
    found = cached.encode_queries(["a", "b", "c"])
    assert encoder.encoded == ["c"]
    assert np.allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-6)
    assert np.allclose(found, ToyEncoder().encode_queries(["a", "b", "c"]), atol=1e-3)
    assert len(list((tmp_path / ToyEncoder.fingerprint).iterdir())) == 1


class CountingPairs:
    identity = "counting"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def logits(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float32]:
        self.asked += pairs
        return np.array([[len(one), len(other)] for one, other in pairs], dtype=np.float32).reshape(-1, 2)


def test_a_pair_is_read_once_and_rows_come_in_the_order_asked() -> None:
    counting = CountingPairs()
    cached = CachedPairModel(counting)
    pairs = [("abc", "d"), ("a", "b"), ("abc", "d")]
    assert cached.logits(pairs).tolist() == [[3, 1], [1, 1], [3, 1]]
    assert cached.logits([("a", "b"), ("e", "fgh")]).tolist() == [[1, 1], [1, 3]]
    assert sorted(counting.asked) == [("a", "b"), ("abc", "d"), ("e", "fgh")]
    assert cached.logits([]).shape == (0, 0)
    assert cached.identity == "counting"
