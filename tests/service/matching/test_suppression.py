"""Suppression: light edits of a text are that text, other words, another number or a "not" are not."""

import pytest

from service.matching.claims import extract, plainly
from service.matching.suppression import Suppressions, is_near, jaccard, likeness

GIVEN = "The mayor sold 2 stone bridges to foreign bankers last week"
WORDS = ("harbour", "choir", "train", "bear", "sister", "uncle", "cake", "night", "snow")
ADDED = "Brown bears sleep."
OTHER = "Wake up people! The old harbour was painted green last summer."


def near(text: str, given: str = GIVEN) -> bool:
    return is_near(likeness(plainly(text), "en"), likeness(plainly(given), "en"))


@pytest.mark.parametrize(
    "text",
    [
        GIVEN,
        GIVEN.upper(),
        f"«{GIVEN}»!!! 🤡🤡",
        f"RT @somebody: {GIVEN}",
        f"{GIVEN} https://t.me/channel/12",
        f"{GIVEN} #news #wakeup",
        GIVEN.replace("mayor", "#mayor"),
        GIVEN.replace("bankers", "banckers"),
        GIVEN.replace("foreign", "foregin").replace("week", "weeek"),
        GIVEN.replace("o", "\u043e"),
        GIVEN.replace("bankers", "b a n k e r s"),
        "\u200b".join(GIVEN),
    ],
)
def test_a_light_edit_is_the_same_text(text: str) -> None:
    assert near(text)


@pytest.mark.parametrize(
    "text",
    [
        "The mayor never sold 2 stone bridges to foreign bankers last week",
        "The mayor sold 3 stone bridges to foreign bankers last week",
        "The mayor sold stone bridges to foreign bankers last week",
        "Our mayor has given two bridges away to bankers from abroad",
        "The mayor",
        "",
    ],
)
def test_another_claim_in_nearly_the_same_words_is_another_text(text: str) -> None:
    assert not near(text)


def test_a_text_of_an_address_alone_is_compared_by_it() -> None:
    assert near("https://t.me/a/1 !!!", "https://t.me/a/1")
    assert not near("https://t.me/a/1", "https://example.org/page")


def test_texts_without_words_are_never_the_same() -> None:
    assert not near("🤡", "😂")
    assert jaccard(likeness("", "en"), likeness("", "en")) == 0.0


def test_the_jaccard_index_is_that_of_runs_of_three_letters() -> None:
    one, other = likeness("Sold!", "en"), likeness("told", "en")  # " sold " and " told ": 4 runs each, 2 shared
    assert jaccard(one, other) == pytest.approx(2 / 6)


def suppressed(text: str, documents: dict[str, dict[str, object]] | None = None) -> dict[tuple[int, str], str]:
    documents = documents or {"bridge": {"suppressions": [{"text": GIVEN, "lang": "en"}]}, "moon": {"suppressions": []}}
    return Suppressions(documents).suppressed(text, extract(text, "en"), ["bridge", "moon", "unknown"])


def test_the_claim_that_is_near_is_suppressed_and_those_that_share_a_sentence_with_it() -> None:
    text = f"They painted the harbour green last summer. {GIVEN}! Our choir sang forty songs before noon."
    spans = [(claim.first, claim.last) for claim in extract(text, "en")]
    assert spans == [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (0, 2)]
    assert suppressed(text) == {(place, "bridge"): GIVEN for place in (1, 2, 3, 5)}


def test_nothing_is_suppressed_in_another_text() -> None:
    assert suppressed(OTHER) == {}
    assert suppressed("") == {}


def test_a_long_text_that_is_suppressed_as_a_whole_is_so_in_every_claim() -> None:
    long = " ".join(f"{GIVEN} and the {word} was there." for word in WORDS[:7])
    documents: dict[str, dict[str, object]] = {"bridge": {"suppressions": [{"text": long, "lang": "en"}]}}
    claims = extract(f"{long} 🤡", "en")
    assert (0, max(claim.last for claim in claims)) not in [(claim.first, claim.last) for claim in claims]
    assert suppressed(f"{long} 🤡", documents) == {(place, "bridge"): long for place in range(len(claims))}


@pytest.mark.parametrize("sentences", [2, 9])
def test_a_sentence_that_was_added_to_a_suppressed_text_stays_free(sentences: int) -> None:
    long = " ".join(f"{GIVEN} and the {word} was there." for word in WORDS[:sentences])
    documents: dict[str, dict[str, object]] = {"bridge": {"suppressions": [{"text": long, "lang": "en"}]}}
    text = f"{long} {ADDED}"
    found = suppressed(text, documents)
    left = [claim.text for place, claim in enumerate(extract(text, "en")) if (place, "bridge") not in found]
    assert left == [ADDED]
    assert found
