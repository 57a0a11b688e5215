"""Claim: one checkable sentence of a text, and where it stood."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """A stretch of the text as it was sent: `text[start:end]`, in code points."""

    text: str
    start: int
    end: int


def extract(text: str) -> list[Claim]:
    """Return the claims of the text, in order: as yet one, the whole text."""
    return [Claim(text, 0, len(text))]
