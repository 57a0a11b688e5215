"""Rulings: the whole path where suppressions, addresses, holds, dates and true ratings decide beside the evidence."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pytest

from embeddings.snapshot import Passage
from service.matching.answers import Answer, Match
from service.matching.claims import extract
from service.matching.matcher import Matcher
from service.matching.retrieval import MAX_NAMED, MIN_CANDIDATES, Retrieval
from service.matching.scoring import Thresholds
from service.matching.stance import UNKNOWN
from tests.service.matching.parts import TOY, calibration, myths, scorer, snapshot

BRIDGE = "The mayor secretly sold the stone bridge to foreign bankers"
MOON = "Astronauts admitted that the moon is made of yellow cheese"
REWORDED = "They say the mayor secretly sold our stone bridge to bankers!"
GIVEN = "Our stone bridge was painted green by foreign workers last summer."
PAGE = "https://example.org/checks/bridge"
SLOPE, MIDDLE = 20.0, 0.6
THRESHOLDS = Thresholds(0.8, 0.2)
NOW = datetime(2024, 5, 1, tzinfo=UTC)


def matcher_over(documents: dict[str, dict[str, Any]], texts: dict[str, str] | None = None) -> Matcher:
    held = replace(snapshot(myths(texts or {"bridge": BRIDGE, "moon": MOON})), documents=documents)
    by_hand = calibration(held, scorer(bias=-SLOPE * MIDDLE, wording=SLOPE), THRESHOLDS)
    return Matcher(TOY, held, by_hand, clock=lambda: NOW)


def of(answer: Answer, debunk_id: str) -> Match:
    return next(match for match in answer.matches if match.candidate.debunk_id == debunk_id)


def suppressing(text: str) -> dict[str, dict[str, Any]]:
    return {"bridge": {"suppressions": [{"text": text, "lang": "en"}]}}


def test_a_suppressed_text_is_not_matched_to_its_debunk_in_any_light_edit_and_the_answer_says_why() -> None:
    plain, matcher = matcher_over({}), matcher_over(suppressing(REWORDED))
    for text in (REWORDED, REWORDED.upper() + " 🤡", REWORDED.replace("a", "\u0430")):
        before, answer = plain.match(text), matcher.match(text)
        assert (before.decision, answer.decision) == ("match", "no_match")
        ruled_out = of(answer, "bridge")
        assert (ruled_out.probability, ruled_out.decision, ruled_out.suppressed_by) == (0.0, "no_match", REWORDED)
        assert [(verdict.best, verdict.decision) for verdict in answer.claims] == [(None, "no_match")]
        assert of(answer, "moon") == replace(of(before, "moon"), margin=of(answer, "moon").margin)
        assert matcher.match(text, threshold=0.0).matches[-1].decision == "no_match"


def test_another_text_about_the_same_myth_is_matched_as_before() -> None:
    text = "Our mayor has sold the stone bridge secretly to the foreign bankers"
    before, answer = matcher_over({}).match(text), matcher_over(suppressing(REWORDED)).match(text)
    assert before == answer
    assert answer.decision == "match"


def test_a_myth_that_is_said_beside_a_suppressed_text_is_matched_where_it_stands() -> None:
    text = f"{GIVEN} {BRIDGE}."
    assert matcher_over(suppressing(GIVEN)).match(GIVEN, threshold=0.0).matches[1].suppressed_by == GIVEN
    match = of(matcher_over(suppressing(GIVEN)).match(text), "bridge")
    assert (match.decision, match.suppressed_by, match.claim.text) == ("match", None, f"{BRIDGE}.")
    assert [place.claim.start for place in match.places] == [len(GIVEN) + 1]


def test_a_suppression_outweighs_the_very_wording_and_the_address() -> None:
    for text in (BRIDGE, f"{BRIDGE} {PAGE}"):
        documents = {"bridge": {**suppressing(text)["bridge"], "url": PAGE}}
        match = of(matcher_over(documents).match(text), "bridge")
        assert (match.probability, match.decision, match.suppressed_by) == (0.0, "no_match", text)
        assert match.candidate.nearest.kind == "myth"


@pytest.mark.parametrize("where", ["url", "appearances", "translations"])
@pytest.mark.parametrize("around", ["{}", "🤡 {} !", "Bake the pie slowly for another hour in a hot oven. {}"])
def test_the_same_address_is_an_exact_match_where_it_stands(where: str, around: str) -> None:
    values: dict[str, Any] = {"url": PAGE, "appearances": [PAGE], "translations": {"uk": {"url": PAGE}}}
    answer = matcher_over({"bridge": {where: values[where]}, "moon": {"url": "https://example.org/"}}).match(
        text := around.format(written := "http://www.example.org/checks/bridge/?utm_source=a")
    )
    first, second = answer.matches
    assert (first.candidate.debunk_id, first.probability, first.decision) == ("bridge", 1.0, "match")
    assert first.candidate.nearest == Passage("bridge", "url", written, first.claim.lang)
    assert (first.candidate.shared_terms, first.places[0].address) == ((), written)
    assert text[first.claim.start : first.claim.end] == first.claim.text == written
    assert second.decision == "no_match"
    assert answer.decision == "match"
    assert [verdict.best for verdict in answer.claims if verdict.decision == "match"] == ["bridge"]


def test_a_text_of_nothing_but_an_address_has_no_stance_and_one_that_says_more_has_its_own() -> None:
    matcher = matcher_over({"bridge": {"url": PAGE}})
    assert of(matcher.match(PAGE), "bridge").judged == UNKNOWN
    denial = of(matcher.match(f"This is a hoax and a fake: {PAGE}"), "bridge")
    assert (denial.judged.stance, denial.decision, denial.probability) == ("denies", "possible", 1.0)


def test_an_address_that_several_debunks_share_matches_each_in_the_order_of_their_other_evidence() -> None:
    matcher = matcher_over({"bridge": {"url": PAGE}, "moon": {"url": PAGE}})
    for text, order in ((f"{MOON}? {PAGE}", ["moon", "bridge"]), (f"{REWORDED} {PAGE}", ["bridge", "moon"])):
        answer = matcher.match(text)
        assert [(match.candidate.debunk_id, match.decision) for match in answer.matches] == [
            (debunk_id, "match") for debunk_id in order
        ]
        assert answer.matches[0].candidate.cosine > answer.matches[1].candidate.cosine
    assert [verdict.best for verdict in matcher.match(f"cheese moon {PAGE}").claims] == ["moon"]


def crowd(count: int) -> dict[str, str]:
    random = np.random.default_rng(5)
    words = ["".join(random.choice(list("aeioubdklmnrst"), 6)) for _ in range(200)]
    return {f"d{number:03}": " ".join(random.choice(words, 6)) for number in range(count)}


def test_an_address_finds_its_debunk_among_many_that_are_nearer() -> None:
    texts = {**crowd(300), "bridge": BRIDGE}
    text = f"{texts['d001']} {texts['d002']}: {PAGE}"
    assert "bridge" not in [match.candidate.debunk_id for match in matcher_over({}, texts).match(text).matches]
    first = matcher_over({"bridge": {"url": PAGE}}, texts).match(text, limit=1).matches[0]
    assert (first.candidate.debunk_id, first.candidate.nearest.kind) == ("bridge", "url")


def test_of_very_many_debunks_with_one_address_the_nearest_are_compared() -> None:
    texts = crowd(300)
    held = snapshot(myths(texts))
    claims = extract(texts["d123"], "en")
    rows, retrieval = TOY.encode_queries([claims[0].plain]), Retrieval(held)
    unnamed = set(retrieval.search(claims, rows, 5).evidence.debunk_ids)
    found = set(retrieval.search(claims, rows, 5, named=set(texts)).evidence.debunk_ids)
    cosines = dict(zip(texts, (TOY.encode_queries(list(texts.values())) @ rows[0]).tolist(), strict=True))
    nearest = sorted(texts, key=lambda debunk_id: -cosines[debunk_id])[:MAX_NAMED]
    assert found == unnamed.union(nearest)
    assert len(found) < len(texts)


@pytest.mark.parametrize("standing", [{"disable_until": "2024-05-02"}, {"expires": "2024-05"}])
def test_a_debunk_that_is_disabled_or_expired_matches_nothing_and_is_not_listed(standing: dict[str, str]) -> None:
    answer = matcher_over({"bridge": {**standing, "url": PAGE}, "moon": {}}).match(f"{BRIDGE} {PAGE}")
    assert [match.candidate.debunk_id for match in answer.matches] == ["moon"]
    assert answer.decision == "no_match"


def test_a_debunk_comes_and_goes_with_the_clock_alone() -> None:
    matcher = matcher_over({"bridge": {"disable_until": "2024-05-02", "expires": "2024-06"}})
    decisions = []
    for month, day in ((5, 1), (5, 2), (5, 31), (6, 1)):
        matcher.clock = partial(datetime, 2024, month, day, tzinfo=UTC)
        decisions.append(matcher.match(BRIDGE).decision)
    assert decisions == ["no_match", "match", "match", "no_match"]


def test_others_fill_the_places_of_debunks_that_are_absent() -> None:
    texts = crowd(60)
    text = " ".join(list(texts.values())[:12])
    near = [match.candidate.debunk_id for match in matcher_over({}, texts).match(text, limit=50).matches]
    assert len(near) >= MIN_CANDIDATES
    gone = {debunk_id: {"expires": "2020"} for debunk_id in near[:25]}
    answer = matcher_over(gone, texts).match(text, limit=20)
    shown = [match.candidate.debunk_id for match in answer.matches]
    assert len(shown) == 20
    assert not set(shown) & set(gone)
    everyone = {debunk_id: {"expires": "2020"} for debunk_id in texts}
    assert list(matcher_over(everyone, texts).match(text).matches) == []


def test_a_debunk_that_is_held_is_at_most_possible_in_match_and_claim() -> None:
    matcher = matcher_over({"bridge": {"hold": "always"}, "moon": {"hold": "flood"}})
    for text, debunk_id, held in ((BRIDGE, "bridge", "always"), (MOON, "moon", "flood")):
        answer = matcher.match(text, is_flooded=lambda _: True)
        match = of(answer, debunk_id)
        assert (match.decision, match.held, match.probability) == ("possible", held, 1.0)
        assert (answer.decision, answer.claims[0].decision, answer.claims[0].best) == (
            "possible",
            "possible",
            debunk_id,
        )
    calm = matcher.match(MOON)
    assert (calm.decision, of(calm, "moon").held, of(calm, "bridge").held) == ("match", None, None)


def test_a_hold_is_told_only_where_it_changes_something() -> None:
    matcher = matcher_over({"bridge": {"hold": "always"}})
    match = of(matcher.match("The mayor sold a bridge and bankers know it"), "bridge")
    assert THRESHOLDS.possible <= match.probability < THRESHOLDS.match
    assert (match.decision, match.held) == ("possible", None)


def test_a_claim_that_was_found_true_makes_no_text_a_myth() -> None:
    matcher = matcher_over({"bridge": {"rating": "true"}})
    for text in (BRIDGE, "The mayor sold a bridge and bankers know it"):
        answer = matcher.match(text)
        match = of(answer, "bridge")
        assert (match.decision, match.held) == ("possible", "rated_true")
        assert (answer.decision, answer.stance) == ("no_match", None)
        assert [(verdict.best, verdict.decision) for verdict in answer.claims] == [(None, "no_match")]
        assert matcher.match(text, limit=1, threshold=0.0).matches[0].held == "rated_true"


def test_a_myth_beside_a_claim_that_was_found_true_still_decides() -> None:
    answer = matcher_over({"bridge": {"rating": "true"}}).match(f"{BRIDGE}. {MOON}.")
    assert [(match.candidate.debunk_id, match.decision) for match in answer.matches] == [
        ("bridge", "possible"),
        ("moon", "match"),
    ]
    assert answer.decision == "match"
    assert [(verdict.best, verdict.decision) for verdict in answer.claims] == [(None, "no_match"), ("moon", "match")]


def test_what_a_document_says_of_itself_changes_no_evidence() -> None:
    documents: dict[str, dict[str, Any]] = {
        "bridge": {**suppressing(REWORDED)["bridge"], "hold": "always", "url": PAGE, "rating": "true"}
    }
    plain, ruled = matcher_over({}), matcher_over(documents)
    claims = extract(f"{REWORDED} {MOON}.", "en")
    rows = TOY.encode_queries([claim.plain for claim in claims])
    before, after = (matcher.retrieval.search(claims, rows, 5).evidence for matcher in (plain, ruled))
    assert before.debunk_ids == after.debunk_ids
    assert np.array_equal(before.values, after.values)
