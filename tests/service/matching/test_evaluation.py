"""Each measure against a value that was worked out by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from service.matching.evaluation import (
    DECISION,
    MIN_POSTS,
    Answers,
    Measured,
    Outcome,
    answered_right,
    auroc,
    brier,
    by_group,
    calibration_error,
    decision_measures,
    ece,
    is_as_it_should_be,
    ranking_measures,
    reliability,
    thresholds_for,
)
from service.matching.scoring import Thresholds

RESAMPLES = 50


def outcome(
    probability: float,
    about: str | None = None,
    best: str = "a",
    kind: str = "direct",
    decision: str = "no_match",
    lang: str = "en",
    number: int = 0,
    spans: Sequence[bool] = (),
) -> Outcome:
    relation = "repeats" if about else "none"
    ids = frozenset({about} if about else ())
    return Outcome(f"p{number}", "", lang, kind, relation, ids, [(best, probability)], decision, spans)


def right(probability: float) -> Outcome:
    return outcome(probability, about="a")


def wrong(probability: float) -> Outcome:
    return outcome(probability, about="a", best="b")


def other(probability: float, kind: str = "far") -> Outcome:
    return outcome(probability, kind=kind)


def value(outcomes: Sequence[Outcome], name: str) -> float:
    measure, _ = DECISION[name]
    return measure(Answers(outcomes))


def test_the_highest_probability_is_right_where_the_post_is_about_its_debunk() -> None:
    assert (right(0.7).is_right, wrong(0.7).is_right, other(0.7).is_right) == (True, False, False)
    nothing = Outcome("p", "", "en", "far", "none", frozenset(), [], "no_match")
    assert (nothing.probability, nothing.is_right) == (0.0, False)


def test_answered_right_is_the_share_above_the_cut_off_that_refuses_95_of_100_others() -> None:
    others = [other(place / 100) for place in range(21)]  # .19 refuses 20 of 21: 95.2 %; .18 refuses 19: 90.5 %
    about = [right(0.9), right(0.195), right(0.19), wrong(0.9)]
    assert answered_right(0.95)(Answers([*others, *about])) == pytest.approx(2 / 4)
    assert answered_right(0.5)(Answers([*others, *about])) == pytest.approx(3 / 4)
    assert value([*others, *about], "answered_right_at_99_refused") == pytest.approx(1 / 4)  # .20 is the cut-off


def test_auroc_counts_the_pairs_in_order_and_ties_half() -> None:
    far = auroc(lambda answers: answers.far)
    # .9 beats both others, .5 beats one and ties one, .2 ties none and loses to one: (2 + 1.5 + 1) / 6
    met = [right(0.9), right(0.5), wrong(0.2), other(0.5), other(0.1)]
    assert far(Answers(met)) == pytest.approx(4.5 / 6)
    assert far(Answers([right(0.3), other(0.3)])) == pytest.approx(0.5)
    assert far(Answers([right(0.3), other(0.1), other(0.9, kind="near_miss")])) == pytest.approx(1.0)


def test_near_misses_are_those_of_both_kinds() -> None:
    met = [right(0.5), other(0.6, "near_miss"), other(0.4, "hidden"), other(0.9, "far")]
    assert value(met, "auroc_near_misses") == pytest.approx(0.5)


def test_the_calibration_error_is_the_gap_in_each_bin_by_its_size() -> None:
    # bin .9 to 1: mean .95, two of four right; bin .1 to .2: mean .15, none of two right
    met = [right(0.92), right(0.98), wrong(0.94), other(0.96), other(0.1), other(0.19)]
    assert ece(Answers(met)) == pytest.approx(0.45 * 4 / 6 + 0.145 * 2 / 6)
    assert ece(Answers([right(1.0)])) == pytest.approx(0.0)


def test_perfect_calibration_has_no_error_and_a_bin_ends_before_the_next_begins() -> None:
    probability = np.array([0.25, 0.25, 0.25, 0.25])
    assert calibration_error(probability, np.array([True, False, False, False])) == pytest.approx(0.0)
    assert calibration_error(np.array([0.5, 0.499]), np.array([True, False])) == pytest.approx(0.25 + 0.2495)


def test_the_brier_score_is_the_mean_squared_difference() -> None:
    assert brier(Answers([right(0.9), wrong(0.6), other(0.2)])) == pytest.approx((0.01 + 0.36 + 0.04) / 3)


def test_precision_and_recall_of_what_was_decided() -> None:
    met = [
        outcome(0.9, "a", "a", decision="match"),
        outcome(0.9, "a", "b", decision="match"),
        outcome(0.6, "a", "a", decision="possible"),
        outcome(0.1, "a", "a", decision="no_match"),
        outcome(0.9, None, "a", decision="match", kind="far"),
        outcome(0.6, None, "a", decision="possible", kind="far"),
        outcome(0.1, None, "a", decision="no_match", kind="far"),
    ]
    expected = {
        "match_precision": 1 / 3,
        "match_recall": 1 / 4,
        "found_precision": 2 / 5,
        "found_recall": 2 / 4,
        "others_not_matched": 2 / 3,
        "others_refused": 1 / 3,
        "top1_of_repeats": 3 / 4,
    }
    assert {name: value(met, name) for name in expected} == pytest.approx(expected)


def test_a_measure_of_too_few_posts_is_not_told() -> None:
    about = [right(0.9) for _ in range(MIN_POSTS)]
    few = [other(0.1) for _ in range(MIN_POSTS - 1)]
    assert set(decision_measures([*about, *few], RESAMPLES)) == {
        *("ece", "brier", "top1_of_repeats", "match_recall", "found_recall"),
        *("match_precision", "found_precision"),
    }
    assert {"others_refused", "auroc_far"} <= set(decision_measures([*about, *few, other(0.1)], RESAMPLES))


def test_the_precision_of_no_match_at_all_is_unknown() -> None:
    measured = decision_measures([right(0.9) for _ in range(MIN_POSTS)], RESAMPLES)
    assert measured["match_precision"] == Measured(None, None, None)
    assert measured["match_recall"] == Measured(0.0, 0.0, 0.0)


def many(posts: int = 200) -> list[Outcome]:
    random = np.random.default_rng(21)
    return [
        outcome(
            float(random.beta(3, 2) if number % 2 else random.beta(2, 3)),
            about="a" if number % 2 else None,
            best=str(random.choice(["a", "b"])),
            kind="direct" if number % 2 else ("far", "near_miss")[number % 4 // 2],
            decision=str(random.choice(["match", "possible", "no_match"])),
            lang=("en", "ru")[number % 3 // 2],
            number=number,
        )
        for number in range(posts)
    ]


def test_an_interval_contains_the_value_and_is_the_same_in_every_run() -> None:
    measured = decision_measures(many(), RESAMPLES)
    assert set(measured) == set(DECISION)
    for name, met in measured.items():
        assert met.value is not None, name
        assert met.low is not None, name
        assert met.high is not None, name
        assert met.high - met.low < 0.35, name
        if name != "ece":  # a resample has more of it than the sample: absolute gaps only grow
            assert met.low <= met.value <= met.high, name
    assert decision_measures(many(), RESAMPLES) == measured


def test_the_interval_of_a_share_is_as_wide_as_the_binomial_one() -> None:
    met = decision_measures(many(400), 500)["others_not_matched"]
    assert met.value is not None
    assert met.low is not None
    assert met.high is not None
    deviation = np.sqrt(met.value * (1 - met.value) / 200)
    assert met.high - met.low == pytest.approx(2 * 1.96 * deviation, rel=0.15)


def test_the_spans_of_long_posts_and_the_answers_to_hostile_ones_are_shares_too() -> None:
    met = [
        *(right(0.9) for _ in range(MIN_POSTS)),
        outcome(0.9, "a", kind="long", spans=(True, True, False)),
        outcome(0.9, "a", kind="long", spans=(True,)),
        outcome(0.9, "a", kind="direct", spans=(False,)),
        outcome(0.9, "a", kind="hostile", decision="possible"),
        outcome(0.9, None, kind="degenerate", decision="match"),
    ]
    measured = decision_measures(met, RESAMPLES)
    assert measured["span_overlap"].value == pytest.approx(3 / 4)
    assert measured["hostile_as_they_should_be"].value == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("about", "best", "decision", "as_it_should_be"),
    [
        ("a", "a", "match", True),
        ("a", "a", "possible", True),
        ("a", "a", "no_match", False),
        ("a", "b", "match", False),
        (None, "a", "possible", True),
        (None, "a", "match", False),
    ],
)
def test_a_hostile_claim_is_to_be_found_and_a_degenerate_text_not_matched(
    about: str | None, best: str, decision: str, as_it_should_be: bool
) -> None:
    assert is_as_it_should_be(outcome(0.9, about, best, decision=decision)) is as_it_should_be


def ranked(number: int, about: set[str], *ranking: str) -> Outcome:
    pairs = [(debunk_id, 0.9 - place / 100) for place, debunk_id in enumerate(ranking)]
    return Outcome(f"p{number}", "", "en", "direct", "repeats", frozenset(about), pairs, "match")


def test_the_ranking_measures_are_those_of_a_ranking_by_hand() -> None:
    met = [
        ranked(1, {"a"}, "a", "b", "c"),  # AP 1, RR 1, R@1 1
        ranked(2, {"a"}, "b", "c", "a"),  # AP 1/3, RR 1/3, R@1 0
        ranked(3, {"a", "c"}, "a", "b", "c"),  # AP (1 + 2/3)/2, RR 1, R@1 1/2
        ranked(4, {"z"}, "a", "b", "c"),  # not found: 0
        ranked(5, {"f"}, "a", "b", "c", "d", "e", "f"),  # sixth: AP@5 0, RR 1/6, R@10 1
        ranked(6, set(), "a", "b"),  # about nothing: not counted
    ]
    measured = {name: met.value for name, met in ranking_measures(met, RESAMPLES).items()}
    assert measured == pytest.approx(
        {
            "MAP@5": (1 + 1 / 3 + 5 / 6) / 5,
            "MRR": (1 + 1 / 3 + 1 + 1 / 6) / 5,
            "R@1": (1 + 1 / 2) / 5,
            "R@10": 4 / 5,
        }
    )


def test_equal_probabilities_are_ranked_as_they_were_answered() -> None:
    tied = Outcome("p", "", "en", "direct", "repeats", frozenset({"b"}), [("z", 1.0), ("b", 1.0)], "match")
    assert ranking_measures([tied], RESAMPLES)["MRR"].value == pytest.approx(0.5)


def test_the_interval_of_a_ranking_measure_contains_it() -> None:
    met = [ranked(number, {"a"}, *("ab" if number % 3 else "ba")) for number in range(60)]
    for name, measured in ranking_measures(met, RESAMPLES).items():
        assert measured.value is not None
        assert measured.low is not None
        assert measured.high is not None
        assert measured.low <= measured.value <= measured.high, name
    assert ranking_measures([other(0.5)], RESAMPLES) == {}


def test_posts_are_measured_together_and_by_language_and_one_language_is_all() -> None:
    groups = by_group(many(), RESAMPLES)
    assert list(groups) == ["all", "en", "ru"]
    assert [groups[name]["posts"].value for name in groups] == [200, 134, 66]
    english = [each for each in many() if each.lang == "en"]
    assert list(by_group(english, RESAMPLES)) == ["all"]
    assert by_group(english, RESAMPLES)["all"]["brier"] == groups["en"]["brier"]


def test_reliability_is_mean_probability_share_right_and_count_of_each_bin_with_posts() -> None:
    met = [right(0.92), wrong(0.98), right(1.0), other(0.05), right(0.3)]
    expected = [(0.05, 0.0, 1), (0.3, 1.0, 1), (2.9 / 3, 2 / 3, 3)]
    assert np.array(reliability(met)) == pytest.approx(np.array(expected))


def test_the_match_threshold_is_the_lowest_that_keeps_the_precision() -> None:
    met = [right(0.9), right(0.8), other(0.7), right(0.6), other(0.2)]
    assert thresholds_for(met, 1.0, 1.0).match == pytest.approx(0.75)  # half-way from .8 to .7
    assert thresholds_for(met, 0.75, 1.0).match == pytest.approx(0.4)  # three of four, down to .6
    assert thresholds_for(met, 0.6, 1.0).match == pytest.approx(0.1)  # three of all five


def test_the_possible_threshold_is_the_highest_that_finds_the_recall() -> None:
    met = [right(0.9), right(0.8), other(0.7), right(0.6), right(0.3)]
    assert thresholds_for(met, 0.99, 0.75) == Thresholds(0.75, 0.45)
    assert thresholds_for(met, 0.99, 1.0) == Thresholds(0.75, 0.15)
    assert thresholds_for(met, 0.99, 0.5) == Thresholds(0.75, 0.75)  # never above that of a match
    assert thresholds_for(met, 0.99, 0.25) == Thresholds(0.75, 0.75)


def test_where_the_ranking_is_wrong_possible_finds_that_share_of_what_can_be_found() -> None:
    met = [right(0.9), wrong(0.8), right(0.6), wrong(0.5), wrong(0.4)]
    assert thresholds_for(met, 0.9, 0.95) == Thresholds(0.85, 0.55)


def test_where_no_cut_off_is_precise_only_certainty_is_a_match() -> None:
    assert thresholds_for([other(0.9), right(0.8), other(0.7)], 0.9, 1.0) == Thresholds(1.0, 0.75)
