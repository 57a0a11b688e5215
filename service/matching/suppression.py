"""Suppression: a text of which it was decided that it is not about a debunk, met again.

The measure was chosen in docs/decisions/0010-suppressions.md.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from corpus.wording import wording
from service.matching.addresses import without_addresses
from service.matching.claims import Claim, plainly
from service.matching.cues import count

SHINGLE_LETTERS = 3
NEAR = 0.7  # Jaccard index of shingles from which on two texts are one, if they agree in numbers and negations
KEPT_LIKENESSES = 4096  # some 20 KB each
Span = tuple[int, int]  # the first and the last sentence of a claim


@dataclass(frozen=True)
class Likeness:
    """What a text is compared by: its wording, the runs of letters in it, its numbers, how often it negates."""

    words: str
    shingles: Counter[str]
    numbers: frozenset[str]
    negations: int


def likeness(text: str, lang: str) -> Likeness:
    """Return what a plainly spelt text is compared by; its addresses and the accounts it names count only alone."""
    words = wording(without_addresses(text)) or wording(text)
    padded = f" {words} "
    shingles = Counter(padded[at : at + SHINGLE_LETTERS] for at in range(len(padded) - SHINGLE_LETTERS + 1))
    numbers = frozenset(word for word in words.split() if word.isdecimal())  # l33tspeak has digits inside of words
    return Likeness(words, shingles, numbers, count("negations", words, lang))


def jaccard(one: Likeness, other: Likeness) -> float:
    """Return the share of the shingles of either that both have, as often as they have it: Broder, SEQUENCES 1997.

    0 for two empty texts.
    """
    either = (one.shingles | other.shingles).total()
    return (one.shingles & other.shingles).total() / either if either else 0.0


def is_near(one: Likeness, other: Likeness) -> bool:
    """Return whether two texts are one, lightly edited: a "not" or another number makes another claim."""
    if one.words == other.words:
        return bool(one.words)
    same_sense = one.numbers == other.numbers and one.negations == other.negations
    return same_sense and jaccard(one, other) >= NEAR


def is_part(one: Likeness, whole: Likeness) -> bool:
    """Return whether nearly all that the first says stands in the second: Broder's containment."""
    return (one.shingles & whole.shingles).total() >= NEAR * one.shingles.total()


class Suppressions:
    """The suppressed texts of a snapshot's debunks."""

    def __init__(self, marks: Mapping[str, Mapping[str, Any]]) -> None:
        """Take the marks, or the documents, of the debunks; they are looked at when the debunk is a candidate."""
        self._marks = marks
        self._given = lru_cache(maxsize=KEPT_LIKENESSES)(_of_text)  # of texts that were sent nothing is kept

    def suppressed(self, sent: str, claims: Sequence[Claim], debunk_ids: Collection[str]) -> dict[tuple[int, str], str]:
        """Return the suppressed text by the place of each claim and the debunk that it must not be matched to.

        That is each claim which is near a suppressed text, and each in which it is heard: that shares a sentence with
        such a claim. In a text that is near as a whole, sentences that are not part of the suppressed one stay free.
        """
        found: dict[tuple[int, str], str] = {}
        for debunk_id in debunk_ids:
            for text, lang in self._texts(debunk_id):
                for place in _suppressed(sent, claims, self._given(text, lang), lang):
                    found.setdefault((place, debunk_id), text)
        return found

    def _texts(self, debunk_id: str) -> list[tuple[str, str]]:
        written = self._marks.get(debunk_id, {}).get("suppressions") or ()
        return [(said["text"], said["lang"]) for said in written]


def _of_text(text: str, lang: str) -> Likeness:
    return likeness(plainly(text), lang)


def _suppressed(sent: str, claims: Sequence[Claim], given: Likeness, lang: str) -> list[int]:
    """Return the places of the claims that the text suppresses; see `Suppressions.suppressed`."""
    spans = [(claim.first, claim.last) for claim in claims]
    alike = {span: likeness(claim.plain, lang) for span, claim in zip(spans, claims, strict=True)}
    whole = (0, max(last for _, last in spans))
    near = {span for span in spans if is_near(alike[span], given)}
    if whole not in alike and is_near(_of_text(sent, lang), given):
        near.add(whole)
    said = {span: is_part(alike[span], given) for span in spans if any(_within(span, other) for other in near)}
    heard = [span for span in said if all(part for other, part in said.items() if _within(other, span))]
    return [
        place
        for place, (first, last) in enumerate(spans)
        if (first, last) in near or any(first <= other[1] and other[0] <= last for other in heard)
    ]


def _within(one: Span, other: Span) -> bool:
    return other[0] <= one[0] and one[1] <= other[1]
