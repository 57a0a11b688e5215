"""Verdicts of publishers of many languages, in words and in numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.model import Rating
from corpus.ratings import read_rating

VERDICTS: dict[Rating, tuple[str, ...]] = {
    "false": (
        "False", "FALSE.", "Mostly False", "Pants on Fire!", "Four Pinocchios", "3 Pinocchios", "Fake", "Not true",
        "This is not true; the true number is 5", "Incorrect", "Altered video", "Misattributed", "Hoax", "Scam",
        "Faux", "Plutôt faux", "C'est faux", "Falso", "Bulo", "Não é verdade", "Bufala", "Falsch",
        "Größtenteils falsch", "GRÖSSTENTEILS FALSCH", "Onwaar", "Ложь", "ЛОЖЬ!",
        "Неправда", "Фейк", "Не соответствует действительности",
        "Недостоверно", "Брехня", "Невірно", "Fałsz", "Nepravda", "Lažna vijest", "Fals", "Hamis", "Falskt", "Yanlış",
        "YANLIŞ", "Hoaks", "Ψευδές", "غير صحيح", "שקר", "झूठ", "錯誤", "誤り", "거짓", "False: this is an old photo",
    ),
    "misleading": (
        "Misleading", "Half True", "Half-True", "Partly false", "Mixture", "Missing Context", "Out of context",
        "Miscaptioned", "Two Pinocchios", "Exaggerated", "Cherry-picked", "Not entirely true", "False context",
        "Trompeur", "Partiellement faux", "Hors contexte", "Engañoso", "Verdad a medias", "Enganoso", "Distorcido",
        "Fuorviante", "Irreführend", "Teilweise falsch", "Deels onwaar", "Полуправда", "Манипуляция",
        "Вводит в заблуждение", "Вырвано из контекста", "Маніпуляція", "Напівправда", "Częściowo fałsz", "Zavádějící",
        "Yanıltıcı", "Menyesatkan", "مضلل", "भ्रामक", "部分錯誤", "ミスリード",
    ),
    "unproven": (
        "Unproven", "No Evidence", "Unsupported", "Research In Progress", "Unverified", "Non prouvé", "Sin pruebas",
        "Insustentável", "Unbelegt", "Не подтверждено", "Бездоказательно", "Без доказів", "Nieweryfikowalne",
        "Neověřitelné", "根拠不明",
    ),
    "true": (
        "True", "Mostly True", "Correct Attribution", "Geppetto Checkmark", "Vrai", "Plutôt vrai", "C’est vrai",
        "Verdadero", "Verdadeiro", "Vero", "Richtig", "Waar", "Правда", "Верно", "Вірно", "Prawda", "Pravda", "Doğru",
        "Benar", "صحيح", "सच", "正確",
    ),
    "other": ("Satire", "Labeled Satire", "Full Flop", "Opinion", "It depends", "Zwei von drei Sternen"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "rating"), [(text, rating) for rating, texts in VERDICTS.items() for text in texts], ids=str
)
def test_a_verdict_in_words_is_read(text: str, rating: Rating) -> None:
    assert read_rating(text) == rating


@pytest.mark.parametrize(
    ("value", "worst", "best", "rating"),
    [
        (1, 1, 5, "false"),
        ("2", "1", "5", "false"),
        (3, None, None, "misleading"),
        ("4,5", None, None, "true"),
        ("3/5", None, None, "misleading"),
        (5, 5, 1, "false"),
        (100, 0, 100, "true"),
        (6, 1, 11, "misleading"),
        (10**400, 1, 5, None),
        (7, 1, 5, None),
        (3, 3, 3, None),
        (-1, -1, -1, None),
        ("-1", None, None, None),
        (0, 0, 0, None),
        (0, 1, 5, None),
        (0, 0, 5, None),
        (float("nan"), None, None, None),
        (None, 1, 5, None),
        ("False", 1, 5, "false"),
    ],
)
def test_a_number_is_read_on_its_scale_and_none_means_none(
    value: str | float | None, worst: str | float | None, best: str | float | None, rating: Rating | None
) -> None:
    assert read_rating(None, value, worst, best) == rating


def test_words_win_over_the_number_and_the_number_over_unknown_words() -> None:
    assert read_rating("Faux", 5, 1, 5) == "false"
    assert read_rating("Zwei von drei Sternen", 1, 1, 5) == "false"


@pytest.mark.parametrize("text", [None, "", "  ", "?", "-1"])
def test_where_nothing_was_said_there_is_no_rating(text: str | None) -> None:
    assert read_rating(text) is None


@given(st.text(max_size=80), st.one_of(st.none(), st.text(max_size=8), st.floats()))
def test_whatever_is_said_the_answer_is_a_rating_or_none(text: str, value: str | float | None) -> None:
    assert read_rating(text, value) in (None, "false", "misleading", "unproven", "true", "other")
