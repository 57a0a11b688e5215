"""Same wording: what does not count, and what must."""

import pytest

from corpus.wording import wording, wording_hash


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("NATO is at war with Russia.", "nato IS at  war\nwith Russia!"),
        ("«Мост» — продан", "мост продан"),
        ("ﬁne ＮＡＴＯ", "fine NATO"),
        ("co-operation", "co operation"),
    ],
)
def test_case_spaces_and_punctuation_do_not_count(one: str, other: str) -> None:
    assert wording(one) == wording(other)
    assert wording_hash(one) == wording_hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("NATO is at war", "NATO is not at war"),
        ("НАТО не воюет", "НАТО воюет"),
        ("5 bases", "50 bases"),
        ("-5 degrees", "5 degrees"),
        ("5% of them", "5 of them"),
        ("isn't", "is"),
    ],
)
def test_negations_numbers_and_signs_count(one: str, other: str) -> None:
    assert wording(one) != wording(other)
    assert wording_hash(one) != wording_hash(other)


def test_half_a_surrogate_pair_has_a_hash() -> None:
    assert len(wording_hash("a\ud83d")) == 16


def test_vowel_signs_make_another_word() -> None:
    assert wording("कल") != wording("काल")
    assert wording("The कानून is new.") == "the कानून is new"
    assert wording_hash("दिन") != wording_hash("दान")
