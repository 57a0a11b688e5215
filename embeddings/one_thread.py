"""One thread for all that a model computes, whichever thread asks.

PyTorch gives every thread that calls it threads of its own to compute with, and the allocator a heap: a server in which
twenty threads take turns holds them twenty times, and grows until each has met its longest text.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Encoder, PairModel
from embeddings.vectors import Vectors


class OneThreadEncoder:
    """The same encoder, computing in the one thread of an executor."""

    def __init__(self, encoder: Encoder, thread: ThreadPoolExecutor) -> None:
        """Take who encodes, and an executor with one thread."""
        self._encoder, self._thread = encoder, thread
        self.name, self.fingerprint, self.dimensions = encoder.name, encoder.fingerprint, encoder.dimensions

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per claim, in order."""
        return self._thread.submit(self._encoder.encode_queries, texts).result()

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per passage, in order."""
        return self._thread.submit(self._encoder.encode_passages, texts).result()


class OneThreadPairModel:
    """The same pair model, computing in the one thread of an executor."""

    def __init__(self, pair_model: PairModel, thread: ThreadPoolExecutor) -> None:
        """Take who reads pairs, and an executor with one thread."""
        self._pair_model, self._thread = pair_model, thread
        self.identity = pair_model.identity

    def logits(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float32]:
        """Return one row of logits a pair, in order."""
        return self._thread.submit(self._pair_model.logits, pairs).result()
