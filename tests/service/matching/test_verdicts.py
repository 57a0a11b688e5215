"""Verdicts: from the probabilities of overlapping claims to one answer a debunk and one a part of the text."""

import time

import numpy as np
import numpy.typing as npt
import pytest

from embeddings.snapshot import Passage
from service.matching.answers import Match, Place
from service.matching.claims import Claim
from service.matching.evidence import FEATURES, Evidence
from service.matching.retrieval import Candidate, Found
from service.matching.scoring import Decision, Thresholds
from service.matching.verdicts import MAX_SPANS, Decider, best_claims, margin, verdicts
from tests.service.matching.parts import unit

THRESHOLDS = Thresholds(0.9, 0.4)
SURE = Decider(THRESHOLDS, text_is_short=False)


def claim(first: int, last: int, breaks_off: bool = False) -> Claim:
    return Claim(f"{first}-{last}", first * 10, last * 10 + 9, "", "en", 5, first, last, breaks_off)


ONE, TWO, BOTH = claim(0, 0), claim(1, 1), claim(0, 1)


def found(claims: list[Claim], debunk_ids: list[str], raw: npt.ArrayLike = 0.0) -> Found:
    values = np.zeros((len(claims), len(debunk_ids), len(FEATURES)), dtype=np.float32)
    values[:, :, 0] = raw
    return Found(claims, unit(np.ones((len(claims), 2))), Evidence(debunk_ids, values, [False] * len(debunk_ids)))


def column(*probabilities: float) -> npt.NDArray[np.float64]:
    return np.array(probabilities)[:, None]


def test_a_debunk_keeps_its_most_probable_claim_and_further_ones_that_do_not_overlap() -> None:
    claims = [ONE, TWO, BOTH, claim(2, 2), claim(1, 2)]
    assert best_claims(found(claims, ["a"]), column(0.5, 0.6, 0.95, 0.7, 0.8), 0.4) == [("a", [2, 3])]
    assert best_claims(found(claims, ["a"]), column(0.95, 0.6, 0.5, 0.7, 0.8), 0.4) == [("a", [0, 4])]


def test_further_claims_are_kept_from_the_probability_of_possible_on_and_the_first_always() -> None:
    claims = [ONE, TWO, claim(2, 2)]
    assert best_claims(found(claims, ["a"]), column(0.39, 0.9, 0.4), 0.4) == [("a", [1, 2])]
    assert best_claims(found(claims, ["a"]), column(0.1, 0.2, 0.3), 0.4) == [("a", [2])]


def test_debunks_are_in_order_of_probability_then_of_raw_cosine_then_of_id() -> None:
    probabilities = np.array([[0.2, 0.7, 0.7, 0.7, 1.0]])
    raw = [[0.9, 0.5, 0.5, 0.6, 0.1]]
    ranked = best_claims(found([ONE], ["a", "c", "b", "d", "e"], raw), probabilities, 0.4)
    assert [debunk_id for debunk_id, _ in ranked] == ["e", "d", "b", "c", "a"]


def test_of_equally_probable_claims_the_shorter_is_first_then_the_one_of_higher_raw_cosine() -> None:
    assert best_claims(found([ONE, BOTH], ["a"], [[0.5], [0.6]]), column(0.998, 1.0), 0.4) == [("a", [0])]
    apart = found([claim(0, 0), claim(1, 1)], ["a"], [[0.5], [0.6]])
    assert best_claims(apart, column(1.0, 1.0), 0.4) == [("a", [1, 0])]


def test_a_text_that_repeats_itself_has_so_many_spans_and_no_more() -> None:
    claims = [claim(place, place) for place in range(MAX_SPANS * 3)]
    ((_, kept),) = best_claims(found(claims, ["a"]), np.full((len(claims), 1), 0.9), 0.4)
    assert kept == list(range(MAX_SPANS))


def test_thousands_of_claims_take_less_than_a_second() -> None:
    claims = [claim(place // 2, (place + 1) // 2) for place in range(4000)]
    probabilities = np.random.default_rng(1).random((4000, 20))
    met = found(claims, [f"d{n}" for n in range(20)])
    start = time.process_time()
    assert all(len(kept) == MAX_SPANS for _, kept in best_claims(met, probabilities, 0.0))
    assert len(verdicts(met, probabilities, SURE)) > 1000
    assert time.process_time() - start < 1.0


@pytest.mark.parametrize(
    ("probability", "short", "breaks_off", "decision"),
    [
        (0.95, False, False, "match"),
        (0.95, True, False, "possible"),
        (0.95, False, True, "possible"),
        (1.0, True, True, "match"),  # a wording word for word
        (0.5, True, True, "possible"),
        (0.3, True, True, "no_match"),
    ],
)
def test_a_short_text_or_a_claim_that_breaks_off_is_at_most_possible_unless_it_is_word_for_word(
    probability: float, short: bool, breaks_off: bool, decision: Decision
) -> None:
    assert Decider(THRESHOLDS, short)(claim(0, 0, breaks_off), probability) == decision


def test_each_part_of_a_text_has_the_verdict_of_its_most_probable_claim() -> None:
    probabilities = np.array([[0.5, 0.1], [0.2, 0.3], [0.8, 0.95]])
    (both,) = verdicts(found([ONE, TWO, BOTH], ["a", "b"]), probabilities, SURE)
    assert (both.claim, both.best, both.decision, both.probability) == (BOTH, "b", "match", 0.95)


def test_what_an_answered_claim_leaves_is_told_too_in_the_order_of_the_text() -> None:
    claims = [ONE, TWO, claim(2, 2), BOTH, claim(1, 2), claim(0, 2)]
    met = verdicts(found(claims, ["a"]), column(0.1, 0.2, 0.5, 0.3, 0.1, 0.45), SURE)
    assert [(each.claim, each.best, each.decision) for each in met] == [
        (ONE, None, "no_match"),
        (TWO, None, "no_match"),
        (claims[2], "a", "possible"),
    ]


def test_a_part_without_answer_is_told_by_its_sentences_however_probable_their_pair() -> None:
    met = verdicts(found([ONE, BOTH, TWO], ["a"]), column(0.1, 0.39, 0.2), SURE)
    assert [each.claim for each in met] == [ONE, TWO]
    assert [each.probability for each in met] == [0.1, 0.2]


def test_without_debunks_every_part_is_no_match() -> None:
    met = verdicts(found([ONE, TWO], []), np.zeros((2, 0)), SURE)
    assert [(each.best, each.decision, each.probability) for each in met] == [(None, "no_match", 0.0)] * 2
    assert best_claims(found([ONE, TWO], []), np.zeros((2, 0)), 0.4) == []


def answered(cosine: float) -> Match:
    return Match(Candidate("a", cosine, Passage("a", "myth", "", "en"), []), "match", [Place(ONE, 0.9, 0.0)])


def test_a_margin_is_the_lead_in_cosine_over_the_best_other_match() -> None:
    every = [answered(0.9), answered(0.7), answered(0.8)]
    assert [margin(each, every) for each in every] == pytest.approx([0.1, -0.2, -0.1])
    assert margin(every[0], every[:1]) is None
