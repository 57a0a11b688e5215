"""Stances of judged posts: the questions that they put to a judge, and what it answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from corpus.judged import JudgedPost
from embeddings.encoder import Encoder
from service.matching.claims import Claim, extract, is_short
from service.matching.retrieval import Retrieval
from service.matching.stance import STANCES, Question, StanceJudge
from service.matching.stance_evaluation import StanceOutcomes


@dataclass(frozen=True)
class Asked:
    """A question with the stance that a person gave, the debunk it is about, and the post's language."""

    question: Question
    stance: str
    debunk_id: str
    lang: str


def questions(
    posts: Sequence[JudgedPost], retrieval: Retrieval, encoder: Encoder, ids: Mapping[str, str] | None = None
) -> list[Asked]:
    """Return a question for each short post about a debunk, and for each marked claim of a long one.

    `ids` translates the debunks of the posts into those of the corpus; posts about none of them are left out.
    """
    picked = [(post, claim, relation, debunk_id) for post in posts for claim, relation, debunk_id in _picked(post)]
    rows = encoder.encode_queries([claim.plain for _, claim, _, _ in picked])
    asked = []
    for (post, claim, relation, named), row in zip(picked, rows, strict=True):
        debunk_id = (ids or {}).get(named, named)
        if debunk_id in retrieval.shelves.keys:
            myth, lead = retrieval.myth(debunk_id), retrieval.fact_lead(debunk_id, row)
            question = Question(claim.context, claim.lang, myth.text, myth.lang, lead)
            asked.append(Asked(question, relation, debunk_id, post.lang))
    return asked


def _picked(post: JudgedPost) -> Iterator[tuple[Claim, str, str]]:
    if post.debunk_id is None:
        return
    claims = extract(post.text)
    if is_short(post.text) and not post.spans:
        yield claims[-1], post.relation, post.debunk_id
    for span in post.spans:
        best = max(claims, key=lambda claim: _agreement((claim.start, claim.end), (span.start, span.end)))
        yield best, span.relation, span.debunk_id


def _agreement(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Return what two stretches share over what they cover."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared / (max(one[1], other[1]) - min(one[0], other[0]))


def stance_outcomes(asked: Sequence[Asked], judge: StanceJudge, closely: bool = True) -> StanceOutcomes:
    """Return what the judge answers to each question; not `closely`, by cues alone."""
    put = [each.question for each in asked]
    rows = judge.probabilities(put, [closely] * len(put))
    unclear = np.array([judge.judgement(row).stance == "unclear" for row in rows], dtype=bool)
    known = np.array([STANCES.index(each.stance) for each in asked], dtype=np.intp)
    return StanceOutcomes(known, rows, unclear, [each.lang for each in asked])
