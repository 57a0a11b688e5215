"""Passages by the words they share with a claim: BM25. The only file that knows bm25s and the stemmers.

A text becomes terms: words of three letters and more, numbers, stemmed where Snowball knows the language, cut into
overlapping pieces of letters where it does not (Ukrainian, Bulgarian, Chinese, ...). BM25 as Lucene computes it:
Kamphuis et al., "Which BM25 do you mean?", ECIR 2020; bm25s: Lù, arXiv:2407.03618, 2024.
"""

import json
import logging
import math
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import bm25s
import langcodes
import numpy as np
import numpy.typing as npt
import Stemmer

from embeddings.errors import IndexRefused

K1, B = 1.2, 0.75  # Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009, section 3.4.5
GRAM_LETTERS = 4  # McNamee & Mayfield, "Character N-Gram Tokenization", 2004: 4 is best for most of Europe's languages
GRAM_LETTERS_CJK = 2  # a Chinese word has two characters, mostly
MIN_LETTERS = 2
WORD = re.compile(r"\w+")
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
COUNTS_FILE = "counts.json"


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


class WordIndex:
    """BM25 over passages; `keys` are their places, 0 to n - 1."""

    def __init__(self, engine: bm25s.BM25 | None, idf: dict[str, float], passages: int) -> None:
        """Take what `build` or `load` made."""
        self._engine = engine
        self._idf = idf
        self._passages = passages
        self._unseen_idf = _idf(0, passages)

    @classmethod
    def build(cls, texts: Sequence[tuple[str, str]]) -> "WordIndex":
        """Return the index of (text, language) pairs; a pair's key is its place."""
        documents = [terms(text, lang) for text, lang in texts]
        counts: dict[str, int] = {}
        for document in documents:
            for term in set(document):
                counts[term] = counts.get(term, 0) + 1
        idf = {term: _idf(count, len(documents)) for term, count in counts.items()}
        if not counts:
            return cls(None, idf, len(documents))
        engine = bm25s.BM25(k1=K1, b=B, method="lucene")
        engine.index(documents, show_progress=False)
        return cls(engine, idf, len(documents))

    def __len__(self) -> int:
        """Return how many passages are held."""
        return self._passages

    def bm25(self, words: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return the BM25 of each passage with the claim's terms, each term counted once; shape (n,), at least 0."""
        known = [term for term in dict.fromkeys(words) if term in self._idf]
        if self._engine is None or not known:
            return np.zeros(self._passages, dtype=np.float32)
        return np.asarray(self._engine.get_scores(known), dtype=np.float32)

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
        return sum(self._idf.get(term, self._unseen_idf) for term in dict.fromkeys(words))

    def weight(self, term: str) -> float:
        """Return the inverse document frequency of a term: the rarer among the passages, the higher."""
        return self._idf.get(term, self._unseen_idf)

    def save(self, folder: Path) -> None:
        """Write the index into a new folder."""
        folder.mkdir(parents=True)
        if self._engine is not None:
            self._engine.save(folder, show_progress=False)
        counts = {"passages": self._passages, "idf": self._idf}
        (folder / COUNTS_FILE).write_text(json.dumps(counts, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "WordIndex":
        """Return the index that `save` wrote; raises IndexRefused."""
        try:
            counts = json.loads((folder / COUNTS_FILE).read_text(encoding="utf-8"))
            engine = bm25s.BM25.load(folder, show_progress=False) if counts["idf"] else None
        except (OSError, ValueError, KeyError) as error:
            raise IndexRefused(f"{folder} holds no index of words ({type(error).__name__})") from error
        return cls(engine, counts["idf"], counts["passages"])


def _idf(count: int, passages: int) -> float:
    """Return Lucene's inverse document frequency of a term that `count` of the passages hold; above 0."""
    return math.log(1 + (passages - count + 0.5) / (count + 0.5))


def _grams(word: str) -> list[str]:
    size = GRAM_LETTERS_CJK if CJK.search(word) else GRAM_LETTERS
    return [word[start : start + size] for start in range(max(1, len(word) - size + 1))]


logging.getLogger("bm25s").setLevel(logging.WARNING)  # it sets its own level to DEBUG
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
