"""Segment: a part of a snapshot that is written once and never changed: some owners, with all that is held of each.

    segments/<name>/
      owners.jsonl      the owners, by id
      documents.jsonl   what is shown of each owner
      first.npy         owner o has the passages first[o] to first[o + 1] - 1
      passages.jsonl    [owner, kind, text, lang] of each passage
      vectors.faiss     a vector for each passage, keyed by its place
      words/            the postings of the passages
      wordings/         which passages say a text, word for word
      names/            which owners go by a name, whatever a name is: an address, say
      marks.jsonl       [owner, marks] of each that has any: what must be known of all owners at once

Whoever changes an owner writes it into a new segment, and has the snapshot say that it is dead in the old one.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.errors import IndexRefused, SnapshotDamaged
from embeddings.index import Ints, VectorIndex
from embeddings.lines import Lines, line_of, write_lines
from embeddings.lookup import Lookup
from embeddings.passage import Passage
from embeddings.postings import Postings
from embeddings.vectors import Vectors
from embeddings.words import terms

SEGMENTS = "segments"
OWNERS, DOCUMENTS, FIRST = "owners.jsonl", "documents.jsonl", "first.npy"
PASSAGES, VECTORS, WORDS, WORDINGS = "passages.jsonl", "vectors.faiss", "words", "wordings"
NAMES, MARKS = "names", "marks.jsonl"
OWNERS_AT_ONCE = 4096  # a parser holds up every other thread for as long as it takes
REBUILD = "run `python -m scripts.build_snapshot` to make it anew"


@dataclass(frozen=True)
class Entry:
    """All that is held of one owner: what is shown of it, its passages, and a row for each of them.

    `document` is a line of JSON, as `line_of` gives it; `wordings` are the texts that each passage says, word for word,
    `names` those that the owner goes by, `marks` what must be known of it without its document.
    """

    owner: str
    document: bytes
    passages: Sequence[Passage]
    rows: Vectors
    wordings: Sequence[Collection[str]]
    names: Collection[str] = ()
    marks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SegmentRecord:
    """What a manifest says of a segment: where it lies, what it holds, its files' sha256, and who is dead in it."""

    name: str
    index_kind: str
    owners: int
    passages: int
    mean_length: float
    files: Mapping[str, str]
    dead: Sequence[str] = ()


@dataclass(frozen=True)
class Content:
    """What a segment is written from, its owners by id."""

    owners: Sequence[str]
    documents: Sequence[bytes]
    first: Ints
    passages: Sequence[bytes]
    rows: Vectors
    postings: Postings
    wordings: Lookup
    names: Lookup
    marks: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Segment:
    """A loaded segment; a passage's key is its place among the segment's passages."""

    name: str
    folder: Path
    owners: Sequence[str]
    first: Ints
    passages: Lines
    index: VectorIndex
    postings: Postings
    wordings: Lookup
    names: Lookup
    marks: Mapping[str, Mapping[str, Any]]
    held_documents: Lines | None

    @cached_property
    def places(self) -> dict[str, int]:
        """Return the place of each owner."""
        return dict(zip(self.owners, range(len(self.owners)), strict=True))

    @property
    def documents(self) -> Lines:
        """Return the documents, read again where they were not loaded."""
        if self.held_documents is not None:
            return self.held_documents
        return Lines((self.folder / DOCUMENTS).read_bytes())

    def keys(self, owner: str) -> range:
        """Return the keys of an owner that is in here."""
        place = self.places[owner]
        return range(int(self.first[place]), int(self.first[place + 1]))

    def keys_of_all(self, owners: Collection[str]) -> Ints:
        """Return the keys of several owners, ascending."""
        is_theirs = np.zeros(len(self.owners), dtype=bool)
        is_theirs[np.fromiter(map(self.places.__getitem__, owners), dtype=np.int64, count=len(owners))] = True
        return np.flatnonzero(np.repeat(is_theirs, np.diff(self.first))).astype(np.int64)

    def passage(self, key: int) -> Passage:
        """Return one passage."""
        return Passage(*self.passages[key])

    def owner(self, key: int) -> str:
        """Return whose a passage is."""
        return self.owners[int(np.searchsorted(self.first, key, side="right")) - 1]


def content_of(entries: Iterable[Entry], dimensions: int) -> Content:
    """Return what a segment of these entries holds."""
    ordered = sorted(entries, key=lambda entry: entry.owner)
    passages = [passage for entry in ordered for passage in entry.passages]
    rows = [entry.rows for entry in ordered if len(entry.rows)]
    return Content(
        [entry.owner for entry in ordered],
        [entry.document for entry in ordered],
        np.cumsum([0, *(len(entry.passages) for entry in ordered)], dtype=np.int64),
        [line_of([passage.owner, passage.kind, passage.text, passage.lang]) for passage in passages],
        np.concatenate(rows) if rows else np.zeros((0, dimensions), dtype=np.float32),
        Postings.build([terms(passage.text, passage.lang) for passage in passages]),
        Lookup.build([said for entry in ordered for said in entry.wordings]),
        Lookup.build([entry.names for entry in ordered]),
        {entry.owner: entry.marks for entry in ordered if entry.marks},
    )


def merged(segments: Sequence[Segment], dead: Sequence[Collection[str]]) -> Content:
    """Return what one segment instead of several holds, the owners that are dead in them left out.

    Nothing is encoded or parsed. One that many owners are in takes seconds, most of them outside of Python.
    """
    left_out = [frozenset(owners) for owners in dead]
    living = sorted(
        (owner, part, place)
        for part, segment in enumerate(segments)
        for place, owner in enumerate(segment.owners)
        if owner not in left_out[part]
    )
    documents = [segment.documents for segment in segments]
    new_places = [np.full(len(segment.owners), -1, dtype=np.int64) for segment in segments]
    for new, (_, part, place) in enumerate(living):
        new_places[part][place] = new
    origins = [(part, key) for owner, part, _ in living for key in segments[part].keys(owner)]
    new_keys = [np.full(len(segment.passages), -1, dtype=np.int64) for segment in segments]
    for new, (part, key) in enumerate(origins):
        new_keys[part][key] = new
    marks = [(owner, segments[part].marks.get(owner)) for owner, part, _ in living]
    return Content(
        [owner for owner, _, _ in living],
        [documents[part].raw(place) for _, part, place in living],
        np.cumsum([0, *(len(segments[part].keys(owner)) for owner, part, _ in living)], dtype=np.int64),
        [segments[part].passages.raw(key) for part, key in origins],
        _rows(segments, new_keys, len(origins)),
        Postings.merged([segment.postings for segment in segments], new_keys),
        Lookup.merged([segment.wordings for segment in segments], new_keys),
        Lookup.merged([segment.names for segment in segments], new_places),
        {owner: marked for owner, marked in marks if marked},
    )


def write_segment(folder: Path, content: Content, index_kind: str) -> SegmentRecord:
    """Write a segment below a folder, under a new name, whole or not at all, and return its record."""
    name = uuid.uuid4().hex
    draft = folder / SEGMENTS / f".draft-{name}"
    draft.mkdir(parents=True)
    try:
        write_lines(draft / OWNERS, map(line_of, content.owners))
        write_lines(draft / DOCUMENTS, content.documents)
        np.save(draft / FIRST, content.first, allow_pickle=False)
        write_lines(draft / PASSAGES, content.passages)
        index = VectorIndex(content.rows.shape[1], index_kind)
        index.put(range(len(content.rows)), content.rows)
        index.save(draft / VECTORS)
        content.postings.save(draft / WORDS)
        content.wordings.save(draft / WORDINGS)
        content.names.save(draft / NAMES)
        write_lines(draft / MARKS, map(line_of, content.marks.items()))
        files = sha256_of_files(draft)
        sync(draft)
        draft.rename(folder / SEGMENTS / name)
        sync_folder(folder / SEGMENTS)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    mean_length = content.postings.mean_length
    return SegmentRecord(name, index_kind, len(content.owners), len(content.passages), mean_length, files)


def load_segment(folder: Path, record: SegmentRecord, *, documents: bool = True) -> Segment:
    """Return the segment of a record, every file checked; `documents` False leaves these on the disk.

    Raises SnapshotDamaged.
    """
    lies = folder / SEGMENTS / record.name
    check_files(lies, record.files)
    try:
        return Segment(
            record.name,
            lies,
            _owners((lies / OWNERS).read_bytes()),
            np.load(lies / FIRST, allow_pickle=False),
            Lines((lies / PASSAGES).read_bytes()),
            VectorIndex.load(lies / VECTORS, record.index_kind),
            Postings.load(lies / WORDS),
            Lookup.load(lies / WORDINGS),
            Lookup.load(lies / NAMES),
            dict(Lines((lies / MARKS).read_bytes())),
            Lines((lies / DOCUMENTS).read_bytes()) if documents else None,
        )
    except (IndexRefused, OSError, ValueError) as error:
        raise SnapshotDamaged(f"{lies}: {error}; {REBUILD}") from error


def check_files(folder: Path, files: Mapping[str, str]) -> None:
    """Raise SnapshotDamaged unless each file has its sha256."""
    for name, expected in files.items():
        try:
            met = sha256(folder / name)
        except OSError as error:
            raise SnapshotDamaged(f"{folder / name} cannot be read ({error.strerror}); {REBUILD}") from error
        if met != expected:
            raise SnapshotDamaged(
                f"{folder / name} is truncated or altered: met sha256 {met}, expected {expected}; {REBUILD}"
            )


def sha256_of_files(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file below a folder, by its name from there."""
    return {path.relative_to(folder).as_posix(): sha256(path) for path in _files(folder)}


def sha256(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def sync(folder: Path) -> None:
    """Have all files below a folder on the disk before anything names them."""
    for path in _files(folder):
        sync_file(path)
    sync_folder(folder)


def sync_file(path: Path) -> None:
    """Have a file on the disk."""
    with path.open("rb") as content:
        os.fsync(content.fileno())


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _rows(segments: Sequence[Segment], new_keys: Sequence[Ints], passages: int) -> Vectors:
    rows = np.zeros((passages, segments[0].index.dimensions), dtype=np.float32)
    for segment, new in zip(segments, new_keys, strict=True):
        kept = np.flatnonzero(new >= 0)
        rows[new[kept]] = segment.index.vectors(kept)
    return rows


def _owners(content: bytes) -> list[str]:
    lines = Lines(content)
    owners: list[str] = []
    for start in range(0, len(lines), OWNERS_AT_ONCE):
        some = range(start, min(start + OWNERS_AT_ONCE, len(lines)))
        owners += json.loads(b"[" + b",".join(map(lines.raw, some)) + b"]")
    return owners
