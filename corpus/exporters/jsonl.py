"""Writes debunks as JSON Lines: one object a line, with the fields of `Debunk` that differ from their defaults."""

from collections.abc import Iterable
from typing import TextIO

from corpus.model import Debunk


def write(debunks: Iterable[Debunk], out: TextIO) -> None:
    """Write the debunks as they come; the importer of JSON Lines reads equal ones."""
    for debunk in debunks:
        out.write(debunk.model_dump_json(exclude_defaults=True) + "\n")
