"""Updating: segments answer as one that is built anew, whatever came and went, and nothing is encoded twice."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from corpus.model import Debunk, Wording
from corpus.store import CorpusStore
from embeddings.errors import SnapshotDamaged
from embeddings.snapshot import Snapshot, current_folder, load_snapshot, read_manifest
from embeddings.toy import ToyEncoder
from embeddings.words import terms
from service.builder import build_snapshot
from service.matching.addresses import keys_of
from service.matching.word_for_word import wordings_of
from service.updating import Limits, Merge, Updater
from tests.service.test_builder import CountingEncoder

SMALL = Limits(whole_below=50, most_added=3, share_added=0.25)
WORDS_TOLERANCE = 0.02  # of a BM25: lengths are measured by the mean length in the first segment, not by that of all


def debunk(number: int, said: str = "sold") -> Debunk:
    return Debunk(
        id=f"d{number:04}",
        myth=f"The bridge number {number} was {said} in {1900 + number % 90}",
        lang="en",
        title=f"About bridge {number // 2}" if number % 5 == 0 else f"Story {number} and what is in it",
        variants=(Wording(text=f"They have {said} bridge {number}", lang="en"),) if number % 3 == 0 else (),
        passages=("It was not.", f"It is still ours, all {number} of it."),
        url=f"https://example.org/{number}",
        rating="true" if number % 11 == 0 else "false",
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CorpusStore]:
    with CorpusStore.open(f"sqlite:///{tmp_path / 'corpus.db'}") as opened:
        opened.put(debunk(number) for number in range(100))
        yield opened


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "snapshots"


def current(root: Path) -> Snapshot:
    return load_snapshot(current_folder(root))


def updater(store: CorpusStore, root: Path, limits: Limits = SMALL, encoder: ToyEncoder | None = None) -> Updater:
    return Updater(store, encoder or ToyEncoder(), root, "flat", (), limits)


def anew(store: CorpusStore, root: Path) -> Snapshot:
    return load_snapshot(build_snapshot(store, ToyEncoder(), root.with_name("anew"), "flat").folder)


def assert_alike(met: Snapshot, expected: Snapshot) -> None:
    assert (met.manifest.passages, met.manifest.documents) == (expected.manifest.passages, expected.manifest.documents)
    assert list(met.documents) == list(expected.documents)
    assert dict(met.documents) == dict(expected.documents)
    assert dict(met.marks) == dict(expected.marks)
    assert len(met.keys) == len(expected.keys)
    for owner, keys in expected.keys.items():
        assert [met.passages[key] for key in met.keys[owner]] == [expected.passages[key] for key in keys]
        assert np.array_equal(met.index.vectors(met.keys[owner]), expected.index.vectors(keys))


def assert_finds_alike(met: Snapshot, expected: Snapshot) -> None:
    for text in ("They have sold bridge 30", "story 77", "still ours, all of it", "bridge 12 was painted in 1912"):
        rows = ToyEncoder().encode_queries([text])
        ours_near, theirs_near = ([near.cosine for near in x.index.search(rows, 40)[0]] for x in (met, expected))
        np.testing.assert_allclose(ours_near, theirs_near, atol=1e-6)
        said = terms(text, "en")
        order = [key for owner in expected.keys for key in met.keys[owner]]
        ours, theirs = met.words.bm25(said), expected.words.bm25(said)
        keys = [key for keys in expected.keys.values() for key in keys]
        np.testing.assert_allclose(ours[order], theirs[keys], rtol=WORDS_TOLERANCE, atol=1e-6)
        assert not np.delete(ours, order).any()
        assert met.words.ceiling(said) == pytest.approx(expected.words.ceiling(said))
        assert met.owners_saying(text.lower(), wordings_of) == expected.owners_saying(text.lower(), wordings_of)
    for number in range(0, 130, 7):
        name = f"example.org/{number}"
        assert met.owners_named(name, keys_of) == expected.owners_named(name, keys_of)


@pytest.mark.parametrize("seed", range(2))
def test_whatever_comes_and_goes_segments_answer_as_one_that_is_built_anew(
    store: CorpusStore, root: Path, seed: int
) -> None:
    chance = random.Random(seed)
    working = updater(store, root)
    working.catch_up()
    merges = set[int]()
    for _ in range(20):
        store.put(debunk(chance.randrange(130), chance.choice(["sold", "painted"])) for _ in range(chance.randrange(4)))
        store.remove(f"d{chance.randrange(130):04}" for _ in range(chance.randrange(3)))
        while (working.hasten(2) if chance.random() < 0.3 else None) or working.update(chance.randrange(1, 9)):
            if (merge := working.merge_due()) is not None:
                merges.add(len(merge.segments))
                working.adopt(merge, working.written(merge))
    met = current(root)
    assert met.manifest.corpus_revision == store.revision
    assert len(merges) > 1  # small ones alone, and with the first
    assert_alike(met, anew(store, root))
    assert_finds_alike(met, anew(store, root))


def test_only_what_changed_is_encoded_and_written(store: CorpusStore, root: Path) -> None:
    updater(store, root).catch_up()
    before = read_manifest(current_folder(root))
    encoder = CountingEncoder()
    store.put([debunk(7).model_copy(update={"passages": ("It was not.", "It is the city's.")})])
    built = updater(store, root, encoder=encoder).update(10)
    assert built is not None
    assert (built.encoded, encoder.queries, encoder.passages) == (1, [], ["It is the city's."])
    first, second = read_manifest(built.folder).segments
    assert first.files == before.segments[0].files
    assert (list(first.dead), second.owners, second.passages) == (["d0007"], 1, 4)


def test_a_title_that_another_debunk_takes_is_a_claim_of_neither(store: CorpusStore, root: Path) -> None:
    updater(store, root).catch_up()
    store.put([debunk(500).model_copy(update={"title": "Story 7 and what is in it"})])
    updater(store, root).update(10)
    met = current(root)
    for owner in ("d0007", "d0500"):
        assert "title" not in {met.passages[key].kind for key in met.keys[owner]}
    assert_alike(met, anew(store, root))
    store.remove(["d0500"])
    updater(store, root).update(10)
    assert_alike(current(root), anew(store, root))


def test_revisions_are_taken_in_order_and_in_bounded_rounds(store: CorpusStore, root: Path) -> None:
    working = updater(store, root)
    working.catch_up()
    for number in range(200, 230):
        store.put([debunk(number)])
    revisions = [built.corpus_revision for built in iter(lambda: working.update(12), None) if built is not None]
    assert revisions == [13, 25, 31]


def test_a_large_revision_is_taken_in_parts(store: CorpusStore, root: Path) -> None:
    working = updater(store, root)
    working.catch_up()
    store.put(debunk(number) for number in range(200, 230))
    store.remove(["d0205", "d0003"])
    met = []
    while (built := working.update(12)) is not None:
        met.append((built.corpus_revision, len(current(root).documents)))
    assert met == [(1, 112), (1, 124), (2, 130), (3, 128)]
    assert read_manifest(current_folder(root)).ahead == {}
    assert_alike(current(root), anew(store, root))


def test_a_small_change_behind_a_bulk_is_taken_up_first_and_the_bulk_loses_nothing(
    store: CorpusStore, root: Path
) -> None:
    working = updater(store, root)
    working.catch_up()
    store.put(debunk(number) for number in range(90, 140))
    store.put([debunk(7, "repainted"), debunk(95, "repainted")])
    store.remove(["d0008"])
    store.put([debunk(501).model_copy(update={"title": "Story 7 and what is in it"})])
    assert working.update(12) is not None  # a part of the bulk
    hastened = working.hasten(16)
    assert hastened is not None
    assert hastened.corpus_revision == 1
    documents = current(root).documents
    assert documents["d0007"]["myth"] == "The bridge number 7 was repainted in 1907"
    assert documents["d0095"]["myth"] == "The bridge number 95 was repainted in 1905"
    assert ("d0008" in documents, "d0501" in documents, "d0139" in documents) == (False, True, False)
    assert working.hasten(16) is None
    restarted = updater(store, root)
    assert restarted.hasten(16) is None
    while (built := restarted.update(12)) is not None:
        assert current(root).documents["d0095"]["myth"] == "The bridge number 95 was repainted in 1905"
        assert "d0008" not in current(root).documents
        if (merge := restarted.merge_due()) is not None:
            restarted.adopt(merge, restarted.written(merge))
    assert built is None
    assert read_manifest(current_folder(root)).ahead == {}
    assert_alike(current(root), anew(store, root))


def test_a_small_change_that_a_bulk_wrote_over_waits_for_the_bulk(store: CorpusStore, root: Path) -> None:
    working = updater(store, root)
    working.catch_up()
    store.put([debunk(7, "repainted")])
    store.put(debunk(number, "burnt") for number in range(5, 60))
    assert working.hasten(16) is None
    working.catch_up()
    assert_alike(current(root), anew(store, root))


def test_a_bulk_into_a_small_corpus_comes_in_parts_too(store: CorpusStore, root: Path) -> None:
    working = updater(store, root, Limits())
    working.catch_up()
    store.put(debunk(number) for number in range(200, 260))
    store.put([debunk(900)])
    assert working.update(20) is not None
    assert working.hasten(16) is not None
    assert "d0900" in current(root).documents
    working.catch_up()
    assert_alike(current(root), anew(store, root))


def test_a_small_corpus_is_one_segment_each_time(store: CorpusStore, root: Path) -> None:
    working = updater(store, root, Limits())
    working.catch_up()
    store.put([debunk(900)])
    built = working.update(10)
    assert built is not None
    assert built.encoded == 5
    assert len(read_manifest(built.folder).segments) == 1


def test_what_changed_while_segments_were_merged_is_kept(store: CorpusStore, root: Path) -> None:
    working = updater(store, root)
    working.catch_up()
    merge: Merge | None = None
    for number in range(300, 340):
        store.put([debunk(number)])
        working.update(10)
        if (merge := working.merge_due()) is not None:
            break
    assert merge is not None
    record = working.written(merge)
    store.put([debunk(3, "repainted"), debunk(300, "repainted")])
    store.remove(["d0301", "d0004"])
    working.update(10)
    working.adopt(merge, record)
    met = current(root)
    assert record.name in {each.name for each in met.manifest.segments}
    assert_alike(met, anew(store, root))


def test_a_damaged_segment_is_told_and_the_others_lend_their_vectors_to_a_new_build(
    store: CorpusStore, root: Path
) -> None:
    updater(store, root).catch_up()
    store.put([debunk(700)])
    updater(store, root).update(10)
    second = read_manifest(current_folder(root)).segments[1]
    (root / ToyEncoder.fingerprint / "segments" / second.name / "passages.jsonl").write_bytes(b"")
    with pytest.raises(SnapshotDamaged, match=r"passages\.jsonl is truncated or altered"):
        updater(store, root).update(10)
    assert updater(store, root).build().encoded == 4
    assert_alike(current(root), anew(store, root))


def test_a_store_that_went_back_is_built_anew(store: CorpusStore, root: Path, tmp_path: Path) -> None:
    updater(store, root).catch_up()
    with CorpusStore.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
        other.put([debunk(1)])
        assert not updater(other, root).can_serve()
        updater(other, root).catch_up()
    assert list(current(root).documents) == ["d0001"]
