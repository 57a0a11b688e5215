"""Which column of a table holds which field."""

import pytest

from corpus.errors import UnreadableSource
from corpus.formats.table_columns import FIELDS, USUAL_NAMES, bare
from corpus.importers import table
from corpus.model import Debunk
from tests.corpus.written_tables import source_of


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,text,title,url", {"id": "id", "myth": "text", "title": "title", "url": "url"}),
        ("id,claim,text", {"id": "id", "myth": "claim", "passages": "text"}),
        ("statement,label", {"myth": "statement", "rating": "label"}),
        ("myth,fact", {"myth": "myth", "passages": "fact"}),
        ("Утверждение;Опровержение;Вердикт;Дата;Источник;Язык", {
            "myth": "Утверждение", "passages": "Опровержение", "rating": "Вердикт", "published": "Дата",
            "publisher": "Источник", "lang": "Язык"}),
        ("Твердження\tСпростування\tОцінка\tПосилання", {
            "myth": "Твердження", "passages": "Спростування", "rating": "Оцінка", "url": "Посилання"}),
        ("affirmation|correction|évaluation|lien|auteur", {
            "myth": "affirmation", "passages": "correction", "rating": "évaluation", "url": "lien",
            "claimant": "auteur"}),
        ("claimReviewed,reviewRating.alternateName,ratingValue", {
            "myth": "claimReviewed", "rating_text": "reviewRating.alternateName", "rating": "ratingValue"}),
        ("Claim,claim,fact", {"myth": "Claim", "passages": "fact"}),  # of two alike, the first
        ("claim,source_url,outlet", {"myth": "claim"}),  # they may be those of who spread it
    ],
)  # fmt: skip
def test_columns_are_guessed_by_their_usual_names(header: str, expected: dict[str, str]) -> None:
    assert table.columns_of(source_of(f"{header}\n")) == expected


def test_the_usual_names_are_written_as_they_are_compared_and_each_once_a_field() -> None:
    for field, names in USUAL_NAMES.items():
        assert [name for name in names if bare(name) != name] == [], field
        assert sorted(names) == sorted(set(names)), field


def test_a_given_column_is_met_whatever_its_case_and_a_field_by_its_other_name() -> None:
    source = source_of("A,B c\n", columns={"claim": "a", "fact": "b_C"})
    assert table.columns_of(source) == {"myth": "A", "passages": "B c"}


@pytest.mark.parametrize(
    ("header", "columns", "expected"),
    [
        ("a,b", {}, "claims.csv: no column looks like the myth's; it has a, b; name it, such as myth=a"),
        ("", {}, "no column looks like the myth's; it has none"),
        ("claim,b", {"rating": "c"}, "claims.csv: met column 'c' for 'rating'; it has only claim, b"),
        ("claim,b", {"score": "b"}, "met a column for 'score'; expected one for myth, id, passages"),
    ],
)
def test_a_table_whose_columns_say_nothing_is_told_with_what_was_met(
    header: str, columns: dict[str, str], expected: str
) -> None:
    for ask in (table.columns_of, lambda source: list(table.read(source))):
        with pytest.raises(UnreadableSource) as raised:
            ask(source_of(f"{header}\n", columns=columns))
        assert expected in str(raised.value)


def test_every_field_of_the_map_reaches_its_debunk() -> None:
    assert set(FIELDS) == {*table.READERS, *table.DATES, "id", "rating", "lang"}
    assert set(FIELDS) <= set(Debunk.model_fields)
