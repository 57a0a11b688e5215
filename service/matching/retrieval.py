"""Candidates: the debunks that may answer a claim, with the evidence for each."""

from collections.abc import Sequence
from dataclasses import dataclass

from embeddings.index import Neighbour
from embeddings.snapshot import Passage, Snapshot
from embeddings.vectors import Vectors

PASSAGES_PER_DEBUNK = 8  # first guess of how many passages to ask for; more are asked for when it was too few


@dataclass(frozen=True)
class Candidate:
    """A debunk, its nearest passage, and the cosine of that passage with the claim."""

    debunk_id: str
    cosine: float
    nearest: Passage


def search(snapshot: Snapshot, claims: Vectors, limit: int) -> list[list[Candidate]]:
    """Return up to `limit` candidates for each claim row, highest cosine first; ties go by id.

    Every debunk that is left out is no nearer than the last one returned (with an exact index).
    """
    k = limit * PASSAGES_PER_DEBUNK
    found = [_best_per_debunk(row, snapshot.passages) for row in snapshot.index.search(claims, k)]
    while k < len(snapshot.passages) and any(len(candidates) < limit for candidates in found):
        k *= 4
        found = [_best_per_debunk(row, snapshot.passages) for row in snapshot.index.search(claims, k)]
    return [sorted(candidates, key=lambda c: (-c.cosine, c.debunk_id))[:limit] for candidates in found]


def _best_per_debunk(neighbours: Sequence[Neighbour], passages: Sequence[Passage]) -> list[Candidate]:
    best: dict[str, Candidate] = {}
    for key, cosine in neighbours:
        passage = passages[key]
        best.setdefault(passage.owner, Candidate(passage.owner, cosine, passage))
    return list(best.values())
