"""A deterministic encoder without weights, for tests and demonstrations; it knows spelling, not meaning."""

import hashlib
import re
import zlib
from collections.abc import Sequence

import numpy as np

from embeddings.vectors import Vectors

DIMENSIONS = 256
VERSION = 1  # part of the fingerprint: raise it when the numbers change


class ToyEncoder:
    """Hashed counts of words and their character trigrams, scaled to length 1."""

    name = "toy"
    dimensions = DIMENSIONS
    fingerprint = hashlib.sha256(f"toy:{VERSION}:{DIMENSIONS}".encode()).hexdigest()[:16]

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text; claims and passages are encoded alike."""
        return self.encode_passages(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text, the same on every machine and in every process."""
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for feature in _features(text):
                row[zlib.crc32(feature.encode("utf-8", "surrogatepass")) % DIMENSIONS] += 1.0
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows


def _features(text: str) -> list[str]:
    """Return words and character trigrams, and one constant so that no row is zero."""
    features = ["\N{START OF TEXT}"]
    for word in re.findall(r"\w+", text.casefold()):
        padded = f"<{word}>"
        features.append(padded)
        features.extend(padded[i : i + 3] for i in range(len(padded) - 2))
    return features
