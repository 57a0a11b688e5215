"""Lessons: what judged posts teach the adapters, each under the myth that it is about or near to."""

import gzip
import hashlib
import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from corpus.importers import jsonl
from corpus.judged import JudgedPost
from corpus.model import Debunk
from corpus.source import open_source
from embeddings.contrastive import Lesson
from embeddings.pair_training import LabelledPair
from service.matching.claims import plainly
from service.matching.stance import PAIR_CLASSES

# what labels of inference sets say of a premise that stands where a post does, and its hypothesis as the myth
PAIR_LABELS = {"entail": "repeats", "paraphrase": "repeats", "contradict": "denies", "neutral": "none"} | {
    "nonparaphrase": "none"
}
MIN_CHARS, MAX_CHARS, MAX_MYTH_CHARS = 5, 400, 300  # of a premise and a hypothesis: as short as posts and myths


def lessons_of(debunks: Sequence[Debunk], posts: Iterable[JudgedPost]) -> list[Lesson]:
    """Return a lesson for each debunk that has posts about it and near misses.

    Denials and reports are about a myth as repetitions are.
    """
    about: dict[str, list[str]] = {debunk.id: [] for debunk in debunks}
    near: dict[str, list[str]] = {debunk.id: [] for debunk in debunks}
    for post in posts:
        if post.debunk_id in about:
            about[post.debunk_id].append(plainly(post.text))
        elif post.near in near:
            near[post.near].append(plainly(post.text))
    return [
        Lesson(
            [plainly(text) for text in (debunk.myth, *(variant.text for variant in debunk.variants))],
            debunk.passages,
            about[debunk.id],
            near[debunk.id],
        )
        for debunk in debunks
        if about[debunk.id] and near[debunk.id]
    ]


def stance_pairs(debunks: Sequence[Debunk], posts: Iterable[JudgedPost]) -> list[LabelledPair]:
    """Return a pair of post and myth for each post that is about a debunk or near to one, labelled by PAIR_CLASSES."""
    myths = {debunk.id: debunk.myth for debunk in debunks}
    pairs = []
    for post in posts:
        debunk_id = post.debunk_id or post.near
        if debunk_id in myths:
            pairs.append(LabelledPair(plainly(post.text), myths[debunk_id], PAIR_CLASSES.index(post.relation)))
    return pairs


def inference_pairs(path: Path) -> list[LabelledPair]:
    """Return the pairs of a file of {premise, hypothesis, label} lines, also gzipped, whose label says a stance."""
    pairs = []
    for fields in map(json.loads, _lines(path)):
        label = PAIR_LABELS.get(fields["label"])
        fits = MIN_CHARS <= len(fields["premise"]) <= MAX_CHARS and len(fields["hypothesis"]) <= MAX_MYTH_CHARS
        if label and fits:
            pairs.append(LabelledPair(fields["premise"], fields["hypothesis"], PAIR_CLASSES.index(label)))
    return pairs


def balanced(pairs: Sequence[LabelledPair], cap: int, draw: random.Random) -> list[LabelledPair]:
    """Return as many pairs of each stance, at most `cap`, and half as many of none: no label is likelier in a source.

    Where a source knows no denials, as many of none as of the others.
    """
    by_label = {number: [pair for pair in pairs if pair.label == number] for number in range(len(PAIR_CLASSES))}
    nothing = by_label.pop(PAIR_CLASSES.index("none"))
    stances = [some for some in by_label.values() if some]
    size = min([cap, *map(len, stances)] if len(stances) > 1 else [cap, len(nothing), *map(len, stances)])
    of_none = min(len(nothing), size // 2 if len(stances) > 1 else size)
    return [pair for some in stances for pair in draw.sample(some, size)] + draw.sample(nothing, of_none)


def read_debunks(path: Path) -> list[Debunk]:
    """Return the debunks of a JSON Lines file."""
    return [debunk for debunk in jsonl.read(open_source(path, {})) if isinstance(debunk, Debunk)]


def files_sha256(paths: Iterable[Path]) -> dict[str, str]:
    """Return the sha256 of each file, by its name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def _lines(path: Path) -> list[str]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [line for line in content.decode("utf-8").split("\n") if line.strip()]
