"""Answers: what is known of a text, and how stances and reasons to hold change what was decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from service.matching.claims import Claim
from service.matching.explanation import Explanation
from service.matching.retrieval import Candidate
from service.matching.scoring import Decision, Thresholds
from service.matching.stance import AGAINST, UNKNOWN, Judgement, Stance
from service.matching.standing import Held
from service.matching.verdicts import ClaimVerdict

DECISIONS: tuple[Decision, ...] = ("no_match", "possible", "match")  # the stronger, the later


@dataclass(frozen=True)
class Place:
    """A claim that a debunk answers, how probably, and how the claim puts the myth.

    `fact_lead` is the claim's cosine with the debunk's nearest fact less that with its nearest wording. `address` is
    that by which it is about the debunk; the claim then is the address where it stands.
    """

    claim: Claim
    probability: float
    fact_lead: float
    judged: Judgement = UNKNOWN
    address: str | None = None


@dataclass(frozen=True)
class Match:
    """A scored debunk: all places of the text that it answers, best first, and its lead in cosine over the next.

    The probability, the claim and the stance are those of the best place. `suppressed_by` is the text by which the
    debunk was ruled out, `held` the reason why what would be a match is only possible; that the claim was found true is
    told of what is possible too, as the answer is not decided on it. `explanation` is there where it was asked for.
    """

    candidate: Candidate
    decision: Decision
    places: Sequence[Place]
    margin: float | None = None
    suppressed_by: str | None = None
    held: Held | None = None
    explanation: Explanation | None = None

    @property
    def claim(self) -> Claim:
        """Return the claim that the debunk answers best."""
        return self.places[0].claim

    @property
    def probability(self) -> float:
        """Return how probable it is that the claim is about the debunk's myth."""
        return self.places[0].probability

    @property
    def judged(self) -> Judgement:
        """Return how the claim puts the myth."""
        return self.places[0].judged

    @property
    def only_against(self) -> bool:
        """Return whether every place denies or reports the myth."""
        return all(place.judged.stance in AGAINST for place in self.places)


@dataclass(frozen=True)
class Answer:
    """What is known of a text: its matches, most probable first, a verdict for each of its claims, the thresholds.

    `decision` is the strongest on any debunk, shown or not, that did not find the claim true; `stance` is that of the
    debunk which it was made on.
    """

    matches: Sequence[Match]
    claims: Sequence[ClaimVerdict]
    thresholds: Thresholds
    hidden: Sequence[Match] = ()

    @property
    def decision(self) -> Decision:
        """Return the strongest decision on any debunk that did not find the claim true."""
        return self._deciding.decision if self._deciding else DECISIONS[0]

    @property
    def stance(self) -> Stance | None:
        """Return how the text puts the myth that was decided on; None where nothing known matches."""
        return self._deciding.judged.stance if self._deciding and self.decision != DECISIONS[0] else None

    @property
    def _deciding(self) -> Match | None:
        against = (match for match in (*self.matches, *self.hidden) if match.held != "rated_true")
        return max(against, key=lambda match: DECISIONS.index(match.decision), default=None)

    def first(self, limit: int) -> "Answer":
        """Return the answer with its first matches only; what was decided stays."""
        return replace(self, matches=self.matches[:limit], hidden=self.matches[limit:])


def held_back(answer: Answer) -> Answer:
    """Return the answer with matches that the text only denies or reports, and their claims, at most possible."""
    against = {match.candidate.debunk_id for match in answer.matches if match.only_against}
    matches = [_at_most_possible(match, match.only_against) for match in answer.matches]
    claims = [_at_most_possible(verdict, verdict.best in against) for verdict in answer.claims]
    return replace(answer, matches=matches, claims=claims)


def held_by(answer: Answer, reason_of: Callable[[str], Held | None]) -> Answer:
    """Return the answer with the matches of debunks that are held for a reason, and their claims, at most possible."""
    matches = [_held(match, reason_of(match.candidate.debunk_id)) for match in answer.matches]
    claims = [_at_most_possible(verdict, bool(verdict.best and reason_of(verdict.best))) for verdict in answer.claims]
    return replace(answer, matches=matches, claims=claims)


def _held(match: Match, reason: Held | None) -> Match:
    """Return the match held, if there is a reason; see `Match` for when that is told."""
    tells = {"match": True, "possible": reason == "rated_true", "no_match": False}[match.decision]
    return replace(_at_most_possible(match, reason is not None), held=reason if tells else None)


Decided = TypeVar("Decided", Match, ClaimVerdict)


def _at_most_possible(decided: Decided, is_held_back: bool) -> Decided:
    return replace(decided, decision="possible") if is_held_back and decided.decision == "match" else decided
