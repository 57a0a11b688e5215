"""Stance: whether a claim repeats, denies or reports the myth that it is about.

Words and signs speak first (`service.matching.cues`), a pair model reads claim and myth together, and one logistic
model weighs both. Where it is not sure enough the stance is `unclear`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from embeddings.encoder import PairModel
from service.matching.cues import NAMES, cues_of, row_of
from service.matching.errors import CalibrationRefused

Stance = Literal["repeats", "denies", "reports", "unclear"]
STANCES: tuple[Stance, ...] = ("repeats", "denies", "reports")  # in the order of every row of probabilities
AGAINST = ("denies", "reports")  # a text that does only this does not spread the myth
PAIR_CLASSES = (*STANCES, "none")  # what the pair model tells apart; none: the text is about something else
LANGUAGES = ("en", "ru", "uk", "fr")  # each with an offset of its own; others have none
CUE_FEATURES = (*NAMES, "fact_lead", *(f"in_{lang}" for lang in LANGUAGES))
PAIR_FEATURES = tuple(f"pair_{name}" for name in PAIR_CLASSES)
FUSED_FEATURES = (*CUE_FEATURES, *PAIR_FEATURES)

Rows = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """A claim within its sentences, and the myth it is about; each text with its BCP 47 tag.

    `fact_lead` is by how much the claim's cosine with the debunk's nearest fact exceeds that with its nearest wording.
    """

    text: str
    lang: str
    myth: str
    myth_lang: str
    fact_lead: float


@dataclass(frozen=True)
class StanceScorer:
    """A multinomial logistic model: weights of shape (features, 3) over standardised features, and three biases."""

    weights: Rows
    means: Rows
    scales: Rows
    biases: Rows

    def probabilities(self, values: Rows) -> Rows:
        """Return one row a question, over STANCES."""
        return softmax(self.logits(values))

    def logits(self, values: Rows) -> Rows:
        """Return one row a question, over STANCES."""
        return np.asarray(((values - self.means) / self.scales) @ self.weights + self.biases)

    def contributions(self, values: Rows) -> Rows:
        """Return what each value of one question adds to each logit, shape (features, 3)."""
        return np.asarray(((values - self.means) / self.scales)[:, None] * self.weights)


@dataclass(frozen=True)
class Weighed:
    """What a judgement rests on: the values of CUE_FEATURES, or of FUSED_FEATURES, and what weighed them."""

    scorer: StanceScorer
    values: Rows

    @property
    def names(self) -> Sequence[str]:
        """Return the name of each value."""
        return FUSED_FEATURES[: len(self.values)]

    @property
    def probabilities(self) -> Rows:
        """Return one row, over STANCES."""
        return np.asarray(self.scorer.probabilities(self.values[None])[0])


@dataclass(frozen=True)
class Judgement:
    """A stance and how probable it is; of `unclear` the probability is that of the likeliest stance.

    `over_stances` are the probabilities of all STANCES, in their order; none where no model was asked,
    nor is there what was `weighed` then.
    """

    stance: Stance
    probability: float
    over_stances: tuple[float, ...] = field(default=(), compare=False)
    weighed: Weighed | None = field(default=None, compare=False, repr=False)

    def probability_of(self, stance: Stance) -> float:
        """Return how probable another of STANCES is; without a model that of the stance itself, and 0 for others."""
        if self.over_stances:
            return self.over_stances[STANCES.index(stance)]
        return self.probability if stance == self.stance else 0.0


UNKNOWN = Judgement("unclear", 0.0)


@dataclass(frozen=True)
class StanceCalibration:
    """What turns cues, and the logits of one pair model, into stances.

    A stance that is likeliest counts from a probability on: `repeats_from`, or `against_from` for denies and reports.
    """

    cues: StanceScorer
    fused: StanceScorer | None
    pair_identity: str | None
    repeats_from: float
    against_from: float

    def bound(self, stance: Stance) -> float:
        """Return the probability from which on a stance counts that is likeliest."""
        return self.against_from if stance in AGAINST else self.repeats_from


class StanceJudge:
    """Judges questions by cues alone, or by cues and the pair model together."""

    def __init__(self, calibration: StanceCalibration, pair_model: PairModel | None) -> None:
        """Take a calibration and the pair model that it was fitted with, or one of cues alone and none.

        Raises CalibrationRefused where they do not belong together.
        """
        met = pair_model.identity if pair_model is not None else None
        if calibration.pair_identity is not None and calibration.pair_identity != met:
            raise CalibrationRefused(
                f"the calibration's stances were fitted with the pair model {calibration.pair_identity}, the one at"
                f" hand is {met or 'none'}; run `python -m scripts.calibrate`"
            )
        self._calibration = calibration
        self._pair_model = pair_model

    def judge(self, questions: Sequence[Question], closely: Sequence[bool]) -> list[Judgement]:
        """Return a judgement a question, in order; those that are looked at closely go through the pair model."""
        weighed = self._weighed(questions, closely)
        return [replace(self.judgement(each.probabilities), weighed=each) for each in weighed]

    def judgement(self, row: Rows) -> Judgement:
        """Return the judgement for one row of probabilities."""
        best = int(row.argmax())
        stance = STANCES[best] if row[best] >= self._calibration.bound(STANCES[best]) else "unclear"
        return Judgement(stance, float(row[best]), tuple(map(float, row)))

    def probabilities(self, questions: Sequence[Question], closely: Sequence[bool]) -> Rows:
        """Return a row a question, over STANCES."""
        rows = [each.probabilities for each in self._weighed(questions, closely)]
        return np.array(rows).reshape(-1, len(STANCES))

    def _weighed(self, questions: Sequence[Question], closely: Sequence[bool]) -> list[Weighed]:
        weighed = [Weighed(self._calibration.cues, row) for row in cue_rows(questions)]
        near = [place for place, close in enumerate(closely) if close]
        if near and self._pair_model is not None and self._calibration.fused is not None:
            rows = fused_rows([questions[place] for place in near], self._pair_model)
            for place, row in zip(near, rows, strict=True):
                weighed[place] = Weighed(self._calibration.fused, row)
        return weighed


def cue_rows(questions: Sequence[Question]) -> Rows:
    """Return one row a question, over CUE_FEATURES."""
    return np.array([_cue_row(question) for question in questions]).reshape(-1, len(CUE_FEATURES))


def _cue_row(question: Question) -> Rows:
    language = question.lang.split("-")[0].lower()
    offsets = [float(language == lang) for lang in LANGUAGES]
    cues = row_of(cues_of(question.text, question.lang, question.myth, question.myth_lang))
    return np.array([*cues, question.fact_lead, *offsets])


def fused_rows(questions: Sequence[Question], pair_model: PairModel) -> Rows:
    """Return one row a question, over FUSED_FEATURES."""
    logits = pair_model.logits([(question.text, question.myth) for question in questions]).astype(np.float64)
    return np.hstack([cue_rows(questions), np.log(softmax(logits).clip(1e-4))])


def softmax(logits: Rows) -> Rows:
    """Return each row's exponentials over their sum, without overflow."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
