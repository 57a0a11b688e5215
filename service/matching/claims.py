"""Claims: the sentences of a text and their pairs, each plainly spelt, and where it stood in the text as sent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import stopwordsiso

from corpus.language import find_language
from service.matching.sentences import split
from service.matching.spelling import Spelling, respell

WHOLE_WORDS = 80  # a text of up to so many words is also read as one claim
MIN_CONTENT_WORDS = 3  # a sentence with fewer ("Wake up!") is no claim by itself, but part of one with its neighbours
WORD = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")
APOSTROPHES = str.maketrans("’ʼ", "''")  # the lists of stop words have the straight one
WRITTEN_TOGETHER = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")  # Thai, Japanese, Chinese
# prepositions, conjunctions and articles after which something must follow
GOES_ON = {
    "en": "that the a an of and or with from because which whose than into",
    "ru": "что и а но или в на с к из под над за от для чтобы потому без между",
    "uk": "що і й та а але або в у на з до із під над за від для щоб без між",
    "fr": "que et ou de la le les des du à un une par pour avec dans contre sur chez",
}
LETTERS_PER_WORD = 2  # where words are written together


@dataclass(frozen=True)
class Claim:
    """A stretch of the text as it was sent, `sent[start:end]` in code points, and the same plainly spelt.

    `first` and `last` number the sentences it spans; `content_words` counts the words that say something.
    `breaks_off` when its last word needs another after it ("NATO promised Russia that"): what it claims was not said.
    `context` is the claim, plainly spelt, with the sentence before and the one after it; of a short text all of it.
    """

    text: str
    start: int
    end: int
    plain: str
    lang: str
    content_words: int
    first: int = 0
    last: int = 0
    breaks_off: bool = False
    context: str = ""


def extract(sent: str, lang: str | None = None) -> list[Claim]:
    """Return what the text may claim: each sentence, each two that follow each other, and a short text as a whole.

    In the order of their sentences. `lang` is the text's BCP 47 tag; it is found when None. Linear in its length.
    """
    spelling = respell(sent)
    if lang is None:
        lang = find_language(spelling.text)
    sentences = split(spelling.text, lang) or [(0, len(spelling.text))]
    counts = [count_content_words(spelling.text[start:end], lang) for start, end in sentences]
    whole = is_short(spelling.text)
    return [
        replace(
            _claim(sent, spelling, sentences[first][0], sentences[last][1], lang, first, last),
            context=_on_one_line(spelling.text if whole else _around(spelling.text, sentences, first, last)),
        )
        for first, last in _windows(counts, whole)
    ]


def is_short(text: str) -> bool:
    """Return whether a text is read as one claim too."""
    return len(text.split()) <= WHOLE_WORDS


def _around(text: str, sentences: list[tuple[int, int]], first: int, last: int) -> str:
    return text[sentences[max(0, first - 1)][0] : sentences[min(last + 1, len(sentences) - 1)][1]]


def _windows(counts: list[int], whole: bool) -> Iterator[tuple[int, int]]:
    """Yield the first and the last sentence of each claim; `counts` are the content words of each sentence."""
    last = len(counts) - 1
    for place, count in enumerate(counts):
        if count >= MIN_CONTENT_WORDS or not last:
            yield place, place
        if place < last and not (whole and last == 1):
            yield place, place + 1
    if whole and last:
        yield 0, last


def _claim(sent: str, spelling: Spelling, start: int, end: int, lang: str, first: int, last: int) -> Claim:
    plain = _on_one_line(spelling.text[start:end])
    sent_start, sent_end = spelling.sent_span(start, end)
    words = count_content_words(plain, lang)
    breaks_off = _last_word(plain) in GOES_ON.get(lang.split("-")[0].lower(), "").split()
    return Claim(sent[sent_start:sent_end], sent_start, sent_end, plain, lang, words, first, last, breaks_off)


def _last_word(plain: str) -> str:
    """Return the last word, or nothing where a sign follows it: "what for?" is a whole sentence."""
    words = WORD.findall(plain.casefold())
    return words[-1] if words and plain.casefold().endswith(words[-1]) else ""


def plainly(text: str) -> str:
    """Return the text as a claim of it would be encoded: plainly spelt, on one line."""
    return _on_one_line(respell(text).text)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def count_content_words(text: str, lang: str) -> int:
    """Return how many different words of the text say something: not those that any text of its language has."""
    words = {word for word in WORD.findall(text.casefold().translate(APOSTROPHES)) if len(word) > 1 or word.isdigit()}
    together = sum(len(WRITTEN_TOGETHER.findall(word)) for word in words)
    apart = sum(not WRITTEN_TOGETHER.search(word) for word in words - _stop_words(lang))
    return apart + together // LETTERS_PER_WORD


@cache
def _stop_words(lang: str) -> frozenset[str]:
    """Return the words that say little, by stopwordsiso's lists; none for a language that it does not know."""
    language = lang.split("-")[0].lower()
    known = stopwordsiso.has_lang(language)
    return frozenset(word.casefold() for word in stopwordsiso.stopwords(language)) if known else frozenset()
