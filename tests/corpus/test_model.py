"""Debunk: what makes one, and what an error says."""

import pytest
from pydantic import ValidationError

from corpus.errors import InvalidDebunk
from corpus.model import Debunk, Wording

GOOD = {"id": "bridge", "myth": "The bridge was sold.", "lang": "en", "passages": ("It was not.", "It is ours.")}


def test_the_fact_is_its_passages_in_order() -> None:
    assert Debunk(**GOOD).fact == "It was not.\n\nIt is ours."


def test_a_debunk_cannot_be_changed() -> None:
    debunk = Debunk(**GOOD)
    with pytest.raises(ValidationError, match="frozen"):
        debunk.myth = "something else"  # type: ignore[misc]
    assert debunk == Debunk(**GOOD)
    assert hash(debunk) == hash(Debunk(**GOOD))


@pytest.mark.parametrize("answer", [{"rating": "false"}, {"url": "https://example.org/x"}, {"passages": ("No.",)}])
def test_one_answer_to_the_myth_is_enough(answer: dict[str, object]) -> None:
    assert Debunk.model_validate({"id": "a", "myth": "m", "lang": "en", **answer}).myth == "m"


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"passages": ()}, "", "at least one of passages (the fact), rating or url"),
        ({"myth": " \n"}, "myth", "a text that is not blank"),
        ({"myth": "\ud800"}, "myth", "half of a surrogate pair"),
        ({"lang": "english"}, "lang", "a BCP 47 language tag such as 'uk'"),
        ({"lang": ""}, "lang", "a BCP 47 language tag such as 'uk'"),
        ({"url": "www.nato.int"}, "url", "a URL such as 'https://example.org/page'"),
        ({"url": "javascript:alert(1)"}, "url", "a URL such as 'https://example.org/page'"),
        ({"published": "21.09.2022"}, "published", "an ISO 8601 date"),
        ({"published": " 202"}, "published", "an ISO 8601 date"),
        ({"published": "2022-13"}, "published", "an ISO 8601 date"),
        ({"updated": "2022-09-21T25:00"}, "updated", "an ISO 8601 date"),
        ({"rating": "falsch"}, "rating", "expected 'false', 'misleading', 'unproven', 'true' or 'other'"),
        ({"id": "a/b"}, "id", "1 to 200 visible characters"),
        ({"id": ""}, "id", "1 to 200 visible characters"),
        ({"mith": "m"}, "mith", "expected only id, myth, lang"),
        ({"variants": ({"text": "v", "lang": "xx-nope-1"},)}, "variants.0.lang", "a BCP 47 language tag"),
        ({"document_sha256": "abc"}, "document_sha256", "^[0-9a-f]{64}$"),
    ],
)
def test_an_error_names_the_record_the_field_and_what_was_expected(
    change: dict[str, object], field: str, expected: str
) -> None:
    fields = {**GOOD, **change}
    with pytest.raises(InvalidDebunk) as caught:
        Debunk.model_validate(fields)
    message = str(caught.value)
    assert f"debunk {fields['id']!r}" in message
    assert f"field {field!r}" in message or not field
    assert expected in message


def test_an_error_does_not_repeat_a_long_value() -> None:
    with pytest.raises(InvalidDebunk) as caught:
        Debunk.model_validate({**GOOD, "id": "y" * 5000, "url": "x" * 5000})
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("date", ["2022", "2022-09", "2022-09-21", "2022-09-21T17:10+02:00", "2022-09-21T17:10:05Z"])
def test_a_date_is_kept_at_its_own_precision(date: str) -> None:
    assert Debunk.model_validate({**GOOD, "published": date}).published == date


def test_a_debunk_survives_json() -> None:
    debunk = Debunk.model_validate({**GOOD, "variants": (Wording(text="Мост продан", lang="ru"),), "tags": ("city",)})
    assert Debunk.model_validate_json(debunk.model_dump_json(exclude_defaults=True)) == debunk
