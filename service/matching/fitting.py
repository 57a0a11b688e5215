"""Fitting: from judged posts to a calibration. The only file that knows scikit-learn."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from corpus.judged import JudgedPost
from embeddings.encoder import Encoder
from service.matching.claims import extract
from service.matching.evaluation import calibration_error
from service.matching.evidence import FEATURES
from service.matching.retrieval import Found, Retrieval
from service.matching.scoring import Scorer, sigmoid

FOLDS = 5
ROUNDS = 4  # of choosing each post's claim anew by the scorer fitted before; it stands still after two or three
STRENGTH = 0.1  # C of the logistic model, chosen on dev posts
START = "wordings"  # the feature by which claims are chosen before there is a scorer

Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Observed:
    """A judged post, the evidence for its claims, and the debunks that it is about, by their ids in the evidence."""

    post: JudgedPost
    found: Found
    about: frozenset[str]


def observe(
    posts: Sequence[JudgedPost], retrieval: Retrieval, encoder: Encoder, ids: Mapping[str, str] | None = None
) -> list[Observed]:
    """Return the evidence for each post; `ids` translates the debunks of the posts into those of the corpus."""
    extracted = [extract(post.text) for post in posts]
    plain = sorted({claim.plain for claims in extracted for claim in claims})
    rows = dict(zip(plain, encoder.encode_queries(plain), strict=True))
    return [
        _observed(post, retrieval.search(claims, np.stack([rows[claim.plain] for claim in claims]), 0), ids)
        for post, claims in zip(posts, extracted, strict=True)
    ]


def observe_unseen(
    posts: Sequence[JudgedPost], retrieval: Retrieval, encoder: Encoder, ids: Mapping[str, str] | None = None
) -> list[Observed]:
    """Return the same as `observe`, but no post has itself, or another of its fold, among the examples.

    Cross-fitting: a post that stood beside its own copy would look surer than any post to come.
    """
    observed: dict[str, Observed] = {}
    for fold in range(FOLDS):
        held_out = [post for place, post in enumerate(posts) if place % FOLDS == fold]
        texts = {text for post in held_out for text in _texts(post)}
        apart = Retrieval(retrieval.snapshot, retrieval.examples.without(texts))
        observed.update({each.post.id: each for each in observe(held_out, apart, encoder, ids)})
    return [observed[post.id] for post in posts]


def observe_unheard(
    posts: Sequence[JudgedPost], retrieval: Retrieval, encoder: Encoder, ids: Mapping[str, str] | None = None
) -> list[Observed]:
    """Return the evidence for each post as if nothing in its language had been known: no variant, no example.

    Posts in a language that no wording is in must get probabilities that hold as well.
    """
    snapshot, observed = retrieval.snapshot, list[Observed]()
    for lang in sorted({post.lang for post in posts}):
        hidden = {key for key, said in enumerate(snapshot.passages) if said.kind == "variant" and said.lang == lang}
        deaf = Retrieval(snapshot, retrieval.examples.without_lang(lang), hidden)
        observed += observe([post for post in posts if post.lang == lang], deaf, encoder, ids)
    return observed


def fit(observed: Sequence[Observed], well_known: bool, without: str | None = None) -> Scorer:
    """Return the scorer of the debunks that are well known, or of the others, fitted on these posts.

    The debunk `without` is kept from it, and so are the posts about it.

    A post is about a debunk when its best claim is: which claim that is and what speaks for it are found in turns
    (Andrews, Tsochantaridis & Hofmann, "Support Vector Machines for Multiple-Instance Learning", NIPS 2002).
    """
    scorer = _first_choice()
    for _ in range(ROUNDS):
        values, is_about = best_rows(observed, scorer, well_known, without)
        scorer = _logistic(values, is_about)
    return scorer


def best_rows(
    observed: Iterable[Observed], scorer: Scorer, well_known: bool, without: str | None = None
) -> tuple[Values, npt.NDArray[np.bool_]]:
    """Return the evidence of each post's best claim for each debunk of that kind, and whether the post is about it."""
    values, is_about = [], []
    for each in observed:
        evidence = each.found.evidence
        if without in each.about:
            continue
        logits = scorer.logits(evidence.values)
        for column, debunk_id in enumerate(evidence.debunk_ids):
            if evidence.is_well_known[column] == well_known and debunk_id != without:
                values.append(evidence.values[int(logits[:, column].argmax()), column])
                is_about.append(debunk_id in each.about)
    return np.stack(values), np.asarray(is_about)


def ece_of_unseen_myths(observed: Sequence[Observed], well_known: bool) -> float | None:
    """Return the ECE of probabilities for myths that the scorer was not fitted on, each myth left out in turn.

    Each is judged on the posts about it and on those about nothing; None where there are not two such debunks.
    """
    probabilities, is_about = list[float](), list[bool]()
    kinds = {
        i: k for o in observed for i, k in zip(o.found.evidence.debunk_ids, o.found.evidence.is_well_known, strict=True)
    }
    myths = sorted(debunk_id for debunk_id, kind in kinds.items() if kind == well_known)
    for myth in myths if len(myths) > 1 else []:
        scorer = fit(observed, well_known, without=myth)
        for each in observed:
            evidence = each.found.evidence
            column = evidence.debunk_ids.index(myth) if myth in evidence.debunk_ids else None
            if column is None or evidence.is_well_known[column] != well_known:
                continue
            if myth in each.about or not each.about:
                probabilities.append(float(sigmoid(scorer.logits(evidence.values[:, column])).max()))
                is_about.append(myth in each.about)
    return calibration_error(np.array(probabilities), np.array(is_about)) if probabilities else None


def _observed(post: JudgedPost, found: Found, ids: Mapping[str, str] | None) -> Observed:
    return Observed(post, found, frozenset((ids or {}).get(debunk_id, debunk_id) for debunk_id in post.debunk_ids))


def _texts(post: JudgedPost) -> Collection[str]:
    return [post.text, *(post.text[span.start : span.end] for span in post.spans)]


def _first_choice() -> Scorer:
    weights = np.array([1.0 if name == START else 0.0 for name in FEATURES])
    return Scorer(weights, np.zeros(len(weights)), np.ones(len(weights)), 0.0)


def _logistic(values: Values, is_about: npt.NDArray[np.bool_]) -> Scorer:
    means, scales = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
    scales[scales < 1e-6] = 1.0
    model = LogisticRegression(C=STRENGTH, max_iter=5000).fit((values - means) / scales, is_about)
    return Scorer(model.coef_[0].astype(np.float64), means, scales, float(model.intercept_[0]))
