"""Passages by the words they share with a claim: BM25. The only file that knows the stemmers.

A text becomes terms: words of three letters and more, numbers, stemmed where Snowball knows the language, cut into
overlapping pieces of letters where it does not (Ukrainian, Bulgarian, Chinese, ...). BM25 as Lucene computes it:
Kamphuis et al., "Which BM25 do you mean?", ECIR 2020. A test compares each value with the library bm25s (Lù,
arXiv:2407.03618, 2024), whose indexes hold the weights of terms in every value and so cannot be added to.
"""

import math
import re
import threading
from collections.abc import Sequence
from typing import NamedTuple

import langcodes
import numpy as np
import numpy.typing as npt
import Stemmer

from embeddings.postings import Digests, Ints, Postings, digests_of

K1, B = 1.2, 0.75  # Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009, section 3.4.5
GRAM_LETTERS = 4  # McNamee & Mayfield, "Character N-Gram Tokenization", 2004: 4 is best for most of Europe's languages
GRAM_LETTERS_CJK = 2  # a Chinese word has two characters, mostly
MIN_LETTERS = 2
WORD = re.compile(r"\w+")
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
Floats = npt.NDArray[np.float32]


class WordsFound(NamedTuple):
    """A passage that shares words with a claim: its key and its BM25, at least 0, higher is better."""

    key: int
    bm25: float


def terms(text: str, lang: str) -> list[str]:
    """Return the terms of a text, in order, repeated ones too; `lang` is its BCP 47 tag."""
    words = [word for word in WORD.findall(text.casefold()) if len(word) >= MIN_LETTERS or word.isdigit()]
    stemmer = _stemmer(lang)
    if stemmer is not None:
        return [str(stem) for stem in stemmer.stemWords(words)]
    return [gram for word in words for gram in _grams(word)]


class WordPart(NamedTuple):
    """The postings of one segment as an index counts them: what a term adds to each passage, and who is dead.

    `impacts` are BM25 without the weight of the term, of each posting; `is_dead` is None where none is.
    """

    postings: Postings
    impacts: Floats
    is_dead: npt.NDArray[np.bool_] | None

    @classmethod
    def of(cls, postings: Postings, mean_length: float, dead: Sequence[int] | Ints = ()) -> "WordPart":
        """Return the part; `mean_length` is that of a passage, in terms, as the whole index counts it."""
        longness = (K1 * (1 - B + B * postings.lengths / mean_length)).astype(np.float32)
        counts = postings.counts.astype(np.float32)
        return cls(postings, counts / (counts + longness[postings.passages]), None).without(dead)

    def without(self, dead: Sequence[int] | Ints) -> "WordPart":
        """Return the part with these passages dead, and no others."""
        if not len(dead):
            return self._replace(is_dead=None)
        is_dead = np.zeros(len(self.postings), dtype=bool)
        is_dead[np.asarray(dead, dtype=np.int64)] = True
        return self._replace(is_dead=is_dead)

    @property
    def living(self) -> int:
        """Return how many passages are not dead."""
        return len(self.postings) - (0 if self.is_dead is None else int(self.is_dead.sum()))

    def holders(self, starts: Ints, ends: Ints) -> Ints:
        """Return how many passages that are not dead hold each term."""
        if self.is_dead is None:
            return ends - starts
        passages = self.postings.passages
        dead = [int(self.is_dead[passages[start:end]].sum()) for start, end in zip(starts, ends, strict=True)]
        return ends - starts - np.array(dead, dtype=np.int64)

    def add(self, scores: Floats, idf: Floats, starts: Ints, ends: Ints) -> None:
        """Add each term's share to the passages' BM25; a dead passage has 0."""
        passages = self.postings.passages
        for weight, start, end in zip(idf, starts, ends, strict=True):
            if start < end:
                scores[passages[start:end]] += weight * self.impacts[start:end]
        if self.is_dead is not None:
            scores[self.is_dead] = 0.0


class WordIndex:
    """BM25 over the passages of some segments, as if they were one; keys are their places, one segment after another.

    The weight of a term is that among all passages that are not dead.
    """

    def __init__(self, parts: Sequence[WordPart]) -> None:
        """Take the parts, whose impacts were made with one mean length."""
        self._parts = parts
        self._passages = sum(len(part.postings) for part in parts)
        self._living = sum(part.living for part in parts)

    @classmethod
    def build(cls, texts: Sequence[tuple[str, str]]) -> "WordIndex":
        """Return the index of (text, language) pairs; a pair's key is its place."""
        postings = Postings.build([terms(text, lang) for text, lang in texts])
        return cls([WordPart.of(postings, postings.mean_length)])

    def __len__(self) -> int:
        """Return how many passages are held, dead ones too."""
        return self._passages

    def bm25(self, words: Sequence[str]) -> Floats:
        """Return the BM25 of each passage with the claim's terms, each term counted once; shape (n,), at least 0."""
        scores = np.zeros(self._passages, dtype=np.float32)
        ranges, idf = self._found(digests_of(list(dict.fromkeys(words))))
        start = 0
        for part, (starts, ends) in zip(self._parts, ranges, strict=True):
            end = start + len(part.postings)
            part.add(scores[start:end], idf, starts, ends)
            start = end
        return scores

    def search(self, words: Sequence[str], k: int) -> list[WordsFound]:
        """Return up to `k` passages that share a term with the claim, highest BM25 first."""
        found = self.bm25(words)
        k = min(k, int(np.count_nonzero(found)))
        if not k:
            return []
        best = np.argpartition(-found, k - 1)[:k]
        best = best[np.lexsort((best, -found[best]))]
        return [WordsFound(int(key), float(found[key])) for key in best]

    def ceiling(self, words: Sequence[str]) -> float:
        """Return the BM25 that no passage can exceed for these terms: the sum of their weights, unseen ones too."""
        return float(self._found(digests_of(list(dict.fromkeys(words))))[1].sum())

    def weight(self, term: str) -> float:
        """Return the inverse document frequency of a term: the rarer among the passages, the higher."""
        return float(self._found(digests_of([term]))[1][0])

    def _found(self, digests: Digests) -> tuple[list[tuple[Ints, Ints]], Floats]:
        """Return where each part has the terms, and the weight of each term."""
        ranges = [part.postings.ranges(digests) for part in self._parts]
        counts = np.zeros(len(digests), dtype=np.int64)
        for part, (starts, ends) in zip(self._parts, ranges, strict=True):
            counts += part.holders(starts, ends)
        return ranges, np.array([idf_of(int(count), self._living) for count in counts], dtype=np.float32)


def idf_of(count: int, passages: int) -> float:
    """Return Lucene's inverse document frequency of a term that `count` of the passages hold; above 0."""
    return math.log(1 + (passages - count + 0.5) / (count + 0.5))


def _grams(word: str) -> list[str]:
    size = GRAM_LETTERS_CJK if CJK.search(word) else GRAM_LETTERS
    return [word[start : start + size] for start in range(max(1, len(word) - size + 1))]


_held = threading.local()  # a stemmer keeps a buffer: one for each thread


def _stemmer(lang: str) -> Stemmer.Stemmer | None:
    """Return this thread's stemmer for the language, or None where Snowball has none."""
    stemmers: dict[str, Stemmer.Stemmer | None] = _held.__dict__.setdefault("stemmers", {})
    if lang not in stemmers:
        language = langcodes.get(lang).language or ""
        known = language in SNOWBALL
        stemmers[lang] = Stemmer.Stemmer(SNOWBALL[language]) if known else None
    return stemmers[lang]


SNOWBALL = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "fa": "persian", "fi": "finnish", "fr": "french", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "nl": "dutch",
    "no": "norwegian", "nb": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sr": "serbian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
