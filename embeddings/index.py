"""Nearest vectors by cosine. The only file that knows FAISS."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import faiss
import numpy as np
import numpy.typing as npt

from embeddings.errors import IndexRefused
from embeddings.vectors import Vectors

HNSW_NEIGHBOURS = 32  # M of Malkov & Yashunin, TPAMI 2020: 16 to 48 suits vectors of this size
HNSW_SEARCH_BREADTH = 128  # efSearch; recall against flat is in the tests
UNIT_TOLERANCE = 1e-3  # how far from 1 a vector's length may be

Ints = npt.NDArray[np.int64]


class Neighbour(NamedTuple):
    """A stored vector and its cosine with the query, in [-1, 1]."""

    key: int
    cosine: float


@dataclass(frozen=True)
class IndexKind:
    """One way to lay out the vectors, and when to reach for it."""

    make: Callable[[int], faiss.Index]
    removes: bool
    reach_for_it_when: str


def _flat(dimensions: int) -> faiss.Index:
    return faiss.IndexFlatIP(dimensions)


def _hnsw(dimensions: int) -> faiss.Index:
    index = faiss.IndexHNSWFlat(dimensions, HNSW_NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efSearch = HNSW_SEARCH_BREADTH
    return index


INDEX_KINDS = {
    "flat": IndexKind(_flat, True, "the default: exact, and small corpora answer in under a millisecond"),
    "hnsw": IndexKind(_hnsw, False, "hundreds of thousands of vectors and no removals; a few neighbours are missed"),
}


class VectorIndex:
    """Unit vectors by key; cosine in, cosine out."""

    def __init__(self, dimensions: int, kind: str = "flat") -> None:
        """Make an empty index; raises IndexRefused for an unknown kind."""
        if kind not in INDEX_KINDS:
            raise IndexRefused(f"met index kind {kind!r}; expected one of {', '.join(INDEX_KINDS)}")
        self.kind = kind
        self._faiss = faiss.IndexIDMap2(INDEX_KINDS[kind].make(dimensions))

    @property
    def dimensions(self) -> int:
        """Return the length of a vector."""
        return int(self._faiss.d)

    def __len__(self) -> int:
        """Return how many vectors are stored."""
        return int(self._faiss.ntotal)

    def put(self, keys: Sequence[int], vectors: Vectors) -> None:
        """Store one unit row per key, in place of the row the key had; raises IndexRefused."""
        self._check(vectors)
        if len(keys) != len(vectors) or len(set(keys)) != len(keys):
            raise IndexRefused(f"met {len(keys)} keys for {len(vectors)} vectors; expected one distinct key a vector")
        if held := self._held().intersection(keys):
            self.remove(sorted(held))
        if len(keys):
            self._faiss.add_with_ids(np.ascontiguousarray(vectors), _ids(keys))

    def remove(self, keys: Sequence[int]) -> int:
        """Take the keys' vectors away and return how many there were; raises IndexRefused if the kind cannot."""
        if not INDEX_KINDS[self.kind].removes:
            raise IndexRefused(f"an index of kind {self.kind!r} cannot remove; build a new one without these vectors")
        return int(self._faiss.remove_ids(faiss.IDSelectorBatch(_ids(keys))))

    def search(self, queries: Vectors, k: int) -> list[list[Neighbour]]:
        """Return up to `k` neighbours for each query row, highest cosine first; raises IndexRefused."""
        return neighbours(*self.nearest(queries, k))

    def nearest(self, queries: Vectors, k: int, dead: Ints | None = None) -> tuple[Vectors, Ints]:
        """Return the cosines and keys of up to `k` neighbours for each query row, highest first; key -1: no more.

        Keys in `dead` are not found. Both arrays have the shape (queries, at most k). Raises IndexRefused.
        """
        self._check(queries)
        k = min(k, len(self))
        if not k or not len(queries):
            return np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64)
        cosines, keys = self._faiss.search(np.ascontiguousarray(queries), k, params=self._but(dead))
        return cosines.clip(-1.0, 1.0), keys

    def _but(self, dead: Ints | None) -> faiss.SearchParameters | None:
        """Return what tells FAISS to find all but these keys."""
        if dead is None or not len(dead):
            return None
        selector = faiss.IDSelectorNot(faiss.IDSelectorBatch(dead))
        parameters: faiss.SearchParameters
        if self.kind == "hnsw":
            parameters = faiss.SearchParametersHNSW(sel=selector, efSearch=HNSW_SEARCH_BREADTH)  # type: ignore[attr-defined]
        else:
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        return parameters

    def vectors(self, keys: Sequence[int] | Ints) -> Vectors:
        """Return the stored rows of the keys, in their order; raises IndexRefused for a key that is not there."""
        if not len(keys):
            return np.zeros((0, self.dimensions), dtype=np.float32)
        try:
            return np.asarray(self._faiss.reconstruct_batch(_ids(keys)), dtype=np.float32)
        except RuntimeError as error:
            held = self._held()
            absent = next((key for key in keys if int(key) not in held), keys[0])
            raise IndexRefused(f"met key {absent}; expected one of the {len(self)} stored keys") from error

    def cosines(self, query: Vectors, keys: Sequence[int] | Ints) -> npt.NDArray[np.float32]:
        """Return the cosine of one query, shape (dimensions,), with each key's vector; raises IndexRefused."""
        return (self.vectors(keys) @ query).clip(-1.0, 1.0)

    def save(self, path: Path) -> None:
        """Write the index to one file; raises IndexRefused when the disk does not take it."""
        try:
            faiss.write_index(self._faiss, str(path))
        except RuntimeError as error:
            raise IndexRefused(f"cannot write {path}; is there room on the disk, and may it be written?") from error

    @classmethod
    def load(cls, path: Path, kind: str) -> "VectorIndex":
        """Return the index that `save` wrote; raises IndexRefused when the file holds none of that kind."""
        try:
            stored = faiss.read_index(str(path))
        except RuntimeError as error:
            raise IndexRefused(f"{path} holds no index that FAISS {faiss.__version__} can read") from error
        index = cls(int(stored.d), kind)
        if not isinstance(stored, faiss.IndexIDMap2):
            raise IndexRefused(f"{path} holds a {type(stored).__name__}; expected an IndexIDMap2 around {kind!r}")
        index._faiss = stored
        return index

    def _held(self) -> set[int]:
        return set(faiss.vector_to_array(self._faiss.id_map).tolist())

    def _check(self, vectors: Vectors) -> None:
        if vectors.ndim != 2 or vectors.shape[1] != self.dimensions or vectors.dtype != np.float32:
            raise IndexRefused(
                f"met {vectors.dtype} of shape {vectors.shape}; expected float32 of shape (n, {self.dimensions})"
            )
        lengths = np.linalg.norm(vectors, axis=1)
        if not np.all(np.abs(lengths - 1.0) < UNIT_TOLERANCE):  # also true of NaN
            raise IndexRefused("met a vector whose length is not 1; scale each row to length 1 first")


def neighbours(cosines: Vectors, keys: Ints) -> list[list[Neighbour]]:
    """Return what `nearest` found as lists of neighbours."""
    return [
        [Neighbour(key, cosine) for key, cosine in zip(*row, strict=True) if key >= 0]
        for row in zip(keys.tolist(), cosines.tolist(), strict=True)
    ]


def _ids(keys: Sequence[int] | Ints) -> Ints:
    return np.asarray(keys, dtype=np.int64)
