"""Matcher: the whole path on the toy encoder, with a calibration by hand that weighs the nearest wording alone."""

import time
from dataclasses import replace

import numpy as np
import pytest

from embeddings.errors import FingerprintMismatch
from embeddings.examples import Example
from embeddings.snapshot import Passage
from embeddings.toy import ToyEncoder
from service.matching.answers import Answer
from service.matching.asked import AskedText
from service.matching.errors import CalibrationRefused
from service.matching.matcher import Matcher
from service.matching.scoring import Thresholds
from tests.service.matching.parts import TOY, calibration, myths, scorer, snapshot, toy_examples

BRIDGE = "The mayor secretly sold the stone bridge to foreign bankers"
MOON = "Astronauts admitted that the moon is made of yellow cheese"
MYTHS = {"bridge": BRIDGE, "moon": MOON}
REWORDED = "They say the mayor secretly sold our stone bridge to bankers!"
SLOPE, MIDDLE = 20.0, 0.6  # a cosine of .6 with the nearest wording is as probable as not
THRESHOLDS = Thresholds(0.8, 0.2)


def matcher_over(texts: dict[str, str]) -> Matcher:
    held = snapshot(myths(texts))
    return Matcher(TOY, held, calibration(held, scorer(bias=-SLOPE * MIDDLE, wording=SLOPE), THRESHOLDS))


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return matcher_over(MYTHS)


def ids(answer: Answer) -> list[str]:
    return [match.candidate.debunk_id for match in answer.matches]


def cosine(one: str, other: str) -> float:
    return float(TOY.encode_queries([one])[0] @ TOY.encode_queries([other])[0])


def test_a_reworded_myth_is_matched_to_its_debunk_with_the_probability_of_its_evidence(matcher: Matcher) -> None:
    answer = matcher.match(REWORDED)
    assert ids(answer) == ["bridge", "moon"]
    assert [match.decision for match in answer.matches] == ["match", "no_match"]
    assert answer.decision == "match"
    for match, myth in zip(answer.matches, (BRIDGE, MOON), strict=True):
        expected = cosine(REWORDED, myth)
        assert match.candidate.cosine == pytest.approx(expected, abs=1e-5)
        assert match.probability == pytest.approx(1 / (1 + np.exp(-SLOPE * (expected - MIDDLE))), abs=1e-4)


def test_another_text_matches_nothing_and_the_nearest_are_still_told(matcher: Matcher) -> None:
    answer = matcher.match("Bake the pie slowly for another hour in a hot oven")
    assert answer.decision == "no_match"
    assert len(answer.matches) == 2
    assert [(verdict.best, verdict.decision) for verdict in answer.claims] == [(None, "no_match")]


@pytest.mark.parametrize("text", [BRIDGE, f"«{BRIDGE.upper()}»!!!", BRIDGE.replace("o", "\u043e")])
def test_a_myth_word_for_word_is_certain_whatever_its_spelling(matcher: Matcher, text: str) -> None:
    first, second = matcher.match(text).matches
    assert (first.candidate.debunk_id, first.decision, first.probability) == ("bridge", "match", 1.0)
    assert second.probability < 0.2


def test_a_myth_word_for_word_is_a_match_even_when_it_is_short() -> None:
    short = matcher_over({"flat": "Earth is flat", "moon": MOON})
    assert [(match.probability, match.decision) for match in short.match("earth is FLAT!").matches[:1]] == [
        (1.0, "match")
    ]


def test_a_text_of_fewer_than_four_words_that_say_something_is_at_most_possible() -> None:
    short = matcher_over({"vaccine": "Vaccines poison children nightly"})
    (match,) = short.match("Vaccines poison children").matches
    assert match.probability > THRESHOLDS.match
    assert match.decision == "possible"
    assert short.match("Vaccines poison children").claims[0].decision == "possible"
    (longer,) = short.match("Vaccines poison children nightly now").matches
    assert longer.probability > THRESHOLDS.match
    assert longer.decision == "match"


def test_a_claim_that_breaks_off_is_at_most_possible(matcher: Matcher) -> None:
    (match, _) = matcher.match(f"{BRIDGE} and").matches
    assert match.probability > THRESHOLDS.match
    assert match.decision == "possible"


def test_the_threshold_of_a_request_moves_the_match_threshold_and_never_the_list(matcher: Matcher) -> None:
    told = matcher.match(REWORDED)
    probability = told.matches[0].probability
    assert THRESHOLDS.match < probability < 1.0
    for threshold, decision in ((probability, "match"), (probability + 1e-6, "possible"), (0.0, "match")):
        moved = matcher.match(REWORDED, threshold=threshold)
        assert moved.decision == decision
        assert moved.thresholds == Thresholds(threshold, min(threshold, THRESHOLDS.possible))
        assert ids(moved) == ids(told)
        assert [match.probability for match in moved.matches] == [match.probability for match in told.matches]
    assert told.thresholds == THRESHOLDS


def test_a_threshold_below_that_of_possible_leaves_nothing_between(matcher: Matcher) -> None:
    decisions = {match.decision for match in matcher.match(REWORDED, threshold=0.0).matches}
    assert decisions == {"match"}


def test_two_myths_in_one_long_text_are_both_found_where_they_stand(matcher: Matcher) -> None:
    filler = "Yesterday our neighbours walked their dogs along the quiet river until evening came."
    one = "The mayor has secretly sold the old stone bridge to foreign bankers!"
    two = "Those astronauts admitted that our moon is made of yellow cheese."
    text = " ".join([filler, filler, one, filler, filler, filler, two, filler])
    answer = matcher.match(text)
    assert set(ids(answer)) == {"bridge", "moon"}
    said = {match.candidate.debunk_id: match.claim for match in answer.matches}
    for debunk_id, sentence in (("bridge", one), ("moon", two)):
        claim = said[debunk_id]
        assert (claim.text, claim.start) == (sentence, text.index(sentence))
        assert text[claim.start : claim.end] == sentence
    assert {match.decision for match in answer.matches} == {"match"}
    assert all([place.claim for place in match.places] == [match.claim] for match in answer.matches)
    told = [(verdict.claim.text, verdict.best) for verdict in answer.claims if verdict.decision == "match"]
    assert told == [(one, "bridge"), (two, "moon")]


def test_a_myth_that_is_said_twice_has_two_spans_that_do_not_overlap(matcher: Matcher) -> None:
    filler = "Yesterday our neighbours walked their dogs along the quiet river until evening came."
    text = f"{BRIDGE}. {filler} {BRIDGE}!"
    first = matcher.match(text).matches[0]
    assert [(place.claim.start, place.claim.end, place.probability) for place in first.places] == [
        (0, len(BRIDGE) + 1, 1.0),
        (text.rindex(BRIDGE), len(text), 1.0),
    ]


def test_an_example_makes_another_wording_probable() -> None:
    said = "Rich strangers own our river crossing"
    examples = toy_examples([Example(said, "en", "bridge")])
    held = snapshot(myths(MYTHS), examples)
    informed = Matcher(TOY, held, calibration(held, scorer(bias=-SLOPE * MIDDLE, wording=SLOPE), THRESHOLDS))
    (match, _) = informed.match(f"{said} now!").matches
    assert (match.candidate.debunk_id, match.decision) == ("bridge", "match")
    assert match.candidate.nearest == Passage("bridge", "myth", BRIDGE, "en")
    assert match.candidate.cosine == pytest.approx(cosine(f"{said} now!", BRIDGE), abs=1e-5)


def test_the_margin_is_the_lead_over_the_runner_up_also_when_only_one_match_is_asked_for(matcher: Matcher) -> None:
    both = matcher.match(REWORDED).matches
    lead = cosine(REWORDED, BRIDGE) - cosine(REWORDED, MOON)
    assert lead > 0
    assert [match.margin for match in both] == pytest.approx([lead, -lead], abs=1e-5)
    (only,) = matcher.match(REWORDED, limit=1).matches
    assert only.margin == pytest.approx(lead, abs=1e-5)


def test_a_debunk_alone_has_no_margin() -> None:
    (only,) = matcher_over({"moon": MOON}).match("cheese").matches
    assert only.margin is None


def test_the_language_is_found_or_told(matcher: Matcher) -> None:
    assert matcher.match(REWORDED).claims[0].claim.lang == "en"
    assert matcher.match(REWORDED, lang="fr").claims[0].claim.lang == "fr"


def test_many_texts_are_answered_in_order_as_each_alone(matcher: Matcher) -> None:
    texts = ["cheese", REWORDED, f"{MOON}. {REWORDED}", "", "🤡", REWORDED]
    assert matcher.match_all([AskedText(text) for text in texts]) == [matcher.match(text) for text in texts]
    assert matcher.match_all([]) == []


@pytest.mark.parametrize("text", ["", " ", "🤡", "?!?!", "\u200b", "\ud800", "0", "北约"])
def test_a_text_that_says_nothing_is_no_match(matcher: Matcher, text: str) -> None:
    answer = matcher.match(text)
    assert answer.decision == "no_match"
    assert len(answer.matches) == 2


@pytest.mark.parametrize("text", ["anything", "", "One sentence here. Then another sentence."])
def test_an_empty_corpus_matches_nothing(text: str) -> None:
    answer = matcher_over({}).match(text)
    assert answer.decision == "no_match"
    assert list(answer.matches) == []
    assert {(verdict.best, verdict.decision) for verdict in answer.claims} == {(None, "no_match")}


def test_a_snapshot_of_another_encoder_is_refused(matcher: Matcher) -> None:
    class OtherEncoder(ToyEncoder):
        fingerprint = "0123456789abcdef"

    with pytest.raises(FingerprintMismatch):
        Matcher(OtherEncoder(), matcher.snapshot, matcher.calibration)


def test_a_calibration_of_another_encoder_is_refused(matcher: Matcher) -> None:
    with pytest.raises(CalibrationRefused):
        Matcher(TOY, matcher.snapshot, replace(matcher.calibration, encoder_fingerprint="0123456789abcdef"))


@pytest.mark.slow
def test_a_post_of_twenty_thousand_characters_is_answered_in_seconds_with_what_it_says_in_the_middle() -> None:
    random = np.random.default_rng(7)
    words = ["".join(random.choice(list("aeioubdklmnrst"), 6)) for _ in range(200)]
    debunks = {f"d{number}": " ".join(random.choice(words, 6)) for number in range(300)}
    sentences = [" ".join(random.choice(words, 7)).capitalize() + "." for _ in range(420)]
    sentences[210] = REWORDED
    text = " ".join(sentences)[:20_000]
    assert len(text) == 20_000
    large = matcher_over({**debunks, "bridge": BRIDGE})
    start = time.process_time()
    answer = large.match(text, limit=50)
    assert time.process_time() - start < 5.0
    spans = {match.candidate.debunk_id: match.claim for match in answer.matches}
    assert spans["bridge"].start == text.index(REWORDED)
    assert spans["bridge"].text == REWORDED
