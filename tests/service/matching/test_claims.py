"""extract: which stretches of a text are claims, where they stood, and what counts as a word that says something."""

import time

import pytest

from service.matching.claims import MIN_CONTENT_WORDS, WHOLE_WORDS, count_content_words, extract, plainly

FIRST = "The alliance bombed the old bridge."
SECOND = "Doctors hide the cheap cancer cure."
THIRD = "Banks print money behind closed doors."


def windows(text: str) -> list[tuple[int, int]]:
    return [(claim.first, claim.last) for claim in extract(text, "en")]


def test_one_sentence_is_one_claim() -> None:
    (claim,) = extract(FIRST, "en")
    assert (claim.text, claim.start, claim.end, claim.plain) == (FIRST, 0, len(FIRST), FIRST)
    assert (claim.first, claim.last, claim.lang) == (0, 0, "en")


def test_two_sentences_are_claims_alone_and_once_together() -> None:
    claims = extract(f"{FIRST} {SECOND}", "en")
    assert [claim.text for claim in claims] == [FIRST, SECOND, f"{FIRST} {SECOND}"]
    assert windows(f"{FIRST} {SECOND}") == [(0, 0), (1, 1), (0, 1)]


def test_three_sentences_are_claims_alone_in_pairs_and_as_a_whole() -> None:
    assert windows(f"{FIRST} {SECOND} {THIRD}") == [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (0, 2)]


def test_a_text_of_more_words_than_are_read_as_a_whole_is_read_in_sentences_and_pairs_only() -> None:
    sentences = WHOLE_WORDS // 6  # of six words each
    exactly = " ".join([FIRST] * sentences + ["Well now"])
    assert len(exactly.split()) == WHOLE_WORDS
    assert (0, sentences) in windows(exactly)
    assert all(last - first <= 1 for first, last in windows(f"{exactly} then"))


def test_a_fragment_is_no_claim_alone_but_part_of_one_with_each_neighbour() -> None:
    text = f"{FIRST} Wake up! {SECOND}"
    assert count_content_words("Wake up!", "en") < MIN_CONTENT_WORDS
    assert windows(text) == [(0, 0), (0, 1), (1, 2), (2, 2), (0, 2)]


def test_three_words_that_say_something_make_a_claim_and_two_do_not() -> None:
    assert [count_content_words(text, "en") for text in ("Stone bridges.", "Stone bridges burn.")] == [2, 3]
    assert windows(f"{FIRST} Stone bridges.") == [(0, 0), (0, 1)]
    assert windows(f"{FIRST} Stone bridges burn.") == [(0, 0), (1, 1), (0, 1)]


def test_a_fragment_that_is_all_of_the_text_is_its_claim() -> None:
    assert [claim.text for claim in extract("Wake up!", "en")] == ["Wake up!"]
    assert windows("Wake up! Listen!") == [(0, 1)]


@pytest.mark.parametrize("text", ["", " ", "🤡🤡", "?!"])
def test_a_text_without_words_is_one_claim_of_no_content(text: str) -> None:
    (claim,) = extract(text)
    assert claim.content_words == 0
    assert text[claim.start : claim.end] == claim.text


def test_spans_are_code_points_of_the_text_as_it_was_sent() -> None:
    text = f"  🤡 {FIRST}\n\n👉 Міст давно продали чужинцям! "
    claims = {(claim.first, claim.last): claim for claim in extract(text)}
    assert claims[0, 0].text == FIRST
    assert claims[0, 0].start == 4
    assert claims[1, 1].text == "Міст давно продали чужинцям!"
    assert claims[1, 1].end == len(text) - 1


def test_hostile_spelling_is_made_plain_and_the_span_is_that_of_the_letters_sent() -> None:
    first = "The N.A.T.O. al\u200bliance b\u043embed the o\u0301\u0302\u0303ld bri\u00addge."
    second = "D o c t o r s hide the cheap canc3r cure"
    sent = f"{first} {second}!!!!"
    claims = {(claim.first, claim.last): claim for claim in extract(sent, "en")}
    assert claims[0, 0].plain == "The NATO alliance bombed the old bridge."
    assert claims[0, 0].text == first
    assert claims[1, 1].plain == "Doctors hide the cheap cancer cure!"
    assert claims[1, 1].text == f"{second}!"
    for claim in claims.values():
        assert sent[claim.start : claim.end] == claim.text


def test_a_claim_is_on_one_line_also_where_the_text_was_not() -> None:
    (claim,) = extract("The alliance\nbombed   the\told bridge", "en")
    assert claim.plain == "The alliance bombed the old bridge" == plainly(claim.text)
    assert claim.text == "The alliance\nbombed   the\told bridge"


def test_the_language_is_found_where_it_is_not_told_and_taken_where_it_is() -> None:
    assert {claim.lang for claim in extract("НАТО пообіцяло Горбачову не рухатися на схід.")} == {"uk"}
    assert {claim.lang for claim in extract("НАТО пообіцяло Горбачову не рухатися на схід.", "ru")} == {"ru"}


@pytest.mark.parametrize(
    ("text", "lang", "count"),
    [
        ("NATO promised Russia it would not expand", "en", 4),
        ("NATO, NATO and nato", "en", 1),
        ("what they would have been that is", "en", 0),
        ("don't you", "en", 0),
        ("7 of 2014", "en", 2),
        ("a b c", "en", 0),
        ("НАТО обещало не расширяться", "ru", 3),
        ("НАТО обещало не расширяться", "ru-RU", 3),
        ("北约承诺不向东扩张", "zh", 4),  # nine characters, two to a word
        ("北约", "zh", 1),
        ("", "und", 0),
    ],
)
def test_content_words_are_the_different_words_that_not_every_text_has(text: str, lang: str, count: int) -> None:
    assert count_content_words(text, lang) == count


def test_sentences_that_are_written_without_spaces_are_claims_too() -> None:
    claims = extract("北约承诺不向东扩张。俄罗斯受到威胁。")
    assert [claim.text for claim in claims][:2] == ["北约承诺不向东扩张。", "俄罗斯受到威胁。"]


@pytest.mark.parametrize(
    ("text", "breaks_off"),
    [
        ("NATO promised Russia that", True),
        ("NATO promised Russia that.", False),
        ("What was NATO made for?", False),
        ("NATO promised Russia peace", False),
    ],
)
def test_a_claim_breaks_off_where_its_last_word_needs_another(text: str, breaks_off: bool) -> None:
    (claim,) = extract(text, "en")
    assert claim.breaks_off is breaks_off


def seconds_for(chars: int) -> float:
    text = (f"{FIRST} {SECOND} Wake up! {THIRD} " * chars)[:chars]
    start = time.process_time()
    claims = extract(text, "en")
    assert len(claims) > chars / 40
    return time.process_time() - start


def test_twenty_thousand_characters_take_linear_time() -> None:
    seconds_for(2_000)  # the models of sentences and stop words are loaded
    short, long = (min(seconds_for(chars) for _ in range(3)) for chars in (5_000, 20_000))
    assert long < 1.0
    assert long < short * 4 * 2.5
