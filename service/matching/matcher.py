"""Matcher: the whole path from texts to answers, on one screen."""

from collections.abc import Sequence
from dataclasses import dataclass

from embeddings.encoder import Encoder
from embeddings.snapshot import Snapshot
from service.matching.claims import Claim, extract
from service.matching.retrieval import Candidate, search
from service.matching.scoring import Decision, decide

RUNNER_UP = 2  # a margin needs the best candidate and the next


@dataclass(frozen=True)
class Match:
    """A scored debunk: its candidate, the claim that it answers, and how far it leads the runner-up in cosine."""

    candidate: Candidate
    claim: Claim
    decision: Decision
    margin: float | None


@dataclass(frozen=True)
class Answer:
    """What is known of a text: its matches, best first, the claims that were found, and the cut-off that decided."""

    decision: Decision
    matches: Sequence[Match]
    claims: Sequence[Claim]
    match_cosine: float


class Matcher:
    """Answers texts from one snapshot with the encoder that made it."""

    def __init__(self, encoder: Encoder, snapshot: Snapshot, match_cosine: float) -> None:
        """Raises FingerprintMismatch when another encoder made the snapshot."""
        snapshot.check_encoder(encoder)
        self.encoder = encoder
        self.snapshot = snapshot
        self.match_cosine = match_cosine

    def match(self, text: str, limit: int = 5, match_cosine: float | None = None) -> Answer:
        """Return the answer to one text with up to `limit` matches; see `match_all`."""
        return self.match_all([text], limit, match_cosine)[0]

    def match_all(self, texts: Sequence[str], limit: int = 5, match_cosine: float | None = None) -> list[Answer]:
        """Return one answer a text, in order; `match_cosine` replaces the cut-off for these texts."""
        cut_off = self.match_cosine if match_cosine is None else match_cosine
        claims = [claim for text in texts for claim in extract(text)]
        rows = self.encoder.encode_queries([claim.text for claim in claims])
        found = search(self.snapshot, rows, max(limit, RUNNER_UP))
        return [_answer(claim, candidates, limit, cut_off) for claim, candidates in zip(claims, found, strict=True)]


def _answer(claim: Claim, candidates: Sequence[Candidate], limit: int, cut_off: float) -> Answer:
    matches = [
        Match(candidate, claim, decide(candidate.cosine, cut_off), _margin(candidate, candidates))
        for candidate in candidates[:limit]
    ]
    return Answer(matches[0].decision if matches else "no_match", matches, [claim], cut_off)


def _margin(candidate: Candidate, candidates: Sequence[Candidate]) -> float | None:
    """Return the candidate's cosine less that of the best other one; negative for all but the best."""
    others = [other.cosine for other in candidates if other is not candidate]
    return candidate.cosine - max(others) if others else None
