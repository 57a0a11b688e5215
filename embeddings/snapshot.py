"""Snapshot: an immutable folder that holds all a worker answers from, of one corpus revision and one encoder.

    snapshots/
      current                        names the snapshot in use; replaced in one step
      <fingerprint>/<revision>/
        manifest.json                what is in here, with the sha256 of each other file and of itself
        vectors.faiss                one vector a passage, keyed by the passage's place in passages.jsonl
        passages.jsonl               owner, kind, text, lang of each passage
        documents.jsonl              [owner, document] a line: what is shown of an owner
        examples.jsonl, examples.npy texts of which it is known whose they are or that they are nobody's, and their rows
        words/                       the index of words over the same passages

An owner is an id, a document is any JSON object: nothing here knows what they mean.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from embeddings.encoder import Encoder
from embeddings.errors import EmbeddingsError, FingerprintMismatch, IndexRefused, SnapshotDamaged, SnapshotMissing
from embeddings.examples import Example, Examples
from embeddings.index import VectorIndex
from embeddings.vectors import Vectors
from embeddings.words import WordIndex

FORMAT = 2
KEPT = 3  # the current one, and those that a worker may be about to load
CURRENT, MANIFEST = "current", "manifest.json"
VECTORS, PASSAGES, DOCUMENTS = "vectors.faiss", "passages.jsonl", "documents.jsonl"
EXAMPLES, EXAMPLE_ROWS, WORDS = "examples.jsonl", "examples.npy", "words"
REBUILD = "run `python -m scripts.build_snapshot` to make it anew"


@dataclass(frozen=True)
class Passage:
    """A text with a vector of its own: whose it is, which kind of text, and its language."""

    owner: str
    kind: str
    text: str
    lang: str


@dataclass(frozen=True)
class Manifest:
    """What a snapshot holds and what it was made with.

    `recipe` numbers the way that passages were made and encoded: vectors of another recipe are not comparable.
    `examples_sha256` names the texts, languages and owners of the examples, `files` gives the sha256 of each file.
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


@dataclass(frozen=True)
class Snapshot:
    """A loaded snapshot; `passages[key]` is the passage of the index's vector `key`."""

    folder: Path
    manifest: Manifest
    index: VectorIndex
    passages: Sequence[Passage]
    documents: Mapping[str, dict[str, Any]]
    examples: Examples
    words: WordIndex

    def check_encoder(self, encoder: Encoder) -> None:
        """Raise FingerprintMismatch unless this encoder made the vectors."""
        if encoder.fingerprint != self.manifest.encoder_fingerprint:
            raise FingerprintMismatch(
                f"{self.folder}: met encoder {encoder.name}@{encoder.fingerprint}, expected"
                f" {self.manifest.encoder_name}@{self.manifest.encoder_fingerprint}; {REBUILD}"
            )


def write_snapshot(
    root: Path,
    encoder: Encoder,
    corpus: tuple[str, int, int],
    index: VectorIndex,
    passages: Sequence[Passage],
    documents: Mapping[str, dict[str, Any]],
    examples: Examples,
) -> Path:
    """Write the folder beside its place, rename it into place, and return it; `current` stays as it is.

    `corpus` is the id and the revision of what was read, and the recipe by which it became passages and vectors.
    The index of words is made here, of the passages as they are.
    """
    corpus_id, corpus_revision, recipe = corpus
    folder = root / encoder.fingerprint / str(corpus_revision)
    draft = root / f".draft-{uuid.uuid4().hex}"
    draft.mkdir(parents=True)
    try:
        index.save(draft / VECTORS)
        _write_lines(draft / PASSAGES, map(asdict, passages))
        _write_lines(draft / DOCUMENTS, documents.items())
        _write_lines(draft / EXAMPLES, map(asdict, examples.texts))
        np.save(draft / EXAMPLE_ROWS, examples.rows, allow_pickle=False)
        WordIndex.build([(passage.text, passage.lang) for passage in passages]).save(draft / WORDS)
        manifest = Manifest(
            format=FORMAT,
            encoder_name=encoder.name,
            encoder_fingerprint=encoder.fingerprint,
            dimensions=encoder.dimensions,
            corpus_id=corpus_id,
            corpus_revision=corpus_revision,
            recipe=recipe,
            index_kind=index.kind,
            passages=len(passages),
            documents=len(documents),
            examples_sha256=examples_sha256(examples.texts),
            built_at=datetime.now(UTC).isoformat(timespec="seconds"),
            files={path.relative_to(draft).as_posix(): _sha256(path) for path in _files(draft)},
        )
        (draft / MANIFEST).write_text(_sealed(asdict(manifest)), encoding="utf-8")
        _sync(draft)
        _take_place(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def make_current(root: Path, folder: Path) -> None:
    """Have `current` name this snapshot, in one step that no reader can see half of."""
    draft = root / f".{CURRENT}-{uuid.uuid4().hex}"
    draft.write_text(f"{folder.relative_to(root)}\n", encoding="utf-8")
    _sync_file(draft)
    draft.replace(root / CURRENT)
    _sync_folder(root)


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
    """Delete what no worker needs: drafts that a killed builder left, and all but the newest KEPT snapshots.

    Call it only while no other process builds. A loaded snapshot lies in memory and needs its folder no more.
    """
    for left_over in [*root.glob(".draft-*"), *root.glob(".old-*")]:
        shutil.rmtree(left_over, ignore_errors=True)
    for left_over in root.glob(f".{CURRENT}-*"):
        left_over.unlink(missing_ok=True)
    current = current_folder(root)
    others = [path.parent for path in root.glob(f"*/*/{MANIFEST}") if path.parent != current]
    others.sort(key=lambda folder: (folder / MANIFEST).stat().st_mtime, reverse=True)
    for folder in others[KEPT - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)


def load_snapshot(folder: Path) -> Snapshot:
    """Return the snapshot of the folder, every file checked; raises SnapshotDamaged."""
    manifest = read_manifest(folder)
    for name, expected in manifest.files.items():
        try:
            met = _sha256(folder / name)
        except OSError as error:
            raise SnapshotDamaged(f"{folder / name} cannot be read ({error.strerror}); {REBUILD}") from error
        if met != expected:
            raise SnapshotDamaged(
                f"{folder / name} is truncated or altered: met sha256 {met}, expected {expected}; {REBUILD}"
            )
    try:
        index = VectorIndex.load(folder / VECTORS, manifest.index_kind)
        words = WordIndex.load(folder / WORDS)
    except IndexRefused as error:
        raise SnapshotDamaged(f"{error}; {REBUILD}") from error
    passages = [Passage(**fields) for fields in _read_lines(folder / PASSAGES)]
    texts = [Example(**fields) for fields in _read_lines(folder / EXAMPLES)]
    examples = Examples(texts, np.load(folder / EXAMPLE_ROWS, allow_pickle=False))
    return Snapshot(folder, manifest, index, passages, dict(_read_lines(folder / DOCUMENTS)), examples, words)


def read_manifest(folder: Path) -> Manifest:
    """Return what the snapshot of the folder holds, its other files unread; raises SnapshotDamaged."""
    path = folder / MANIFEST
    try:
        sealed = json.loads(path.read_text(encoding="utf-8"))
        fields, seal = sealed["content"], sealed["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SnapshotDamaged(f"{path} is truncated or altered ({type(error).__name__}); {REBUILD}") from error
    if seal != _seal(fields):
        raise SnapshotDamaged(f"{path} is altered: its content has not the sha256 that it states; {REBUILD}")
    if fields.get("format") != FORMAT:
        raise SnapshotDamaged(f"{path}: met format {fields.get('format')!r}, expected {FORMAT}; {REBUILD}")
    return Manifest(**fields)


def examples_sha256(examples: Iterable[Example]) -> str:
    """Return a digest of the examples' texts, languages and owners, in order."""
    lines = [[example.text, example.lang, example.owner] for example in examples]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def vectors_by_passage(root: Path, encoder: Encoder, recipe: int) -> dict[Passage, Vectors]:
    """Return what the current snapshot already encoded with this encoder by this recipe, to encode only what is new.

    Examples are in it as passages that `example_passage` makes. Empty when there is no such snapshot, or a damaged one.
    """
    try:
        snapshot = load_snapshot(current_folder(root))
        snapshot.check_encoder(encoder)
    except EmbeddingsError:
        return {}
    if snapshot.manifest.recipe != recipe:
        return {}
    rows = snapshot.index.vectors(range(len(snapshot.passages)))
    known = dict(zip(snapshot.passages, rows, strict=True))
    known.update(zip(map(example_passage, snapshot.examples.texts), snapshot.examples.rows, strict=True))
    return known


def example_passage(example: Example) -> Passage:
    """Return the passage that an example's vector is known by, whoever owns it."""
    return Passage("", "example", example.text, example.lang)


def _sealed(fields: dict[str, Any]) -> str:
    return json.dumps({"content": fields, "sha256": _seal(fields)}, indent=2) + "\n"


def _seal(fields: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _write_lines(path: Path, records: Iterable[Any]) -> None:
    with path.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _read_lines(path: Path) -> Iterable[Any]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _take_place(draft: Path, folder: Path) -> None:
    """Rename the draft into place; what stood there (a damaged snapshot, say) goes away."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if folder.exists():
        old = draft.with_name(f".old-{uuid.uuid4().hex}")
        folder.rename(old)
        draft.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    else:
        draft.rename(folder)
    _sync_folder(folder.parent)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sync(folder: Path) -> None:
    for path in _files(folder):
        _sync_file(path)
    _sync_folder(folder)


def _sync_file(path: Path) -> None:
    with path.open("rb") as content:
        os.fsync(content.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
