"""Rulings: what decides on a claim and a debunk beside the evidence: wordings, addresses, suppressions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from embeddings.snapshot import Passage
from service.matching.addresses import Address, Addresses, keys_of
from service.matching.answers import Match, Place
from service.matching.claims import Claim
from service.matching.retrieval import Found, Retrieval
from service.matching.scoring import EXACT, RULED_OUT
from service.matching.suppression import Suppressions

Where = tuple[int, str]  # the place of a claim among those of its text, and a debunk's id


@dataclass(frozen=True)
class Rulings:
    """What was ruled on the claims of one text; what is suppressed is in neither of the others."""

    wordings: frozenset[Where]
    addresses: Mapping[Where, Address]
    suppressed: Mapping[Where, str]

    def over(self, probabilities: npt.NDArray[np.float64], debunk_ids: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the probabilities, shape (claims, debunks), with those that were ruled on in their place."""
        ruled, column_of = probabilities.copy(), {debunk_id: at for at, debunk_id in enumerate(debunk_ids)}
        for certain, probability in ((self.wordings, EXACT), (self.addresses, EXACT), (self.suppressed, RULED_OUT)):
            for place, debunk_id in certain:
                ruled[place, column_of[debunk_id]] = probability
        return ruled

    def placed(self, place: Place, where: Where) -> Place:
        """Return the place, narrowed to the address by which it is about the debunk, if it is."""
        address = self.addresses.get(where)
        if address is None:
            return place
        claim = replace(place.claim, text=address.url, start=address.start, end=address.end)
        return replace(place, claim=claim, address=address.url)

    def explained(self, match: Match) -> Match:
        """Return the match with the address by which it is one as its nearest, or the text by which it is none."""
        debunk_id, address = match.candidate.debunk_id, match.places[0].address
        if address is not None:
            nearest = Passage(debunk_id, "url", address, match.claim.lang)
            return replace(match, candidate=replace(match.candidate, nearest=nearest, shared_terms=()))
        if match.decision != "no_match":
            return match
        given = (text for (_, owner), text in self.suppressed.items() if owner == debunk_id)
        return replace(match, suppressed_by=next(given, None))


class Rules:
    """What a snapshot rules on."""

    def __init__(self, retrieval: Retrieval) -> None:
        """Take what finds candidates, and its snapshot."""
        self._retrieval, snapshot = retrieval, retrieval.snapshot
        self._suppressions = Suppressions(snapshot.marks)
        self.addresses = Addresses(partial(snapshot.owners_named, names_of=keys_of))

    def on(self, sent: str, found: Found, named: Sequence[Address]) -> Rulings:
        """Return what is ruled on the text's claims and the debunks found; `named` are the addresses in the text."""
        held = set(found.evidence.debunk_ids)
        suppressed = self._suppressions.suppressed(sent, found.claims, found.evidence.debunk_ids)
        wordings = {
            (place, debunk_id)
            for place, claim in enumerate(found.claims)
            for debunk_id in self._retrieval.exact(claim) & held
        }.difference(suppressed)
        addresses = {
            (place, debunk_id): address
            for address in reversed(named)
            for place, claim in enumerate(found.claims)
            if _overlap(claim, address)
            for debunk_id in address.debunk_ids & held
            if (place, debunk_id) not in suppressed
        }
        return Rulings(frozenset(wordings), addresses, suppressed)


def _overlap(claim: Claim, address: Address) -> bool:
    return claim.start < address.end and address.start < claim.end
