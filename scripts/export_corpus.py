"""Writes the corpus, or a part of it, as JSON Lines, CSV, a feed of ClaimReviews, or one ClaimReview a line."""

import argparse
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tqdm import tqdm

from corpus.exporting import EXPORTERS
from corpus.model import Debunk
from scripts.terminal import DONE, parser, run, tell
from service.settings import Settings
from service.wiring import open_store

STANDARD_OUTPUT = "-"


def main() -> int:
    """Export what the arguments choose; return the exit code."""
    arguments = _parser().parse_args()
    count = 0

    def counted(debunks: Iterable[Debunk]) -> Iterator[Debunk]:
        nonlocal count
        for debunk in debunks:
            count += 1
            yield debunk

    with open_store(Settings.from_environment()) as store, _opened(arguments.output) as out:
        chosen = _chosen(store.debunks(arguments.revision), arguments.tag, arguments.lang)
        progress = tqdm(counted(chosen), unit=" debunks", file=sys.stderr, disable=None)
        EXPORTERS[arguments.format].write(progress, out)
    tell(f"wrote {count} debunks")
    return DONE


def _parser() -> argparse.ArgumentParser:
    options = parser("export_corpus", __doc__ or "")
    options.add_argument("--format", choices=EXPORTERS, default="jsonl", help="jsonl and csv can be imported again")
    options.add_argument(
        "--output", metavar="FILE", default=STANDARD_OUTPUT, help="write to a file, whole or not at all"
    )
    options.add_argument("--tag", action="append", default=[], metavar="TAG", help="only those with one of these tags")
    options.add_argument("--lang", metavar="LANG", help="only those in this language; en takes en-GB too")
    options.add_argument("--revision", type=int, metavar="N", help="the corpus as it was then; the newest when absent")
    return options


def _chosen(debunks: Iterable[Debunk], tags: Collection[str], lang: str | None) -> Iterator[Debunk]:
    for debunk in debunks:
        if (not tags or set(tags) & set(debunk.tags)) and (lang is None or _is_in(debunk.lang, lang)):
            yield debunk


def _is_in(tag: str, lang: str) -> bool:
    return f"{tag}-".lower().startswith(f"{lang}-".lower())


@contextmanager
def _opened(name: str) -> Iterator[TextIO]:
    """Give a stream in UTF-8 that leaves line ends alone; a file takes the place of an old one once it is whole."""
    if name == STANDARD_OUTPUT:
        with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as out:
            yield out
        return
    draft = Path(f"{name}.{os.getpid()}.draft")
    try:
        with draft.open("w", encoding="utf-8", newline="") as out:
            yield out
        draft.replace(name)
    finally:
        draft.unlink(missing_ok=True)


if __name__ == "__main__":
    run(main)
