"""Snapshot: written whole, loaded whole, and refused when anything in it was touched."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from embeddings.encoder import Encoder
from embeddings.errors import FingerprintMismatch, SnapshotDamaged, SnapshotMissing
from embeddings.examples import Example, Examples
from embeddings.index import VectorIndex
from embeddings.snapshot import (
    KEPT,
    Passage,
    current_folder,
    example_passage,
    examples_sha256,
    load_snapshot,
    make_current,
    prune,
    vectors_by_passage,
    write_snapshot,
)
from embeddings.toy import ToyEncoder
from embeddings.words import terms

PASSAGES = [
    Passage("a", "myth", "The bridge was sold.", "en"),
    Passage("a", "fact", "Міст не продано – «ніколи».", "uk"),
    Passage("b", "myth", "The moon is\u2028cheese.", "en"),
]
DOCUMENTS = {"a": {"myth": "The bridge was sold."}, "b": {"myth": "The moon is cheese."}}
EXAMPLES = Examples(
    [Example("Міст продали", "uk", "a"), Example("Bake a cake", "en", None)],
    ToyEncoder().encode_queries(["Міст продали", "Bake a cake"]),
)
FILES = [
    "manifest.json", "vectors.faiss", "passages.jsonl", "documents.jsonl", "examples.jsonl", "examples.npy",
    "words/counts.json", "words/data.csc.index.npy", "words/indices.csc.index.npy", "words/indptr.csc.index.npy",
    "words/params.index.json", "words/vocab.index.json",
]  # fmt: skip


def write(root: Path, revision: int = 1, encoder: Encoder | None = None) -> Path:
    encoder = encoder or ToyEncoder()
    index = VectorIndex(encoder.dimensions)
    index.put(range(3), encoder.encode_passages([passage.text for passage in PASSAGES]))
    return write_snapshot(root, encoder, ("corpus", revision, 1), index, PASSAGES, DOCUMENTS, EXAMPLES)


def test_a_snapshot_is_loaded_as_it_was_written(tmp_path: Path) -> None:
    folder = write(tmp_path, revision=17)
    assert folder == tmp_path / ToyEncoder.fingerprint / "17"
    snapshot = load_snapshot(folder)
    assert list(snapshot.passages) == PASSAGES
    assert snapshot.documents == DOCUMENTS
    assert snapshot.index.search(ToyEncoder().encode_queries(["The moon is cheese"]), 1)[0][0].key == 2
    assert snapshot.examples.texts == EXAMPLES.texts
    assert np.array_equal(snapshot.examples.rows, EXAMPLES.rows)
    assert [found.key for found in snapshot.words.search(terms("moons", "en"), 5)] == [2]
    manifest = snapshot.manifest
    assert manifest.examples_sha256 == examples_sha256(EXAMPLES.texts)
    assert (manifest.corpus_id, manifest.corpus_revision, manifest.encoder_name) == ("corpus", 17, "toy")
    assert (manifest.passages, manifest.documents, manifest.dimensions) == (3, 2, 256)
    assert set(manifest.files) == set(FILES) - {"manifest.json"}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["truncated", "altered", "absent", "empty"])
def test_a_harmed_file_is_refused_by_name_and_with_what_to_do(tmp_path: Path, name: str, harm: str) -> None:
    folder = write(tmp_path)
    path = folder / name
    content = path.read_bytes()
    if harm == "truncated":
        path.write_bytes(content[:-7])
    elif harm == "altered":
        path.write_bytes(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:])
    elif harm == "empty":
        path.write_bytes(b"")
    else:
        path.unlink()
    with pytest.raises(SnapshotDamaged) as caught:
        load_snapshot(folder)
    assert name in str(caught.value)
    assert "scripts.build_snapshot" in str(caught.value)


def test_a_manifest_that_was_edited_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path) / "manifest.json"
    sealed = json.loads(path.read_text(encoding="utf-8"))
    sealed["content"]["corpus_revision"] = 99
    path.write_text(json.dumps(sealed), encoding="utf-8")
    with pytest.raises(SnapshotDamaged, match=r"manifest\.json is altered"):
        load_snapshot(path.parent)


@pytest.mark.parametrize("met", [1, 3, None])
def test_a_snapshot_of_another_format_is_refused(tmp_path: Path, met: int | None) -> None:
    path = write(tmp_path) / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))["content"]
    content["format"] = met
    seal = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps({"content": content, "sha256": seal}), encoding="utf-8")
    with pytest.raises(
        SnapshotDamaged, match=rf"met format {met}, expected 2; run `python -m scripts\.build_snapshot`"
    ):
        load_snapshot(path.parent)


def test_a_snapshot_without_examples_and_without_words_is_loaded_as_it_was_written(tmp_path: Path) -> None:
    none = Examples([], np.zeros((0, 256), dtype=np.float32))
    snapshot = load_snapshot(write_snapshot(tmp_path, ToyEncoder(), ("c", 1, 1), VectorIndex(256), [], {}, none))
    assert (len(snapshot.passages), len(snapshot.examples), snapshot.examples.rows.shape) == (0, 0, (0, 256))
    assert snapshot.words.search(terms("moon", "en"), 5) == []


@pytest.mark.parametrize(
    "other",
    [
        [EXAMPLES.texts[1], EXAMPLES.texts[0]],
        [EXAMPLES.texts[0]],
        [Example("Міст продали", "uk", "b"), EXAMPLES.texts[1]],
        [Example("Міст продали", "uk", None), EXAMPLES.texts[1]],
        [Example("Міст продали", "ru", "a"), EXAMPLES.texts[1]],
        [Example("Міст продали!", "uk", "a"), EXAMPLES.texts[1]],
    ],
)
def test_other_examples_have_another_digest(other: list[Example]) -> None:
    assert examples_sha256(other) != examples_sha256(EXAMPLES.texts)
    assert examples_sha256(list(EXAMPLES.texts)) == examples_sha256(EXAMPLES.texts)


def test_another_encoder_is_refused(tmp_path: Path) -> None:
    class OtherEncoder(ToyEncoder):
        fingerprint = "0123456789abcdef"

    snapshot = load_snapshot(write(tmp_path))
    snapshot.check_encoder(ToyEncoder())
    with pytest.raises(FingerprintMismatch, match=r"met encoder toy@0123456789abcdef, expected toy@[0-9a-f]{16}"):
        snapshot.check_encoder(OtherEncoder())


def test_current_names_the_snapshot_in_use(tmp_path: Path) -> None:
    with pytest.raises(SnapshotMissing, match=r"no snapshot in .* yet; run `python -m scripts.build_snapshot`"):
        current_folder(tmp_path)
    one, two = write(tmp_path, 1), write(tmp_path, 2)
    make_current(tmp_path, one)
    assert current_folder(tmp_path) == one
    make_current(tmp_path, two)
    assert current_folder(tmp_path) == two
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["current"]


@pytest.mark.parametrize("content", ["", "gone/1\n"])
def test_a_current_that_names_nothing_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "current").write_text(content, encoding="utf-8")
    with pytest.raises(SnapshotDamaged, match="there is no such folder"):
        current_folder(tmp_path)


def test_a_damaged_snapshot_is_replaced_by_the_next_build_of_its_revision(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "vectors.faiss").write_bytes(b"")
    assert write(tmp_path) == folder
    assert len(load_snapshot(folder).passages) == 3
    assert [path.name for path in tmp_path.iterdir()] == [ToyEncoder.fingerprint]


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    encoder = ToyEncoder()
    no_json = {"a": {"no json": object()}}
    with pytest.raises(TypeError, match="not JSON serializable"):
        write_snapshot(tmp_path, encoder, ("c", 1, 1), VectorIndex(256), [], no_json, EXAMPLES)
    assert list(tmp_path.iterdir()) == []


def test_known_vectors_are_given_for_the_same_encoder_and_recipe_alone(tmp_path: Path) -> None:
    assert vectors_by_passage(tmp_path, ToyEncoder(), 1) == {}
    folder = write(tmp_path)
    make_current(tmp_path, folder)
    known = vectors_by_passage(tmp_path, ToyEncoder(), 1)
    assert list(known) == [*PASSAGES, *map(example_passage, EXAMPLES.texts)]
    assert np.array_equal(known[example_passage(EXAMPLES.texts[1])], EXAMPLES.rows[1])
    assert known[PASSAGES[1]] @ ToyEncoder().encode_passages([PASSAGES[1].text])[0] == pytest.approx(1.0, abs=1e-6)
    assert vectors_by_passage(tmp_path, ToyEncoder(), 2) == {}
    (folder / "vectors.faiss").write_bytes(b"")
    assert vectors_by_passage(tmp_path, ToyEncoder(), 1) == {}


def test_prune_keeps_the_newest_and_what_is_in_use(tmp_path: Path) -> None:
    folders = [write(tmp_path, revision) for revision in range(1, 7)]
    (tmp_path / ".draft-left-by-a-kill").mkdir()
    (tmp_path / ".current-left-by-a-kill").touch()
    make_current(tmp_path, folders[0])
    prune(tmp_path)
    left = {path.name for path in (tmp_path / ToyEncoder.fingerprint).iterdir()}
    assert "1" in left
    assert len(left) == KEPT
    assert not list(tmp_path.glob(".*"))
