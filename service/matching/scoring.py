"""Decisions: from the evidence for a candidate to match or no match.

As yet one cosine cut-off decides; nothing here is a probability.
"""

from typing import Literal

Decision = Literal["match", "possible", "no_match"]


def decide(cosine: float, match_cosine: float) -> Decision:
    """Return `match` from the cut-off on, else `no_match`."""
    return "match" if cosine >= match_cosine else "no_match"
