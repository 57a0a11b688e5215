"""Nearest vectors over some segments, as if they were one index."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from embeddings.errors import IndexRefused
from embeddings.index import Ints, Neighbour, VectorIndex, neighbours
from embeddings.vectors import Vectors


@dataclass(frozen=True)
class IndexPart:
    """The index of one segment, whose keys are 0 to n - 1, and those of them that are dead."""

    index: VectorIndex
    dead: Ints


class JoinedIndex:
    """Unit vectors by key, one segment's after another's; dead ones are still there and not found."""

    def __init__(self, dimensions: int, kind: str, parts: Sequence[IndexPart]) -> None:
        """Take the parts; `kind` is that of the large ones, small ones are flat."""
        self.dimensions = dimensions
        self.kind = kind
        self._parts = parts
        self._ends = np.cumsum([len(part.index) for part in parts], dtype=np.int64)
        self._starts = self._ends - np.array([len(part.index) for part in parts], dtype=np.int64)

    def __len__(self) -> int:
        """Return how many vectors are stored, dead ones too."""
        return int(self._ends[-1]) if len(self._ends) else 0

    def search(self, queries: Vectors, k: int) -> list[list[Neighbour]]:
        """Return up to `k` neighbours for each query row, highest cosine first; raises IndexRefused."""
        found = [part.index.nearest(queries, k, part.dead) for part in self._parts]
        if not found:
            return [[] for _ in queries]
        cosines = np.concatenate([cosines for cosines, _ in found], axis=1)
        keys = np.concatenate(
            [np.where(keys < 0, -1, keys + start) for (_, keys), start in zip(found, self._starts, strict=True)], axis=1
        )
        if len(found) > 1:
            cosines = np.where(keys < 0, -2.0, cosines).astype(np.float32)  # what is no neighbour comes last
            order = np.argsort(-cosines, axis=1, kind="stable")[:, :k]
            cosines, keys = np.take_along_axis(cosines, order, 1), np.take_along_axis(keys, order, 1)
        return neighbours(cosines, keys)

    def vectors(self, keys: Sequence[int] | Ints) -> Vectors:
        """Return the stored rows of the keys, in their order; raises IndexRefused for a key that is not there."""
        wanted = np.asarray(keys, dtype=np.int64)
        if len(wanted) and not (wanted.min() >= 0 and wanted.max() < len(self)):
            raise IndexRefused(f"met keys {wanted.min()} to {wanted.max()}; expected 0 to {len(self) - 1}")
        places = np.searchsorted(self._ends, wanted, side="right")
        rows = np.zeros((len(wanted), self.dimensions), dtype=np.float32)
        for place in np.unique(places):
            mine = places == place
            rows[mine] = self._parts[place].index.vectors(wanted[mine] - self._starts[place])
        return rows

    def cosines(self, query: Vectors, keys: Sequence[int] | Ints) -> npt.NDArray[np.float32]:
        """Return the cosine of one query, shape (dimensions,), with each key's vector; raises IndexRefused."""
        return (self.vectors(keys) @ query).clip(-1.0, 1.0)
