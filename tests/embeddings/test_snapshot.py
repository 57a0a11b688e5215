"""Snapshot: written whole, loaded whole, and refused when anything in it was touched."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from embeddings import snapshot as snapshots
from embeddings.encoder import Encoder
from embeddings.errors import FingerprintMismatch, IndexRefused, SnapshotDamaged, SnapshotMissing, SnapshotOutdated
from embeddings.examples import Example, Examples
from embeddings.known import example_passage, vectors_by_passage
from embeddings.lines import line_of
from embeddings.segment import Entry, SegmentRecord, content_of, merged, write_segment
from embeddings.snapshot import (
    FORMAT,
    KEPT,
    Manifest,
    Passage,
    current_folder,
    examples_sha256,
    load_snapshot,
    make_current,
    manifest_of,
    prune,
    read_manifest,
    write_examples,
    write_manifest,
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
SEGMENT_FILES = [
    "documents.jsonl", "first.npy", "marks.jsonl", "names/digests.npy", "names/keys.npy", "owners.jsonl",
    "passages.jsonl", "vectors.faiss", "wordings/digests.npy", "wordings/keys.npy", "words/counts.npy",
    "words/lengths.npy", "words/passages.npy", "words/starts.npy", "words/terms.npy",
]  # fmt: skip
FILES = ["manifest.json", "examples.jsonl", "examples.npy", *SEGMENT_FILES]


def entry(owner: str, passages: list[Passage] | None = None, **marks: str) -> Entry:
    """Return what is held of an owner; it goes by its name in capitals, and says its passages in lower case."""
    held = [passage for passage in PASSAGES if passage.owner == owner] if passages is None else passages
    document = line_of(DOCUMENTS.get(owner, {"myth": held[0].text if held else None}))
    rows = ToyEncoder().encode_passages([passage.text for passage in held])
    return Entry(owner, document, held, rows, [{passage.text.lower()} for passage in held], {owner.upper()}, marks)


def segment(root: Path, *entries: Entry) -> SegmentRecord:
    return write_segment(root / ToyEncoder.fingerprint, content_of(entries, 256), "flat")


def manifest(root: Path, *segments: SegmentRecord, revision: int = 1, encoder: Encoder | None = None) -> Manifest:
    encoder = encoder or ToyEncoder()
    written = write_examples(root / encoder.fingerprint, EXAMPLES)
    return manifest_of(encoder, ("corpus", revision, 1), "flat", EXAMPLES, written, segments)


def write(root: Path, revision: int = 1) -> Path:
    return write_manifest(root, manifest(root, segment(root, entry("a"), entry("b", rating="true")), revision=revision))


def no_names(_: object) -> list[str]:
    """Return nothing: what was built has a table, and need not be read."""
    return []


def find(root: Path, name: str) -> Path:
    """Return the one file of that name, wherever it lies."""
    (found,) = root.glob(f"**/{name}")
    return found


def test_a_snapshot_is_loaded_as_it_was_written(tmp_path: Path) -> None:
    folder = write(tmp_path, revision=17)
    assert folder.parent == tmp_path / ToyEncoder.fingerprint
    assert folder.name.startswith("17-")
    snapshot = load_snapshot(folder)
    assert list(snapshot.passages) == PASSAGES
    assert dict(snapshot.documents) == DOCUMENTS
    assert dict(snapshot.keys) == {"a": [0, 1], "b": [2]}
    assert [snapshot.owner(key) for key in range(3)] == ["a", "a", "b"]
    assert dict(snapshot.marks) == {"b": {"rating": "true"}}
    assert snapshot.owners_saying("the moon is\u2028cheese.", no_names) == {"b"}
    assert snapshot.owners_named("A", no_names) == {"a"}
    assert snapshot.owners_named("a", no_names) == set()
    assert snapshot.index.search(ToyEncoder().encode_queries(["The moon is cheese"]), 1)[0][0].key == 2
    assert snapshot.examples.texts == EXAMPLES.texts
    assert np.array_equal(snapshot.examples.rows, EXAMPLES.rows)
    assert [found.key for found in snapshot.words.search(terms("moons", "en"), 5)] == [2]
    said = snapshot.manifest
    assert said.examples_sha256 == examples_sha256(EXAMPLES.texts)
    assert (said.corpus_id, said.corpus_revision, said.encoder_name) == ("corpus", 17, "toy")
    assert (said.passages, said.documents, said.dimensions) == (3, 2, 256)
    assert sorted(said.segments[0].files) == SEGMENT_FILES


def test_who_is_dead_in_one_segment_lives_in_another_or_nowhere(tmp_path: Path) -> None:
    changed = entry("a", [Passage("a", "myth", "The bridge was painted.", "en")], rating="true")
    first, second = segment(tmp_path, entry("a"), entry("b"), entry("c", [])), segment(tmp_path, changed)
    added = replace(manifest(tmp_path, first, second), segments=(replace(first, dead=("a", "c")), second))
    snapshot = load_snapshot(write_manifest(tmp_path, added))
    assert dict(snapshot.keys) == {"b": [2], "a": [3]}
    assert list(snapshot.documents) == ["a", "b"]
    assert dict(snapshot.marks) == {"a": {"rating": "true"}}
    assert "c" not in snapshot.documents
    rows = ToyEncoder().encode_queries(["The bridge was sold."])
    assert {found.key for found in snapshot.index.search(rows, 9)[0]} == {2, 3}
    assert [found.key for found in snapshot.words.search(terms("the bridge", "en"), 9)] == [3, 2]
    assert snapshot.owners_saying("the bridge was sold.", no_names) == set()
    assert snapshot.owners_named("A", no_names) == {"a"}
    assert snapshot.owners_named("C", no_names) == set()


def test_merged_segments_answer_as_they_did_without_their_dead(tmp_path: Path) -> None:
    changed = entry("a", [Passage("a", "myth", "The bridge was painted.", "en")], rating="true")
    first, second = segment(tmp_path, entry("b"), entry("a"), entry("c")), segment(tmp_path, entry("d"), changed)
    added = replace(manifest(tmp_path, first, second), segments=(replace(first, dead=("a", "c")), second))
    apart = load_snapshot(write_manifest(tmp_path, added))
    assert apart.joined is not None
    content = merged(apart.joined.segments, apart.joined.dead)
    record = write_segment(tmp_path / ToyEncoder.fingerprint, content, "flat")
    one = load_snapshot(write_manifest(tmp_path, manifest(tmp_path, record)))
    assert dict(one.documents) == dict(apart.documents)
    assert dict(one.marks) == dict(apart.marks)
    assert dict(one.keys) == {"a": [0], "b": [1], "d": []}
    for owner, keys in one.keys.items():
        assert [one.passages[key] for key in keys] == [apart.passages[key] for key in apart.keys[owner]]
        assert np.array_equal(one.index.vectors(keys), apart.index.vectors(apart.keys[owner]))
        assert one.owners_named(owner.upper(), no_names) == {owner}
    for text in ("the bridge was painted.", "the bridge was sold.", "the moon is\u2028cheese."):
        assert one.owners_saying(text, no_names) == apart.owners_saying(text, no_names)


def test_what_the_previous_snapshot_holds_is_not_read_again(tmp_path: Path) -> None:
    first = segment(tmp_path, entry("a"))
    one = manifest(tmp_path, first)
    previous = load_snapshot(write_manifest(tmp_path, one))
    second = segment(tmp_path, entry("b"))
    folder = write_manifest(tmp_path, replace(one, segments=(first, second)))
    find(tmp_path, f"{first.name}/vectors.faiss").unlink()
    find(tmp_path, "examples.npy").unlink()
    following = load_snapshot(folder, previous)
    assert list(following.documents) == ["a", "b"]
    assert following.examples is previous.examples
    assert list(previous.documents) == ["a"]
    with pytest.raises(SnapshotDamaged, match=r"vectors\.faiss cannot be read"):
        load_snapshot(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("harm", ["truncated", "altered", "absent", "empty"])
def test_a_harmed_file_is_refused_by_name_and_with_what_to_do(tmp_path: Path, name: str, harm: str) -> None:
    folder = write(tmp_path)
    path = find(tmp_path, name)
    content = path.read_bytes()
    if not content:
        path.write_bytes(b"\n")  # nothing to harm but that there is nothing
    elif harm == "truncated":
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


@pytest.mark.parametrize("met", [2, 4, None])
def test_a_snapshot_of_another_format_is_refused(tmp_path: Path, met: int | None) -> None:
    path = write(tmp_path) / "manifest.json"
    content = json.loads(path.read_text(encoding="utf-8"))["content"]
    content["format"] = met
    seal = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps({"content": content, "sha256": seal}), encoding="utf-8")
    with pytest.raises(
        SnapshotOutdated, match=rf"met format {met}, expected {FORMAT}; run `python -m scripts\.build_snapshot`"
    ):
        load_snapshot(path.parent)


def test_a_snapshot_without_examples_and_without_words_is_loaded_as_it_was_written(tmp_path: Path) -> None:
    none = Examples([], np.zeros((0, 256), dtype=np.float32))
    written = write_examples(tmp_path / ToyEncoder.fingerprint, none)
    empty = manifest_of(ToyEncoder(), ("c", 1, 1), "flat", none, written, [segment(tmp_path)])
    snapshot = load_snapshot(write_manifest(tmp_path, empty))
    assert (len(snapshot.passages), len(snapshot.examples), snapshot.examples.rows.shape) == (0, 0, (0, 256))
    assert snapshot.words.search(terms("moon", "en"), 5) == []
    assert snapshot.index.search(ToyEncoder().encode_queries(["moon"]), 5) == [[]]


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


def test_a_segment_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    harmed = replace(entry("a"), rows=2 * entry("a").rows)
    with pytest.raises(IndexRefused, match="length is not 1"):
        segment(tmp_path, harmed)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_known_vectors_are_given_for_the_same_encoder_and_recipe_alone(tmp_path: Path) -> None:
    assert vectors_by_passage(tmp_path, ToyEncoder(), 1) == {}
    folder = write(tmp_path)
    make_current(tmp_path, folder)
    known = vectors_by_passage(tmp_path, ToyEncoder(), 1)
    assert list(known) == [*PASSAGES, *map(example_passage, EXAMPLES.texts)]
    assert np.array_equal(known[example_passage(EXAMPLES.texts[1])], EXAMPLES.rows[1])
    assert known[PASSAGES[1]] @ ToyEncoder().encode_passages([PASSAGES[1].text])[0] == pytest.approx(1.0, abs=1e-6)
    assert vectors_by_passage(tmp_path, ToyEncoder(), 2) == {}
    find(tmp_path, "vectors.faiss").write_bytes(b"")
    assert list(vectors_by_passage(tmp_path, ToyEncoder(), 1)) == [*map(example_passage, EXAMPLES.texts)]


def test_prune_keeps_the_newest_what_is_in_use_and_the_segments_of_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "KEPT_SECONDS", -1.0)
    folders = [write(tmp_path, revision) for revision in range(1, 7)]
    (tmp_path / ".draft-left-by-a-kill").mkdir()
    (tmp_path / ToyEncoder.fingerprint / "segments" / ".draft-left-by-a-kill").mkdir()
    (tmp_path / ".current-left-by-a-kill").touch()
    make_current(tmp_path, folders[0])
    prune(tmp_path)
    left = [path.parent for path in tmp_path.glob("*/*/manifest.json")]
    assert folders[0] in left
    assert len(left) == KEPT
    assert len(list(tmp_path.glob("*/segments/*"))) == len(list(tmp_path.glob("*/examples/*"))) == KEPT
    for folder in left:
        assert len(load_snapshot(folder).passages) == 3
    assert not list(tmp_path.glob("**/.*"))


def test_prune_keeps_what_is_young_for_a_worker_that_loads_it(tmp_path: Path) -> None:
    folders = [write(tmp_path, revision) for revision in range(1, 7)]
    make_current(tmp_path, folders[0])
    prune(tmp_path)
    assert len([load_snapshot(folder) for folder in folders]) == 6
    assert read_manifest(folders[5]).corpus_revision == 6
