"""Matcher: the decision, the margin, the span, and a text that nothing answers."""

from pathlib import Path

import pytest

from corpus.model import Debunk
from corpus.store import CorpusStore
from embeddings.errors import FingerprintMismatch
from embeddings.snapshot import load_snapshot
from embeddings.toy import ToyEncoder
from service.builder import build_snapshot
from service.matching.matcher import Matcher

MYTHS = {"bridge": "The old bridge was sold", "moon": "The moon is made of cheese"}


@pytest.fixture
def matcher(tmp_path: Path) -> Matcher:
    return matcher_over(MYTHS, tmp_path)


def matcher_over(myths: dict[str, str], folder: Path) -> Matcher:
    with CorpusStore.open(f"sqlite:///{folder / 'corpus.db'}") as store:
        store.put(Debunk(id=name, myth=myth, lang="en", rating="false") for name, myth in myths.items())
        built = build_snapshot(store, ToyEncoder(), folder / "snapshots", "flat")
    return Matcher(ToyEncoder(), load_snapshot(built.folder), match_cosine=0.6)


def test_a_reworded_myth_is_matched_to_its_debunk(matcher: Matcher) -> None:
    answer = matcher.match("They say the old bridge was sold!")
    assert answer.decision == "match"
    assert [match.candidate.debunk_id for match in answer.matches] == ["bridge", "moon"]
    assert [match.decision for match in answer.matches] == ["match", "no_match"]


def test_another_text_matches_nothing_and_the_nearest_are_still_told(matcher: Matcher) -> None:
    answer = matcher.match("Bake it for an hour")
    assert answer.decision == "no_match"
    assert len(answer.matches) == 2


def test_the_margin_is_the_lead_over_the_runner_up_also_when_only_one_match_is_asked_for(matcher: Matcher) -> None:
    both = matcher.match("the old bridge was sold").matches
    lead = both[0].candidate.cosine - both[1].candidate.cosine
    assert lead > 0
    assert both[0].margin == pytest.approx(lead)
    assert both[1].margin == pytest.approx(-lead)
    (only,) = matcher.match("the old bridge was sold", limit=1).matches
    assert only.margin == pytest.approx(lead)


def test_a_debunk_alone_has_no_margin(tmp_path: Path) -> None:
    (only,) = matcher_over({"moon": MYTHS["moon"]}, tmp_path).match("cheese").matches
    assert only.margin is None


def test_the_cut_off_of_a_request_moves_the_decision_and_not_the_list(matcher: Matcher) -> None:
    text = "the old bridge was painted red and then it was sold"
    cosine = matcher.match(text).matches[0].candidate.cosine
    assert matcher.match(text, match_cosine=cosine).decision == "match"
    above = matcher.match(text, match_cosine=cosine + 0.001)
    assert above.decision == "no_match"
    assert len(above.matches) == 2
    assert above.match_cosine == cosine + 0.001


def test_the_span_is_the_whole_text_in_code_points(matcher: Matcher) -> None:
    text = "  🤡 Міст продано "
    (claim,) = matcher.match(text).claims
    assert (claim.start, claim.end, claim.text) == (0, 17, text)


def test_many_texts_are_answered_in_order_as_each_alone(matcher: Matcher) -> None:
    texts = ["cheese", "the bridge", "sold", "moon"]
    together, alone = matcher.match_all(texts), [matcher.match(text) for text in texts]
    assert [[match.candidate.debunk_id for match in answer.matches] for answer in together] == [
        [match.candidate.debunk_id for match in answer.matches] for answer in alone
    ]
    assert [answer.claims[0].text for answer in together] == texts
    assert matcher.match_all([]) == []


def test_an_empty_corpus_matches_nothing(tmp_path: Path) -> None:
    answer = matcher_over({}, tmp_path).match("anything")
    assert answer.decision == "no_match"
    assert list(answer.matches) == []


def test_a_snapshot_of_another_encoder_is_refused(matcher: Matcher) -> None:
    class OtherEncoder(ToyEncoder):
        fingerprint = "0123456789abcdef"

    with pytest.raises(FingerprintMismatch):
        Matcher(OtherEncoder(), matcher.snapshot, 0.6)
