"""Candidates: none that is nearer left out, found by vectors and by words, and a wording word for word."""

import numpy as np
import numpy.typing as npt
import pytest

from embeddings.examples import Example
from embeddings.snapshot import Passage, Snapshot
from service.matching.claims import extract
from service.matching.retrieval import BY_WORDS, MIN_CANDIDATES, PASSAGES_PER_DEBUNK, Found, Retrieval
from tests.service.matching.parts import TOY, myths, snapshot, toy_examples, unit

MYTH = "NATO promised Russia not to expand by 1 inch"


def find(held: Snapshot, text: str, limit: int = 5) -> Found:
    claims = extract(text, "en")
    return Retrieval(held).search(claims, TOY.encode_queries([claim.plain for claim in claims]), limit)


def by_cosine(found: Found) -> list[str]:
    """Return the debunks by the raw cosine of their nearest wording, highest first."""
    raw = found.evidence.values[:, :, 0].max(axis=0)
    return [found.evidence.debunk_ids[column] for column in np.argsort(-raw)]


def exact(held: Snapshot, text: str, lang: str = "en") -> set[str]:
    retrieval = Retrieval(held)
    return {debunk_id for claim in extract(text, lang) for debunk_id in retrieval.exact(claim)}


def test_a_debunk_is_found_once_by_its_nearest_passage() -> None:
    held = snapshot(
        [
            Passage("a", "myth", "the moon is cheese", "en"),
            Passage("a", "variant", "the bridge was sold", "en"),
            Passage("b", "myth", "the bridge is red", "en"),
        ]
    )
    found = find(held, "the bridge was sold")
    assert list(found.evidence.debunk_ids) == ["a", "b"]
    candidate = Retrieval(held).candidate("a", found.claims[0], found.rows[0])
    assert candidate.nearest.text == "the bridge was sold"
    assert candidate.cosine == pytest.approx(1.0, abs=1e-5)
    other = Retrieval(held).candidate("b", found.claims[0], found.rows[0])
    expected = TOY.encode_queries(["the bridge was sold"]) @ TOY.encode_queries(["the bridge is red"]).T
    assert other.cosine == pytest.approx(float(expected[0, 0]), abs=1e-5)


def test_a_candidate_has_a_cosine_also_where_its_fact_is_nearest() -> None:
    held = snapshot([Passage("a", "myth", "cheese", "en"), Passage("a", "fact", "No bridge was ever sold.", "en")])
    found = find(held, "No bridge was ever sold.")
    candidate = Retrieval(held).candidate("a", found.claims[0], found.rows[0])
    assert candidate.nearest.kind == "fact"
    assert candidate.cosine == pytest.approx(1.0, abs=1e-5)


def test_the_shared_words_are_the_rarest_in_the_corpus_first() -> None:
    held = snapshot(myths({"a": "bridges sold cheaply", "b": "bridges sold", "c": "bridges"}))
    found = find(held, "They sold our bridges so cheaply")
    shared = Retrieval(held).candidate("a", found.claims[0], found.rows[0]).shared_terms
    assert list(shared) == ["cheapli", "sold", "bridg"]


def test_a_debunk_with_hundreds_of_wordings_does_not_hide_the_others() -> None:
    loud = [Passage("loud", "variant", f"the bridge was sold {number}", "en") for number in range(700)]
    others = {f"far {number:02}": f"cheese {number}" for number in range(30)}
    held = snapshot([*loud, *myths({"quiet": "a bridge", "still": "nothing of the kind", **others})])
    found = find(held, "the bridge was sold", limit=3)
    assert by_cosine(found)[:3] == ["loud", "quiet", "still"]
    assert len(found.evidence.debunk_ids) >= MIN_CANDIDATES


def test_no_debunk_is_left_out_that_is_nearer_than_the_limit() -> None:
    random = np.random.default_rng(3)
    words = ["bridge", "moon", "cheese", "sold", "river", "tax", "war", "peace", "doctor", "vaccine"]
    texts = [(f"d{number % 300}", " ".join(random.choice(words, 4))) for number in range(900)]
    held = snapshot([Passage(owner, "myth", text, "en") for owner, text in texts])
    passages = TOY.encode_passages([text for _, text in texts])
    for _ in range(20):
        claim = " ".join(random.choice(words, 3))
        best: dict[str, float] = {}
        for (owner, _), cosine in zip(texts, passages @ TOY.encode_queries([claim])[0], strict=True):
            best[owner] = max(best.get(owner, -1.0), float(cosine))
        found = find(held, claim)
        assert len(found.evidence.debunk_ids) < 300
        values = dict(zip(found.evidence.debunk_ids, found.evidence.values[0, :, 0], strict=True))
        assert values == pytest.approx({debunk_id: best[debunk_id] for debunk_id in values}, abs=1e-5)
        left_out = max(cosine for debunk_id, cosine in best.items() if debunk_id not in values)
        assert sorted(values.values())[-MIN_CANDIDATES] >= left_out - 1e-5


@pytest.mark.parametrize("debunks", [1, 5, MIN_CANDIDATES])
def test_a_small_corpus_is_compared_whole(debunks: int) -> None:
    held = snapshot(myths({f"d{number:02}": f"cheese {number}" for number in range(debunks)}))
    assert list(find(held, "the bridge", limit=1).evidence.debunk_ids) == [f"d{number:02}" for number in range(debunks)]


def large_corpus() -> tuple[Snapshot, npt.NDArray[np.float32]]:
    """Return 600 debunks at random places, of which one alone has the word `zeppelin`, and a claim far from it."""
    claim, opposite = unit(np.eye(8)[0])[0], unit(-np.eye(8)[0])
    rows = unit(np.random.default_rng(4).normal(size=(600, 8)))
    rows[599] = opposite
    texts = {f"d{number:03}": f"nothing {number}" for number in range(599)}
    return snapshot(myths({**texts, "rare": "a zeppelin over town"}), rows=rows), claim


def test_in_a_large_corpus_vectors_alone_find_the_nearest() -> None:
    held, row = large_corpus()
    claims = extract("unknown words entirely", "en")
    found = Retrieval(held).search(claims, row[None, :], 5)
    cosines = held.index.vectors(range(600)) @ row
    nearest = {held.passages[key].owner for key in np.argsort(-cosines)[: MIN_CANDIDATES * PASSAGES_PER_DEBUNK]}
    assert set(found.evidence.debunk_ids) == nearest
    assert "rare" not in nearest


def test_in_a_large_corpus_words_alone_find_what_no_vector_would() -> None:
    held, row = large_corpus()
    found = Retrieval(held).search(extract("Look, the zeppelin flies", "en"), row[None, :], 5)
    assert "rare" in found.evidence.debunk_ids
    column = list(found.evidence.debunk_ids).index("rare")
    assert found.evidence.values[0, column, 0] == pytest.approx(-1.0, abs=1e-5)


def test_words_that_every_debunk_has_add_a_few_only() -> None:
    held, row = large_corpus()
    found = Retrieval(held).search(extract("nothing", "en"), row[None, :], 5)
    by_vectors = MIN_CANDIDATES * PASSAGES_PER_DEBUNK
    assert by_vectors <= len(found.evidence.debunk_ids) <= by_vectors + BY_WORDS


@pytest.mark.parametrize(
    "text",
    [
        MYTH,
        "nato promised russia NOT to expand by 1 inch!!!",
        "«NATO promised Russia not to expand, by 1 inch»",
        "N.A.T.O. promised Rus\u200bsia not to expand by 1 inch",
        "N4T0 pr0mised Russi\u0430 not to expand by 1 inch",
        "NATO  promised\nRussia not to expand by 1 inch",
        "Everybody knows the following. NATO promised Russia not to expand by 1 inch. That ended badly for Europe.",
    ],
)
def test_a_wording_is_found_word_for_word_whatever_its_spelling(text: str) -> None:
    assert exact(snapshot(myths({"a": MYTH, "b": "The bridge was sold"})), text) == {"a"}


@pytest.mark.parametrize(
    "text",
    [
        "NATO promised Russia to expand by 1 inch",
        "NATO never promised Russia not to expand by 1 inch",
        "NATO promised Russia not to expand by 2 inch",
        "NATO promised Russia not to expand by -1 inch",
        "NATO promised Russia not to expand by 1 inch they say",
        "Promised NATO Russia not to expand by 1 inch",
        "",
    ],
)
def test_a_negation_or_another_number_is_another_wording(text: str) -> None:
    assert exact(snapshot(myths({"a": MYTH, "b": "The bridge was sold"})), text) == set()


def test_a_variant_is_a_wording_and_a_fact_or_an_example_is_none() -> None:
    held = snapshot(
        [
            Passage("a", "myth", MYTH, "en"),
            Passage("a", "variant", "Мост давно продан", "ru"),
            Passage("a", "fact", "No bridge was ever sold", "en"),
        ],
        toy_examples([Example("They sold the old bridge", "en", "a")]),
    )
    assert exact(held, "мост давно продан", "ru") == {"a"}
    assert exact(held, "No bridge was ever sold") == set()
    assert exact(held, "They sold the old bridge") == set()


def test_a_wording_that_two_debunks_share_is_found_for_both() -> None:
    assert exact(snapshot(myths({"a": MYTH, "b": MYTH.upper()})), MYTH) == {"a", "b"}


def test_a_wording_in_hostile_spelling_in_the_corpus_is_found_by_the_plain_one() -> None:
    held = snapshot(myths({"a": "N.A.T.O. pr0mised Russi\u0430 peace"}))
    assert exact(held, "NATO promised Russia peace") == {"a"}


@pytest.mark.parametrize(("text", "is_short"), [("stone bridges burn", True), ("stone bridges burn nightly", False)])
def test_a_text_is_short_where_no_claim_has_four_words_that_say_something(text: str, is_short: bool) -> None:
    assert find(snapshot(myths({"a": MYTH})), text).is_short is is_short


def test_an_empty_corpus_has_no_candidates() -> None:
    assert list(find(snapshot([]), "anything at all").evidence.debunk_ids) == []
