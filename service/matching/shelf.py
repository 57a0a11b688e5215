"""Shelf: all that a snapshot holds of one debunk, laid out for comparing claims with it."""

import re
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from embeddings.examples import Examples
from embeddings.snapshot import Passage, Snapshot
from embeddings.vectors import Vectors
from embeddings.words import terms

WORDINGS = ("myth", "variant", "title")  # the kinds of passage that put the myth itself
NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
MANY_DIGITS = 2  # a number of one digit agrees by chance
CROWD = 5  # texts of the background that a wording's crowd is measured by
KEPT_SHELVES = 1024  # some 10 KB each for a debunk of three passages


@dataclass(frozen=True)
class Shelf:
    """A debunk's passages and examples: rows of length 1, centered by the background except where called raw.

    `wordings` are the myth, its variants, then its examples; `raw_wordings` those of the passages alone. `direction`
    and `offset` make its linear discriminant, `crowd` says how near the background lies to each wording.
    """

    debunk_id: str
    wording_keys: Sequence[int]
    fact_keys: Sequence[int]
    raw_wordings: Vectors
    wordings: Vectors
    langs: Sequence[str]
    facts: Vectors
    direction: npt.NDArray[np.float32]
    offset: float
    crowd: npt.NDArray[np.float32]
    terms: frozenset[str]
    numbers: frozenset[str]

    @property
    def wordings_held(self) -> int:
        """Return how many wordings and examples there are."""
        return len(self.wordings)


class Shelves:
    """The shelves of a snapshot, made when asked for."""

    def __init__(self, snapshot: Snapshot, examples: Examples, hidden: Collection[int] = ()) -> None:
        """Take the snapshot; `examples` are its own, or fewer where some must not speak, as `hidden` keys must not."""
        self.snapshot = snapshot
        self.examples = examples
        self.keys = snapshot.keys
        if hidden:
            kept = {owner: [key for key in keys if key not in hidden] for owner, keys in snapshot.keys.items()}
            self.keys = {owner: keys for owner, keys in kept.items() if keys}
        is_whole = examples is snapshot.examples and not hidden
        self._kept: OrderedDict[tuple[str, int], Shelf] = snapshot.kept if is_whole else OrderedDict()

    def of(self, debunk_id: str) -> Shelf:
        """Return the shelf of a debunk; one whose passages did not change is that of the snapshot before."""
        version = self.snapshot.version(debunk_id)
        shelf = self._kept.pop(version, None) or self._shelf(debunk_id)
        self._kept[version] = shelf  # the last used come last
        if len(self._kept) > KEPT_SHELVES:
            self._kept.popitem(last=False)
        return shelf

    def _shelf(self, debunk_id: str) -> Shelf:
        passages = self.snapshot.passages
        wording_keys = [key for key in self.keys[debunk_id] if passages[key].kind in WORDINGS]
        fact_keys = [key for key in self.keys[debunk_id] if passages[key].kind not in WORDINGS]
        raw_wordings, wordings = self._rows(wording_keys)
        wordings = np.concatenate([wordings, self.examples.of(debunk_id)])
        direction, offset = self._discriminant(wordings)
        return Shelf(
            debunk_id,
            wording_keys,
            fact_keys,
            raw_wordings,
            wordings,
            [*(passages[key].lang for key in wording_keys), *self.examples.langs_of(debunk_id)],
            self._rows(fact_keys)[1],
            direction,
            offset,
            self._crowd(wordings),
            frozenset(term for key in self.keys[debunk_id] for term in _terms(passages[key])),
            frozenset(number for key in self.keys[debunk_id] for number in numbers(passages[key].text)),
        )

    def _rows(self, keys: Sequence[int]) -> tuple[Vectors, Vectors]:
        rows = self.snapshot.index.vectors(keys)
        return rows, self.examples.center(rows, [self.snapshot.passages[key].lang for key in keys])

    def _discriminant(self, wordings: Vectors) -> tuple[npt.NDArray[np.float32], float]:
        """Return w and b of w·x - b: how much likelier x is about the debunk than background, if both are Gaussian.

        See `Examples.precision` for the source.
        """
        nothing = self.examples.background_mean
        mean = wordings.mean(axis=0)
        direction = np.asarray((mean - nothing) @ self.examples.precision, dtype=np.float32)
        return direction, float(direction @ (mean + nothing)) / 2

    def _crowd(self, wordings: Vectors) -> npt.NDArray[np.float32]:
        background = self.examples.background
        if not len(background):
            return np.zeros(len(wordings), dtype=np.float32)
        k = min(CROWD, len(background))
        cosines = np.partition(wordings @ background.T, -k, axis=1)[:, -k:]
        return np.asarray(cosines.mean(axis=1), dtype=np.float32)


def numbers(text: str) -> frozenset[str]:
    """Return the numbers of the text but those of one digit, which agree by chance."""
    return frozenset(number for number in NUMBER.findall(text) if len(number) >= MANY_DIGITS)


def _terms(passage: Passage) -> list[str]:
    return terms(passage.text, passage.lang)
