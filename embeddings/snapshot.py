"""Snapshot: what a worker answers from, of one corpus revision and one encoder; immutable folders hold it.

    snapshots/
      current                          names the snapshot in use; replaced in one step
      <fingerprint>/
        <revision>-<8 hex>/manifest.json   its segments and examples, the sha256 of every file and of itself
        segments/<name>/               see embeddings/segment.py; many snapshots share a segment
        examples/<name>/               texts of which it is known whose they are or that they are nobody's
          examples.jsonl, examples.npy

An owner is an id, a document is any JSON object: nothing here knows what they mean.
"""

import hashlib
import json
import shutil
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.encoder import Encoder
from embeddings.errors import FingerprintMismatch, SnapshotDamaged, SnapshotMissing, SnapshotOutdated
from embeddings.examples import Example, Examples
from embeddings.index import VectorIndex
from embeddings.joined import Joined, JoinedDocuments, JoinedKeys, JoinedPassages
from embeddings.joined_index import IndexPart, JoinedIndex
from embeddings.lines import Lines, line_of, write_lines
from embeddings.passage import Passage as Passage
from embeddings.segment import (
    REBUILD,
    SEGMENTS,
    Segment,
    SegmentRecord,
    check_files,
    load_segment,
    sha256_of_files,
    sync,
    sync_file,
    sync_folder,
)
from embeddings.words import WordIndex, WordPart

FORMAT = 3
KEPT = 3  # the current one, and those that a worker may be about to load
KEPT_SECONDS = 60.0  # so long at least: where snapshots follow fast, a worker may be loading one of many before
CURRENT, MANIFEST = "current", "manifest.json"
EXAMPLES_FOLDER, EXAMPLES, EXAMPLE_ROWS = "examples", "examples.jsonl", "examples.npy"
DRAFT = ".draft-"


@dataclass(frozen=True)
class Manifest:
    """What a snapshot holds and what it was made with.

    `recipe` numbers the way that passages were made and encoded: vectors of another recipe are not comparable.
    `passages` and `documents` count what is not dead. It holds the corpus as it was at `corpus_revision`, but for the
    owners `ahead`, which it holds as a later revision wrote them. `examples_sha256` names the texts, languages and
    owners of the examples, `examples` their folder and `files` the sha256 of what lies there.
    """

    format: int
    encoder_name: str
    encoder_fingerprint: str
    dimensions: int
    corpus_id: str
    corpus_revision: int
    recipe: int
    index_kind: str
    passages: int
    documents: int
    examples_sha256: str
    built_at: str
    files: Mapping[str, str]
    examples: str = ""
    mean_length: float = 1.0  # of a passage, in terms, as every segment's BM25 takes it
    segments: Sequence[SegmentRecord] = ()
    ahead: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """A loaded snapshot; `passages[key]` is the passage of the index's vector `key`.

    Passages whose owner is dead, because it was removed or changed, are still there, and neither index finds them.
    """

    folder: Path
    manifest: Manifest
    index: VectorIndex | JoinedIndex
    passages: Sequence[Passage]
    documents: Mapping[str, dict[str, Any]]
    examples: Examples
    words: WordIndex
    joined: Joined | None = None  # None: it was put together by hand
    word_parts: Mapping[str, WordPart] = field(default_factory=dict)
    said_by_hand: dict[str, set[str]] = field(default_factory=dict)
    kept: OrderedDict[Any, Any] = field(
        default_factory=OrderedDict
    )  # by readers; the next one has it, if examples stay

    def check_encoder(self, encoder: Encoder) -> None:
        """Raise FingerprintMismatch unless this encoder made the vectors."""
        if encoder.fingerprint != self.manifest.encoder_fingerprint:
            raise FingerprintMismatch(
                f"{self.folder}: met encoder {encoder.name}@{encoder.fingerprint}, expected"
                f" {self.manifest.encoder_name}@{self.manifest.encoder_fingerprint}; {REBUILD}"
            )

    @cached_property
    def keys(self) -> Mapping[str, Sequence[int]]:
        """Return the keys of the passages of each owner that is not dead."""
        if self.joined is not None:
            return JoinedKeys(self.joined)
        keys: dict[str, list[int]] = {}
        for key, passage in enumerate(self.passages):
            keys.setdefault(passage.owner, []).append(key)
        return keys

    def version(self, owner: str) -> tuple[str, int]:
        """Return what an owner has in another snapshot too as long as its passages and their keys are the same."""
        if self.joined is None:
            return owner, -1
        part = self.joined.part_of(owner)
        if part is None:
            raise KeyError(owner)
        return f"{self.joined.segments[part].name}/{owner}", self.joined.starts[part]

    def owner(self, key: int) -> str:
        """Return whose a passage is, without parsing it."""
        if self.joined is None:
            return self.passages[key].owner
        segment, local = self.joined.at(key)
        return segment.owner(local)

    @cached_property
    def marks(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the marks of each owner that has any and is not dead; by hand, the documents stand for them."""
        if self.joined is None:
            return self.documents
        return {owner: marks for marked in self.joined.marks() for owner, marks in marked}

    def owners_saying(self, text: str, wordings_of: Callable[[Passage], Iterable[str]]) -> frozenset[str]:
        """Return the owners that are not dead of which a passage says the text, word for word.

        A built snapshot has a table of that. One that was put together by hand is gone through once with `wordings_of`.
        """
        if self.joined is None:
            if not self.said_by_hand:
                for passage in self.passages:
                    for said in wordings_of(passage):
                        self.said_by_hand.setdefault(said, set()).add(passage.owner)
            return frozenset(self.said_by_hand.get(text, ()))
        return frozenset(self.joined.saying(text))

    def owners_named(self, name: str, names_of: Callable[[Mapping[str, Any]], Iterable[str]]) -> frozenset[str]:
        """Return the owners that are not dead and go by the name; by hand, `names_of` reads them from the documents."""
        if self.joined is None:
            return frozenset(owner for owner, document in self.documents.items() if name in names_of(document))
        return frozenset(self.joined.named(name))


def write_examples(folder: Path, examples: Examples) -> tuple[str, dict[str, str]]:
    """Write examples below a folder, under a new name, and return the name and the files' sha256."""
    name = uuid.uuid4().hex
    draft = folder / EXAMPLES_FOLDER / f"{DRAFT}{name}"
    draft.mkdir(parents=True)
    try:
        write_lines(draft / EXAMPLES, (line_of([text.text, text.lang, text.owner]) for text in examples.texts))
        np.save(draft / EXAMPLE_ROWS, examples.rows, allow_pickle=False)
        files = sha256_of_files(draft)
        sync(draft)
        draft.rename(folder / EXAMPLES_FOLDER / name)
        sync_folder(folder / EXAMPLES_FOLDER)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return name, files


def write_manifest(root: Path, manifest: Manifest) -> Path:
    """Write a snapshot of segments and examples that lie there already; return its folder. `current` stays as it is."""
    above = root / manifest.encoder_fingerprint
    folder = above / f"{manifest.corpus_revision}-{uuid.uuid4().hex[:8]}"
    draft = root / f"{DRAFT}{uuid.uuid4().hex}"
    draft.mkdir(parents=True)
    try:
        (draft / MANIFEST).write_text(_sealed(asdict(manifest)), encoding="utf-8")
        sync(draft)
        above.mkdir(parents=True, exist_ok=True)
        draft.rename(folder)
        sync_folder(above)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def manifest_of(
    encoder: Encoder,
    corpus: tuple[str, int, int],
    index_kind: str,
    examples: Examples,
    written: tuple[str, Mapping[str, str]],
    segments: Sequence[SegmentRecord],
) -> Manifest:
    """Return the manifest of a snapshot whose first segments those are, nobody dead in them.

    `corpus` is the id and the revision of what was read, and the recipe by which it became passages and vectors;
    `written` is where `write_examples` put the examples.
    """
    corpus_id, corpus_revision, recipe = corpus
    return Manifest(
        format=FORMAT,
        encoder_name=encoder.name,
        encoder_fingerprint=encoder.fingerprint,
        dimensions=encoder.dimensions,
        corpus_id=corpus_id,
        corpus_revision=corpus_revision,
        recipe=recipe,
        index_kind=index_kind,
        passages=sum(record.passages for record in segments),
        documents=sum(record.owners for record in segments),
        examples_sha256=examples_sha256(examples.texts),
        built_at=now(),
        files=written[1],
        examples=written[0],
        mean_length=segments[0].mean_length if segments else 1.0,
        segments=tuple(segments),
    )


def now() -> str:
    """Return the time as manifests have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def make_current(root: Path, folder: Path) -> None:
    """Have `current` name this snapshot, in one step that no reader can see half of."""
    draft = root / f".{CURRENT}-{uuid.uuid4().hex}"
    draft.write_text(f"{folder.relative_to(root)}\n", encoding="utf-8")
    sync_file(draft)
    draft.replace(root / CURRENT)
    sync_folder(root)


def current_folder(root: Path) -> Path:
    """Return the folder that `current` names; raises SnapshotMissing or SnapshotDamaged."""
    try:
        name = (root / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise SnapshotMissing(f"there is no snapshot in {root} yet; run `python -m scripts.build_snapshot`") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SnapshotDamaged(f"{root / CURRENT} cannot be read ({error}); {REBUILD}") from error
    folder = root / name
    if not name or not folder.is_dir():
        raise SnapshotDamaged(f"{root / CURRENT} names {name!r}, and there is no such folder; {REBUILD}")
    return folder


def prune(root: Path) -> None:
    """Delete what no worker needs: drafts that a killed builder left, old snapshots, and what none that stays names.

    The newest KEPT stay, and what is younger than KEPT_SECONDS. Call it only while no other process builds. A loaded
    snapshot lies in memory and needs its folders no more.
    """
    for left_over in [*root.glob(f"{DRAFT}*"), *root.glob(f"*/*/{DRAFT}*"), *root.glob(".old-*")]:
        shutil.rmtree(left_over, ignore_errors=True)
    for left_over in root.glob(f".{CURRENT}-*"):
        left_over.unlink(missing_ok=True)
    current = current_folder(root)
    others = [path.parent for path in root.glob(f"*/*/{MANIFEST}") if path.parent != current]
    others.sort(key=_written_at, reverse=True)
    young = time.time() - KEPT_SECONDS
    old = [folder for folder in others[KEPT - 1 :] if _written_at(folder) < young]
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    _prune_parts(root, [current, *(folder for folder in others if folder not in old)])


def load_snapshot(folder: Path, previous: Snapshot | None = None, *, documents: bool = True) -> Snapshot:
    """Return the snapshot of the folder, every file checked that is read; raises SnapshotDamaged.

    What the previous one holds of it is taken from there, neither read nor checked again. Without `documents`,
    these are read whenever they are asked for.
    """
    manifest = read_manifest(folder)
    held = {} if previous is None or previous.joined is None else {s.name: s for s in previous.joined.segments}
    segments = [
        held.get(record.name) or load_segment(folder.parent, record, documents=documents)
        for record in manifest.segments
    ]
    if previous is not None and previous.manifest.examples == manifest.examples:
        examples = previous.examples
    else:
        examples = load_examples(folder.parent / EXAMPLES_FOLDER / manifest.examples, manifest.files)
    return _joined(folder, manifest, segments, examples, previous)


def _joined(
    folder: Path, manifest: Manifest, segments: Sequence[Segment], examples: Examples, previous: Snapshot | None
) -> Snapshot:
    joined = Joined(segments, [record.dead for record in manifest.segments])
    dead = [joined.dead_keys(part) for part in range(len(segments))]
    parts = {} if previous is None or previous.manifest.mean_length != manifest.mean_length else previous.word_parts
    words = {
        segment.name: parts[segment.name].without(keys)
        if segment.name in parts
        else WordPart.of(segment.postings, manifest.mean_length, keys)
        for segment, keys in zip(segments, dead, strict=True)
    }
    index = JoinedIndex(
        manifest.dimensions,
        manifest.index_kind,
        [IndexPart(segment.index, keys) for segment, keys in zip(segments, dead, strict=True)],
    )
    passages, documents = JoinedPassages(joined), JoinedDocuments(joined)
    kept = previous.kept if previous is not None and previous.examples is examples else OrderedDict()
    joined_words = WordIndex([*words.values()])
    return Snapshot(folder, manifest, index, passages, documents, examples, joined_words, joined, words, {}, kept)


def load_examples(folder: Path, files: Mapping[str, str]) -> Examples:
    """Return the examples of the folder, every file checked; raises SnapshotDamaged."""
    check_files(folder, files)
    texts = [Example(*fields) for fields in Lines((folder / EXAMPLES).read_bytes())]
    return Examples(texts, np.load(folder / EXAMPLE_ROWS, allow_pickle=False))


def read_manifest(folder: Path) -> Manifest:
    """Return what the snapshot of the folder holds, its other files unread.

    Raises SnapshotDamaged, or SnapshotOutdated where another version wrote it.
    """
    path = folder / MANIFEST
    try:
        sealed = json.loads(path.read_text(encoding="utf-8"))
        fields, seal = sealed["content"], sealed["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SnapshotDamaged(f"{path} is truncated or altered ({type(error).__name__}); {REBUILD}") from error
    if seal != _seal(fields):
        raise SnapshotDamaged(f"{path} is altered: its content has not the sha256 that it states; {REBUILD}")
    if fields.get("format") != FORMAT:
        raise SnapshotOutdated(f"{path}: met format {fields.get('format')!r}, expected {FORMAT}; {REBUILD}")
    segments = tuple(SegmentRecord(**record) for record in fields.pop("segments"))
    return Manifest(**fields, segments=segments)


def examples_sha256(examples: Iterable[Example]) -> str:
    """Return a digest of the examples' texts, languages and owners, in order."""
    lines = [[example.text, example.lang, example.owner] for example in examples]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def _sealed(fields: dict[str, Any]) -> str:
    return json.dumps({"content": fields, "sha256": _seal(fields)}, indent=1) + "\n"


def _seal(fields: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _written_at(folder: Path) -> float:
    return (folder / MANIFEST).stat().st_mtime


def _prune_parts(root: Path, kept: Iterable[Path]) -> None:
    """Delete the segments and examples that none of the kept snapshots names; one that is unreadable names none."""
    named = set[Path]()
    for folder in kept:
        try:
            manifest = read_manifest(folder)
        except SnapshotDamaged:
            continue
        named.add(folder.parent / EXAMPLES_FOLDER / manifest.examples)
        named.update(folder.parent / SEGMENTS / record.name for record in manifest.segments)
    for path in [*root.glob(f"*/{SEGMENTS}/*"), *root.glob(f"*/{EXAMPLES_FOLDER}/*")]:
        if path not in named:
            shutil.rmtree(path, ignore_errors=True)
