"""An encoder and a pair model that remember what they made, so that a measurement does no work twice."""

import hashlib
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from embeddings.encoder import Encoder, PairModel
from embeddings.vectors import Vectors

TEXTS_PER_SAVE = 2_000  # what is lost at most when the process is killed


class CachedEncoder:
    """Another encoder's vectors, each encoded once; the key is the encoder's fingerprint and the text's sha256.

    folder/<fingerprint>/query-<part>.npz and passage-<part>.npz hold `keys` (n, 32 bytes) and `rows` (n, dimensions).
    A text is known by its exact characters: another spelling has another vector.
    """

    def __init__(self, encoder: Encoder, folder: Path, *, keep: bool = True) -> None:
        """Take what the folder holds of this encoder's vectors; new ones are put there unless `keep` is False."""
        self._keep = keep
        self._encoder = encoder
        self.name = encoder.name
        self.fingerprint = encoder.fingerprint
        self.dimensions = encoder.dimensions
        self._folder = folder / encoder.fingerprint
        self._rows = {kind: self._load(kind) for kind in ("query", "passage")}

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per claim."""
        return self._rows_of("query", texts, self._encoder.encode_queries)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per passage."""
        return self._rows_of("passage", texts, self._encoder.encode_passages)

    def _rows_of(self, kind: str, texts: Sequence[str], encode: Callable[[Sequence[str]], Vectors]) -> Vectors:
        known = self._rows[kind]
        keys = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        new = sorted(
            {key: text for key, text in zip(keys, texts, strict=True) if key not in known}.items(), key=_length
        )
        for start in range(0, len(new), TEXTS_PER_SAVE):
            part = new[start : start + TEXTS_PER_SAVE]
            encoded = dict(zip([key for key, _ in part], encode([text for _, text in part]), strict=True))
            if self._keep:
                self._save(kind, encoded)
            known.update(encoded)
        return np.stack([known[key] for key in keys]) if keys else np.zeros((0, self.dimensions), dtype=np.float32)

    def _load(self, kind: str) -> dict[bytes, Vectors]:
        known: dict[bytes, Vectors] = {}
        for path in sorted(self._folder.glob(f"{kind}-*.npz")):
            with np.load(path) as part:
                known.update(zip(map(bytes, part["keys"]), _unit(part["rows"]), strict=True))
        return known

    def _save(self, kind: str, encoded: dict[bytes, Vectors]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f"{kind}-{uuid.uuid4().hex}.npz"
        draft = part.with_suffix(".draft")
        with draft.open("wb") as file:
            np.savez(
                file, keys=np.array([list(key) for key in encoded], dtype=np.uint8), rows=np.stack([*encoded.values()])
            )
        draft.replace(part)


class CachedPairModel:
    """Another pair model's logits, each pair read once; in memory."""

    def __init__(self, pair_model: PairModel) -> None:
        """Remember nothing yet."""
        self._pair_model = pair_model
        self.identity = pair_model.identity
        self._rows: dict[tuple[str, str], npt.NDArray[np.float32]] = {}

    def logits(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float32]:
        """Return one row of logits a pair, in order."""
        new = sorted({pair for pair in pairs if pair not in self._rows}, key=lambda pair: sum(map(len, pair)))
        self._rows.update(zip(new, self._pair_model.logits(new), strict=True))
        return np.stack([self._rows[pair] for pair in pairs]) if pairs else np.zeros((0, 0), dtype=np.float32)


def _unit(rows: npt.NDArray[np.floating[Any]]) -> Vectors:
    """Return stored rows as they are, or, where they were halved to 16 bits, of length 1 again."""
    if rows.dtype == np.float32:
        return rows
    wide = rows.astype(np.float32)
    return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True), dtype=np.float32)


def _length(keyed: tuple[bytes, str]) -> int:
    """Sort by length: a batch of like lengths has little padding."""
    return len(keyed[1])
