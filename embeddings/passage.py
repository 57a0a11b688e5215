"""Passage: a text with a vector of its own."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Passage:
    """A text with a vector of its own: whose it is, which kind of text, and its language."""

    owner: str
    kind: str
    text: str
    lang: str
