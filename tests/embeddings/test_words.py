"""The index of words: its terms, its BM25 against the formula, and itself read back."""

import math
from pathlib import Path

import pytest

from embeddings.errors import IndexRefused
from embeddings.words import K1, B, WordIndex, terms

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


def test_an_index_that_is_read_back_finds_the_same(tmp_path: Path) -> None:
    index = WordIndex.build(TEXTS)
    index.save(tmp_path / "words")
    again = WordIndex.load(tmp_path / "words")
    said = terms("NATO promised the bridge", "en")
    assert len(again) == 3
    assert again.bm25(said).tolist() == pytest.approx(index.bm25(said).tolist())
    assert again.ceiling(said) == pytest.approx(index.ceiling(said))


@pytest.mark.parametrize("texts", [[], [("?!", "en")]])
def test_an_index_without_words_finds_nothing(texts: list[tuple[str, str]], tmp_path: Path) -> None:
    WordIndex.build(texts).save(tmp_path / "words")
    index = WordIndex.load(tmp_path / "words")
    assert index.search(["nato"], 5) == []
    assert index.bm25(["nato"]).tolist() == [0] * len(texts)


def test_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexRefused, match="holds no index of words"):
        WordIndex.load(tmp_path)
