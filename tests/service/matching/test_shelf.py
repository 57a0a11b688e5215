"""Shelf: what a snapshot holds of one debunk, value for value as numpy has it."""

import numpy as np
import pytest

from embeddings.examples import Example, Examples
from embeddings.snapshot import Passage, Snapshot
from service.matching.shelf import CROWD, Shelves
from tests.service.matching.parts import snapshot, unit

DIMENSIONS = 6
PASSAGES = [
    Passage("a", "myth", "The bridges were sold", "en"),
    Passage("b", "myth", "The moon is cheese", "en"),
    Passage("a", "fact", "Nobody bought a bridge in 2014.", "en"),
    Passage("a", "variant", "Мост продан", "ru"),
    Passage("a", "title", "A bridge for sale", "en"),
]


def held(background: int = 12, owned: int = 4) -> Snapshot:
    random = np.random.default_rng(5)
    texts = [Example(f"nobody's {n}", "ru" if n % 3 == 0 else "en", None) for n in range(background)]
    texts += [Example(f"of a {n}", "uk", "a") for n in range(owned)]
    rows = unit(random.normal(size=(len(PASSAGES) + len(texts), DIMENSIONS)) + 1.0)
    examples = Examples(texts, rows[len(PASSAGES) :])
    return snapshot(PASSAGES, examples, rows[: len(PASSAGES)])


def test_wordings_are_myth_variants_and_title_and_then_the_examples() -> None:
    whole = held()
    shelf = Shelves(whole, whole.examples).of("a")
    raw = whole.index.vectors([0, 3, 4])
    assert (list(shelf.wording_keys), list(shelf.fact_keys)) == ([0, 3, 4], [2])
    assert shelf.raw_wordings == pytest.approx(raw, abs=1e-6)
    centered = whole.examples.center(raw, ["en", "ru", "en"])
    assert shelf.wordings == pytest.approx(np.concatenate([centered, whole.examples.of("a")]), abs=1e-6)
    assert list(shelf.langs) == ["en", "ru", "en", *["uk"] * 4]
    assert shelf.wordings_held == 7
    assert shelf.facts == pytest.approx(whole.examples.center(whole.index.vectors([2]), ["en"]), abs=1e-6)


def test_the_terms_are_the_stems_of_all_passages_each_in_its_language() -> None:
    whole = held()
    terms = Shelves(whole, whole.examples).of("a").terms
    assert {"bridg", "sold", "2014", "sale", "мост", "прода"} <= terms
    assert "moon" not in terms


def test_the_discriminant_is_that_of_two_gaussians_of_one_covariance() -> None:
    whole = held()
    shelf = Shelves(whole, whole.examples).of("a")
    precision = whole.examples.precision.astype(np.float64)
    mean, nothing = shelf.wordings.mean(axis=0), whole.examples.background.mean(axis=0)
    for row in unit(np.random.default_rng(6).normal(size=(5, DIMENSIONS))):
        log_likelihoods = [-0.5 * (row - centre) @ precision @ (row - centre) for centre in (mean, nothing)]
        likelier = log_likelihoods[0] - log_likelihoods[1]
        assert row @ shelf.direction - shelf.offset == pytest.approx(likelier, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("background", [12, 3])
def test_the_crowd_is_the_mean_cosine_with_the_nearest_of_the_background(background: int) -> None:
    whole = held(background)
    shelf = Shelves(whole, whole.examples).of("a")
    for wording, crowd in zip(shelf.wordings, shelf.crowd, strict=True):
        cosines = sorted(whole.examples.background @ wording, reverse=True)
        assert crowd == pytest.approx(np.mean(cosines[:CROWD]), abs=1e-5)


def test_without_background_nothing_is_taken_away_and_nobody_crowds() -> None:
    whole = held(background=0)
    shelf = Shelves(whole, whole.examples).of("a")
    assert shelf.wordings[:3] == pytest.approx(shelf.raw_wordings, abs=1e-6)
    assert shelf.crowd == pytest.approx(np.zeros(7))
    mean = shelf.wordings.mean(axis=0)
    assert shelf.direction == pytest.approx(mean @ whole.examples.precision, rel=1e-4, abs=1e-4)
    assert shelf.offset == pytest.approx(mean @ whole.examples.precision @ mean / 2, rel=1e-4)


def test_without_any_example_the_discriminant_is_the_mean_wording() -> None:
    whole = held(background=0, owned=0)
    shelf = Shelves(whole, whole.examples).of("b")
    (myth,) = whole.index.vectors([1])
    assert shelf.direction == pytest.approx(myth, abs=1e-6)
    assert shelf.offset == pytest.approx(0.5, abs=1e-5)
    assert shelf.facts.shape == (0, DIMENSIONS)


def test_hidden_passages_and_examples_left_out_are_on_no_shelf() -> None:
    whole = held()
    shelf = Shelves(whole, whole.examples.without_lang("uk"), hidden={3, 2}).of("a")
    assert list(shelf.wording_keys) == [0, 4]
    assert list(shelf.fact_keys) == []
    assert shelf.wordings_held == 2
    assert "мост" not in shelf.terms


def test_an_empty_corpus_has_no_shelves() -> None:
    none = snapshot([])
    assert Shelves(none, none.examples).keys == {}
