"""Judging: the stance of every place of an answer that is about a debunk."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from embeddings.snapshot import Passage
from service.matching.addresses import says_nothing_else
from service.matching.answers import Answer, Match, Place
from service.matching.scoring import EXACT
from service.matching.stance import Judgement, Question, StanceJudge

NEAR_TIE = 0.05  # a second debunk this near in probability is judged as closely as the best

Where = tuple[int, int, int]  # answer, match, place


def with_stances(answers: Sequence[Answer], judge: StanceJudge, myth_of: Callable[[str], Passage]) -> list[Answer]:
    """Return the answers with the stance of each place of their matches; what is no match stays unclear.

    A text that is a wording of the myth and nothing else repeats it; one that is an address and nothing else says
    nothing of it. Else the best place of the best match is judged
    closely, that of the second too on a near tie: reading two texts together costs as much as encoding them.
    """
    asked: dict[Where, tuple[Question, bool]] = {}
    judged: dict[Where, Judgement] = {}
    for number, answer in enumerate(answers):
        for rank, match in enumerate(answer.matches):
            if match.decision != "no_match":
                myth, closely = myth_of(match.candidate.debunk_id), _is_close(answer, rank)
                for which, place in enumerate(match.places):
                    if _is_wording(place):
                        judged[number, rank, which] = Judgement("repeats", EXACT)
                    elif not _is_address(place):
                        asked[number, rank, which] = _question(place, myth), closely and not which
    questions = [question for question, _ in asked.values()]
    judged |= zip(asked, judge.judge(questions, [closely for _, closely in asked.values()]), strict=True)
    return [
        replace(
            answer,
            matches=[_judged(match, judged, (number, rank)) for rank, match in enumerate(answer.matches)],
        )
        for number, answer in enumerate(answers)
    ]


def _is_wording(place: Place) -> bool:
    is_exact = place.probability == EXACT and place.claim.context == place.claim.plain
    return is_exact and place.address is None


def _is_address(place: Place) -> bool:
    return place.address is not None and says_nothing_else(place.claim.context)


def _is_close(answer: Answer, rank: int) -> bool:
    lead = answer.matches[0].probability - answer.matches[rank].probability
    return rank == 0 or (rank == 1 and lead <= NEAR_TIE)


def _question(place: Place, myth: Passage) -> Question:
    claim = place.claim
    return Question(claim.context, claim.lang, myth.text, myth.lang, place.fact_lead)


def _judged(match: Match, judged: Mapping[Where, Judgement], where: tuple[int, int]) -> Match:
    places = [replace(p, judged=judged.get((*where, which), p.judged)) for which, p in enumerate(match.places)]
    return replace(match, places=places)
