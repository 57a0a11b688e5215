"""Cues: what the words of a sentence say of its stance, in each language."""

import pytest

from service.matching.cues import CUE_WORDS, NAMES, Cues, cues_of, row_of

MYTH = "NATO promised Russia it would not expand"
PLAIN_MYTH = "NATO is at war with Russia"


def cues(sentence: str, lang: str = "en", myth: str = PLAIN_MYTH) -> Cues:
    return cues_of(sentence, lang, myth, "en")


@pytest.mark.parametrize(
    ("sentence", "lang", "shown"),
    [
        ("That war is a myth from start to finish", "en", {"debunks", "debunk_first"}),
        ("Сколько можно: сказки про войну", "ru", {"debunks"}),
        ("Чергова брехня про війну", "uk", {"debunks", "debunk_first"}),
        ("Cette guerre est une intox", "fr", {"debunks", "debunk_first"}),
        ("Wieder so ein Märchen über den Krieg", "de", {"debunks", "debunk_first"}),
        ("NATO is not at war", "en", {"negations", "turned"}),
        ("NATO isn't at war", "en", {"negations", "turned"}),
        ("Это не миф, война идёт", "ru", {"negations", "turned", "confirms"}),
        ("Це не вигадки, війна йде", "uk", {"negations", "turned", "confirms"}),
        ("The minister said NATO is at war", "en", {"reports"}),
        ("По словам министра, идёт война", "ru", {"reports"}),
        ("Selon le ministre, la guerre est là", "fr", {"reports"}),
        ("НАТО якобы воюет", "ru", {"hedges"}),
        ("НАТО нібито воює", "uk", {"hedges"}),
        ("Who still believes in this war?", "en", {"believes", "question"}),
        ("They will never admit the war!", "en", {"negations", "turned", "conceals", "exclaims"}),
        ("Isn't NATO at war?", "en", {"negations", "turned", "question", "negated_question"}),
        ("«Воюет НАТО»", "ru", {"quotes"}),
        ("NATO is at war", "en", set()),
        ("NATO wojuje z Rosją", "pl", set()),
    ],
)
def test_a_sentence_shows_these_cues_and_no_others(sentence: str, lang: str, shown: set[str]) -> None:
    met = cues(sentence, lang)
    assert {name for name in NAMES if getattr(met, name)} == shown


def test_a_negation_is_turned_only_where_the_myth_has_none() -> None:
    assert cues("It did not expand", myth=PLAIN_MYTH).turned == 1
    assert cues("It did not expand", myth=MYTH).turned == 0
    assert cues("It did expand", myth=MYTH).turned == 1


def test_a_negation_far_from_a_debunk_word_does_not_turn_it_round() -> None:
    near, far = cues("This is not really a myth"), cues("They do not like us and all they tell about the war is a myth")
    assert (near.debunks, near.confirms) == (0, 1)
    assert (far.debunks, far.confirms) == (1, 0)


def test_a_negation_in_a_later_clause_is_told_from_one_in_the_first() -> None:
    assert cues("NATO is at war, and nobody says so").late_negation == 1
    assert cues("NATO is not at war, they say").late_negation == 0


def test_another_language_is_read_with_a_neighbours_words_or_as_english() -> None:
    assert cues("Esto es mentira", "pt").debunks == 1
    assert cues("this is a lie", "sw").debunks == 1


@pytest.mark.parametrize("lang", CUE_WORDS)
def test_each_language_has_every_kind_of_word_in_lower_case_and_once(lang: str) -> None:
    assert set(CUE_WORDS[lang]) == set(CUE_WORDS["en"])
    for kind, words in CUE_WORDS[lang].items():
        assert words, kind
        assert all(word == word.casefold().replace("ё", "е") for word in words), kind
        assert len(words) == len(set(words)), kind


def test_a_row_holds_the_cues_in_their_order() -> None:
    row = row_of(cues("The minister said it is not so"))
    assert dict(zip(NAMES, row.tolist(), strict=True))["reports"] == 1.0
    assert row.shape == (len(NAMES),)
