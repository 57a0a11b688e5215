"""Word for word: the texts that a passage says, as claims are compared with them."""

from functools import lru_cache

from corpus.wording import wording
from embeddings.passage import Passage
from service.matching.claims import plainly
from service.matching.shelf import WORDINGS

# written down and encoded a moment apart, and spelling takes a third of a millisecond
spelt_plainly = lru_cache(maxsize=1 << 14)(plainly)


def wordings_of(passage: Passage) -> frozenset[str]:
    """Return the wordings that a passage of a myth has, as it was written and plainly spelt; a fact has none."""
    if passage.kind not in WORDINGS:
        return frozenset()
    return frozenset({wording(passage.text), wording(spelt_plainly(passage.text))} - {""})
