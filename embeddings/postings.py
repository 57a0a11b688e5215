"""Postings: which passages of a segment hold which terms, and how often. What BM25 is computed from.

A term is known by a digest, so that the table is an array that is there as soon as it is read. Two of a million terms
share one of 64 bits with a probability of 3e-8; they would count as one term.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from embeddings.errors import IndexRefused

Digests = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
MOST_COUNTED = 65_535
ARRAYS = ("terms", "starts", "passages", "counts", "lengths")


@dataclass(frozen=True)
class Postings:
    """Terms by digest, ascending; `passages[starts[t]:starts[t + 1]]` hold term t, `counts` say how often.

    `lengths` gives the number of terms of each passage, repeated ones too.
    """

    terms: Digests
    starts: Ints
    passages: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint16]
    lengths: npt.NDArray[np.int32]

    @classmethod
    def build(cls, documents: Sequence[Sequence[str]]) -> "Postings":
        """Return the postings of each passage's terms; a passage's key is its place."""
        digests: dict[str, int] = {}
        terms, passages, counts = [], [], []
        for passage, document in enumerate(documents):
            for term, count in Counter(document).items():
                if term not in digests:
                    digests[term] = _digest(term)
                terms.append(digests[term])
                passages.append(passage)
                counts.append(min(count, MOST_COUNTED))
        columns = (np.array(terms, np.uint64), np.array(passages, np.int32), np.array(counts, np.uint16))
        return cls._sorted(*columns, np.array([len(document) for document in documents], np.int32))

    @classmethod
    def merged(cls, parts: Sequence["Postings"], places: Sequence[Ints]) -> "Postings":
        """Return the postings of several; `places[p][key]` is the new key of a passage of part p, -1 to drop it."""
        columns, size = [], 1 + max((int(place.max(initial=-1)) for place in places), default=-1)
        lengths = np.zeros(size, dtype=np.int32)
        for part, place in zip(parts, places, strict=True):
            kept = place >= 0
            lengths[place[kept]] = part.lengths[kept]
            new = place[part.passages]
            held = new >= 0
            terms = np.repeat(part.terms, np.diff(part.starts))
            columns.append((terms[held], new[held].astype(np.int32), part.counts[held]))
        terms, passages, counts = (np.concatenate(column) for column in zip(*columns, strict=True))
        return cls._sorted(terms, passages, counts, lengths)

    @classmethod
    def _sorted(
        cls,
        terms: Digests,
        passages: npt.NDArray[np.int32],
        counts: npt.NDArray[np.uint16],
        lengths: npt.NDArray[np.int32],
    ) -> "Postings":
        order = np.lexsort((passages, terms))
        unique, first = np.unique(terms[order], return_index=True)
        starts = np.append(first, len(terms)).astype(np.int64)
        return cls(unique, starts, passages[order], counts[order], lengths)

    def __len__(self) -> int:
        """Return how many passages there are."""
        return len(self.lengths)

    @property
    def mean_length(self) -> float:
        """Return the mean number of terms of a passage; 1 where there are none."""
        return float(self.lengths.mean()) if self.lengths.any() else 1.0

    def ranges(self, terms: Digests) -> tuple[Ints, Ints]:
        """Return for each term where its postings start and end; the same place for one that is not here."""
        if not len(self.terms):
            return np.zeros(len(terms), np.int64), np.zeros(len(terms), np.int64)
        found = np.searchsorted(self.terms, terms).clip(max=len(self.terms) - 1)
        starts, ends = self.starts[found], self.starts[found + 1]
        return starts, np.where(self.terms[found] == terms, ends, starts)

    def save(self, folder: Path) -> None:
        """Write the postings into a new folder."""
        folder.mkdir(parents=True)
        for name in ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> "Postings":
        """Return the postings that `save` wrote; raises IndexRefused."""
        try:
            return cls(*(np.load(folder / f"{name}.npy", allow_pickle=False) for name in ARRAYS))
        except (OSError, ValueError, EOFError) as error:
            raise IndexRefused(f"{folder} holds no index of words ({type(error).__name__})") from error


def digests_of(terms: Sequence[str]) -> Digests:
    """Return the digest of each term."""
    return np.array([_digest(term) for term in terms], dtype=np.uint64)


def _digest(term: str) -> int:
    return int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
