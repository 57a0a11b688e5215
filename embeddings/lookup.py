"""Lookup: which passages, or which owners, a text stands for.

A table of digests, sorted: it is there as soon as it is read, whatever its size. What a text is, a wording or an
address, is decided by who makes the table.
"""

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

DIGEST_BYTES = 16  # nobody finds a second text with the digest of a first
DIGESTS_FILE, KEYS_FILE = "digests.npy", "keys.npy"


class Lookup:
    """The keys that a text stands for."""

    def __init__(self, digests: npt.NDArray[np.bytes_], keys: npt.NDArray[np.int32]) -> None:
        """Take sorted digests, shape (n,), and the key that each belongs to."""
        self.digests = digests
        self.keys = keys

    @classmethod
    def build(cls, texts: Sequence[Collection[str]]) -> "Lookup":
        """Return the table of the texts of each key; a key is a place."""
        pairs = [(_digest(text), key) for key, said in enumerate(texts) for text in said]
        digests = np.array([digest for digest, _ in pairs], dtype=f"S{DIGEST_BYTES}")
        return cls.of(digests, np.array([key for _, key in pairs], dtype=np.int32))

    @classmethod
    def of(cls, digests: npt.NDArray[np.bytes_], keys: npt.NDArray[np.int32]) -> "Lookup":
        """Return the table of digests in any order."""
        order = np.lexsort((keys, digests))
        return cls(digests[order], keys[order])

    @classmethod
    def merged(cls, parts: Sequence["Lookup"], places: Sequence[npt.NDArray[np.int64]]) -> "Lookup":
        """Return the table of several; `places[p][key]` is the new key of a key of part p, -1 to drop it."""
        keys = np.concatenate([place[part.keys] for part, place in zip(parts, places, strict=True)])
        digests = np.concatenate([part.digests for part in parts])
        return cls.of(digests[keys >= 0], keys[keys >= 0].astype(np.int32))

    def of_text(self, text: str) -> list[int]:
        """Return the keys that the text stands for, ascending."""
        digest = np.array(_digest(text), dtype=self.digests.dtype)
        start, end = (int(np.searchsorted(self.digests, digest, side)) for side in ("left", "right"))
        return [int(key) for key in self.keys[start:end]]

    def save(self, folder: Path) -> None:
        """Write the table into a new folder."""
        folder.mkdir(parents=True)
        np.save(folder / DIGESTS_FILE, self.digests, allow_pickle=False)
        np.save(folder / KEYS_FILE, self.keys, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "Lookup":
        """Return the table that `save` wrote."""
        arrays = (np.load(folder / name, allow_pickle=False) for name in (DIGESTS_FILE, KEYS_FILE))
        return cls(*arrays)


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
