"""Stance fitting: from questions with known answers to a calibration; it knows scikit-learn, as `fitting` does."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from embeddings.encoder import PairModel
from service.matching.stance import (
    STANCES,
    Question,
    Rows,
    StanceCalibration,
    StanceScorer,
    cue_rows,
    fused_rows,
)

FOLDS = 5  # by myth
MIN_EACH = 20  # questions a stance; with fewer a fit is chance
STRENGTH = 0.1  # C of the logistic model
DENIALS_CALLED_REPEATS = 0.05  # at most, of the posts it is fitted on, each judged by models that saw none of its myth
NO_REPETITION = 0.85  # at least, of what is called denies or reports: who is held back wrongly spreads a myth unseen
STEP = 0.01  # between the probabilities that are tried
REPEATS, DENIES = STANCES.index("repeats"), STANCES.index("denies")

Answers = npt.NDArray[np.intp]


def fit_stance(
    questions: Sequence[Question], stances: Sequence[str], myths: Sequence[str], pair_model: PairModel | None
) -> StanceCalibration | None:
    """Return the stance calibration fitted on these questions; `myths` keeps those of one myth in one fold.

    None where a stance has fewer than MIN_EACH questions, or where there are fewer myths than folds. The pair model
    must not have been trained on these posts, else its logits would look surer than for any to come.
    """
    if min(map(stances.count, STANCES)) < MIN_EACH or len(set(myths)) < FOLDS:
        return None
    answers = np.array([STANCES.index(stance) for stance in stances])
    cues = cue_rows(questions)
    rows = cues if pair_model is None else fused_rows(questions, pair_model)
    unseen = cross_val_predict(_model(), rows, answers, groups=myths, cv=GroupKFold(FOLDS), method="predict_proba")
    return StanceCalibration(
        _fitted(cues, answers),
        None if pair_model is None else _fitted(rows, answers),
        None if pair_model is None else pair_model.identity,
        repeats_from(unseen, answers),
        against_from(unseen, answers),
    )


def repeats_from(probabilities: Rows, answers: Answers) -> float:
    """Return the lowest probability to be called repeats from, at which as few denials as allowed are called so."""
    called, denials = probabilities.argmax(axis=1) == REPEATS, answers == DENIES
    allowed = DENIALS_CALLED_REPEATS * denials.sum()
    return _lowest(lambda bound: (called & denials & (probabilities.max(axis=1) >= bound)).sum() <= allowed)


def against_from(probabilities: Rows, answers: Answers) -> float:
    """Return the lowest probability to be called denies or reports from, at which so many are no repetition."""
    called, repeats = probabilities.argmax(axis=1) != REPEATS, answers == REPEATS

    def is_enough(bound: float) -> bool:
        kept = called & (probabilities.max(axis=1) >= bound)
        return bool((kept & repeats).sum() <= (1 - NO_REPETITION) * kept.sum())

    return _lowest(is_enough)


def _lowest(is_enough: Callable[[float], bool]) -> float:
    return next((round(float(bound), 2) for bound in np.arange(0.0, 1.0, STEP) if is_enough(float(bound))), 1.0)


def _model() -> LogisticRegression:
    return make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=2000))


def _fitted(rows: Rows, answers: Answers) -> StanceScorer:
    scaler, model = (step for _, step in _model().fit(rows, answers).steps)
    return StanceScorer(model.coef_.T, scaler.mean_, scaler.scale_, model.intercept_)
