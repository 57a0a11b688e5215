"""Stance fitting and its measures: what is fitted judges as its questions were, and the figures are the right ones."""

import numpy as np
import pytest

from service.matching.stance import STANCES, Question, StanceJudge
from service.matching.stance_evaluation import (
    StanceOutcomes,
    auroc,
    denials_called_repeats,
    ece,
    macro_f1,
    stance_measures,
    stances_by_group,
)
from service.matching.stance_fitting import against_from, fit_stance, repeats_from

SAID = {
    "repeats": ("The {} was sold at night", "They sold the {} to strangers", "So the {} is gone, sold"),
    "denies": ("It is a myth that the {} was sold", "Nonsense, the {} stands", "Fake: the {} sale"),
    "reports": ("The paper says the {} was sold", "A man claims the {} was sold", "According to him the {} was sold"),
}
THINGS = ("bridge", "harbour", "castle", "forest", "library", "theatre", "mine")


def asked() -> tuple[list[Question], list[str], list[str]]:
    met = [
        (Question(form.format(thing), "en", f"The {thing} was sold", "en", 0.0), stance, thing)
        for thing in THINGS
        for stance, forms in SAID.items()
        for form in forms
    ]
    questions, stances, myths = zip(*met, strict=True)
    return list(questions), list(stances), list(myths)


def test_a_fitted_calibration_judges_a_myth_that_it_never_met() -> None:
    fitted = fit_stance(*asked(), None)
    assert fitted
    judge = StanceJudge(fitted, None)
    said = ("It is a myth that the mill was sold", "The paper says the mill was sold", "The mill was sold at night")
    judged = judge.judge([Question(text, "en", "The mill was sold", "en", 0.0) for text in said], [True] * 3)
    assert [each.stance for each in judged] == ["denies", "reports", "repeats"]


def test_without_a_pair_model_nothing_is_fused() -> None:
    fitted = fit_stance(*asked(), None)
    assert fitted
    assert (fitted.fused, fitted.pair_identity) == (None, None)


def test_repeats_is_said_from_where_few_enough_denials_are_called_so() -> None:
    denials = np.full(20, STANCES.index("denies"))
    rows = np.array([[p, 1 - p, 0.0] for p in np.linspace(0.515, 0.705, 20)])  # all wrong, none above .71
    bound = repeats_from(rows, denials)
    assert (rows.max(axis=1) >= bound).sum() <= 1  # 5 % of 20
    assert (rows.max(axis=1) >= bound - 0.01).sum() > 1
    assert repeats_from(np.array([[0.1, 0.9, 0.0]] * 20), denials) == 0.0


def test_denies_and_reports_are_said_from_where_few_enough_are_repetitions() -> None:
    known = np.array([STANCES.index("repeats")] * 10 + [STANCES.index("denies")] * 10)
    wrong = [[1 - p, p, 0.0] for p in np.linspace(0.525, 0.615, 10)]
    right = [[1 - p, 0.0, p] for p in np.linspace(0.705, 0.795, 10)]
    assert 0.59 <= against_from(np.array(wrong + right), known) <= 0.61  # one of eleven is left, of two it is too many
    assert against_from(np.array(right), known[10:]) == 0.0


def outcomes(
    known: list[str], rows: list[list[float]], unclear: list[bool], langs: list[str] | None = None
) -> StanceOutcomes:
    numbers = np.array([STANCES.index(stance) for stance in known])
    return StanceOutcomes(numbers, np.array(rows), np.array(unclear), langs or ["en"] * len(known))


KNOWN = ["repeats", "repeats", "denies", "denies", "reports"]
ROWS = [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.1, 0.8, 0.1], [0.7, 0.2, 0.1], [0.2, 0.2, 0.6]]
SURE = [False] * 5


def test_macro_f1_is_the_mean_over_the_stances() -> None:
    # repeats: 1 of 2 called rightly, 1 of 2 found; denies the same; reports all
    assert macro_f1(outcomes(KNOWN, ROWS, SURE)) == pytest.approx((0.5 + 0.5 + 1.0) / 3)


def test_what_is_unclear_is_found_for_no_stance_and_called_wrong_for_none() -> None:
    met = outcomes(KNOWN, ROWS, [False, False, False, True, False])
    assert denials_called_repeats(met) == 0.0
    assert denials_called_repeats(outcomes(KNOWN, ROWS, SURE)) == 0.5
    # repeats: called once, rightly, of two; denies: called twice, once rightly, of two
    assert macro_f1(met) == pytest.approx((2 / 3 + 0.5 + 1.0) / 3)


def test_auroc_orders_repetitions_and_denials_by_their_odds() -> None:
    # odds of repeats against denies: 8 and .5 for repetitions, .125 and 3.5 for denials: 3 of 4 pairs in order
    assert auroc(outcomes(KNOWN, ROWS, SURE)) == pytest.approx(0.75)
    assert auroc(outcomes(["repeats", "denies"], [[0.5, 0.5, 0.0], [0.4, 0.4, 0.2]], [False, False])) == 0.5


def test_calibration_error_compares_the_likeliest_stance_with_being_right() -> None:
    # one bin each: .8 twice (both right), .6 twice (one right), .7 wrong
    assert ece(outcomes(KNOWN, ROWS, SURE)) == pytest.approx((2 * 0.2 + 2 * 0.1 + 0.7) / 5)


def test_measures_that_too_few_pairs_allow_are_left_out_and_languages_stand_apart() -> None:
    many = outcomes(KNOWN[:4] * 5, ROWS[:4] * 5, SURE[:4] * 5, ["en", "ru", "en", "ru"] * 5)
    met = stance_measures(many, resamples=20)
    assert "stance_macro_f1" not in met
    assert met["stance_denials_called_repeats"].value == 0.5
    assert {"all", "en", "ru"} == set(stances_by_group(many, resamples=20))
    assert stances_by_group(many, resamples=20)["en"]["stance_denials_called_repeats"].value == 0.0


def test_a_measure_of_few_pairs_has_an_interval_that_is_a_number() -> None:
    few = outcomes(["repeats"] * 30 + ["denies"] * 5, [[0.8, 0.1, 0.1]] * 35, [False] * 35)
    met = stance_measures(few, resamples=300)["stance_auroc_repeats_denies"]  # some resamples hold no denial at all
    assert (met.value, met.low, met.high) == (0.5, 0.5, 0.5)


def test_too_few_questions_or_myths_give_no_calibration() -> None:
    questions, stances, myths = asked()
    assert fit_stance(questions, stances, ["one"] * len(myths), None) is None
    some = [place for place, stance in enumerate(stances) if stance != "denies"]
    assert fit_stance([questions[p] for p in some], [stances[p] for p in some], [myths[p] for p in some], None) is None
