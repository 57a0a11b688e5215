"""Explanations: their numbers add up to the probability that was answered, and say what decided in its place."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from corpus.judged import TRAIN, read_judged
from embeddings.examples import Example
from embeddings.snapshot import Passage
from service.matching.answers import Match
from service.matching.evidence import FEATURES
from service.matching.explaining import evidenced
from service.matching.explanation import Explanation, Ruling, RunnerUp
from service.matching.matcher import Matcher
from service.matching.scoring import Scorer, Thresholds, sigmoid
from service.wire import ANSWER_FIELDS, answer_json
from service.worker import Worker
from tests.real_server import CLIENT_SECONDS, RealServer
from tests.service.matching.parts import TOY, calibration, myths, scorer, snapshot, toy_examples
from tests.service.matching.test_stance import DENIED, REPORTED, SurePairs, matcher_with

BRIDGE = "The mayor secretly sold the stone bridge to foreign bankers"
MOON = "Astronauts admitted that the moon is made of yellow cheese"
REWORDED = "They say the mayor secretly sold our stone bridge to bankers!"
PAGE = "https://example.org/bridge"
THRESHOLDS = Thresholds(0.8, 0.2)
EXACTLY = 1e-6


def matcher_over(documents: dict[str, dict[str, Any]] | None = None, passages: Sequence[Passage] = ()) -> Matcher:
    examples = toy_examples([Example(f"bankers own bridge number {n}", "en", "bridge") for n in range(12)])
    held = snapshot([*myths({"bridge": BRIDGE, "moon": MOON}), *passages], examples)
    held = replace(held, documents=documents or {})
    fitted = calibration(held, scorer(-12.0, wording=20.0, words=1.0), THRESHOLDS, scorer(-11.0, wording=19.0))
    return Matcher(TOY, held, fitted)


def explained(matcher: Matcher, text: str, debunk_id: str = "bridge", **options: Any) -> tuple[Match, Explanation]:
    answer = matcher.match(text, explain=True, **options)
    (match,) = (match for match in answer.matches if match.candidate.debunk_id == debunk_id)
    assert match.explanation is not None
    return match, match.explanation


def total(explanation: Explanation) -> float:
    return explanation.bias + sum(one.contribution for one in explanation.evidence)


VALUES = arrays(np.float32, len(FEATURES), elements=st.floats(-50, 50, width=32))
NUMBERS = arrays(np.float64, len(FEATURES), elements=st.floats(-20, 20))
SCALES = arrays(np.float64, len(FEATURES), elements=st.floats(0.01, 20))


@given(VALUES, NUMBERS, NUMBERS, SCALES, st.floats(-20, 20))
def test_any_values_under_any_scorer_add_up_to_its_logit(
    values: Any, weights: Any, means: Any, scales: Any, bias: float
) -> None:
    by_hand = Scorer(weights, means, scales, bias)
    evidence = evidenced(by_hand, values)
    assert bias + math.fsum(one.contribution for one in evidence) == pytest.approx(float(by_hand.logits(values)))
    assert {one.name: one.meaning for one in evidence} == FEATURES
    for one in evidence:
        place = list(FEATURES).index(one.name)
        assert one.value == values[place]
        expected = weights[place] * (float(values[place]) - means[place]) / scales[place]
        assert one.contribution == pytest.approx(expected)
    strengths = [abs(one.contribution) for one in evidence]
    assert strengths == sorted(strengths, reverse=True)


@cache
def posts() -> list[str]:
    return [post.text for post in read_judged(TRAIN)][::20]


def test_there_are_many_posts() -> None:
    assert len(posts()) > 50


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.data())
def test_what_is_shown_of_a_post_adds_up_to_its_probability_unless_a_ruling_decided(
    toy_worker: Worker, data: st.DataObject
) -> None:
    parts = data.draw(st.lists(st.sampled_from(posts()), min_size=1, max_size=3))
    text, matcher = " ".join(parts), toy_worker.matcher
    answer = matcher.match(text, explain=True)
    shown = answer_json(answer, matcher, None, 0.0)
    for match, told in zip(answer.matches, shown["matches"], strict=True):
        why = told["why"]["explanation"]
        if why["ruling"] is None:
            assert why["probability"] == pytest.approx(match.probability, abs=EXACTLY)
        else:
            assert match.probability in (0.0, 1.0)
        check_sums(told)


def check_sums(told: dict[str, Any]) -> None:
    """Check that the numbers of a match add up, as they are shown."""
    why = told["why"]["explanation"]
    logit = why["bias"] + sum(one["contribution"] for one in why["evidence"])
    assert logit == pytest.approx(why["logit"], abs=EXACTLY)
    assert 1 / (1 + math.exp(-logit)) == pytest.approx(why["probability"], abs=EXACTLY)
    if why["ruling"] is None:
        assert told["probability"] == pytest.approx(why["probability"], abs=1e-4)
    check_stance(why["stance"], told)


def check_stance(why: dict[str, Any] | None, told: dict[str, Any]) -> None:
    """Check that what is shown of a stance adds up to it."""
    if why is None:
        assert told["stance"] in ("unclear", "repeats")
        return
    logits = {
        stance: bias + sum(one["contributions"][stance] for one in why["evidence"])
        for stance, bias in why["biases"].items()
    }
    assert logits == pytest.approx(why["logits"], abs=EXACTLY)
    powers = {stance: math.exp(logit) for stance, logit in logits.items()}
    probabilities = {stance: power / sum(powers.values()) for stance, power in powers.items()}
    assert probabilities == pytest.approx(why["probabilities"], abs=EXACTLY)
    likeliest = max(probabilities, key=lambda stance: probabilities[stance])
    assert told["why"]["stance_probability"] == pytest.approx(probabilities[likeliest], abs=1e-4)
    is_sure = why["probabilities"][likeliest] >= why["thresholds"][likeliest]
    assert told["stance"] == (likeliest if is_sure else "unclear")


def test_without_being_asked_nothing_is_explained() -> None:
    matcher = matcher_over()
    answer = matcher.match(REWORDED)
    assert [match.explanation for match in answer.matches] == [None, None]
    asked = matcher.match(REWORDED, explain=True)
    assert [replace(match, explanation=None) for match in asked.matches] == list(answer.matches)


def test_the_scorer_is_the_one_that_the_debunk_is_scored_by() -> None:
    _, bridge = explained(matcher_over(), REWORDED)
    _, moon = explained(matcher_over(), REWORDED, "moon")
    assert (bridge.scorer, bridge.bias) == ("well_known", -11.0)  # by its twelve examples
    assert (moon.scorer, moon.bias) == ("bare", -12.0)
    assert total(bridge) == pytest.approx(bridge.logit, abs=EXACTLY)
    assert float(sigmoid(np.array(total(bridge)))) == pytest.approx(bridge.probability, abs=EXACTLY)


def test_the_nearest_wording_is_told_though_a_fact_is_nearer() -> None:
    fact = Passage("bridge", "fact", "No bankers bought anything from anybody.", "en")
    variant = Passage("bridge", "variant", "Bankers bought our bridge", "en")
    match, why = explained(
        matcher_over(passages=[fact, variant]), "No bankers bought anything from anybody, not a bridge"
    )
    assert match.candidate.nearest == fact
    assert why.wording == variant
    cosine = float(
        (
            TOY.encode_queries(["No bankers bought anything from anybody, not a bridge"])
            @ TOY.encode_queries([variant.text]).T
        )[0, 0]
    )
    assert why.cosine == pytest.approx(cosine, abs=1e-5)
    assert set(why.shared_terms) == {"banker", "bought", "bridg"}
    raw = next(one.value for one in why.evidence if one.name == "raw")
    assert raw == pytest.approx(why.cosine, abs=1e-5)


def test_the_runner_up_is_the_one_that_the_margin_is_measured_from() -> None:
    (first, one), (second, other) = (explained(matcher_over(), REWORDED, debunk_id) for debunk_id in ("bridge", "moon"))
    assert one.runner_up == RunnerUp("moon", second.candidate.cosine, second.probability)
    assert other.runner_up == RunnerUp("bridge", first.candidate.cosine, first.probability)
    assert first.margin == pytest.approx(first.candidate.cosine - second.candidate.cosine)


@pytest.mark.parametrize(
    ("text", "documents", "ruling", "probability"),
    [
        (BRIDGE.upper(), {}, Ruling("word_for_word", BRIDGE.upper()), 1.0),
        (f"Bankers and bridges: {PAGE}", {"bridge": {"url": PAGE}}, Ruling("address", PAGE), 1.0),
        (
            REWORDED,
            {"bridge": {"suppressions": [{"text": REWORDED, "lang": "en"}]}},
            Ruling("suppression", REWORDED),
            0.0,
        ),
        (REWORDED, {}, None, None),
    ],
)
def test_a_ruling_is_told_with_what_the_evidence_alone_would_have_said(
    text: str, documents: dict[str, Any], ruling: Ruling | None, probability: float | None
) -> None:
    match, why = explained(matcher_over(documents), text)
    assert why.ruling == ruling
    assert match.probability == (why.probability if probability is None else probability)
    assert 0.0 < why.probability < 1.0
    assert total(why) == pytest.approx(why.logit, abs=EXACTLY)


def limits(matcher: Matcher, text: str, **options: Any) -> list[str]:
    answer = matcher.match(text, explain=True, **options)
    shown = answer_json(answer, shown_whole(matcher), None, 0.0)
    assert shown["matches"][0]["decision"] == "possible"
    return list(shown["matches"][0]["why"]["explanation"]["at_most_possible"])


def shown_whole(matcher: Matcher) -> Matcher:
    """Return the matcher, its debunks shown as if each had all fields."""
    whole = {owner: dict.fromkeys(ANSWER_FIELDS) for owner in matcher.snapshot.keys}
    matcher.snapshot = replace(matcher.snapshot, documents=whole)
    return matcher


def test_what_makes_a_probable_match_possible_at_most_is_told() -> None:
    assert limits(matcher_over(), "Bankers own bridge number") == ["short_text"]
    assert limits(matcher_over(), f"{BRIDGE} and") == ["claim_breaks_off"]
    assert limits(matcher_over({"bridge": {"hold": "always"}}), REWORDED) == ["always"]
    assert limits(matcher_with(None), DENIED) == ["only_denied_or_reported"]


def test_a_stance_that_does_not_count_is_no_limit() -> None:
    matcher = matcher_with(None)
    answer = matcher.match(DENIED, explain=True, stance="any")
    shown = answer_json(answer, shown_whole(matcher), None, 0.0)["matches"][0]
    assert (shown["decision"], shown["stance"]) == ("match", "denies")
    assert shown["why"]["explanation"]["at_most_possible"] == []


def test_a_stance_says_whether_the_pair_model_was_asked_and_adds_up() -> None:
    for pairs, name in ((None, "cues"), (SurePairs("reports"), "cues_and_pair_model")):
        matcher = matcher_with(pairs)
        answer = matcher.match(f"{REPORTED}.", explain=True)
        shown = answer_json(answer, shown_whole(matcher), None, 0.0)["matches"][0]
        why = shown["why"]["explanation"]["stance"]
        assert (why["scorer"], shown["stance"]) == (name, "reports")
        assert ("pair_reports" in {one["name"] for one in why["evidence"]}) == (pairs is not None)
        check_stance(why, shown)


def test_a_stance_that_was_not_weighed_is_not_explained() -> None:
    for text in (BRIDGE, "Bake the pie slowly for another hour in a hot oven"):
        match, _ = explained(matcher_with(None), text)
        assert match.judged.weighed is None


@pytest.mark.model
def test_what_ships_explains_itself_with_the_pair_model_too(real_server: RealServer) -> None:
    texts = [
        "NATO broke its word and came east",
        "Никто не обещал Горбачёву, что НАТО не будет расширяться. Это выдумка.",
    ]
    asked = {"texts": texts, "explain": True}
    answers = httpx.post(f"{real_server.url}/v1/match/batch", json=asked, timeout=CLIENT_SECONDS).json()["answers"]
    for answer in answers:
        first = answer["matches"][0]
        assert first["why"]["explanation"]["stance"]["scorer"] == "cues_and_pair_model"
        for told in answer["matches"]:
            check_sums(told)
