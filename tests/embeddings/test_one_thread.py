"""One thread computes, whichever asks: what it gives is what the model itself gives, and so is what goes wrong."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest

from embeddings.one_thread import OneThreadEncoder, OneThreadPairModel
from embeddings.toy import ToyEncoder
from embeddings.vectors import Vectors


class ToldEncoder(ToyEncoder):
    """Notes which threads it computed in."""

    def __init__(self) -> None:
        self.threads: set[int] = set()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        self.threads.add(threading.get_ident())
        if "broken" in texts:
            raise ValueError("broken")
        return super().encode_queries(texts)


class Lengths:
    """A pair model that tells how long both texts are."""

    identity = "lengths"

    def logits(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float32]:
        return np.array([[len(one), len(other)] for one, other in pairs], dtype=np.float32)


def test_many_threads_get_their_own_answers_from_one() -> None:
    told = ToldEncoder()
    with ThreadPoolExecutor(1) as thread, ThreadPoolExecutor(8) as askers:
        encoder = OneThreadEncoder(told, thread)
        texts = [f"bridge number {number}" for number in range(64)]
        rows = list(askers.map(lambda text: encoder.encode_queries([text]), texts))
        assert np.array_equal(np.concatenate(rows), ToyEncoder().encode_queries(texts))
        assert np.array_equal(encoder.encode_passages(texts), ToyEncoder().encode_passages(texts))
        assert OneThreadPairModel(Lengths(), thread).logits([("a", "bcd")]).tolist() == [[1.0, 3.0]]
    assert len(told.threads) == 1
    assert (encoder.name, encoder.fingerprint) == (ToyEncoder.name, ToyEncoder.fingerprint)


def test_what_goes_wrong_in_the_thread_goes_wrong_where_it_was_asked() -> None:
    with ThreadPoolExecutor(1) as thread:
        encoder = OneThreadEncoder(ToldEncoder(), thread)
        with pytest.raises(ValueError, match="broken"):
            encoder.encode_queries(["broken"])
        assert encoder.encode_queries(["whole"]).shape == (1, ToyEncoder().dimensions)
