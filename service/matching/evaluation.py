"""Measures of ranking and of deciding on judged posts, with bootstrap intervals.

Ranking is measured by ir-measures (MacAvaney et al., ECIR 2022), which calls trec_eval, the field's reference.
"""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import ir_measures
import numpy as np
import numpy.typing as npt

from service.matching.scoring import Thresholds

RANKING = {"MAP@5": ir_measures.AP @ 5, "MRR": ir_measures.RR, "R@1": ir_measures.R @ 1, "R@10": ir_measures.R @ 10}
BINS = 10  # of equal width for ECE: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017
RESAMPLES = 500
INTERVAL = (2.5, 97.5)  # percentiles: Efron & Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13
SEED = 20260101
MIN_POSTS = 5  # of a kind, for a measure to be reported

Group = TypeVar("Group")  # answers of any kind, as they are resampled
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """A judged post and what was answered: debunks with their probabilities, most probable first.

    `spans_found` says of each claim that was marked in a long post whether a span of its debunk overlaps it.
    """

    post_id: str
    text: str
    lang: str
    kind: str
    relation: str
    about: frozenset[str]
    ranking: Sequence[tuple[str, float]]
    decision: str
    spans_found: Sequence[bool] = ()

    @property
    def probability(self) -> float:
        """Return the highest probability; 0 where there is no debunk at all."""
        return self.ranking[0][1] if self.ranking else 0.0

    @property
    def is_right(self) -> bool:
        """Return whether the most probable debunk is one that the post is about."""
        return bool(self.ranking) and self.ranking[0][0] in self.about


@dataclass(frozen=True)
class Measured:
    """A measure's value and its 95 % interval; None where too few posts allow it."""

    value: float | None
    low: float | None
    high: float | None


class Answers:
    """The outcomes of a group of posts as arrays, so that they can be resampled."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        """Take at least one outcome."""
        self.probability: Floats = np.array([outcome.probability for outcome in outcomes], dtype=np.float64)
        self.right: Bools = np.array([outcome.is_right for outcome in outcomes], dtype=bool)
        self.about: Bools = np.array([bool(outcome.about) for outcome in outcomes], dtype=bool)
        self.near: Bools = np.array([outcome.kind in ("near_miss", "hidden") for outcome in outcomes], dtype=bool)
        self.far: Bools = np.array([outcome.kind == "far" for outcome in outcomes], dtype=bool)
        self.repeats: Bools = np.array([outcome.relation == "repeats" for outcome in outcomes], dtype=bool)
        self.match: Bools = np.array([outcome.decision == "match" for outcome in outcomes], dtype=bool)
        self.answered: Bools = np.array([outcome.decision != "no_match" for outcome in outcomes], dtype=bool)

    def take(self, places: npt.NDArray[np.intp]) -> "Answers":
        """Return the answers at these places."""
        taken = object.__new__(Answers)
        taken.__dict__ = {name: values[places] for name, values in self.__dict__.items()}
        return taken


def answered_right(refused: float) -> Callable[[Answers], float]:
    """Return the share of posts about a debunk answered rightly at a cut-off that refuses this share of others."""

    def measure(answers: Answers) -> float:
        cut_off = np.quantile(answers.probability[~answers.about], refused, method="inverted_cdf")
        about = answers.about
        return float(np.mean(answers.right[about] & (answers.probability[about] > cut_off)))

    return measure


def auroc(others: Callable[[Answers], Bools]) -> Callable[[Answers], float]:
    """Return the probability that a post about a debunk is more probable than one of the others; ties count half."""

    def measure(answers: Answers) -> float:
        positive, negative = answers.probability[answers.about], np.sort(answers.probability[others(answers)])
        below = np.searchsorted(negative, positive, side="left")
        equal = np.searchsorted(negative, positive, side="right") - below
        return float(np.mean(below + equal / 2) / len(negative))

    return measure


def ece(answers: Answers) -> float:
    """Return the calibration error of the highest probabilities."""
    return calibration_error(answers.probability, answers.right)


def calibration_error(probability: Floats, right: Bools) -> float:
    """Return the expected calibration error: |share right - mean probability| over BINS, weighted by their sizes."""
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    errors = [
        abs(right[bins == place].mean() - probability[bins == place].mean()) * np.mean(bins == place)
        for place in np.unique(bins)
    ]
    return float(sum(errors))


def brier(answers: Answers) -> float:
    """Return the mean squared difference of probability and being right (Brier, 1950)."""
    return float(np.mean((answers.probability - answers.right) ** 2))


def _precision(decided: Callable[[Answers], Bools]) -> Callable[[Answers], float]:
    return lambda answers: float(np.mean(answers.right[decided(answers)])) if decided(answers).any() else float("nan")


def _recall(decided: Callable[[Answers], Bools]) -> Callable[[Answers], float]:
    return lambda answers: float(np.mean((answers.right & decided(answers))[answers.about]))


# name: what it is, what it needs (posts about a debunk, other posts, near misses, far ones, repetitions)
DECISION: dict[str, tuple[Callable[[Answers], float], tuple[str, ...]]] = {
    "answered_right_at_95_refused": (answered_right(0.95), ("about", "others")),
    "answered_right_at_99_refused": (answered_right(0.99), ("about", "others")),
    "auroc_near_misses": (auroc(lambda answers: answers.near), ("about", "near")),
    "auroc_far": (auroc(lambda answers: answers.far), ("about", "far")),
    "top1_of_repeats": (lambda answers: float(np.mean(answers.right[answers.repeats])), ("repeats",)),
    "ece": (ece, ()),
    "brier": (brier, ()),
    "match_precision": (_precision(lambda answers: answers.match), ("about",)),
    "match_recall": (_recall(lambda answers: answers.match), ("about",)),
    "found_precision": (_precision(lambda answers: answers.answered), ("about",)),
    "found_recall": (_recall(lambda answers: answers.answered), ("about",)),
    "others_not_matched": (lambda answers: float(np.mean(~answers.match[~answers.about])), ("others",)),
    "others_refused": (lambda answers: float(np.mean(~answers.answered[~answers.about])), ("others",)),
}


def decision_measures(outcomes: Sequence[Outcome], resamples: int = RESAMPLES) -> dict[str, Measured]:
    """Return each measure of DECISION, and the share of marked claims of long posts that a span overlaps."""
    answers = Answers(outcomes)
    counts = {
        "about": answers.about,
        "others": ~answers.about,
        **{n: getattr(answers, n) for n in ("near", "far", "repeats")},
    }
    random = np.random.default_rng(SEED)
    samples = [answers.take(random.integers(len(outcomes), size=len(outcomes))) for _ in range(resamples)]
    measured = {
        name: measured_on(measure, answers, samples)
        for name, (measure, needs) in DECISION.items()
        if all(counts[need].sum() >= MIN_POSTS for need in needs)
    }
    found = [each for outcome in outcomes if outcome.kind == "long" for each in outcome.spans_found]
    as_they_should = [is_as_it_should_be(outcome) for outcome in outcomes if outcome.kind in ("hostile", "degenerate")]
    for name, shares in (("span_overlap", found), ("hostile_as_they_should_be", as_they_should)):
        if shares:
            means = random.choice(shares, size=(resamples, len(shares))).mean(axis=1)
            measured[name] = Measured(float(np.mean(shares)), *map(float, np.percentile(means, INTERVAL)))
    return measured


def is_as_it_should_be(outcome: Outcome) -> bool:
    """Return whether a claim in hostile spelling was found, rightly, or a degenerate text was no match."""
    if outcome.about:
        return outcome.is_right and outcome.decision != "no_match"
    return outcome.decision != "match"


def ranking_measures(outcomes: Sequence[Outcome], resamples: int = RESAMPLES) -> dict[str, Measured]:
    """Return each measure of RANKING over the posts that are about a debunk; nothing where there is none."""
    about = [outcome for outcome in outcomes if outcome.about]
    if not about:
        return {}
    judged = [ir_measures.Qrel(outcome.post_id, debunk_id, 1) for outcome in about for debunk_id in outcome.about]
    run = [
        ir_measures.ScoredDoc(outcome.post_id, debunk_id, -float(rank))
        for outcome in about
        for rank, (debunk_id, _) in enumerate(outcome.ranking)
    ]
    values: dict[str, dict[str, float]] = {name: {} for name in RANKING}
    names = {measure: name for name, measure in RANKING.items()}
    for met in ir_measures.iter_calc(list(RANKING.values()), judged, run):
        values[names[met.measure]][met.query_id] = float(met.value)
    random = np.random.default_rng(SEED)
    places = random.integers(len(about), size=(resamples, len(about)))
    measured = {}
    for name, by_post in values.items():
        row = np.array([by_post.get(outcome.post_id, 0.0) for outcome in about])
        measured[name] = Measured(float(row.mean()), *map(float, np.percentile(row[places].mean(axis=1), INTERVAL)))
    return measured


def by_group(outcomes: Sequence[Outcome], resamples: int = RESAMPLES) -> dict[str, dict[str, Measured]]:
    """Return all measures of all posts and of each language's."""
    groups: dict[str, list[Outcome]] = {"all": list(outcomes)}
    for outcome in outcomes:
        groups.setdefault(outcome.lang, []).append(outcome)
    if len(groups) == 2:  # one language alone is all
        groups = {"all": groups["all"]}
    return {
        group: {
            "posts": Measured(float(len(some)), None, None),
            **decision_measures(some, resamples),
            **ranking_measures(some, resamples),
        }
        for group, some in groups.items()
    }


def reliability(outcomes: Iterable[Outcome]) -> list[tuple[float, float, int]]:
    """Return for each of BINS that has posts: the mean probability, the share right, and how many posts."""
    bins: Mapping[int, list[Outcome]] = {place: [] for place in range(BINS)}
    for outcome in outcomes:
        bins[min(int(outcome.probability * BINS), BINS - 1)].append(outcome)
    return [
        (float(np.mean([o.probability for o in some])), float(np.mean([o.is_right for o in some])), len(some))
        for some in bins.values()
        if some
    ]


def thresholds_for(outcomes: Sequence[Outcome], precision: float, recall: float) -> Thresholds:
    """Return the lowest probability whose matches have this precision, and the highest that finds this recall.

    Both stand half-way to the next probability that was met; where no cut-off reaches the precision, `match` is 1.
    Where none finds that recall, as the ranking is too often wrong, `possible` finds that share of what can be found.
    """
    answers = Answers(outcomes)
    order = np.argsort(-answers.probability, kind="stable")
    probability, right = answers.probability[order], answers.right[order]
    precisions = np.cumsum(right) / np.arange(1, len(right) + 1)
    recalls = np.cumsum(right & answers.about[order]) / max(1, answers.about.sum())
    is_last = np.append(probability[1:] < probability[:-1], True)  # a cut-off takes all that tie, or none
    precise = np.flatnonzero(is_last & (precisions >= precision))
    match = _between(probability, int(precise[-1])) if len(precise) else 1.0
    recalled = np.flatnonzero(recalls >= (recall if recalls[-1] >= recall else recall * recalls[-1]))
    possible = _between(probability, int(recalled[0])) if len(recalled) else 0.0
    return Thresholds(round(match, 4), round(min(match, possible), 4))


def _between(descending: Floats, place: int) -> float:
    following = descending[place + 1] if place + 1 < len(descending) else 0.0
    return float(descending[place] + following) / 2


def measured_on(measure: Callable[[Group], float], answers: Group, samples: Sequence[Group]) -> Measured:
    """Return the measure of the answers with its interval over resamples, those apart that do not allow it."""
    values = [value for sample in samples if not np.isnan(value := _or_nan(measure, sample))]
    value = measure(answers)
    low, high = np.percentile(values, INTERVAL) if values else (np.nan, np.nan)
    return Measured(*(None if np.isnan(number) else float(number) for number in (value, low, high)))


def _or_nan(measure: Callable[[Group], float], sample: Group) -> float:
    """Return the measure of a resample; nan where it holds no post of a kind that is needed."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing
        try:
            return measure(sample)
        except (IndexError, ZeroDivisionError):
            return float("nan")
