"""Measures of stance on pairs of which the stance is known, with bootstrap intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.matching.evaluation import MIN_POSTS, RESAMPLES, SEED, Measured, calibration_error, measured_on
from service.matching.stance import STANCES, Rows

Labels = npt.NDArray[np.intp]
REPEATS, DENIES = STANCES.index("repeats"), STANCES.index("denies")


@dataclass(frozen=True)
class StanceOutcomes:
    """Known stances (numbers in STANCES), probabilities over STANCES, and what was called unclear; a row a pair."""

    known: Labels
    probabilities: Rows
    unclear: npt.NDArray[np.bool_]
    langs: Sequence[str]

    def take(self, places: npt.NDArray[np.intp]) -> "StanceOutcomes":
        """Return the outcomes at these places."""
        langs = [self.langs[place] for place in places]
        return StanceOutcomes(self.known[places], self.probabilities[places], self.unclear[places], langs)


def macro_f1(outcomes: StanceOutcomes) -> float:
    """Return the mean of the F1 of each known stance; what is unclear is found for none."""
    called = _called(outcomes)
    return float(np.mean([_f1(outcomes.known == stance, called == stance) for stance in np.unique(outcomes.known)]))


def denials_called_repeats(outcomes: StanceOutcomes) -> float:
    """Return the share of denials that are called repetitions."""
    denials = outcomes.known == DENIES
    return float(np.mean(_called(outcomes)[denials] == REPEATS))


def auroc(outcomes: StanceOutcomes) -> float:
    """Return how probably a repetition's odds of repeating against denying exceed a denial's; ties count half."""
    odds = np.log(outcomes.probabilities[:, REPEATS]) - np.log(outcomes.probabilities[:, DENIES])
    repeats, denials = odds[outcomes.known == REPEATS], np.sort(odds[outcomes.known == DENIES])
    below, upto = (np.searchsorted(denials, repeats, side=side) for side in ("left", "right"))
    return float(np.mean(below + upto) / 2 / len(denials))


def unclear(outcomes: StanceOutcomes) -> float:
    """Return the share that is unclear."""
    return float(np.mean(outcomes.unclear))


def ece(outcomes: StanceOutcomes) -> float:
    """Return the calibration error of the likeliest stance's probability."""
    best = outcomes.probabilities.argmax(axis=1)
    return calibration_error(outcomes.probabilities.max(axis=1), best == outcomes.known)


# name: what it is, and the stances that it needs
STANCE_MEASURES: dict[str, tuple[Callable[[StanceOutcomes], float], tuple[str, ...]]] = {
    "stance_macro_f1": (macro_f1, STANCES),
    "stance_denials_called_repeats": (denials_called_repeats, ("denies",)),
    "stance_auroc_repeats_denies": (auroc, ("repeats", "denies")),
    "stance_unclear": (unclear, ()),
    "stance_ece": (ece, STANCES),
}


def stance_measures(outcomes: StanceOutcomes, resamples: int = RESAMPLES) -> dict[str, Measured]:
    """Return each of STANCE_MEASURES that there are enough pairs for."""
    random = np.random.default_rng(SEED)
    size = len(outcomes.known)
    samples = [outcomes.take(random.integers(size, size=size)) for _ in range(resamples)]
    measured = {"stance_pairs": Measured(float(size), None, None)}
    for name, (measure, needs) in STANCE_MEASURES.items():
        if size and all((outcomes.known == STANCES.index(need)).sum() >= MIN_POSTS for need in needs):
            measured[name] = measured_on(measure, outcomes, samples)
    return measured


def stances_by_group(outcomes: StanceOutcomes, resamples: int = RESAMPLES) -> dict[str, dict[str, Measured]]:
    """Return the measures of all pairs and of each language's."""
    groups = {"all": np.arange(len(outcomes.known))}
    langs = np.array(outcomes.langs)
    if len(set(outcomes.langs)) > 1:
        groups |= {lang: np.flatnonzero(langs == lang) for lang in dict.fromkeys(outcomes.langs)}
    return {name: stance_measures(outcomes.take(places), resamples) for name, places in groups.items()}


def _called(outcomes: StanceOutcomes) -> Labels:
    return np.where(outcomes.unclear, -1, outcomes.probabilities.argmax(axis=1))


def _f1(known: npt.NDArray[np.bool_], called: npt.NDArray[np.bool_]) -> float:
    both = int((known & called).sum())
    return 2 * both / (int(known.sum()) + int(called.sum())) if both else 0.0
