"""Candidates: the debunks that may answer the claims of a text, with the evidence for each."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from corpus.wording import wording
from embeddings.examples import Examples
from embeddings.index import Ints, Neighbour
from embeddings.snapshot import Passage, Snapshot
from embeddings.vectors import Vectors
from embeddings.words import terms
from service.matching.claims import Claim
from service.matching.evidence import Evidence, Table, gather
from service.matching.shelf import Shelves
from service.matching.tags import Tagged
from service.matching.word_for_word import wordings_of

PASSAGES_PER_DEBUNK = 8  # first guess of how many passages to ask for; more are asked for when it was too few
MIN_CANDIDATES = 20  # debunks that a text is compared with, at least, where the corpus has so many
MIN_PER_CLAIM = 5  # of a text that is cut into many claims
BY_WORDS = 10  # passages a claim that words alone may add
MAX_NAMED = 50  # debunks that addresses may add: no answer shows more
MIN_CONTENT_WORDS = 4  # a text with fewer is at most possible: too short to be sure of


@dataclass(frozen=True)
class Candidate:
    """A debunk as the answer to one claim: its nearest passage, and the raw cosine of that passage with the claim."""

    debunk_id: str
    cosine: float
    nearest: Passage
    shared_terms: Sequence[str]


@dataclass(frozen=True)
class Found:
    """The claims of one text, and the evidence for each of them with each debunk that was found for any of them."""

    claims: Sequence[Claim]
    rows: Vectors
    evidence: Evidence

    @property
    def is_short(self) -> bool:
        """Return whether the text has too few words that say something to be sure of it."""
        return max(claim.content_words for claim in self.claims) < MIN_CONTENT_WORDS


class Retrieval:
    """Finds candidates in one snapshot."""

    def __init__(self, snapshot: Snapshot, examples: Examples | None = None, hidden: Collection[int] = ()) -> None:
        """Take the snapshot; a measurement puts other `examples` in the place of its own, and hides passages."""
        self.snapshot = snapshot
        self.examples = snapshot.examples if examples is None else examples
        self.shelves = Shelves(snapshot, self.examples, hidden)

    def search(
        self,
        claims: Sequence[Claim],
        rows: Vectors,
        limit: int,
        absent: Collection[str] = (),
        named: Collection[str] = (),
        tagged: Tagged | None = None,
    ) -> Found:
        """Return the evidence for the debunks that are nearest to any claim, by vectors or words, and for those named.

        With an exact index every debunk that is left out is farther from each claim than `limit` others, but those that
        are `absent`, of which none is found. Of `tagged` debunks alone, where they are given, with the same evidence
        for what would be found without: all others stay their rivals.
        """
        words = [terms(claim.plain, claim.lang) for claim in claims]
        bm25 = np.stack([self.snapshot.words.bm25(said) for said in words]) if words else np.zeros((0, 0), np.float32)
        ceilings = np.array([[self.snapshot.words.ceiling(said)] for said in words], dtype=np.float32)
        bm25[:, [key for debunk_id in absent for key in self.shelves.keys.get(debunk_id, ())]] = 0.0
        near = (self._debunk_ids(rows, bm25, limit, absent) | self._nearest(named, rows)).difference(absent)
        centered = self.examples.center(rows, [claim.lang for claim in claims])

        def evidence(debunk_ids: Collection[str]) -> Evidence:
            shelves = [self.shelves.of(debunk_id) for debunk_id in sorted(debunk_ids)]
            return gather(claims, rows, centered, shelves, self.examples.background, bm25, ceilings)

        if tagged is None:
            return Found(claims, rows, evidence(near))
        own = self._tagged(rows, bm25, limit, absent, tagged)
        found = evidence(near if own or near & tagged.debunk_ids else ()).of(tagged.debunk_ids)
        farther = own - near
        return Found(claims, rows, found.beside(evidence(near | farther).of(farther)) if farther else found)

    def candidate(self, debunk_id: str, claim: Claim, row: Vectors) -> Candidate:
        """Return the debunk as an answer to the claim: its passage that is nearest by raw cosine."""
        keys = self.shelves.keys[debunk_id]
        cosines = self.snapshot.index.cosines(row, keys)
        place = int(cosines.argmax())
        passage = self.snapshot.passages[keys[place]]
        return Candidate(debunk_id, float(cosines[place]), passage, self.shared_terms(claim, passage))

    def myth(self, debunk_id: str) -> Passage:
        """Return the debunk's myth."""
        passages = (self.snapshot.passages[key] for key in self.shelves.keys[debunk_id])
        return next(passage for passage in passages if passage.kind == "myth")

    def wording(self, debunk_id: str, row: Vectors) -> tuple[Passage, float]:
        """Return the debunk's wording that is nearest to a claim by raw cosine, and that cosine."""
        keys = self.shelves.of(debunk_id).wording_keys
        cosines = self.snapshot.index.cosines(row, keys)
        place = int(cosines.argmax())
        return self.snapshot.passages[keys[place]], float(cosines[place])

    def fact_lead(self, debunk_id: str, row: Vectors) -> float:
        """Return the raw cosine of a claim with the debunk's nearest fact less that with its myth; 0 without a fact."""
        shelf = self.shelves.of(debunk_id)
        if not len(shelf.fact_keys):
            return 0.0
        cosines = self.snapshot.index.cosines(row, [shelf.wording_keys[0], *shelf.fact_keys])  # the myth comes first
        return float(cosines[1:].max() - cosines[0])

    def exact(self, claim: Claim) -> frozenset[str]:
        """Return the debunks of which the claim has a wording, word for word."""
        return self.snapshot.owners_saying(wording(claim.plain), wordings_of)

    def _debunk_ids(self, rows: Vectors, bm25: Table, limit: int, absent: Collection[str]) -> set[str]:
        """Return the debunks to compare with: all of a small corpus, else those that are near to a claim."""
        all_ids = self.shelves.keys
        if len(all_ids) - sum(debunk_id in all_ids for debunk_id in absent) <= max(limit, MIN_CANDIDATES):
            return set(all_ids).difference(absent)
        return self._by_words(bm25) | self._by_vectors(rows, limit, lambda owners: owners.difference(absent))

    def _by_vectors(self, rows: Vectors, limit: int, taken: Callable[[set[str]], set[str]]) -> set[str]:
        """Return the debunks that are nearest to each row, of those that are taken, found by asking for more and more.

        With an exact index none that is left out is nearer than `limit` that are taken.
        """
        wanted = _per_claim(rows, limit)
        k, owners = wanted * PASSAGES_PER_DEBUNK, [set[str]()]
        while True:
            owners = [taken(self._owners(near)) for near in self.snapshot.index.search(rows, k)]
            if k >= len(self.snapshot.passages) or all(len(near) >= wanted for near in owners):
                return set[str]().union(*owners)
            k *= 4

    def _tagged(self, rows: Vectors, bm25: Table, limit: int, absent: Collection[str], tagged: Tagged) -> set[str]:
        """Return the tagged debunks that are near to a claim; of a few, each is looked at."""
        if not tagged.is_few:
            return self._by_vectors(rows, limit, lambda owners: (owners & tagged.debunk_ids).difference(absent))
        by_words = self._by_words(bm25[:, tagged.keys], tagged.keys).difference(absent)
        return by_words | tagged.nearest(rows, self.snapshot, _per_claim(rows, limit), absent)

    def _nearest(self, named: Collection[str], rows: Vectors) -> set[str]:
        """Return the debunks that are named; of more than can be answered with those that are nearest to any claim."""
        held = sorted(self.shelves.keys.keys() & named)
        if len(held) <= MAX_NAMED:
            return set(held)
        cosine = {one: float((rows @ self.snapshot.index.vectors(self.shelves.keys[one]).T).max()) for one in held}
        return set(sorted(held, key=lambda one: -cosine[one])[:MAX_NAMED])

    def _owners(self, neighbours: Iterable[Neighbour]) -> set[str]:
        return {self.snapshot.owner(key) for key, _ in neighbours}

    def _by_words(self, bm25: Table, keys: Ints | None = None) -> set[str]:
        """Return whose the passages are that share most words with each claim; column n is that of passage keys[n]."""
        k = min(BY_WORDS, bm25.shape[1])
        best = np.argpartition(-bm25, k - 1, axis=1)[:, :k] if k else np.zeros((len(bm25), 0), dtype=int)
        held = {int(place) for row, places in zip(bm25, best, strict=True) for place in places if row[place] > 0}
        return {self.snapshot.owner(place if keys is None else int(keys[place])) for place in held}

    def shared_terms(self, claim: Claim, passage: Passage) -> list[str]:
        """Return the words of the claim that the passage has too, the rarest in the corpus first."""
        held = frozenset(terms(passage.text, passage.lang))
        shared = {term for term in terms(claim.plain, claim.lang) if term in held}
        return sorted(shared, key=lambda term: (-self.snapshot.words.weight(term), term))


def _per_claim(rows: Vectors, limit: int) -> int:
    """Return how many debunks each claim of a text is compared with, at least."""
    return max(limit, MIN_CANDIDATES if len(rows) * MIN_PER_CLAIM <= MIN_CANDIDATES else MIN_PER_CLAIM)
