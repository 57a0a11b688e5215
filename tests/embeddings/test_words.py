"""The index of words: its terms, its BM25 against the formula, and itself read back."""

import math
from pathlib import Path

import bm25s
import numpy as np
import pytest

from embeddings.errors import IndexRefused
from embeddings.postings import ARRAYS, Postings
from embeddings.words import K1, B, WordIndex, WordPart, terms

TEXTS = [
    ("NATO promised Russia it would not expand", "en"),
    ("НАТО обіцяла не розширюватися", "uk"),
    ("The bridge was sold in 2014 and 2014", "en"),
]


def test_words_are_stemmed_where_snowball_knows_the_language_and_cut_into_letters_where_not() -> None:
    assert terms("Promises of NATO, 5 bases", "en") == ["promis", "of", "nato", "5", "base"]
    assert terms("обещания НАТО", "ru-RU") == ["обещан", "нат"]
    assert terms("обіцянка НАТО", "uk") == ["обіц", "біця", "іцян", "цянк", "янка", "нато"]
    assert terms("北约东扩", "zh") == ["北约", "约东", "东扩"]
    assert terms("?!", "en") == []


def test_bm25_is_what_the_formula_gives() -> None:
    index = WordIndex.build(TEXTS)
    lengths = [len(terms(*text)) for text in TEXTS]
    idf = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))  # of a term in one of three texts
    expected = idf * 2 / (2 + K1 * (1 - B + B * lengths[2] / (sum(lengths) / 3)))
    found = index.bm25(terms("2014", "en"))
    assert found.tolist() == pytest.approx([0, 0, expected], abs=1e-5)


def test_the_nearest_texts_come_first_and_strangers_not_at_all() -> None:
    index = WordIndex.build(TEXTS)
    assert [found.key for found in index.search(terms("Promises of NATO in 2014", "en"), 5)] == [2, 0]
    assert [found.key for found in index.search(terms("обіцянка НАТО", "uk"), 5)] == [1]
    assert index.search(terms("cheese", "en"), 5) == []
    assert index.search([], 5) == []


def test_no_text_reaches_more_than_the_ceiling_of_a_claim() -> None:
    index = WordIndex.build(TEXTS)
    said = terms("NATO promised cheese", "en")
    assert index.ceiling(said) == pytest.approx(sum(index.weight(term) for term in said))
    assert index.weight("chees") > index.weight("nato") > 0
    assert max(index.bm25(said)) < index.ceiling(said)


def test_every_value_is_that_of_the_library_bm25s() -> None:
    texts = [
        (f"bridge {number % 7} sold in {number} and {number} {'moon ' * (number % 3)}", "en") for number in range(200)
    ]
    engine = bm25s.BM25(k1=K1, b=B, method="lucene")
    engine.index([terms(*text) for text in texts], show_progress=False)
    said = terms("They sold bridge 5 on the moon", "en")
    known = [term for term in said if term in engine.vocab_dict]
    assert WordIndex.build(texts).bm25(said) == pytest.approx(engine.get_scores(known), abs=1e-5)


def part(texts: list[tuple[str, str]], mean_length: float, dead: list[int]) -> WordPart:
    return WordPart.of(Postings.build([terms(*text) for text in texts]), mean_length, dead)


def test_segments_together_are_as_one_without_their_dead() -> None:
    texts = [(f"bridge {number % 7} sold in {number}", "en") for number in range(30)]
    mean_length = sum(len(terms(*text)) for text in texts) / 30
    dead = ("a bridge that nobody sold 5", "en")
    parts = [part([*texts[:20], dead], mean_length, [20]), part([dead, *texts[20:]], mean_length, [0])]
    joined, whole = WordIndex(parts), WordIndex.build(texts)
    said = terms("bridge 5 was sold in 25, says nobody", "en")
    assert len(joined) == 32
    assert joined.bm25(said)[[20, 21]].tolist() == [0.0, 0.0]
    assert np.delete(joined.bm25(said), [20, 21]) == pytest.approx(whole.bm25(said), abs=1e-6)
    assert joined.ceiling(said) == pytest.approx(whole.ceiling(said))
    assert joined.weight("nobodi") == pytest.approx(whole.weight("nobodi"))


def test_postings_that_are_read_back_are_the_same(tmp_path: Path) -> None:
    postings = Postings.build([terms(*text) for text in TEXTS])
    postings.save(tmp_path / "words")
    again = Postings.load(tmp_path / "words")
    assert len(again) == 3
    for name in ARRAYS:
        assert np.array_equal(getattr(again, name), getattr(postings, name))


def test_merged_postings_are_those_of_all_texts() -> None:
    documents = [terms(*text) for text in TEXTS]
    parts = [Postings.build(documents[:1]), Postings.build([["dead"], *documents[1:]])]
    merged = Postings.merged(parts, [np.array([2]), np.array([-1, 0, 1])])
    whole = Postings.build([*documents[1:], documents[0]])
    for name in ARRAYS:
        assert np.array_equal(getattr(merged, name), getattr(whole, name)), name


@pytest.mark.parametrize("texts", [[], [("?!", "en")]])
def test_an_index_without_words_finds_nothing(texts: list[tuple[str, str]]) -> None:
    index = WordIndex.build(texts)
    assert index.search(["nato"], 5) == []
    assert index.bm25(["nato"]).tolist() == [0] * len(texts)


def test_a_folder_without_postings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexRefused, match="holds no index of words"):
        Postings.load(tmp_path)
