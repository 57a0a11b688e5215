"""Wiring: what the first start does, and what the second does not do again."""

from pathlib import Path

import pytest

from corpus.model import Debunk
from embeddings.errors import SnapshotDamaged
from embeddings.snapshot import current_folder
from embeddings.toy import ToyEncoder
from service.settings import Settings
from service.wiring import build, open_matcher, open_store, prepare

EXTRA = Debunk(id="extra", myth="The bridge was sold", lang="en", rating="false")


def stamp(settings: Settings) -> tuple[Path, int]:
    folder = current_folder(settings.snapshots_dir)
    return folder, (folder / "manifest.json").stat().st_ino


def test_the_first_start_imports_what_ships_and_builds(toy_settings: Settings) -> None:
    matcher = open_matcher(toy_settings)
    assert len(matcher.snapshot.documents) == 5
    assert len(matcher.snapshot.passages) == 5 + 599 + 15  # a vector for each myth, variant and paragraph


def test_the_second_start_does_none_of_it_again(toy_settings: Settings) -> None:
    prepare(toy_settings, ToyEncoder())
    before = stamp(toy_settings)
    prepare(toy_settings, ToyEncoder())
    assert stamp(toy_settings) == before


def test_a_debunk_that_was_removed_does_not_come_back(toy_settings: Settings) -> None:
    prepare(toy_settings, ToyEncoder())
    with open_store(toy_settings) as store:
        store.remove(["nato.int-115204-1"])
    assert len(open_matcher(toy_settings).snapshot.documents) == 4


def test_a_newer_revision_another_kind_or_another_corpus_is_built(toy_settings: Settings, tmp_path: Path) -> None:
    prepare(toy_settings, ToyEncoder())
    with open_store(toy_settings) as store:
        store.put([EXTRA])
    assert "extra" in open_matcher(toy_settings).snapshot.documents
    hnsw = toy_settings.model_copy(update={"index_kind": "hnsw"})
    assert open_matcher(hnsw).snapshot.index.kind == "hnsw"
    elsewhere = hnsw.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'other.db'}"})
    with open_store(elsewhere) as store:
        store.put([EXTRA])
        store.put([EXTRA.model_copy(update={"myth": "Another"})])
        assert store.revision == 2  # as the first corpus
    assert set(open_matcher(elsewhere).snapshot.documents) == {"extra"}


def test_an_altered_snapshot_is_refused_until_it_is_built_anew(toy_settings: Settings) -> None:
    prepare(toy_settings, ToyEncoder())
    folder = current_folder(toy_settings.snapshots_dir)
    (folder / "passages.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(SnapshotDamaged, match=r"passages\.jsonl is truncated or altered"):
        open_matcher(toy_settings)
    with open_store(toy_settings) as store:
        build(toy_settings, store, ToyEncoder())
    assert len(open_matcher(toy_settings).snapshot.passages) == 619
