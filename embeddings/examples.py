"""Examples: texts of which it is known whose they are, or that they are nobody's, with their vectors.

Those that are nobody's are the background that a cosine is measured against. Vectors of one encoder share a large
common part, and another one with all texts of their language; neither says anything about meaning (Mu & Viswanath,
"All-but-the-Top", ICLR 2018). `center` takes both away: the mean of the background in the text's language.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from embeddings.vectors import Vectors

SHRINK_TEXTS = 20  # a language of n texts has its own mean with the weight n / (n + SHRINK_TEXTS), else the common one
RIDGE = 0.2  # of the mean variance, added to each direction's
TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Example:
    """A text, its language, and the id of its owner; None: nobody's."""

    text: str
    lang: str
    owner: str | None


@dataclass(frozen=True)
class Examples:
    """Examples and one unit row for each, encoded as claims are."""

    texts: Sequence[Example]
    rows: Vectors

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.texts)

    def without(self, left_out: Collection[str]) -> "Examples":
        """Return the examples but those with one of these texts."""
        return self._kept([example.text not in left_out for example in self.texts])

    def without_lang(self, lang: str) -> "Examples":
        """Return the examples but those in this language."""
        return self._kept([example.lang != lang for example in self.texts])

    def _kept(self, keep: Sequence[bool]) -> "Examples":
        places = [place for place, kept in enumerate(keep) if kept]
        return Examples([self.texts[place] for place in places], self.rows[places])

    def center(self, rows: Vectors, langs: Sequence[str]) -> Vectors:
        """Return the rows less the background's mean in each row's language, of length 1 again."""
        if not len(rows):
            return rows
        centered = rows - np.stack([self._means.get(lang, self._common) for lang in langs])
        lengths = np.linalg.norm(centered, axis=1, keepdims=True)
        return np.asarray(centered / np.maximum(lengths, TINY), dtype=np.float32)

    @cached_property
    def background(self) -> Vectors:
        """Return the centered rows of the texts that are nobody's."""
        return self._centered[[example.owner is None for example in self.texts]]

    @cached_property
    def background_mean(self) -> Vectors:
        """Return the mean of the background's rows, shape (dimensions,); 0 where there is none."""
        rows = self.background
        return np.asarray(rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1]), dtype=np.float32)

    def of(self, owner: str) -> Vectors:
        """Return the centered rows of the owner's examples."""
        return self._centered[self._places.get(owner, [])]

    def langs_of(self, owner: str) -> list[str]:
        """Return the languages of the owner's examples, in the order of `of`."""
        return [self.texts[place].lang for place in self._places.get(owner, [])]

    @cached_property
    def precision(self) -> npt.NDArray[np.float32]:
        """Return the inverse covariance of the centered examples about their owners' means, shape (dimensions,) * 2.

        It makes a linear discriminant of any owner's mean: Fisher 1936; Hariharan, Malik & Ramanan, "Discriminative
        Decorrelation for Clustering and Classification", ECCV 2012.
        """
        parts = [self.background, *(self.of(owner) for owner in self._places)]
        about = [part - part.mean(axis=0) for part in parts if len(part) > 1]
        if not about:
            return np.eye(self.rows.shape[1], dtype=np.float32)
        rows = np.concatenate(about).astype(np.float64)
        variances, directions = np.linalg.eigh(rows.T @ rows / len(rows))
        inverse = 1.0 / (variances.clip(0) + RIDGE * max(variances.mean(), TINY))
        return np.asarray((directions * inverse) @ directions.T, dtype=np.float32)

    @cached_property
    def _centered(self) -> Vectors:
        return self.center(self.rows, [example.lang for example in self.texts])

    @cached_property
    def _places(self) -> dict[str, list[int]]:
        places: dict[str, list[int]] = {}
        for place, example in enumerate(self.texts):
            if example.owner is not None:
                places.setdefault(example.owner, []).append(place)
        return places

    @cached_property
    def _common(self) -> npt.NDArray[np.float32]:
        rows = self.rows[[example.owner is None for example in self.texts]]
        return rows.mean(axis=0) if len(rows) else np.zeros(self.rows.shape[1], dtype=np.float32)

    @cached_property
    def _means(self) -> dict[str, npt.NDArray[np.float32]]:
        means = {}
        for lang in {example.lang for example in self.texts}:
            own = self.rows[[example.owner is None and example.lang == lang for example in self.texts]]
            if len(own):
                weight = len(own) / (len(own) + SHRINK_TEXTS)
                means[lang] = weight * own.mean(axis=0) + (1 - weight) * self._common
        return means
