"""Stance: cues and a pair model weighed together, unclear where neither is sure, and what it does to a decision."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from service.matching.errors import CalibrationRefused
from service.matching.matcher import Matcher
from service.matching.scoring import Thresholds
from service.matching.stance import PAIR_CLASSES, Question, StanceJudge
from tests.service.matching.parts import CUES_BY_HAND, STANCE_BY_HAND, TOY, calibration, myths, scorer, snapshot

BRIDGE = "The mayor secretly sold the stone bridge to foreign bankers"
MOON = "Astronauts admitted that the moon is made of yellow cheese"
DENIED = "A myth: the mayor secretly sold the stone bridge to foreign bankers"
REPORTED = "The mayor secretly sold the stone bridge to foreign bankers, my uncle said"
FILLER = "Yesterday our neighbours walked their dogs along the quiet river until evening came."


class SurePairs:
    """A pair model that is sure of one class, and counts what it was asked."""

    identity = "pair-by-hand"

    def __init__(self, says: str) -> None:
        self.asked: list[tuple[str, str]] = []
        self._row = [4.0 if name == says else 0.0 for name in PAIR_CLASSES]

    def logits(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float32]:
        self.asked += pairs
        return np.array([self._row] * len(pairs), dtype=np.float32)


def matcher_with(pair_model: SurePairs | None) -> Matcher:
    held = snapshot(myths({"bridge": BRIDGE, "moon": MOON}))
    fitted = calibration(held, scorer(bias=-12.0, wording=20.0), Thresholds(0.8, 0.2))
    if pair_model:
        fitted = replace(fitted, stance=STANCE_BY_HAND)
    return Matcher(TOY, held, fitted, pair_model)


def question(text: str) -> Question:
    return Question(text, "en", BRIDGE, "en", 0.0)


@pytest.mark.parametrize(("text", "stance"), [(DENIED, "denies"), (REPORTED, "reports"), (BRIDGE, "repeats")])
def test_cues_alone_tell_the_stance(text: str, stance: str) -> None:
    (judged,) = StanceJudge(CUES_BY_HAND, None).judge([question(text)], [True])
    assert judged.stance == stance
    assert 0.9 < judged.probability < 1


def test_a_stance_that_is_not_sure_enough_is_unclear() -> None:
    doubtful = replace(CUES_BY_HAND, repeats_from=0.999)
    judged, denied = StanceJudge(doubtful, None).judge([question(BRIDGE), question(DENIED)], [True, True])
    assert (judged.stance, denied.stance) == ("unclear", "denies")
    assert judged.probability == pytest.approx(np.exp(3) / (np.exp(3) + 2))


def test_the_pair_model_is_asked_for_what_is_looked_at_closely_alone() -> None:
    pairs = SurePairs("denies")
    judged = StanceJudge(STANCE_BY_HAND, pairs).judge([question(BRIDGE), question(REPORTED)], [True, False])
    assert [each.stance for each in judged] == ["denies", "reports"]
    assert pairs.asked == [(BRIDGE, BRIDGE)]


def test_a_pair_model_of_another_calibration_is_refused() -> None:
    with pytest.raises(CalibrationRefused, match="fitted with the pair model another, the one at hand is pair-by-hand"):
        StanceJudge(replace(STANCE_BY_HAND, pair_identity="another"), SurePairs("none"))


def test_a_calibration_with_a_pair_model_is_refused_without_one() -> None:
    with pytest.raises(CalibrationRefused, match="fitted with the pair model pair-by-hand, the one at hand is none"):
        StanceJudge(STANCE_BY_HAND, None)


@pytest.mark.parametrize(("text", "stance"), [(DENIED, "denies"), (REPORTED, "reports")])
def test_a_text_that_only_denies_or_reports_a_myth_is_at_most_possible_unless_asked(text: str, stance: str) -> None:
    answer, asked = matcher_with(None).match(text), matcher_with(None).match(text, stance="any")
    assert (answer.decision, answer.stance, answer.matches[0].judged.stance) == ("possible", stance, stance)
    assert [verdict.decision for verdict in answer.claims] == ["possible"]
    assert (asked.decision, asked.stance) == ("match", stance)
    assert [verdict.decision for verdict in asked.claims] == ["match"]
    assert answer.matches[0].probability == asked.matches[0].probability


def test_a_text_that_denies_a_myth_in_one_place_and_repeats_it_in_another_is_a_match() -> None:
    text = f"{DENIED}. {' '.join([FILLER] * 8)} {BRIDGE}!"
    answer = matcher_with(None).match(text)
    assert {place.judged.stance for place in answer.matches[0].places} == {"denies", "repeats"}
    assert answer.decision == "match"


def test_a_denied_myth_holds_back_no_other_one() -> None:
    text = f"{DENIED}. {' '.join([FILLER] * 8)} {MOON}!"
    answer = matcher_with(None).match(text, limit=1)
    decided = {match.candidate.debunk_id: match.decision for match in (*answer.matches, *answer.hidden)}
    assert decided == {"bridge": "possible", "moon": "match"}
    assert answer.decision == "match"  # though the debunk that is shown alone may be the other


def test_a_text_that_is_a_wording_and_nothing_else_repeats_it_and_costs_nothing() -> None:
    pairs = SurePairs("denies")
    answer = matcher_with(pairs).match(f"{BRIDGE.upper()}!")
    assert (answer.decision, answer.stance, answer.matches[0].judged.probability) == ("match", "repeats", 1.0)
    assert pairs.asked == []


def test_what_is_no_match_has_no_stance_and_costs_nothing() -> None:
    pairs = SurePairs("repeats")
    answer = matcher_with(pairs).match("Bake the pie slowly for another hour in a hot oven")
    assert {match.judged.stance for match in answer.matches} == {"unclear"}
    assert answer.stance is None
    assert pairs.asked == []


def test_one_pair_is_read_a_text_however_many_places_it_has() -> None:
    pairs = SurePairs("repeats")
    matcher_with(pairs).match(f"{BRIDGE}, they say. {' '.join([FILLER] * 8)} {BRIDGE}! {' '.join([FILLER] * 8)} {MOON}")
    assert len(pairs.asked) <= 2  # the best place of the best debunk, and of the second where it is as probable
    assert {myth for _, myth in pairs.asked} <= {BRIDGE, MOON}
