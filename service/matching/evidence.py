"""Evidence: what speaks for and against each debunk as the answer to each claim of a text, as named numbers."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from embeddings.vectors import Vectors
from embeddings.words import terms
from service.matching.claims import Claim
from service.matching.shelf import Shelf, numbers

Table = npt.NDArray[np.float32]  # shape (claims, debunks)

NEAREST = 5  # how many neighbours a mean is taken over: one alone is chance, ten reach into another topic
MANY_WORDINGS = 12  # from so many wordings and examples on a debunk counts as well known
SAME_MYTH = 0.8  # centered cosine of two myths from which on they are one story, and no rivals
TINY = np.float32(1e-6)
NOWHERE = np.float32(-4)  # lower than any cosine

# what each number says; cosines are centered ones unless they are called raw
FEATURES = {
    "raw": "raw cosine with the nearest wording",
    "wording": "cosine with the nearest wording: the myth, a variant, an example",
    "wordings": f"mean cosine with the {NEAREST} nearest wordings",
    "fact": "cosine with the nearest paragraph of the fact",
    "discriminant": "linear discriminant of the debunk's wordings against the background",
    "over_background": f"nearest wording less the {NEAREST} nearest texts of the background",
    "over_nearest": "nearest wording less the nearest text of the background",
    "over_rivals": f"nearest wording less the {NEAREST} nearest of all other debunks and the background",
    "over_runner_up": "nearest wording less that of the best other debunk",
    "over_crowd": f"nearest wording less its own mean with the {NEAREST} nearest texts of the background",
    "words": "BM25 with the best wording as a share of what the claim's own words could reach",
    "fact_words": "BM25 with the best paragraph of the fact as a share of what the claim's own words could reach",
    "names": "share of the claim's capitalised names that the debunk has, less one half; 0 without names",
    "numbers": "share of the claim's numbers that the debunk has, less one half; 0 without numbers",
    "share": "logarithm of the claim's content words over those of the text's longest claim",
    "claims": "logarithm of how many claims the text was cut into",
    "same_lang": "1 where claim and nearest wording are in one language, else 0",
}
NAME = re.compile(r"(?<=[\w,;:'’\"«(] )[«\"(]?([^\W\d_]\w{2,})")


@dataclass(frozen=True)
class Evidence:
    """For each claim and debunk the value of each feature, shape (claims, debunks, features)."""

    debunk_ids: Sequence[str]
    values: npt.NDArray[np.float32]
    is_well_known: Sequence[bool]  # of each debunk: it has many wordings

    def of(self, debunk_ids: Collection[str]) -> "Evidence":
        """Return the evidence for some of the debunks; what is not in here has none."""
        return self._in_order([place for place, one in enumerate(self.debunk_ids) if one in debunk_ids])

    def beside(self, other: "Evidence") -> "Evidence":
        """Return the evidence for the debunks of both, none of which is in each, by their ids."""
        together = Evidence(
            [*self.debunk_ids, *other.debunk_ids],
            np.concatenate([self.values, other.values], axis=1),
            [*self.is_well_known, *other.is_well_known],
        )
        return together._in_order(sorted(range(len(together.debunk_ids)), key=together.debunk_ids.__getitem__))

    def _in_order(self, places: Sequence[int]) -> "Evidence":
        return Evidence(
            [self.debunk_ids[place] for place in places],
            self.values[:, list(places)],
            [self.is_well_known[place] for place in places],
        )


def gather(claims: Sequence[Claim], rows: Vectors, centered: Vectors, shelves: Sequence[Shelf], background: Vectors,
           bm25: Table, ceilings: Table) -> Evidence:  # fmt: skip
    """Return the evidence for each claim and each shelf's debunk.

    `rows` are the claims' vectors, `centered` the same less the background's mean; `bm25` is that of each claim with
    each passage of the snapshot, `ceilings` what it could reach at most, shape (claims, 1).
    """
    near = nearest(centered @ background.T, NEAREST)
    mean_near = near.mean(axis=1, keepdims=True)
    cosines = [centered @ shelf.wordings.T for shelf in shelves]
    places = [table.argmax(axis=1) for table in cosines]
    best = _columns([table.max(axis=1) for table in cosines], len(claims))
    words = np.asarray(bm25 / np.maximum(ceilings, TINY), dtype=np.float32)
    tables = {
        "raw": _columns([(rows @ shelf.raw_wordings.T).max(axis=1) for shelf in shelves], len(claims)),
        "wording": best,
        "wordings": _columns([nearest(table, NEAREST).mean(axis=1) for table in cosines], len(claims)),
        "fact": _columns([_best(centered @ shelf.facts.T) for shelf in shelves], len(claims)),
        "discriminant": _columns([centered @ shelf.direction - shelf.offset for shelf in shelves], len(claims)),
        "over_background": best - mean_near,
        "over_nearest": best - near[:, -1:],
        "over_rivals": best - _rivals(best, near, shelves),
        "over_runner_up": best - _runner_up(best, mean_near, shelves),
        "over_crowd": best - _columns([s.crowd[place] for s, place in zip(shelves, places, strict=True)], len(claims)),
        "words": _columns([_best(words[:, shelf.wording_keys]) for shelf in shelves], len(claims)),
        "fact_words": _columns([_best(words[:, shelf.fact_keys]) for shelf in shelves], len(claims)),
        "names": _agreement([_names(claim.plain, claim.lang) for claim in claims], [s.terms for s in shelves]),
        "numbers": _agreement([numbers(claim.plain) for claim in claims], [s.numbers for s in shelves]),
        "share": _same_in_row(_shares(claims), shelves),
        "claims": _same_in_row([np.log(len(claims))] * len(claims), shelves),
        "same_lang": _same_lang(claims, places, shelves),
    }
    values = np.stack([tables[name] for name in FEATURES], axis=2)
    return Evidence([s.debunk_id for s in shelves], values, [s.wordings_held >= MANY_WORDINGS for s in shelves])


def nearest(cosines: Table, k: int) -> Table:
    """Return the `k` highest of each row, ascending; zeros where there are none at all."""
    if not cosines.shape[1]:
        return np.zeros((len(cosines), 1), dtype=np.float32)
    k = min(k, cosines.shape[1])
    return np.sort(np.partition(cosines, -k, axis=1)[:, -k:], axis=1)


def _columns(columns: Sequence[npt.NDArray[np.float32]], claims: int) -> Table:
    return np.stack(columns, axis=1).astype(np.float32) if columns else np.zeros((claims, 0), dtype=np.float32)


def _best(cosines: Table) -> npt.NDArray[np.float32]:
    return cosines.max(axis=1) if cosines.shape[1] else np.zeros(len(cosines), dtype=np.float32)


def _strangers(shelves: Sequence[Shelf]) -> npt.NDArray[np.bool_]:
    """Return which debunks are rivals of which: all others but those that tell the same story."""
    myths = np.stack([shelf.wordings[0] for shelf in shelves])
    rivals = myths @ myths.T < SAME_MYTH
    np.fill_diagonal(rivals, val=False)
    return np.asarray(rivals, dtype=bool)


def _rivals(best: Table, background: Table, shelves: Sequence[Shelf]) -> Table:
    """Return for each debunk the mean of the nearest among the other debunks' best wordings and the background."""
    if not shelves:
        return best
    every = np.concatenate([best, background], axis=1)
    others = np.ones((len(shelves), background.shape[1]), dtype=bool)
    is_rival = np.concatenate([_strangers(shelves), others], axis=1)
    highest, columns = _highest(every, is_rival, NEAREST)
    means = []
    for mine in is_rival:
        k = min(NEAREST, int(mine.sum()))
        means.append(
            nearest(np.where(mine[columns], highest, NOWHERE), k).mean(axis=1)
            if k
            else np.zeros(len(best), dtype=np.float32)
        )
    return _columns(means, len(best))


def _runner_up(best: Table, otherwise: Table, shelves: Sequence[Shelf]) -> Table:
    """Return for each debunk the best other debunk's cosine, or the background's where there is no other."""
    if not shelves:
        return best
    is_rival = _strangers(shelves)
    highest, columns = _highest(best, is_rival, 1)
    return _columns(
        [np.where(mine[columns], highest, NOWHERE).max(axis=1) if mine.any() else otherwise[:, 0] for mine in is_rival],
        len(best),
    )


def _highest(table: Table, is_rival: npt.NDArray[np.bool_], k: int) -> tuple[Table, npt.NDArray[np.intp]]:
    """Return so many of each row's highest values, and their columns, that `k` rivals of each debunk are among them."""
    depth = min(table.shape[1], k + int((~is_rival).sum(axis=1).max()))
    columns = np.argpartition(-table, depth - 1, axis=1)[:, :depth]
    return np.take_along_axis(table, columns, axis=1), columns


def _same_in_row(values: Sequence[float], shelves: Sequence[Shelf]) -> Table:
    return np.repeat(np.asarray(values, dtype=np.float32)[:, None], len(shelves), axis=1)


def _shares(claims: Sequence[Claim]) -> list[float]:
    """Return for each claim how much of the text it is: 0 for its longest claim, the less the shorter.

    Of the whole text's length nothing is told: in the posts that are fitted on it would give away what they are about.
    """
    longest = max(claim.content_words for claim in claims) if claims else 0
    return [float(np.log1p(claim.content_words) - np.log1p(longest)) for claim in claims]


def _same_lang(claims: Sequence[Claim], places: Sequence[npt.NDArray[np.intp]], shelves: Sequence[Shelf]) -> Table:
    columns = []
    for shelf, nearest_places in zip(shelves, places, strict=True):
        same = [
            _language(shelf.langs[place]) == _language(claim.lang)
            for place, claim in zip(nearest_places, claims, strict=True)
        ]
        columns.append(np.asarray(same, dtype=np.float32))
    return _columns(columns, len(claims))


@lru_cache(maxsize=1024)
def _language(tag: str) -> str:
    return tag.split("-")[0].lower()


def _agreement(said: Sequence[frozenset[str]], held: Sequence[frozenset[str]]) -> Table:
    """Return the share of what each claim says that each debunk has too, less one half; 0 for nothing."""
    table = np.zeros((len(said), len(held)), dtype=np.float32)
    for row, words in zip(table, said, strict=True):
        if words:
            row[:] = [len(words & has) / len(words) - 0.5 for has in held]
    return table


def _names(text: str, lang: str) -> frozenset[str]:
    """Return the terms of the words that are capitalised though no sentence begins with them."""
    words = [found[1] for found in NAME.finditer(text) if found[1][0].isupper()]
    return frozenset(terms(" ".join(words), lang))
